# ---- loading

# the command that copies piece $1, as seen by its psql
copy_command()
{
	local p=$1 f=${piece_file[$1]} from to file command into format
	from=$(data_from "$p")
	to=$((piece_to[p] < data_end[f] ? piece_to[p] : data_end[f]))
	into="$mart.${table[f]} (${columns[f]})"
	format="format $(format_of "$p"), delimiter '$delimiter', null '', encoding '${source_encoding[f]}'"
	if server_opens "$p"; then
		printf '%s' "COPY $into FROM $(literal "${path[f]}") WITH ($format, header);"
		return
	fi
	file="\"\$LEAKAGE_LOAD_FILE_$f\""
	! server_reads "$f" || file="'${path[f]//\'/\'\\\'\'}'"
	command="dd if=$file bs=1M iflag=skip_bytes,count_bytes,fullblock skip=$from count=$((to > from ? to - from : 0)) status=none"
	if server_reads "$f"; then
		printf '%s' "COPY $into FROM PROGRAM $(literal "$command") WITH ($format);"
	else
		printf '%s' "\\copy $into from program '$command' with ($format)"
	fi
}

# Without quotes and backslashes, rows are the same as text and as CSV, and the server reads text faster.
format_of()
{
	local at f=${piece_file[$1]}
	[ "${quotes[f]}" = none ] && ! server_opens "$1" || { echo csv; return; }
	while read -r at; do
		[ "$at" -lt "${piece_from[$1]}" ] || [ "$at" -ge "${piece_to[$1]}" ] || { echo csv; return; }
	done < "$work/look.$f.backslashes"
	# where there are more than these
	[ "${at:-0}" = 0 ] || [ "$(wc -l < "$work/look.$f.backslashes")" -lt 1000 ] || { echo csv; return; }
	echo text
}

