-- ---------------------------------------------------------------------------
-- Refresh, first half: the landing tables, cleaned (docs/rules.md, section 1).
--
-- Each step takes one stage table (69_stage.sql), counts in file_count what the
-- rules met, keeps refused rows in rejected_row, and leaves clean rows. Rows are
-- counted once where the landing table is read and again where rows are merged, so
-- the reconciliation compares two independent counts.
--
-- The result tables are emptied with DELETE, not TRUNCATE. A pg_dump whose snapshot
-- is older than the refresh would find truncated tables empty.
--
-- From the subscribers on, a stage is an unlogged table of the mart that exists
-- only during the refresh. Parallel workers can read it, unlike a temporary table.
-- ---------------------------------------------------------------------------

-- Writes counts of one file to file_count: an object of measures and their values.
CREATE PROCEDURE _leakage.keep_counts(mart name, source_file text, counts jsonb)
	LANGUAGE plpgsql
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	EXECUTE _leakage.mart_sql(mart, $sql$
		INSERT INTO @mart@.file_count (file, measure, value)
		SELECT $1, c.key, coalesce(trim_scale(c.value::numeric), 0)
		FROM jsonb_each_text($2) AS c
	$sql$)
	USING source_file, counts;
END;
$$;
COMMENT ON PROCEDURE _leakage.keep_counts(name, text, jsonb) IS
	'part of leakage_refresh: writes counts of a file';

-- Keeps refused rows and counts them by reason.  The query returns reason, cleaned msisdn, and
-- the row as text; in it, $1 is the options (jsonb).
CREATE PROCEDURE _leakage.keep_rejected(mart name, options jsonb, source_file text, query text)
	LANGUAGE plpgsql
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	counts jsonb;
BEGIN
	-- not INSERT alone: workers help CREATE TABLE to find the few refused rows, but not INSERT
	EXECUTE 'CREATE TEMPORARY TABLE leakage_stage_rejected ON COMMIT DROP AS ' || _leakage.mart_sql(mart, query)
	USING options;
	EXECUTE _leakage.mart_sql(mart, $sql$
		INSERT INTO @mart@.rejected_row (rejected_id, file, reason, msisdn, content)
		SELECT (SELECT coalesce(max(k.rejected_id), 0) FROM @mart@.rejected_row AS k)
				+ row_number() OVER (ORDER BY r.reason, r.msisdn COLLATE "C", r.content COLLATE "C"),
			$1, r.reason, r.msisdn, r.content
		FROM pg_temp.leakage_stage_rejected AS r
	$sql$)
	USING source_file;

	SELECT coalesce(jsonb_object_agg('refused_' || r.reason, r.rows), '{}')
	INTO counts
	FROM (
		SELECT reason, count(*) AS rows
		FROM pg_temp.leakage_stage_rejected
		GROUP BY reason) AS r;
	CALL _leakage.keep_counts(mart, source_file, counts);
	DROP TABLE pg_temp.leakage_stage_rejected;
END;
$$;
COMMENT ON PROCEDURE _leakage.keep_rejected(name, jsonb, text, text) IS
	'part of leakage_refresh: keeps refused rows and counts them by reason';

-- Where to look for the refused rows of a landing table, for FROM: at their positions if the stage knows them all.
-- The condition says which rows of the stage, s, are refused ones.
CREATE FUNCTION _leakage.refused_source(stage name, landing name, refused text)
	RETURNS text
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	placed boolean;
BEGIN
	EXECUTE format('SELECT bool_and(s.place IS NOT NULL) FROM pg_temp.%I AS s WHERE %s', stage, refused)
	INTO placed;
	RETURN CASE
		WHEN placed THEN format(
			'(SELECT l.* FROM pg_temp.%I AS s JOIN @mart@.%I AS l ON l.tableoid = s.part AND l.ctid = s.place WHERE %s)',
			stage, landing, refused)
		ELSE format('@mart@.%I', landing)
	END;
END;
$$;
COMMENT ON FUNCTION _leakage.refused_source(name, name, text) IS
	'part of leakage_refresh: where to look for the refused rows of a landing table';

