-- Attempts of a hostile role with the extension's types and functions: each is refused or gives ordinary values

\pset null _
SET client_min_messages = warning;
CREATE ROLE leakage_mallory;
CREATE SCHEMA hostile_test AUTHORIZATION leakage_mallory;
SET search_path = hostile_test, public;
SET ROLE leakage_mallory;

-- the error that a statement raises
CREATE FUNCTION raises(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	hint text;
BEGIN
	EXECUTE statement;
	RETURN 'no error';
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS hint = PG_EXCEPTION_HINT;
	RETURN SQLSTATE || ': ' || SQLERRM || CASE WHEN hint <> '' THEN ' / ' || hint ELSE '' END;
END $$;

-- ---- functions falsely declared STABLE: WHERE sees other values than the select list

CREATE FUNCTION odd_call() RETURNS boolean LANGUAGE plpgsql STABLE AS $$
DECLARE
	n int := coalesce(nullif(current_setting('hostile.calls', true), ''), '0')::int + 1;
BEGIN
	PERFORM set_config('hostile.calls', n::text, false);
	RETURN n % 2 = 1;
END $$;
CREATE FUNCTION lying_number(i int) RETURNS numeric LANGUAGE plpgsql STABLE AS 'BEGIN RETURN CASE WHEN odd_call() THEN i END; END';
CREATE FUNCTION lying_text(i int) RETURNS text LANGUAGE plpgsql STABLE AS 'BEGIN RETURN CASE WHEN odd_call() THEN i::text END; END';
CREATE FUNCTION lying_profile(i int) RETURNS leakage_profile LANGUAGE plpgsql STABLE AS $$
BEGIN RETURN CASE WHEN odd_call() THEN '{1: 1/1}'::leakage_profile END; END $$;

CREATE TABLE truth AS SELECT i FROM generate_series(1, 4) AS i;
CREATE VIEW lying_amounts AS SELECT i::text AS e, 1 AS p, lying_number(i) AS a FROM truth;
CREATE VIEW lying_periods AS SELECT i::text AS e, lying_number(i)::int AS p, 1.0 AS a FROM truth;
CREATE VIEW lying_entities AS SELECT lying_text(i) AS e, 1 AS p, 1.0 AS a, '{1: 1/1}'::leakage_profile AS w FROM truth;
CREATE VIEW lying_profiles AS SELECT i::text AS e, lying_profile(i) AS a FROM truth;
CREATE VIEW lying_dimensions AS SELECT i::text AS e, 1 AS p, 1.0 AS a, lying_text(i) AS d FROM truth;

SET hostile.calls = 0;
SELECT raises($$ SELECT * FROM expected_revenue('lying_amounts', 'e', 'p', 'a') $$);
SET hostile.calls = 0;
SELECT raises($$ SELECT * FROM expected_revenue('lying_periods', 'e', 'p', 'a') $$);
SET hostile.calls = 0;
SELECT raises($$ SELECT * FROM expected_revenue('lying_entities', 'e', 'p', 'a') $$);
SET hostile.calls = 0;
SELECT raises($$ SELECT * FROM expected_profiles('lying_entities', 'e', 'w') $$);
SET hostile.calls = 0;
SELECT raises($$ SELECT * FROM expected_profiles('lying_profiles', 'e', 'a') $$);
-- of a dimension, only the inferred value varies
SET hostile.calls = 0;
SELECT raises($$ SELECT * FROM expected_revenue('lying_dimensions', 'e', 'p', 'a', '{d}') $$);

-- ---- columns of unsuitable types

CREATE TABLE odd_types (e bytea, p text, a point, w bytea);
INSERT INTO odd_types VALUES ('\x01000000ffff3f00', 'x', '(1,2)', '\x01000000ffff3f00ffff3f0041414141');
SELECT raises($$ SELECT * FROM expected_revenue('odd_types', 'e', 'p', 'a') $$);
SELECT raises($$ SELECT * FROM expected_profiles('odd_types', 'e', 'w') $$);
SELECT raises($$ SELECT * FROM expected_profiles('truth_is_not_here'::regclass, 'e', 'w') $$);
SELECT raises($$ SELECT * FROM expected_profiles(0::oid::regclass, 'e', 'w') $$);
CREATE INDEX odd_index ON odd_types (p);
SELECT left(raises($$ SELECT * FROM expected_revenue('odd_index', 'p', 'p', 'p') $$), 5) AS an_index;

-- a domain over the type is another type, but converts to it
CREATE DOMAIN weeks AS leakage_profile CHECK (VALUE IS NOT NULL);
CREATE TABLE domains (e text UNIQUE, w weeks);
INSERT INTO domains VALUES ('x', '{1: 1/-, 2: 2/-}');
SELECT entity, profile FROM expected_profiles('domains', 'e', 'w', min_peers => 1);

-- ---- aggregates that others create from the extension's transition functions

-- a state that is not a valid value has type internal, and only a superuser can create an aggregate with such a state
SELECT raises($$ CREATE AGGREGATE del(int, numeric, numeric) (SFUNC = _leakage.leakage_profile_moving_inverse, STYPE = leakage_profile, INITCOND = '{1: 1/1}') $$);
SELECT raises($$ CREATE AGGREGATE del(int, numeric, numeric) (SFUNC = _leakage.leakage_profile_moving_inverse, STYPE = internal) $$);
SELECT raises($$ CREATE AGGREGATE del(numeric) (SFUNC = _leakage.revenue_summary_inverse, STYPE = revenue_summary, INITCOND = '{"count": 1, "total": 5, "buckets": {"4.980736": 1}}') $$);
SELECT raises($$ CREATE AGGREGATE del(revenue_summary) (SFUNC = _leakage.revenue_summary_rollup_inverse, STYPE = revenue_summary, INITCOND = '{"count": 1, "total": 5, "buckets": {"4.980736": 1}}') $$);
-- SQL has no value for an argument of that type (14 and later versions differ in the message)
SELECT left(raises($$ SELECT _leakage.leakage_profile_moving_final(NULL) $$), 5) IN ('0A000', '42883') AS refused;

-- the other functions return valid values: their text is accepted and means the same
CREATE AGGREGATE bare(numeric) (SFUNC = _leakage.revenue_summary_accum, STYPE = revenue_summary, INITCOND = '{"count": 0, "total": 0, "buckets": {}}');
CREATE AGGREGATE bare(double precision) (SFUNC = _leakage.revenue_summary_accum, STYPE = revenue_summary, INITCOND = '{"count": 1, "total": 5, "buckets": {"4.980736": 1}}');
CREATE AGGREGATE bare_rollup(revenue_summary) (SFUNC = _leakage.revenue_summary_rollup_accum, STYPE = revenue_summary);
CREATE AGGREGATE bare_combine(revenue_summary) (SFUNC = _leakage.revenue_summary_combine, STYPE = revenue_summary);
CREATE AGGREGATE bare_minus(revenue_summary) (SFUNC = _leakage.revenue_summary_minus, STYPE = revenue_summary, INITCOND = '{"count": 1, "total": 5, "buckets": {"4.980736": 1}}');
CREATE AGGREGATE bare(int, numeric, numeric) (SFUNC = _leakage.leakage_profile_transition, STYPE = leakage_profile);
CREATE AGGREGATE bare_combine(leakage_profile) (SFUNC = _leakage.leakage_profile_combine, STYPE = leakage_profile);

CREATE TABLE amounts AS SELECT i % 7 AS g, (i * 37 % 101 - 20) / 7.0 AS a FROM generate_series(1, 9000) AS i;
CREATE TABLE summaries AS
SELECT 'empty' AS what, bare(a) AS s FROM amounts WHERE false
UNION ALL SELECT 'list', bare(a) FROM amounts WHERE a < -2.7
UNION ALL SELECT 'dense', bare(a) FROM amounts
UNION ALL SELECT 'of doubles', bare(a::double precision) FROM amounts WHERE g = 1
UNION ALL SELECT 'rollup', bare_rollup(s) FROM (SELECT bare(a) AS s FROM amounts GROUP BY g) AS p
UNION ALL SELECT 'combine', bare_combine(s) FROM (SELECT bare(a) AS s FROM amounts GROUP BY g) AS p;
SELECT what, num_amounts(s), s::text::revenue_summary = s AS same, quantile(s, 0.5) IS NOT DISTINCT FROM quantile(s::text::revenue_summary, 0.5) AS same_median
FROM summaries ORDER BY what;
SELECT raises($$ SELECT bare_minus(s) FROM (VALUES ('{"count": 1, "total": 4.99, "buckets": {"4.980736": 1}}'::revenue_summary)) AS v(s) $$);

CREATE TABLE profiles AS
SELECT 'rows' AS what, bare(i, i, i) AS p FROM generate_series(1, 20) AS i
UNION ALL SELECT 'truncated', bare(i, i, NULL) FROM generate_series(1, 1100) AS i
UNION ALL SELECT 'combine', bare_combine(p) FROM (SELECT bare(i % 3, i, i) AS p FROM generate_series(1, 9) AS i GROUP BY i) AS q
UNION ALL SELECT 'no row', bare(NULL, i, i) FROM generate_series(1, 3) AS i;
SELECT what, left(p::text, 30) AS p, p::text::leakage_profile = p AS same FROM profiles ORDER BY what;

-- a moving frame gives the same as its rows, and NULL without rows
CREATE TABLE numbers AS SELECT i, revenue_summary(i::numeric) AS s FROM generate_series(1, 8) AS i GROUP BY i;
SELECT i, leakage_profile(CASE WHEN i % 4 > 1 THEN i END, i, NULL) OVER w AS profile, leakage_profile(NULL, i, NULL) OVER w AS none,
	num_amounts(revenue_summary(nullif(i % 3, 0)::numeric) OVER w) AS amounts, num_amounts(revenue_summary(NULL::numeric) OVER w) AS no_amounts,
	total(rollup(CASE WHEN i % 4 > 1 THEN s END) OVER w) AS rolled_up, num_amounts(rollup(s - s) OVER w) AS empty
FROM numbers WINDOW w AS (ORDER BY i ROWS BETWEEN 1 PRECEDING AND CURRENT ROW);

RESET ROLE;
DROP SCHEMA hostile_test CASCADE;
DROP ROLE leakage_mallory;
