-- ---------------------------------------------------------------------------
-- CALL leakage_refresh(schema, force)
--
-- Computes the mart from its landing tables and publishes the result.
--	schema		name of the mart
--	force		publish the run even if a health check is bad (73_health.sql)
-- All or nothing: it is one transaction, so readers see the last complete run
-- until this one is complete, and after a failure or a cancel too.  Loads wait until
-- the refresh ends, and a refresh waits for running loads (the landing tables are
-- locked in SHARE mode).  A second refresh of the same mart waits for the first.
-- Progress: an INFO line per step in the client, and application_name in
-- pg_stat_activity.
-- Errors: NULL (22004), an invalid option (22023), data that are not fit to be published
-- (22000, with what was found), numbers that do not reconcile (XX001, with the checks
-- that failed), a temporary table with a name of a stage (42P07), and those
-- of check_mart (60_mart.sql).
-- ---------------------------------------------------------------------------

-- Begins a step: tells the client and pg_stat_activity, and returns the time.
CREATE FUNCTION _leakage.begin_step(mart name, steps text[], step integer)
	RETURNS timestamp
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	RAISE INFO 'leakage_refresh(%): step % of %: %', mart, step, cardinality(steps), steps[step];
	PERFORM set_config('application_name',
		format('leakage %s/%s %s: %s', step, cardinality(steps), mart, steps[step]), true);
	RETURN clock_timestamp() AT TIME ZONE 'UTC';
END;
$$;
COMMENT ON FUNCTION _leakage.begin_step(name, text[], integer) IS
	'part of leakage_refresh: progress for the client and pg_stat_activity';

-- The number of parallel workers worth using: max_parallel_workers_per_gather, but no more
-- processes, with the leader, than processors.
CREATE FUNCTION _leakage.useful_workers()
	RETURNS integer
	AS 'MODULE_PATHNAME', 'leakage_useful_workers'
	LANGUAGE C STABLE PARALLEL SAFE;
COMMENT ON FUNCTION _leakage.useful_workers() IS
	'part of leakage_refresh: number of parallel workers worth using';

-- lz4 where the server has it: it takes a tenth of the time that pglz takes for the profiles of long histories.
CREATE FUNCTION _leakage.fast_compression()
	RETURNS text
	LANGUAGE sql STABLE PARALLEL SAFE
	SET search_path = pg_catalog, pg_temp
AS $$
	SELECT CASE WHEN 'lz4' = ANY (s.enumvals) THEN 'lz4' ELSE s.setting END
	FROM pg_settings AS s
	WHERE s.name = 'default_toast_compression';
$$;
COMMENT ON FUNCTION _leakage.fast_compression() IS
	'part of leakage_refresh: the compression method for what it writes';

-- Locks what a refresh reads and writes, and says so if it has to wait.
CREATE PROCEDURE _leakage.lock_mart(mart name)
	LANGUAGE plpgsql
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	lock_options constant text := _leakage.mart_sql(mart, 'LOCK TABLE @mart@.mart_option IN SHARE ROW EXCLUSIVE MODE');
	lock_landing constant text := _leakage.mart_sql(mart,
		'LOCK TABLE @mart@.crm, @mart@.device, @mart@.revenue, @mart@.subscriber_attribute, @mart@.usage, @mart@.exclusion, @mart@.known_event IN SHARE MODE');
BEGIN
	IF current_setting('transaction_isolation') <> 'read committed' THEN
		RAISE EXCEPTION 'a mart cannot be refreshed in a % transaction', current_setting('transaction_isolation')
			USING ERRCODE = 'active_sql_transaction',
				DETAIL = 'Its snapshot could be older than a load that the refresh waited for.',
				HINT = 'Use a read committed transaction, or none.';
	END IF;
	BEGIN
		EXECUTE lock_options || ' NOWAIT';
	EXCEPTION WHEN lock_not_available THEN
		RAISE INFO 'leakage_refresh(%): waiting for another refresh of this mart', mart;
		EXECUTE lock_options;
	END;
	BEGIN
		EXECUTE lock_landing || ' NOWAIT';
	EXCEPTION WHEN lock_not_available THEN
		RAISE INFO 'leakage_refresh(%): waiting for a load into the landing tables to end', mart;
		EXECUTE lock_landing;
	END;
END;
$$;
COMMENT ON PROCEDURE _leakage.lock_mart(name) IS
	'part of leakage_refresh: one refresh at a time, and no load during a refresh';

-- Replaces the contents of the materialized views in an order in which each reads only replaced ones.
CREATE PROCEDURE _leakage.publish(mart name)
	LANGUAGE plpgsql
	SET search_path = pg_catalog, pg_temp
	SET parallel_setup_cost = 0	-- the planner does not know what the weeks cost,
	SET parallel_tuple_cost = 0.05	-- nor in how few cells the users are
	SET default_statistics_target = 10	-- no dataset needs more to be read well
	SET quote_all_identifiers = off	-- on, REFRESH ... CONCURRENTLY quotes wrongly the names that it makes
