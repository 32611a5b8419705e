# group_leakage finds and names what was planted in generated tables, finds nothing in tables without a plant, and gives the
# same bytes for any plan, order, and memory.

use strict;
use warnings FATAL => 'all';

use FindBin;
use lib $FindBin::RealBin;
use MartTest;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = start_node('groups');
my $dimensions = q{'{tier,region,payment,brand,gender}'};

sub sql
{
	my ($query) = @_;
	return $node->safe_psql('postgres', $query);
}

# Honest tables: users differ in level; tiers have seasons, regions trends and shocks; users join and leave, a few have
# holes, and a region has a campaign. Random numbers come from md5, so they are the same everywhere.
sql(q{
	-- a number from 0 to 1
	CREATE FUNCTION uniform(text) RETURNS float8 LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
		$$ SELECT ('x' || substr(md5($1), 1, 8))::bit(32)::bigint / 4294967296.0::float8 $$;
	-- variance 1, close to normal
	CREATE FUNCTION normal(text) RETURNS float8 LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
		SELECT sqrt(3::float8) * (sum(('x' || substr(h, k, 8))::bit(32)::bigint / 4294967296.0::float8) - 2)
		FROM md5($1) AS h, generate_series(1, 25, 8) AS k $$;
	CREATE TABLE subscriber AS
	SELECT s AS seed, u AS msisdn, 'Tier_' || 1 + floor(4 * uniform(s || 't' || u)) AS tier,
		(ARRAY['North', 'East', 'South', 'West', 'Center'])[1 + floor(5 * uniform(s || 'r' || u))] AS region,
		CASE WHEN uniform(s || 'p' || u) < 0.6 THEN 'Prepaid' ELSE 'Postpaid' END AS payment,
		'Brand_' || 1 + floor(9 * uniform(s || 'b' || u) ^ 2) AS brand,
		CASE WHEN uniform(s || 'g' || u) < 0.5 THEN 'Male' ELSE 'Female' END AS gender,
		12 * exp(0.3 * normal(s || 'l' || u)) AS level,
		CASE WHEN uniform(s || 'j' || u) < 0.1 THEN floor(26 * uniform(s || 'J' || u)) ELSE 1 END AS first,
		CASE WHEN uniform(s || 'q' || u) < 0.1 THEN floor(26 * uniform(s || 'Q' || u)) ELSE 26 END AS last
	FROM generate_series(1, 3) AS s, generate_series(1, 3000) AS u;
	CREATE TABLE paid AS
	SELECT seed, msisdn, week, tier, region, payment, brand, gender,
		round((level * exp(0.25 * normal(seed || 'e' || msisdn || '/' || week)
			+ 0.03 * normal(seed || 'w' || week) + 0.05 * normal(seed || 's' || tier) * sin(week / 8.0 + 6 * uniform(seed || 'S' || tier))
			+ 0.0015 * normal(seed || 'd' || region) * (week - 13) + 0.006 * normal(seed || 'h' || region || week))
			* CASE WHEN region = 'West' AND week BETWEEN 10 AND 12 THEN 1.15 ELSE 1 END)::numeric, 2) AS amount
	FROM subscriber, generate_series(1, 26) AS week
	WHERE week BETWEEN first AND last AND uniform(seed || 'm' || msisdn || '/' || week) > 0.012;
	ANALYZE paid});

