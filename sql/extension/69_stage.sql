-- ---------------------------------------------------------------------------
-- Refresh, before all else: the landing tables of crm, device and revenue, reduced
-- to what the rest works on, in temporary stage tables.
--
-- Each is made by a bulk pass (45_bulk.sql), or, where that cannot be or is not
-- wanted, by plain SQL: the same rows once those that count are added up.  Only a
-- pass knows the places of the refused rows.
-- ---------------------------------------------------------------------------

-- Makes a stage table by a bulk pass, or by plain SQL where the pass cannot read the landing table.
CREATE PROCEDURE _leakage.stage(mart name, options jsonb, landing name, bulk_query text, plain_query text)
	LANGUAGE plpgsql
	SET search_path = pg_catalog, pg_temp
	-- joins want sizes and numbers of different values, which a tenth of the usual sample tells
	SET default_statistics_target = 10
AS $$
DECLARE
	stage constant text := format('pg_temp.%I', 'stage_' || landing);
	command constant text := format('CREATE TEMPORARY TABLE %s ON COMMIT DROP AS ', stage);
	made boolean := false;
	distributed boolean := false;
	obstacle text;
BEGIN
	PERFORM _leakage.enter_mart(mart);
	LOCK TABLE file_count IN ROW EXCLUSIVE MODE;	-- who may not write the result is told before anything is read
	EXECUTE 'DROP TABLE IF EXISTS ' || stage;

	-- on Citus, the rows of a distributed table are not in the table of its name
	IF to_regclass('pg_catalog.pg_dist_partition') IS NOT NULL THEN
		EXECUTE 'SELECT EXISTS (SELECT FROM pg_catalog.pg_dist_partition AS p WHERE p.logicalrelid = $1)'
		INTO distributed
		USING format('%I.%I', mart, landing)::regclass;
	END IF;

	IF options ->> 'bulk_pass' = 'auto' AND NOT distributed THEN
		BEGIN
			EXECUTE command || bulk_query;
			made := true;
		EXCEPTION WHEN feature_not_supported THEN
			GET STACKED DIAGNOSTICS obstacle = PG_EXCEPTION_DETAIL;
			RAISE INFO 'leakage_refresh(%): % is read by plain SQL, which is slower. %', mart, landing, obstacle;
		END;
	END IF;
	IF NOT made THEN
		EXECUTE command || plain_query;
	END IF;
	EXECUTE 'ANALYZE ' || stage;
END;
$$;
COMMENT ON PROCEDURE _leakage.stage(name, jsonb, name, text, text) IS
	'part of leakage_refresh: a landing table reduced to what the rest works on, by a bulk pass or plain SQL';

