#!/bin/bash
# The speed of the whole job next to DuckDB, pandas, and plain SQL, on a running private server: make bench
#
# Each contender turns the same three CSV files into the same outputs: files loaded; best CRM and device rows, weekly
# revenue, counts (docs/rules.md, section 1); features and expected revenue (2, 3); user table, user-weeks, cube, trend,
# funnel, and the user table as a CSV file.  The outputs are compared after every round and must agree to the last digit.
# The load is the fastest that there is (docs/loading.md). That of leakage-load, which the README tells, is a line of its own.
# The extension does more: the detector (4), seventeen published datasets with indexes, rejected rows, reconciliation.
#
# From the environment: PGHOST and so on, SERVER_DIR for the server (test/server.sh sets them), and
#   SCALE    of the generated files; 1 is the real size, 17.8 million rows (0.1)
#   SEED     of the generator (1)
#   LEAK     share of users with planted leakage (0.02)
#   DIRTY    share of rows that the cleaning rules refuse or merge (0.001)
#   DATA     a directory with crm1.csv, device1.csv, and rev1.csv, readable by the server, instead of generated files
#   RUNS     rounds that count (3); a round before them warms the caches and measures memory and temporary files
#   WORK_MEM for the extension and plain SQL (the server's setting from test/server.sh)
#   RIVALS   the other contenders ("duckdb pandas sql"); "" for none. DuckDB's database is in memory and gone at the
#            end; the rival duckdb_file keeps it in a file, as PostgreSQL does
#   PYTHON   an interpreter with pandas (/usr/bin/python3)
# The contenders take turns, in a different order each round, so that other load on the machine affects all alike. Compare
# only figures of the same run, and seconds only if the machine was otherwise idle; CPU seconds suffer less.

. "$(dirname "$0")/../lib.sh"

set -E
trap 'echo "error: failed in $BASH_SOURCE, line $LINENO: $BASH_COMMAND" >&2' ERR

bench=$top/test/bench
: "${SCALE:=0.1}" "${SEED:=1}" "${LEAK:=0.02}" "${DIRTY:=0.001}" "${DATA:=}" "${RUNS:=3}" "${WORK_MEM:=}"
: "${PYTHON:=/usr/bin/python3}"
RIVALS=${RIVALS-duckdb pandas sql}
export PYTHONDONTWRITEBYTECODE=1 NODE_PATH="${NODE_PATH:-$top/build/node_modules}"
export PGOPTIONS="-c client_min_messages=warning${WORK_MEM:+ -c work_mem=$WORK_MEM}"

[ -n "${SERVER_DIR:-}" ] || die "this needs a private server: make bench"
[[ $RUNS =~ ^[1-9][0-9]*$ ]] || die "RUNS=$RUNS is not a positive whole number"

# ---- requirements

missing=()
command -v python3 > /dev/null ||
	missing+=("python3, for the comparison and the report: apt-get install python3")
for rival in $RIVALS; do
	case $rival in
	duckdb | duckdb_file)
		if ! command -v node > /dev/null; then
			missing+=("$rival needs node and npm: apt-get install nodejs npm")
		fi
		if ! node -e "require('@duckdb/node-api')" 2> /dev/null; then
			missing+=("$rival: npm install --prefix build @duckdb/node-api   (or set NODE_PATH)")
		fi
		;;
	pandas)
		"$PYTHON" -c 'import pandas' 2> /dev/null ||
			missing+=("pandas: apt-get install python3-pandas   (or set PYTHON to an interpreter that has it)")
		;;
	sql) ;;
	*) die "RIVALS names $rival, which is none of: duckdb duckdb_file pandas sql" ;;
	esac
