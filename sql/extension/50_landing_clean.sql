-- ---------------------------------------------------------------------------
-- Cleaning: one landing value in, its clean form out (docs/rules.md, section 1).
-- None of them raises an error, whatever the text; all depend on bytes only, on
-- no locale.  NULL is treated as the empty text.  week_format is a value of the
-- option week_format: week, yyyyww, yyyymm or date; another is an error (22023).
-- ---------------------------------------------------------------------------

CREATE FUNCTION leakage_clean_id(value text)
	RETURNS text
	AS 'MODULE_PATHNAME', 'leakage_clean_id'
	LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION leakage_clean_id(text) IS
	'identifier, white space trimmed and ASCII letters lower-cased; NULL where leakage_id_fault has a reason';

CREATE FUNCTION leakage_id_fault(value text)
	RETURNS text
	AS 'MODULE_PATHNAME', 'leakage_id_fault'
	LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION leakage_id_fault(text) IS
	'why an identifier is refused: msisdn_missing, msisdn_too_long (over 1000 bytes); NULL where it is not';

CREATE FUNCTION leakage_clean_text(value text)
	RETURNS text
	AS 'MODULE_PATHNAME', 'leakage_clean_text'
	LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION leakage_clean_text(text) IS
	'text with white space trimmed and runs of it made one space, cut to 200 characters; NULL if nothing is left';

CREATE FUNCTION leakage_clean_label(value text)
	RETURNS text
	AS 'MODULE_PATHNAME', 'leakage_clean_label'
	LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION leakage_clean_label(text) IS
	'leakage_clean_text in title case (ASCII), so that spellings that differ in case only are one label; NULL if nothing is left';

CREATE FUNCTION _leakage.fold_case(value text)
	RETURNS text
	AS 'MODULE_PATHNAME', 'leakage_fold_case'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION _leakage.fold_case(text) IS
	'text without the difference between upper and lower case, by Unicode''s simple case folding (by ASCII, unless the encoding is UTF8)';

CREATE FUNCTION leakage_clean_gender(value text)
	RETURNS text
	AS 'MODULE_PATHNAME', 'leakage_clean_gender'
	LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION leakage_clean_gender(text) IS
	'Female, Male or Unknown, from the letters of a free-text gender';

CREATE FUNCTION leakage_clean_status(value text)
	RETURNS text
	AS 'MODULE_PATHNAME', 'leakage_clean_status'
	LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION leakage_clean_status(text) IS
	'ACTIVE, IDLE, SUSPEND, DEACTIVE or OTHER, from a free-text subscriber status';

CREATE FUNCTION leakage_clean_year(value text)
	RETURNS integer
	AS 'MODULE_PATHNAME', 'leakage_clean_year'
	LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION leakage_clean_year(text) IS
	'year of four digits; NULL for anything else';

CREATE FUNCTION leakage_week(value text, week_format text)
	RETURNS integer
	AS 'MODULE_PATHNAME', 'leakage_week'
	LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION leakage_week(text, text) IS
	'week of a landing row: 1 to 53, yyyyww, yyyymm, or yyyyww of a date; NULL where leakage_week_fault has a reason';

CREATE FUNCTION leakage_week_fault(value text, week_format text)
	RETURNS text
	AS 'MODULE_PATHNAME', 'leakage_week_fault'
	LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION leakage_week_fault(text, text) IS
	'why a week is refused: week_missing, week_not_numeric, week_not_date or week_out_of_range; NULL where it is not';

CREATE FUNCTION leakage_week_start(year integer, week integer)
	RETURNS date
	AS 'MODULE_PATHNAME', 'leakage_week_start'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION leakage_week_start(integer, integer) IS
	'Monday of an ISO week of the years 1900 to 2200; NULL where the year does not have that week';

CREATE FUNCTION _leakage.week_period(week integer, week_format text)
	RETURNS integer
	AS 'MODULE_PATHNAME', 'leakage_week_period'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION _leakage.week_period(integer, text) IS
	'period of a week: its number, or the weeks since 1970-01-05, or the months since January 1970; NULL for what is no week';

CREATE FUNCTION _leakage.period_week(period integer, week_format text)
	RETURNS integer
	AS 'MODULE_PATHNAME', 'leakage_period_week'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION _leakage.period_week(integer, text) IS
	'week of a period, the reverse of _leakage.week_period; NULL for what is no period';

CREATE FUNCTION _leakage.period_start(period integer, week_format text, year integer)
	RETURNS date
	AS 'MODULE_PATHNAME', 'leakage_period_start'
	LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION _leakage.period_start(integer, text, integer) IS
	'first day of a period; NULL for what is no period, and where week_format is week and the year is NULL';

CREATE FUNCTION leakage_amount(value text)
	RETURNS numeric
	AS 'MODULE_PATHNAME', 'leakage_amount'
	LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION leakage_amount(text) IS
	'exact value of an amount below 10^12 in absolute value, negative ones too; NULL for anything else';

CREATE FUNCTION leakage_amount_fault(value text)
	RETURNS text
	AS 'MODULE_PATHNAME', 'leakage_amount_fault'
	LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION leakage_amount_fault(text) IS
	'why an amount is refused: amount_missing, _nan, _infinite, _not_numeric, _out_of_range or _negative; NULL where it is not';

CREATE FUNCTION leakage_clean_date(value text)
	RETURNS date
	AS 'MODULE_PATHNAME', 'leakage_clean_date'
	LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION leakage_clean_date(text) IS
	'date written YYYY-MM-DD, of the years 1900 to 2200; NULL for anything else';

CREATE FUNCTION leakage_count(value text)
	RETURNS bigint
	AS 'MODULE_PATHNAME', 'leakage_count'
	LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION leakage_count(text) IS
	'number of sessions, a whole number from 0 to 10^12; NULL where leakage_count_fault has a reason';

CREATE FUNCTION leakage_count_fault(value text)
	RETURNS text
	AS 'MODULE_PATHNAME', 'leakage_count_fault'
	LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION leakage_count_fault(text) IS
	'why a number of sessions is refused: sessions_missing, _not_numeric or _out_of_range; NULL where it is not';
