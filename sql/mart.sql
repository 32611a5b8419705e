--
-- A mart from beginning to end, small enough to check by hand
--
\set SHOW_CONTEXT never
\pset null NULL
SET client_min_messages = warning;
CREATE SCHEMA mart_test;
SET search_path = mart_test, public;

-- what a command raises
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
-- the published datasets of a mart: its plain views, except internal ones
CREATE FUNCTION published(mart name) RETURNS SETOF name LANGUAGE sql AS $$
	SELECT relname FROM pg_class WHERE relnamespace = to_regnamespace(quote_ident(mart)) AND relkind = 'v' AND relname NOT IN ('mart_version', 'scored_week', 'week_block')
	ORDER BY relname COLLATE "C"
$$;
-- rows and contents of each published dataset except the run log, which holds times
CREATE FUNCTION contents(mart name) RETURNS TABLE (dataset name, rows bigint, md5 text) LANGUAGE plpgsql AS $$
BEGIN
	FOR dataset IN SELECT p FROM published(mart) AS p WHERE p NOT IN ('run_log', 'run_reasons') LOOP
		EXECUTE format('SELECT count(*), md5(string_agg(v::text, E''\n'' ORDER BY v::text COLLATE "C")) FROM %I.%I AS v', mart, dataset)
		INTO rows, md5;
		RETURN NEXT;
	END LOOP;
END $$;

CALL leakage_create_mart('My Mart', '{"as_of_year": 2018, "year": 2018, "min_peers": 5, "peer_dimensions": ["segment", "mobile_type"]}');
SELECT relname, relkind FROM pg_class WHERE relnamespace = '"My Mart"'::regnamespace AND relkind IN ('r', 'v', 'm') ORDER BY relkind, relname COLLATE "C";
-- everything belongs to the caller, nothing to the extension, and each object has a comment
SELECT count(*) FILTER (WHERE relowner <> current_user::regrole) AS not_mine,
	count(*) FILTER (WHERE d.objid IS NOT NULL) AS of_the_extension,
	count(*) FILTER (WHERE relkind IN ('r', 'v', 'm') AND obj_description(c.oid, 'pg_class') IS NULL) AS not_described
FROM pg_class AS c LEFT JOIN pg_depend AS d ON d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e'
WHERE relnamespace = '"My Mart"'::regnamespace;
-- only types that Power BI reads; numeric has a precision
SELECT relname, attname, format_type(atttypid, atttypmod)
FROM pg_attribute JOIN pg_class AS c ON c.oid = attrelid
WHERE relnamespace = '"My Mart"'::regnamespace AND relname IN (SELECT published('My Mart')) AND attnum > 0
	AND format_type(atttypid, atttypmod) !~ '^(text|integer|bigint|boolean|date|timestamp without time zone|double precision|numeric\(\d+,\d+\))$'
ORDER BY 1, 2;

-- before the first refresh everything is empty
SELECT dataset FROM contents('My Mart') WHERE rows > 0;
SELECT count(*) FROM "My Mart".run_log;
SELECT * FROM leakage_explain('My Mart', 'a1');

--
-- No rows at all
--
\set VERBOSITY sqlstate
CALL leakage_refresh('My Mart');
\set VERBOSITY default
SELECT dataset, rows FROM contents('My Mart') WHERE rows > 0;
SELECT check_name, left_value, right_value, difference, ok FROM "My Mart".reconciliation WHERE NOT ok OR left_value <> 0;
SELECT DISTINCT rows, share FROM "My Mart".data_quality;
SELECT crm_rows, device_rows, revenue_rows, users, user_weeks, leaked_users, total_revenue, leakage, model_method FROM "My Mart".run_log;
SELECT * FROM leakage_explain('My Mart', 'a1');

--
-- The rows.  Subscriber a1 has three CRM rows, an extra device, a duplicate, two amounts in one week, an amount with seven
-- decimal places, a week without a row, and a week of zero.  b2 has one week of 100.  c3 has no revenue, and o4 no CRM
-- row.  p01 to p40 are plain, at about 10 per week; p40 loses nine tenths from week 27 on.
--
INSERT INTO "My Mart".crm VALUES
	('A1', NULL, '1990', 'SUSPEND', 'Prepaid', 'Tier_1'),
	('a1', 'Female]', '1990', ' active ', 'prepaid', 'TIER_1'),
	(E'a1\t', 'Male', '1890', 'ACTIVE', 'Prepaid', 'Tier_1'),
	('b2', 'MFEale', '2010', 'weird', NULL, '  '),
	('c3', 'male', '1960', 'IDLE', 'Postpaid', 'Tier_2'),
	(NULL, 'Male', '1960', 'IDLE', 'Postpaid', 'Tier_2'),
	(' ', NULL, NULL, NULL, NULL, NULL);
