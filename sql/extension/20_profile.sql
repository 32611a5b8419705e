-- ---------------------------------------------------------------------------
-- leakage_profile: one entity's periods, actual against expected amount
-- ---------------------------------------------------------------------------
--
-- A value holds, for each period, the sum and the number of the rows with an
-- actual amount, and the same of the rows with an expected amount; of more than
-- 1024 periods the latest. Amounts are exact to six decimal places. Equal
-- contents are equal bytes, in whatever order or by however many workers the
-- rows were read.
--
-- As text: {22: 10.5/11.2, 23: -/11, 24: 9/-, 25: 30#3/33#3}: period: actual/expected,
-- a dash where there was no row, #3 where the amount is the sum of three rows;
-- {truncated, ...} where older periods had to be dropped.

CREATE TYPE leakage_profile;

-- Text and binary form. Errors: 22P02 and 22P03 (not such a form, or contents
-- that no aggregate gives), 22003 (a number out of range), 54000 (more than 1024
-- periods). NULL in, NULL out.
CREATE FUNCTION _leakage.leakage_profile_in(cstring) RETURNS leakage_profile
AS 'MODULE_PATHNAME', 'leakage_profile_in' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION _leakage.leakage_profile_in(cstring) IS 'I/O: text to leakage_profile';

CREATE FUNCTION _leakage.leakage_profile_out(leakage_profile) RETURNS cstring
AS 'MODULE_PATHNAME', 'leakage_profile_out' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION _leakage.leakage_profile_out(leakage_profile) IS 'I/O: leakage_profile to text';

CREATE FUNCTION _leakage.leakage_profile_recv(internal) RETURNS leakage_profile
AS 'MODULE_PATHNAME', 'leakage_profile_recv' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION _leakage.leakage_profile_recv(internal) IS 'I/O: bytes to leakage_profile';

CREATE FUNCTION _leakage.leakage_profile_send(leakage_profile) RETURNS bytea
AS 'MODULE_PATHNAME', 'leakage_profile_send' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION _leakage.leakage_profile_send(leakage_profile) IS 'I/O: leakage_profile to bytes';

CREATE TYPE leakage_profile (
	INPUT = _leakage.leakage_profile_in,
	OUTPUT = _leakage.leakage_profile_out,
	RECEIVE = _leakage.leakage_profile_recv,
	SEND = _leakage.leakage_profile_send,
	INTERNALLENGTH = VARIABLE,
	ALIGNMENT = double,
	STORAGE = extended
);
COMMENT ON TYPE leakage_profile IS
	'one entity''s periods, actual against expected amount: storable, mergeable, the same bytes whatever the order of rows';

-- ---------------------------------------------------------------------------
-- Aggregates
-- ---------------------------------------------------------------------------

-- Support functions of the aggregates; not meant to be called by themselves.

CREATE FUNCTION _leakage.leakage_profile_transition(leakage_profile, integer, numeric, numeric) RETURNS leakage_profile
AS 'MODULE_PATHNAME', 'leakage_profile_transition' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION _leakage.leakage_profile_transition(leakage_profile, integer, numeric, numeric) IS
	'aggregate support: add a row (period, actual, expected)';

CREATE FUNCTION _leakage.leakage_profile_combine(leakage_profile, leakage_profile) RETURNS leakage_profile
AS 'MODULE_PATHNAME', 'leakage_profile_combine' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION _leakage.leakage_profile_combine(leakage_profile, leakage_profile) IS
	'aggregate support: add one profile to another';

CREATE FUNCTION _leakage.leakage_profile_final(leakage_profile) RETURNS leakage_profile
AS 'MODULE_PATHNAME', 'leakage_profile_final' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION _leakage.leakage_profile_final(leakage_profile) IS
	'aggregate support: the state in its canonical form';

-- The state of a moving frame may have no period, which no value of leakage_profile
-- may: so it is internal.

CREATE FUNCTION _leakage.leakage_profile_moving_transition(internal, integer, numeric, numeric) RETURNS internal
AS 'MODULE_PATHNAME', 'leakage_profile_moving_transition' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION _leakage.leakage_profile_moving_transition(internal, integer, numeric, numeric) IS
	'aggregate support: add a row that enters a moving frame';

CREATE FUNCTION _leakage.leakage_profile_moving_inverse(internal, integer, numeric, numeric) RETURNS internal
AS 'MODULE_PATHNAME', 'leakage_profile_moving_inverse' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION _leakage.leakage_profile_moving_inverse(internal, integer, numeric, numeric) IS
	'aggregate support: take out a row that leaves a moving frame';

CREATE FUNCTION _leakage.leakage_profile_moving_final(internal) RETURNS leakage_profile
AS 'MODULE_PATHNAME', 'leakage_profile_moving_final' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION _leakage.leakage_profile_moving_final(internal) IS
	'aggregate support: the state of a moving frame as a leakage_profile';

-- leakage_profile(period, actual, expected) -> leakage_profile
--
-- The periods of a group, actual against expected.
--   period    whole number that grows with time, steps of one
--   actual    what came in, in units of the currency, may be negative; NULL:
--             no row, the period counts as missing unless another row has one
--   expected  what should have come in, not below zero; NULL: no expectation,
--             counts as 0
-- Amounts are rounded to six places, half away from zero, and the amounts of one
-- period are added. A row with a NULL period, or with both amounts NULL, is
-- ignored. Without a row that counts the result is NULL. Of more than 1024 periods
-- the latest are kept, and is_truncated() is true.
-- Errors: 22003 where an amount is NaN, infinite, or 10^12 and more; where an
-- expected amount is below zero; where the sum of a period leaves the range of
-- +-9223372036854.775807.
CREATE AGGREGATE leakage_profile(period integer, actual numeric, expected numeric) (
	SFUNC = _leakage.leakage_profile_transition,
	STYPE = leakage_profile,
	SSPACE = 528,
	FINALFUNC = _leakage.leakage_profile_final,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = _leakage.leakage_profile_combine,
	MSFUNC = _leakage.leakage_profile_moving_transition,
	MINVFUNC = _leakage.leakage_profile_moving_inverse,
	MSTYPE = internal,
	MSSPACE = 528,
	MFINALFUNC = _leakage.leakage_profile_moving_final,
	MFINALFUNC_MODIFY = READ_ONLY,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE leakage_profile(integer, numeric, numeric) IS
	'the periods of a group: actual against expected amount';

-- rollup(leakage_profile) -> leakage_profile
--
-- Several profiles as one: what the aggregate gives over all their rows together.
-- NULLs are ignored; NULL where there is nothing else. Errors: 22003 where the sum
-- of a period leaves its range.
CREATE AGGREGATE rollup(profile leakage_profile) (
	SFUNC = _leakage.leakage_profile_combine,
	STYPE = leakage_profile,
	SSPACE = 528,
	FINALFUNC = _leakage.leakage_profile_final,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = _leakage.leakage_profile_combine,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE rollup(leakage_profile) IS
	'several profiles as one: the profile of all their rows together';

-- ---------------------------------------------------------------------------
-- Equality
-- ---------------------------------------------------------------------------

-- profile = profile, profile <> profile -> boolean
--
-- The same contents: the same periods, sums, numbers of rows, and the same mark of
-- truncation. NULL where either is NULL. There is no order, hence no index, GROUP
-- BY or DISTINCT on profiles.
CREATE FUNCTION _leakage.leakage_profile_eq(leakage_profile, leakage_profile) RETURNS boolean
AS 'MODULE_PATHNAME', 'leakage_profile_eq' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION _leakage.leakage_profile_eq(leakage_profile, leakage_profile) IS 'implementation of = operator';

CREATE FUNCTION _leakage.leakage_profile_ne(leakage_profile, leakage_profile) RETURNS boolean
AS 'MODULE_PATHNAME', 'leakage_profile_ne' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION _leakage.leakage_profile_ne(leakage_profile, leakage_profile) IS 'implementation of <> operator';

CREATE OPERATOR = (
	LEFTARG = leakage_profile,
	RIGHTARG = leakage_profile,
	FUNCTION = _leakage.leakage_profile_eq,
	COMMUTATOR = OPERATOR(@extschema@.=),
	NEGATOR = OPERATOR(@extschema@.<>),
	RESTRICT = pg_catalog.eqsel,
	JOIN = pg_catalog.eqjoinsel
);
COMMENT ON OPERATOR = (leakage_profile, leakage_profile) IS 'the same contents';

CREATE OPERATOR <> (
	LEFTARG = leakage_profile,
	RIGHTARG = leakage_profile,
	FUNCTION = _leakage.leakage_profile_ne,
	COMMUTATOR = OPERATOR(@extschema@.<>),
	NEGATOR = OPERATOR(@extschema@.=),
	RESTRICT = pg_catalog.neqsel,
	JOIN = pg_catalog.neqjoinsel
);
COMMENT ON OPERATOR <> (leakage_profile, leakage_profile) IS 'other contents';

-- ---------------------------------------------------------------------------
-- What a profile holds
-- ---------------------------------------------------------------------------
-- All of these give NULL (periods: no rows) for a NULL profile, and tell of the
-- periods that are kept where the profile is truncated.

-- periods(profile) -> rows (period, actual, expected, present), ascending by period
--
-- Amounts in units of the currency, six decimal places, 0 where there was no row;
-- present: the period has an actual amount.
CREATE FUNCTION periods(profile leakage_profile,
	OUT period integer, OUT actual numeric, OUT expected numeric, OUT present boolean)
RETURNS SETOF record
AS 'MODULE_PATHNAME', 'leakage_profile_periods' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE ROWS 16;
COMMENT ON FUNCTION periods(leakage_profile) IS
	'one row per period of a profile: actual and expected amount, and whether it has an actual one';

-- actual_total(profile) -> numeric: the sum of the actual amounts, exact.
CREATE FUNCTION actual_total(profile leakage_profile) RETURNS numeric
AS 'MODULE_PATHNAME', 'leakage_profile_actual_total' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION actual_total(leakage_profile) IS 'sum of the actual amounts of a profile';

-- expected_total(profile) -> numeric: the sum of the expected amounts, exact.
CREATE FUNCTION expected_total(profile leakage_profile) RETURNS numeric
AS 'MODULE_PATHNAME', 'leakage_profile_expected_total' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION expected_total(leakage_profile) IS 'sum of the expected amounts of a profile';

-- active_periods(profile) -> integer: periods with at least one actual row, be its
-- amount 0.
CREATE FUNCTION active_periods(profile leakage_profile) RETURNS integer
AS 'MODULE_PATHNAME', 'leakage_profile_active_periods' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION active_periods(leakage_profile) IS 'number of periods with an actual amount';

-- missing_periods(profile) -> integer: periods of the profile without an actual
-- amount between its first and its last active period. A gap in the period
-- numbers is none. 0 without an active period.
CREATE FUNCTION missing_periods(profile leakage_profile) RETURNS integer
AS 'MODULE_PATHNAME', 'leakage_profile_missing_periods' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION missing_periods(leakage_profile) IS
	'number of periods without an actual amount between the first and the last that have one';

-- first_period(profile), last_period(profile) -> integer: the first and the last period
-- with an actual amount; NULL where none has.
CREATE FUNCTION first_period(profile leakage_profile) RETURNS integer
AS 'MODULE_PATHNAME', 'leakage_profile_first_period' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION first_period(leakage_profile) IS 'first period with an actual amount';

CREATE FUNCTION last_period(profile leakage_profile) RETURNS integer
AS 'MODULE_PATHNAME', 'leakage_profile_last_period' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION last_period(leakage_profile) IS 'last period with an actual amount';

-- is_truncated(profile) -> boolean: there were more than 1024 periods, and the
-- oldest are not in the profile.
CREATE FUNCTION is_truncated(profile leakage_profile) RETURNS boolean
AS 'MODULE_PATHNAME', 'leakage_profile_is_truncated' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION is_truncated(leakage_profile) IS
	'whether periods before the latest 1024 had to be dropped';
