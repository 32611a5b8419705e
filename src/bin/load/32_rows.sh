# ---- rows rewritten: --decimal-comma

# An awk program. A record may have line ends within quotes. delimiter; numbers: the places of columns with numbers.
rows_program='
	BEGIN { n_numbers = split(numbers, number_at, " ") }
	NR == 1 { print; next }
	{
		record = open ? record "\n" $0 : $0
		line = $0
		open = (open + gsub(/"/, "", line)) % 2
		if (!open)
			print with_points(record)
	}
	END {
		if (open)
			print record
	}

	# Splits a record into field[1] to field[n], and returns n.
	function split_record(text,		n, k, i, part, open) {
		n = split(text, part, delimiter)
		k = 0
		for (i = 1; i <= n; i++) {
			if (open)
				field[k] = field[k] delimiter part[i]
			else
				field[++k] = part[i]
			open = (open + gsub(/"/, "\"", part[i])) % 2
		}
		return k
	}

	# 1.025,50 and 1 025,50 are 1025.50, and 1.025 is 1025; what is not such a number stays as it is
	function with_points(record,		n, i, at, bare, end, text) {
		end = sub(/\r$/, "", record) ? "\r" : ""
		n = split_record(record)
		for (i = 1; i <= n_numbers; i++) {
			at = number_at[i]
			bare = field[at]
			gsub(/^[ \t]*"?[ \t]*|[ \t]*"?[ \t]*$/, "", bare)
			if (at <= n && bare ~ /^[-+]?([0-9]+|[0-9][0-9]?[0-9]?([. ][0-9][0-9][0-9])+)(,[0-9]+)?$/) {
				gsub(/[. ]/, "", bare)
				sub(/,/, ".", bare)
				field[at] = bare
			}
		}
		text = field[1]
		for (i = 2; i <= n; i++)
			text = text delimiter field[i]
		return text end
	}'

# Sets "source_file" to a copy of it with rewritten rows. $1: what to call the file; $2: its number; $3: its table.
rewrite_rows()
{
	local f=$1 next=$work/rows.$2 i numbers=
	for i in "${!names[@]}"; do
		[[ " $number_columns " != *" ${names[i]} "* ]] || numbers+=" $((i + 1))"
	done
	[ -n "$numbers" ] || return 0
	run awk -v delimiter="$delimiter" -v numbers="$numbers" "$rows_program" < "$source_file" > "$next" || fail "$f: could not be rewritten"
	source_file=$next
}

for file in "${files[@]}"; do
	known_file "$file"
done
look_into_files
