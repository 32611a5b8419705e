-- ---------------------------------------------------------------------------
-- What a mart is, and whether it is safe to use.
--
-- A mart belongs to its owner, who may put anything into it.  Whoever calls a
-- function of the extension for a mart must not run code of its owner, unless the
-- owner itself calls.  Four rules see to that:
--
-- 1. Names.  No schema of a user is ever on a search path here.  Every function
--	  has pg_catalog and pg_temp on its path, pg_temp last, and reaches relations
--	  of a mart by qualified names only.
-- 2. Who may call.  Calls that change a mart are for members of the owning role.
--	  A superuser has to SET ROLE to it.  Only dropping is for superusers too: like
--	  DROP SCHEMA, it runs nothing of the owner's.  Loading (leakage-load) is for
--	  everybody who may INSERT, but not for superusers: a trigger could come later.
-- 3. The guard.  Each call runs check_mart first, which refuses whatever the server
--	  would evaluate while it reads or writes the tables: triggers, rules, policies,
--	  defaults, generated columns, check and foreign key constraints, expressions of
--	  indexes and statistics, domains, casts.
-- 4. No race.  A member of the owning role holds the mart as it is before it is
--	  checked (src/mart/mart_lock.c).  Calls that only read are for anybody with
--	  SELECT, who cannot keep the owner from changing things.  They read rows without
--	  planner and executor (src/mart/mart_rows.c), so nothing of the owner's can run.
--
-- REFRESH MATERIALIZED VIEW and ANALYZE run as the owner, whoever calls, in a context
-- that PostgreSQL restricts: they need no guard.
-- ---------------------------------------------------------------------------

-- Puts the schema of a mart, quoted, in the place of each @mart@ of a query.  No search_path contains a mart, so the
-- queries on its relations are dynamic.  Values never become part of a query: they are passed with USING.
CREATE FUNCTION _leakage.mart_sql(mart name, query text)
	RETURNS text
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN pg_catalog.replace(query, '@mart@', pg_catalog.quote_ident(mart));
COMMENT ON FUNCTION _leakage.mart_sql(name, text) IS
	'query on relations of a mart: puts the quoted schema in the place of each @mart@';

-- The relations of a mart in the order of their creation.  Each is built only on earlier ones.
CREATE FUNCTION _leakage.mart_relations()
	RETURNS TABLE (place bigint, name name, kind text)
	LANGUAGE sql IMMUTABLE PARALLEL SAFE ROWS 60
BEGIN ATOMIC
	WITH
		listed (part, kind, names) AS (
			VALUES
				(0, 'landing', ARRAY['crm', 'device', 'revenue', 'subscriber_attribute', 'usage', 'exclusion', 'known_event']),
				(1, 'table', ARRAY[
					'load_log', 'skipped_row', 'mart_option', 'refresh_run', 'file_count', 'rejected_row', 'health_check', 'subscriber_cell',
					'mart_week', 'finding', 'scored_user']),
				(2, 'inner view', ARRAY['mart_version', 'scored_week', 'week_block']),
				(3, 'detail', ARRAY['users', 'user_weeks']),
				(4, 'view', ARRAY['final_leakage_data']),
				(5, 'dataset', ARRAY[
					'top_users', 'top_user_weeks', 'leakage_cube', 'weeks', 'kpi', 'kpi_weeks',
					'kpi_blocks', 'block_values', 'age_group_leakage', 'weekly_trend', 'conversion',
					'data_quality', 'rejected_rows', 'run_health', 'events']),
				(6, 'view', ARRAY[
					'block_weeks', 'funnel', 'funnel_weeks', 'segment_leakage', 'revenue_split',
					'segments', 'age_groups', 'regions', 'genders', 'activity_levels', 'revenue_bands']),
				(7, 'dataset', ARRAY['reconciliation']),
				(8, 'view', ARRAY['reconciliation_faults', 'findings', 'run_reasons', 'run_log']))
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
	'relations of a mart: landing tables, result tables, views that are not published, published views of result tables, published datasets and the materialized views behind them, other published views';

-- The SQL keyword for a relation of this kind.
CREATE FUNCTION _leakage.sql_kind(kind text)
	RETURNS text
	LANGUAGE sql IMMUTABLE PARALLEL SAFE
	SET search_path = pg_catalog, pg_temp
AS $$
	SELECT CASE kind
			WHEN 'landing' THEN 'TABLE'
			WHEN 'table' THEN 'TABLE'
			WHEN 'contents' THEN 'MATERIALIZED VIEW'
			ELSE 'VIEW'
		END;
