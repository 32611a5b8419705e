-- The job of make bench in DuckDB: from three CSV files to clean users, expected revenue, and datasets (docs/rules.md,
-- sections 1 to 3, with the default options).  rival_duckdb.cjs runs it and times the parts, which start at "-- stage"
-- lines.
--
-- Money is in whole micro-units (10^-6), in BIGINT; products are HUGEINT.  So sums and rounding are exact.  Texts are
-- assumed to be ASCII where the rules refer to ASCII letters, as in the generated files.

-- stage load

CREATE TABLE crm AS
SELECT *
FROM read_csv(getvariable('data') || '/crm1.csv', header = true, delim = ',', quote = '"', escape = '"',
	auto_detect = false, allow_quoted_nulls = false, columns = {
		msisdn: 'VARCHAR', gender: 'VARCHAR', year_of_birth: 'VARCHAR', system_status: 'VARCHAR',
		mobile_type: 'VARCHAR', value_segment: 'VARCHAR'});

CREATE TABLE device AS
SELECT *
FROM read_csv(getvariable('data') || '/device1.csv', header = true, delim = ',', quote = '"', escape = '"',
	auto_detect = false, allow_quoted_nulls = false, columns = {
		msisdn: 'VARCHAR', imei_tac: 'VARCHAR', brand_name: 'VARCHAR', model_name: 'VARCHAR',
		os_name: 'VARCHAR', os_vendor: 'VARCHAR'});

CREATE TABLE revenue AS
SELECT *
FROM read_csv(getvariable('data') || '/rev1.csv', header = true, delim = ',', quote = '"', escape = '"',
	auto_detect = false, allow_quoted_nulls = false, columns = {
		msisdn: 'VARCHAR', week_number: 'VARCHAR', revenue_usd: 'VARCHAR'});

-- stage clean

CREATE MACRO blanks() AS E' \t\r\n\x0B\x0C';
-- trim with a set of characters costs ten times as much as this test
CREATE MACRO strip(x) AS CASE WHEN x[1] <= ' ' OR x[-1] <= ' ' THEN trim(x, blanks()) ELSE x END;
CREATE MACRO clean_id(x) AS lower(strip(x));
CREATE MACRO clean_text(x) AS
	nullif(rtrim(left(trim(regexp_replace(x, '[ \t\r\n\x0B\x0C]+', ' ', 'g'), ' '), 200), ' '), '');
CREATE MACRO title_case(x) AS array_to_string(
	list_transform(range(1, length(x) + 1), lambda i:
		CASE WHEN i > 1 AND (regexp_matches(x[i - 1], '[A-Za-z0-9]') OR unicode(x[i - 1]) >= 128)
			THEN lower(x[i])
			ELSE upper(x[i])
		END), '');

-- crm: its few thousand distinct rows without the msisdn, cleaned once each; place is the order of the best row
CREATE TABLE kind AS
WITH
	different AS (
		SELECT DISTINCT gender, year_of_birth, system_status, mobile_type, value_segment
		FROM crm),
	words AS (
		SELECT *,
			upper(regexp_replace(coalesce(gender, ''), '[^A-Za-z]', '', 'g')) AS gender_word,
			trim(year_of_birth, blanks()) AS year_word,
			upper(trim(coalesce(system_status, ''), blanks())) AS status_word
		FROM different),
	cleaned AS (
		SELECT *,
			CASE
				WHEN gender_word IN ('F', 'FE', 'FEM', 'FEMA', 'FEMAL', 'FEMALE', 'FEMEL', 'FEMELE', 'FAMALE',
					'FEMALEF', 'FEMALEH') THEN 'Female'
				WHEN gender_word IN ('M', 'MA', 'MAL', 'MALE') THEN 'Male'
				ELSE 'Unknown'
			END AS clean_gender,
			CASE
				WHEN regexp_full_match(year_word, '[0-9]{4}') AND 2018 - year_word::INTEGER BETWEEN 10 AND 110
				THEN year_word::INTEGER
			END AS birth_year,
			CASE
				WHEN status_word IN ('ACTIVE', 'IDLE', 'SUSPEND', 'DEACTIVE') THEN status_word
				WHEN status_word = 'SUSPENDED' THEN 'SUSPEND'
				WHEN status_word IN ('DEACTIVATE', 'DEACTIVATED') THEN 'DEACTIVE'
				ELSE 'OTHER'
			END AS status
		FROM words)
