-- ---------------------------------------------------------------------------
-- Refresh, before all else: the landing tables, reduced to what later steps use, in
-- temporary stage tables.
--
-- A bulk pass (52_landing_bulk.sql) makes each of them. Where a pass cannot run or is
-- switched off, plain SQL makes it, with the same rows once the rows that count
-- are added up. Only a pass knows the positions of refused rows.
--
-- Queries on a landing table have @mart@ in place of the schema of the mart.
-- ---------------------------------------------------------------------------

-- The temporary stage tables of this session.  A refresh drops its own at its end, and refuses to begin if there is one.
-- So it never drops a table of the caller, and two refreshes can run in one transaction.
CREATE FUNCTION _leakage.stage_tables()
	RETURNS SETOF text
	LANGUAGE sql STABLE PARALLEL RESTRICTED
	SET search_path = pg_catalog, pg_temp
AS $$
	SELECT format('pg_temp.%I', c.relname)
	FROM pg_class AS c
	WHERE c.relnamespace = pg_my_temp_schema()
		AND c.relkind IN ('r', 'v', 'p', 'f', 'S')
		AND c.relname LIKE 'leakage\_stage\_%'
	ORDER BY c.relname;
$$;
COMMENT ON FUNCTION _leakage.stage_tables() IS
	'part of leakage_refresh: temporary relations of this session whose names are reserved for stages';

CREATE PROCEDURE _leakage.refuse_stages()
	LANGUAGE plpgsql
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	stage text;
BEGIN
	SELECT s INTO stage FROM _leakage.stage_tables() AS s LIMIT 1;
	IF FOUND THEN
		RAISE EXCEPTION 'relation % is in the way of a refresh', stage
			USING ERRCODE = 'duplicate_table',
				DETAIL = 'A refresh keeps its stages in temporary tables whose names begin with leakage_stage_.',
				HINT = format('Drop or rename %s.', stage);
	END IF;
END;
$$;
COMMENT ON PROCEDURE _leakage.refuse_stages() IS
	'part of leakage_refresh: refuses to begin if a temporary relation has a name of a stage';

CREATE PROCEDURE _leakage.drop_stages()
	LANGUAGE plpgsql
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	stages constant text := (SELECT string_agg(s, ', ') FROM _leakage.stage_tables() AS s);
BEGIN
	EXECUTE 'DROP TABLE ' || stages;
END;
$$;
COMMENT ON PROCEDURE _leakage.drop_stages() IS
	'part of leakage_refresh: drops the temporary stage tables';

-- Creates a stage table with a bulk pass, or with plain SQL if the pass cannot read the landing
-- tables.  The first of them gives the stage its name.  In both queries, $1 is the landing tables
-- (regclass[]) and $2 the options (jsonb).
CREATE PROCEDURE _leakage.stage(mart name, options jsonb, landings name[], bulk_query text, plain_query text)
	LANGUAGE plpgsql
	SET search_path = pg_catalog, pg_temp
	-- joins need sizes and numbers of distinct values; a tenth of the usual sample shows them
	SET default_statistics_target = 10
AS $$
DECLARE
	sources constant regclass[] := ARRAY(SELECT to_regclass(format('%I.%I', mart, l)) FROM unnest(landings) AS l);
	stage constant text := format('pg_temp.%I', 'leakage_stage_' || landings[1]);
	command constant text := format('CREATE TEMPORARY TABLE %s ON COMMIT DROP AS ', stage);
	made boolean := false;
	distributed boolean := false;
	obstacle text;
BEGIN
	-- a caller who may not write the result learns it before anything is read
	EXECUTE _leakage.mart_sql(mart, 'LOCK TABLE @mart@.file_count IN ROW EXCLUSIVE MODE');

	-- on Citus, the local table does not hold the rows of a distributed table
	IF to_regclass('pg_catalog.pg_dist_partition') IS NOT NULL THEN
		EXECUTE 'SELECT EXISTS (SELECT FROM pg_catalog.pg_dist_partition AS p WHERE p.logicalrelid = ANY ($1))'
		INTO distributed
		USING sources;
	END IF;

	IF options ->> 'bulk_pass' = 'auto' AND NOT distributed THEN
		BEGIN
			EXECUTE command || bulk_query USING sources, options;
			made := true;
		EXCEPTION WHEN feature_not_supported THEN
			GET STACKED DIAGNOSTICS obstacle = PG_EXCEPTION_DETAIL;
			RAISE INFO 'leakage_refresh(%): plain SQL reads %, which is slower. %', mart, array_to_string(landings, ' and '), obstacle;
		END;
	END IF;
	IF NOT made THEN
		EXECUTE command || _leakage.mart_sql(mart, plain_query) USING sources, options;
	END IF;
	EXECUTE 'ANALYZE ' || stage;
