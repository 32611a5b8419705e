# Deliveries as operators make them: what is lacking, doubtful, or written in another way is neither lost nor invented.

use strict;
use warnings FATAL => 'all';

use FindBin;
use lib $FindBin::RealBin;
use MartTest;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = start_node('deliveries', q{
min_parallel_table_scan_size = 0
parallel_setup_cost = 0
});

sub query
{
	return $node->safe_psql('postgres', shift);
}

# The published results of a refresh must not depend on how the landing tables are read.
sub refresh_both_ways
{
	my ($mart, $name) = @_;
	my @results;

	refresh($node, $mart);	# a check of health compares with the run before
	for my $way ([ 'off', 0 ], [ 'auto', 0 ], [ 'auto', 2 ])
	{
		my ($bulk_pass, $workers) = @$way;

		query(qq{CALL leakage_alter_mart('$mart', '{"bulk_pass": "$bulk_pass"}')});
		query(qq{SET max_parallel_workers_per_gather = $workers; SET client_min_messages = error; CALL leakage_refresh('$mart', force => true)});
		push @results, fingerprint($node, $mart);
	}
	is($results[1], $results[0], "$name: bulk passes and plain SQL give the same");
	is($results[2], $results[0], "$name: ... and with workers");
	return;
}

# ---- refused rows are no evidence

# 800 users at about 300 a week; 40 of a better segment at about 940, who get amounts from 1000 on with a thousands separator
query(q{
	CALL leakage_create_mart('mixed');
	CREATE TABLE payment AS
	SELECT 'u' || lpad(n::text, 4, '0') AS msisdn, n <= 40 AS better, w AS week,
		round(((CASE WHEN n <= 40 THEN 940 ELSE 300 END)
			* (1 + 0.1 * (SELECT sum(('x' || substr(md5(n || '-' || w), 1 + 6 * i, 6))::bit(24)::int / 16777216.0 - 0.5)
				FROM generate_series(0, 4) AS i) * 1.5))::numeric, 2) AS amount
	FROM generate_series(1, 840) AS n, generate_series(22, 35) AS w;
	INSERT INTO mixed.crm SELECT DISTINCT msisdn, 'Male', '1980', 'ACTIVE', CASE WHEN better THEN 'Postpaid' ELSE 'Prepaid' END,
		CASE WHEN better THEN 'Tier_1' ELSE 'Tier_3' END FROM payment;
	INSERT INTO mixed.revenue SELECT msisdn, week, amount FROM payment;});
refresh($node, 'mixed');
my $readable = query(q{SELECT count(*) FILTER (WHERE leaked) FROM mixed.users});
cmp_ok($readable, '<=', 1, 'if all rows can be read, nobody or one user is reported');
query(q{TRUNCATE mixed.revenue;
	INSERT INTO mixed.revenue SELECT msisdn, week, CASE WHEN amount >= 1000 THEN to_char(amount, 'FM9,999.00') ELSE amount::text END FROM payment});
refresh_both_ways('mixed', 'amounts with thousands separators');
cmp_ok(query(q{SELECT sum(refused_rows) FROM mixed.users}), '>', 100, 'more than a hundred rows are refused');
is(query(q{SELECT sum(refused_rows) FROM mixed.final_leakage_data}), query('SELECT count(*) FROM mixed.rejected_rows'), '... and counted for their users');
is(query(q{SELECT count(*) FROM mixed.users WHERE leaked AND refused_rows > 0}), '0', '... but they make nobody leak');
is(query(q{SELECT sum(missing_weeks) + sum(zero_weeks) FROM mixed.users}), '0', '... and no week is missing or zero');
is(query(q{SELECT count(*), sum(expected_revenue), bool_or(present) FROM mixed.user_weeks WHERE (msisdn, week_number) IN (SELECT msisdn, week FROM payment WHERE amount >= 1000)}) =~ s/^\d+//r,
	'|0.000000|f', '... nothing is expected in their weeks');

