--
-- expected_revenue: docs/rules.md, section 3
--
\set SHOW_CONTEXT never
\pset null NULL
SET client_min_messages = warning;
CREATE SCHEMA expecting;
SET search_path = expecting, public;

-- what a query raises
CREATE FUNCTION raises(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	state text; message text; hint text;
BEGIN
	EXECUTE query;
	RETURN 'no error';
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT, hint = PG_EXCEPTION_HINT;
	RETURN state || ': ' || message || CASE WHEN hint <> '' THEN ' / ' || hint ELSE '' END;
END $$;
-- all rows of a query as one fingerprint, sorted first
CREATE FUNCTION fingerprint(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	result text;
BEGIN
	EXECUTE format('SELECT count(*) || '' rows '' || md5(string_agg(t::text, E''\n'' ORDER BY t::text COLLATE "C")) FROM (%s) AS t', query) INTO result;
	RETURN result;
END $$;
-- the planner's row estimate for the top node of a query
CREATE FUNCTION estimate(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	line text;
BEGIN
	EXECUTE 'EXPLAIN ' || query INTO line;
	RETURN substring(line FROM 'rows=(\d+)');
END $$;

--
-- No peer columns: everybody is a peer.  The means of the positive amounts are (10 + 30 + 20) / 3 = 20 in week 1,
-- (20 + 10) / 2 = 15 in week 2, where the 0 does not count, and 30 in week 3.  Week 4 has no positive amount.
--
CREATE TABLE weeks (who text, week int, amount numeric);
INSERT INTO weeks VALUES
	('a', 1, 10), ('a', 2, 20),                           ('a', 4, 0),
	('b', 1, 30), ('b', 2, 0),  ('b', 3, 10), ('b', 3, 20), ('b', 4, -5),
	('c', 1, 20), ('c', 2, 10);
SELECT * FROM expected_revenue('weeks', 'who', 'week', 'amount') ORDER BY entity, period;

-- Spread is the noise of all users' positive weeks around each user's own level m.  With r = amount / expected and k weeks
-- of a user, it is the square root of sum (r - m)^2 over sum ((k - 1) m^2 less its own error).
-- a: r = 1/2, 4/3, m = 11/12: 25/72 over 2/3; b: r = 3/2, 1, m = 5/4: 1/8 over 3/2; c: r = 1, 2/3, m = 5/6: 1/18 over 2/3
SELECT DISTINCT spread = round(expected * sqrt((25 / 72.0 + 1 / 8.0 + 1 / 18.0) / (2 / 3.0 + 3 / 2.0 + 2 / 3.0)), 6) AS ok
FROM expected_revenue('weeks', 'who', 'week', 'amount');

--
-- Cells that differ.  s = (8 + 12 + 24 + 36) / 4 = 20; r = .4, .6, 1.2, 1.8; R = .5, 1.5; V = (.01 + .01 + .09 + .09) / 4
-- = .05; A = [2 (.5)^2 + 2 (.5)^2 - .05] / [4 - (4 + 4) / 4] = .475; Z = .95 / (.95 + .05) = .95; F = 1 - .95 / 2 = .525
-- and 1.475.  The expected amounts are therefore 10.5 and 29.5.
--
CREATE TABLE peers (who text, kind text, cell text, week int, amount numeric);
INSERT INTO peers VALUES ('x1', 'g', 'x', 1, 8), ('x2', 'g', 'x', 1, 12), ('y1', 'g', 'y', 1, 24), ('y2', 'g', 'y', 1, 36);
SELECT * FROM expected_revenue('peers', 'who', 'week', 'amount', '{kind,cell}', min_peers => 1) ORDER BY entity, period;

-- Cells that differ a little.  s = 10; r = .2, 1.2, .8, 1.8; R = .7, 1.3; V = .25; A = (.36 - .25) / 2 = .055;
-- Z = .11 / .36 = .3056; F = 1 - .3 * .11 / .36 = .9083333, 1.0916667
TRUNCATE peers;
INSERT INTO peers VALUES ('x1', 'g', 'x', 1, 2), ('x2', 'g', 'x', 1, 12), ('y1', 'g', 'y', 1, 8), ('y2', 'g', 'y', 1, 18);
SELECT entity, expected, peer_group, peers, peer_level, credibility
FROM expected_revenue('peers', 'who', 'week', 'amount', '{kind,cell}', min_peers => 1) ORDER BY entity, period;

-- Cells that differ less than their users: r = .4, 1.2, .8, 1.6; R = .8, 1.2; V = .16; A = (.16 - .16) / 2 = 0
TRUNCATE peers;
INSERT INTO peers VALUES ('x1', 'g', 'x', 1, 4), ('x2', 'g', 'x', 1, 12), ('y1', 'g', 'y', 1, 8), ('y2', 'g', 'y', 1, 16);
SELECT entity, expected, peer_group, peers, peer_level, credibility
FROM expected_revenue('peers', 'who', 'week', 'amount', '{kind,cell}', min_peers => 1) ORDER BY entity, period;

--
-- A group below min_peers.  a = (8 + 8 + 12 + 12 + 30 + 50) / 6 = 20.  Group h has 2 amounts, but 3 are needed:
-- s(h) = 20 F(h), with r = .4, .4, .6, .6 and 1.5, 2.5; R = .5, 2; V = (4 * .01 + 2 * .25) / 6 = .09;
-- A = (4 * .25 + 2 * 1 - .09) / (6 - 20 / 6) = 1.09125; Z(h) = 2.1825 / 2.2725; F(h) = 1 + 2.1825 / 2.2725.
-- Against 10 and s(h), the groups differ less than their users: Z = 0.
--
TRUNCATE peers;
INSERT INTO peers VALUES
	('g1', 'g', NULL, 1, 8), ('g2', 'g', NULL, 1, 8), ('g3', 'g', NULL, 1, 12), ('g4', 'g', NULL, 1, 12),
	('h1', 'h', NULL, 1, 30), ('h2', 'h', NULL, 1, 50);
SELECT entity, expected, round(20 * (1 + 2.1825 / 2.2725), 6) AS of_h, peer_group, peers, peer_level, credibility
FROM expected_revenue('peers', 'who', 'week', 'amount', '{kind}', min_peers => 3) ORDER BY entity, period;
-- exactly min_peers amounts
SELECT entity, expected, peer_level FROM expected_revenue('peers', 'who', 'week', 'amount', '{kind}', min_peers => 2) ORDER BY entity;
-- a week with enough amounts uses the group's level; the other week borrows from all groups
INSERT INTO peers VALUES ('h1', 'h', NULL, 2, 40), ('h2', 'h', NULL, 2, 40), ('h3', 'h', NULL, 2, 40);
SELECT entity, period, peers, peer_level FROM expected_revenue('peers', 'who', 'week', 'amount', '{kind}', min_peers => 3)
WHERE entity LIKE 'h%' ORDER BY entity, period;
-- a group without positive amounts
INSERT INTO peers VALUES ('i1', 'i', NULL, 1, 0), ('i1', 'i', NULL, 2, 0);
SELECT entity, period, actual, expected, peer_group, peers, peer_level, credibility
FROM expected_revenue('peers', 'who', 'week', 'amount', '{kind}', min_peers => 3) WHERE entity = 'i1' ORDER BY entity, period;

-- NULL is a peer group named Unknown; the text 'Unknown' and the empty text are groups of their own
TRUNCATE peers;
INSERT INTO peers VALUES ('a', NULL, 'x', 1, 8), ('b', 'Unknown', 'x', 1, 8), ('c', '', 'x', 1, 8), ('d', ' ', NULL, 1, 8);
SELECT entity, peer_group, peers FROM expected_revenue('peers', 'who', 'week', 'amount', '{kind,cell}') ORDER BY entity;
-- the types of the columns do not matter; the order of the peer columns does
CREATE TABLE typed (who int, kind boolean, cell numeric, week text, amount double precision, day smallint, cents bigint);
INSERT INTO typed VALUES (10, true, 1.50, '7', 0.1, 7, 10), (9, true, 1.5, '07', 0.2, 8, 20), (9, true, 1.5, ' 8 ', 1e11, 9, NULL);
SELECT entity, period, actual, expected, peer_group, peers FROM expected_revenue('typed', 'who', 'week', 'amount', '{kind,who}') ORDER BY entity, period;
SELECT entity, period, actual, expected, peer_group, peers FROM expected_revenue('typed', 'who', 'day', 'cents', '{who,kind}') ORDER BY entity, period;

--
-- Periods are those that occur in the relation; only their order counts
--
CREATE TABLE months (who text, month int, amount numeric);
INSERT INTO months VALUES
	('a', 201811, 10), ('a', 201902, 10),				-- without 201812 and 201901
	('b', 201812, 30), ('b', 201901, 30),
	('c', 201901, 20), ('c', 201905, 20),				-- nobody has 201903 and 201904: they are not missing
	('d', -2147483648, 1), ('d', 2147483647, 1);
SELECT entity, period, actual, present, expected FROM expected_revenue('months', 'who', 'month', 'amount') ORDER BY entity, period;

--
-- Rows that are ignored, and rows that are not
--
CREATE TABLE odd (who text, week int, amount numeric, kind text);
INSERT INTO odd VALUES
	(NULL, 1, 100, 'k'), ('a', NULL, 100, 'k'), ('a', 1, NULL, 'k'), ('a', 1, 10, 'k'), ('', 1, 30, 'k'), (' ', 2, 30, 'k');
SELECT '[' || entity || ']' AS entity, period, actual, expected, peers
FROM expected_revenue('odd', 'who', 'week', 'amount', '{kind}') ORDER BY entity COLLATE "C", period;
-- ignored rows do not affect an entity's peer group
INSERT INTO odd VALUES ('a', 1, NULL, 'l'), ('a', NULL, 5, 'm');
SELECT raises($$ SELECT expected_revenue('odd', 'who', 'week', 'amount', '{kind}') $$);
-- an entity with only ignored rows does not appear
SELECT count(*) FROM expected_revenue((SELECT 'odd'::regclass), 'who', 'week', 'amount') WHERE entity = 'z';

-- no rows; one entity; one period; zeros; equal amounts; negative ones
CREATE TABLE plain (who text, week int, amount numeric);
SELECT * FROM expected_revenue('plain', 'who', 'week', 'amount');
SELECT * FROM expected_revenue('plain', 'who', 'week', 'amount', '{who}', 0.5);
INSERT INTO plain VALUES ('a', 1, 10), ('a', 2, 20), ('a', 4, 40);
SELECT * FROM expected_revenue('plain', 'who', 'week', 'amount') ORDER BY period;
TRUNCATE plain;
INSERT INTO plain VALUES ('a', 1, 10), ('b', 1, 20), ('c', 1, 60);
SELECT * FROM expected_revenue('plain', 'who', 'week', 'amount', '{who}') ORDER BY entity;
TRUNCATE plain;
INSERT INTO plain VALUES ('a', 1, 10);
SELECT * FROM expected_revenue('plain', 'who', 'week', 'amount');
TRUNCATE plain;
INSERT INTO plain SELECT 'u' || u, w, 0 FROM generate_series(1, 3) AS u, generate_series(1, 2) AS w;
SELECT * FROM expected_revenue('plain', 'who', 'week', 'amount', '{who}', min_peers => 1) ORDER BY entity, period;
TRUNCATE plain;
INSERT INTO plain SELECT 'u' || u, w, 7 FROM generate_series(1, 50) AS u, generate_series(1, 10) AS w;
SELECT actual, expected, spread, peers, peer_level, credibility, count(*)
FROM expected_revenue('plain', 'who', 'week', 'amount') GROUP BY 1, 2, 3, 4, 5, 6;
TRUNCATE plain;
INSERT INTO plain SELECT 'u' || u, w, -7 FROM generate_series(1, 2) AS u, generate_series(1, 2) AS w;
SELECT * FROM expected_revenue('plain', 'who', 'week', 'amount') ORDER BY entity, period;
-- amounts of the same entity and period are added first
INSERT INTO plain SELECT 'u' || u, w, 10 FROM generate_series(1, 2) AS u, generate_series(1, 2) AS w;
SELECT DISTINCT actual, expected FROM expected_revenue('plain', 'who', 'week', 'amount');

-- results are exact to the micro-unit, and rounded once, half away from zero: 0.0000015 / 1; 1 micro-unit / 2
TRUNCATE plain;
INSERT INTO plain VALUES ('a', 1, 0.0000014), ('b', 1, 0.0000005), ('c', 1, 0.0000004), ('a', 2, 0.000001), ('b', 2, 0.000002), ('c', 3, -0.0000015);
SELECT entity, period, actual, expected FROM expected_revenue('plain', 'who', 'week', 'amount') ORDER BY entity, period;
-- the largest amounts of many users
TRUNCATE plain;
INSERT INTO plain SELECT 'u' || u, w, 999999999999.999999 FROM generate_series(1, 2000) AS u, generate_series(1, 3) AS w;
SELECT actual, expected, spread, count(*) FROM expected_revenue('plain', 'who', 'week', 'amount') GROUP BY 1, 2, 3;
-- the smallest beside the largest: 'b' pays 70,001 times the mean, and its ratio is limited to 65,536
CREATE TABLE extreme AS
SELECT 'u' || u AS who, 'g' AS kind, 'rest' AS cell, 1 AS week, 0.000001 AS amount FROM generate_series(1, 70000) AS u
UNION ALL SELECT 'b', 'g', 'b', 1, 999999999999;
SELECT entity, expected, round((999999999999 + 70000 * 0.000001) / 70001, 6) * 65536 AS of_b, peers, peer_level, credibility
FROM expected_revenue('extreme', 'who', 'week', 'amount', '{kind,cell}') WHERE entity IN ('b', 'u1') ORDER BY entity;
-- amounts that say almost nothing about each other: the spread stays below 10^12 too
TRUNCATE plain;
INSERT INTO plain VALUES ('a', 1, 9.9e11), ('a', 2, 100), ('b', 1, 100), ('b', 2, 9.9e11);
SELECT DISTINCT expected, spread FROM expected_revenue('plain', 'who', 'week', 'amount');
-- values that contain the separator form cells of their own, in either order
CREATE TABLE joined AS
SELECT 'u' || u AS who, 1 AS week, CASE u % 2 WHEN 0 THEN 'A / B' ELSE 'A' END AS kind, CASE u % 2 WHEN 0 THEN 'C' ELSE 'B / C' END AS cell,
	CASE u % 2 WHEN 0 THEN 10 ELSE 100 END AS amount
FROM generate_series(1, 80) AS u;
SELECT peer_group, peers, expected, count(*) FROM expected_revenue('joined', 'who', 'week', 'amount', '{kind,cell}') GROUP BY 1, 2, 3 ORDER BY 3;

--
-- A quantile instead of the mean, within 0.4 %
--
TRUNCATE plain;
INSERT INTO plain SELECT 'u' || u, 1, u * u FROM generate_series(1, 101) AS u;
SELECT q, abs(max(expected) / round(percentile_disc(q) WITHIN GROUP (ORDER BY actual)::numeric, 6) - 1) <= 0.004 AS within,
	min(expected) = max(expected) AS all_alike
FROM (VALUES (0.01), (0.25), (0.5), (0.9), (0.99)) AS v (q), expected_revenue('plain', 'who', 'week', 'amount', quantile => q)
GROUP BY q ORDER BY q;
-- sums per entity and period that exceed the range of a summary, for few and for many entities
TRUNCATE plain;
INSERT INTO plain SELECT 'u' || u, 1, 9e11 * (u % 2) + 1 FROM generate_series(1, 4) AS u, generate_series(1, 9);
SELECT DISTINCT expected FROM expected_revenue('plain', 'who', 'week', 'amount', quantile => 0.9);
INSERT INTO plain SELECT 'u' || u, 1, 9e11 * (u % 2) + 1 FROM generate_series(5, 3000) AS u, generate_series(1, 9);
SELECT DISTINCT expected FROM expected_revenue('plain', 'who', 'week', 'amount', quantile => 0.9);
-- a thin group that pays almost nothing compared with the others: its cells are compared with a ratio that rounds to 0
CREATE TABLE thin AS
SELECT 'a' || u AS who, w AS week, 'most' AS kind, 'x' || u % 2 AS cell, 9e11 * (0.5 + (u % 7) * 0.05) AS amount FROM generate_series(1, 100) AS u, generate_series(1, 4) AS w
UNION ALL
SELECT 'b' || u, w, 'few', 'x' || u % 2, 0.000001 FROM generate_series(1, 3) AS u, generate_series(1, 4) AS w;
SELECT kind, bool_and(expected >= 0) AS possible, bool_or(credibility > 0) AS known
FROM thin JOIN expected_revenue('thin', 'who', 'week', 'amount', '{kind,cell}', quantile => 0.5) AS e ON (entity, period) = (who, week)
GROUP BY kind ORDER BY kind;
-- per group; only positive amounts count
CREATE TABLE skewed AS
SELECT 'u' || u AS who, CASE WHEN u <= 60 THEN 'low' ELSE 'high' END AS kind, w AS week,
	CASE WHEN u <= 60 THEN 10 ELSE 40 END * CASE u % 10 WHEN 0 THEN 0 WHEN 9 THEN 100 ELSE 1 END AS amount
FROM generate_series(1, 100) AS u, generate_series(1, 4) AS w;
SELECT peer_group, expected BETWEEN level * 0.996 AND level * 1.004 AS median, peer_level, count(*)
FROM expected_revenue('skewed', 'who', 'week', 'amount', '{kind}', 0.5)
	JOIN (VALUES ('low', 10), ('high', 40)) AS l (kind, level) ON kind = peer_group
GROUP BY 1, 2, 3 ORDER BY 1;
-- the users' mean exceeds the median, which must not count as credibility
SELECT DISTINCT peer_level, credibility FROM expected_revenue('skewed', 'who', 'week', 'amount', '{kind}', 0.5);

--
-- Refused
--
SELECT raises($$ SELECT expected_revenue(NULL, 'who', 'week', 'amount') $$);
SELECT raises($$ SELECT expected_revenue('weeks', NULL, 'week', 'amount') $$);
SELECT raises($$ SELECT expected_revenue('weeks', 'who', NULL, 'amount') $$);
SELECT raises($$ SELECT expected_revenue('weeks', 'who', 'week', NULL) $$);
SELECT raises($$ SELECT expected_revenue('weeks', 'who', 'week', 'amount', NULL) $$);
SELECT raises($$ SELECT expected_revenue('weeks', 'who', 'week', 'amount', '{who,NULL}') $$);
SELECT raises($$ SELECT expected_revenue('weeks', 'who', 'week', 'amount', min_peers => NULL) $$);
SELECT raises($$ SELECT expected_revenue('weeks', 'who', 'week', 'amount', min_peers => 0) $$);
SELECT raises($$ SELECT expected_revenue('weeks', 'who', 'week', 'amount', min_peers => -2147483648) $$);
SELECT raises($$ SELECT expected_revenue('weeks', 'who', 'week', 'amount', quantile => NULL, min_peers => 2147483647) $$);
SELECT raises($$ SELECT expected_revenue('weeks', 'who', 'week', 'amount', quantile => 0) $$);
SELECT raises($$ SELECT expected_revenue('weeks', 'who', 'week', 'amount', quantile => 1) $$);
SELECT raises($$ SELECT expected_revenue('weeks', 'who', 'week', 'amount', quantile => -0.5) $$);
SELECT raises($$ SELECT expected_revenue('weeks', 'who', 'week', 'amount', quantile => 'NaN') $$);
SELECT raises($$ SELECT expected_revenue('weeks', 'who', 'week', 'amount', quantile => 'Infinity') $$);
SELECT left(raises($$ SELECT expected_revenue('weeks', 'whom', 'week', 'amount') $$), 5);
-- the name of the relation is not a column either
SELECT left(raises($$ SELECT expected_revenue('weeks', 'who', 'weeks', 'amount') $$), 5),
	left(raises($$ SELECT expected_revenue('weeks', 'weeks', 'week', 'amount') $$), 5);
SELECT left(raises($$ SELECT expected_revenue('weeks', 'who', 'week', 'Amount') $$), 5);
SELECT left(raises($$ SELECT expected_revenue('weeks', 'who', 'week', 'amount', '{who,city}') $$), 5);
SELECT left(raises($$ SELECT expected_revenue('weeks', '', 'week', 'amount') $$), 5);
SELECT raises($$ SELECT expected_revenue('weeks', 'who', 'week', 'who') $$);
SELECT raises($$ SELECT expected_revenue('weeks', 'who', 'who', 'amount') $$);
SELECT raises($$ SELECT expected_revenue('no_such', 'who', 'week', 'amount') $$);
SELECT raises($$ SELECT expected_revenue(4294967295::oid::regclass, 'who', 'week', 'amount') $$);
SELECT left(raises($$ SELECT expected_revenue('pg_class_oid_index', 'oid', 'oid', 'oid') $$), 5) AS an_index;
SELECT raises(format($$ SELECT expected_revenue('weeks', 'who', 'week', 'amount', %L) $$, array_fill('who'::name, ARRAY[17])));
SELECT raises(format($$ SELECT expected_revenue('weeks', 'who', 'week', 'amount', %L) $$, array_fill('who'::name, ARRAY[16])));
-- names are quoted, whatever they contain
SELECT left(raises($$ SELECT expected_revenue('weeks', 'who; DROP TABLE weeks', 'week', 'amount') $$), 5);
SELECT left(raises($$ SELECT expected_revenue('weeks', 'who', 'week', '1 + 1') $$), 5);
SELECT left(raises($$ SELECT expected_revenue('weeks', 'who', 'week', 'amount', ARRAY['pg_sleep(1)']) $$), 5);
SELECT count(*) FROM weeks;
-- rows of one entity with different peer groups
TRUNCATE peers;
INSERT INTO peers VALUES ('x1', 'g', 'x', 1, 8), ('x1', 'h', 'x', 2, 8);
SELECT raises($$ SELECT expected_revenue('peers', 'who', 'week', 'amount', '{cell,kind}') $$);
UPDATE peers SET kind = NULL WHERE kind = 'h';
SELECT raises($$ SELECT expected_revenue('peers', 'who', 'week', 'amount', '{kind}') $$);
-- too many periods for one entity; the limit does not apply to all entities together
TRUNCATE plain;
INSERT INTO plain SELECT 'a', w, 1 FROM generate_series(1, 1024) AS w;
INSERT INTO plain SELECT 'b', w, 1 FROM generate_series(1000, 2000) AS w;
SELECT count(*), count(*) FILTER (WHERE present) FROM expected_revenue('plain', 'who', 'week', 'amount');
INSERT INTO plain VALUES ('a', -1, 1);
SELECT raises($$ SELECT expected_revenue('plain', 'who', 'week', 'amount') $$);
-- 1,024 periods of its own, with many more periods of others in between
TRUNCATE plain;
INSERT INTO plain SELECT 'a', w, 1 FROM generate_series(1, 1024) AS w;
INSERT INTO plain SELECT 'b', w, 1 FROM generate_series(2001, 3000) AS w;
INSERT INTO plain SELECT 'c', w, 1 FROM (VALUES (1), (3000)) AS v (w);
SELECT entity, count(*), count(*) FILTER (WHERE present) FROM expected_revenue('plain', 'who', 'week', 'amount') GROUP BY 1 ORDER BY 1;
-- invalid amounts and periods
CREATE TABLE bad (who text, week bigint, amount double precision);
INSERT INTO bad VALUES ('a', 1, 'NaN');
SELECT raises($$ SELECT expected_revenue('bad', 'who', 'week', 'amount') $$);
UPDATE bad SET amount = '-Infinity';
SELECT raises($$ SELECT expected_revenue('bad', 'who', 'week', 'amount') $$);
UPDATE bad SET amount = 1e12;
SELECT raises($$ SELECT expected_revenue('bad', 'who', 'week', 'amount') $$);
UPDATE bad SET amount = -1e12;
SELECT raises($$ SELECT expected_revenue('bad', 'who', 'week', 'amount') $$);
UPDATE bad SET amount = 1, week = 2147483648;
SELECT raises($$ SELECT expected_revenue('bad', 'who', 'week', 'amount') $$);

--
-- Any relation that the caller can read, whatever it is called
--
CREATE TABLE "Odd ""Table" ("Who's" text, "select" int, "a""b" numeric, "Peer Kind" text);
INSERT INTO "Odd ""Table" VALUES ('a', 1, 10, 'p'), ('b', 1, 30, 'q');
SELECT entity, expected, peer_group
FROM expected_revenue('"Odd ""Table"', 'Who''s', 'select', 'a"b', '{Peer Kind}') ORDER BY entity;
CREATE SCHEMA "Odd Schema";
CREATE VIEW "Odd Schema"."View" AS SELECT who, week, amount FROM weeks WHERE who <> 'c';
CREATE MATERIALIZED VIEW stored AS SELECT * FROM weeks WITH NO DATA;
SELECT raises($$ SELECT expected_revenue('stored', 'who', 'week', 'amount') $$);
REFRESH MATERIALIZED VIEW stored;
CREATE TABLE parted (who text, week int, amount numeric) PARTITION BY HASH (who);
CREATE TABLE parted_0 PARTITION OF parted FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE parted_1 PARTITION OF parted FOR VALUES WITH (MODULUS 2, REMAINDER 1);
INSERT INTO parted SELECT * FROM weeks;
CREATE TEMPORARY TABLE passing AS SELECT * FROM weeks;
CREATE TABLE parent (week int, who text);
CREATE TABLE child (amount2 int, amount numeric) INHERITS (parent);
ALTER TABLE parent ADD amount numeric;
INSERT INTO child (who, week, amount) SELECT * FROM weeks;
SELECT entity, period, expected FROM expected_revenue('"Odd Schema"."View"', 'who', 'week', 'amount') ORDER BY entity, period;
SELECT count(DISTINCT fingerprint(format('SELECT * FROM expected_revenue(%L, ''who'', ''week'', ''amount'')', r))) AS different
FROM (VALUES ('weeks'), ('stored'), ('parted'), ('passing'), ('parent'), ('child')) AS t (r);
-- the caller's search path does not matter
CREATE TABLE "Odd Schema".weeks (who text);
SET search_path = "Odd Schema", expecting, public;
SELECT count(*) FROM expected_revenue('expecting.weeks', 'who', 'week', 'amount');
SET search_path = expecting, public;

-- places where it can be called
SELECT (expected_revenue('weeks', 'who', 'week', 'amount')).entity, count(*) FROM (VALUES (1)) AS one GROUP BY 1 ORDER BY 1;
SELECT count(*) FROM (SELECT * FROM expected_revenue('weeks', 'who', 'week', 'amount') LIMIT 1) AS t;
SELECT count(*) FROM (SELECT expected_revenue('weeks', 'who', 'week', 'amount') LIMIT 2) AS t;
SELECT a.entity, a.period, a.expected, b.expected AS half
FROM expected_revenue('weeks', 'who', 'week', 'amount') AS a
	JOIN expected_revenue('"Odd Schema"."View"', 'who', 'week', 'amount') AS b USING (entity, period)
WHERE period < 3 ORDER BY 1, 2;
SELECT r, count(*) FROM (VALUES ('weeks'::regclass), ('stored'), ('months')) AS t (r),
	LATERAL expected_revenue(r, 'who', CASE WHEN r = 'months'::regclass THEN 'month' ELSE 'week' END, 'amount') GROUP BY r ORDER BY r::text;
BEGIN READ ONLY;
SELECT count(*) FROM expected_revenue('weeks', 'who', 'week', 'amount');
COMMIT;
BEGIN ISOLATION LEVEL SERIALIZABLE READ ONLY DEFERRABLE;
SELECT count(*) FROM expected_revenue('weeks', 'who', 'week', 'amount');
COMMIT;
PREPARE expecting(regclass) AS SELECT count(*) FROM expected_revenue($1, 'who', 'week', 'amount');
EXECUTE expecting('weeks');
EXECUTE expecting('stored');
DEALLOCATE expecting;
BEGIN;
DECLARE c CURSOR FOR SELECT entity, period FROM expected_revenue('weeks', 'who', 'week', 'amount') ORDER BY 1, 2;
FETCH 2 FROM c;
SAVEPOINT s;
SELECT left(raises($$ SELECT expected_revenue('weeks', 'who', 'week', 'no_such') $$), 5);
\set VERBOSITY sqlstate
SELECT expected_revenue('weeks', 'who', 'week', 'no_such');
\set VERBOSITY default
ROLLBACK TO s;
FETCH 2 FROM c;
COMMIT;
-- a volatile function sees its own writes
CREATE FUNCTION with_one_more() RETURNS bigint LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO weeks VALUES ('new', 9, 1);
	RETURN (SELECT count(*) FROM expected_revenue('expecting.weeks', 'who', 'week', 'amount'));
END $$;
SELECT with_one_more();
DELETE FROM weeks WHERE who = 'new';
-- the relation can be a view, even one that calls expected_revenue
CREATE VIEW again AS SELECT entity AS who, period AS week, expected AS amount FROM expected_revenue('weeks', 'who', 'week', 'amount');
SELECT count(*) FROM expected_revenue('again', 'who', 'week', 'amount');

--
-- With the caller's rights
--
CREATE ROLE regress_leakage_reader;
GRANT USAGE ON SCHEMA expecting TO regress_leakage_reader;
CREATE TABLE guarded AS SELECT * FROM weeks;
ALTER TABLE guarded ENABLE ROW LEVEL SECURITY;
CREATE POLICY own_rows ON guarded USING (who = 'b');
GRANT SELECT ON guarded TO regress_leakage_reader;
GRANT SELECT (who, week) ON weeks TO regress_leakage_reader;
SET ROLE regress_leakage_reader;
SELECT raises($$ SELECT expected_revenue('stored', 'who', 'week', 'amount') $$);
SELECT raises($$ SELECT expected_revenue('weeks', 'who', 'week', 'amount') $$);
SELECT raises($$ SELECT expected_revenue('weeks', 'who', 'week', 'week') $$);
SELECT raises($$ SELECT expected_revenue('"Odd Schema"."View"'::regclass, 'who', 'week', 'amount') $$);
SELECT entity, period, expected, peers FROM expected_revenue('guarded', 'who', 'week', 'amount') ORDER BY period;
RESET ROLE;
SELECT count(DISTINCT entity) FROM expected_revenue('guarded', 'who', 'week', 'amount');

--
-- The same bytes in any order, by any plan, and in any number of pieces
--
CREATE TABLE many AS
SELECT 'user ' || u AS who, 'kind ' || u % 3 AS kind, 'cell ' || u % 20 AS cell, w AS week,
	round(((u * 7919 + w * 104729) % 1000) / 37.0, 6) AS amount
FROM generate_series(1, 300) AS u, generate_series(1, 14) AS w
WHERE (u * 31 + w * 17) % 11 > 0;
CREATE TABLE shuffled AS SELECT * FROM many ORDER BY md5(who || week);
CREATE TABLE split (LIKE many) PARTITION BY LIST (kind);
CREATE TABLE split_0 PARTITION OF split FOR VALUES IN ('kind 0');
CREATE TABLE split_1 PARTITION OF split FOR VALUES IN ('kind 1');
CREATE TABLE split_2 PARTITION OF split DEFAULT;
INSERT INTO split SELECT * FROM shuffled;
CREATE TABLE pieces AS
SELECT who, kind, cell, week, amount - 1 AS amount FROM many UNION ALL SELECT who, kind, cell, week, 1 FROM many;
CREATE INDEX ON many (who);
ANALYZE many, shuffled, split, pieces;
CREATE TABLE answer (plan text, relation text, answer text);
CREATE PROCEDURE ask(plan text) LANGUAGE sql AS $$
	INSERT INTO answer
	SELECT plan, r, fingerprint(format('SELECT * FROM expected_revenue(%L, ''who'', ''week'', ''amount'', ''{kind,cell}'', %s)', r, q))
		|| q
	FROM unnest('{many,shuffled,split,pieces}'::text[]) AS r, unnest('{"NULL",0.5}'::text[]) AS q
$$;
CALL ask('plain');
SET enable_hashagg = off;
CALL ask('sorted');
RESET enable_hashagg;
SET work_mem = '64kB';
CALL ask('little memory');
RESET work_mem;
SET enable_partitionwise_aggregate = on;
CALL ask('partitionwise');
RESET enable_partitionwise_aggregate;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SET max_parallel_workers_per_gather = 2;
CALL ask('2 workers');
SET max_parallel_workers_per_gather = 4;
CALL ask('4 workers');
RESET max_parallel_workers_per_gather;
RESET min_parallel_table_scan_size;
RESET parallel_tuple_cost;
RESET parallel_setup_cost;
SELECT count(*) AS answers, count(DISTINCT plan) AS plans, count(DISTINCT answer) AS different FROM answer;

-- the formulas of rules.md in SQL, for every row: s, R and r, V and A, Z and F; the rest is a sum
CREATE TABLE positive AS
SELECT *, round(avg(amount) OVER (PARTITION BY kind, week), 6) AS s FROM (SELECT * FROM many WHERE amount > 0) AS m;
CREATE TABLE cell_fit AS
WITH
	users AS (SELECT who, cell, kind, sum(amount) / sum(s) AS r FROM positive GROUP BY who, cell, kind),
	cells AS (SELECT kind, cell, sum(amount) / sum(s) AS ratio FROM positive GROUP BY kind, cell),
	counted AS (SELECT kind, cell, ratio, (SELECT count(*) FROM users AS u WHERE (u.kind, u.cell) = (c.kind, c.cell)) AS n FROM cells AS c),
	fit AS (
		SELECT v, greatest(0, ((SELECT sum(n * (ratio - 1) ^ 2) - (count(*) - 1) * v FROM counted))
			/ (SELECT sum(n) - sum(n * n) / sum(n) FROM counted)) AS a
		FROM (SELECT avg((u.r - c.ratio) ^ 2) AS v FROM users AS u JOIN cells AS c USING (kind, cell)) AS t)
SELECT kind, cell, n, n * a / (n * a + v) AS z, 1 + n * a / (n * a + v) * (ratio - 1) AS f FROM counted, fit;
SELECT count(*) AS rows,
	count(*) FILTER (WHERE abs(e.expected - p.s * c.f) > 0.00001) AS expected_differs,
	count(*) FILTER (WHERE abs(e.credibility - c.z) > 0.0001) AS credibility_differs,
	count(*) FILTER (WHERE e.peers <> c.n) AS peers_differ,
	count(*) FILTER (WHERE e.peer_level <> CASE WHEN c.z >= 0.5 THEN 'cell' WHEN c.z > 0 THEN 'blend' ELSE 'group' END) AS level_differs
FROM expected_revenue('many', 'who', 'week', 'amount', '{kind,cell}', NULL, 1) AS e
	JOIN positive AS p ON p.who = e.entity AND p.week = e.period
	JOIN cell_fit AS c ON e.peer_group = c.kind || ' / ' || c.cell;

--
-- The planner's estimate: as many rows as the relation has, if it is known at plan time
--
SELECT reltuples AS rows, estimate($$ SELECT * FROM expected_revenue('many', 'who', 'week', 'amount') $$) AS estimate
FROM pg_class WHERE oid = 'many'::regclass;
SELECT estimate($$ SELECT * FROM expected_revenue('split', 'who', 'week', 'amount') $$)
	= (SELECT reltuples::text FROM pg_class WHERE oid = 'split'::regclass) AS as_partitioned;
SELECT estimate($$ SELECT * FROM expected_revenue('bad', 'who', 'week', 'amount') $$) AS never_analyzed,
	estimate($$ SELECT * FROM expected_revenue('again', 'who', 'week', 'amount') $$) AS a_view,
	estimate($$ SELECT * FROM expected_revenue((SELECT 'many'::regclass), 'who', 'week', 'amount') $$) AS not_known;
SELECT raises($$ EXPLAIN SELECT * FROM expected_revenue(NULL, 'who', 'week', 'amount') $$) AS null_relation,
	raises($$ EXPLAIN SELECT * FROM expected_revenue(4294967295::oid::regclass, 'who', 'week', 'amount') $$) AS no_relation;

--
-- Common absence: a period that many entities miss is not held against them
--
CREATE TABLE absence AS
SELECT e AS who, p AS period, 10 AS amount
FROM generate_series(1, 60) AS e, generate_series(1, 8) AS p
WHERE NOT (p = 4 AND e <= 20)		-- 20 of 60 are absent together: common absence
	AND NOT (p = 6 AND e BETWEEN 21 AND 29)	-- nine are too few
	AND NOT (p IN (2, 3) AND e = 60);	-- one alone is absent
SELECT period, present, expected, spread IS NULL AS no_spread, count(*)
FROM expected_revenue('absence', 'who', 'period', 'amount')
WHERE NOT present
GROUP BY 1, 2, 3, 4
ORDER BY 1;
-- a profile leaves such rows out, so they are not missing periods
SELECT missing_periods(p) AS missing, count(*)
FROM (
	SELECT leakage_profile(period, actual, expected) AS p
	FROM expected_revenue('absence', 'who', 'period', 'amount')
	GROUP BY entity) AS x
GROUP BY 1
ORDER BY 1;
DROP TABLE absence;

DROP OWNED BY regress_leakage_reader;
DROP ROLE regress_leakage_reader;
DROP SCHEMA expecting, "Odd Schema" CASCADE;
