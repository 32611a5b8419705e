# Shared by the tests of the mart: a server with the extension, generated data, and a fingerprint of what a mart publishes.

package MartTest;

use strict;
use warnings FATAL => 'all';

use Exporter 'import';
use IPC::Run ();
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

our @EXPORT = qw(start_node generated small_mart load_mart refresh fingerprint psql_file session ended end_session poll_for);

# the landing tables and their files
my @files = (
	[ 'crm', 'crm1.csv' ], [ 'device', 'device1.csv' ], [ 'revenue', 'rev1.csv' ],
	[ 'subscriber_attribute', 'subscriber_attribute.csv' ], [ 'usage', 'usage.csv' ]);

# Starts a server that has the extension in the database postgres.
sub start_node
{
	my ($name, $settings) = @_;
	my $node = PostgreSQL::Test::Cluster->new($name);

	# the texts of the tests are UTF-8, whatever the locale of the machine
	$node->init(extra => [ '--locale=C', '--encoding=UTF8' ]);
	# only the tests themselves should take locks or time
	$node->append_conf('postgresql.conf', "autovacuum = off\njit = off\n" . ($settings // ''));
	$node->start;
	$node->safe_psql('postgres', 'CREATE EXTENSION leakage');
	return $node;
}

# A directory with generated files. make check builds the generator; without the generator the test is skipped.
sub generated
{
	my (@options) = @_;
	my $generator = $ENV{LEAKAGE_GENERATE} || 'build/generate';
	my $dir = PostgreSQL::Test::Utils::tempdir('data');

	plan(skip_all => "no $generator: make generator") if !-x $generator;
	system($generator, '--out', $dir, @options) == 0 or die "$generator @options failed";
	return $dir;
}

# A mart with a few users, one of whom leaks. It is ready in a second.
sub small_mart
{
	my ($node, $mart, %options) = @_;
	my @connection = $options{user} ? (extra_params => [ '-U', $options{user} ]) : ();

	$node->safe_psql($options{database} // 'postgres', qq{
		CALL leakage_create_mart('$mart', '{"min_peers": 5}');
		INSERT INTO "$mart".crm SELECT 'p' || n, 'Male', '1980', 'ACTIVE', 'Prepaid', 'Tier_' || n % 2 FROM generate_series(1, 40) AS n;
		INSERT INTO "$mart".revenue
		SELECT 'p' || n, w, CASE WHEN n = 40 AND w >= 27 THEN 1 ELSE 10 + ((n * 7 + w * 3) % 5 - 2) * 0.5 END
		FROM generate_series(1, 40) AS n, generate_series(22, 33) AS w;
		INSERT INTO "$mart".revenue VALUES ('p1', '22', '-1');}, @connection);
}

# Copies the files of DIR into the landing tables, as in the README.
sub load_mart
{
	my ($node, $mart, $dir) = @_;

	for my $file (grep { -e "$dir/$_->[1]" } @files)
	{
		$node->safe_psql('postgres', qq{\\copy "$mart".$file->[0] from '$dir/$file->[1]' csv header});
	}
}

# Refreshes the mart. Returns the progress, which psql writes to stderr. It is forced: the files of the generator, like the
# published ones, have more orphan revenue than a mart accepts, and tests may plant any dirt (042_health.pl).
sub refresh
{
	my ($node, $mart, %options) = @_;
	my ($status, undef, $stderr) = $node->psql($options{database} // 'postgres',
		join('', map { "SET $_;\n" } @{ $options{settings} // [] }) . "CALL leakage_refresh('$mart', force => true)",
		on_error_stop => 1, extra_params => $options{user} ? [ '-U', $options{user} ] : []);

	is($status, 0, $options{name} // "refresh of $mart") or diag($stderr);
	return $stderr;
}

# One line per published dataset with its rows and md5. The run log is left out because it holds times, and run_health because it
# compares with the last run.
sub fingerprint
{
	my ($node, $mart, $database) = @_;
	my @datasets = split /\n/, $node->safe_psql($database // 'postgres', qq{
		SELECT relname FROM pg_class
		WHERE relnamespace = '"$mart"'::regnamespace AND relkind = 'v' AND relname NOT IN ('scored_week', 'run_log', 'run_health', 'run_reasons')
		ORDER BY relname COLLATE "C"});

	return $node->safe_psql($database // 'postgres', join(';', map { qq{
		SELECT '$_', count(*), md5(string_agg(v::text, E'\\n' ORDER BY v::text COLLATE "C")) FROM "$mart"."$_" AS v} } @datasets));
}

# Runs a script of the checkout and returns (status, stdout, stderr).
sub psql_file
{
	my ($node, $file, @variables) = @_;
	my ($stdout, $stderr) = ('', '');
	my $result = IPC::Run::run(
		[ $node->installed_command('psql'), '-X', '-q', '-d', $node->connstr('postgres'), (map { ('-v', $_) } @variables), '-f', $file ],
		'>', \$stdout, '2>', \$stderr);

	return ($? >> 8, $stdout, $stderr);
}

# Runs the commands in a psql in the background. Returns a hash of harness, out, err. Its application_name is NAME.
sub session
{
	my ($node, $name, @commands) = @_;
	my %session = (out => '', err => '');

	$session{harness} = IPC::Run::start(
		[ $node->installed_command('psql'), '-X', '-q', '-A', '-t', '-v', 'ON_ERROR_STOP=1', '-d', $node->connstr('postgres') . " application_name=$name",
			map { ('-c', $_) } @commands ],
		'<', \undef, '>', \$session{out}, '2>', \$session{err}, IPC::Run::timeout($PostgreSQL::Test::Utils::timeout_default // 180));
	return \%session;
}

# Waits until a session has ended, and returns the status of its psql.
sub ended
{
	my ($session) = @_;

	IPC::Run::finish($session->{harness});
	return $? >> 8;
}

# Terminates the sessions with this name, and so releases their locks.
sub end_session
{
	my ($node, $name, $session) = @_;

	$node->safe_psql('postgres', "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = '$name'");
	return ended($session);
}

# Waits until a query returns true.
sub poll_for
{
	my ($node, $query) = @_;

	$node->poll_query_until('postgres', $query) or die "waited in vain for: $query";
}

1;
