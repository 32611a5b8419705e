#!/bin/bash
# The speed and accuracy of revenue_summary next to tdigest and percentile_cont, on a running server: make bench-summary
#
# From the environment: PGHOST, PGPORT and so on for the server, and
#   ROWS           rows of double precision for timing (10000000)
#   ROUNDS         runs of each query; the median counts (5)
#   WORKERS        numbers of parallel workers for timing ("0 2")
#   ACCURACY_ROWS  rows of each data set for checking accuracy (1000000)
# The queries alternate, so that other load on the machine affects all alike. percentile_cont sorts in memory. tdigest is
# the extension of that name (on Debian: postgresql-NN-tdigest); without it the others still run.

set -euo pipefail

rows=${ROWS:-10000000}
rounds=${ROUNDS:-5}
workers=${WORKERS:-0 2}
accuracy_rows=${ACCURACY_ROWS:-1000000}

# every query has its own session, which sees only the objects of this run
schema=leakage_bench_$$
export PGOPTIONS="-c search_path=$schema,public -c jit=off -c work_mem=1GB -c client_min_messages=warning ${PGOPTIONS:-}"
run_sql()
{
	psql -XqAt -v ON_ERROR_STOP=1 "$@"
}
trap 'run_sql -c "DROP SCHEMA IF EXISTS $schema CASCADE"' EXIT

run_sql -c "CREATE SCHEMA $schema"
run_sql -c "CREATE EXTENSION IF NOT EXISTS leakage SCHEMA public"
methods=(summary percentile_cont sum)
if run_sql -c "CREATE EXTENSION IF NOT EXISTS tdigest SCHEMA public" 2> /dev/null; then
	methods=(summary tdigest_100 tdigest_1000 percentile_cont sum)
else
	echo "tdigest is not installed on this server: it is left out (on Debian: apt-get install postgresql-NN-tdigest)"
fi

declare -A query=(
	[summary]="quantile(revenue_summary(v), 0.95)"
	[tdigest_100]="tdigest_percentile(v, 100, 0.95)"
	[tdigest_1000]="tdigest_percentile(v, 1000, 0.95)"
	[percentile_cont]="percentile_cont(0.95) WITHIN GROUP (ORDER BY v)"
	[sum]="sum(v)"
)

# ---- time

echo "making $rows rows"
run_sql > /dev/null <<-SQL
	SELECT setseed(0.5);
	CREATE UNLOGGED TABLE amounts AS
		SELECT round((20 * exp(1.2 * (random() + random() + random() + random() - 2)))::numeric, 2)::float8 AS v
		FROM generate_series(1, $rows);
	VACUUM ANALYZE amounts;
	SELECT count(*) FROM amounts;
SQL

# the time of a query in milliseconds
time_query()
{
	run_sql -c "SET max_parallel_workers_per_gather = $1" -c "SET parallel_setup_cost = 0" -c '\timing on' \
		-c "SELECT ${query[$2]} FROM amounts" | sed -n 's/^Time: \([0-9.]*\) ms.*/\1/p'
}

median()
{
	printf '%s\n' "$@" | sort -n | awk '{ t[NR] = $1 } END { print (t[int((NR + 1) / 2)] + t[int(NR / 2) + 1]) / 2 }'
}

for w in $workers; do
	declare -A times=()
	for ((round = 0; round < rounds; round++)); do
		for method in "${methods[@]}"; do
			times[$method]+=" $(time_query "$w" "$method")"
		done
	done
	ours=$(median ${times[summary]})
	printf '\n%d rows, %d workers, median of %d (sum: what the scan alone takes)\n' "$rows" "$w" "$rounds"
	printf '%-16s %10s %10s   %s\n' query ms "/ summary" "all, ms"
	for method in "${methods[@]}"; do
		theirs=$(median ${times[$method]})
		printf '%-16s %10.0f %10.2f  %s\n' "$method" "$theirs" "$(awk "BEGIN { print $theirs / $ours }")" "${times[$method]}"
	done
done

# ---- errors

echo
echo "errors against percentile_disc, the largest over nine quantiles from 0.001 to 0.999"
echo "value: |answer - exact| / |exact|; rank: how far the answer's rank is from the one asked for, of all rows"
printf '%-14s %9s  %-14s %12s %12s\n' data rows method value rank

fractions='{0.001,0.01,0.1,0.25,0.5,0.75,0.9,0.99,0.999}'
declare -A answers=(
	[summary]="quantiles(revenue_summary(v), '$fractions')::float8[]"
	[tdigest_100]="tdigest_percentile(v, 100, '$fractions'::float8[])"
	[tdigest_1000]="tdigest_percentile(v, 1000, '$fractions'::float8[])"
)

# $1: name, $2: rows, $3: the amount number i
check_data()
{
	local union= method
	run_sql > /dev/null <<-SQL
		DROP TABLE IF EXISTS data;
		SELECT setseed(0.25);
		CREATE UNLOGGED TABLE data AS SELECT ($3)::float8 AS v FROM generate_series(1, $2) AS i;
		ANALYZE data;
	SQL
	for method in "${!answers[@]}"; do
		[[ " ${methods[*]} " == *" $method "* ]] || continue
		union+="${union:+ UNION ALL }SELECT '$method', ${answers[$method]} FROM data"
	done
	run_sql -F ' ' <<-SQL
		WITH exact AS MATERIALIZED (
			SELECT percentile_disc('$fractions'::float8[]) WITHIN GROUP (ORDER BY v) AS exact, count(*) AS n FROM data
		), answers (method, answer) AS MATERIALIZED ($union),
		points AS (
			SELECT method, f.q, e.e, a.a, n
			FROM exact, answers, unnest('$fractions'::float8[]) WITH ORDINALITY AS f (q, i),
				unnest(exact) WITH ORDINALITY AS e (e, i), unnest(answer) WITH ORDINALITY AS a (a, i)
			WHERE f.i = e.i AND f.i = a.i
		), errors AS (
			SELECT method,
				CASE WHEN a = e THEN 0 WHEN e = 0 THEN 'Infinity' ELSE abs(a - e) / abs(e) END AS value,
				greatest(below - ceil(q * n) + 1, ceil(q * n) - upto, 0) / n AS rank
			FROM points, LATERAL (SELECT count(*) FILTER (WHERE v < a) AS below, count(*) AS upto FROM data WHERE v <= a) AS r
		)
		SELECT format('%-14s %9s  %-14s %12s %12s', '$1', $2, method,
			to_char(100 * max(value), 'FM999999990.0000') || ' %', to_char(100 * max(rank), 'FM999990.0000') || ' %')
		FROM errors GROUP BY method ORDER BY method;
	SQL
}

n=$accuracy_rows
check_data "one value" 1 "19.99"
check_data "all equal" $n "19.99"
check_data "zeros" $n "CASE WHEN random() < 0.7 THEN 0 ELSE round((random() * 100)::numeric, 2) END"
check_data "cents" $n "round((random() * 100)::numeric, 2)"
check_data "15 magnitudes" $n "round((10 ^ (random() * 15 - 4))::numeric, 6)"
check_data "bimodal" $n "CASE WHEN random() < 0.5 THEN 5 + random() ELSE 9000 + random() * 1000 END"
check_data "signs" $n "(random() - 0.5) * 2000"
check_data "heavy tail" $n "1 / (random() + 1e-9)"
check_data "ascending" $n "i / 100.0"
check_data "huge n" "$rows" "20 * exp(1.2 * (random() + random() + random() + random() - 2))"