# the command that writes the rows of piece $1's file that were set aside to skipped_row, together with its first piece
skip_command()
{
	local f=${piece_file[$1]} line name
	[ "${piece_from[$1]}" -eq 0 ] && [ -s "$work/bad.$f" ] || return 0
	name=${path[f]##*/}
	while read -r line; do
		printf '%s,%s,"%s",%s\n' "${load_id[f]}" "${table[f]}" "${name//\"/\"\"}" "$line"
	done < "$work/bad.$f" > "$work/skipped.$f"
	printf '%s' "\\copy $mart.skipped_row (load_id, landing_table, file_name, line, reason, content)" \
		" from program 'cat \"\$LEAKAGE_LOAD_SKIPPED\".$f' with (format csv, encoding 'UTF8')"
}

# Whether the server reads file $1: a copy of ours is out of its sight.
server_reads() { [ $server_side = yes ] && [ "${source[$1]}" = "${path[$1]}" ]; }

# Whether the server opens the file of piece $1 and reads it from its header to its end.
server_opens()
{
	local f=${piece_file[$1]}
	server_reads "$f" && [ "${piece_from[$1]}" -eq 0 ] && [ "${piece_to[$1]}" -eq "${bytes[f]}" ] && [ "${data_end[f]}" -eq "${bytes[f]}" ]
}

load_piece()
{
	local i=$1 p=$2 f=${piece_file[$2]}
	piece_of_session[i]=$p
	tell "$i" "${copy_of_piece[p]}" \
		"\\set copied :ROW_COUNT" \
		"INSERT INTO $mart.load_log (load_id, landing_table, file_name, file_bytes, checksum, byte_from, byte_to, rows)" \
		"VALUES (${load_id[f]}, '${table[f]}', ${name_literal[f]}, ${bytes[f]}, '${checksum[f]}', ${piece_from[p]}, ${piece_to[p]}, :copied);" \
		"${skip_of_piece[p]:-}" \
		"\\echo $i copied :copied"
}

bytes_done=0
progress()
{
	local now stuck
	[ ${#piece_of_session[@]} -gt 0 ] || return 0
	# in the background, and not in a $(...): see copy_of_piece; and bash takes a SIGINT while it waits for a command in
	# the foreground to be meant for that alone
	psql -X -q -A -t -F ' ' "${connection[@]}" -c "SET LOCAL search_path = pg_catalog, pg_temp;
		SELECT coalesce(sum(p.bytes_processed), 0),
			count(*) FILTER (WHERE a.wait_event = 'transactionid' AND ours.pids && pg_blocking_pids(a.pid)) > 0
		FROM (SELECT array_agg(pid) AS pids FROM pg_stat_activity WHERE application_name = '$PGAPPNAME') AS ours
			JOIN pg_stat_activity AS a ON a.pid = ANY (ours.pids)
			LEFT JOIN pg_stat_progress_copy AS p USING (pid)" > "$work/progress" 2> /dev/null < /dev/null &
	wait $! || return 0
	read -r now stuck < "$work/progress" || return 0
	# PostgreSQL sees no deadlock: the one session waits in here for the other
	[ "$stuck" = f ] || fail "one session waits for the end of another one's transaction" \
		"a unique index or a trigger on a landing table makes them meet: remove it, or load with -j 1"
	say "$(((bytes_done + now) * 100 / bytes_to_load)) % of $((bytes_to_load / 1000000)) MB in $((SECONDS - started)) s"
}

# Every piece, the largest first, by whichever session is free.
load_pieces()
{
	local i p next=0 busy=0 order=()
	mapfile -t order < <(for p in "${!piece_file[@]}"; do echo "$((piece_to[p] - piece_from[p])) $p"; done | sort -k1,1nr -k2,2n | cut -d' ' -f2)
	for ((i = 1; i <= sessions; i++)); do
		load_piece "$i" "${order[next]}"
		next=$((next + 1)) busy=$((busy + 1))
	done
	while [ $busy -gt 0 ]; do
		await
		p=${piece_of_session[session]}
		[ "$value" = "${piece_records[p]:-$value}" ] ||
			rows_lost "${piece_file[p]}" ", bytes ${piece_from[p]} to ${piece_to[p]}" "${piece_records[p]}" "$value"
		piece_records[p]=$value
		bytes_done=$((bytes_done + piece_to[p] - piece_from[p]))
		unset "piece_of_session[session]"
		busy=$((busy - 1))
		if [ $next -lt ${#order[@]} ]; then
			load_piece "$session" "${order[next]}"
			next=$((next + 1)) busy=$((busy + 1))
		fi
	done
}

rows_lost()
{
	local line
	refuse_zero_bytes "${source[$1]}" "${path[$1]}"
	line=$(grep -n -m 1 -x '\\\.'$'\r\\?' < "${source[$1]}" | cut -d : -f 1) || true
	[ -z "$line" ] || fail "${path[$1]}$2: has $3 rows, but COPY took $4" "line $line is \\. and nothing else, which ends the data for COPY"
	fail "${path[$1]}$2: has $3 rows, but COPY took $4" "another program may be writing to the file"
}

# Compares the lines of each file with the rows that COPY took, of the pieces that were loaded before, too.
compare_rows()
{
	local f p total pieces
	for f in "${!path[@]}"; do
		[ "${quotes[f]}" != odd ] || continue
		total=${rows_before[f]:-0} pieces=0
		for p in "${!piece_file[@]}"; do
			[ "${piece_file[p]}" -ne "$f" ] || { total=$((total + piece_records[p])) pieces=$((pieces + 1)); }
		done
		[ $pieces -eq 0 ] || [ "$total" -eq "${rows_of_file[f]}" ] || rows_lost "$f" '' "${rows_of_file[f]}" "$total"
	done
}

# The first session last: until then no other loader begins, and no refresh.
commit()
{
	local i
	for f in "${!path[@]}"; do
		[ "$(stat -Lc '%s %y %i' -- "${source[f]}")" = "${stamp[f]}" ] || fail "${path[f]}: was changed while it was loaded"
	done
	committing=yes
	for ((i = sessions; i > 0; i--)); do
		query "$i" 'COMMIT;'
	done
	committing=done
}