END;
$$;
COMMENT ON PROCEDURE _leakage.stage(name, jsonb, name[], text, text) IS
	'part of leakage_refresh: landing tables reduced to what later steps use, by a bulk pass or plain SQL';

-- leakage_stage_revenue: one row per subscriber with the weeks, the refused rows by reason, and all landing rows.
CREATE PROCEDURE _leakage.stage_revenue(mart name, options jsonb)
	LANGUAGE plpgsql
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	CALL _leakage.stage(mart, options, '{revenue}',
		$bulk$
			SELECT * FROM _leakage.weekly_sums($1[1], $2 ->> 'week_format', $2 ->> 'duplicates' = 'add', $2 ->> 'credits' = 'net')
		$bulk$,
		$plain$
			WITH
				typed AS (
					SELECT
						@extschema@.leakage_clean_id(msisdn) COLLATE "C" AS msisdn,
						@extschema@.leakage_week(week_number, $2 ->> 'week_format') AS week_number,
						@extschema@.leakage_amount(revenue_usd) AS amount,
						coalesce(
							@extschema@.leakage_id_fault(msisdn),
							@extschema@.leakage_week_fault(week_number, $2 ->> 'week_format'),
							nullif(@extschema@.leakage_amount_fault(revenue_usd),
								CASE $2 ->> 'credits' WHEN 'net' THEN 'amount_negative' END)) AS fault
					FROM @mart@.revenue),
				once AS (
					SELECT msisdn, week_number, amount, count(*) AS copies,
						CASE $2 ->> 'duplicates' WHEN 'add' THEN count(*) ELSE 1 END AS counted
					FROM typed
					WHERE fault IS NULL
					GROUP BY msisdn, week_number, amount),
				netted AS (
					SELECT msisdn,
						_leakage.week_period(week_number, $2 ->> 'week_format') AS period,
						sum(counted * amount) AS amount,
						sum(counted * round(amount, 6)) AS net,
						sum(counted) AS rows,
						sum(copies - counted) AS duplicate_rows,
						sum((copies - counted) * amount) AS duplicate_amount,
						coalesce(sum(copies * amount) FILTER (WHERE amount < 0), 0) AS credits
					FROM once
					GROUP BY msisdn, week_number),
				weeks AS (
					SELECT n.*, greatest(net, 0) AS revenue, least(net, 0) AS below_zero,
						abs(net) < 1000000000000 AS in_range
					FROM netted AS n),
				subscribers AS (
					SELECT msisdn,
						@extschema@.leakage_profile(period, revenue, NULL::numeric) AS weeks,
						sum(rows)::bigint AS rows,
						sum(duplicate_rows)::bigint AS duplicate_rows,
						count(*) FILTER (WHERE rows > 1) AS added_weeks,
						sum(amount) AS amount,
						sum(duplicate_amount) AS duplicate_amount,
						sum(revenue) AS revenue,
						sum(credits) AS credits,
						sum(below_zero) AS below_zero,
						count(*) FILTER (WHERE below_zero < 0) AS weeks_below_zero
					FROM weeks
					WHERE in_range
					GROUP BY msisdn),
				-- a row of a week that cannot be read is one of an unknown period
				incomplete AS (
					SELECT r.msisdn,
						@extschema@.leakage_profile(coalesce(r.period, 2147483647), NULL::numeric, 0::numeric) AS incomplete,
						count(*) FILTER (WHERE r.refused) AS rows
					FROM (
						SELECT msisdn, _leakage.week_period(week_number, $2 ->> 'week_format') AS period, true AS refused
						FROM typed
						WHERE fault IS NOT NULL
							AND msisdn IS NOT NULL
						UNION ALL
						SELECT msisdn, period, true
						FROM weeks
							CROSS JOIN LATERAL generate_series(1, rows + duplicate_rows)
						WHERE NOT in_range
						UNION ALL
						SELECT msisdn, period, false
						FROM weeks
						WHERE in_range
							AND below_zero < 0) AS r
					GROUP BY r.msisdn)
			SELECT s.msisdn, NULL::text AS fault, s.weeks, i.incomplete, coalesce(i.rows, 0) AS refused_rows,
				s.rows, s.duplicate_rows, s.added_weeks, s.amount, s.duplicate_amount, s.revenue,
				s.credits, s.below_zero, s.weeks_below_zero,
				NULL::regclass AS part, NULL::tid AS place
			FROM subscribers AS s
				LEFT JOIN incomplete AS i USING (msisdn)
			UNION ALL
			SELECT NULL, fault, NULL, NULL, 0, count(*), 0, 0, coalesce(sum(amount), 0), 0, 0,
				coalesce(sum(amount) FILTER (WHERE amount < 0), 0), 0, 0, NULL, NULL
			FROM typed
			WHERE fault IS NOT NULL
			GROUP BY fault
			UNION ALL
			-- amounts that are each in range can add up to a week's amount that is not
			SELECT NULL, 'week_total_out_of_range', NULL, NULL, 0, sum(rows + duplicate_rows)::bigint, 0, 0,
				sum(amount + duplicate_amount), 0, 0, sum(credits), 0, 0, NULL, NULL
			FROM weeks
			WHERE NOT in_range
			HAVING count(*) > 0
			UNION ALL
			SELECT NULL, NULL, NULL, NULL, 0, count(*), 0, 0, coalesce(sum(amount), 0), 0, 0,
				coalesce(sum(amount) FILTER (WHERE amount < 0), 0), 0, 0, NULL, NULL
			FROM typed
		$plain$);
