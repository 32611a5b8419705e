-- ---------------------------------------------------------------------------
-- leakage_model: how honest entities vary and how often they leak, as learned
-- from a table
-- ---------------------------------------------------------------------------
--
-- Made by the aggregate leakage_fit from one leakage_profile per entity, read by
-- leakage_assess, leakage_periods and leakage_score. Whole numbers inside, so that
-- equal models are equal bytes, and the text gives back the same model:
--
--   {method: likelihood, round: 12, users: 19470, sigma: 3.508, hole_rate: 0.0123,
--    ..., noise: {-7: 0.003, -6: 0.018, ...}}
--
-- leakage_model_parameters() says what each of them means. The noise law is the share
-- of periods in each eighth of an octave of actual over expected, at the entity's level.

CREATE TYPE leakage_model;

-- Text and binary form. Errors: 22P02 and 22P03 (not such a form, or a value out of
-- its range), 22003 (a number that does not fit). NULL in, NULL out.
CREATE FUNCTION _leakage.leakage_model_in(cstring) RETURNS leakage_model
AS 'MODULE_PATHNAME', 'leakage_model_in' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION _leakage.leakage_model_in(cstring) IS 'I/O: text to leakage_model';

CREATE FUNCTION _leakage.leakage_model_out(leakage_model) RETURNS cstring
AS 'MODULE_PATHNAME', 'leakage_model_out' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION _leakage.leakage_model_out(leakage_model) IS 'I/O: leakage_model to text';

CREATE FUNCTION _leakage.leakage_model_recv(internal) RETURNS leakage_model
AS 'MODULE_PATHNAME', 'leakage_model_recv' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION _leakage.leakage_model_recv(internal) IS 'I/O: bytes to leakage_model';

CREATE FUNCTION _leakage.leakage_model_send(leakage_model) RETURNS bytea
AS 'MODULE_PATHNAME', 'leakage_model_send' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION _leakage.leakage_model_send(leakage_model) IS 'I/O: leakage_model to bytes';

CREATE TYPE leakage_model (
	INPUT = _leakage.leakage_model_in,
	OUTPUT = _leakage.leakage_model_out,
	RECEIVE = _leakage.leakage_model_recv,
	SEND = _leakage.leakage_model_send,
	INTERNALLENGTH = VARIABLE,
	ALIGNMENT = double,
	STORAGE = extended
);
COMMENT ON TYPE leakage_model IS
	'what was learned from a table: how honest entities vary, and how often they leak';

-- leakage_model_method(model) -> text: 'likelihood', or 'closed_form' where there were
-- too few entities to learn the laws of the likelihood from.
CREATE FUNCTION leakage_model_method(model leakage_model) RETURNS text
AS 'MODULE_PATHNAME', 'leakage_model_method' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION leakage_model_method(leakage_model) IS
	'method of a model: likelihood, or closed_form where the table was too small for it';

-- leakage_model_round(model) -> integer: rounds of learning after the start.
CREATE FUNCTION leakage_model_round(model leakage_model) RETURNS integer
AS 'MODULE_PATHNAME', 'leakage_model_round' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION leakage_model_round(leakage_model) IS 'rounds of learning of a model after its start';

-- leakage_model_users(model) -> bigint: entities that it was learned from.
CREATE FUNCTION leakage_model_users(model leakage_model) RETURNS bigint
AS 'MODULE_PATHNAME', 'leakage_model_users' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION leakage_model_users(leakage_model) IS 'number of entities that a model was learned from';

-- leakage_model_parameters(model) -> rows (parameter, value, meaning)
--
-- Everything in a model but the noise law, and the figures that follow from it
-- (rate_none, drop_share, underbilled_share, kappa). No rows for a NULL model.
CREATE FUNCTION leakage_model_parameters(model leakage_model,
	OUT parameter text, OUT value double precision, OUT meaning text)
RETURNS SETOF record
AS 'MODULE_PATHNAME', 'leakage_model_parameters' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE ROWS 30;
COMMENT ON FUNCTION leakage_model_parameters(leakage_model) IS
	'one row per figure in a model, with what it means';

-- ---------------------------------------------------------------------------
-- Learning
-- ---------------------------------------------------------------------------

-- Support functions of the aggregate; not meant to be called by themselves.

CREATE FUNCTION _leakage.fit_transition(internal, leakage_profile, leakage_model) RETURNS internal
AS 'MODULE_PATHNAME', 'leakage_fit_transition' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION _leakage.fit_transition(internal, leakage_profile, leakage_model) IS
	'aggregate support: add an entity';

CREATE FUNCTION _leakage.fit_combine(internal, internal) RETURNS internal
AS 'MODULE_PATHNAME', 'leakage_fit_combine' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION _leakage.fit_combine(internal, internal) IS
	'aggregate support: add the sums of another state';

CREATE FUNCTION _leakage.fit_serialize(internal) RETURNS bytea
AS 'MODULE_PATHNAME', 'leakage_fit_serialize' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION _leakage.fit_serialize(internal) IS 'aggregate support: state to bytes';