AS $$
DECLARE
	dataset name;
	-- nobody reads a mart before its first run, and filling it is faster than comparing rows
	method constant text := CASE
		WHEN pg_relation_size(to_regclass(format('%I.mv_leakage_cube', mart))) > 0
		THEN 'CONCURRENTLY'
		ELSE ''
	END;
BEGIN
	FOR dataset IN
		SELECT r.name
		FROM _leakage.mart_relations() AS r
		WHERE r.kind = 'contents'
		ORDER BY r.place
	LOOP
		EXECUTE format('REFRESH MATERIALIZED VIEW %s %I.%I', method, mart, dataset);
		EXECUTE format('ANALYZE %I.%I', mart, dataset);
	END LOOP;
END;
$$;
COMMENT ON PROCEDURE _leakage.publish(name) IS
	'part of leakage_refresh: replaces the published datasets without blocking readers';

-- Raises an error if the numbers do not reconcile, so such a run is not published.
CREATE FUNCTION _leakage.check_reconciliation(mart name)
	RETURNS void
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	faults text;
BEGIN
	EXECUTE _leakage.mart_sql(mart, $sql$
		SELECT string_agg(format('%s: %s against %s', r.check_name, r.left_value, r.right_value), '; ' ORDER BY r.check_name)
		FROM @mart@.mv_reconciliation AS r
		WHERE NOT r.ok
	$sql$)
	INTO faults;
	IF faults IS NOT NULL THEN
		RAISE EXCEPTION 'the run of mart "%" does not reconcile', mart
			USING ERRCODE = 'data_corrupted',
				DETAIL = faults,
				HINT = 'The last complete run stays in place. Please report this with the detail above.';
	END IF;
END;
$$;
COMMENT ON FUNCTION _leakage.check_reconciliation(name) IS
	'part of leakage_refresh: refuses a run whose totals disagree';

-- Whether the false discovery rate of a run can be promised: the control found no kinds of users that are not leaks,
-- and did not have too few users to find any for most of those who are flagged.
CREATE FUNCTION _leakage.fdr_credible(reasons jsonb)
	RETURNS boolean
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
	SET search_path = pg_catalog, pg_temp
AS $$
	SELECT bool_and(r.state IN ('clean', 'doubt', 'few'))
		AND 2 * coalesce(sum(r.flagged) FILTER (WHERE r.state = 'clean'), 0)
			>= coalesce(sum(r.flagged) FILTER (WHERE r.state <> 'clean'), 0)
	FROM jsonb_to_recordset(reasons) AS r (state text, flagged bigint);
$$;
COMMENT ON FUNCTION _leakage.fdr_credible(jsonb) IS
	'part of leakage_refresh: whether the false discovery rate of a run can be promised';

-- Writes one row to refresh_run: when each step began and the last one ended, options, versions, counts, model, reasons.
CREATE FUNCTION _leakage.log_run(
	mart name, steps text[], started timestamp[], options jsonb, model @extschema@.leakage_model, forced boolean, reasons jsonb,
	OUT started_at timestamp, OUT finished_at timestamp,
	OUT users bigint, OUT leaked_users bigint, OUT total_revenue numeric, OUT leakage numeric)
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	EXECUTE _leakage.mart_sql(mart, $sql$
		INSERT INTO @mart@.refresh_run AS r (started_at, finished_at, options, steps, extension_version, server_version,
			crm_rows, device_rows, revenue_rows, users, user_weeks, leaked_users, total_revenue, leakage, model, forced,
			reasons, fdr_credible)
		SELECT ($1)[1], ($1)[cardinality($1)], $2,
			(
				SELECT jsonb_object_agg(s.step, round(extract(epoch FROM ($1)[s.n + 1] - ($1)[s.n]), 3))
				FROM unnest($3) WITH ORDINALITY AS s (step, n)),
			(SELECT e.extversion FROM pg_extension AS e WHERE e.extname = 'leakage'),
			current_setting('server_version'),
			(SELECT c.value FROM @mart@.file_count AS c WHERE c.file = 'crm' AND c.measure = 'rows_in'),
			(SELECT c.value FROM @mart@.file_count AS c WHERE c.file = 'device' AND c.measure = 'rows_in'),
			(SELECT c.value FROM @mart@.file_count AS c WHERE c.file = 'revenue' AND c.measure = 'rows_in'),
			coalesce(sum(k.active_users), 0), (SELECT coalesce(sum(w.subscribers), 0) FROM @mart@.mv_kpi_weeks AS w),
			coalesce(sum(k.leaked_users), 0), coalesce(sum(k.total_revenue), 0), coalesce(sum(k.leakage), 0), $4, $5,
			$6, _leakage.fdr_credible($6)
		FROM @mart@.mv_kpi AS k	-- the reconciliation has compared it with the users
		RETURNING r.started_at, r.finished_at, r.users, r.leaked_users, r.total_revenue, r.leakage
	$sql$)
	INTO started_at, finished_at, users, leaked_users, total_revenue, leakage
	USING started, options, steps, model, forced, reasons;
