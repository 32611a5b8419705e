-- revenue_summary: input, output, and the same result on every path through the executor.

-- amounts of many shapes; k is a scrambled order
CREATE TABLE amounts AS
SELECT shape, i, (i * 7919) % 10007 AS k,
	CASE shape
		WHEN 'equal' THEN 19.99
		WHEN 'zeros' THEN CASE WHEN i % 10 < 7 THEN 0 ELSE (i % 40) * 2.5 END
		WHEN 'cents' THEN ((i * 7919) % 10007) / 100.0
		WHEN 'wide' THEN round(10.0 ^ ((i % 36) / 2.0 - 6) * (1 + (i % 97) / 100.0), 6)
		WHEN 'bimodal' THEN CASE WHEN i % 2 = 0 THEN 5 + (i % 100) / 100.0 ELSE 900 + i % 100 END
		WHEN 'signs' THEN ((i % 2) * 2 - 1) * ((i * 31) % 1009) * 1.37
		WHEN 'micro' THEN ((i % 300) - 150) * 0.000001
		WHEN 'one' THEN CASE WHEN i = 1 THEN 42.424242 END
		WHEN 'nothing' THEN NULL
	END::numeric AS v
FROM unnest('{equal,zeros,cents,wide,bimodal,signs,micro,one,nothing}'::text[]) AS shape, generate_series(1, 3000) AS i;
ANALYZE amounts;

-- no rows, NULLs, one row, an empty summary
SELECT revenue_summary(v) IS NULL AS no_rows FROM amounts WHERE false;
SELECT revenue_summary(v) IS NULL AS all_null FROM amounts WHERE shape = 'nothing';
SELECT rollup(s) IS NULL AS no_rows FROM (SELECT revenue_summary(v) AS s FROM amounts GROUP BY shape) AS x WHERE false;
SELECT revenue_summary(v), num_amounts(revenue_summary(v)), total(revenue_summary(v)), mean(revenue_summary(v)),
	quantile(revenue_summary(v), 0.5), spread(revenue_summary(v))
FROM amounts WHERE shape = 'one';
SELECT s, num_amounts(s), total(s), mean(s), quantile(s, 0.5), quantiles(s, '{0,1}'), spread(s)
FROM (SELECT revenue_summary(v) - revenue_summary(v) AS s FROM amounts WHERE shape = 'cents') AS x;
SELECT num_amounts(NULL::revenue_summary), total(NULL), mean(NULL), quantile(NULL, 0.5), spread(NULL),
	NULL::revenue_summary + revenue_summary(v), revenue_summary(v) - NULL, revenue_summary(v) = NULL,
	quantile(revenue_summary(v), NULL), quantiles(revenue_summary(v), NULL)
FROM amounts WHERE shape = 'cents';

-- count and total are exact, and the mean has six places; double precision gives the same up to its 15 digits
SELECT shape, num_amounts(n) = count AS count, total(n) = sum AS total, mean(n) = round(sum / count, 6) AS mean,
	n = d AS float8_is_numeric
FROM (SELECT shape, revenue_summary(v) AS n, revenue_summary(v::float8) AS d, count(v), sum(v)
	FROM amounts GROUP BY shape) AS x
ORDER BY shape;

-- quantiles are within 1/256 of percentile_disc, and exact for equal and for tiny amounts
SELECT shape, bool_and(abs(quantile(s, q) - exact) <= abs(exact) / 256) AS within, bool_and(quantile(s, q) = exact) AS exact,
	bool_and(sign(quantile(s, q)) = sign(exact)) AS sign
FROM (SELECT shape, q, revenue_summary(v) AS s, percentile_disc(q) WITHIN GROUP (ORDER BY v) AS exact
	FROM amounts, unnest('{0,0.001,0.01,0.1,0.25,0.3333,0.5,0.7,0.75,0.9,0.95,0.99,0.999,1}'::float8[]) AS q
	WHERE shape <> 'nothing' GROUP BY shape, q) AS x
GROUP BY shape ORDER BY shape;
SELECT quantiles(s, '{{0,0.5},{NULL,1}}') = ARRAY[[quantile(s, 0), quantile(s, 0.5)], [NULL, quantile(s, 1)]] AS shape,
	quantiles(s, '[3:4]={0.5,0.5}') AS bounds, quantiles(s, '{}') AS empty, spread(s) = quantile(s, 0.75) - quantile(s, 0.25) AS spread
