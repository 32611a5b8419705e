# A process is killed at a random moment of a refresh, a load, or the creation, change, upgrade, or removal of a mart.
# After recovery the last state or the next one is there, whole; everything reconciles; and the same call again gives the
# same bytes as on a server that never crashed. The query of docs/operations.md lists the files that were left behind.
#
# make check-crash ROUNDS=N tries each action with each kind of kill N times. make check tries a refresh and two other
# actions once, chosen at random; LEAKAGE_SEED=N repeats a choice.

use strict;
use warnings FATAL => 'all';

use FindBin;
use lib $FindBin::RealBin;
use IPC::Run ();
use List::Util 'shuffle';
use MartTest;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(sleep time);

my $rounds = $ENV{LEAKAGE_ROUNDS} || 0;
my $seed = $ENV{LEAKAGE_SEED} || time;
srand($seed);
note("LEAKAGE_SEED=$seed");

# fsync is on, so that recovery runs as on a real server
my $node = start_node('crash', q{
	fsync = on
	restart_after_crash = on
	min_parallel_table_scan_size = 0
	parallel_setup_cost = 0
	parallel_tuple_cost = 0
	max_parallel_workers_per_gather = 2
});
my $loader = "$FindBin::RealBin/../../src/bin/leakage-load";
my $file = PostgreSQL::Test::Utils::tempdir('files') . '/revenue.csv';
my $file_rows = 4000;
my %count;

$ENV{PGHOST} = $node->host;
$ENV{PGPORT} = $node->port;
$ENV{PGDATABASE} = 'postgres';
my $psql = $node->installed_command('psql');
$ENV{PATH} = ($psql =~ s{/[^/]*$}{}r) . ":$ENV{PATH}" if $psql =~ m{/};

sub query { return $node->safe_psql('postgres', $_[0]); }

# ---- processes

# the server's processes whose title matches, as [pid, title]; of postmaster PID
sub children
{
	my ($postmaster, $pattern) = @_;

	return map { $_->[1] } grep { $_->[0] == $postmaster && $_->[2] =~ $pattern }
		map { /^\s*(\d+)\s+(\d+)\s+(.*)/ ? [ $1, $2, $3 ] : () } split /\n/, `ps -A -o ppid= -o pid= -o args=`;
}

sub postmaster { return (split /\n/, slurp_file($node->data_dir . '/postmaster.pid'))[0]; }

# Kills, and returns whether there was something to kill. PID is the backend that runs the action.
sub strike
{
	my ($kind, $pid) = @_;
	my $postmaster = postmaster();
	my @all = children($postmaster, qr/./);

	if ($kind eq 'immediate stop')
	{
		$node->stop('immediate');
		return 1;
	}
	if ($kind eq 'postmaster')
	{
		$node->kill9;
		# the others notice it by themselves
		for (1 .. 300)
		{
			@all = grep { kill 0, $_ } @all or last;
			sleep(0.1);
		}
		is(scalar(@all), 0, 'every process ends when the postmaster is gone') or kill 'KILL', @all;
		return 1;
	}
	my @found;
	# workers come and go: wait for some of the first that are there
	my $limit = time + ($kind eq 'parallel worker' ? 5 : 0);
	do
	{
		@found = $kind eq 'backend' ? $pid : children($postmaster, $kind eq 'checkpointer' ? qr/checkpointer/ : qr/parallel worker/);
	} while (time < $limit && kill(0, $pid) && (!@found || rand() < 0.7));
	return @found && kill 'KILL', $found[ rand @found ];
}

# Waits for recovery. A server that could not restart by itself is started again (docs/operations.md).
sub recover
{
	my ($kind) = @_;

	if ($kind eq 'immediate stop' || $kind eq 'postmaster')
	{
		$node->start(fail_ok => 1) or do { $count{'second start'}++; $node->start; };
		return 1;
	}
	for (1 .. 600)
	{
		return 1 if ended(session($node, 'probe', 'SELECT 1')) == 0;
		if (!-e $node->data_dir . '/postmaster.pid')
		{
			$node->{_pid} = undef;
			$count{'second start'}++;
			$node->start;
		}
		sleep(0.05);
	}
	return 0;
}

# ---- the mart, and what is done to it

sub published
{
	my ($mart) = @_;
	my @faults = split /\n/, query("SELECT * FROM $mart.reconciliation_faults");

	is(scalar(@faults), 0, "$mart reconciles") or diag(@faults);
	return fingerprint($node, $mart);
}

sub relations
{
	return query("SELECT count(*) FROM pg_class WHERE relnamespace = to_regnamespace('$_[0]')");
}

