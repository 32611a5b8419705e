# ---- what is to be loaded: what load_log does not have

may_cut=yes rows_before=()

data_from() { local h=${header_bytes[${piece_file[$1]}]}; echo $((piece_from[$1] == 0 ? h : piece_from[$1])); }

# Whoever writes to a table runs what its owner attached to it: nobody but the owner loads into such tables.
check_mart() { query 1 "SELECT _leakage.check_mart($(literal "$schema"), 'load');"; }

# Begins the first session's transaction; no other loader works on this mart until it ends.
enter_mart()
{
	open_session 1
	[ "$jobs" -eq 1 ] || refuse_pooler
	tell 1 "$begin"
	find_mart
	if [ $server_side = yes ]; then
		query 1 "SELECT pg_has_role('pg_execute_server_program', 'USAGE');"
		[ "${rows[0]}" = t ] || may_cut=no
	fi
	query 1 "SELECT pg_advisory_xact_lock(hashtext('leakage-load'), hashtext($(literal "$mart")))::text;" \
		"waiting for another leakage-load into $schema to end"
	query 1 'SAVEPOINT entered;'		# lock_tables goes back to it, and gives up all locks on tables
}

find_mart()
{
	query 1 "SELECT current_setting('server_version_num')::int >= 140000 AND to_regclass($(literal "$mart.load_log")) IS NOT NULL;"
	[ "${rows[0]}" = t ] || fail "there is no leakage mart $schema in that database: CALL leakage_create_mart($(literal "$schema"))"
	check_mart
}

# The pieces of file $1 that load_log does not have; none if it has them all.
plan_file()
{
	local f=$1 size=$2 row id complete count at=0 same
	same="landing_table = '${table[f]}' AND file_bytes = ${bytes[f]} AND checksum = '${checksum[f]}'"
	load_id[f]= rows_before[f]=0
	if [ $replace = no ]; then
		query 1 "SELECT load_id, sum(byte_to - byte_from) = file_bytes, sum(rows) FROM $mart.load_log WHERE $same
			GROUP BY load_id, file_bytes ORDER BY 2, 1 DESC LIMIT 1;"
		if [ ${#rows[@]} -gt 0 ]; then
			IFS='|' read -r id complete count <<< "${rows[0]}"
			if [ "$complete" = t ] && [ $again = yes ]; then
				say "${path[f]##*/}: loaded before, and now once more"
			else
				query 1 "SELECT count(*) FROM $mart.${table[f]};"
				[ "${rows[0]}" -ge "$count" ] || fail \
					"${path[f]}: load_log says that $count rows of it are in $schema.${table[f]}, which has only ${rows[0]}: somebody removed them" \
					"to load the file again, use --again; to replace what is in the table, --replace"
				load_id[f]=$id rows_before[f]=$count
				if [ "$complete" = t ]; then
					say "${path[f]##*/}: is loaded already, $count rows (--again loads it once more)"
					return 0
				fi
				say "${path[f]##*/}: a load of it was broken off after $count rows; loading the rest"
			fi
		fi
	fi
	if [ -n "${load_id[f]}" ]; then
		query 1 "SELECT byte_from, byte_to FROM $mart.load_log WHERE load_id = $id ORDER BY 1;"
		for row in "${rows[@]}"; do
			cut_range "$f" "$at" "${row%|*}" "$size"
			at=${row#*|}
		done
	else
		query 1 "SELECT coalesce(max(load_id), 0) FROM $mart.load_log;"
		load_id[f]=$((rows[0] + ++new_loads))
	fi
	cut_range "$f" "$at" "${bytes[f]}" "$size"
}

plan()
{
	local f g size total=0
	new_loads=0
	for f in "${!path[@]}"; do
		total=$((total + bytes[f]))
	done
	# four pieces a session keep all sessions busy to the end, however the files' sizes are spread
	size=$((total / (4 * jobs) + 1))
	[ "$size" -ge 16000000 ] || size=16000000
	[ "$jobs" -gt 1 ] && [ $may_cut = yes ] || size=$total
	[ -z "$piece_bytes" ] || [ $may_cut = no ] || size=$piece_bytes
	[ "$size" -ge 1 ] || size=1
	for f in "${!path[@]}"; do
		for ((g = 0; g < f; g++)); do
			if [ "${table[f]} ${bytes[f]} ${checksum[f]}" = "${table[g]} ${bytes[g]} ${checksum[g]}" ]; then
				say "${path[f]##*/}: is the same as ${path[g]##*/}; not loaded twice"
				continue 2
			fi
		done
		plan_file "$f" "$size"
	done
}

