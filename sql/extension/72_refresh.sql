-- ---------------------------------------------------------------------------
-- CALL leakage_refresh(schema)
--
-- Computes the mart anew from its landing tables and publishes the result.
--	schema		name of the mart
-- All or nothing: it is one transaction, so readers see the last complete run
-- until this one is complete, and a failure or a cancel leaves that in place.
-- Loads wait until the refresh has ended, and a refresh waits for loads under way
-- (the landing tables are locked in SHARE mode); a second refresh of the same
-- mart waits for the first.  Progress: an INFO line a step in the client, and
-- application_name in pg_stat_activity.
-- Errors: not a mart (3F000), an invalid option (22023), numbers that do not
-- reconcile (XX001, with the checks that failed), what the caller may not read or
-- write (42501).
-- ---------------------------------------------------------------------------

-- Begins a step: tells client and pg_stat_activity, returns the time.
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
	'part of leakage_refresh: progress that client and pg_stat_activity show';

-- How many parallel workers are of use: max_parallel_workers_per_gather, but with the
-- leader no more processes than processors.
CREATE FUNCTION _leakage.useful_workers()
	RETURNS integer
	AS 'MODULE_PATHNAME', 'leakage_useful_workers'
	LANGUAGE C STABLE PARALLEL SAFE;
COMMENT ON FUNCTION _leakage.useful_workers() IS
	'part of leakage_refresh: how many parallel workers are of use';

-- Locks what a refresh reads and writes; says so when it has to wait.
CREATE PROCEDURE _leakage.lock_mart(mart name)
	LANGUAGE plpgsql
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM _leakage.enter_mart(mart);
	IF current_setting('transaction_isolation') <> 'read committed' THEN
		RAISE EXCEPTION 'a mart cannot be refreshed in a % transaction', current_setting('transaction_isolation')
			USING ERRCODE = 'active_sql_transaction',
				DETAIL = 'Its snapshot could be older than a load that the refresh waited for.',
				HINT = 'Use a read committed transaction, or none.';
	END IF;
	BEGIN
		LOCK TABLE mart_option IN SHARE ROW EXCLUSIVE MODE NOWAIT;
	EXCEPTION WHEN lock_not_available THEN
		RAISE INFO 'leakage_refresh(%): waiting for another refresh of this mart', mart;
		LOCK TABLE mart_option IN SHARE ROW EXCLUSIVE MODE;
	END;
	BEGIN
		LOCK TABLE crm, device, revenue, subscriber_attribute, usage IN SHARE MODE NOWAIT;
	EXCEPTION WHEN lock_not_available THEN
		RAISE INFO 'leakage_refresh(%): waiting for a load into the landing tables to end', mart;
		LOCK TABLE crm, device, revenue, subscriber_attribute, usage IN SHARE MODE;
	END;
END;
$$;
COMMENT ON PROCEDURE _leakage.lock_mart(name) IS
	'part of leakage_refresh: one refresh at a time, and no load during it';

-- Replaces the contents of the materialized views, those that others read first.
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
	-- nobody reads a mart before its first run, and filling is faster than comparing
	method constant text := CASE
		WHEN pg_relation_size(to_regclass(format('%I.mv_leakage_cube', mart))) > 0
		THEN 'CONCURRENTLY'
		ELSE ''
	END;
BEGIN
	PERFORM _leakage.enter_mart(mart);
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
	'part of leakage_refresh: the published datasets, replaced without keeping readers out';

-- Raises an error where the numbers do not reconcile: such a run is not published.
CREATE FUNCTION _leakage.check_reconciliation(mart name)
	RETURNS void
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	faults text;
BEGIN
	PERFORM _leakage.enter_mart(mart);
	SELECT string_agg(format('%s: %s against %s', f.check_name, f.left_value, f.right_value), '; ' ORDER BY f.check_name)
	INTO faults
	FROM reconciliation_faults AS f;
	IF faults IS NOT NULL THEN
		RAISE EXCEPTION 'the run of mart "%" does not reconcile', mart
			USING ERRCODE = 'data_corrupted',
				DETAIL = faults,
				HINT = 'The last complete run stays in place. Please report this with the detail above.';
	END IF;
END;
$$;
COMMENT ON FUNCTION _leakage.check_reconciliation(name) IS
	'part of leakage_refresh: refuses a run whose totals do not agree';

