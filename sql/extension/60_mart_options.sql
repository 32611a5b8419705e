-- ---------------------------------------------------------------------------
-- Options of a mart: what they are, their defaults, and what is refused. All of
-- this is defined here only; docs/reference.md lists the same.
-- ---------------------------------------------------------------------------

-- Every option: its kind, its default, and the smallest and largest value (of a list: of its members).
CREATE FUNCTION leakage_option_catalog()
	RETURNS TABLE (
		name text,
		kind text,
		default_value jsonb,
		minimum numeric,
		maximum numeric,
		choices text[],
		description text)
	LANGUAGE sql IMMUTABLE PARALLEL SAFE ROWS 28
BEGIN ATOMIC
	VALUES
		('as_of_year', 'integer', '2018'::jsonb, 1900::numeric, 2200::numeric, NULL::text[],
			'year that ages are counted in'),
		('min_age', 'integer', '10', 0, 150, NULL,
			'youngest plausible age in years; a birth year out of range is unknown'),
		('max_age', 'integer', '110', 0, 150, NULL,
			'oldest plausible age in years'),
		('age_bands', 'integers', '[18, 25, 35, 45, 55, 65]', 1, 150, NULL,
			'ages at which a new age group begins'),
		('activity_levels', 'numbers', '[0.5, 0.9]', 0, 1, NULL,
			'two shares of the weeks: below the first is Low, below the second Medium, otherwise High'),
		('revenue_bands', 'numbers', '[50, 100, 150, 200, 300]', 0.01, 1000000000000, NULL,
			'total revenue at which a new revenue band begins'),
		('tenure_bands', 'integers', '[5, 9, 14, 27, 53]', 1, 10000, NULL,
			'weeks of tenure at which a new tenure band begins'),
		('peer_dimensions', 'names', '["segment", "mobile_type", "age_group"]', NULL, NULL,
			'{segment,mobile_type,age_group,gender,region,status,brand,os}',
			'what makes users peers, most important first'),
		('min_peers', 'integer', '30', 1, 1000000000, NULL,
			'positive amounts that a group needs in a week for a level of its own'),
		('peer_quantile', 'number or null', 'null', 0.01, 0.99, NULL,
			'null: the level of a group is its mean; otherwise this quantile'),
		('fdr', 'number', '0.05', 0.001, 0.25, NULL,
			'false discovery rate: the share of flagged users that may be false'),
		('max_leak_share', 'number', '0.03', 0.001, 1, NULL,
			'share of the users; if more seem to leak in one way, none of them is reported'),
		('planted_control', 'boolean', 'true', NULL, NULL, NULL,
			'whether users who seem to leak are compared with honest users to whom a leak was added'),
		('money_floor', 'number', '0', 0, 1000000000000, NULL,
			'money below which a user''s leakage is not reported'),
		('tolerance', 'number', '0', 0, 1, NULL,
			'share of expected revenue below which a user''s leakage is not reported'),
		('fit_sample', 'integer', '20000', 2000, 10000000, NULL,
			'maximum number of users that the model is fitted on'),
		('fit_rounds', 'integer', '12', 4, 100, NULL,
			'rounds of the fit'),
		('week_format', 'choice', '"week"', NULL, NULL, '{week,yyyyww,yyyymm,date}',
			'what week_number is: the week of the year, year and ISO week, year and month, or a day (YYYY-MM-DD)'),
		('year', 'integer or null', 'null', 1900, 2200, NULL,
			'year of the weeks if week_number does not include it; null: unknown'),
		('max_refused_share', 'number', '0.01', 0, 1, NULL,
			'share of a file''s rows; if more are refused, the run is not published; 1: no limit'),
		('max_orphan_share', 'number', '0.05', 0, 1, NULL,
			'share of the revenue; if so much more than in the last run has no CRM row, the run is not published; 1: no limit'),
		('max_decline_share', 'number', '0.3', 0, 1, NULL,
			'share of the last run''s users or revenue; if more is gone, the run is not published; 1: no limit'),
		('tolerated_checks', 'names', '[]', NULL, NULL,
			'{doubled_weeks,months_as_weeks,scientific_ids,week_jump}',
			'health checks that do not keep a run from being published: their verdict is look'),
		('duplicates', 'choice', '"count_once"', NULL, NULL, '{count_once,add}',
			'revenue and usage rows with equal user, week, and value: the same row twice, or two that are added'),
		('credits', 'choice', '"refuse"', NULL, NULL, '{refuse,net}',
			'revenue below zero: refused, or netted with the other revenue of the user and week'),
		('currency', 'text', '"USD"', 1, 10, NULL,
			'currency of the amounts, as the reports print it'),
		('export_text', 'choice', '"as_is"', NULL, NULL, '{as_is,spreadsheet}',
			'text in final_leakage_data: as it is, or with an apostrophe before = + - @, so that no spreadsheet runs it as a formula'),
		('bulk_pass', 'choice', '"auto"', NULL, NULL, '{auto,off}',
			'off: plain SQL reads the landing tables, with the same result but more slowly');
