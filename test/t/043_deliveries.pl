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

# ---- the same in another way of writing

# years and weeks with decimal places, and regions in several spellings, under any locale
query(q{
	CALL leakage_create_mart('spelled');
	INSERT INTO spelled.crm SELECT msisdn, gender, year_of_birth || '.0', system_status, mobile_type, value_segment FROM mixed.crm;
	INSERT INTO spelled.revenue SELECT msisdn, week || '.0', amount FROM payment;
	INSERT INTO spelled.subscriber_attribute SELECT msisdn, (ARRAY['Île-de-France', 'ÎLE-DE-FRANCE', 'île-de-france', 'Île-de-France', 'МОСКВА', 'Москва', 'Москва'])[1 + n % 7], NULL
		FROM (SELECT msisdn, row_number() OVER (ORDER BY msisdn) AS n FROM mixed.crm) AS c;
	CALL leakage_create_mart('plain');
	INSERT INTO plain.crm TABLE mixed.crm;
	INSERT INTO plain.revenue SELECT msisdn, week, amount FROM payment});
refresh_both_ways('spelled', 'decimal places, regions');
refresh($node, 'plain');
is(query(q{SELECT region, count(*) FROM spelled.users GROUP BY region ORDER BY region COLLATE "C"}), "Île-de-France|480\nМосква|360", 'spellings that differ only in case are one region, the most frequent one');
is(query(q{SELECT count(*), min(birth_year), max(birth_year) FROM spelled.users}), '840|1980|1980', 'years with decimal places are read');
my $without_region = q{SELECT md5(string_agg((to_jsonb(u) - 'region')::text, E'\n' ORDER BY msisdn)) FROM %s.users AS u};
is(query(sprintf($without_region, 'spelled')), query(sprintf($without_region, 'plain')), '... and nothing else changes');

# months: the same amounts in 14 months; what is true for weeks is true for months
query(q{
	CALL leakage_create_mart('months', '{"week_format": "yyyymm"}');
	INSERT INTO months.crm TABLE mixed.crm;
	INSERT INTO months.revenue SELECT msisdn, to_char(date '2019-11-01' + (week - 22) * interval '1 month', 'YYYYMM'), amount FROM payment;
	DELETE FROM months.revenue WHERE msisdn = 'u0300' AND week_number IN ('202001', '202002', '202003', '202004', '202007', '202008');
	INSERT INTO months.subscriber_attribute VALUES ('u0500', NULL, '2020-12-01');
	INSERT INTO months.usage VALUES ('u0500', '202001', '5'), ('u0500', '202013', '5')});
refresh_both_ways('months', 'months');
is(query('SELECT min(week_number), max(week_number), count(*), min(week_start), max(week_start), min(week_label) FROM months.weeks'), '201911|202012|14|2019-11-01|2020-12-01|Month 2019-11', 'the periods are months, without a gap at the new year');
is(query(q{SELECT msisdn, first_week, last_week, active_weeks, missing_weeks, tenure_weeks, leaked FROM months.users WHERE msisdn IN ('u0300', 'u0500') ORDER BY 1}),
	"u0300|201911|202012|8|6|61|t\nu0500|201911|202012|14|0|4|f", 'missing months are found; tenure is in weeks, to the end of the last month');
like(query(q{SELECT string_agg(topic || ': ' || fact, E'\n' ORDER BY line) FROM leakage_explain('months', 'u0300')}), qr/^month 202001: .* no row, leaked about/m, 'leakage_explain speaks of months');
is(query(q{SELECT sum(expected_revenue) FROM months.users WHERE msisdn <> 'u0300'}), query(q{SELECT sum(expected_revenue) FROM months.user_weeks WHERE msisdn <> 'u0300'}), 'months add up');