END;
$$;
COMMENT ON PROCEDURE _leakage.stage_revenue(name, jsonb) IS
	'part of leakage_refresh: revenue by subscriber and week, and what was refused';

-- leakage_stage_usage: one row per subscriber with the sessions, the refused rows by reason, and all landing rows.
CREATE PROCEDURE _leakage.stage_usage(mart name, options jsonb)
	LANGUAGE plpgsql
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	CALL _leakage.stage(mart, options, '{usage}',
		$bulk$
			SELECT * FROM _leakage.usage_sums($1[1], $2 ->> 'week_format', $2 ->> 'duplicates' = 'add')
		$bulk$,
		$plain$
			WITH
				typed AS (
					SELECT
						@extschema@.leakage_clean_id(msisdn) COLLATE "C" AS msisdn,
						@extschema@.leakage_week(week_number, $2 ->> 'week_format') AS week_number,
						@extschema@.leakage_count(sessions) AS sessions,
						coalesce(
							@extschema@.leakage_id_fault(msisdn),
							@extschema@.leakage_week_fault(week_number, $2 ->> 'week_format'),
							@extschema@.leakage_count_fault(sessions)) AS fault
					FROM @mart@.usage),
				once AS (
					SELECT msisdn, week_number, sessions, count(*) AS copies,
						CASE $2 ->> 'duplicates' WHEN 'add' THEN count(*) ELSE 1 END AS counted
					FROM typed
					WHERE fault IS NULL
					GROUP BY msisdn, week_number, sessions)
			SELECT msisdn, NULL::text AS fault, sum(counted * sessions) AS usage, sum(counted)::bigint AS rows,
				sum(copies - counted)::bigint AS duplicate_rows, NULL::regclass AS part, NULL::tid AS place
			FROM once
			GROUP BY msisdn
			UNION ALL
			SELECT NULL, fault, NULL, count(*), 0, NULL, NULL
			FROM typed
			WHERE fault IS NOT NULL
			GROUP BY fault
			UNION ALL
			SELECT NULL, NULL, NULL, count(*), 0, NULL, NULL
			FROM typed
		$plain$);
END;
$$;
COMMENT ON PROCEDURE _leakage.stage_usage(name, jsonb) IS
	'part of leakage_refresh: sessions by subscriber, and what was refused';