-- Keeps the rows of a landing table that are refused for their identifier.
CREATE PROCEDURE _leakage.keep_rejected_ids(mart name, options jsonb, stage name, landing name, refused text)
	LANGUAGE plpgsql
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	CALL _leakage.keep_rejected(mart, options, landing, format(
		$sql$
			SELECT @extschema@.leakage_id_fault(r.msisdn) AS reason, NULL::text AS msisdn, to_jsonb(r)::text AS content
			FROM %s AS r
			WHERE @extschema@.leakage_id_fault(r.msisdn) IS NOT NULL
		$sql$, _leakage.refused_source(stage, landing, refused)));
END;
$$;
COMMENT ON PROCEDURE _leakage.keep_rejected_ids(name, jsonb, name, name, text) IS
	'part of leakage_refresh: keeps rows without a usable identifier';

-- Keeps the rows of a landing table by user and week that are refused for one of their columns.
--	value_fault		an expression of the landing row r: why its third column is refused
CREATE PROCEDURE _leakage.keep_rejected_weeks(mart name, options jsonb, landing name, value_fault text)
	LANGUAGE plpgsql
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	CALL _leakage.keep_rejected(mart, options, landing, format(
		$sql$
			WITH
				faults AS NOT MATERIALIZED (
					SELECT r.msisdn,
						coalesce(
							@extschema@.leakage_id_fault(r.msisdn),
							@extschema@.leakage_week_fault(r.week_number, $1 ->> 'week_format'),
							%s) AS fault,
						r AS landing
					FROM %s AS r)
			SELECT fault AS reason,
				@extschema@.leakage_clean_id(msisdn) COLLATE "C" AS msisdn,
				to_jsonb(landing)::text AS content
			FROM faults
			WHERE fault IS NOT NULL
		$sql$, value_fault, _leakage.refused_source('leakage_stage_' || landing, landing, 's.fault IS NOT NULL')));
END;
$$;
COMMENT ON PROCEDURE _leakage.keep_rejected_weeks(name, jsonb, name, text) IS
	'part of leakage_refresh: keeps rows by user and week that are refused for one of their columns';

-- revenue: what was refused and why, and the totals of the amounts.
CREATE PROCEDURE _leakage.clean_revenue(mart name, options jsonb)
	LANGUAGE plpgsql
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	counts jsonb;
	rows_at_fault boolean;
	weeks_at_fault boolean;
