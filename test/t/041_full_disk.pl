# A disk that is full, as far as it can be had without a disk of its own: no file of the server can grow beyond a limit.
# A refresh fails with the system's error, the server stays up, the last run is in place, and when there is room again the
# next refresh works.

use strict;
use warnings FATAL => 'all';

use FindBin;
use lib $FindBin::RealBin;
use MartTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

# small files of the log, so that these are not what the limit hits
my $node = PostgreSQL::Test::Cluster->new('full');
$node->init(extra => [ '--locale=C', '--encoding=UTF8', '--wal-segsize=1' ]);
$node->append_conf('postgresql.conf', "autovacuum = off\njit = off\nwork_mem = '64kB'\nmax_wal_size = '32MB'\nmin_wal_size = '2MB'\n");
$node->start;
$node->safe_psql('postgres', 'CREATE EXTENSION leakage');
small_mart($node, 'telecom');
refresh($node, 'telecom');
my $published = fingerprint($node, 'telecom');
$node->safe_psql('postgres', q{
	INSERT INTO telecom.crm SELECT 'q' || n, 'F', '1990', 'IDLE', 'Prepaid', 'Tier_1' FROM generate_series(1, 6000) AS n;
	INSERT INTO telecom.revenue SELECT 'q' || n, w, 5 + (n * w) % 7 FROM generate_series(1, 6000) AS n, generate_series(22, 27) AS w});

# $blocks of 512 bytes, or no limit
sub restart
{
	my ($blocks) = @_;

	$node->stop;
	return $node->start if !$blocks;
	my $pg_ctl = $node->installed_command('pg_ctl');
	system('sh', '-c', "ulimit -f $blocks && exec '$pg_ctl' -w -s -D '" . $node->data_dir . "' -l '" . $node->logfile . "' start") == 0
		or die 'the server does not start with a limit';
	$node->_update_pid(1);
}

for my $mb (2, 3)
{
	restart($mb * 2048);
	my ($status, undef, $err) = $node->psql('postgres', q{CALL leakage_refresh('telecom')});

	isnt($status, 0, "a refresh when files end at $mb MB");
	like($err, qr/ERROR: .*(could not (extend|write)|wrote only)/, 'fails with the error of the system') or diag($err);
	is(fingerprint($node, 'telecom'), $published, 'the last run is in place');
}
restart();
refresh($node, 'telecom', name => 'a refresh when there is room');
isnt(fingerprint($node, 'telecom'), $published, 'publishes the new rows');
unlike(slurp_file($node->logfile), qr/PANIC|was terminated by signal/, 'no process died');

$node->stop;
done_testing();
