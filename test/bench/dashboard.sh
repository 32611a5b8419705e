#!/bin/bash
# The speed of the dashboard next to DuckDB, and its growth with the number of users: make bench-dashboard
#
# Measures the whole page Overview, each visual of all pages, and the drill-through to a user.
#
#   SCALE=1 SEED=1 LEAK=0.02    of the generated data
#   DATA=dir         a directory with crm1.csv, device1.csv, and rev1.csv, instead of generated data
#   COPIES="1 10"    multiples of the users
#   REGIONS="0 8"    number of regions of the users; 0: one for all, as in the published files
#   VIEWERS=8        concurrent viewers; each runs one page after another, with random slicers
#   PAGE_SECONDS=10 VISUAL_SECONDS=3 ROUNDS=3    of each measurement; PostgreSQL and DuckDB take turns
#
# PostgreSQL answers Power BI's queries on the published datasets (pgbench, extended protocol). DuckDB answers the same
# questions with plain queries on its own copy of the user and user-week tables (two threads, in process, money as
# DECIMAL(18,6)). test/t/031_powerbi_queries.pl compares the two queries of each question. Times are in milliseconds. The
# server is set by PGHOST and so on; the mart dashboard_bench stays there for the next run.

. "$(dirname "$0")/../lib.sh"

: "${SCALE:=1}" "${SEED:=1}" "${LEAK:=0.02}" "${DATA:=}" "${COPIES:=1 10}" "${REGIONS:=0 8}"
: "${VIEWERS:=8}" "${PAGE_SECONDS:=10}" "${VISUAL_SECONDS:=3}" "${ROUNDS:=3}"