INSERT INTO "My Mart".crm
SELECT 'p' || lpad(n::text, 2, '0'), 'Male', 1950 + n, 'ACTIVE', CASE WHEN n % 2 = 0 THEN 'Prepaid' ELSE 'Postpaid' END, 'Tier_1'
FROM generate_series(1, 40) AS n;
INSERT INTO "My Mart".device VALUES
	('a1', '1', NULL, 'Nameless', 'Android', 'Google'),
	('A1', '2', ' sam  sung ', E'Galaxy\t S', NULL, NULL),
	('a1', '3', 'Apple', 'iPhone', 'iOS', 'Apple'),
	('b2', '4', NULL, NULL, NULL, NULL),
	('z9', '5', 'Nokia', '3310', '', ''),
	('', '6', 'Nokia', '3310', '', '');
INSERT INTO "My Mart".revenue VALUES
	('a1', '22', '10'), ('A1 ', '022', '10.00'), ('a1', '22', '2.5'), ('a1', '23', '5.0000005'), ('a1', '25', '0'),
	('b2', '22', '1e2'), ('o4', '22', '7.25'), ('O4', '40', '0.0000004'), ('o4', '22', '7.25'),
	(NULL, '22', '1'), ('a1', NULL, '1'), ('a1', 'x', '1'), ('a1', '54', '1'), ('a1', '24', ' '), ('a1', '24', 'nan'), ('a1', '24', '-inf'),
	('a1', '24', '1,5'), ('a1', '24', '1000000000000'), ('a1', '24', '-3'), (NULL, NULL, NULL);
INSERT INTO "My Mart".revenue
SELECT 'p' || lpad(n::text, 2, '0'), w, CASE WHEN n = 40 AND w >= 27 THEN 1 ELSE 10 + ((n * 7 + w * 3) % 5 - 2) * 0.5 END
FROM generate_series(1, 40) AS n, generate_series(22, 33) AS w;

-- 13 of 500 rows are refused, which is more than 1%: nothing is published, unless the caller insists
CALL leakage_refresh('My Mart');
SELECT count(*) FROM "My Mart".users;
\set VERBOSITY sqlstate
CALL leakage_refresh('My Mart', force => true);
\set VERBOSITY default
SELECT check_name, file, value, limit_value, verdict, advice FROM "My Mart".run_health ORDER BY check_name COLLATE "C", file COLLATE "C";
SELECT run_id, forced FROM "My Mart".run_log ORDER BY run_id;

-- users: a1 has 12.5 + 5.000001 + 0 = 17.500001, or 5.833334 per week over three weeks.  3 of the mart's 12 weeks are Low
\x on
SELECT msisdn, gender, birth_year, age, age_group, region, segment, revenue_segment, mobile_type, status, brand, model, os, tenure_weeks,
	tenure_band, first_week, last_week, active_weeks, missing_weeks, zero_weeks, activity_level, usage, total_revenue, average_weekly_revenue,
	revenue_band, expected_revenue, gap, peer_group, peers, peer_level, high_usage_low_revenue
FROM "My Mart".users WHERE msisdn IN ('a1', 'b2', 'p01', 'p40') ORDER BY msisdn;
\x off
-- leaking: p40, from week 27 on
SELECT msisdn, leaked, round(leakage) AS leakage, reason, severity, change_week, leak_probability > 0.9 AS sure, leakage_score > 90 AS high
FROM "My Mart".users WHERE leaked OR leakage <> 0 OR reason <> 'none' OR severity <> 'None' OR msisdn = 'p01' ORDER BY msisdn;
SELECT week_number, week_start, present, revenue, round(expected_revenue) AS expected, round(leakage) AS leakage, concerned, segment, leaked
FROM "My Mart".user_weeks WHERE msisdn = 'p40' ORDER BY week_number;
SELECT week_number, week_start, present, revenue, gap = expected_revenue - revenue AS gap_ok, leakage, age_group, region, gender, activity_level,
	revenue_band, mobile_type