# rows of group_leakage on a view of the table of a seed, with what was planted: kind, group, from, to
sub findings
{
	my ($seed, $amount, $where, $columns) = @_;
	sql("CREATE OR REPLACE VIEW planted AS SELECT msisdn, week, tier, region, payment, brand, gender, round($amount, 2) AS amount
		FROM paid WHERE seed = $seed AND " . ($where // 'true'));
	return sql('SELECT ' . ($columns // 'kind, group_name, from_period, to_period')
		. " FROM group_leakage('planted', 'msisdn', 'week', 'amount', $dimensions) WHERE group_name <> 'region=West' OR kind <> 'rise'");
}

# the money of the findings over the money that was taken
sub of_true
{
	my ($seed, $taken) = @_;
	return sql("SELECT round(sum(leakage) / (SELECT sum(amount * ($taken)) FROM paid WHERE seed = $seed), 2)
		FROM group_leakage('planted', 'msisdn', 'week', 'amount', $dimensions)");
}

# ---- nothing planted

is(findings($_, 'amount'), '', "seed $_: nothing is found") for 1 .. 3;
is(sql("SELECT kind, from_period, to_period FROM group_leakage('planted', 'msisdn', 'week', 'amount', $dimensions) WHERE group_name = 'region=West'"),
	'rise|10|12', 'the campaign is a rise');

# ---- one plant each

my $tier = q{CASE WHEN tier = 'Tier_2' AND week >= 14 THEN 0.10 ELSE 0 END};
is(findings(1, "amount * (1 - $tier)"), 'level_fall|tier=Tier_2|14|26', 'a tier that is billed 10% too low from week 14 on');
my $ratio = of_true(1, $tier);
cmp_ok($ratio, '>=', 0.85, 'its money is about what was taken');
cmp_ok($ratio, '<=', 1.15, 'and not more');

my $pair = q{CASE WHEN region = 'North' AND payment = 'Postpaid' AND week BETWEEN 8 AND 10 THEN 0.20 ELSE 0 END};
is(findings(2, "amount * (1 - $pair)"), 'temporary_fall|region=North, payment=Postpaid|8|10',
	'a region and payment that is billed 20% too low for three weeks');
$ratio = of_true(2, $pair);
cmp_ok($ratio, '>=', 0.85, 'its money is about what was taken');
cmp_ok($ratio, '<=', 1.15, 'and not more');

my $brand = q{CASE WHEN brand = 'Brand_4' AND week BETWEEN 17 AND 18 THEN 1 ELSE 0 END};
is(findings(3, 'amount', "$brand = 0"), 'lost_rows|brand=Brand_4|17|18', 'a brand without records for two weeks');
$ratio = of_true(3, $brand);
cmp_ok($ratio, '>=', 0.85, 'its money is about what was taken');
cmp_ok($ratio, '<=', 1.15, 'and not more');

is(findings(1, 'amount', q{NOT (week = 20 AND uniform('x' || msisdn) < 0.3)}), 'whole_network|all|20|20', 'a week whose file is 30% short');
is(findings(1, 'amount', q{NOT (week = 26 AND uniform('x' || msisdn) < 0.3)}), 'whole_network|all|26|26', 'and if it is the last');
is(findings(2, 'amount', q{NOT (week = 20 AND uniform('x' || msisdn) < 0.3)}, 'leakage, evidence LIKE $$%The delivery may be short.$$'), '0.000000|t',
	'it has no money, and says what it may be');

is(findings(3, q{amount * CASE WHEN tier <> 'Tier_3' AND week >= 12 THEN 1.08 ELSE 1 END}), 'level_fall|tier=Tier_3|12|26',
	'a tier that missed a price rise');

# ---- half of a group, and all at once

is(findings(3, q{amount * CASE WHEN region = 'South' AND week >= 15 AND uniform('y' || msisdn) < 0.5 THEN 0.6 ELSE 1 END}, undef,
	'kind, group_name, from_period, to_period, round(share_affected, 1), round(effect, 1)'), 'level_fall|region=South|15|26|0.5|-0.4',
	'half of a region falls by 40%');

# users whose noise lasts for some weeks look as if only some had changed
is(findings(2, q{amount * exp(0.25 * (normal(seed || 'e' || msisdn || '/' || week - 1) + normal(seed || 'e' || msisdn || '/' || week - 2)))::numeric
	* CASE WHEN region = 'South' AND week BETWEEN 16 AND 18 THEN 0.8 ELSE 1 END}, undef, 'kind, group_name, from_period, to_period, share_affected'),
	'temporary_fall|region=South|16|18|1.0000', 'a whole region falls, and noise lasts');

my @found = sort split /\n/, findings(1, "amount * (1 - $tier) * (1 - $pair)", "$brand = 0");
is(join("\n", @found), join("\n", 'level_fall|tier=Tier_2|14|26', 'lost_rows|brand=Brand_4|17|18',
	'temporary_fall|region=North, payment=Postpaid|8|10'), 'three changes in one table');

# ---- the same bytes

my $query = "SELECT md5(string_agg(g::text, '/' ORDER BY finding)) FROM group_leakage('RELATION', 'msisdn', 'week', 'amount', $dimensions) g";
my $expected = sql($query =~ s/RELATION/planted/r);
sql(q{CREATE TABLE shuffled AS SELECT * FROM planted ORDER BY md5(msisdn || '-' || week)});
is(sql($query =~ s/RELATION/shuffled/r), $expected, 'for any order of rows');
is(sql("SET max_parallel_workers_per_gather = 4; SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0;
	SET min_parallel_table_scan_size = 0; " . $query =~ s/RELATION/shuffled/r), $expected, 'with parallel workers');
is(sql('SET enable_hashagg = off; ' . $query =~ s/RELATION/shuffled/r), $expected, 'for another plan');
is(sql("SET work_mem = '1MB'; SET hash_mem_multiplier = 2; " . $query =~ s/RELATION/shuffled/r), $expected, 'with spells in a file');

# ---- little memory

my ($status, $out, $err) = $node->psql('postgres', "SET work_mem = '64kB'; SET hash_mem_multiplier = 1; "
	. "SELECT kind, group_name FROM group_leakage('shuffled', 'msisdn', 'week', 'amount', $dimensions) ORDER BY 2");
is($status, 0, 'it also works where few groups fit in memory');
like($out, qr/level_fall\|tier=Tier_2/, 'and finds what it searches');
like($err, qr/WARNING:  combinations of more than 1 values are not searched: they do not fit in 64 kB/, 'and says what it does not search');

# ---- interrupts

($status, $out, $err) = $node->psql('postgres', "SET statement_timeout = 20; SELECT * FROM group_leakage('shuffled', 'msisdn', 'week', 'amount', $dimensions)");
like($err, qr/canceling statement due to statement timeout/, 'it can be canceled');

$node->stop;
done_testing();
