-- ---------------------------------------------------------------------------
-- Whether a run is fit to be published (docs/rules.md, section 5).
--
-- The checks run once the landing tables are cleaned and joined, before the steps
-- that cost most.  Each check is one row of health_check, with a verdict:
--	ok		nothing to do
--	look	the run is published; somebody should have a look
--	bad		the run is not published, unless the caller forces it
--
-- All values come from counts that add up over rows and users, in whole numbers or
-- exact amounts.  So they are the same for any plan, number of workers, and shard.
--
-- Small numbers prove nothing: a check about rows or users fails only from 10 of
-- them on.
-- ---------------------------------------------------------------------------

-- The verdict on a share with a limit: above the limit it is bad, above half of it somebody should look.
--	found	how many rows or users it rests on
CREATE FUNCTION _leakage.share_verdict(value numeric, limit_value numeric, found numeric)
	RETURNS text
	LANGUAGE sql IMMUTABLE PARALLEL SAFE
	SET search_path = pg_catalog, pg_temp
AS $$
	SELECT CASE
			WHEN found < 10 THEN 'ok'
			WHEN value > limit_value THEN 'bad'
			WHEN value > limit_value / 2 AND limit_value < 1 THEN 'look'
			ELSE 'ok'
		END;
$$;
COMMENT ON FUNCTION _leakage.share_verdict(numeric, numeric, numeric) IS
	'part of leakage_refresh: verdict of a health check on a share';

-- Writes one check.
CREATE PROCEDURE _leakage.keep_check(mart name, check_name text, file text, value numeric, limit_value numeric, verdict text, advice text)
	LANGUAGE plpgsql
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	EXECUTE _leakage.mart_sql(mart, $sql$
		INSERT INTO @mart@.health_check (check_name, file, value, limit_value, verdict, advice)
		VALUES ($1, $2, $3, $4, $5, CASE WHEN $5 = 'ok' THEN '' ELSE $6 END)
	$sql$)
	USING check_name, file, value, limit_value, verdict, advice;
END;
$$;
COMMENT ON PROCEDURE _leakage.keep_check(name, text, text, numeric, numeric, text, text) IS
	'part of leakage_refresh: writes a health check';

-- What to do about rows that are refused for this reason.
CREATE FUNCTION _leakage.refusal_advice(reason text)
	RETURNS text
	LANGUAGE sql IMMUTABLE PARALLEL SAFE
	SET search_path = pg_catalog, pg_temp
AS $$
	SELECT CASE
			WHEN reason LIKE 'week\_%' THEN 'Does the option week_format say how the weeks are written?'
			WHEN reason = 'amount_not_numeric' THEN 'Amounts need a decimal point, and neither separators of thousands nor a currency sign.'
			WHEN reason = 'amount_negative' THEN 'Does the file have credits?'
			WHEN reason LIKE 'msisdn\_%' THEN 'Are the columns in their places, and are there empty lines?'
			ELSE 'The view rejected_rows has these rows.'
		END;
$$;
COMMENT ON FUNCTION _leakage.refusal_advice(text) IS
	'part of leakage_refresh: what to do about refused rows';

-- refused_rows: how much of each file that has rows was refused.
CREATE PROCEDURE _leakage.check_refused(mart name, options jsonb)
	LANGUAGE plpgsql
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	EXECUTE _leakage.mart_sql(mart, $sql$
		INSERT INTO @mart@.health_check (check_name, file, value, limit_value, verdict, advice)
		SELECT 'refused_rows', f.file, f.value, $1, v.verdict,
			CASE WHEN v.verdict = 'ok' THEN ''
				ELSE format('Most frequent reason: %s (%s rows). %s', r.reason, r.rows, _leakage.refusal_advice(r.reason))
			END
		FROM (
			SELECT i.file, c.value AS refused, c.value / i.value AS value
			FROM @mart@.file_count AS i
				JOIN @mart@.file_count AS c ON c.file = i.file AND c.measure = 'rows_refused'
			WHERE i.measure = 'rows_in'
				AND i.value > 0) AS f
			CROSS JOIN LATERAL _leakage.share_verdict(f.value, $1, f.refused) AS v (verdict)
			LEFT JOIN LATERAL (
				SELECT substr(c.measure, length('refused_') + 1) AS reason, c.value AS rows
				FROM @mart@.file_count AS c
				WHERE c.file = f.file
					AND c.measure LIKE 'refused\_%'
				ORDER BY c.value DESC, c.measure COLLATE "C"
				LIMIT 1) AS r ON true
	$sql$)
	USING (options ->> 'max_refused_share')::numeric;