# one user in each situation
query(q{
	CALL leakage_create_mart('cases');
	INSERT INTO cases.crm SELECT * FROM mixed.crm;
	INSERT INTO cases.revenue SELECT msisdn, week, amount FROM payment;
	DELETE FROM cases.revenue WHERE msisdn IN ('u0101', 'u0102', 'u0103', 'u0104') AND week_number IN ('24', '25', '26', '27', '30');
	INSERT INTO cases.revenue VALUES
		('u0102', '24', '1,002.11'), ('u0102', '25', ''), (' U0102 ', '26', 'x'), ('u0102', '27', 'NaN'), ('u0102', '30', '-5'),	-- weeks of refused rows
		('u0103', 'July', '300'),	-- any week
		('u0104', '24', '1'), ('u0104', '25', '1'), ('u0104', '26', '1'), ('u0104', '27', '0'), ('u0104', '30', '1'),
		('u0104', '24', 'x'), ('u0104', '25', 'x'), ('u0104', '26', 'x'), ('u0104', '26', 'x'), ('u0104', '27', 'x'), ('u0104', '30', 'x'),
		('u0105', '21', 'x'), ('u0105', '99', '5'), ('nobody', '25', 'x'), (NULL, '25', 'x');	-- outside of the user's weeks, and of users});
refresh_both_ways('cases', 'refused rows');
is(query(q{SELECT msisdn, active_weeks, missing_weeks, zero_weeks, refused_rows, leak_probability > 0.5 AS likely, total_revenue < 3000 AS low
	FROM cases.users WHERE msisdn BETWEEN 'u0101' AND 'u0105' ORDER BY msisdn}),
	"u0101|9|5|0|0|t|t\nu0102|9|0|0|5|f|t\nu0103|9|0|0|1|f|t\nu0104|14|0|1|6|f|t\nu0105|14|0|0|2|f|f",
	'missing weeks, weeks of refused rows, a refused row of an unknown week, weeks with a part of their rows');
is(query(q{SELECT week_number, present, revenue, expected_revenue > 0 FROM cases.user_weeks WHERE msisdn = 'u0104' AND week_number IN (24, 27, 28) ORDER BY 1}) =~ s/28\|t\|[\d.]+/28|t|some/r,
	"24|t|1.000000|f\n27|t|0.000000|f\n28|t|some|t", 'revenue beside a refused row counts, but nothing is expected');
my %explained = map { $_ => query("SELECT topic, fact FROM leakage_explain('cases', '$_')") } 'u0101', 'u0102', 'u0103', 'u0104';
unlike($explained{u0101}, qr/refused/, 'leakage_explain is silent if no row was refused');
like($explained{u0102}, qr/^refused rows\|5: the weeks that they are in are no evidence$/m, '... counts refused rows');
like($explained{u0102}, qr/^week 25\|0\.00 expected, no row; a row was refused: no evidence$/m, '... and names their weeks');
like($explained{u0103}, qr/^refused rows\|1: .*, nor is a week without a row, because the week of a refused row cannot be read$/m, '... says that a week cannot be read');
like($explained{u0103}, qr/^week 25\|0\.00 expected, no row; the week of a refused row cannot be read: no evidence$/m, '... for each week that it may be');
like($explained{u0104}, qr/^week 26\|0\.00 expected, 1\.00 came in; a row was refused: no evidence$/m, '... and for a week with other rows');

# what is not judged has no influence on others: as if the user had no row in these weeks
query(q{
	CREATE TABLE before AS SELECT msisdn, expected_revenue, peers, credibility FROM cases.users;
	UPDATE cases.revenue SET revenue_usd = '999999' WHERE msisdn = 'u0104' AND revenue_usd = '1'});
refresh($node, 'cases');
is(query(q{SELECT count(*) FROM cases.users AS u JOIN before AS b USING (msisdn) WHERE (u.expected_revenue, u.peers, u.credibility) IS DISTINCT FROM (b.expected_revenue, b.peers, b.credibility)}),
	'0', 'revenue beside a refused row has no influence on what is expected of anybody');

# a week that as a whole is out of range is refused, too
query(q{INSERT INTO cases.revenue VALUES ('u0106', '40', '9e11'), ('u0106', '40', '8e11'), ('u0107', '41', '1')});
refresh($node, 'cases');
is(query(q{SELECT refused_rows, last_week FROM cases.users WHERE msisdn = 'u0106'}), '2|35', 'rows of a week that adds up to too much are counted');

$node->stop;
done_testing();
