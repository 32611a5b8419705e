-- ---------------------------------------------------------------------------
-- revenue_summary: the distribution of an amount in a group.
--
-- Exact: the number of amounts, and their total.  Within 1/256 (0.4 %) of the amount that has the rank asked for: every
-- quantile.  Amounts are kept to six places, rounded half away from zero, and counted in buckets of 1/128 relative width
-- (a log-linear histogram, as of HdrHistogram: the exponent and seven bits of the binary amount, for either sign; amounts
-- below 0.000256 have a bucket each).  What is stored depends on the set of amounts, never on their order: equal
-- sets are equal bytes, for any number of workers or shards.
--
-- Text form, which is JSON, and which names each bucket by its edge nearer to zero:
--     {"count": 3, "total": 15.000000, "buckets": {"4.980736": 3}}
-- ---------------------------------------------------------------------------

CREATE TYPE revenue_summary;

CREATE FUNCTION _leakage.revenue_summary_in(cstring)
	RETURNS revenue_summary
	AS 'MODULE_PATHNAME', 'revenue_summary_in'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION _leakage.revenue_summary_in(cstring) IS 'I/O';

CREATE FUNCTION _leakage.revenue_summary_out(revenue_summary)
	RETURNS cstring
	AS 'MODULE_PATHNAME', 'revenue_summary_out'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION _leakage.revenue_summary_out(revenue_summary) IS 'I/O';

CREATE FUNCTION _leakage.revenue_summary_recv(internal)
	RETURNS revenue_summary
	AS 'MODULE_PATHNAME', 'revenue_summary_recv'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION _leakage.revenue_summary_recv(internal) IS 'I/O';

CREATE FUNCTION _leakage.revenue_summary_send(revenue_summary)
	RETURNS bytea
	AS 'MODULE_PATHNAME', 'revenue_summary_send'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION _leakage.revenue_summary_send(revenue_summary) IS 'I/O';

CREATE TYPE revenue_summary (
	INPUT = _leakage.revenue_summary_in,
	OUTPUT = _leakage.revenue_summary_out,
	RECEIVE = _leakage.revenue_summary_recv,
	SEND = _leakage.revenue_summary_send,
	INTERNALLENGTH = VARIABLE,
	ALIGNMENT = double,
	STORAGE = extended
);
COMMENT ON TYPE revenue_summary IS
	'distribution of an amount: exact count and total, quantiles within 1/256; mergeable and subtractable';


-- ---------------------------------------------------------------------------
-- Reading a summary.  NULL gives NULL.
-- ---------------------------------------------------------------------------

-- Number of amounts; 0 for an empty summary.
CREATE FUNCTION num_amounts(summary revenue_summary)
	RETURNS bigint
	AS 'MODULE_PATHNAME', 'revenue_summary_count'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION num_amounts(revenue_summary) IS 'number of amounts in a summary, exact';

-- Sum of the amounts, in units, six places, exact; 0 for an empty summary.
CREATE FUNCTION total(summary revenue_summary)
	RETURNS numeric
	AS 'MODULE_PATHNAME', 'revenue_summary_total'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION total(revenue_summary) IS 'sum of the amounts in a summary, exact';

-- total / count, in units, rounded half away from zero to six places; NULL for an empty summary.
CREATE FUNCTION mean(summary revenue_summary)
	RETURNS numeric
	AS 'MODULE_PATHNAME', 'revenue_summary_mean'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION mean(revenue_summary) IS 'mean of the amounts in a summary, to six places';

-- The amount of rank ceil(q * count), at least 1: nearest rank, the rank that percentile_disc(q) takes.  The result is the
-- middle of the bucket that this amount is in, so within 1/256 of it, of the same sign, and exact for amounts below
-- 0.000256.  If all amounts are in one bucket it is their mean, so exact if they are equal.
-- q: from 0 to 1.  Result: in units, six places; NULL for an empty summary.  Errors: 22003 if q is not from 0 to 1 (or NaN).
CREATE FUNCTION quantile(summary revenue_summary, q double precision)
	RETURNS numeric
	AS 'MODULE_PATHNAME', 'revenue_summary_quantile'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION quantile(revenue_summary, double precision) IS
	'amount of rank ceil(q * count), within 1/256 of it: what percentile_disc(q) would give';