CREATE FUNCTION _leakage.fit_deserialize(bytea, internal) RETURNS internal
AS 'MODULE_PATHNAME', 'leakage_fit_deserialize' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION _leakage.fit_deserialize(bytea, internal) IS 'aggregate support: bytes to state';

CREATE FUNCTION _leakage.fit_final(internal) RETURNS leakage_model
AS 'MODULE_PATHNAME', 'leakage_fit_final' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION _leakage.fit_final(internal) IS 'aggregate support: the model that the sums give';

-- leakage_fit(profile, model) -> leakage_model
--
-- One round of learning from the entities of a table.
--   profile   one entity's periods; NULL: ignored
--   model     what the round before gave, the same with every row; NULL: the start
-- The start takes robust figures; each further call is one round of expectation and
-- maximisation, the fourth and later ones with the mirror images (rises as large as
-- the falls that are searched for). Twelve rounds after the start are enough. With
-- fewer than 1000 entities that have three positive periods the method is 'closed_form',
-- and further rounds give the same model back. Without a row that counts the result
-- is NULL. Every sum is one of whole numbers: the same bytes in any order, and with any number of workers.
-- Errors: 22023 where rows of a group bring different models.
-- Source: Dempster, Laird and Rubin 1977 (EM); docs/method.md.
CREATE AGGREGATE leakage_fit(profile leakage_profile, model leakage_model) (
	SFUNC = _leakage.fit_transition,
	STYPE = internal,
	SSPACE = 65536,
	FINALFUNC = _leakage.fit_final,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = _leakage.fit_combine,
	SERIALFUNC = _leakage.fit_serialize,
	DESERIALFUNC = _leakage.fit_deserialize,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE leakage_fit(leakage_profile, leakage_model) IS
	'one round of learning a model from the entities of a table; model NULL: the start';

-- ---------------------------------------------------------------------------
-- Assessing
-- ---------------------------------------------------------------------------

-- leakage_assess(profile, model) -> one row; NULL columns for a NULL profile
--
--   profile   one entity's periods
--   model     what was learned from its table; NULL: documented defaults (2 % of interior
--             periods missing, 1 % zero, entities spread by a factor of e^0.3 around
--             the expected amount, noise from the entity's own periods)
-- Columns
--   leak_probability  of any of the four ways to leak, below 1; with a closed form the
--                     most that the p-values can stand for (Sellke, Bayarri and Berger 2001)
--   score             0 to 100: 50 (1 + L / sqrt(L^2 + 25)), L the log odds of a leak
--   reason            the most likely way to leak: missing_weeks, zero_weeks, drop,
--                     underbilled; none where the history has no room for any
--   amount            money that leaked if the reason is true
--   expected_leak     money, each way to leak times its probability; the sum of the
--                     same column of leakage_periods()
--   p_missing, p_zero, p_drop, p_underbilled
--                     probability of each way; they add up to leak_probability
--   odds              leak_probability / p_no_leak
--   change_period     first period after the drop; NULL with other reasons
--   change_factor     what amounts were multiplied by, with reasons drop and underbilled
--   level             amounts of this entity over the expected ones, were it honest
--   own_share         how much of level comes from its own history, 0 to 1
--   missing_periods   interior periods without a row
--   zero_periods      periods with a row and an amount of zero or below
--   expected_missing  number of missing periods that an honest entity has
--   method            likelihood, closed_form, or default (model NULL)
--   p_value           of the four tests together; NULL with a likelihood
--   p_no_leak         1 - leak_probability, exact where that is next to 1
--   expected_leaks    what each period of the profile, ascending, is expected to have leaked
--   concerned         whether the reason is about it
--   payment_class     weekly (pays in every period), regular (every second, third, ...), irregular,
--                     rarely_billed (one or two payments, and two or more periods without one), never_billed;
--                     irregular, and regular with a payment skipped, are seen with a likelihood only
--   p_event           probability that amounts changed in an event: a period in which those of many
--                     entities did; 0 without a likelihood
--   event_period      first period after that change; this and the next two are NULL unless p_event
--                     is above one half
--   event_factor      what amounts were multiplied by
--   event_money       money that this took, or brought (below 0); in no other amount
-- Interior: between the first and the last period with a row. A period in between that the
-- profile holds without an actual amount is missing; one that it does not hold is unknown,
-- and no evidence. One missing or zero period alone is no evidence either.
-- Source: docs/method.md.
CREATE FUNCTION leakage_assess(profile leakage_profile, model leakage_model,
	OUT leak_probability double precision, OUT score double precision, OUT reason text,
	OUT amount numeric, OUT expected_leak numeric,
	OUT p_missing double precision, OUT p_zero double precision,
	OUT p_drop double precision, OUT p_underbilled double precision,
	OUT odds double precision, OUT change_period integer, OUT change_factor double precision,
	OUT level double precision, OUT own_share double precision,
	OUT missing_periods integer, OUT zero_periods integer,
	OUT expected_missing double precision, OUT method text,
	OUT p_value double precision, OUT p_no_leak double precision,
	OUT expected_leaks numeric[], OUT concerned boolean[], OUT payment_class text,
	OUT p_event double precision, OUT event_period integer, OUT event_factor double precision, OUT event_money numeric)
AS 'MODULE_PATHNAME', 'leakage_assess' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION leakage_assess(leakage_profile, leakage_model) IS
	'what a model says about an entity: probability of a leak, reason, amount';

-- leakage_periods(profile, model) -> rows (period, present, actual, expected, expected_leak, concerned)
--
-- The periods of an entity, ascending, with what each of them is expected to have leaked:
-- rounded to six places, and adding up to leakage_assess().expected_leak.
--   profile, model as for leakage_assess; no rows for a NULL profile
--   present     the period has an actual amount
--   actual, expected  money, 0 where there was no row
--   concerned   the reason of leakage_assess is about this period
CREATE FUNCTION leakage_periods(profile leakage_profile, model leakage_model,
	OUT period integer, OUT present boolean, OUT actual numeric, OUT expected numeric,
	OUT expected_leak numeric, OUT concerned boolean)
RETURNS SETOF record
AS 'MODULE_PATHNAME', 'leakage_periods' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 1000 ROWS 16;
COMMENT ON FUNCTION leakage_periods(leakage_profile, leakage_model) IS
	'one row per period of an entity, with what it is expected to have leaked';

-- leakage_periods(profile, expected_leaks, concerned_periods, absent) -> the same rows
--
-- Out of what was kept of leakage_assess and expected_profiles, without another assessment.
--   profile          one entity's periods; NULL: no rows
--   expected_leaks, concerned_periods  as leakage_assess gives them; NULL: all 0, all false
--   absent           further periods, ascending: rows with 0 and false; NULL: none
-- In a SELECT list its rows are not stored on the way, whatever their number.
-- Errors: 22023 where an array has another length than the profile, or where absent periods
-- are not ascending or in the profile; 22004 where an element is NULL.
CREATE FUNCTION leakage_periods(profile leakage_profile, expected_leaks numeric[], concerned_periods boolean[], absent integer[],
	OUT period integer, OUT present boolean, OUT actual numeric, OUT expected numeric,
	OUT expected_leak numeric, OUT concerned boolean)
RETURNS SETOF record
AS 'MODULE_PATHNAME', 'leakage_stored_periods' LANGUAGE C IMMUTABLE PARALLEL SAFE ROWS 16;
COMMENT ON FUNCTION leakage_periods(leakage_profile, numeric[], boolean[], integer[]) IS
	'one row per period of an entity, from a stored assessment';

-- ---------------------------------------------------------------------------
-- Scoring rows
-- ---------------------------------------------------------------------------

-- Support functions of the aggregate; not meant to be called by themselves.

CREATE FUNCTION _leakage.score_transition(internal, integer, numeric, numeric, leakage_model) RETURNS internal
AS 'MODULE_PATHNAME', 'leakage_score_transition' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION _leakage.score_transition(internal, integer, numeric, numeric, leakage_model) IS
	'aggregate support: add a row (period, actual, expected, model)';

CREATE FUNCTION _leakage.score_combine(internal, internal) RETURNS internal
AS 'MODULE_PATHNAME', 'leakage_score_combine' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION _leakage.score_combine(internal, internal) IS
	'aggregate support: add the periods of another state';

CREATE FUNCTION _leakage.score_serialize(internal) RETURNS bytea
AS 'MODULE_PATHNAME', 'leakage_score_serialize' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION _leakage.score_serialize(internal) IS 'aggregate support: state to bytes';

CREATE FUNCTION _leakage.score_deserialize(bytea, internal) RETURNS internal
AS 'MODULE_PATHNAME', 'leakage_score_deserialize' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION _leakage.score_deserialize(bytea, internal) IS 'aggregate support: bytes to state';

CREATE FUNCTION _leakage.score_final(internal) RETURNS double precision
AS 'MODULE_PATHNAME', 'leakage_score_final' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION _leakage.score_final(internal) IS 'aggregate support: the score of the periods';

-- leakage_score(period, actual, expected, model) -> double precision
--
-- 0 to 100: what to look at first. The same as
-- leakage_assess(leakage_profile(period, actual, expected), model).score.
--   period, actual, expected   as for the aggregate leakage_profile
--   model     as for leakage_assess, the same with every row that counts
-- NULL without a row that counts.
-- Errors: those of leakage_profile; 22023 where rows of a group bring different models.
CREATE AGGREGATE leakage_score(period integer, actual numeric, expected numeric, model leakage_model) (
	SFUNC = _leakage.score_transition,
	STYPE = internal,
	SSPACE = 1100,
	FINALFUNC = _leakage.score_final,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = _leakage.score_combine,
	SERIALFUNC = _leakage.score_serialize,
	DESERIALFUNC = _leakage.score_deserialize,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE leakage_score(integer, numeric, numeric, leakage_model) IS
	'0 to 100, rising with the odds that an entity leaks: what to look at first';