BEGIN
	CALL _leakage.stage_revenue(mart, options);

	-- a row of the stage is accepted (with msisdn), refused (with fault), or neither: then it counts all landing rows
	SELECT
		jsonb_build_object(
			'rows_in', sum(rows) FILTER (WHERE msisdn IS NULL AND fault IS NULL),
			'rows_refused', sum(rows) FILTER (WHERE fault IS NOT NULL),
			'rows_accepted', sum(rows) FILTER (WHERE msisdn IS NOT NULL),
			'rows_duplicate', sum(duplicate_rows),
			'weeks_with_rows_added', sum(added_weeks),
			'amount_in', sum(amount) FILTER (WHERE msisdn IS NULL AND fault IS NULL),
			'amount_refused', sum(amount) FILTER (WHERE fault IS NOT NULL),
			'amount_duplicate', sum(duplicate_amount),
			'amount_rounding', sum(amount) FILTER (WHERE msisdn IS NOT NULL) - sum(revenue) - sum(below_zero),
			'amount_below_zero', sum(below_zero),
			'amount_accepted', sum(revenue),
			'weeks_below_zero', sum(weeks_below_zero),
			'amount_credits_in', sum(credits) FILTER (WHERE msisdn IS NULL AND fault IS NULL),
			'amount_credits_refused', sum(credits) FILTER (WHERE fault IS NOT NULL),
			'amount_credits_netted', sum(credits) FILTER (WHERE msisdn IS NOT NULL)),
		coalesce(bool_or(fault <> 'week_total_out_of_range'), false),
		coalesce(bool_or(fault = 'week_total_out_of_range'), false)
	INTO counts, rows_at_fault, weeks_at_fault
	FROM pg_temp.leakage_stage_revenue;
	CALL _leakage.keep_counts(mart, 'revenue', counts);

	IF rows_at_fault THEN
		CALL _leakage.keep_rejected_weeks(mart, options, 'revenue', $sql$
			nullif(@extschema@.leakage_amount_fault(r.revenue_usd), CASE $1 ->> 'credits' WHEN 'net' THEN 'amount_negative' END)
		$sql$);
	END IF;

	-- amounts that are each in range
	IF weeks_at_fault THEN
		CALL _leakage.keep_rejected(mart, options, 'revenue',
			$sql$
				WITH
					typed AS (
						SELECT
							@extschema@.leakage_clean_id(r.msisdn) COLLATE "C" AS msisdn,
							@extschema@.leakage_week(r.week_number, $1 ->> 'week_format') AS week_number,
							@extschema@.leakage_amount(r.revenue_usd) AS amount
						FROM @mart@.revenue AS r
						WHERE @extschema@.leakage_clean_id(r.msisdn) IS NOT NULL
							AND @extschema@.leakage_week_fault(r.week_number, $1 ->> 'week_format') IS NULL
							AND nullif(@extschema@.leakage_amount_fault(r.revenue_usd),
								CASE $1 ->> 'credits' WHEN 'net' THEN 'amount_negative' END) IS NULL),
					once AS (
						SELECT msisdn, week_number, amount,
							CASE $1 ->> 'duplicates' WHEN 'add' THEN count(*) ELSE 1 END AS counted
						FROM typed
						GROUP BY msisdn, week_number, amount),
					-- the planner expects almost no rows of typed; without MATERIALIZED it would compute these again for each
					out_of_range AS MATERIALIZED (
						SELECT msisdn, week_number
						FROM once
						GROUP BY msisdn, week_number
						HAVING abs(sum(counted * round(amount, 6))) >= 1000000000000)
				SELECT 'week_total_out_of_range' AS reason, t.msisdn,
					jsonb_build_object('msisdn', t.msisdn, 'week_number', t.week_number, 'revenue_usd', t.amount)::text AS content
				FROM typed AS t
					JOIN out_of_range USING (msisdn, week_number)
			$sql$);
	END IF;
END;
$$;
COMMENT ON PROCEDURE _leakage.clean_revenue(name, jsonb) IS
	'part of leakage_refresh: revenue checked, de-duplicated and added by user and week';

-- usage, which is optional: what was refused and why, and the totals.
CREATE PROCEDURE _leakage.clean_usage(mart name, options jsonb)
	LANGUAGE plpgsql
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	counts jsonb;
BEGIN
	CALL _leakage.stage_usage(mart, options);

	-- as for revenue, a row of the stage is accepted, refused, or counts all landing rows
	SELECT jsonb_build_object(
		'rows_in', sum(rows) FILTER (WHERE msisdn IS NULL AND fault IS NULL),
		'rows_refused', sum(rows) FILTER (WHERE fault IS NOT NULL),
		'rows_accepted', sum(rows) FILTER (WHERE msisdn IS NOT NULL),
		'rows_duplicate', sum(duplicate_rows))
	INTO counts
	FROM pg_temp.leakage_stage_usage;
	CALL _leakage.keep_counts(mart, 'usage', counts);

	IF (counts ->> 'rows_refused')::numeric > 0 THEN
		CALL _leakage.keep_rejected_weeks(mart, options, 'usage', '@extschema@.leakage_count_fault(r.sessions)');
	END IF;
END;
$$;
COMMENT ON PROCEDURE _leakage.clean_usage(name, jsonb) IS
	'part of leakage_refresh: usage checked, de-duplicated and added by user, where it is loaded';

