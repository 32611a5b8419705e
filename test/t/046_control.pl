# The planted control in a mart: users of a kind that nobody thought of are withheld and named, the run promises no rate,
# and a mart without such users is published as it is without the control. The same bytes for any number of workers.

use strict;
use warnings FATAL => 'all';

use FindBin;
use lib $FindBin::RealBin;
use MartTest;
use Test::More;

my $node = start_node('control');

# 3,000 users, of whom 160 leak in places and sizes as if by chance; those above 3,000 are honest, but pay less than half
# from a week of their own on
sub make_mart
{
	my ($mart, $kind) = @_;

	$node->safe_psql('postgres', qq{
		CALL leakage_create_mart('$mart');
		INSERT INTO $mart.crm SELECT 'u' || u, 'MALE', '1990', 'ACTIVE', 'Prepaid', 'Tier_1' FROM generate_series(1, 3000 + $kind) AS u;
		INSERT INTO $mart.subscriber_attribute SELECT 'u' || u, CASE WHEN u > 3000 THEN 'Coast' ELSE 'Region ' || u % 4 END, NULL FROM generate_series(1, 3000 + $kind) AS u;
		INSERT INTO $mart.revenue
		SELECT 'u' || u, w, round((10
			* exp(0.3 * sin(u * 7.1))
			* exp(0.25 * (hashint8(u * 1000 + w) % 1000) / 1000.0)
			* CASE
				WHEN u <= 40 AND w > 21 + u * 7 % 13 THEN power(2, -0.7 - u * 11 % 40 / 16.0)
				WHEN u BETWEEN 41 AND 100 AND hashint8(u * 99 + w) % (2 + u % 4) = 0 THEN 0
				WHEN u > 3000 AND w > 24 + u % 5 THEN 0.45
				ELSE 1
			END)::numeric, 6)
		FROM generate_series(1, 3000 + $kind) AS u, generate_series(20, 35) AS w
		WHERE NOT (u BETWEEN 101 AND 160 AND w BETWEEN 21 AND 34 AND hashint8(u * 77 + w) % (2 + u % 4) = 0)
			AND abs(hashint8(u * 31 + w) % 100) > 0;
		CALL leakage_refresh('$mart');
	});
}

sub query
{
	return $node->safe_psql('postgres', $_[0]);
}

make_mart('clean', 0);
is(query(q{SELECT string_agg(state, ' ' ORDER BY reason) FROM clean.run_reasons WHERE state IN ('kinds', 'bulk', 'off')}), '', 'a table with leaks only has no finding');
is(query('SELECT fdr_credible, method_changed FROM clean.run_log'), 't|f', 'its rate is promised');
is(query('SELECT count(*) FROM clean.findings'), 0, 'there is no finding');
cmp_ok(query('SELECT count(*) FROM clean.users WHERE flagged'), '>', 60, 'leaks are found');
my $users = query('SELECT md5(string_agg(u::text, chr(10) ORDER BY msisdn)) FROM clean.users AS u');
query(q{CALL leakage_alter_mart('clean', '{"planted_control": false}'); CALL leakage_refresh('clean')});
is(query('SELECT md5(string_agg(u::text, chr(10) ORDER BY msisdn)) FROM clean.users AS u'), $users, 'without the control, no digit differs');
is(query(q{SELECT DISTINCT state, credible FROM clean.run_reasons WHERE run_id = 2}), 'off|f', 'the state says that it is off');
is(query('SELECT fdr_credible, method_changed FROM clean.run_log WHERE run_id = 2'), 'f|t', 'the run promises nothing, and says that the method has changed');

make_mart('kinds', 50);
is(query(q{SELECT state, credible, withheld > 5 FROM kinds.run_reasons WHERE reason = 'drop'}), 'kinds|f|t', 'an unknown kind is seen');
is(query('SELECT fdr_credible FROM kinds.run_log'), 'f', 'the rate is not promised');
is(query(q{SELECT DISTINCT credible FROM kinds.run_reasons}), 'f', 'not for the other reasons either');
cmp_ok(query(q{SELECT count(*) FROM kinds.findings WHERE reason = 'drop' AND seen > expected AND money > 0}), '>', 0, 'a finding says what they have in common');
is(query(q{SELECT count(*) > 0 FROM kinds.findings WHERE feature = 'region' AND value = 'Coast'}), 't', 'it names the region');
is(query(q{SELECT bool_and(NOT flagged AND NOT leaked AND leakage = 0) FROM kinds.users WHERE withheld}), 't', 'who is withheld is not reported');
is(query(q{SELECT count(*) FROM kinds.users WHERE flagged AND region = 'Coast'}), 0, 'none of the kind is reported');
is(query('SELECT count(*) FROM kinds.reconciliation_faults'), 0, 'the run reconciles');
is(query(q{SELECT sum(withheld) = (SELECT count(*) FROM kinds.users WHERE withheld) AND sum(flagged) = (SELECT count(*) FROM kinds.users WHERE flagged) FROM kinds.run_reasons}),
	't', 'the reasons add up to the users');
like(query(q{SELECT fact FROM leakage_explain('kinds', (SELECT msisdn FROM kinds.users WHERE withheld ORDER BY msisdn LIMIT 1)) WHERE topic = 'verdict'}),
	qr/^withheld: some of the users who seem to leak by drop do not look like leaks$/, 'an explanation says so');
like(query(q{SELECT fact FROM leakage_explain('kinds', (SELECT msisdn FROM kinds.users WHERE withheld ORDER BY msisdn LIMIT 1)) WHERE topic = 'how sure'}),
	qr/for this run, no false discovery rate can be promised$/, 'and promises no rate');
unlike(query(q{SELECT string_agg(fact, ' ') FROM kinds.users AS u, leakage_explain('kinds', u.msisdn) WHERE u.flagged}), qr/at most 5/, 'for none of those who are reported');

# the same bytes without workers
my $contents = fingerprint($node, 'kinds');
query(q{SET max_parallel_workers_per_gather = 0; SET max_parallel_workers = 0; CALL leakage_refresh('kinds')});
is(fingerprint($node, 'kinds'), $contents, 'the same contents without workers');

# a reason of too many users
make_mart('bulk', 400);
is(query(q{SELECT state FROM bulk.run_reasons WHERE reason = 'drop'}), 'bulk', 'too many users of a reason are withheld');
is(query(q{SELECT feature, value, seen > expected, money > 0 FROM bulk.findings WHERE reason = 'drop'}), 'users|all|t|t', 'with a finding');

done_testing();
