-- ---------------------------------------------------------------------------
-- The published datasets.  A dataset with one row per user, or per user and week, is
-- a plain view of the result tables.  A dataset of sums is a materialized view
-- (mv_...) behind a plain view with the published name, because Power BI lists only
-- plain views.  A dataset that shows the rows of another in a different form is a
-- plain view of it.  A refresh is one transaction, so all of them change at once.
--
-- Each materialized view has a unique index, so a refresh can replace its rows without
-- blocking readers.  The index starts with the column that a slicer narrows down most:
-- the region, of which there can be many, or the week, where counts are for single
-- weeks.  Columns have only types that Power BI reads: text, integer, bigint, numeric
-- with a precision, boolean, date, timestamp.
--
-- Before REFRESH MATERIALIZED VIEW CONCURRENTLY compares, it looks for duplicate rows.
-- For this it sorts whole rows, twice, but only rows without a NULL.  Datasets with
-- thousands of rows avoid the sorts with a column unique_by_index, which is always NULL
-- and not published.  Their queries return each key once, and the index would refuse a
-- duplicate.
--
-- The datasets behind visuals have one row per combination of the filters (segment, age
-- group, region, gender, activity level, revenue band, week), so any filter can be set
-- on any of them.  A report or a GROUP BY adds their rows up.
-- ---------------------------------------------------------------------------

-- One published view.  The query has @mart@ in place of the schema of the mart.
CREATE PROCEDURE _leakage.create_view(mart name, view name, description text, query text)
	LANGUAGE plpgsql
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	EXECUTE format('CREATE VIEW %I.%I AS ', mart, view) || _leakage.mart_sql(mart, query);
	EXECUTE format('COMMENT ON VIEW %I.%I IS %L', mart, view, description);
END;
$$;
COMMENT ON PROCEDURE _leakage.create_view(name, name, text, text) IS
	'part of leakage_create_mart: a published view and its comment';

-- One published dataset: the materialized view with its unique index, and the plain view of it.
--	columns		what the plain view selects; NULL: all columns but unique_by_index
CREATE PROCEDURE _leakage.create_dataset(mart name, dataset name, key_columns text, description text, query text, columns text DEFAULT NULL)
	LANGUAGE plpgsql
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	source constant name := 'mv_' || dataset;
BEGIN
	EXECUTE format('CREATE MATERIALIZED VIEW %I.%I AS ', mart, source) || _leakage.mart_sql(mart, query);
	EXECUTE format('CREATE UNIQUE INDEX %I ON %I.%I (%s)', source || '_key', mart, source, key_columns);
	EXECUTE format('COMMENT ON MATERIALIZED VIEW %I.%I IS %L', mart, source, 'contents of the view ' || dataset);
	IF columns IS NULL THEN
		SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum)
		INTO columns
		FROM pg_attribute AS a
		WHERE a.attrelid = format('%I.%I', mart, source)::regclass
			AND a.attnum > 0
			AND a.attname <> 'unique_by_index';
	END IF;
	CALL _leakage.create_view(mart, dataset, description, format('SELECT %s FROM @mart@.%I', columns, source));
END;
$$;
COMMENT ON PROCEDURE _leakage.create_dataset(name, name, text, text, text, text) IS
	'part of leakage_create_mart: the materialized view, the index, and the plain view of one published dataset';

