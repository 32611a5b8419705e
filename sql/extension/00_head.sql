-- leakage: revenue leakage detection
-- complain if script is sourced in psql, rather than via CREATE EXTENSION
\echo Use "CREATE EXTENSION leakage" to load this file. \quit

-- messages and queries of the extension are made by format(), with the schema's name in them
DO $$
BEGIN
	IF pg_catalog.strpos($schema$@extschema@$schema$, '%') OPERATOR(pg_catalog.>) 0 THEN
		RAISE EXCEPTION 'leakage cannot be in a schema whose name has a "%%" in it: %', $schema$@extschema@$schema$
			USING ERRCODE = 'invalid_name';
	END IF;
END
$$;

-- What only the extension itself calls is out of an analyst's sight.  The schema is made
-- here, so it belongs to the extension's owner, and nobody else can put anything into it.
CREATE SCHEMA _leakage;
COMMENT ON SCHEMA _leakage IS 'internals of the extension leakage; not meant to be called directly';
GRANT USAGE ON SCHEMA _leakage TO PUBLIC;