END;
$$;
COMMENT ON PROCEDURE _leakage.check_refused(name, jsonb) IS
	'part of leakage_refresh: the health check refused_rows';

-- In what form of identifiers the revenue file and the CRM file differ, as a sentence; NULL: in none that is known.
-- It reads all identifiers of the CRM, so it is for a run that has failed already.
CREATE FUNCTION _leakage.different_ids(mart name)
	RETURNS text
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	counts constant text := $sql$
		SELECT ARRAY[
				count(*) FILTER (WHERE i.msisdn LIKE '+%%'),
				count(*) FILTER (WHERE i.msisdn LIKE '%% %%'),
				count(*) FILTER (WHERE i.msisdn LIKE '00%%'),
				count(*) FILTER (WHERE i.msisdn LIKE '%%.0'),
				count(*) FILTER (WHERE i.msisdn LIKE '%%e+%%'),
				count(*) FILTER (WHERE i.msisdn ~ '^"|"$')],
			count(*)
		FROM (%s) AS i
	$sql$;
	form text;
	of_revenue bigint[];
	of_crm bigint[];
	users bigint;
	rows bigint;
BEGIN
	EXECUTE format(counts, 'SELECT msisdn FROM pg_temp.leakage_stage_revenue WHERE msisdn IS NOT NULL')
	INTO of_revenue, users;
	EXECUTE format(counts, _leakage.mart_sql(mart, 'SELECT @extschema@.leakage_clean_id(msisdn) COLLATE "C" AS msisdn FROM @mart@.crm'))
	INTO of_crm, rows;

	-- one file has it in most identifiers, the other in few
	SELECT format('msisdn %s in %s, but not in %s. Load both with the same identifiers.', f.form,
		CASE WHEN of_revenue[f.n] * 2 > users THEN 'revenue' ELSE 'crm' END,
		CASE WHEN of_revenue[f.n] * 2 > users THEN 'crm' ELSE 'revenue' END)
	INTO form
	FROM unnest(ARRAY['begin with +', 'contain blanks', 'begin with 00', 'end with .0', 'are in scientific notation', 'are in quotes'])
		WITH ORDINALITY AS f (form, n)
	WHERE of_revenue[f.n] * 2 > users AND of_crm[f.n] * 10 < rows
		OR of_crm[f.n] * 2 > rows AND of_revenue[f.n] * 10 < users
	ORDER BY f.n
	LIMIT 1;
	RETURN form;
END;
$$;
COMMENT ON FUNCTION _leakage.different_ids(name) IS
	'part of leakage_refresh: how identifiers of revenue and crm differ';

-- orphan_revenue: how much of the accepted revenue has no CRM row.  There are operators whose CRM never has everybody, so
-- the limit is on what is more than in the last run.  Before the first run that has users, only files that mostly do
-- not fit together are refused.
CREATE PROCEDURE _leakage.check_orphans(mart name, options jsonb)
	LANGUAGE plpgsql
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	max_share constant numeric := options ->> 'max_orphan_share';
	last_share numeric;
	refused_above numeric;
	share numeric;
	users numeric;
	verdict text;
