# Rows of the published files, if they are available: a directory with crm1.csv, device1.csv, and rev1.csv, named by
# LEAKAGE_REAL_DATA, or ../shared/data/real-sample. They are not part of this project. Everything tested here is also
# tested on generated data.

use strict;
use warnings FATAL => 'all';

use FindBin;
use lib $FindBin::RealBin;
use MartTest;
use PostgreSQL::Test::Utils;
use Test::More;

my ($dir) = grep { defined && -r "$_/crm1.csv" && -r "$_/device1.csv" && -r "$_/rev1.csv" }
	($ENV{LEAKAGE_REAL_DATA}, map { "$_/shared/data/real-sample" } '..', "$FindBin::RealBin/../../..");
plan(skip_all => 'not run: the published files are not available (set LEAKAGE_REAL_DATA to a directory with them)') if !$dir;
$dir = PostgreSQL::Test::Utils::perl2host($dir) if PostgreSQL::Test::Utils->can('perl2host');

my $node = start_node('real');
$node->safe_psql('postgres', q{CALL leakage_create_mart('telecom')});
load_mart($node, 'telecom', $dir);
refresh($node, 'telecom');

my $lines = sub { my @lines = split /\n/, slurp_file("$dir/$_[0]"); scalar(@lines) - 1 };
is($node->safe_psql('postgres', 'SELECT crm_rows, device_rows, revenue_rows FROM telecom.run_log'),
	join('|', map { $lines->($_) } 'crm1.csv', 'device1.csv', 'rev1.csv'), 'every line is counted');
is($node->safe_psql('postgres', 'SELECT * FROM telecom.reconciliation_faults'), '', 'it reconciles');
is($node->safe_psql('postgres', 'SELECT count(*) FROM telecom.rejected_rows'), 0, 'no published row is refused');
is($node->safe_psql('postgres', q{SELECT count(*) FROM telecom.users WHERE gender NOT IN ('Female', 'Male', 'Unknown') OR status = 'OTHER' OR mobile_type NOT IN ('Prepaid', 'Postpaid')}),
	0, 'every attribute is read');
is($node->safe_psql('postgres', q{SELECT check_name FROM telecom.run_health WHERE verdict <> 'ok' AND check_name <> 'orphan_revenue'}), '',
	'nothing is unhealthy but the orphans, which the published files have');

my $method = $node->safe_psql('postgres', 'SELECT model_method FROM telecom.run_log') || 'none';
for my $script ('oracle', $method eq 'likelihood' ? 'decision' : ())
{
	my ($status, undef, $err) = psql_file($node, "test/oracle/$script.sql");
	is($status, 0, "$script.sql") or diag($err);
}
my ($status, $out, $err) = psql_file($node, 'test/oracle/compare.sql', 'rejected=0', $method eq 'likelihood' ? () : 'decision=0');
like($out, qr/ 0 differences$/m, 'the oracle agrees') or diag($out, $err);

$node->stop;
done_testing();
