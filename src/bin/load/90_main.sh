# ---- all of it

export LEAKAGE_LOAD_SKIPPED=$work/skipped
[ $dry_run = no ] || dry_run
enter_mart
plan
if [ ${#piece_file[@]} -eq 0 ]; then
	say "nothing to load"
	exit 0
fi

# What the sessions are told, beforehand: bash 5.2 parses the action of a trap wrongly when the signal comes while it
# substitutes a command, and ends with status 2. So nothing of the long part of a load has a $(...).
copy_of_piece=() skip_of_piece=() name_literal=()
for p in "${!piece_file[@]}"; do
	copy_of_piece[p]=$(copy_command "$p")
	skip_of_piece[p]=$(skip_command "$p")
	name_literal[piece_file[p]]=$(literal "${path[${piece_file[p]}]##*/}")
done

sessions=$((jobs < ${#piece_file[@]} ? jobs : ${#piece_file[@]}))
bytes_to_load=0
for p in "${!piece_file[@]}"; do
	bytes_to_load=$((bytes_to_load + piece_to[p] - piece_from[p]))
done
for ((i = 2; i <= sessions; i++)); do
	[ -n "${command_fd[i]:-}" ] || { open_session "$i"; tell "$i" "$begin"; }
done
lock_tables
say "loading $((bytes_to_load / 1000000)) MB in ${#piece_file[@]} pieces by $sessions sessions"
load_pieces
compare_rows
commit

for f in "${!path[@]}"; do
	n=0 pieces=0
	for p in "${!piece_file[@]}"; do
		[ "${piece_file[p]}" -ne "$f" ] || { n=$((n + piece_records[p])) pieces=$((pieces + 1)); }
	done
	[ $pieces -eq 0 ] || say "${path[f]##*/}: $n rows into $schema.${table[f]}"
done
query 1 "$begin
	SELECT format('load %s of %s into %s', load_id, file_name, landing_table) FROM $mart.load_log
	GROUP BY load_id, file_name, landing_table HAVING sum(byte_to - byte_from) < max(file_bytes) ORDER BY load_id;
	COMMIT;"
for row in "${rows[@]}"; do
	warn "an earlier load is not complete: $row; give that file again, or replace what its table holds (--replace)"
done
say "done in $((SECONDS - started)) s; CALL leakage_refresh($(literal "$schema")) computes the mart from them"