small_mart($node, 'telecom');
query(q{INSERT INTO telecom.crm SELECT 'q' || n, 'F', '1990', 'IDLE', 'Prepaid', 'Tier_1' FROM generate_series(1, 500) AS n;
	INSERT INTO telecom.revenue SELECT 'q' || n, w, 5 + (n * w) % 7 FROM generate_series(1, 500) AS n, generate_series(22, 25) AS w});
query(q{CALL leakage_create_mart('loaded')});
open(my $out, '>', $file) or die "$file: $!";
print $out "msisdn,week_number,revenue_usd\n", map { "m$_,22,1.5\n" } 1 .. $file_rows;
close($out);
refresh($node, 'telecom');
my $whole = relations('telecom');
my @published = (published('telecom'));
query(q{INSERT INTO telecom.revenue SELECT 'q1', w, 20 FROM generate_series(26, 40) AS w});
refresh($node, 'telecom');
push @published, published('telecom');
isnt($published[0], $published[1], 'new rows change what is published');
my $state = 1;		# which of the two is published

my $has_upgrade = query(q{SELECT to_regprocedure('leakage_upgrade_mart(name)') IS NOT NULL}) eq 't';

# For each action: before, the statement, and after, which gets whether the statement is known to have ended well.
my %action = (
	refresh => {
		before => sub {
			query($state ? q{DELETE FROM telecom.revenue WHERE msisdn = 'q1' AND week_number::integer > 25}
				: q{INSERT INTO telecom.revenue SELECT 'q1', w, 20 FROM generate_series(26, 40) AS w});
		},
		statement => q{CALL leakage_refresh('telecom')},
		after => sub {
			my ($done) = @_;
			my $seen = published('telecom');

			ok($seen eq $published[!$state] || (!$done && $seen eq $published[$state]), 'the last run or the new one is there, whole');
			$state = !$state;
			is(query(q{SELECT count(*) FROM pg_class WHERE relname ~ 'stage_'}), 0, 'no stage is left');
		}
	},
	create => {
		before => sub { },
		statement => q{CALL leakage_create_mart('other')},
		after => sub {
			my ($done) = @_;
			my $seen = relations('other');

			ok($seen == $whole || (!$done && $seen == 0), 'a mart is whole, or not there') or diag("$seen of $whole relations");
			query(q{CALL leakage_drop_mart('other')}) if $seen;
		}
	},
	alter => {
		before => sub { },
		statement => q{CALL leakage_alter_mart('telecom', '{"fdr": 0.1}')},
		after => sub {
			my ($done) = @_;
			my $seen = query(q{SELECT value FROM telecom.mart_option WHERE name = 'fdr'});

			ok($seen eq '0.1' || (!$done && $seen eq '0.05'), 'an option has its new value, or the one before') or diag($seen);
			query(q{CALL leakage_alter_mart('telecom', '{"fdr": 0.05}')});
		}
	},
	drop => {
		before => sub { query(q{CALL leakage_create_mart('other')}) },
		statement => q{CALL leakage_drop_mart('other')},
		after => sub {
			my ($done) = @_;
			my $seen = relations('other');

			ok($seen == 0 || (!$done && $seen == $whole), 'a mart is gone, or still whole') or diag("$seen of $whole relations");
			query(q{CALL leakage_drop_mart('other')}) if $seen;
		}
	},
	load => {
		before => sub { query('TRUNCATE loaded.revenue, loaded.load_log') },
		after => sub {
			my ($done) = @_;
			my ($rows, $logged) = split /\|/, query('SELECT (SELECT count(*) FROM loaded.revenue), (SELECT coalesce(sum(rows), 0) FROM loaded.load_log)');

			ok($rows == $logged && (!$done || $rows == $file_rows), 'each row that is there is in the log of loads') or diag("$rows rows, $logged logged");
			is(load(), 0, 'loading again resumes');
			is(query('SELECT count(*), count(DISTINCT msisdn) FROM loaded.revenue'), "$file_rows|$file_rows", 'each row is there once');
		}
	});
$action{upgrade} = {
	before => sub { query(q{CREATE OR REPLACE VIEW telecom.mart_version AS SELECT '0.9'::text AS version}) },
	statement => q{CALL leakage_upgrade_mart('telecom')},
	after => sub {
		my ($done) = @_;
		my $seen = query('SELECT version FROM telecom.mart_version');

		ok($seen eq '1.0' || (!$done && $seen eq '0.9'), 'a mart is upgraded, or as before') or diag($seen);
		is(relations('telecom'), $whole, 'and whole');
		query(q{CALL leakage_upgrade_mart('telecom')}) if $seen ne '1.0';
	}
} if $has_upgrade;

