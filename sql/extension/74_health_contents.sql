-- ---------------------------------------------------------------------------
-- Health checks on what is in the files: weeks, identifiers, and amounts that can
-- be read, but hardly mean what they say (docs/rules.md, section 5).
--
-- They read the stages, which have one row per subscriber, and the totals of the
-- weeks.  Orphan revenue counts too: it was delivered like the rest.
-- ---------------------------------------------------------------------------

-- week_jump: under week_format = week, both ends of a year, and a stretch of weeks in between in which hardly anybody has a row.
CREATE PROCEDURE _leakage.check_week_jump(mart name, options jsonb, weeks _leakage.period_total[])
	LANGUAGE plpgsql
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	jump record;
BEGIN
	SELECT coalesce(max(b.gap), 0) AS gap,
		min(b.before + 1) FILTER (WHERE b.gap = b.longest) AS first,
		min(b.period - 1) FILTER (WHERE b.gap = b.longest) AS last
	INTO jump
	FROM (
		SELECT g.period, g.before, g.gap, max(g.gap) OVER () AS longest, min(g.period) OVER () AS first, max(g.period) OVER () AS last
		FROM (
			SELECT w.period, lag(w.period) OVER (ORDER BY w.period) AS before, w.period - lag(w.period) OVER (ORDER BY w.period) - 1 AS gap
			FROM unnest(weeks) AS w
			WHERE w.present * 10 >= (SELECT max(m.present) FROM unnest(weeks) AS m)
				AND w.present >= 10) AS g) AS b
	WHERE options ->> 'week_format' = 'week'
		AND b.first <= 2
		AND b.last >= 51;
	CALL _leakage.keep_check(mart, 'week_jump', 'revenue', jump.gap, 3, CASE WHEN jump.gap > 3 THEN 'bad' ELSE 'ok' END,
		format('Weeks %s to %s have no rows, or hardly any, and the weeks at both ends of the year have. If these are weeks of two years, write them as yyyyww, and set week_format to yyyyww.',
			jump.first, jump.last));
END;
$$;
COMMENT ON PROCEDURE _leakage.check_week_jump(name, jsonb, _leakage.period_total[]) IS
	'part of leakage_refresh: the health check week_jump';

-- months_as_weeks: under week_format = yyyyww, no week above 12 in several years, or the weeks 1 to 12 of one year.
CREATE PROCEDURE _leakage.check_months(mart name, options jsonb, weeks _leakage.period_total[])
	LANGUAGE plpgsql
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	found_weeks record;
	months integer;
BEGIN
	SELECT count(*) AS weeks, count(DISTINCT extract(isoyear FROM d.monday)) AS years, max(extract(week FROM d.monday)) AS last
	INTO found_weeks
	FROM unnest(weeks) AS w
		CROSS JOIN LATERAL (SELECT date '1970-01-05' + 7 * w.period AS monday) AS d
	WHERE options ->> 'week_format' = 'yyyyww';
	months := CASE WHEN found_weeks.last <= 12 AND (found_weeks.years > 1 OR found_weeks.weeks = 12) THEN found_weeks.weeks ELSE 0 END;
	CALL _leakage.keep_check(mart, 'months_as_weeks', 'revenue', months, 0,
		CASE WHEN months = 0 THEN 'ok' WHEN found_weeks.years > 1 THEN 'bad' ELSE 'look' END,
		'No week is above 12, so these are months. Set week_format to yyyymm.');
END;
$$;
COMMENT ON PROCEDURE _leakage.check_months(name, jsonb, _leakage.period_total[]) IS
	'part of leakage_refresh: the health check months_as_weeks';

-- thin_weeks: weeks with fewer than half of the users that weeks up to three before and three after it have.
CREATE PROCEDURE _leakage.check_thin_weeks(mart name, options jsonb, weeks _leakage.period_total[])
	LANGUAGE plpgsql
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	thin record;
BEGIN
	SELECT count(*) FILTER (WHERE c.thin) AS weeks, count(*) AS all_weeks,
		string_agg(format('%s (%s users)', _leakage.period_week(c.period, options ->> 'week_format'), c.users), ', ' ORDER BY c.period)
			FILTER (WHERE c.thin) AS names
	INTO thin
	FROM (
		SELECT n.period, n.users, n.around - n.users >= 10 AND 2 * n.users < n.around AS thin
		FROM (
			SELECT p.period, coalesce(w.present, 0) AS users,
				least(
					max(coalesce(w.present, 0)) OVER (ORDER BY p.period ROWS BETWEEN 3 PRECEDING AND 1 PRECEDING),
					max(coalesce(w.present, 0)) OVER (ORDER BY p.period ROWS BETWEEN 1 FOLLOWING AND 3 FOLLOWING)) AS around
			FROM generate_series((SELECT min(m.period) FROM unnest(weeks) AS m), (SELECT max(m.period) FROM unnest(weeks) AS m)) AS p (period)
				LEFT JOIN unnest(weeks) AS w ON w.period = p.period) AS n) AS c;
	-- where many weeks are thin, this is how users pay
	IF thin.weeks * 5 > thin.all_weeks THEN
		thin.weeks := 0;
	END IF;
	CALL _leakage.keep_check(mart, 'thin_weeks', 'revenue', thin.weeks, 0, CASE WHEN thin.weeks > 0 THEN 'look' ELSE 'ok' END,
		format('Fewer than half of the users of the weeks around: %s. Are these weeks complete?', left(thin.names, 200)));
