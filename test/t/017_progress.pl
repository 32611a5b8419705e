# A refresh can be watched: the caller sees one line per step, and others see it in pg_stat_activity.

use strict;
use warnings FATAL => 'all';

use FindBin;
use lib $FindBin::RealBin;
use List::Util qw(max min);
use MartTest;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = start_node('progress');

small_mart($node, 'My Mart');
# for any client_min_messages
for my $level ('debug1', 'error')
{
	my $progress = refresh($node, 'My Mart', name => "client_min_messages = $level", settings => [ "client_min_messages = $level" ]);
	my @steps = $progress =~ /INFO:  leakage_refresh\(My Mart\): step (\d+) of \d+: \S/g;
	my ($total) = $progress =~ /step \d+ of (\d+)/;

	cmp_ok($total, '>=', 9, 'there are steps');
	is("@steps", join(' ', 1 .. $total), 'each step is announced once, in order');
	like($progress, qr/INFO:  leakage_refresh\(My Mart\): done in \d+\.\d s: 40 users, 1 of them leak, \d+\.\d\d of \d+\.\d\d revenue; health: \d+ ok$/m, 'the last line has the result');
	unlike($progress, qr/NOTICE|WARNING|ERROR/, 'and nothing else is said');
}
my ($shown) = refresh($node, 'My Mart') =~ /, (\d+\.\d\d of \d+\.\d\d) revenue/;
is($shown, $node->safe_psql('postgres', q{SELECT round(leakage, 2) || ' of ' || round(total_revenue, 2) FROM "My Mart".run_log ORDER BY run_id DESC LIMIT 1}),
	'the line shows the money of the run');

# the steps are the same as in the run log
my $announced = join(',', refresh($node, 'My Mart') =~ /step \d+ of \d+: (.+)$/mg);
is(join(',', sort split /,/, $announced), $node->safe_psql('postgres', q{
	SELECT string_agg(key, ',' ORDER BY key COLLATE "C") FROM jsonb_each((SELECT steps::jsonb FROM "My Mart".run_log ORDER BY run_id DESC LIMIT 1))}),
	'the run log has the durations of the same steps');

# another session sees the current step; afterwards the application name is restored
for my $place ([ 'file_count', qr{^leakage 2/\d+ My Mart: clean crm$|^leakage 1/\d+ My Mart: lock$} ], [ 'mart_week', qr{^leakage \d+/\d+ My Mart: expected revenue$} ],
	[ 'scored_user', qr{^leakage \d+/\d+ My Mart: describe users$} ])
{
	my ($table, $name) = @$place;
	my $holder = session($node, 'holder', 'BEGIN', qq{LOCK TABLE "My Mart".$table IN SHARE MODE}, 'SELECT pg_sleep(600)');

	poll_for($node, qq{SELECT count(*) = 1 FROM pg_locks WHERE relation = '"My Mart".$table'::regclass AND mode = 'ShareLock' AND granted});
	my $refresh = session($node, 'my_application', q{CALL leakage_refresh('My Mart')}, 'SHOW application_name');
	poll_for($node, qq{SELECT count(*) = 1 FROM pg_locks WHERE relation = '"My Mart".$table'::regclass AND NOT granted});
	like($node->safe_psql('postgres', q{SELECT application_name FROM pg_stat_activity WHERE query LIKE 'CALL leakage_refresh%'}), $name, "while it writes $table");
	end_session($node, 'holder', $holder);
	is(ended($refresh), 0, 'it ends');
	is($refresh->{out}, "my_application\n", 'the application name is restored');
}
# after a failure too
my ($status, $out) = $node->psql('postgres', q{
	SET application_name = 'mine';
	UPDATE "My Mart".mart_option SET value = '"x"' WHERE name = 'fdr';
	CALL leakage_refresh('My Mart');
	SHOW application_name}, on_error_stop => 0);
is($out, 'mine', 'restored after a failure too');
# in the caller's transaction too, where the caller's number of workers is restored as well
is($node->safe_psql('postgres', q{
	SET application_name = 'mine';
	SET max_parallel_workers_per_gather = 1000;
	CALL leakage_alter_mart('My Mart', '{"fdr": 0.05}');
	BEGIN;
	CALL leakage_refresh('My Mart');
	SHOW application_name;
	SHOW max_parallel_workers_per_gather;
	COMMIT}), "mine\n1000", "name and workers are restored in the caller's transaction");
$node->safe_psql('postgres', q{CALL leakage_drop_mart('My Mart')});

# a refresh uses the allowed number of workers, but never more processes than there are processors
chomp(my $processors = `getconf _NPROCESSORS_ONLN`);
for my $allowed (0, 1, 1000)
{
	my $useful = min($allowed, max(1, $processors - 1));

	is($node->safe_psql('postgres', "SET max_parallel_workers_per_gather = $allowed; SELECT _leakage.useful_workers()"), $useful,
		"$useful of $allowed workers on $processors processors");
}

# the longest name
my $long = 'm' x 63;
small_mart($node, $long);
like(refresh($node, $long), qr/INFO:  leakage_refresh\($long\): done in/, 'a long name');

$node->stop;
done_testing();