-- quantile(summary, q) for each q of an array, in an array of the same shape; NULL where q is NULL or the summary is empty.
CREATE FUNCTION quantiles(summary revenue_summary, q double precision[])
	RETURNS numeric[]
	AS 'MODULE_PATHNAME', 'revenue_summary_quantiles'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION quantiles(revenue_summary, double precision[]) IS
	'quantile of a summary for each element of an array';

-- Interquartile range: quantile(summary, 0.75) - quantile(summary, 0.25), in units; NULL for an empty summary.
CREATE FUNCTION spread(summary revenue_summary)
	RETURNS numeric
	AS 'MODULE_PATHNAME', 'revenue_summary_spread'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION spread(revenue_summary) IS 'interquartile range of the amounts in a summary';


-- ---------------------------------------------------------------------------
-- Operators.  NULL gives NULL.
-- ---------------------------------------------------------------------------

-- a + b: the summary of the amounts of both.  Errors: 22003 beyond 2^63 - 1 amounts.
CREATE FUNCTION _leakage.revenue_summary_plus(a revenue_summary, b revenue_summary)
	RETURNS revenue_summary
	AS 'MODULE_PATHNAME', 'revenue_summary_plus'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION _leakage.revenue_summary_plus(revenue_summary, revenue_summary) IS 'implementation of + operator';

-- a - b: what a + b adds, taken away again, to the byte: (a + b) - b = a.  Errors: 22023 if a bucket of a holds less than that
-- of b, or if the total that is left is not possible for the buckets that are left: b is then not a part of a.
CREATE FUNCTION _leakage.revenue_summary_minus(a revenue_summary, b revenue_summary)
	RETURNS revenue_summary
	AS 'MODULE_PATHNAME', 'revenue_summary_minus'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION _leakage.revenue_summary_minus(revenue_summary, revenue_summary) IS 'implementation of - operator';

CREATE FUNCTION _leakage.revenue_summary_eq(a revenue_summary, b revenue_summary)
	RETURNS boolean
	AS 'MODULE_PATHNAME', 'revenue_summary_eq'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION _leakage.revenue_summary_eq(revenue_summary, revenue_summary) IS 'implementation of = operator';

CREATE FUNCTION _leakage.revenue_summary_ne(a revenue_summary, b revenue_summary)
	RETURNS boolean
	AS 'MODULE_PATHNAME', 'revenue_summary_ne'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION _leakage.revenue_summary_ne(revenue_summary, revenue_summary) IS 'implementation of <> operator';

CREATE FUNCTION _leakage.revenue_summary_hash(summary revenue_summary)
	RETURNS integer
	AS 'MODULE_PATHNAME', 'revenue_summary_hash'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION _leakage.revenue_summary_hash(revenue_summary) IS 'hash';

CREATE OPERATOR + (
	LEFTARG = revenue_summary, RIGHTARG = revenue_summary, FUNCTION = _leakage.revenue_summary_plus,
	COMMUTATOR = OPERATOR(@extschema@.+)
);
COMMENT ON OPERATOR + (revenue_summary, revenue_summary) IS 'summary of the amounts of both';

CREATE OPERATOR - (
	LEFTARG = revenue_summary, RIGHTARG = revenue_summary, FUNCTION = _leakage.revenue_summary_minus
);
COMMENT ON OPERATOR - (revenue_summary, revenue_summary) IS 'summary of the amounts of the first without those of the second';

CREATE OPERATOR = (
	LEFTARG = revenue_summary, RIGHTARG = revenue_summary, FUNCTION = _leakage.revenue_summary_eq,
	COMMUTATOR = OPERATOR(@extschema@.=), NEGATOR = OPERATOR(@extschema@.<>), RESTRICT = pg_catalog.eqsel, JOIN = pg_catalog.eqjoinsel, HASHES
);
COMMENT ON OPERATOR = (revenue_summary, revenue_summary) IS 'same count, total and buckets';

