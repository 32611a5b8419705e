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

	-- A pattern is known by its first and last period, and those between them that it has not; users who are alike in
	-- every filter are a cell, known by a hash, as in the cube: of two cells of one hash, the counts would not reconcile.
	CREATE MATERIALIZED VIEW mv_kpi_patterns AS
	WITH
		users AS NOT MATERIALIZED (
			SELECT
				hash_record_extended(ROW(segment, age_group, region, gender, activity_level, revenue_band), 0) AS cell,
				leaked, high_usage_low_revenue, first_week, last_week, profile, expected_leaks, concerned, absent,
				missing_weeks > 0 OR zero_weeks > 0 OR leaked AS irregular
			FROM scored_user),
		alike AS (
			-- most users have a row with revenue in every week, and no leak: their weeks need not be looked at
			SELECT cell, leaked, high_usage_low_revenue, first_week, last_week,
				NULL::integer[] AS absent, NULL::integer[] AS without_revenue, NULL::integer[] AS without_leak,
				count(*) AS users
			FROM users
			WHERE NOT irregular
			GROUP BY cell, leaked, high_usage_low_revenue, first_week, last_week
			UNION ALL
			SELECT u.cell, u.leaked, u.high_usage_low_revenue, u.first_week, u.last_week,
				e.absent, e.without_revenue, e.without_leak,
				count(*)
			FROM users AS u
				CROSS JOIN LATERAL (
					SELECT
						array_agg(w.period) FILTER (WHERE NOT w.present) AS absent,
						array_agg(w.period) FILTER (WHERE NOT w.actual > 0) AS without_revenue,
						array_agg(w.period) FILTER (WHERE NOT w.expected_leak > 0) AS without_leak
					FROM @extschema@.leakage_periods(u.profile, u.expected_leaks, u.concerned, u.absent) AS w) AS e
			WHERE u.irregular
			GROUP BY u.cell, u.leaked, u.high_usage_low_revenue, u.first_week, u.last_week,
				e.absent, e.without_revenue, e.without_leak),
		sums AS (
			SELECT m.counted, a.cell, a.first_week, a.last_week,
				coalesce(m.excluded, '{}') AS excluded,
				sum(a.users)::bigint AS users
			FROM alike AS a
				CROSS JOIN LATERAL (
					VALUES
						('subscribers', NULL, true),
						('active_users', a.absent, true),
						('revenue_users', a.without_revenue, true),
						('leaked_users', a.without_leak, a.leaked),
						('high_usage_low_revenue_users', NULL, a.high_usage_low_revenue)) AS m (counted, excluded, counts)
			WHERE m.counts
			GROUP BY m.counted, a.cell, a.first_week, a.last_week, coalesce(m.excluded, '{}'))
	SELECT dense_rank() OVER (ORDER BY f.period, l.period, s.excluded) AS pattern_id,
		f.period AS first_period, l.period AS last_period, s.excluded,
		s.counted, k.segment, k.age_group, k.age_group_order, k.region, k.gender, k.activity_level, k.activity_level_order,
		k.revenue_band, k.revenue_band_order, s.users
	FROM sums AS s
		JOIN mv_kpi AS k
			ON hash_record_extended(ROW(k.segment, k.age_group, k.region, k.gender, k.activity_level, k.revenue_band), 0) = s.cell
		JOIN mart_week AS f ON f.week_number = s.first_week
		JOIN mart_week AS l ON l.week_number = s.last_week;
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
