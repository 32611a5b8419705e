# A database with a mart survives pg_dump and restore unchanged, as a script and as an archive, when done by an owner who
# is not a superuser. The restored mart can be refreshed.

use strict;
use warnings FATAL => 'all';

use FindBin;
use lib $FindBin::RealBin;
use MartTest;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = start_node('dump');
my $dir = PostgreSQL::Test::Utils::tempdir('dump');

$node->safe_psql('postgres', q{
	CREATE ROLE app LOGIN;
	CREATE ROLE bi LOGIN;
	CREATE DATABASE source OWNER app});
my @app = (extra_params => [ '-U', 'app' ]);
$node->safe_psql('source', q{CREATE EXTENSION leakage}, @app);
small_mart($node, 'Mart of app', database => 'source', user => 'app');
refresh($node, 'Mart of app', database => 'source', user => 'app');
refresh($node, 'Mart of app', database => 'source', user => 'app', name => 'a second run');
# the extension's types in a user's table, an index on a dataset, rights, and a changed option
$node->safe_psql('source', q{
	CREATE TABLE kept AS SELECT segment, revenue_summary(total_revenue) AS summary FROM "Mart of app".users GROUP BY segment;
	CREATE INDEX users_segment ON "Mart of app".scored_user (segment);
	CALL leakage_grant_bi('Mart of app', 'bi');
	CALL leakage_alter_mart('Mart of app', '{"currency": "EUR"}')}, @app);

sub answers
{
	my ($database) = @_;

	return fingerprint($node, 'Mart of app', $database) . "\n" . $node->safe_psql($database, q{
		SELECT run_id, started_at, finished_at, steps, md5(model::text) FROM "Mart of app".refresh_run ORDER BY run_id;
		SELECT md5(string_agg(profile::text, '' ORDER BY msisdn COLLATE "C")) FROM "Mart of app".scored_user;
		SELECT * FROM "Mart of app".mart_option ORDER BY name COLLATE "C";
		SELECT segment, summary FROM kept ORDER BY segment COLLATE "C";
		SELECT relname, relkind, relowner::regrole, relacl, relispopulated, obj_description(oid, 'pg_class')
		FROM pg_class WHERE relnamespace = '"Mart of app"'::regnamespace AND relkind IN ('r', 'v', 'm', 'i', 'S') ORDER BY relname COLLATE "C";
		SELECT attrelid::regclass, attname, col_description(attrelid, attnum)
		FROM pg_attribute JOIN pg_class c ON c.oid = attrelid
		WHERE relnamespace = '"Mart of app"'::regnamespace AND attnum > 0 AND relkind IN ('r', 'v')
		ORDER BY relname COLLATE "C", attnum;
		SELECT nspowner::regrole, nspacl, obj_description(oid, 'pg_namespace') FROM pg_namespace WHERE nspname = 'Mart of app'});
}

my $first = answers('source');
like($first, qr/^users\|40\|/m, 'there is a mart');
like($first, qr/^users_segment\|i\|app\|/m, 'with a user\'s index');
like($first, qr/^"Mart of app".kpi\|total_revenue\|revenue received/m, 'and with comments on its columns');

for my $format ('plain', 'custom', 'directory')
{
	my $file = "$dir/$format";

	$node->safe_psql('postgres', "CREATE DATABASE $format OWNER app");
	$node->command_ok([ 'pg_dump', '-U', 'app', '-F', $format, '-f', $file, 'source' ], "$format: pg_dump by the owner");
	my @restore = $format eq 'plain' ? ('psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-f', $file) : ('pg_restore', '--exit-on-error', $format eq 'directory' ? ('--clean', '--if-exists') : (), $file);
	$node->command_ok([ @restore, '-U', 'app', '-d', $format ], "$format: restored by the owner");
	is(answers($format), $first, "$format: the same bytes");
	is($node->safe_psql($format, 'SELECT count(*) FROM "Mart of app".users', extra_params => [ '-U', 'bi' ]), 40, "$format: readable as before");

	# the next run continues the numbering and keeps the options
	refresh($node, 'Mart of app', database => $format, user => 'app', name => "$format: refreshed");
	is($node->safe_psql($format, 'SELECT string_agg(run_id::text, $$,$$ ORDER BY run_id) FROM "Mart of app".run_log'), '1,2,3', "$format: a third run");
	is($node->safe_psql($format, q{SELECT count(*) FROM leakage_explain('Mart of app', 'p40') WHERE fact LIKE '%EUR%'}), 2, "$format: with the changed option");
}

# only the mart's schema, restored into a database that has the extension
$node->safe_psql('postgres', q{CREATE DATABASE part OWNER app});
$node->safe_psql('part', q{CREATE EXTENSION leakage}, @app);
$node->command_ok([ 'pg_dump', '-U', 'app', '-n', '"Mart of app"', '-f', "$dir/part", 'source' ], 'pg_dump of the schema');
$node->command_ok([ 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-U', 'app', '-d', 'part', '-f', "$dir/part" ], 'restored');
is(fingerprint($node, 'Mart of app', 'part'), fingerprint($node, 'Mart of app', 'source'), 'the same datasets');
refresh($node, 'Mart of app', database => 'part', user => 'app', name => 'and refreshed');

# a dump taken during a refresh holds the last run, because its snapshot is older
small_mart($node, 'busy');
refresh($node, 'busy');
my $before = fingerprint($node, 'busy');
$node->safe_psql('postgres', q{INSERT INTO busy.revenue VALUES ('p1', '40', '77')});
my $holder = session($node, 'holder', 'BEGIN', 'LOCK TABLE busy.scored_user IN SHARE MODE', 'SELECT pg_sleep(600)');
poll_for($node, q{SELECT count(*) = 1 FROM pg_locks WHERE relation = 'busy.scored_user'::regclass AND mode = 'ShareLock' AND granted});
my $refresh = session($node, 'refresh', q{CALL leakage_refresh('busy')});
poll_for($node, q{SELECT count(*) = 1 FROM pg_locks WHERE relation = 'busy.scored_user'::regclass AND NOT granted});
$node->command_ok([ 'pg_dump', '-f', "$dir/busy", 'postgres' ], 'pg_dump during a refresh');
end_session($node, 'holder', $holder);
is(ended($refresh), 0, 'the refresh continues');
$node->safe_psql('postgres', 'CREATE DATABASE busy');
$node->command_ok([ 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-d', 'busy', '-f', "$dir/busy" ], 'restored');
is(fingerprint($node, 'busy', 'busy'), $before, 'the dump holds the last run');
isnt(fingerprint($node, 'busy'), $before, 'and the database the new run');

$node->stop;
done_testing();