SELECT gender AS raw_gender, year_of_birth, system_status, mobile_type AS raw_type, value_segment,
	(row_number() OVER (
		ORDER BY list_position(['ACTIVE', 'IDLE', 'SUSPEND', 'DEACTIVE', 'OTHER'], status),
			clean_gender = 'Unknown', birth_year IS NULL,
			gender NULLS LAST, year_of_birth NULLS LAST, system_status NULLS LAST, mobile_type NULLS LAST,
			value_segment NULLS LAST))::INTEGER AS place,
	clean_gender AS gender, birth_year, 2018 - birth_year AS age, status,
	CASE
		WHEN birth_year IS NULL THEN 'Unknown'
		WHEN 2018 - birth_year < 18 THEN 'Under 18'
		WHEN 2018 - birth_year < 25 THEN '18-24'
		WHEN 2018 - birth_year < 35 THEN '25-34'
		WHEN 2018 - birth_year < 45 THEN '35-44'
		WHEN 2018 - birth_year < 55 THEN '45-54'
		WHEN 2018 - birth_year < 65 THEN '55-64'
		ELSE '65+'
	END AS age_group,
	coalesce(title_case(clean_text(mobile_type)), 'Unknown') AS mobile_type,
	coalesce(title_case(clean_text(value_segment)), 'Unknown') AS segment
FROM cleaned;

CREATE TABLE subscriber AS
SELECT clean_id(c.msisdn) AS msisdn, min(k.place) AS place
FROM crm AS c
	JOIN kind AS k ON k.raw_gender IS NOT DISTINCT FROM c.gender
		AND k.year_of_birth IS NOT DISTINCT FROM c.year_of_birth
		AND k.system_status IS NOT DISTINCT FROM c.system_status
		AND k.raw_type IS NOT DISTINCT FROM c.mobile_type
		AND k.value_segment IS NOT DISTINCT FROM c.value_segment
WHERE clean_id(c.msisdn) <> ''
GROUP BY 1;

CREATE TABLE cell AS
WITH
	counted AS (
		SELECT place, count(*) AS subscribers
		FROM subscriber
		GROUP BY place)
SELECT segment, age_group, gender, mobile_type, status, sum(subscribers) AS subscribers
FROM counted
	JOIN kind USING (place)
GROUP BY ALL;

-- Revenue: the first fault of each row, or its amount in micro-units.  Equal rows count once, by the exact amount.  An
-- amount is identified by its text if that is its only spelling, otherwise by a wide decimal, whose cast is slow.
CREATE TABLE revenue_row AS
WITH
	words AS (
		SELECT nullif(clean_id(msisdn), '') AS msisdn,
			coalesce(strip(week_number), '') AS week,
			coalesce(strip(revenue_usd), '') AS amount
		FROM revenue),
	shapes AS (
		SELECT msisdn, week, amount,
			CASE WHEN regexp_full_match(week, '[0-9]{1,6}') THEN week::INTEGER END AS week_number,
			regexp_full_match(amount, '(0|[1-9][0-9]{0,11})(\.[0-9]*[1-9])?') AS is_plain
		FROM words),
	numbers AS (
		SELECT *,
			is_plain OR (length(amount) <= 400
				AND regexp_full_match(amount, '[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?')) AS is_number,
			CASE
				WHEN is_plain THEN NULL
				WHEN regexp_matches(amount, '\.[0-9]{26}|[eE]-') THEN error('no room for the decimal places of ' || amount)
				ELSE TRY_CAST(amount AS DECIMAL(38, 25))
			END AS wide
		FROM shapes)
SELECT msisdn, week_number,
	CASE WHEN is_plain THEN amount ELSE rtrim(rtrim(wide::VARCHAR, '0'), '.') END AS exact,
	-- amounts that do not fit become 10^12
	coalesce((CASE WHEN is_plain THEN TRY_CAST(amount AS DECIMAL(18, 6)) ELSE TRY_CAST(wide AS DECIMAL(18, 6)) END
		* 1000000)::BIGINT, 1000000000000000000) AS micro,
	CASE
		WHEN msisdn IS NULL THEN 'msisdn_missing'
		WHEN week = '' THEN 'week_missing'
		WHEN week_number IS NULL THEN 'week_not_numeric'
		WHEN week_number NOT BETWEEN 1 AND 53 THEN 'week_out_of_range'
		WHEN is_plain THEN NULL
		WHEN amount = '' THEN 'amount_missing'
		WHEN is_number AND (wide IS NULL OR abs(wide) >= 1000000000000) THEN 'amount_out_of_range'
		WHEN is_number AND wide < 0 THEN 'amount_negative'
		WHEN is_number THEN NULL
		WHEN lower(amount) = 'nan' THEN 'amount_nan'
		WHEN regexp_full_match(lower(amount), '[+-]?inf(inity)?') THEN 'amount_infinite'
		ELSE 'amount_not_numeric'
	END AS fault