# days: each of them is in a week
query(q{
	CALL leakage_create_mart('days', '{"week_format": "date"}');
	CALL leakage_create_mart('iso_weeks', '{"week_format": "yyyyww"}');
	INSERT INTO days.crm TABLE mixed.crm; INSERT INTO iso_weeks.crm TABLE mixed.crm;
	INSERT INTO days.revenue SELECT msisdn, (date '2020-11-02' + (week - 22) * 7 + part * 3)::text, CASE part WHEN 0 THEN round(amount / 2, 2) ELSE amount - round(amount / 2, 2) + 0.001 END
		FROM payment, generate_series(0, 1) AS part;
	INSERT INTO iso_weeks.revenue SELECT msisdn, to_char(date '2020-11-02' + (week - 22) * 7, 'IYYYIW'), amount + 0.001 FROM payment});
refresh_both_ways('days', 'days');
refresh($node, 'iso_weeks');
is(query('SELECT min(week_number), max(week_number), min(week_start) FROM days.weeks'), '202045|202105|2020-11-02', 'days fall into their ISO weeks, over the new year');
is(query('SELECT md5(string_agg(u::text, E\'\n\' ORDER BY msisdn)) FROM days.users AS u'), query('SELECT md5(string_agg(u::text, E\'\n\' ORDER BY msisdn)) FROM iso_weeks.users AS u'),
	'... and the result is that of the weeks');

# ---- equal rows, and credits

query(q{
	CALL leakage_create_mart('booked');
	INSERT INTO booked.crm SELECT * FROM mixed.crm WHERE msisdn <= 'u0300';
	INSERT INTO booked.revenue SELECT msisdn, week, amount FROM payment WHERE msisdn <= 'u0300';
	INSERT INTO booked.revenue VALUES
		('u0100', '22', '10'), ('u0100', '22', '10'),
		('u0101', '22', '-10'), ('u0101', '23', '-5'), ('u0101', '23', '-5'),
		('u0102', '24', '-10000'), ('u0102', '25', '-0.0000001'),
		('orphan', '22', '7'), ('orphan', '22', '-10.5'), ('u0103', '99', '-3'), (NULL, '22', '-2');
	INSERT INTO booked.usage VALUES ('u0100', '22', '3'), ('u0100', '22', '3'), ('u0100', '23', '4')});
my $money = q{SELECT p.msisdn, u.total_revenue - p.paid, u.refused_rows, u.usage
	FROM booked.users AS u JOIN (SELECT msisdn, sum(amount) AS paid FROM payment GROUP BY msisdn) AS p USING (msisdn)
	WHERE u.msisdn BETWEEN 'u0100' AND 'u0103' ORDER BY 1};
my $lines = q{SELECT check_name, left_value, difference FROM booked.reconciliation WHERE check_name ~ '^(revenue|credits) of the file' ORDER BY 1};
refresh_both_ways('booked', 'count_once, refuse');
is(query($money), "u0100|10.000000|0|7\nu0101|0.000000|3|0\nu0102|0.000000|2|0\nu0103|0.000000|1|0", 'equal rows count once, and credits are refused');
like(query($lines), qr/^credits of the file = netted \+ refused\|-10035\.500000\|0$/m, '... and the credits are in the reconciliation');
query(q{CALL leakage_alter_mart('booked', '{"duplicates": "add", "credits": "net"}')});
refresh_both_ways('booked', 'add, net');
my $lost = query(q{SELECT amount FROM payment WHERE msisdn = 'u0102' AND week = 24});
is(query($money), "u0100|20.000000|0|10\nu0101|-20.000000|0|0\nu0102|-$lost" . "0000|0|0\nu0103|0.000000|1|0", 'equal rows are added, and credits are netted');
is(query(q{SELECT week_number, present, revenue, expected_revenue > 0 FROM booked.user_weeks WHERE msisdn = 'u0102' AND week_number IN (24, 25) ORDER BY 1}) =~ s/(25\|t\|)[\d.]+/$1some/r,
	"24|t|0.000000|f\n25|t|some|t", 'a week below zero has no revenue, and nothing is expected in it');
like(query(q{SELECT fact FROM leakage_explain('booked', 'u0102') WHERE topic = 'week 24'}), qr/credits exceed the revenue: no evidence$/, '... and leakage_explain says why');
is(query(q{SELECT leaked, zero_weeks, missing_weeks FROM booked.users WHERE msisdn = 'u0102'}), 'f|1|0', '... and it makes nobody leak');
is(query(q{SELECT rule, rows FROM booked.data_quality WHERE rule IN ('weeks_below_zero', 'refused_amount_negative', 'rows_duplicate') AND file = 'revenue' ORDER BY 1}),
	"rows_duplicate|0\nweeks_below_zero|2", '... it is counted, with that of an orphan');
