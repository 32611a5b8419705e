-- ---------------------------------------------------------------------------
-- Refresh, second half: expectation, model, assessment, decision, features.
-- Everything is computed by the functions that analysts call themselves.
-- ---------------------------------------------------------------------------

-- stage_profile: what was expected of each user's weeks; mart_week: which weeks there are.
CREATE PROCEDURE _leakage.expect_weeks(mart name, options jsonb)
	LANGUAGE plpgsql
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	peer_dimensions constant name[] := ARRAY(SELECT d::name FROM jsonb_array_elements_text(options -> 'peer_dimensions') AS d);
	year constant integer := options ->> 'year';
	yyyyww constant boolean := options ->> 'week_format' = 'yyyyww';
BEGIN
	PERFORM _leakage.enter_mart(mart);

	CREATE UNLOGGED TABLE stage_profile AS
	SELECT e.entity COLLATE "C" AS msisdn, e.profile, e.absent, e.peer_group, e.peers, e.peer_level, e.credibility
	FROM @extschema@.expected_profiles(
			format('%I.stage_subscriber', mart)::regclass,
			name 'msisdn', name 'weeks',
			peer_dimensions,
			(options ->> 'peer_quantile')::double precision,
			(options ->> 'min_peers')::integer) AS e;
	ANALYZE stage_profile (msisdn);

	-- a profile has all weeks of the mart from its first to its last: so does, for a first week, the one that goes on longest
	DELETE FROM mart_week;
	INSERT INTO mart_week (period, week_number, week_start)
	WITH
		longest AS (
			SELECT p.profile, p.absent
			FROM stage_profile AS p
			WHERE p.ctid = ANY (ARRAY(
				SELECT DISTINCT ON (@extschema@.first_period(s.profile)) s.ctid
				FROM stage_profile AS s
				ORDER BY @extschema@.first_period(s.profile), @extschema@.last_period(s.profile) DESC))),
		dated AS (
			SELECT DISTINCT w.period,
				CASE
					WHEN yyyyww THEN date '1970-01-05' + 7 * w.period
					ELSE @extschema@.leakage_week_start(year, 1) + 7 * (w.period - 1)
				END AS week_start
			FROM longest AS p
				CROSS JOIN LATERAL @extschema@.leakage_periods(p.profile, NULL, NULL, p.absent) AS w)
	SELECT period,
		CASE WHEN yyyyww THEN to_char(week_start, 'IYYYIW')::integer ELSE period END,
		week_start
	FROM dated;
	ANALYZE mart_week;		-- without, the planner takes it for a hundred times as many weeks
END;
$$;
COMMENT ON PROCEDURE _leakage.expect_weeks(name, jsonb) IS
	'part of leakage_refresh: expected revenue of each user and week, as the users'' profiles, and the weeks of the mart';

-- The model of a run: as many rounds of leakage_fit as the options say.
CREATE FUNCTION _leakage.fit_mart(mart name, options jsonb)
	RETURNS @extschema@.leakage_model
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
	SET search_path = pg_catalog, pg_temp
	-- the planner does not know what a round costs
	SET parallel_setup_cost = 0
	SET parallel_tuple_cost = 0
AS $$
DECLARE
	fit_sample constant bigint := options ->> 'fit_sample';
	model @extschema@.leakage_model;
BEGIN
	PERFORM _leakage.enter_mart(mart);

	-- the sample is by a hash of the key, so it does not depend on any order; its few pages are for all workers
	CREATE UNLOGGED TABLE stage_sample WITH (parallel_workers = 2) AS
	SELECT p.profile
	FROM stage_profile AS p
	WHERE p.ctid = ANY (ARRAY(	-- not a join, which all profiles would go through
		SELECT s.ctid
		FROM stage_profile AS s
		ORDER BY sha256(convert_to(s.msisdn, getdatabaseencoding())), s.msisdn
		LIMIT fit_sample));

	FOR round IN 0 .. (options ->> 'fit_rounds')::integer LOOP
		-- not SELECT INTO, which would forbid parallel workers
		EXECUTE '
			SELECT @extschema@.leakage_fit(s.profile, $1)
			FROM stage_sample AS s'
		INTO model
		USING model;
		EXIT WHEN model IS NULL OR @extschema@.leakage_model_method(model) = 'closed_form';
	END LOOP;
	DROP TABLE stage_sample;
	RETURN model;
END;
$$;
COMMENT ON FUNCTION _leakage.fit_mart(name, jsonb) IS
	'part of leakage_refresh: the noise model, fitted to the mart''s own users';

-- stage_user: each user's attributes, features and answers; stage_threshold: down to where users are flagged.
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
	base_year constant integer := coalesce(options ->> 'year', options ->> 'as_of_year')::integer;
	yyyyww constant boolean := options ->> 'week_format' = 'yyyyww';
	fdr constant numeric := options ->> 'fdr';
	mart_weeks integer;
	as_of date;
