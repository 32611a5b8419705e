# A delivery that is not fit to be published is not published, and the error says what was found and what to do. The
# deliveries are those of operators: 40 users in 14 weeks, written in many ways.

use strict;
use warnings FATAL => 'all';

use FindBin;
use lib $FindBin::RealBin;
use MartTest;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = start_node('health');

# the users, weeks, and amounts of a plain delivery
my $users = 'generate_series(0, 39) AS n';
my $id = q{'8801712' || lpad(n::text, 6, '0')};
my $amount = '(1000.5 + (n * 7 + w * 5) % 9 * 12.25)';

# Makes a mart of these rows: crm, and revenue, are queries.
sub deliver
{
	my ($mart, $crm, $revenue, $options) = @_;

	$node->safe_psql('postgres', "CALL leakage_create_mart('$mart', '" . ($options // '{}') . "')")
		if $node->safe_psql('postgres', "SELECT to_regnamespace('$mart') IS NULL") eq 't';
	$node->safe_psql('postgres', "TRUNCATE $mart.crm, $mart.revenue; INSERT INTO $mart.crm $crm; INSERT INTO $mart.revenue $revenue");
}

# the rows of each, with other expressions in the place of msisdn, week, and amount
sub crm { my ($msisdn) = @_; return "SELECT " . ($msisdn // $id) . ", 'Male', 1960 + n, 'ACTIVE', 'Prepaid', 'Tier_' || 2 + n % 2 FROM $users" }
sub revenue
{
	my (%as) = @_;
	return 'SELECT ' . join(', ', $as{msisdn} // $id, $as{week} // 'w', $as{amount} // $amount)
		. " FROM $users, generate_series(" . ($as{weeks} // '22, 35') . ') AS w' . ($as{where} ? " WHERE $as{where}" : '');
}

sub refreshed
{
	my ($mart, $arguments) = @_;
	my ($status, undef, $err) = $node->psql('postgres', "CALL leakage_refresh('$mart'" . ($arguments // '') . ')', extra_params => [ '-v', 'VERBOSITY=verbose' ]);

	return $err;
}

# The delivery is refused, with these lines of the DETAIL, and the last run is still there.
sub refused
{
	my ($name, $mart, @details) = @_;
	my $seen = sub { fingerprint($node, $mart) . $node->safe_psql('postgres', "SELECT * FROM $mart.run_health; SELECT count(*) FROM $mart.run_log") };
	my $before = $seen->();
	my $err = refreshed($mart);
	my ($detail) = $err =~ /^DETAIL:  (.*?)\nHINT: /ms;

	like($err, qr/ERROR:  22000: the data of mart "$mart" are not fit to be published$/m, "$name: refused") or diag($err);
	like($detail // '', $_, "$name: the detail") for @details;
	like($err, qr/^HINT:  The last run stays in place\. To publish this one nevertheless: CALL leakage_refresh\('$mart', force => true\)\.$/m, "$name: the hint");
	is($seen->(), $before, "$name: the last run is in place");
	return;
}

# The delivery is published, and these checks are not ok: a line of check_name|file|verdict each.
sub published
{
	my ($name, $mart, $expected, $arguments) = @_;
	my $err = refreshed($mart, $arguments);
	my %verdicts = map { split /\|/ } split /\n/, $node->safe_psql('postgres', "SELECT verdict, count(*) FROM $mart.run_health GROUP BY verdict");

	my $summary = join(', ', map { "$verdicts{$_} $_" } grep { $verdicts{$_} } qw(ok look bad));
	like($err, qr/ revenue; health: $summary$/m, "$name: published, and the last line says $summary") or diag($err);
	is($node->safe_psql('postgres', "SELECT check_name, file, verdict FROM $mart.run_health WHERE verdict <> 'ok' ORDER BY check_name COLLATE \"C\", file COLLATE \"C\""),
		$expected, "$name: what is not ok");
	is($node->safe_psql('postgres', "SELECT count(*) FROM $mart.run_health WHERE (advice = '') <> (verdict = 'ok')"), 0, "$name: advice where something is to be done");
	return;
}

# ---- a plain delivery

deliver('telecom', crm(), revenue());
published('plain', 'telecom', '');
is($node->safe_psql('postgres', 'SELECT forced FROM telecom.run_log'), 'f', 'plain: not forced');

# ---- refused rows

deliver('telecom', crm(), revenue(amount => "replace(${amount}::text, '.', ',')"));
refused('decimal commas', 'telecom',
	qr/^bad: refused_rows of revenue is 1, and the limit is 0\.01\. Most frequent reason: amount_not_numeric \(560 rows\)\. Amounts need a decimal point/m,
	qr/^bad: fewer_users of revenue is 1, and the limit is 0\.3\. Users: 0, and 40 in the last run\./m,
	qr/^bad: less_revenue of revenue is 1, /m);
deliver('telecom', crm(), revenue(week => '202400 + w'));
refused('years in the weeks', 'telecom', qr/^bad: refused_rows of revenue is 1, .*: week_out_of_range \(560 rows\)\. Does the option week_format/m);
deliver('telecom', crm(q{CASE WHEN n % 3 > 0 THEN '8801712' || lpad(n::text, 6, '0') END}), revenue(where => 'n % 3 > 0'));
refused('missing identifiers', 'telecom', qr/^bad: refused_rows of crm is 0\.35, .*: msisdn_missing \(14 rows\)\. Are the columns/m);

# 9 rows are too few to say anything, 10 of 560 are too many
for my $rows (9, 10)
{
	deliver('telecom', crm(), revenue(amount => "CASE WHEN w = 22 AND n < $rows THEN '?' ELSE ${amount}::text END"));
	$rows < 10 ? published('9 refused rows', 'telecom', '') : refused('10 refused rows', 'telecom', qr/^bad: refused_rows of revenue is 0\.017857, /m);
}
# at the limit, and above it; above half of it, somebody should look
my @shares = ([ '0.017857', 'refused' ], [ '0.017858', 'look' ], [ '0.0357', 'look' ], [ '0.035715', '' ], [ '1', '' ]);
for (@shares)
{
	my ($limit, $outcome) = @$_;
	$node->safe_psql('postgres', "CALL leakage_alter_mart('telecom', '{\"max_refused_share\": $limit}')");
	$outcome eq 'refused' ? refused("limit $limit", 'telecom') : published("limit $limit", 'telecom', $outcome && "refused_rows|revenue|look");
}
$node->safe_psql('postgres', q{CALL leakage_alter_mart('telecom', '{"max_refused_share": 0.01}')});

# ---- force

published('forced', 'telecom', 'refused_rows|revenue|bad', ', force => true');
is($node->safe_psql('postgres', 'SELECT forced FROM telecom.run_log ORDER BY run_id DESC LIMIT 1'), 't', 'the run log says so');
deliver('telecom', crm(), revenue());
published('force without need', 'telecom', '', ', true');
is($node->safe_psql('postgres', 'SELECT forced FROM telecom.run_log ORDER BY run_id DESC LIMIT 1'), 'f', 'nothing was forced');
like(refreshed('telecom', ', NULL'), qr/ERROR:  22004: force must not be null/, 'NULL is neither');

# ---- orphan revenue

my %forms = (
	'begin with \+' => "'+' || $id", 'contain blanks' => q{'880 1712 ' || lpad(n::text, 6, '0')}, 'begin with 00' => "'00' || $id",
	'end with \.0' => "$id || '.0'", 'are in quotes' => qq{'"' || $id || '"'});
for my $form (sort keys %forms)
{
	deliver('telecom', crm(), revenue(msisdn => $forms{$form}));
	refused("revenue: $form", 'telecom', qr/^bad: orphan_revenue of revenue is 1, and the limit is 0\.05\. 40 users with revenue have no CRM row\. msisdn $form in revenue, but not in crm\./m);
	deliver('telecom', crm($forms{$form}), revenue());
	refused("crm: $form", 'telecom', qr/^bad: orphan_revenue .* msisdn $form in crm, but not in revenue\./m);
}
deliver('telecom', crm() . ' WHERE n < 31', revenue());
published('9 orphans', 'telecom', 'less_revenue|revenue|look');
deliver('telecom', crm(), revenue());
published('none again', 'telecom', '');
deliver('telecom', crm() . ' WHERE n < 30', revenue());
refused('10 orphans', 'telecom', qr/^bad: orphan_revenue of revenue is 0\.\d+, .* 10 users with revenue have no CRM row\. Is the CRM file complete\?/m);
$node->safe_psql('postgres', q{CALL leakage_alter_mart('telecom', '{"max_orphan_share": 0.4}')});
published('orphans allowed', 'telecom', "fewer_users|revenue|look\nless_revenue|revenue|look\norphan_revenue|revenue|look");
$node->safe_psql('postgres', q{CALL leakage_alter_mart('telecom', '{"max_orphan_share": 0.05}')});
published('as many as in the last run', 'telecom', 'orphan_revenue|revenue|look');
deliver('telecom', crm() . ' WHERE n < 25', revenue());
refused('more than in the last run', 'telecom', qr/^bad: orphan_revenue of revenue is 0\.\d+, .* 15 users with revenue have no CRM row/m);
deliver('telecom', crm() . ' WHERE n < 30', revenue());
# a first run has nothing to be compared with, and neither has one after a run without users
$node->safe_psql('postgres', q{CALL leakage_create_mart('first')});
published('no user yet', 'first', '');
deliver('first', crm() . ' WHERE n < 15', revenue());
refused('mostly orphans', 'first', qr/^bad: orphan_revenue of revenue is 0\.6\d+, and the limit is 0\.05\./m);
deliver('first', crm() . ' WHERE n < 30', revenue());
published('a first run with orphans', 'first', 'orphan_revenue|revenue|look');

# ---- less than in the last run

deliver('telecom', crm() . ' WHERE n < 20', revenue(where => 'n < 20'));
refused('fewer users', 'telecom', qr/^bad: fewer_users of revenue is 0\.333333, .* Users: 20, and 30 in the last run\./m, qr/^bad: less_revenue of revenue is 0\.3\d+, /m);
deliver('telecom', crm() . ' WHERE n < 30', revenue(where => 'n < 30', weeks => '22, 30'));
refused('fewer weeks', 'telecom', qr/^bad: less_revenue of revenue is 0\.3\d+, and the limit is 0\.3\. Revenue: \d+\.\d\d, and \d+\.\d\d in the last run\./m);
deliver('telecom', crm() . ' WHERE n < 24', revenue(where => 'n < 24'));
published('a fifth less', 'telecom', 'less_revenue|revenue|look');
$node->safe_psql('postgres', q{CALL leakage_alter_mart('telecom', '{"max_decline_share": 1}')});
deliver('telecom', crm() . ' WHERE n < 1', revenue(where => 'n < 1'));
published('no limit', 'telecom', '');

# ---- no user, and few users, are no reason to refuse

$node->safe_psql('postgres', q{CALL leakage_create_mart('small')});
published('nothing at all', 'small', '');
deliver('small', crm() . ' WHERE n < 3', revenue(where => 'n < 4', amount => "CASE WHEN w = 22 THEN 'none' ELSE ${amount}::text END"));
published('3 users', 'small', '');
deliver('small', crm() . ' WHERE n < 1', revenue(where => 'n < 1'));
published('1 user left', 'small', '');

# ---- weeks

my $of_two_years = 'CASE WHEN w > 52 THEN w - 52 ELSE w END';
for ([ 'a short winter', '46, 59', 38 ], [ 'half a year', '40, 65', 26 ])
{
	my ($name, $weeks, $gap) = @$_;

	deliver('winter', crm(), revenue(weeks => $weeks, week => $of_two_years));
	refused($name, 'winter', qr/^bad: week_jump of revenue is $gap, and the limit is 3\. Weeks \d+ to \d+ have no rows.* set week_format to yyyyww\./m);
}
# a few rows in between change nothing
$node->safe_psql('postgres', "INSERT INTO winter.revenue SELECT '8801712000001', w, 5 FROM generate_series(20, 30) AS w");
refused('stray rows', 'winter', qr/^bad: week_jump of revenue is 26, /m);
$node->safe_psql('postgres', q{CALL leakage_alter_mart('winter', '{"tolerated_checks": ["week_jump"]}')});
published('tolerated', 'winter', 'week_jump|revenue|look');
is($node->safe_psql('postgres', 'SELECT forced FROM winter.run_log'), 'f', 'tolerated: not forced');
deliver('winters', crm(), revenue(weeks => '40, 65', week => 'CASE WHEN w > 52 THEN 202400 + w - 52 ELSE 202300 + w END'), '{"week_format": "yyyyww"}');
published('the same with years', 'winters', '');
for ([ 'a year', '1, 52', 'true' ], [ 'a year without three weeks', '1, 52', 'w NOT IN (20, 21, 22)' ], [ 'the year from its second quarter', '14, 53', 'w NOT BETWEEN 20 AND 30' ])
{
	my ($name, $weeks, $where) = @$_;
	my ($mart) = 'year' . ($name =~ tr/ /_/r);

	deliver($mart, crm(), revenue(weeks => $weeks, where => $where));
	published($name, $mart, $name =~ /three/ ? 'thin_weeks|revenue|look' : '');
}

# two years, and a second delivery of the same weeks with other amounts
my $again = revenue(amount => "$amount + 1.5 + n * 0.01");
deliver('two_years', crm(), revenue() . " UNION ALL $again");
refused('two years', 'two_years', qr/^bad: doubled_weeks of revenue is 1, and the limit is 0\.1\. 560 weeks of users have two different amounts.*set week_format to yyyyww/m);
deliver('two_years', crm(), revenue(weeks => '1, 52') . ' UNION ALL ' . revenue(weeks => '1, 8', amount => "$amount + 1"));
refused('a year and two months', 'two_years', qr/^bad: doubled_weeks of revenue is 0\.153846, /m);
deliver('deliveries', crm(), "SELECT msisdn, (202400 + week::integer)::text, amount FROM (" . revenue() . " UNION ALL $again) AS r (msisdn, week, amount)", '{"week_format": "yyyyww"}');
published('two deliveries', 'deliveries', 'doubled_weeks|revenue|look');
# one to five payments a week, as they come
deliver('payments', crm(), revenue(amount => "$amount + p") =~ s/WHERE|$/, generate_series(1, 5) AS p WHERE (hashint4(n * 1009 + w * 31 + p) % 3 = 0 OR p = 1)/r);
published('several payments', 'payments', '');

# months
my $month = 'CASE WHEN w > 12 THEN 202100 + w - 12 ELSE 202000 + w END';
deliver('months', crm(), revenue(weeks => '7, 15', week => $month), '{"week_format": "yyyyww"}');
refused('months', 'months', qr/^bad: months_as_weeks of revenue is 9, and the limit is 0\. No week is above 12, so these are months\. Set week_format to yyyymm\./m);
deliver('months', crm(), revenue(weeks => '1, 12', week => $month));
published('the months of a year', 'months', 'months_as_weeks|revenue|look');
deliver('weeks', crm(), revenue(weeks => '1, 11', week => $month), '{"week_format": "yyyyww"}');
published('eleven weeks of a year', 'weeks', '');

# thin weeks: one in the middle, the last one; but not the rhythm of payments every second week
for ([ 'middle', 'w <> 30 OR n < 5', 'thin_weeks|revenue|look' ], [ 'last', 'w <> 35 OR n < 19', 'thin_weeks|revenue|look' ], [ 'half', 'w <> 35 OR n < 20', '' ],
	[ 'two', 'w NOT IN (27, 28)', 'thin_weeks|revenue|look' ], [ 'rhythm', 'w % 2 = 0 OR n < 3', '' ])
{
	my ($name, $where, $found) = @$_;

	deliver("thin_$name", crm(), revenue(where => $where));
	published("thin weeks: $name", "thin_$name", $found);
}
is($node->safe_psql('postgres', q{SELECT value, advice FROM thin_two.run_health WHERE check_name = 'thin_weeks'}),
	'2.000000|Fewer than half of the users of the weeks around: 27 (0 users), 28 (0 users). Are these weeks complete?', 'thin weeks are named');

# ---- identifiers that a spreadsheet has rounded

my $rounded = q{'8.80171E+12'};
deliver('spreadsheet', crm($rounded), revenue(msisdn => $rounded));
refused('scientific notation', 'spreadsheet', qr/^bad: scientific_ids of crm is 40, and the limit is 0\. 40 rows have msisdn such as/m,
	qr/^bad: scientific_ids of revenue is \d+, .* several subscribers are one: here, 1 are left\./m);
deliver('spreadsheet', crm($rounded), revenue());
refused('scientific notation in crm', 'spreadsheet', qr/^bad: orphan_revenue .* msisdn are in scientific notation in crm, but not in revenue/m);
my $hash = 'md5(n::text)';
deliver('hashes', crm($hash), revenue(msisdn => $hash));
published('identifiers with letters', 'hashes', '');

# ---- amounts on two scales

for ([ 'users', "$amount * CASE WHEN n < 12 THEN 100 ELSE 1 END", qr/There are two groups of users, and one pays about \d+ times/ ],
	[ 'week', "$amount * CASE WHEN w = 30 THEN 100 ELSE 1 END", qr/The average amount of week 30 is \d+ times/ ])
{
	my ($name, $amount, $advice) = @$_;

	deliver("scales_$name", crm(), revenue(amount => $amount));
	published("two scales: $name", "scales_$name", 'amount_scales|revenue|look');
	like($node->safe_psql('postgres', "SELECT advice FROM scales_$name.run_health WHERE check_name = 'amount_scales'"), $advice, "two scales: $name: the advice");
}

# ---- no alarm on clean data

my $dir = generated('--scale', '0.01', '--revenue-only', '--leak', '0.03', '--real-profile');
$node->safe_psql('postgres', q{CALL leakage_create_mart('clean', '{"max_orphan_share": 0.7}')});
load_mart($node, 'clean', $dir);
published('clean', 'clean', '');

# ---- plain SQL finds the same

for my $bulk ('auto', 'off')
{
	deliver("bulk_$bulk", crm(), revenue(msisdn => "'+' || $id", amount => "CASE WHEN n = 3 THEN 'x' ELSE ${amount}::text END"), qq{{"bulk_pass": "$bulk"}});
	published("bulk pass $bulk", "bulk_$bulk", "orphan_revenue|revenue|bad\nrefused_rows|revenue|bad", ', force => true');
}
is($node->safe_psql('postgres', 'SELECT * FROM bulk_off.run_health ORDER BY 1, 2'), $node->safe_psql('postgres', 'SELECT * FROM bulk_auto.run_health ORDER BY 1, 2'), 'the same');

$node->stop;
done_testing();
