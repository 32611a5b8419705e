-- ---------------------------------------------------------------------------
-- The relations of a mart.  They belong to whoever calls, in a schema of the
-- caller's: the extension owns none of them, so that pg_dump and pg_upgrade
-- treat them as what they are, the user's data.
--
-- Every function here that takes the name of a mart pins its search_path and
-- then enters the mart: the path is the mart and pg_temp, so pg_catalog comes
-- first, and nothing that somebody puts into the mart's schema or among the
-- temporary objects can stand in for a built-in function or for a table.
-- ---------------------------------------------------------------------------

-- Puts the schema of a mart, quoted, in the place of each @mart@ of a query.  No search_path contains a mart, so the
-- queries on its relations are dynamic.  Values never become part of a query: they are passed with USING.
CREATE FUNCTION _leakage.mart_sql(mart name, query text)
	RETURNS text
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN pg_catalog.replace(query, '@mart@', pg_catalog.quote_ident(mart));
COMMENT ON FUNCTION _leakage.mart_sql(name, text) IS
	'query on relations of a mart: puts the quoted schema in the place of each @mart@';

-- The relations of a mart, in the order in which they are made: each is built on some before it only.
CREATE FUNCTION _leakage.mart_relations()
	RETURNS TABLE (place bigint, name name, kind text)
	LANGUAGE sql IMMUTABLE PARALLEL SAFE ROWS 60
BEGIN ATOMIC
	WITH
		listed (part, kind, names) AS (
			VALUES
				(1, 'table', ARRAY[
					'crm', 'device', 'revenue', 'subscriber_attribute', 'usage', 'load_log',
					'mart_option', 'refresh_run', 'file_count', 'rejected_row', 'subscriber_cell',
					'mart_week', 'scored_user']),
				(2, 'inner view', ARRAY['mart_version', 'scored_week']),
				(3, 'detail', ARRAY['users', 'user_weeks']),
				(4, 'view', ARRAY['final_leakage_data']),
				(5, 'dataset', ARRAY[
					'top_users', 'top_user_weeks', 'leakage_cube', 'weeks', 'kpi', 'kpi_weeks',
					'kpi_patterns', 'pattern_weeks', 'age_group_leakage', 'weekly_trend', 'conversion',
					'data_quality', 'rejected_rows']),
				(6, 'view', ARRAY[
					'funnel', 'funnel_weeks', 'segment_leakage', 'revenue_split',
					'segments', 'age_groups', 'regions', 'genders', 'activity_levels', 'revenue_bands']),
				(7, 'dataset', ARRAY['reconciliation']),
				(8, 'view', ARRAY['reconciliation_faults', 'run_log']))
	SELECT pg_catalog.row_number() OVER (ORDER BY l.part, n.position, k.kind), k.name::name, k.kind
	FROM listed AS l
		CROSS JOIN LATERAL pg_catalog.unnest(l.names) WITH ORDINALITY AS n (name, position)
		CROSS JOIN LATERAL (
			SELECT l.kind, n.name
			UNION ALL
			SELECT 'contents', pg_catalog.format('mv_%s', n.name)
			WHERE l.kind OPERATOR(pg_catalog.=) 'dataset') AS k;
END;
COMMENT ON FUNCTION _leakage.mart_relations() IS
	'relations of a mart: landing and result tables, views of them that are not published, published views of them, published datasets with the materialized views behind them, other published views';

