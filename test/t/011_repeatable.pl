# The published datasets, the users' profiles, and the fitted model are the same bytes for any number of workers, plan,
# memory setting, load order, and locale of the database.

use strict;
use warnings FATAL => 'all';

use FindBin;
use lib $FindBin::RealBin;
use MartTest;
use PostgreSQL::Test::Utils;
use Test::More;

my $dir = generated('--scale', '0.023', '--revenue-only', '--seed', '5', '--weeks', '22-28', '--dirty', '0.01', '--optional', '--leak', '0.05', '--user-sd', '0.3');
my $node = start_node('repeatable', "max_worker_processes = 16\nmax_parallel_workers = 8\n");

# everything that must not change
sub answers
{
	my ($database) = @_;

	return fingerprint($node, 'telecom', $database) . "\n" . $node->safe_psql($database // 'postgres', q{
		SELECT 'model', md5(model::text), length(model::text), leakage_model_users(model) FROM telecom.refresh_run ORDER BY run_id DESC LIMIT 1;
		SELECT 'profiles', md5(string_agg(profile::text, '' ORDER BY msisdn COLLATE "C")) FROM telecom.scored_user});
}

# few bands keep the cube small
my $create = q{CALL leakage_create_mart('telecom', '{"fit_sample": 2000, "age_bands": [40], "revenue_bands": [150], "activity_levels": [0, 0.9]}')};
$node->safe_psql('postgres', $create);
load_mart($node, 'telecom', $dir);

my @parallel = ('parallel_setup_cost = 0', 'parallel_tuple_cost = 0', 'min_parallel_table_scan_size = 0', 'min_parallel_index_scan_size = 0');
refresh($node, 'telecom', name => 'without workers', settings => ['max_parallel_workers_per_gather = 0']);
my $first = answers();
like($first, qr/^users\|2[0-9]\d\d\|/m, 'there are users');
like($first, qr/^top_users\|[1-9]\d*\|/m, 'some of them leak');
like($first, qr/^model\|\w+\|\d+\|2000$/m, 'the model was fitted on a sample');
is($node->safe_psql('postgres', 'SELECT model_method FROM telecom.run_log'), 'likelihood', 'the model was fitted');

# With workers. The plans in the server's log prove that workers took part; this check needs auto_explain. Cleaning is a
# bulk pass, which has workers of its own (033_bulk_pass.pl). The queries around it depend on when autovacuum came by.
my $explain = $node->psql('postgres', q{LOAD 'auto_explain'}) == 0;
my $from = -s $node->logfile;
refresh($node, 'telecom', name => '2 workers', settings => [ @parallel, 'max_parallel_workers_per_gather = 2',
	$explain ? (q{auto_explain.log_min_duration = 0}, q{auto_explain.log_analyze = on}, q{auto_explain.log_timing = off},
		q{auto_explain.log_nested_statements = on}, q{session_preload_libraries = ''; LOAD 'auto_explain'}) : () ]);
is(answers(), $first, '2 workers: the same bytes');
SKIP:
{
	skip 'no auto_explain', 2 if !$explain;
	my %launched;
	# each plan is one log entry: its query, then its nodes
	for my $plan (split /^\d{4}-\d\d-\d\d /m, substr(slurp_file($node->logfile), $from))
	{
		next if $plan !~ /Workers Launched: [1-9]/;
		$launched{expectation} = 1 if $plan =~ /\bFROM telecom\.stage_subscriber$/m;
		$launched{assessment} = 1 if $plan =~ /leakage_assess\(p\.profile/;
	}
	ok($launched{$_}, "2 workers took part in the $_") for qw(expectation assessment);
}

# two rounds of the fit under the given settings, and the plan of the first
sub fitted
{
	my (@settings) = @_;
	my $fit = q{SELECT leakage_fit(profile, $MODEL) FROM telecom.scored_user};
	my $second = $fit =~ s/\$MODEL/(SELECT leakage_fit(profile, NULL) FROM telecom.scored_user)/r;

	$fit =~ s/\$MODEL/NULL/;
	return $node->safe_psql('postgres', join('', map { "SET $_;" } @settings) . "SELECT md5(m::text) FROM ($fit) AS f (m); SELECT md5(m::text) FROM ($second) AS f (m)"),
		$node->safe_psql('postgres', join('', map { "SET $_;" } @settings) . "EXPLAIN (COSTS OFF) $fit");
}
my ($models, $plan) = fitted('max_parallel_workers_per_gather = 0');
unlike($plan, qr/Partial Aggregate/, 'the fit without workers');
for my $workers (2, 4)
{
	my ($again, $parallel) = fitted(@parallel, "max_parallel_workers_per_gather = $workers");

	like($parallel, qr/Partial Aggregate/, "the fit with $workers workers");
	is($again, $models, 'the same bytes');
}

# other row orders, other plans, little memory, and settings that could affect results
my @orders = (
	[ 'shuffled rows, other plans', 'enable_hashagg = off', 'enable_hashjoin = off' ],
	[ 'shuffled again, 4 workers, little memory, other settings', @parallel, 'max_parallel_workers_per_gather = 4', q{work_mem = '64kB'},
		q{datestyle = 'German, DMY'}, q{intervalstyle = 'iso_8601'}, 'extra_float_digits = -15', 'quote_all_identifiers = on', q{timezone = 'Pacific/Kiritimati'}, q{bytea_output = 'escape'} ]);
for my $order (@orders)
{
	my ($name, @settings) = @$order;

	$node->safe_psql('postgres', join('', map { qq{
		CREATE TABLE held AS SELECT * FROM telecom.$_;
		TRUNCATE telecom.$_;
		INSERT INTO telecom.$_ SELECT h.* FROM held AS h ORDER BY md5(h::text || '$name');
		DROP TABLE held; } } qw(crm device revenue subscriber_attribute usage exclusion known_event)));
	refresh($node, 'telecom', name => $name, settings => \@settings);
	is(answers(), $first, "$name: the same bytes");
}

# from scratch, in a database with another locale, with the extension in another schema
$node->safe_psql('postgres', q{CREATE DATABASE other TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C'});
$node->safe_psql('other', q{CREATE SCHEMA tools; CREATE EXTENSION leakage SCHEMA tools; ALTER DATABASE other SET search_path = public, tools});
$node->safe_psql('other', $create);
$node->safe_psql('other', qq{\\copy telecom.$_->[0] from '$dir/$_->[1]' csv header}) for [ 'usage', 'usage.csv' ], [ 'revenue', 'rev1.csv' ],
	[ 'crm', 'crm1.csv' ], [ 'subscriber_attribute', 'subscriber_attribute.csv' ], [ 'device', 'device1.csv' ];
refresh($node, 'telecom', database => 'other', name => 'another database');
is(answers('other'), $first, 'another database, locale and schema: the same bytes');

# Entities are compared as text even if the column's collation treats different texts as equal. Otherwise the row order
# would decide which text represents them.
SKIP:
{
	skip 'no ICU', 1 if $node->psql('postgres', q{CREATE COLLATION any_case (PROVIDER = icu, LOCALE = 'und-u-ks-level2', DETERMINISTIC = false)}) != 0;
	is($node->safe_psql('postgres', q{
		CREATE TABLE collated (who text COLLATE any_case, week integer, amount numeric);
		INSERT INTO collated VALUES ('a', 1, 1), ('A', 1, 2), ('b', 1, 3);
		SELECT entity, actual FROM expected_revenue('collated', 'who', 'week', 'amount') ORDER BY entity COLLATE "C"}),
		"A|2.000000\na|1.000000\nb|3.000000", 'entities are compared as text');
}

$node->stop;
done_testing();
