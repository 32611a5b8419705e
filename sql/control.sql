--
-- The planted control: planting a leak, the features, the comparison, and lowered odds
--
CREATE FUNCTION raises(query text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE query;
	RETURN 'no error';
EXCEPTION WHEN OTHERS THEN
	RETURN SQLSTATE || ': ' || SQLERRM;
END;
$$;

SELECT reason, cardinality(_leakage.control_feature_names(reason)), _leakage.control_feature_names(reason)
FROM unnest('{missing_weeks,zero_weeks,drop,underbilled}'::text[]) AS reason;
SELECT raises($$ SELECT _leakage.control_feature_names('none') $$);

-- 1,200 users with a level of their own, 16 weeks
CREATE TABLE paid AS
SELECT u, leakage_profile(w, round((10 * (1 + 0.5 * sin(u)) * (1 + 0.3 * sin(u * 12.9898 + w * 78.233)))::numeric, 6), 10 ORDER BY w) AS profile
FROM generate_series(1, 1200) AS u, generate_series(1, 16) AS w
GROUP BY u;
CREATE TABLE learned AS SELECT leakage_fit(profile, NULL) AS model FROM paid;
UPDATE learned SET model = (SELECT leakage_fit(profile, model) FROM paid);

-- as it is, nobody seems to leak; with a leak of each kind planted, most do
CREATE TABLE planted AS
SELECT r.reason, p.u, sha256(convert_to(r.reason || p.u, 'UTF8')) AS digest, f.*
FROM learned, paid AS p, unnest('{missing_weeks,zero_weeks,drop,underbilled}'::text[]) AS r (reason),
	_leakage.control_features(p.profile, model, r.reason, sha256(convert_to(r.reason || p.u, 'UTF8')), '{North,Prepaid}') AS f;
SELECT p.reason, count(*) FILTER (WHERE p.p_no_leak <= 0.5) > 400 AS found,
	bool_and(cardinality(p.features) = cardinality(_leakage.control_feature_names(p.reason)) + 2) AS all_features
FROM planted AS p
GROUP BY p.reason
ORDER BY p.reason;
SELECT count(*) FILTER (WHERE f.p_no_leak <= 0.5) FROM learned, paid AS p, _leakage.control_features(p.profile, model, 'missing_weeks', NULL, NULL) AS f;

-- a reader of the features finds what was planted: 7 unpaid weeks in two runs
SELECT n.name, f.features[n.place]
FROM learned,
	_leakage.control_features('{1: 10/10, 2: 0/10, 3: 0/10, 4: 0/10, 5: 10/10, 6: 12/10, 7: 0/10, 8: 0/10, 9: 0/10, 10: 0/10, 11: 10/10, 12: 10/10}',
		model, 'zero_weeks', NULL, NULL) AS f,
	unnest(_leakage.control_feature_names('zero_weeks')) WITH ORDINALITY AS n (name, place)
ORDER BY n.place;
-- and a drop to a quarter in week 7
SELECT n.name, f.features[n.place]
FROM learned,
	_leakage.control_features('{1: 10/10, 2: 10/10, 3: 10/10, 4: 10/10, 5: 10/10, 6: 10/10, 7: 2.5/10, 8: 2.5/10, 9: 2.5/10, 10: 2.5/10, 11: 2.5/10, 12: 2.5/10}',
		model, 'drop', NULL, NULL) AS f,
	unnest(_leakage.control_feature_names('drop')) WITH ORDINALITY AS n (name, place)
ORDER BY n.place;

-- the same digest plants the same leak, another one another leak
SELECT count(*) FILTER (WHERE a.features = p.features) = count(*) AS same, count(DISTINCT b.features) > 1 AS another
FROM learned, planted AS p JOIN paid AS d USING (u),
	_leakage.control_features(d.profile, model, p.reason, p.digest, '{North,Prepaid}') AS a,
	_leakage.control_features(d.profile, model, p.reason, sha256(p.digest), '{North,Prepaid}') AS b
WHERE p.features IS NOT NULL AND p.u <= 100;

-- no room for a leak, another reason, and wrong arguments
SELECT _leakage.control_features('{1: 10/10, 2: 10/10, 3: 10/10}', NULL, 'missing_weeks', sha256('x'), NULL) IS NULL AS no_room,
	_leakage.control_features('{1: -/10}', NULL, 'drop', sha256('x'), NULL) IS NULL AS no_row,
	_leakage.control_features(NULL, NULL, 'drop', NULL, NULL) IS NULL AS no_profile,
	_leakage.control_features((SELECT profile FROM paid WHERE u = 1), NULL, NULL, NULL, NULL) IS NULL AS no_reason,
	_leakage.control_features((SELECT profile FROM paid WHERE u = 1), NULL, 'zero_weeks', NULL, NULL) IS NULL AS other_reason;
SELECT raises($$ SELECT _leakage.control_features('{1: 10/10}', NULL, 'fraud', NULL, NULL) $$);
SELECT raises($$ SELECT _leakage.control_features('{1: 10/10}', NULL, 'drop', '\x00', NULL) $$);
SELECT raises($$ SELECT _leakage.control_features((SELECT profile FROM paid WHERE u = 1), NULL, 'drop', sha256('2'), array_fill('x'::text, ARRAY[42])) $$);

--
-- The comparison: 200 candidates and 1,000 planted, a size, two numbers and a category
--
CREATE FUNCTION compared(first_number integer, categories integer DEFAULT 1) RETURNS SETOF record LANGUAGE sql AS $$
	SELECT (SELECT array_agg(0.9 - i % 3 * 0.1 ORDER BY i) FROM generate_series(1, 200) AS i)::double precision[],
		(SELECT array_agg(ARRAY[i % 5, CASE WHEN i % 2 = 0 THEN first_number ELSE i * 37 % 101 END, i * 53 % 89, i % 4] ORDER BY i) FROM generate_series(1, 200) AS i),
		(SELECT array_agg(0.8 ORDER BY i) FROM generate_series(1, 1000) AS i)::double precision[],
		(SELECT array_agg(ARRAY[i % 7, i * 37 % 101, i * 53 % 89, i % 4] ORDER BY i) FROM generate_series(1, 1000) AS i)
$$;
-- half of the candidates are at 30
SELECT round(c.share::numeric, 3) AS share, c.doubt, c.feature_a, c.low_a <= ARRAY[30] AND c.high_a >= ARRAY[30] AS at_30, c.feature_b,
	round(c.gain[1]::numeric) > 20 AS gains, c.seen[1] > 3 * c.expected[1] AS more, cardinality(c.ratios) AS ratios,
	(SELECT min(r) FROM unnest(c.ratios) WITH ORDINALITY AS r (r, i) WHERE i % 2 = 0) > 2 AS at_30_frequent
FROM compared(30) AS a (cw double precision[], cf integer[], pw double precision[], pf integer[]),
	_leakage.control_compare(a.cw, a.cf, a.pw, a.pf, 1, true) AS c;
-- nothing differs
SELECT c.share, c.doubt, cardinality(c.gain) AS blocks, (SELECT array_agg(DISTINCT r) FROM unnest(c.ratios) AS r) AS ratios
FROM compared(30) AS a (cw double precision[], cf integer[], pw double precision[], pf integer[]),
	_leakage.control_compare(a.pw[1:200], a.pf[1:200], a.pw, a.pf, 1, true) AS c;
-- the size is evidence only if it is not matched
SELECT match_size, c.feature_a, c.share < 1 AS lower
FROM (VALUES (false), (true)) AS m (match_size),
	_leakage.control_compare(array_fill(0.9::double precision, ARRAY[100]), (SELECT array_agg(ARRAY[i % 10, i * 7 % 11]) FROM generate_series(1, 100) AS i),
		array_fill(0.9::double precision, ARRAY[1000]), (SELECT array_agg(ARRAY[i % 100, i * 7 % 11]) FROM generate_series(1, 1000) AS i), 0, match_size) AS c;
-- nobody
SELECT c.share, c.doubt, c.ratios, c.gain FROM _leakage.control_compare('{}', '{}', '{}', '{}', 0, true) AS c;
SELECT c.share, c.doubt, c.ratios, c.gain FROM _leakage.control_compare('{0}', '{{1,2}}', '{}', '{}', 0, true) AS c;
SELECT c.share, c.doubt, c.ratios, c.gain FROM _leakage.control_compare('{0,0}', '{{1,2},{1,3}}', '{0}', '{{1,2}}', 1, false) AS c;
-- wrong arguments
SELECT raises($$ SELECT _leakage.control_compare('{1}', '{{1,2},{3,4}}', '{}', '{}', 0, true) $$);
SELECT raises($$ SELECT _leakage.control_compare('{1}', '{1}', '{}', '{}', 0, true) $$);
SELECT raises($$ SELECT _leakage.control_compare('{1}', '{{1,2}}', '{1}', '{{1,2,3}}', 0, true) $$);
SELECT raises($$ SELECT _leakage.control_compare('{1.5}', '{{1,2}}', '{}', '{}', 0, true) $$);
SELECT raises($$ SELECT _leakage.control_compare('{NaN}', '{{1,2}}', '{}', '{}', 0, true) $$);
SELECT raises($$ SELECT _leakage.control_compare('{NULL}', '{{1,2}}', '{}', '{}', 0, true) $$);
SELECT raises($$ SELECT _leakage.control_compare('{1}', '{{1,2}}', '{}', '{}', 2, true) $$);
SELECT raises($$ SELECT _leakage.control_compare('{1}', '{{1,2}}', '{}', '{}', -1, true) $$);
SELECT raises($$ SELECT _leakage.control_compare('{1}', ARRAY[array_fill(1, ARRAY[65])], '{}', '{}', 0, true) $$);

--
-- Lowered odds: score and money follow; above the probability of the assessment nothing changes
--
WITH answer AS (
	SELECT d.profile, model, a.*
	FROM learned, CAST('{1: 10/10, 2: 0/10, 3: 0/10, 4: 9/10, 5: 10/10, 6: 0/10, 7: 12/10, 8: 0/10, 9: 0/10, 10: 11/10}' AS leakage_profile) AS d (profile),
		leakage_assess(d.profile, model) AS a)
SELECT l.score < a.score AS lower, abs(l.expected_leak / a.expected_leak - 0.5) < 1e-6 AS half,
	l.expected_leak = (SELECT sum(e) FROM unnest(l.expected_leaks) AS e) AS adds_up,
	cardinality(l.expected_leaks) = cardinality(a.expected_leaks) AS all_weeks,
	(s.score, s.expected_leak, s.expected_leaks) IS NOT DISTINCT FROM (a.score, a.expected_leak, a.expected_leaks) AS unchanged,
	n.score AS least_score, n.expected_leak AS none
FROM answer AS a, _leakage.control_lower(a.profile, a.model, 1 - a.leak_probability / 2) AS l, _leakage.control_lower(a.profile, a.model, 0) AS s,
	_leakage.control_lower(a.profile, a.model, 1) AS n;
SELECT raises($$ SELECT _leakage.control_lower('{1: 10/10}', model, 1.1) FROM learned $$);
SELECT raises($$ SELECT _leakage.control_lower('{1: 10/10}', model, 'NaN') FROM learned $$);

DROP TABLE paid, learned, planted;
DROP FUNCTION compared(integer, integer), raises(text);
