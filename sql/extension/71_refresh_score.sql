-- ---------------------------------------------------------------------------
-- Refresh, second half: expectation, model, assessment, decision, features.
-- Everything is computed by the functions that analysts call themselves.
-- ---------------------------------------------------------------------------

-- user_profile: what was expected of each user's weeks.
CREATE PROCEDURE leakage_expect_weeks(mart name, options jsonb)
	LANGUAGE plpgsql
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	peer_dimensions constant name[] := ARRAY(SELECT d::name FROM jsonb_array_elements_text(options -> 'peer_dimensions') AS d);
	fit_sample constant bigint := options ->> 'fit_sample';
BEGIN
	PERFORM @extschema@.leakage_enter_mart(mart);

	-- the sample is by a hash of the key, so it does not depend on any order
	DELETE FROM user_profile;
	INSERT INTO user_profile (msisdn, in_fit_sample, profile, absent, peer_group, peers, peer_level, credibility)
	SELECT e.entity,
		row_number() OVER (ORDER BY sha256(convert_to(e.entity, getdatabaseencoding())), e.entity COLLATE "C") <= fit_sample,
		e.profile, e.absent, e.peer_group, e.peers, e.peer_level, e.credibility
	FROM @extschema@.expected_profiles(
			format('%I.scoring_input', mart)::regclass,
			name 'msisdn', name 'weeks',
			peer_dimensions,
			(options ->> 'peer_quantile')::double precision,
			(options ->> 'min_peers')::integer) AS e;
	ANALYZE user_profile (msisdn, in_fit_sample);
END;
$$;
COMMENT ON PROCEDURE leakage_expect_weeks(name, jsonb) IS
	'part of leakage_refresh: expected revenue of each user and week, and the users'' profiles';

-- The model of a run: as many rounds of leakage_fit as the options say.
CREATE FUNCTION leakage_fit_mart(mart name, options jsonb)
	RETURNS @extschema@.leakage_model
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	model @extschema@.leakage_model;
BEGIN
	PERFORM @extschema@.leakage_enter_mart(mart);
	FOR round IN 0 .. (options ->> 'fit_rounds')::integer LOOP
		-- not SELECT INTO, which would forbid parallel workers
		EXECUTE '
			SELECT @extschema@.leakage_fit(p.profile, $1)
			FROM user_profile AS p
			WHERE p.in_fit_sample'
		INTO model
		USING model;
		EXIT WHEN model IS NULL OR @extschema@.leakage_model_method(model) = 'closed_form';
	END LOOP;
	RETURN model;
END;
$$;
COMMENT ON FUNCTION leakage_fit_mart(name, jsonb) IS
	'part of leakage_refresh: the noise model, fitted to the mart''s own users';

-- stage_assessment: each user's answers, with the decision at the false discovery rate.
CREATE PROCEDURE leakage_assess_users(mart name, options jsonb, model @extschema@.leakage_model)
	LANGUAGE plpgsql
	SET search_path = pg_catalog, pg_temp
	-- the planner takes a function in FROM to be run once, and so would see no use for workers
	SET parallel_setup_cost = 0
	SET parallel_tuple_cost = 0
AS $$
DECLARE
	fdr constant numeric := options ->> 'fdr';
	money_floor constant numeric := options ->> 'money_floor';
	tolerance constant numeric := options ->> 'tolerance';
