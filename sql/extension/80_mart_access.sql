-- ---------------------------------------------------------------------------
-- Who may read a mart, and one user's case.
-- ---------------------------------------------------------------------------

-- CALL leakage_grant_bi(schema, role)
--
-- Lets a role read the published datasets of a mart and nothing else of it: USAGE on the schema
-- and SELECT on the plain views.
-- Errors: no such role (42704), public or a predefined role (42939), NULL (22004), and those of
-- check_mart (60_mart.sql).
CREATE PROCEDURE leakage_grant_bi(schema name, role name)
	LANGUAGE plpgsql
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	dataset name;
BEGIN
	PERFORM _leakage.check_mart(schema, 'grant');
	IF role IS NULL THEN
		RAISE EXCEPTION 'the role that is to read a mart must not be null'
			USING ERRCODE = 'null_value_not_allowed';
	END IF;

	-- the published datasets hold personal data; %I of public is the keyword
	IF role = 'public' OR role LIKE 'pg\_%' THEN
		RAISE EXCEPTION 'role name "%" is reserved', role
			USING ERRCODE = 'reserved_name',
				DETAIL = 'The published datasets hold personal data.',
				HINT = 'Name a role that you created for the readers of this mart.';
	END IF;
	EXECUTE format('GRANT USAGE ON SCHEMA %I TO %I', schema, role);
	FOR dataset IN
		SELECT r.name
		FROM _leakage.mart_relations() AS r
		WHERE r.kind IN ('detail', 'dataset', 'view')
	LOOP
		EXECUTE format('GRANT SELECT ON %I.%I TO %I', schema, dataset, role);
	END LOOP;
END;
$$;
COMMENT ON PROCEDURE leakage_grant_bi(name, name) IS
	'lets a role read the published datasets of a mart, and nothing else of it';

-- leakage_explain(schema, msisdn)
--
-- The case of one user, as rows to read out: what was expected, what came in, why
-- it is or is not leakage, how sure that is, and each week.
--	schema		name of the mart; the caller needs SELECT on its scored_user, mart_week,
--				and refresh_run
--	msisdn		the user, in any spelling that the cleaning rules accept
-- Result: (line, topic, fact); a single row that says so if the mart does not have the user.
-- NULL: no rows.
-- Errors: those of check_mart (60_mart.sql).
CREATE FUNCTION leakage_explain(schema name, msisdn text)
	RETURNS TABLE (line integer, topic text, fact text)
	LANGUAGE plpgsql STABLE STRICT PARALLEL UNSAFE ROWS 30
	SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
	wanted constant text := @extschema@.leakage_clean_id(leakage_explain.msisdn);
	fitted @extschema@.leakage_model;
	run_options jsonb;
	run_reasons jsonb;
	credible boolean;
	currency text;
	fdr text;
