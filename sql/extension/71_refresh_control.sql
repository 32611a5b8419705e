-- ---------------------------------------------------------------------------
-- Refresh, between score and decision: the planted control, and what too many users
-- share.  docs/method.md, section 8, has the formulas.
--
-- Reasons travel as one JSON object per run, in the order in which they are published:
--
--   [{"reason": "drop", "state": "kinds", "weight": 41.2, "share": 0.55, ...}, ...]
-- ---------------------------------------------------------------------------

-- The reasons of a run with the candidates of each: state bulk if these are too many, few if they are
-- too few to be compared, off if they are not to be compared, otherwise clean until they are.
CREATE FUNCTION _leakage.count_candidates(mart name, options jsonb, model @extschema@.leakage_model)
	RETURNS jsonb
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	reasons jsonb;
BEGIN
	EXECUTE _leakage.mart_sql(mart, $sql$
		SELECT jsonb_agg(jsonb_build_object('reason', r.reason, 'weight', c.weight, 'share', 1,
				'state', CASE
					WHEN c.weight > greatest(10, $1 * b.users) THEN 'bulk'
					WHEN NOT $2 THEN 'off'
					WHEN c.weight < 10 OR $3 IS DISTINCT FROM 'likelihood' THEN 'few'
					ELSE 'clean' END,
				'compare', $2 AND $3 IS NOT DISTINCT FROM 'likelihood' AND c.weekly >= 5
					AND c.weight <= greatest(10, $1 * b.users))
			ORDER BY r.place)
		FROM unnest('{missing_weeks,zero_weeks,drop,underbilled}'::text[]) WITH ORDINALITY AS r (reason, place)
			CROSS JOIN LATERAL (
				SELECT coalesce(sum(1 - u.no_leak), 0) AS weight, count(*) FILTER (WHERE u.payment_class = 'weekly') AS weekly
				FROM @mart@.stage_user AS u
				WHERE u.no_leak <= 0.5 AND u.reason = r.reason) AS c
			CROSS JOIN (
				SELECT count(*) AS users
				FROM @mart@.stage_user AS u
				WHERE u.payment_class NOT IN ('never_billed', 'excluded')) AS b
	$sql$)
	INTO reasons
	USING (options ->> 'max_leak_share')::numeric, options -> 'planted_control' = 'true', @extschema@.leakage_model_method(model);
	RETURN reasons;
END;
$$;
COMMENT ON FUNCTION _leakage.count_candidates(name, jsonb, @extschema@.leakage_model) IS
	'part of leakage_refresh: how many users seem to leak for each reason, and whether they are too many or too few';

-- stage_control: the candidates of the reasons to compare, and users in whom a leak was planted, with their features.
CREATE PROCEDURE _leakage.plant_leaks(mart name, reasons text[], model @extschema@.leakage_model)
	LANGUAGE plpgsql
	SET search_path = pg_catalog, pg_temp
	-- the planner does not know what a feature costs
	SET parallel_setup_cost = 0
	SET parallel_tuple_cost = 0
AS $$
DECLARE
	attributes constant text := 'ARRAY[u.region, u.segment, u.mobile_type, u.age_group, u.gender, u.status, u.brand, u.os, u.peer_group]';
BEGIN
	-- a quarter of the users, from 2,000 to 5,000; chosen by a hash of the key, so the choice does not depend on any order
	EXECUTE _leakage.mart_sql(mart, $sql$
		CREATE UNLOGGED TABLE @mart@.stage_planted WITH (parallel_workers = 2) AS
		SELECT u.msisdn, u.profile, true AS planted, $1 AS reasons, $sql$ || attributes || $sql$ AS attributes
		FROM @mart@.stage_user AS u
		WHERE u.ctid = ANY (ARRAY(
			SELECT s.ctid
			FROM @mart@.stage_user AS s
			WHERE s.no_leak > 0.9 AND s.payment_class = 'weekly' AND s.active_weeks - s.zero_weeks >= 3
			ORDER BY sha256(convert_to('planted control ' || s.msisdn, getdatabaseencoding())), s.msisdn
			LIMIT (SELECT least(greatest(count(*) / 4, 2000), 5000) FROM @mart@.stage_user)))
		UNION ALL
		SELECT u.msisdn, u.profile, false, ARRAY[u.reason], $sql$ || attributes || $sql$
		FROM @mart@.stage_user AS u
		WHERE u.no_leak <= 0.5 AND u.payment_class = 'weekly' AND u.reason = ANY ($1)
	$sql$)
	USING reasons;
	EXECUTE _leakage.mart_sql(mart, $sql$
		CREATE UNLOGGED TABLE @mart@.stage_control AS
		SELECT p.reason, p.msisdn, p.planted, p.attributes, 1 - (p.f).p_no_leak AS weight, (p.f).features
		FROM (
			SELECT r.reason, s.msisdn, s.planted, s.attributes,
				_leakage.control_features(s.profile, $1, r.reason,
					CASE WHEN s.planted
						THEN sha256(convert_to('planted control ' || r.reason || ' ' || s.msisdn, getdatabaseencoding()))
					END, s.attributes) AS f
			FROM @mart@.stage_planted AS s
				CROSS JOIN LATERAL unnest(s.reasons) AS r (reason)
			OFFSET 0) AS p
		WHERE (p.f).p_no_leak <= 0.5;
		DROP TABLE @mart@.stage_planted
	$sql$)
	USING model;
