# A mart on a primary with replicas. A streaming replica shows one whole run at any moment, explains, and refuses a
# refresh. A logical replica of the landing tables makes the same mart.

use strict;
use warnings FATAL => 'all';

use FindBin;
use lib $FindBin::RealBin;
use MartTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $primary = PostgreSQL::Test::Cluster->new('primary');
$primary->init(allows_streaming => 'logical', extra => [ '--locale=C', '--encoding=UTF8' ]);
$primary->append_conf('postgresql.conf', "autovacuum = off\njit = off\n");
$primary->start;
$primary->safe_psql('postgres', 'CREATE EXTENSION leakage');
small_mart($primary, 'telecom');
refresh($primary, 'telecom');

# ---- streaming

$primary->backup('base');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($primary, 'base', has_streaming => 1);
$standby->start;

sub catch_up
{
	my $lsn = $primary->safe_psql('postgres', 'SELECT pg_current_wal_flush_lsn()');
	poll_for($standby, "SELECT pg_last_wal_replay_lsn() >= '$lsn'");
}

catch_up();
is(fingerprint($standby, 'telecom'), fingerprint($primary, 'telecom'), 'the replica shows the run of the primary');
my ($reads, $mixed) = (0, '');
for my $n (1 .. 3)
{
	$primary->safe_psql('postgres', "INSERT INTO telecom.revenue SELECT 'p' || n, 40 + $n, n FROM generate_series(1, 40) AS n");
	my $refresh = session($primary, 'refresh', q{CALL leakage_refresh('telecom')});
	do
	{
		my $seen = $standby->safe_psql('postgres', q{SELECT (SELECT count(*) || ' ' || sum(total_revenue) FROM telecom.users WHERE msisdn IS NOT NULL),
			(SELECT users || ' ' || total_revenue FROM telecom.run_log ORDER BY run_id DESC LIMIT 1)});
		my ($users, $log) = split /\|/, $seen;
		$mixed .= "$seen\n" if $users ne $log;
		$reads++;
	} while ($primary->safe_psql('postgres', q{SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'CALL leakage_refresh%' AND state = 'active'}) > 0);
	is(ended($refresh), 0, 'a refresh of the primary');
}
is($mixed, '', "each of $reads reads saw one whole run");
catch_up();
is(fingerprint($standby, 'telecom'), fingerprint($primary, 'telecom'), 'the replica follows');
like(($standby->psql('postgres', q{CALL leakage_refresh('telecom')}, extra_params => [ '-v', 'VERBOSITY=verbose' ]))[2], qr/ERROR:  25006/, 'a refresh of a replica is refused');
cmp_ok($standby->safe_psql('postgres', q{SELECT count(*) FROM leakage_explain('telecom', 'p40')}), '>', 10, 'a replica explains');
is($standby->safe_psql('postgres', q{SELECT count(*) > 0 FROM expected_revenue('telecom.user_weeks', 'msisdn', 'week_number', 'revenue')}), 't', 'and computes');
$standby->stop;

# ---- logical

my $subscriber = start_node('subscriber');
$subscriber->safe_psql('postgres', q{CALL leakage_create_mart('telecom', '{"min_peers": 5}')});
$primary->safe_psql('postgres', 'CREATE PUBLICATION landing FOR TABLE telecom.crm, telecom.device, telecom.revenue, telecom.subscriber_attribute, telecom.usage, telecom.exclusion, telecom.known_event');
like(($primary->psql('postgres', q{DELETE FROM telecom.revenue WHERE week_number = '41'}))[2], qr/does not have a replica identity/, 'without a replica identity, rows cannot be deleted');
$primary->safe_psql('postgres', join(';', map { "ALTER TABLE telecom.$_ REPLICA IDENTITY FULL" } qw(crm device revenue subscriber_attribute usage exclusion known_event)));
$subscriber->safe_psql('postgres', "CREATE SUBSCRIPTION landing CONNECTION '" . ($primary->connstr('postgres') =~ s/'/''/gr) . q{' PUBLICATION landing});
poll_for($subscriber, q{SELECT count(*) > 0 AND bool_and(srsubstate = 'r') FROM pg_subscription_rel});
$primary->safe_psql('postgres', q{DELETE FROM telecom.revenue WHERE week_number = '41'; UPDATE telecom.revenue SET revenue_usd = '7' WHERE week_number = '42'});
$primary->wait_for_catchup('landing');
refresh($primary, 'telecom');
refresh($subscriber, 'telecom');
is(fingerprint($subscriber, 'telecom'), fingerprint($primary, 'telecom'), 'a mart of replicated rows is the same');
$subscriber->safe_psql('postgres', 'DROP SUBSCRIPTION landing');

$subscriber->stop;
$primary->stop;
done_testing();