FROM "My Mart".user_weeks WHERE msisdn = 'a1' ORDER BY week_number;
-- the export has the same rows and columns, largest leakage first
SELECT count(*), count(*) FILTER (WHERE u.msisdn IS NULL OR to_jsonb(u) @> to_jsonb(f) IS NOT TRUE) AS differ
FROM "My Mart".final_leakage_data AS f FULL JOIN "My Mart".users AS u USING (msisdn);
SELECT msisdn FROM "My Mart".final_leakage_data LIMIT 1;
SELECT string_agg(attname, ',' ORDER BY attnum) FROM pg_attribute WHERE attrelid = '"My Mart".final_leakage_data'::regclass AND attnum > 0;
SELECT rank, msisdn, reason FROM "My Mart".top_users;

-- data quality and refused rows
SELECT file, rule, rows, share FROM "My Mart".data_quality ORDER BY file COLLATE "C", rule COLLATE "C";
SELECT * FROM "My Mart".rejected_rows ORDER BY rejected_id;
-- the money of the file: o4 has 7.25 twice and 0.0000004; a1 and b2 have 129.9999995, with a duplicate of 10 and a
-- negative 3; the rest belongs to the plain users
SELECT measure, value FROM "My Mart".file_count WHERE file = 'revenue' AND measure LIKE 'amount%' ORDER BY measure COLLATE "C";
SELECT check_name, left_value, right_value, difference, ok FROM "My Mart".reconciliation ORDER BY check_name COLLATE "C";
SELECT * FROM "My Mart".reconciliation_faults;

-- totals, counts, and the funnel: c3 has no revenue, so c3 counts only in the total
SELECT stage, sum(users) AS users FROM "My Mart".funnel GROUP BY stage, stage_order ORDER BY stage_order;
SELECT stage, sum(users) AS users FROM "My Mart".funnel_weeks WHERE week_number = 25 GROUP BY stage, stage_order ORDER BY stage_order;
SELECT segment, age_group, region, gender, activity_level, revenue_band, subscribers, active_users FROM "My Mart".kpi
WHERE active_users = 0;
SELECT sum(subscribers) AS subscribers, sum(active_users) AS active, sum(revenue_users) AS with_revenue, sum(leaked_users) AS leaked,
	sum(total_revenue) AS revenue FROM "My Mart".kpi;
SELECT week_order, week_number, week_start, week_label, users, total_revenue FROM "My Mart".weeks ORDER BY week_order;
SELECT kind, count(*) > 0 AS rows, sum(amount) = (SELECT sum(CASE kind WHEN 'Leaked' THEN leakage ELSE total_revenue END) FROM "My Mart".users) AS amount_ok,
	sum(users_revenue) = (SELECT sum(total_revenue) FROM "My Mart".users WHERE leaked = (kind = 'Leaked')) AS revenue_ok
FROM "My Mart".revenue_split GROUP BY kind ORDER BY kind;
SELECT week_number, sum(active_users) AS active, sum(revenue_users) AS with_revenue, sum(leaked_users) AS leaked, min(segment_week_revenue_rate) AS rate
FROM "My Mart".conversion WHERE segment = 'Tier_1' GROUP BY week_number ORDER BY week_number;
SELECT DISTINCT segment, week_number FROM "My Mart".conversion WHERE worst_rank = 1;
-- a filter gives the same total in every dataset that has the filter's column
SELECT DISTINCT total = ALL (ARRAY[
		(SELECT sum(total_revenue) FROM "My Mart".leakage_cube WHERE gender = g AND week_number = w),
		(SELECT sum(total_revenue) FROM "My Mart".segment_leakage WHERE gender = g AND week_number = w),
		(SELECT sum(total_revenue) FROM "My Mart".age_group_leakage WHERE gender = g AND week_number = w),
		(SELECT sum(total_revenue) FROM "My Mart".weekly_trend WHERE gender = g AND week_number = w),
		(SELECT sum(amount) FROM "My Mart".revenue_split WHERE kind = 'Collected' AND gender = g AND week_number = w),
		(SELECT sum(total_revenue) FROM "My Mart".kpi_weeks WHERE gender = g AND week_number = w)]) AS same