like(query($lines), qr/^credits of the file = netted \+ refused\|-10035\.500000\|0$/m, 'the credits are in the reconciliation');
is(query(q{SELECT count(*), bool_and(ok) FROM booked.reconciliation WHERE difference = 0}) =~ s/^\d+/n/r, 'n|t', '... and all lines agree');
is(query(q{SELECT trim_scale(value) FROM booked.file_count WHERE measure = 'amount_below_zero'}), query(qq{SELECT trim_scale($lost - 10000 - 3.5)}), 'what weeks lack to zero is known to the last digit');

# ---- texts that a spreadsheet would run as formulas

query(q{
	CALL leakage_create_mart('formulas', '{"min_peers": 1}');
	INSERT INTO formulas.crm SELECT p || n, 'Male', '1980', 'ACTIVE', '-pre', '@seg' FROM generate_series(1, 5) AS n, unnest('{+,=,-,@,x}'::text[]) AS p;
	INSERT INTO formulas.device SELECT msisdn, 't', '=cmd|x', 'm', '+os' FROM formulas.crm;
	INSERT INTO formulas.subscriber_attribute SELECT msisdn, '=HYPERLINK("x")', NULL FROM formulas.crm;
	INSERT INTO formulas.revenue SELECT msisdn, w, 5 FROM formulas.crm, generate_series(1, 5) AS w});
refresh($node, 'formulas');
my $starts = q{SELECT string_agg(DISTINCT left(t.value, 1), '' ORDER BY left(t.value, 1)) FROM formulas.%s AS f, jsonb_each_text(to_jsonb(f)) AS t
	WHERE t.key IN ('msisdn', 'region', 'segment', 'mobile_type', 'brand', 'os', 'peer_group')};
is(query(sprintf($starts, 'final_leakage_data')), '+-=@x', 'texts are exported as they are');
my $users = query('SELECT count(*) FROM formulas.final_leakage_data AS f WHERE to_jsonb(f) <@ (SELECT to_jsonb(u) FROM formulas.users AS u WHERE u.msisdn = f.msisdn)');
is($users, '25', '... like the users');
query(q{CALL leakage_alter_mart('formulas', '{"export_text": "spreadsheet"}')});
refresh($node, 'formulas');
is(query(sprintf($starts, 'final_leakage_data')), q{'x}, '... or so that no spreadsheet runs them');
is(query(sprintf($starts, 'users')), '+-=@x', '... which no other dataset needs');
is(query(q{SELECT msisdn FROM formulas.final_leakage_data WHERE msisdn LIKE '%+3'}), q{'+3}, '... with an apostrophe before them');

# ---- long histories are compressed by the fast method, where the server has it

query(q{
	CALL leakage_create_mart('long', '{"week_format": "date", "min_peers": 1}');
	INSERT INTO long.crm SELECT msisdn, 'Male', '1980', 'ACTIVE', 'Prepaid', 'Tier_1' FROM unnest('{a,b,c}'::text[]) AS msisdn;
	INSERT INTO long.revenue SELECT msisdn, (date '2015-01-05' + 7 * w)::text, 10 + w % 7 FROM long.crm, generate_series(0, 259) AS w});
my $fastest = query(q{SELECT CASE WHEN 'lz4' = ANY (enumvals) THEN 'lz4' ELSE 'pglz' END FROM pg_settings WHERE name = 'default_toast_compression'});
is(query(q{SET client_min_messages = error; CALL leakage_refresh('long', force => true); SHOW default_toast_compression}), 'pglz', 'a refresh leaves the setting as it is');
is(query(q{SELECT count(*), min(pg_column_compression(profile)), min(active_weeks) FROM long.scored_user}), "3|$fastest|260", 'what it writes is compressed by the fastest method');

$node->stop;
done_testing();
