--
-- leakage_model: text and binary form, leakage_fit, leakage_assess, leakage_periods
--
-- Figures are rounded so that the last bit of a platform's exp() does not show.

-- ---------------------------------------------------------------------------
-- A table of 1500 entities over 14 periods; some entities leak, and some share a change in period 9
-- ---------------------------------------------------------------------------

-- a figure from 0 to 1 that depends only on the arguments
CREATE FUNCTION toss(VARIADIC integer[]) RETURNS double precision
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
AS $$ SELECT ('x' || substr(md5(array_to_string($1, ',')), 1, 7))::bit(28)::integer / 268435456.0::float8 $$;

CREATE TABLE row_of AS
SELECT u, w,
	   CASE WHEN u % 75 = 1 AND w BETWEEN 2 AND 13 AND toss(u, w, 5) < 0.4 THEN NULL
			WHEN toss(u, w, 1) < 0.012 THEN NULL
			WHEN u % 75 = 2 AND toss(u, w, 5) < 0.4 THEN 0
			ELSE round((10 * exp(0.9 * (toss(u, 2) + toss(u, 3) + toss(u, 4) - 1.5) * 0.6)
						* (0.55 + 0.9 * (toss(u, w, 2) + toss(u, w, 3)) / 2)
						* CASE WHEN u % 75 = 3 AND w > 3 + u / 75 % 8 THEN 0.3
							   WHEN u % 75 = 4 THEN 0.25
							   WHEN u % 75 = 5 AND w > 8 THEN 0.5 ELSE 1 END)::numeric, 6)
	   END AS actual,
	   10::numeric AS expected
FROM generate_series(1, 1500) u, generate_series(1, 14) w;

CREATE TABLE entity AS
SELECT u, u % 75 AS kind, leakage_profile(w, actual, expected) AS profile FROM row_of GROUP BY u;

-- ---------------------------------------------------------------------------
-- Learning
-- ---------------------------------------------------------------------------

-- no rows, and only NULLs
SELECT leakage_fit(profile, NULL) IS NULL AS no_rows FROM entity WHERE false;
SELECT leakage_fit(NULL, NULL) IS NULL AS only_nulls FROM entity;

CREATE TABLE model AS SELECT 0 AS round, leakage_fit(profile, NULL) AS m FROM entity;
DO $$
BEGIN
	FOR r IN 1 .. 8 LOOP
		INSERT INTO model
		SELECT r, leakage_fit(e.profile, p.m) FROM entity e, model p WHERE p.round = r - 1;
	END LOOP;
END $$;
SELECT round, leakage_model_method(m) AS method, leakage_model_round(m) AS model_round,
	   leakage_model_users(m) AS users
FROM model WHERE round IN (0, 1, 8) ORDER BY round;

-- what the model has learned: 1.2 % missing periods, 20 leaks of each kind
SELECT parameter, round(value::numeric, 2) AS value, meaning
FROM model, leakage_model_parameters(m) WHERE round = 8;
SELECT count(*) AS no_rows FROM leakage_model_parameters(NULL);

-- the same bytes in any order, with parallel workers, and over partitions
CREATE TABLE shuffled AS SELECT * FROM entity ORDER BY md5(u::text);
CREATE TABLE part (u integer, kind integer, profile leakage_profile, slice integer) PARTITION BY LIST (slice);
CREATE TABLE part_0 PARTITION OF part FOR VALUES IN (0);
CREATE TABLE part_1 PARTITION OF part FOR VALUES IN (1);
CREATE TABLE part_2 PARTITION OF part FOR VALUES IN (2);
INSERT INTO part SELECT *, u % 3 FROM entity;
ANALYZE entity, shuffled, part;

-- number of partial aggregates in a plan
CREATE FUNCTION partial_aggregates(query text) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
	line text;
	found_partial integer := 0;
BEGIN
	FOR line IN EXECUTE 'EXPLAIN (COSTS OFF) ' || query LOOP
		found_partial := found_partial + (line LIKE '%Partial Aggregate%')::integer;
	END LOOP;
	RETURN found_partial;
END $$;
CREATE TABLE got (how text, round integer, bytes bytea);
INSERT INTO got SELECT 'serial', round, _leakage.leakage_model_send(leakage_fit(profile, m))
FROM entity, (SELECT -1 AS round, NULL::leakage_model AS m UNION ALL TABLE model) x GROUP BY round, m::text;
INSERT INTO got SELECT 'shuffled', round, _leakage.leakage_model_send(leakage_fit(profile, m))
FROM shuffled, (SELECT -1 AS round, NULL::leakage_model AS m UNION ALL TABLE model) x GROUP BY round, m::text;