FROM numbers;

CREATE TABLE revenue_week AS
WITH
	once AS (
		SELECT msisdn, week_number, exact, any_value(micro) AS micro, count(*) AS copies
		FROM revenue_row
		WHERE fault IS NULL
		GROUP BY msisdn, week_number, exact)
SELECT msisdn, week_number, sum(micro) AS micro, count(*) AS rows, sum(copies) AS copies
FROM once
GROUP BY msisdn, week_number;

CREATE TABLE best AS
SELECT row_number() OVER ()::INTEGER AS n, s.msisdn, s.place
FROM subscriber AS s
WHERE s.msisdn IN (
		SELECT msisdn
		FROM revenue_week
		WHERE micro < 1000000000000000000);

CREATE TABLE user_week AS
SELECT b.n, w.week_number AS week, w.micro::BIGINT AS y
FROM revenue_week AS w
	JOIN best AS b USING (msisdn)
WHERE w.micro < 1000000000000000000;

CREATE TABLE best_device AS
SELECT b.n,
	coalesce(upper(clean_text(d.brand_name)), 'Unknown') AS brand,
	coalesce(clean_text(d.model_name), 'Unknown') AS model,
	coalesce(clean_text(d.os_name), 'Unknown') AS os
FROM device AS d
	JOIN best AS b ON b.msisdn = clean_id(d.msisdn)
QUALIFY row_number() OVER (
		PARTITION BY b.n
		ORDER BY clean_text(d.brand_name) IS NULL, clean_text(d.os_name) IS NULL,
			d.imei_tac NULLS LAST, d.brand_name NULLS LAST, d.model_name NULLS LAST, d.os_name NULLS LAST,
			d.os_vendor NULLS LAST) = 1;

CREATE TABLE file_count AS
WITH
	rows_of AS (
		SELECT 'crm' AS file, count(*) AS rows_in,
			count(*) FILTER (WHERE coalesce(strip(msisdn), '') = '') AS refused,
			(SELECT count(*) FROM subscriber) AS accepted
		FROM crm
		UNION ALL
		SELECT 'device', count(*),
			count(*) FILTER (WHERE coalesce(strip(msisdn), '') = ''),
			count(DISTINCT CASE WHEN clean_id(msisdn) <> '' THEN clean_id(msisdn) END)
		FROM device
		UNION ALL
		SELECT 'revenue', count(*),
			count(*) FILTER (WHERE fault IS NOT NULL)
				+ (SELECT coalesce(sum(copies), 0) FROM revenue_week WHERE micro >= 1000000000000000000),
			(SELECT sum(rows) FROM revenue_week WHERE micro < 1000000000000000000)
		FROM revenue_row)
SELECT file, 'rows_in' AS measure, rows_in AS value FROM rows_of
UNION ALL
SELECT file, 'rows_refused', refused FROM rows_of
UNION ALL
SELECT file, 'rows_accepted', accepted FROM rows_of
UNION ALL
SELECT file, 'rows_duplicate', rows_in - refused - accepted FROM rows_of
UNION ALL
SELECT 'revenue', 'refused_' || fault, count(*) FROM revenue_row WHERE fault IS NOT NULL GROUP BY fault
UNION ALL
SELECT 'revenue', 'refused_week_total_out_of_range', sum(copies)
FROM revenue_week
WHERE micro >= 1000000000000000000
HAVING count(*) > 0;

-- stage model

-- division of whole numbers, rounded half away from zero; a >= 0, b > 0
CREATE MACRO divide(a, b) AS (2 * (a)::HUGEINT + (b)) // (2 * (b)::HUGEINT);
-- a ratio in units of 2^-32, at most 65,536
CREATE MACRO ratio(a, b) AS least(divide((a)::HUGEINT * 4294967296, b), 65536::HUGEINT * 4294967296);