-- subscriber_attribute, which is optional: what the rules met, and leakage_stage_region, one spelling for each region.
-- The stage is that of crm.
CREATE PROCEDURE _leakage.clean_attribute(mart name, options jsonb)
	LANGUAGE plpgsql
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	counts jsonb;
BEGIN
	SELECT jsonb_build_object(
		'rows_in', sum(rows),
		'rows_refused', sum(refused),
		'rows_accepted', sum(subscribers),
		'rows_duplicate', sum(duplicates),
		'region_unknown', sum(rows) FILTER (WHERE region IS NULL),
		'activated_on_unknown', sum(undated))
	INTO counts
	FROM pg_temp.leakage_stage_crm
	WHERE attribute;
	CALL _leakage.keep_counts(mart, 'subscriber_attribute', counts);

	IF (counts ->> 'rows_refused')::numeric > 0 THEN
		CALL _leakage.keep_rejected_ids(mart, options, 'leakage_stage_crm', 'subscriber_attribute', 's.refused > 0 AND s.attribute');
	END IF;

	-- of spellings that differ only in case, the one with the most accepted rows, then the first in byte order
	CREATE TEMPORARY TABLE leakage_stage_region ON COMMIT DROP AS
	SELECT s.spelling,
		first_value(s.spelling) OVER (PARTITION BY _leakage.fold_case(s.spelling) COLLATE "C" ORDER BY s.rows DESC, s.spelling) AS region
	FROM (
		SELECT region COLLATE "C" AS spelling, sum(rows - refused) AS rows
		FROM pg_temp.leakage_stage_crm
		WHERE attribute
			AND region IS NOT NULL
		GROUP BY region COLLATE "C") AS s;
	ANALYZE pg_temp.leakage_stage_region;
END;
$$;
COMMENT ON PROCEDURE _leakage.clean_attribute(name, jsonb) IS
	'part of leakage_refresh: region and activation date, where they are loaded';

-- crm: what the rules met, and leakage_stage_person, the distinct best rows, cleaned.
CREATE PROCEDURE _leakage.clean_crm(mart name, options jsonb)
	LANGUAGE plpgsql
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	as_of_year constant integer := options ->> 'as_of_year';
	min_age constant integer := options ->> 'min_age';
	max_age constant integer := options ->> 'max_age';
	age_bands constant numeric[] := ARRAY(SELECT b::numeric FROM jsonb_array_elements_text(options -> 'age_bands') AS b);
	counts jsonb;