FROM (SELECT gender AS g, week_number AS w, sum(revenue) AS total FROM "My Mart".user_weeks GROUP BY 1, 2) AS t;

-- the run log, without the times
SELECT run_id, duration_seconds >= 0 AND finished_at >= started_at AS in_order, crm_rows, device_rows, revenue_rows, users, user_weeks, leaked_users,
	total_revenue, leakage = (SELECT sum(leakage) FROM "My Mart".users) AS leakage_ok, model_method, options::jsonb ->> 'min_peers' AS min_peers,
	extension_version = (SELECT extversion FROM pg_extension WHERE extname = 'leakage') AS version_ok,
	server_version = current_setting('server_version') AS server_ok
FROM "My Mart".run_log ORDER BY run_id;
SELECT count(*) AS steps, sum(value::numeric) BETWEEN 0 AND max(duration_seconds) + 0.01 AS durations
FROM "My Mart".run_log, jsonb_each_text(steps::jsonb) WHERE run_id = 2;
SELECT abs(extract(epoch FROM max(finished_at) - now() AT TIME ZONE 'UTC')) < 3600 AS in_utc FROM "My Mart".run_log;

-- one user's case, with the msisdn in any spelling
SELECT topic, fact FROM leakage_explain('My Mart', E' A1\t') WHERE topic IN ('user', 'verdict', 'peers', 'weeks') OR topic LIKE 'week _%' ORDER BY line;
SELECT topic, regexp_replace(fact, '\d+\.\d+', 'N', 'g') AS fact FROM leakage_explain('My Mart', 'p40')
WHERE topic IN ('verdict', 'why', 'weeks concerned', 'method') ORDER BY line;
SELECT count(*) AS topics, count(DISTINCT line) AS lines, count(*) FILTER (WHERE fact IS NULL OR topic IS NULL) AS nulls FROM leakage_explain('My Mart', 'p40');
-- its figures are the published ones
SELECT fact = format('%s USD expected in 12 weeks, %s USD came in: a gap of %s USD', round(expected_revenue, 2), round(total_revenue, 2), round(gap, 2)) AS ok
FROM "My Mart".users, leakage_explain('My Mart', msisdn) WHERE msisdn = 'p40' AND topic = 'expected against actual';
SELECT * FROM leakage_explain('My Mart', 'o4');
SELECT * FROM leakage_explain('My Mart', '');
SELECT * FROM leakage_explain('My Mart', NULL);
SELECT * FROM leakage_explain(NULL, 'a1');
SELECT raises($$ SELECT * FROM leakage_explain('mart_test', 'a1') $$);
SELECT count(*) AS users_without_a_case FROM "My Mart".users AS u
WHERE (leaked OR msisdn LIKE '%0') AND NOT EXISTS (SELECT FROM leakage_explain('My Mart', u.msisdn) WHERE topic = 'verdict' AND fact LIKE CASE WHEN u.leaked THEN 'leaking%' ELSE '%' END);

--
-- A second refresh gives the same result, and so does another order of the rows
--
CREATE TABLE first AS SELECT * FROM contents('My Mart');
\set VERBOSITY sqlstate
CALL leakage_refresh('My Mart', force => true);
\set VERBOSITY default
SELECT dataset FROM contents('My Mart') AS c FULL JOIN first AS f USING (dataset, rows, md5) WHERE c.md5 IS DISTINCT FROM f.md5;
CREATE TABLE held AS SELECT * FROM "My Mart".revenue;
TRUNCATE "My Mart".revenue;
INSERT INTO "My Mart".revenue SELECT * FROM held ORDER BY md5(held::text);
\set VERBOSITY sqlstate
CALL leakage_refresh('My Mart', force => true);
\set VERBOSITY default
SELECT dataset FROM contents('My Mart') AS c FULL JOIN first AS f USING (dataset, rows, md5) WHERE c.md5 IS DISTINCT FROM f.md5;

--
-- The optional tables.  The last week, 33, ends on Sunday 2018-08-19; a1 was activated 26 weeks before, p01 one day
-- later.  A region is shown in its most common spelling; ties go to the first in byte order.
--
INSERT INTO "My Mart".subscriber_attribute VALUES
	('a1', NULL, '2018-01-01'), ('A1', ' north ', '2018-02-18'), ('a1', 'South', NULL), ('c3', 'NORTH', 'soon'), ('b2', 'north', '2018-12-31'),
	('p01', 'NORTH', '2018-02-19'), ('p02', 'WEST', NULL), ('p03', 'west', NULL), ('p04', 'wEst', NULL), ('p05', ' wEst', NULL), (NULL, 'South', NULL), ('no such', 'West', '2018-01-01');
