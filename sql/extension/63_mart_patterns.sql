-- ---------------------------------------------------------------------------
-- Counts of users over several weeks.  They do not add up over weeks, and which
-- weeks a reader chooses is not known beforehand; but few sets of weeks occur
-- among users.  So users are counted by the set (here: pattern) of the weeks in
-- which they count, and a reader adds up the patterns that have one of the chosen
-- weeks:
--
--	SELECT counted, sum(users)
--	FROM kpi_patterns
--	WHERE pattern_id IN (SELECT pattern_id FROM pattern_weeks WHERE week_number IN (24, 25))
--	GROUP BY counted
-- ---------------------------------------------------------------------------

CREATE PROCEDURE leakage_create_patterns(mart name)
	LANGUAGE plpgsql
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM set_config('search_path', format('%I, pg_temp', mart), true);

	-- a pattern is known by its first and last period, and those between them that it has not
	CREATE MATERIALIZED VIEW mv_kpi_patterns AS
	WITH
		-- of all others every week has a row with revenue, and none leaks
		exceptions AS (
			SELECT u.msisdn, e.absent, e.without_revenue, e.without_leak
			FROM scored_user AS u
				CROSS JOIN LATERAL (
					SELECT
						array_agg((r.week).period) FILTER (WHERE NOT (r.week).present) AS absent,
						array_agg((r.week).period) FILTER (WHERE NOT (r.week).actual > 0) AS without_revenue,
						array_agg((r.week).period) FILTER (WHERE NOT (r.week).expected_leak > 0) AS without_leak
					FROM (
						SELECT @extschema@.leakage_periods(u.profile, u.expected_leaks, u.concerned, u.absent) AS week) AS r) AS e
			WHERE u.missing_weeks > 0
				OR u.zero_weeks > 0
				OR u.leaked),
		alike AS (
			SELECT u.segment, u.age_group, u.age_group_order, u.region, u.gender, u.activity_level, u.activity_level_order,
				u.revenue_band, u.revenue_band_order, u.leaked, u.high_usage_low_revenue, u.first_week, u.last_week,
				e.absent, e.without_revenue, e.without_leak,
				count(*) AS users
			FROM scored_user AS u
				LEFT JOIN exceptions AS e USING (msisdn)
			GROUP BY u.segment, u.age_group, u.age_group_order, u.region, u.gender, u.activity_level, u.activity_level_order,
				u.revenue_band, u.revenue_band_order, u.leaked, u.high_usage_low_revenue, u.first_week, u.last_week,
				e.absent, e.without_revenue, e.without_leak),
		sums AS (
			SELECT m.counted, a.segment, a.age_group, a.age_group_order, a.region, a.gender, a.activity_level, a.activity_level_order,
				a.revenue_band, a.revenue_band_order, f.period AS first_period, l.period AS last_period,
				coalesce(m.excluded, '{}') AS excluded,
				sum(a.users)::bigint AS users
			FROM alike AS a
				JOIN mart_week AS f ON f.week_number = a.first_week
				JOIN mart_week AS l ON l.week_number = a.last_week
				CROSS JOIN LATERAL (
					VALUES
						('subscribers', NULL, true),
						('active_users', a.absent, true),
						('revenue_users', a.without_revenue, true),
						('leaked_users', a.without_leak, a.leaked),
						('high_usage_low_revenue_users', NULL, a.high_usage_low_revenue)) AS m (counted, excluded, counts)
			WHERE m.counts
			GROUP BY m.counted, a.segment, a.age_group, a.age_group_order, a.region, a.gender, a.activity_level, a.activity_level_order,
				a.revenue_band, a.revenue_band_order, f.period, l.period, coalesce(m.excluded, '{}'))
	SELECT dense_rank() OVER (ORDER BY first_period, last_period, excluded) AS pattern_id,
		first_period, last_period, excluded,
		counted, segment, age_group, age_group_order, region, gender, activity_level, activity_level_order,
		revenue_band, revenue_band_order, users
	FROM sums;
	CALL @extschema@.leakage_publish_dataset(mart, name 'kpi_patterns',
		'region, counted, pattern_id, segment, age_group, gender, activity_level, revenue_band',
		'the cards for any choice of weeks: users by the pattern of the weeks in which they count; a user is in one pattern of each count',
		'counted, pattern_id, segment, age_group, age_group_order, region, gender, activity_level, activity_level_order,
		revenue_band, revenue_band_order, users');

	CREATE MATERIALIZED VIEW mv_pattern_weeks AS
	WITH
		patterns AS (
			SELECT DISTINCT pattern_id, first_period, last_period, excluded
			FROM mv_kpi_patterns)
	SELECT w.week_number, p.pattern_id
	FROM patterns AS p
		JOIN mart_week AS w ON w.period BETWEEN p.first_period AND p.last_period
	WHERE w.period <> ALL (p.excluded);
	CALL @extschema@.leakage_publish_dataset(mart, name 'pattern_weeks', 'week_number, pattern_id',
		'the weeks of each pattern of kpi_patterns');
END;
$$;
COMMENT ON PROCEDURE leakage_create_patterns(name) IS
	'part of leakage_create_mart: counts of users for any choice of weeks';
