# From one version to the next: ALTER EXTENSION UPDATE, then leakage_upgrade_mart. Afterward, everything equals a fresh
# installation of the next version. The next version is derived here from the current one. It changes a function that a
# user's view calls, and adds a column to a published view, a published view, an option, and a column to the run history.
# It renames a published view. Calls say what to do while the versions of library, script, and mart differ.

use strict;
use warnings FATAL => 'all';

use FindBin;
use lib $FindBin::RealBin;
use MartTest;
use PostgreSQL::Test::Utils;
use Test::More;

my $pg_config = $ENV{PG_CONFIG} || 'pg_config';
chomp(my $scripts = `$pg_config --sharedir`);
$scripts .= '/extension';
if (!-w $scripts)
{
	die "$scripts is not writable" if $ENV{SERVER_DIR};
	plan(skip_all => "$scripts is not writable");
}

# ---- the next version

my $current = slurp_file("$scripts/leakage--1.0.sql");
my $next = $current;

# replaces a text of the script, which must be there
sub change
{
	my ($from, $to) = @_;

	my $count = $next =~ s/$from/$to/g;
	die "nothing to replace: $from" if !$count;
}

$next =~ s/(FUNCTION _leakage\.library_version\(\)\s+RETURNS text)\s+AS [^\n]*\s+LANGUAGE C ([^;]*);/$1\n\tLANGUAGE sql $2\n\tRETURN '1.1'::pg_catalog.text;/
	or die 'no library_version';
$next =~ s/(FUNCTION spread\(summary revenue_summary\)\s+RETURNS numeric)\s+AS [^\n]*\s+LANGUAGE C ([^;]*);/$1\n\tLANGUAGE sql $2\n\tRETURN pg_catalog.numeric_mul(2, \@extschema\@.total(summary));/
	or die 'no spread';
