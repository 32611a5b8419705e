-- The job of make bench in plain SQL: from loaded tables to clean users, expected revenue, and datasets (docs/rules.md,
-- sections 1 to 3, with the default options).  rival_sql.sh runs one part ("-- part NAME") at a time.
--
-- An empty field of the files is '' in the tables and comes last in the order of the best row.  Labels are assumed to be
-- ASCII where the rules refer to ASCII letters, as in the generated files.  OFFSET 0 keeps a subquery from being merged
-- into the outer query, which would compute its expressions again at each use.

-- part kinds

SET search_path = leakage_bench_sql;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;

-- the few thousand distinct rows of crm without the msisdn, cleaned once each; place is the order of the best row
CREATE UNLOGGED TABLE kind AS
WITH
	different AS (
		SELECT gender, year_of_birth, system_status, mobile_type, value_segment
		FROM crm
		GROUP BY gender, year_of_birth, system_status, mobile_type, value_segment),
	words AS (
		SELECT *,
			upper(regexp_replace(gender, '[^A-Za-z]', '', 'g') COLLATE "C") AS gender_word,
			btrim(year_of_birth, E' \t\r\n\x0B\x0C') AS year_word,
			upper(btrim(system_status, E' \t\r\n\x0B\x0C') COLLATE "C") AS status_word,
			rtrim(left(btrim(regexp_replace(mobile_type, '[ \t\r\n\x0B\x0C]+', ' ', 'g'), ' '), 200), ' ') AS type_words,
			rtrim(left(btrim(regexp_replace(value_segment, '[ \t\r\n\x0B\x0C]+', ' ', 'g'), ' '), 200), ' ') AS segment_words
		FROM different),
	years AS (
		SELECT *, CASE WHEN year_word ~ '^[0-9]{4}$' THEN 2018 - year_word::integer END AS years
		FROM words),
	cleaned AS (
		SELECT *,
			CASE
				WHEN gender_word IN ('F', 'FE', 'FEM', 'FEMA', 'FEMAL', 'FEMALE', 'FEMEL', 'FEMELE', 'FAMALE',
					'FEMALEF', 'FEMALEH') THEN 'Female'
				WHEN gender_word IN ('M', 'MA', 'MAL', 'MALE') THEN 'Male'
				ELSE 'Unknown'
			END AS clean_gender,
			CASE WHEN years BETWEEN 10 AND 110 THEN years END AS age,
			CASE
				WHEN status_word IN ('ACTIVE', 'IDLE', 'SUSPEND', 'DEACTIVE') THEN status_word
				WHEN status_word = 'SUSPENDED' THEN 'SUSPEND'
				WHEN status_word IN ('DEACTIVATE', 'DEACTIVATED') THEN 'DEACTIVE'
				ELSE 'OTHER'
			END AS status
		FROM years),
	placed AS (
		SELECT gender AS raw_gender, year_of_birth, system_status, mobile_type AS raw_type, value_segment,
			row_number() OVER (
				ORDER BY array_position(ARRAY['ACTIVE', 'IDLE', 'SUSPEND', 'DEACTIVE', 'OTHER'], status),
					clean_gender = 'Unknown', age IS NULL,
					nullif(gender, '') COLLATE "C", nullif(year_of_birth, '') COLLATE "C",
					nullif(system_status, '') COLLATE "C", nullif(mobile_type, '') COLLATE "C",
					nullif(value_segment, '') COLLATE "C")::integer AS place,
			clean_gender AS gender, 2018 - age AS birth_year, age, status,
			coalesce(
				(ARRAY['Under 18', '18-24', '25-34', '35-44', '45-54', '55-64', '65+'])
					[width_bucket(age, '{18,25,35,45,55,65}'::integer[]) + 1],
				'Unknown') AS age_group,
			coalesce(nullif(initcap(type_words COLLATE "C"), ''), 'Unknown') AS mobile_type,
			coalesce(nullif(initcap(segment_words COLLATE "C"), ''), 'Unknown') AS segment
		FROM cleaned)
SELECT *, dense_rank() OVER (ORDER BY segment)::integer AS g,
	dense_rank() OVER (ORDER BY segment, mobile_type, age_group)::integer AS c
FROM placed;
ANALYZE kind;

-- part subscribers

-- The best row of each subscriber in a share, in one session per core.  The planner cannot estimate the number of groups
-- and would sort.
SET search_path = leakage_bench_sql;
SET enable_sort = off;
SET enable_mergejoin = off;
SET max_parallel_workers_per_gather = 0;

