--
-- group_leakage: docs/groups.md
--
\set SHOW_CONTEXT never
\pset null NULL
SET client_min_messages = warning;
CREATE SCHEMA grouping;
SET search_path = grouping, public;

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
-- all rows of a query as one fingerprint
CREATE FUNCTION fingerprint(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	result text;
BEGIN
	EXECUTE format('SELECT count(*) || '' rows '' || md5(string_agg(t::text, E''\n'' ORDER BY t::text COLLATE "C")) FROM (%s) AS t', query) INTO result;
	RETURN result;
END $$;
-- a number from -0.5 to 0.5 that looks random and is the same everywhere
CREATE FUNCTION noise(a bigint, b bigint) RETURNS numeric LANGUAGE sql IMMUTABLE AS
	$$ SELECT ('x' || substr(md5(a || '/' || b), 1, 7))::bit(28)::int / 268435456.0 - 0.5 $$;

--
-- 600 customers in three plans and four regions, 14 weeks; amounts stray by a tenth
--
CREATE TABLE bill AS
SELECT c AS customer, w AS week, DATE '2024-01-01' + 7 * (w - 1) AS day,
	round(20 * (1 + 0.4 * noise(c, w)) * (1 + 0.1 * noise(0, w)), 2) AS amount,
	(ARRAY['basic', 'plus', 'gold'])[1 + c % 3] AS plan,
	(ARRAY['north', 'east', 'south', 'west'])[1 + (c / 3) % 4] AS region,
	(ARRAY['phone', 'tablet'])[1 + (c / 12) % 2] AS device
FROM generate_series(1, 600) c, generate_series(1, 14) w;

-- nothing happened
SELECT * FROM group_leakage('bill', 'customer', 'week', 'amount', '{plan,region,device}');

-- a plan is billed 15 % too low from week 8 on
CREATE VIEW fallen AS
SELECT customer, week, day, round(amount * CASE WHEN plan = 'gold' AND week >= 8 THEN 0.85 ELSE 1 END, 2) AS amount, plan, region, device
FROM bill;
\x
SELECT * FROM group_leakage('fallen', 'customer', 'week', 'amount', '{plan,region,device}');
\x
-- the money is of what was taken
SELECT round(sum(leakage) / (SELECT sum(b.amount - f.amount) FROM bill b JOIN fallen f USING (customer, week)), 1) AS of_true,
	bool_and(expected = revenue + leakage) AS adds_up
FROM group_leakage('fallen', 'customer', 'week', 'amount', '{plan,region,device}');

-- two values, for three weeks
CREATE VIEW fallen_for_a_time AS
SELECT customer, week, round(amount * CASE WHEN plan = 'plus' AND region = 'east' AND week BETWEEN 6 AND 8 THEN 0.7 ELSE 1 END, 2) AS amount, plan, region, device
FROM bill;
SELECT kind, group_name, group_values, from_period, to_period, users, share_affected
FROM group_leakage('fallen_for_a_time', 'customer', 'week', 'amount', '{plan,region,device}');

-- half of a region
CREATE VIEW half_fallen AS
SELECT customer, week, round(amount * CASE WHEN region = 'west' AND noise(customer, -1) < 0 AND week >= 7 THEN 0.6 ELSE 1 END, 2) AS amount, plan, region
FROM bill;
SELECT kind, group_name, from_period, to_period, users, share_affected BETWEEN 0.4 AND 0.6 AS half, effect BETWEEN -0.43 AND -0.37 AS by_forty
FROM group_leakage('half_fallen', 'customer', 'week', 'amount', '{plan,region}');

-- rows are lost; zeros, negative amounts and NULLs are lost rows, too
CREATE VIEW lost AS
SELECT customer, week, amount, plan, region, device FROM bill
WHERE NOT (plan = 'basic' AND region = 'south' AND week BETWEEN 5 AND 7 AND noise(customer, -1) < 0)
	AND noise(-customer, week) < 0.47;
CREATE VIEW lost_to_zero AS
SELECT customer, week, CASE WHEN NOT (plan = 'basic' AND region = 'south' AND week BETWEEN 5 AND 7 AND noise(customer, -1) < 0) THEN amount
	WHEN week = 5 THEN 0 WHEN week = 6 THEN -amount END AS amount, plan, region, device
FROM bill WHERE noise(-customer, week) < 0.47;
SELECT kind, group_name, from_period, to_period, users, effect BETWEEN -0.55 AND -0.45 AS half, effect_low <= effect AND effect <= effect_high AS in_order, revenue, leakage
FROM group_leakage('lost', 'customer', 'week', 'amount', '{plan,region,device}');
SELECT fingerprint($$SELECT * FROM group_leakage('lost', 'customer', 'week', 'amount', '{plan,region,device}')$$)
	 = fingerprint($$SELECT * FROM group_leakage('lost_to_zero', 'customer', 'week', 'amount', '{plan,region,device}')$$) AS same;

-- a rise is no leakage, and no fall of all others
CREATE VIEW risen AS
SELECT customer, week, round(amount * CASE WHEN region = 'north' AND week BETWEEN 9 AND 11 THEN 1.3 ELSE 1 END, 2) AS amount, plan, region, device
FROM bill;
SELECT kind, group_name, from_period, to_period, effect BETWEEN 0.25 AND 0.35 AS by_thirty, leakage, expected < revenue AS lower
FROM group_leakage('risen', 'customer', 'week', 'amount', '{plan,region,device}');

-- everybody: a short week, an odd week
CREATE VIEW short AS SELECT * FROM bill WHERE NOT (week = 9 AND customer % 10 < 3);
CREATE VIEW short_end AS SELECT * FROM bill WHERE NOT (week = 14 AND customer % 10 < 3);
CREATE VIEW odd AS SELECT customer, week, amount * CASE WHEN week = 6 THEN 0.6 ELSE 1 END AS amount, plan, region, device FROM bill;
SELECT kind, group_name, group_values, from_period, to_period, users, share_affected, expected, leakage, evidence
FROM group_leakage('short', 'customer', 'week', 'amount', '{plan,region,device}');
SELECT kind, from_period, to_period, leakage, evidence FROM group_leakage('short_end', 'customer', 'week', 'amount', '{plan,region,device}');
SELECT kind, from_period, to_period, leakage, evidence FROM group_leakage('odd', 'customer', 'week', 'amount', '{plan,region,device}');
-- without dimensions, only that
SELECT kind, group_values, from_period FROM group_leakage('short', 'customer', 'week', 'amount', '{}');
SELECT * FROM group_leakage('fallen', 'customer', 'week', 'amount', '{}');

-- customers who move to a plan that is half as expensive: nobody's level fell
CREATE VIEW moved AS
SELECT customer, week, round(amount * CASE WHEN customer % 5 = 0 AND week >= 8 THEN 0.5 ELSE 1 END, 2) AS amount,
	CASE WHEN customer % 5 = 0 AND week >= 8 THEN 'cheap' ELSE plan END AS plan, region, device
FROM bill;
SELECT kind, group_name FROM group_leakage('moved', 'customer', 'week', 'amount', '{plan,region,device}');
-- a customer who moves within a group counts once
CREATE VIEW moved_and_fallen AS
SELECT customer, week, round(amount * CASE WHEN region = 'east' AND week >= 10 THEN 0.7 ELSE 1 END, 2) AS amount,
	CASE WHEN customer % 5 = 0 AND week >= 6 THEN 'cheap' ELSE plan END AS plan, region
FROM bill;
SELECT kind, group_name, users FROM group_leakage('moved_and_fallen', 'customer', 'week', 'amount', '{plan,region}');

--
-- Members: who is affected, and each one's part of the money
--
SELECT f.finding, f.users = count(*) AS all_members, f.revenue = sum(m.revenue) AS same_revenue, f.leakage = sum(m.leakage) AS same_leakage,
	f.expected = sum(m.expected) AS same_expected, min(probability), max(probability)
FROM group_leakage('fallen', 'customer', 'week', 'amount', '{plan,region,device}') f
	JOIN group_leakage_members('fallen', 'customer', 'week', 'amount', '{plan,region,device}') m USING (finding)
GROUP BY f.finding, f.users, f.revenue, f.leakage, f.expected;
-- half of them
SELECT sum(f.leakage) = sum(m.leakage) AS same, bool_and(m.right_half > 0.95 * m.members) AS told_apart
FROM group_leakage('half_fallen', 'customer', 'week', 'amount', '{plan,region}') f
	JOIN (SELECT finding, sum(leakage) AS leakage, count(*) AS members, count(*) FILTER (WHERE (probability > 0.5) = (noise(member::int, -1) < 0)) AS right_half
		FROM group_leakage_members('half_fallen', 'customer', 'week', 'amount', '{plan,region}') GROUP BY finding) m USING (finding);
-- lost rows: only members without rows have leakage; rises: none has
SELECT count(*) AS members, count(*) FILTER (WHERE leakage > 0) BETWEEN 20 AND 40 AS some, sum(leakage) =
	(SELECT leakage FROM group_leakage('lost', 'customer', 'week', 'amount', '{plan,region,device}')) AS same
FROM group_leakage_members('lost', 'customer', 'week', 'amount', '{plan,region,device}');
SELECT count(*), sum(leakage), sum(expected) < sum(revenue) AS lower FROM group_leakage_members('risen', 'customer', 'week', 'amount', '{plan,region,device}');
-- one row of a customer with two spells
SELECT count(*), count(DISTINCT member) FROM group_leakage_members('moved_and_fallen', 'customer', 'week', 'amount', '{plan,region}');
-- nothing found, too little data
SELECT count(*) FROM group_leakage_members('bill', 'customer', 'week', 'amount', '{plan,region,device}');
SELECT count(*) FROM group_leakage_members('bill', 'customer', 'week', 'amount', '{plan}', min_entities => 500);
SELECT raises($$SELECT group_leakage_members('bill', 'customer', 'week', 'amount', NULL)$$);
SELECT raises($$SELECT group_leakage_members('bill', 'customer', 'day', 'amount', '{plan}')$$);

--
-- Periods: dates and timestamps by day, week, and month
--
SELECT kind, group_name, from_period, to_period, leakage =
	(SELECT leakage FROM group_leakage('fallen', 'customer', 'week', 'amount', '{plan,region,device}')) AS same
FROM group_leakage('fallen', 'customer', 'day', 'amount', '{plan,region,device}', 'week');
CREATE VIEW fallen_by_day AS SELECT customer, DATE '1999-12-28' + week AS day, amount, plan, region FROM fallen;
SELECT from_period, to_period FROM group_leakage('fallen_by_day', 'customer', 'day', 'amount', '{plan,region}', step => 'day');
CREATE VIEW fallen_by_month AS
SELECT customer, (TIMESTAMP '1999-08-15 23:00' + make_interval(months => week)) AS day, amount, plan, region FROM fallen;
SELECT from_period, to_period FROM group_leakage('fallen_by_month', 'customer', 'day', 'amount', '{plan,region}', step => 'month');
-- years before 2000, and numbers below zero
CREATE VIEW early AS SELECT customer, DATE '1969-11-03' + 7 * week AS day, week - 100 AS week, amount, plan, region FROM fallen;
SELECT from_period, to_period FROM group_leakage('early', 'customer', 'day', 'amount', '{plan,region}', step => 'week');
SELECT from_period, to_period FROM group_leakage('early', 'customer', 'week', 'amount', '{plan,region}');

--
-- The same bytes for any order of rows, and for rows that are split
--
CREATE TABLE shuffled AS SELECT * FROM fallen ORDER BY md5(customer || '-' || week);
CREATE TABLE split AS
SELECT customer, week, amount - 1 AS amount, plan, region, device FROM fallen
UNION ALL SELECT customer, week, 0.25, plan, region, device FROM fallen, generate_series(1, 4);
SELECT fingerprint($$SELECT * FROM group_leakage('fallen', 'customer', 'week', 'amount', '{plan,region,device}')$$)
	 = fingerprint($$SELECT * FROM group_leakage('shuffled', 'customer', 'week', 'amount', '{plan,region,device}')$$) AS shuffled,
	   fingerprint($$SELECT * FROM group_leakage('fallen', 'customer', 'week', 'amount', '{plan,region,device}')$$)
	 = fingerprint($$SELECT * FROM group_leakage('split', 'customer', 'week', 'amount', '{plan,region,device}')$$) AS split;
-- spells and blocks that go to a file
SET work_mem = '64kB';
SET hash_mem_multiplier = 1;
SET enable_hashagg = off;
SELECT from_period, to_period FROM group_leakage('fallen', 'customer', 'week', 'amount', '{plan,region,device}');
SELECT fingerprint($$SELECT kind, group_name, revenue, leakage, effect FROM group_leakage('fallen', 'customer', 'week', 'amount', '{plan,region,device}', depth => 1)$$) AS small_memory;
RESET work_mem;
RESET hash_mem_multiplier;
RESET enable_hashagg;
SELECT fingerprint($$SELECT kind, group_name, revenue, leakage, effect FROM group_leakage('fallen', 'customer', 'week', 'amount', '{plan,region,device}', depth => 1)$$) AS enough_memory;

--
-- Arguments
--
SELECT group_name FROM group_leakage('fallen_for_a_time', 'customer', 'week', 'amount', '{plan,region,device}', depth => 1);
SELECT count(*) FROM group_leakage('fallen_for_a_time', 'customer', 'week', 'amount', '{plan,region,device}', min_entities => 60);
SELECT count(*) FROM group_leakage('fallen_for_a_time', 'customer', 'week', 'amount', '{plan,region,device}', min_periods => 4);
SELECT group_values FROM group_leakage('fallen', 'customer', 'week', 'amount', '{region,plan}');
-- names that need quotes; amounts and periods of other types; NULL is Unknown
CREATE TABLE odd_names AS
SELECT customer::text AS "The ""Customer""", week::numeric AS "select", amount::float8 AS "from", NULLIF(plan, 'gold') AS "Plan; DROP TABLE bill", device
FROM fallen;
SELECT kind, group_name, from_period FROM group_leakage('odd_names', 'The "Customer"', 'select', 'from', ARRAY['Plan; DROP TABLE bill', 'device']);

-- rows with NULL are ignored
CREATE VIEW with_nulls AS
SELECT customer, week, amount, plan, region, device FROM fallen
UNION ALL SELECT NULL, week, amount, plan, region, device FROM fallen
UNION ALL SELECT customer, NULL, amount, plan, region, device FROM fallen
UNION ALL SELECT customer, week, NULL, plan, region, device FROM fallen;
SELECT fingerprint($$SELECT * FROM group_leakage('fallen', 'customer', 'week', 'amount', '{plan,region,device}')$$)
	 = fingerprint($$SELECT * FROM group_leakage('with_nulls', 'customer', 'week', 'amount', '{plan,region,device}')$$) AS same;

-- too little data
\x
SELECT * FROM group_leakage('bill', 'customer', 'week', 'amount', '{plan}') LIMIT 0;
CREATE TABLE empty (LIKE bill);
SELECT * FROM group_leakage('empty', 'customer', 'week', 'amount', '{plan}');
\x
CREATE VIEW few AS SELECT * FROM bill WHERE customer <= 12;
CREATE VIEW brief AS SELECT * FROM bill WHERE week <= 5;
SELECT finding, kind, evidence FROM group_leakage('few', 'customer', 'week', 'amount', '{plan}');
SELECT finding, kind, evidence FROM group_leakage('brief', 'customer', 'week', 'amount', '{plan}');
SELECT finding, kind, evidence FROM group_leakage('bill', 'customer', 'week', 'amount', '{plan}', min_entities => 500);

-- refused
SELECT raises($$SELECT group_leakage(NULL, 'customer', 'week', 'amount', '{plan}')$$);
SELECT raises($$SELECT group_leakage('bill', NULL, 'week', 'amount', '{plan}')$$);
SELECT raises($$SELECT group_leakage('bill', 'customer', 'week', 'amount', NULL)$$);
SELECT raises($$SELECT group_leakage('bill', 'customer', 'week', 'amount', '{plan,NULL}')$$);
SELECT raises($$SELECT group_leakage('bill', 'customer', 'week', 'amount', '{plan}', alpha => NULL)$$);
SELECT raises($$SELECT group_leakage('bill', 'customer', 'week', 'amount', '{plan,plan}')$$);
SELECT raises($$SELECT group_leakage('bill', 'customer', 'week', 'amount', '{a,b,c,d,e,f,g,h,i}')$$);
SELECT raises($$SELECT group_leakage('bill', 'nobody', 'week', 'amount', '{plan}')$$);
SELECT raises($$SELECT group_leakage('bill', 'customer', 'nothing', 'amount', '{plan}')$$);
SELECT raises($$SELECT group_leakage('bill', 'customer', 'week', 'nothing', '{plan}')$$);
SELECT raises($$SELECT group_leakage('bill', 'customer', 'week', 'amount', '{bill}')$$);
SELECT raises($$SELECT group_leakage('nothing', 'customer', 'week', 'amount', '{plan}')$$);
SELECT raises($$SELECT group_leakage(4294967295::regclass, 'customer', 'week', 'amount', '{plan}')$$);
SELECT raises($$SELECT group_leakage('bill', 'customer', 'day', 'amount', '{plan}')$$);
SELECT raises($$SELECT group_leakage('bill', 'customer', 'week', 'amount', '{plan}', 'week')$$);
SELECT raises($$SELECT group_leakage('bill', 'customer', 'day', 'amount', '{plan}', 'fortnight')$$);
SELECT raises($$SELECT group_leakage('bill', 'customer', 'plan', 'amount', '{plan}')$$);
SELECT raises($$SELECT group_leakage('bill', 'customer', 'week', 'amount', '{plan}', alpha => 0)$$);
SELECT raises($$SELECT group_leakage('bill', 'customer', 'week', 'amount', '{plan}', alpha => 'NaN')$$);
SELECT raises($$SELECT group_leakage('bill', 'customer', 'week', 'amount', '{plan}', depth => 4)$$);
SELECT raises($$SELECT group_leakage('bill', 'customer', 'week', 'amount', '{plan}', min_entities => 9)$$);
SELECT raises($$SELECT group_leakage('bill', 'customer', 'week', 'amount', '{plan}', min_periods => 0)$$);
SELECT raises($$SELECT group_leakage('bill', 'customer', 'week', 'amount', '{plan}', max_findings => 101)$$);
CREATE VIEW long AS SELECT customer, week + 14 * k AS week, amount, plan FROM bill, generate_series(0, 9) k;
SELECT raises($$SELECT group_leakage('long', 'customer', 'week', 'amount', '{plan}')$$);
CREATE VIEW many_values AS SELECT customer, week, amount, customer || '-' || k AS plan FROM bill, generate_series(1, 20) k WHERE week < 3;
SELECT raises($$SELECT group_leakage('many_values', 'customer', 'week', 'amount', '{plan}')$$);
CREATE VIEW wide AS SELECT customer * 100 + k AS customer, week, amount, customer || '' AS plan, customer || '' AS region FROM bill, generate_series(1, 10) k;
SELECT raises($$SELECT group_leakage('wide', 'customer', 'week', 'amount', '{plan,region}', min_entities => 10)$$);
CREATE VIEW huge AS SELECT customer, week, amount * 1e12 AS amount, plan FROM bill;
SELECT raises($$SELECT group_leakage('huge', 'customer', 'week', 'amount', '{plan}')$$);
CREATE VIEW infinite AS SELECT customer, week, 'Infinity'::float8 AS amount, plan FROM bill;
SELECT raises($$SELECT group_leakage('infinite', 'customer', 'week', 'amount', '{plan}')$$);
-- large amounts, and very small ones
CREATE VIEW large AS SELECT customer, week, amount * 1e9 AS amount, plan, region FROM fallen;
CREATE VIEW small AS SELECT customer, week, amount / 1000 AS amount, plan, region FROM fallen;
SELECT l.kind, l.group_name, l.effect - s.effect BETWEEN -0.001 AND 0.001 AS same_effect, round(l.leakage / s.leakage / 1e12, 2) AS ratio
FROM group_leakage('large', 'customer', 'week', 'amount', '{plan,region}') l, group_leakage('small', 'customer', 'week', 'amount', '{plan,region}') s;

-- what the caller may not read
CREATE ROLE group_reader;
GRANT USAGE ON SCHEMA grouping TO group_reader;
SET ROLE group_reader;
SELECT raises($$SELECT group_leakage('grouping.bill', 'customer', 'week', 'amount', '{plan}')$$);
RESET ROLE;
DROP SCHEMA grouping CASCADE;
DROP ROLE group_reader;