change(qr/SELECT w\.period AS week_order,/, 'SELECT w.period AS week_order, 7::bigint AS days,');
change(qr/(?=\t\t\('msisdn'::name, NULL::name\[\], )/, qq{\t\t('days'::name, '{weeks}'::name[], 'number of days in the week'),\n});
change(qr/(?<='run_reasons', 'run_log')/, q{, 'server_count'});
change(qr/(?<=CALL _leakage\.create_evidence\(mart\);\n)/, q{
	EXECUTE _leakage.mart_sql(mart, 'CREATE VIEW @mart@.server_count AS SELECT count(DISTINCT server_version) AS servers FROM @mart@.refresh_run;
		COMMENT ON VIEW @mart@.server_count IS ''number of server versions''');
});
change(qr/(?=\t\t\('bulk_pass', )/, qq{\t\t('new_option', 'number', '3', 1, 10, NULL, 'an option of the next version'),\n});
change(qr/(?<=fdr_credible boolean)(?=\);\n\s*COMMENT ON TABLE)/, ",\n\t\tremark text");
change(qr/\t-- a later version alters the tables that are kept here[^\n]*\n/, q{
	IF previous = '1.0' THEN
		EXECUTE _leakage.mart_sql(schema, 'ALTER TABLE @mart@.refresh_run ADD COLUMN remark text');
	END IF;
});
change(qr/\brevenue_split\b/, 'revenue_parts');
change(qr/unnest\('\{\}'::name\[\]\)/, q{unnest('{revenue_split}'::name[])});

# the update script: every statement that is not in the current script, with OR REPLACE if it is about a function
my %old = map { $_ => 1 } statements($current);
my @delta = grep { !$old{$_} } statements($next);
s/^CREATE (?=FUNCTION|PROCEDURE)/CREATE OR REPLACE / for @delta;

sub statements
{
	return grep { /^[A-Z]/ } split /^(?=(?:CREATE|COMMENT|GRANT|DO|--) ?)/m, $_[0];
}

my @written = ("$scripts/leakage--1.1.sql", "$scripts/leakage--1.0--1.1.sql");
append_to_file($written[0], $next);
append_to_file($written[1], qq{\\echo Use "ALTER EXTENSION leakage UPDATE" to load this file. \\quit\n} . join('', @delta));
END { unlink @written if @written; }

# ---- a database with a mart of the current version, and with objects of users

my $node = start_node('upgrade');
$node->safe_psql('postgres', q{
	CREATE ROLE app LOGIN;
	CREATE ROLE bi LOGIN;
	CREATE DATABASE upgraded OWNER app;
	CREATE DATABASE fresh OWNER app});

sub as_app
{
	my ($database, $sql) = @_;
	my ($status, $out, $err) = $node->psql($database, $sql, on_error_stop => 1, extra_params => [ '-U', 'app' ]);

	return wantarray ? ($status, $out, $err) : $out;
}

sub succeeds
{
	my ($database, $sql, $name) = @_;
	my ($status, $out, $err) = as_app($database, $sql);

	is($status, 0, $name) or diag($err);
	return $err;
}

# the call fails with this message and this hint
sub refused
{
	my ($database, $sql, $message, $hint, $name) = @_;
	my ($status, $out, $err) = as_app($database, $sql);

	like($err, qr/ERROR:  \Q$message\E\n(?:.*\n)*HINT:  \Q$hint\E/, $name);
}

my $of_user = q{
	CREATE TABLE kept AS SELECT n % 3 AS part, revenue_summary(n) AS summary FROM generate_series(1, 30) AS n GROUP BY 1;
	CREATE VIEW of_functions AS SELECT part, spread(summary) AS spread, summary + summary AS twice FROM kept;
	CREATE VIEW of_types AS SELECT leakage_fit(p, NULL::leakage_model) AS model FROM (SELECT leakage_profile(1, 2, 3)) AS t (p)};
succeeds('upgraded', "CREATE EXTENSION leakage VERSION '1.0'; $of_user", 'the current version is installed');
small_mart($node, 'telecom', database => 'upgraded', user => 'app');
refresh($node, 'telecom', database => 'upgraded', user => 'app');
succeeds('upgraded', q{
	CALL leakage_alter_mart('telecom', '{"fdr": 0.04}');
	CALL leakage_grant_bi('telecom', 'bi');
	GRANT SELECT (msisdn) ON telecom.scored_user TO bi;
	INSERT INTO telecom.load_log VALUES (1, 'crm', 'crm1.csv', 10, 'x', 0, 10, 1);
	INSERT INTO telecom.skipped_row VALUES (1, 'of no landing table', 'crm1.csv', 3, 'row_column_count', 'a,b');
	CREATE INDEX of_user ON telecom.scored_user (segment);
	CREATE VIEW of_mart AS SELECT msisdn FROM telecom.users;
	CREATE FUNCTION of_row(telecom.kpi) RETURNS bigint LANGUAGE sql AS 'SELECT 1::bigint'}, 'and used');
my $history = as_app('upgraded', 'SELECT run_id, started_at, options, md5(model::text) FROM telecom.refresh_run');

is(succeeds('upgraded', q{CALL leakage_upgrade_mart('telecom')}, 'a mart of this version'),
	'psql:<stdin>:1: NOTICE:  mart "telecom" already has version 1.0', 'is left alone');

# ---- ALTER EXTENSION UPDATE, while users' views depend on functions and types

succeeds('upgraded', q{ALTER EXTENSION leakage UPDATE TO '1.1'}, 'ALTER EXTENSION UPDATE');
is(as_app('upgraded', 'SELECT bool_and(spread = 2 * total(summary)) FROM of_functions JOIN kept USING (part)'), 't', 'a user\'s view calls the changed function');

for my $call (q{CALL leakage_refresh('telecom')}, q{CALL leakage_alter_mart('telecom', '{}')}, q{SELECT leakage_mart_options('telecom')},
	q{SELECT * FROM leakage_explain('telecom', 'p1')}, q{CALL leakage_grant_bi('telecom', 'bi')}, q{CALL leakage_drop_mart('telecom')})
{
	refused('upgraded', $call, 'mart "telecom" has version 1.0, but the extension has version 1.1',
		q{Run CALL public.leakage_upgrade_mart('telecom').}, "refused: $call");
}
is(as_app('upgraded', 'SELECT count(*) FROM telecom.users'), 40, 'readers see the last run');

# ---- the mart's upgrade

my ($status, $out, $err) = as_app('upgraded', q{CALL leakage_upgrade_mart('telecom')});
like($err, qr/ERROR:  mart "telecom" cannot be upgraded: other objects depend on relations that are created again/, 'objects of users are not dropped');
like($err, qr/DETAIL:  function public\.of_row\(telecom\.kpi\)\.\nview public\.of_mart\.\nHINT:  Save their definitions/, 'but listed');
is(as_app('upgraded', 'SELECT count(*) FROM of_mart'), 40, 'nothing has changed');
($status, $out, $err) = $node->psql('upgraded', q{DROP VIEW of_mart; DROP FUNCTION of_row; CALL leakage_upgrade_mart('telecom')});
like($err, qr/HINT:  Run SET ROLE/, 'a superuser has to SET ROLE');
$err = succeeds('upgraded', q{CALL leakage_upgrade_mart('telecom')}, 'upgraded');
like($err, qr/WARNING:  an index is gone with the table that it was on: CREATE INDEX of_user ON telecom\.scored_user/, 'a user\'s index is not there any more');
like($err, qr/INFO:  leakage_upgrade_mart\(telecom\): upgraded from version 1\.0 to version 1\.1/, 'and says so');

is(as_app('upgraded', 'SELECT run_id, started_at, options, md5(model::text) FROM telecom.refresh_run WHERE run_id = 1'), $history, 'the run history is kept');
is(as_app('upgraded', 'SELECT run_id, extension_version FROM telecom.run_log ORDER BY run_id'), "1|1.0\n2|1.1", 'the mart has been refreshed');
is(as_app('upgraded', 'SELECT count(*) FROM telecom.load_log'), 1, 'load_log is kept');
is(as_app('upgraded', 'SELECT count(*) FROM telecom.skipped_row'), 1, 'skipped_row is kept');
is(as_app('upgraded', q{SELECT value FROM telecom.mart_option WHERE name IN ('fdr', 'min_peers', 'new_option') ORDER BY name}), "0.04\n5\n3", 'options are kept, and new ones have their defaults');
is($node->safe_psql('upgraded', 'SELECT count(*) FROM telecom.users', extra_params => [ '-U', 'bi' ]), 40, 'readers still read');
is($node->safe_psql('upgraded', 'SELECT count(msisdn) FROM telecom.scored_user', extra_params => [ '-U', 'bi' ]), 40, 'privileges on columns are kept');
is(as_app('upgraded', q{SELECT to_regclass('telecom.revenue_split') IS NULL, count(*), min(days) FROM telecom.weeks}), 't|12|7', 'a view is gone, and another one has a column more');

# ---- the same as a fresh installation

succeeds('fresh', "CREATE EXTENSION leakage VERSION '1.1'; $of_user", 'the next version is installed');
small_mart($node, 'telecom', database => 'fresh', user => 'app');
succeeds('fresh', q{
	CALL leakage_alter_mart('telecom', '{"fdr": 0.04}');
	CALL leakage_refresh('telecom')}, 'and used');
succeeds($_, q{CALL leakage_grant_bi('telecom', 'bi'); GRANT SELECT (msisdn) ON telecom.scored_user TO bi}, "granted: $_") for ('upgraded', 'fresh');

# every object of the extension with its definition, comment, and privileges
sub extension_objects
{
	return $node->safe_psql($_[0], q{
		SELECT o.type, o.identity, obj_description(d.objid, d.classid::regclass::name), p.proacl, n.nspacl, t.typacl,
			CASE WHEN p.prokind IN ('f', 'p', 'w') THEN pg_get_functiondef(p.oid) END,
			-- oids of functions, types, and operators as names
			(SELECT string_agg(format('%s=%s', c.key, CASE
					WHEN c.key IN ('oid', 'aggfnoid', 'amprocfamily', 'opcowner', 'opfowner', 'oprowner', 'proowner', 'typowner', 'nspowner', 'nspacl', 'typacl', 'proacl', 'probin', 'prosrc', 'prosqlbody', 'proargtypes', 'proallargtypes', 'proargdefaults') THEN ''
					WHEN jsonb_typeof(c.value) = 'string' AND c.value #>> '{}' ~ '^[0-9]+$' AND (c.value #>> '{}')::bigint > 16383 THEN coalesce(
						(SELECT x.oid::regprocedure::text FROM pg_proc AS x WHERE x.oid = (c.value #>> '{}')::oid),
						(SELECT x.oid::regtype::text FROM pg_type AS x WHERE x.oid = (c.value #>> '{}')::oid),
						(SELECT x.oid::regoperator::text FROM pg_operator AS x WHERE x.oid = (c.value #>> '{}')::oid),
						(SELECT x.nspname::text FROM pg_namespace AS x WHERE x.oid = (c.value #>> '{}')::oid),
						(SELECT x.oid::regclass::text FROM pg_class AS x WHERE x.oid = (c.value #>> '{}')::oid),
						(SELECT x.opfname::text FROM pg_opfamily AS x WHERE x.oid = (c.value #>> '{}')::oid), '?')
					ELSE c.value::text END), ' ' ORDER BY c.key COLLATE "C")
				FROM jsonb_each(coalesce(to_jsonb(p), '{}') || coalesce(to_jsonb(a), '{}') || coalesce(to_jsonb(t), '{}')
					|| coalesce(to_jsonb(q), '{}') || coalesce(to_jsonb(f), '{}') || coalesce(to_jsonb(k), '{}')) AS c)
		FROM pg_depend AS d
			CROSS JOIN LATERAL pg_identify_object(d.classid, d.objid, 0) AS o
			LEFT JOIN pg_proc AS p ON d.classid = 'pg_proc'::regclass AND p.oid = d.objid
			LEFT JOIN pg_aggregate AS a ON d.classid = 'pg_proc'::regclass AND a.aggfnoid = d.objid
			LEFT JOIN pg_type AS t ON d.classid = 'pg_type'::regclass AND t.oid = d.objid
			LEFT JOIN pg_operator AS q ON d.classid = 'pg_operator'::regclass AND q.oid = d.objid
			LEFT JOIN pg_opfamily AS f ON d.classid = 'pg_opfamily'::regclass AND f.oid = d.objid
			LEFT JOIN pg_opclass AS k ON d.classid = 'pg_opclass'::regclass AND k.oid = d.objid
			LEFT JOIN pg_namespace AS n ON d.classid = 'pg_namespace'::regclass AND n.oid = d.objid
		WHERE d.deptype = 'e' AND d.refobjid = (SELECT e.oid FROM pg_extension AS e WHERE e.extname = 'leakage')
		ORDER BY o.type COLLATE "C", o.identity COLLATE "C"});
}

# the texts must be equal; shows the lines that are not
sub same
{
	my ($got, $expected, $name) = @_;
	my %got = map { $_ => 1 } split /\n/, $got;
	my %expected = map { $_ => 1 } split /\n/, $expected;

	ok($got eq $expected, $name) or diag(join("\n", (map { "got: $_" } grep { !$expected{$_} } sort keys %got),
		(map { "expected: $_" } grep { !$got{$_} } sort keys %expected)));
}

sub dump_of
{
	my ($database) = @_;
	my ($out, $err) = run_command([ 'pg_dump', '-h', $node->host, '-p', $node->port, '-U', 'app', '--schema-only', $database ]);

	return $out =~ s/^\\(?:un)?restrict .*\n//mgr;
}

my $objects = extension_objects('upgraded');
like($objects, qr/new_option/, 'the objects of the extension are there with their definitions');
like($objects, qr/aggtransfn=\"_leakage\.leakage_profile_transition\"/, 'and of aggregates');
same($objects, extension_objects('fresh'), 'the objects of the extension are those of a fresh installation');
$node->safe_psql('fresh', 'ALTER FUNCTION spread(revenue_summary) COST 7');
isnt(extension_objects('fresh'), $objects, 'a difference would be seen');
like(dump_of('upgraded'), qr/CREATE VIEW telecom\.revenue_parts AS/, 'the dump has the mart');
same(dump_of('upgraded'), dump_of('fresh'), 'the dump is that of a fresh installation');
same(fingerprint($node, 'telecom', 'upgraded'), fingerprint($node, 'telecom', 'fresh'), 'the datasets are those of a fresh installation');
my $options = 'SELECT * FROM telecom.mart_option ORDER BY name COLLATE "C"';
same(scalar(as_app('upgraded', $options)), scalar(as_app('fresh', $options)), 'and so are the options');
refresh($node, 'telecom', database => 'upgraded', user => 'app', name => 'the next refresh');

# pg_upgrade has a test of its own, which needs a second server, and fails without one
{
	local $ENV{PG_CONFIG_NEW};
	command_fails_like([ 'test/check-upgrade.sh' ], qr/^error: PG_CONFIG_NEW must name the pg_config of a newer PostgreSQL$/, 'check-upgrade needs a server');
	$ENV{PG_CONFIG_NEW} = '/nowhere/pg_config';
	command_fails_like([ 'test/check-upgrade.sh' ], qr/^error: PG_CONFIG_NEW has no server with its development files: \/nowhere\/pg_config$/, 'and not just any file');
}

# ---- versions that do not fit

sub with_versions
{
	my ($script, $mart) = @_;

	$node->safe_psql('fresh', "UPDATE pg_extension SET extversion = '$script' WHERE extname = 'leakage'; CREATE OR REPLACE VIEW telecom.mart_version AS SELECT '$mart'::text AS version");
}

with_versions('1.0', '1.0');
refused('fresh', q{CALL leakage_refresh('telecom')}, 'the library of leakage has version 1.1, but its SQL objects have version 1.0',
	'Run ALTER EXTENSION leakage UPDATE.', 'a newer library');
with_versions('1.10', '1.10');
refused('fresh', q{CALL leakage_upgrade_mart('telecom')}, 'the library of leakage has version 1.1, but its SQL objects have version 1.10',
	'Reconnect.', 'a library that this session loaded before the update');
with_versions('1.1', '1.10');
refused('fresh', q{CALL leakage_upgrade_mart('telecom')}, 'mart "telecom" has version 1.10, but the extension has version 1.1',
	'Run ALTER EXTENSION leakage UPDATE.', 'a mart of a later version');
$node->safe_psql('fresh', 'DROP VIEW telecom.mart_version');
for my $call ('refresh', 'upgrade_mart')
{
	refused('fresh', "CALL leakage_$call('telecom')", 'mart "telecom" has no version: it was made before leakage 1.0',
		'Create another mart, copy the rows of the landing tables into it, and drop the old schema.', "a mart without a version: $call");
}

$node->stop;
done_testing();
