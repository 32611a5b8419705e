-- ---------------------------------------------------------------------------
-- Bringing a mart to the version of the extension.
--
-- The landing tables, load_log, skipped_row, mart_option, and refresh_run are kept.  Everything
-- else is dropped and created again, and then has the form that leakage_create_mart
-- gives it.  A version that changes a table that is kept alters it in
-- leakage_upgrade_mart.  CONTRIBUTING.md has the rules for a new version.
-- ---------------------------------------------------------------------------

-- The relations of a mart that an upgrade creates again: those of this version, and those that
-- only earlier versions had.
CREATE FUNCTION _leakage.rebuilt_relations(mart name)
	RETURNS TABLE (relation oid, name name, relkind "char")
	LANGUAGE sql STABLE PARALLEL SAFE ROWS 60
	SET search_path = pg_catalog, pg_temp
AS $$
	WITH
		retired (name) AS (
			SELECT unnest('{}'::name[]))	-- names of relations that a later version no longer has
	SELECT c.oid, c.relname, c.relkind
	FROM (
		SELECT r.name FROM _leakage.mart_relations() AS r
		UNION ALL
		SELECT r.name FROM retired AS r) AS m
		JOIN pg_class AS c ON c.relname = m.name
		JOIN pg_namespace AS n ON n.oid = c.relnamespace
	WHERE n.nspname = mart
		AND m.name <> ALL (
			'{crm,device,revenue,subscriber_attribute,usage,exclusion,known_event,load_log,skipped_row,mart_option,refresh_run}');
$$;
COMMENT ON FUNCTION _leakage.rebuilt_relations(name) IS
	'part of leakage_upgrade_mart: the relations that it creates again';

-- Drops the relations that are created again.  Nothing else is dropped: objects of users that
-- depend on them are an error, and indexes of users on them are a warning.
CREATE PROCEDURE _leakage.drop_rebuilt(mart name)
	LANGUAGE plpgsql
	SET search_path = pg_catalog, pg_temp
	SET client_min_messages = warning
AS $$
DECLARE
	rebuilt constant oid[] := ARRAY(SELECT r.relation FROM _leakage.rebuilt_relations(mart) AS r);
	relation record;
	dependents text;
BEGIN
	-- a view depends on relations by its rule, and a function by their row types
	SELECT string_agg(DISTINCT coalesce(pg_describe_object('pg_class'::regclass, w.ev_class, 0),
		pg_describe_object(d.classid, d.objid, d.objsubid)) || '.', E'\n')
	INTO dependents
	FROM pg_class AS c
		JOIN pg_type AS t ON t.oid = c.reltype
		JOIN pg_depend AS d ON d.refclassid = 'pg_class'::regclass AND d.refobjid = c.oid
			OR d.refclassid = 'pg_type'::regclass AND d.refobjid IN (t.oid, t.typarray)
		LEFT JOIN pg_rewrite AS w ON d.classid = 'pg_rewrite'::regclass AND w.oid = d.objid
	WHERE c.oid = ANY (rebuilt)
		AND d.deptype = 'n'
		AND (w.ev_class IS NULL OR w.ev_class <> ALL (rebuilt));
	IF dependents IS NOT NULL THEN
		RAISE EXCEPTION 'mart "%" cannot be upgraded: other objects depend on relations that are created again', mart
			USING ERRCODE = 'dependent_objects_still_exist',
				DETAIL = dependents,
				HINT = 'Save their definitions, for example with pg_dump --schema-only, and drop them. Create them again after the upgrade.';
	END IF;

	-- what others are built on last
	FOR relation IN
		WITH RECURSIVE
			built (relation, level) AS (
				SELECT r, 0
				FROM unnest(rebuilt) AS r
				UNION
				SELECT w.ev_class, b.level + 1
				FROM built AS b
					JOIN pg_depend AS d ON d.refclassid = 'pg_class'::regclass AND d.refobjid = b.relation
						AND d.classid = 'pg_rewrite'::regclass
					JOIN pg_rewrite AS w ON w.oid = d.objid
				WHERE w.ev_class <> b.relation)
		SELECT r.name, CASE r.relkind WHEN 'v' THEN 'VIEW' WHEN 'm' THEN 'MATERIALIZED VIEW' ELSE 'TABLE' END AS kind
		FROM _leakage.rebuilt_relations(mart) AS r
		ORDER BY (SELECT max(b.level) FROM built AS b WHERE b.relation = r.relation) DESC, r.name
	LOOP
		EXECUTE format('DROP %s %I.%I', relation.kind, mart, relation.name);
	END LOOP;