CREATE TABLE feature AS
WITH
	totals AS (
		SELECT n, min(week) AS first_week, max(week) AS last_week, count(*) AS active_weeks,
			count(*) FILTER (WHERE y = 0) AS zero_weeks, sum(y)::BIGINT AS y,
			divide(sum(y), count(*))::BIGINT AS average
		FROM user_week
		GROUP BY n),
	quartiles AS (
		SELECT quantile_cont(average / 1e6, [0.25, 0.5, 0.75]) AS average, quantile_cont(active_weeks::DOUBLE, 0.75) AS weeks
		FROM totals),
	mart AS (
		SELECT count(DISTINCT week) AS weeks
		FROM user_week)
SELECT t.*, k.segment, k.mobile_type, k.age_group,
	t.last_week - t.first_week + 1 AS tenure_weeks,
	CASE
		WHEN t.average / 1e6 <= q.average[1] THEN 'Low'
		WHEN t.average / 1e6 <= q.average[2] THEN 'Medium'
		WHEN t.average / 1e6 <= q.average[3] THEN 'High'
		ELSE 'Very High'
	END AS revenue_segment,
	CASE
		WHEN 2 * t.active_weeks < m.weeks THEN 'Low'
		WHEN 10 * t.active_weeks < 9 * m.weeks THEN 'Medium'
		ELSE 'High'
	END AS activity_level,
	t.active_weeks >= q.weeks AND t.average / 1e6 <= q.average[1] AS high_usage_low_revenue,
	dense_rank() OVER (ORDER BY k.segment)::INTEGER AS g,
	dense_rank() OVER (ORDER BY k.segment, k.mobile_type, k.age_group)::INTEGER AS c
FROM totals AS t
	JOIN best AS b USING (n)
	JOIN kind AS k USING (place)
	CROSS JOIN quartiles AS q
	CROSS JOIN mart AS m;

-- one row for each of the mart's weeks from a user's first to last
CREATE TABLE spine AS
WITH
	weeks AS (
		SELECT DISTINCT week
		FROM user_week)
SELECT f.n, f.g, f.c, w.week, coalesce(u.y, 0) AS y, u.n IS NOT NULL AS present,
	w.week > f.first_week AND w.week < f.last_week AS inner_week
FROM feature AS f
	JOIN weeks AS w ON w.week BETWEEN f.first_week AND f.last_week
	LEFT JOIN user_week AS u ON u.n = f.n AND u.week = w.week;

-- step 1: revenue by week, overall and by group
CREATE TABLE group_sum AS
SELECT g, c, week, sum(y) AS y, count(*) FILTER (WHERE y > 0) AS positive,
	count(*) FILTER (WHERE inner_week) AS around, count(*) FILTER (WHERE inner_week AND NOT present) AS absent
FROM spine
GROUP BY g, c, week;

CREATE TABLE week_all AS
SELECT week, CASE WHEN sum(positive) > 0 THEN divide(sum(y), sum(positive)) ELSE 0 END AS level
FROM group_sum
GROUP BY week;

-- steps 2 and 3: factors of units from the ratios of their users; ratios is a table of unit, y, base
CREATE MACRO factors(ratios) AS TABLE
	WITH
		units AS (
			SELECT unit, count(*) AS n, ratio(sum(y), sum(base)) AS r, sum(ratio(y, base)) AS ratio_sum,
				sum(ratio(y, base) * ratio(y, base)) AS ratio_squares
			FROM query_table(ratios)
			GROUP BY unit),
		relative AS (
			SELECT unit, n, r / 4294967296.0::DOUBLE AS r,
				(ratio_squares - 2 * r * ratio_sum + n * r * r) / (4294967296.0::DOUBLE * 4294967296.0::DOUBLE) AS squares
			FROM units),
		sums AS (
			SELECT sum(n) AS n, sum(squares) / sum(n) AS v,
				sum(n * (r - 1) * (r - 1)) - (count(*) - 1) * sum(squares) / sum(n) AS excess,
				sum(n) - sum(n * n) / sum(n) AS denominator
			FROM relative),
		variances AS (
			SELECT v, CASE WHEN denominator > 0 THEN greatest(excess / denominator, 0) ELSE 0 END AS a
			FROM sums)
	SELECT unit, n, CASE WHEN a > 0 THEN n * a / (n * a + v) ELSE 0 END AS z,
		round((1 + CASE WHEN a > 0 THEN n * a / (n * a + v) ELSE 0 END * (r - 1)) * 4294967296)::BIGINT AS f
	FROM relative
		CROSS JOIN variances;