-- Search path of a mart, until the calling function ends.  Itself it has no SET
-- clause, whose end would undo what it is for; its callers have.
CREATE FUNCTION _leakage.enter_mart(mart name, upgrading boolean DEFAULT false)
	RETURNS void
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
BEGIN
	IF mart IS NULL THEN
		RAISE EXCEPTION 'the schema of a mart must not be null'
			USING ERRCODE = 'null_value_not_allowed';
	END IF;
	IF pg_catalog.to_regclass(pg_catalog.format('%I.mart_option', mart)) IS NULL
		OR pg_catalog.to_regclass(pg_catalog.format('%I.refresh_run', mart)) IS NULL THEN
		RAISE EXCEPTION 'schema "%" is not a leakage mart', mart
			USING ERRCODE = 'invalid_schema_name',
				HINT = pg_catalog.format('Create it with CALL leakage_create_mart(%L).', mart);
	END IF;

	PERFORM _leakage.check_version(mart, upgrading);

	-- a function there that fits a call better than the built-in one would be run in its stead
	IF EXISTS (
		SELECT FROM pg_catalog.pg_namespace AS n
			CROSS JOIN LATERAL pg_catalog.aclexplode(n.nspacl) AS a
		WHERE n.nspname OPERATOR(pg_catalog.=) mart
			AND a.privilege_type OPERATOR(pg_catalog.=) 'CREATE'
			AND a.grantee OPERATOR(pg_catalog.<>) n.nspowner) THEN
		RAISE EXCEPTION 'others than its owner may create objects in mart "%"', mart
			USING ERRCODE = 'insufficient_privilege',
				HINT = pg_catalog.format('REVOKE CREATE ON SCHEMA %I from all but its owner.', mart);
	END IF;
	PERFORM pg_catalog.set_config('search_path', pg_catalog.format('%I, pg_temp', mart), true);
END;
$$;
COMMENT ON FUNCTION _leakage.enter_mart(name, boolean) IS
	'for the mart''s own functions: sets the search path to a mart, which must exist';

-- The landing tables: the columns of the files' headers, all text, so that COPY takes anything; and the loader's log.
CREATE PROCEDURE _leakage.create_landing(mart name)
	LANGUAGE plpgsql
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM set_config('search_path', format('%I, pg_temp', mart), true);

	CREATE TABLE crm (
		msisdn text,
		gender text,
		year_of_birth text,
		system_status text,
		mobile_type text,
		value_segment text);
	COMMENT ON TABLE crm IS 'landing: crm1.csv as it is, one row a line';

	CREATE TABLE device (
		msisdn text,
		imei_tac text,
		brand_name text,
		model_name text,
		os_name text,
		os_vendor text);
	COMMENT ON TABLE device IS 'landing: device1.csv as it is, one row a line';

	CREATE TABLE revenue (
		msisdn text,
		week_number text,
		revenue_usd text);
	COMMENT ON TABLE revenue IS 'landing: rev1.csv as it is, one row a line';

	CREATE TABLE subscriber_attribute (
		msisdn text,
		region text,
		activated_on text);
	COMMENT ON TABLE subscriber_attribute IS 'landing, optional: region and activation date (YYYY-MM-DD) of a user';

	CREATE TABLE usage (
		msisdn text,
		week_number text,
		sessions text);
	COMMENT ON TABLE usage IS 'landing, optional: sessions of a user in a week';

	CREATE TABLE load_log (
		load_id bigint NOT NULL,
		landing_table text NOT NULL,
		file_name text NOT NULL,
		file_bytes bigint NOT NULL,
		checksum text NOT NULL,
		byte_from bigint NOT NULL,
		byte_to bigint NOT NULL,
		rows bigint NOT NULL,
		loaded_at timestamp NOT NULL DEFAULT (clock_timestamp() AT TIME ZONE 'UTC'),
		PRIMARY KEY (load_id, byte_from),
		CHECK (0 <= byte_from AND byte_from < byte_to AND byte_to <= file_bytes));
	COMMENT ON TABLE load_log IS 'what leakage-load has loaded: one row a piece of a file, written with its rows (times in UTC)';
END;
$$;
COMMENT ON PROCEDURE _leakage.create_landing(name) IS
	'part of leakage_create_mart: the landing tables and the loader''s log';

