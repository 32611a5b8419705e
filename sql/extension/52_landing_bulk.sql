-- ---------------------------------------------------------------------------
-- The bulk passes: landing tables read once, in parallel, through partitions on
-- disk, so that memory is bounded by work_mem.  Each computes in a few seconds
-- what plain SQL computes in minutes, the same rows (69_stage.sql has both).
--
-- All of them read the tables as the caller's query would: with the caller's
-- privileges, and with the snapshot of the statement.
-- Errors: NULL for what is not optional (22004); a column that the caller may not
-- read (42501); what a pass cannot do (0A000, the detail says why): a view, a
-- foreign table, also as a child table or partition, a table with row-level security
-- that holds for the caller, one without the columns as text, amounts of more than 24
-- decimal places, a week's amounts of 10^12 or more.  An unknown week_format (22023).
-- ---------------------------------------------------------------------------

-- _leakage.best_crm_rows(landing, named, attributes, as_of_year, min_age, max_age)
--
-- The best row of each subscriber of a CRM table (docs/rules.md, section 1.2), and of an
-- attribute table (section 1.5).
--	landing		table with the text columns msisdn, gender, year_of_birth,
--				system_status, mobile_type, value_segment
--	named		table whose text column msisdn has the subscribers that get a row of
--				their own in the result; NULL: none does
--	attributes	table with the text columns msisdn, region, activated_on; NULL: none
--	as_of_year, min_age, max_age	which birth years are plausible
-- Result: rows that add up. Where attribute is false, they count rows of the CRM table:
--	msisdn		of a named subscriber; NULL in rows that count many
--	packed		the best row (_leakage.unpack_crm), or the landing rows counted
--	region		of the best attribute row, as it is spelled there; NULL: unknown
--	activated_on	of the best attribute row of a named subscriber; NULL: unknown
--	subscribers	whose best row it is, and duplicates: their other rows
--	rows, refused, respelled	landing rows like it, as the scan counts them; of them
--				without an identifier, and with one that cleaning changed
--	part, place	of a refused row, which has a row of its own in the result: the table that
--				it is in, and its ctid there; NULL if that is not a heap
-- Where attribute is true, they count rows of the attribute table by region, with
--	undated		rows without an activation date
CREATE FUNCTION _leakage.best_crm_rows(
	landing regclass,
	named regclass,
	attributes regclass,
	as_of_year integer,
	min_age integer,
	max_age integer)
	RETURNS TABLE (
		msisdn text,
		packed bytea,
		subscribers bigint,
		duplicates bigint,
		rows bigint,
		refused bigint,
		respelled bigint,
		part regclass,
		place tid,
		attribute boolean,
		region text,
		activated_on date,
		undated bigint)
	AS 'MODULE_PATHNAME', 'leakage_best_crm_rows'
	LANGUAGE C STABLE PARALLEL UNSAFE COST 1000000 ROWS 100000;
COMMENT ON FUNCTION _leakage.best_crm_rows(regclass, regclass, regclass, integer, integer, integer) IS
	'best row of each subscriber of a CRM table, with region and activation date: one by one of those named, the others counted';

-- _leakage.best_device_rows(landing, named)
--
-- The same of a device table (docs/rules.md, section 1.3).
--	landing		table with the text columns msisdn, imei_tac, brand_name, model_name,
--				os_name, os_vendor
CREATE FUNCTION _leakage.best_device_rows(landing regclass, named regclass)
	RETURNS TABLE (
		msisdn text,
		packed bytea,
		subscribers bigint,
		duplicates bigint,
		rows bigint,
		refused bigint,
		respelled bigint,
		part regclass,
		place tid)
	AS 'MODULE_PATHNAME', 'leakage_best_device_rows'
	LANGUAGE C STABLE PARALLEL UNSAFE COST 1000000 ROWS 100000;
COMMENT ON FUNCTION _leakage.best_device_rows(regclass, regclass) IS
	'best row of each subscriber of a device table: one by one of those named, the others counted';

-- _leakage.weekly_sums(landing, week_format, add_duplicates, net_credits)
--
-- Revenue by subscriber and week, exact duplicates once or added (docs/rules.md, section 1.4).
--	landing		table with the text columns msisdn, week_number, revenue_usd
--	week_format	how weeks are written: a value of the option week_format
--	add_duplicates	whether exact duplicates are added, too
--	net_credits	whether amounts below zero are accepted; a week that they bring below zero has
--				the revenue 0, and is incomplete
-- Result: one row per subscriber with an accepted row (msisdn not NULL), per refused landing
-- row (fault not NULL), and per process with all landing rows.
--	weeks		the subscriber's weeks, actual amounts only
--	incomplete	the subscriber's weeks with refused rows, as a profile without actual amounts;
--				2147483647 is a week that cannot be read.  NULL: none was refused
--	refused_rows	the subscriber's refused rows
--	rows		accepted without duplicates; refused; or all
--	duplicate_rows, duplicate_amount	left out as exact duplicates
--	added_weeks	weeks of more than one row
--	amount		exact sum of rows
--	revenue		sum of the weeks, each amount rounded to six places
--	credits		exact sum of amounts below zero, of duplicates, too
--	below_zero	what the weeks below zero lack to zero, with a minus sign
--	weeks_below_zero	their number
--	part, place	of a refused row: the table that it is in, and its ctid there; NULL if that is
--				not a heap
CREATE FUNCTION _leakage.weekly_sums(
	landing regclass,
	week_format text,
	add_duplicates boolean DEFAULT false,
	net_credits boolean DEFAULT false)
	RETURNS TABLE (
		msisdn text,
		fault text,
		weeks leakage_profile,
		incomplete leakage_profile,
		refused_rows bigint,
		rows bigint,
		duplicate_rows bigint,
		added_weeks bigint,
		amount numeric,
		duplicate_amount numeric,
		revenue numeric,
		credits numeric,
		below_zero numeric,
		weeks_below_zero bigint,
		part regclass,
		place tid)
	AS 'MODULE_PATHNAME', 'leakage_weekly_sums'
	LANGUAGE C STABLE PARALLEL UNSAFE COST 1000000 ROWS 100000;
COMMENT ON FUNCTION _leakage.weekly_sums(regclass, text, boolean, boolean) IS
	'revenue by subscriber and week, exact duplicates once or added, what is refused counted by reason';

-- _leakage.usage_sums(landing, week_format, add_duplicates)
--
-- Sessions by subscriber, exact duplicates once or added (docs/rules.md, section 1.5).
--	landing		table with the text columns msisdn, week_number, sessions
--	week_format	how weeks are written: a value of the option week_format
--	add_duplicates	whether exact duplicates are added, too
-- Result: one row per subscriber (msisdn not NULL), per refused landing row (fault not
-- NULL), and per process with all landing rows.
--	usage		sum of the subscriber's sessions
--	rows, duplicate_rows, part, place	as in _leakage.weekly_sums
CREATE FUNCTION _leakage.usage_sums(landing regclass, week_format text, add_duplicates boolean DEFAULT false)
	RETURNS TABLE (
		msisdn text,
		fault text,
		usage numeric,
		rows bigint,
		duplicate_rows bigint,
		part regclass,
		place tid)
	AS 'MODULE_PATHNAME', 'leakage_usage_sums'
	LANGUAGE C STABLE PARALLEL UNSAFE COST 1000000 ROWS 100000;
COMMENT ON FUNCTION _leakage.usage_sums(regclass, text, boolean) IS
	'sessions by subscriber, exact duplicates once or added, what is refused counted by reason';
