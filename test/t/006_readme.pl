# Everything that the README tells a user to type works. Every SQL block is run; the quick start uses generated files. The
# README shows what make demo prints.

use strict;
use warnings FATAL => 'all';

use FindBin;
use lib $FindBin::RealBin;
use MartTest;
use PostgreSQL::Test::Utils;
use Test::More;

my $dir = generated('--scale', '0.002', '--revenue-only', '--leak', '0.05');
my $readme = slurp_file("$FindBin::RealBin/../../README.md");
my @blocks = $readme =~ /^```sql\n(.*?)^```$/msg;
cmp_ok(scalar @blocks, '>=', 5, 'the README has SQL');

my $node = start_node('readme');
my $version = $node->safe_psql('postgres', 'SHOW server_version_num');

# ---- what make demo prints

my $script = slurp_file("$FindBin::RealBin/../demo.sh");
my %default = $script =~ /"\$\{(SCALE|SEED|LEAK):=([\d.]+)\}"/g;
my ($truth) = $script =~ /(CREATE TEMP TABLE truth .*?)"/;
my $files = generated('--scale', $default{SCALE}, '--seed', $default{SEED}, '--leak', $default{LEAK});

$node->safe_psql('postgres', q{CALL leakage_create_mart('telecom')});
load_mart($node, 'telecom', $files);
refresh($node, 'telecom');
my ($failed, $printed, $messages) = $node->psql('postgres',
	"$truth;\n\\copy truth from '$files/truth.csv' csv header\n\\i $FindBin::RealBin/../demo.sql\n\\i $FindBin::RealBin/../demo_truth.sql\n",
	on_error_stop => 1, extra_params => [ '-q', '-P', 'tuples_only=off', '-P', 'format=aligned' ]);
is($failed, 0, 'the scripts of make demo run') or diag($messages);

my ($shown) = $readme =~ /^Part of the output:\n\n```\n(.*?)^```$/ms;
my %section = map { s/[ \t]+$//mgr =~ s/\n+\z//r =~ /^(== [^\n]*)\n(.*)\z/s } split /^(?=== )/m, $printed;
for my $section (split /^(?=== )/m, $shown)
{
	my ($title, $rows) = $section =~ s/\n+\z//r =~ /^(== [^\n]*)\n(.*)\z/s;

	is($rows, $section{$title}, "the README shows what make demo prints: $title");
}

# ---- the SQL

$node->safe_psql('postgres', q{
	CALL leakage_drop_mart('telecom');
	CREATE TABLE takings AS
	SELECT 'shop ' || s AS shop, CASE WHEN s % 2 = 0 THEN 'cafe' ELSE 'bar' END AS kind, m AS month, 100 + (s * 7 + m * 13) % 40 AS amount
	FROM generate_series(1, 40) AS s, generate_series(1, 12) AS m;
	DROP EXTENSION IF EXISTS leakage});

my $work = PostgreSQL::Test::Utils::tempdir;
for my $block (@blocks)
{
	my ($title) = $block =~ /^(.*)$/m;
	my $script = $block;
	$script =~ s/from '(\w+\.csv)'/from '$dir\/$1'/g;
	$script =~ s/to '(\w+\.csv)'/to '$work\/$1'/g;
	$script =~ s/header match/header/g if $version < 150000;
	my ($status, $out, $err) = $node->psql('postgres', $script, on_error_stop => 1, on_error_die => 0);
	is($status, 0, "runs: $title") or diag($err);
}
SKIP:
{
	skip 'PostgreSQL 14 has no header match', 4 if $version < 150000;
	for my $file ([ 'sessions', "msisdn,week_number,sessions\n1,22,5\n" ], [ 'no header', "1,22,5\n2,22,6\n" ], [ 'another order', "week_number,msisdn,revenue_usd\n22,1,5\n" ],
		[ 'a column more', "msisdn,week_number,revenue_usd,region\n1,22,5,x\n" ])
	{
		PostgreSQL::Test::Utils::append_to_file("$work/$file->[0].csv", $file->[1]);
		my ($command) = $readme =~ /^(\\copy telecom\.revenue .*)/m;
		isnt(($node->psql('postgres', $command =~ s/rev1\.csv/$work\/$file->[0].csv/r, on_error_stop => 1))[0], 0, "the command for revenue refuses: $file->[0]");
	}
}

my $export = slurp_file("$work/final_leakage_data.csv");
like($export, qr/^msisdn,gender,birth_year,age,age_group,region,segment,/, 'the export has its header');
is(scalar(() = $export =~ /\n/g) - 1, $node->safe_psql('postgres', 'SELECT count(*) FROM telecom.users'), 'and every user');

done_testing();
