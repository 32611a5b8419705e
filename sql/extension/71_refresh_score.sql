-- ---------------------------------------------------------------------------
-- Refresh, second half: expectation, model, assessment, decision, features. All
-- results come from functions that analysts can call themselves.
-- ---------------------------------------------------------------------------

-- stage_profile: the expected revenue of each user's weeks; mart_week: the weeks that exist.
CREATE PROCEDURE _leakage.expect_weeks(mart name, options jsonb)
	LANGUAGE plpgsql
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	peer_dimensions constant name[] := ARRAY(SELECT d::name FROM jsonb_array_elements_text(options -> 'peer_dimensions') AS d);
BEGIN
	EXECUTE _leakage.mart_sql(mart, $sql$
		CREATE UNLOGGED TABLE @mart@.stage_profile AS
		SELECT e.entity COLLATE "C" AS msisdn, e.profile, e.absent, e.peer_group, e.peers, e.peer_level, e.credibility
		FROM @extschema@.expected_profiles($1, name 'msisdn', name 'weeks', $2,
				($3 ->> 'peer_quantile')::double precision,
				($3 ->> 'min_peers')::integer,
				name 'known') AS e
	$sql$)
	USING format('%I.stage_subscriber', mart)::regclass, peer_dimensions, options;

	EXECUTE _leakage.mart_sql(mart, $sql$
		CREATE UNLOGGED TABLE @mart@.stage_excluded AS
		SELECT s.msisdn
		FROM @mart@.stage_subscriber AS s
		WHERE s.excluded;
		ANALYZE @mart@.stage_excluded;
	$sql$);

	-- A profile covers all weeks of the mart from its first to its last. So for each first week, the profile that
	-- extends furthest has all weeks.
	EXECUTE _leakage.mart_sql(mart, $sql$
		ANALYZE @mart@.stage_profile (msisdn);
		DELETE FROM @mart@.mart_week;
		INSERT INTO @mart@.mart_week (period, week_number, week_start, week_label)
		WITH
			longest AS (
				SELECT p.profile, p.absent
				FROM @mart@.stage_profile AS p
				WHERE p.ctid = ANY (ARRAY(
					SELECT DISTINCT ON (@extschema@.first_period(s.profile)) s.ctid
					FROM @mart@.stage_profile AS s
					ORDER BY @extschema@.first_period(s.profile), @extschema@.last_period(s.profile) DESC))),
			known AS (
				SELECT DISTINCT w.period
				FROM longest AS p
					CROSS JOIN LATERAL @extschema@.leakage_periods(p.profile, NULL::numeric[], NULL::boolean[], p.absent) AS w)
		SELECT k.period, w.week_number,
			_leakage.period_start(k.period, $1 ->> 'week_format', ($1 ->> 'year')::integer),
			CASE $1 ->> 'week_format' WHEN 'yyyymm' THEN 'Month ' ELSE 'Week ' END
				|| CASE $1 ->> 'week_format' WHEN 'week' THEN w.week_number::text ELSE format('%s-%s', w.week_number / 100, right(w.week_number::text, 2)) END
		FROM known AS k
			CROSS JOIN LATERAL _leakage.period_week(k.period, $1 ->> 'week_format') AS w (week_number);
		ANALYZE @mart@.mart_week	-- without it, the planner expects a hundred times as many weeks
	$sql$)
	USING options;
END;
$$;
COMMENT ON PROCEDURE _leakage.expect_weeks(name, jsonb) IS
	'part of leakage_refresh: expected revenue of each user and week, as the users'' profiles, and the weeks of the mart';

-- The model of a run, after as many rounds of leakage_fit as the options say.
CREATE FUNCTION _leakage.fit_mart(mart name, options jsonb)
	RETURNS @extschema@.leakage_model
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
	SET search_path = pg_catalog, pg_temp
	-- the planner does not know what a round costs
	SET parallel_setup_cost = 0
	SET parallel_tuple_cost = 0
AS $$
DECLARE
	model @extschema@.leakage_model;
