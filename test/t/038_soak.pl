# Several sessions work on a server at once: they load, correct and delete rows, refresh, alter, read, explain, and create
# and drop other marts, in random order. No call fails, every reader sees one whole run, memory does not grow from
# refresh to refresh, nothing is left behind, and after all that the mart is the same, to the byte, as one that was made
# of the same rows in a single refresh.
#
# make soak MINUTES=N works for N minutes; make check for some seconds. LEAKAGE_SEED=N repeats one as far as the order of
# the sessions allows.

use strict;
use warnings FATAL => 'all';

use FindBin;
use lib $FindBin::RealBin;
use IPC::Open2;
use IO::Handle;
use MartTest;
use POSIX ();
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(sleep time);

my $minutes = $ENV{LEAKAGE_MINUTES} || 0;
my $seed = $ENV{LEAKAGE_SEED} || time;
srand($seed);
note("LEAKAGE_SEED=$seed");

my $node = start_node('soak', "shared_buffers = '32MB'\nautovacuum = on\nmax_parallel_workers_per_gather = 2\nmin_parallel_table_scan_size = 0\nparallel_setup_cost = 0\n");
my $dir = PostgreSQL::Test::Utils::tempdir('soak');
my $loader = "$FindBin::RealBin/../../src/bin/leakage-load";
$ENV{PGHOST} = $node->host;
$ENV{PGPORT} = $node->port;
$ENV{PGDATABASE} = 'postgres';
my $psql = $node->installed_command('psql');
$ENV{PATH} = ($psql =~ s{/[^/]*$}{}r) . ":$ENV{PATH}" if $psql =~ m{/};

small_mart($node, 'telecom');
refresh($node, 'telecom');
my $relations = $node->safe_psql('postgres', 'SELECT count(*) FROM pg_class');
my $end;

# ---- sessions: each is a process with a psql, and writes what went wrong into a file

# Runs a statement in the psql of this process, and returns what it answers.
my ($answers, $commands);

sub run
{
	my ($sql) = @_;
	my $out = '';

	print {$commands} "$sql;\n\\echo ----\n";
	while (defined(my $line = <$answers>))
	{
		last if $line eq "----\n";
		$out .= $line;
	}
	return $out =~ s/\n\z//r;
}

# Starts a session that does WORK again and again until the end. WORK returns a complaint or undef.
sub work
{
	my ($name, $pause, $work) = @_;
	my $session_seed = int(rand(2**31));
	my $pid = fork() // die "fork: $!";

	return $pid if $pid;
	srand($session_seed);
	open(my $log, '>', "$dir/$name.log") or POSIX::_exit(1);
	$log->autoflush(1);
	open(STDERR, '>', "$dir/$name.err");
	open2($answers, $commands, $psql, '-X', '-q', '-A', '-t');
	$commands->autoflush(1);
	my $times = 0;
	while (time < $end)
	{
		my $complaint = eval { $work->() } // $@;
		print $log "$complaint\n" if $complaint ne '';
		$times++;
		sleep(rand($pause));
	}
	print $log "done $times times\n";
	close($commands);
	POSIX::_exit(0);
}

sub pick { return $_[ rand @_ ]; }

sub change_rows
{
	my $n = int(rand(60));
	my $week = 22 + int(rand(30));
	my $salt = int(rand(1e9));

	run(pick(
		"INSERT INTO telecom.revenue SELECT msisdn, '$week', (5 + ($n * length(msisdn)) % 17)::text FROM (SELECT DISTINCT msisdn FROM telecom.revenue) AS m ORDER BY md5(msisdn || $salt) LIMIT 20",
		"DELETE FROM telecom.revenue WHERE ctid IN (SELECT ctid FROM telecom.revenue ORDER BY md5(msisdn || week_number || $salt) LIMIT 15)",
		"UPDATE telecom.revenue SET revenue_usd = '$n.25' WHERE ctid IN (SELECT ctid FROM telecom.revenue ORDER BY md5(msisdn || $salt) LIMIT 10)",
		"INSERT INTO telecom.crm SELECT 'n' || ($salt % 50) || '-' || i, 'F', '19' || (50 + i), 'ACTIVE', 'Postpaid', 'Tier_1' FROM generate_series(1, 5) AS i",
		"DELETE FROM telecom.crm WHERE ctid IN (SELECT ctid FROM telecom.crm WHERE msisdn LIKE 'n%' ORDER BY md5(msisdn || $salt) LIMIT 3)",
		"INSERT INTO telecom.subscriber_attribute SELECT msisdn, 'R' || $n % 5 FROM telecom.crm ORDER BY md5(msisdn || $salt) LIMIT 10",
		"INSERT INTO telecom.revenue VALUES ('bad', 'x', 'y'), (NULL, '1', '2'), ('zz', '22', '1e15'), ('p1', '22', '-5')",
		'VACUUM ANALYZE telecom.revenue'));
	return '';
}

my $loads = 0;

sub load_file
{
	my $file = "$dir/load" . $loads++ . '.csv';

	open(my $out, '>', $file) or die "$file: $!";
	print $out "msisdn,week_number,revenue_usd\n", map { 'p' . int(1 + rand(40)) . ',' . int(22 + rand(20)) . ',' . int(rand(20)) . "\n" } 1 .. 20 + rand(200);
	close($out);
	my $status = system("'$loader' -q --again -j 2 --piece 500 '$file' 2> '$file.err'") >> 8;
	my $complaint = $status == 0 ? '' : "leakage-load: status $status: " . slurp_file("$file.err");
	unlink($file);
	return $complaint;
}