$$;
COMMENT ON FUNCTION _leakage.sql_kind(text) IS
	'SQL keyword of a kind of relation: TABLE, MATERIALIZED VIEW, or VIEW';

-- mart_rows(mart, relation, key)
--
-- The rows of a table of a mart, read without running anything of its owner's.  The columns are
-- those of the column definition list, found by name; types must match.  With a key, only rows
-- whose first column, a text, is equal to it.  The caller needs SELECT.
CREATE FUNCTION _leakage.mart_rows(mart name, relation name, key text)
	RETURNS SETOF record
	AS 'MODULE_PATHNAME', 'leakage_mart_rows'
	LANGUAGE C STABLE PARALLEL UNSAFE ROWS 100;
COMMENT ON FUNCTION _leakage.mart_rows(name, name, text) IS
	'rows of a table of a mart, read without running anything of its owner''s';

-- Locks a mart so that its owner cannot change its name or anything about these relations until
-- the transaction ends.
CREATE FUNCTION _leakage.hold_mart(mart name, relations name[])
	RETURNS void
	AS 'MODULE_PATHNAME', 'leakage_hold_mart'
	LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION _leakage.hold_mart(name, name[]) IS
	'holds a mart as it is until the transaction ends';

-- Whether the session has the rights of this role only, and cannot get any other.
CREATE FUNCTION _leakage.session_is_of(role oid)
	RETURNS boolean
	AS 'MODULE_PATHNAME', 'leakage_session_is_of'
	LANGUAGE C STABLE STRICT PARALLEL RESTRICTED;
COMMENT ON FUNCTION _leakage.session_is_of(oid) IS
	'whether the session has the rights of this role only, and cannot get any other';

-- mart_faults(schema, names)
--
-- What is not as leakage_create_mart made it.  Users may add plain indexes, statistics without
-- expressions, and relations of their own.  Landing tables may also have children and partitions.
--	names	relations of the mart to look at; the owners of all are looked at
--	part	'kind', 'owner', 'missing', or 'code': anything that the server could evaluate
CREATE FUNCTION _leakage.mart_faults(schema oid, names name[])
	RETURNS TABLE (part text, fault text)
	LANGUAGE sql VOLATILE PARALLEL UNSAFE
	SET search_path = pg_catalog, pg_temp
	SET quote_all_identifiers = off	-- definitions are compared as texts