BEGIN
	-- the sample is chosen by a hash of the key, so it does not depend on any order; all workers share its few pages.
	-- Users who are excluded say nothing.
	EXECUTE _leakage.mart_sql(mart, $sql$
		CREATE UNLOGGED TABLE @mart@.stage_sample WITH (parallel_workers = 2) AS
		SELECT p.profile
		FROM @mart@.stage_profile AS p
		WHERE p.ctid = ANY (ARRAY(	-- a join would process all profiles
			SELECT s.ctid
			FROM @mart@.stage_profile AS s
			WHERE NOT EXISTS (
				SELECT FROM @mart@.stage_excluded AS x
				WHERE x.msisdn = s.msisdn)
			ORDER BY sha256(convert_to(s.msisdn, getdatabaseencoding())), s.msisdn
			LIMIT $1))
	$sql$)
	USING (options ->> 'fit_sample')::bigint;

	FOR round IN 0 .. (options ->> 'fit_rounds')::integer LOOP
		EXECUTE _leakage.mart_sql(mart, $sql$
			SELECT @extschema@.leakage_fit(s.profile, $1)
			FROM @mart@.stage_sample AS s
		$sql$)
		INTO model
		USING model;
		EXIT WHEN model IS NULL OR @extschema@.leakage_model_method(model) = 'closed_form';
	END LOOP;
	EXECUTE _leakage.mart_sql(mart, 'DROP TABLE @mart@.stage_sample');
	RETURN model;
END;
$$;
COMMENT ON FUNCTION _leakage.fit_mart(name, jsonb) IS
	'part of leakage_refresh: the noise model, fitted to the users of the mart';

-- stage_user: attributes, features, and assessment of each user.
CREATE PROCEDURE _leakage.assess_users(mart name, options jsonb, model @extschema@.leakage_model)
	LANGUAGE plpgsql
	SET search_path = pg_catalog, pg_temp
	-- the planner does not know what an assessment costs
	SET parallel_setup_cost = 0
	SET parallel_tuple_cost = 0
AS $$
DECLARE
	activity_levels constant numeric[] := ARRAY(SELECT b::numeric FROM jsonb_array_elements_text(options -> 'activity_levels') AS b);
	revenue_bands constant numeric[] := ARRAY(SELECT b::numeric FROM jsonb_array_elements_text(options -> 'revenue_bands') AS b);
	some_year constant integer := coalesce(options ->> 'year', options ->> 'as_of_year');
	mart_weeks integer;
	as_of date;
BEGIN
	-- the day that ends the last week
	EXECUTE _leakage.mart_sql(mart, $sql$
		SELECT count(*), _leakage.period_start(max(period) + 1, $1 ->> 'week_format', $2) - 1
		FROM @mart@.mart_week
	$sql$)
	INTO mart_weeks, as_of
	USING options, some_year;

	-- workers compute what is here, but not what is computed while scored_user is filled
	EXECUTE _leakage.mart_sql(mart, $sql$
		CREATE UNLOGGED TABLE @mart@.stage_user AS
		WITH
			given (as_of, mart_weeks, activity_levels, revenue_bands, week_format, some_year, last_period) AS (
				SELECT $2, $3, $4, $5, $6, $7, (SELECT max(period) FROM @mart@.mart_week)),
			assessed AS (
				SELECT s.msisdn, s.gender, s.birth_year, s.age, s.age_group, s.age_group_order, s.region, s.segment,
					s.mobile_type, s.status, s.brand, s.model, s.os, s.activated_on, s.refused_rows, s.incomplete,
					s.excluded, s.exclusion_reason, s.known,
					@extschema@.first_period(p.profile) AS first_period,
					@extschema@.last_period(p.profile) AS last_period,
					@extschema@.active_periods(p.profile) AS active_weeks,
					@extschema@.actual_total(p.profile) AS total_revenue,
					round(@extschema@.actual_total(p.profile) / @extschema@.active_periods(p.profile), 6) AS average_weekly_revenue,
					@extschema@.expected_total(p.profile) AS expected_revenue,
					p.peer_group, p.peers, p.peer_level, p.credibility,
					p.profile, p.absent,
					@extschema@.leakage_assess(p.profile, $1) AS answer
				FROM @mart@.stage_profile AS p
					JOIN @mart@.stage_subscriber AS s USING (msisdn)
				OFFSET 0)	-- once per user, not once per column of the answer
		SELECT a.msisdn, a.gender, a.birth_year, a.age, a.age_group, a.age_group_order, a.region, a.segment,
			a.mobile_type, a.status, a.brand, a.model, a.os,
			CASE
				WHEN a.activated_on IS NOT NULL THEN greatest((v.as_of - a.activated_on) / 7, 0)
				ELSE (_leakage.period_start(a.last_period + 1, v.week_format, v.some_year)
					- _leakage.period_start(a.first_period, v.week_format, v.some_year)) / 7
			END AS tenure_weeks,
			first.week_number AS first_week, last.week_number AS last_week, a.active_weeks,
			(a.answer).missing_periods AS missing_weeks, (a.answer).zero_periods AS zero_weeks,
			width_bucket(a.active_weeks::numeric / v.mart_weeks, v.activity_levels) + 1 AS activity_level_order,
			a.total_revenue, a.average_weekly_revenue, a.average_weekly_revenue::double precision AS average,
			width_bucket(a.total_revenue, v.revenue_bands) AS revenue_band_order,
			a.expected_revenue,
			(a.answer).method,
			CASE WHEN NOT a.excluded THEN (a.answer).p_value END AS p_value,
			CASE WHEN a.excluded THEN 1 ELSE round((a.answer).p_no_leak::numeric, 12) END AS no_leak,
			CASE WHEN a.excluded THEN 1 ELSE round((a.answer).p_no_leak::numeric, 12) END AS own_no_leak,
			CASE WHEN a.excluded THEN 0 ELSE round((a.answer).score::numeric, 4) END AS leakage_score,
			(a.answer).reason,
			CASE WHEN a.excluded THEN 0 ELSE (a.answer).amount END AS amount,
			(a.answer).expected_leak, (a.answer).change_period, (a.answer).change_factor,
			a.peer_group, a.peers, a.peer_level, a.credibility,
			a.profile, a.absent, (a.answer).expected_leaks, (a.answer).concerned,
			CASE WHEN a.excluded THEN 'excluded' ELSE (a.answer).payment_class END AS payment_class,
			a.refused_rows, a.incomplete, a.excluded, a.exclusion_reason, a.known,
			(a.answer).event_period,
			CASE
				WHEN (a.answer).event_factor > 1 THEN 'rise'
				WHEN (a.answer).event_period > v.last_period - 2 THEN 'late'
				WHEN (a.answer).event_factor IS NOT NULL THEN 'drop'
			END AS event_kind,
			round((a.answer).event_factor::numeric, 4) AS event_factor, (a.answer).event_money
		FROM assessed AS a
			CROSS JOIN given AS v
			JOIN @mart@.mart_week AS first ON first.period = a.first_period
			JOIN @mart@.mart_week AS last ON last.period = a.last_period
	$sql$)
	USING model, as_of, mart_weeks, activity_levels, revenue_bands, options ->> 'week_format', some_year;
	EXECUTE _leakage.mart_sql(mart, 'DROP TABLE @mart@.stage_subscriber, @mart@.stage_profile, @mart@.stage_excluded');