BEGIN
	CALL _leakage.stage_crm(mart, options);
	CALL _leakage.clean_attribute(mart, options);

	-- added up once: subscribers are many, combinations of the other columns are few
	CREATE TEMPORARY TABLE leakage_stage_crm_total ON COMMIT DROP AS
	SELECT packed, region,
		sum(subscribers) AS subscribers,
		sum(duplicates) AS duplicates,
		sum(rows) AS rows,
		sum(refused) AS refused,
		sum(respelled) AS respelled
	FROM pg_temp.leakage_stage_crm
	WHERE NOT attribute
	GROUP BY packed, region;
	ANALYZE pg_temp.leakage_stage_crm_total;

	-- each combination of the free texts is cleaned once, not each row
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
				FROM pg_temp.leakage_stage_crm_total
				GROUP BY packed) AS s
				CROSS JOIN LATERAL _leakage.unpack_crm(s.packed) AS r)
	SELECT jsonb_build_object(
		'rows_in', sum(rows),
		'rows_refused', sum(refused),
		'rows_accepted', sum(subscribers),
		'rows_duplicate', sum(duplicates),
		'msisdn_cleaned', sum(respelled),
		'gender_unknown', sum(rows) FILTER (WHERE gender = 'Unknown'),
		'gender_standardised', sum(rows) FILTER (WHERE gender <> 'Unknown' AND gender <> raw_gender),
		'birth_year_missing', sum(rows) FILTER (WHERE year IS NULL),
		'birth_year_implausible', sum(rows) FILTER (WHERE as_of_year - year NOT BETWEEN min_age AND max_age),
		'status_other', sum(rows) FILTER (WHERE status = 'OTHER'))
	INTO counts
	FROM cleaned;
	CALL _leakage.keep_counts(mart, 'crm', counts);

	IF (counts ->> 'rows_refused')::numeric > 0 THEN
		CALL _leakage.keep_rejected_ids(mart, options, 'leakage_stage_crm', 'crm', 's.refused > 0 AND NOT s.attribute');
	END IF;

	CREATE TEMPORARY TABLE leakage_stage_person ON COMMIT DROP AS
	WITH
		distinct_rows AS (
			SELECT DISTINCT packed
			FROM pg_temp.leakage_stage_crm_total
			WHERE subscribers > 0),
		typed AS (
			SELECT d.packed, r.mobile_type, r.value_segment,
				@extschema@.leakage_clean_gender(r.gender) AS gender,
				@extschema@.leakage_clean_year(r.year_of_birth) AS year,
				@extschema@.leakage_clean_status(r.system_status) AS status
			FROM distinct_rows AS d
				CROSS JOIN LATERAL _leakage.unpack_crm(d.packed) AS r),
		plausible AS (
			SELECT packed, gender, status, mobile_type, value_segment,
				CASE WHEN as_of_year - year BETWEEN min_age AND max_age THEN year END AS birth_year
			FROM typed)
	SELECT packed, gender, status, birth_year,
		coalesce(@extschema@.leakage_clean_label(mobile_type), 'Unknown') AS mobile_type,
		coalesce(@extschema@.leakage_clean_label(value_segment), 'Unknown') AS segment,
		as_of_year - birth_year AS age,
		coalesce(_leakage.band((as_of_year - birth_year)::numeric, age_bands, 'Under ' || age_bands[1], true), 'Unknown') AS age_group,
		coalesce(width_bucket((as_of_year - birth_year)::numeric, age_bands), cardinality(age_bands) + 1) AS age_group_order
	FROM plausible;
	ANALYZE pg_temp.leakage_stage_person;
END;
$$;
COMMENT ON PROCEDURE _leakage.clean_crm(name, jsonb) IS
	'part of leakage_refresh: the best CRM row of each subscriber';

-- device: what the rules met, and leakage_stage_handset, the distinct best rows of subscribers with revenue, cleaned.
CREATE PROCEDURE _leakage.clean_device(mart name, options jsonb)
	LANGUAGE plpgsql
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	counts jsonb;
BEGIN
	CALL _leakage.stage_device(mart, options);

	SELECT jsonb_build_object(
		'rows_in', sum(s.rows),
		'rows_refused', sum(s.refused),
		'rows_accepted', sum(s.subscribers),
		'rows_duplicate', sum(s.duplicates),
		'brand_unknown', sum(s.rows) FILTER (WHERE @extschema@.leakage_clean_text(r.brand_name) IS NULL),
		'os_unknown', sum(s.rows) FILTER (WHERE @extschema@.leakage_clean_text(r.os_name) IS NULL))
	INTO counts
	FROM (
		SELECT packed, sum(subscribers) AS subscribers, sum(duplicates) AS duplicates,
			sum(rows) AS rows, sum(refused) AS refused
		FROM pg_temp.leakage_stage_device
		GROUP BY packed) AS s
		CROSS JOIN LATERAL _leakage.unpack_device(s.packed) AS r;
	CALL _leakage.keep_counts(mart, 'device', counts);

	IF (counts ->> 'rows_refused')::numeric > 0 THEN
		CALL _leakage.keep_rejected_ids(mart, options, 'leakage_stage_device', 'device', 's.refused > 0');
	END IF;

	CREATE TEMPORARY TABLE leakage_stage_handset ON COMMIT DROP AS
	SELECT d.packed,
		coalesce(upper(@extschema@.leakage_clean_text(r.brand_name) COLLATE "C"), 'Unknown') AS brand,
		coalesce(@extschema@.leakage_clean_text(r.model_name), 'Unknown') AS model,
		coalesce(@extschema@.leakage_clean_text(r.os_name), 'Unknown') AS os
	FROM (
		SELECT DISTINCT packed
		FROM pg_temp.leakage_stage_device
		WHERE msisdn IS NOT NULL) AS d
		CROSS JOIN LATERAL _leakage.unpack_device(d.packed) AS r;
	ANALYZE pg_temp.leakage_stage_handset;
