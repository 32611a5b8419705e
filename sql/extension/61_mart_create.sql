-- ---------------------------------------------------------------------------
-- Creating, changing, and dropping a mart.  Its relations belong to the owner of
-- the schema: the extension owns none of them, so pg_dump and pg_upgrade treat
-- them as the user's data.
-- ---------------------------------------------------------------------------

-- The landing tables: the columns of the files' headers, all text, so that COPY takes anything; and the loader's log.
CREATE PROCEDURE _leakage.create_landing(mart name)
	LANGUAGE plpgsql
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	EXECUTE _leakage.mart_sql(mart, $sql$
		CREATE TABLE @mart@.crm (
			msisdn text,
			gender text,
			year_of_birth text,
			system_status text,
			mobile_type text,
			value_segment text);
		COMMENT ON TABLE @mart@.crm IS 'landing: crm1.csv as it is, one row per line';

		CREATE TABLE @mart@.device (
			msisdn text,
			imei_tac text,
			brand_name text,
			model_name text,
			os_name text,
			os_vendor text);
		COMMENT ON TABLE @mart@.device IS 'landing: device1.csv as it is, one row per line';

		CREATE TABLE @mart@.revenue (
			msisdn text,
			week_number text,
			revenue_usd text);
		COMMENT ON TABLE @mart@.revenue IS 'landing: rev1.csv as it is, one row per line';

		CREATE TABLE @mart@.subscriber_attribute (
			msisdn text,
			region text,
			activated_on text);
		COMMENT ON TABLE @mart@.subscriber_attribute IS 'landing, optional: region and activation date (YYYY-MM-DD) of a user';

		CREATE TABLE @mart@.usage (
			msisdn text,
			week_number text,
			sessions text);
		COMMENT ON TABLE @mart@.usage IS 'landing, optional: sessions of a user in a week';

		CREATE TABLE @mart@.exclusion (
			msisdn text,
			reason text,
			from_week text,
			to_week text);
		COMMENT ON TABLE @mart@.exclusion IS 'landing, optional: users who are not judged, always or in some weeks';

		CREATE TABLE @mart@.known_event (
			dimension text,
			value text,
			from_week text,
			to_week text,
			factor text,
			note text);
		COMMENT ON TABLE @mart@.known_event IS 'landing, optional: changes of revenue that are no leaks, and weeks that are not judged';

		CREATE TABLE @mart@.load_log (
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
		COMMENT ON TABLE @mart@.load_log IS 'what leakage-load has loaded: one row per piece of a file, written together with its rows (times in UTC)';

		CREATE TABLE @mart@.skipped_row (
			load_id bigint NOT NULL,
			landing_table text NOT NULL,
			file_name text NOT NULL,
			line bigint NOT NULL,
			reason text NOT NULL,
			content text NOT NULL,
			PRIMARY KEY (load_id, line));
		COMMENT ON TABLE @mart@.skipped_row IS 'rows of files that leakage-load --skip-bad-rows could not load: refreshes count them as refused';
	$sql$);
END;
$$;
COMMENT ON PROCEDURE _leakage.create_landing(name) IS
	'part of leakage_create_mart: the landing tables and the loader''s tables';

-- The options, and the history of runs.
CREATE PROCEDURE _leakage.create_history(mart name)
	LANGUAGE plpgsql
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	EXECUTE _leakage.mart_sql(mart, $sql$
		CREATE TABLE @mart@.mart_option (
			name text PRIMARY KEY,
			value jsonb NOT NULL,
			description text NOT NULL);
		COMMENT ON TABLE @mart@.mart_option IS 'options of this mart; change them with leakage_alter_mart';

		CREATE TABLE @mart@.refresh_run (
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
			model @extschema@.leakage_model,
			forced boolean NOT NULL,
			reasons jsonb,
			fdr_credible boolean);
		COMMENT ON TABLE @mart@.refresh_run IS 'one row per successful refresh: options, counts, durations, versions, the fitted model (times in UTC)';
	$sql$);
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
	EXECUTE _leakage.mart_sql(mart, $sql$
		CREATE TABLE @mart@.file_count (
			file text NOT NULL,
			measure text NOT NULL,
			value numeric NOT NULL,
			PRIMARY KEY (file, measure));
		COMMENT ON TABLE @mart@.file_count IS 'rows and amounts of each file, as counted by the last refresh';

		CREATE TABLE @mart@.rejected_row (
			rejected_id bigint PRIMARY KEY,
			file text NOT NULL,
			reason text NOT NULL,
			msisdn text COLLATE "C",
			content text NOT NULL);
		COMMENT ON TABLE @mart@.rejected_row IS 'rows that the last refresh refused, with the reason';

		CREATE TABLE @mart@.health_check (
			check_name text NOT NULL,
			file text NOT NULL,
			value numeric(18,6) NOT NULL,
			limit_value numeric(18,6) NOT NULL,
			verdict text NOT NULL,
			advice text NOT NULL,
			PRIMARY KEY (check_name, file));
		COMMENT ON TABLE @mart@.health_check IS 'what the last refresh found in the delivery, before it was published';

		CREATE TABLE @mart@.subscriber_cell (
			segment text NOT NULL,
			age_group text NOT NULL,
			age_group_order integer NOT NULL,
			region text NOT NULL,
			gender text NOT NULL,
			mobile_type text NOT NULL,
			status text NOT NULL,
			subscribers bigint NOT NULL,
			PRIMARY KEY (segment, age_group, region, gender, mobile_type, status));
		COMMENT ON TABLE @mart@.subscriber_cell IS 'number of subscribers, with or without revenue, for each combination of attributes';

		CREATE TABLE @mart@.mart_week (
			period integer PRIMARY KEY,
			week_number integer NOT NULL,
			week_start date,
			week_label text NOT NULL);
		COMMENT ON TABLE @mart@.mart_week IS 'the weeks in which a subscriber has revenue';

		CREATE TABLE @mart@.finding (
			finding_id bigint PRIMARY KEY,
			reason text NOT NULL,
			feature text NOT NULL,
			value text NOT NULL,
			seen numeric(16,2) NOT NULL,
			expected numeric(16,2) NOT NULL,
			money numeric(28,6) NOT NULL,
			verdict text NOT NULL);
		COMMENT ON TABLE @mart@.finding IS 'what the users whom the last refresh withheld have in common';

		CREATE TABLE @mart@.scored_user (
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
			payment_class text NOT NULL,
			withheld boolean NOT NULL,
			refused_rows bigint NOT NULL,
			excluded boolean NOT NULL,
			exclusion_reason text,
			event_id integer,
			event_week integer,
			event_kind text,
			event_factor numeric(9,4),
			event_money numeric(24,6),
			profile @extschema@.leakage_profile NOT NULL,
			absent integer[] NOT NULL,
			incomplete @extschema@.leakage_profile,
			known @extschema@.leakage_profile,
			expected_leaks numeric[] NOT NULL,
			concerned boolean[] NOT NULL);
		CREATE INDEX scored_user_leaked ON @mart@.scored_user (leakage DESC) WHERE leaked;
		-- no condition is on the weeks: ANALYZE need not look at them
		ALTER TABLE @mart@.scored_user
			ALTER profile SET STATISTICS 0,
			ALTER absent SET STATISTICS 0,
			ALTER incomplete SET STATISTICS 0,
			ALTER known SET STATISTICS 0,
			ALTER expected_leaks SET STATISTICS 0,
			ALTER concerned SET STATISTICS 0;
		COMMENT ON TABLE @mart@.scored_user IS
			'one row per user with a CRM row and revenue: attributes, features, expectation, leakage, and the weeks behind them';

		-- rows that are made when somebody reads them: a tenth of the room, and nothing to rewrite in a refresh
		CREATE VIEW @mart@.scored_week AS
		SELECT u.msisdn, w.period, w.week_number, w.week_start,
			p.present,
			p.actual::numeric(20,6) AS revenue,
			p.expected::numeric(20,6) AS expected_revenue,
			p.expected_leak::numeric(20,6) AS expected_leak,
			p.concerned
		FROM @mart@.scored_user AS u
			CROSS JOIN LATERAL @extschema@.leakage_periods(u.profile, u.expected_leaks, u.concerned, u.absent) AS p
			JOIN @mart@.mart_week AS w ON w.period = p.period;
		COMMENT ON VIEW @mart@.scored_week IS 'one row per user and week from the user''s first to the last: revenue, expectation, expected leak';

		-- the latest 496 weeks in 16 blocks, each with a bit of its block, as the functions blocks_... divide them
		CREATE VIEW @mart@.week_block AS
		SELECT period, week_number,
			((n - 1) / width + 1)::integer AS block,
			1 << ((n - 1) % width)::integer AS week_bit
		FROM (
			SELECT period, week_number, row_number() OVER (ORDER BY period) AS n, (count(*) OVER () + 15) / 16 AS width
			FROM (SELECT period, week_number FROM @mart@.mart_week ORDER BY period DESC LIMIT 496) AS latest) AS numbered;
		COMMENT ON VIEW @mart@.week_block IS 'the weeks that users are counted in, divided into blocks';
	$sql$);
END;
$$;
COMMENT ON PROCEDURE _leakage.create_results(name) IS
	'part of leakage_create_mart: the clean and the result tables';

-- Gives the relations of a mart to the owner of the schema, of which the caller is a member.
CREATE PROCEDURE _leakage.give_mart(mart name, owner name)
	LANGUAGE plpgsql
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	relation record;
BEGIN
	FOR relation IN
		SELECT r.name, _leakage.sql_kind(r.kind) AS kind
		FROM _leakage.mart_relations() AS r
		ORDER BY r.place
	LOOP
		EXECUTE format('ALTER %s %I.%I OWNER TO %I', relation.kind, mart, relation.name, owner);
	END LOOP;
END;
$$;
COMMENT ON PROCEDURE _leakage.give_mart(name, name) IS
	'part of leakage_create_mart: gives the relations of a mart to the owner of the schema';

-- CALL leakage_create_mart(schema, options)
--
-- Creates a mart, with its landing, clean, result, and published relations.
--	schema		name of the schema; it is created, or it exists, is empty, and belongs to the caller
--				or to a role that the caller is a member of. All relations belong to its owner.
--	options		JSON object of options, see leakage_option_catalog(); {} for the defaults
-- Errors: the schema is not empty (42P07), belongs to somebody else, or others may create objects
-- in it (42501), no right to create a schema (42501), an unknown or invalid option (22023), NULL
-- (22004).
CREATE PROCEDURE leakage_create_mart(schema name, options jsonb DEFAULT '{}')
	LANGUAGE plpgsql
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	complete jsonb;
	existing record;
BEGIN
	IF schema IS NULL THEN
		RAISE EXCEPTION 'the schema of a mart must not be null'
			USING ERRCODE = 'null_value_not_allowed';
	END IF;
	complete := _leakage.complete_options(options);

	SELECT n.oid, n.nspowner AS owner, pg_get_userbyid(n.nspowner) AS owner_name
	INTO existing
	FROM pg_namespace AS n
	WHERE n.nspname = schema;
	IF NOT FOUND THEN
		EXECUTE format('CREATE SCHEMA %I', schema);
		EXECUTE format('COMMENT ON SCHEMA %I IS %L', schema, 'leakage mart: landing, clean, result and published relations');
	ELSE
		PERFORM _leakage.check_owner(schema, existing.owner);
		IF EXISTS (
			SELECT FROM pg_depend AS d
			WHERE d.refclassid = 'pg_namespace'::regclass
				AND d.refobjid = existing.oid) THEN
			RAISE EXCEPTION 'schema "%" is not empty', schema
				USING ERRCODE = 'duplicate_table',
					HINT = 'Choose another name, or drop the mart that is there with leakage_drop_mart.';
		END IF;
		PERFORM _leakage.hold_mart(schema, '{}');
	END IF;

	CALL _leakage.create_landing(schema);
	CALL _leakage.create_history(schema);
	CALL _leakage.create_results(schema);
	CALL _leakage.write_mart_version(schema);
	EXECUTE _leakage.mart_sql(schema, $sql$
		INSERT INTO @mart@.mart_option (name, value, description)
		SELECT c.name, $1 -> c.name, c.description
		FROM @extschema@.leakage_option_catalog() AS c
	$sql$)
	USING complete;
	CALL _leakage.create_published(schema);
	CALL _leakage.comment_columns(schema);
	IF existing.owner_name <> current_user THEN
		CALL _leakage.give_mart(schema, existing.owner_name);
	END IF;
	PERFORM _leakage.check_mart(schema, 'change');
END;
$$;
COMMENT ON PROCEDURE leakage_create_mart(name, jsonb) IS
	'creates a leakage mart in a schema of the caller''s: landing, clean, result and published relations';

-- CALL leakage_alter_mart(schema, options)
--
-- Changes the given options, keeps the others; the next refresh uses them.
-- Errors: an unknown or invalid option (22023), and those of check_mart (60_mart.sql).
CREATE PROCEDURE leakage_alter_mart(schema name, options jsonb)
	LANGUAGE plpgsql
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	complete jsonb;
BEGIN
	PERFORM _leakage.check_mart(schema, 'lock');
	EXECUTE _leakage.mart_sql(schema, 'LOCK TABLE @mart@.mart_option IN SHARE ROW EXCLUSIVE MODE');
	PERFORM _leakage.check_mart(schema, 'change');

	-- the table can hold invalid values if somebody wrote to it, so only the outcome is checked
	IF options IS NOT NULL AND jsonb_typeof(options) = 'object' THEN
		options := _leakage.stored_options(schema) || options;
	END IF;
	complete := _leakage.complete_options(options);

	EXECUTE _leakage.mart_sql(schema, $sql$
		INSERT INTO @mart@.mart_option AS o (name, value, description)
		SELECT c.name, $1 -> c.name, c.description
		FROM @extschema@.leakage_option_catalog() AS c
		ON CONFLICT (name) DO UPDATE
		SET value = excluded.value
		WHERE o.value IS DISTINCT FROM excluded.value
	$sql$)
	USING complete;
END;
$$;
COMMENT ON PROCEDURE leakage_alter_mart(name, jsonb) IS
	'changes options of a mart, from the next refresh on';

-- The options as they are in the table, which the owner may write to.
CREATE FUNCTION _leakage.stored_options(mart name)
	RETURNS jsonb
	LANGUAGE sql STABLE PARALLEL UNSAFE
	SET search_path = pg_catalog, pg_temp
AS $$
	SELECT coalesce(jsonb_object_agg(o.name, o.value), '{}')
	FROM _leakage.mart_rows(mart, 'mart_option', NULL) AS o (name text, value jsonb);
$$;
COMMENT ON FUNCTION _leakage.stored_options(name) IS
	'options of a mart as they are in the table mart_option, not checked';

-- leakage_mart_options(schema)
--
-- The options of a mart, complete and checked. The caller needs SELECT on its mart_option.
CREATE FUNCTION leakage_mart_options(schema name)
	RETURNS jsonb
	LANGUAGE plpgsql STABLE PARALLEL UNSAFE
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM _leakage.check_mart(schema, 'read');
	RETURN _leakage.complete_options(_leakage.stored_options(schema));
END;
$$;
COMMENT ON FUNCTION leakage_mart_options(name) IS
	'options of a mart as a JSON object, defaults filled in and checked';

-- CALL leakage_drop_mart(schema)
--
-- Drops what leakage_create_mart created, including the data, and the schema.  It runs nothing of
-- the owner's, like DROP SCHEMA, so a superuser can call it for any mart.
-- Errors: not a mart (3F000); not the owner (42501); a relation of the mart was replaced (55000);
-- something else is in the schema or depends on the mart (2BP01): then nothing is dropped.
CREATE PROCEDURE leakage_drop_mart(schema name)
	LANGUAGE plpgsql
	SET search_path = pg_catalog, pg_temp
	SET client_min_messages = warning
AS $$
DECLARE
	relation record;
BEGIN
	PERFORM _leakage.check_mart(schema, 'drop');

	-- in the order in which a refresh and a load lock them, and before anything is dropped; a table may be missing
	FOR relation IN
		SELECT r.name
		FROM _leakage.mart_relations() AS r
		WHERE r.kind IN ('landing', 'table')
			AND to_regclass(format('%I.%I', schema, r.name)) IS NOT NULL
		ORDER BY r.name <> 'mart_option', r.name <> 'load_log', r.place
	LOOP
		EXECUTE format('LOCK TABLE %I.%I IN ACCESS EXCLUSIVE MODE', schema, relation.name);
	END LOOP;

	FOR relation IN
		SELECT r.name, _leakage.sql_kind(r.kind) AS kind
		FROM _leakage.mart_relations() AS r
		ORDER BY r.place DESC
	LOOP
		EXECUTE format('DROP %s IF EXISTS %I.%I', relation.kind, schema, relation.name);
	END LOOP;
	EXECUTE format('DROP SCHEMA %I', schema);
END;
$$;
COMMENT ON PROCEDURE leakage_drop_mart(name) IS
	'drops a mart with all its data';