BEGIN
	PERFORM _leakage.enter_mart(mart);

	-- the Sunday that ends the last week
	SELECT count(*),
		CASE
			WHEN yyyyww THEN max(week_start) + 6
			ELSE @extschema@.leakage_week_start(base_year, 1) + 7 * (max(week_number) - 1) + 6
		END
	INTO mart_weeks, as_of
	FROM mart_week;

	-- workers compute what is here, but nothing where scored_user is filled
	CREATE UNLOGGED TABLE stage_user AS
	WITH
		assessed AS (
			SELECT s.msisdn, s.gender, s.birth_year, s.age, s.age_group, s.age_group_order, s.region, s.segment,
				s.mobile_type, s.status, s.brand, s.model, s.os, s.activated_on,
				@extschema@.first_period(p.profile) AS first_period,
				@extschema@.last_period(p.profile) AS last_period,
				@extschema@.active_periods(p.profile) AS active_weeks,
				@extschema@.actual_total(p.profile) AS total_revenue,
				round(@extschema@.actual_total(p.profile) / @extschema@.active_periods(p.profile), 6) AS average_weekly_revenue,
				@extschema@.expected_total(p.profile) AS expected_revenue,
				p.peer_group, p.peers, p.peer_level, p.credibility,
				p.profile, p.absent,
				@extschema@.leakage_assess(p.profile, assess_users.model) AS answer
			FROM stage_profile AS p
				JOIN stage_subscriber AS s USING (msisdn)
			OFFSET 0)	-- once a user, not once a column of the answer
	SELECT a.msisdn, a.gender, a.birth_year, a.age, a.age_group, a.age_group_order, a.region, a.segment,
		a.mobile_type, a.status, a.brand, a.model, a.os,
		CASE
			WHEN a.activated_on IS NOT NULL THEN greatest((as_of - a.activated_on) / 7, 0)
			ELSE a.last_period - a.first_period + 1
		END AS tenure_weeks,
		first.week_number AS first_week, last.week_number AS last_week, a.active_weeks,
		(a.answer).missing_periods AS missing_weeks, (a.answer).zero_periods AS zero_weeks,
		width_bucket(a.active_weeks::numeric / mart_weeks, activity_levels) + 1 AS activity_level_order,
		a.total_revenue, a.average_weekly_revenue, a.average_weekly_revenue::double precision AS average,
		width_bucket(a.total_revenue, revenue_bands) AS revenue_band_order,
		a.expected_revenue,
		(a.answer).method, (a.answer).p_value, round((a.answer).p_no_leak::numeric, 12) AS no_leak,
		round((a.answer).score::numeric, 4) AS leakage_score, (a.answer).reason,
		(a.answer).amount, (a.answer).expected_leak, (a.answer).change_period, (a.answer).change_factor,
		a.peer_group, a.peers, a.peer_level, a.credibility,
		a.profile, a.absent, (a.answer).expected_leaks, (a.answer).concerned
	FROM assessed AS a
		JOIN mart_week AS first ON first.period = a.first_period
		JOIN mart_week AS last ON last.period = a.last_period;
	DROP TABLE stage_subscriber, stage_profile;

	-- likelihood: the longest list whose mean probability of no leak is within the rate;
	-- closed form: Benjamini and Hochberg on the p-values, at half the rate because these are
	-- approximations (docs/method.md).  Nobody who more probably does not leak, in either.
	DROP TABLE IF EXISTS pg_temp.stage_threshold;
	CREATE TEMPORARY TABLE stage_threshold ON COMMIT DROP AS
	WITH
		candidates AS MATERIALIZED (
			SELECT no_leak, p_value
			FROM stage_user
			WHERE no_leak <= 0.5 OR p_value IS NOT NULL),
		listed AS (
			SELECT no_leak,
				sum(no_leak) OVER (ORDER BY no_leak) / count(*) OVER (ORDER BY no_leak) AS list_rate
			FROM candidates
			WHERE no_leak <= 0.5),
		tested AS (
			SELECT p_value,
				p_value::numeric * (SELECT count(*) FROM stage_user) / count(*) OVER (ORDER BY p_value) AS bh_rate
			FROM candidates
			WHERE p_value IS NOT NULL)
	SELECT
		(SELECT max(no_leak) FROM listed WHERE list_rate <= fdr) AS no_leak,
		(SELECT max(p_value) FROM tested WHERE bh_rate <= fdr / 2) AS p_value;
END;
$$;
COMMENT ON PROCEDURE _leakage.assess_users(name, jsonb, @extschema@.leakage_model) IS
	'part of leakage_refresh: features, probability, reason and amount of each user, the leaks of its weeks, and the threshold';

-- scored_user: the decision about each user, and its quarter of all.
CREATE PROCEDURE _leakage.describe_users(mart name, options jsonb)
	LANGUAGE plpgsql
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	revenue_bands constant numeric[] := ARRAY(SELECT b::numeric FROM jsonb_array_elements_text(options -> 'revenue_bands') AS b);
	tenure_bands constant numeric[] := ARRAY(SELECT b::numeric FROM jsonb_array_elements_text(options -> 'tenure_bands') AS b);
	-- a label for each band, the one below the first included
	revenue_labels constant text[] := ARRAY(
		SELECT _leakage.band(b.value, revenue_bands, '0-' || trim_scale(revenue_bands[1]), false)
		FROM unnest(revenue_bands[1] - 1 || revenue_bands) WITH ORDINALITY AS b (value, n)
		ORDER BY b.n);
	tenure_labels constant text[] := ARRAY(
		SELECT _leakage.band(b.value, tenure_bands, '0-' || tenure_bands[1] - 1, true)
		FROM unnest(tenure_bands[1] - 1 || tenure_bands) WITH ORDINALITY AS b (value, n)
		ORDER BY b.n);
	money_floor constant numeric := options ->> 'money_floor';
	tolerance constant numeric := options ->> 'tolerance';
	use_sessions boolean;
	most record;		-- the thresholds
	quartiles record;
