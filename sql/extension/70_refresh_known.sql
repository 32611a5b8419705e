-- ---------------------------------------------------------------------------
-- Refresh, first half: what the operator knows (docs/rules.md, section 1.5).
--
-- The lists exclusion and known_event say in which weeks a user is not judged, and
-- by which factor the user's expected revenue differs from what peers bring in. Both
-- become a profile per user, as expected_profiles reads it, together with the weeks of
-- refused rows.  The lists are read with plain SQL, since they are short as a rule.
-- ---------------------------------------------------------------------------

-- exclusion, which is optional: what was refused and why, the totals, and leakage_stage_exclusion, the distinct rows
-- with the periods that they are for.
CREATE PROCEDURE _leakage.clean_exclusion(mart name, options jsonb)
	LANGUAGE plpgsql
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	counts jsonb;
	faults constant text := $sql$
		SELECT x.reason, x.msisdn, x.from_week, x.to_week,
			coalesce(
				@extschema@.leakage_id_fault(x.msisdn),
				nullif(@extschema@.leakage_week_fault(x.from_week, $1 ->> 'week_format'), 'week_missing'),
				nullif(@extschema@.leakage_week_fault(x.to_week, $1 ->> 'week_format'), 'week_missing'),
				CASE
					WHEN @extschema@.leakage_week(x.from_week, $1 ->> 'week_format')
						> @extschema@.leakage_week(x.to_week, $1 ->> 'week_format') THEN 'weeks_reversed'
				END) AS fault,
			x AS landing
		FROM @mart@.exclusion AS x
	$sql$;
BEGIN
	-- a refused row is one with fault; the first or the last period is NULL where the list gives none
	EXECUTE 'CREATE TEMPORARY TABLE leakage_stage_exclusion ON COMMIT DROP AS ' || _leakage.mart_sql(mart, format(
		$sql$
			WITH
				faults AS NOT MATERIALIZED (%s),
				typed AS (
					SELECT fault,
						CASE WHEN fault IS NULL THEN @extschema@.leakage_clean_id(msisdn) END COLLATE "C" AS msisdn,
						CASE WHEN fault IS NULL THEN @extschema@.leakage_clean_text(reason) END COLLATE "C" AS reason,
						CASE WHEN fault IS NULL THEN @extschema@.leakage_week(from_week, $1 ->> 'week_format') END AS from_week,
						CASE WHEN fault IS NULL THEN @extschema@.leakage_week(to_week, $1 ->> 'week_format') END AS to_week
					FROM faults)
			SELECT fault, msisdn, reason,
				_leakage.week_period(from_week, $1 ->> 'week_format') AS first_period,
				_leakage.week_period(to_week, $1 ->> 'week_format') AS last_period,
				count(*) AS rows
			FROM typed
			GROUP BY fault, msisdn, reason, from_week, to_week
		$sql$, faults))
	USING options;
	ANALYZE pg_temp.leakage_stage_exclusion;

	SELECT jsonb_build_object(
		'rows_in', sum(rows),
		'rows_refused', sum(rows) FILTER (WHERE fault IS NOT NULL),
		'rows_accepted', count(*) FILTER (WHERE fault IS NULL),
		'rows_duplicate', sum(rows - 1) FILTER (WHERE fault IS NULL))
	INTO counts
	FROM pg_temp.leakage_stage_exclusion;
	CALL _leakage.keep_counts(mart, 'exclusion', counts);

	IF (counts ->> 'rows_refused')::numeric > 0 THEN
		CALL _leakage.keep_rejected(mart, options, 'exclusion', format(
			$sql$
				SELECT fault AS reason,
					@extschema@.leakage_clean_id(msisdn) COLLATE "C" AS msisdn,
					to_jsonb(landing)::text AS content
				FROM (%s) AS f
				WHERE fault IS NOT NULL
			$sql$, faults));
	END IF;
END;
$$;
COMMENT ON PROCEDURE _leakage.clean_exclusion(name, jsonb) IS
	'part of leakage_refresh: users and weeks that are not judged, where a list is loaded';