AS $$
	WITH RECURSIVE
		documented AS (
			SELECT c.oid, c.relname, c.relowner, c.relkind, c.relpersistence, c.relispartition, c.relrowsecurity, c.reltype,
				r.kind,
				CASE r.kind WHEN 'landing' THEN 'rp' WHEN 'table' THEN 'r' WHEN 'contents' THEN 'm' ELSE 'v' END AS relkinds
			FROM _leakage.mart_relations() AS r
				JOIN pg_class AS c ON c.relname = r.name
			WHERE c.relnamespace = schema),
		-- with children and partitions, whose rows a query on the parent reads
		relations AS (
			SELECT d.oid, d.relowner, d.relkind, d.relpersistence, d.relispartition, d.relrowsecurity, d.reltype, d.kind, d.relkinds
			FROM documented AS d
			WHERE d.relname = ANY (names)
			UNION
			SELECT c.oid, c.relowner, c.relkind, c.relpersistence, false, c.relrowsecurity, c.reltype, r.kind,
				CASE r.kind WHEN 'landing' THEN r.relkinds ELSE '' END
			FROM relations AS r
				JOIN pg_inherits AS i ON i.inhparent = r.oid
				JOIN pg_class AS c ON c.oid = i.inhrelid),
		own AS (
			SELECT n.nspowner AS owner
			FROM pg_namespace AS n
			WHERE n.oid = schema),
		-- Definitions are printed of these only.  Without MATERIALIZED, the planner may print those of all marts, of which
		-- some may be dropped at this moment, before it looks whose they are.
		constraints AS MATERIALIZED (
			SELECT c.oid, c.conname
			FROM relations AS r
				JOIN pg_constraint AS c ON r.oid IN (c.conrelid, c.confrelid)
			WHERE c.contype IN ('c', 'f', 'x', 't')),
		defaults AS MATERIALIZED (
			SELECT d.oid, d.adbin, d.adrelid, a.attname, a.attgenerated
			FROM relations AS r
				JOIN pg_attrdef AS d ON d.adrelid = r.oid
				JOIN pg_attribute AS a ON a.attrelid = d.adrelid AND a.attnum = d.adnum),
		indexes AS MATERIALIZED (
			SELECT x.indexrelid, x.indrelid, x.indexprs, x.indpred, c.relname
			FROM relations AS r
				JOIN pg_index AS x ON x.indrelid = r.oid
				JOIN pg_class AS c ON c.oid = x.indexrelid),
		planted (classid, objid, remark) AS (
			SELECT 'pg_trigger'::regclass, t.oid, ''
			FROM relations AS r
				JOIN pg_trigger AS t ON t.tgrelid = r.oid
				JOIN pg_proc AS p ON p.oid = t.tgfoid
			WHERE NOT (t.tgisinternal AND p.pronamespace = 'pg_catalog'::regnamespace)
			UNION ALL
			SELECT 'pg_rewrite', w.oid, ''
			FROM relations AS r
				JOIN pg_rewrite AS w ON w.ev_class = r.oid
			WHERE NOT (w.rulename = '_RETURN' AND r.relkind IN ('v', 'm'))
			UNION ALL
			SELECT 'pg_policy', p.oid, ''
			FROM relations AS r
				JOIN pg_policy AS p ON p.polrelid = r.oid
			UNION ALL
			-- a foreign key on a table of the mart has the server write to another table, and fire its triggers
			SELECT 'pg_constraint', c.oid, ''
			FROM constraints AS c
			WHERE c.conname <> 'load_log_check'
				OR pg_get_constraintdef(c.oid)
					<> 'CHECK (((0 <= byte_from) AND (byte_from < byte_to) AND (byte_to <= file_bytes)))'
			UNION ALL
			SELECT 'pg_attrdef', d.oid, ''
			FROM defaults AS d
			WHERE d.attname <> 'loaded_at'
				OR d.attgenerated <> ''
				OR pg_get_expr(d.adbin, d.adrelid) <> '(clock_timestamp() AT TIME ZONE ''UTC''::text)'
			UNION ALL
			-- the planner evaluates parts of these even for queries that do not use them
			SELECT 'pg_class', x.indexrelid, ', which has an expression or a predicate'
			FROM indexes AS x
			WHERE x.indexprs IS NOT NULL
				OR x.indpred IS NOT NULL
					AND (x.relname <> 'scored_user_leaked' OR pg_get_expr(x.indpred, x.indrelid) <> 'leaked')
			UNION ALL
			SELECT 'pg_statistic_ext', s.oid, ', which has an expression'
			FROM relations AS r
				JOIN pg_statistic_ext AS s ON s.stxrelid = r.oid
			WHERE s.stxexprs IS NOT NULL
			UNION ALL
			SELECT 'pg_class', t.partrelid, ', which has an expression in its partition key'
			FROM relations AS r
				JOIN pg_partitioned_table AS t ON t.partrelid = r.oid
			WHERE t.partexprs IS NOT NULL
			UNION ALL
			SELECT 'pg_class', r.oid, ', which has row-level security'
			FROM relations AS r
			WHERE r.relrowsecurity
			UNION ALL
			-- a row that is written is checked against the partition's bounds
			SELECT 'pg_class', r.oid, ', which is a partition of another table'
			FROM relations AS r
			WHERE r.relispartition
			UNION ALL
			SELECT 'pg_type', a.atttypid, format(', which is the type of %s.%I', r.oid::regclass, a.attname)
			FROM relations AS r
				JOIN pg_attribute AS a ON a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped
				JOIN pg_type AS t ON t.oid = a.atttypid
			WHERE t.typnamespace <> 'pg_catalog'::regnamespace
				AND t.oid NOT IN ('@extschema@.leakage_profile'::regtype, '@extschema@.leakage_model'::regtype)
			UNION ALL
			-- another type could fit an overload of a cleaning function better than the function itself
			SELECT 'pg_class', r.oid, format(', whose column %I is not text', a.attname)
			FROM relations AS r
				JOIN pg_attribute AS a ON a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped
			WHERE r.kind = 'landing'
				AND a.atttypid <> 'text'::regtype
			UNION ALL
			SELECT 'pg_cast', c.oid, ''
			FROM relations AS r
				JOIN pg_cast AS c ON r.reltype IN (c.castsource, c.casttarget)
			UNION ALL
			-- relations of users, statistics, default privileges and publications run nothing
			SELECT d.classid, d.objid, ''
			FROM pg_depend AS d
			WHERE d.refclassid = 'pg_namespace'::regclass
				AND d.refobjid = schema
				AND d.classid NOT IN ('pg_class'::regclass, 'pg_statistic_ext'::regclass, 'pg_default_acl'::regclass,
					coalesce(to_regclass('pg_publication_namespace'), 'pg_class')))
	SELECT 'kind',
		format('%s is %s.', r.oid::regclass, CASE
			WHEN r.relkinds = '' THEN 'a child of a table that must have none'
			WHEN r.relpersistence = 't' THEN 'temporary'
			WHEN strpos('rp', left(r.relkinds, 1)) > 0 THEN 'not a table'
			WHEN r.relkinds = 'm' THEN 'not a materialized view'
			ELSE 'not a view' END)
	FROM relations AS r
	WHERE strpos(r.relkinds, r.relkind::text) = 0
		OR r.relpersistence = 't'
	UNION ALL
	SELECT 'owner', format('%s belongs to role %s, and its schema to role %s.', r.oid::regclass, r.relowner::regrole, o.owner::regrole)
	FROM (
		SELECT d.oid, d.relowner FROM documented AS d
		UNION
		SELECT r.oid, r.relowner FROM relations AS r) AS r, own AS o
	WHERE r.relowner <> o.owner
	UNION ALL
	SELECT 'missing', format('There is no %I.', m.name)
	FROM unnest(names) AS m (name)
	WHERE NOT EXISTS (SELECT FROM documented AS d WHERE d.relname = m.name)
	UNION ALL
	SELECT 'code', format('Found %s%s.', pg_describe_object(p.classid, p.objid, 0), p.remark)
	FROM planted AS p
	ORDER BY 1 DESC, 2;