CREATE UNLOGGED TABLE subscriber_:session AS
WITH
	cleaned AS (
		SELECT lower(btrim(msisdn, E' \t\r\n\x0B\x0C') COLLATE "C") AS msisdn, gender, year_of_birth, system_status,
			mobile_type, value_segment
		FROM crm
		OFFSET 0),
	mine AS (
		SELECT *
		FROM cleaned
		WHERE (hashtext(msisdn) & 65535) % :sessions = :session
			AND msisdn <> ''
		OFFSET 0)
SELECT m.msisdn, min(k.place) AS place
FROM mine AS m
	JOIN kind AS k ON k.raw_gender = m.gender
		AND k.year_of_birth = m.year_of_birth
		AND k.system_status = m.system_status
		AND k.raw_type = m.mobile_type
		AND k.value_segment = m.value_segment
GROUP BY m.msisdn;

-- part clean

SET search_path = leakage_bench_sql;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;

SELECT format('CREATE VIEW subscriber AS %s', string_agg(format('SELECT * FROM %I', tablename), ' UNION ALL '))
FROM pg_tables
WHERE schemaname = 'leakage_bench_sql'
	AND tablename ~ '^subscriber_[0-9]+$'
\gexec

CREATE UNLOGGED TABLE cells AS
WITH
	counted AS (
		SELECT place, count(*) AS subscribers
		FROM subscriber
		GROUP BY place)
SELECT segment, age_group, gender, mobile_type, status, sum(subscribers) AS subscribers
FROM counted
	JOIN kind USING (place)
GROUP BY segment, age_group, gender, mobile_type, status;

-- Revenue: the first fault of each row, or its amount.  An exponent of five digits is always out of range.  Lengths are
-- tested separately, because a bound like {1,255} makes a pattern fifteen times as slow.
CREATE UNLOGGED TABLE revenue_row AS
WITH
	words AS (
		SELECT nullif(lower(btrim(msisdn, E' \t\r\n\x0B\x0C') COLLATE "C"), '') AS msisdn,
			btrim(week_number, E' \t\r\n\x0B\x0C') AS week,
			btrim(revenue_usd, E' \t\r\n\x0B\x0C') AS amount
		FROM revenue
		OFFSET 0),
	shapes AS (
		SELECT msisdn, week, amount,
			CASE WHEN week ~ '^[0-9]+$' AND length(week) <= 6 THEN week::integer END AS week_number,
			CASE
				WHEN amount ~ '^[0-9]+\.?[0-9]*$' AND length(amount) <= 400 THEN NULL
				WHEN amount = '' THEN 'amount_missing'
				WHEN lower(amount) = 'nan' THEN 'amount_nan'
				WHEN amount ~* '^[+-]?inf(inity)?$' THEN 'amount_infinite'
				WHEN length(amount) > 400 THEN 'amount_not_numeric'
				WHEN amount !~ '^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?$' THEN 'amount_not_numeric'
				WHEN amount ~ '[eE][+-]?[0-9]{5}' THEN 'amount_out_of_range'
			END AS amount_shape
		FROM words
		OFFSET 0),
	numbers AS (
		SELECT msisdn, week, week_number, amount_shape,
			CASE WHEN amount_shape IS NULL THEN amount::numeric END AS amount
		FROM shapes
		OFFSET 0)
SELECT msisdn, week_number, amount,
	CASE
		WHEN msisdn IS NULL THEN 'msisdn_missing'
		WHEN week = '' THEN 'week_missing'
		WHEN week_number IS NULL THEN 'week_not_numeric'
		WHEN week_number NOT BETWEEN 1 AND 53 THEN 'week_out_of_range'
		WHEN amount_shape IS NOT NULL THEN amount_shape
		WHEN abs(amount) >= 1000000000000 OR scale(amount) > 1000 THEN 'amount_out_of_range'
		WHEN amount < 0 THEN 'amount_negative'
	END AS fault
FROM numbers;
-- otherwise the planner assumes few groups and aggregates twice: in each worker and again
ANALYZE revenue_row (msisdn, week_number, amount);

SET enable_sort = off;
CREATE UNLOGGED TABLE revenue_week AS
WITH
	once AS (
		SELECT msisdn, week_number, amount, count(*) AS copies
		FROM revenue_row
		WHERE fault IS NULL
		GROUP BY msisdn, week_number, amount)
SELECT msisdn, week_number AS week, sum(round(amount, 6)) AS revenue, count(*) AS rows, sum(copies) AS copies
FROM once
GROUP BY msisdn, week_number;
RESET enable_sort;
ANALYZE revenue_week (msisdn);