# memory of the backend, after each refresh of one session
sub refresh_again
{
	run(q{CALL leakage_refresh('telecom', force => true)});
	my $bytes = run('SELECT sum(total_bytes) FROM pg_backend_memory_contexts');
	open(my $out, '>>', "$dir/memory") or die;
	print $out "$bytes\n";
	return '';
}

sub alter
{
	run(sprintf q{CALL leakage_alter_mart('telecom', '{"min_peers": %d, "bulk_pass": "%s"}')}, 3 + int(rand(8)), pick('auto', 'off'));
	return '';
}

sub read_one_run
{
	my $seen = run(q{SELECT count(*) = max(r.users) AND coalesce(sum(u.total_revenue), 0) = max(r.total_revenue), count(*), max(r.users), sum(u.total_revenue), max(r.total_revenue)
		FROM telecom.users AS u, (SELECT users, total_revenue FROM telecom.run_log ORDER BY run_id DESC LIMIT 1) AS r WHERE u.msisdn IS NOT NULL});

	return $seen =~ /^t/ ? '' : "a reader saw $seen";
}

sub explain_one
{
	my $lines = run(sprintf q{SELECT count(*) FROM leakage_explain('telecom', 'p%d')}, 1 + int(rand(40)));
	my $faults = run('SELECT count(*) FROM telecom.reconciliation_faults');

	return $lines > 0 && $faults eq '0' ? '' : "an explanation of $lines lines, $faults faults of the reconciliation";
}

sub other_marts
{
	my ($mart) = @_;

	run("CALL leakage_create_mart('$mart')");
	run("CALL leakage_refresh('$mart', force => true)") if rand() < 0.3;
	run("CALL leakage_drop_mart('$mart')");
	return run("SELECT count(*) FROM pg_namespace WHERE nspname = '$mart'") eq '0' ? '' : 'a mart was not dropped';
}

# Everybody works for so many seconds. Then the mart is compared with a fresh one.
sub phase
{
	my ($name, $seconds) = @_;

	$end = time + $seconds;
	my %pid = (
		change1 => work('change1', 0.2, \&change_rows), change2 => work('change2', 0.2, \&change_rows), load => work('load', 0.5, \&load_file),
		refresh1 => work('refresh1', 0.2, \&refresh_again), refresh2 => work('refresh2', 3, sub { run(q{CALL leakage_refresh('telecom', force => true)}); return '' }),
		alter => work('alter', 3, \&alter), read1 => work('read1', 0.1, \&read_one_run), read2 => work('read2', 0.1, \&read_one_run), explain => work('explain', 0.5, \&explain_one),
		other1 => work('other1', 0.5, sub { other_marts('other1') }), other2 => work('other2', 0.5, sub { other_marts('other2') }));

	for my $session (sort keys %pid)
	{
		waitpid($pid{$session}, 0);
		my $log = slurp_file("$dir/$session.log");
		my ($times) = $log =~ /^done (\d+) times\n\z/m;
		my $complaints = ($log =~ s/^done .*\n//mr) . join('', grep { !/^(psql:\S+ )?INFO:/ } map { "$_\n" } split /\n/, slurp_file("$dir/$session.err"));

		ok($times && $complaints eq '', "$name: $session") or diag(substr($complaints, 0, 2000));
		note("$session worked $times times") if $times;
	}

	refresh($node, 'telecom', name => 'the last refresh');
	my $mart = fingerprint($node, 'telecom');
	$node->safe_psql('postgres', q{CALL leakage_create_mart('fresh')});
	$node->safe_psql('postgres', join(';', map { "INSERT INTO fresh.$_ SELECT * FROM telecom.$_" } qw(crm device revenue subscriber_attribute usage exclusion known_event)));
	$node->safe_psql('postgres', q{
		DO $$ DECLARE options jsonb := (SELECT jsonb_object_agg(name, value) FROM telecom.mart_option); BEGIN CALL leakage_alter_mart('fresh', options); END $$});
	refresh($node, 'fresh', name => 'a fresh mart of the same rows');
	is(fingerprint($node, 'fresh'), $mart, "$name: publishes the same");
	$node->safe_psql('postgres', q{CALL leakage_drop_mart('fresh')});
}

my $phases = $minutes || 1;
phase("phase $_ of $phases", $minutes ? 60 : 6) for 1 .. $phases;

# ---- nothing grows, and nothing is left

my @memory = split /\n/, slurp_file("$dir/memory");
note(scalar(@memory) . " refreshes of a session, memory $memory[0] to $memory[-1] bytes");
cmp_ok(scalar(@memory), '>=', 2, 'a session refreshed again and again');
SKIP:
{
	# each phase has a session of its own, whose caches fill at first
	skip('not long enough to see memory grow', 1) if @memory < 30;
	cmp_ok($memory[-1], '<', 1.5 * $memory[ @memory / 2 ], 'its memory does not grow');
}
is($node->safe_psql('postgres', q{SELECT count(*) FROM pg_locks WHERE pid <> pg_backend_pid() AND locktype <> 'virtualxid'
	AND pid IN (SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend')}), 0, 'no lock is held');
is($node->safe_psql('postgres', 'SELECT count(*) FROM pg_ls_tmpdir()'), 0, 'no temporary file is left');
is($node->safe_psql('postgres', 'SELECT count(*) FROM pg_class'), $relations, 'no relation is left');
unlike(slurp_file($node->logfile), qr/was terminated by signal|TRAP:|deadlock detected|PANIC/, 'no backend died, and none waited for each other');

note("LEAKAGE_SEED=$seed") if !Test::More->builder->is_passing;
$node->stop;
done_testing();