END;
$$;
COMMENT ON PROCEDURE _leakage.plant_leaks(name, text[], @extschema@.leakage_model) IS
	'part of leakage_refresh: features of the users who seem to leak, and of users in whom a leak was planted';

-- Lowers the odds of the candidates of one reason, of which only a share looks like leaks, where candidates are
-- more frequent than planted leaks are.  Users who pay by another calendar are too few to compare, so they get the share
-- of those who pay weekly.
CREATE PROCEDURE _leakage.lower_candidates(mart name, lowered_reason text, share double precision, ratios double precision[],
	model @extschema@.leakage_model)
	LANGUAGE plpgsql
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	EXECUTE _leakage.mart_sql(mart, $sql$
		WITH
			compared AS (
				SELECT c.msisdn, $3[row_number() OVER (ORDER BY c.msisdn)] AS ratio
				FROM @mart@.stage_control AS c
				WHERE c.reason = $1 AND NOT c.planted),
			changed AS (
				SELECT u.msisdn, c.no_leak, l.*
				FROM @mart@.stage_user AS u
					LEFT JOIN compared AS d USING (msisdn)
					CROSS JOIN LATERAL (
						SELECT (1 - u.no_leak)::double precision AS leak, coalesce(d.ratio, 1) AS ratio) AS o
					CROSS JOIN LATERAL (
						SELECT 1 - o.leak * least(o.ratio, $2) / (1 - o.leak + o.leak * o.ratio) AS no_leak) AS c
					CROSS JOIN LATERAL _leakage.control_lower(u.profile, $4, c.no_leak) AS l
				WHERE u.no_leak <= 0.5 AND u.reason = $1)
		UPDATE @mart@.stage_user AS u
		SET no_leak = round(c.no_leak::numeric, 12), leakage_score = round(c.score::numeric, 4),
			expected_leak = c.expected_leak, expected_leaks = c.expected_leaks
		FROM changed AS c
		WHERE c.msisdn = u.msisdn
	$sql$)
	USING lowered_reason, share, ratios, model;
END;
$$;
COMMENT ON PROCEDURE _leakage.lower_candidates(name, text, double precision, double precision[], @extschema@.leakage_model) IS
	'part of leakage_refresh: lowers the odds of users who seem to leak where too many are alike';

-- The values from low to high of a feature, as text.
CREATE FUNCTION _leakage.feature_range(mart name, feature text, low integer, high integer)
	RETURNS text
	LANGUAGE plpgsql STABLE PARALLEL UNSAFE
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	lowest constant text := CASE WHEN low <> -2147483648 THEN low::text END;
	highest constant text := CASE WHEN high <> 2147483647 THEN high::text END;
	bounds text[] := ARRAY[lowest, highest];
BEGIN
	IF feature LIKE '%\_week' AND feature <> 'highest_week' THEN
		EXECUTE _leakage.mart_sql(mart, $sql$
			SELECT ARRAY[
				CASE WHEN $3 IS NOT NULL THEN (SELECT min(w.week_number)::text FROM @mart@.mart_week AS w WHERE w.period >= $1) END,
				CASE WHEN $4 IS NOT NULL THEN (SELECT max(w.week_number)::text FROM @mart@.mart_week AS w WHERE w.period <= $2) END]
		$sql$)
		INTO bounds
		USING low, high, lowest, highest;
	ELSIF feature = 'level' THEN
		-- in sixteenths of a bin
		bounds := ARRAY[round(2 ^ (lowest::numeric / 128), 2)::text, round(2 ^ (highest::numeric / 128), 2)::text];
	END IF;
	RETURN CASE
		WHEN bounds[1] = bounds[2] THEN bounds[1]
		WHEN bounds[1] IS NULL THEN 'up to ' || bounds[2]
		WHEN bounds[2] IS NULL THEN bounds[1] || ' or more'
		ELSE format('%s to %s', bounds[1], bounds[2]) END;