-- leakage_stage_known: the subscribers of whose weeks something is known beforehand, as expected_profiles reads it; whether
-- no week of theirs is judged; and why.  Counts of the list of exclusions.
CREATE PROCEDURE _leakage.know_subscribers(mart name)
	LANGUAGE plpgsql
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	counts jsonb;
BEGIN
	-- One row per subscriber and first period at most, and so as many as there are weeks, however long the list is.
	CREATE TEMPORARY TABLE leakage_stage_known ON COMMIT DROP AS
	WITH
		starts AS (
			SELECT msisdn,
				coalesce(first_period, -2147483648) AS first_period,
				max(coalesce(last_period, 2147483646)) AS last_period,
				min(coalesce(reason, 'no reason given')) AS reason,
				count(*) AS rows
			FROM pg_temp.leakage_stage_exclusion
			WHERE fault IS NULL
			GROUP BY msisdn, coalesce(first_period, -2147483648)),
		spans AS (
			SELECT msisdn,
				range_agg(int4range(first_period, last_period, '[]')) AS periods,
				coalesce(min(reason) FILTER (WHERE first_period = -2147483648 AND last_period = 2147483646), min(reason)) AS reason,
				sum(rows) AS rows
			FROM starts
			GROUP BY msisdn)
		SELECT x.msisdn, x.reason, x.rows,
			s.msisdn IS NOT NULL AS is_user,
			s.msisdn IS NOT NULL AND NOT EXISTS (
				SELECT FROM @extschema@.periods(r.weeks) AS w
				WHERE NOT x.periods @> w.period) AS excluded,
			r.revenue,
			CASE WHEN s.msisdn IS NOT NULL THEN (	-- of the weeks from the user's first to the last
				SELECT @extschema@.leakage_profile(period, NULL::numeric, 0::numeric)
				FROM unnest(x.periods) AS p (span)
					CROSS JOIN LATERAL generate_series(
						greatest(lower(p.span), @extschema@.first_period(r.weeks)),
						least(upper(p.span) - 1, @extschema@.last_period(r.weeks))) AS period) END AS known
		FROM spans AS x
			LEFT JOIN pg_temp.leakage_stage_revenue AS r ON r.msisdn = x.msisdn
			LEFT JOIN pg_temp.leakage_stage_crm AS s ON s.msisdn = r.msisdn;
	ANALYZE pg_temp.leakage_stage_known;

	SELECT jsonb_build_object(
		'msisdn_unknown', sum(rows) FILTER (WHERE NOT is_user),
		'users_excluded', count(*) FILTER (WHERE excluded),
		'amount_excluded', sum(revenue) FILTER (WHERE excluded))
	INTO counts
	FROM pg_temp.leakage_stage_known;
	CALL _leakage.keep_counts(mart, 'exclusion', counts);
END;
$$;
COMMENT ON PROCEDURE _leakage.know_subscribers(name) IS
	'part of leakage_refresh: what is known beforehand of subscribers'' weeks';

