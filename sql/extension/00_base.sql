-- leakage: revenue leakage detection
-- complain if script is sourced in psql, rather than via CREATE EXTENSION
\echo Use "CREATE EXTENSION leakage" to load this file. \quit

-- The script of a trusted extension runs as superuser, in a schema that belongs to an ordinary
-- user, who may have put functions and operators there.  pg_catalog is searched before it, but a
-- function of the user's can be a better match for the types of a call.  So every function and
-- operator that is looked up while this script runs has its schema with it, and so has everything
-- in the functions below that are parsed now (BEGIN ATOMIC, RETURN).  docs/security.md has more.

-- The name of the schema becomes part of functions and of their messages.  New minor releases of
-- PostgreSQL refuse such names themselves.
DO $$
BEGIN
	IF pg_catalog.current_schema() OPERATOR(pg_catalog.~) '["''$\\%]' THEN
		RAISE EXCEPTION 'leakage cannot be in a schema whose name has one of the characters "''$\%% in it: %', pg_catalog.current_schema()
			USING ERRCODE = 'invalid_name';
	END IF;
END
$$;

-- What only the extension itself calls is out of an analyst's sight.  The schema is made
-- here, so it belongs to the extension's owner, and nobody else can put anything into it.
CREATE SCHEMA _leakage;
COMMENT ON SCHEMA _leakage IS 'internals of the extension leakage; not meant to be called directly';
GRANT USAGE ON SCHEMA _leakage TO PUBLIC;
