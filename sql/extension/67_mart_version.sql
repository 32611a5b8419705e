-- ---------------------------------------------------------------------------
-- Versions: of the library, of the extension's SQL objects, and of a mart.
-- ---------------------------------------------------------------------------

CREATE FUNCTION _leakage.library_version()
	RETURNS text
	AS 'MODULE_PATHNAME', 'leakage_library_version'
	LANGUAGE C STABLE PARALLEL SAFE;
COMMENT ON FUNCTION _leakage.library_version() IS
	'version of the library that this session has loaded';

CREATE FUNCTION _leakage.script_version()
	RETURNS text
	LANGUAGE sql STABLE PARALLEL SAFE
	SET search_path = pg_catalog, pg_temp
AS $$
	SELECT e.extversion FROM pg_extension AS e WHERE e.extname = 'leakage';
$$;
COMMENT ON FUNCTION _leakage.script_version() IS
	'version of the SQL objects of the extension in this database';

-- Writes the version of a mart: into a view, so that the version is in the catalogs.  There
-- everybody can read it without a privilege, and without running anything of the owner's.
CREATE PROCEDURE _leakage.write_mart_version(mart name)
	LANGUAGE plpgsql
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	EXECUTE format('CREATE OR REPLACE VIEW %I.mart_version AS SELECT %L::text AS version', mart, _leakage.script_version());
	EXECUTE format('COMMENT ON VIEW %I.mart_version IS %L', mart,
		'version of the extension that made this mart, or upgraded it with leakage_upgrade_mart');
END;
$$;
COMMENT ON PROCEDURE _leakage.write_mart_version(name) IS
	'part of leakage_create_mart: the version of the extension that the mart is for';

-- Version of a mart; NULL if it has none.
CREATE FUNCTION _leakage.mart_version(mart name)
	RETURNS text
	LANGUAGE sql STABLE STRICT PARALLEL SAFE
	SET search_path = pg_catalog, pg_temp
	SET quote_all_identifiers = off
AS $$
	SELECT substring(pg_get_viewdef(c.oid) FROM '^ SELECT ''([0-9]+\.[0-9]+)''::text AS "?version"?;')
	FROM pg_class AS c
		JOIN pg_namespace AS n ON n.oid = c.relnamespace
	WHERE n.nspname = mart AND c.relname = 'mart_version' AND c.relkind = 'v';
$$;
COMMENT ON FUNCTION _leakage.mart_version(name) IS
	'version of the extension that a mart is for; NULL if it has none';

-- Raises an error if the library, the SQL objects, and the mart are not of one version.
-- upgrading: a mart of an older version is what the caller wants.
CREATE FUNCTION _leakage.check_version(mart name, upgrading boolean DEFAULT false)
	RETURNS void
	LANGUAGE plpgsql STABLE PARALLEL SAFE
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	library constant text := _leakage.library_version();
	script constant text := _leakage.script_version();
	version constant text := _leakage.mart_version(mart);
	older boolean;
BEGIN
	IF library <> script THEN
		older := string_to_array(library, '.')::integer[] < string_to_array(script, '.')::integer[];
		RAISE EXCEPTION 'the library of leakage has version %, but its SQL objects have version %', library, script
			USING ERRCODE = 'object_not_in_prerequisite_state',
				HINT = CASE
					WHEN older THEN format('Reconnect. If this does not help, install version %s on the server, and restart it if shared_preload_libraries lists leakage.', script)
					ELSE 'Run ALTER EXTENSION leakage UPDATE.'
				END;
	END IF;
	IF version IS NULL THEN
		RAISE EXCEPTION 'mart "%" has no version: it was made before leakage 1.0', mart
			USING ERRCODE = 'object_not_in_prerequisite_state',
				HINT = 'Create another mart, copy the rows of the landing tables into it, and drop the old schema.';
	END IF;
	older := string_to_array(version, '.')::integer[] < string_to_array(script, '.')::integer[];
	IF version <> script AND NOT (older AND upgrading) THEN
		RAISE EXCEPTION 'mart "%" has version %, but the extension has version %', mart, version, script
			USING ERRCODE = 'object_not_in_prerequisite_state',
				HINT = CASE
					WHEN older THEN format('Run CALL @extschema@.leakage_upgrade_mart(%L).', mart)
					ELSE 'Run ALTER EXTENSION leakage UPDATE.'
				END;
	END IF;
END;
$$;
COMMENT ON FUNCTION _leakage.check_version(name, boolean) IS
	'refuses a mart if the library, the SQL objects, and the mart are not of one version';