-- The exact product of numbers, so that their order does not matter.
CREATE AGGREGATE _leakage.product(value numeric) (
	SFUNC = pg_catalog.numeric_mul,
	STYPE = numeric,
	COMBINEFUNC = pg_catalog.numeric_mul,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE _leakage.product(numeric) IS
	'part of leakage_refresh: product of numbers, NULLs left out';

-- known_event, which is optional: what was refused and why, the totals, and leakage_stage_known_event, the distinct events.
CREATE PROCEDURE _leakage.clean_known_event(mart name, options jsonb)
	LANGUAGE plpgsql
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	counts jsonb;
	most_events constant integer := 1000;
	faults constant text := $sql$
		SELECT t.*,
			coalesce(
				CASE
					WHEN t.dimension IS NULL THEN 'dimension_missing'
					WHEN t.dimension <> ALL ('{all,segment,mobile_type,age_group,gender,region,status,brand,os}') THEN 'dimension_unknown'
					WHEN t.dimension <> 'all' AND t.value IS NULL THEN 'value_missing'
				END,
				nullif(@extschema@.leakage_week_fault(t.from_week, $1 ->> 'week_format'), 'week_missing'),
				nullif(@extschema@.leakage_week_fault(t.to_week, $1 ->> 'week_format'), 'week_missing'),
				CASE
					WHEN @extschema@.leakage_week(t.from_week, $1 ->> 'week_format')
						> @extschema@.leakage_week(t.to_week, $1 ->> 'week_format') THEN 'weeks_reversed'
				END,
				nullif(replace(@extschema@.leakage_amount_fault(t.factor), 'amount_', 'factor_'), 'factor_missing'),
				CASE WHEN @extschema@.leakage_amount(t.factor) NOT BETWEEN 0.001 AND 1000 THEN 'factor_out_of_range' END) AS fault
		FROM (
			SELECT lower(@extschema@.leakage_clean_text(e.dimension) COLLATE "C") AS dimension,
				lower(@extschema@.leakage_clean_text(e.value) COLLATE "C") AS value,
				e.from_week, e.to_week, e.factor, e AS landing
			FROM @mart@.known_event AS e) AS t
	$sql$;
BEGIN
	-- A refused row is one with fault.  Without a factor, the weeks are not judged.  The first or the last period is NULL
	-- where the list gives none.  There is a limit, so that the product of all factors can be computed.
	EXECUTE 'CREATE TEMPORARY TABLE leakage_stage_known_event ON COMMIT DROP AS ' || _leakage.mart_sql(mart, format(
		$sql$
			WITH
				faults AS NOT MATERIALIZED (%s),
				typed AS (
					SELECT fault,
						CASE WHEN fault IS NULL THEN dimension END AS dimension,
						CASE WHEN fault IS NULL AND dimension <> 'all' THEN value END AS value,
						CASE WHEN fault IS NULL THEN @extschema@.leakage_week(from_week, $1 ->> 'week_format') END AS from_week,
						CASE WHEN fault IS NULL THEN @extschema@.leakage_week(to_week, $1 ->> 'week_format') END AS to_week,
						CASE WHEN fault IS NULL THEN round(@extschema@.leakage_amount(factor), 6) END AS factor
					FROM faults),
				once AS (
					SELECT fault, dimension, value, from_week, to_week, factor, count(*) AS rows
					FROM typed
					GROUP BY fault, dimension, value, from_week, to_week, factor),
				numbered AS (
					SELECT o.*, row_number() OVER (
						PARTITION BY fault
						ORDER BY dimension, value NULLS FIRST, from_week NULLS FIRST, to_week NULLS FIRST, factor NULLS FIRST) AS n
					FROM once AS o)
			SELECT CASE WHEN fault IS NULL AND n > $2 THEN 'too_many_events' ELSE fault END AS fault,
				concat(dimension, '=', value) COLLATE "C" AS cell_value,
				dimension, value, from_week, to_week, factor,
				_leakage.week_period(from_week, $1 ->> 'week_format') AS first_period,
				_leakage.week_period(to_week, $1 ->> 'week_format') AS last_period,
				rows
			FROM numbered
		$sql$, faults))
	USING options, most_events;
	ANALYZE pg_temp.leakage_stage_known_event;

	SELECT jsonb_build_object(
		'rows_in', sum(rows),
		'rows_refused', sum(rows) FILTER (WHERE fault IS NOT NULL),
		'rows_accepted', count(*) FILTER (WHERE fault IS NULL),
		'rows_duplicate', sum(rows - 1) FILTER (WHERE fault IS NULL))
	INTO counts
	FROM pg_temp.leakage_stage_known_event;
	CALL _leakage.keep_counts(mart, 'known_event', counts);

	IF (counts ->> 'rows_refused')::numeric > 0 THEN
		CALL _leakage.keep_rejected(mart, options, 'known_event', format(
			$sql$
				SELECT f.fault AS reason, NULL::text AS msisdn, to_jsonb(f.landing)::text AS content
				FROM (%s) AS f
				WHERE f.fault IS NOT NULL
				UNION ALL
				SELECT e.fault, NULL,
					jsonb_build_object('dimension', e.dimension, 'value', e.value, 'from_week', e.from_week, 'to_week', e.to_week, 'factor', e.factor)::text
				FROM pg_temp.leakage_stage_known_event AS e
					CROSS JOIN LATERAL generate_series(1, e.rows) AS n
				WHERE e.fault = 'too_many_events'
			$sql$, faults));
	END IF;
END;
$$;
COMMENT ON PROCEDURE _leakage.clean_known_event(name, jsonb) IS
	'part of leakage_refresh: known changes of revenue, where a list is loaded';

-- The subscribers with revenue and their attributes, for FROM.
CREATE FUNCTION _leakage.stage_subscribers()
	RETURNS text
	LANGUAGE sql IMMUTABLE PARALLEL SAFE
	SET search_path = pg_catalog, pg_temp
AS $$
	SELECT $sql$pg_temp.leakage_stage_crm AS s
			JOIN pg_temp.leakage_stage_person AS p USING (packed)
			JOIN pg_temp.leakage_stage_revenue AS r ON r.msisdn = s.msisdn
			LEFT JOIN pg_temp.leakage_stage_device AS d ON d.msisdn = s.msisdn
			LEFT JOIN pg_temp.leakage_stage_handset AS h ON h.packed = d.packed
			LEFT JOIN pg_temp.leakage_stage_region AS g ON g.spelling = s.region COLLATE "C"$sql$;
$$;
COMMENT ON FUNCTION _leakage.stage_subscribers() IS
	'part of leakage_refresh: subscribers with revenue and their attributes, for FROM';

-- Which of the values that known events name, $1, a subscriber of stage_subscribers() has: an expression.
CREATE FUNCTION _leakage.known_cell()
	RETURNS text
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED	-- an SQL function would look for the stage of the transaction's first refresh
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	RETURN CASE
			WHEN NOT EXISTS (SELECT FROM pg_temp.leakage_stage_known_event AS e WHERE e.fault IS NULL) THEN '$1'
			ELSE $sql$ARRAY(
				SELECT n.cell_value
				FROM unnest(ARRAY[
					'all=',
					'segment=' || lower(p.segment COLLATE "C"),
					'mobile_type=' || lower(p.mobile_type COLLATE "C"),
					'age_group=' || lower(p.age_group COLLATE "C"),
					'gender=' || lower(p.gender COLLATE "C"),
					'region=' || lower(coalesce(g.region, 'Unknown') COLLATE "C"),
					'status=' || lower(p.status COLLATE "C"),
					'brand=' || lower(coalesce(h.brand, 'Unknown') COLLATE "C"),
					'os=' || lower(coalesce(h.os, 'Unknown') COLLATE "C")]) AS n (cell_value)
				WHERE n.cell_value = ANY ($1))$sql$
		END;
END;
$$;
COMMENT ON FUNCTION _leakage.known_cell() IS
	'part of leakage_refresh: the values of a subscriber that known events name, as an expression';

-- leakage_stage_known_cell: for each combination of such values, what is known of its weeks.  The factors of several events
-- are multiplied.  Counts of the list.
CREATE PROCEDURE _leakage.know_cells(mart name)
	LANGUAGE plpgsql
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	unknown bigint;
BEGIN
	CREATE TEMPORARY TABLE leakage_stage_known_cell (cell text[] COLLATE "C", known @extschema@.leakage_profile) ON COMMIT DROP;
	IF EXISTS (SELECT FROM pg_temp.leakage_stage_known_event AS e WHERE e.fault IS NULL) THEN
		EXECUTE format(
			$sql$
				INSERT INTO pg_temp.leakage_stage_known_cell (cell)
				SELECT DISTINCT %s
				FROM %s
				WHERE s.msisdn IS NOT NULL
			$sql$, _leakage.known_cell(), _leakage.stage_subscribers())
		USING ARRAY(SELECT DISTINCT e.cell_value FROM pg_temp.leakage_stage_known_event AS e WHERE e.fault IS NULL);
		ANALYZE pg_temp.leakage_stage_known_cell;

		WITH
			span AS (
				SELECT min(@extschema@.first_period(r.weeks)) AS first_period, max(@extschema@.last_period(r.weeks)) AS last_period
				FROM pg_temp.leakage_stage_revenue AS r
				WHERE r.msisdn IS NOT NULL),
			event_weeks AS (
				SELECT e.cell_value, w.period, bool_or(e.factor IS NULL) AS not_judged, _leakage.product(e.factor) AS factor
				FROM pg_temp.leakage_stage_known_event AS e
					CROSS JOIN span AS s
					CROSS JOIN LATERAL generate_series(
						greatest(e.first_period, s.first_period), least(e.last_period, s.last_period)) AS w (period)
				WHERE e.fault IS NULL
				GROUP BY e.cell_value, w.period),
			cell_weeks AS (
				SELECT c.cell, w.period, bool_or(w.not_judged) AS not_judged, _leakage.product(w.factor) AS factor
				FROM pg_temp.leakage_stage_known_cell AS c
					JOIN event_weeks AS w ON w.cell_value = ANY (c.cell)
				GROUP BY c.cell, w.period),
			cells AS (
				SELECT w.cell,
					@extschema@.leakage_profile(w.period,
						CASE WHEN NOT w.not_judged THEN least(greatest(round(w.factor, 6), 0.000001), 1000000) END::numeric,
						CASE WHEN w.not_judged THEN 0 END::numeric) AS known
				FROM cell_weeks AS w
				GROUP BY w.cell)
		UPDATE pg_temp.leakage_stage_known_cell AS c
		SET known = k.known
		FROM cells AS k
		WHERE k.cell = c.cell;
	END IF;

	SELECT coalesce(sum(e.rows), 0)
	INTO unknown
	FROM pg_temp.leakage_stage_known_event AS e
	WHERE e.fault IS NULL
		AND NOT EXISTS (
			SELECT FROM pg_temp.leakage_stage_known_cell AS c
			WHERE e.cell_value = ANY (c.cell));
	CALL _leakage.keep_counts(mart, 'known_event', jsonb_build_object('value_unknown', unknown));
END;
$$;
COMMENT ON PROCEDURE _leakage.know_cells(name) IS
	'part of leakage_refresh: what is known beforehand of the weeks of subscribers with certain attributes';