CREATE TABLE group_ratio AS
SELECT s.g AS unit, sum(s.y) AS y, sum(w.level) AS base
FROM spine AS s
	JOIN week_all AS w USING (week)
WHERE s.y > 0 AND w.level > 0
GROUP BY s.g, s.n;

CREATE TABLE group_factor AS
SELECT *
FROM factors('group_ratio');

CREATE TABLE week_group AS
WITH
	summed AS (
		SELECT g, week, sum(y) AS y, sum(positive) AS positive
		FROM group_sum
		GROUP BY g, week)
SELECT s.g, s.week, s.positive >= 30 AS own,
	CASE WHEN s.positive >= 30
		THEN divide(s.y, s.positive)
		ELSE divide(w.level * coalesce(f.f, 4294967296), 4294967296)
	END AS level
FROM summed AS s
	JOIN week_all AS w USING (week)
	LEFT JOIN group_factor AS f ON f.unit = s.g;

CREATE TABLE cell_ratio AS
SELECT s.c AS unit, sum(s.y) AS y, sum(w.level) AS base
FROM spine AS s
	JOIN week_group AS w USING (g, week)
WHERE s.y > 0 AND w.level > 0
GROUP BY s.c, s.n;

CREATE TABLE cell_factor AS
SELECT *
FROM factors('cell_ratio');

-- weeks that many were absent from
CREATE TABLE absence AS
WITH
	weeks AS (
		SELECT week, sum(around) AS around, sum(absent) AS absent
		FROM group_sum
		GROUP BY week),
	usual AS (
		SELECT *, (sum(absent) OVER () - absent)::DOUBLE / nullif(sum(around) OVER () - around, 0) AS p
		FROM weeks)
SELECT week
FROM usual
WHERE absent >= 10
	AND absent - around * p > around * p / 2
	AND (absent - around * p) * (absent - around * p) > 9 * around * p * (1 - p);

-- step 4
CREATE TABLE expectation AS
SELECT DISTINCT s.g, s.c, s.week, w.own, a.week IS NOT NULL AS common_absence,
	least(divide(w.level * coalesce(f.f, 4294967296), 4294967296), 999999999999999999)::BIGINT AS e
FROM group_sum AS s
	JOIN week_group AS w USING (g, week)
	LEFT JOIN cell_factor AS f ON f.unit = s.c
	LEFT JOIN absence AS a ON a.week = s.week;

CREATE TABLE expected AS
SELECT s.n, s.week, s.present, s.y, e.own, NOT s.present AND NOT e.common_absence AS missing,
	CASE WHEN e.common_absence AND NOT s.present THEN 0 ELSE e.e END AS e
FROM spine AS s
	JOIN expectation AS e USING (c, week);

-- stage datasets

CREATE MACRO money(x) AS ((x)::DECIMAL(24, 0) * 0.000001::DECIMAL(7, 6))::DECIMAL(24, 6);

CREATE TABLE users AS
WITH
	totals AS (
		SELECT n, sum(e) AS e, count(*) FILTER (WHERE missing) AS missing_weeks, bool_or(own) AS own
		FROM expected
		GROUP BY n)