SET max_parallel_workers_per_gather = 2;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SET enable_partitionwise_aggregate = on;
SELECT partial_aggregates('SELECT leakage_fit(profile, NULL) FROM entity') AS parallel,
	   partial_aggregates('SELECT leakage_fit(profile, NULL) FROM part') AS partitions;
DO $$
DECLARE
	model leakage_model;
BEGIN
	FOR r IN 0 .. 9 LOOP
		model := CASE WHEN r > 0 THEN (SELECT m FROM model x WHERE x.round = r - 1) END;
		INSERT INTO got SELECT 'parallel', r - 1, _leakage.leakage_model_send(leakage_fit(profile, model)) FROM entity;
		INSERT INTO got SELECT 'partitions', r - 1, _leakage.leakage_model_send(leakage_fit(profile, model)) FROM part;
	END LOOP;
END $$;
RESET max_parallel_workers_per_gather;
RESET parallel_setup_cost;
RESET parallel_tuple_cost;
RESET min_parallel_table_scan_size;
RESET enable_partitionwise_aggregate;
SELECT how, count(*) AS rounds FROM got GROUP BY how ORDER BY how COLLATE "C";
SELECT round, count(DISTINCT bytes) AS different FROM got GROUP BY round HAVING count(DISTINCT bytes) > 1;

-- two aggregates on one state, FILTER, grouping sets, a running window
SELECT leakage_model_users(leakage_fit(profile, NULL)) AS users,
	   leakage_model_method(leakage_fit(profile, NULL)) AS method,
	   leakage_model_users(leakage_fit(profile, NULL) FILTER (WHERE u > 1000)) AS filtered,
	   leakage_model_method(leakage_fit(profile, NULL) FILTER (WHERE u > 1000)) AS small
FROM entity;
SELECT u % 2 AS odd, leakage_model_users(leakage_fit(profile, NULL)) AS users
FROM entity GROUP BY GROUPING SETS ((), (u % 2)) ORDER BY 1 NULLS FIRST;
SELECT u, leakage_model_users(leakage_fit(profile, NULL) OVER (ORDER BY u)) AS users
FROM entity WHERE u <= 3 ORDER BY u;

-- one model for all rows
SELECT leakage_fit(profile, CASE WHEN u > 7 THEN m END) FROM entity, model WHERE round = 3;

-- a small table: closed form, and no further rounds
CREATE TABLE small AS SELECT leakage_fit(profile, NULL) AS m FROM entity WHERE u <= 600;
SELECT leakage_model_method(m) AS method, leakage_model_users(m) AS users, leakage_model_round(m) AS round FROM small;
SELECT leakage_fit(profile, m)::text = m::text AS unchanged FROM entity, small GROUP BY m::text;

-- entities with little to learn from
SELECT leakage_model_method(m) AS method, leakage_model_users(m) AS users,
	   (SELECT count(*) FROM leakage_model_parameters(m) WHERE value <> value) AS not_a_number
FROM (SELECT leakage_fit(leakage_profile_of::leakage_profile, NULL) AS m
	  FROM (VALUES ('{1: 5/5}'), ('{1: 0/5, 2: 0/5, 3: 0/0}'), ('{1: -/5}'), ('{7: 5/0, 8: 5/0, 9: 5/0}'),
			('{1: -3/5, 2: -3/5}'), ('{-2147483648: 1/1, 2147483647: 1/1}')) AS x(leakage_profile_of)) y;
-- the same entities many times over, fitted in several rounds
CREATE TABLE odd AS
SELECT x::leakage_profile AS profile
FROM generate_series(1, 1200), unnest(ARRAY['{1: 5/5, 2: 5/5, 3: 5/5}', '{1: 0/5, 2: 0/5, 3: 0/0}', '{1: 5/5}',
	'{-2147483648: 1/1, 2147483647: 1/1}', '{7: 5/0, 8: 5/0, 9: 5/0}']) x;
DO $$
DECLARE
	model leakage_model;
BEGIN
	FOR r IN 0 .. 5 LOOP
		model := (SELECT leakage_fit(profile, model) FROM odd);
	END LOOP;
	RAISE NOTICE '% % not a number: %', leakage_model_method(model), leakage_model_users(model),
		(SELECT count(*) FROM leakage_model_parameters(model) WHERE value <> value OR abs(value) > 1e15);
END $$;

-- ---------------------------------------------------------------------------
-- Assessing
-- ---------------------------------------------------------------------------

CREATE TABLE assessed AS
SELECT u, kind, a.* FROM entity, model, leakage_assess(profile, m) a WHERE round = 8;