BEGIN
	PERFORM _leakage.check_mart(leakage_explain.schema, 'read');

	IF wanted IS NULL
		OR NOT EXISTS (SELECT FROM _leakage.mart_rows(schema, 'scored_user', wanted) AS u (msisdn text)) THEN
		RETURN QUERY
			SELECT 1, 'user'::text,
				format('%s has no CRM row with revenue in the last run of this mart', coalesce(wanted, 'the empty msisdn'));
		RETURN;
	END IF;

	SELECT r.model, r.options, r.reasons, r.fdr_credible
	INTO fitted, run_options, run_reasons, credible
	FROM _leakage.mart_rows(schema, 'refresh_run', NULL)
		AS r (run_id bigint, options jsonb, model @extschema@.leakage_model, reasons jsonb, fdr_credible boolean)
	ORDER BY r.run_id DESC
	LIMIT 1;
	currency := run_options ->> 'currency';
	fdr := run_options ->> 'fdr';

	RETURN QUERY
	WITH
		case_of AS MATERIALIZED (
			SELECT u.*, a.level,
				-- less than those of the assessment, where the planted control has lowered them
				CASE
					WHEN u.leak_probability < round(a.leak_probability::numeric, 12)
					THEN (u.leak_probability / (1 - u.leak_probability))::double precision
					ELSE a.odds
				END AS odds,
				(SELECT r ->> 'state' FROM jsonb_array_elements(run_reasons) AS r WHERE r ->> 'reason' = a.reason) AS state,
				a.own_share, a.expected_missing, a.method, a.p_missing, a.p_zero, a.p_drop, a.p_underbilled,
				a.reason AS likeliest, a.change_period, a.change_factor AS factor,
				a.event_period, a.event_factor
			FROM _leakage.mart_rows(schema, 'scored_user', wanted) AS u (
					msisdn text, gender text, age_group text, region text, segment text, mobile_type text,
					active_weeks integer, missing_weeks integer, zero_weeks integer,
					total_revenue numeric, expected_revenue numeric, gap numeric,
					leaked boolean, leakage numeric, leak_probability numeric, reason text, severity text, flagged boolean,
					expected_leak numeric, peer_group text, peers bigint, peer_level text, credibility numeric,
					payment_class text, withheld boolean,
					refused_rows bigint, event_id integer, excluded boolean, exclusion_reason text,
					profile @extschema@.leakage_profile, absent integer[], incomplete @extschema@.leakage_profile,
					known @extschema@.leakage_profile, expected_leaks numeric[], concerned boolean[])
				CROSS JOIN LATERAL @extschema@.leakage_assess(u.profile, fitted) AS a),
		week AS MATERIALIZED (
			SELECT w.week_number, p.period, p.present, p.concerned,
				p.actual::numeric(20,6) AS revenue,
				p.expected::numeric(20,6) AS expected_revenue,
				p.expected_leak::numeric(20,6) AS expected_leak
			FROM case_of AS c
				CROSS JOIN LATERAL @extschema@.leakage_periods(c.profile, c.expected_leaks, c.concerned, c.absent) AS p
				JOIN _leakage.mart_rows(schema, 'mart_week', NULL) AS w (period integer, week_number integer)
					ON w.period = p.period),
		-- 2147483647 is a week that could not be read
		incomplete AS MATERIALIZED (
			SELECT i.period
			FROM case_of AS c
				CROSS JOIN LATERAL @extschema@.periods(c.incomplete) AS i),
		known_weeks AS (
			SELECT string_agg(w.week_number::text, ', ' ORDER BY w.period) AS not_judged
			FROM case_of AS c
				CROSS JOIN LATERAL @extschema@.periods(c.known) AS k
				JOIN week AS w ON w.period = k.period
			WHERE w.expected_revenue = 0),
		known_factors AS (
			SELECT string_agg(format('%s in week%s %s', trim_scale(f.factor), CASE WHEN f.weeks > 1 THEN 's' END, f.list), '; ' ORDER BY f.first_period) AS factors
			FROM (
				SELECT k.actual AS factor, count(*) AS weeks, min(w.period) AS first_period,
					string_agg(w.week_number::text, ', ' ORDER BY w.period) AS list
				FROM case_of AS c
					CROSS JOIN LATERAL @extschema@.periods(c.known) AS k
					JOIN week AS w ON w.period = k.period
				WHERE k.present AND w.expected_revenue > 0
				GROUP BY k.actual) AS f),
		weeks_of AS (
			SELECT count(*) AS weeks,
				string_agg(w.week_number::text, ', ' ORDER BY w.period) FILTER (WHERE w.concerned) AS weeks_concerned
			FROM week AS w),
		facts AS (
			SELECT f.*
			FROM case_of AS c
				CROSS JOIN weeks_of AS o
				CROSS JOIN known_weeks AS k
				CROSS JOIN known_factors AS n
				CROSS JOIN LATERAL (
					VALUES
						(10, 'user', format('%s: %s, %s, %s, %s, %s', c.msisdn, c.gender, c.age_group, c.region, c.segment, c.mobile_type)),
						(20, 'verdict', CASE
							WHEN c.leaked THEN format('leaking: about %s %s, reason %s, severity %s', round(c.leakage, 2), currency, c.reason, c.severity)
							WHEN c.flagged THEN format('significant, but below the money floor or the tolerance: %s %s', round(c.expected_leak, 2), currency)
							WHEN c.withheld AND c.state = 'bulk' THEN format('withheld: too many users seem to leak by %s, so that may be how honest users are here', c.likeliest)
							WHEN c.withheld THEN format('withheld: some of the users who seem to leak by %s do not look like leaks', c.likeliest)
							WHEN c.excluded THEN format('excluded, so not judged: %s', c.exclusion_reason)
							WHEN c.payment_class = 'never_billed' THEN 'never billed: not judged'
							WHEN c.event_id IS NOT NULL THEN format('in event %s: the amounts of many users changed in week %s, this user''s to %s of what they were',
								c.event_id, (SELECT w.week_number FROM week AS w WHERE w.period = c.event_period), round(c.event_factor::numeric, 2))
							ELSE 'no leakage that can be told from chance' END),
						(30, 'how sure', format('probability of a leak %s %%, odds %s; %s',
							round(c.leak_probability * 100, 2),
							CASE
								WHEN c.odds >= 1 THEN round(least(c.odds, 1e9)::numeric, 1) || ' : 1'
								ELSE '1 : ' || round(least(1 / greatest(c.odds, 1e-9), 1e9)::numeric, 1)
							END,
							CASE
								WHEN credible IS NOT TRUE THEN 'for this run, no false discovery rate can be promised'
								WHEN c.state = 'clean' OR c.state IS NULL
								THEN format('users are flagged so that at most %s %% of them are false', round(fdr::numeric * 100, 1))
								WHEN c.state = 'few' THEN 'too few users seem to leak in this way to check how many of them are false'
								ELSE 'how many of the flagged users are false is in doubt'
							END)),
						(40, 'expected against actual', format('%s %s expected in %s weeks, %s %s came in: a gap of %s %s',
							round(c.expected_revenue, 2), currency, o.weeks, round(c.total_revenue, 2), currency, round(c.gap, 2), currency)),
						(50, 'peers', format('%s users%s; level used: %s (credibility of the group''s own experience %s)',
							c.peers, nullif(' of ' || c.peer_group, ' of '), c.peer_level, c.credibility)),
						(60, 'weeks', format('%s with a row, %s missing in between (%s expected), %s with zero revenue',
							c.active_weeks, c.missing_weeks, round(c.expected_missing::numeric, 2), c.zero_weeks)),
						(65, 'refused rows', CASE WHEN c.refused_rows > 0 THEN
							c.refused_rows || ': the weeks that they are in are no evidence'
							|| CASE WHEN EXISTS (SELECT FROM incomplete AS i WHERE i.period = 2147483647)
								THEN ', nor is a week without a row, because the week of a refused row cannot be read'
								ELSE '' END END),
						(66, 'weeks not judged', CASE
							WHEN c.excluded THEN 'all'
							ELSE k.not_judged || coalesce(': ' || c.exclusion_reason, '')
						END),
						(67, 'known events', 'expected revenue is multiplied by ' || n.factors),
						(70, 'own level', format('%s of what peers bring in; %s %% of that is the user''s own history',
							round(c.level::numeric, 2), round(c.own_share::numeric * 100, 0))),
						(80, 'why', CASE
							WHEN NOT c.flagged THEN 'nothing stands out'
							WHEN c.likeliest = 'missing_weeks' THEN format('%s of %s weeks between first and last have no row; %s would be usual', c.missing_weeks, o.weeks, round(c.expected_missing::numeric, 2))
							WHEN c.likeliest = 'zero_weeks' THEN format('%s of %s weeks have zero revenue', c.zero_weeks, c.active_weeks)
							WHEN c.likeliest = 'drop' THEN format('from week %s on revenue is %s of what it was',
								(SELECT w.week_number FROM week AS w WHERE w.period = c.change_period), round(c.factor::numeric, 2))
							ELSE format('revenue is %s of the user''s level throughout', round(c.factor::numeric, 2)) END),
						(90, 'the four reasons', format('missing weeks %s %%, zero weeks %s %%, drop %s %%, underbilled %s %%',
							round(c.p_missing::numeric * 100, 1), round(c.p_zero::numeric * 100, 1),
							round(c.p_drop::numeric * 100, 1), round(c.p_underbilled::numeric * 100, 1))),
						(100, 'weeks concerned', CASE WHEN c.flagged THEN o.weeks_concerned ELSE 'none' END),
						(110, 'method', c.method)) AS f (line, topic, fact)
			WHERE NOT (c.excluded AND f.topic IN ('how sure', 'own level', 'why', 'the four reasons', 'weeks concerned', 'method'))),
		weeks AS (
			SELECT (1000 + row_number() OVER (ORDER BY w.period))::integer AS line,
				CASE run_options ->> 'week_format' WHEN 'yyyymm' THEN 'month ' ELSE 'week ' END || w.week_number AS topic,
				format('%s expected, %s%s%s',
					round(w.expected_revenue, 2),
					CASE WHEN w.present THEN round(w.revenue, 2) || ' came in' ELSE 'no row' END,
					CASE WHEN c.leaked AND w.expected_leak > 0 THEN ', leaked about ' || round(w.expected_leak, 2) ELSE '' END,
					CASE
						WHEN EXISTS (SELECT FROM incomplete AS i WHERE i.period = w.period) THEN
							CASE run_options ->> 'credits' WHEN 'net' THEN '; a row was refused, or credits exceed the revenue: no evidence'
								ELSE '; a row was refused: no evidence' END
						WHEN NOT w.present AND EXISTS (SELECT FROM incomplete AS i WHERE i.period = 2147483647)
						THEN '; the week of a refused row cannot be read: no evidence'
						ELSE ''
					END) AS fact
			FROM week AS w, case_of AS c)
	SELECT f.line, f.topic, f.fact
	FROM facts AS f
	WHERE f.fact IS NOT NULL
	UNION ALL
	SELECT w.line, w.topic, w.fact
	FROM weeks AS w
	ORDER BY line;
END;
$$;
COMMENT ON FUNCTION leakage_explain(name, text) IS
	'the case of one user as rows to read out: verdict, confidence, expected against actual, peers, reason, weeks';
