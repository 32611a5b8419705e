# Readers, loads, and other refreshes during a refresh. Readers see the last run and do not wait, up to the end of
# publishing. A load waits and loses nothing. A second refresh waits and says so. A refresh waits for an uncommitted load
# and includes its rows.

use strict;
use warnings FATAL => 'all';

use FindBin;
use lib $FindBin::RealBin;
use MartTest;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = start_node('concurrency');
my $dir = PostgreSQL::Test::Utils::tempdir('load');

small_mart($node, 'telecom');
refresh($node, 'telecom');

my $first = fingerprint($node, 'telecom');
$node->safe_psql('postgres', q{
	INSERT INTO telecom.revenue VALUES ('p1', '34', '10'), ('p1', '22', 'x');
	INSERT INTO telecom.crm VALUES ('new', 'F', '1990', 'ACTIVE', 'Prepaid', 'Tier_9')});

# a lock that pauses publishing near its end and lets readers pass
my $holder = session($node, 'holder', 'BEGIN', 'ANALYZE telecom.mv_data_quality', 'SELECT pg_sleep(600)');
my $locked = q{SELECT count(*) = 1 FROM pg_locks WHERE relation = 'telecom.mv_data_quality'::regclass AND mode = '%s' AND %s granted};
poll_for($node, sprintf($locked, 'ShareUpdateExclusiveLock', ''));
my $refresh = session($node, 'first', q{CALL leakage_refresh('telecom')});
poll_for($node, sprintf($locked, 'ExclusiveLock', 'NOT'));
like($node->safe_psql('postgres', q{SELECT application_name FROM pg_stat_activity WHERE query LIKE 'CALL leakage_refresh%'}), qr/publish/, 'a refresh is publishing');

# readers
{
	local $ENV{PGOPTIONS} = '-c lock_timeout=1s';
	is(fingerprint($node, 'telecom'), $first, 'readers see the last run and do not wait');
	is($node->safe_psql('postgres', q{SELECT count(*) > 10 FROM leakage_explain('telecom', 'p40')}), 't', 'leakage_explain does not wait');
	is($node->safe_psql('postgres', 'SELECT count(*) FROM telecom.run_log'), 1, 'nor does the run log');
	is($node->safe_psql('postgres', 'BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM telecom.users; SELECT count(*) FROM telecom.top_users; COMMIT'),
		"40\n1", 'nor does a transaction with a snapshot');
	is(($node->psql('postgres', q{CREATE ROLE reader; CALL leakage_grant_bi('telecom', 'reader')}))[0], 0, 'nor does leakage_grant_bi');
}
# commands that conflict with a refresh
for my $command (q{DROP TABLE telecom.crm}, q{CALL leakage_drop_mart('telecom')}, q{CALL leakage_alter_mart('telecom', '{"fdr": 0.01}')},
	q{INSERT INTO telecom.revenue VALUES ('p1', '35', '10')})
{
	my ($status, undef, $err) = $node->psql('postgres', "SET lock_timeout = '200ms'; $command", on_error_stop => 1);

	isnt($status, 0, "$command waits");
	like($err, qr/lock timeout/, 'for the lock');
}

# loads and other refreshes wait
append_to_file("$dir/revenue.csv", "msisdn,week_number,revenue_usd\np2,34,20.5\np3,34,30.25\n");
my $load = session($node, 'load', qq{\\copy telecom.revenue from '$dir/revenue.csv' csv header});
poll_for($node, q{SELECT count(*) = 1 FROM pg_locks WHERE relation = 'telecom.revenue'::regclass AND NOT granted});
my $second = session($node, 'second', q{CALL leakage_refresh('telecom')});
poll_for($node, q{SELECT count(*) = 1 FROM pg_locks WHERE relation = 'telecom.mart_option'::regclass AND NOT granted});

end_session($node, 'holder', $holder);
is(ended($refresh), 0, 'the first refresh ends');
is(ended($load), 0, 'the load ends');
is(ended($second), 0, 'the second refresh ends');
unlike($refresh->{err}, qr/waiting/, 'the first did not wait');
like($second->{err}, qr/^INFO:  leakage_refresh\(telecom\): waiting for another refresh of this mart$/m, 'the second said why it waited');
isnt(fingerprint($node, 'telecom'), $first, 'the new run is there');
is($node->safe_psql('postgres', 'SELECT count(*), max(run_id) FROM telecom.run_log'), '3|3', 'three runs');
is($node->safe_psql('postgres', q{SELECT revenue_rows FROM telecom.run_log WHERE run_id = 2}), 483, 'the first run lacks the load');

# the second run may or may not include the load, but the load is not lost
refresh($node, 'telecom', name => 'one more refresh');
is($node->safe_psql('postgres', q{SELECT msisdn, revenue FROM telecom.user_weeks WHERE week_number = 34 ORDER BY msisdn}),
	"p1|10.000000\np2|20.500000\np3|30.250000", 'no row of the load is lost');