-- who leaks, and why
SELECT CASE WHEN kind BETWEEN 1 AND 4 THEN kind ELSE 0 END AS kind, reason, count(*),
	   round(min(score)) AS min_score, round(sum(expected_leak)) AS expected_leak
FROM assessed WHERE leak_probability > 0.5 GROUP BY 1, 2 ORDER BY 1, 2;
-- who shares a change
SELECT kind, event_period, count(*), round(avg(event_factor::numeric), 1) AS factor, sum(event_money) > 0 AS money,
	   round(max(leak_probability::numeric), 1) AS leak_probability
FROM assessed WHERE p_event > 0.5 GROUP BY 1, 2 ORDER BY 1, 2;
SELECT count(*) AS without_event FROM assessed
WHERE p_event <= 0.5 AND (event_period IS NOT NULL OR event_factor IS NOT NULL OR event_money IS NOT NULL);
-- one entity of each kind
SELECT kind, reason, round(leak_probability::numeric, 4) AS probability, round(score::numeric, 2) AS score,
	   round(amount, 2) AS amount, round(expected_leak, 2) AS expected_leak, change_period,
	   round(change_factor::numeric, 2) AS factor, round(level::numeric, 2) AS level,
	   round(own_share::numeric, 2) AS own, missing_periods AS missing, zero_periods AS zero,
	   round(expected_missing::numeric, 2) AS expected, method, p_value
FROM assessed WHERE u BETWEEN 300 AND 305 ORDER BY u;

-- parts and sums
SELECT count(*) AS entities,
	   count(*) FILTER (WHERE abs(p_missing + p_zero + p_drop + p_underbilled - leak_probability) > 1e-9) AS parts,
	   count(*) FILTER (WHERE abs(leak_probability + p_no_leak - 1) > 1e-9) AS complements,
	   count(*) FILTER (WHERE leak_probability >= 1 OR p_no_leak <= 0) AS certain,
	   count(*) FILTER (WHERE score NOT BETWEEN 0 AND 100) AS scores
FROM assessed;
SELECT count(*) AS other_sums
FROM (SELECT u, sum(p.expected_leak) AS total FROM entity, model, leakage_periods(profile, m) p
	  WHERE round = 8 GROUP BY u) x
JOIN assessed USING (u) WHERE total <> expected_leak;
SELECT p.period, p.present, p.actual, p.expected, round(p.expected_leak, 1) AS expected_leak, p.concerned
FROM entity, model, leakage_periods(profile, m) p WHERE round = 8 AND u = 301;

-- the closed form, and no model at all
SELECT kind, reason, round(leak_probability::numeric, 2) AS probability, round(p_value::numeric, 4) AS p_value, method
FROM entity, small, leakage_assess(profile, m) WHERE u BETWEEN 300 AND 305 ORDER BY u;
SELECT kind, reason, round(leak_probability::numeric, 2) AS probability, round(p_value::numeric, 4) AS p_value, method
FROM entity, leakage_assess(profile, NULL) WHERE u BETWEEN 300 AND 305 ORDER BY u;

-- NULLs
SELECT leakage_assess(NULL, m) IS NULL AS no_profile, leakage_assess(NULL, NULL) IS NULL AS nothing FROM model WHERE round = 8;
SELECT count(*) AS no_rows FROM model, leakage_periods(NULL, m);

-- odd histories, with and without a model
CREATE TABLE odd_one (n integer, profile leakage_profile);
INSERT INTO odd_one VALUES
	(1, '{1: 5/5}'),
	(2, '{1: -/5, 2: -/5}'),
	(3, '{1: 0/5, 2: 0/5, 3: 0/5, 4: 0/5}'),
	(4, '{1: 5/5, 2: 5/5, 3: 5/5, 4: 5/5, 5: 5/5, 6: 5/5}'),
	(5, '{1: 5/0, 2: 5/0, 3: 5/0, 4: 5/0, 5: 5/0}'),
	(6, '{1: -5/5, 2: -5/5, 3: 5/5}'),
	(7, '{-2147483648: 1/1, 2147483647: 1/1}'),
	(8, '{1: 0.000001/1000000, 2: 0.000001/1000000, 3: 1000000/0.000001, 4: 1000000/0.000001, 5: -/1000000, 6: 1/1}'),
	(9, '{1: -/5, 2: 5/5, 4: 5/5, 9: -/5}');