END;
$$;
COMMENT ON FUNCTION _leakage.feature_range(name, text, integer, integer) IS
	'part of leakage_refresh: the values of a feature in a finding, as text';

-- One row of finding: where there are most too many candidates of a reason, in one block that entered.
--	low_*, high_*	bounds of the cell; feature_b is 0 if there is no second feature
CREATE PROCEDURE _leakage.keep_finding(mart name, found_reason text, names text[],
	feature_a integer, low_a integer, high_a integer, feature_b integer, low_b integer, high_b integer,
	seen double precision, expected double precision)
	LANGUAGE plpgsql
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	attributes constant text[] := '{region,segment,mobile_type,age_group,gender,status,brand,os,peer_group}';
	attribute constant integer := feature_a - cardinality(names);
	money numeric;
	label text;
BEGIN
	EXECUTE _leakage.mart_sql(mart, $sql$
		SELECT coalesce(sum(u.expected_leak), 0), min(c.attributes[$2])
		FROM @mart@.stage_control AS c
			JOIN @mart@.stage_user AS u USING (msisdn)
		WHERE c.reason = $1 AND NOT c.planted
			AND c.features[$3] BETWEEN $4 AND $5
			AND ($6 = 0 OR c.features[$6] BETWEEN $7 AND $8)
	$sql$)
	INTO money, label
	USING found_reason, attribute, feature_a, low_a, high_a, feature_b, low_b, high_b;

	EXECUTE _leakage.mart_sql(mart, $sql$
		INSERT INTO @mart@.finding (finding_id, reason, feature, value, seen, expected, money, verdict)
		SELECT coalesce(max(f.finding_id), 0) + 1, $1, $2, $3, $4, $5, $6,
			'more users are alike than leaks would be: check what they have in common'
		FROM @mart@.finding AS f
	$sql$)
	USING found_reason,
		CASE WHEN attribute > 0 THEN attributes[attribute] ELSE concat_ws(' and ', names[feature_a], names[nullif(feature_b, 0)]) END,
		CASE
			WHEN attribute > 0 THEN label
			ELSE concat_ws('; ', _leakage.feature_range(mart, names[feature_a], low_a, high_a),
				CASE WHEN feature_b > 0 THEN _leakage.feature_range(mart, names[feature_b], low_b, high_b) END)
		END,
		round(seen::numeric, 2), round(expected::numeric, 2), money;
END;
$$;
COMMENT ON PROCEDURE _leakage.keep_finding(name, text, text[], integer, integer, integer, integer, integer, integer, double precision, double precision) IS
	'part of leakage_refresh: writes where there are more candidates of a reason than leaks would give';

-- Compares the candidates of one reason with the planted leaks, and lowers their odds where too many are alike.
-- Returns the reason with its state and share.
CREATE FUNCTION _leakage.compare_candidates(mart name, compared jsonb, model @extschema@.leakage_model)
	RETURNS jsonb
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	names constant text[] := _leakage.control_feature_names(compared ->> 'reason');
	answer record;
	counts record;
