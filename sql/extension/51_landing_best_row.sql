-- ---------------------------------------------------------------------------
-- Picking the best row of a subscriber: landing rows packed into bytes that sort
-- as rows are preferred (docs/rules.md, sections 1.2 and 1.3), and the first of them.
-- ---------------------------------------------------------------------------

CREATE FUNCTION _leakage.pack_crm(
	as_of_year integer,
	min_age integer,
	max_age integer,
	gender text,
	year_of_birth text,
	system_status text,
	mobile_type text,
	value_segment text)
	RETURNS bytea
	AS 'MODULE_PATHNAME', 'leakage_pack_crm'
	LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION _leakage.pack_crm(integer, integer, integer, text, text, text, text, text) IS
	'CRM row as bytes that sort as rows are preferred, birth years from min_age to max_age being plausible; NULL if one of these is';

CREATE FUNCTION _leakage.unpack_crm(
	packed bytea,
	OUT gender text,
	OUT year_of_birth text,
	OUT system_status text,
	OUT mobile_type text,
	OUT value_segment text)
	AS 'MODULE_PATHNAME', 'leakage_unpack_crm'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION _leakage.unpack_crm(bytea) IS
	'columns of a row that _leakage.pack_crm packed; anything else is an error';

CREATE FUNCTION _leakage.pack_device(
	imei_tac text,
	brand_name text,
	model_name text,
	os_name text,
	os_vendor text)
	RETURNS bytea
	AS 'MODULE_PATHNAME', 'leakage_pack_device'
	LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION _leakage.pack_device(text, text, text, text, text) IS
	'device row as bytes that sort as rows are preferred';

CREATE FUNCTION _leakage.unpack_device(
	packed bytea,
	OUT imei_tac text,
	OUT brand_name text,
	OUT model_name text,
	OUT os_name text,
	OUT os_vendor text)
	AS 'MODULE_PATHNAME', 'leakage_unpack_device'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION _leakage.unpack_device(bytea) IS
	'columns of a row that _leakage.pack_device packed; anything else is an error';

CREATE FUNCTION _leakage.first_transition(bytea, bytea)
	RETURNS bytea
	AS 'MODULE_PATHNAME', 'leakage_first_transition'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION _leakage.first_transition(bytea, bytea) IS
	'lesser of two values in byte order: for _leakage.first';

-- The first of the values in byte order; NULLs are ignored, NULL if there is none else.
CREATE AGGREGATE _leakage.first(packed bytea) (
	SFUNC = _leakage.first_transition,
	STYPE = bytea,
	SSPACE = 64,
	COMBINEFUNC = _leakage.first_transition,
	PARALLEL = SAFE);
COMMENT ON AGGREGATE _leakage.first(bytea) IS
	'first value in byte order';