END;
$$;
COMMENT ON PROCEDURE _leakage.assess_users(name, jsonb, @extschema@.leakage_model) IS
	'part of leakage_refresh: features, probability, reason and amount of each user, and the leaks of its weeks';

-- scored_user: the decision about each user, and the quarter of all users that the user is in.
--	reasons		those of the run, of control_candidates; completed with what was flagged and withheld
CREATE PROCEDURE _leakage.describe_users(mart name, options jsonb, INOUT reasons jsonb)
	LANGUAGE plpgsql
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	revenue_bands constant numeric[] := ARRAY(SELECT b::numeric FROM jsonb_array_elements_text(options -> 'revenue_bands') AS b);
	tenure_bands constant numeric[] := ARRAY(SELECT b::numeric FROM jsonb_array_elements_text(options -> 'tenure_bands') AS b);
	-- a label for each band, including the band below the first bound
	revenue_labels constant text[] := ARRAY(
		SELECT _leakage.band(b.value, revenue_bands, '0-' || trim_scale(revenue_bands[1]), false)
		FROM unnest(revenue_bands[1] - 1 || revenue_bands) WITH ORDINALITY AS b (value, n)
		ORDER BY b.n);
	tenure_labels constant text[] := ARRAY(
		SELECT _leakage.band(b.value, tenure_bands, '0-' || tenure_bands[1] - 1, true)
		FROM unnest(tenure_bands[1] - 1 || tenure_bands) WITH ORDINALITY AS b (value, n)
		ORDER BY b.n);
	-- A way to leak that too many users seem to leak in is more probably how honest users are here: nobody is reported
	-- for it.
	withheld_reasons constant text[] := ARRAY(
		SELECT r ->> 'reason' FROM jsonb_array_elements(reasons) AS r WHERE r ->> 'state' = 'bulk');
	most_no_leak numeric;
	most_p_value double precision;
	average_quartiles double precision[];
	third_quartile_weeks double precision;
	counts jsonb;