INSERT INTO "My Mart".usage VALUES
	('a1', '22', '5'), ('a1', '022', ' 05 '), ('A1', '22', '7'), ('a1', '50', '1'), ('o4', '22', '9'), ('a1', '22', '-1'), ('a1', '22', NULL),
	('a1', 'x', '1'), ('a1', '22', '1000000000001'), (NULL, '22', '1');
\set VERBOSITY sqlstate
CALL leakage_refresh('My Mart', force => true);
\set VERBOSITY default
SELECT msisdn, region, tenure_weeks, tenure_band, usage FROM "My Mart".users WHERE msisdn IN ('a1', 'b2', 'p01', 'p02', 'p06') ORDER BY msisdn;
SELECT file, rule, rows, share FROM "My Mart".data_quality WHERE file IN ('usage', 'subscriber_attribute') ORDER BY file COLLATE "C", rule COLLATE "C";
SELECT file, reason, msisdn, content FROM "My Mart".rejected_rows WHERE file IN ('usage', 'subscriber_attribute') ORDER BY rejected_id;
SELECT region, sum(subscribers) AS subscribers, sum(active_users) AS active FROM "My Mart".kpi GROUP BY region ORDER BY region COLLATE "C";
SELECT * FROM "My Mart".reconciliation_faults;
TRUNCATE "My Mart".subscriber_attribute, "My Mart".usage;

--
-- Who may read it
--
CREATE ROLE regress_leakage_bi;
GRANT USAGE ON SCHEMA mart_test TO regress_leakage_bi;
CALL leakage_grant_bi('My Mart', 'regress_leakage_bi');
SELECT p AS not_readable FROM published('My Mart') AS p WHERE NOT has_table_privilege('regress_leakage_bi', format('"My Mart".%I', p), 'SELECT');
SELECT relname AS readable FROM pg_class
WHERE relnamespace = '"My Mart"'::regnamespace AND relkind IN ('r', 'v', 'm') AND relname NOT IN (SELECT published('My Mart'))
	AND has_table_privilege('regress_leakage_bi', oid, 'SELECT');
SELECT relname AS writable FROM pg_class
WHERE relnamespace = '"My Mart"'::regnamespace AND relkind IN ('r', 'v', 'm') AND has_table_privilege('regress_leakage_bi', oid, 'INSERT, UPDATE, DELETE, TRUNCATE');
SELECT has_schema_privilege('regress_leakage_bi', 'My Mart', 'CREATE') AS create;
SET ROLE regress_leakage_bi;
SELECT (SELECT count(*) FROM "My Mart".users) AS users, (SELECT count(*) FROM "My Mart".user_weeks) > 0 AS weeks,
	(SELECT count(*) FROM "My Mart".run_log) AS runs, (SELECT count(*) FROM "My Mart".reconciliation_faults) AS faults;
SELECT raises($$ SELECT * FROM "My Mart".mv_kpi $$);
SELECT raises($$ SELECT * FROM "My Mart".revenue $$);
SELECT left(raises($$ CALL public.leakage_refresh('My Mart') $$), 5), left(raises($$ CALL public.leakage_alter_mart('My Mart', '{}') $$), 5),
	left(raises($$ CALL public.leakage_drop_mart('My Mart') $$), 5), left(raises($$ CALL public.leakage_grant_bi('My Mart', 'public') $$), 5),
	left(raises($$ SELECT public.leakage_explain('My Mart', 'a1') $$), 5);
RESET ROLE;
SELECT raises($$ CALL leakage_grant_bi('My Mart', 'regress_no_such_role') $$);
SELECT raises($$ CALL leakage_grant_bi('mart_test', 'regress_leakage_bi') $$);
SELECT raises($$ CALL leakage_grant_bi('My Mart', NULL) $$);
-- the rights survive the next refresh
\set VERBOSITY sqlstate
CALL leakage_refresh('My Mart', force => true);
\set VERBOSITY default
SET ROLE regress_leakage_bi;
SELECT count(*) FROM "My Mart".users;
RESET ROLE;

