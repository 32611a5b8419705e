--
-- leakage_profile: the type, its aggregates, and its accessors
--
\set SHOW_CONTEXT never

-- what an expression or a query raises, in one line
CREATE FUNCTION raises(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	state text; message text; detail text;
BEGIN
	EXECUTE query;
	RETURN 'no error';
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL;
	RETURN state || ': ' || message || CASE WHEN detail <> '' THEN ' / ' || detail ELSE '' END;
END $$;

-- does the plan of a query have a line like this?
CREATE FUNCTION plan_has(query text, what text) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
	line text;
BEGIN
	FOR line IN EXECUTE 'EXPLAIN (COSTS OFF) ' || query LOOP
		IF line ~ what THEN RETURN true; END IF;
	END LOOP;
	RETURN false;
END $$;

--
-- The aggregate
--
CREATE TABLE weeks (id int, who text, period int, actual numeric, expected numeric);
INSERT INTO weeks VALUES
	(1, 'a', 24, 9,          NULL),
	(2, 'a', 22, 10.5,       11.2),
	(3, 'a', 23, NULL,       11),
	(4, 'a', NULL, 1,        1),
	(5, 'a', 21, NULL,       NULL),
	(6, 'b', 25, 10,         11),
	(7, 'b', 25, 12.3456785, 11),
	(8, 'b', 25, -30.1,      11.0000004),
	(9, 'c', NULL, NULL,     NULL),
	(10, 'd', -3, 0,         0),
	(11, 'd', 0,  -0.000001, 0.000001);

-- NULLs, several rows per period, rounding, rows that do not count
SELECT who, leakage_profile(period, actual, expected) FROM weeks GROUP BY who ORDER BY who;
-- no rows, one row, all equal
SELECT leakage_profile(period, actual, expected) FROM weeks WHERE false;
SELECT leakage_profile(period, actual, expected) FROM weeks WHERE id = 2;
SELECT leakage_profile(7, 1.25, 2.5) FROM generate_series(1, 1000);
-- FILTER, DISTINCT, ORDER BY
SELECT leakage_profile(period, actual, expected) FILTER (WHERE who = 'a'),
	leakage_profile(period, actual, expected) FILTER (WHERE who = 'nobody') FROM weeks;
SELECT leakage_profile(DISTINCT period, 1, expected) FROM weeks WHERE who = 'b';
SELECT leakage_profile(period, actual, expected ORDER BY actual DESC, id)
	= leakage_profile(period, actual, expected ORDER BY id) AS same FROM weeks;
-- grouping sets
SELECT who, leakage_profile(period, actual, expected) FROM weeks
GROUP BY GROUPING SETS ((who), ()) HAVING leakage_profile(period, actual, expected) IS NOT NULL ORDER BY who;
SELECT period, count(*), leakage_profile(period, actual, expected) FROM weeks GROUP BY CUBE (period) ORDER BY 1;

-- invalid amounts
SELECT raises(q) FROM (VALUES
	($$SELECT leakage_profile(1, 'NaN', 1)$$),
	($$SELECT leakage_profile(1, 1, 'Infinity')$$),
	($$SELECT leakage_profile(1, '-Infinity', 1)$$),
	($$SELECT leakage_profile(1, 1e12, 1)$$),
	($$SELECT leakage_profile(1, 1, -0.01)$$),
	($$SELECT leakage_profile(1, 1, -0.0000004)$$),
	($$SELECT leakage_profile(5, 999999999999, 0) FROM generate_series(1, 9)$$),
	($$SELECT leakage_profile(5, 999999999999, 0) FROM generate_series(1, 10)$$),
	($$SELECT leakage_profile(5, -999999999999, 0) FROM generate_series(1, 10)$$),
	($$SELECT leakage_profile(-6, 0, 999999999999) FROM generate_series(1, 10)$$),
	($$SELECT rollup(p::leakage_profile) FROM (VALUES ('{7: 1#4294967295/-}'), ('{7: 1/-}')) v(p)$$),
	($$SELECT rollup(p::leakage_profile) FROM (VALUES ('{8: -/9223372036854.775807}'), ('{8: -/0.000001}')) v(p)$$),
	($$SELECT rollup(p::leakage_profile) FROM (VALUES ('{8: -/9223372036854.775807}'), ('{9: -/0.000001}')) v(p)$$)
) v(q);

--
-- Text
--
SELECT '{22: 10.5/11.2, 23: -/11, 24: 9/-, 25: 30#3/33#3}'::leakage_profile;
SELECT E' {-23:-5/-,\t22 :10.50 / +11.200000#1 ,\n24:-/.5,25:5./- } '::leakage_profile;
SELECT '{-2147483648: -9223372036854.775808#4294967295/9223372036854.775807, 2147483647: -0/0}'::leakage_profile;
SELECT t, raises(format('SELECT %L::leakage_profile', t)) FROM (VALUES
	(''), ('{'), ('{}'), ('22: 1/1'), ('{22}'), ('{22: }'), ('{22: 1}'), ('{22: 1/}'), ('{22: 1/1'), ('{22: 1/1,}'), ('{22: 1/1} x'),
	('{x: 1/1}'), ('{22: x/1}'), ('{22: --1/1}'), ('{22: 1e3/1}'), ('{22: NaN/1}'), ('{22: ./1}'), ('{22: 1..5/1}'),
	('{22: 0.1234567/1}'), ('{22: -/-}'), ('{22: 1/-1}'), ('{22: 1#0/1}'), ('{22: 1#-1/1}'), ('{22: 1#x/1}'), ('{22: 1#4294967296/1}'),
	('{2147483648: 1/1}'), ('{-2147483649: 1/1}'), ('{99999999999999999999999: 1/1}'),
	('{1: 9223372036854.775808/1}'), ('{1: -9223372036854.775809/1}'), ('{1: 99999999999999999999999999999999/1}'),
	('{22: 1/1, 22: 1/1}'), ('{22: 1/1, 21: 1/1}'),
	('{truncated, 22: 1/1}'), ('{truncated}'), ('{truncated 22: 1/1}'),
	('{22: 1/1, ' || repeat('x', 100))
) v(t);
SELECT raises(format('SELECT %L::leakage_profile', '{' || string_agg(i || ': 1/1', ', ') || '}'))
FROM generate_series(1, 1025) i;

-- out and in again
SELECT count(*) AS profiles, bool_and(p = p::text::leakage_profile) AS round_trip,
	bool_and(_leakage.leakage_profile_send(p) = _leakage.leakage_profile_send(p::text::leakage_profile)) AS same_bytes
FROM (SELECT leakage_profile(period, actual, expected) AS p FROM weeks GROUP BY who) s WHERE p IS NOT NULL;

--
-- Bytes
--
SELECT _leakage.leakage_profile_send('{22: 10.5/11.2, 23: -/11#2}');

-- In a binary COPY file a bytea is stored as its bytes.  Such a file can carry
-- any bytes to the receive function.
CREATE TABLE wire (id serial, what text, bytes bytea);
INSERT INTO wire (what, bytes)
SELECT what, bytes
FROM (SELECT _leakage.leakage_profile_send('{22: 10.5/11.2, 23: -/11#2}') AS b) s, LATERAL (VALUES
	('as sent', b),
	('another version', set_byte(b, 0, 2)),
	('an unknown flag', set_byte(b, 1, 2)),
	('truncated, with two periods', set_byte(b, 1, 1)),
	('too many periods', overlay(b PLACING '\x00000401' FROM 3)),
	('as many periods as a number holds', overlay(b PLACING '\xffffffff' FROM 3)),
	('a period too many', set_byte(b, 5, 3)),
	('a byte too few', substr(b, 1, length(b) - 1)),
	('a byte too many', b || '\x00'),
	('ends in its head', substr(b, 1, 4)),
	('no period', '\x010000000000'),
	('the same period twice', set_byte(b, 37, 22)),
	('descending periods', set_byte(b, 6, 1)),
	('an amount without rows', set_byte(b, 13, 0)),
	('a period without rows', overlay(b PLACING '\x00000000' || '\x0000000000000000'::bytea || '\x0000000000000000'::bytea FROM 43)),
	('a negative expected amount', set_byte(b, 26, 128)),
	('a negative actual amount', set_byte(b, 18, 128)),
	('nothing', '')
) v(what, bytes);
CREATE TABLE received (profile leakage_profile);
SELECT what FROM wire WHERE id = 1;
\copy (SELECT bytes FROM wire WHERE id = 1) TO 'results/leakage_profile.bin' (FORMAT binary)
\copy received FROM 'results/leakage_profile.bin' (FORMAT binary)
SELECT what FROM wire WHERE id = 2;
\copy (SELECT bytes FROM wire WHERE id = 2) TO 'results/leakage_profile.bin' (FORMAT binary)
\copy received FROM 'results/leakage_profile.bin' (FORMAT binary)
SELECT what FROM wire WHERE id = 3;
\copy (SELECT bytes FROM wire WHERE id = 3) TO 'results/leakage_profile.bin' (FORMAT binary)
\copy received FROM 'results/leakage_profile.bin' (FORMAT binary)
SELECT what FROM wire WHERE id = 4;
\copy (SELECT bytes FROM wire WHERE id = 4) TO 'results/leakage_profile.bin' (FORMAT binary)
\copy received FROM 'results/leakage_profile.bin' (FORMAT binary)
SELECT what FROM wire WHERE id = 5;
\copy (SELECT bytes FROM wire WHERE id = 5) TO 'results/leakage_profile.bin' (FORMAT binary)
\copy received FROM 'results/leakage_profile.bin' (FORMAT binary)
SELECT what FROM wire WHERE id = 6;
\copy (SELECT bytes FROM wire WHERE id = 6) TO 'results/leakage_profile.bin' (FORMAT binary)
\copy received FROM 'results/leakage_profile.bin' (FORMAT binary)
SELECT what FROM wire WHERE id = 7;
\copy (SELECT bytes FROM wire WHERE id = 7) TO 'results/leakage_profile.bin' (FORMAT binary)
\copy received FROM 'results/leakage_profile.bin' (FORMAT binary)
SELECT what FROM wire WHERE id = 8;
\copy (SELECT bytes FROM wire WHERE id = 8) TO 'results/leakage_profile.bin' (FORMAT binary)
\copy received FROM 'results/leakage_profile.bin' (FORMAT binary)
SELECT what FROM wire WHERE id = 9;
\copy (SELECT bytes FROM wire WHERE id = 9) TO 'results/leakage_profile.bin' (FORMAT binary)
\copy received FROM 'results/leakage_profile.bin' (FORMAT binary)
SELECT what FROM wire WHERE id = 10;
\copy (SELECT bytes FROM wire WHERE id = 10) TO 'results/leakage_profile.bin' (FORMAT binary)
\copy received FROM 'results/leakage_profile.bin' (FORMAT binary)
SELECT what FROM wire WHERE id = 11;
\copy (SELECT bytes FROM wire WHERE id = 11) TO 'results/leakage_profile.bin' (FORMAT binary)
\copy received FROM 'results/leakage_profile.bin' (FORMAT binary)
SELECT what FROM wire WHERE id = 12;
\copy (SELECT bytes FROM wire WHERE id = 12) TO 'results/leakage_profile.bin' (FORMAT binary)
\copy received FROM 'results/leakage_profile.bin' (FORMAT binary)
SELECT what FROM wire WHERE id = 13;
\copy (SELECT bytes FROM wire WHERE id = 13) TO 'results/leakage_profile.bin' (FORMAT binary)
\copy received FROM 'results/leakage_profile.bin' (FORMAT binary)
SELECT what FROM wire WHERE id = 14;
\copy (SELECT bytes FROM wire WHERE id = 14) TO 'results/leakage_profile.bin' (FORMAT binary)
\copy received FROM 'results/leakage_profile.bin' (FORMAT binary)
SELECT what FROM wire WHERE id = 15;
\copy (SELECT bytes FROM wire WHERE id = 15) TO 'results/leakage_profile.bin' (FORMAT binary)
\copy received FROM 'results/leakage_profile.bin' (FORMAT binary)
SELECT what FROM wire WHERE id = 16;
\copy (SELECT bytes FROM wire WHERE id = 16) TO 'results/leakage_profile.bin' (FORMAT binary)
\copy received FROM 'results/leakage_profile.bin' (FORMAT binary)
SELECT what FROM wire WHERE id = 17;
\copy (SELECT bytes FROM wire WHERE id = 17) TO 'results/leakage_profile.bin' (FORMAT binary)
\copy received FROM 'results/leakage_profile.bin' (FORMAT binary)
SELECT what FROM wire WHERE id = 18;
\copy (SELECT bytes FROM wire WHERE id = 18) TO 'results/leakage_profile.bin' (FORMAT binary)
\copy received FROM 'results/leakage_profile.bin' (FORMAT binary)
SELECT what, profile, _leakage.leakage_profile_send(profile) = bytes AS same_bytes
FROM received JOIN wire ON bytes = _leakage.leakage_profile_send(profile) ORDER BY id;

--
-- Accessors
--
SELECT * FROM periods('{22: 10.5/11.2, 23: -/11, 25: 0/-, 26: -4#2/1#2}');
SELECT p, actual_total(p), expected_total(p), active_periods(p), missing_periods(p), is_truncated(p)
FROM (VALUES
	('{22: 10.5/11.2, 23: -/11, 25: 0/-, 26: -4#2/1#2}'::leakage_profile),
	('{1: -/1, 2: -/1}'),                                     -- no active period
	('{1: -/1, 5: 2/2, 9: -/1}'),                             -- only periods in between count
	('{-2147483648: 1/-, 0: -/1, 2147483647: 1/-}'),
	('{1: 9223372036854.775807/9223372036854.775807, 2: 9223372036854.775807/9223372036854.775807}'),
	('{1: -9223372036854.775808/-, 2: -9223372036854.775808/-}'),
	(NULL)) v(p);
SELECT count(*) FROM periods(NULL);

--
-- Equality
--
SELECT a, b, a::leakage_profile = b::leakage_profile AS eq, a::leakage_profile <> b::leakage_profile AS ne
FROM (VALUES ('{1: 1/1}', '{1: 1.0/1}'), ('{1: 1/1}', '{1: 1/1#2}'), ('{1: 1/1}', '{2: 1/1}'),
	('{1: 1/1}', '{1: 1/1, 2: 1/1}'), ('{1: 0/1}', '{1: -/1}'), ('{1: 0/1}', NULL)) v(a, b);

--
-- Merging
--
SELECT rollup(p) FROM (VALUES ('{1: 1/1, 3: 3/3}'::leakage_profile), (NULL), ('{2: 2/-, 3: 0.5/-}'), ('{-1: -/1}')) v(p);
SELECT rollup(p) FROM (VALUES (NULL::leakage_profile)) v(p);
SELECT rollup(p) FROM (VALUES ('{1: 1/1}'::leakage_profile)) v(p) WHERE false;
SELECT (SELECT rollup(p) FROM (SELECT leakage_profile(period, actual, expected) AS p FROM weeks GROUP BY who) s)
	= (SELECT leakage_profile(period, actual, expected) FROM weeks) AS rolled_up_is_whole;
-- support functions called directly do not change their arguments
WITH v AS MATERIALIZED (SELECT '{1: 1/1}'::leakage_profile AS p, '{2: 2/2}'::leakage_profile AS q)
SELECT _leakage.leakage_profile_transition(p, 1, 5, 5), _leakage.leakage_profile_transition(p, NULL, 5, 5),
	_leakage.leakage_profile_transition(NULL, 1, 5, NULL), _leakage.leakage_profile_transition(NULL, 1, NULL, NULL),
	_leakage.leakage_profile_combine(p, q), _leakage.leakage_profile_combine(NULL, q), _leakage.leakage_profile_combine(p, NULL),
	_leakage.leakage_profile_combine(NULL, NULL), _leakage.leakage_profile_final(p), _leakage.leakage_profile_final(NULL), p, q FROM v;
-- the spare capacity of a state does not show
SELECT pg_column_size(_leakage.leakage_profile_transition('{1: 1/1}', 2, 1, 1));
-- values read from a table, with a short header or compressed
CREATE TABLE stored (id int, profile leakage_profile);
INSERT INTO stored SELECT n, leakage_profile(i, i % 7, 5) FROM (VALUES (1), (3), (200), (900)) v(n), generate_series(1, n) i GROUP BY n;
SELECT s.id, pg_column_size(s.profile) < 128 AS short_header, s.id > 500 AND pg_column_size(s.profile) < 16 + 32 * s.id AS compressed,
	s.profile = t.p AS same, _leakage.leakage_profile_combine(s.profile, s.profile) = _leakage.leakage_profile_combine(t.p, s.profile) AS same_combined
FROM stored s, LATERAL (SELECT leakage_profile(i, i % 7, 5) AS p FROM generate_series(1, s.id) i) t ORDER BY s.id;
SELECT active_periods(rollup(profile)), actual_total(rollup(profile)) = sum(actual_total(profile)) AS same_total FROM stored;

--
-- The same bytes from any order, split, worker or shard
--
CREATE TABLE many AS
SELECT i AS id, i % 97 AS who, i * 7919 % 53 AS period,
	CASE WHEN i % 11 > 0 THEN (i * 31 % 1000) / 8.0 - 10 END AS actual,
	CASE WHEN i % 13 > 0 THEN (i * 17 % 1000) / 16.0 END AS expected
FROM generate_series(1, 20000) i;
ALTER TABLE many SET (parallel_workers = 4);
ANALYZE many;

SET max_parallel_workers_per_gather = 0;
CREATE TABLE serial_profiles AS SELECT who, leakage_profile(period, actual, expected) AS profile FROM many GROUP BY who;
SELECT count(*), sum(active_periods(profile)) AS active, sum(actual_total(profile)) AS actual, sum(expected_total(profile)) AS expected
FROM serial_profiles;
SELECT sum(actual) AS actual, sum(expected) AS expected FROM many;
-- shuffled
SELECT count(*) AS groups, count(*) FILTER (WHERE _leakage.leakage_profile_send(s.profile) = _leakage.leakage_profile_send(t.profile)) AS same_bytes
FROM serial_profiles s JOIN (
	SELECT who, leakage_profile(period, actual, expected ORDER BY md5(id::text)) AS profile FROM many GROUP BY who) t USING (who);
-- split and rolled up
SELECT count(*) AS groups, count(*) FILTER (WHERE _leakage.leakage_profile_send(s.profile) = _leakage.leakage_profile_send(t.profile)) AS same_bytes
FROM serial_profiles s JOIN (
	SELECT who, rollup(part ORDER BY md5(shard::text)) AS profile
	FROM (SELECT who, id % 5 AS shard, leakage_profile(period, actual, expected) AS part FROM many GROUP BY 1, 2) u
	GROUP BY who) t USING (who);

SET max_parallel_workers_per_gather = 4;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SELECT plan_has('SELECT who, leakage_profile(period, actual, expected) FROM many GROUP BY who', 'Partial') AS partial,
	plan_has('SELECT who, leakage_profile(period, actual, expected) FROM many GROUP BY who', 'Gather') AS parallel,
	plan_has('SELECT rollup(profile) FROM serial_profiles', 'Partial') AS rollup_partial;
CREATE TABLE parallel_profiles AS SELECT who, leakage_profile(period, actual, expected) AS profile FROM many GROUP BY who;
SELECT count(*) AS groups, count(*) FILTER (WHERE _leakage.leakage_profile_send(s.profile) = _leakage.leakage_profile_send(t.profile)) AS same_bytes
FROM serial_profiles s JOIN parallel_profiles t USING (who);
-- partial states with no row that counts
SELECT leakage_profile(NULL, actual, expected) IS NULL AS nothing,
	leakage_profile(period, actual, expected) FILTER (WHERE id = 7) AS one_row,
	rollup(NULL::leakage_profile) IS NULL AS nothing_to_roll_up FROM many;
CREATE TABLE rolled_up AS SELECT rollup(profile) AS profile FROM serial_profiles;
-- worker states small enough for a short header
CREATE TABLE small AS SELECT i % 7 AS k, leakage_profile(i % 2, 1, 0.5) AS profile FROM generate_series(1, 1000) i GROUP BY i;
ALTER TABLE small SET (parallel_workers = 4);
ANALYZE small;
SELECT plan_has('SELECT k, rollup(profile) FROM small GROUP BY k', 'Partial') AS partial;
SELECT k, rollup(profile) FROM small GROUP BY k ORDER BY k;
SELECT rollup(profile) FROM small;
SET max_parallel_workers_per_gather = 0;
SELECT _leakage.leakage_profile_send((SELECT profile FROM rolled_up))
	= _leakage.leakage_profile_send((SELECT leakage_profile(period, actual, expected) FROM many)) AS same_bytes;

-- partitionwise, grouped by a column other than the partition key
CREATE TABLE parts (LIKE many) PARTITION BY RANGE (period);
CREATE TABLE parts_1 PARTITION OF parts FOR VALUES FROM (MINVALUE) TO (20);
CREATE TABLE parts_2 PARTITION OF parts FOR VALUES FROM (20) TO (40);
CREATE TABLE parts_3 PARTITION OF parts FOR VALUES FROM (40) TO (MAXVALUE);
INSERT INTO parts SELECT * FROM many;
ANALYZE parts;
SET enable_partitionwise_aggregate = on;
SELECT plan_has('SELECT who, leakage_profile(period, actual, expected) FROM parts GROUP BY who', 'Partial') AS partial;
SELECT count(*) AS groups, count(*) FILTER (WHERE _leakage.leakage_profile_send(s.profile) = _leakage.leakage_profile_send(t.profile)) AS same_bytes
FROM serial_profiles s JOIN (SELECT who, leakage_profile(period, actual, expected) AS profile FROM parts GROUP BY who) t USING (who);
RESET enable_partitionwise_aggregate;

--
-- Two aggregates that share a state: this one has no final function, and shows
-- the state as it is, with its spare capacity
--
CREATE AGGREGATE profile_state(integer, numeric, numeric) (
	SFUNC = _leakage.leakage_profile_transition, STYPE = leakage_profile, COMBINEFUNC = _leakage.leakage_profile_combine, PARALLEL = SAFE);
SELECT leakage_profile(period, actual, expected) AS profile, profile_state(period, actual, expected) AS state,
	pg_column_size(leakage_profile(period, actual, expected)) AS size, pg_column_size(profile_state(period, actual, expected)) AS state_size,
	leakage_profile(period, actual, expected) = profile_state(period, actual, expected) AS same,
	_leakage.leakage_profile_send(leakage_profile(period, actual, expected)) = _leakage.leakage_profile_send(profile_state(period, actual, expected)) AS same_bytes
FROM weeks WHERE who = 'a';
SELECT id, leakage_profile(period, actual, expected) OVER w, profile_state(period, actual, expected) OVER w
FROM weeks WHERE who = 'a' WINDOW w AS (ORDER BY id) ORDER BY id;
SELECT _leakage.leakage_profile_transition(profile_state(period, actual, expected), 99, 1, 1), rollup(rolled) FROM weeks,
	LATERAL (SELECT _leakage.leakage_profile_transition('{1: 1/1}', id, 1, 1) AS rolled) r WHERE who = 'a';

--
-- Moving frames, compared with a recomputation
--
SELECT id, leakage_profile(period, actual, expected) OVER (ORDER BY id ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) FROM weeks ORDER BY id;
CREATE VIEW few AS SELECT * FROM many WHERE id <= 400;
SELECT count(*) AS rows, count(moved) AS profiles, count(*) FILTER (WHERE moved::text IS DISTINCT FROM again::text) AS differ,
	count(*) FILTER (WHERE _leakage.leakage_profile_send(moved) IS DISTINCT FROM _leakage.leakage_profile_send(again)) AS bytes_differ
FROM (SELECT id, leakage_profile(period % 5, actual, expected) OVER (ORDER BY id ROWS BETWEEN 20 PRECEDING AND 3 PRECEDING) AS moved FROM few) m,
	LATERAL (SELECT leakage_profile(period % 5, actual, expected) AS again FROM few s WHERE s.id BETWEEN m.id - 20 AND m.id - 3) a;
SELECT count(*) AS rows, count(moved) AS profiles, count(*) FILTER (WHERE moved::text IS DISTINCT FROM again::text) AS differ
FROM (SELECT id, leakage_profile(nullif(period, 3), actual, expected) OVER (ORDER BY id ROWS BETWEEN CURRENT ROW AND 1 FOLLOWING) AS moved FROM few) m,
	LATERAL (SELECT leakage_profile(nullif(period, 3), actual, expected) AS again FROM few s WHERE s.id BETWEEN m.id AND m.id + 1) a;
SELECT count(*) AS rows, count(*) FILTER (WHERE moved::text IS DISTINCT FROM again::text) AS differ
FROM (SELECT who, period, id, leakage_profile(period, actual, expected) OVER (PARTITION BY who ORDER BY period RANGE BETWEEN 4 PRECEDING AND 2 FOLLOWING EXCLUDE CURRENT ROW) AS moved FROM few) m,
	LATERAL (SELECT leakage_profile(period, actual, expected) AS again FROM few s
		WHERE s.who = m.who AND s.period BETWEEN m.period - 4 AND m.period + 2 AND s.id <> m.id) a;
-- a frame with more periods than a profile holds: the inverse gives up, and the result is still right
SELECT count(*) AS rows, count(*) FILTER (WHERE is_truncated(moved)) AS truncated, count(*) FILTER (WHERE moved::text IS DISTINCT FROM again::text) AS differ
FROM (SELECT i, leakage_profile(-i, i, 1) OVER (ORDER BY i ROWS BETWEEN 1030 PRECEDING AND CURRENT ROW) AS moved FROM generate_series(1, 1100) i) m,
	LATERAL (SELECT leakage_profile(-j, j, 1) AS again FROM generate_series(greatest(m.i - 1030, 1), m.i) j) a
WHERE i % 20 = 0;

--
-- More periods than a profile holds: the latest stay, whatever the order
--
SELECT n, is_truncated(p), active_periods(p), missing_periods(p), (SELECT min(period) FROM periods(p)) AS first, (SELECT max(period) FROM periods(p)) AS last,
	left(p::text, 30) AS text
FROM (VALUES (1023), (1024), (1025), (3000)) v(n), LATERAL (SELECT leakage_profile(i, 1, 2) AS p FROM generate_series(1, n) i) s;
CREATE TABLE long AS SELECT i AS id, i * 7 % 3001 AS period, i / 100.0 AS actual, i / 50.0 AS expected FROM generate_series(1, 6000) i;
SELECT count(*) AS profiles, count(DISTINCT _leakage.leakage_profile_send(p)) AS different_bytes, bool_and(is_truncated(p)) AS truncated,
	min((SELECT min(period) FROM periods(p))) AS first, min(active_periods(p)) AS active
FROM (
	SELECT leakage_profile(period, actual, expected ORDER BY period) FROM long
	UNION ALL SELECT leakage_profile(period, actual, expected ORDER BY period DESC) FROM long
	UNION ALL SELECT leakage_profile(period, actual, expected ORDER BY md5(id::text)) FROM long
	UNION ALL SELECT rollup(p) FROM (SELECT leakage_profile(period, actual, expected) p FROM long GROUP BY period) s
	UNION ALL SELECT rollup(p ORDER BY k) FROM (SELECT id % 4 AS k, leakage_profile(period, actual, expected) p FROM long GROUP BY 1) s
	UNION ALL SELECT rollup(p ORDER BY k DESC) FROM (SELECT id % 4 AS k, leakage_profile(period, actual, expected) p FROM long GROUP BY 1) s
	UNION ALL SELECT rollup(p ORDER BY k) FROM (SELECT period / 1000 AS k, leakage_profile(period, actual, expected) p FROM long GROUP BY 1) s
	UNION ALL SELECT rollup(p ORDER BY k DESC) FROM (SELECT period / 1000 AS k, leakage_profile(period, actual, expected) p FROM long GROUP BY 1) s
	UNION ALL SELECT leakage_profile(period, actual, expected)::text::leakage_profile FROM long
	UNION ALL SELECT leakage_profile(period, actual, expected) FROM long WHERE period > 1000 OR period < 10
) v(p);

DROP TABLE weeks, wire, received, stored, many, serial_profiles, parallel_profiles, rolled_up, parts, long, small CASCADE;
DROP AGGREGATE profile_state(integer, numeric, numeric);
DROP FUNCTION raises(text);
DROP FUNCTION plan_has(text, text);
