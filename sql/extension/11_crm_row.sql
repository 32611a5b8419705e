-- ---------------------------------------------------------------------------
-- Picking the best CRM row of a subscriber: rows packed into bytes that sort as
-- rows are preferred (docs/rules.md, section 1.2), and the first of them.
-- ---------------------------------------------------------------------------

CREATE FUNCTION leakage_pack_crm(
	status_rank integer,
	gender_known boolean,
	year_known boolean,
	gender text,
	year_of_birth text,
	system_status text,
	mobile_type text,
	value_segment text)
	RETURNS bytea
	AS 'MODULE_PATHNAME', 'leakage_pack_crm'
	LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION leakage_pack_crm(integer, boolean, boolean, text, text, text, text, text) IS
	'CRM row as bytes that sort as rows are preferred; NULL if a rank is NULL';

CREATE FUNCTION leakage_unpack_crm(
	packed bytea,
	OUT gender text,
	OUT year_of_birth text,
	OUT system_status text,
	OUT mobile_type text,
	OUT value_segment text)
	AS 'MODULE_PATHNAME', 'leakage_unpack_crm'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION leakage_unpack_crm(bytea) IS
	'columns of a row that leakage_pack_crm packed; anything else is an error';

CREATE FUNCTION leakage_first_transition(bytea, bytea)
	RETURNS bytea
	AS 'MODULE_PATHNAME', 'leakage_first_transition'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION leakage_first_transition(bytea, bytea) IS
	'lesser of two values in byte order: for leakage_first';

-- The first of the values in byte order; NULLs are ignored, NULL if there is none else.
CREATE AGGREGATE leakage_first(packed bytea) (
	SFUNC = leakage_first_transition,
	STYPE = bytea,
	SSPACE = 64,
	COMBINEFUNC = leakage_first_transition,
	PARALLEL = SAFE);
COMMENT ON AGGREGATE leakage_first(bytea) IS
	'first value in byte order';
