# leakage-load with names of files, schemas, and columns that a shell, psql, or SQL would take for something else, and
# with files that contain commands: what is loadable is loaded, the rest is refused, and nothing is run.

use strict;
use warnings FATAL => 'all';

use Cwd 'abs_path';
use FindBin;
use lib $FindBin::RealBin;
use IPC::Run ();
use MartTest;
use PostgreSQL::Test::Utils;
use Test::More;

my $loader = abs_path("$FindBin::RealBin/../../src/bin/leakage-load");
my $dir = abs_path(PostgreSQL::Test::Utils::tempdir('names'));
my $node = start_node('names');

$node->safe_psql('postgres', q{CALL leakage_create_mart('telecom')});
$ENV{PGHOST} = $node->host;
$ENV{PGPORT} = $node->port;
$ENV{PGDATABASE} = 'postgres';
my $psql = $node->installed_command('psql');
$ENV{PATH} = ($psql =~ s{/[^/]*$}{}r) . ":$ENV{PATH}" if $psql =~ m{/};

# runs the loader in the directory of the files: status and messages
sub load
{
	my (@arguments) = @_;
	my ($out, $err) = ('', '');

	IPC::Run::run([ $loader, '-q', @arguments ], '<', \undef, '>', \$out, '2>', \$err, init => sub { chdir $dir or die }, IPC::Run::timeout(120));
	return ($? >> 8, $err);
}

sub write_file
{
	my ($name, $content) = @_;

	open(my $file, '>', "$dir/$name") or die "$name: $!";
	print $file $content;
	close($file);
}

my $rows = 0;
for my $name (q{a'b.csv}, 'a"b.csv', 'a b.csv', '$(touch pwned).csv', '`touch pwned`.csv', q{x'; touch pwned; '.csv}, '-rf.csv', '--replace.csv', "new\nline.csv",
	'a;b.csv', 'a|b.csv', '%s.csv', '\\q.csv', q{':x'.csv}, ':ROW_COUNT.csv', "\xc3\xa9.csv", '*.csv', '~.csv', '\\! touch pwned.csv')
{
	write_file($name, "msisdn,week_number,revenue_usd\n" . join('', map { "m$_,22,1\n" } 1 .. 30));
	my ($status, $err) = load('--again', '--', $name);
	is($status, 0, "a file called $name") or diag($err);
	$rows += 30;
}
is($node->safe_psql('postgres', 'SELECT count(*), (SELECT sum(rows) FROM telecom.load_log) FROM telecom.revenue'), "$rows|$rows", 'each row is loaded once');

write_file('plain.csv', "msisdn,week_number,revenue_usd\nm1,22,1\n");
for my $schema (q{a'b}, 'a"b', '$(touch pwned)', q{x'; DROP TABLE telecom.crm; --}, '\\! touch pwned')
{
	my ($status, $err) = load('-n', $schema, 'plain.csv');
	isnt($status, 0, "no schema $schema: $err");
}

my %content = (
	'an open quote' => qq{msisdn,week_number,revenue_usd\n"x}, 'a command in the header' => "msisdn,week_number,revenue_usd\\! touch pwned\n1,2,3\n",
	'an end marker' => "msisdn,week_number,revenue_usd\n\\.\n1,2,3\n", 'a command after an end marker' => "msisdn,week_number,revenue_usd\n1,2,3\n\\.\n\\! touch pwned\n",
	'zero bytes' => "msisdn,week_number,revenue_usd\n\0\0\n", 'nothing' => '');
for my $what (sort keys %content)
{
	write_file('content.csv', $content{$what});
	my ($status, $err) = load('--again', 'content.csv');
	ok($status == 0 || $err =~ /\S/, "a file with $what is loaded, or refused with a message: $status " . $err =~ s/\n.*//sr);
}

ok(!-e "$dir/pwned" && !-e $node->data_dir . '/pwned', 'no command was run');
is($node->safe_psql('postgres', q{SELECT count(*) FROM pg_tables WHERE schemaname = 'telecom' AND tablename = 'crm'}), 1, 'no table was dropped');

$node->stop;
done_testing();
