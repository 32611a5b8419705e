-- ---------------------------------------------------------------------------
-- Counts of users over several weeks.  Counts do not add up over weeks, and readers
-- can choose any weeks.  So users are counted by the set of weeks in which they count.
-- The weeks of a mart are divided into 16 blocks, and a column for each block says in
-- which of its weeks the users count: bit 0 is the first week.  A user counts in none of
-- the chosen weeks if no block has one of them.
--
-- Power BI can choose values of a column, but it cannot test bits.  So block_weeks lists
-- the weeks of each value that occurs.  A reader adds up the users with such a value in
-- any of the blocks:
--
--	SELECT counted, sum(users)
--	FROM kpi_blocks
--	WHERE block_1 IN (SELECT value FROM block_weeks WHERE block = 1 AND week_number IN (24, 37))
--		OR block_2 IN (SELECT value FROM block_weeks WHERE block = 2 AND week_number IN (24, 37))
--		...
--	GROUP BY counted
--
-- Users with the same filters and the same weeks share a row, so a count has at most one
-- row per user, however many weeks there are.  Rows of different users add up.
-- ---------------------------------------------------------------------------

CREATE PROCEDURE _leakage.create_blocks(mart name)
	LANGUAGE plpgsql
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	numbers constant integer[] := ARRAY(SELECT generate_series(1, 16));		-- as in the view week_block
	names constant text := (SELECT string_agg(format('block_%s', n), ', ' ORDER BY n) FROM unnest(numbers) AS n);
	elements constant text := (SELECT string_agg(format('blocks[%s] AS block_%1$s', n), ', ' ORDER BY n) FROM unnest(numbers) AS n);
	numbered constant text := (SELECT string_agg(format('(%s, block_%1$s)', n), ', ' ORDER BY n) FROM unnest(numbers) AS n);
BEGIN
	CALL _leakage.create_dataset(mart, 'kpi_blocks', 'region, counted, ' || names || ', segment, age_group, gender, activity_level, revenue_band',
		'the cards for any choice of weeks: users by the blocks of weeks in which they count; a user is at most once in each count',
		format($sql$
			WITH
				users AS (
					SELECT segment, age_group, age_group_order, region, gender, activity_level, activity_level_order,
						revenue_band, revenue_band_order, high_usage_low_revenue,
						_leakage.blocks_of_periods(profile, absent, periods, 16) AS of_user,
						_leakage.blocks_with_row(profile, absent, periods, 16) AS with_row,
						_leakage.blocks_with_revenue(profile, absent, periods, 16) AS with_revenue,
						CASE WHEN leaked THEN _leakage.blocks_with_leak(profile, expected_leaks, absent, periods, 16) END AS with_leak
					FROM (
						SELECT u.*, (SELECT array_agg(period ORDER BY period) FROM @mart@.week_block) AS periods
						FROM @mart@.scored_user AS u) AS u),
				alike AS (
					SELECT segment, age_group, age_group_order, region, gender, activity_level, activity_level_order,
						revenue_band, revenue_band_order, of_user, with_row, with_revenue, with_leak,
						count(*) AS users,
						count(*) FILTER (WHERE high_usage_low_revenue) AS high_usage_low_revenue_users
					FROM users
					GROUP BY segment, age_group, age_group_order, region, gender, activity_level, activity_level_order,
						revenue_band, revenue_band_order, of_user, with_row, with_revenue, with_leak),
				sums AS (
					SELECT m.counted, m.blocks, a.segment, a.age_group, a.age_group_order, a.region, a.gender,
						a.activity_level, a.activity_level_order, a.revenue_band, a.revenue_band_order,
						sum(m.users)::bigint AS users
					FROM alike AS a
						CROSS JOIN LATERAL (
							VALUES
								('subscribers', a.of_user, a.users),
								('active_users', a.with_row, a.users),
								('revenue_users', a.with_revenue, a.users),
								('leaked_users', a.with_leak, a.users),		-- NULL: they do not leak
								('high_usage_low_revenue_users', a.of_user, a.high_usage_low_revenue_users)) AS m (counted, blocks, users)
					WHERE m.users > 0
						AND 0 <> ANY (m.blocks)		-- in at least one week
					GROUP BY m.counted, m.blocks, a.segment, a.age_group, a.age_group_order, a.region, a.gender,
						a.activity_level, a.activity_level_order, a.revenue_band, a.revenue_band_order)
			SELECT %s, counted, segment, age_group, age_group_order, region, gender, activity_level, activity_level_order,
				revenue_band, revenue_band_order, users,
				NULL::boolean AS unique_by_index
			FROM sums
		$sql$, elements),
		'counted, ' || names || ', segment, age_group, age_group_order, region, gender, activity_level, activity_level_order,
		revenue_band, revenue_band_order, users');

	CALL _leakage.create_dataset(mart, 'block_values', 'block, value',
		'the values of the blocks of kpi_blocks',
		format($sql$
			SELECT DISTINCT b.block, b.value, NULL::boolean AS unique_by_index
			FROM @mart@.mv_kpi_blocks
				CROSS JOIN LATERAL (VALUES %s) AS b (block, value)
		$sql$, numbered));

	CALL _leakage.create_view(mart, 'block_weeks', 'the weeks of each value of block_values',
		$sql$
			SELECT v.block, v.value, w.week_number
			FROM @mart@.mv_block_values AS v
				JOIN @mart@.week_block AS w USING (block)
			WHERE v.value & w.week_bit <> 0
		$sql$);
END;
$$;
COMMENT ON PROCEDURE _leakage.create_blocks(name) IS
	'part of leakage_create_mart: counts of users for any choice of weeks';