sub load
{
	return system("'$loader' -q -n loaded -j 2 --piece 8000 '$file' 2> /dev/null") >> 8;
}

# Runs an action in the background: a hash of harness, out, err; and the pid of its backend.
sub start_action
{
	my ($name) = @_;
	my %session = (out => '', err => '');
	my $pid;

	if ($name eq 'load')
	{
		$session{harness} = IPC::Run::start([ $loader, '-q', '-n', 'loaded', '-j', '2', '--piece', '8000', $file ],
			'<', \undef, '>', \$session{out}, '2>', \$session{err}, IPC::Run::timeout(180));
		return \%session;
	}
	my $session = session($node, 'action', 'SELECT pg_backend_pid()', $action{$name}{statement});
	$session->{harness}->pump until $session->{out} =~ /^(\d+)\n/;
	$session->{pid} = $1;
	return $session;
}

# how long each action takes
my %time;
for my $name (sort keys %action)
{
	$action{$name}{before}->();
	my $start = time;
	is(ended(start_action($name)), 0, "$name, not disturbed");
	$time{$name} = time - $start;
	$action{$name}{after}->(1);
	refresh($node, 'telecom', name => "and a refresh") if $name eq 'upgrade';
}

sub try
{
	my ($name, $kind) = @_;

	note("$name, $kind");
	$action{$name}{before}->();
	my $action = start_action($name);
	sleep(rand(0.8 * $time{$name})) if $kind ne 'parallel worker';
	if ($name eq 'load' && $kind eq 'backend')
	{
		my @backends = children(postmaster(), qr/COPY|INSERT|SELECT|idle/);
		$action->{pid} = $backends[ rand @backends ];
	}
	my $hit = ($kind ne 'backend' || $action->{pid}) && strike($kind, $action->{pid});
	my $status = ended($action);
	$count{ $hit ? 'hit' : 'missed' }++;
	$count{'ended before'}++ if $hit && $status == 0;
	ok(recover($kind), "$name, $kind: the server is back") or BAIL_OUT('no server');
	$action{$name}{after}->($status == 0);
	refresh($node, 'telecom', name => 'the next refresh');
	is(published('telecom'), $published[$state], 'gives the same bytes as without a crash');
}

# ---- the rounds

my @kinds = ('backend', 'parallel worker', 'checkpointer', 'postmaster', 'immediate stop');
my @names = sort keys %action;

if ($rounds)
{
	for my $round (1 .. $rounds)
	{
		for my $name (@names)
		{
			try($name, $_) for grep { $_ ne 'parallel worker' } @kinds;
		}
	}
	# only a refresh has parallel workers, and they are killed often
	try('refresh', 'parallel worker') for 1 .. 6 * $rounds;
}
else
{
	my @others = shuffle(grep { $_ ne 'refresh' } @names);
	my @some = shuffle(grep { $_ ne 'parallel worker' } @kinds);

	try('refresh', rand() < 0.5 ? 'parallel worker' : pop @some);
	try($_, pop @some) for @others[ 0, 1 ];
}

# ---- files that nothing refers to

my ($orphans) = slurp_file("$FindBin::RealBin/../../docs/operations.md") =~ /\*\*Orphan files\.\*\*.*?```sql\n(.*?)```/s
	or die 'docs/operations.md has no query for orphan files';

sub orphans { return split /\n/, query($orphans); }

my $before = () = orphans();
note("$before files were left behind");

my $session = session($node, 'orphan', 'SELECT pg_backend_pid()', 'BEGIN', 'CREATE TABLE lost AS SELECT generate_series(1, 1000)', q{SELECT 'made'}, 'SELECT pg_sleep(600)');
$session->{harness}->pump until $session->{out} =~ /^(\d+)\n(.*\n)*made/;
kill 'KILL', ($session->{out} =~ /^(\d+)/)[0];
ended($session);
recover('backend');
is(scalar(() = orphans()), $before + 1, 'the query finds the file of a table that a killed transaction had created');

query('CREATE TABLE kept AS SELECT generate_series(1, 1000); CREATE UNLOGGED TABLE unlogged AS SELECT 1 AS a; CREATE INDEX ON unlogged (a)');
is(scalar(() = orphans()), $before + 1, 'and no file of a table that is there');

note(join(', ', map { "$_ $count{$_}" } sort keys %count));
note("LEAKAGE_SEED=$seed") if !Test::More->builder->is_passing;
$node->stop;
done_testing();