BEGIN
	EXECUTE _leakage.mart_sql(mart, $sql$
		SELECT coalesce(
				sum(value) FILTER (WHERE measure = 'amount_orphan')
					/ nullif(sum(value) FILTER (WHERE measure = 'amount_accepted'), 0),
				0),
			sum(value) FILTER (WHERE measure = 'orphan_users')
		FROM @mart@.file_count
		WHERE file = 'revenue'
	$sql$)
	INTO share, users;
	EXECUTE _leakage.mart_sql(mart, $sql$
		SELECT h.value
		FROM @mart@.mv_run_health AS h
		WHERE h.check_name = 'orphan_revenue'
			AND (
				SELECT r.users
				FROM @mart@.refresh_run AS r
				ORDER BY r.run_id DESC
				LIMIT 1) > 0
	$sql$)
	INTO last_share;
	-- a run that was forced is no excuse for files that mostly do not fit together
	refused_above := CASE
		WHEN last_share IS NULL THEN greatest(max_share, 0.5)
		ELSE least(max_share + least(last_share, 0.5), 1)
	END;
	verdict := _leakage.share_verdict(share, refused_above, users);
	IF verdict = 'ok' AND users >= 10 AND share > max_share THEN
		verdict := 'look';
	END IF;
	CALL _leakage.keep_check(mart, 'orphan_revenue', 'revenue', share, max_share, verdict,
		format('%s users with revenue have no CRM row. ', users) || coalesce(
			CASE WHEN verdict = 'bad' THEN _leakage.different_ids(mart) END,
			'Is the CRM file complete? The option max_orphan_share sets the limit.'));
END;
$$;
COMMENT ON PROCEDURE _leakage.check_orphans(name, jsonb) IS
	'part of leakage_refresh: the health check orphan_revenue';

-- fewer_users, less_revenue: how much is missing of what the last run published; 0 where there is not less.
CREATE PROCEDURE _leakage.check_decline(mart name, options jsonb)
	LANGUAGE plpgsql
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	EXECUTE _leakage.mart_sql(mart, $sql$
		INSERT INTO @mart@.health_check (check_name, file, value, limit_value, verdict, advice)
		WITH
			last_run AS (
				SELECT r.users, r.total_revenue AS revenue
				FROM @mart@.refresh_run AS r
				ORDER BY r.run_id DESC
				LIMIT 1),
			this_run AS (
				SELECT (SELECT count(*) FROM @mart@.stage_subscriber) AS users,
					sum(c.value) FILTER (WHERE c.measure = 'amount_accepted')
						- sum(c.value) FILTER (WHERE c.measure = 'amount_orphan') AS revenue
				FROM @mart@.file_count AS c
				WHERE c.file = 'revenue'),
			declines AS (
				SELECT 'fewer_users' AS check_name, 'users' AS what, greatest(1 - t.users::numeric / nullif(l.users, 0), 0) AS value,
					l.users - t.users AS found, t.users::numeric AS now, l.users::numeric AS before
				FROM this_run AS t
					LEFT JOIN last_run AS l ON true
				UNION ALL
				SELECT 'less_revenue', 'revenue', greatest(1 - t.revenue / nullif(l.revenue, 0), 0),
					l.users, round(t.revenue, 2), round(l.revenue, 2)
				FROM this_run AS t
					LEFT JOIN last_run AS l ON true)
		SELECT d.check_name, 'revenue', d.value, $1, v.verdict,
			CASE WHEN v.verdict = 'ok' THEN ''
				ELSE format('%s: %s, and %s in the last run. Are all files loaded?', initcap(d.what), d.now, d.before)
			END
		FROM declines AS d
			CROSS JOIN LATERAL _leakage.share_verdict(d.value, $1, coalesce(d.found, 0)) AS v (verdict)
	$sql$)
	USING (options ->> 'max_decline_share')::numeric;
END;
$$;
COMMENT ON PROCEDURE _leakage.check_decline(name, jsonb) IS
	'part of leakage_refresh: the health checks fewer_users and less_revenue';