--
-- The schema: a new mart needs an empty one, and a mart is not dropped while other objects depend on it
--
SELECT raises($$ CALL leakage_create_mart('My Mart') $$);
SELECT raises($$ CALL leakage_create_mart('mart_test') $$);
CREATE SCHEMA "Half ""Full";
CREATE FUNCTION "Half ""Full".f() RETURNS int LANGUAGE sql AS 'SELECT 1';
SELECT raises($$ CALL leakage_create_mart('Half "Full') $$);
DROP FUNCTION "Half ""Full".f();
SELECT raises($$ CALL leakage_create_mart('Half "Full') $$);
SELECT raises($$ CALL leakage_create_mart('pg_temp') $$) LIKE '4%' AS refused;
SELECT count(*) FROM pg_class WHERE relnamespace = pg_my_temp_schema() AND relname = 'mart_option';
-- two marts side by side
\set VERBOSITY sqlstate
CALL leakage_refresh('Half "Full', force => true);
DROP EXTENSION leakage;
\set VERBOSITY default
SELECT count(*) FROM "My Mart".users;
SELECT count(*) FROM "Half ""Full".users;
-- a mart can be dropped even if parts of it are gone
DROP TABLE "Half ""Full".usage;
CALL leakage_drop_mart('Half "Full');
SELECT to_regnamespace('"Half ""Full"');
SELECT raises($$ CALL leakage_drop_mart('mart_test') $$);
SELECT raises($$ CALL leakage_drop_mart('pg_catalog') $$);
SELECT raises($$ CALL leakage_drop_mart('no such') $$);
SELECT left(raises($$ CALL leakage_drop_mart(NULL) $$), 5);
-- nothing that depends on the mart is dropped with it
CREATE VIEW report AS SELECT * FROM "My Mart".users;
SELECT raises($$ CALL leakage_drop_mart('My Mart') $$);
DROP VIEW report;
CREATE MATERIALIZED VIEW report AS SELECT count(*) FROM "My Mart".mv_kpi WITH NO DATA;
SELECT raises($$ CALL leakage_drop_mart('My Mart') $$);
DROP MATERIALIZED VIEW report;
CREATE TABLE note (msisdn text REFERENCES "My Mart".scored_user, remark text);
SELECT raises($$ CALL leakage_drop_mart('My Mart') $$);
SELECT count(*) AS constraints FROM pg_constraint WHERE conrelid = to_regclass('note') AND contype = 'f';
DROP TABLE IF EXISTS note;
CREATE TABLE archive (a "My Mart".users);
SELECT raises($$ CALL leakage_drop_mart('My Mart') $$);
SELECT count(*) AS columns FROM pg_attribute WHERE attrelid = to_regclass('archive') AND attnum > 0 AND NOT attisdropped;
DROP TABLE IF EXISTS archive;
CREATE FUNCTION leaking() RETURNS bigint LANGUAGE sql BEGIN ATOMIC SELECT count(*) FROM "My Mart".users WHERE leaked; END;
SELECT raises($$ CALL leakage_drop_mart('My Mart') $$);
SELECT leaking();
DROP FUNCTION IF EXISTS leaking;
-- nor is anything that the user has put into the mart
CREATE VIEW "My Mart".my_view AS SELECT * FROM "My Mart".users;
SELECT raises($$ CALL leakage_drop_mart('My Mart') $$);
DROP VIEW "My Mart".my_view;
CREATE TABLE "My Mart".my_table (a integer);
SELECT raises($$ CALL leakage_drop_mart('My Mart') $$);
DROP TABLE "My Mart".my_table;
CALL leakage_drop_mart('My Mart');
SELECT to_regnamespace('"My Mart"');
DROP OWNED BY regress_leakage_bi;
DROP ROLE regress_leakage_bi;

--
-- Other shapes
--
-- all revenue is orphan revenue
CALL leakage_create_mart('small_mart');
INSERT INTO small_mart.crm VALUES ('c', 'M', '1980', 'ACTIVE', 'Prepaid', 'Tier_1');
INSERT INTO small_mart.revenue VALUES ('o', '22', '5'), ('o', '23', '6.5');
\set VERBOSITY sqlstate
CALL leakage_refresh('small_mart', force => true);
\set VERBOSITY default
SELECT (SELECT count(*) FROM small_mart.users) AS users, (SELECT count(*) FROM small_mart.weeks) AS weeks,
	(SELECT sum(subscribers) FROM small_mart.kpi) AS subscribers, (SELECT count(*) FROM small_mart.reconciliation_faults) AS faults;
