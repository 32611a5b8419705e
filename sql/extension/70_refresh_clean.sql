-- ---------------------------------------------------------------------------
-- Refresh, first half: the landing tables, cleaned (docs/rules.md, section 1).
--
-- Each step takes one stage table (69_stage.sql), counts in file_count what its
-- rules met, keeps in rejected_row what they refused, and leaves clean rows.  Rows
-- are counted by what read the landing table, and again by what merged them: so the
-- reconciliation compares two ways of counting.
--
-- The result tables are emptied with DELETE, not TRUNCATE: a pg_dump whose
-- snapshot is older than the refresh would find truncated tables empty.
--
-- From the subscribers on, a stage is an unlogged table of the mart, which is made
-- and dropped in the refresh: parallel workers can read it, unlike a temporary one.
-- ---------------------------------------------------------------------------

-- Keeps refused rows, and counts them by reason: "query" gives reason, cleaned msisdn, and the row as text.
CREATE PROCEDURE _leakage.keep_rejected(mart name, source_file text, query text)
	LANGUAGE plpgsql
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM _leakage.enter_mart(mart);

	-- workers look for the few rows, which they would not for an INSERT
	DROP TABLE IF EXISTS pg_temp.stage_rejected;
	EXECUTE 'CREATE TEMPORARY TABLE stage_rejected ON COMMIT DROP AS ' || query;
	INSERT INTO rejected_row (rejected_id, file, reason, msisdn, content)
	SELECT (SELECT coalesce(max(k.rejected_id), 0) FROM rejected_row AS k)
			+ row_number() OVER (ORDER BY r.reason, r.msisdn COLLATE "C", r.content COLLATE "C"),
		source_file, r.reason, r.msisdn, r.content
	FROM pg_temp.stage_rejected AS r;

	INSERT INTO file_count (file, measure, value)
	SELECT source_file, 'refused_' || r.reason, count(*)
	FROM pg_temp.stage_rejected AS r
	GROUP BY r.reason;
END;
$$;
COMMENT ON PROCEDURE _leakage.keep_rejected(name, text, text) IS
	'part of leakage_refresh: keeps refused rows, and counts them by reason';

-- Where to look for the refused rows of a landing table, for FROM: at their places, where the stage knows them.
CREATE FUNCTION _leakage.refused_source(landing name)
	RETURNS text
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	placed boolean;
BEGIN
	EXECUTE format('SELECT EXISTS (SELECT FROM pg_temp.%I WHERE place IS NOT NULL)', 'stage_' || landing)
	INTO placed;
	RETURN CASE
		WHEN placed THEN format(
			'(SELECT l.* FROM pg_temp.%I AS s JOIN %I AS l ON l.tableoid = s.part AND l.ctid = s.place)', 'stage_' || landing, landing)
		ELSE quote_ident(landing)
	END;
END;
$$;
COMMENT ON FUNCTION _leakage.refused_source(name) IS
	'part of leakage_refresh: where to look for the refused rows of a landing table';