CREATE OPERATOR <> (
	LEFTARG = revenue_summary, RIGHTARG = revenue_summary, FUNCTION = _leakage.revenue_summary_ne,
	COMMUTATOR = OPERATOR(@extschema@.<>), NEGATOR = OPERATOR(@extschema@.=), RESTRICT = pg_catalog.neqsel, JOIN = pg_catalog.neqjoinsel
);
COMMENT ON OPERATOR <> (revenue_summary, revenue_summary) IS 'differ in count, total or buckets';

-- so that GROUP BY, DISTINCT and UNION take rows that hold a summary
CREATE OPERATOR CLASS revenue_summary_ops DEFAULT FOR TYPE revenue_summary USING hash AS
	OPERATOR 1 @extschema@.= (revenue_summary, revenue_summary),
	FUNCTION 1 _leakage.revenue_summary_hash(revenue_summary);
COMMENT ON OPERATOR CLASS revenue_summary_ops USING hash IS 'equality of summaries';


-- ---------------------------------------------------------------------------
-- Aggregates.
--
-- The state of each is a revenue_summary, so that partial states travel between parallel workers and between the nodes of
-- Citus like any value.  It is 64 bytes for up to 16 rows, two bytes a row up to 1008 rows, and then eight bytes for each
-- bucket of the range of the amounts: 20 KB for amounts from 0.01 to 10,000, 110 KB at the most.
-- SSPACE is that of a group of 1008 rows.
-- ---------------------------------------------------------------------------

CREATE FUNCTION _leakage.revenue_summary_accum(state revenue_summary, amount numeric)
	RETURNS revenue_summary
	AS 'MODULE_PATHNAME', 'revenue_summary_accum_numeric'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION _leakage.revenue_summary_accum(revenue_summary, numeric) IS 'aggregate transition function';

CREATE FUNCTION _leakage.revenue_summary_accum(state revenue_summary, amount double precision)
	RETURNS revenue_summary
	AS 'MODULE_PATHNAME', 'revenue_summary_accum_float8'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION _leakage.revenue_summary_accum(revenue_summary, double precision) IS 'aggregate transition function';

CREATE FUNCTION _leakage.revenue_summary_combine(state revenue_summary, other revenue_summary)
	RETURNS revenue_summary
	AS 'MODULE_PATHNAME', 'revenue_summary_combine'
	LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION _leakage.revenue_summary_combine(revenue_summary, revenue_summary) IS 'aggregate combine function';

CREATE FUNCTION _leakage.revenue_summary_final(state revenue_summary)
	RETURNS revenue_summary
	AS 'MODULE_PATHNAME', 'revenue_summary_final'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION _leakage.revenue_summary_final(revenue_summary) IS 'aggregate final function';

CREATE FUNCTION _leakage.revenue_summary_rollup_accum(state revenue_summary, summary revenue_summary)
	RETURNS revenue_summary
	AS 'MODULE_PATHNAME', 'revenue_summary_rollup_accum'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION _leakage.revenue_summary_rollup_accum(revenue_summary, revenue_summary) IS 'aggregate transition function';

CREATE FUNCTION _leakage.revenue_summary_rollup_final(state revenue_summary)
	RETURNS revenue_summary
	AS 'MODULE_PATHNAME', 'revenue_summary_rollup_final'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION _leakage.revenue_summary_rollup_final(revenue_summary) IS 'aggregate final function';

-- The state of a moving frame is internal.  Taking out what never came in can leave what is not a revenue_summary, and
-- anybody may make an aggregate that returns such a state.

CREATE FUNCTION _leakage.revenue_summary_moving_accum(state internal, amount numeric)
	RETURNS internal
	AS 'MODULE_PATHNAME', 'revenue_summary_moving_accum_numeric'
	LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION _leakage.revenue_summary_moving_accum(internal, numeric) IS 'aggregate transition function of a moving frame';

CREATE FUNCTION _leakage.revenue_summary_moving_accum(state internal, amount double precision)
	RETURNS internal
	AS 'MODULE_PATHNAME', 'revenue_summary_moving_accum_float8'
	LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION _leakage.revenue_summary_moving_accum(internal, double precision) IS 'aggregate transition function of a moving frame';