END;
$$;
COMMENT ON PROCEDURE _leakage.clean_device(name, jsonb) IS
	'part of leakage_refresh: the best handset row of each subscriber with revenue';

-- subscriber_cell and stage_subscriber, from the stages, and counts of orphan revenue.
CREATE PROCEDURE _leakage.join_subscribers(mart name, options jsonb)
	LANGUAGE plpgsql
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	counts jsonb;
BEGIN
	CALL _leakage.know_subscribers(mart);
	CALL _leakage.know_cells(mart);
	EXECUTE _leakage.mart_sql(mart, $sql$
		DELETE FROM @mart@.subscriber_cell;
		INSERT INTO @mart@.subscriber_cell (segment, age_group, age_group_order, region, gender, mobile_type, status, subscribers)
		SELECT p.segment, p.age_group, p.age_group_order, coalesce(g.region, 'Unknown'), p.gender, p.mobile_type, p.status,
			sum(t.subscribers)
		FROM pg_temp.leakage_stage_crm_total AS t
			JOIN pg_temp.leakage_stage_person AS p USING (packed)
			LEFT JOIN pg_temp.leakage_stage_region AS g ON g.spelling = t.region COLLATE "C"
		WHERE t.subscribers > 0
		GROUP BY p.segment, p.age_group, p.age_group_order, coalesce(g.region, 'Unknown'), p.gender, p.mobile_type, p.status
	$sql$);

	EXECUTE _leakage.mart_sql(mart, format($sql$
		CREATE UNLOGGED TABLE @mart@.stage_subscriber AS
		SELECT s.msisdn COLLATE "C" AS msisdn, p.gender, p.birth_year, p.age, p.age_group, p.age_group_order,
			coalesce(g.region, 'Unknown') AS region,
			p.segment, p.mobile_type, p.status,
			coalesce(h.brand, 'Unknown') AS brand, coalesce(h.model, 'Unknown') AS model, coalesce(h.os, 'Unknown') AS os,
			s.activated_on, r.weeks, r.incomplete, r.refused_rows,
			CASE	-- a refused row is no evidence for its user and week, either
				WHEN num_nonnulls(k.known, r.incomplete, v.known) > 0 THEN (
					SELECT @extschema@.rollup(n.profile)
					FROM (VALUES (k.known), (r.incomplete), (v.known)) AS n (profile))
			END AS known,
			coalesce(k.excluded, false) AS excluded, k.reason AS exclusion_reason
		FROM %s
			LEFT JOIN pg_temp.leakage_stage_known AS k ON k.msisdn = s.msisdn
			LEFT JOIN pg_temp.leakage_stage_known_cell AS v ON v.cell = %s
		WHERE s.msisdn IS NOT NULL
		ORDER BY s.msisdn COLLATE "C";	-- about the order of the results, so their index grows at its end
		CREATE UNIQUE INDEX stage_subscriber_key ON @mart@.stage_subscriber (msisdn);	-- so expected_profiles need not group
	$sql$, _leakage.stage_subscribers(), _leakage.known_cell()))
	USING ARRAY(SELECT DISTINCT e.cell_value FROM pg_temp.leakage_stage_known_event AS e WHERE e.fault IS NULL);

	SELECT jsonb_build_object('orphan_rows', sum(r.rows), 'orphan_users', count(*), 'amount_orphan', sum(r.revenue))
	INTO counts
	FROM pg_temp.leakage_stage_revenue AS r
	WHERE r.msisdn IS NOT NULL
		AND NOT EXISTS (
			SELECT FROM pg_temp.leakage_stage_crm AS s
			WHERE s.msisdn = r.msisdn);
	CALL _leakage.keep_counts(mart, 'revenue', counts);
END;
$$;
COMMENT ON PROCEDURE _leakage.join_subscribers(name, jsonb) IS
	'part of leakage_refresh: subscribers with revenue';