FROM (SELECT revenue_summary(v) AS s FROM amounts WHERE shape = 'equal') AS x;
SELECT quantile(revenue_summary(v), -0.001) FROM amounts;
SELECT quantile(revenue_summary(v), 1.001) FROM amounts;
SELECT quantile(revenue_summary(v), 'NaN') FROM amounts;
SELECT quantiles(revenue_summary(v), '{0.5,Infinity}') FROM amounts;

-- invalid amounts
CREATE FUNCTION attempt(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	result text;
	detail text;
BEGIN
	EXECUTE query INTO result;
	RETURN result;
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL;
	RETURN concat_ws(' | ', SQLSTATE, SQLERRM, nullif(detail, ''));
END $$;
SELECT type, value, left(error, 5) AS sqlstate, error LIKE '%amount%' AND (value LIKE '%1e%' OR error LIKE '%' || value || '%') AS names_it
FROM unnest('{numeric,double precision}'::text[]) AS type,
	unnest('{NaN,Infinity,-Infinity,1e12,-1e12}'::text[]) AS value, attempt(format('SELECT revenue_summary(%L::%s)', value, type)) AS error
ORDER BY type, value;
SELECT num_amounts(revenue_summary(v) FILTER (WHERE v <> 'NaN')) FROM (VALUES (1.5::float8), ('NaN'), (2.5)) AS x (v);

-- integer and bigint amounts arrive as double precision; a product with 10^6 would lose digits
SELECT total(revenue_summary(v)) = sum(v) AS total_of_bigint
FROM (VALUES (999999999999::bigint), (-700000000001), (576460752305)) AS x (v);

-- the ends of the range
SELECT revenue_summary(v) AS s, mean(revenue_summary(v)), quantiles(revenue_summary(v), '{0,1}')
FROM (VALUES (999999999999.999999), (-999999999999.999999)) AS x (v);
SELECT revenue_summary(v::numeric) FROM unnest('{0.0000005,-0.0000005,0.00000049,0.000255,0.000256,-0.000257}'::text[]) AS v;
SELECT quantile(revenue_summary(v), 1) FROM (VALUES (999999999999.999999), (1)) AS x (v);
SELECT s + '{"count": 1, "total": 0, "buckets": {"0.000000": 1}}' FROM (VALUES
	('{"count": 9223372036854775807, "total": 0, "buckets": {"0.000000": 9223372036854775807}}'::revenue_summary)) AS x (s);
SELECT _leakage.revenue_summary_accum(s, 1.0::numeric) FROM (VALUES
	('{"count": 9223372036854775807, "total": 0, "buckets": {"0.000000": 9223372036854775807}}'::revenue_summary)) AS x (s);
SELECT s, num_amounts(s), total(s), mean(s), quantiles(s, '{0,0.5,0.999,1}') FROM (VALUES
	('{"count": 9223372036854775807, "total": 9221519220757853866270563246142.390272, "buckets": {"0.000000": 1, "999799117276.250112": 9223372036854775806}}'::revenue_summary)) AS x (s);

-- FILTER, DISTINCT, ORDER BY
SELECT revenue_summary(v) FILTER (WHERE shape = 'cents') = (SELECT revenue_summary(v) FROM amounts WHERE shape = 'cents') AS filter,
	num_amounts(revenue_summary(DISTINCT v)) = count(DISTINCT v) AS distinct_amounts
FROM amounts;

-- the same bytes for any order, any number of workers, and any way of merging partial states
CREATE VIEW serial AS SELECT shape, revenue_summary(v) AS s FROM amounts GROUP BY shape;
SELECT a.shape, _leakage.revenue_summary_send(up) = _leakage.revenue_summary_send(s) AND _leakage.revenue_summary_send(down) = _leakage.revenue_summary_send(s)
	AND _leakage.revenue_summary_send(scrambled) = _leakage.revenue_summary_send(s) AS same
FROM (SELECT shape, revenue_summary(v ORDER BY v) AS up, revenue_summary(v ORDER BY v DESC) AS down,
	revenue_summary(v ORDER BY k) AS scrambled FROM amounts GROUP BY shape) AS a, serial AS b
WHERE a.shape = b.shape AND s IS NOT NULL ORDER BY a.shape;

CREATE FUNCTION plan_has(query text, words text[]) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
	line text;
	plan text := '';
BEGIN
	FOR line IN EXECUTE 'EXPLAIN (COSTS OFF) ' || query LOOP
		plan := plan || line;
	END LOOP;
	RETURN (SELECT bool_and(plan LIKE '%' || word || '%') FROM unnest(words) AS word);
END $$;

CREATE TABLE serial_result AS TABLE serial;
CREATE TABLE serial_all AS SELECT revenue_summary(v) AS s FROM amounts;
CREATE TABLE serial_small AS SELECT shape, i / 10 AS g, revenue_summary(v) AS s FROM amounts GROUP BY shape, i / 10;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SET max_parallel_workers_per_gather = 2;
SELECT plan_has('SELECT revenue_summary(v) FROM amounts', '{Gather,Partial Aggregate}') AS parallel;
SELECT s = (SELECT revenue_summary(v) FROM amounts) AS same FROM serial_all;
SELECT plan_has('SELECT shape, revenue_summary(v) FROM amounts GROUP BY shape', '{Gather,Partial}') AS parallel;
SELECT bool_and(a.s IS NOT DISTINCT FROM b.s) AS same, count(*) FROM serial AS a, serial_result AS b WHERE a.shape = b.shape;
SELECT plan_has('SELECT rollup(s) FROM serial_small', '{Gather,Partial Aggregate}') AS parallel;
SELECT a.s = b.s AS same FROM serial_all AS a, (SELECT rollup(s) AS s FROM serial_small) AS b;
SELECT revenue_summary(v) IS NULL AS nothing_to_combine FROM amounts WHERE v IS NULL;
SELECT rollup(s) IS NULL AS nothing_to_combine FROM serial_small WHERE s IS NULL;
RESET max_parallel_workers_per_gather;
RESET min_parallel_table_scan_size;
RESET parallel_tuple_cost;
RESET parallel_setup_cost;

CREATE TABLE parts (LIKE amounts) PARTITION BY HASH (k);
CREATE TABLE parts0 PARTITION OF parts FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE parts1 PARTITION OF parts FOR VALUES WITH (MODULUS 2, REMAINDER 1);
INSERT INTO parts TABLE amounts;
ANALYZE parts;
SET enable_partitionwise_aggregate = on;
SET max_parallel_workers_per_gather = 0;
SELECT plan_has('SELECT shape, revenue_summary(v) FROM parts GROUP BY shape', '{Partial,Append}') AS partitionwise;
SELECT bool_and(a.s IS NOT DISTINCT FROM b.s) AS same, count(*)
FROM (SELECT shape, revenue_summary(v) AS s FROM parts GROUP BY shape) AS a, serial_result AS b WHERE a.shape = b.shape;
SELECT a.s = b.s AS same FROM serial_all AS a, (SELECT revenue_summary(v) AS s FROM parts) AS b;
RESET max_parallel_workers_per_gather;
RESET enable_partitionwise_aggregate;

-- rollup, +, -, and the inverse
SELECT a.shape, rollup(a.s) = b.s AS rollup_is_direct FROM serial_small AS a, serial_result AS b
WHERE a.shape = b.shape AND b.s IS NOT NULL GROUP BY a.shape, b.s ORDER BY a.shape;
SELECT count(*) FROM (SELECT s FROM serial_result UNION SELECT s FROM serial_result) AS x;
SELECT bool_and(a.s + b.s = b.s + a.s) AS commutes, bool_and((a.s + b.s) - b.s = a.s) AS inverse,
	bool_and((a.s + b.s) - a.s - b.s = b.s - b.s) AS nothing_left, bool_and((a.s <> b.s) = (a.shape <> b.shape)) AS differ
FROM serial_result AS a, serial_result AS b WHERE a.s IS NOT NULL AND b.s IS NOT NULL;
SELECT a.s + b.s - c.s FROM serial_result AS a, serial_result AS b, serial_result AS c
WHERE a.shape = 'equal' AND b.shape = 'one' AND c.shape = 'cents';
SELECT a - b FROM (SELECT revenue_summary(5.00) AS a, revenue_summary(5.00) + revenue_summary(5.01) AS b) AS x;
SELECT a - b FROM (SELECT revenue_summary(5.00) + revenue_summary(7.00) AS a, revenue_summary(5.01) AS b) AS x;
SELECT a - b FROM (SELECT revenue_summary(5.00) AS a, revenue_summary(5.01) AS b) AS x;

-- combine, called directly
SELECT _leakage.revenue_summary_combine(NULL, NULL) IS NULL AS neither, _leakage.revenue_summary_combine(s, NULL) = s AS first,
	_leakage.revenue_summary_combine(NULL, s) = s AS second, _leakage.revenue_summary_combine(s, s) = s + s AS both,
	_leakage.revenue_summary_combine(e, e) = e AS empty, _leakage.revenue_summary_combine(e, s) = s AND _leakage.revenue_summary_combine(s, e) = s AS one_empty
FROM (SELECT s, s - s AS e FROM serial_result WHERE shape = 'wide') AS x;
SELECT rollup(e) AS of_empty, rollup(e) + rollup(e) = rollup(e) AS sum FROM (SELECT s - s AS e FROM serial_result) AS x;

-- grouping sets
SELECT bool_and(s IS NOT DISTINCT FROM CASE
	WHEN shape IS NULL AND g IS NULL THEN (SELECT revenue_summary(v) FROM amounts)
	WHEN shape IS NULL THEN (SELECT revenue_summary(v) FROM amounts AS a WHERE a.i % 3 = g)
	WHEN g IS NULL THEN (SELECT revenue_summary(v) FROM amounts AS a WHERE a.shape = x.shape)
	ELSE (SELECT revenue_summary(v) FROM amounts AS a WHERE a.shape = x.shape AND a.i % 3 = g) END) AS same, count(*)
FROM (SELECT shape, i % 3 AS g, revenue_summary(v) AS s FROM amounts GROUP BY CUBE (shape, i % 3)) AS x;

-- moving frames, compared with the same frames aggregated anew; NULLs come and go; frames cover each form of the state
CREATE TABLE series AS
SELECT row_number() OVER (ORDER BY i) AS i, CASE WHEN i % 7 < 3 THEN NULL ELSE v END AS v
FROM (SELECT i, v FROM amounts WHERE shape = 'wide' AND i <= 60
	UNION ALL SELECT i + 60, v FROM amounts WHERE shape = 'cents' AND i <= 2500) AS x;
CREATE TABLE frames AS
SELECT i, width, revenue_summary(v) OVER narrow AS numeric_frame, revenue_summary(v::float8) OVER narrow AS float8_frame
FROM series, (VALUES (0)) AS x (width) WINDOW narrow AS (ORDER BY i ROWS BETWEEN 2 PRECEDING AND CURRENT ROW)
UNION ALL
SELECT i, 1, revenue_summary(v) OVER wide, revenue_summary(v::float8) OVER wide
FROM series WINDOW wide AS (ORDER BY i ROWS BETWEEN 1900 PRECEDING AND 50 PRECEDING);
SELECT width, bool_and(numeric_frame IS NOT DISTINCT FROM s) AS numeric_same, bool_and(float8_frame IS NOT DISTINCT FROM d) AS float8_same,
	count(*) FILTER (WHERE s IS NULL) > 0 AS some_empty
FROM frames AS f, LATERAL (SELECT revenue_summary(v) AS s, revenue_summary(v::float8) AS d FROM series AS b
	WHERE b.i BETWEEN f.i - CASE width WHEN 0 THEN 2 ELSE 1900 END AND f.i - CASE width WHEN 0 THEN 0 ELSE 50 END) AS b
WHERE width = 0 OR i % 50 = 0 GROUP BY width ORDER BY width;
WITH small AS (SELECT i / 5 AS g, revenue_summary(v) AS s FROM series WHERE i < 1000 GROUP BY i / 5)
SELECT bool_and(moving IS NOT DISTINCT FROM (SELECT rollup(s) FROM small AS b WHERE b.g BETWEEN f.g - 3 AND f.g - 1)) AS rollup_same
FROM (SELECT g, rollup(s) OVER (ORDER BY g ROWS BETWEEN 3 PRECEDING AND 1 PRECEDING) AS moving FROM small) AS f;
SELECT bool_and(running = (SELECT revenue_summary(v) FROM amounts AS b WHERE shape = 'zeros' AND b.i <= f.i)) AS running_same
FROM (SELECT i, revenue_summary(v) OVER (ORDER BY i) AS running FROM amounts WHERE shape = 'zeros') AS f WHERE i % 100 = 0;

-- two aggregates on one state: one packs it; the other returns the working state itself, which is a valid value too
CREATE AGGREGATE working_summary(numeric) (SFUNC = _leakage.revenue_summary_accum, STYPE = revenue_summary,
	COMBINEFUNC = _leakage.revenue_summary_combine, INITCOND = '{"count": 0, "total": 0, "buckets": {}}');
CREATE TABLE forms AS SELECT shape, i % 2 = 0 AND i < 500 AS few, revenue_summary(v) AS packed, working_summary(v) AS working,
	revenue_summary(v) AS again, revenue_summary(DISTINCT v) AS other
FROM amounts WHERE v IS NOT NULL GROUP BY 1, 2;
SELECT count(*), bool_or(pg_column_size(working) > pg_column_size(packed)) AS working_is_larger,
	bool_and(packed = working AND working = packed AND packed = again) AS equal, bool_or(packed <> working) AS differ,
	bool_and(packed::text = working::text AND _leakage.revenue_summary_send(packed) = _leakage.revenue_summary_send(working)) AS same_output,
	bool_and(quantiles(packed, '{0,0.1,0.5,1}') = quantiles(working, '{0,0.1,0.5,1}') AND spread(packed) = spread(working)
		AND num_amounts(packed) = num_amounts(working) AND total(packed) = total(working) AND mean(packed) = mean(working)) AS same_read,
	bool_and(packed + other = working + other AND other + packed = other + working) AS same_sum,
	bool_and(packed - other = working - other AND working + packed - working = packed) AS same_difference,
	bool_and(_leakage.revenue_summary_combine(packed, working) = _leakage.revenue_summary_combine(working, packed)) AS same_combine
FROM forms;
SELECT (SELECT rollup(packed) FROM forms) = (SELECT rollup(working) FROM forms) AS same_rollup;
-- called directly, the functions change nothing in place
SELECT bool_and(working = packed) AS unchanged,
	bool_and(_leakage.revenue_summary_accum(working, 3.5::numeric) = packed + _leakage.revenue_summary_accum(packed - packed, 3.5::float8)) AS accum,
	bool_and(_leakage.revenue_summary_rollup_accum(working, other) - other = packed) AS rollup_accum,
	bool_and(working = packed) AS still_unchanged
FROM forms;
SELECT packed - _leakage.revenue_summary_accum(packed - packed, 123456::numeric) FROM forms WHERE shape = 'equal';
SELECT working - _leakage.revenue_summary_accum(packed - packed, 123456::numeric) FROM forms WHERE shape = 'equal';
-- removing another amount of the same bucket leaves an impossible total
SELECT revenue_summary(5.0) - revenue_summary(5.01);

-- text and binary forms give back the same bytes
SELECT bool_and(_leakage.revenue_summary_send(packed::text::revenue_summary) = _leakage.revenue_summary_send(packed)) AS text_same,
	bool_and((packed::text::json ->> 'count')::bigint = num_amounts(packed)) AS is_json FROM forms;
SELECT '  {"count":3,"total":-1.5,
	"buckets":{"-1.998848":1,  "0":1, "0.499712" : 1}}  '::revenue_summary;
