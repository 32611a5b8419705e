# ---- cutting: pieces begin and end between records, and a line end within quotes is no record's end

# bytes of file $1 from $2 up to $3
range() { dd if="${source[$1]}" bs=1M iflag=skip_bytes,count_bytes,fullblock skip="$2" count=$(($3 - $2)) status=none; }

# Records that end in that range, and whether a quote is open at its end (0 or 1); none is open at its beginning.
scan()
{
	# the x marks what follows the last line end
	{ range "$1" "$2" "$3" | tr -dc '"\n'; echo x; } |
		awk '/x/ { open += length($0) - 1; next }
			{ open += length($0); if (open % 2 == 0) n++ }
			END { print n + 0, open % 2 }'
}

# Bytes from $2 of file $1 to the end of the record there, and whether a quote is open then; $3 says if one is at $2.
to_record_end()
{
	(
		set +o pipefail		# awk and head leave when they know
		if [ "${quotes[$1]}" != odd ]; then
			echo "$(tail -c +$(($2 + 1)) -- "${source[$1]}" | head -n 1 | wc -c) 0"
			return
		fi
		tail -c +$(($2 + 1)) -- "${source[$1]}" | awk -v open="$3" '
			{ n += length($0) + 1; open += gsub(/"/, ""); if (open % 2 == 0) exit }
			END { print n + 0, open % 2 }'
	)
}

# piece_records: where no quote spans lines, the lines of the whole file are counted instead, which is much cheaper
piece_file=() piece_from=() piece_to=() piece_records=()

# Cuts file $1 from $2 up to $3, both ends of records (or 0, the beginning of the header), into pieces of about $4 bytes.
cut_range()
{
	local f=$1 from=$2 to=$3 size=$4 end start at records= open=0 rest
	end=$((to < data_end[f] ? to : data_end[f]))
	while [ "$from" -lt "$to" ]; do
		start=$((from == 0 ? header_bytes[f] : from))
		[ "$start" -le "$end" ] || start=$end
		at=$((start + size))
		# a rest of less than half a piece is not worth one
		[ $((at + size / 2)) -lt "$end" ] || at=$end
		if [ "${quotes[f]}" = odd ]; then
			read -r records open < <(scan "$f" "$start" "$at")
		fi
		if [ "$at" -lt "$end" ]; then
			read -r rest open < <(to_record_end "$f" "$at" "$open")
			at=$((at + rest)) records=${records:+$((records + 1))}
			# the last line has no line end
			[ "$at" -le "$end" ] || { at=$end; records=${records:+$((records - 1))}; }
		fi
		[ "$open" -eq 0 ] || fail "${path[f]}, line $(awk '{ if (!open) start = NR; open = (open + gsub(/"/, "")) % 2 } END { print start }' "${source[f]}"): a quote is opened and never closed" \
			"look for a field with a single \" in it: inside quotes, a quote has to be written twice"
		if [ -n "$records" ] && [ "$at" -eq "${data_end[f]}" ] && [ "$at" -gt "$start" ] &&
			[ "$(range "$f" $((at - 1)) "$at" | wc -l)" -eq 0 ]; then
			records=$((records + 1))
		fi
		[ "$at" -lt "$end" ] || at=$to
		piece_file+=("$f") piece_from+=("$from") piece_to+=("$at") piece_records+=("$records")
		from=$at
	done
}