BEGIN
	PERFORM _leakage.enter_mart(mart);

	SELECT EXISTS (SELECT FROM pg_temp.stage_usage) INTO use_sessions;
	SELECT t.no_leak, t.p_value
	INTO most
	FROM pg_temp.stage_threshold AS t;
	SELECT
		percentile_cont(ARRAY[0.25, 0.5, 0.75]) WITHIN GROUP (ORDER BY average) AS average,
		percentile_cont(0.75) WITHIN GROUP (ORDER BY active_weeks::double precision) AS weeks
	INTO quartiles
	FROM stage_user;

	DELETE FROM scored_user;
	INSERT INTO scored_user
	WITH
		decisions AS (
			SELECT u.*,
				CASE
					WHEN u.no_leak > 0.5 THEN false
					WHEN u.method = 'likelihood' THEN coalesce(u.no_leak <= most.no_leak, false)
					ELSE coalesce(u.p_value <= most.p_value, false)
				END AS flagged,
				u.expected_leak > 0
					AND u.expected_leak >= money_floor
					AND u.expected_leak >= tolerance * u.expected_revenue AS material
			FROM stage_user AS u),
		features AS (
			SELECT d.*,
				d.flagged AND d.material AS leaked,
				CASE
					WHEN NOT (d.flagged AND d.material) THEN 0
					WHEN d.expected_leak >= 0.5 * d.expected_revenue THEN 4
					WHEN d.expected_leak >= 0.3 * d.expected_revenue THEN 3
					WHEN d.expected_leak >= 0.15 * d.expected_revenue THEN 2
					ELSE 1
				END AS severity_order,
				width_bucket(d.tenure_weeks::numeric, tenure_bands) AS tenure_band_order,
				CASE
					WHEN d.average <= quartiles.average[1] THEN 1
					WHEN d.average <= quartiles.average[2] THEN 2
					WHEN d.average <= quartiles.average[3] THEN 3
					ELSE 4
				END AS quarter,
				d.active_weeks >= quartiles.weeks AND d.average <= quartiles.average[1] AS high_usage_low_revenue
			FROM decisions AS d)
	SELECT
		f.msisdn, f.gender, f.birth_year, f.age, f.age_group, f.age_group_order, f.region, f.segment,
		(ARRAY['Low', 'Medium', 'High', 'Very High'])[f.quarter], f.quarter,
		f.mobile_type, f.status, f.brand, f.model, f.os,
		f.tenure_weeks, tenure_labels[f.tenure_band_order + 1], f.tenure_band_order,
		f.first_week, f.last_week, f.active_weeks, f.missing_weeks, f.zero_weeks,
		(ARRAY['Low', 'Medium', 'High'])[f.activity_level_order], f.activity_level_order,
		CASE WHEN use_sessions THEN coalesce(g.usage, 0) ELSE f.active_weeks END,
		f.total_revenue, f.average_weekly_revenue,
		revenue_labels[f.revenue_band_order + 1], f.revenue_band_order,
		f.expected_revenue, f.expected_revenue - f.total_revenue,
		f.leaked, CASE WHEN f.leaked THEN f.expected_leak ELSE 0 END,
		f.leakage_score, 1 - f.no_leak,
		CASE WHEN f.leaked THEN f.reason ELSE 'none' END,
		(ARRAY['None', 'Low', 'Medium', 'High', 'Critical'])[f.severity_order + 1], f.severity_order,
		f.flagged, f.amount, f.expected_leak,
		CASE WHEN f.reason = 'drop' AND f.leaked THEN (
			SELECT w.week_number
			FROM mart_week AS w
			WHERE w.period = f.change_period) END,
		CASE WHEN f.reason IN ('drop', 'underbilled') AND f.leaked THEN round(f.change_factor::numeric, 4) END,
		f.peer_group, f.peers, f.peer_level, f.credibility,
		f.high_usage_low_revenue,
		f.profile, f.absent, f.expected_leaks, f.concerned
	FROM features AS f
		LEFT JOIN pg_temp.stage_usage AS g ON g.msisdn = f.msisdn;
	DROP TABLE stage_user;
	ANALYZE scored_user;

	INSERT INTO file_count (file, measure, value)
	SELECT 'revenue', 'users_flagged_but_immaterial', count(*) FILTER (WHERE flagged AND NOT leaked)
	FROM scored_user;
END;
$$;
COMMENT ON PROCEDURE _leakage.describe_users(name, jsonb) IS
	'part of leakage_refresh: decision, leakage and place among all of each user';
