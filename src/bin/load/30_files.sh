# ---- the files: which table each is for, which columns it has

declare -A columns_of=(
	[crm]='msisdn gender year_of_birth system_status mobile_type value_segment'
	[device]='msisdn imei_tac brand_name model_name os_name os_vendor'
	[revenue]='msisdn week_number revenue_usd'
	[subscriber_attribute]='msisdn region activated_on'
	[usage]='msisdn week_number sessions'
	[exclusion]='msisdn from_week to_week reason'
	[known_event]='dimension value from_week to_week note factor')
tables_in_order='crm device revenue subscriber_attribute usage exclusion known_event'		# in that of leakage_refresh's locks
number_columns='year_of_birth week_number revenue_usd sessions factor'		# which --decimal-comma is for

path=()			# what messages and load_log call a file
source=()		# where its rows are: the file itself, or a copy that is plain CSV
source_encoding=() table=() columns=() bytes=() data_end=() extra_rows=() checksum=() header_bytes=() stamp=() load_id=()

# The names in header line $1 with delimiter $2: quotes, blanks around them, a byte order mark and the carriage return
# are not part of them.
header_names()
{
	awk -v delimiter="$2" '{
		sub(/^\357\273\277/, ""); sub(/\r$/, "")
		n = split($0, name, delimiter)
		for (i = 1; i <= n; i++) {
			gsub(/^[ \t]*"?[ \t]*|[ \t]*"?[ \t]*$/, "", name[i])
			print tolower(name[i])
		}
	}' <<< "$1"
}

# The table whose columns header line $1 with delimiter $2 has, or nothing: a table's last column is in no other table.
table_of()
{
	local kind list
	list=" $(header_names "$1" "$2" | tr '\n' ' ')"
	for kind in $tables_in_order; do
		[[ $list != *" ${columns_of[$kind]##* } "* ]] || echo "$kind"
	done
}

unknown_header()
{
	local f=$1 header=$2 other
	for other in , ';' $'\t' '|' ':'; do
		[ -z "$(table_of "$header" "$other")" ] ||
			fail "$f: its columns are not separated by \"$delimiter\": ${header:0:200}" "use --delimiter='${other/$'\t'/tab}'"
	done
	fail "$f: its header is that of no landing table: ${header:0:200}" \
		"the first line must name the columns, separated by commas; those of revenue, for example: ${columns_of[revenue]// /,}"
}

# Sets "header" to the first line of file $1, which is called $2.
read_header()
{
	[ -s "$1" ] || fail "$2: is empty; its first line must name the columns"
	IFS= read -r -n 65536 header < "$1" || true
	case ${header%$'\r'} in
	*$'\r'*) fail "$2: its lines end with a carriage return alone; convert it (tr '\\r' '\\n')" ;;
	esac
}

# Sets "found" to the table of the header line $2 of file $1, and "names" to its columns.
read_columns()
{
	local f=$1 header=$2 name list i
	mapfile -t names < <(header_names "$header" "$delimiter")
	list=" ${names[*]} "
	found=$(table_of "$header" "$delimiter" | tail -n 1)
	[ -n "$found" ] || unknown_header "$f" "$header"
	for name in ${columns_of[$found]}; do
		[[ $list == *" $name "* ]] || fail "$f: a file of $found, but without the column $name: ${header:0:200}"
	done
	for i in "${!names[@]}"; do
		[ -n "${names[i]}" ] || fail "$f: a file of $found, but column $((i + 1)) of its header has no name" "remove the column from the file"
		[[ " ${columns_of[$found]} " == *" ${names[i]} "* ]] ||
			fail "$f: a file of $found, but its column \"${names[i]}\" is not in that table" "remove the column from the file"
	done
	[ "$(printf '%s\n' "${names[@]}" | sort | uniq -d)" = '' ] || fail "$f: a column is twice in its header: ${header:0:200}"
}

# Where the rows of file $1, which is called $2, end: empty lines at its end are none. Adds to data_end and, as the number
# of its rows less that of its line ends, to extra_rows.
find_end()
{
	local tail rest extra=-1
	tail=$(tail -c 65536 -- "$1" | tr '\0' x; echo x)
	tail=${tail%x}
	rest=${tail##*[!$' \t\r\n']}
	case $rest in
	*$'\n'*) rest=${rest#*$'\n'} ;;		# that of the last row
	*) rest= ;;
	esac
	if [ -z "$rest" ] && [ "${tail: -1}" != $'\n' ]; then
		extra=0
		refuse_zero_bytes "$1" "$2"		# elsewhere one costs a row, and that is noticed
	fi
	data_end+=($(($(stat -Lc %s -- "$1") - ${#rest})))
	rest=${rest//[!$'\n']/}
	extra_rows+=($((extra - ${#rest})))
}

# psql loses what follows a zero byte in a line, and the line end.
refuse_zero_bytes()
{
	local line
	line=$(tr '\0\n' '!\n' < "$1" | tr -c '!\n' x | grep -n -m 1 '!' | cut -d : -f 1) || true
	if [ "$(grep -cI '' < "$1")" = 0 ]; then
		fail "$2, line $line: has a zero byte"
	fi
}

known_file()
{
	local f=$1 header found names source_file file_encoding n=${#path[@]}
	plain_file "$f" "$n"
	[ "$f" != - ] || f='standard input'
	read_header "$source_file" "$f"
	read_columns "$f" "$header"
	rewrite_rows "$f" "$n"
	read_header "$source_file" "$f"

	case $1 in
	-) path+=("$f") ;;
	*) path+=("$(cd "$(dirname -- "$f")" && pwd)/${f##*/}") ;;
	esac
	case $source_file in
	"$work"/*) source+=("$source_file") ;;
	*) source+=("${path[n]}") ;;
	esac
	source_encoding+=("$file_encoding")
	table+=("$found")
	header_columns=${names[*]}
	columns+=("${header_columns// /, }")
	bytes+=("$(stat -Lc %s -- "${source[n]}")")
	stamp+=("$(stat -Lc '%s %y %i' -- "${source[n]}")")
	# the line may be all there is, without a line end
	header_bytes+=($((${#header} < bytes[n] ? ${#header} + 1 : bytes[n])))
	find_end "${source[n]}" "${path[n]}"
}

# ---- what is in them: a line for each file, of its checksum, the number of its line ends, and whether quotes are
# "none", "even" in each line, or "odd" in some; and where its backslashes are

look_into()
{
	local file=$1 sum lines quotes=none
	read -r sum _ < <(cksum < "$file")
	lines=$(wc -l < "$file")
	if grep -q '"' < "$file"; then
		quotes=even
		! grep -qaE '^[^"]*"([^"]*"[^"]*")*[^"]*$' < "$file" || quotes=odd
	fi
	echo "$sum $lines $quotes" > "$2"
	# of so many that no piece may be without, the first will do
	[ $quotes != none ] || { grep -abo '\\' < "$file" || true; } | head -n 1000 | cut -d : -f 1 > "$2.backslashes"
}

rows_of_file=() quotes=()
look_into_files()
{
	local f lines looking=()
	for f in "${!path[@]}"; do
		look_into "${source[f]}" "$work/look.$f" &
		looking+=($!)
		[ ${#looking[@]} -lt 4 ] || { wait "${looking[@]}"; looking=(); }
	done
	[ ${#looking[@]} -eq 0 ] || wait "${looking[@]}"
	for f in "${!path[@]}"; do
		read -r "checksum[f]" lines "quotes[f]" < "$work/look.$f"
		rows_of_file[f]=$((lines + extra_rows[f]))
	done
}