-- unknown_entries: how many rows of the lists exclusion and known_event are for users or values that this delivery does not have.
CREATE PROCEDURE _leakage.check_known(mart name)
	LANGUAGE plpgsql
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	EXECUTE _leakage.mart_sql(mart, $sql$
		INSERT INTO @mart@.health_check (check_name, file, value, limit_value, verdict, advice)
		SELECT 'unknown_entries', c.file, c.value, 0,
			CASE WHEN c.value > 0 THEN 'look' ELSE 'ok' END,
			CASE WHEN c.value > 0
				THEN format('%s rows of %s have no effect, because no user is meant. Are they written as in the files?', c.value, c.file)
				ELSE ''
			END
		FROM @mart@.file_count AS c
			JOIN @mart@.file_count AS i ON i.file = c.file AND i.measure = 'rows_in'
		WHERE c.measure IN ('msisdn_unknown', 'value_unknown')
			AND i.value > 0
	$sql$);
END;
$$;
COMMENT ON PROCEDURE _leakage.check_known(name) IS
	'part of leakage_refresh: the health check unknown_entries';

-- The verdicts in words, such as "14 ok, 1 look".
CREATE FUNCTION _leakage.health_summary(mart name)
	RETURNS text
	LANGUAGE plpgsql STABLE PARALLEL UNSAFE
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	summary text;
BEGIN
	EXECUTE _leakage.mart_sql(mart, $sql$
		SELECT string_agg(v.checks || ' ' || v.verdict, ', ' ORDER BY v.verdict COLLATE "C" DESC)
		FROM (
			SELECT h.verdict, count(*) AS checks
			FROM @mart@.health_check AS h
			GROUP BY h.verdict) AS v
	$sql$)
	INTO summary;
	RETURN summary;
END;
$$;
COMMENT ON FUNCTION _leakage.health_summary(name) IS
	'part of leakage_refresh: how many health checks have each verdict';

-- Makes all checks.  Raises an error if one is bad and the run is not forced.  Returns whether it was forced in spite of one.
CREATE FUNCTION _leakage.check_health(mart name, options jsonb, force boolean)
	RETURNS boolean
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	bad boolean;
	found_faults text;
BEGIN
	EXECUTE _leakage.mart_sql(mart, 'DELETE FROM @mart@.health_check');
	CALL _leakage.check_refused(mart, options);
	CALL _leakage.check_orphans(mart, options);
	CALL _leakage.check_decline(mart, options);
	CALL _leakage.check_contents(mart, options);
	CALL _leakage.check_known(mart);
	EXECUTE _leakage.mart_sql(mart, $sql$
		UPDATE @mart@.health_check AS h
		SET verdict = 'look'
		WHERE h.verdict = 'bad'
			AND $1 ? h.check_name
	$sql$)
	USING options -> 'tolerated_checks';

	EXECUTE _leakage.mart_sql(mart, $sql$
		SELECT coalesce(bool_or(h.verdict = 'bad'), false),
			string_agg(format('%s: %s of %s is %s, and the limit is %s. %s', h.verdict, h.check_name, h.file,
				trim_scale(h.value), trim_scale(h.limit_value), h.advice), E'\n'
				ORDER BY h.verdict COLLATE "C", h.check_name COLLATE "C", h.file COLLATE "C")
		FROM @mart@.health_check AS h
		WHERE h.verdict <> 'ok'
	$sql$)
	INTO bad, found_faults;
	IF bad AND NOT force THEN
		RAISE EXCEPTION 'the data of mart "%" are not fit to be published', mart
			USING ERRCODE = 'data_exception',
				DETAIL = found_faults,
				HINT = format('The last run stays in place. To publish this one nevertheless: CALL leakage_refresh(%L, force => true).', mart);
	END IF;
	RETURN bad;
END;
$$;
COMMENT ON FUNCTION _leakage.check_health(name, jsonb, boolean) IS
	'part of leakage_refresh: refuses a run that is not fit to be published';
