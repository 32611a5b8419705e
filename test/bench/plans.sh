#!/bin/bash
# make bench-plans: the slowest statements of a refresh, with their executed plans.
#
#   SCALE=0.1 SEED=1 LEAK=0.02   of the generated files; SCALE=1 is the size of the published ones
#   DATA=dir                     a directory with crm1.csv, device1.csv, and rev1.csv, instead of generated files
#   ATLEAST=50                   minimum time of a statement in milliseconds
#
# The plans are from a first refresh: EXPLAIN ANALYZE without timing of the nodes, which would slow them down.

. "$(dirname "$0")/../lib.sh"
: "${SCALE:=0.1}" "${SEED:=1}" "${LEAK:=0.02}" "${DATA:=}" "${ATLEAST:=50}"
[ -n "${SERVER_DIR:-}" ] || die "run it as: make bench-plans"

if [ -z "$DATA" ]; then
	DATA=$SERVER_DIR/files
	generate_files "$DATA" --scale "$SCALE" --seed "$SEED" --leak "$LEAK"
fi

sql() { psql -X -q -v ON_ERROR_STOP=1 "$@"; }
load() { sql -c "BEGIN; TRUNCATE telecom.$1; COPY telecom.$1 FROM '$DATA/$2' (FORMAT csv, HEADER, FREEZE); COMMIT"; }

sql -c 'CREATE EXTENSION IF NOT EXISTS leakage' -c "CALL leakage_create_mart('telecom')"
load crm crm1.csv
load device device1.csv
load revenue rev1.csv
sql 2>&1 <<- END |
	LOAD 'auto_explain';
	SET auto_explain.log_min_duration = $ATLEAST;
	SET auto_explain.log_level = info;
	SET auto_explain.log_nested_statements = on;
	SET auto_explain.log_analyze = on;
	SET auto_explain.log_timing = off;
	CALL leakage_refresh('telecom');
END
	# a step or statement: its duration, its first line, and its plan without estimated costs
	awk '
		/INFO:  leakage_refresh/ { sub(/.*: step [0-9]+ of [0-9]+: /, ""); step = $0; query = 0; plan = 0; next }
		/INFO:  duration:/ { printf "\n%s, %.0f ms: ", step, $(NF - 2); query = 1; plan = 0; next }
		query { sub(/^Query Text:/, ""); gsub(/[ \t]+/, " "); sub(/^ /, ""); if ($0 != "") { print; query = 0 } next }
		/ rows=[0-9.]+ loops=/ { plan = 1 }
		plan { gsub(/  \(cost=[^)]*\)/, ""); print }'
sql -c "CALL leakage_drop_mart('telecom')"