SELECT check_name, left_value, right_value FROM small_mart.reconciliation WHERE check_name LIKE 'accepted revenue%';
-- one user, one week
INSERT INTO small_mart.revenue VALUES ('c', '22', '5');
\set VERBOSITY sqlstate
CALL leakage_refresh('small_mart', force => true);
\set VERBOSITY default
SELECT msisdn, total_revenue, expected_revenue, gap, revenue_segment, activity_level, leaked, leakage, reason, severity, peers, peer_level, high_usage_low_revenue
FROM small_mart.users;
SELECT count(*) FILTER (WHERE fact IS NULL) AS nulls, count(*) FROM leakage_explain('small_mart', 'c');
-- all zero
TRUNCATE small_mart.revenue;
INSERT INTO small_mart.crm SELECT 'z' || n, 'F', '1980', 'ACTIVE', 'Prepaid', 'Tier_1' FROM generate_series(1, 40) AS n;
INSERT INTO small_mart.revenue SELECT 'z' || n, w, 0 FROM generate_series(1, 40) AS n, generate_series(22, 30) AS w;
\set VERBOSITY sqlstate
CALL leakage_refresh('small_mart', force => true);
\set VERBOSITY default
SELECT total_revenue, expected_revenue, revenue_segment, revenue_band, leaked, severity, count(*) FROM small_mart.users GROUP BY 1, 2, 3, 4, 5, 6;
-- no rows anymore: earlier results are gone
TRUNCATE small_mart.revenue, small_mart.crm;
\set VERBOSITY sqlstate
CALL leakage_refresh('small_mart', force => true);
\set VERBOSITY default
SELECT count(*) FROM small_mart.users;
SELECT count(*) FROM small_mart.subscriber_cell;
-- the largest amounts; a larger sum per user and week is refused, whether rows add up to it or rounding leads to it
INSERT INTO small_mart.crm SELECT n, 'M', '1980', 'ACTIVE', 'Prepaid', 'Tier_1' FROM unnest('{c,d,e}'::text[]) AS n;
INSERT INTO small_mart.revenue VALUES
	('c', '22', '999999999999.999999'), ('d', '22', '1'), ('d', '23', '999999999999.9999999'), ('e', '22', '999999999999'), ('e', '22', '1'), ('e', '22', '1.0'),
	('e', '23', '5');
\set VERBOSITY sqlstate
CALL leakage_refresh('small_mart', force => true);
\set VERBOSITY default
SELECT msisdn, week_number, revenue FROM small_mart.user_weeks ORDER BY 1, 2;
SELECT reason, msisdn, content FROM small_mart.rejected_rows ORDER BY rejected_id;
SELECT check_name, left_value, right_value FROM small_mart.reconciliation WHERE check_name LIKE 'revenue of the file%' OR check_name LIKE 'rows of revenue%' ORDER BY check_name COLLATE "C";
SELECT * FROM small_mart.reconciliation_faults;
CALL leakage_drop_mart('small_mart');

-- weeks of several years: 2018 has 52 weeks, and week 1 of 2019 follows
CALL leakage_create_mart('small_mart', '{"week_format": "yyyyww", "as_of_year": 2019, "min_peers": 1}');
INSERT INTO small_mart.crm SELECT 'y' || n, 'F', '1980', 'ACTIVE', 'Prepaid', 'Tier_1' FROM generate_series(1, 3) AS n;
INSERT INTO small_mart.revenue VALUES
	('y1', '201851', '5'), ('y1', '201902', '5'), ('y2', '201852', '5'), ('y2', '201901', '5'), ('y3', '201902', '5'),
	('y1', '201853', '1'), ('y1', '22', '1'), ('y1', '201951.5', '1');
