# The mart against the oracle in test/oracle, an independent implementation of docs/rules.md in plain SQL. Both agree on
# every column of every row: for generated dirty data, for the traps, and for weeks of several years. The comparison
# detects a single changed row.

use strict;
use warnings FATAL => 'all';

use FindBin;
use lib $FindBin::RealBin;
use MartTest;
use PostgreSQL::Test::Utils;
use Test::More;

my $dir = generated('--scale', '0.02', '--revenue-only', '--seed', '3', '--dirty', '0.02', '--optional', '--all-spellings', '--tiers', '--leak', '0.05', '--user-sd', '0.3');
my $node = start_node('oracle');

# compares a mart with the oracle, given psql variables for both
sub compare
{
	my ($name, $mart, @variables) = @_;
	my $method = $node->safe_psql('postgres', qq{SELECT model_method FROM "$mart".run_log ORDER BY run_id DESC LIMIT 1});
	my ($status, $out, $err);

	for my $script ('oracle', $method eq 'likelihood' ? 'decision' : ())
	{
		($status, $out, $err) = psql_file($node, "test/oracle/$script.sql", "mart=$mart", @variables);
		is($status, 0, "$name: $script.sql") or diag($err);
	}
	# the closed form decides by p-values, which the oracle does not compute
	($status, $out, $err) = psql_file($node, 'test/oracle/compare.sql', "mart=$mart", $method eq 'likelihood' ? () : 'decision=0');
	return ($status, $out, $err, $method);
}

sub agree
{
	my ($name, $mart, @variables) = @_;
	my ($status, $out, $err) = compare($name, $mart, @variables);

	is($status, 0, "$name: compare.sql") or diag($out, $err);
	like($out, qr/^oracle: (?:[3-9]\d|\d{3,}) columns compared, 0 differences$/m, "$name: no column differs") or diag($out);
}

# generated data
$node->safe_psql('postgres', q{CALL leakage_create_mart('telecom')});
load_mart($node, 'telecom', $dir);
refresh($node, 'telecom');
cmp_ok($node->safe_psql('postgres', 'SELECT count(*) FROM telecom.users'), '>', 1500, 'there are users');
is($node->safe_psql('postgres', 'SELECT DISTINCT model_method FROM telecom.run_log'), 'likelihood', 'the model was fitted');
cmp_ok($node->safe_psql('postgres', 'SELECT count(DISTINCT reason) FROM telecom.rejected_rows'), '>', 8, 'rows were refused for many reasons');
agree('generated', 'telecom');
is($node->safe_psql('postgres', 'SELECT msisdn FROM telecom.final_leakage_data'),
	$node->safe_psql('postgres', 'SELECT msisdn FROM telecom.users ORDER BY leakage DESC, leakage_score DESC, msisdn COLLATE "C"'),
	'the export is in the order of leakage, score, msisdn');

# it detects faults: one amount of one row, one attribute, one missing row, one decision
for my $fault (
	[ 'an amount', q{UPDATE telecom.scored_user AS p
		SET profile = (
			SELECT leakage_profile(w.period, CASE WHEN w.present THEN w.actual + CASE WHEN w.period = first_period(p.profile) THEN 0.000001 ELSE 0 END END, w.expected)
			FROM periods(p.profile) AS w)
		WHERE p.msisdn = (SELECT min(msisdn) FROM telecom.scored_user)} ],
	[ 'an attribute', q{UPDATE telecom.scored_user SET gender = CASE gender WHEN 'Male' THEN 'Female' ELSE 'Male' END
		WHERE msisdn = (SELECT min(msisdn) FROM telecom.scored_user)} ],
	[ 'a missing row', q{DELETE FROM telecom.scored_user WHERE msisdn = (SELECT min(msisdn) FROM telecom.scored_user)} ],
	[ 'a decision', q{UPDATE telecom.scored_user SET leaked = false, leakage = 0, severity = 'None'
		WHERE msisdn = (SELECT min(msisdn) FROM telecom.scored_user WHERE leaked)} ])
{
	my ($what, $command) = @$fault;

	my ($table) = $command =~ /telecom\.(\w+)/;

	$node->safe_psql('postgres', "CREATE TABLE kept AS SELECT * FROM telecom.$table; $command");
	my ($status, $out, $err) = psql_file($node, 'test/oracle/compare.sql', 'mart=telecom');
	is($status, 3, "$what: compare.sql fails");
	unlike($out, qr/, 0 differences$/m, "$what: and reports differences");
	$node->safe_psql('postgres', "DELETE FROM telecom.$table; INSERT INTO telecom.$table SELECT * FROM kept; DROP TABLE kept");
}
is((psql_file($node, 'test/oracle/compare.sql', 'mart=telecom'))[0], 0, 'repaired: no difference');

# the traps; their results were also worked out by hand
for my $variant ([ 'traps', [], '{}' ], [ 'traps_plain', ['optional=0'], '{"peer_dimensions": [], "min_peers": 1}', 'peer_dimensions={}', 'min_peers=1' ],
	[ 'traps_years', ['yyyyww=1'], '{"week_format": "yyyyww", "as_of_year": 2019, "peer_dimensions": ["segment", "gender"]}',
		'week_format=yyyyww', 'as_of_year=2019', 'peer_dimensions={segment,gender}' ],
	[ 'traps_months', ['yyyymm=1'], '{"week_format": "yyyymm"}', 'week_format=yyyymm' ],
	[ 'traps_dates', ['dates=1'], '{"week_format": "date", "credits": "net"}', 'week_format=date', 'credits=net' ],
	[ 'traps_added', [], '{"duplicates": "add", "credits": "net"}', 'duplicates=add', 'credits=net' ])
{
	my ($mart, $traps, $options, @variables) = @$variant;

	$node->safe_psql('postgres', "CALL leakage_create_mart('$mart', '$options')");
	my ($status, undef, $err) = psql_file($node, 'test/oracle/traps.sql', "mart=$mart", @$traps);
	is($status, 0, "$mart: traps.sql") or diag($err);
	refresh($node, $mart);
	agree($mart, $mart, @variables);
	next if $mart ne 'traps';
	($status, undef, $err) = psql_file($node, 'test/oracle/known.sql');
	is($status, 0, "$mart: known.sql, by hand") or diag($err);
}

$node->stop;
done_testing();
