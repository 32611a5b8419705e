-- ---------------------------------------------------------------------------
-- Counts of users over several weeks.  Counts do not add up over weeks, and readers
-- can choose any weeks.  But few different sets of weeks occur among users.  So users
-- are counted by the set of weeks in which they count, called a pattern.  A reader
-- adds up the patterns that contain one of the chosen weeks:
--
--	SELECT counted, sum(users)
--	FROM kpi_patterns
--	WHERE pattern_id IN (SELECT pattern_id FROM pattern_weeks WHERE week_number IN (24, 25))
--	GROUP BY counted
-- ---------------------------------------------------------------------------

CREATE PROCEDURE _leakage.create_patterns(mart name)
	LANGUAGE plpgsql
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	-- A pattern is identified by its first and last period and the periods between them that it lacks.
	CALL _leakage.create_dataset(mart, 'kpi_patterns', 'region, counted, pattern_id, segment, age_group, gender, activity_level, revenue_band',
		'the cards for any choice of weeks: users by the pattern of the weeks in which they count; a user is in one pattern of each count',
		$sql$
			WITH
				users AS (
					SELECT segment, age_group, age_group_order, region, gender, activity_level, activity_level_order,
						revenue_band, revenue_band_order, first_week, last_week, high_usage_low_revenue,
						_leakage.periods_without_row(profile, absent) AS without_row,
						_leakage.periods_without_revenue(profile, absent) AS without_revenue,
						CASE WHEN leaked THEN _leakage.periods_without_leak(profile, expected_leaks, absent) END AS without_leak
					FROM @mart@.scored_user),
				alike AS (
					SELECT segment, age_group, age_group_order, region, gender, activity_level, activity_level_order,
						revenue_band, revenue_band_order, first_week, last_week, without_row, without_revenue, without_leak,
						count(*) AS users,
						count(*) FILTER (WHERE high_usage_low_revenue) AS high_usage_low_revenue_users
					FROM users
					GROUP BY segment, age_group, age_group_order, region, gender, activity_level, activity_level_order,
						revenue_band, revenue_band_order, first_week, last_week, without_row, without_revenue, without_leak),
				sums AS (
					SELECT m.counted, a.first_week, a.last_week, m.excluded,
						a.segment, a.age_group, a.age_group_order, a.region, a.gender, a.activity_level, a.activity_level_order,
						a.revenue_band, a.revenue_band_order,
						sum(m.users)::bigint AS users
					FROM alike AS a
						CROSS JOIN LATERAL (
							VALUES
								('subscribers', '{}', a.users),
								('active_users', a.without_row, a.users),
								('revenue_users', a.without_revenue, a.users),
								('leaked_users', a.without_leak, a.users),	-- NULL: they do not leak
								('high_usage_low_revenue_users', '{}', a.high_usage_low_revenue_users)) AS m (counted, excluded, users)
					WHERE m.excluded IS NOT NULL
						AND m.users > 0
					GROUP BY m.counted, a.first_week, a.last_week, m.excluded,
						a.segment, a.age_group, a.age_group_order, a.region, a.gender, a.activity_level, a.activity_level_order,
						a.revenue_band, a.revenue_band_order)
			SELECT dense_rank() OVER (ORDER BY f.period, l.period, s.excluded) AS pattern_id,
				f.period AS first_period, l.period AS last_period, s.excluded,
				s.counted, s.segment, s.age_group, s.age_group_order, s.region, s.gender, s.activity_level, s.activity_level_order,
				s.revenue_band, s.revenue_band_order, s.users,
				NULL::boolean AS unique_by_index
			FROM sums AS s
				JOIN @mart@.mart_week AS f ON f.week_number = s.first_week
				JOIN @mart@.mart_week AS l ON l.week_number = s.last_week
		$sql$,
		'counted, pattern_id, segment, age_group, age_group_order, region, gender, activity_level, activity_level_order,
		revenue_band, revenue_band_order, users');

	CALL _leakage.create_dataset(mart, 'pattern_weeks', 'week_number, pattern_id',
		'the weeks of each pattern of kpi_patterns',
		$sql$
			WITH
				patterns AS (
					SELECT DISTINCT pattern_id, first_period, last_period, excluded
					FROM @mart@.mv_kpi_patterns)
			SELECT w.week_number, p.pattern_id, NULL::boolean AS unique_by_index
			FROM patterns AS p
				JOIN @mart@.mart_week AS w ON w.period BETWEEN p.first_period AND p.last_period
			WHERE w.period <> ALL (p.excluded)
		$sql$);
END;
$$;
COMMENT ON PROCEDURE _leakage.create_patterns(name) IS
	'part of leakage_create_mart: counts of users for any choice of weeks';