$$;
COMMENT ON FUNCTION _leakage.mart_faults(oid, name[]) IS
	'what is not as leakage_create_mart made it';

-- Holds a mart still until the transaction ends, so that the checks after it stay true.
CREATE FUNCTION _leakage.hold_still(mart name, schema oid)
	RETURNS void
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF current_setting('transaction_isolation') <> 'read committed' THEN
		RAISE EXCEPTION 'a mart of another role cannot be changed in a % transaction', current_setting('transaction_isolation')
			USING ERRCODE = 'active_sql_transaction',
				DETAIL = 'Its snapshot would hide what the owner has changed since.',
				HINT = 'Use a read committed transaction, or none.';
	END IF;
	PERFORM _leakage.hold_mart(mart, ARRAY(
		SELECT r.name
		FROM _leakage.mart_relations() AS r
		WHERE r.kind IN ('landing', 'table', 'contents')
		ORDER BY r.name <> 'mart_option', r.place));
	IF schema IS DISTINCT FROM (SELECT n.oid FROM pg_namespace AS n WHERE n.nspname = mart) THEN
		RAISE EXCEPTION 'schema "%" was changed concurrently', mart
			USING ERRCODE = 'serialization_failure',
				HINT = 'Try again.';
	END IF;
END;
$$;
COMMENT ON FUNCTION _leakage.hold_still(name, oid) IS
	'holds a mart still until the transaction ends';

-- Refuses a caller who may not change what belongs to this owner.
CREATE FUNCTION _leakage.check_owner(mart name, owner oid)
	RETURNS void
	LANGUAGE plpgsql STABLE PARALLEL UNSAFE
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF NOT pg_has_role(owner, 'USAGE') THEN
		RAISE EXCEPTION 'must be owner of schema "%"', mart
			USING ERRCODE = 'insufficient_privilege';
	END IF;
	IF (SELECT u.rolsuper AND u.oid <> owner FROM pg_roles AS u WHERE u.rolname = current_user) THEN
		RAISE EXCEPTION 'superuser "%" cannot change schema "%" of role "%"', current_user, mart, pg_get_userbyid(owner)
			USING ERRCODE = 'insufficient_privilege',
				HINT = format('Run SET ROLE %I first.', pg_get_userbyid(owner));
	END IF;
END;
$$;
COMMENT ON FUNCTION _leakage.check_owner(name, oid) IS
	'refuses a caller who may not change a mart of this owner';

-- check_mart(mart, purpose)
--
-- The guard of every call, which runs it before anything else.
--	purpose		'read': the caller reads with mart_rows only
--				'lock': the caller only locks tables, before it checks again
--				'grant': the caller grants privileges, and neither reads nor writes
--				'load': the caller writes landing tables, and reads and writes the log of loads
--				'change': the caller reads and writes tables, and reads materialized views
--				'upgrade': the caller writes tables that an upgrade keeps, and drops the others
--				'drop': the caller drops relations
-- Errors: NULL (22004), no mart (3F000), not of the version of the extension (55000), not the owner,
-- or a superuser that has to SET ROLE (42501), others may create objects in the schema (42501), not
-- as leakage_create_mart made it (55000).
CREATE FUNCTION _leakage.check_mart(mart name, purpose text)
	RETURNS void
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	schema record;
	plain_owner boolean;	-- all that runs in this session has the rights of the owner only
	names name[];
	landing constant name[] := ARRAY(SELECT r.name FROM _leakage.mart_relations() AS r WHERE r.kind = 'landing');
	faults text[];
