-- ---------------------------------------------------------------------------
-- _leakage.period_totals: many entities' periods, added up by period
-- ---------------------------------------------------------------------------
--
-- What a GROUP BY over the rows of leakage_periods gives, without making a row of
-- each entity and period.

-- One period of _leakage.period_totals.
--   entities       that have the period, be it only as an absent one
--   present        of these, those with an actual amount
--   positive       those whose actual amount is above 0
--   leaking        those whose expected leak is above 0
--   actual, expected, expected_leak  sums over the entities, in units of the currency, exact
CREATE TYPE _leakage.period_total AS (
	period integer,
	entities bigint,
	present bigint,
	positive bigint,
	leaking bigint,
	actual numeric,
	expected numeric,
	expected_leak numeric
);
COMMENT ON TYPE _leakage.period_total IS
	'one period of many entities: how many have it, how many of these with an amount, and the sums';

-- Support functions of the aggregate; not meant to be called by themselves.

CREATE FUNCTION _leakage.period_totals_transition(internal, leakage_profile, numeric[], integer[]) RETURNS internal
AS 'MODULE_PATHNAME', 'leakage_period_totals_transition' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 100;
COMMENT ON FUNCTION _leakage.period_totals_transition(internal, leakage_profile, numeric[], integer[]) IS
	'aggregate support: add an entity (profile, expected leaks, absent)';

CREATE FUNCTION _leakage.period_totals_combine(internal, internal) RETURNS internal
AS 'MODULE_PATHNAME', 'leakage_period_totals_combine' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION _leakage.period_totals_combine(internal, internal) IS
	'aggregate support: add the sums of another state';

CREATE FUNCTION _leakage.period_totals_serialize(internal) RETURNS bytea
AS 'MODULE_PATHNAME', 'leakage_period_totals_serialize' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION _leakage.period_totals_serialize(internal) IS 'aggregate support: state to bytes';

CREATE FUNCTION _leakage.period_totals_deserialize(bytea, internal) RETURNS internal
AS 'MODULE_PATHNAME', 'leakage_period_totals_deserialize' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION _leakage.period_totals_deserialize(bytea, internal) IS 'aggregate support: bytes to state';

CREATE FUNCTION _leakage.period_totals_final(internal) RETURNS _leakage.period_total[]
AS 'MODULE_PATHNAME', 'leakage_period_totals_final' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION _leakage.period_totals_final(internal) IS 'aggregate support: the sums as an array';

-- _leakage.period_totals(profile, expected_leaks, absent) -> _leakage.period_total[]
--
-- The periods of a group of entities, ascending; unnest() makes rows of them.
--   profile          one entity's periods; NULL: the entity is ignored
--   expected_leaks   as leakage_assess gives them; NULL: all 0
--   absent           further periods of the entity, ascending, with 0; NULL: none
-- NULL without an entity.  Sums are exact: the same bytes in any order, and with any number of workers.
-- Expected leaks are rounded to six places, half away from zero.
-- Errors: 22023 where an array has another length than the profile, or where absent periods
-- are not ascending or in the profile; 22004 where an element is NULL; 22003 where an expected
-- leak is NaN, infinite, or 10^12 and more; 54000 with more than 16384 periods.
CREATE AGGREGATE _leakage.period_totals(profile leakage_profile, expected_leaks numeric[], absent integer[]) (
	SFUNC = _leakage.period_totals_transition,
	STYPE = internal,
	SSPACE = 1600,
	FINALFUNC = _leakage.period_totals_final,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = _leakage.period_totals_combine,
	SERIALFUNC = _leakage.period_totals_serialize,
	DESERIALFUNC = _leakage.period_totals_deserialize,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE _leakage.period_totals(leakage_profile, numeric[], integer[]) IS
	'the periods of many entities added up: how many have each, and the sums of their amounts';

-- ---------------------------------------------------------------------------
-- In which periods an entity counts
-- ---------------------------------------------------------------------------
-- The periods of an entity that have something, as blocks of bits.
--   profile          one entity's periods
--   absent           further periods, ascending: they have nothing
--   expected_leaks   as leakage_assess gives them
--   all_periods      the periods of all entities, ascending.  They are divided into the blocks in this order.
--                    The first bit of the first block is the first of them.  Periods that are not among them are
--                    left out.
--   blocks           their number, 1 to 1024.  Each has the same number of periods, as few as possible.
-- NULL where an argument is.
-- Errors: 22023 where an array has another length than the profile, where absent periods are not ascending or in the
-- profile, where all_periods is not ascending, or with another number of blocks; 22004 where an element is NULL;
-- 22003 where an expected leak is NaN, infinite, or 10^12 and more; 54000 with more than 31 periods in a block.

CREATE FUNCTION _leakage.blocks_of_periods(profile leakage_profile, absent integer[], all_periods integer[], blocks integer) RETURNS integer[]
AS 'MODULE_PATHNAME', 'leakage_blocks_of_periods' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 50;
COMMENT ON FUNCTION _leakage.blocks_of_periods(leakage_profile, integer[], integer[], integer) IS
	'the periods of an entity, with the absent ones, as blocks of bits';

CREATE FUNCTION _leakage.blocks_with_row(profile leakage_profile, absent integer[], all_periods integer[], blocks integer) RETURNS integer[]
AS 'MODULE_PATHNAME', 'leakage_blocks_with_row' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 50;
COMMENT ON FUNCTION _leakage.blocks_with_row(leakage_profile, integer[], integer[], integer) IS
	'the periods of an entity with an actual amount, as blocks of bits';

CREATE FUNCTION _leakage.blocks_with_revenue(profile leakage_profile, absent integer[], all_periods integer[], blocks integer) RETURNS integer[]
AS 'MODULE_PATHNAME', 'leakage_blocks_with_revenue' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 50;
COMMENT ON FUNCTION _leakage.blocks_with_revenue(leakage_profile, integer[], integer[], integer) IS
	'the periods of an entity whose actual amount is above 0, as blocks of bits';

CREATE FUNCTION _leakage.blocks_with_leak(profile leakage_profile, expected_leaks numeric[], absent integer[], all_periods integer[], blocks integer) RETURNS integer[]
AS 'MODULE_PATHNAME', 'leakage_blocks_with_leak' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 50;
COMMENT ON FUNCTION _leakage.blocks_with_leak(leakage_profile, numeric[], integer[], integer[], integer) IS
	'the periods of an entity whose expected leak is above 0, as blocks of bits';
