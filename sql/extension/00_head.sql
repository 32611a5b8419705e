-- leakage: revenue leakage detection
-- complain if script is sourced in psql, rather than via CREATE EXTENSION
\echo Use "CREATE EXTENSION leakage" to load this file. \quit

-- messages and queries of the extension are made by format(), with the schema's name in them
DO $$
BEGIN
	IF strpos($schema$@extschema@$schema$, '%') > 0 THEN
		RAISE EXCEPTION 'leakage cannot be in a schema whose name has a "%%" in it: %', $schema$@extschema@$schema$
			USING ERRCODE = 'invalid_name';
	END IF;
END
$$;
