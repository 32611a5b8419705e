# Users are counted once over any choice of weeks. For random choices of weeks and of the other slicers, kpi_blocks and
# block_weeks give the numbers of users that COUNT(DISTINCT) gives over user_weeks. This holds for users who come and go,
# skip weeks, and pay nothing, and for weeks that nobody has. Storage grows with the users, not with the weeks.

use strict;
use warnings FATAL => 'all';

use FindBin;
use lib $FindBin::RealBin;
use MartTest;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = start_node('weeks');
my @blocks = 1 .. 16;

my %counted = (
	subscribers => 'true', active_users => 'present', revenue_users => 'revenue > 0', leaked_users => 'leaked AND expected_leak > 0',
	high_usage_low_revenue_users => 'high_usage_low_revenue');

# Makes a mart of USERS over WEEKS. Most users have a row in most weeks, some come late or leave early, and some pay
# nothing in some weeks. The revenue of every 25th falls to a fifth. Three of the weeks have no rows.
sub make_mart
{
	my ($mart, $users, $weeks) = @_;

	$node->safe_psql('postgres', qq{
		CALL leakage_create_mart('$mart', '{"min_peers": 5, "max_leak_share": 0.5, "week_format": "yyyyww"}');
		SELECT setseed(0.25);
		INSERT INTO $mart.crm
		SELECT 'u' || n, (ARRAY['Female', 'Male'])[1 + n % 2], 1950 + n % 50, 'ACTIVE', 'Prepaid', 'Tier_' || n % 3 FROM generate_series(1, $users) AS n;
		INSERT INTO $mart.subscriber_attribute SELECT 'u' || n, 'Region ' || n % 4, NULL FROM generate_series(1, $users) AS n;
		INSERT INTO $mart.revenue
		SELECT 'u' || n, to_char(date '2015-01-05' + 7 * w, 'IYYYIW'),
			CASE WHEN random() < 0.03 THEN 0 ELSE round((CASE WHEN n % 25 = 0 AND w > $weeks / 2 THEN 2 ELSE 10 END + random())::numeric, 2) END
		FROM (
			SELECT n, (CASE WHEN random() < 0.3 THEN random() * $weeks / 2 ELSE 0 END)::integer AS first,
				(CASE WHEN random() < 0.3 THEN $weeks * (0.5 + random() / 2) ELSE $weeks END)::integer AS past
			FROM generate_series(1, $users) AS n) AS u
			CROSS JOIN LATERAL generate_series(first, past - 1) AS w
		WHERE w NOT IN (5, $weeks / 2, $weeks / 2 + 1) AND random() < 0.85});
	refresh($node, $mart, name => "$mart: $users users over $weeks weeks");
}

# the condition that a user counts in one of the weeks
sub in_weeks
{
	my ($mart, @weeks) = @_;
	my $weeks = join(', ', @weeks);

	return '(' . join(' OR ', map { "block_$_ IN (SELECT value FROM $mart.block_weeks WHERE block = $_ AND week_number IN ($weeks))" } @blocks) . ')';
}

# the condition that a user counts in none of the weeks: the lists of values that the report sends, to take these users from
# those of kpi
sub in_no_weeks
{
	my ($mart, @weeks) = @_;
	my %missed = map { $_ => [-1] } @blocks;

	push @{ $missed{ $_->[0] } }, $_->[1] for map { [ split /\|/ ] } split /\n/, $node->safe_psql('postgres',
		"SELECT block, value FROM $mart.block_values EXCEPT SELECT block, value FROM $mart.block_weeks WHERE week_number IN (" . join(', ', @weeks) . ')');
	return join(' AND ', map { "block_$_ IN (" . join(', ', @{ $missed{$_} }) . ')' } @blocks);
}

srand 49;
sub some { my ($share, @of) = @_; return grep { rand() < $share } @of }

# random choices of weeks (in a row, scattered, all but a few) and of other slicers
sub choices
{
	my ($mart, $number) = @_;
	my @weeks = split /\n/, $node->safe_psql('postgres', "SELECT week_number FROM $mart.weeks ORDER BY week_order");
	my %members = map { $_ => [ split /\n/, $node->safe_psql('postgres', "SELECT DISTINCT quote_literal($_) FROM $mart.users ORDER BY 1") ] }
		qw(region segment gender age_group activity_level revenue_band);
	my @choices;

	while (@choices < $number)
	{
		my $kind = @choices % 4;
		my $from = int(rand(@weeks));
		my $to = $from + int(rand(@weeks - $from));
		my @chosen = $kind == 0 ? @weeks[ $from .. $to ] : some((0, 0.05, 0.4, 0.95)[$kind], @weeks);
		next if !@chosen;

		my @where = ('true');
		for my $slicer (some(0.25, sort keys %members))
		{
			my @some = some(0.5, @{ $members{$slicer} });
			push @where, "$slicer IN (" . join(', ', @some) . ')' if @some;
		}
		push @choices, [ join(' AND ', @where), @chosen ];
	}
	return @choices;
}

