-- ---------------------------------------------------------------------------
-- What leakage-load asks for, besides the guard (60_mart.sql): rows that it could
-- not load are counted, and a dry run has the cleaning rules count what they refuse.
-- ---------------------------------------------------------------------------

-- Adds the rows of skipped_row to the counts of their files, as refused ones, and to rejected_row.
CREATE PROCEDURE _leakage.count_skipped(mart name)
	LANGUAGE plpgsql
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	EXECUTE _leakage.mart_sql(mart, $sql$
		WITH
			skipped AS (
				SELECT s.landing_table AS file, s.reason, count(*) AS rows
				FROM @mart@.skipped_row AS s
					JOIN _leakage.mart_relations() AS r ON r.kind = 'landing' AND r.name = s.landing_table
				GROUP BY s.landing_table, s.reason)
		INSERT INTO @mart@.file_count AS c (file, measure, value)
		SELECT k.file, m.measure, sum(k.rows)
		FROM skipped AS k
			CROSS JOIN LATERAL unnest(ARRAY['rows_in', 'rows_refused', 'refused_' || k.reason]) AS m (measure)
		GROUP BY k.file, m.measure
		ON CONFLICT (file, measure) DO UPDATE SET value = c.value + excluded.value
	$sql$);
	EXECUTE _leakage.mart_sql(mart, $sql$
		INSERT INTO @mart@.rejected_row (rejected_id, file, reason, content)
		SELECT (SELECT coalesce(max(k.rejected_id), 0) FROM @mart@.rejected_row AS k)
				+ row_number() OVER (ORDER BY s.landing_table COLLATE "C", s.reason COLLATE "C", c.content COLLATE "C"),
			s.landing_table, s.reason, c.content
		FROM @mart@.skipped_row AS s
			JOIN _leakage.mart_relations() AS r ON r.kind = 'landing' AND r.name = s.landing_table
			CROSS JOIN LATERAL (
				SELECT jsonb_build_object('file', s.file_name, 'line', s.line, 'row', s.content)::text AS content) AS c
	$sql$);
END;
$$;
COMMENT ON PROCEDURE _leakage.count_skipped(name) IS
	'part of leakage_refresh: counts the rows that leakage-load could not load as refused';

-- What the cleaning rules refuse in the landing tables of a mart, in its file_count.  The mart is one that leakage-load
-- made for this, and takes back.
CREATE PROCEDURE _leakage.dry_run(mart name)
	LANGUAGE plpgsql
	SET search_path = pg_catalog, pg_temp
	SET client_min_messages = warning
AS $$
DECLARE
	options constant jsonb := _leakage.complete_options(_leakage.stored_options(mart));
BEGIN
	PERFORM _leakage.check_mart(mart, 'change');
	CALL _leakage.refuse_stages();
	CALL _leakage.clean_revenue(mart, options);
	CALL _leakage.clean_usage(mart, options);
	CALL _leakage.clean_crm(mart, options);
	CALL _leakage.clean_device(mart, options);
	CALL _leakage.clean_exclusion(mart, options);
	CALL _leakage.clean_known_event(mart, options);
END;
$$;
COMMENT ON PROCEDURE _leakage.dry_run(name) IS
	'part of leakage-load --dry-run: counts what the cleaning rules refuse';
