-- ---------------------------------------------------------------------------
-- The planted control: do those who seem to leak look like leaks?
--
-- A leak of the model's own kind is planted in honest entities of the same table.
-- Those who then seem to leak are compared with those who seem to leak by
-- themselves, in what a leak does not touch.  docs/method.md has the formulas.
-- Planting and measuring are steps per entity.  Only the comparison needs all rows.
-- ---------------------------------------------------------------------------

-- control_features(profile, model, reason, digest, attributes)
--
-- An entity that seems to leak for this reason, in whole numbers to compare.
--   profile     one entity's periods
--   model       what was learned from its table; NULL: documented defaults
--   reason      missing_weeks, zero_weeks, drop, or underbilled
--   digest      32 bytes that decide where and how much: a leak of that reason is planted first;
--               NULL: the entity as it is
--   attributes  texts that are features too; NULL: none
-- Columns
--   p_no_leak   as in leakage_assess
--   features    those of control_feature_names(), then a number for each attribute
-- All NULL where another reason is likelier, the entity does not pay weekly, or its profile has no
-- room for such a leak.
-- Errors: 22023 for an unknown reason, or a digest of another length; 54000 for too many attributes.
CREATE FUNCTION _leakage.control_features(profile leakage_profile, model leakage_model, reason text, digest bytea, attributes text[],
	OUT p_no_leak double precision, OUT features integer[])
AS 'MODULE_PATHNAME', 'leakage_control_features' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION _leakage.control_features(leakage_profile, leakage_model, text, bytea, text[]) IS
	'planted control: features of an entity that seems to leak, after a leak was planted or as it is';

-- The names of the features of a reason, in order.  Errors: 22023 for an unknown reason.
CREATE FUNCTION _leakage.control_feature_names(reason text) RETURNS text[]
AS 'MODULE_PATHNAME', 'leakage_control_feature_names' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION _leakage.control_feature_names(text) IS
	'planted control: names of the features of a reason';

-- control_compare(candidate_weights, candidate_features, planted_weights, planted_features, categories, match_size)
--
-- Compares those who seem to leak with those in whom a leak was planted.
--   candidate_weights, planted_weights    probability of a leak, one element per entity
--   candidate_features, planted_features  one row per entity; the first feature is the size of the leak
--   categories  how many of the features, the last ones, are not ordered
--   match_size  the size is no evidence
-- Columns
--   share       of the candidates that look like leaks; 1 where nothing differs
--   doubt       whether something nearly differs
--   ratios      how many times as frequent each candidate is as planted ones are
--   feature_a, low_a, high_a, feature_b, low_b, high_b, gain, seen, expected
--               one element per block that differs: the features (0: no second one) and the bounds of its
--               fullest cell, the gain in log likelihood, the weight of the candidates there, and the expected one
-- The order of the entities must not depend on the plan.
-- Errors: 2202E where arrays do not fit, 22004 for NULL elements, 22023 and 54000 for values out of range.
CREATE FUNCTION _leakage.control_compare(
	candidate_weights double precision[], candidate_features integer[],
	planted_weights double precision[], planted_features integer[], categories integer, match_size boolean,
	OUT share double precision, OUT doubt boolean, OUT ratios double precision[],
	OUT feature_a integer[], OUT low_a integer[], OUT high_a integer[],
	OUT feature_b integer[], OUT low_b integer[], OUT high_b integer[],
	OUT gain double precision[], OUT seen double precision[], OUT expected double precision[])
AS 'MODULE_PATHNAME', 'leakage_control_compare' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100000;
COMMENT ON FUNCTION _leakage.control_compare(double precision[], integer[], double precision[], integer[], integer, boolean) IS
	'planted control: compares those who seem to leak with those in whom a leak was planted';

-- control_lower(profile, model, p_no_leak)
--
-- What leakage_assess says, with the probability of a leak lowered.
--   p_no_leak   the new probability that the entity does not leak; below that of leakage_assess it changes nothing
-- Columns score, expected_leak, expected_leaks as in leakage_assess.
-- Errors: 22023 for a probability out of range.
CREATE FUNCTION _leakage.control_lower(profile leakage_profile, model leakage_model, p_no_leak double precision,
	OUT score double precision, OUT expected_leak numeric, OUT expected_leaks numeric[])
AS 'MODULE_PATHNAME', 'leakage_control_lower' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION _leakage.control_lower(leakage_profile, leakage_model, double precision) IS
	'planted control: score and expected leaks of an entity whose probability of a leak is lowered';
