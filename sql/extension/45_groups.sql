-- ---------------------------------------------------------------------------
-- group_leakage: groups of entities whose level changed against everybody else,
-- one row per finding (docs/groups.md).
--
-- Arguments
--	relation	a table, view, materialized view, foreign or distributed table that
--				the caller may read; it is read once, by one query of the caller's
--	entity		column that names the entity (any type; compared as text)
--	period		column of whole numbers, or with a step, of dates or timestamps
--	amount		column of amounts in units of the currency; the amounts of one entity
--				and period are added.  Amounts not above zero count as absent.
--	dimensions	up to 8 columns whose values make groups.  NULL counts as 'Unknown'.
--				An entity that changes a value begins anew, with a level of its own.
--	step		NULL: periods are whole numbers; 'day', 'week', 'month': dates
--	alpha		chance of a false finding in a table without any
--	depth		a group is defined by at most so many values, 1 to 3
--	min_entities	a group has at least so many entities
--	min_periods	a change lasts at least so many periods
--	max_findings	the search stops after so many findings
--
-- Result
--	finding		number of the row, in the order in which groups were found
--	kind		level_fall (until the last period), temporary_fall, lost_rows, rise;
--				whole_network: a remark on everybody, without money;
--				too_little_data: nothing was searched
--	group_name	as plan=Gold, region=North
--	group_values	the value of each dimension, NULL where the group has any
--	from_period, to_period	as text; with a step, the first day of the period
--	users		entities of the group
--	share_affected	of them; 1: all
--	effect, effect_low, effect_high	relative change of the amounts of those affected,
--				with its 95 % interval; of lost rows, their share of all rows, below zero
--	revenue, expected, leakage	of the group in these periods, units of the currency;
--				leakage is 0 for rises and remarks
--	confidence	1 less the family-wise p-value
--	evidence	what the finding rests on, in a sentence
--
-- Rows with a NULL entity, period or amount are ignored.  A table without findings
-- gives no rows.
-- Errors: an unknown column (42703), a dimension given twice (42701), a period
-- column that does not fit the step (42804), more than 8 dimensions, 128 periods,
-- 10,000 values of a dimension, or 1,000 values that enough entities share (54000),
-- amounts that are not finite or not below 10^12 (22003), arguments out of range
-- (22003, 22004, 22023).
-- Source: docs/groups.md; Kulldorff 1997 for lost rows.
--
-- PARALLEL UNSAFE, so that the query it runs may itself be parallel.
-- ---------------------------------------------------------------------------

CREATE FUNCTION group_leakage(
	relation regclass,
	entity name,
	period name,
	amount name,
	dimensions name[],
	step text DEFAULT NULL,
	alpha double precision DEFAULT 0.05,
	depth integer DEFAULT 3,
	min_entities integer DEFAULT 30,
	min_periods integer DEFAULT 2,
	max_findings integer DEFAULT 8)
	RETURNS TABLE (
		finding integer,
		kind text,
		group_name text,
		group_values text[],
		from_period text,
		to_period text,
		users bigint,
		share_affected numeric,
		effect numeric,
		effect_low numeric,
		effect_high numeric,
		revenue numeric,
		expected numeric,
		leakage numeric,
		confidence numeric,
		evidence text)
	AS 'MODULE_PATHNAME', 'group_leakage'
	LANGUAGE C STABLE PARALLEL UNSAFE COST 1000000 ROWS 8;
COMMENT ON FUNCTION group_leakage(regclass, name, name, name, name[], text, double precision, integer, integer, integer, integer) IS
	'groups of entities whose level changed against everybody else, with when, by how much, and the money; one row per finding';

-- ---------------------------------------------------------------------------
-- group_leakage_members: the entities behind the findings of group_leakage, one
-- row per finding and entity.
--
-- Arguments: those of group_leakage.
--
-- Result: for each finding of a group, all entities of the group
--	finding		number of the finding, as of group_leakage with the same arguments
--	member		the entity, as text
--	probability	that the change affects the entity, four places
--	revenue, expected, leakage	of the entity in the periods of the finding, units of the
--				currency; the sums over the entities are those of the finding
--
-- NULL and errors: as of group_leakage.  Nothing found gives no rows.
-- ---------------------------------------------------------------------------

CREATE FUNCTION group_leakage_members(
	relation regclass,
	entity name,
	period name,
	amount name,
	dimensions name[],
	step text DEFAULT NULL,
	alpha double precision DEFAULT 0.05,
	depth integer DEFAULT 3,
	min_entities integer DEFAULT 30,
	min_periods integer DEFAULT 2,
	max_findings integer DEFAULT 8)
	RETURNS TABLE (
		finding integer,
		member text,
		probability numeric,
		revenue numeric,
		expected numeric,
		leakage numeric)
	AS 'MODULE_PATHNAME', 'group_leakage_members'
	LANGUAGE C STABLE PARALLEL UNSAFE COST 1000000 ROWS 1000;
COMMENT ON FUNCTION group_leakage_members(regclass, name, name, name, name[], text, double precision, integer, integer, integer, integer) IS
	'the entities behind the findings of group_leakage, with their part of the money; one row per finding and entity';
