-- ---------------------------------------------------------------------------
-- Refresh, first half: the landing tables, cleaned (docs/rules.md, section 1).
--
-- Each step reads one landing table, counts what its rules met in file_count,
-- keeps what it refused in rejected_row, and leaves clean rows in a temporary
-- stage table, or in subscriber and subscriber_week.  The counts are taken from
-- the landing table by a query of their own, not from the cleaned rows: so the
-- reconciliation compares two ways of counting.
--
-- The result tables are emptied with DELETE, not TRUNCATE: a pg_dump whose
-- snapshot is older than the refresh would find truncated tables empty.
-- ---------------------------------------------------------------------------

-- Keeps refused rows: "query" gives reason, cleaned msisdn, and the row as text.
CREATE PROCEDURE leakage_keep_rejected(mart name, source_file text, query text)
	LANGUAGE plpgsql
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM @extschema@.leakage_enter_mart(mart);
	EXECUTE format(
		'INSERT INTO rejected_row (rejected_id, file, reason, msisdn, content)
		SELECT (SELECT coalesce(max(k.rejected_id), 0) FROM rejected_row AS k)
				+ row_number() OVER (ORDER BY r.reason, r.msisdn COLLATE "C", r.content COLLATE "C"),
			$1, r.reason, r.msisdn, r.content
		FROM (%s) AS r', query)
	USING source_file;
END;
$$;
COMMENT ON PROCEDURE leakage_keep_rejected(name, text, text) IS
	'part of leakage_refresh: keeps refused rows';

-- crm: the best row of each subscriber, packed, in stage_subscriber.
CREATE PROCEDURE leakage_clean_crm(mart name, options jsonb)
	LANGUAGE plpgsql
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	as_of_year constant integer := options ->> 'as_of_year';
	min_age constant integer := options ->> 'min_age';
	max_age constant integer := options ->> 'max_age';
BEGIN
	PERFORM @extschema@.leakage_enter_mart(mart);

	-- each combination of the free texts is cleaned once, not each row
	INSERT INTO file_count (file, measure, value)
	WITH
		combinations AS (
			SELECT gender, year_of_birth, system_status,
				count(*) AS rows,
				count(*) FILTER (WHERE @extschema@.leakage_clean_id(msisdn) IS NULL) AS refused,
				count(*) FILTER (WHERE msisdn <> @extschema@.leakage_clean_id(msisdn)) AS id_cleaned
			FROM crm
			GROUP BY gender, year_of_birth, system_status),
		cleaned AS (
			SELECT rows, refused, id_cleaned, gender AS raw_gender,
				@extschema@.leakage_clean_gender(gender) AS gender,
				@extschema@.leakage_clean_year(year_of_birth) AS year,
				@extschema@.leakage_clean_status(system_status) AS status
			FROM combinations),
		counted AS (
			SELECT
				sum(rows) AS rows_in,
				sum(refused) AS refused,
				sum(id_cleaned) AS id_cleaned,
				sum(rows) FILTER (WHERE gender = 'Unknown') AS gender_unknown,
				sum(rows) FILTER (WHERE gender <> 'Unknown' AND gender <> raw_gender) AS gender_standardised,
				sum(rows) FILTER (WHERE year IS NULL) AS year_missing,
				sum(rows) FILTER (WHERE as_of_year - year NOT BETWEEN min_age AND max_age) AS year_implausible,
				sum(rows) FILTER (WHERE status = 'OTHER') AS status_other
			FROM cleaned)
	SELECT 'crm', m.measure, coalesce(m.value, 0)
	FROM counted AS c
		CROSS JOIN LATERAL (
			VALUES
				('rows_in', c.rows_in),
				('rows_refused', c.refused),
				('msisdn_cleaned', c.id_cleaned),
				('gender_unknown', c.gender_unknown),
				('gender_standardised', c.gender_standardised),
				('birth_year_missing', c.year_missing),
				('birth_year_implausible', c.year_implausible),
				('status_other', c.status_other)) AS m (measure, value);

	CALL @extschema@.leakage_keep_rejected(mart, 'crm',
		'SELECT ''msisdn_missing'' AS reason, NULL::text AS msisdn, to_jsonb(c)::text AS content
		FROM crm AS c
		WHERE @extschema@.leakage_clean_id(c.msisdn) IS NULL');

	DROP TABLE IF EXISTS pg_temp.stage_subscriber;
	CREATE TEMPORARY TABLE stage_subscriber ON COMMIT DROP AS
	SELECT
		@extschema@.leakage_clean_id(c.msisdn) COLLATE "C" AS msisdn,
		@extschema@.leakage_first(@extschema@.leakage_pack_crm(
			CASE @extschema@.leakage_clean_status(c.system_status)
				WHEN 'ACTIVE' THEN 1
				WHEN 'IDLE' THEN 2
				WHEN 'SUSPEND' THEN 3
				WHEN 'DEACTIVE' THEN 4
				ELSE 5
			END,
			@extschema@.leakage_clean_gender(c.gender) <> 'Unknown',
			coalesce(as_of_year - @extschema@.leakage_clean_year(c.year_of_birth) BETWEEN min_age AND max_age, false),
			c.gender, c.year_of_birth, c.system_status, c.mobile_type, c.value_segment)) AS packed,
		count(*) AS rows
	FROM crm AS c
	WHERE @extschema@.leakage_clean_id(c.msisdn) IS NOT NULL
	GROUP BY @extschema@.leakage_clean_id(c.msisdn) COLLATE "C";
	ANALYZE pg_temp.stage_subscriber;

	INSERT INTO file_count (file, measure, value)
	SELECT 'crm', m.measure, m.value
	FROM (
			SELECT count(*) AS accepted, coalesce(sum(rows - 1), 0) AS duplicates
			FROM pg_temp.stage_subscriber) AS s
		CROSS JOIN LATERAL (
			VALUES
				('rows_accepted', s.accepted::numeric),
				('rows_duplicate', s.duplicates)) AS m (measure, value);

	-- the few thousand different rows, cleaned
	DROP TABLE IF EXISTS pg_temp.stage_crm_row;
	CREATE TEMPORARY TABLE stage_crm_row ON COMMIT DROP AS
	WITH
		different AS (
			SELECT DISTINCT packed
			FROM pg_temp.stage_subscriber),
		typed AS (
			SELECT d.packed, r.mobile_type, r.value_segment,
				@extschema@.leakage_clean_gender(r.gender) AS gender,
				@extschema@.leakage_clean_year(r.year_of_birth) AS year,
				@extschema@.leakage_clean_status(r.system_status) AS status
			FROM different AS d
				CROSS JOIN LATERAL @extschema@.leakage_unpack_crm(d.packed) AS r)
	SELECT packed, gender, status,
		CASE WHEN as_of_year - year BETWEEN min_age AND max_age THEN year END AS birth_year,
		coalesce(@extschema@.leakage_clean_label(mobile_type), 'Unknown') AS mobile_type,
		coalesce(@extschema@.leakage_clean_label(value_segment), 'Unknown') AS segment
	FROM typed;
	ANALYZE pg_temp.stage_crm_row;
END;
$$;
COMMENT ON PROCEDURE leakage_clean_crm(name, jsonb) IS
	'part of leakage_refresh: the best CRM row of each subscriber';

-- revenue: refused rows, duplicates, sums a user and week, in stage_week.
CREATE PROCEDURE leakage_clean_revenue(mart name, options jsonb)
	LANGUAGE plpgsql
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	yyyyww constant boolean := options ->> 'week_format' = 'yyyyww';
	year constant integer := options ->> 'year';
BEGIN
	PERFORM @extschema@.leakage_enter_mart(mart);

	DROP TABLE IF EXISTS pg_temp.stage_revenue, pg_temp.stage_week;
	CREATE TEMPORARY TABLE stage_revenue ON COMMIT DROP AS
	SELECT
		@extschema@.leakage_clean_id(r.msisdn) COLLATE "C" AS msisdn,
		@extschema@.leakage_week(r.week_number, yyyyww) AS week_number,
		@extschema@.leakage_amount(r.revenue_usd) AS amount,
		coalesce(
			CASE WHEN @extschema@.leakage_clean_id(r.msisdn) IS NULL THEN 'msisdn_missing' END,
			@extschema@.leakage_week_fault(r.week_number, yyyyww),
			@extschema@.leakage_amount_fault(r.revenue_usd)) AS fault,
		CASE
			WHEN @extschema@.leakage_clean_id(r.msisdn) IS NULL
				OR @extschema@.leakage_week_fault(r.week_number, yyyyww) IS NOT NULL
				OR @extschema@.leakage_amount_fault(r.revenue_usd) IS NOT NULL
			THEN to_jsonb(r)::text
		END AS content
	FROM revenue AS r;

	CREATE TEMPORARY TABLE stage_week ON COMMIT DROP AS
	WITH
		once AS (
			SELECT msisdn, week_number, amount, count(*) AS copies
			FROM pg_temp.stage_revenue
			WHERE fault IS NULL
			GROUP BY msisdn, week_number, amount),
		weeks AS (
			SELECT msisdn, week_number,
				sum(amount) AS exact_amount,
				sum(round(amount, 6)) AS revenue,
				count(*) AS rows,
				sum(copies - 1) AS duplicate_rows,
				sum((copies - 1) * amount) AS duplicate_amount
			FROM once
			GROUP BY msisdn, week_number)
	SELECT msisdn, week_number, exact_amount, revenue, rows, duplicate_rows, duplicate_amount,
		CASE
			WHEN yyyyww THEN @extschema@.leakage_week_start(week_number / 100, week_number % 100)
			ELSE @extschema@.leakage_week_start(year, 1) + 7 * (week_number - 1)
		END AS week_start,
		CASE
			WHEN yyyyww
			THEN (@extschema@.leakage_week_start(week_number / 100, week_number % 100) - date '1970-01-05') / 7
			ELSE week_number
		END AS period
	FROM weeks;

	-- amounts that are in range one by one may add up to what no amount may be
	UPDATE pg_temp.stage_revenue AS r
	SET fault = 'week_total_out_of_range',
		content = jsonb_build_object('msisdn', r.msisdn, 'week_number', r.week_number, 'revenue_usd', r.amount)::text
	FROM pg_temp.stage_week AS w
	WHERE w.revenue >= 1000000000000
		AND r.msisdn = w.msisdn
		AND r.week_number = w.week_number
		AND r.fault IS NULL;
	DELETE FROM pg_temp.stage_week AS w
	WHERE w.revenue >= 1000000000000;
	ANALYZE pg_temp.stage_week;

	CALL @extschema@.leakage_keep_rejected(mart, 'revenue',
		'SELECT fault AS reason, msisdn, content
		FROM pg_temp.stage_revenue
		WHERE fault IS NOT NULL');

	INSERT INTO file_count (file, measure, value)
	WITH
		landing AS (
			SELECT count(*) AS rows_in, coalesce(sum(@extschema@.leakage_amount(revenue_usd)), 0) AS amount_in
			FROM revenue),
		staged AS (
			SELECT
				count(*) FILTER (WHERE fault IS NOT NULL) AS refused,
				coalesce(sum(amount) FILTER (WHERE fault IS NOT NULL), 0) AS amount_refused
			FROM pg_temp.stage_revenue),
		accepted AS (
			SELECT
				coalesce(sum(rows), 0) AS rows,
				coalesce(sum(exact_amount), 0) AS exact_amount,
				coalesce(sum(revenue), 0) AS revenue,
				coalesce(sum(duplicate_rows), 0) AS duplicate_rows,
				coalesce(sum(duplicate_amount), 0) AS duplicate_amount,
				count(*) FILTER (WHERE rows > 1) AS weeks_added
			FROM pg_temp.stage_week)
	SELECT 'revenue', m.measure, m.value
	FROM landing AS l, staged AS s, accepted AS a,
		LATERAL (
			VALUES
				('rows_in', l.rows_in::numeric),
				('rows_refused', s.refused),
				('rows_accepted', a.rows),
				('rows_duplicate', a.duplicate_rows),
				('weeks_with_rows_added', a.weeks_added),
				('amount_in', l.amount_in),
				('amount_refused', s.amount_refused),
				('amount_duplicate', a.duplicate_amount),
				('amount_rounding', a.exact_amount - a.revenue),
				('amount_accepted', a.revenue)) AS m (measure, value);

	INSERT INTO file_count (file, measure, value)
	SELECT 'revenue', 'refused_' || fault, count(*)
	FROM pg_temp.stage_revenue
	WHERE fault IS NOT NULL
	GROUP BY fault;
END;
$$;
COMMENT ON PROCEDURE leakage_clean_revenue(name, jsonb) IS
	'part of leakage_refresh: revenue checked, de-duplicated and added by user and week';

-- subscriber_attribute and usage, both optional, in stage_attribute and stage_usage.
CREATE PROCEDURE leakage_clean_optional(mart name, options jsonb)
	LANGUAGE plpgsql
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	yyyyww constant boolean := options ->> 'week_format' = 'yyyyww';
BEGIN
	PERFORM @extschema@.leakage_enter_mart(mart);

	DROP TABLE IF EXISTS pg_temp.stage_attribute, pg_temp.stage_usage, pg_temp.stage_usage_row;

	-- one row a user; of spellings of a region that differ in ASCII case only, the commonest, then the first in byte order
	CREATE TEMPORARY TABLE stage_attribute ON COMMIT DROP AS
	WITH
		typed AS (
			SELECT
				@extschema@.leakage_clean_id(a.msisdn) COLLATE "C" AS msisdn,
				@extschema@.leakage_clean_text(a.region) COLLATE "C" AS region,
				@extschema@.leakage_clean_date(a.activated_on) AS activated_on,
				a.region COLLATE "C" AS raw_region,
				a.activated_on COLLATE "C" AS raw_date
			FROM subscriber_attribute AS a),
		spellings AS (
			SELECT DISTINCT ON (lower(region))
				lower(region) AS folded, region
			FROM typed
			WHERE msisdn IS NOT NULL
				AND region IS NOT NULL
			GROUP BY lower(region), region
			ORDER BY lower(region), count(*) DESC, region),
		one_spelling AS (
			SELECT t.msisdn, t.activated_on, t.raw_region, t.raw_date, s.region
			FROM typed AS t
				LEFT JOIN spellings AS s ON s.folded = lower(t.region))
	SELECT DISTINCT ON (msisdn)
		msisdn, region, activated_on,
		count(*) OVER (PARTITION BY msisdn) AS rows
	FROM one_spelling
	WHERE msisdn IS NOT NULL
	ORDER BY msisdn, region IS NULL, activated_on IS NULL, raw_region, raw_date;
	ANALYZE pg_temp.stage_attribute;

	CALL @extschema@.leakage_keep_rejected(mart, 'subscriber_attribute',
		'SELECT ''msisdn_missing'' AS reason, NULL::text AS msisdn, to_jsonb(a)::text AS content
		FROM subscriber_attribute AS a
		WHERE @extschema@.leakage_clean_id(a.msisdn) IS NULL');

	INSERT INTO file_count (file, measure, value)
	WITH
		landing AS (
			SELECT count(*) AS rows_in,
				count(*) FILTER (WHERE @extschema@.leakage_clean_id(msisdn) IS NULL) AS refused,
				count(*) FILTER (WHERE @extschema@.leakage_clean_text(region) IS NULL) AS region_unknown,
				count(*) FILTER (WHERE @extschema@.leakage_clean_date(activated_on) IS NULL) AS date_unknown
			FROM subscriber_attribute),
		staged AS (
			SELECT count(*) AS accepted, coalesce(sum(rows - 1), 0) AS duplicates
			FROM pg_temp.stage_attribute)
	SELECT 'subscriber_attribute', m.measure, m.value
	FROM landing AS l, staged AS s,
		LATERAL (
			VALUES
				('rows_in', l.rows_in::numeric),
				('rows_refused', l.refused),
				('rows_accepted', s.accepted),
				('rows_duplicate', s.duplicates),
				('region_unknown', l.region_unknown),
				('activated_on_unknown', l.date_unknown)) AS m (measure, value);

	CREATE TEMPORARY TABLE stage_usage_row ON COMMIT DROP AS
	SELECT
		@extschema@.leakage_clean_id(g.msisdn) COLLATE "C" AS msisdn,
		@extschema@.leakage_week(g.week_number, yyyyww) AS week_number,
		@extschema@.leakage_count(g.sessions) AS sessions,
		coalesce(
			CASE WHEN @extschema@.leakage_clean_id(g.msisdn) IS NULL THEN 'msisdn_missing' END,
			@extschema@.leakage_week_fault(g.week_number, yyyyww),
			@extschema@.leakage_count_fault(g.sessions)) AS fault,
		to_jsonb(g)::text AS content
	FROM usage AS g;

	CALL @extschema@.leakage_keep_rejected(mart, 'usage',
		'SELECT fault AS reason, msisdn, content
		FROM pg_temp.stage_usage_row
		WHERE fault IS NOT NULL');

	CREATE TEMPORARY TABLE stage_usage ON COMMIT DROP AS
	WITH
		once AS (
			SELECT msisdn, week_number, sessions, count(*) AS copies
			FROM pg_temp.stage_usage_row
			WHERE fault IS NULL
			GROUP BY msisdn, week_number, sessions)
	SELECT msisdn, sum(sessions) AS usage, count(*) AS rows, sum(copies - 1) AS duplicate_rows
	FROM once
	GROUP BY msisdn;
	ANALYZE pg_temp.stage_usage;

	INSERT INTO file_count (file, measure, value)
	WITH
		landing AS (
			SELECT count(*) AS rows_in
			FROM usage),
		staged AS (
			SELECT count(*) FILTER (WHERE fault IS NOT NULL) AS refused
			FROM pg_temp.stage_usage_row),
		accepted AS (
			SELECT coalesce(sum(rows), 0) AS rows, coalesce(sum(duplicate_rows), 0) AS duplicate_rows
			FROM pg_temp.stage_usage)
	SELECT 'usage', m.measure, m.value
	FROM landing AS l, staged AS s, accepted AS a,
		LATERAL (
			VALUES
				('rows_in', l.rows_in::numeric),
				('rows_refused', s.refused),
				('rows_accepted', a.rows),
				('rows_duplicate', a.duplicate_rows)) AS m (measure, value);
END;
$$;
COMMENT ON PROCEDURE leakage_clean_optional(name, jsonb) IS
	'part of leakage_refresh: region, activation date and usage, where they are loaded';

-- device: the best row of each subscriber with revenue, in stage_device.
CREATE PROCEDURE leakage_clean_device(mart name, options jsonb)
	LANGUAGE plpgsql
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM @extschema@.leakage_enter_mart(mart);

	CALL @extschema@.leakage_keep_rejected(mart, 'device',
		'SELECT ''msisdn_missing'' AS reason, NULL::text AS msisdn, to_jsonb(d)::text AS content
		FROM device AS d
		WHERE @extschema@.leakage_clean_id(d.msisdn) IS NULL');

	INSERT INTO file_count (file, measure, value)
	WITH
		landing AS (
			SELECT count(*) AS rows_in,
				count(*) FILTER (WHERE @extschema@.leakage_clean_id(msisdn) IS NULL) AS refused,
				count(*) FILTER (WHERE @extschema@.leakage_clean_text(brand_name) IS NULL) AS brand_unknown,
				count(*) FILTER (WHERE @extschema@.leakage_clean_text(os_name) IS NULL) AS os_unknown
			FROM device),
		accepted AS (
			SELECT count(*) AS rows, coalesce(sum(d.copies - 1), 0) AS duplicates
			FROM (
				SELECT count(*) AS copies
				FROM device
				WHERE @extschema@.leakage_clean_id(msisdn) IS NOT NULL
				GROUP BY @extschema@.leakage_clean_id(msisdn)) AS d)
	SELECT 'device', m.measure, m.value
	FROM landing AS l, accepted AS a,
		LATERAL (
			VALUES
				('rows_in', l.rows_in::numeric),
				('rows_refused', l.refused),
				('rows_accepted', a.rows),
				('rows_duplicate', a.duplicates),
				('brand_unknown', l.brand_unknown),
				('os_unknown', l.os_unknown)) AS m (measure, value);

	DROP TABLE IF EXISTS pg_temp.stage_device;
	CREATE TEMPORARY TABLE stage_device ON COMMIT DROP AS
	WITH
		with_revenue AS (
			SELECT DISTINCT msisdn
			FROM pg_temp.stage_week),
		typed AS (
			SELECT
				@extschema@.leakage_clean_id(d.msisdn) COLLATE "C" AS msisdn,
				upper(@extschema@.leakage_clean_text(d.brand_name) COLLATE "C") AS brand,
				@extschema@.leakage_clean_text(d.model_name) AS model,
				@extschema@.leakage_clean_text(d.os_name) AS os,
				d.imei_tac COLLATE "C" AS raw_tac,
				d.brand_name COLLATE "C" AS raw_brand,
				d.model_name COLLATE "C" AS raw_model,
				d.os_name COLLATE "C" AS raw_os,
				d.os_vendor COLLATE "C" AS raw_vendor
			FROM device AS d)
	SELECT DISTINCT ON (msisdn)
		msisdn, brand, model, os
	FROM typed
		JOIN with_revenue USING (msisdn)
	ORDER BY msisdn, brand IS NULL, os IS NULL, raw_tac, raw_brand, raw_model, raw_os, raw_vendor;
	ANALYZE pg_temp.stage_device;
END;
$$;
COMMENT ON PROCEDURE leakage_clean_device(name, jsonb) IS
	'part of leakage_refresh: the best handset row of each subscriber with revenue';

-- subscriber, mart_week, subscriber_cell, from the stages; orphan revenue counted.
CREATE PROCEDURE leakage_join_subscribers(mart name, options jsonb)
	LANGUAGE plpgsql
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	as_of_year constant integer := options ->> 'as_of_year';
	year constant integer := options ->> 'year';
	yyyyww constant boolean := options ->> 'week_format' = 'yyyyww';
	age_bands constant numeric[] := ARRAY(SELECT b::numeric FROM jsonb_array_elements_text(options -> 'age_bands') AS b);
	-- a label for each band, the one below the first included
	age_labels constant text[] := ARRAY(
		SELECT @extschema@.leakage_band(b.value, age_bands, 'Under ' || age_bands[1], true)
		FROM unnest(age_bands[1] - 1 || age_bands) WITH ORDINALITY AS b (value, n)
		ORDER BY b.n);
BEGIN
	PERFORM @extschema@.leakage_enter_mart(mart);

	-- the subscribers with revenue: a hundredth of all, so that what follows need not read all again
	DROP TABLE IF EXISTS pg_temp.stage_known;
	CREATE TEMPORARY TABLE stage_known ON COMMIT DROP AS
	WITH
		with_revenue AS (
			SELECT msisdn, @extschema@.leakage_profile(period, revenue, NULL) AS weeks
			FROM pg_temp.stage_week
			GROUP BY msisdn)
	SELECT s.msisdn, s.packed, w.weeks
	FROM pg_temp.stage_subscriber AS s
		JOIN with_revenue AS w USING (msisdn);
	ANALYZE pg_temp.stage_known;

	DELETE FROM subscriber_cell;
	INSERT INTO subscriber_cell (segment, age_group, age_group_order, region, gender, mobile_type, status, subscribers)
	WITH
		different AS (
			SELECT s.packed, a.region, count(*) AS subscribers
			FROM pg_temp.stage_subscriber AS s
				LEFT JOIN pg_temp.stage_attribute AS a USING (msisdn)
			GROUP BY s.packed, a.region),
		counted AS (
			SELECT c.segment, c.birth_year, coalesce(d.region, 'Unknown') AS region, c.gender, c.mobile_type, c.status,
				d.subscribers
			FROM different AS d
				JOIN pg_temp.stage_crm_row AS c USING (packed))
	SELECT segment,
		coalesce(age_labels[width_bucket((as_of_year - birth_year)::numeric, age_bands) + 1], 'Unknown'),
		coalesce(width_bucket((as_of_year - birth_year)::numeric, age_bands), cardinality(age_bands) + 1),
		region, gender, mobile_type, status, sum(subscribers)
	FROM counted
	GROUP BY 1, 2, 3, 4, 5, 6, 7;

	DELETE FROM subscriber;
	INSERT INTO subscriber (msisdn, gender, birth_year, age, age_group, age_group_order, region, segment,
		mobile_type, status, brand, model, os, activated_on, weeks)
	SELECT s.msisdn, c.gender, c.birth_year, as_of_year - c.birth_year,
		coalesce(age_labels[width_bucket((as_of_year - c.birth_year)::numeric, age_bands) + 1], 'Unknown'),
		coalesce(width_bucket((as_of_year - c.birth_year)::numeric, age_bands), cardinality(age_bands) + 1),
		coalesce(a.region, 'Unknown'),
		c.segment, c.mobile_type, c.status,
		coalesce(d.brand, 'Unknown'), coalesce(d.model, 'Unknown'), coalesce(d.os, 'Unknown'),
		a.activated_on, s.weeks
	FROM pg_temp.stage_known AS s
		JOIN pg_temp.stage_crm_row AS c USING (packed)
		LEFT JOIN pg_temp.stage_attribute AS a USING (msisdn)
		LEFT JOIN pg_temp.stage_device AS d USING (msisdn);
	ANALYZE subscriber;

	DELETE FROM mart_week;
	INSERT INTO mart_week (period, week_number, week_start)
	WITH
		used AS (
			SELECT DISTINCT (@extschema@.leakage_periods(weeks, NULL, NULL, NULL)).period
			FROM subscriber),
		dated AS (
			SELECT period,
				CASE
					WHEN yyyyww THEN date '1970-01-05' + 7 * period
					ELSE @extschema@.leakage_week_start(year, 1) + 7 * (period - 1)
				END AS week_start
			FROM used)
	SELECT period,
		CASE WHEN yyyyww THEN to_char(week_start, 'IYYYIW')::integer ELSE period END,
		week_start
	FROM dated;

	INSERT INTO file_count (file, measure, value)
	WITH
		orphans AS (
			SELECT count(DISTINCT w.msisdn) AS users, coalesce(sum(w.rows), 0) AS rows, coalesce(sum(w.revenue), 0) AS revenue
			FROM pg_temp.stage_week AS w
			WHERE NOT EXISTS (
				SELECT FROM pg_temp.stage_known AS k
				WHERE k.msisdn = w.msisdn))
	SELECT 'revenue', m.measure, m.value
	FROM orphans AS o,
		LATERAL (
			VALUES
				('orphan_rows', o.rows),
				('orphan_users', o.users),
				('amount_orphan', o.revenue)) AS m (measure, value);
END;
$$;
COMMENT ON PROCEDURE leakage_join_subscribers(name, jsonb) IS
	'part of leakage_refresh: subscribers with revenue and their weeks';
