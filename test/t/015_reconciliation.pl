# The reconciliation catches every fault: if any table behind the datasets is wrong by one row or one micro-unit, it names
# the totals that disagree, the check raises an error, and a refresh with such a fault publishes nothing.

use strict;
use warnings FATAL => 'all';

use FindBin;
use lib $FindBin::RealBin;
use MartTest;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = start_node('reconciliation');

small_mart($node, 'telecom');
$node->safe_psql('postgres', q{
	INSERT INTO telecom.crm VALUES ('silent', 'F', '1990', 'ACTIVE', 'Prepaid', 'Tier_0'), ('p1', NULL, '1980', 'ACTIVE', 'Prepaid', 'Tier_1');
	INSERT INTO telecom.device VALUES ('p1', '1', 'Nokia', '3310', NULL, NULL), ('p1', '2', 'Nokia', '3310', NULL, NULL);
	INSERT INTO telecom.revenue VALUES ('orphan', '22', '7.5'), ('orphan', '22', '7.5'), ('p2', '22', '0.12345678')});
refresh($node, 'telecom');
is($node->safe_psql('postgres', 'SELECT * FROM telecom.reconciliation_faults'), '', 'all is well');
is($node->safe_psql('postgres', q{SELECT _leakage.check_reconciliation('telecom')}), '', 'and the check raises nothing');
is($node->safe_psql('postgres', 'SELECT count(*) > 30, count(DISTINCT check_name) = count(*), bool_and(ok), bool_and(difference = 0) FROM telecom.reconciliation'), 't|t|t|t', 'many totals');
is($node->safe_psql('postgres', 'SELECT count(*) FROM telecom.users WHERE leaked'), 1, 'one user leaks');

# changes the amounts of one user's week, or removes it, in the profile that the week rows come from
$node->safe_psql('postgres', q{
	CREATE PROCEDURE change_week(id text, week integer, actual numeric, expected numeric, leak numeric, gone boolean DEFAULT false)
	LANGUAGE sql SET search_path = public AS $$
		WITH
			rows AS (
				SELECT w.period,
					CASE WHEN w.present THEN w.actual + CASE WHEN w.period = $2 THEN $3 ELSE 0 END END AS actual,
					w.expected + CASE WHEN w.period = $2 THEN $4 ELSE 0 END AS expected,
					w.expected_leak + CASE WHEN w.period = $2 THEN $5 ELSE 0 END AS leak,
					w.concerned
				FROM telecom.scored_user AS u
					CROSS JOIN LATERAL leakage_periods(u.profile, u.expected_leaks, u.concerned, NULL) AS w
				WHERE u.msisdn = $1 AND NOT ($6 AND w.period = $2))
		UPDATE telecom.scored_user
		SET profile = (SELECT leakage_profile(r.period, r.actual, r.expected) FROM rows AS r),
			expected_leaks = (SELECT array_agg(r.leak ORDER BY r.period) FROM rows AS r),
			concerned = (SELECT array_agg(r.concerned ORDER BY r.period) FROM rows AS r)
		WHERE msisdn = $1
	$$});

my $datasets = $node->safe_psql('postgres', q{
	SELECT string_agg(format('REFRESH MATERIALIZED VIEW telecom.%I;', relname), E'\n' ORDER BY oid) FROM pg_class
	WHERE relnamespace = 'telecom'::regnamespace AND relkind = 'm'});

# what the reconciliation reports after the datasets were rebuilt from a table that was tampered with
sub faults
{
	my ($command) = @_;
	my ($status, $out, $err) = $node->psql('postgres', qq{
		BEGIN;
		$command;
		$datasets
		SELECT check_name FROM telecom.reconciliation_faults ORDER BY check_name COLLATE "C";
		SELECT count(*) FILTER (WHERE difference = 0) FROM telecom.reconciliation_faults;
		SELECT _leakage.check_reconciliation('telecom');
		ROLLBACK}, on_error_stop => 1, extra_params => [ '-v', 'VERBOSITY=verbose' ]);

	return ($out, $err);
}