END;
$$;
COMMENT ON PROCEDURE _leakage.check_thin_weeks(name, jsonb, _leakage.period_total[]) IS
	'part of leakage_refresh: the health check thin_weeks';

-- doubled_weeks: weeks of users with two different amounts, while hardly any has three.  So it is not how often users pay.
CREATE PROCEDURE _leakage.check_doubled_weeks(mart name, options jsonb, weeks _leakage.period_total[])
	LANGUAGE plpgsql
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	all_weeks constant numeric := (SELECT sum(w.present) FROM unnest(weeks) AS w);
	doubled numeric;
	further numeric;	-- amounts after the second of a week
	share numeric;
	verdict text := 'ok';
BEGIN
	SELECT sum(r.added_weeks), sum(r.rows) - all_weeks - sum(r.added_weeks)
	INTO doubled, further
	FROM pg_temp.leakage_stage_revenue AS r
	WHERE r.msisdn IS NOT NULL;
	share := CASE WHEN further * 50 <= doubled THEN doubled / all_weeks ELSE 0 END;
	IF share > 0.1 AND doubled >= 10 THEN
		verdict := CASE WHEN options ->> 'week_format' = 'week' THEN 'bad' ELSE 'look' END;
	END IF;
	CALL _leakage.keep_check(mart, 'doubled_weeks', 'revenue', coalesce(share, 0), 0.1, verdict,
		format('%s weeks of users have two different amounts, which are added, and hardly any has three. %s', doubled,
			CASE WHEN options ->> 'week_format' = 'week'
				THEN 'If these are weeks of two years, write them as yyyyww, and set week_format to yyyyww. Or was a corrected file loaded beside the first one?'
				ELSE 'Was a corrected file loaded beside the first one?'
			END));
END;
$$;
COMMENT ON PROCEDURE _leakage.check_doubled_weeks(name, jsonb, _leakage.period_total[]) IS
	'part of leakage_refresh: the health check doubled_weeks';

-- scientific_ids: accepted rows whose identifier a spreadsheet has rounded, such as 8.80171E+12.  Of the CRM, those of users with revenue.
CREATE PROCEDURE _leakage.check_scientific_ids(mart name)
	LANGUAGE plpgsql
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	pattern constant text := '^[0-9](\.[0-9]+)?e\+[0-9]+$';
	found_rows record;
BEGIN
	FOR found_rows IN
		SELECT 'revenue' AS file, coalesce(sum(r.rows + r.duplicate_rows), 0) AS rows, count(*) AS ids
		FROM pg_temp.leakage_stage_revenue AS r
		WHERE r.msisdn LIKE '%e+%'
			AND r.msisdn ~ pattern
		UNION ALL
		SELECT 'crm', coalesce(sum(s.subscribers + s.duplicates), 0), count(*)
		FROM pg_temp.leakage_stage_crm AS s
		WHERE s.msisdn LIKE '%e+%'
			AND s.msisdn ~ pattern
	LOOP
		CALL _leakage.keep_check(mart, 'scientific_ids', found_rows.file, found_rows.rows, 0,
			CASE WHEN found_rows.rows >= 10 THEN 'bad' ELSE 'ok' END,
			format('%s rows have msisdn such as 8.80171E+12. A spreadsheet has rounded them, so several subscribers are one: here, %s are left. Export the file with msisdn as text.',
				found_rows.rows, found_rows.ids));
	END LOOP;
END;
$$;
COMMENT ON PROCEDURE _leakage.check_scientific_ids(name) IS
	'part of leakage_refresh: the health check scientific_ids';