-- leakage_stage_crm: the best row of each subscriber with revenue, with region and activation date; counts of the others
-- by row and region; all landing rows; and those of subscriber_attribute by region, where attribute is true.
CREATE PROCEDURE _leakage.stage_crm(mart name, options jsonb)
	LANGUAGE plpgsql
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	CALL _leakage.stage(mart, options, '{crm, subscriber_attribute}',
		$bulk$
			SELECT *
			FROM _leakage.best_crm_rows($1[1], 'pg_temp.leakage_stage_revenue', $1[2],
				($2 ->> 'as_of_year')::integer, ($2 ->> 'min_age')::integer, ($2 ->> 'max_age')::integer)
		$bulk$,
		$plain$
			WITH
				landing AS NOT MATERIALIZED (
					SELECT
						@extschema@.leakage_clean_id(msisdn) COLLATE "C" AS msisdn,
						msisdn COLLATE "C" <> @extschema@.leakage_clean_id(msisdn) AS respelled,
						_leakage.pack_crm(
							($2 ->> 'as_of_year')::integer, ($2 ->> 'min_age')::integer, ($2 ->> 'max_age')::integer,
							gender, year_of_birth, system_status, mobile_type, value_segment) AS packed
					FROM @mart@.crm),
				best AS (
					SELECT msisdn, _leakage.first(packed) AS packed, count(*) AS rows
					FROM landing
					WHERE msisdn IS NOT NULL
					GROUP BY msisdn),
				attributes AS NOT MATERIALIZED (
					SELECT
						@extschema@.leakage_clean_id(msisdn) COLLATE "C" AS msisdn,
						@extschema@.leakage_clean_text(region) COLLATE "C" AS region,
						@extschema@.leakage_clean_date(activated_on) AS activated_on,
						region COLLATE "C" AS raw_region,
						activated_on COLLATE "C" AS raw_date
					FROM @mart@.subscriber_attribute),
				best_attributes AS (
					SELECT DISTINCT ON (msisdn)
						msisdn, region, activated_on,
						count(*) OVER (PARTITION BY msisdn) AS rows
					FROM attributes
					WHERE msisdn IS NOT NULL
					ORDER BY msisdn, region IS NULL, activated_on IS NULL, raw_region, raw_date)
			SELECT r.msisdn, b.packed, count(*) AS subscribers, sum(b.rows - 1)::bigint AS duplicates,
				0::bigint AS rows, 0::bigint AS refused, 0::bigint AS respelled, NULL::regclass AS part, NULL::tid AS place,
				false AS attribute, a.region, p.activated_on, 0::bigint AS undated
			FROM best AS b
				LEFT JOIN pg_temp.leakage_stage_revenue AS r ON r.msisdn = b.msisdn
				LEFT JOIN best_attributes AS a ON a.msisdn = b.msisdn
				CROSS JOIN LATERAL (SELECT CASE WHEN r.msisdn IS NOT NULL THEN a.activated_on END AS activated_on) AS p
			GROUP BY r.msisdn, b.packed, a.region, p.activated_on
			UNION ALL
			SELECT NULL, packed, 0, 0,
				count(*), count(*) FILTER (WHERE msisdn IS NULL), count(*) FILTER (WHERE respelled), NULL, NULL,
				false, NULL, NULL, 0
			FROM landing
			GROUP BY packed
			UNION ALL
			SELECT NULL, NULL, 0, 0,
				count(*), count(*) FILTER (WHERE msisdn IS NULL), 0, NULL, NULL,
				true, region, NULL, count(*) FILTER (WHERE activated_on IS NULL)
			FROM attributes
			GROUP BY region
			UNION ALL
			SELECT NULL, NULL, count(*), coalesce(sum(rows - 1), 0)::bigint, 0, 0, 0, NULL, NULL,
				true, NULL, NULL, 0
			FROM best_attributes
		$plain$);
END;
$$;
COMMENT ON PROCEDURE _leakage.stage_crm(name, jsonb) IS
	'part of leakage_refresh: the best CRM row of each subscriber, with region and activation date';

-- leakage_stage_device: the best row of each subscriber with revenue, counts of the others by row, and all landing rows.
CREATE PROCEDURE _leakage.stage_device(mart name, options jsonb)
	LANGUAGE plpgsql
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	CALL _leakage.stage(mart, options, '{device}',
		$bulk$
			SELECT * FROM _leakage.best_device_rows($1[1], 'pg_temp.leakage_stage_revenue')
		$bulk$,
		$plain$
			WITH
				landing AS NOT MATERIALIZED (
					SELECT
						@extschema@.leakage_clean_id(msisdn) COLLATE "C" AS msisdn,
						msisdn COLLATE "C" <> @extschema@.leakage_clean_id(msisdn) AS respelled,
						_leakage.pack_device(imei_tac, brand_name, model_name, os_name, os_vendor) AS packed
					FROM @mart@.device),
				best AS (
					SELECT msisdn, _leakage.first(packed) AS packed, count(*) AS rows
					FROM landing
					WHERE msisdn IS NOT NULL
					GROUP BY msisdn)
			SELECT r.msisdn, b.packed, count(*) AS subscribers, sum(b.rows - 1)::bigint AS duplicates,
				0::bigint AS rows, 0::bigint AS refused, 0::bigint AS respelled, NULL::regclass AS part, NULL::tid AS place
			FROM best AS b
				LEFT JOIN pg_temp.leakage_stage_revenue AS r ON r.msisdn = b.msisdn
			GROUP BY r.msisdn, b.packed
			UNION ALL
			SELECT NULL, packed, 0, 0,
				count(*), count(*) FILTER (WHERE msisdn IS NULL), count(*) FILTER (WHERE respelled), NULL, NULL
			FROM landing
			GROUP BY packed
		$plain$);
END;
$$;
COMMENT ON PROCEDURE _leakage.stage_device(name, jsonb) IS
	'part of leakage_refresh: the best handset row of each subscriber';