BEGIN
	-- The largest probability of no leak, and the largest p-value, at which users are flagged (docs/method.md).  Likelihood: the
	-- longest list whose mean probability of no leak is within the rate.  Closed form: Benjamini and Hochberg on the
	-- p-values, at half the rate because these are approximations.  In both, users who probably do not leak are never flagged.
	EXECUTE _leakage.mart_sql(mart, $sql$
		WITH
			candidates AS MATERIALIZED (
				SELECT no_leak, p_value
				FROM @mart@.stage_user
				WHERE (no_leak <= 0.5 OR p_value IS NOT NULL) AND reason <> ALL ($2)),
			listed AS (
				SELECT no_leak,
					sum(no_leak) OVER (ORDER BY no_leak) / count(*) OVER (ORDER BY no_leak) AS list_rate
				FROM candidates
				WHERE no_leak <= 0.5),
			tested AS (
				SELECT p_value,
					p_value::numeric * (SELECT count(*) FROM @mart@.stage_user WHERE NOT excluded) / count(*) OVER (ORDER BY p_value) AS bh_rate
				FROM candidates
				WHERE p_value IS NOT NULL)
		SELECT
			(SELECT max(no_leak) FROM listed WHERE list_rate <= $1),
			(SELECT max(p_value) FROM tested WHERE bh_rate <= $1 / 2)
	$sql$)
	INTO most_no_leak, most_p_value
	USING (options ->> 'fdr')::numeric, withheld_reasons;

	EXECUTE _leakage.mart_sql(mart, $sql$
		SELECT
			percentile_cont(ARRAY[0.25, 0.5, 0.75]) WITHIN GROUP (ORDER BY average),
			percentile_cont(0.75) WITHIN GROUP (ORDER BY active_weeks::double precision)
		FROM @mart@.stage_user
	$sql$)
	INTO average_quartiles, third_quartile_weeks;

	EXECUTE _leakage.mart_sql(mart, $sql$
		DELETE FROM @mart@.scored_user;
		INSERT INTO @mart@.scored_user
		WITH
			given (money_floor, tolerance, most_no_leak, most_p_value, average_quartiles, third_quartile_weeks,
				tenure_bands, tenure_labels, revenue_labels, use_sessions, withheld_reasons) AS NOT MATERIALIZED (
				SELECT ($1 ->> 'money_floor')::numeric, ($1 ->> 'tolerance')::numeric, $2, $3, $4, $5, $6, $7, $8, $9, $10),
			decisions AS (
				SELECT u.*,
					CASE
						WHEN u.no_leak > 0.5 OR u.reason = ANY (v.withheld_reasons) THEN false
						WHEN u.method = 'likelihood' THEN coalesce(u.no_leak <= v.most_no_leak, false)
						ELSE coalesce(u.p_value <= v.most_p_value, false)
					END AS flagged,
					u.reason = ANY (v.withheld_reasons) OR u.no_leak > u.own_no_leak AS doubtful,
					u.expected_leak > 0
						AND u.expected_leak >= v.money_floor
						AND u.expected_leak >= v.tolerance * u.expected_revenue AS material
				FROM @mart@.stage_user AS u, given AS v),
			features AS (
				SELECT d.*,
					d.own_no_leak <= 0.5 AND d.doubtful AND NOT d.flagged AS withheld,
					d.flagged AND d.material AS leaked,
					CASE
						WHEN NOT (d.flagged AND d.material) THEN 0
						WHEN d.expected_leak >= 0.5 * d.expected_revenue THEN 4
						WHEN d.expected_leak >= 0.3 * d.expected_revenue THEN 3
						WHEN d.expected_leak >= 0.15 * d.expected_revenue THEN 2
						ELSE 1
					END AS severity_order,
					width_bucket(d.tenure_weeks::numeric, v.tenure_bands) AS tenure_band_order,
					CASE
						WHEN d.average <= v.average_quartiles[1] THEN 1
						WHEN d.average <= v.average_quartiles[2] THEN 2
						WHEN d.average <= v.average_quartiles[3] THEN 3
						ELSE 4
					END AS quarter,
					d.active_weeks >= v.third_quartile_weeks AND d.average <= v.average_quartiles[1] AS high_usage_low_revenue
				FROM decisions AS d, given AS v),
			events AS (
				SELECT e.*, row_number() OVER (ORDER BY e.event_period, e.event_kind COLLATE "C") AS event_id
				FROM (
					SELECT DISTINCT u.event_period, u.event_kind
					FROM @mart@.stage_user AS u
					WHERE u.event_period IS NOT NULL) AS e)
		SELECT
			f.msisdn, f.gender, f.birth_year, f.age, f.age_group, f.age_group_order, f.region, f.segment,
			(ARRAY['Low', 'Medium', 'High', 'Very High'])[f.quarter], f.quarter,
			f.mobile_type, f.status, f.brand, f.model, f.os,
			f.tenure_weeks, v.tenure_labels[f.tenure_band_order + 1], f.tenure_band_order,
			f.first_week, f.last_week, f.active_weeks, f.missing_weeks, f.zero_weeks,
			(ARRAY['Low', 'Medium', 'High'])[f.activity_level_order], f.activity_level_order,
			CASE WHEN v.use_sessions THEN coalesce(g.usage, 0) ELSE f.active_weeks END,
			f.total_revenue, f.average_weekly_revenue,
			v.revenue_labels[f.revenue_band_order + 1], f.revenue_band_order,
			f.expected_revenue, f.expected_revenue - f.total_revenue,
			f.leaked, CASE WHEN f.leaked THEN f.expected_leak ELSE 0 END,
			f.leakage_score, 1 - f.no_leak,
			CASE WHEN f.leaked THEN f.reason ELSE 'none' END,
			(ARRAY['None', 'Low', 'Medium', 'High', 'Critical'])[f.severity_order + 1], f.severity_order,
			f.flagged, f.amount, f.expected_leak,
			CASE WHEN f.reason = 'drop' AND f.leaked THEN (
				SELECT w.week_number
				FROM @mart@.mart_week AS w
				WHERE w.period = f.change_period) END,
			CASE WHEN f.reason IN ('drop', 'underbilled') AND f.leaked THEN round(f.change_factor::numeric, 4) END,
			f.peer_group, f.peers, f.peer_level, f.credibility,
			f.high_usage_low_revenue, f.payment_class, f.withheld, f.refused_rows, f.excluded, f.exclusion_reason,
			e.event_id, (SELECT w.week_number FROM @mart@.mart_week AS w WHERE w.period = f.event_period),
			f.event_kind, f.event_factor, f.event_money,
			f.profile, f.absent, f.incomplete, f.known, f.expected_leaks, f.concerned
		FROM features AS f
			CROSS JOIN given AS v
			LEFT JOIN events AS e USING (event_period, event_kind)
			LEFT JOIN pg_temp.leakage_stage_usage AS g ON g.msisdn = f.msisdn
	$sql$)
	USING options, most_no_leak, most_p_value, average_quartiles, third_quartile_weeks, tenure_bands, tenure_labels, revenue_labels,
		EXISTS (SELECT FROM pg_temp.leakage_stage_usage WHERE msisdn IS NOT NULL), withheld_reasons;

	-- the reason of a user who is not reported is only in stage_user
	EXECUTE _leakage.mart_sql(mart, $sql$
		SELECT jsonb_agg(jsonb_build_object('reason', r ->> 'reason', 'state', r ->> 'state', 'flagged', c.flagged,
			'withheld', c.withheld, 'share', (r ->> 'share')::numeric) ORDER BY o.place)
		FROM jsonb_array_elements($1) WITH ORDINALITY AS o (r, place)
			CROSS JOIN LATERAL (
				SELECT count(*) FILTER (WHERE u.flagged) AS flagged, count(*) FILTER (WHERE u.withheld) AS withheld
				FROM @mart@.stage_user AS s
					JOIN @mart@.scored_user AS u USING (msisdn)
				WHERE s.own_no_leak <= 0.5 AND s.reason = r ->> 'reason') AS c
	$sql$)
	INTO reasons
	USING reasons;
	EXECUTE _leakage.mart_sql(mart, $sql$
		DROP TABLE @mart@.stage_user;
		ANALYZE @mart@.scored_user;
	$sql$);
	EXECUTE _leakage.mart_sql(mart, $sql$
		SELECT jsonb_build_object(
			'users_flagged_but_immaterial', count(*) FILTER (WHERE flagged AND NOT leaked),
			'users_withheld', count(*) FILTER (WHERE withheld),
			'users_in_events', count(*) FILTER (WHERE event_id IS NOT NULL),
			'users_never_billed', count(*) FILTER (WHERE payment_class = 'never_billed'))
		FROM @mart@.scored_user
	$sql$)
	INTO counts;
	CALL _leakage.keep_counts(mart, 'revenue', counts);
END;
$$;
COMMENT ON PROCEDURE _leakage.describe_users(name, jsonb, jsonb) IS
	'part of leakage_refresh: decision, leakage, and quarter of each user';