here=$top/test/bench
mart=dashboard_bench
work=$(mktemp -d "${SERVER_DIR:-${TMPDIR:-/tmp}}/dashboard.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

sql() { psql -X -q -v ON_ERROR_STOP=1 "$@"; }

duckdb=
if ! command -v node > /dev/null; then
	say "node is missing: measuring PostgreSQL only (on Debian: apt-get install nodejs npm)"
elif ! node "$here/dashboard_duckdb.js" check 2> /dev/null; then
	say "@duckdb/node-api is missing: measuring PostgreSQL only (npm install @duckdb/node-api, or set NODE_PATH)"
else
	duckdb=yes
fi
command -v pgbench > /dev/null || die "pgbench is missing: it comes with the server or its contrib package"

# ---- the mart

sql -c "SET client_min_messages = warning" -c "CREATE EXTENSION IF NOT EXISTS leakage"
if [ "$(sql -Atc "SELECT to_regnamespace('$mart') IS NULL")" = t ]; then
	if [ -z "$DATA" ]; then
		say "generating data: SCALE=$SCALE SEED=$SEED LEAK=$LEAK"
		DATA=$work/files
		generate_files "$DATA" --scale "$SCALE" --seed "$SEED" --leak "$LEAK"
	fi
	say "loading and refreshing"
	sql -c "CALL leakage_create_mart('$mart')"
	for file in crm:crm1 device:device1 revenue:rev1; do
		sql -c "\\copy $mart.${file%:*} from '${DATA//\'/\'\'}/${file#*:}.csv' csv header"
	done
	sql -c "SET client_min_messages = warning" -c "CALL leakage_refresh('$mart')"
	sql -c "TRUNCATE $mart.crm, $mart.device, $mart.revenue"
	rm -rf "$work/files"
fi

# ---- measuring: one line per run, in milliseconds

# pgbench and DuckDB on the same files: run_postgres SECONDS FILE..., run_duckdb SECONDS FILE...
run_postgres()
{
	local seconds=$1 files=() file
	shift
	for file; do
		files+=(-f "powerbi/$file")
	done
	rm -f log.*
	pgbench -n -M extended -c "$VIEWERS" -j 2 -T "$seconds" -l --log-prefix=log "${files[@]}" > pgbench.out 2>&1 ||
		{ cat pgbench.out >&2; die "pgbench failed"; }
	# a failed transaction has no time
	cat log.* | awk '$3 == "failed" { exit 1 } { print $3 / 1000 }' || die "a query failed"
}

run_duckdb()
{
	local seconds=$1
	shift
	node "$here/dashboard_duckdb.js" time database.duckdb "$VIEWERS" "$seconds" "${@/#/plain/}"
}

# prints the count, p50, and p95 of a file with one number per line
percentiles()
{
	sort -n "$1" | awk '
		{ t[NR] = $1 }
		function rank(q) { return t[int(NR * q) < NR * q ? int(NR * q) + 1 : int(NR * q)] }
		END { print NR, rank(0.5), rank(0.95) }'
}

# measure NAME SECONDS FILE...: measures both in turns and prints a line of the table
measure()
{
	local name=$1 seconds=$2 round ours theirs
	shift 2
	rm -f ours theirs
	# warms the caches; DuckDB, a new process each time, does the same
	(cd powerbi && cat "$@") | sql -o /dev/null
	for ((round = 0; round < ROUNDS; round++)); do
		run_postgres "$seconds" "$@" >> ours
		[ -z "$duckdb" ] || run_duckdb "$seconds" "$@" >> theirs
	done
	[ -s ours ] && { [ -z "$duckdb" ] || [ -s theirs ]; } || die "$name: nothing finished within $seconds s: increase the time"
	read -ra ours <<< "$(percentiles ours)"
	theirs=(0 - -)
	[ -z "$duckdb" ] || read -ra theirs <<< "$(percentiles theirs)"
	awk -v name="$name" -v n="${ours[0]}" -v o50="${ours[1]}" -v o95="${ours[2]}" -v m="${theirs[0]}" -v t50="${theirs[1]}" -v t95="${theirs[2]}" '
		BEGIN {
			printf "%-34s %6d %9.1f %9.1f", name, n, o50, o95
			if (m > 0) printf "   %6d %9.1f %9.1f   %8.2f %8.2f", m, t50, t95, t50 / o50, t95 / o95
			print ""
		}'
	last_p95=${ours[2]}
	last_ratio=
	[ -z "$duckdb" ] || last_ratio=$(awk "BEGIN { print ${theirs[2]} / ${ours[2]} }")
}

# DuckDB's input: the columns that dashboard_duckdb.js names, in its order
export_tables()
{
	local table columns
	rm -f database.duckdb*
	while read -r table columns; do
		sql -c "COPY (SELECT $columns FROM $mart.$table) TO STDOUT (FORMAT csv, HEADER)" > "$table.csv"
	done < <(node "$here/dashboard_duckdb.js" columns)
	node "$here/dashboard_duckdb.js" load database.duckdb . "$mart"
	rm -f users.csv user_weeks.csv subscriber_cell.csv
}

# ---- every size

bars=()
for regions in $REGIONS; do
	first_p95=
	for copies in $COPIES; do
		say "$copies times the users, in $((regions > 0 ? regions : 1)) regions"
		cd "$here"
		sql -v mart=$mart -v copies="$copies" -v regions="$regions" -f dashboard_mart.sql
		cd "$work"
		rm -rf powerbi plain
		perl "$here/dashboard_queries.pl" $mart . > visuals
		[ -z "$duckdb" ] || export_tables
		sql -Atc "SELECT format('%s users, %s user-weeks, %s rows in leakage_cube', u, w, c) FROM
			(SELECT count(*) FROM $mart.users) AS a (u), (SELECT count(*) FROM $mart.user_weeks) AS b (w), (SELECT count(*) FROM $mart.leakage_cube) AS d (c)"

		printf '%-34s %26s   %26s   %17s\n' "$VIEWERS viewers" "PostgreSQL" "${duckdb:+DuckDB}" "${duckdb:+DuckDB / PostgreSQL}"
		printf '%-34s %6s %9s %9s' "milliseconds" runs p50 p95
		printf "${duckdb:+   %6s %9s %9s   %8s %8s}\n" ${duckdb:+runs p50 p95 p50 p95}
		measure "the page Overview" "$PAGE_SECONDS" $(cd powerbi && ls page-*.sql)
		page_p95=$last_p95 page_ratio=$last_ratio
		while IFS=$'\t' read -r number name; do
			measure "$name" "$VISUAL_SECONDS" $(cd powerbi && ls "$number"-*.sql)
		done < visuals
		measure "drill through to a user" "$VISUAL_SECONDS" $(cd powerbi && ls drill-*.sql)

		where="$copies times the users, $((regions > 0 ? regions : 1)) regions"
		[ -z "$duckdb" ] || bars+=("$where: Overview's p95 is $(awk "BEGIN { printf \"%.2f\", $page_ratio }") times faster than DuckDB's (bar: over 1)")
		if [ -z "$first_p95" ]; then
			first_p95=$page_p95
		else
			bars+=("$where: Overview's p95 is $(awk "BEGIN { printf \"%.2f\", $page_p95 / $first_p95 }") times that of the first size (bar: 1.5)")
		fi
	done
done
say "bars"
printf '%s\n' "${bars[@]}"