BEGIN
	PERFORM @extschema@.leakage_enter_mart(mart);

	DROP TABLE IF EXISTS pg_temp.stage_answer, pg_temp.stage_assessment;
	CREATE TEMPORARY TABLE stage_answer ON COMMIT DROP AS
	SELECT p.msisdn, a.*,
		round(a.p_no_leak::numeric, 12) AS no_leak,
		@extschema@.expected_total(p.profile) AS expected_revenue
	FROM user_profile AS p
		CROSS JOIN LATERAL @extschema@.leakage_assess(p.profile, model) AS a;

	-- likelihood: the longest list whose mean probability of no leak is within the rate;
	-- closed form: Benjamini and Hochberg on the p-values, at half the rate because these are
	-- approximations (docs/method.md).  Nobody who more probably does not leak, in either.
	CREATE TEMPORARY TABLE stage_assessment ON COMMIT DROP AS
	WITH
		listed AS (
			SELECT msisdn, no_leak, method, p_value,
				sum(no_leak) OVER (ORDER BY no_leak) / count(*) OVER (ORDER BY no_leak) AS list_rate,
				CASE WHEN p_value IS NOT NULL
					THEN p_value::numeric * count(*) OVER () / count(*) OVER (ORDER BY p_value)
				END AS bh_rate
			FROM pg_temp.stage_answer),
		threshold AS (
			SELECT max(p_value) AS p_value
			FROM listed
			WHERE bh_rate <= fdr / 2),
		flagged AS (
			SELECT l.msisdn,
				CASE
					WHEN l.no_leak > 0.5 THEN false
					WHEN l.method = 'likelihood' THEN l.list_rate <= fdr
					ELSE coalesce(l.p_value <= t.p_value, false)
				END AS flagged
			FROM listed AS l
				CROSS JOIN threshold AS t)
	SELECT a.msisdn, a.no_leak, a.score, a.reason, a.amount, a.expected_leak, a.change_period, a.change_factor,
		a.missing_periods, a.zero_periods, a.expected_revenue, f.flagged,
		f.flagged
			AND a.expected_leak > 0
			AND a.expected_leak >= money_floor
			AND a.expected_leak >= tolerance * a.expected_revenue AS leaked
	FROM pg_temp.stage_answer AS a
		JOIN flagged AS f USING (msisdn);
	ANALYZE pg_temp.stage_assessment;

	DELETE FROM scored_profile;
	INSERT INTO scored_profile (msisdn, expected_leaks, concerned)
	SELECT msisdn, expected_leaks, concerned
	FROM pg_temp.stage_answer;
	ANALYZE scored_profile (msisdn);
END;
$$;
COMMENT ON PROCEDURE leakage_assess_users(name, jsonb, @extschema@.leakage_model) IS
	'part of leakage_refresh: probability, reason, amount and decision of each user, and the leaks of its weeks';

-- scored_user: features, expectation and leakage of each user.
CREATE PROCEDURE leakage_describe_users(mart name, options jsonb)
	LANGUAGE plpgsql
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	activity_levels constant numeric[] := ARRAY(SELECT b::numeric FROM jsonb_array_elements_text(options -> 'activity_levels') AS b);
	revenue_bands constant numeric[] := ARRAY(SELECT b::numeric FROM jsonb_array_elements_text(options -> 'revenue_bands') AS b);
	tenure_bands constant numeric[] := ARRAY(SELECT b::numeric FROM jsonb_array_elements_text(options -> 'tenure_bands') AS b);
	-- a label for each band, the one below the first included
	revenue_labels constant text[] := ARRAY(
		SELECT @extschema@.leakage_band(b.value, revenue_bands, '0-' || trim_scale(revenue_bands[1]), false)
		FROM unnest(revenue_bands[1] - 1 || revenue_bands) WITH ORDINALITY AS b (value, n)
		ORDER BY b.n);
	tenure_labels constant text[] := ARRAY(
		SELECT @extschema@.leakage_band(b.value, tenure_bands, '0-' || tenure_bands[1] - 1, true)
		FROM unnest(tenure_bands[1] - 1 || tenure_bands) WITH ORDINALITY AS b (value, n)
		ORDER BY b.n);
	base_year constant integer := coalesce(options ->> 'year', options ->> 'as_of_year')::integer;
	yyyyww constant boolean := options ->> 'week_format' = 'yyyyww';
	use_sessions boolean;
	mart_weeks integer;
	as_of date;