SELECT b.msisdn, k.gender, k.birth_year, k.age, k.age_group, 'Unknown' AS region, k.segment, f.revenue_segment,
	k.mobile_type, k.status,
	coalesce(d.brand, 'Unknown') AS brand, coalesce(d.model, 'Unknown') AS model, coalesce(d.os, 'Unknown') AS os,
	f.tenure_weeks,
	CASE
		WHEN f.tenure_weeks < 5 THEN '0-4'
		WHEN f.tenure_weeks < 9 THEN '5-8'
		WHEN f.tenure_weeks < 14 THEN '9-13'
		WHEN f.tenure_weeks < 27 THEN '14-26'
		WHEN f.tenure_weeks < 53 THEN '27-52'
		ELSE '53+'
	END AS tenure_band,
	f.first_week, f.last_week, f.active_weeks, t.missing_weeks, f.zero_weeks, f.activity_level, f.active_weeks AS usage,
	money(f.y) AS total_revenue, money(f.average) AS average_weekly_revenue,
	CASE
		WHEN f.y < 50000000 THEN '0-50'
		WHEN f.y < 100000000 THEN '50-100'
		WHEN f.y < 150000000 THEN '100-150'
		WHEN f.y < 200000000 THEN '150-200'
		WHEN f.y < 300000000 THEN '200-300'
		ELSE '300+'
	END AS revenue_band,
	money(t.e) AS expected_revenue, money(t.e - f.y) AS gap,
	k.segment || ' / ' || k.mobile_type || ' / ' || k.age_group AS peer_group, coalesce(z.n, 0) AS peers,
	CASE
		WHEN NOT t.own THEN 'all'
		WHEN coalesce(z.z, 0) = 0 THEN 'group'
		WHEN z.z >= 0.5 THEN 'cell'
		ELSE 'blend'
	END AS peer_level,
	round(coalesce(z.z, 0), 4)::DECIMAL(9, 4) AS credibility,
	f.high_usage_low_revenue
FROM feature AS f
	JOIN totals AS t USING (n)
	JOIN best AS b USING (n)
	JOIN kind AS k USING (place)
	LEFT JOIN best_device AS d USING (n)
	LEFT JOIN cell_factor AS z ON z.unit = f.c;

CREATE TABLE user_weeks AS
SELECT b.msisdn, e.week AS week_number, e.present, money(e.y) AS revenue, money(e.e) AS expected_revenue,
	money(e.e - e.y) AS gap
FROM expected AS e
	JOIN best AS b USING (n);

CREATE TABLE leakage_cube AS
SELECT u.segment, u.revenue_segment, u.age_group, u.region, u.gender, u.activity_level, u.revenue_band,
	e.week AS week_number,
	count(*) FILTER (WHERE e.present) AS active_users, count(*) FILTER (WHERE e.y > 0) AS revenue_users,
	money(sum(e.y)) AS total_revenue, money(sum(e.e)) AS expected_revenue, money(sum(e.e) - sum(e.y)) AS gap
FROM expected AS e
	JOIN best AS b USING (n)
	JOIN users AS u USING (msisdn)
GROUP BY ALL;

CREATE TABLE weekly_trend AS
SELECT week_number, segment, age_group, region, gender, activity_level, revenue_band,
	sum(active_users) AS active_users, sum(total_revenue) AS total_revenue, sum(expected_revenue) AS expected_revenue
FROM leakage_cube
GROUP BY ALL;

CREATE TABLE funnel AS
WITH
	active AS (
		SELECT segment, age_group, region, gender, activity_level, revenue_band, count(*) AS users,
			count(*) FILTER (WHERE total_revenue > 0) AS revenue_users
		FROM users
		GROUP BY ALL),
	subscribers AS (
		SELECT segment, age_group, gender, sum(subscribers) AS subscribers
		FROM cell
		GROUP BY ALL),
	with_revenue AS (
		SELECT segment, age_group, gender, sum(users) AS users
		FROM active
		GROUP BY ALL),
	cells AS (
		SELECT *, users AS subscribers
		FROM active
		UNION ALL
		SELECT s.segment, s.age_group, 'Unknown', s.gender, 'None', 'None', 0, 0, s.subscribers - coalesce(w.users, 0)
		FROM subscribers AS s
			LEFT JOIN with_revenue AS w USING (segment, age_group, gender)
		WHERE s.subscribers > coalesce(w.users, 0))
SELECT unnest(['Total', 'Active', 'Revenue']) AS stage, segment, age_group, region, gender, activity_level, revenue_band,
	unnest([subscribers, users, revenue_users])::BIGINT AS users
FROM cells;

COPY users TO (getvariable('out') || '/users.csv') (HEADER);

-- stage outputs

COPY user_weeks TO (getvariable('out') || '/user_weeks.csv') (HEADER);
COPY cell TO (getvariable('out') || '/cells.csv') (HEADER);
COPY leakage_cube TO (getvariable('out') || '/cube.csv') (HEADER);
COPY weekly_trend TO (getvariable('out') || '/trend.csv') (HEADER);
COPY funnel TO (getvariable('out') || '/funnel.csv') (HEADER);
COPY file_count TO (getvariable('out') || '/counts.csv') (HEADER);