-- The options, and the history of runs.
CREATE PROCEDURE _leakage.create_history(mart name)
	LANGUAGE plpgsql
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM set_config('search_path', format('%I, pg_temp', mart), true);

	CREATE TABLE mart_option (
		name text PRIMARY KEY,
		value jsonb NOT NULL,
		description text NOT NULL);
	COMMENT ON TABLE mart_option IS 'options of this mart; change them with leakage_alter_mart';

	CREATE TABLE refresh_run (
		run_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
		started_at timestamp NOT NULL,
		finished_at timestamp NOT NULL,
		options jsonb NOT NULL,
		steps jsonb NOT NULL,
		extension_version text NOT NULL,
		server_version text NOT NULL,
		crm_rows bigint NOT NULL,
		device_rows bigint NOT NULL,
		revenue_rows bigint NOT NULL,
		users bigint NOT NULL,
		user_weeks bigint NOT NULL,
		leaked_users bigint NOT NULL,
		total_revenue numeric(28,6) NOT NULL,
		leakage numeric(28,6) NOT NULL,
		model @extschema@.leakage_model);
	COMMENT ON TABLE refresh_run IS 'one row a successful refresh: options, counts, durations, versions, the fitted model (times in UTC)';
END;
$$;
COMMENT ON PROCEDURE _leakage.create_history(name) IS
	'part of leakage_create_mart: the options, and the history of runs';

-- The clean and the result tables, which leakage_refresh fills.
CREATE PROCEDURE _leakage.create_results(mart name)
	LANGUAGE plpgsql
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM set_config('search_path', format('%I, pg_temp', mart), true);

	CREATE TABLE file_count (
		file text NOT NULL,
		measure text NOT NULL,
		value numeric NOT NULL,
		PRIMARY KEY (file, measure));
	COMMENT ON TABLE file_count IS 'rows and amounts of each file, as counted by the last refresh';

	CREATE TABLE rejected_row (
		rejected_id bigint PRIMARY KEY,
		file text NOT NULL,
		reason text NOT NULL,
		msisdn text COLLATE "C",
		content text NOT NULL);
	COMMENT ON TABLE rejected_row IS 'rows that the last refresh refused, with the reason';

	CREATE TABLE subscriber_cell (
		segment text NOT NULL,
		age_group text NOT NULL,
		age_group_order integer NOT NULL,
		region text NOT NULL,
		gender text NOT NULL,
		mobile_type text NOT NULL,
		status text NOT NULL,
		subscribers bigint NOT NULL,
		PRIMARY KEY (segment, age_group, region, gender, mobile_type, status));
	COMMENT ON TABLE subscriber_cell IS 'how many subscribers, with revenue or without, each combination of attributes has';

	CREATE TABLE mart_week (
		period integer PRIMARY KEY,
		week_number integer NOT NULL,
		week_start date);
	COMMENT ON TABLE mart_week IS 'the weeks in which a subscriber has revenue';

	CREATE TABLE scored_user (
		msisdn text COLLATE "C" PRIMARY KEY,
		gender text NOT NULL,
		birth_year integer,
		age integer,
		age_group text NOT NULL,
		age_group_order integer NOT NULL,
		region text NOT NULL,
		segment text NOT NULL,
		revenue_segment text NOT NULL,
		revenue_segment_order integer NOT NULL,
		mobile_type text NOT NULL,
		status text NOT NULL,
		brand text NOT NULL,
		model text NOT NULL,
		os text NOT NULL,
		tenure_weeks integer NOT NULL,
		tenure_band text NOT NULL,
		tenure_band_order integer NOT NULL,
		first_week integer NOT NULL,
		last_week integer NOT NULL,
		active_weeks integer NOT NULL,
		missing_weeks integer NOT NULL,
		zero_weeks integer NOT NULL,
		activity_level text NOT NULL,
		activity_level_order integer NOT NULL,
		usage bigint NOT NULL,
		total_revenue numeric(24,6) NOT NULL,
		average_weekly_revenue numeric(24,6) NOT NULL,
		revenue_band text NOT NULL,
		revenue_band_order integer NOT NULL,
		expected_revenue numeric(24,6) NOT NULL,
		gap numeric(24,6) NOT NULL,
		leaked boolean NOT NULL,
		leakage numeric(24,6) NOT NULL,
		leakage_score numeric(7,4) NOT NULL,
		leak_probability numeric(14,12) NOT NULL,
		reason text NOT NULL,
		severity text NOT NULL,
		severity_order integer NOT NULL,
		flagged boolean NOT NULL,
		amount numeric(24,6) NOT NULL,
		expected_leak numeric(24,6) NOT NULL,
		change_week integer,
		change_factor numeric(9,4),
		peer_group text NOT NULL,
		peers bigint NOT NULL,
		peer_level text NOT NULL,
		credibility numeric(9,4) NOT NULL,
		high_usage_low_revenue boolean NOT NULL,
		profile @extschema@.leakage_profile NOT NULL,
		absent integer[] NOT NULL,
		expected_leaks numeric[] NOT NULL,
		concerned boolean[] NOT NULL);
	CREATE INDEX scored_user_leaked ON scored_user (leakage DESC) WHERE leaked;
	-- no condition is on the weeks: ANALYZE need not look at them
	ALTER TABLE scored_user
		ALTER profile SET STATISTICS 0,
		ALTER absent SET STATISTICS 0,
		ALTER expected_leaks SET STATISTICS 0,
		ALTER concerned SET STATISTICS 0;
	COMMENT ON TABLE scored_user IS
		'one row a user with a CRM row and revenue: attributes, features, expectation, leakage, and the weeks that these come from';

	-- rows that are made when somebody reads them: a tenth of the room, and nothing to rewrite in a refresh
	CREATE VIEW scored_week AS
	SELECT u.msisdn, w.period, w.week_number, w.week_start,
		p.present,
		p.actual::numeric(20,6) AS revenue,
		p.expected::numeric(20,6) AS expected_revenue,
		p.expected_leak::numeric(20,6) AS expected_leak,
		p.concerned
	FROM scored_user AS u
		CROSS JOIN LATERAL @extschema@.leakage_periods(u.profile, u.expected_leaks, u.concerned, u.absent) AS p
		JOIN mart_week AS w ON w.period = p.period;
	COMMENT ON VIEW scored_week IS 'one row a user and week between its first and last: revenue, expectation, expected leak';