sub compare
{
	my ($mart, $number) = @_;
	my $counts = join(' UNION ALL ', map { "SELECT '$_', count(DISTINCT msisdn) FILTER (WHERE $counted{$_}) FROM w" } sort keys %counted);
	my ($checked, $unequal, $several) = (0, 0, 0);

	for my $choice (choices($mart, $number))
	{
		my ($where, @weeks) = @$choice;
		my $hit = in_weeks($mart, @weeks);
		my $missed = in_no_weeks($mart, @weeks);
		my $week_list = join(', ', @weeks);
		my $totals = join(' UNION ALL ', map { "SELECT '$_', sum(" . ($_ eq 'subscribers' ? 'active_users' : $_) . ") FROM $mart.kpi WHERE $where" } sort keys %counted);

		for (split /\n/, $node->safe_psql('postgres', qq{
			WITH
				w AS (
					SELECT w.*, u.high_usage_low_revenue FROM $mart.user_weeks AS w JOIN (SELECT msisdn, high_usage_low_revenue FROM $mart.users) AS u USING (msisdn)
					WHERE week_number IN ($week_list) AND $where),
				expected (counted, users) AS ($counts),
				totals (counted, users) AS ($totals),
				sums AS (
					SELECT counted, sum(users) FILTER (WHERE $hit) AS hit, sum(users) FILTER (WHERE $missed) AS missed
					FROM $mart.kpi_blocks
					WHERE $where
					GROUP BY counted)
			SELECT counted, e.users, coalesce(s.hit, 0), coalesce(t.users, 0) - coalesce(s.missed, 0)
			FROM expected AS e JOIN totals AS t USING (counted) LEFT JOIN sums AS s USING (counted)}))
		{
			my ($name, $expected, @others) = split /\|/;
			$checked++;
			$several++ if $expected > 1;
			next if !grep { $_ != $expected } @others;
			diag("$mart, $name in weeks $week_list where $where: $expected, but @others") if $unequal++ < 5;
		}
	}
	is($checked, 5 * $number, "$mart: $number choices were compared");
	cmp_ok($several, '>', 2 * $number, "$mart: most find users");
	is($unequal, 0, "$mart: all are equal to COUNT(DISTINCT)");
}

make_mart('short', 300, 14);
make_mart('long', 300, 104);
compare('short', 100);
compare('long', 100);
cmp_ok($node->safe_psql('postgres', q{SELECT count(DISTINCT msisdn) FROM long.users WHERE leaked}), '>', 5, 'users leak');

# A user has at most one row for each count, for any number of weeks, and the sums are those of all weeks together.
for my $mart ('short', 'long')
{
	is($node->safe_psql('postgres', "SELECT count(*) FROM (SELECT counted FROM $mart.kpi_blocks GROUP BY counted HAVING count(*) > (SELECT count(*) FROM $mart.users)) AS c"), 0,
		"$mart: no count has more rows than users");
	is($node->safe_psql('postgres', "SELECT sum(users) FROM $mart.kpi_blocks WHERE counted = '$_'"),
		$node->safe_psql('postgres', 'SELECT sum(' . ($_ eq 'subscribers' ? 'active_users' : $_) . ") FROM $mart.kpi"),
		"$mart: $_ in all weeks") for sort keys %counted;
}

# Sums of parts: the rows of some users and of the others add up to those of all.
$node->safe_psql('postgres', q{
	CREATE TABLE whole AS TABLE long.kpi_blocks;
	CREATE TABLE others AS TABLE long.scored_user;
	DELETE FROM long.scored_user WHERE hashtext(msisdn) % 3 = 0;
	REFRESH MATERIALIZED VIEW long.mv_kpi_blocks;
	CREATE TABLE part AS TABLE long.kpi_blocks;
	TRUNCATE long.scored_user;
	INSERT INTO long.scored_user SELECT * FROM others WHERE hashtext(msisdn) % 3 = 0;
	REFRESH MATERIALIZED VIEW long.mv_kpi_blocks;
	INSERT INTO part TABLE long.kpi_blocks});
my $columns = join(', ', 'counted', (map { "block_$_" } @blocks), qw(segment age_group age_group_order region gender activity_level activity_level_order revenue_band revenue_band_order));
is($node->safe_psql('postgres', qq{
	SELECT count(*) > 0, count(*) FILTER (WHERE w.users IS DISTINCT FROM p.users)
	FROM whole AS w FULL JOIN (SELECT $columns, sum(users) AS users FROM part GROUP BY $columns) AS p USING ($columns)}), 't|0', 'rows of different users add up');

# Of more than 496 weeks, the latest can be chosen.
make_mart('decade', 30, 520);
is($node->safe_psql('postgres', q{
	SELECT count(DISTINCT week_number), count(DISTINCT block), min(week_number) = (SELECT min(week_number) FROM (SELECT week_number FROM decade.weeks ORDER BY week_number DESC LIMIT 496) AS w)
	FROM decade.block_weeks}), '496|16|t', 'the latest 496 of 517 weeks are in blocks');
is($node->safe_psql('postgres', 'SELECT count(*) FROM decade.block_values WHERE value < 0'), 0, 'values are not negative');
my @latest = split /\n/, $node->safe_psql('postgres', 'SELECT week_number FROM decade.weeks ORDER BY week_number DESC LIMIT 40');
is($node->safe_psql('postgres', "SELECT sum(users) FROM decade.kpi_blocks WHERE counted = 'active_users' AND " . in_weeks('decade', @latest)),
	$node->safe_psql('postgres', 'SELECT count(DISTINCT msisdn) FROM decade.user_weeks WHERE present AND week_number IN (' . join(', ', @latest) . ')'),
	'their users are counted');

$node->stop;
done_testing();