END;
$$;
COMMENT ON FUNCTION _leakage.log_run(name, text[], timestamp[], jsonb, @extschema@.leakage_model, boolean, jsonb) IS
	'part of leakage_refresh: writes the run to refresh_run';

CREATE PROCEDURE leakage_refresh(schema name, force boolean DEFAULT false)
	LANGUAGE plpgsql
	SET search_path = pg_catalog, pg_temp
	SET client_min_messages = warning	-- INFO lines are always sent
	SET jit = off	-- compiling these statements costs more than it gains
	SET default_statistics_target = 20	-- the plans here need only sizes; autovacuum takes a larger sample later
AS $$
DECLARE
	steps constant text[] := ARRAY[
		'lock', 'clean revenue', 'clean usage', 'clean crm', 'clean device', 'clean exclusion', 'clean events',
		'join subscribers',
		'check health', 'expected revenue', 'fit', 'score', 'control', 'describe users', 'publish', 'reconcile'];
	started timestamp[];
	options jsonb;
	fitted @extschema@.leakage_model;
	forced boolean;
	reasons jsonb;
	application constant text := current_setting('application_name');
	workers constant text := current_setting('max_parallel_workers_per_gather');
	compression constant text := current_setting('default_toast_compression');
	run record;
BEGIN
	PERFORM _leakage.check_mart(schema, 'lock');
	IF force IS NULL THEN
		RAISE EXCEPTION 'force must not be null'
			USING ERRCODE = 'null_value_not_allowed';
	END IF;
	CALL _leakage.refuse_stages();
	PERFORM set_config('max_parallel_workers_per_gather', _leakage.useful_workers()::text, true);
	PERFORM set_config('default_toast_compression', _leakage.fast_compression(), true);

	FOR n IN 1 .. cardinality(steps) LOOP
		started[n] := _leakage.begin_step(schema, steps, n);
		CASE steps[n]
			WHEN 'lock' THEN
				CALL _leakage.lock_mart(schema);
				PERFORM _leakage.check_mart(schema, 'change');
				options := _leakage.complete_options(_leakage.stored_options(schema));
				EXECUTE _leakage.mart_sql(schema, 'DELETE FROM @mart@.file_count; DELETE FROM @mart@.rejected_row');
			WHEN 'clean revenue' THEN
				CALL _leakage.clean_revenue(schema, options);
			WHEN 'clean usage' THEN
				CALL _leakage.clean_usage(schema, options);
			WHEN 'clean crm' THEN
				CALL _leakage.clean_crm(schema, options);
			WHEN 'clean device' THEN
				CALL _leakage.clean_device(schema, options);
			WHEN 'clean exclusion' THEN
				CALL _leakage.clean_exclusion(schema, options);
			WHEN 'clean events' THEN
				CALL _leakage.clean_known_event(schema, options);
				CALL _leakage.count_skipped(schema);
			WHEN 'join subscribers' THEN
				CALL _leakage.join_subscribers(schema, options);
			WHEN 'check health' THEN
				forced := _leakage.check_health(schema, options, force);
			WHEN 'expected revenue' THEN
				CALL _leakage.expect_weeks(schema, options);
			WHEN 'fit' THEN
				fitted := _leakage.fit_mart(schema, options);
			WHEN 'score' THEN
				CALL _leakage.assess_users(schema, options, fitted);
			WHEN 'control' THEN
				reasons := _leakage.control_candidates(schema, options, fitted);
			WHEN 'describe users' THEN
				CALL _leakage.describe_users(schema, options, reasons);
				CALL _leakage.drop_stages();
			WHEN 'publish' THEN
				CALL _leakage.publish(schema);
			WHEN 'reconcile' THEN
				PERFORM _leakage.check_reconciliation(schema);
		END CASE;
	END LOOP;

	run := _leakage.log_run(schema, steps, started || (clock_timestamp() AT TIME ZONE 'UTC'), options, fitted, forced, reasons);
	PERFORM set_config('application_name', application, true);
	PERFORM set_config('max_parallel_workers_per_gather', workers, true);
	PERFORM set_config('default_toast_compression', compression, true);
	RAISE INFO 'leakage_refresh(%): done in % s: % users, % of them leak, % of % revenue; health: %', schema,
		round(extract(epoch FROM run.finished_at - run.started_at), 1),
		run.users, run.leaked_users, round(run.leakage, 2), round(run.total_revenue, 2), _leakage.health_summary(schema);
END;
$$;
COMMENT ON PROCEDURE leakage_refresh(name, boolean) IS
	'computes a mart from its landing tables and publishes the result, all or nothing';