BEGIN
	PERFORM @extschema@.leakage_enter_mart(mart);

	-- the Sunday that ends the last week
	SELECT count(*),
		CASE
			WHEN yyyyww THEN max(week_start) + 6
			ELSE @extschema@.leakage_week_start(base_year, 1) + 7 * (max(week_number) - 1) + 6
		END
	INTO mart_weeks, as_of
	FROM mart_week;
	SELECT EXISTS (SELECT FROM pg_temp.stage_usage) INTO use_sessions;

	DELETE FROM scored_user;
	INSERT INTO scored_user
	WITH
		weeks AS (
			SELECT msisdn,
				@extschema@.first_period(weeks) AS first_period, @extschema@.last_period(weeks) AS last_period,
				@extschema@.active_periods(weeks) AS active_weeks,
				@extschema@.actual_total(weeks) AS total_revenue
			FROM subscriber),
		totals AS (
			SELECT w.*,
				f.week_number AS first_week, l.week_number AS last_week,
				round(w.total_revenue / w.active_weeks, 6) AS average_weekly_revenue
			FROM weeks AS w
				JOIN mart_week AS f ON f.period = w.first_period
				JOIN mart_week AS l ON l.period = w.last_period),
		quartiles AS (
			SELECT
				percentile_cont(ARRAY[0.25, 0.5, 0.75]) WITHIN GROUP (ORDER BY average_weekly_revenue::double precision) AS average,
				percentile_cont(0.75) WITHIN GROUP (ORDER BY active_weeks::double precision) AS weeks
			FROM totals),
		features AS (
			SELECT s.msisdn, s.gender, s.birth_year, s.age, s.age_group, s.age_group_order, s.region, s.segment,
				s.mobile_type, s.status, s.brand, s.model, s.os, t.first_week, t.last_week, t.active_weeks, t.total_revenue, t.average_weekly_revenue,
				CASE
					WHEN s.activated_on IS NOT NULL THEN greatest((as_of - s.activated_on) / 7, 0)
					ELSE t.last_period - t.first_period + 1
				END AS tenure_weeks,
				width_bucket(t.active_weeks::numeric / mart_weeks, activity_levels) + 1 AS activity_order,
				CASE WHEN use_sessions THEN coalesce(g.usage, 0) ELSE t.active_weeks END AS usage,
				CASE
					WHEN t.average_weekly_revenue::double precision <= q.average[1] THEN 1
					WHEN t.average_weekly_revenue::double precision <= q.average[2] THEN 2
					WHEN t.average_weekly_revenue::double precision <= q.average[3] THEN 3
					ELSE 4
				END AS quarter,
				t.active_weeks >= q.weeks
					AND t.average_weekly_revenue::double precision <= q.average[1] AS high_usage_low_revenue
			FROM subscriber AS s
				JOIN totals AS t ON t.msisdn = s.msisdn
				LEFT JOIN pg_temp.stage_usage AS g ON g.msisdn = s.msisdn
				CROSS JOIN quartiles AS q),
		shares AS (
			SELECT a.*,
				CASE WHEN a.leaked THEN a.expected_leak ELSE 0 END AS leakage,
				CASE
					WHEN NOT a.leaked THEN 0
					WHEN a.expected_leak >= 0.5 * a.expected_revenue THEN 4
					WHEN a.expected_leak >= 0.3 * a.expected_revenue THEN 3
					WHEN a.expected_leak >= 0.15 * a.expected_revenue THEN 2
					ELSE 1
				END AS severity_order
			FROM pg_temp.stage_assessment AS a)
	SELECT
		f.msisdn, f.gender, f.birth_year, f.age, f.age_group, f.age_group_order, f.region, f.segment,
		(ARRAY['Low', 'Medium', 'High', 'Very High'])[f.quarter], f.quarter,
		f.mobile_type, f.status, f.brand, f.model, f.os,
		f.tenure_weeks,
		tenure_labels[width_bucket(f.tenure_weeks::numeric, tenure_bands) + 1],
		width_bucket(f.tenure_weeks::numeric, tenure_bands),
		f.first_week, f.last_week, f.active_weeks, a.missing_periods, a.zero_periods,
		(ARRAY['Low', 'Medium', 'High'])[f.activity_order], f.activity_order,
		f.usage, f.total_revenue, f.average_weekly_revenue,
		revenue_labels[width_bucket(f.total_revenue, revenue_bands) + 1],
		width_bucket(f.total_revenue, revenue_bands),
		a.expected_revenue, a.expected_revenue - f.total_revenue,
		a.leaked, a.leakage, round(a.score::numeric, 4), 1 - a.no_leak,
		CASE WHEN a.leaked THEN a.reason ELSE 'none' END,
		(ARRAY['None', 'Low', 'Medium', 'High', 'Critical'])[a.severity_order + 1], a.severity_order,
		a.flagged, a.amount, a.expected_leak,
		CASE WHEN a.reason = 'drop' AND a.leaked THEN (
			SELECT w.week_number
			FROM mart_week AS w
			WHERE w.period = a.change_period) END,
		CASE WHEN a.reason IN ('drop', 'underbilled') AND a.leaked THEN round(a.change_factor::numeric, 4) END,
		p.peer_group, p.peers, p.peer_level, p.credibility,
		f.high_usage_low_revenue
	FROM features AS f
		JOIN shares AS a ON a.msisdn = f.msisdn
		JOIN user_profile AS p ON p.msisdn = f.msisdn;
	ANALYZE scored_user;

	INSERT INTO file_count (file, measure, value)
	SELECT 'revenue', 'users_flagged_but_immaterial', count(*) FILTER (WHERE flagged AND NOT leaked)
	FROM scored_user;
END;
$$;
COMMENT ON PROCEDURE leakage_describe_users(name, jsonb) IS
	'part of leakage_refresh: features, expectation and leakage of each user';
