--
-- Options of a mart: defaults, invalid values and their messages, leakage_alter_mart, and rows changed by the user
--
\set SHOW_CONTEXT never
\pset null NULL
SET client_min_messages = warning;

-- what a command raises: SQLSTATE, message, detail, hint
CREATE FUNCTION raises_all(command text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	state text; message text; detail text; hint text;
BEGIN
	EXECUTE command;
	RETURN 'no error';
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
	RETURN concat_ws(E'\n', state || ': ' || message, nullif(detail, ''), nullif(hint, ''));
END $$;
-- without detail and hint
CREATE FUNCTION raises(command text) RETURNS text LANGUAGE sql AS $$
	SELECT split_part(raises_all(command), E'\n', 1)
$$;
-- the fault of an option's value, in short
CREATE FUNCTION fault(option text, value text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	detail text;
BEGIN
	PERFORM _leakage.complete_options(jsonb_build_object(option, value::jsonb));
	RETURN NULL;
EXCEPTION WHEN invalid_parameter_value THEN
	GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL;
	RETURN coalesce(nullif(detail, ''), SQLERRM);
END $$;

--
-- Every option, with its default
--
SELECT name, kind, default_value, minimum, maximum, choices FROM leakage_option_catalog() ORDER BY name COLLATE "C";
SELECT name FROM leakage_option_catalog() WHERE coalesce(description, '') = '' OR description <> trim(description);
-- the defaults are valid, and apply when no options are given
SELECT count(_leakage.check_option(name, default_value)) AS checked FROM leakage_option_catalog();
SELECT _leakage.complete_options('{}') = (SELECT jsonb_object_agg(name, default_value) FROM leakage_option_catalog()) AS defaults;
SELECT _leakage.complete_options('{"fdr": 0.01, "year": 2018}') - '{fdr,year}'::text[]
	= _leakage.complete_options('{}') - '{fdr,year}'::text[] AS others_stay;
SELECT _leakage.complete_options('{"fdr": 0.01, "year": 2018}') ->> 'fdr' AS fdr;
-- the result is valid and complete: completing it again changes nothing
SELECT _leakage.complete_options(_leakage.complete_options('{"min_age": 18.0, "age_bands": [18, 30.0]}'))
	= _leakage.complete_options('{"min_age": 18.0, "age_bands": [18, 30.0]}') AS same;

--
-- Refused values, with whole messages
--
\pset format unaligned
\pset tuples_only on
SELECT raises_all($$ SELECT _leakage.complete_options('{"fdrr": 0.01}') $$);
SELECT raises($$ SELECT _leakage.complete_options('{"FDR": 0.01}') $$);
SELECT raises($$ SELECT _leakage.complete_options('{"": 0.01}') $$);
SELECT raises_all($$ SELECT _leakage.complete_options('{"fdr": 0.5}') $$);
SELECT raises_all($$ SELECT _leakage.complete_options('{"week_format": "day"}') $$);
SELECT raises($$ SELECT _leakage.complete_options('{"min_age": 50, "max_age": 50}') $$);
SELECT raises($$ SELECT _leakage.complete_options('{"min_age": 150}') $$);
SELECT raises($$ SELECT _leakage.complete_options('{"as_of_year": null}') $$);
SELECT raises($$ SELECT _leakage.complete_options(NULL) $$);
SELECT raises_all($$ SELECT _leakage.complete_options('[]') $$);
SELECT raises($$ SELECT _leakage.complete_options('null') $$);
SELECT raises($$ SELECT _leakage.complete_options('"fdr"') $$);
SELECT raises($$ SELECT _leakage.check_option(NULL, '1') $$);
SELECT raises($$ SELECT _leakage.check_option('fdr', NULL) $$);
\pset tuples_only off
\pset format aligned

--
-- Each option at its limits and beyond
--
SELECT option, value, fault(option, value)
FROM (VALUES
	('as_of_year', '1900'), ('as_of_year', '2200'), ('as_of_year', '1899'), ('as_of_year', '2201'), ('as_of_year', '2018.5'),
	('as_of_year', '"2018"'), ('as_of_year', 'true'), ('as_of_year', '[2018]'), ('as_of_year', '{}'), ('as_of_year', '2.018e3'),
	('as_of_year', '1e400'),
	('min_age', '0'), ('min_age', '-1'), ('min_age', '109'), ('min_age', '110'), ('max_age', '150'), ('max_age', '151'),
	('max_age', '11'), ('max_age', '10'), ('max_age', '0'),
	('age_bands', '[1]'), ('age_bands', '[150]'), ('age_bands', '[0, 18]'), ('age_bands', '[18, 151]'), ('age_bands', '[]'),
	('age_bands', '18'), ('age_bands', '"{18,25}"'), ('age_bands', '[18, 18]'), ('age_bands', '[25, 18]'), ('age_bands', '[18, null]'),
	('age_bands', '[18, "25"]'), ('age_bands', '[18, 25.5]'), ('age_bands', '[[18, 25]]'), ('age_bands', '{"a": 18}'),
	('activity_levels', '[0, 1]'), ('activity_levels', '[0.5]'), ('activity_levels', '[0.1, 0.2, 0.3]'),
	('activity_levels', '[0.9, 0.5]'), ('activity_levels', '[-0.1, 0.5]'), ('activity_levels', '[0.5, 1.1]'),
	('revenue_bands', '[0.01, 1000000000000]'), ('revenue_bands', '[0, 50]'), ('revenue_bands', '[1e13]'), ('revenue_bands', '["NaN"]'),
	('tenure_bands', '[1, 10000]'), ('tenure_bands', '[0]'), ('tenure_bands', '[10001]'), ('tenure_bands', '[1.5]'),
	('peer_dimensions', '[]'), ('peer_dimensions', '["brand"]'),
	('peer_dimensions', '["segment","mobile_type","age_group","gender","region","status","brand","os"]'),
	('peer_dimensions', '["brand", "brand"]'), ('peer_dimensions', '["msisdn"]'), ('peer_dimensions', '["Segment"]'),
	('peer_dimensions', '[null]'), ('peer_dimensions', '[1]'), ('peer_dimensions', '"segment"'), ('peer_dimensions', '{"segment": 1}'),
	('peer_dimensions', '["segment; DROP TABLE x"]'),
	('min_peers', '1'), ('min_peers', '0'), ('min_peers', '1000000000'), ('min_peers', '1000000001'), ('min_peers', '1.5'),
	('peer_quantile', 'null'), ('peer_quantile', '0.01'), ('peer_quantile', '0.99'), ('peer_quantile', '0'), ('peer_quantile', '1'),
	('peer_quantile', '"NaN"'),
	('fdr', '0.001'), ('fdr', '0.25'), ('fdr', '0.0009'), ('fdr', '0.2501'), ('fdr', '0'), ('fdr', '-0.05'), ('fdr', '"5%"'), ('fdr', 'null'),
	('money_floor', '0'), ('money_floor', '1000000000000'), ('money_floor', '1000000000001'), ('money_floor', '-0.01'),
	('tolerance', '0'), ('tolerance', '1'), ('tolerance', '1.01'), ('tolerance', '-0.01'),
	('fit_sample', '2000'), ('fit_sample', '1999'), ('fit_sample', '10000001'), ('fit_rounds', '4'), ('fit_rounds', '3'), ('fit_rounds', '101'),
	('week_format', '"week"'), ('week_format', '"yyyyww"'), ('week_format', '"YYYYWW"'), ('week_format', '""'), ('week_format', 'null'),
	('week_format', '1'), ('week_format', '["week"]'),
	('year', 'null'), ('year', '1900'), ('year', '2201'), ('year', '"2018"'),
	('currency', '"$"'), ('currency', '"0123456789"'), ('currency', '"0123456789x"'), ('currency', '""'), ('currency', '1'), ('currency', 'null'))
	AS t (option, value);
-- lists have at most 50 members
SELECT fault('age_bands', (SELECT jsonb_agg(n) FROM generate_series(1, 50) AS n)::text) AS fifty,
	fault('age_bands', (SELECT jsonb_agg(n) FROM generate_series(1, 51) AS n)::text) AS fifty_one;
-- every option refuses values of other kinds, with the same SQLSTATE
SELECT c.name, v.value
FROM leakage_option_catalog() AS c, (VALUES ('true'), ('{}'), ('{"a": 1}'), ('[[]]'), ('[{}]'), ('"no such"'), ('-1e30'), ('[null]')) AS v (value)
WHERE c.name <> 'currency' AND (c.kind <> 'boolean' OR v.value <> 'true') AND fault(c.name, v.value) IS NULL;

--
-- A whole number can be written with a decimal point
--
SELECT _leakage.complete_options('{"as_of_year": 2018.0}') ->> 'as_of_year' AS year,
	_leakage.complete_options('{"min_age": 10.0, "max_age": 90.000}') ->> 'max_age' AS age,
	_leakage.complete_options('{"age_bands": [18.0, 25]}') -> 'age_bands' AS bands;

--
-- Bands
--
SELECT v, _leakage.band(v, '{18,25,65}', 'Under 18', true) AS whole, _leakage.band(v, '{18,25,65}', '0-18', false) AS money
FROM (VALUES (NULL), (-5), (0), (17), (17.999999), (18), (24), (24.99), (25), (64), (65), (1000)) AS t (v);
SELECT _leakage.band(5, '{10}', 'below', true), _leakage.band(10, '{10}', 'below', true),
	_leakage.band(0.75, '{0.50,1.250}', 'below', false), _leakage.band(2, '{0.50,1.250}', 'below', false), _leakage.band(5, '{5,6}', 'below', true);
SELECT _leakage.band(NULL, '{10}', 'below', true), _leakage.band(1, NULL, 'below', true), _leakage.band(1, '{10}', NULL, true);

--
-- leakage_create_mart and its options
--
\pset format unaligned
\pset tuples_only on
SELECT raises($$ CALL leakage_create_mart('options_mart', '{"no such": 1}') $$);
SELECT raises($$ CALL leakage_create_mart('options_mart', '{"fdr": 1}') $$);
SELECT raises($$ CALL leakage_create_mart('options_mart', NULL) $$);
SELECT raises($$ CALL leakage_create_mart(NULL) $$);
SELECT left(raises($$ CALL leakage_create_mart('') $$), 5);
SELECT raises($$ CALL leakage_create_mart('pg_mart') $$);
\pset tuples_only off
\pset format aligned
-- nothing was created
SELECT count(*) FROM pg_namespace WHERE nspname IN ('options_mart', '', 'pg_mart');

CALL leakage_create_mart('options_mart', '{"fdr": 0.01, "peer_dimensions": ["segment"], "currency": "EUR", "peer_quantile": 0.5}');
SELECT name, value FROM options_mart.mart_option ORDER BY name COLLATE "C";
SELECT count(*) AS differ FROM options_mart.mart_option AS o FULL JOIN leakage_option_catalog() AS c USING (name)
WHERE o.description IS DISTINCT FROM c.description;

--
-- leakage_alter_mart changes the given options only, and nothing if it refuses
--
CALL leakage_alter_mart('options_mart', '{"fdr": 0.1, "year": 2018}');
CALL leakage_alter_mart('options_mart', '{}');
SELECT name, value FROM options_mart.mart_option WHERE name IN ('fdr', 'year', 'currency', 'as_of_year') ORDER BY name COLLATE "C";
CALL leakage_alter_mart('options_mart', '{"year": null, "peer_quantile": null}');
SELECT name, value FROM options_mart.mart_option WHERE name IN ('year', 'peer_quantile') ORDER BY name COLLATE "C";
\pset format unaligned
\pset tuples_only on
SELECT raises($$ CALL leakage_alter_mart('options_mart', '{"fdr": 0.2, "currency": ""}') $$);
SELECT raises($$ CALL leakage_alter_mart('options_mart', '{"fdrr": 0.2}') $$);
SELECT raises($$ CALL leakage_alter_mart('options_mart', '{"max_age": 5}') $$);
SELECT raises($$ CALL leakage_alter_mart('options_mart', NULL) $$);
SELECT raises($$ CALL leakage_alter_mart('options_mart', '[1]') $$);
SELECT raises_all($$ CALL leakage_alter_mart('no_such_mart', '{}') $$);
SELECT raises($$ CALL leakage_alter_mart('pg_catalog', '{}') $$);
SELECT left(raises($$ CALL leakage_alter_mart(NULL, '{}') $$), 5);
\pset tuples_only off
\pset format aligned
SELECT value FROM options_mart.mart_option WHERE name = 'fdr';

--
-- The user can write to the table: an invalid row stops the refresh with a message
--
SELECT leakage_mart_options('options_mart') ->> 'fdr' AS fdr;
-- a deleted row means the default, and can be set again
DELETE FROM options_mart.mart_option WHERE name IN ('fdr', 'tolerance');
SELECT leakage_mart_options('options_mart') ->> 'fdr' AS fdr;
CALL leakage_alter_mart('options_mart', '{"fdr": 0.02}');
SELECT leakage_mart_options('options_mart') ->> 'fdr' AS fdr;
\pset format unaligned
\pset tuples_only on
SELECT raises($$ SELECT leakage_mart_options('no_mart') $$);
SELECT raises($$ SELECT leakage_mart_options(NULL) $$);
INSERT INTO options_mart.mart_option VALUES ('surprise', '1', '');
SELECT raises($$ SELECT leakage_mart_options('options_mart') $$);
DELETE FROM options_mart.mart_option WHERE name = 'surprise';
UPDATE options_mart.mart_option SET value = '"2018"' WHERE name = 'as_of_year';
SELECT raises($$ SELECT leakage_mart_options('options_mart') $$);
UPDATE options_mart.mart_option SET value = 'null' WHERE name = 'as_of_year';
SELECT raises($$ SELECT leakage_mart_options('options_mart') $$);
UPDATE options_mart.mart_option SET value = '2018' WHERE name = 'as_of_year';
UPDATE options_mart.mart_option SET value = '["segment", "msisdn; DROP SCHEMA options_mart"]' WHERE name = 'peer_dimensions';
SELECT raises($$ SELECT leakage_mart_options('options_mart') $$);
-- a refresh says the same; its other lines are not shown here
\set VERBOSITY sqlstate
CALL leakage_refresh('options_mart');
SELECT raises($$ CALL leakage_refresh('options_mart') $$);
-- leakage_alter_mart repairs it
SELECT raises($$ CALL leakage_alter_mart('options_mart', '{"peer_dimensions": ["segment"]}') $$);
\pset tuples_only off
\pset format aligned
SELECT count(*) FROM options_mart.refresh_run;
UPDATE options_mart.mart_option SET value = '["segment"]' WHERE name = 'peer_dimensions';
DELETE FROM options_mart.mart_option;
-- whole numbers with a decimal point do not stop a refresh
INSERT INTO options_mart.mart_option VALUES ('as_of_year', '2018.0', ''), ('fit_rounds', '4.0', ''), ('fit_sample', '2000.00', ''),
	('min_peers', '3.0', ''), ('year', '2018.0', ''), ('age_bands', '[18.0, 30]', ''), ('tenure_bands', '[5.0]', '');
INSERT INTO options_mart.crm VALUES ('a', 'M', '1990', 'ACTIVE', 'Prepaid', 'Tier_1'), ('b', 'M', '2005', 'ACTIVE', 'Prepaid', 'Tier_1');
INSERT INTO options_mart.revenue VALUES ('a', '1', '5'), ('b', '1', '5');
CALL leakage_refresh('options_mart');
SELECT msisdn, age_group, tenure_band FROM options_mart.users ORDER BY msisdn;

CALL leakage_drop_mart('options_mart');
DROP FUNCTION raises, raises_all, fault;