CREATE TABLE copied (n int, s revenue_summary);
\copy (SELECT row_number() OVER (ORDER BY shape, few)::int, working FROM forms) TO 'results/revenue_summary.bin' BINARY
\copy copied FROM 'results/revenue_summary.bin' BINARY
SELECT count(*), bool_and(c.s = f.packed) AS same
FROM copied AS c, (SELECT row_number() OVER (ORDER BY shape, few) AS n, packed FROM forms) AS f WHERE c.n = f.n;

-- hostile text
SELECT attempt(format('SELECT %L::revenue_summary', value)) FROM unnest(ARRAY['', '{}', 'null', '{"count": 0}',
	'{"count": 0, "total": 0, "buckets": {}', '{"count": 0, "total": 0, "buckets": {}}}', '{"count": -1, "total": 0, "buckets": {}}',
	'{"count": 1, "total": 0, "buckets": {}}', '{"count": 0, "total": 0.000001, "buckets": {}}', '{"count": 0, "total": , "buckets": {}}',
	'{"count": 1, "total": NaN, "buckets": {"5": 1}}', '{"count": 1, "total": 5, "buckets": {"5": 1}}',
	'{"count": 1, "total": 4.98, "buckets": {"4.980736": 1}}', '{"count": 1, "total": 5, "buckets": {"4.980736": 2}}',
	'{"count": 1, "total": 5, "buckets": {"4.980736": 0}}', '{"count": 1, "total": 5, "buckets": {"4.980736": 1.5}}',
	'{"count": 2, "total": 10, "buckets": {"4.980736": 1, "4.980736": 1}}', '{"count": 2, "total": 5, "buckets": {"4.980736": 1, "0": 1}}',
	'{"count": 2, "total": 5, "buckets": {"4.980736": 1,}}', '{"count": 1, "total": 5.0000001, "buckets": {"4.980736": 1}}',
	'{"count": 1, "total": 1000000000000, "buckets": {"1000000000000": 1}}', '{"count": 1, "total": 5, "buckets": {"99999999999999999999999999999999999999999": 1}}',
	'{"count": 9223372036854775808, "total": 0, "buckets": {"0": 9223372036854775808}}',
	'{"count": 0, "total": 0, "buckets": {"0": 9223372036854775807, "0.000001": 9223372036854775807}}',
	'{"count": 1, "total": 99999999999999999999999999999999999999999, "buckets": {"0": 1}}',
	'{"count": 1, "total": 5., "buckets": {"4.980736": 1}}', '{"count": 1, "total": .5, "buckets": {"4.980736": 1}}',
	'{"count": 1, "total": --5, "buckets": {"4.980736": 1}}', '{"count": 1, "total": 5e0, "buckets": {"4.980736": 1}}',
	'{"total": 0, "count": 0, "buckets": {}}', repeat('ä', 100)]) AS value;

