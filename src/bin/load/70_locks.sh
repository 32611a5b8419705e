# ---- locks: those of all sessions before the first row, or a refresh that comes between could never begin nor end

# A lock that one session has and another waits for is a deadlock that PostgreSQL cannot see, if somebody else waits in
# between. So the first session gives up those of its planning; load_log, which each writes to, is locked too, and first,
# as by leakage_drop_mart. And the first session comes last: its transaction goes on where the others begin anew, and REINDEX
# CONCURRENTLY waits for the end of all transactions that it has seen with a lock.

lock_tables()
{
	local i p kind locked wanted='' landing='' waiting="waiting for the landing tables: a refresh of $schema may be under way"
	for kind in $tables_in_order; do
		for p in "${piece_file[@]}"; do
			[ "${table[p]}" != "$kind" ] || { wanted+="${wanted:+, }$mart.$kind" landing+="${landing:+, }'$kind'"; break; }
		done
	done
	if [ $replace = yes ]; then
		query 1 "DELETE FROM $mart.load_log WHERE landing_table IN ($landing);
			DELETE FROM $mart.skipped_row WHERE landing_table IN ($landing);
			TRUNCATE $wanted;" "$waiting"
		check_mart
		return
	fi
	wanted="$mart.load_log, $wanted"
	while
		locked=yes
		query 1 'ROLLBACK TO SAVEPOINT entered;'
		query "$sessions" "LOCK TABLE $wanted IN ROW EXCLUSIVE MODE;" "$waiting"
		for ((i = sessions - 1; i > 0; i--)); do
			query "$i" "\\set ON_ERROR_STOP 0
				LOCK TABLE $wanted IN ROW EXCLUSIVE MODE NOWAIT;
				\\echo :SQLSTATE
				\\set ON_ERROR_STOP 1"
			case ${rows[0]} in
			00000) ;;
			55P03) locked=no; break ;;
			*) session_failed "$i" ;;
			esac
		done
		[ $locked = no ]
	do
		# the refresh that came between goes first
		for ((i = 2; i <= sessions; i++)); do
			query "$i" "ROLLBACK; $begin"
		done
		sleep 0.5
	done
	check_mart		# now that nobody can attach anything more
}

