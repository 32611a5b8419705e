--
-- _leakage.period_totals and _leakage.blocks_...: the same as a query over the rows of leakage_periods
--
\set SHOW_CONTEXT never
\pset null NULL
CREATE SCHEMA period_totals_test;
SET search_path = period_totals_test, public;
CREATE FUNCTION raises(command text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE command;
	RETURN 'no error';
EXCEPTION WHEN OTHERS THEN
	RETURN SQLSTATE || ': ' || SQLERRM;
END $$;

-- entities with gaps, zeros, refunds, periods with only an expectation, and absent periods; some have no leaks
CREATE TABLE entity AS
SELECT n, n % 7 AS kind, n % 3 = 0 AS leaked, profile,
	CASE WHEN n % 5 > 0 THEN (
		SELECT array_agg(CASE WHEN (p.period + n) % 4 = 0 THEN n / 8::numeric + p.period ELSE 0 END ORDER BY p.period)
		FROM periods(profile) AS p) END AS expected_leaks,
	CASE n % 4 WHEN 0 THEN NULL WHEN 1 THEN '{}' WHEN 2 THEN '{0,100}' ELSE '{-7,7,2000}' END::integer[] AS absent
FROM (
	SELECT n, leakage_profile(w, CASE WHEN (w * n) % 5 > 0 THEN (w * n) % 11 - 2 + n * 0.000001 END, CASE WHEN w % 6 > 0 THEN 5.25 END) AS profile
	FROM generate_series(1, 400) AS n, generate_series(1, 12) AS w
	WHERE w <> 7 AND w >= n % 6
	GROUP BY n) AS p;
INSERT INTO entity VALUES (0, 0, true, NULL, '{1}', '{1}');

CREATE VIEW rows_of AS
SELECT e.n, e.kind, e.leaked, p.*
FROM entity AS e
	CROSS JOIN LATERAL leakage_periods(e.profile, e.expected_leaks, NULL, e.absent) AS p;
CREATE VIEW by_rows AS
SELECT kind, leaked, period, count(*) AS entities,
	count(*) FILTER (WHERE present) AS present,
	count(*) FILTER (WHERE actual > 0) AS positive,
	count(*) FILTER (WHERE expected_leak > 0) AS leaking,
	sum(actual) AS actual, sum(expected) AS expected, sum(expected_leak)::numeric(28,6) AS expected_leak
FROM rows_of
GROUP BY kind, leaked, period;
CREATE VIEW added AS
SELECT t.kind, t.leaked, p.*
FROM (
	SELECT kind, leaked, _leakage.period_totals(profile, expected_leaks, absent) AS periods
	FROM entity
	GROUP BY kind, leaked) AS t
	CROSS JOIN LATERAL unnest(t.periods) AS p;

SELECT count(*) AS periods, sum(entities) AS rows, sum(present) AS present, sum(positive) AS positive, sum(leaking) AS leaking,
	sum(actual) AS actual, sum(expected) AS expected, sum(expected_leak) AS leak
FROM added;
SELECT count(*) AS differences, count(*) FILTER (WHERE a::text <> b::text) AS other_bytes
FROM added AS a FULL JOIN by_rows AS b USING (kind, leaked, period)
WHERE a IS DISTINCT FROM b;

-- periods ascend; no entity, a NULL, one entity, only an absent period
SELECT bool_and(period > before) AS ascending
FROM (SELECT period, lag(period) OVER () AS before FROM (SELECT (unnest(_leakage.period_totals(profile, NULL, absent))).* FROM entity) AS u) AS w;
SELECT _leakage.period_totals(profile, expected_leaks, absent) AS none FROM entity WHERE false;
SELECT _leakage.period_totals(NULL, '{1}', '{1}') AS none;
SELECT _leakage.period_totals('{3: 1.5/2, 4: -/1, 6: -1/-, 7: 0/0}', '{0.5,0,0,0.0000004}', '{1,5,9}');
SELECT _leakage.period_totals('{3: 1.5/2}', NULL, NULL);
SELECT _leakage.period_totals(p, l, NULL) FROM (VALUES ('{-2147483648: 1/2}'::leakage_profile, '{0.0000005}'::numeric[]), (NULL, NULL), ('{2147483647: -1/0}', '{-1}')) AS v (p, l);

-- sums beyond 64 bits are exact
SELECT p.entities, p.actual, p.expected, p.expected_leak
FROM (
	SELECT _leakage.period_totals('{1: -9223372036854.775807/9223372036854.775807}', '{999999999999.999999}', NULL) AS periods
	FROM generate_series(1, 2000003)) AS t
	CROSS JOIN LATERAL unnest(t.periods) AS p;

-- FILTER, ORDER BY, moving frames, grouping sets, two aggregates on one state
SELECT kind,
	cardinality(_leakage.period_totals(profile, expected_leaks, absent)) AS periods,
	(_leakage.period_totals(profile, expected_leaks, absent))[1].entities AS first,
	(_leakage.period_totals(profile, expected_leaks, absent) FILTER (WHERE leaked))[1].entities AS leaked,
	_leakage.period_totals(profile, expected_leaks, absent) FILTER (WHERE n < 0) AS none,
	_leakage.period_totals(profile, expected_leaks, absent) = _leakage.period_totals(profile, expected_leaks, absent ORDER BY md5(n::text)) AS any_order
FROM entity
GROUP BY GROUPING SETS ((kind), ())
ORDER BY kind NULLS LAST;
SELECT count(*) AS frames, count(*) FILTER (WHERE moving IS DISTINCT FROM (
		SELECT _leakage.period_totals(e.profile, e.expected_leaks, e.absent) FROM entity AS e WHERE e.n BETWEEN w.n - 2 AND w.n)) AS other
FROM (
	SELECT n, _leakage.period_totals(profile, expected_leaks, absent) OVER (ORDER BY n ROWS BETWEEN 2 PRECEDING AND CURRENT ROW) AS moving
	FROM entity
	WHERE n < 40) AS w;

-- a parallel plan gives the same
CREATE TABLE serial AS TABLE added;
ANALYZE entity;
SET max_parallel_workers_per_gather = 2;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
EXPLAIN (COSTS OFF) SELECT _leakage.period_totals(profile, expected_leaks, absent) FROM entity;
CREATE TABLE parallel AS TABLE added;
RESET max_parallel_workers_per_gather;
RESET parallel_setup_cost;
RESET parallel_tuple_cost;
RESET min_parallel_table_scan_size;
SELECT count(*) AS differences FROM ((TABLE serial EXCEPT ALL TABLE parallel) UNION ALL (TABLE parallel EXCEPT ALL TABLE serial)) AS d;

-- blocks of periods: all, with a row, with revenue, with a leak; periods that are not among all periods are left out
CREATE TABLE all_periods AS
SELECT array_agg(period ORDER BY period) AS periods FROM (SELECT DISTINCT period FROM rows_of WHERE period <> 3) AS p;
SELECT cardinality(periods) AS periods FROM all_periods;
SELECT b.blocks, count(*) AS entities,
	count(*) FILTER (WHERE _leakage.blocks_of_periods(e.profile, e.absent, a.periods, b.blocks) IS DISTINCT FROM r.of_periods) AS other_periods,
	count(*) FILTER (WHERE _leakage.blocks_with_row(e.profile, e.absent, a.periods, b.blocks) IS DISTINCT FROM r.with_row) AS other_rows,
	count(*) FILTER (WHERE _leakage.blocks_with_revenue(e.profile, e.absent, a.periods, b.blocks) IS DISTINCT FROM r.with_revenue) AS other_revenue,
	count(*) FILTER (WHERE _leakage.blocks_with_leak(e.profile, e.expected_leaks, e.absent, a.periods, b.blocks) IS DISTINCT FROM r.with_leak) AS other_leak
FROM entity AS e
	CROSS JOIN all_periods AS a
	CROSS JOIN (VALUES (1), (2), (4), (5), (16)) AS b (blocks)
	CROSS JOIN LATERAL (
		SELECT array_agg(of_periods ORDER BY block) AS of_periods, array_agg(with_row ORDER BY block) AS with_row,
			array_agg(with_revenue ORDER BY block) AS with_revenue, array_agg(with_leak ORDER BY block) AS with_leak
		FROM (
			SELECT n.block,
				coalesce(sum(w.bit), 0)::integer AS of_periods,
				coalesce(sum(w.bit) FILTER (WHERE w.present), 0)::integer AS with_row,
				coalesce(sum(w.bit) FILTER (WHERE w.actual > 0), 0)::integer AS with_revenue,
				coalesce(sum(w.bit) FILTER (WHERE w.expected_leak > 0), 0)::integer AS with_leak
			FROM generate_series(1, b.blocks) AS n (block)
				LEFT JOIN (
					SELECT p.*, (array_position(a.periods, p.period) - 1) / s.size + 1 AS block, 1 << (array_position(a.periods, p.period) - 1) % s.size AS bit
					FROM leakage_periods(e.profile, e.expected_leaks, NULL, e.absent) AS p,
						ceil(cardinality(a.periods) / b.blocks::numeric)::integer AS s (size)) AS w USING (block)
			GROUP BY n.block) AS l) AS r
WHERE e.absent IS NOT NULL AND e.expected_leaks IS NOT NULL AND e.profile IS NOT NULL
GROUP BY b.blocks
ORDER BY b.blocks;
SELECT _leakage.blocks_of_periods('{1: 1/2, 2: -/3, 4: 0/1, 5: -1/1}', '{0,3}', '{-1,0,1,2,4,5}', 2) AS periods,
	_leakage.blocks_with_row('{1: 1/2, 2: -/3, 4: 0/1, 5: -1/1}', '{0,3}', '{-1,0,1,2,4,5}', 2) AS a_row,
	_leakage.blocks_with_revenue('{1: 1/2, 2: -/3, 4: 0/1, 5: -1/1}', '{0,3}', '{-1,0,1,2,4,5}', 2) AS revenue,
	_leakage.blocks_with_leak('{1: 1/2, 2: -/3, 4: 0/1, 5: -1/1}', '{0.5,0,-1,0.000001}', '{0,3}', '{-1,0,1,2,4,5}', 2) AS leak,
	_leakage.blocks_of_periods('{1: 1/2}', '{}', '{}', 3) AS no_periods;
SELECT _leakage.blocks_of_periods(NULL, '{1}', '{1}', 1) AS periods, _leakage.blocks_with_row('{1: 1/2}', NULL, '{1}', 1) AS a_row,
	_leakage.blocks_with_revenue('{1: 1/2}', '{}', NULL, 1) AS revenue, _leakage.blocks_with_leak('{1: 1/2}', NULL, '{}', '{1}', 1) AS leak;
-- a block has up to 31 periods
SELECT _leakage.blocks_of_periods(leakage_profile(n, 1, 1), '{}', array_agg(n ORDER BY n), 2) AS full FROM generate_series(1, 62) AS n;

-- refused
SELECT raises($$ SELECT _leakage.period_totals('{1: 1/2, 2: -/3}', '{0.5}', NULL) $$);
SELECT raises($$ SELECT _leakage.period_totals('{1: 1/2, 2: -/3}', '{0.5,NULL}', NULL) $$);
SELECT raises($$ SELECT _leakage.period_totals('{1: 1/2, 2: -/3}', '{NaN,0}', NULL) $$);
SELECT raises($$ SELECT _leakage.period_totals('{1: 1/2, 2: -/3}', '{0,Infinity}', NULL) $$);
SELECT raises($$ SELECT _leakage.period_totals('{1: 1/2, 2: -/3}', '{0,1e12}', NULL) $$);
SELECT raises($$ SELECT _leakage.period_totals('{1: 1/2, 2: -/3}', NULL, '{4,3}') $$);
SELECT raises($$ SELECT _leakage.period_totals('{1: 1/2, 2: -/3}', NULL, '{2}') $$);
SELECT raises($$ SELECT _leakage.period_totals('{1: 1/2, 2: -/3}', NULL, '{NULL}') $$);
SELECT raises($$ SELECT _leakage.period_totals(leakage_profile, NULL, NULL) FROM (SELECT leakage_profile(p, 1, 1) FROM generate_series(1, 16385) AS p GROUP BY p) AS e $$);
SELECT raises($$ SELECT _leakage.blocks_with_leak('{1: 1/2}', '{NaN}', '{}', '{1}', 1) $$);
SELECT raises($$ SELECT _leakage.blocks_with_leak('{1: 1/2}', '{1,2}', '{}', '{1}', 1) $$);
SELECT raises($$ SELECT _leakage.blocks_with_row('{1: 1/2}', '{1}', '{1}', 1) $$);
SELECT raises($$ SELECT _leakage.blocks_with_revenue('{1: 1/2}', '{3,2}', '{1,2,3}', 1) $$);
SELECT raises($$ SELECT _leakage.blocks_of_periods('{1: 1/2}', '{}', '{1,NULL}', 1) $$);
SELECT raises($$ SELECT _leakage.blocks_of_periods('{1: 1/2}', '{}', '{2,1}', 1) $$);
SELECT raises($$ SELECT _leakage.blocks_of_periods('{1: 1/2}', '{}', '{1,1}', 1) $$);
SELECT raises($$ SELECT _leakage.blocks_of_periods('{1: 1/2}', '{}', '{1}', 0) $$);
SELECT raises($$ SELECT _leakage.blocks_of_periods('{1: 1/2}', '{}', '{1}', 1025) $$);
SELECT raises($$ SELECT _leakage.blocks_of_periods('{1: 1/2}', '{}', array_agg(n ORDER BY n), 2) FROM generate_series(1, 63) AS n $$);

SET client_min_messages = error;
DROP SCHEMA period_totals_test CASCADE;