END;
COMMENT ON FUNCTION leakage_option_catalog() IS
	'options of a mart: kind, default, limits and meaning';

-- Checks the value of one option against its kind and limits. The error (22023) says what is allowed.
CREATE FUNCTION _leakage.check_option(option_name text, option_value jsonb)
	RETURNS void
	LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	option record;
	member jsonb;
	previous numeric;
	members jsonb;
	fault text;
BEGIN
	SELECT * INTO option
	FROM @extschema@.leakage_option_catalog() AS c
	WHERE c.name = option_name;
	IF NOT FOUND THEN
		RAISE EXCEPTION 'unknown option "%"', option_name
			USING ERRCODE = 'invalid_parameter_value',
				HINT = 'The options are ' || (
					SELECT string_agg(c.name, ', ' ORDER BY c.name)
					FROM @extschema@.leakage_option_catalog() AS c) || '.';
	END IF;

	IF option_value IS NULL OR jsonb_typeof(option_value) = 'null' THEN
		IF option.kind NOT LIKE '%or null' THEN
			fault := 'a value is needed';
		ELSE
			RETURN;
		END IF;
	END IF;

	CASE
		WHEN fault IS NOT NULL THEN
			NULL;
		WHEN option.kind = 'text' THEN
			IF jsonb_typeof(option_value) <> 'string'
				OR length(option_value #>> '{}') NOT BETWEEN option.minimum AND option.maximum THEN
				fault := 'a text of ' || option.minimum || ' to ' || option.maximum || ' characters is needed';
			END IF;
		WHEN option.kind = 'boolean' THEN
			IF jsonb_typeof(option_value) <> 'boolean' THEN
				fault := 'true or false is needed';
			END IF;
		WHEN option.kind = 'choice' THEN
			IF jsonb_typeof(option_value) <> 'string' OR NOT option_value #>> '{}' = ANY (option.choices) THEN
				fault := 'one of ' || array_to_string(option.choices, ', ') || ' is needed';
			END IF;
		WHEN option.kind = 'names' THEN
			IF jsonb_typeof(option_value) <> 'array' THEN
				fault := 'a list is needed';
			ELSIF EXISTS (
				SELECT FROM jsonb_array_elements(option_value) AS e
				WHERE jsonb_typeof(e) <> 'string' OR NOT e #>> '{}' = ANY (option.choices)) THEN
				fault := 'each member must be one of ' || array_to_string(option.choices, ', ');
			ELSIF (SELECT count(*) <> count(DISTINCT e) FROM jsonb_array_elements(option_value) AS e) THEN
				fault := 'a member is there twice';
			END IF;
		ELSE
			members := CASE WHEN option.kind IN ('integers', 'numbers') THEN option_value ELSE jsonb_build_array(option_value) END;
			IF jsonb_typeof(members) <> 'array' OR jsonb_array_length(members) NOT BETWEEN 1 AND 50 THEN
				fault := 'a list of 1 to 50 numbers is needed';
			ELSE
				FOR member IN SELECT e FROM jsonb_array_elements(members) AS e LOOP
					IF jsonb_typeof(member) <> 'number' THEN
						fault := 'a number is needed';
					ELSIF option.kind LIKE 'integer%' AND member::numeric <> trunc(member::numeric) THEN
						fault := 'a whole number is needed';
					ELSIF member::numeric NOT BETWEEN option.minimum AND option.maximum THEN
						fault := 'it must be between ' || option.minimum || ' and ' || option.maximum;
					ELSIF member::numeric <= previous THEN
						fault := 'the numbers must ascend';
					END IF;
					EXIT WHEN fault IS NOT NULL;
					previous := member::numeric;
				END LOOP;
			END IF;
			IF fault IS NULL AND option_name = 'activity_levels' AND jsonb_array_length(members) <> 2 THEN
				fault := 'exactly two numbers are needed';
			END IF;
	END CASE;

	IF fault IS NOT NULL THEN
		RAISE EXCEPTION 'invalid value for option "%": %', option_name, coalesce(option_value::text, 'null')
			USING ERRCODE = 'invalid_parameter_value',
				DETAIL = upper(left(fault, 1)) || substr(fault, 2) || '.',
				HINT = 'The default is ' || option.default_value::text || ': ' || option.description || '.';
	END IF;
END;
$$;
COMMENT ON FUNCTION _leakage.check_option(text, jsonb) IS
	'checks one option of a mart; an error says what is allowed';

-- The defaults, overridden by the given options, all checked.
CREATE FUNCTION _leakage.complete_options(options jsonb)
	RETURNS jsonb
	LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	complete jsonb;
	option record;
BEGIN
	IF options IS NULL OR jsonb_typeof(options) <> 'object' THEN
		RAISE EXCEPTION 'options must be a JSON object, got %', coalesce(options::text, 'null')
			USING ERRCODE = 'invalid_parameter_value',
				HINT = 'For example ''{"as_of_year": 2018, "fdr": 0.01}''.';
	END IF;
	FOR option IN SELECT key, value FROM jsonb_each(options) LOOP
		PERFORM _leakage.check_option(option.key, option.value);
	END LOOP;

	-- 18.0 is a whole number, but not every reader accepts it as one
	SELECT jsonb_object_agg(c.name,
		CASE
			WHEN jsonb_typeof(o.value) = 'null' THEN o.value
			WHEN c.kind = 'integers' THEN (
				SELECT jsonb_agg(trunc(e.value::numeric) ORDER BY e.place)
				FROM jsonb_array_elements(o.value) WITH ORDINALITY AS e (value, place))
			WHEN c.kind LIKE 'integer%' THEN to_jsonb(trunc(o.value::numeric))
			ELSE o.value
		END)
	INTO complete
	FROM @extschema@.leakage_option_catalog() AS c
		CROSS JOIN LATERAL (
			SELECT coalesce(options -> c.name, c.default_value) AS value) AS o;

	IF (complete ->> 'min_age')::integer >= (complete ->> 'max_age')::integer THEN
		RAISE EXCEPTION 'option "min_age" (%) must be below "max_age" (%)', complete ->> 'min_age', complete ->> 'max_age'
			USING ERRCODE = 'invalid_parameter_value';
	END IF;
	RETURN complete;
END;
$$;
COMMENT ON FUNCTION _leakage.complete_options(jsonb) IS
	'options of a mart with defaults filled in; an error says what is wrong';

-- The label of the band that a value falls into. With bounds {18,25} and whole numbers: below_label,
-- '18-24', '25+'.  NULL for a NULL value.
-- The body is parsed when the extension is created, in a schema where others may have put operators
-- that fit better than PostgreSQL's own. So every operator is qualified.
CREATE FUNCTION _leakage.band(value numeric, bounds numeric[], below_label text, whole boolean)
	RETURNS text
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
	SELECT
		CASE
			WHEN b.band OPERATOR(pg_catalog.=) 0 THEN below_label
			WHEN b.band OPERATOR(pg_catalog.=) pg_catalog.cardinality(bounds)
				THEN pg_catalog.format('%s+', pg_catalog.trim_scale(bounds[b.band]))
			WHEN whole
				THEN pg_catalog.format('%s-%s', pg_catalog.trim_scale(bounds[b.band]),
					pg_catalog.trim_scale(bounds[b.band OPERATOR(pg_catalog.+) 1] OPERATOR(pg_catalog.-) 1::numeric))
			ELSE pg_catalog.format('%s-%s', pg_catalog.trim_scale(bounds[b.band]),
				pg_catalog.trim_scale(bounds[b.band OPERATOR(pg_catalog.+) 1]))
		END
	FROM (
		SELECT pg_catalog.width_bucket(value, bounds) AS band) AS b;
END;
COMMENT ON FUNCTION _leakage.band(numeric, numeric[], text, boolean) IS
	'label of the band that a value falls into, for bands that begin at the given bounds';

-- A text that a spreadsheet shows, but does not run as a formula: with an apostrophe before = + - @.
CREATE FUNCTION _leakage.spreadsheet_text(value text)
	RETURNS text
	LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
	SELECT
		CASE
			WHEN pg_catalog.ascii(value) OPERATOR(pg_catalog.=) ANY (ARRAY[61, 43, 45, 64]) THEN '''' OPERATOR(pg_catalog.||) value
			ELSE value
		END;
END;
COMMENT ON FUNCTION _leakage.spreadsheet_text(text) IS
	'text with an apostrophe before = + - @ at its start, where a spreadsheet would run it as a formula';