CREATE FUNCTION _leakage.revenue_summary_inverse(state internal, amount numeric)
	RETURNS internal
	AS 'MODULE_PATHNAME', 'revenue_summary_inverse_numeric'
	LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION _leakage.revenue_summary_inverse(internal, numeric) IS 'aggregate inverse transition function';

CREATE FUNCTION _leakage.revenue_summary_inverse(state internal, amount double precision)
	RETURNS internal
	AS 'MODULE_PATHNAME', 'revenue_summary_inverse_float8'
	LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION _leakage.revenue_summary_inverse(internal, double precision) IS 'aggregate inverse transition function';

CREATE FUNCTION _leakage.revenue_summary_rollup_moving_accum(state internal, summary revenue_summary)
	RETURNS internal
	AS 'MODULE_PATHNAME', 'revenue_summary_rollup_moving_accum'
	LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION _leakage.revenue_summary_rollup_moving_accum(internal, revenue_summary) IS 'aggregate transition function of a moving frame';

CREATE FUNCTION _leakage.revenue_summary_rollup_inverse(state internal, summary revenue_summary)
	RETURNS internal
	AS 'MODULE_PATHNAME', 'revenue_summary_rollup_inverse'
	LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION _leakage.revenue_summary_rollup_inverse(internal, revenue_summary) IS 'aggregate inverse transition function';

CREATE FUNCTION _leakage.revenue_summary_moving_final(state internal)
	RETURNS revenue_summary
	AS 'MODULE_PATHNAME', 'revenue_summary_moving_final'
	LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION _leakage.revenue_summary_moving_final(internal) IS 'aggregate final function of a moving frame';

-- Summary of the amounts of a group.
-- amount: in units, absolute value below 10^12; rounded half away from zero to six places.  NULL is ignored; NULL if there is
-- no amount.  Errors: 22003 for NaN, infinities and amounts out of range.
CREATE AGGREGATE revenue_summary(amount numeric) (
	SFUNC = _leakage.revenue_summary_accum,
	STYPE = revenue_summary,
	SSPACE = 2048,
	FINALFUNC = _leakage.revenue_summary_final,
	COMBINEFUNC = _leakage.revenue_summary_combine,
	INITCOND = '{"count": 0, "total": 0, "buckets": {}}',
	MSFUNC = _leakage.revenue_summary_moving_accum,
	MINVFUNC = _leakage.revenue_summary_inverse,
	MSTYPE = internal,
	MSSPACE = 2048,
	MFINALFUNC = _leakage.revenue_summary_moving_final,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE revenue_summary(numeric) IS 'distribution of an amount, as a revenue_summary';

-- The same of double precision amounts, and so of integer and bigint ones, which come as double precision.
CREATE AGGREGATE revenue_summary(amount double precision) (
	SFUNC = _leakage.revenue_summary_accum,
	STYPE = revenue_summary,
	SSPACE = 2048,
	FINALFUNC = _leakage.revenue_summary_final,
	COMBINEFUNC = _leakage.revenue_summary_combine,
	INITCOND = '{"count": 0, "total": 0, "buckets": {}}',
	MSFUNC = _leakage.revenue_summary_moving_accum,
	MINVFUNC = _leakage.revenue_summary_inverse,
	MSTYPE = internal,
	MSSPACE = 2048,
	MFINALFUNC = _leakage.revenue_summary_moving_final,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE revenue_summary(double precision) IS 'distribution of an amount, as a revenue_summary';

-- Summary of the amounts of all summaries of a group: the same bytes as the summary of the amounts themselves.
-- NULL is ignored; NULL if there is no summary.  Errors: 22003 beyond 2^63 - 1 amounts.
CREATE AGGREGATE rollup(summary revenue_summary) (
	SFUNC = _leakage.revenue_summary_rollup_accum,
	STYPE = revenue_summary,
	SSPACE = 8192,
	FINALFUNC = _leakage.revenue_summary_rollup_final,
	COMBINEFUNC = _leakage.revenue_summary_combine,
	MSFUNC = _leakage.revenue_summary_rollup_moving_accum,
	MINVFUNC = _leakage.revenue_summary_rollup_inverse,
	MSTYPE = internal,
	MSSPACE = 8192,
	MFINALFUNC = _leakage.revenue_summary_moving_final,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE rollup(revenue_summary) IS 'merge of summaries';