-- revenue: what was refused and why, and what the amounts add up to.
CREATE PROCEDURE _leakage.clean_revenue(mart name, options jsonb)
	LANGUAGE plpgsql
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	yyyyww constant boolean := options ->> 'week_format' = 'yyyyww';
BEGIN
	PERFORM _leakage.enter_mart(mart);
	CALL _leakage.stage_revenue(mart, options);

	-- added up once, by what became of the rows: accepted, refused for a reason, or neither: all landing rows
	DROP TABLE IF EXISTS pg_temp.stage_revenue_total;
	CREATE TEMPORARY TABLE stage_revenue_total ON COMMIT DROP AS
	SELECT msisdn IS NOT NULL AS accepted, fault,
		sum(rows) AS rows,
		sum(amount) AS amount,
		sum(revenue) AS revenue,
		sum(duplicate_rows) AS duplicate_rows,
		sum(duplicate_amount) AS duplicate_amount,
		sum(added_weeks) AS added_weeks
	FROM pg_temp.stage_revenue
	GROUP BY msisdn IS NOT NULL, fault;

	IF EXISTS (SELECT FROM pg_temp.stage_revenue_total WHERE fault <> 'week_total_out_of_range') THEN
		CALL _leakage.keep_rejected(mart, 'revenue', format('
			WITH
				faults AS NOT MATERIALIZED (
					SELECT r.msisdn,
						coalesce(
							@extschema@.leakage_id_fault(r.msisdn),
							@extschema@.leakage_week_fault(r.week_number, %L),
							@extschema@.leakage_amount_fault(r.revenue_usd)) AS fault,
						r AS landing
					FROM %s AS r)
			SELECT fault AS reason,
				@extschema@.leakage_clean_id(msisdn) COLLATE "C" AS msisdn,
				to_jsonb(landing)::text AS content
			FROM faults
			WHERE fault IS NOT NULL', yyyyww, _leakage.refused_source('revenue')));
	END IF;

	-- amounts that are in range one by one
	IF EXISTS (SELECT FROM pg_temp.stage_revenue_total WHERE fault = 'week_total_out_of_range') THEN
		CALL _leakage.keep_rejected(mart, 'revenue', format('
			WITH
				typed AS (
					SELECT
						@extschema@.leakage_clean_id(r.msisdn) COLLATE "C" AS msisdn,
						@extschema@.leakage_week(r.week_number, %1$L) AS week_number,
						@extschema@.leakage_amount(r.revenue_usd) AS amount
					FROM revenue AS r
					WHERE @extschema@.leakage_clean_id(r.msisdn) IS NOT NULL
						AND @extschema@.leakage_week_fault(r.week_number, %1$L) IS NULL
						AND @extschema@.leakage_amount_fault(r.revenue_usd) IS NULL),
				once AS (
					SELECT DISTINCT msisdn, week_number, amount
					FROM typed),
				-- the planner expects next to no rows of typed, and would find these anew for each
				out_of_range AS MATERIALIZED (
					SELECT msisdn, week_number
					FROM once
					GROUP BY msisdn, week_number
					HAVING sum(round(amount, 6)) >= 1000000000000)
			SELECT ''week_total_out_of_range'' AS reason, t.msisdn,
				jsonb_build_object(''msisdn'', t.msisdn, ''week_number'', t.week_number, ''revenue_usd'', t.amount)::text AS content
			FROM typed AS t
				JOIN out_of_range USING (msisdn, week_number)', yyyyww));
	END IF;

	INSERT INTO file_count (file, measure, value)
	WITH
		counted AS (
			SELECT
				sum(rows) FILTER (WHERE NOT accepted AND fault IS NULL) AS rows_in,
				sum(amount) FILTER (WHERE NOT accepted AND fault IS NULL) AS amount_in,
				sum(rows) FILTER (WHERE fault IS NOT NULL) AS rows_refused,
				sum(amount) FILTER (WHERE fault IS NOT NULL) AS amount_refused,
				sum(rows) FILTER (WHERE accepted) AS rows_accepted,
				sum(amount) FILTER (WHERE accepted) AS exact_amount,
				sum(revenue) AS revenue,
				sum(duplicate_rows) AS duplicate_rows,
				sum(duplicate_amount) AS duplicate_amount,
				sum(added_weeks) AS added_weeks
			FROM pg_temp.stage_revenue_total)
	SELECT 'revenue', m.measure, trim_scale(coalesce(m.value, 0))
	FROM counted AS c
		CROSS JOIN LATERAL (
			VALUES
				('rows_in', c.rows_in),
				('rows_refused', c.rows_refused),
				('rows_accepted', c.rows_accepted),
				('rows_duplicate', c.duplicate_rows),
				('weeks_with_rows_added', c.added_weeks),
				('amount_in', c.amount_in),
				('amount_refused', c.amount_refused),
				('amount_duplicate', c.duplicate_amount),
				('amount_rounding', c.exact_amount - c.revenue),
				('amount_accepted', c.revenue)) AS m (measure, value);
END;
$$;
COMMENT ON PROCEDURE _leakage.clean_revenue(name, jsonb) IS
	'part of leakage_refresh: revenue checked, de-duplicated and added by user and week';

-- subscriber_attribute and usage, both optional, in stage_attribute, stage_region and stage_usage.
CREATE PROCEDURE _leakage.clean_optional(mart name, options jsonb)
	LANGUAGE plpgsql
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	yyyyww constant boolean := options ->> 'week_format' = 'yyyyww';
BEGIN
	PERFORM _leakage.enter_mart(mart);

	DROP TABLE IF EXISTS pg_temp.stage_attribute, pg_temp.stage_region, pg_temp.stage_usage, pg_temp.stage_usage_row;

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

	-- in the order of the regions, which makes their dictionary in the bulk pass short
	CREATE TEMPORARY TABLE stage_region ON COMMIT DROP AS
	SELECT msisdn, region AS label
	FROM pg_temp.stage_attribute
	WHERE region IS NOT NULL
	ORDER BY region;

	CALL _leakage.keep_rejected(mart, 'subscriber_attribute',
		'SELECT @extschema@.leakage_id_fault(a.msisdn) AS reason, NULL::text AS msisdn, to_jsonb(a)::text AS content
		FROM subscriber_attribute AS a
		WHERE @extschema@.leakage_id_fault(a.msisdn) IS NOT NULL');

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
			@extschema@.leakage_id_fault(g.msisdn),
			@extschema@.leakage_week_fault(g.week_number, yyyyww),
			@extschema@.leakage_count_fault(g.sessions)) AS fault,
		to_jsonb(g)::text AS content
	FROM usage AS g;

	CALL _leakage.keep_rejected(mart, 'usage',
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
COMMENT ON PROCEDURE _leakage.clean_optional(name, jsonb) IS
	'part of leakage_refresh: region, activation date and usage, where they are loaded';

-- crm: what the rules met, and stage_crm_row, the different best rows, cleaned.
CREATE PROCEDURE _leakage.clean_crm(mart name, options jsonb)
	LANGUAGE plpgsql
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	as_of_year constant integer := options ->> 'as_of_year';
	min_age constant integer := options ->> 'min_age';
	max_age constant integer := options ->> 'max_age';
BEGIN
	PERFORM _leakage.enter_mart(mart);
	CALL _leakage.stage_crm(mart, options);

	-- added up once: subscribers are many, combinations of the other columns are few
	DROP TABLE IF EXISTS pg_temp.stage_crm_total;
	CREATE TEMPORARY TABLE stage_crm_total ON COMMIT DROP AS
	SELECT packed, label,
		sum(subscribers) AS subscribers,
		sum(duplicates) AS duplicates,
		sum(rows) AS rows,
		sum(refused) AS refused,
		sum(respelled) AS respelled
	FROM pg_temp.stage_crm
	GROUP BY packed, label;
	ANALYZE pg_temp.stage_crm_total;

	-- each combination of the free texts is cleaned once, not each row
	INSERT INTO file_count (file, measure, value)
	WITH
		cleaned AS (
			SELECT s.subscribers, s.duplicates, s.rows, s.refused, s.respelled,
				r.gender AS raw_gender,
				@extschema@.leakage_clean_gender(r.gender) AS gender,
				@extschema@.leakage_clean_year(r.year_of_birth) AS year,
				@extschema@.leakage_clean_status(r.system_status) AS status
			FROM (
				SELECT packed, sum(subscribers) AS subscribers, sum(duplicates) AS duplicates,
					sum(rows) AS rows, sum(refused) AS refused, sum(respelled) AS respelled
				FROM pg_temp.stage_crm_total
				GROUP BY packed) AS s
				CROSS JOIN LATERAL _leakage.unpack_crm(s.packed) AS r),
		counted AS (
			SELECT
				sum(rows) AS rows_in,
				sum(refused) AS refused,
				sum(subscribers) AS accepted,
				sum(duplicates) AS duplicates,
				sum(respelled) AS id_cleaned,
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
				('rows_accepted', c.accepted),
				('rows_duplicate', c.duplicates),
				('msisdn_cleaned', c.id_cleaned),
				('gender_unknown', c.gender_unknown),
				('gender_standardised', c.gender_standardised),
				('birth_year_missing', c.year_missing),
				('birth_year_implausible', c.year_implausible),
				('status_other', c.status_other)) AS m (measure, value);

	IF EXISTS (SELECT FROM pg_temp.stage_crm_total WHERE refused > 0) THEN
		CALL _leakage.keep_rejected(mart, 'crm', format('
			SELECT @extschema@.leakage_id_fault(c.msisdn) AS reason, NULL::text AS msisdn, to_jsonb(c)::text AS content
			FROM %s AS c
			WHERE @extschema@.leakage_id_fault(c.msisdn) IS NOT NULL', _leakage.refused_source('crm')));
	END IF;

	DROP TABLE IF EXISTS pg_temp.stage_crm_row;
	CREATE TEMPORARY TABLE stage_crm_row ON COMMIT DROP AS
	WITH
		different AS (
			SELECT DISTINCT packed
			FROM pg_temp.stage_crm_total
			WHERE subscribers > 0),
		typed AS (
			SELECT d.packed, r.mobile_type, r.value_segment,
				@extschema@.leakage_clean_gender(r.gender) AS gender,
				@extschema@.leakage_clean_year(r.year_of_birth) AS year,
				@extschema@.leakage_clean_status(r.system_status) AS status
			FROM different AS d
				CROSS JOIN LATERAL _leakage.unpack_crm(d.packed) AS r)
	SELECT packed, gender, status,
		CASE WHEN as_of_year - year BETWEEN min_age AND max_age THEN year END AS birth_year,
		coalesce(@extschema@.leakage_clean_label(mobile_type), 'Unknown') AS mobile_type,
		coalesce(@extschema@.leakage_clean_label(value_segment), 'Unknown') AS segment
	FROM typed;
	ANALYZE pg_temp.stage_crm_row;
END;
$$;
COMMENT ON PROCEDURE _leakage.clean_crm(name, jsonb) IS
	'part of leakage_refresh: the best CRM row of each subscriber';

-- device: what the rules met, and stage_handset, the different best rows of subscribers with revenue, cleaned.
CREATE PROCEDURE _leakage.clean_device(mart name, options jsonb)
	LANGUAGE plpgsql
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM _leakage.enter_mart(mart);
	CALL _leakage.stage_device(mart, options);

	INSERT INTO file_count (file, measure, value)
	WITH
		counted AS (
			SELECT
				sum(s.rows) AS rows_in,
				sum(s.refused) AS refused,
				sum(s.subscribers) AS accepted,
				sum(s.duplicates) AS duplicates,
				sum(s.rows) FILTER (WHERE @extschema@.leakage_clean_text(r.brand_name) IS NULL) AS brand_unknown,
				sum(s.rows) FILTER (WHERE @extschema@.leakage_clean_text(r.os_name) IS NULL) AS os_unknown
			FROM (
				SELECT packed, sum(subscribers) AS subscribers, sum(duplicates) AS duplicates,
					sum(rows) AS rows, sum(refused) AS refused
				FROM pg_temp.stage_device
				GROUP BY packed) AS s
				CROSS JOIN LATERAL _leakage.unpack_device(s.packed) AS r)
	SELECT 'device', m.measure, coalesce(m.value, 0)
	FROM counted AS c
		CROSS JOIN LATERAL (
			VALUES
				('rows_in', c.rows_in),
				('rows_refused', c.refused),
				('rows_accepted', c.accepted),
				('rows_duplicate', c.duplicates),
				('brand_unknown', c.brand_unknown),
				('os_unknown', c.os_unknown)) AS m (measure, value);

	IF EXISTS (SELECT FROM pg_temp.stage_device WHERE refused > 0) THEN
		CALL _leakage.keep_rejected(mart, 'device', format('
			SELECT @extschema@.leakage_id_fault(d.msisdn) AS reason, NULL::text AS msisdn, to_jsonb(d)::text AS content
			FROM %s AS d
			WHERE @extschema@.leakage_id_fault(d.msisdn) IS NOT NULL', _leakage.refused_source('device')));
	END IF;

	DROP TABLE IF EXISTS pg_temp.stage_handset;
	CREATE TEMPORARY TABLE stage_handset ON COMMIT DROP AS
	SELECT d.packed,
		coalesce(upper(@extschema@.leakage_clean_text(r.brand_name) COLLATE "C"), 'Unknown') AS brand,
		coalesce(@extschema@.leakage_clean_text(r.model_name), 'Unknown') AS model,
		coalesce(@extschema@.leakage_clean_text(r.os_name), 'Unknown') AS os
	FROM (
		SELECT DISTINCT packed
		FROM pg_temp.stage_device
		WHERE msisdn IS NOT NULL) AS d
		CROSS JOIN LATERAL _leakage.unpack_device(d.packed) AS r;
	ANALYZE pg_temp.stage_handset;
END;
$$;
COMMENT ON PROCEDURE _leakage.clean_device(name, jsonb) IS
	'part of leakage_refresh: the best handset row of each subscriber with revenue';

-- subscriber_cell and stage_subscriber, from the stages; orphan revenue counted.
CREATE PROCEDURE _leakage.join_subscribers(mart name, options jsonb)
	LANGUAGE plpgsql
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	as_of_year constant integer := options ->> 'as_of_year';
	age_bands constant numeric[] := ARRAY(SELECT b::numeric FROM jsonb_array_elements_text(options -> 'age_bands') AS b);
BEGIN
	PERFORM _leakage.enter_mart(mart);

	-- age groups are named once a row, not once a subscriber
	DROP TABLE IF EXISTS pg_temp.stage_person;
	CREATE TEMPORARY TABLE stage_person ON COMMIT DROP AS
	SELECT packed, gender, status, birth_year, mobile_type, segment,
		as_of_year - birth_year AS age,
		coalesce(_leakage.band((as_of_year - birth_year)::numeric, age_bands, 'Under ' || age_bands[1], true), 'Unknown') AS age_group,
		coalesce(width_bucket((as_of_year - birth_year)::numeric, age_bands), cardinality(age_bands) + 1) AS age_group_order
	FROM pg_temp.stage_crm_row;
	ANALYZE pg_temp.stage_person;

	DELETE FROM subscriber_cell;
	INSERT INTO subscriber_cell (segment, age_group, age_group_order, region, gender, mobile_type, status, subscribers)
	SELECT p.segment, p.age_group, p.age_group_order, coalesce(t.label, 'Unknown'), p.gender, p.mobile_type, p.status,
		sum(t.subscribers)
	FROM pg_temp.stage_crm_total AS t
		JOIN pg_temp.stage_person AS p USING (packed)
	WHERE t.subscribers > 0
	GROUP BY p.segment, p.age_group, p.age_group_order, coalesce(t.label, 'Unknown'), p.gender, p.mobile_type, p.status;

	CREATE UNLOGGED TABLE stage_subscriber AS
	SELECT s.msisdn COLLATE "C" AS msisdn, p.gender, p.birth_year, p.age, p.age_group, p.age_group_order,
		coalesce(s.label, 'Unknown') AS region,
		p.segment, p.mobile_type, p.status,
		coalesce(h.brand, 'Unknown') AS brand, coalesce(h.model, 'Unknown') AS model, coalesce(h.os, 'Unknown') AS os,
		a.activated_on, r.weeks
	FROM pg_temp.stage_crm AS s
		JOIN pg_temp.stage_person AS p USING (packed)
		JOIN pg_temp.stage_revenue AS r ON r.msisdn = s.msisdn
		LEFT JOIN pg_temp.stage_device AS d ON d.msisdn = s.msisdn
		LEFT JOIN pg_temp.stage_handset AS h ON h.packed = d.packed
		LEFT JOIN pg_temp.stage_attribute AS a ON a.msisdn = s.msisdn
	WHERE s.msisdn IS NOT NULL
	ORDER BY s.msisdn COLLATE "C";	-- about the order of the results, whose index then grows at its end
	CREATE UNIQUE INDEX stage_subscriber_key ON stage_subscriber (msisdn);	-- so expected_profiles need not group

	INSERT INTO file_count (file, measure, value)
	WITH
		orphans AS (
			SELECT count(*) AS users, coalesce(sum(r.rows), 0) AS rows, coalesce(sum(r.revenue), 0) AS revenue
			FROM pg_temp.stage_revenue AS r
			WHERE r.msisdn IS NOT NULL
				AND NOT EXISTS (
					SELECT FROM pg_temp.stage_crm AS s
					WHERE s.msisdn = r.msisdn))
	SELECT 'revenue', m.measure, m.value
	FROM orphans AS o,
		LATERAL (
			VALUES
				('orphan_rows', o.rows),
				('orphan_users', o.users),
				('amount_orphan', o.revenue)) AS m (measure, value);
END;
$$;
COMMENT ON PROCEDURE _leakage.join_subscribers(name, jsonb) IS
	'part of leakage_refresh: subscribers with revenue';