# an uncommitted load: the refresh waits for it, says so, and includes its rows
$holder = session($node, 'holder', 'SELECT pg_advisory_lock(8)', 'SELECT pg_sleep(600)');
poll_for($node, q{SELECT count(*) = 1 FROM pg_locks WHERE locktype = 'advisory' AND objid = 8 AND granted});
$load = session($node, 'load', 'BEGIN', q{INSERT INTO telecom.revenue VALUES ('p5', '34', '50')}, 'SELECT pg_advisory_xact_lock(8)', 'COMMIT');
poll_for($node, q{SELECT count(*) = 1 FROM pg_locks WHERE locktype = 'advisory' AND objid = 8 AND NOT granted});
$refresh = session($node, 'refresh', q{CALL leakage_refresh('telecom')});
poll_for($node, q{SELECT count(*) = 1 FROM pg_locks WHERE relation = 'telecom.revenue'::regclass AND NOT granted});
end_session($node, 'holder', $holder);
is(ended($load), 0, 'the load is committed');
is(ended($refresh), 0, 'the refresh ends');
like($refresh->{err}, qr/^INFO:  leakage_refresh\(telecom\): waiting for a load into the landing tables to end$/m, 'it said why it waited');
is($node->safe_psql('postgres', q{SELECT msisdn, revenue FROM telecom.user_weeks WHERE week_number = 34 AND msisdn = 'p5'}),
	'p5|50.000000', 'and includes its rows');

# a snapshot older than the load would miss its rows
for my $level ('repeatable read', 'serializable')
{
	my ($status, undef, $err) = $node->psql('postgres', "BEGIN ISOLATION LEVEL $level; CALL leakage_refresh('telecom')", on_error_stop => 1);

	like($err, qr/ERROR:  a mart cannot be refreshed in a $level transaction/, "no refresh in a $level transaction");
}

# two marts can be refreshed at the same time
small_mart($node, 'other');
$holder = session($node, 'holder', 'BEGIN', 'LOCK TABLE telecom.scored_user IN SHARE MODE', 'SELECT pg_sleep(600)');
poll_for($node, q{SELECT count(*) = 1 FROM pg_locks WHERE relation = 'telecom.scored_user'::regclass AND mode = 'ShareLock' AND granted});
$refresh = session($node, 'refresh', q{CALL leakage_refresh('telecom')});
poll_for($node, q{SELECT count(*) = 1 FROM pg_locks WHERE relation = 'telecom.scored_user'::regclass AND NOT granted});
refresh($node, 'other', name => 'another mart at the same time', settings => [ q{lock_timeout = '5s'} ]);
end_session($node, 'holder', $holder);
is(ended($refresh), 0, 'and the first ends');

# dropping a mart waits for its refresh, and does not block readers in the meantime
my $last = fingerprint($node, 'other');
$holder = session($node, 'holder', 'BEGIN', 'LOCK TABLE other.scored_user IN SHARE MODE', 'SELECT pg_sleep(600)');
poll_for($node, q{SELECT count(*) = 1 FROM pg_locks WHERE relation = 'other.scored_user'::regclass AND mode = 'ShareLock' AND granted});
$refresh = session($node, 'refresh', q{CALL leakage_refresh('other')});
poll_for($node, q{SELECT count(*) = 1 FROM pg_locks WHERE relation = 'other.scored_user'::regclass AND NOT granted});
my $drop = session($node, 'drop', q{CALL leakage_drop_mart('other')});
poll_for($node, q{SELECT count(*) = 1 FROM pg_stat_activity WHERE application_name = 'drop' AND wait_event_type = 'Lock'});
{
	local $ENV{PGOPTIONS} = '-c lock_timeout=1s';
	is(fingerprint($node, 'other'), $last, 'readers do not wait for a drop that waits for a refresh');
}
end_session($node, 'holder', $holder);
is(ended($refresh), 0, 'the refresh ends') or diag($refresh->{err});
is(ended($drop), 0, 'and then the mart is dropped') or diag($drop->{err});
is($node->safe_psql('postgres', q{SELECT to_regnamespace('other') IS NULL}), 't', 'and gone');

# refreshes and loads in two sessions, with a reader that always sees one whole run
my @sessions = map { session($node, "many$_", q{CALL leakage_refresh('telecom')}, q{INSERT INTO telecom.revenue VALUES ('p6', '34', '1.000001')}, q{CALL leakage_refresh('telecom')}) } 1 .. 2;
my $reads = 0;
my $torn = 0;
while (grep { $_->{harness}->pumpable } @sessions)
{
	my $whole = $node->safe_psql('postgres', q{
		SELECT (SELECT sum(total_revenue) FROM telecom.users) = ALL (ARRAY[
			(SELECT sum(revenue) FROM telecom.user_weeks), (SELECT sum(total_revenue) FROM telecom.leakage_cube),
			(SELECT sum(total_revenue) FROM telecom.kpi), (SELECT sum(amount) FROM telecom.revenue_split WHERE kind = 'Collected'),
			(SELECT total_revenue FROM telecom.run_log ORDER BY run_id DESC LIMIT 1)])});
	$torn++ if $whole ne 't';
	$reads++;
	last if $reads >= 200;
	$_->{harness}->pump_nb for grep { $_->{harness}->pumpable } @sessions;
}
is(ended($_), 0, 'many refreshes and loads') or diag($_->{err}) for @sessions;
cmp_ok($reads, '>', 3, "$reads reads during that time");
is($torn, 0, 'each saw one whole run');
is($node->safe_psql('postgres', q{SELECT count(*) FROM telecom.revenue WHERE msisdn = 'p6' AND week_number = '34'}), 2, 'no load is lost');

$node->stop;
done_testing();
