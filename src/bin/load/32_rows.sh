# ---- rows rewritten (--decimal-comma) and set aside (--skip-bad-rows, --dry-run)

# An awk program. A record may have line ends within quotes. Its variables:
#	delimiter	between columns
#	columns		number of columns, or 0 to set no row aside
#	single		whether a row is a line
#	numbers		places of the columns with numbers to rewrite
#	utf8		whether the text must be valid UTF-8
#	bad_file	where to write rows that are set aside: line, reason, the row
#	limit		how many rows may be set aside
rows_program='
	BEGIN {
		n_numbers = split(numbers, number_at, " ")
		valid = "^([\001-\177]|[\302-\337][\200-\277]|\340[\240-\277][\200-\277]|[\341-\354\356\357][\200-\277][\200-\277]" \
			"|\355[\200-\237][\200-\277]|\360[\220-\277][\200-\277][\200-\277]|[\361-\363][\200-\277][\200-\277][\200-\277]" \
			"|\364[\200-\217][\200-\277][\200-\277])*$"
	}
	NR == 1 { print; next }
	{ take_line($0, NR) }
	END {
		while (n_pending && n_bad <= limit)
			if (columns)
				close_quote()
			else {
				print record
				n_pending = 0
			}
	}

	# A record is complete where no quote is open; until then its lines are pending.
	function take_line(text, number,		quotes, i) {
		if (!n_pending) {
			if (columns && text ~ /^[ \t\r]*$/) {		# empty lines at the end are no rows
				empty[++n_empty] = number
				return
			}
			for (i = 1; i <= n_empty; i++)
				set_aside(empty[i], "row_column_count", "")
			n_empty = 0
			start = number
		}
		record = n_pending ? record "\n" text : text
		pending[++n_pending] = text
		quotes = text
		open = (open + gsub(/"/, "", quotes)) % 2
		if (!open) {
			n_pending = 0
			take_record()
		} else if (columns && (single || n_pending > 10000))
			close_quote()
	}

	# A quote that is not closed is a fault of the line where it is opened. The lines after it are rows of their own.
	function close_quote(		i, n, first, again) {
		n = n_pending
		first = start
		for (i = 1; i <= n; i++)
			again[i] = pending[i]
		n_pending = open = 0
		set_aside(first, "row_open_quote", again[1])
		for (i = 2; i <= n && n_bad <= limit; i++)
			take_line(again[i], first + i - 1)
	}

	function take_record(		reason, text) {
		text = record
		if (columns) {
			sub(/\r$/, "", text)
			reason = fault(text)
			if (reason != "") {
				set_aside(start, reason, text)
				return
			}
		}
		print n_numbers ? with_points(text) : text
	}

	function fault(text,		i) {
		if (text ~ /\000/)
			return "row_zero_byte"
		if (utf8 && text ~ /[\200-\377]/ && text !~ valid)
			return "row_not_utf8"
		if (split_record(text) != columns)
			return "row_column_count"
		if (text ~ /\r/)
			for (i = 1; i <= columns; i++)
				if (field[i] ~ /\r/ && field[i] !~ /"/)
					return "row_carriage_return"
		return ""
	}

	function set_aside(number, reason, text) {
		n_bad++
		if (n_bad <= limit)
			print number "," reason ",\"" shown(text) "\"" > bad_file
		else if (n_bad == limit + 1)
			print number "," reason ",more" > bad_file
	}

	# The beginning of a row, as one line of valid UTF-8, with its quotes doubled.
	function shown(text,		i, c, byte, out) {
		text = substr(text, 1, 2000)
		for (i = 1; i < 32; i++)
			byte[sprintf("%c", i)] = sprintf("\\x%02x", i)
		if (text !~ valid)
			for (i = 128; i < 256; i++)
				byte[sprintf("%c", i)] = sprintf("\\x%02x", i)
		byte["\n"] = "\\n"
		byte["\""] = "\"\""
		out = ""
		for (i = 1; i <= length(text); i++) {
			c = substr(text, i, 1)
			out = out (c ~ /\000/ ? "\\x00" : c in byte ? byte[c] : c)
		}
		return out
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
	function with_points(text,		n, i, at, bare, end) {
		end = sub(/\r$/, "", text) ? "\r" : ""
		n = split_record(text)
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

# Sets "source_file" to a copy of it with rewritten rows, without those that are set aside. $1: what to call the file;
# $2: its number.
rewrite_rows()
{
	local f=$1 next=$work/rows.$2 bad=$work/bad.$2 i numbers='' checked=0 single=0 utf8=0 limit=0 line reason rest
	if [ $decimal_comma = yes ]; then
		for i in "${!names[@]}"; do
			[[ " $number_columns " != *" ${names[i]} "* ]] || numbers+=" $((i + 1))"
		done
	fi
	if [ -n "$skip_bad_rows" ] || [ $dry_run = yes ]; then
		checked=${#names[@]}
		# numbers and identifiers have no line ends
		case $found in
		revenue | usage) single=1 ;;
		esac
		limit=1000000
		[ $dry_run = yes ] || limit=$skip_bad_rows
		! [[ ${file_encoding^^} =~ ^UTF-?8$ ]] || utf8=1
	fi
	[ -n "$numbers" ] || [ $checked -gt 0 ] || return 0
	run awk -v delimiter="$delimiter" -v columns="$checked" -v single=$single -v numbers="$numbers" -v utf8=$utf8 -v limit="$limit" -v bad_file="$bad" \
		"$rows_program" < "$source_file" > "$next" || fail "$f: its rows could not be rewritten"
	source_file=$next
	[ -s "$bad" ] || return 0
	IFS=, read -r line reason rest < "$bad"
	[ $dry_run = yes ] || [ "$(wc -l < "$bad")" -le "$skip_bad_rows" ] || fail \
		"$f: more than $skip_bad_rows of its rows cannot be loaded; the first is line $line: $reason" "correct them, or allow more with --skip-bad-rows"
	[ $dry_run = yes ] || warn "$f: $(wc -l < "$bad") rows are set aside; the first is line $line: $reason"
}

for file in "${files[@]}"; do
	known_file "$file"
done
look_into_files