done
if [ ${#missing[@]} -gt 0 ]; then
	printf 'missing  %s\n' "${missing[@]}" >&2
	die "install the missing packages, or run with fewer rivals: RIVALS=\"sql\" make bench"
fi

# ---- the files

files=$SERVER_DIR/bench
mkdir "$files"
if [ -z "$DATA" ]; then
	DATA=$files/data
	# files, tables, temporary files, and outputs, for the extension and for the rivals
	need=$(awk -v s="$SCALE" -v rivals="$(wc -w <<< "$RIVALS")" 'BEGIN { print int(500 + (5000 + 3500 * rivals) * s) }')
	free=$(df -Pm "$files" | awk 'NR == 2 { print $4 }')
	[ "$free" -ge "$need" ] || die "SCALE=$SCALE needs about $need MB in $files, which has $free MB free: set TMPDIR"
	say "generating data: SCALE=$SCALE SEED=$SEED LEAK=$LEAK DIRTY=$DIRTY"
	generate_files "$DATA" --scale "$SCALE" --seed "$SEED" --leak "$LEAK" --dirty "$DIRTY"
	chmod a+rX "$files"
fi
for name in crm1 device1 rev1; do
	[ -r "$DATA/$name.csv" ] || die "cannot read $DATA/$name.csv"
	$AS_SERVER_USER test -r "$DATA/$name.csv" || die "the server runs as another user, who cannot read $DATA/$name.csv"
done

# ---- shared by the contenders

sql() { psql -X -q -v ON_ERROR_STOP=1 "$@"; }

# seconds since $1, a value of EPOCHREALTIME
since() { awk -v now="$EPOCHREALTIME" -v then="$1" 'BEGIN { printf "%.3f\n", now - then }'; }

# copies the rows of the query $2 to the file $1; \copy takes one line
write_csv() { sql -c "\\copy ($(tr -s '\n\t' '  ' <<< "$2")) to '$1' csv header"; }

print_stage() { echo "stage $1 $(since "$2")"; }

# CPU seconds so far of the server, including ended processes, and of the programs run by this script
cpu_used()
{
	local postmaster
	postmaster=$(head -n 1 "$SERVER_DIR/data/postmaster.pid")
	# fields after the command's name: 2 parent, 12 and 13 own time, 14 and 15 time of ended children
	{ cat /proc/[0-9]*/stat 2> /dev/null || true; } | awk -v postmaster="$postmaster" -v shell=$$ -v ticks="$(getconf CLK_TCK)" '
		{ pid = $1; sub(/^.*\) /, "") }
		pid == postmaster { total += $12 + $13 + $14 + $15 }
		pid == shell { total += $14 + $15 }
		$2 == postmaster { total += $12 + $13 }
		END { printf "%.2f\n", total / ticks }'
}

print_cpu() { awk -v now="$(cpu_used)" -v then="$1" 'BEGIN { printf "cpu all %.2f\n", now - then }'; }

. "$bench/main_ours.sh"
. "$bench/rival_sql.sh"

run_duckdb() { node "$bench/rival_duckdb.cjs" "$1" "$2" "$(nproc)" :memory:; }
run_duckdb_file() { node "$bench/rival_duckdb.cjs" "$1" "$2" "$(nproc)" "$2/bench.duckdb"; }
run_pandas() { "$PYTHON" "$bench/rival_pandas.py" "$1" "$2"; }

# megabytes written to temporary files by the server's sessions so far
temporary_files()
{
	sql -At -c 'SELECT sum(temp_bytes) / 1048576 FROM pg_stat_database'
}

# runs contender $1 and adds its output to the results, prefixed with round $2; round 0 also watches the server
run()
{
	local contender=$1 round=$2 out=$files/$1 watch= temporary
	rm -rf "$out"
	mkdir "$out"
	sql -c CHECKPOINT
	if [ "$round" -eq 0 ] && [[ $contender =~ ^(ours|sql)$ ]]; then
		temporary=$(temporary_files)
		python3 "$bench/main_memory.py" "$(head -n 1 "$SERVER_DIR/data/postmaster.pid")" > "$files/memory" &
		watch=$!
	fi
	# not "|| die": errexit would be off inside the function
	"run_$contender" "$DATA" "$out" > "$files/printed"
	if [ -n "$watch" ]; then
		kill -TERM "$watch"
		wait "$watch"
		sleep 1		# ended sessions have then reported what they wrote
		{
			cat "$files/memory"
			echo "memory files $(temporary_files) $temporary" | awk '{ print $1, $2, $3 - $4 }'
		} >> "$files/printed"
	fi
	sed "s/^/$round $contender /" "$files/printed" >> "$files/results"
}

# ---- the rounds

cat "$DATA"/{crm1,device1,rev1}.csv > /dev/null
contenders=(ours $RIVALS)
for ((round = 0; round <= RUNS; round++)); do
	say "round $round of $RUNS, load average $(cut -d ' ' -f 1 /proc/loadavg): ${contenders[*]}"
	for contender in "${contenders[@]}"; do
		run "$contender" "$round"
	done
	python3 "$bench/main_report.py" compare "$files" ours $RIVALS
	drop_ours
	drop_sql
	contenders=("${contenders[@]:1}" "${contenders[0]}")
done

echo
echo "PostgreSQL $(sql -At -c "SHOW server_version"), shared_buffers $(sql -At -c "SHOW shared_buffers")," \
	"work_mem $(sql -At -c "SHOW work_mem"), $(nproc) cores," \
	"files of $(($(cat "$DATA"/{crm1,device1,rev1}.csv | wc -c) / 1000000)) MB, $RUNS rounds"
python3 "$bench/main_report.py" report "$files/results" ours $RIVALS