CREATE UNLOGGED TABLE best AS
WITH
	with_revenue AS (
		SELECT msisdn
		FROM revenue_week
		WHERE revenue < 1000000000000
		GROUP BY msisdn)
SELECT row_number() OVER ()::integer AS n, s.msisdn, s.place
FROM subscriber AS s
	JOIN with_revenue AS r ON r.msisdn = s.msisdn;
ANALYZE best;

CREATE UNLOGGED TABLE user_week AS
SELECT b.n, w.week, w.revenue
FROM revenue_week AS w
	JOIN best AS b ON b.msisdn = w.msisdn
WHERE w.revenue < 1000000000000;
ANALYZE user_week;

CREATE UNLOGGED TABLE best_device AS
WITH
	cleaned AS (
		SELECT lower(btrim(msisdn, E' \t\r\n\x0B\x0C') COLLATE "C") AS msisdn,
			imei_tac, brand_name, model_name, os_name, os_vendor
		FROM device
		OFFSET 0),
	of_users AS (
		SELECT b.n, d.imei_tac, d.brand_name, d.model_name, d.os_name, d.os_vendor,
			nullif(upper(rtrim(left(btrim(regexp_replace(d.brand_name, '[ \t\r\n\x0B\x0C]+', ' ', 'g'), ' '), 200), ' ')
				COLLATE "C"), '') AS brand,
			nullif(rtrim(left(btrim(regexp_replace(d.model_name, '[ \t\r\n\x0B\x0C]+', ' ', 'g'), ' '), 200), ' '), '') AS model,
			nullif(rtrim(left(btrim(regexp_replace(d.os_name, '[ \t\r\n\x0B\x0C]+', ' ', 'g'), ' '), 200), ' '), '') AS os
		FROM cleaned AS d
			JOIN best AS b ON b.msisdn = d.msisdn)
SELECT DISTINCT ON (n)
	n, coalesce(brand, 'Unknown') AS brand, coalesce(model, 'Unknown') AS model, coalesce(os, 'Unknown') AS os
FROM of_users
ORDER BY n, brand IS NULL, os IS NULL, nullif(imei_tac, '') COLLATE "C", nullif(brand_name, '') COLLATE "C",
	nullif(model_name, '') COLLATE "C", nullif(os_name, '') COLLATE "C", nullif(os_vendor, '') COLLATE "C";
ANALYZE best_device;

SET enable_sort = off;
CREATE UNLOGGED TABLE counts AS
WITH
	devices AS (
		SELECT lower(btrim(msisdn, E' \t\r\n\x0B\x0C') COLLATE "C") AS msisdn, count(*) AS rows
		FROM device
		GROUP BY 1),
	rows_of AS (
		SELECT 'crm' AS file, count(*) AS rows_in,
			count(*) FILTER (WHERE msisdn < '!' COLLATE "C" AND btrim(msisdn, E' \t\r\n\x0B\x0C') = '') AS refused,
			(SELECT sum(subscribers) FROM cells) AS accepted
		FROM crm
		UNION ALL
		SELECT 'device', sum(rows), coalesce(sum(rows) FILTER (WHERE msisdn = ''), 0), count(*) FILTER (WHERE msisdn <> '')
		FROM devices
		UNION ALL
		SELECT 'revenue', count(*),
			count(*) FILTER (WHERE fault IS NOT NULL)
				+ (SELECT coalesce(sum(copies), 0) FROM revenue_week WHERE revenue >= 1000000000000),
			(SELECT sum(rows) FROM revenue_week WHERE revenue < 1000000000000)
		FROM revenue_row)
SELECT file, m.measure, m.value
FROM rows_of
	CROSS JOIN LATERAL (
		VALUES
			('rows_in', rows_in),
			('rows_refused', refused),
			('rows_accepted', accepted),
			('rows_duplicate', rows_in - refused - accepted)) AS m (measure, value)
UNION ALL
SELECT 'revenue', 'refused_' || fault, count(*)
FROM revenue_row
WHERE fault IS NOT NULL
GROUP BY fault
UNION ALL
SELECT 'revenue', 'refused_week_total_out_of_range', sum(copies)
FROM revenue_week
WHERE revenue >= 1000000000000
HAVING count(*) > 0;

-- part model

SET search_path = leakage_bench_sql;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;