END;
$$;
COMMENT ON PROCEDURE _leakage.drop_rebuilt(name) IS
	'part of leakage_upgrade_mart: drops the relations that are created again, and nothing else';

-- The privileges of others on relations of a mart, as GRANT commands.
CREATE FUNCTION _leakage.mart_grants(mart name)
	RETURNS TABLE (relation name, command text)
	LANGUAGE sql STABLE PARALLEL SAFE
	SET search_path = pg_catalog, pg_temp
AS $$
	SELECT r.name, format('GRANT %s%s ON %I.%I TO %s%s', a.privilege_type, a.columns, mart, r.name,
		CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(a.grantee)) END,
		CASE WHEN a.is_grantable THEN ' WITH GRANT OPTION' END)
	FROM _leakage.rebuilt_relations(mart) AS r
		JOIN pg_class AS c ON c.oid = r.relation
		CROSS JOIN LATERAL (
			SELECT '' AS columns, e.*
			FROM aclexplode(c.relacl) AS e
			UNION ALL
			SELECT format(' (%I)', t.attname), e.*
			FROM pg_attribute AS t
				CROSS JOIN LATERAL aclexplode(t.attacl) AS e
			WHERE t.attrelid = c.oid AND NOT t.attisdropped) AS a
	WHERE a.grantee <> c.relowner
	ORDER BY 1, 2;
$$;
COMMENT ON FUNCTION _leakage.mart_grants(name) IS
	'part of leakage_upgrade_mart: the privileges of others on relations that are created again, as GRANT commands';

-- The indexes on relations that are created again.
CREATE FUNCTION _leakage.mart_indexes(mart name)
	RETURNS TABLE (name name, definition text)
	LANGUAGE sql STABLE PARALLEL SAFE
	SET search_path = pg_catalog, pg_temp
AS $$
	SELECT i.relname, pg_get_indexdef(i.oid)
	FROM _leakage.rebuilt_relations(mart) AS r
		JOIN pg_index AS x ON x.indrelid = r.relation
		JOIN pg_class AS i ON i.oid = x.indexrelid;
$$;
COMMENT ON FUNCTION _leakage.mart_indexes(name) IS
	'part of leakage_upgrade_mart: the indexes on relations that are created again';

-- Brings the options to those of this version: new ones have their defaults, and options that
-- this version does not know are gone.
CREATE PROCEDURE _leakage.upgrade_options(mart name)
	LANGUAGE plpgsql
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	known jsonb;
BEGIN
	EXECUTE _leakage.mart_sql(mart, $sql$
		DELETE FROM @mart@.mart_option AS o
		WHERE o.name NOT IN (SELECT c.name FROM @extschema@.leakage_option_catalog() AS c)
	$sql$);
	EXECUTE _leakage.mart_sql(mart, $sql$
		SELECT coalesce(jsonb_object_agg(o.name, o.value), '{}') FROM @mart@.mart_option AS o
	$sql$) INTO known;
	EXECUTE _leakage.mart_sql(mart, $sql$
		INSERT INTO @mart@.mart_option AS o (name, value, description)
		SELECT c.name, $1 -> c.name, c.description
		FROM @extschema@.leakage_option_catalog() AS c
		ON CONFLICT (name) DO UPDATE
		SET value = excluded.value, description = excluded.description
	$sql$) USING _leakage.complete_options(known);
