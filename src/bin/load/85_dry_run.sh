# ---- --dry-run: what the cleaning rules would refuse, without loading anything

# Each file goes into a mart of its own, with the options of the real one, and all is rolled back.
dry_run()
{
	local f row faults bad total trial status=0
	trial="leakage_dry_run_$$"
	open_session 1
	tell 1 "$begin"
	find_mart
	query 1 "SELECT n.nspname FROM pg_extension AS e JOIN pg_namespace AS n ON n.oid = e.extnamespace WHERE e.extname = 'leakage';"
	query 1 "CALL \"${rows[0]//\"/\"\"}\".leakage_create_mart('$trial', _leakage.complete_options(_leakage.stored_options($(literal "$schema")))); SAVEPOINT empty;"
	mart=$trial
	for f in "${!path[@]}"; do
		piece_file=() piece_from=() piece_to=() piece_records=()
		cut_range "$f" 0 "${bytes[f]}" "${bytes[f]}"
		piece_of_session[1]=0
		query 1 "$(copy_command 0)" "reading ${path[f]##*/}"
		query 1 "CALL _leakage.dry_run('$trial');
			SELECT measure, value FROM $mart.file_count WHERE file = '${table[f]}' AND measure LIKE 'refused%' AND value > 0 ORDER BY measure COLLATE \"C\";"
		unset 'piece_of_session[1]'
		bad=0
		[ ! -s "$work/bad.$f" ] || bad=$(wc -l < "$work/bad.$f")
		total=$bad
		for row in "${rows[@]}"; do
			total=$((total + ${row#*|}))
		done
		faults=("${rows[@]}")
		query 1 "SELECT value FROM $mart.file_count WHERE file = '${table[f]}' AND measure = 'rows_in'; ROLLBACK TO SAVEPOINT empty;"
		printf '%s: %s rows for %s.%s, %s of them refused\n' "${path[f]##*/}" $((rows[0] + bad)) "$schema" "${table[f]}" "$total"
		for row in "${faults[@]}"; do
			row=${row#refused_}
			printf '  %s %s\n' "${row#*|}" "${row%|*}"
		done
		if [ $bad -gt 0 ]; then
			cut -d , -f 1,2 "$work/bad.$f" | awk -F , '{ n[$2]++; if (!($2 in first)) first[$2] = $1 } END { for (r in n) print "  " n[r], r ", first in line", first[r] }' | sort -k 2
			[ "${skip_bad_rows:-0}" -ge $bad ] || { warn "${path[f]}: a load would need --skip-bad-rows=$bad"; status=1; }
		fi
	done
	committing=done		# there is nothing to commit
	exit $status
}