-- division of whole numbers, rounded half away from zero; a >= 0, b > 0
CREATE FUNCTION divide(a numeric, b numeric) RETURNS numeric IMMUTABLE PARALLEL SAFE
RETURN div(2 * a + b, 2 * b);

CREATE UNLOGGED TABLE totals AS
SELECT n, min(week) AS first_week, max(week) AS last_week, count(*) AS active_weeks,
	count(*) FILTER (WHERE revenue = 0) AS zero_weeks, sum(revenue) AS total_revenue,
	round(sum(revenue) / count(*), 6) AS average_weekly_revenue
FROM user_week
GROUP BY n;
ANALYZE totals;

CREATE TABLE mart AS
SELECT
	percentile_cont(ARRAY[0.25, 0.5, 0.75]) WITHIN GROUP (ORDER BY average_weekly_revenue::double precision) AS average,
	percentile_cont(0.75) WITHIN GROUP (ORDER BY active_weeks::double precision) AS active_weeks,
	(SELECT count(*) FROM (SELECT FROM user_week GROUP BY week) AS w) AS weeks
FROM totals;

CREATE UNLOGGED TABLE feature AS
SELECT t.*, b.msisdn, b.place, k.g, k.c,
	t.last_week - t.first_week + 1 AS tenure_weeks,
	CASE
		WHEN t.average_weekly_revenue::double precision <= m.average[1] THEN 'Low'
		WHEN t.average_weekly_revenue::double precision <= m.average[2] THEN 'Medium'
		WHEN t.average_weekly_revenue::double precision <= m.average[3] THEN 'High'
		ELSE 'Very High'
	END AS revenue_segment,
	CASE
		WHEN 2 * t.active_weeks < m.weeks THEN 'Low'
		WHEN 10 * t.active_weeks < 9 * m.weeks THEN 'Medium'
		ELSE 'High'
	END AS activity_level,
	t.active_weeks >= m.active_weeks
		AND t.average_weekly_revenue::double precision <= m.average[1] AS high_usage_low_revenue
FROM totals AS t
	JOIN best AS b USING (n)
	JOIN kind AS k USING (place)
	CROSS JOIN mart AS m;
ANALYZE feature;

-- one row for each of the mart's weeks from a user's first to last
CREATE UNLOGGED TABLE spine AS
WITH
	weeks AS (
		SELECT week
		FROM user_week
		GROUP BY week)
SELECT f.n, f.g, f.c, w.week, coalesce(u.revenue, 0.000000) AS revenue, u.n IS NOT NULL AS present,
	w.week > f.first_week AND w.week < f.last_week AS inner_week
FROM feature AS f
	JOIN weeks AS w ON w.week BETWEEN f.first_week AND f.last_week
	LEFT JOIN user_week AS u ON u.n = f.n AND u.week = w.week;
ANALYZE spine;

-- step 1: revenue by week, overall and by group, in micro-units
CREATE UNLOGGED TABLE group_sum AS
SELECT g, c, week, sum(revenue) * 1000000 AS y, count(*) FILTER (WHERE revenue > 0) AS positive,
	count(*) FILTER (WHERE inner_week) AS around, count(*) FILTER (WHERE inner_week AND NOT present) AS absent
FROM spine
GROUP BY g, c, week;

CREATE UNLOGGED TABLE week_all AS
SELECT week, CASE WHEN sum(positive) > 0 THEN divide(sum(y), sum(positive)) ELSE 0 END AS level
FROM group_sum
GROUP BY week;
ANALYZE week_all;

-- steps 2 and 3: the number of users, credibility, and factor of each unit; ratio is a table of unit, y, base
CREATE TABLE ratio (unit integer, y numeric, base numeric);

CREATE VIEW factors AS
WITH
	users AS (
		SELECT unit, y, base, least(divide(y * 4294967296, base), 65536 * 4294967296) AS r
		FROM ratio
		OFFSET 0),
	units AS (
		SELECT unit, count(*) AS n, least(divide(sum(y) * 4294967296, sum(base)), 65536 * 4294967296) AS r,
			sum(r) AS ratio_sum, sum(r * r) AS ratio_squares
		FROM users
		GROUP BY unit),
	relative AS (
		SELECT unit, n::double precision AS n, r::double precision / 4294967296 AS r,
			(ratio_squares - 2 * r * ratio_sum + n * r * r)::double precision / (4294967296 ^ 2) AS squares
		FROM units),
	sums AS (
		SELECT sum(squares) / sum(n) AS v,
			sum(n * (r - 1) ^ 2) - (count(*) - 1) * sum(squares) / sum(n) AS excess,
			sum(n) - sum(n * n) / sum(n) AS denominator
		FROM relative),
	variances AS (
		SELECT v, CASE WHEN denominator > 0 THEN greatest(excess / denominator, 0) ELSE 0 END AS a
		FROM sums),
	believed AS (
		SELECT unit, n, r, CASE WHEN a > 0 THEN n * a / (n * a + v) ELSE 0 END AS z
		FROM relative
			CROSS JOIN variances)
