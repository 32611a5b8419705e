-- ---------------------------------------------------------------------------
-- expected_revenue: what each entity of a relation was expected to bring in,
-- period by period, from its peers (docs/rules.md, section 3).
--
-- Arguments
--	relation	a table, view, materialized view, foreign or distributed table that
--				the caller may read; it is read once, by one query of the caller's
--	entity_column	column that names the entity (any type; compared as text)
--	period_column	column of whole numbers that order the periods; only their order
--				counts, so weeks, months as yyyymm and day numbers all do
--	amount_column	column of amounts in units of the currency; the amounts of one
--				entity and period are added
--	peer_columns	columns whose values make peers alike, the first the most important:
--				it makes the group, all of them together the cell.  Each must be the
--				same in all rows of an entity.  NULL counts as 'Unknown'.
--	quantile	NULL: what a group brings in is the mean of its positive amounts;
--				between 0 and 1: that quantile of them, within 0.4 %
--	min_peers	how many positive amounts a group needs in a period to speak for itself
--
-- Result: one row for each entity and each period that the relation has anywhere
-- between the entity's first and last.
--	actual		sum of the amounts; NULL where the entity has no row (present is false)
--	expected	in units of the currency, six places; NULL where the entity has no row and
--				so many others have none that it is the period's doing (docs/rules.md):
--				leakage_profile then ignores the row, and it is no missing period
--	spread		(NULL with expected) one standard deviation of the noise of a period, in units of the currency
--	peer_group	values of the peer columns, joined by ' / '
--	peers		entities in the cell that the estimate rests on
--	peer_level	all, group, blend or cell: which level carried the estimate
--	credibility	weight of the cell's own experience, 0 to 1
--
-- Rows with a NULL entity, period or amount are ignored; no rows give no rows.
-- Errors: an unknown column (42703), a peer column that varies within an entity
-- (21000), more than 1,024 periods of an entity (54000), amounts that are not
-- finite or not below 10^12 (22003), arguments out of range (22003, 22004).
-- Source: Buehlmann and Straub 1970; docs/method.md.
--
-- PARALLEL UNSAFE, so that the query it runs may itself be parallel.
-- ---------------------------------------------------------------------------

CREATE FUNCTION _leakage.expected_revenue_support(internal)
	RETURNS internal
	AS 'MODULE_PATHNAME', 'expected_revenue_support'
	LANGUAGE C STRICT PARALLEL SAFE;
COMMENT ON FUNCTION _leakage.expected_revenue_support(internal) IS
	'planner support: how many rows expected_revenue and expected_profiles return';

CREATE FUNCTION expected_revenue(
	relation regclass,
	entity_column name,
	period_column name,
	amount_column name,
	peer_columns name[] DEFAULT '{}',
	quantile double precision DEFAULT NULL,
	min_peers integer DEFAULT 30)
	RETURNS TABLE (
		entity text,
		period integer,
		actual numeric,
		present boolean,
		expected numeric,
		spread numeric,
		peer_group text,
		peers bigint,
		peer_level text,
		credibility numeric)
	AS 'MODULE_PATHNAME', 'expected_revenue'
	LANGUAGE C STABLE PARALLEL UNSAFE COST 100000
	SUPPORT _leakage.expected_revenue_support;
COMMENT ON FUNCTION expected_revenue(regclass, name, name, name, name[], double precision, integer) IS
	'expected amount of each entity and period of a relation, from its peers by credibility; one row per entity and period';

-- ---------------------------------------------------------------------------
-- expected_profiles: the same, one row per entity, from profiles that are there
-- already.
--
-- Arguments
--	relation, entity_column, peer_columns, quantile, min_peers	as for expected_revenue
--	profile_column	column of leakage_profiles: the actual amounts of the entity's
--				periods, in one row or in several, which are added; what is expected in
--				them is not read.  A table with a unique index on entity_column alone,
--				of type text or varchar, has one row per entity, and is not grouped.
--	known_column	column of leakage_profiles that say what is known of the entity's periods
--				beforehand, or NULL; its own value may be NULL.  A period with an expected
--				amount there, whatever it is, is not judged: nothing is expected in it, and it
--				has no influence on any other entity or period.  The actual amount of any other
--				period is a factor: what is expected of the entity is multiplied by it, and what
--				it brought in is divided by it before it counts for its peers.  With an expected
--				amount in the period 2147483647, which stands for an unknown one, no period
--				without a row is judged.
--				The relation must have one row per entity, as above.
--
-- Result: one row for each entity that has a period with an actual amount.
--	profile		what leakage_profile(period, actual, expected) gives over the entity's rows of
--				expected_revenue: its periods and the missing ones, with what is expected, if
--				they are judged
--	absent		periods that expected_revenue gives without an expectation, or that are not
--				judged, where the entity has no row; ascending
--	peer_group, peers, peer_level, credibility	as of expected_revenue
--
-- Rows with a NULL entity or profile are ignored; no rows give no rows.
-- Errors: as of expected_revenue; a profile that is truncated (54000); a factor that is not
-- above 0, or above 10^6 (22003); a known_column of another type (42804), or of a relation that
-- may have several rows of an entity (0A000).
-- ---------------------------------------------------------------------------

CREATE FUNCTION expected_profiles(
	relation regclass,
	entity_column name,
	profile_column name,
	peer_columns name[] DEFAULT '{}',
	quantile double precision DEFAULT NULL,
	min_peers integer DEFAULT 30,
	known_column name DEFAULT NULL)
	RETURNS TABLE (
		entity text,
		profile leakage_profile,
		absent integer[],
		peer_group text,
		peers bigint,
		peer_level text,
		credibility numeric)
	AS 'MODULE_PATHNAME', 'expected_profiles'
	LANGUAGE C STABLE PARALLEL UNSAFE COST 100000
	SUPPORT _leakage.expected_revenue_support;
COMMENT ON FUNCTION expected_profiles(regclass, name, name, name[], double precision, integer, name) IS
	'expected amounts of each entity of a relation of profiles, from its peers by credibility; one row per entity';