-- a changed text is either refused or read as a value that survives a round trip
DO $$
DECLARE
	good text := '{"count": 6, "total": 995.000003, "buckets": {"-4.980736": 1, "0.000000": 2, "0.000003": 1, "4.980736": 1, "994.050048": 1}}';
	bad text;
	taken int := 0;
	refused int := 0;
	s revenue_summary;
BEGIN
	FOR i IN 1 .. length(good) LOOP
		FOR c IN 1 .. 14 LOOP
			bad := overlay(good PLACING substr(E'0190-.,:"{}e \t', c, 1) FROM i FOR (i + c) % 3);
			BEGIN
				s := bad::revenue_summary;
				IF s <> s::text::revenue_summary OR num_amounts(s) <> (s::text::json ->> 'count')::bigint THEN
					RAISE EXCEPTION 'wrong: %', bad;
				END IF;
				taken := taken + 1;
			EXCEPTION WHEN invalid_text_representation OR numeric_value_out_of_range THEN
				refused := refused + 1;
			END;
		END LOOP;
	END LOOP;
	IF taken = 0 OR refused = 0 THEN
		RAISE EXCEPTION 'taken %, refused %', taken, refused;
	END IF;
END $$;

-- hostile binary: version, buckets, count, total as two words, packed buckets
CREATE FUNCTION copy_file(version int, nbuckets int, count bigint, total_hi bigint, total_lo bigint, packed bytea) RETURNS bytea
LANGUAGE sql AS $$
	SELECT '\x5047434f50590aff0d0a00'::bytea || '\x0000000000000000'::bytea || '\x0001'::bytea
		|| int4send(octet_length(value)) || value || '\xffff'::bytea
	FROM (SELECT substr(int2send(version::int2), 2) || int2send(nbuckets::int2) || int8send(count) || int8send(total_hi)
		|| int8send(total_lo) || packed) AS x (value) $$;