-- The datasets with one row per user, or per user and week.
CREATE PROCEDURE _leakage.create_detail(mart name)
	LANGUAGE plpgsql
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	CALL _leakage.create_view(mart, 'users', 'one row per user with a CRM row and revenue: attributes, features, expected revenue, leakage',
		$sql$
			SELECT msisdn, gender, birth_year, age, age_group, age_group_order, region, segment,
				revenue_segment, revenue_segment_order, mobile_type, status, brand, model, os,
				tenure_weeks, tenure_band, tenure_band_order, first_week, last_week, active_weeks, missing_weeks, zero_weeks,
				activity_level, activity_level_order, usage, total_revenue, average_weekly_revenue,
				revenue_band, revenue_band_order, expected_revenue, gap, leaked, leakage, leakage_score, leak_probability,
				reason, severity, severity_order, flagged, amount, expected_leak, change_week, change_factor,
				peer_group, peers, peer_level, credibility, high_usage_low_revenue, payment_class, withheld, refused_rows,
				excluded, exclusion_reason, event_id
			FROM @mart@.scored_user
		$sql$);

	-- Ordered by leakage, score, and msisdn.  All users who do not leak tie on leakage, and each tie makes the sort read
	-- two wide rows.  Scores are below 1000, so a single key can distinguish nearly all rows.
	CALL _leakage.create_view(mart, 'final_leakage_data', 'the export: the users, largest leakage first',
		$sql$
			SELECT CASE WHEN o.guarded THEN _leakage.spreadsheet_text(u.msisdn) ELSE u.msisdn END AS msisdn,
				u.gender, u.birth_year, u.age, u.age_group,
				CASE WHEN o.guarded THEN _leakage.spreadsheet_text(u.region) ELSE u.region END AS region,
				CASE WHEN o.guarded THEN _leakage.spreadsheet_text(u.segment) ELSE u.segment END AS segment,
				u.revenue_segment,
				CASE WHEN o.guarded THEN _leakage.spreadsheet_text(u.mobile_type) ELSE u.mobile_type END AS mobile_type,
				u.status,
				CASE WHEN o.guarded THEN _leakage.spreadsheet_text(u.brand) ELSE u.brand END AS brand,
				CASE WHEN o.guarded THEN _leakage.spreadsheet_text(u.os) ELSE u.os END AS os,
				u.tenure_weeks, u.tenure_band, u.first_week, u.last_week, u.active_weeks, u.activity_level, u.usage,
				u.total_revenue, u.average_weekly_revenue, u.revenue_band, u.expected_revenue, u.gap, u.leaked,
				u.leakage, u.leakage_score, u.leak_probability, u.reason, u.severity,
				CASE WHEN o.guarded THEN _leakage.spreadsheet_text(u.peer_group) ELSE u.peer_group END AS peer_group,
				u.peers, u.high_usage_low_revenue, u.refused_rows, u.excluded
			FROM @mart@.scored_user AS u
				CROSS JOIN (
					SELECT (	-- the options of the last run: those of the next one are locked during a refresh
						SELECT r.options ->> 'export_text'
						FROM @mart@.refresh_run AS r
						ORDER BY r.run_id DESC
						LIMIT 1) = 'spreadsheet' AS guarded) AS o
			ORDER BY CASE WHEN u.leaked THEN 1000 + u.leakage ELSE u.leakage_score END DESC, u.leakage_score DESC, u.msisdn
		$sql$);

	-- Filters on users apply before their weeks are expanded.  Each period has its week, so the outer join lets the
	-- planner drop mart_week for readers who need neither number nor start, such as the reconciliation.
	CALL _leakage.create_view(mart, 'user_weeks', 'one row per user and week from the user''s first to the last: revenue, expected revenue, gap, leakage, and the filters',
		$sql$
			SELECT u.msisdn, w.week_number, w.week_start, p.present,
				p.actual::numeric(20,6) AS revenue,
				p.expected::numeric(20,6) AS expected_revenue,
				(p.expected - p.actual)::numeric(20,6) AS gap,
				CASE WHEN u.leaked THEN p.expected_leak ELSE 0 END::numeric(20,6) AS leakage,
				p.expected_leak::numeric(20,6) AS expected_leak,
				p.concerned AND u.leaked AS concerned,
				u.segment, u.age_group, u.region, u.gender, u.activity_level, u.revenue_band, u.revenue_segment,
				u.mobile_type, u.leaked
			FROM @mart@.scored_user AS u
				CROSS JOIN LATERAL @extschema@.leakage_periods(u.profile, u.expected_leaks, u.concerned, u.absent) AS p
				LEFT JOIN @mart@.mart_week AS w ON w.period = p.period
		$sql$);

	CALL _leakage.create_dataset(mart, 'top_users', 'rank',
		'leaking users, ranked by leakage',
		$sql$
			SELECT
				row_number() OVER (ORDER BY leakage DESC, leakage_score DESC, msisdn) AS rank,
				msisdn, segment, age_group, region, gender, activity_level, revenue_band, revenue_segment, mobile_type,
				total_revenue, expected_revenue, gap, leakage, leakage_score, leak_probability, reason, severity,
				first_week, last_week
			FROM @mart@.scored_user
			WHERE leaked
		$sql$);

	-- user_weeks expands weeks when it is read.  These are the few that a list of leaking users needs, stored in the
	-- order of the weeks, because readers select some weeks.
	CALL _leakage.create_dataset(mart, 'top_user_weeks', 'week_number, region, msisdn',
		'the weeks of leaking users',
		$sql$
			SELECT
				w.week_number, t.rank, t.msisdn,
				t.segment, t.age_group, t.region, t.gender, t.activity_level, t.revenue_band, t.revenue_segment, t.mobile_type,
				w.revenue, w.expected_revenue, w.gap, w.leakage, t.reason, t.severity,
				NULL::boolean AS unique_by_index
			FROM @mart@.mv_top_users AS t
				JOIN @mart@.user_weeks AS w USING (msisdn)
			ORDER BY w.week_number, t.rank
		$sql$);