END;
$$;
COMMENT ON PROCEDURE _leakage.upgrade_options(name) IS
	'part of leakage_upgrade_mart: the options of this version, with the values that the mart has';

-- CALL leakage_upgrade_mart(schema)
--
-- Brings a mart that an earlier version created to the version of the extension, in one
-- transaction.  If the mart had a run, it is refreshed too, so readers never see it empty.
--	schema		name of the mart
-- Landing rows, load_log, skipped_row, options, and the run history are kept, as are privileges on relations
-- that still exist.  Call leakage_grant_bi again to give readers the views that are new.
-- A mart that already has this version is left alone, with a notice.
-- Errors: objects that are not the mart's depend on its relations (2BP01), and those of check_mart
-- (60_mart.sql).  Then nothing changes.
CREATE PROCEDURE leakage_upgrade_mart(schema name)
	LANGUAGE plpgsql
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	grants record;
	old_indexes text[];
	relation record;
	previous text;
	refreshed boolean;
	owner constant name := (SELECT pg_get_userbyid(n.nspowner) FROM pg_namespace AS n WHERE n.nspname = schema);
BEGIN
	PERFORM _leakage.check_mart(schema, 'upgrade');
	previous := _leakage.mart_version(schema);
	IF previous = _leakage.script_version() THEN
		RAISE NOTICE 'mart "%" already has version %', schema, previous;
		RETURN;
	END IF;
	-- in the order in which a refresh and a load lock them
	FOR relation IN
		SELECT r.name
		FROM _leakage.mart_relations() AS r
			JOIN pg_class AS c ON c.oid = to_regclass(format('%I.%I', schema, r.name))
		WHERE c.relkind IN ('r', 'p')
		ORDER BY r.name <> 'mart_option', r.name <> 'load_log', r.place
	LOOP
		EXECUTE format('LOCK TABLE %I.%I IN ACCESS EXCLUSIVE MODE', schema, relation.name);
	END LOOP;

	SELECT array_agg(g.relation) AS relations, array_agg(g.command) AS commands
	INTO grants
	FROM _leakage.mart_grants(schema) AS g;
	old_indexes := ARRAY(SELECT i.definition FROM _leakage.mart_indexes(schema) AS i);
	CALL _leakage.drop_rebuilt(schema);

	-- a later version alters the tables that are kept here, depending on the previous version

	CALL _leakage.create_results(schema);
	CALL _leakage.write_mart_version(schema);
	CALL _leakage.upgrade_options(schema);
	CALL _leakage.create_published(schema);
	CALL _leakage.comment_columns(schema);
	IF owner <> current_user THEN
		CALL _leakage.give_mart(schema, owner);
	END IF;

	FOR n IN 1 .. coalesce(cardinality(grants.commands), 0) LOOP
		IF to_regclass(format('%I.%I', schema, grants.relations[n])) IS NOT NULL THEN
			EXECUTE grants.commands[n];
		END IF;
	END LOOP;
	FOR relation IN
		SELECT o.definition
		FROM unnest(old_indexes) AS o (definition)
		WHERE o.definition NOT IN (SELECT i.definition FROM _leakage.mart_indexes(schema) AS i)
		ORDER BY 1
	LOOP
		RAISE WARNING 'an index is gone with the table that it was on: %', relation.definition;
	END LOOP;

	EXECUTE _leakage.mart_sql(schema, 'SELECT EXISTS (SELECT FROM @mart@.refresh_run)') INTO refreshed;
	IF refreshed THEN
		CALL @extschema@.leakage_refresh(schema, true);	-- these rows have been published before
	END IF;
	RAISE INFO 'leakage_upgrade_mart(%): upgraded from version % to version %', schema, previous, _leakage.script_version();
END;
$$;
COMMENT ON PROCEDURE leakage_upgrade_mart(name) IS
	'brings a mart to the version of the extension; keeps landing rows, options, and the run history';