CREATE PROCEDURE leakage_refresh(schema name)
	LANGUAGE plpgsql
	SET search_path = pg_catalog, pg_temp
	SET client_min_messages = warning	-- INFO lines pass, whatever is set here
	SET jit = off	-- its compilation costs more than it gains on these statements
	SET default_statistics_target = 20	-- the plans here want the size of things; autovacuum takes a larger sample later
AS $$
DECLARE
	steps constant text[] := ARRAY[
		'lock', 'clean revenue', 'clean region and usage', 'clean crm', 'clean device', 'join subscribers',
		'expected revenue', 'fit', 'score', 'describe users', 'publish', 'reconcile'];
	started timestamp[];
	options jsonb;
	fitted @extschema@.leakage_model;
	application constant text := current_setting('application_name');
	workers constant text := current_setting('max_parallel_workers_per_gather');
	run record;
BEGIN
	PERFORM _leakage.enter_mart(schema);
	PERFORM set_config('max_parallel_workers_per_gather', _leakage.useful_workers()::text, true);

	started[1] := _leakage.begin_step(schema, steps, 1);
	CALL _leakage.lock_mart(schema);
	options := @extschema@.leakage_mart_options(schema);
	DELETE FROM file_count;
	DELETE FROM rejected_row;

	started[2] := _leakage.begin_step(schema, steps, 2);
	CALL _leakage.clean_revenue(schema, options);
	started[3] := _leakage.begin_step(schema, steps, 3);
	CALL _leakage.clean_optional(schema, options);
	started[4] := _leakage.begin_step(schema, steps, 4);
	CALL _leakage.clean_crm(schema, options);
	started[5] := _leakage.begin_step(schema, steps, 5);
	CALL _leakage.clean_device(schema, options);
	started[6] := _leakage.begin_step(schema, steps, 6);
	CALL _leakage.join_subscribers(schema, options);
	started[7] := _leakage.begin_step(schema, steps, 7);
	CALL _leakage.expect_weeks(schema, options);
	started[8] := _leakage.begin_step(schema, steps, 8);
	fitted := _leakage.fit_mart(schema, options);
	started[9] := _leakage.begin_step(schema, steps, 9);
	CALL _leakage.assess_users(schema, options, fitted);
	started[10] := _leakage.begin_step(schema, steps, 10);
	CALL _leakage.describe_users(schema, options);
	started[11] := _leakage.begin_step(schema, steps, 11);
	CALL _leakage.publish(schema);
	started[12] := _leakage.begin_step(schema, steps, 12);
	PERFORM _leakage.check_reconciliation(schema);

	started[13] := clock_timestamp() AT TIME ZONE 'UTC';
	INSERT INTO refresh_run (started_at, finished_at, options, steps, extension_version, server_version,
		crm_rows, device_rows, revenue_rows, users, user_weeks, leaked_users, total_revenue, leakage, model)
	SELECT started[1], started[13], options,
		(
			SELECT jsonb_object_agg(steps[i], round(extract(epoch FROM started[i + 1] - started[i]), 3))
			FROM generate_subscripts(steps, 1) AS i),
		(
			SELECT e.extversion
			FROM pg_extension AS e
			WHERE e.extname = 'leakage'),
		current_setting('server_version'),
		(SELECT value FROM file_count WHERE file = 'crm' AND measure = 'rows_in'),
		(SELECT value FROM file_count WHERE file = 'device' AND measure = 'rows_in'),
		(SELECT value FROM file_count WHERE file = 'revenue' AND measure = 'rows_in'),
		coalesce(sum(k.active_users), 0), (SELECT coalesce(sum(w.subscribers), 0) FROM mv_kpi_weeks AS w),
		coalesce(sum(k.leaked_users), 0), coalesce(sum(k.total_revenue), 0), coalesce(sum(k.leakage), 0), fitted
	FROM mv_kpi AS k	-- which the reconciliation has compared with the users
	RETURNING users, leaked_users, total_revenue, leakage
	INTO run;

	PERFORM set_config('application_name', application, true);
	PERFORM set_config('max_parallel_workers_per_gather', workers, true);
	RAISE INFO 'leakage_refresh(%): done in % s: % users, % of them leak, % of % revenue', schema,
		round(extract(epoch FROM started[13] - started[1]), 1),
		run.users, run.leaked_users, round(run.leakage, 2), round(run.total_revenue, 2);
END;
$$;
COMMENT ON PROCEDURE leakage_refresh(name) IS
	'computes a mart anew from its landing tables and publishes the result, all or nothing';