-- How many times larger the users of one scale are than those of another, from their average weeks: the distance of the
-- most frequent amounts below and above an almost empty stretch, in powers of two.  1: there is one scale.
CREATE FUNCTION _leakage.user_scales()
	RETURNS numeric
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED	-- an SQL function would look for the stage of the transaction's first refresh
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	RETURN (
		WITH
			powers AS (
				SELECT array_agg(1::bigint << n ORDER BY n) AS bounds
				FROM generate_series(0, 62) AS n),
			octaves AS MATERIALIZED (
				SELECT width_bucket((r.revenue * 1000000 / @extschema@.active_periods(r.weeks))::bigint, p.bounds) AS octave, count(*) AS users
				FROM pg_temp.leakage_stage_revenue AS r, powers AS p
				WHERE r.revenue > 0
				GROUP BY 1),
			-- the users below, in, and above two neighboring octaves
			splits AS (
				SELECT g.octave,
					sum(o.users) AS users,
					coalesce(sum(o.users) FILTER (WHERE o.octave < g.octave), 0) AS below,
					coalesce(sum(o.users) FILTER (WHERE o.octave IN (g.octave, g.octave + 1)), 0) AS inside,
					coalesce(sum(o.users) FILTER (WHERE o.octave > g.octave + 1), 0) AS above
				FROM generate_series(1, 62) AS g (octave), octaves AS o
				GROUP BY g.octave),
			scales AS (
				SELECT
					(SELECT o.octave FROM octaves AS o WHERE o.octave > s.octave + 1 ORDER BY o.users DESC, o.octave LIMIT 1)
					- (SELECT o.octave FROM octaves AS o WHERE o.octave < s.octave ORDER BY o.users DESC, o.octave LIMIT 1) AS distance
				FROM splits AS s
				WHERE least(s.below, s.above) >= 10
					AND least(s.below, s.above) * 20 >= s.users
					AND s.inside * 10 <= least(s.below, s.above))
		SELECT coalesce(max((1::bigint << s.distance)::numeric), 1)
		FROM scales AS s);
END;
$$;
COMMENT ON FUNCTION _leakage.user_scales() IS
	'part of leakage_refresh: how far apart two groups of users are whose amounts are on different scales';

-- amount_scales: amounts of very different size, between users, or between weeks.
CREATE PROCEDURE _leakage.check_amount_scales(mart name, options jsonb, weeks _leakage.period_total[])
	LANGUAGE plpgsql
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	of_users constant numeric := _leakage.user_scales();
	of_weeks record;
	ratio numeric;
BEGIN
	SELECT round(greatest(m.mean / m.median, m.median / m.mean), 6) AS ratio, m.period
	INTO of_weeks
	FROM (
		SELECT w.period, w.actual / w.present AS mean, middle.median
		FROM unnest(weeks) AS w
			CROSS JOIN (
				SELECT percentile_disc(0.5) WITHIN GROUP (ORDER BY a.actual / a.present) AS median
				FROM unnest(weeks) AS a
				WHERE a.present >= 10
					AND a.actual > 0) AS middle
		WHERE w.present >= 10
			AND w.actual > 0) AS m
	ORDER BY ratio DESC, m.period
	LIMIT 1;
	ratio := least(greatest(of_users, of_weeks.ratio), 999999999999);
	CALL _leakage.keep_check(mart, 'amount_scales', 'revenue', ratio, 16, CASE WHEN ratio > 16 THEN 'look' ELSE 'ok' END,
		CASE
			WHEN of_users >= coalesce(of_weeks.ratio, 0) THEN format('There are two groups of users, and one pays about %s times as much as the other. Are some amounts in another unit or currency?', of_users)
			ELSE format('The average amount of week %s is %s times that of other weeks, or the other way round. Is it in another unit or currency?',
				_leakage.period_week(of_weeks.period, options ->> 'week_format'), round(of_weeks.ratio))
		END);
END;
$$;
COMMENT ON PROCEDURE _leakage.check_amount_scales(name, jsonb, _leakage.period_total[]) IS
	'part of leakage_refresh: the health check amount_scales';

CREATE PROCEDURE _leakage.check_contents(mart name, options jsonb)
	LANGUAGE plpgsql
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	weeks _leakage.period_total[];
BEGIN
	SELECT _leakage.period_totals(r.weeks, NULL, NULL) INTO weeks FROM pg_temp.leakage_stage_revenue AS r;
	CALL _leakage.check_week_jump(mart, options, weeks);
	CALL _leakage.check_months(mart, options, weeks);
	CALL _leakage.check_thin_weeks(mart, options, weeks);
	CALL _leakage.check_doubled_weeks(mart, options, weeks);
	CALL _leakage.check_scientific_ids(mart);
	CALL _leakage.check_amount_scales(mart, options, weeks);
END;
$$;
COMMENT ON PROCEDURE _leakage.check_contents(name, jsonb) IS
	'part of leakage_refresh: the health checks on weeks, identifiers, and amounts';
