# Everything that the README tells a user to type works. Every SQL block is run; the quick start uses generated files.

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
$node->safe_psql('postgres', q{
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
	my ($status, $out, $err) = $node->psql('postgres', $script, on_error_stop => 1, on_error_die => 0);
	is($status, 0, "runs: $title") or diag($err);
}

my $export = slurp_file("$work/final_leakage_data.csv");
like($export, qr/^msisdn,gender,birth_year,age,age_group,region,segment,/, 'the export has its header');
is(scalar(() = $export =~ /\n/g) - 1, $node->safe_psql('postgres', 'SELECT count(*) FROM telecom.users'), 'and every user');

done_testing();