SELECT unit, n::bigint AS n, z, round(((1 + z * (r - 1)) * 4294967296)::numeric) AS f
FROM believed;

INSERT INTO ratio
SELECT s.g, sum(s.revenue) * 1000000, sum(w.level)
FROM spine AS s
	JOIN week_all AS w USING (week)
WHERE s.revenue > 0
	AND w.level > 0
GROUP BY s.n, s.g;

CREATE TABLE group_factor AS
SELECT *
FROM factors;

CREATE UNLOGGED TABLE week_group AS
WITH
	summed AS (
		SELECT g, week, sum(y) AS y, sum(positive) AS positive
		FROM group_sum
		GROUP BY g, week)
SELECT s.g, s.week, s.positive >= 30 AS own,
	CASE
		WHEN s.positive >= 30 THEN divide(s.y, s.positive)
		ELSE divide(w.level * coalesce(f.f, 4294967296), 4294967296)
	END AS level
FROM summed AS s
	JOIN week_all AS w USING (week)
	LEFT JOIN group_factor AS f ON f.unit = s.g;
ANALYZE week_group;

TRUNCATE ratio;
INSERT INTO ratio
SELECT s.c, sum(s.revenue) * 1000000, sum(w.level)
FROM spine AS s
	JOIN week_group AS w USING (g, week)
WHERE s.revenue > 0
	AND w.level > 0
GROUP BY s.n, s.c;

CREATE TABLE cell_factor AS
SELECT *
FROM factors;

-- weeks that many were absent from
CREATE TABLE absence AS
WITH
	weeks AS (
		SELECT week, sum(around)::double precision AS around, sum(absent)::double precision AS absent
		FROM group_sum
		GROUP BY week),
	usual AS (
		SELECT *, (sum(absent) OVER () - absent) / nullif(sum(around) OVER () - around, 0) AS p
		FROM weeks)
SELECT week
FROM usual
WHERE absent >= 10
	AND absent - around * p > around * p / 2
	AND (absent - around * p) ^ 2 > 9 * around * p * (1 - p);

-- step 4, once per cell and week
CREATE TABLE expectation AS
SELECT s.c, s.week, w.own, a.week IS NOT NULL AS common_absence,
	round(least(divide(w.level * coalesce(f.f, 4294967296), 4294967296), 999999999999999999) * 0.000001, 6) AS expected
FROM group_sum AS s
	JOIN week_group AS w USING (g, week)
	LEFT JOIN cell_factor AS f ON f.unit = s.c
	LEFT JOIN absence AS a ON a.week = s.week;
ANALYZE expectation;

CREATE UNLOGGED TABLE expected AS
SELECT s.n, s.week, s.present, s.revenue, e.own, NOT s.present AND NOT e.common_absence AS missing,
	CASE WHEN e.common_absence AND NOT s.present THEN 0.000000 ELSE e.expected END AS expected
FROM spine AS s
	JOIN expectation AS e USING (c, week);
ANALYZE expected;

-- part datasets

SET search_path = leakage_bench_sql;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;

CREATE UNLOGGED TABLE users AS
WITH
	totals AS (
		SELECT n, sum(expected) AS expected_revenue, count(*) FILTER (WHERE missing) AS missing_weeks, bool_or(own) AS own
		FROM expected
		GROUP BY n)