END;
$$;
COMMENT ON PROCEDURE _leakage.create_detail(name) IS
	'part of leakage_create_mart: users, user_weeks, top_users, top_user_weeks';

-- The cube, and one dataset for each visual of the report.
CREATE PROCEDURE _leakage.create_visuals(mart name)
	LANGUAGE plpgsql
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	-- all weeks of all users, added up without expanding them
	CALL _leakage.create_dataset(mart, 'leakage_cube', 'region, segment, revenue_segment, age_group, gender, activity_level, revenue_band, week_number',
		'every measure by every filter and week; the sum over any rows is a total of money',
		$sql$
			WITH
				cells AS (
					SELECT segment, revenue_segment, revenue_segment_order, age_group, age_group_order,
						region, gender, activity_level, activity_level_order, revenue_band, revenue_band_order,
						leaked, high_usage_low_revenue,
						_leakage.period_totals(profile, expected_leaks, absent) AS periods
					FROM @mart@.scored_user
					GROUP BY segment, revenue_segment, revenue_segment_order, age_group, age_group_order,
						region, gender, activity_level, activity_level_order, revenue_band, revenue_band_order,
						leaked, high_usage_low_revenue),
				sums AS (
					SELECT c.segment, c.revenue_segment, c.revenue_segment_order, c.age_group, c.age_group_order,
						c.region, c.gender, c.activity_level, c.activity_level_order, c.revenue_band, c.revenue_band_order,
						p.period,
						sum(p.entities) AS users,
						sum(p.present) AS active_users,
						sum(p.positive) AS revenue_users,
						sum(p.leaking) FILTER (WHERE c.leaked) AS leaked_users,
						sum(p.entities) FILTER (WHERE c.high_usage_low_revenue) AS high_usage_low_revenue_users,
						sum(p.actual) AS total_revenue,
						sum(p.expected) AS expected_revenue,
						sum(p.expected_leak) FILTER (WHERE c.leaked) AS leakage,
						sum(p.actual) FILTER (WHERE c.leaked) AS leaked_users_revenue
					FROM cells AS c
						CROSS JOIN LATERAL unnest(c.periods) AS p
					GROUP BY c.segment, c.revenue_segment, c.revenue_segment_order, c.age_group, c.age_group_order,
						c.region, c.gender, c.activity_level, c.activity_level_order, c.revenue_band, c.revenue_band_order,
						p.period)
			SELECT s.segment, s.revenue_segment, s.revenue_segment_order, s.age_group, s.age_group_order,
				s.region, s.gender, s.activity_level, s.activity_level_order, s.revenue_band, s.revenue_band_order,
				w.week_number,
				s.users::bigint AS users,
				s.active_users::bigint AS active_users,
				s.revenue_users::bigint AS revenue_users,
				coalesce(s.leaked_users, 0)::bigint AS leaked_users,
				coalesce(s.high_usage_low_revenue_users, 0)::bigint AS high_usage_low_revenue_users,
				s.total_revenue::numeric(28,6) AS total_revenue,
				s.expected_revenue::numeric(28,6) AS expected_revenue,
				(s.expected_revenue - s.total_revenue)::numeric(28,6) AS gap,
				coalesce(s.leakage, 0)::numeric(28,6) AS leakage,
				coalesce(s.leaked_users_revenue, 0)::numeric(28,6) AS leaked_users_revenue,
				NULL::boolean AS unique_by_index
			FROM sums AS s
				JOIN @mart@.mart_week AS w USING (period)
		$sql$,
		'segment, revenue_segment, revenue_segment_order, age_group, age_group_order, region, gender,
		activity_level, activity_level_order, revenue_band, revenue_band_order, week_number,
		active_users, revenue_users, leaked_users, total_revenue, expected_revenue, gap, leakage, leaked_users_revenue');

	CALL _leakage.create_dataset(mart, 'weeks', 'week_number',
		'the weeks of the data, in order',
		$sql$
			SELECT w.period AS week_order, w.week_number, w.week_start,
				w.week_label,
				sum(c.active_users)::bigint AS users,
				sum(c.total_revenue)::numeric(28,6) AS total_revenue
			FROM @mart@.mart_week AS w
				JOIN @mart@.mv_leakage_cube AS c USING (week_number)
			GROUP BY w.period, w.week_number, w.week_start, w.week_label	-- grouped by the key alone, the view would depend on it, and pg_restore --clean would fail
		$sql$);

	-- counts of users do not add up over weeks, so this has all weeks together and kpi_weeks single weeks
	CALL _leakage.create_dataset(mart, 'kpi', 'region, segment, age_group, gender, activity_level, revenue_band',
		'the cards: users and money by the filters, all weeks together; subscribers without revenue have activity level and revenue band None',
		$sql$
			WITH
				users AS (
					SELECT segment, age_group, age_group_order, region, gender, activity_level, activity_level_order,
						revenue_band, revenue_band_order,
						count(*) AS users,
						count(*) FILTER (WHERE total_revenue > 0) AS revenue_users,
						count(*) FILTER (WHERE leaked) AS leaked_users,
						count(*) FILTER (WHERE high_usage_low_revenue) AS high_usage_low_revenue_users,
						sum(total_revenue) AS total_revenue,
						sum(expected_revenue) AS expected_revenue,
						sum(leakage) AS leakage
					FROM @mart@.scored_user
					GROUP BY segment, age_group, age_group_order, region, gender, activity_level, activity_level_order,
						revenue_band, revenue_band_order),
				all_subscribers AS (
					SELECT segment, age_group, age_group_order, region, gender, sum(subscribers) AS subscribers
					FROM @mart@.subscriber_cell
					GROUP BY segment, age_group, age_group_order, region, gender),
				with_revenue AS (
					SELECT segment, age_group, region, gender, sum(users) AS users
					FROM users
					GROUP BY segment, age_group, region, gender),
				inactive AS (
					SELECT s.segment, s.age_group, s.age_group_order, s.region, s.gender,
						s.subscribers - coalesce(u.users, 0) AS subscribers
					FROM all_subscribers AS s
						LEFT JOIN with_revenue AS u USING (segment, age_group, region, gender)
					WHERE s.subscribers > coalesce(u.users, 0))
			SELECT segment, age_group, age_group_order, region, gender, activity_level, activity_level_order,
				revenue_band, revenue_band_order,
				users AS subscribers, users AS active_users, revenue_users, leaked_users, high_usage_low_revenue_users,
				total_revenue::numeric(28,6) AS total_revenue,
				expected_revenue::numeric(28,6) AS expected_revenue,
				leakage::numeric(28,6) AS leakage
			FROM users
			UNION ALL
			SELECT segment, age_group, age_group_order, region, gender, 'None', 0, 'None', -1,
				subscribers::bigint, 0, 0, 0, 0,
				0::numeric(28,6), 0::numeric(28,6), 0::numeric(28,6)	-- else the union's columns have no precision
			FROM inactive
		$sql$);

	CALL _leakage.create_dataset(mart, 'kpi_weeks', 'week_number, region, segment, age_group, gender, activity_level, revenue_band',
		'the cards by week; subscribers are the users between their first and last week; counts of users do not add up over weeks',
		$sql$
			SELECT segment, age_group, age_group_order, region, gender, activity_level, activity_level_order,
				revenue_band, revenue_band_order, week_number,
				sum(users)::bigint AS subscribers,
				sum(active_users)::bigint AS active_users,
				sum(revenue_users)::bigint AS revenue_users,
				sum(leaked_users)::bigint AS leaked_users,
				sum(high_usage_low_revenue_users)::bigint AS high_usage_low_revenue_users,
				sum(total_revenue)::numeric(28,6) AS total_revenue,
				sum(expected_revenue)::numeric(28,6) AS expected_revenue,
				sum(leakage)::numeric(28,6) AS leakage,
				NULL::boolean AS unique_by_index
			FROM @mart@.mv_leakage_cube
			GROUP BY segment, age_group, age_group_order, region, gender, activity_level, activity_level_order,
				revenue_band, revenue_band_order, week_number
		$sql$);

	CALL _leakage.create_view(mart, 'funnel', 'the funnel, one row per stage and filter cell: all subscribers, those with a revenue row, with revenue above 0, with leakage',
		$sql$
			SELECT s.stage, s.stage_order, k.segment, k.age_group, k.age_group_order, k.region, k.gender,
				k.activity_level, k.revenue_band, s.users::bigint AS users
			FROM @mart@.mv_kpi AS k
				CROSS JOIN LATERAL (
					VALUES
						('Total', 1, k.subscribers),
						('Active', 2, k.active_users),
						('Revenue', 3, k.revenue_users),
						('Leakage', 4, k.leaked_users)) AS s (stage, stage_order, users)
		$sql$);

	CALL _leakage.create_view(mart, 'funnel_weeks', 'the funnel of single weeks: users between their first and last week, with a row, with revenue above 0, with leakage in the week',
		$sql$
			SELECT s.stage, s.stage_order, k.week_number, k.segment, k.age_group, k.age_group_order, k.region, k.gender,
				k.activity_level, k.revenue_band, s.users::bigint AS users
			FROM @mart@.mv_kpi_weeks AS k
				CROSS JOIN LATERAL (
					VALUES
						('Total', 1, k.subscribers),
						('Active', 2, k.active_users),
						('Revenue', 3, k.revenue_users),
						('Leakage', 4, k.leaked_users)) AS s (stage, stage_order, users)
		$sql$);

	CALL _leakage.create_view(mart, 'segment_leakage', 'revenue against leakage by segment and revenue segment',
		$sql$
			SELECT segment, revenue_segment, revenue_segment_order, age_group, region, gender, activity_level, revenue_band, week_number,
				total_revenue, expected_revenue, leakage,
				coalesce(round(leakage / nullif(expected_revenue, 0), 4), 0)::numeric(9,4) AS leakage_share
			FROM @mart@.mv_leakage_cube
		$sql$);

	CALL _leakage.create_dataset(mart, 'age_group_leakage', 'region, age_group, segment, gender, activity_level, revenue_band, week_number',
		'leakage % by age group: leakage over expected revenue',
		$sql$
			SELECT age_group, age_group_order, segment, region, gender, activity_level, revenue_band, week_number,
				sum(total_revenue)::numeric(28,6) AS total_revenue,
				sum(expected_revenue)::numeric(28,6) AS expected_revenue,
				sum(leakage)::numeric(28,6) AS leakage,
				coalesce(round(sum(leakage) / nullif(sum(expected_revenue), 0), 4), 0)::numeric(9,4) AS leakage_share,
				NULL::boolean AS unique_by_index
			FROM @mart@.mv_leakage_cube
			GROUP BY age_group, age_group_order, segment, region, gender, activity_level, revenue_band, week_number
		$sql$);

	CALL _leakage.create_dataset(mart, 'weekly_trend', 'region, week_number, segment, age_group, gender, activity_level, revenue_band',
		'revenue, expected revenue and leakage by week',
		$sql$
			SELECT c.week_number, w.week_order, w.week_start, w.week_label,
				c.segment, c.age_group, c.region, c.gender, c.activity_level, c.revenue_band,
				sum(c.active_users)::bigint AS active_users,
				sum(c.total_revenue)::numeric(28,6) AS total_revenue,
				sum(c.expected_revenue)::numeric(28,6) AS expected_revenue,
				sum(c.leakage)::numeric(28,6) AS leakage,
				NULL::boolean AS unique_by_index
			FROM @mart@.mv_leakage_cube AS c
				JOIN @mart@.mv_weeks AS w USING (week_number)
			GROUP BY c.week_number, w.week_order, w.week_start, w.week_label,
				c.segment, c.age_group, c.region, c.gender, c.activity_level, c.revenue_band
		$sql$);

	-- two scans, not one with two rows of VALUES: each kind can be read by itself, and by parallel workers
	CALL _leakage.create_view(mart, 'revenue_split', 'collected against leaked: amount is money collected or leaked; users_revenue is the revenue of users without or with leakage',
		$sql$
			SELECT 'Collected' AS kind, 1 AS kind_order, segment, revenue_segment, age_group, region, gender,
				activity_level, revenue_band, week_number,
				total_revenue AS amount,
				(total_revenue - leaked_users_revenue)::numeric(28,6) AS users_revenue
			FROM @mart@.mv_leakage_cube
			UNION ALL
			SELECT 'Leaked', 2, segment, revenue_segment, age_group, region, gender,
				activity_level, revenue_band, week_number,
				leakage,
				leaked_users_revenue
			FROM @mart@.mv_leakage_cube
		$sql$);

	CALL _leakage.create_dataset(mart, 'conversion', 'region, segment, week_number, age_group, gender, activity_level, revenue_band',
		'active users, users with revenue, and leaking users by segment and week, with the rates of the segment and week; worst_rank 1 converts worst',
		$sql$
			WITH
				cells AS (
					SELECT segment, week_number, age_group, region, gender, activity_level, revenue_band,
						sum(active_users)::bigint AS active_users,
						sum(revenue_users)::bigint AS revenue_users,
						sum(leaked_users)::bigint AS leaked_users
					FROM @mart@.mv_leakage_cube
					GROUP BY segment, week_number, age_group, region, gender, activity_level, revenue_band),
				segment_weeks AS (
					SELECT segment, week_number,
						round(sum(revenue_users) / nullif(sum(active_users), 0), 4) AS revenue_rate,
						round(sum(leaked_users) / nullif(sum(active_users), 0), 4) AS leak_rate,
						rank() OVER (ORDER BY
							sum(revenue_users) / nullif(sum(active_users), 0),
							sum(leaked_users) / nullif(sum(active_users), 0) DESC) AS worst_rank
					FROM cells
					GROUP BY segment, week_number)
			SELECT s.worst_rank, c.segment, c.week_number, c.age_group, c.region, c.gender, c.activity_level, c.revenue_band,
				c.active_users, c.revenue_users, c.leaked_users,
				s.revenue_rate::numeric(9,4) AS segment_week_revenue_rate,
				s.leak_rate::numeric(9,4) AS segment_week_leak_rate,
				NULL::boolean AS unique_by_index
			FROM cells AS c
				JOIN segment_weeks AS s USING (segment, week_number)
		$sql$);
END;
$$;
COMMENT ON PROCEDURE _leakage.create_visuals(name) IS
	'part of leakage_create_mart: the cube and one dataset per visual';

-- The members of each filter.  A report has its slicers on these and relates every
-- dataset to them, so one slicer acts on all.  The dataset weeks serves for weeks.
CREATE PROCEDURE _leakage.create_filters(mart name)
	LANGUAGE plpgsql
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	CALL _leakage.create_view(mart, 'segments', 'the segments that subscribers have',
		$sql$
			SELECT DISTINCT segment
			FROM @mart@.mv_kpi
		$sql$);

	CALL _leakage.create_view(mart, 'age_groups', 'the age groups that subscribers have',
		$sql$
			SELECT DISTINCT age_group, age_group_order
			FROM @mart@.mv_kpi
		$sql$);

	CALL _leakage.create_view(mart, 'regions', 'the regions that subscribers have',
		$sql$
			SELECT DISTINCT region
			FROM @mart@.mv_kpi
		$sql$);

	CALL _leakage.create_view(mart, 'genders', 'the genders that subscribers have',
		$sql$
			SELECT DISTINCT gender
			FROM @mart@.mv_kpi
		$sql$);

	CALL _leakage.create_view(mart, 'activity_levels', 'the activity levels that subscribers have',
		$sql$
			SELECT DISTINCT activity_level, activity_level_order
			FROM @mart@.mv_kpi
		$sql$);

	CALL _leakage.create_view(mart, 'revenue_bands', 'the revenue bands that subscribers have',
		$sql$
			SELECT DISTINCT revenue_band, revenue_band_order
			FROM @mart@.mv_kpi
		$sql$);
END;
$$;
COMMENT ON PROCEDURE _leakage.create_filters(name) IS
	'part of leakage_create_mart: segments, age_groups, regions, genders, activity_levels, revenue_bands';

CREATE PROCEDURE _leakage.create_published(mart name)
	LANGUAGE plpgsql
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	CALL _leakage.create_detail(mart);
	CALL _leakage.create_visuals(mart);
	CALL _leakage.create_blocks(mart);
	CALL _leakage.create_filters(mart);
	CALL _leakage.create_evidence(mart);
END;
$$;
COMMENT ON PROCEDURE _leakage.create_published(name) IS
	'part of leakage_create_mart: the published datasets';
