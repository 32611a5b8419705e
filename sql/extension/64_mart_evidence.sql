-- ---------------------------------------------------------------------------
-- Whether the numbers can be trusted: data quality, refused rows, health, reconciliation,
-- run log.  The reconciliation counts each total in two ways, from different relations.
-- ---------------------------------------------------------------------------

CREATE PROCEDURE _leakage.create_evidence(mart name)
	LANGUAGE plpgsql
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	CALL _leakage.create_dataset(mart, 'data_quality', 'file, rule',
		'how many rows of each file each cleaning rule applied to, and their share of the file',
		$sql$
			WITH
				rows_in AS (
					SELECT file, value AS rows
					FROM @mart@.file_count
					WHERE measure = 'rows_in')
			SELECT c.file, c.measure AS rule, c.value::bigint AS rows,
				coalesce(round(c.value / nullif(r.rows, 0), 4), 0)::numeric(9,4) AS share
			FROM @mart@.file_count AS c
				JOIN rows_in AS r USING (file)
			WHERE c.measure NOT LIKE 'amount%'
		$sql$);

	CALL _leakage.create_dataset(mart, 'rejected_rows', 'rejected_id',
		'the refused rows as they came, each with its reason',
		$sql$
			SELECT rejected_id, file, reason, msisdn, content
			FROM @mart@.rejected_row
		$sql$);

	CALL _leakage.create_dataset(mart, 'run_health', 'check_name, file',
		'whether the published run can be trusted: one row per check, with its value, limit, verdict, and advice',
		$sql$
			SELECT check_name, file, value, limit_value, verdict, advice
			FROM @mart@.health_check
		$sql$);

	CALL _leakage.create_dataset(mart, 'events', 'event_id',
		'changes that many users share in one week: one row per event, with its week, kind, factor, users, and money',
		$sql$
			SELECT u.event_id, w.week_number, w.week_start, u.event_kind AS kind,
				percentile_disc(0.5) WITHIN GROUP (ORDER BY u.event_factor)::numeric(9,4) AS factor,
				count(*) AS users, sum(u.event_money)::numeric(24,6) AS money
			FROM @mart@.scored_user AS u
				JOIN @mart@.mart_week AS w ON w.week_number = u.event_week
			WHERE u.event_id IS NOT NULL
			GROUP BY u.event_id, w.week_number, w.week_start, u.event_kind
		$sql$);

	-- The sums of the files have as many decimal places as the amounts of the files, and all are compared.
	CALL _leakage.create_dataset(mart, 'reconciliation', 'check_name',
		'each total counted in two ways; ok where they are equal to the last digit',
		$sql$
			WITH
				count_of AS (
					SELECT file, measure, value
					FROM @mart@.file_count),
				files AS (
					SELECT file,
						sum(value) FILTER (WHERE measure = 'rows_in') AS rows_in,
						sum(value) FILTER (WHERE measure = 'rows_accepted') AS accepted,
						sum(value) FILTER (WHERE measure = 'rows_refused') AS refused,
						sum(value) FILTER (WHERE measure = 'rows_duplicate') AS duplicates,
						(SELECT count(*) FROM @mart@.rejected_row AS r WHERE r.file = c.file) AS kept
					FROM count_of AS c
					GROUP BY file),
				money AS (
					SELECT
						sum(value) FILTER (WHERE measure = 'amount_in') AS amount_in,
						sum(value) FILTER (WHERE measure = 'amount_refused') AS refused,
						sum(value) FILTER (WHERE measure = 'amount_duplicate') AS duplicates,
						sum(value) FILTER (WHERE measure = 'amount_rounding') AS rounding,
						sum(value) FILTER (WHERE measure = 'amount_below_zero') AS below_zero,
						sum(value) FILTER (WHERE measure = 'amount_credits_in') AS credits_in,
						sum(value) FILTER (WHERE measure = 'amount_credits_netted') AS credits_netted,
						sum(value) FILTER (WHERE measure = 'amount_credits_refused') AS credits_refused,
						sum(value) FILTER (WHERE measure = 'amount_accepted') AS accepted,
						sum(value) FILTER (WHERE measure = 'amount_orphan') AS orphans
					FROM count_of
					WHERE file = 'revenue'),
				excluded AS (
					SELECT
						sum(value) FILTER (WHERE measure = 'users_excluded') AS users,
						sum(value) FILTER (WHERE measure = 'amount_excluded') AS revenue
					FROM count_of
					WHERE file = 'exclusion'),
				totals AS (
					SELECT count(*) AS users, sum(total_revenue) AS revenue, sum(expected_revenue) AS expected,
						sum(leakage) AS leakage,
						count(*) FILTER (WHERE leaked) AS leaked_users,
						count(*) FILTER (WHERE excluded) AS excluded_users,
						sum(total_revenue) FILTER (WHERE excluded) AS excluded_revenue,
						count(*) FILTER (WHERE NOT excluded AND payment_class IN ('weekly', 'regular', 'irregular', 'rarely_billed', 'never_billed')) AS classed_users,
						count(*) FILTER (WHERE excluded AND (leaked OR flagged OR withheld OR leakage <> 0 OR expected_revenue <> 0)) AS exclusion_faults,
						count(*) FILTER (WHERE gap <> expected_revenue - total_revenue) AS gap_faults,
						count(*) FILTER (
							WHERE total_revenue IS DISTINCT FROM @extschema@.actual_total(profile)
								OR expected_revenue IS DISTINCT FROM @extschema@.expected_total(profile)
								OR leakage IS DISTINCT FROM CASE WHEN leaked THEN (SELECT sum(l) FROM unnest(expected_leaks) AS l) ELSE 0 END) AS week_faults
					FROM @mart@.scored_user),
				weeks AS (
					SELECT sum(revenue) AS revenue, sum(expected_revenue) AS expected, sum(leakage) AS leakage
					FROM @mart@.user_weeks),
				subscribers AS (
					SELECT sum(subscribers) AS subscribers
					FROM @mart@.subscriber_cell),
				funnel AS (
					SELECT
						sum(users) FILTER (WHERE stage = 'Total') AS total,
						sum(users) FILTER (WHERE stage = 'Active') AS active,
						sum(users) FILTER (WHERE stage = 'Leakage') AS leaked
					FROM @mart@.funnel),
				blocks AS (
					SELECT
						sum(users) FILTER (WHERE counted = 'active_users') AS active,
						sum(users) FILTER (WHERE counted = 'leaked_users') AS leaked
					FROM @mart@.mv_kpi_blocks),
				checks AS (
					SELECT 'rows of ' || file || ' = accepted + refused + duplicates' AS check_name,
						rows_in AS left_value, accepted + refused + duplicates AS right_value
					FROM files
					UNION ALL
					SELECT 'refused rows of ' || file || ' = rows kept in rejected_rows', refused, kept
					FROM files
					UNION ALL
					SELECT 'revenue of the file = accepted + refused + duplicates + rounding + below zero',
						amount_in, accepted + refused + duplicates + rounding + below_zero
					FROM money
					UNION ALL
					SELECT 'credits of the file = netted + refused', credits_in, credits_netted + credits_refused
					FROM money
					UNION ALL
					SELECT 'accepted revenue = users + orphans', m.accepted, coalesce(u.revenue, 0) + m.orphans
					FROM money AS m, totals AS u
					UNION ALL
					SELECT 'revenue of users = of user_weeks', coalesce(u.revenue, 0), coalesce(w.revenue, 0)
					FROM totals AS u, weeks AS w
					UNION ALL
					SELECT 'users = weekly + regular + irregular + rarely billed + never billed + excluded', users, classed_users + excluded_users
					FROM totals
					UNION ALL
					SELECT 'excluded: users of the list = in users', x.users, u.excluded_users
					FROM excluded AS x, totals AS u
					UNION ALL
					SELECT 'excluded: revenue of the list = in users', x.revenue, coalesce(u.excluded_revenue, 0)
					FROM excluded AS x, totals AS u
					UNION ALL
					SELECT 'excluded: users who are judged = 0', exclusion_faults, 0
					FROM totals
					UNION ALL
					SELECT 'expected revenue of users = of user_weeks', coalesce(u.expected, 0), coalesce(w.expected, 0)
					FROM totals AS u, weeks AS w
					UNION ALL
					SELECT 'leakage of users = of user_weeks', coalesce(u.leakage, 0), coalesce(w.leakage, 0)
					FROM totals AS u, weeks AS w
					UNION ALL
					SELECT 'users whose weeks do not add up to them = 0', week_faults, 0
					FROM totals
					UNION ALL
					SELECT 'rows whose gap is not expected - actual = 0', gap_faults, 0
					FROM totals
					UNION ALL
					SELECT 'revenue of users = of ' || d.dataset, coalesce(u.revenue, 0), coalesce(d.revenue, 0)
					FROM totals AS u,
						(
							SELECT 'leakage_cube' AS dataset, sum(total_revenue) AS revenue FROM @mart@.mv_leakage_cube
							UNION ALL
							SELECT 'segment_leakage', sum(total_revenue) FROM @mart@.segment_leakage
							UNION ALL
							SELECT 'age_group_leakage', sum(total_revenue) FROM @mart@.mv_age_group_leakage
							UNION ALL
							SELECT 'weekly_trend', sum(total_revenue) FROM @mart@.mv_weekly_trend
							UNION ALL
							SELECT 'weeks', sum(total_revenue) FROM @mart@.mv_weeks
							UNION ALL
							SELECT 'revenue_split', sum(amount) FROM @mart@.revenue_split WHERE kind = 'Collected'
							UNION ALL
							SELECT 'kpi', sum(total_revenue) FROM @mart@.mv_kpi
							UNION ALL
							SELECT 'kpi_weeks', sum(total_revenue) FROM @mart@.mv_kpi_weeks) AS d
					UNION ALL
					SELECT 'leakage of users = of ' || d.dataset, coalesce(u.leakage, 0), coalesce(d.leakage, 0)
					FROM totals AS u,
						(
							SELECT 'leakage_cube' AS dataset, sum(leakage) AS leakage FROM @mart@.mv_leakage_cube
							UNION ALL
							SELECT 'segment_leakage', sum(leakage) FROM @mart@.segment_leakage
							UNION ALL
							SELECT 'age_group_leakage', sum(leakage) FROM @mart@.mv_age_group_leakage
							UNION ALL
							SELECT 'weekly_trend', sum(leakage) FROM @mart@.mv_weekly_trend
							UNION ALL
							SELECT 'revenue_split', sum(amount) FROM @mart@.revenue_split WHERE kind = 'Leaked'
							UNION ALL
							SELECT 'top_users', sum(leakage) FROM @mart@.mv_top_users
							UNION ALL
							SELECT 'top_user_weeks', sum(leakage) FROM @mart@.mv_top_user_weeks
							UNION ALL
							SELECT 'kpi', sum(leakage) FROM @mart@.mv_kpi
							UNION ALL
							SELECT 'kpi_weeks', sum(leakage) FROM @mart@.mv_kpi_weeks) AS d
					UNION ALL
					SELECT 'subscribers = accepted rows of crm', s.subscribers, f.accepted
					FROM subscribers AS s, files AS f
					WHERE f.file = 'crm'
					UNION ALL
					SELECT 'subscribers = total of the funnel', coalesce(s.subscribers, 0), coalesce(f.total, 0)
					FROM subscribers AS s, funnel AS f
					UNION ALL
					SELECT 'users = active of the funnel', u.users, coalesce(f.active, 0)
					FROM totals AS u, funnel AS f
					UNION ALL
					SELECT 'leaked users = leakage of the funnel', u.leaked_users, coalesce(f.leaked, 0)
					FROM totals AS u, funnel AS f
					UNION ALL
					SELECT 'users = of kpi_blocks', u.users, coalesce(b.active, 0)
					FROM totals AS u, blocks AS b
					UNION ALL
					SELECT 'leaked users = of kpi_blocks', u.leaked_users, coalesce(b.leaked, 0)
					FROM totals AS u, blocks AS b)
			SELECT check_name,
				coalesce(left_value, 0) AS left_value,
				coalesce(right_value, 0) AS right_value,
				coalesce(left_value, 0) - coalesce(right_value, 0) AS difference,
				coalesce(left_value, 0) = coalesce(right_value, 0) AS ok
			FROM checks
			WHERE EXISTS (SELECT FROM count_of)	-- no checks before the first refresh
		$sql$,
		'check_name, left_value::numeric(28,6) AS left_value, right_value::numeric(28,6) AS right_value,
		difference::double precision AS difference, ok');

	CALL _leakage.create_view(mart, 'reconciliation_faults', 'what does not reconcile; no rows if all is well',
		$sql$
			SELECT check_name, left_value, right_value, difference
			FROM @mart@.reconciliation
			WHERE NOT ok
		$sql$);

	CALL _leakage.create_view(mart, 'findings', 'what the users whom the last refresh withheld have in common, and the money if they leak; in no total',
		$sql$
			SELECT finding_id, reason, feature, value, seen, expected, money, verdict
			FROM @mart@.finding
		$sql$);

	CALL _leakage.create_view(mart, 'run_reasons', 'one row per successful refresh and reason: flagged and withheld users, and whether those who seem to leak look like leaks',
		$sql$
			SELECT l.run_id, r.reason, r.flagged, r.withheld, r.state,
				r.state = 'clean' AND l.fdr_credible AS credible
			FROM @mart@.refresh_run AS l
				CROSS JOIN LATERAL jsonb_to_recordset(l.reasons) AS r (reason text, flagged bigint, withheld bigint, state text)
		$sql$);

	CALL _leakage.create_view(mart, 'run_log', 'one row per successful refresh: when (UTC), how long, what came in and out, with which options and versions',
		$sql$
			SELECT run_id, started_at, finished_at,
				round(extract(epoch FROM finished_at - started_at), 3)::numeric(12,3) AS duration_seconds,
				crm_rows, device_rows, revenue_rows, users, user_weeks, leaked_users, total_revenue, leakage,
				@extschema@.leakage_model_method(model) AS model_method,
				options::text AS options,
				steps::text AS steps,
				extension_version, server_version, forced,
				coalesce(fdr_credible, false) AS fdr_credible,
				coalesce(
					(extension_version, options, @extschema@.leakage_model_method(model)) IS DISTINCT FROM
						lag((extension_version, options, @extschema@.leakage_model_method(model))) OVER (ORDER BY run_id)
					AND lag(run_id) OVER (ORDER BY run_id) IS NOT NULL, false) AS method_changed
			FROM @mart@.refresh_run
		$sql$);
END;
$$;
COMMENT ON PROCEDURE _leakage.create_evidence(name) IS
	'part of leakage_create_mart: data_quality, rejected_rows, run_health, events, reconciliation, run_log';