END;
$$;
COMMENT ON PROCEDURE _leakage.create_results(name) IS
	'part of leakage_create_mart: the clean and the result tables';

-- CALL leakage_create_mart(schema, options)
--
-- Makes the schema (or uses an empty one of the caller's) with landing, clean,
-- result and published relations, all owned by the caller.
--	schema		name of the schema
--	options		JSON object of options, see leakage_option_catalog(); {} for the defaults
-- Errors: the schema has relations already (42P07), no right to create one (42501),
-- an unknown or invalid option (22023), NULL (22004).
CREATE PROCEDURE leakage_create_mart(schema name, options jsonb DEFAULT '{}')
	LANGUAGE plpgsql
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	complete jsonb;
BEGIN
	IF schema IS NULL THEN
		RAISE EXCEPTION 'the schema of a mart must not be null'
			USING ERRCODE = 'null_value_not_allowed';
	END IF;
	complete := _leakage.complete_options(options);

	IF to_regnamespace(quote_ident(schema)) IS NULL THEN
		EXECUTE format('CREATE SCHEMA %I', schema);
		EXECUTE format('COMMENT ON SCHEMA %I IS %L', schema, 'leakage mart: landing, clean, result and published relations');
	ELSIF EXISTS (
		SELECT FROM pg_depend AS d
		WHERE d.refclassid = 'pg_namespace'::regclass
			AND d.refobjid = to_regnamespace(quote_ident(schema))) THEN
		RAISE EXCEPTION 'schema "%" is not empty', schema
			USING ERRCODE = 'duplicate_table',
				HINT = 'Choose another name, or drop the mart that is there with leakage_drop_mart.';
	END IF;

	CALL _leakage.create_landing(schema);
	CALL _leakage.create_history(schema);
	CALL _leakage.create_results(schema);
	CALL _leakage.write_mart_version(schema);
	EXECUTE format(
		'INSERT INTO %I.mart_option (name, value, description)
		SELECT c.name, $1 -> c.name, c.description
		FROM @extschema@.leakage_option_catalog() AS c', schema)
	USING complete;
	CALL _leakage.create_published(schema);
	CALL _leakage.comment_columns(schema);
	PERFORM _leakage.enter_mart(schema);	-- refuses a schema that others may write to
END;
$$;
COMMENT ON PROCEDURE leakage_create_mart(name, jsonb) IS
	'makes a leakage mart in a schema of the caller''s: landing, clean, result and published relations';

-- CALL leakage_alter_mart(schema, options)
--
-- Changes the options named, keeps the others; the next refresh uses them.
-- Errors: not a mart (3F000), an unknown or invalid option (22023).
CREATE PROCEDURE leakage_alter_mart(schema name, options jsonb)
	LANGUAGE plpgsql
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	complete jsonb;
BEGIN
	PERFORM _leakage.enter_mart(schema);
	LOCK TABLE mart_option IN SHARE ROW EXCLUSIVE MODE;

	-- what is in the table may be invalid, if somebody wrote to it: so only the outcome is checked
	IF options IS NOT NULL AND jsonb_typeof(options) = 'object' THEN
		SELECT coalesce(jsonb_object_agg(o.name, o.value), '{}') || options
		INTO options
		FROM mart_option AS o;
	END IF;
	complete := _leakage.complete_options(options);

	INSERT INTO mart_option AS o (name, value, description)
	SELECT c.name, complete -> c.name, c.description
	FROM @extschema@.leakage_option_catalog() AS c
	ON CONFLICT (name) DO UPDATE
	SET value = excluded.value
	WHERE o.value IS DISTINCT FROM excluded.value;
END;
$$;
COMMENT ON PROCEDURE leakage_alter_mart(name, jsonb) IS
	'changes options of a mart, from the next refresh on';

-- The options of a mart, complete and checked: the table is the user's to write.
CREATE FUNCTION leakage_mart_options(schema name)
	RETURNS jsonb
	LANGUAGE plpgsql STABLE PARALLEL UNSAFE	-- sets the search path
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	options jsonb;
BEGIN
	PERFORM _leakage.enter_mart(schema);
	SELECT coalesce(jsonb_object_agg(o.name, o.value), '{}')
	INTO options
	FROM mart_option AS o;
	RETURN _leakage.complete_options(options);
END;
$$;
COMMENT ON FUNCTION leakage_mart_options(name) IS
	'options of a mart as a JSON object, defaults filled in and checked';

-- CALL leakage_drop_mart(schema)
--
-- Drops what leakage_create_mart made, data included, and the schema.
-- Errors: not a mart (3F000); not the owner (42501); something that is not the mart's is built
-- on it, or is in its schema (2BP01): then nothing is dropped.
CREATE PROCEDURE leakage_drop_mart(schema name)
	LANGUAGE plpgsql
	SET search_path = pg_catalog, pg_temp
	SET client_min_messages = warning
AS $$
DECLARE
	relation record;
BEGIN
	PERFORM _leakage.enter_mart(schema);

	-- in the order in which a refresh and a load lock them: first wait, then drop
	FOR relation IN
		SELECT r.name
		FROM _leakage.mart_relations() AS r
			JOIN pg_class AS c ON c.oid = to_regclass(format('%I.%I', schema, r.name))
		WHERE r.kind = 'table'
			AND c.relkind IN ('r', 'p')	-- something of the user's may be in the place of a landing table, or nothing
		ORDER BY r.name <> 'mart_option', r.name <> 'load_log', r.place
	LOOP
		EXECUTE format('LOCK TABLE %I.%I IN ACCESS EXCLUSIVE MODE', schema, relation.name);
	END LOOP;

	FOR relation IN
		SELECT r.name,
			CASE r.kind
				WHEN 'table' THEN 'TABLE'
				WHEN 'contents' THEN 'MATERIALIZED VIEW'
				ELSE 'VIEW'
			END AS type
		FROM _leakage.mart_relations() AS r
		ORDER BY r.place DESC
	LOOP
		EXECUTE format('DROP %s IF EXISTS %I.%I', relation.type, schema, relation.name);
	END LOOP;
	EXECUTE format('DROP SCHEMA %I', schema);
END;
$$;
COMMENT ON PROCEDURE leakage_drop_mart(name) IS
	'drops a mart with all its data';