BEGIN
	IF mart IS NULL THEN
		RAISE EXCEPTION 'the schema of a mart must not be null'
			USING ERRCODE = 'null_value_not_allowed';
	END IF;
	SELECT n.oid, n.nspowner AS owner, n.nspacl AS acl
	INTO schema
	FROM pg_namespace AS n
	WHERE n.nspname = mart
		AND 2 = (
			SELECT count(*)
			FROM pg_class AS c
			WHERE c.relnamespace = n.oid
				AND c.relname IN ('mart_option', 'refresh_run')
				AND c.relkind = 'r');
	IF NOT FOUND THEN
		RAISE EXCEPTION 'schema "%" is not a leakage mart', mart
			USING ERRCODE = 'invalid_schema_name',
				HINT = format('Create it with CALL leakage_create_mart(%L).', mart);
	END IF;

	PERFORM _leakage.check_version(mart, purpose = 'upgrade');
	IF purpose = 'drop' THEN
		IF NOT pg_has_role(schema.owner, 'USAGE') THEN
			RAISE EXCEPTION 'must be owner of schema "%"', mart
				USING ERRCODE = 'insufficient_privilege';
		END IF;
	ELSIF purpose NOT IN ('read', 'load') THEN
		PERFORM _leakage.check_owner(mart, schema.owner);
	END IF;
	plain_owner := _leakage.session_is_of(schema.owner);
	IF purpose = 'lock' OR purpose = 'load' AND plain_owner THEN
		RETURN;
	END IF;
	IF purpose = 'load'
		AND EXISTS (SELECT FROM pg_roles AS u WHERE u.rolsuper AND u.rolname IN (session_user, current_user)) THEN
		RAISE EXCEPTION 'superuser "%" cannot load into schema "%" of role "%"', session_user, mart, pg_get_userbyid(schema.owner)
			USING ERRCODE = 'insufficient_privilege',
				HINT = 'Connect as that role, or as one that has INSERT on the landing tables.';
	END IF;

	IF purpose IN ('change', 'upgrade') AND NOT plain_owner THEN
		PERFORM _leakage.hold_still(mart, schema.oid);
	END IF;
	IF EXISTS (
		SELECT FROM aclexplode(schema.acl) AS a
		WHERE a.privilege_type = 'CREATE'
			AND a.grantee <> schema.owner) THEN
		RAISE EXCEPTION 'others than its owner may create objects in mart "%"', mart
			USING ERRCODE = 'insufficient_privilege',
				HINT = format('REVOKE CREATE ON SCHEMA %I from all but its owner.', mart);
	END IF;

	-- landing tables are the owner's affair where nobody reads them, or the owner does
	names := ARRAY(
		SELECT r.name
		FROM _leakage.mart_relations() AS r
		WHERE CASE purpose
				WHEN 'upgrade' THEN r.name IN ('load_log', 'skipped_row', 'mart_option', 'refresh_run')
				WHEN 'load' THEN r.kind = 'landing' OR r.name IN ('load_log', 'skipped_row')
				WHEN 'drop' THEN true
				ELSE r.kind <> 'landing' OR purpose = 'change' AND NOT plain_owner
			END
		ORDER BY r.place);
	faults := ARRAY(
		SELECT f.fault
		FROM _leakage.mart_faults(schema.oid, names) AS f
		WHERE f.part IN ('kind', 'owner')
			OR f.part = 'code' AND purpose <> 'drop'
			OR f.part = 'missing' AND purpose IN ('change', 'grant'));
	IF faults <> '{}' THEN
		RAISE EXCEPTION 'mart "%" is not as leakage_create_mart made it', mart
			USING ERRCODE = 'object_not_in_prerequisite_state',
				DETAIL = array_to_string(faults[1:5], E'\n') || CASE WHEN cardinality(faults) > 5 THEN E'\n...' ELSE '' END,
				HINT = CASE
					WHEN names && landing AND purpose IN ('change', 'load') AND NOT EXISTS (
						SELECT FROM _leakage.mart_faults(schema.oid, ARRAY(SELECT n FROM unnest(names) AS n WHERE n <> ALL (landing))))
					THEN format('Only role %I itself, logged in as that role, may use such landing tables.', pg_get_userbyid(schema.owner))
					ELSE 'Drop what was added, or move it to another schema, and restore what was replaced.'
				END;
	END IF;
END;
$$;
COMMENT ON FUNCTION _leakage.check_mart(name, text) IS
	'refuses what is not a mart, a caller who may not use it so, and a mart that holds something of its owner''s that would run';