INSERT INTO odd_one
SELECT 10, leakage_profile(w, CASE WHEN w % 10 > 0 THEN 5 + w % 3 END, 5) FROM generate_series(1, 1024) w;
INSERT INTO odd_one
SELECT 11, leakage_profile(w, CASE WHEN w > 1500 THEN 1 ELSE 5 END + w % 3, 5) FROM generate_series(1, 2000) w;
INSERT INTO odd_one
SELECT 12, leakage_profile(w, 1 + w % 2, 8) FROM generate_series(1, 1024) w;
INSERT INTO odd_one
SELECT 13, leakage_profile(w, CASE WHEN w % 2 = 0 THEN 0 ELSE 5 END, 5) FROM generate_series(1, 1024) w;
SELECT n, method, reason, round(leak_probability::numeric, 3) AS probability, round(score::numeric, 1) AS score,
	   round(amount, 0) AS amount, round(expected_leak, 0) AS expected_leak, change_period,
	   missing_periods AS missing, zero_periods AS zero, round(p_value::numeric, 3) AS p_value
FROM odd_one, (SELECT m FROM model WHERE round = 8 UNION ALL SELECT m FROM small UNION ALL SELECT NULL) x,
	 leakage_assess(profile, m) ORDER BY n, method;
SELECT n, leakage_model_method(m) AS method, count(*) AS periods, sum(p.expected_leak) = min(a.expected_leak) AS same_sum
FROM odd_one, (SELECT m FROM model WHERE round = 8 UNION ALL SELECT m FROM small UNION ALL SELECT NULL) x,
	 leakage_periods(profile, m) p, leakage_assess(profile, m) a
GROUP BY 1, 2 ORDER BY 1, 2;
-- amounts at the end of the range
SELECT method, reason, amount < 1e14 AS bounded
FROM (SELECT m FROM model WHERE round = 8 UNION ALL SELECT m FROM small UNION ALL SELECT NULL) x,
	 leakage_assess('{1: 9223372036854.775807/0.000001, 2: -/9223372036854.775807, 3: -/9223372036854.775807, 4: 9223372036854.775807/0.000001, 5: 0.000001/9223372036854.775807, 6: -9223372036854.775808/5}', m)
ORDER BY method;
-- missing periods that the profile does not hold
SELECT p.period, p.present, p.actual, p.expected, p.concerned
FROM leakage_periods('{0: -/5, 1: 4/5, 4: 4/6, 5: -/7, 6: 4/6, 9: -/5}', NULL) p;

-- ---------------------------------------------------------------------------
-- Text and binary form
-- ---------------------------------------------------------------------------

SELECT count(*) AS models, count(*) FILTER (WHERE m::text::leakage_model::text = m::text) AS round_trip FROM
	(SELECT m FROM model UNION ALL SELECT m FROM small) x;
SELECT length(_leakage.leakage_model_send(m)) AS bytes FROM model WHERE round = 8;

