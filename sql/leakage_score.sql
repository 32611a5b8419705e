--
-- leakage_score: the score of leakage_assess, computed directly from rows
--
CREATE TABLE bill (who text, kind text, period integer, actual numeric, expected numeric);
INSERT INTO bill
SELECT 'honest ' || n, 'honest', p, 9 + (p * n) % 3, 10 FROM generate_series(1, 12) p, generate_series(1, 3) n;
INSERT INTO bill SELECT 'missing', 'leaks', p, CASE WHEN p NOT IN (3, 5, 8, 10) THEN 10 + p % 2 END, 10 FROM generate_series(1, 12) p;
INSERT INTO bill SELECT 'zero', 'leaks', p, CASE WHEN p NOT IN (3, 5, 8, 10) THEN 10 + p % 2 ELSE 0 END, 10 FROM generate_series(1, 12) p;
INSERT INTO bill SELECT 'drop', 'leaks', p, CASE WHEN p < 7 THEN 10 + p % 2 ELSE 2 + p % 2 END, 10 FROM generate_series(1, 12) p;
INSERT INTO bill SELECT 'underbilled', 'leaks', p, 2 + p % 2, 10 FROM generate_series(1, 12) p;
INSERT INTO bill SELECT 'rise', 'honest', p, CASE WHEN p < 7 THEN 10 + p % 2 ELSE 20 + p % 2 END, 10 FROM generate_series(1, 12) p;

-- the score sorts like the odds, and equals that of leakage_assess
SELECT who, round(leakage_score(period, actual, expected, NULL)::numeric, 2) AS score
FROM bill GROUP BY who ORDER BY 2 DESC, 1;
SELECT count(*) AS other_scores
FROM (SELECT leakage_score(period, actual, expected, NULL) AS score, leakage_profile(period, actual, expected) AS p
	  FROM bill GROUP BY who) x, leakage_assess(p, NULL) a WHERE x.score <> a.score;

-- with a model
CREATE TABLE model AS
SELECT leakage_fit(p, NULL) AS m
FROM (SELECT leakage_profile(w, 8 + (u * w * 7919) % 11 / 3.0, 10) AS p
	  FROM generate_series(1, 1200) u, generate_series(1, 12) w GROUP BY u) x;
SELECT leakage_model_method(m) FROM model;
SELECT who, round(leakage_score(period, actual, expected, m)::numeric, 1) AS score
FROM bill, model GROUP BY who ORDER BY 2 DESC, 1;

-- no rows, NULL rows, one row, many rows in one period
SELECT leakage_score(period, actual, expected, NULL) AS none FROM bill WHERE false;
SELECT leakage_score(NULL, actual, expected, NULL) AS none FROM bill;
SELECT leakage_score(period, NULL, NULL, NULL) AS none FROM bill;
SELECT leakage_score(1, 5, 5, NULL) AS one_row;
SELECT leakage_score(p, NULL, 5, NULL) AS never_present FROM generate_series(1, 9) p;
SELECT leakage_score(p, 0, 5, NULL) > 99 AS all_zero FROM generate_series(1, 9) p;
SELECT leakage_score(1 + p % 12, actual, expected / 2, NULL) = leakage_score(1 + p % 12, actual, expected / 2, NULL) AS same
FROM bill, generate_series(1, 100) p;
SELECT round(leakage_score(p, 1 + p % 2, 10, NULL)::numeric, 2) AS long FROM generate_series(1, 3000) p;

-- the order of rows does not matter
SELECT count(DISTINCT score) AS scores
FROM (SELECT leakage_score(period, actual, expected, m ORDER BY md5(period::text || seed)) AS score
	  FROM bill, model, generate_series(1, 20) seed WHERE who = 'drop' GROUP BY seed) x;

-- FILTER, OVER, grouping sets, two aggregates on one state
SELECT who, round(leakage_score(period, actual, expected, NULL) FILTER (WHERE period < 7)::numeric, 1) AS first_half,
	   round(leakage_score(period, actual, expected, NULL) FILTER (WHERE period < 1)::numeric, 1) AS nothing
FROM bill WHERE kind = 'leaks' GROUP BY who ORDER BY who COLLATE "C";
SELECT period, round(leakage_score(period, actual, expected, NULL) OVER (ORDER BY period)::numeric, 2) AS so_far
FROM bill WHERE who = 'drop' ORDER BY period;
SELECT period, round(leakage_score(period, actual, expected, NULL)
	OVER (ORDER BY period ROWS BETWEEN 5 PRECEDING AND CURRENT ROW)::numeric, 2) AS lately
FROM bill WHERE who = 'zero' ORDER BY period;
SELECT kind, who, round(leakage_score(period, actual, expected, NULL)::numeric, 1) AS score
FROM bill WHERE who IN ('drop', 'missing') GROUP BY GROUPING SETS ((kind), (who), ())
ORDER BY 1 NULLS LAST, 2 NULLS LAST;
SELECT leakage_score(period, actual, expected, NULL) = leakage_score(period, actual, expected, NULL) AS same,
	   leakage_score(period, actual, expected, NULL) > leakage_score(period, expected, actual, NULL) AS other
FROM bill WHERE who = 'drop';

-- parallel, and over partitions: the same scores
CREATE TABLE part (LIKE bill) PARTITION BY LIST (period);
CREATE TABLE part_low PARTITION OF part FOR VALUES IN (1, 2, 3, 4, 5, 6);
CREATE TABLE part_high PARTITION OF part DEFAULT;
INSERT INTO part TABLE bill;
ANALYZE bill, part;
CREATE FUNCTION partial_aggregates(query text) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
	line text;
	found_partial integer := 0;
BEGIN
	FOR line IN EXECUTE 'EXPLAIN (COSTS OFF) ' || query LOOP
		found_partial := found_partial + (line LIKE '%Partial %Aggregate%')::integer;
	END LOOP;
	RETURN found_partial;
END $$;
CREATE TABLE serial AS
SELECT who, leakage_score(period, actual, expected, m) AS score, leakage_score(period, actual, expected, NULL) AS by_default
FROM bill, model GROUP BY who;
SET max_parallel_workers_per_gather = 2;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SET enable_partitionwise_aggregate = on;
SET enable_hashagg = off;
SELECT partial_aggregates('SELECT who, leakage_score(period, actual, expected, NULL) FROM part GROUP BY who') > 0 AS split;
CREATE TABLE parallel AS
SELECT who, leakage_score(period, actual, expected, (SELECT m FROM model)) AS score,
	   leakage_score(period, actual, expected, NULL) AS by_default
FROM part GROUP BY who;
RESET max_parallel_workers_per_gather;
RESET parallel_setup_cost;
RESET parallel_tuple_cost;
RESET min_parallel_table_scan_size;
RESET enable_partitionwise_aggregate;
RESET enable_hashagg;
SELECT count(*) AS entities, count(*) FILTER (WHERE s.score = p.score AND s.by_default = p.by_default) AS same
FROM serial s JOIN parallel p USING (who);

-- refused
SELECT leakage_score(period, actual, expected, CASE WHEN period > 3 THEN m END) FROM bill, model;
SELECT leakage_score(period, 'NaN', expected, NULL) FROM bill;
SELECT leakage_score(period, actual, -1, NULL) FROM bill WHERE who = 'drop' AND period = 3;
SELECT leakage_score(period, 1e12, expected, NULL) FROM bill;

DROP TABLE bill, model, part, serial, parallel;
DROP FUNCTION partial_aggregates(text);