-- stage_revenue: a row a subscriber with its weeks, what was refused by reason, and all landing rows.
CREATE PROCEDURE _leakage.stage_revenue(mart name, options jsonb)
	LANGUAGE plpgsql
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	yyyyww constant boolean := options ->> 'week_format' = 'yyyyww';
BEGIN
	CALL _leakage.stage(mart, options, 'revenue',
		format('SELECT * FROM _leakage.weekly_sums(%L, %L)', format('%I.revenue', mart), yyyyww),
		format('
			WITH
				typed AS (
					SELECT
						@extschema@.leakage_clean_id(msisdn) COLLATE "C" AS msisdn,
						@extschema@.leakage_week(week_number, %1$L) AS week_number,
						@extschema@.leakage_amount(revenue_usd) AS amount,
						coalesce(
							@extschema@.leakage_id_fault(msisdn),
							@extschema@.leakage_week_fault(week_number, %1$L),
							@extschema@.leakage_amount_fault(revenue_usd)) AS fault
					FROM revenue),
				once AS (
					SELECT msisdn, week_number, amount, count(*) AS copies
					FROM typed
					WHERE fault IS NULL
					GROUP BY msisdn, week_number, amount),
				weeks AS (
					SELECT msisdn,
						_leakage.week_period(week_number, %1$L) AS period,
						sum(amount) AS amount,
						sum(round(amount, 6)) AS revenue,
						count(*) AS rows,
						sum(copies - 1) AS duplicate_rows,
						sum((copies - 1) * amount) AS duplicate_amount
					FROM once
					GROUP BY msisdn, week_number)
			SELECT msisdn, NULL::text AS fault,
				@extschema@.leakage_profile(period, revenue, NULL) AS weeks,
				sum(rows)::bigint AS rows,
				sum(duplicate_rows)::bigint AS duplicate_rows,
				count(*) FILTER (WHERE rows > 1) AS added_weeks,
				sum(amount) AS amount,
				sum(duplicate_amount) AS duplicate_amount,
				sum(revenue) AS revenue,
				NULL::regclass AS part, NULL::tid AS place
			FROM weeks
			WHERE revenue < 1000000000000
			GROUP BY msisdn
			UNION ALL
			SELECT NULL, fault, NULL, count(*), 0, 0, coalesce(sum(amount), 0), 0, 0, NULL, NULL
			FROM typed
			WHERE fault IS NOT NULL
			GROUP BY fault
			UNION ALL
			-- amounts that are in range one by one may add up to what no amount may be
			SELECT NULL, ''week_total_out_of_range'', NULL, sum(rows + duplicate_rows)::bigint, 0, 0,
				sum(amount + duplicate_amount), 0, 0, NULL, NULL
			FROM weeks
			WHERE revenue >= 1000000000000
			HAVING count(*) > 0
			UNION ALL
			SELECT NULL, NULL, NULL, count(*), 0, 0, coalesce(sum(amount), 0), 0, 0, NULL, NULL
			FROM typed', yyyyww));
END;
$$;
COMMENT ON PROCEDURE _leakage.stage_revenue(name, jsonb) IS
	'part of leakage_refresh: revenue by subscriber and week, and what was refused';

-- stage_crm: the best row of each subscriber with revenue, the others' counted by row and region, and all landing rows.
CREATE PROCEDURE _leakage.stage_crm(mart name, options jsonb)
	LANGUAGE plpgsql
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	ages constant text := format('%s, %s, %s', options ->> 'as_of_year', options ->> 'min_age', options ->> 'max_age');
BEGIN
	CALL _leakage.stage(mart, options, 'crm',
		format('
			SELECT *
			FROM _leakage.best_crm_rows(%L, ''pg_temp.stage_revenue'',
				CASE WHEN EXISTS (SELECT FROM pg_temp.stage_region) THEN ''pg_temp.stage_region''::regclass END, %s)',
			format('%I.crm', mart), ages),
		format('
			WITH
				landing AS NOT MATERIALIZED (
					SELECT
						@extschema@.leakage_clean_id(msisdn) COLLATE "C" AS msisdn,
						msisdn COLLATE "C" <> @extschema@.leakage_clean_id(msisdn) AS respelled,
						_leakage.pack_crm(%s,
							gender, year_of_birth, system_status, mobile_type, value_segment) AS packed
					FROM crm),
				best AS (
					SELECT msisdn, _leakage.first(packed) AS packed, count(*) AS rows
					FROM landing
					WHERE msisdn IS NOT NULL
					GROUP BY msisdn)
			SELECT r.msisdn, b.packed, l.label, count(*) AS subscribers, sum(b.rows - 1)::bigint AS duplicates,
				0::bigint AS rows, 0::bigint AS refused, 0::bigint AS respelled, NULL::regclass AS part, NULL::tid AS place
			FROM best AS b
				LEFT JOIN pg_temp.stage_revenue AS r ON r.msisdn = b.msisdn
				LEFT JOIN pg_temp.stage_region AS l ON l.msisdn = b.msisdn
			GROUP BY r.msisdn, b.packed, l.label
			UNION ALL
			SELECT NULL, packed, NULL, 0, 0,
				count(*), count(*) FILTER (WHERE msisdn IS NULL), count(*) FILTER (WHERE respelled), NULL, NULL
			FROM landing
			GROUP BY packed', ages));
END;
$$;
COMMENT ON PROCEDURE _leakage.stage_crm(name, jsonb) IS
	'part of leakage_refresh: the best CRM row of each subscriber';

-- stage_device: the best row of each subscriber with revenue, the others' counted by row, and all landing rows.
CREATE PROCEDURE _leakage.stage_device(mart name, options jsonb)
	LANGUAGE plpgsql
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	CALL _leakage.stage(mart, options, 'device',
		format('SELECT * FROM _leakage.best_device_rows(%L, ''pg_temp.stage_revenue'')', format('%I.device', mart)),
		'
			WITH
				landing AS NOT MATERIALIZED (
					SELECT
						@extschema@.leakage_clean_id(msisdn) COLLATE "C" AS msisdn,
						msisdn COLLATE "C" <> @extschema@.leakage_clean_id(msisdn) AS respelled,
						_leakage.pack_device(imei_tac, brand_name, model_name, os_name, os_vendor) AS packed
					FROM device),
				best AS (
					SELECT msisdn, _leakage.first(packed) AS packed, count(*) AS rows
					FROM landing
					WHERE msisdn IS NOT NULL
					GROUP BY msisdn)
			SELECT r.msisdn, b.packed, NULL::text AS label, count(*) AS subscribers, sum(b.rows - 1)::bigint AS duplicates,
				0::bigint AS rows, 0::bigint AS refused, 0::bigint AS respelled, NULL::regclass AS part, NULL::tid AS place
			FROM best AS b
				LEFT JOIN pg_temp.stage_revenue AS r ON r.msisdn = b.msisdn
			GROUP BY r.msisdn, b.packed
			UNION ALL
			SELECT NULL, packed, NULL, 0, 0,
				count(*), count(*) FILTER (WHERE msisdn IS NULL), count(*) FILTER (WHERE respelled), NULL, NULL
			FROM landing
			GROUP BY packed');
END;
$$;
COMMENT ON PROCEDURE _leakage.stage_device(name, jsonb) IS
	'part of leakage_refresh: the best handset row of each subscriber';