BEGIN
	EXECUTE _leakage.mart_sql(mart, $sql$
		SELECT count(*) FILTER (WHERE NOT planted) AS candidates, count(*) FILTER (WHERE planted) AS planted
		FROM @mart@.stage_control
		WHERE reason = $1
	$sql$)
	INTO counts
	USING compared ->> 'reason';
	IF counts.candidates < 5 OR counts.planted < 100 THEN
		RETURN compared || '{"state": "few"}';
	END IF;

	-- the size of a drop is evidence, since leaks of all sizes are searched for; that of the others is not
	EXECUTE _leakage.mart_sql(mart, $sql$
		SELECT a.*
		FROM (
			SELECT
				array_agg(c.weight ORDER BY c.msisdn) FILTER (WHERE NOT c.planted) AS weights,
				array_agg(c.features ORDER BY c.msisdn) FILTER (WHERE NOT c.planted) AS features,
				array_agg(c.weight ORDER BY c.msisdn) FILTER (WHERE c.planted) AS planted_weights,
				array_agg(c.features ORDER BY c.msisdn) FILTER (WHERE c.planted) AS planted_features
			FROM (
				SELECT s.msisdn, s.planted, s.weight, s.features
				FROM @mart@.stage_control AS s
				WHERE s.reason = $1
				ORDER BY s.msisdn) AS c) AS r
			CROSS JOIN LATERAL _leakage.control_compare(
				r.weights, r.features, r.planted_weights, r.planted_features, 9, $1 <> 'drop') AS a
	$sql$)
	INTO answer
	USING compared ->> 'reason';

	FOR i IN 1 .. cardinality(answer.gain) LOOP
		CALL _leakage.keep_finding(mart, compared ->> 'reason', names,
			answer.feature_a[i], answer.low_a[i], answer.high_a[i],
			answer.feature_b[i], answer.low_b[i], answer.high_b[i], answer.seen[i], answer.expected[i]);
	END LOOP;
	IF cardinality(answer.gain) > 0 THEN
		CALL _leakage.lower_candidates(mart, compared ->> 'reason', answer.share, answer.ratios, model);
		RETURN compared || jsonb_build_object('state', 'kinds', 'share', round(answer.share::numeric, 4));
	END IF;
	RETURN compared || CASE WHEN answer.doubt THEN '{"state": "doubt"}'::jsonb ELSE '{}' END;
END;
$$;
COMMENT ON FUNCTION _leakage.compare_candidates(name, jsonb, @extschema@.leakage_model) IS
	'part of leakage_refresh: compares those who seem to leak for one reason with planted leaks';

-- The findings of reasons that are withheld as a whole.
CREATE PROCEDURE _leakage.keep_bulk_findings(mart name, options jsonb, reasons text[])
	LANGUAGE plpgsql
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	EXECUTE _leakage.mart_sql(mart, $sql$
		INSERT INTO @mart@.finding (finding_id, reason, feature, value, seen, expected, money, verdict)
		SELECT row_number() OVER (ORDER BY u.reason), u.reason, 'users', 'all', sum(1 - u.no_leak),
			$1 * (SELECT count(*) FROM @mart@.stage_user AS b WHERE b.payment_class NOT IN ('never_billed', 'excluded')),
			sum(u.expected_leak), 'too many users for leaks: check whether this is how they pay'
		FROM @mart@.stage_user AS u
		WHERE u.no_leak <= 0.5 AND u.reason = ANY ($2)
		GROUP BY u.reason
	$sql$)
	USING (options ->> 'max_leak_share')::numeric, reasons;
END;
$$;
COMMENT ON PROCEDURE _leakage.keep_bulk_findings(name, jsonb, text[]) IS
	'part of leakage_refresh: a finding for each reason that too many users seem to have';

-- The reasons of the run with their states, after the odds of candidates were lowered where needed.
CREATE FUNCTION _leakage.control_candidates(mart name, options jsonb, model @extschema@.leakage_model)
	RETURNS jsonb
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	reasons jsonb := _leakage.count_candidates(mart, options, model);
	bulk constant text[] := ARRAY(
		SELECT r ->> 'reason' FROM jsonb_array_elements(reasons) AS r WHERE r ->> 'state' = 'bulk');
	compared constant text[] := ARRAY(
		SELECT r ->> 'reason' FROM jsonb_array_elements(reasons) AS r WHERE (r ->> 'compare')::boolean);
BEGIN
	EXECUTE _leakage.mart_sql(mart, 'DELETE FROM @mart@.finding');
	CALL _leakage.keep_bulk_findings(mart, options, bulk);
	IF compared <> '{}' THEN
		CALL _leakage.plant_leaks(mart, compared, model);
		FOR i IN 0 .. jsonb_array_length(reasons) - 1 LOOP
			IF reasons -> i ->> 'reason' = ANY (compared) THEN
				reasons := jsonb_set(reasons, ARRAY[i::text], _leakage.compare_candidates(mart, reasons -> i, model));
			END IF;
		END LOOP;
		EXECUTE _leakage.mart_sql(mart, 'DROP TABLE @mart@.stage_control');
	END IF;
	RETURN reasons;
END;
$$;
COMMENT ON FUNCTION _leakage.control_candidates(name, jsonb, @extschema@.leakage_model) IS
	'part of leakage_refresh: the reasons of the run, whether those who seem to leak look like leaks, and their odds if not';