INSERT INTO small_mart.subscriber_attribute VALUES ('y3', NULL, '2018-12-31');
\set VERBOSITY sqlstate
CALL leakage_refresh('small_mart', force => true);
\set VERBOSITY default
SELECT msisdn, first_week, last_week, active_weeks, missing_weeks, tenure_weeks, activity_level FROM small_mart.users ORDER BY msisdn;
SELECT week_number, week_start, week_label, users FROM small_mart.weeks ORDER BY week_order;
SELECT w.week_order - lag(w.week_order) OVER (ORDER BY w.week_order) AS apart FROM small_mart.weeks AS w ORDER BY w.week_order;
SELECT week_number, present, revenue, expected_revenue FROM small_mart.user_weeks WHERE msisdn = 'y1' ORDER BY week_number;
SELECT reason, count(*) FROM small_mart.rejected_rows GROUP BY reason ORDER BY reason COLLATE "C";
SELECT * FROM small_mart.reconciliation_faults;
CALL leakage_drop_mart('small_mart');

-- a week that nobody has is not a missing week: 24, 25, and 28 to 40, and also the week that only an orphan has
CALL leakage_create_mart('small_mart', '{"peer_dimensions": []}');
INSERT INTO small_mart.crm SELECT 'g' || n, 'F', '1980', 'ACTIVE', 'Prepaid', 'Tier_1' FROM generate_series(1, 40) AS n;
INSERT INTO small_mart.revenue
SELECT 'g' || n, w, CASE WHEN n = 40 AND w >= 27 THEN 1 ELSE 10 + ((n * 7 + w * 3) % 5 - 2) * 0.5 END
FROM generate_series(1, 40) AS n, unnest('{21,22,23,26,27,41,42,43,44,45}'::int[]) AS w WHERE n <> 1 OR w <> 26;
INSERT INTO small_mart.revenue VALUES ('orphan', '30', '10');
\set VERBOSITY sqlstate
CALL leakage_refresh('small_mart', force => true);
\set VERBOSITY default
SELECT missing_weeks, leaked, reason, count(*) FROM small_mart.users GROUP BY 1, 2, 3 ORDER BY 1, 2, 3;
SELECT count(*) AS weeks, string_agg(week_number::text, ',' ORDER BY week_order) FROM small_mart.weeks;
SELECT count(*), count(*) FILTER (WHERE NOT present) AS missing FROM small_mart.user_weeks;
SELECT fact FROM leakage_explain('small_mart', 'g40') WHERE topic IN ('peers', 'weeks concerned');
SELECT * FROM small_mart.reconciliation_faults;
CALL leakage_drop_mart('small_mart');

-- 24 of 200 users fall to a third in the same week: too many to be leaks, unless an option says otherwise. A user with
-- zeros only is not judged.
CALL leakage_create_mart('small_mart', '{"peer_dimensions": []}');
INSERT INTO small_mart.crm SELECT 'b' || n, 'F', '1980', 'ACTIVE', 'Prepaid', 'Tier_1' FROM generate_series(1, 200) AS n;
INSERT INTO small_mart.revenue
SELECT 'b' || n, w, CASE WHEN n = 200 THEN 0 ELSE (CASE WHEN n <= 24 AND w >= 28 THEN 3 ELSE 10 END) + ((n * 7 + w * 3) % 5 - 2) * 0.5 END
FROM generate_series(1, 200) AS n, generate_series(21, 34) AS w;
\set VERBOSITY sqlstate
CALL leakage_refresh('small_mart', force => true);
\set VERBOSITY default
SELECT payment_class, withheld, flagged, leaked, reason, leak_probability > 0.5 AS likely, sum(leakage) > 0 AS money, count(*)
FROM small_mart.users GROUP BY 1, 2, 3, 4, 5, 6 ORDER BY 1, 2, 3, 4, 5, 6;
SELECT rule, rows FROM small_mart.data_quality WHERE rule LIKE 'users\_%' ORDER BY rule COLLATE "C";
SELECT msisdn, (SELECT fact FROM leakage_explain('small_mart', msisdn) WHERE topic = 'verdict')
FROM unnest('{b1,b25,b200}'::text[]) AS m (msisdn);
CALL leakage_alter_mart('small_mart', '{"max_leak_share": 0.5}');
\set VERBOSITY sqlstate
CALL leakage_refresh('small_mart', force => true);
\set VERBOSITY default
SELECT payment_class, withheld, leaked, reason, count(*) FROM small_mart.users GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4;
SELECT * FROM small_mart.reconciliation_faults;
CALL leakage_drop_mart('small_mart');

DROP SCHEMA mart_test CASCADE;