-- hostile text
CREATE FUNCTION refused(what text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	RETURN what::leakage_model::text;
EXCEPTION WHEN others THEN
	RETURN sqlstate || ' ' || sqlerrm;
END $$;
CREATE TABLE small_text AS
SELECT _leakage.leakage_model_out(m)::text AS t FROM small;
SELECT refused(''), refused('{'), refused('{}'), refused('{method: magic'), refused(repeat('x', 100));
SELECT part, refused(regexp_replace(t, part, becomes)) AS error
FROM small_text, (VALUES
	(1, 'round: 0', 'round: 10001'), (2, 'round: 0', 'round: -1'), (3, 'users: 600', 'users: -1'),
	(4, 'users: 600', 'users: 99999999999999999999'), (5, 'sigma: [0-9.]+', 'sigma: 17'),
	(6, 'sigma: [0-9.]+', 'sigma: 1e3'), (7, 'sigma: [0-9.]+', 'sigma: NaN'), (8, 'sigma: [0-9.]+', 'sigma: 0.0000000001'),
	(9, 'sigma', 'omega'), (10, 'rate_missing: [0-9.]+', 'rate_missing: 0.2'),
	(11, 'noise: \{\}', 'noise: {0: 1}'), (12, 'noise: \{\}', 'noise: {53: 1}'), (13, 'noise: \{\}', 'noise: {0: .5, 0: .5}'),
	(14, 'noise: \{\}', 'noise: {0: -1}'), (15, 'method: closed_form', 'method: likelihood'), (16, '\}\}$', '}} x'),
	(17, '\}\}$', '}'), (18, 'hole_rate: [0-9.]+', 'hole_rate: 0'), (19, 'hole_rate: [0-9.]+', 'hole_rate: 9999999999.999999999'),
	(20, 'level_tau2: [0-9.]+', 'level_tau2: 12345678901234567890'))
	AS x(n, part, becomes) ORDER BY n;
-- the sum of the rates has a limit too
SELECT refused(regexp_replace(t, 'rate_(missing|zero|drop|underbilled|drop_up|underbilled_up): [0-9.]+', 'rate_\1: 0.15', 'g')) LIKE '{%' AS accepted
FROM small_text;

-- hostile bytes: written to a file as bytea, and read from it as a model
CREATE TABLE wire (id integer, what text, bytes bytea);
INSERT INTO wire
SELECT n, what, CASE WHEN n = 0 THEN b WHEN at < 0 THEN substr(b, 1, greatest(length(b) + at, 0))
					 WHEN at > 1000 THEN b || '\x00'
					 ELSE overlay(b PLACING decode(hex, 'hex') FROM at + 1) END
FROM (SELECT _leakage.leakage_model_send(m) AS b FROM model WHERE round = 8) x,
	 (VALUES (0, 'as it was', 0, ''), (1, 'version', 0, '03'), (2, 'method', 1, '02'),
			 (3, 'round', 2, 'ffff'), (4, 'users', 4, 'ffffffffffffffff'), (5, 'sigma', 12, '7fffffffffffffff'),
			 (6, 'closed form with noise', 1, '00'), (7, 'noise below zero', 416, 'ffffffff'),
			 (8, 'one byte less', -1, ''), (9, 'nothing', -10000, ''), (10, 'one byte more', 1001, '')) y(n, what, at, hex);
CREATE TABLE received (m leakage_model);
SELECT what FROM wire WHERE id = 0;
\copy (SELECT bytes FROM wire WHERE id = 0) TO 'results/leakage_model.bin' (FORMAT binary)
\copy received FROM 'results/leakage_model.bin' (FORMAT binary)
SELECT what FROM wire WHERE id = 1;
\copy (SELECT bytes FROM wire WHERE id = 1) TO 'results/leakage_model.bin' (FORMAT binary)
\copy received FROM 'results/leakage_model.bin' (FORMAT binary)
SELECT what FROM wire WHERE id = 2;
\copy (SELECT bytes FROM wire WHERE id = 2) TO 'results/leakage_model.bin' (FORMAT binary)
\copy received FROM 'results/leakage_model.bin' (FORMAT binary)
SELECT what FROM wire WHERE id = 3;
\copy (SELECT bytes FROM wire WHERE id = 3) TO 'results/leakage_model.bin' (FORMAT binary)
\copy received FROM 'results/leakage_model.bin' (FORMAT binary)
SELECT what FROM wire WHERE id = 4;
\copy (SELECT bytes FROM wire WHERE id = 4) TO 'results/leakage_model.bin' (FORMAT binary)
\copy received FROM 'results/leakage_model.bin' (FORMAT binary)
SELECT what FROM wire WHERE id = 5;
\copy (SELECT bytes FROM wire WHERE id = 5) TO 'results/leakage_model.bin' (FORMAT binary)
\copy received FROM 'results/leakage_model.bin' (FORMAT binary)
SELECT what FROM wire WHERE id = 6;
\copy (SELECT bytes FROM wire WHERE id = 6) TO 'results/leakage_model.bin' (FORMAT binary)
\copy received FROM 'results/leakage_model.bin' (FORMAT binary)
SELECT what FROM wire WHERE id = 7;
\copy (SELECT bytes FROM wire WHERE id = 7) TO 'results/leakage_model.bin' (FORMAT binary)
\copy received FROM 'results/leakage_model.bin' (FORMAT binary)
SELECT what FROM wire WHERE id = 8;
\copy (SELECT bytes FROM wire WHERE id = 8) TO 'results/leakage_model.bin' (FORMAT binary)
\copy received FROM 'results/leakage_model.bin' (FORMAT binary)
SELECT what FROM wire WHERE id = 9;
\copy (SELECT bytes FROM wire WHERE id = 9) TO 'results/leakage_model.bin' (FORMAT binary)
\copy received FROM 'results/leakage_model.bin' (FORMAT binary)
SELECT what FROM wire WHERE id = 10;
\copy (SELECT bytes FROM wire WHERE id = 10) TO 'results/leakage_model.bin' (FORMAT binary)
\copy received FROM 'results/leakage_model.bin' (FORMAT binary)
SELECT what FROM received JOIN wire ON bytes = _leakage.leakage_model_send(m);

--
-- Small tables: a common pattern is not a leak, and a rare one is not a second kind of user
--
CREATE TABLE common_zeros AS
SELECT u, leakage_profile(w, CASE WHEN toss(u, w, 1) < 0.4 THEN 0 ELSE 5 + 10 * toss(u, w, 2) END::numeric, 6) AS p
FROM generate_series(1, 300) AS u, generate_series(1, 14) AS w
GROUP BY u;
SELECT leakage_model_method(m) AS method, round(value::numeric, 2) AS zero_rate,
	(SELECT count(*) FILTER (WHERE a.p_no_leak < 0.5) FROM common_zeros, leakage_assess(p, m) AS a) AS likely_leaks
FROM (SELECT leakage_fit(p, NULL) AS m FROM common_zeros) AS f, leakage_model_parameters(m)
WHERE parameter = 'zero_rate';

CREATE TABLE two_of_25 AS
SELECT u, leakage_profile(w, ((CASE WHEN u <= 2 THEN 0.3 ELSE 1 END) * (5 + 10 * toss(u, w, 3)))::numeric, 10) AS p
FROM generate_series(1, 25) AS u, generate_series(1, 14) AS w
GROUP BY u;
SELECT u, a.reason
FROM (SELECT leakage_fit(p, NULL) AS m FROM two_of_25) AS f, two_of_25, leakage_assess(p, m) AS a
WHERE a.p_no_leak < 0.01
ORDER BY u;
DROP TABLE common_zeros, two_of_25;

--
-- What the rounds must not learn
--	flat		a user who pays the same each week says nothing about waves, and a drop shows at once although the expected
--				amount falls too
--	border		fees that are one bin apart in all periods because of their peers are not two levels
--	two faults	a user with a drop and zeros does not teach the model that honest users have zeros
--	outage		a zero in a period in which nobody paid is not held against the user
--	wide noise	mirrors of nothing are gone after twelve rounds
--
CREATE TABLE history (subject text, u integer, p leakage_profile);
INSERT INTO history
SELECT 'flat', u, leakage_profile(w, CASE WHEN u % 33 = 0 AND w > 3 + u / 33 % 7 THEN 5 ELSE 10 END, CASE WHEN w > 7 THEN 9.85 ELSE 10 END)
FROM generate_series(1, 1500) AS u, generate_series(1, 14) AS w
GROUP BY u;
INSERT INTO history
SELECT 'border', u, leakage_profile(w, CASE WHEN u % 2 = 0 THEN 10 ELSE 30 END, CASE WHEN u % 3 = 0 THEN 20.3 ELSE 19.9 END)
FROM generate_series(1, 1500) AS u, generate_series(1, 14) AS w
GROUP BY u;
INSERT INTO history
SELECT 'two faults', u,
	leakage_profile(w, CASE WHEN u % 50 = 1 AND w IN (2 + u / 50 % 3, 6, 10 + u / 50 % 4) THEN 0
		WHEN u % 500 = 1 AND w > 8 THEN 2 * (0.5 + toss(u, w, 5))
		ELSE 10 * (0.5 + toss(u, w, 5)) END::numeric, 10)
FROM generate_series(1, 1500) AS u, generate_series(1, 14) AS w
GROUP BY u;
INSERT INTO history
SELECT 'outage', u,
	leakage_profile(w, CASE WHEN w = 9 OR u % 50 = 1 AND w IN (2 + u / 50 % 3, 6, 10 + u / 50 % 4) THEN 0
		ELSE 10 * (0.5 + toss(u, w, 5)) END::numeric, CASE WHEN w = 9 THEN 0 ELSE 10 END)
FROM generate_series(1, 1500) AS u, generate_series(1, 14) AS w
GROUP BY u;
INSERT INTO history
SELECT 'wide noise', u,
	leakage_profile(w, (10 * exp(1.8 * (toss(u, w, 6) + toss(u, w, 7) + toss(u, w, 8) + toss(u, 6) + toss(u, 7) - 2.5))
		* CASE WHEN u % 10 = 1 AND w > 3 + u / 10 % 7 THEN 0.2 ELSE 1 END)::numeric, 10)
FROM generate_series(1, 1500) AS u, generate_series(1, 14) AS w
GROUP BY u;
CREATE FUNCTION fitted(subject text, rounds integer) RETURNS leakage_model
LANGUAGE plpgsql
AS $$
DECLARE
	m leakage_model;
BEGIN
	FOR i IN 0 .. rounds LOOP
		SELECT leakage_fit(h.p, m) INTO m FROM history AS h WHERE h.subject = fitted.subject;
	END LOOP;
	RETURN m;
END;
$$;
SELECT s.subject, count(*) AS likely_leaks,
	count(*) FILTER (WHERE CASE s.subject WHEN 'flat' THEN u % 33 = 0 WHEN 'border' THEN false WHEN 'wide noise' THEN u % 10 = 1
		ELSE u % 50 = 1 END) AS true,
	count(*) FILTER (WHERE a.reason = 'drop') AS falls,
	count(*) FILTER (WHERE a.reason = 'zero_weeks') AS zero_weeks
FROM (SELECT subject, fitted(subject, 12) AS m
		FROM (VALUES ('flat'), ('border'), ('two faults'), ('outage'), ('wide noise')) AS v (subject)) AS s
	JOIN history AS h ON h.subject = s.subject
	CROSS JOIN leakage_assess(h.p, s.m) AS a
WHERE a.p_no_leak < 0.05
GROUP BY s.subject
ORDER BY s.subject;
-- all zeros of one user, and those held against the user
SELECT a.zero_periods, array_agg(p.period) FILTER (WHERE p.actual = 0) AS zeros, array_agg(p.period) FILTER (WHERE p.concerned) AS concerned
FROM history AS h
	CROSS JOIN fitted('outage', 12) AS m
	CROSS JOIN leakage_assess(h.p, m) AS a
	CROSS JOIN leakage_periods(h.p, m) AS p
WHERE h.subject = 'outage' AND h.u = 51
GROUP BY a.zero_periods;
-- idle periods at both ends of a profile, and nothing was ever paid: no evidence
SELECT leakage_model_method(m) AS method, a.missing_periods, a.reason, a.score > 50 AS suspicious, a.leak_probability + a.p_no_leak = 1 AS adds_up
FROM (VALUES (NULL), (fitted('outage', 8))) AS v (m)
	CROSS JOIN leakage_assess('{1: 0/0, 2: -/10, 3: -/10, 4: -/10, 5: -/10, 6: 0/0}', m) AS a;

--
-- Honest users who do not pay in every period, 60 of each kind beside 1,440 others of whom 28 leak.
-- None of the kinds is a likely leak, and the leaks still are.
--
INSERT INTO history
SELECT 'payers', u,
	leakage_profile(w, CASE
		WHEN u <= 60 THEN CASE WHEN w % 4 = u % 4 THEN 40 * (0.8 + 0.4 * toss(u, w, 9)) END		-- every fourth period, else no row
		WHEN u <= 120 THEN CASE WHEN w % 3 = 1 THEN 30 * (0.8 + 0.4 * toss(u, w, 9)) ELSE 0 END	-- every third one, else rows of 0
		WHEN u <= 180 THEN CASE WHEN w > 4 THEN 10 * (0.5 + toss(u, w, 9)) ELSE 0 END			-- four free periods at the start
		WHEN u <= 240 THEN CASE WHEN w < 10 THEN 10 * (0.5 + toss(u, w, 9)) ELSE 0 END			-- rows of 0 after leaving
		WHEN u <= 300 THEN 0																	-- staff
		WHEN u <= 360 THEN CASE WHEN w IN (3, 9) THEN 10 ELSE 0 END								-- two payments in all
		WHEN u <= 420 THEN CASE WHEN (w + u) / 2 % 2 = 0 THEN 10 * (0.5 + toss(u, w, 9)) END	-- two on, two off
		WHEN u % 100 = 1 AND w IN (3, 5, 10, 12) THEN NULL
		WHEN u % 100 = 2 AND w IN (3, 5, 10, 12) THEN 0
		WHEN toss(u, w, 10) < 0.01 THEN NULL
		ELSE 10 * (0.5 + toss(u, w, 9)) END::numeric, 10)
FROM generate_series(1, 1860) AS u, generate_series(1, 14) AS w
GROUP BY u;
SELECT CASE WHEN h.u <= 420 THEN (h.u - 1) / 60 WHEN h.u % 100 IN (1, 2) THEN 7 + h.u % 100 ELSE 7 END AS kind,
	a.payment_class, CASE WHEN a.p_no_leak < 0.05 THEN a.reason END AS likely_leak, count(*)
FROM fitted('payers', 12) AS m
	JOIN history AS h ON h.subject = 'payers'
	CROSS JOIN leakage_assess(h.p, m) AS a
WHERE a.p_no_leak < 0.05 OR h.u <= 420
GROUP BY 1, 2, 3
ORDER BY 1, 2, 3;
SELECT parameter, round(value::numeric, 2) AS value
FROM leakage_model_parameters(fitted('payers', 12))
WHERE parameter IN ('rate_regular', 'rate_irregular', 'skip_rate', 'zero_rate', 'hole_rate');
-- a closed form sees those who never pay in another period than every so many, and tells the other kinds
SELECT (h.u - 1) / 60 AS kind, a.payment_class, count(*)
FROM (SELECT leakage_fit(p, NULL) AS m FROM history WHERE subject = 'payers' AND u <= 600) AS f
	JOIN history AS h ON h.subject = 'payers' AND h.u <= 420
	CROSS JOIN leakage_assess(h.p, f.m) AS a
GROUP BY 1, 2
ORDER BY 1, 2;

--
-- Honest users who are away for several periods in a row, 60 of each kind: once without rows, twice without rows, and once
-- with rows of 0. None of them is a likely leak, and those are whose periods are missing here and there.
--
INSERT INTO history
SELECT 'away', u,
	leakage_profile(w, CASE
		WHEN u <= 60 AND w > 2 + u % 6 AND w <= 4 + u % 6 + u % 4 THEN NULL
		WHEN u BETWEEN 61 AND 120 AND (w BETWEEN 3 AND 4 + u % 3 OR w BETWEEN 9 AND 10 + u / 3 % 3) THEN NULL
		WHEN u BETWEEN 121 AND 180 AND w > 2 + u % 6 AND w <= 4 + u % 6 + u % 4 THEN 0
		WHEN u > 180 AND u % 100 = 1 AND w BETWEEN 2 AND 13 AND toss(u, w, 11) < 0.5 THEN NULL
		WHEN u > 180 AND u % 100 = 2 AND toss(u, w, 11) < 0.5 THEN 0
		WHEN toss(u, w, 10) < 0.01 THEN NULL
		ELSE 10 * (0.5 + toss(u, w, 9)) END::numeric, 10)
FROM generate_series(1, 1860) AS u, generate_series(1, 14) AS w
GROUP BY u;
SELECT CASE WHEN h.u <= 180 THEN (h.u - 1) / 60 WHEN h.u % 100 IN (1, 2) THEN 2 + h.u % 100 END AS kind,
	CASE WHEN a.p_no_leak < 0.05 THEN a.reason END AS likely_leak, count(*)
FROM fitted('away', 12) AS m
	JOIN history AS h ON h.subject = 'away'
	CROSS JOIN leakage_assess(h.p, m) AS a
WHERE a.p_no_leak < 0.05 OR h.u <= 180 OR h.u % 100 IN (1, 2)
GROUP BY 1, 2
ORDER BY 1, 2;
SELECT parameter, round(value::numeric, 2) AS value
FROM leakage_model_parameters(fitted('away', 12))
WHERE parameter LIKE '%\_away';

--
-- Users who make up for what is missing have lost nothing. 20 have no rows here and there, 20 have rows of 0, and 20 fall.
-- Half of each pay much more once, and are no likely leaks. The others are.
--
INSERT INTO history
SELECT 'made up', u,
	leakage_profile(w, CASE
		WHEN u <= 60 AND u % 2 = 0 AND w = 12 THEN 110
		WHEN u <= 40 AND w IN (2 + u % 3, 6, 8 + u % 2, 11) THEN CASE WHEN u > 20 THEN 0 END
		WHEN u BETWEEN 41 AND 60 AND w > 4 + u % 7 THEN 3 * (0.5 + toss(u, w, 9))
		ELSE 10 * (0.5 + toss(u, w, 9)) END::numeric, 10)
FROM generate_series(1, 1500) AS u, generate_series(1, 14) AS w
GROUP BY u;
SELECT a.method, (h.u - 1) / 20 AS kind, h.u % 2 = 0 AS made_up, CASE WHEN a.p_no_leak < 0.05 THEN a.reason END AS likely_leak, count(*)
FROM (SELECT fitted('made up', 12) AS m UNION ALL SELECT leakage_fit(p, NULL) FROM history WHERE subject = 'made up' AND u <= 900) AS f
	JOIN history AS h ON h.subject = 'made up' AND h.u <= 60
	CROSS JOIN leakage_assess(h.p, f.m) AS a
GROUP BY 1, 2, 3, 4
ORDER BY 1, 2, 3, 4;

--
-- The closed form has no mirrors and uses the waves that it sees: the waves in flat_waves are not drops
--
CREATE TABLE flat_waves AS
SELECT u, leakage_profile(w, (CASE WHEN u % 10 = 0 THEN 10 * exp(0.4 * sin(w / 3.0 + u) + 0.1 * toss(u, w, 4)) ELSE 10 END)::numeric, 10) AS p
FROM generate_series(1, 900) AS u, generate_series(1, 14) AS w
GROUP BY u;
SELECT a.method, count(*) FILTER (WHERE a.p_no_leak < 0.5) AS likely_leaks
FROM (SELECT leakage_fit(p, NULL) AS m FROM flat_waves) AS f
	CROSS JOIN flat_waves
	CROSS JOIN leakage_assess(p, m) AS a
GROUP BY a.method;
DROP TABLE history, flat_waves;
DROP FUNCTION fitted(text, integer);

DROP TABLE row_of, entity, model, shuffled, part, got, small, odd, assessed, odd_one, small_text, wire, received;
DROP FUNCTION toss(VARIADIC integer[]), refused(text), partial_aggregates(text);