my @faults = (
	# a table and the change, the command, a check that must fail
	[ 'scored_week: a micro-unit of revenue', q{CALL change_week('p1', 25, 0.000001, 0, 0)}, 'revenue of users = of user_weeks' ],
	[ 'scored_week: a micro-unit from one user to another', q{CALL change_week('p1', 25, 0.000001, 0, 0); CALL change_week('p2', 25, -0.000001, 0, 0)}, 'users whose weeks do not add up to them = 0' ],
	[ 'scored_week: a row that is gone', q{CALL change_week('p1', 25, 0, 0, 0, gone => true)}, 'revenue of users = of user_weeks' ],
	[ 'scored_week: an expectation', q{CALL change_week('p1', 25, 0, -0.000001, 0)}, 'expected revenue of users = of user_weeks' ],
	[ 'scored_week: a leak', q{CALL change_week('p40', 30, 0, 0, 0.000001)}, 'leakage of users = of user_weeks' ],
	[ 'mart_week: a week that is gone', q{DELETE FROM telecom.mart_week WHERE period = 25}, 'revenue of users = of leakage_cube' ],
	[ 'mart_week: the weeks of the users', q{DELETE FROM telecom.mart_week}, 'users = of kpi_blocks' ],
	[ 'mart_week: the weeks of the leaks', q{DELETE FROM telecom.mart_week WHERE period >= 27}, 'leaked users = of kpi_blocks' ],
	[ 'scored_user: a micro-unit of revenue', q{UPDATE telecom.scored_user SET total_revenue = total_revenue + 0.000001 WHERE msisdn = 'p1'}, 'accepted revenue = users + orphans' ],
	[ 'scored_user: a user who is gone', q{DELETE FROM telecom.scored_user WHERE msisdn = 'p1'}, 'accepted revenue = users + orphans' ],
	[ 'subscriber_cell: one without revenue', q{UPDATE telecom.subscriber_cell SET subscribers = subscribers - 1 WHERE (segment, gender) = ('Tier_0', 'Female')}, 'subscribers = accepted rows of crm' ],
	[ 'scored_user: a gap', q{UPDATE telecom.scored_user SET gap = gap + 0.000001 WHERE msisdn = 'p1'}, 'rows whose gap is not expected - actual = 0' ],
	[ 'scored_user: leakage', q{UPDATE telecom.scored_user SET leakage = leakage + 0.000001 WHERE msisdn = 'p40'}, 'leakage of users = of leakage_cube' ],
	[ 'scored_user: a decision', q{UPDATE telecom.scored_user SET leaked = false WHERE msisdn = 'p40'}, 'leakage of users = of user_weeks' ],
	[ 'scored_user: an attribute that its subscribers do not have', q{UPDATE telecom.scored_user SET segment = 'Tier_7' WHERE msisdn = 'p1'}, 'subscribers = total of the funnel' ],
	[ 'file_count: a row that was read', q{UPDATE telecom.file_count SET value = value + 1 WHERE (file, measure) = ('revenue', 'rows_in')}, 'rows of revenue = accepted + refused + duplicates' ],
	[ 'file_count: a row that was refused', q{UPDATE telecom.file_count SET value = value + 1 WHERE (file, measure) = ('revenue', 'rows_refused')}, 'refused rows of revenue = rows kept in rejected_rows' ],
	[ 'file_count: the tenth decimal of the file', q{UPDATE telecom.file_count SET value = value + 0.0000000001 WHERE (file, measure) = ('revenue', 'amount_in')}, 'revenue of the file = accepted + refused + duplicates + rounding + below zero' ],
	[ 'file_count: an orphan', q{UPDATE telecom.file_count SET value = value - 7.5 WHERE (file, measure) = ('revenue', 'amount_orphan')}, 'accepted revenue = users + orphans' ],
	[ 'file_count: a duplicate', q{UPDATE telecom.file_count SET value = 0 WHERE (file, measure) = ('device', 'rows_duplicate')}, 'rows of device = accepted + refused + duplicates' ],
	[ 'file_count: a count that is gone', q{DELETE FROM telecom.file_count WHERE (file, measure) = ('crm', 'rows_duplicate')}, 'rows of crm = accepted + refused + duplicates' ],
	[ 'rejected_row: a row that was not kept', q{DELETE FROM telecom.rejected_row}, 'refused rows of revenue = rows kept in rejected_rows' ],
	[ 'subscriber_cell: a subscriber', q{UPDATE telecom.subscriber_cell SET subscribers = subscribers + 1 WHERE segment = 'Tier_1'}, 'subscribers = accepted rows of crm' ],
	[ 'subscriber_cell: a cell that is gone', q{DELETE FROM telecom.subscriber_cell WHERE segment = 'Tier_1'}, 'subscribers = accepted rows of crm' ]);

for my $fault (@faults)
{
	my ($name, $command, $check) = @$fault;
	my ($out, $err) = faults($command);

	like($out, qr/^\Q$check\E$/m, "$name: $check") or diag($err);
	like($out, qr/^0$/m, "$name: with the difference");
	like($err, qr/ERROR:  XX001: the run of mart "telecom" does not reconcile\n.*DETAIL:  .*\Q$check\E/s, "$name: the check raises");
}
like((faults('LOCK TABLE telecom.crm'))[0], qr/\A0\s*\z/, 'without tampering everything reconciles');

# a fault within a refresh: a user is lost on the way into the result, or one of the user's weeks changes by a micro-unit
my $last = fingerprint($node, 'telecom');
for my $fault ([ 'a lost user', q{DELETE FROM telecom.scored_user WHERE msisdn = 'p1'}, 'accepted revenue = users + orphans' ],
	[ 'a changed week', q{CALL public.change_week('p1', 25, 0.000001, 0, 0)}, 'users whose weeks do not add up to them = 0' ])
{
	my ($name, $command, $check) = @$fault;

	$node->safe_psql('postgres', qq{
		ALTER PROCEDURE _leakage.publish(name) RENAME TO really_publish;
		CREATE PROCEDURE _leakage.publish(mart name) LANGUAGE plpgsql AS \$\$ BEGIN $command; CALL _leakage.really_publish(mart); END \$\$});
	my ($status, undef, $err) = $node->psql('postgres', q{CALL leakage_refresh('telecom')}, on_error_stop => 1, extra_params => [ '-v', 'VERBOSITY=verbose' ]);
	isnt($status, 0, "$name: the refresh fails");
	like($err, qr/XX001: the run of mart "telecom" does not reconcile\n.*DETAIL:  .*\Q$check\E/s, "$name: and says why");
	is(fingerprint($node, 'telecom'), $last, "$name: the last run is still there");
	is($node->safe_psql('postgres', 'SELECT count(*) FROM telecom.run_log'), 1, "$name: and no run is logged");
	$node->safe_psql('postgres', 'DROP PROCEDURE _leakage.publish(name); ALTER PROCEDURE _leakage.really_publish(name) RENAME TO publish');
}
refresh($node, 'telecom', name => 'without the fault, all is well');

$node->stop;
done_testing();