SELECT f.msisdn, k.gender, k.birth_year, k.age, k.age_group, 'Unknown' AS region, k.segment, f.revenue_segment,
	k.mobile_type, k.status,
	coalesce(d.brand, 'Unknown') AS brand, coalesce(d.model, 'Unknown') AS model, coalesce(d.os, 'Unknown') AS os,
	f.tenure_weeks,
	(ARRAY['0-4', '5-8', '9-13', '14-26', '27-52', '53+'])
		[width_bucket(f.tenure_weeks, '{5,9,14,27,53}'::integer[]) + 1] AS tenure_band,
	f.first_week, f.last_week, f.active_weeks, t.missing_weeks, f.zero_weeks, f.activity_level, f.active_weeks AS usage,
	f.total_revenue, f.average_weekly_revenue,
	(ARRAY['0-50', '50-100', '100-150', '150-200', '200-300', '300+'])
		[width_bucket(f.total_revenue, '{50,100,150,200,300}'::numeric[]) + 1] AS revenue_band,
	t.expected_revenue, t.expected_revenue - f.total_revenue AS gap,
	k.segment || ' / ' || k.mobile_type || ' / ' || k.age_group AS peer_group, coalesce(z.n, 0) AS peers,
	CASE
		WHEN NOT t.own THEN 'all'
		WHEN coalesce(z.z, 0) = 0 THEN 'group'
		WHEN z.z >= 0.5 THEN 'cell'
		ELSE 'blend'
	END AS peer_level,
	round(coalesce(z.z, 0)::numeric, 4) AS credibility,
	f.high_usage_low_revenue::text AS high_usage_low_revenue
FROM feature AS f
	JOIN totals AS t USING (n)
	JOIN kind AS k USING (place)
	LEFT JOIN best_device AS d USING (n)
	LEFT JOIN cell_factor AS z ON z.unit = f.c;
ANALYZE users;

CREATE UNLOGGED TABLE user_weeks AS
SELECT b.msisdn, e.week AS week_number, e.present::text AS present, e.revenue, e.expected AS expected_revenue,
	e.expected - e.revenue AS gap
FROM expected AS e
	JOIN best AS b USING (n);

-- the cube's dimensions as numbers, so that the user-weeks are grouped by two integers
CREATE UNLOGGED TABLE cube AS
WITH
	dimensions AS (
		SELECT segment, revenue_segment, age_group, region, gender, activity_level, revenue_band,
			row_number() OVER ()::integer AS d
		FROM users
		GROUP BY segment, revenue_segment, age_group, region, gender, activity_level, revenue_band),
	numbered AS (
		SELECT b.n, d.d
		FROM users AS u
			JOIN best AS b USING (msisdn)
			JOIN dimensions AS d USING (segment, revenue_segment, age_group, region, gender, activity_level, revenue_band)),
	summed AS (
		SELECT u.d, e.week, count(*) FILTER (WHERE e.present) AS active_users,
			count(*) FILTER (WHERE e.revenue > 0) AS revenue_users,
			sum(e.revenue) AS total_revenue, sum(e.expected) AS expected_revenue
		FROM expected AS e
			JOIN numbered AS u USING (n)
		GROUP BY u.d, e.week)
SELECT d.segment, d.revenue_segment, d.age_group, d.region, d.gender, d.activity_level, d.revenue_band,
	s.week AS week_number, s.active_users, s.revenue_users, s.total_revenue, s.expected_revenue,
	s.expected_revenue - s.total_revenue AS gap
FROM summed AS s
	JOIN dimensions AS d USING (d);

CREATE UNLOGGED TABLE trend AS
SELECT week_number, segment, age_group, region, gender, activity_level, revenue_band,
	sum(active_users) AS active_users, sum(total_revenue) AS total_revenue, sum(expected_revenue) AS expected_revenue
FROM cube
GROUP BY week_number, segment, age_group, region, gender, activity_level, revenue_band;

CREATE UNLOGGED TABLE funnel AS
WITH
	active AS (
		SELECT segment, age_group, region, gender, activity_level, revenue_band, count(*) AS users,
			count(*) FILTER (WHERE total_revenue > 0) AS revenue_users
		FROM users
		GROUP BY segment, age_group, region, gender, activity_level, revenue_band),
	subscribers AS (
		SELECT segment, age_group, gender, sum(subscribers) AS subscribers
		FROM cells
		GROUP BY segment, age_group, gender),
	with_revenue AS (
		SELECT segment, age_group, gender, sum(users) AS users
		FROM active
		GROUP BY segment, age_group, gender),
	cell AS (
		SELECT *, users AS subscribers
		FROM active
		UNION ALL
		SELECT s.segment, s.age_group, 'Unknown', s.gender, 'None', 'None', 0, 0, s.subscribers - coalesce(w.users, 0)
		FROM subscribers AS s
			LEFT JOIN with_revenue AS w USING (segment, age_group, gender)
		WHERE s.subscribers > coalesce(w.users, 0))
SELECT s.stage, segment, age_group, region, gender, activity_level, revenue_band, s.users
FROM cell
	CROSS JOIN LATERAL (
		VALUES
			('Total', subscribers),
			('Active', users),
			('Revenue', revenue_users)) AS s (stage, users);