ALTER TABLE copied DROP COLUMN n;
TRUNCATE copied;
CREATE TABLE sent (lo oid);
\set VERBOSITY terse
-- valid: two amounts of 5 in bucket 2072
INSERT INTO sent SELECT lo_from_bytea(0, copy_file(1, 1, 2, 0, 10000000, '\xb02002')) RETURNING lo \gset
\lo_export :lo results/revenue_summary.bin
\copy copied FROM 'results/revenue_summary.bin' BINARY
SELECT s FROM copied;
-- unknown version
INSERT INTO sent SELECT lo_from_bytea(0, copy_file(2, 1, 2, 0, 10000000, '\xb02002')) RETURNING lo \gset
\lo_export :lo results/revenue_summary.bin
\copy copied FROM 'results/revenue_summary.bin' BINARY
-- fewer buckets than announced, and more
INSERT INTO sent SELECT lo_from_bytea(0, copy_file(1, 2, 2, 0, 10000000, '\xb02002')) RETURNING lo \gset
\lo_export :lo results/revenue_summary.bin
\copy copied FROM 'results/revenue_summary.bin' BINARY
INSERT INTO sent SELECT lo_from_bytea(0, copy_file(1, 1, 2, 0, 10000000, '\xb020020001')) RETURNING lo \gset
\lo_export :lo results/revenue_summary.bin
\copy copied FROM 'results/revenue_summary.bin' BINARY
-- more bytes than the buckets can take
INSERT INTO sent SELECT lo_from_bytea(0, copy_file(1, 0, 0, 0, 0, '\x00')) RETURNING lo \gset
\lo_export :lo results/revenue_summary.bin
\copy copied FROM 'results/revenue_summary.bin' BINARY
-- a number that is truncated; not in its shortest form; beyond 63 bits
INSERT INTO sent SELECT lo_from_bytea(0, copy_file(1, 1, 2, 0, 10000000, '\xb0')) RETURNING lo \gset
\lo_export :lo results/revenue_summary.bin
\copy copied FROM 'results/revenue_summary.bin' BINARY
INSERT INTO sent SELECT lo_from_bytea(0, copy_file(1, 1, 2, 0, 10000000, '\xb0208200')) RETURNING lo \gset
\lo_export :lo results/revenue_summary.bin
\copy copied FROM 'results/revenue_summary.bin' BINARY
INSERT INTO sent SELECT lo_from_bytea(0, copy_file(1, 1, 2, 0, 10000000, '\xb020ffffffffffffffffff01')) RETURNING lo \gset
\lo_export :lo results/revenue_summary.bin
\copy copied FROM 'results/revenue_summary.bin' BINARY
-- a bucket beyond the last: directly, by distance, and by a distance of 2^63 - 1
INSERT INTO sent SELECT lo_from_bytea(0, copy_file(1, 1, 2, 0, 10000000, '\xffff0302')) RETURNING lo \gset
\lo_export :lo results/revenue_summary.bin
\copy copied FROM 'results/revenue_summary.bin' BINARY
INSERT INTO sent SELECT lo_from_bytea(0, copy_file(1, 2, 2, 0, 10000000, '\xb02001ff7f01')) RETURNING lo \gset
\lo_export :lo results/revenue_summary.bin
\copy copied FROM 'results/revenue_summary.bin' BINARY
INSERT INTO sent SELECT lo_from_bytea(0, copy_file(1, 2, 2, 0, 10000000, '\xb02001ffffffffffffffff7f01')) RETURNING lo \gset
\lo_export :lo results/revenue_summary.bin
\copy copied FROM 'results/revenue_summary.bin' BINARY
-- an empty bucket; counts that do not add up; counts that overflow; a negative count; an impossible total
INSERT INTO sent SELECT lo_from_bytea(0, copy_file(1, 1, 0, 0, 0, '\xb02000')) RETURNING lo \gset
\lo_export :lo results/revenue_summary.bin
\copy copied FROM 'results/revenue_summary.bin' BINARY
INSERT INTO sent SELECT lo_from_bytea(0, copy_file(1, 1, 3, 0, 10000000, '\xb02002')) RETURNING lo \gset
\lo_export :lo results/revenue_summary.bin
\copy copied FROM 'results/revenue_summary.bin' BINARY
INSERT INTO sent SELECT lo_from_bytea(0, copy_file(1, 2, 3, 0, 0, '\x00ffffffffffffffff7f00ffffffffffffffff7f')) RETURNING lo \gset
\lo_export :lo results/revenue_summary.bin
\copy copied FROM 'results/revenue_summary.bin' BINARY
INSERT INTO sent SELECT lo_from_bytea(0, copy_file(1, 1, -2, 0, 10000000, '\xb02002')) RETURNING lo \gset
\lo_export :lo results/revenue_summary.bin
\copy copied FROM 'results/revenue_summary.bin' BINARY
INSERT INTO sent SELECT lo_from_bytea(0, copy_file(1, 1, 2, -1, 10000000, '\xb02002')) RETURNING lo \gset
\lo_export :lo results/revenue_summary.bin
\copy copied FROM 'results/revenue_summary.bin' BINARY
\set VERBOSITY default
SELECT count(lo_unlink(lo)) FROM sent;
SELECT count(*) FROM copied;

DROP VIEW serial;
DROP TABLE amounts, series, frames, forms, copied, sent, parts, serial_result, serial_all, serial_small;
DROP AGGREGATE working_summary(numeric);
DROP FUNCTION attempt, plan_has, copy_file;
