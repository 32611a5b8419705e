--
-- expected_profiles, and leakage_periods of stored profiles: the same rows as from expected_revenue and leakage_assess
--
\set SHOW_CONTEXT never
\pset null NULL
SET client_min_messages = warning;
CREATE SCHEMA expected_profiles_test;
SET search_path = expected_profiles_test, public;

CREATE FUNCTION raises(command text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	state text; message text;
BEGIN
	EXECUTE command;
	RETURN 'no error';
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT;
	RETURN state || ': ' || message;
END $$;

-- 200 entities in five cells: some weeks are missing, week 7 for one entity in five; there are zeros, drops, and weeks
-- with several rows
CREATE TABLE bill AS
SELECT 'u' || u AS who, 'kind ' || u % 2 AS kind, CASE WHEN u % 5 > 0 THEN 'cell ' || u % 5 END AS cell, w AS week,
	CASE WHEN u % 17 = 3 AND w % 4 = 0 THEN 0 WHEN u % 23 = 5 AND w > 8 THEN 1 ELSE 10 + u % 7 + ((u * 7 + w * 3) % 5) * 0.25 END::numeric AS amount
FROM generate_series(1, 200) AS u, generate_series(1, 14) AS w
WHERE w >= 1 + u % 3 AND (u * 31 + w * 17) % 29 > 0 AND NOT (w = 7 AND u % 5 = 2);
INSERT INTO bill SELECT who, kind, cell, week, -0.5 FROM bill WHERE week = 3;
CREATE TABLE customer AS
SELECT who, kind, cell, leakage_profile(week, amount, NULL) AS weeks FROM bill GROUP BY who, kind, cell;
-- the same amounts, split over two rows, with an expectation that must not matter
CREATE TABLE half AS
SELECT who, kind, cell, leakage_profile(week, amount, 3) AS weeks FROM bill GROUP BY who, kind, cell, week % 2;

CREATE VIEW by_rows AS
SELECT entity, leakage_profile(period, actual, expected) AS profile,
	coalesce(array_agg(period ORDER BY period) FILTER (WHERE expected IS NULL), '{}') AS absent,
	peer_group, peers, peer_level, credibility
FROM expected_revenue('bill', 'who', 'week', 'amount', '{kind,cell}', min_peers => 20)
GROUP BY entity, peer_group, peers, peer_level, credibility;

SELECT count(*) AS entities, count(*) FILTER (WHERE absent = '{7}') AS absent_in_7, count(*) FILTER (WHERE missing_periods(profile) > 0) AS with_missing
FROM by_rows;
SELECT p.* FROM expected_profiles('customer', 'who', 'weeks', '{kind,cell}', min_peers => 20) AS p WHERE entity IN ('u1', 'u2', 'u3') ORDER BY entity;
SELECT count(*) AS same
FROM by_rows AS r JOIN expected_profiles('customer', 'who', 'weeks', '{kind,cell}', min_peers => 20) AS p USING (entity)
WHERE p.profile::text = r.profile::text AND (p.absent, p.peer_group, p.peers, p.peer_level, p.credibility) = (r.absent, r.peer_group, r.peers, r.peer_level, r.credibility);
SELECT count(*) AS same
FROM by_rows AS r JOIN expected_profiles('half', 'who', 'weeks', '{kind,cell}', min_peers => 20) AS p USING (entity)
WHERE p.profile::text = r.profile::text AND (p.absent, p.peer_group, p.peers, p.peer_level, p.credibility) = (r.absent, r.peer_group, r.peers, r.peer_level, r.credibility);
-- a table whose key allows one row per entity is not grouped, and gives the same rows; a child table may have more rows
CREATE TABLE keyed (LIKE customer, PRIMARY KEY (who));
INSERT INTO keyed SELECT * FROM customer;
SELECT count(*) AS same
FROM expected_profiles('customer', 'who', 'weeks', '{kind,cell}', min_peers => 20) AS p
	JOIN expected_profiles('keyed', 'who', 'weeks', '{kind,cell}', min_peers => 20) AS k ON (p.*)::text = (k.*)::text;
CREATE TABLE more () INHERITS (keyed);
INSERT INTO more SELECT * FROM customer;
SELECT count(*), sum(actual_total(k.profile)) = 2 * sum(actual_total(p.profile)) AS added
FROM expected_profiles('customer', 'who', 'weeks', '{kind,cell}', min_peers => 20) AS p
	JOIN expected_profiles('keyed', 'who', 'weeks', '{kind,cell}', min_peers => 20) AS k USING (entity);

-- a quantile; no peer columns
SELECT count(*) FILTER (WHERE p.profile = r.profile) AS same, count(*)
FROM expected_profiles('customer', 'who', 'weeks', '{kind}', 0.5) AS p
	JOIN (
		SELECT entity, leakage_profile(period, actual, expected) AS profile
		FROM expected_revenue('bill', 'who', 'week', 'amount', '{kind}', 0.5)
		GROUP BY entity) AS r USING (entity);
SELECT DISTINCT peer_group, peers, peer_level FROM expected_profiles('customer', 'who', 'weeks');

-- no rows; NULLs; one row; only expectations
CREATE TABLE few (who text, weeks leakage_profile);
SELECT * FROM expected_profiles('few', 'who', 'weeks');
INSERT INTO few VALUES (NULL, '{1: 5/-}'), ('nothing', NULL), ('expected', '{1: -/5, 2: -/5}');
SELECT * FROM expected_profiles('few', 'who', 'weeks');
INSERT INTO few VALUES ('a', '{1: 5/-}');
SELECT * FROM expected_profiles('few', 'who', 'weeks', min_peers => 1);
INSERT INTO few VALUES ('b', '{-2147483648: -1/-, 1: -/7, 2147483647: 0/-}');
SELECT * FROM expected_profiles('few', 'who', 'weeks', '{who}', min_peers => 1) ORDER BY entity;
-- the largest amounts; a sum out of range
UPDATE few SET weeks = '{1: 9223372036854.775807/-}' WHERE who = 'a';
SELECT profile FROM expected_profiles('few', 'who', 'weeks', min_peers => 1) WHERE entity = 'a';
INSERT INTO few VALUES ('a', '{1: 9223372036854.775807/-}');
SELECT raises($$ SELECT expected_profiles('few', 'who', 'weeks') $$);
TRUNCATE few;
-- an entity with more gaps than a profile holds keeps the latest, as in leakage_profile
INSERT INTO few
SELECT 'gaps', '{1: 5/-, 1100: 5/-}'
UNION ALL
SELECT 'x' || w, ('{' || w || ': 5/-}')::leakage_profile FROM generate_series(1, 1100) AS w;
SELECT is_truncated(profile), active_periods(profile), left(profile::text, 60)
FROM expected_profiles('few', 'who', 'weeks', min_peers => 1) WHERE entity = 'gaps';
CREATE VIEW gaps AS SELECT who, (p).period AS week, (p).actual AS amount FROM (SELECT who, periods(weeks) AS p FROM few) AS f;
SELECT is_truncated(leakage_profile(period, actual, expected)), left(leakage_profile(period, actual, expected)::text, 60)
FROM expected_revenue('gaps', 'who', 'week', 'amount', min_peers => 1) WHERE entity = 'gaps';
-- refused
SELECT raises($$ SELECT expected_profiles(NULL, 'who', 'weeks') $$);
SELECT raises($$ SELECT expected_profiles('few', NULL, 'weeks') $$);
SELECT raises($$ SELECT expected_profiles('few', 'who', NULL) $$);
SELECT raises($$ SELECT expected_profiles('few', 'who', 'weeks', NULL) $$);
SELECT raises($$ SELECT expected_profiles('few', 'who', 'weeks', min_peers => NULL) $$);
SELECT raises($$ SELECT expected_profiles('few', 'who', 'weeks', '{who,NULL}') $$);
SELECT raises($$ SELECT expected_profiles('few', 'who', 'weeks', quantile => 1) $$);
SELECT raises($$ SELECT expected_profiles('few', 'who', 'weeks', min_peers => 0) $$);
SELECT raises($$ SELECT expected_profiles('few', 'who', 'days') $$);
SELECT left(raises($$ SELECT expected_profiles('few', 'who', 'few') $$), 5) AS a_row;
SELECT left(raises($$ SELECT expected_profiles('few', 'who', 'who') $$), 5) AS not_a_profile;
-- another type with a rollup
CREATE TABLE summaries AS SELECT 'a' AS who, revenue_summary(w) AS weeks FROM generate_series(1, 3) AS w;
SELECT raises($$ SELECT expected_profiles('summaries', 'who', 'weeks') $$);
SELECT raises($$ SELECT expected_profiles('customer', 'kind', 'weeks', '{who}') $$) LIKE '21000: entity "kind _" has more than one value of a peer dimension: %' AS varies;
TRUNCATE few;
INSERT INTO few SELECT 'long', leakage_profile(w, 1, NULL) FROM generate_series(1, 1025) AS w;
SELECT raises($$ SELECT expected_profiles('few', 'who', 'weeks') $$);
INSERT INTO few SELECT 'in parts', leakage_profile(w, 1, NULL) FROM generate_series(1, 1025) AS w GROUP BY w % 2;
DELETE FROM few WHERE who = 'long';
SELECT raises($$ SELECT expected_profiles('few', 'who', 'weeks') $$);

--
-- what is known of periods
--
CREATE TABLE known AS SELECT who, kind, cell, weeks, NULL::leakage_profile AS known FROM customer;
CREATE UNIQUE INDEX ON known (who);
CREATE VIEW plainly AS SELECT * FROM expected_profiles('customer', 'who', 'weeks', '{kind,cell}', min_peers => 20);
CREATE VIEW knowing AS SELECT * FROM expected_profiles('known', 'who', 'weeks', '{kind,cell}', min_peers => 20, known_column => 'known');
CREATE VIEW differences AS SELECT count(*) AS differences FROM plainly AS p FULL JOIN knowing AS k USING (entity) WHERE (p.*)::text IS DISTINCT FROM (k.*)::text;
TABLE differences;
-- the factor 1, and periods that nobody has
UPDATE known SET known = '{1: 1/-, 3: 1.000000/-, 100: -/0}';
TABLE differences;
-- entities that are not judged, with a period of their own and amounts like no others', are as if they were not there
UPDATE known SET known = NULL;
INSERT INTO known SELECT 'odd ' || n, k.kind, k.cell, '{-5: 3/-, 2: 1000000/-, 4: 0/-, 90: 7/-}', leakage_profile(w, NULL, n)
FROM (SELECT DISTINCT ON (kind) kind, cell FROM customer) AS k, generate_series(1, 15) AS n, generate_series(-5, 90) AS w
WHERE k.kind = (SELECT min(kind) FROM customer) GROUP BY n, k.kind, k.cell;
SELECT count(*) AS differences FROM plainly AS p JOIN knowing AS k USING (entity) WHERE (p.*)::text IS DISTINCT FROM (k.*)::text;
SELECT profile, absent[1:3] AS absent, expected_total(profile), missing_periods, zero_periods, leak_probability < 0.5 AS unlikely, expected_leak, payment_class
FROM knowing, leakage_assess(profile, NULL) WHERE entity = 'odd 7';
DELETE FROM known WHERE who LIKE 'odd %';
-- single periods are, to others, as if the entity had no row in them (four entities are too few for a common absence)
UPDATE known SET known = '{2: -/1, 4: -/0, 5: 3/1}' WHERE who IN ('u1', 'u5', 'u9', 'u40');
CREATE TABLE without AS
SELECT who, kind, cell, CASE WHEN k.known IS NULL THEN weeks ELSE (SELECT leakage_profile(period, actual, NULL) FROM periods(weeks) WHERE present AND period NOT IN (2, 4, 5)) END AS weeks
FROM known AS k;
CREATE UNIQUE INDEX ON without (who);
SELECT count(*) AS entities, count(*) FILTER (WHERE (w.*)::text IS DISTINCT FROM (k.*)::text) AS differences
FROM expected_profiles('without', 'who', 'weeks', '{kind,cell}', min_peers => 20) AS w JOIN knowing AS k USING (entity)
WHERE entity NOT IN ('u1', 'u5', 'u9', 'u40');
SELECT entity, profile, absent FROM knowing WHERE entity IN ('u1', 'u5') ORDER BY entity;
-- an unknown period: none without a row is judged
UPDATE known SET known = '{2147483647: -/0}', weeks = (SELECT leakage_profile(period, actual, NULL) FROM periods(weeks) WHERE present AND period NOT IN (5, 7))
WHERE who IN ('u1', 'u5', 'u9', 'u40');
SELECT entity, profile, absent FROM knowing WHERE entity IN ('u1', 'u5') ORDER BY entity;
-- what everybody's amounts are multiplied by in a period, what is expected there is multiplied by
UPDATE known AS k SET known = '{3: 2.5/-}', weeks = (SELECT leakage_profile(period, actual * CASE period WHEN 3 THEN 2.5 ELSE 1 END, NULL) FROM periods(c.weeks) WHERE present)
FROM customer AS c WHERE c.who = k.who;
SELECT count(*) AS periods, count(*) FILTER (WHERE p.expected <> k.expected) AS differ, count(*) FILTER (WHERE k.expected = round(p.expected * 2.5, 6)) AS by_factor
FROM (SELECT entity, (periods(profile)).* FROM plainly) AS p JOIN (SELECT entity, (periods(profile)).* FROM knowing) AS k USING (entity, period);
-- large factors and amounts stay in range
UPDATE known SET known = '{1: 1000000/-, 2: 0.000001/-}';
SELECT max(expected_total(profile)) < 1e14 AS in_range FROM knowing;
-- refused
UPDATE known SET known = '{1: 0/-}' WHERE who = 'u1';
SELECT raises($$ TABLE knowing $$);
UPDATE known SET known = '{1: -1/-}' WHERE who = 'u1';
SELECT raises($$ TABLE knowing $$);
UPDATE known SET known = '{1: 1000000.000001/-}' WHERE who = 'u1';
SELECT raises($$ TABLE knowing $$);
SELECT raises($$ SELECT expected_profiles('known', 'who', 'weeks', known_column => 'unknown') $$);
SELECT raises($$ SELECT expected_profiles('known', 'who', 'weeks', known_column => 'kind') $$);
SELECT raises($$ SELECT expected_profiles('half', 'who', 'weeks', known_column => 'weeks') $$);

--
-- first_period, last_period
--
SELECT p, first_period(p), last_period(p)
FROM (VALUES ('{1: 5/-}'), ('{1: -/5, 2: 0/5, 4: -1/-, 5: -/6}'), ('{1: -/5}'), ('{-2147483648: 1/-, 2147483647: 1/-}'), (NULL)) AS v (t), LATERAL (SELECT t::leakage_profile AS p) AS l;
SELECT first_period(leakage_profile(w, 1, NULL)), last_period(leakage_profile(w, 1, NULL)) FROM generate_series(1, 1030) AS w;

--
-- leakage_periods of stored profiles
--
CREATE TABLE assessed AS
SELECT p.entity, p.profile, p.absent, a.expected_leak, a.expected_leaks, a.concerned
FROM expected_profiles('customer', 'who', 'weeks', '{kind,cell}', min_peers => 20) AS p, leakage_assess(p.profile, NULL) AS a;
-- the arrays have one element per period, and the leaks add up
SELECT count(*) AS entities,
	bool_and(cardinality(expected_leaks) = (SELECT count(*) FROM periods(profile)) AND cardinality(concerned) = cardinality(expected_leaks)) AS lengths,
	bool_and(expected_leak = (SELECT sum(l) FROM unnest(expected_leaks) AS l)) AS sums
FROM assessed;
SELECT expected_leaks, concerned FROM leakage_assess('{1: 10/10, 2: -/10, 3: 10/10, 4: -/10, 5: 10/10}', NULL);
SELECT expected_leaks, concerned FROM leakage_assess('{1: -/10}', NULL);
SELECT expected_leaks, concerned FROM leakage_assess(NULL, NULL);
-- the rows are those of leakage_assess, in a FROM list or a SELECT list, with the absent weeks in their places
CREATE VIEW kept AS
SELECT entity, (w).* FROM (SELECT entity, leakage_periods(profile, expected_leaks, concerned, absent) AS w FROM assessed) AS s;
CREATE VIEW anew AS
SELECT a.entity, l.* FROM assessed AS a, leakage_periods(a.profile, NULL) AS l
UNION ALL
SELECT entity, unnest(absent), false, 0, 0, 0, false FROM assessed;
SELECT count(*) AS rows, count(*) FILTER (WHERE NOT present) AS missing, count(*) FILTER (WHERE concerned) AS concerned, count(*) FILTER (WHERE expected_leak > 0) AS leaks FROM kept;
SELECT count(*) AS differences FROM ((TABLE kept EXCEPT ALL TABLE anew) UNION ALL (TABLE anew EXCEPT ALL TABLE kept)) AS d;
SELECT count(*) AS differences
FROM kept AS k FULL JOIN (SELECT entity, l.* FROM assessed AS a, leakage_periods(a.profile, a.expected_leaks, a.concerned, a.absent) AS l) AS f USING (entity, period)
WHERE (k.present, k.actual, k.expected, k.expected_leak, k.concerned) IS DISTINCT FROM (f.present, f.actual, f.expected, f.expected_leak, f.concerned);
SELECT array_agg(period) FROM kept WHERE entity = 'u2';
-- stopped by a LIMIT, rescanned, and called anew for each row
SELECT leakage_periods('{1: 1/2, 2: 3/4, 5: -/6}', NULL, NULL, NULL) LIMIT 2;
SELECT n, (SELECT array_agg(x.period) FROM (SELECT (leakage_periods(p, NULL, NULL, '{3,9}')).period LIMIT n) AS x)
FROM (VALUES (1, '{1: 1/2, 2: 3/4, 5: -/6}'::leakage_profile), (9, '{4: 1/2}'), (2, '{5: 1/1, 6: 1/1}'), (3, NULL)) AS v (n, p);
-- NULLs
SELECT * FROM leakage_periods('{1: 1/2, 2: -/3}', NULL, NULL, NULL);
SELECT * FROM leakage_periods('{1: 1/2, 2: -/3}', '{0.5,1}', NULL, '{}');
SELECT * FROM leakage_periods(NULL, '{1}', '{t}', '{1}');
-- refused: arrays that do not belong to the profile
SELECT raises($$ SELECT leakage_periods('{1: 1/2, 2: -/3}', '{0.5}', NULL, NULL) $$);
SELECT raises($$ SELECT leakage_periods('{1: 1/2, 2: -/3}', '{}', NULL, NULL) $$);
SELECT raises($$ SELECT leakage_periods('{1: 1/2, 2: -/3}', NULL, '{t,f,t}', NULL) $$);
SELECT raises($$ SELECT leakage_periods('{1: 1/2, 2: -/3}', '{0.5,NULL}', NULL, NULL) $$);
SELECT raises($$ SELECT leakage_periods('{1: 1/2, 2: -/3}', NULL, '{NULL,t}', NULL) $$);
SELECT raises($$ SELECT leakage_periods('{1: 1/2, 2: -/3}', NULL, NULL, '{NULL}') $$);
SELECT raises($$ SELECT leakage_periods('{1: 1/2, 2: -/3}', NULL, NULL, '{4,3}') $$);
SELECT raises($$ SELECT leakage_periods('{1: 1/2, 2: -/3}', NULL, NULL, '{3,3}') $$);
SELECT raises($$ SELECT leakage_periods('{1: 1/2, 2: -/3}', NULL, NULL, '{0,2}') $$);
-- the plan has no Function Scan, which would store the rows of each entity
EXPLAIN (COSTS OFF) SELECT sum(expected_leak) FROM kept;

SET client_min_messages = error;
DROP SCHEMA expected_profiles_test CASCADE;
