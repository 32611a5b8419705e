# The owner of a mart plants everything that PostgreSQL could run while somebody else uses the mart. Whoever calls, and
# whatever is called, nothing of it runs. The call is refused, and the error names what was planted.

use strict;
use warnings FATAL => 'all';

use FindBin;
use lib $FindBin::RealBin;
use MartTest;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = start_node('hostile');
my $virtual = $node->safe_psql('postgres', 'SHOW server_version_num') >= 180000;

# mallory owns the mart. Her functions in the schema trap raise an alarm that says whose privileges they run with.
$node->safe_psql('postgres', q{
	CREATE ROLE mallory LOGIN;
	CREATE ROLE member LOGIN CREATEROLE;
	GRANT mallory TO member;
	CREATE ROLE other LOGIN;
	CREATE ROLE worker LOGIN;
	CREATE ROLE bi LOGIN;
	CREATE FOREIGN DATA WRAPPER elsewhere;
	CREATE SERVER elsewhere FOREIGN DATA WRAPPER elsewhere;
	GRANT USAGE ON FOREIGN SERVER elsewhere TO mallory;
	GRANT CREATE ON DATABASE postgres TO mallory});

sub as
{
	my ($user, $sql, @options) = @_;
	my ($status, $out, $err) = $node->psql('postgres', $sql, on_error_stop => 1, extra_params => [ '-U', $user, @options ]);

	return wantarray ? ($status, $out, $err) : $out;
}

sub as_mallory
{
	my ($name, $sql) = @_;
	my ($status, undef, $err) = as('mallory', "SET client_min_messages = warning; $sql");

	return is($status, 0, $name) || diag($err);
}

as_mallory('mallory has a mart and traps', q{
	CREATE SCHEMA trap;
	GRANT USAGE ON SCHEMA trap TO public;
	CREATE FUNCTION trap.ring(text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS
		$$ BEGIN RAISE WARNING 'ALARM: % as % of %', $1, current_user, session_user; RETURN $1; END $$;
	CREATE FUNCTION trap.is_rung(text) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$ SELECT trap.ring($1) IS NOT NULL $$;
	CREATE FUNCTION trap.ring_row() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM trap.ring('trigger'); RETURN NEW; END $$;
	CREATE DOMAIN trap.label AS text CHECK (trap.is_rung(coalesce(VALUE, '')));});
small_mart($node, 'evil', user => 'mallory');
refresh($node, 'evil', user => 'mallory');
as_mallory('she lets others read it', q{
	CALL leakage_grant_bi('evil', 'bi');
	CALL leakage_grant_bi('evil', 'worker');
	GRANT SELECT ON evil.scored_user, evil.mart_week, evil.refresh_run, evil.mart_option TO worker;});
like((as('postgres', q{SET ROLE mallory; SELECT trap.ring('test')}))[2], qr/ALARM: test as mallory of postgres/, 'the alarm works');

# ---- who may call what

my %call = (
	refresh => q{CALL leakage_refresh('evil')}, alter => q{CALL leakage_alter_mart('evil', '{"fdr": 0.04}')},
	grant => q{CALL leakage_grant_bi('evil', 'other')}, drop => q{CALL leakage_drop_mart('evil')},
	# of a version that the owner makes up
	upgrade => q{CREATE OR REPLACE VIEW evil.mart_version AS SELECT '0.9'::text AS version; CALL leakage_upgrade_mart('evil')},
	explain => q{SELECT count(*) FROM leakage_explain('evil', 'p40')}, options => q{SELECT leakage_mart_options('evil') ->> 'fdr'});
my %session = (
	superuser => [ 'postgres', '' ], 'superuser as mallory' => [ 'postgres', 'SET ROLE mallory;' ],
	'superuser as session of mallory' => [ 'postgres', 'SET SESSION AUTHORIZATION mallory;' ],
	member => [ 'member', '' ], 'member as mallory' => [ 'member', 'SET ROLE mallory;' ],
	worker => [ 'worker', '' ], mallory => [ 'mallory', '' ], other => [ 'other', '' ]);

# What each call came to: "ok", or the SQLSTATE. All are rolled back. Also everything that the session was told.
sub outcome
{
	my ($caller, @calls) = @_;
	@calls = qw(refresh alter grant explain options drop) if !@calls;
	my ($user, $setup) = @{ $session{$caller} };
	my $script = "$setup\n" . join("\n", map { "\\echo call $_\n\\warn call $_\nBEGIN; $call{$_}; \\if :ERROR \\echo :LAST_ERROR_SQLSTATE\n\\endif\nROLLBACK;" } @calls);
	my ($status, $out, $err) = $node->psql('postgres', "\\set VERBOSITY verbose\n$script", on_error_stop => 0, extra_params => [ '-U', $user ]);
	my %outcome = map { $_ => 'ok' } @calls;

	while ($err =~ /^call (\w+)\n(.*?)(?=^call |\z)/msg)
	{
		my ($call, $told) = ($1, $2);
		$outcome{$call} = $1 if $told =~ /ERROR:  (\w{5}): /;
	}
	return (join(' ', map { "$_ $outcome{$_}" } @calls), $err);
}

my %allowed = (
	superuser => 'refresh 42501 alter 42501 grant 42501 explain ok options ok drop ok',
	worker => 'refresh 42501 alter 42501 grant 42501 explain ok options ok drop 42501',
	other => 'refresh 42501 alter 42501 grant 42501 explain 42501 options 42501 drop 42501',
	map { $_ => 'refresh ok alter ok grant ok explain ok options ok drop ok' }
		('superuser as mallory', 'superuser as session of mallory', 'member', 'member as mallory', 'mallory'));
for my $caller (sort keys %allowed)
{
	my ($outcome, $err) = outcome($caller);

	is($outcome, $allowed{$caller}, "what $caller may do") or diag($err);
}
for my $caller ('member', 'superuser as mallory', 'mallory')
{
	is((outcome($caller, 'upgrade'))[0], 'upgrade ok', "$caller may upgrade");
}
is((outcome('superuser', 'upgrade'))[0], 'upgrade 42501', 'a superuser may not');
like((outcome('superuser'))[1], qr/superuser "postgres" cannot change schema "evil" of role "mallory"\nHINT:  Run SET ROLE mallory first/, 'the hint for a superuser');

# ---- what mallory plants: a name, how, how to remove it, and what the error says

my @plants = (
	# in the schema
	[ 'a function', q{CREATE FUNCTION evil.format(text, name, name) RETURNS text LANGUAGE plpgsql AS $$ BEGIN RETURN trap.ring('format'); END $$},
		'DROP FUNCTION evil.format', qr/function evil\.format\(text,name,name\)\./ ],
	[ 'a procedure', 'CREATE PROCEDURE evil.lock_mart(name) LANGUAGE sql AS $$ SELECT trap.ring($1) $$', 'DROP PROCEDURE evil.lock_mart', qr/function evil\.lock_mart/ ],
	[ 'an aggregate', 'CREATE AGGREGATE evil.sum(numeric) (SFUNC = numeric_add, STYPE = numeric)', 'DROP AGGREGATE evil.sum(numeric)', qr/function evil\.sum\(numeric\)/ ],
	[ 'an operator', 'CREATE FUNCTION trap.equal(text, text) RETURNS boolean LANGUAGE sql AS $$ SELECT trap.is_rung($1) $$;
		CREATE OPERATOR evil.= (LEFTARG = text, RIGHTARG = text, FUNCTION = trap.equal)', 'DROP FUNCTION trap.equal CASCADE', qr/operator evil\.=\(text,text\)/ ],
	[ 'a domain', 'CREATE DOMAIN evil.name AS text CHECK (trap.is_rung(VALUE))', 'DROP DOMAIN evil.name', qr/type evil\.name/ ],
	[ 'a composite type', 'CREATE TYPE evil.pair AS (a text)', 'DROP TYPE evil.pair', qr/type evil\.pair/ ],
	[ 'an enumeration', q{CREATE TYPE evil.gender AS ENUM ('x')}, 'DROP TYPE evil.gender', qr/type evil\.gender/ ],
	[ 'a collation', q{CREATE COLLATION evil."C" FROM "POSIX"}, 'DROP COLLATION evil."C"', qr/collation evil\."C"/ ],
	[ 'a conversion', q{CREATE DEFAULT CONVERSION evil.c FOR 'UTF8' TO 'LATIN1' FROM utf8_to_iso8859_1}, 'DROP CONVERSION evil.c', qr/conversion evil\.c/ ],
	[ 'a text search configuration', 'CREATE TEXT SEARCH CONFIGURATION evil.c (COPY = pg_catalog.simple)', 'DROP TEXT SEARCH CONFIGURATION evil.c', qr/text search configuration evil\.c/ ],
	[ 'a cast of a row', 'CREATE FUNCTION trap.cast(evil.revenue) RETURNS json LANGUAGE sql AS $$ SELECT to_json(trap.ring($1.msisdn)) $$;
		CREATE CAST (evil.revenue AS json) WITH FUNCTION trap.cast', 'DROP FUNCTION trap.cast CASCADE', qr/cast from evil\.revenue to json/, 'landing' ],
	[ 'a cast of a result row', 'CREATE FUNCTION trap.cast(evil.scored_user) RETURNS text LANGUAGE sql AS $$ SELECT trap.ring($1.msisdn) $$;
		CREATE CAST (evil.scored_user AS text) WITH FUNCTION trap.cast', 'DROP FUNCTION trap.cast CASCADE', qr/cast from evil\.scored_user to text/ ],
	# on tables that calls write
	(map { my ($table, $kind) = @$_; [ "a trigger on $table, $kind", "CREATE TRIGGER boo $kind ON evil.$table EXECUTE FUNCTION trap.ring_row()",
		"DROP TRIGGER boo ON evil.$table", qr/trigger boo on table evil\.$table/ ] }
		[ 'file_count', 'BEFORE INSERT' ], [ 'scored_user', 'AFTER DELETE' ], [ 'mart_option', 'BEFORE INSERT OR UPDATE' ], [ 'refresh_run', 'AFTER INSERT' ]),
	[ 'a deferred trigger', 'CREATE CONSTRAINT TRIGGER boo AFTER INSERT OR UPDATE ON evil.mart_option DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION trap.ring_row()',
		'DROP TRIGGER boo ON evil.mart_option', qr/trigger boo on table evil\.mart_option/ ],
	[ 'a trigger of the server on a landing table', 'CREATE TRIGGER boo BEFORE UPDATE ON evil.crm FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()',
		'DROP TRIGGER boo ON evil.crm', qr/trigger boo on table evil\.crm/, 'landing' ],
	[ 'a rule', q{CREATE RULE boo AS ON INSERT TO evil.rejected_row DO ALSO SELECT trap.ring('rule')}, 'DROP RULE boo ON evil.rejected_row', qr/rule boo on table evil\.rejected_row/ ],
	[ 'a rule on a view', q{CREATE RULE boo AS ON INSERT TO evil.kpi DO INSTEAD SELECT trap.ring('rule')}, 'DROP RULE boo ON evil.kpi', qr/rule boo on view evil\.kpi/ ],
	[ 'row-level security', q{ALTER TABLE evil.mart_week ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY; CREATE POLICY boo ON evil.mart_week USING (trap.is_rung('policy'))},
		'DROP POLICY boo ON evil.mart_week; ALTER TABLE evil.mart_week DISABLE ROW LEVEL SECURITY, NO FORCE ROW LEVEL SECURITY', qr/policy boo on table evil\.mart_week.*table evil\.mart_week, which has row-level security/s ],
	[ 'a policy that is not enabled', q{CREATE POLICY boo ON evil.scored_user USING (trap.is_rung('policy'))}, 'DROP POLICY boo ON evil.scored_user', qr/policy boo on table evil\.scored_user/ ],
	[ 'a default', q{ALTER TABLE evil.file_count ADD extra text DEFAULT trap.ring('default')}, 'ALTER TABLE evil.file_count DROP extra', qr/default value for column extra of table evil\.file_count/ ],
	[ 'a default of load_log', q{ALTER TABLE evil.load_log ALTER loaded_at SET DEFAULT trap.ring('2000-01-01')::timestamp},
		q{ALTER TABLE evil.load_log ALTER loaded_at SET DEFAULT (clock_timestamp() AT TIME ZONE 'UTC')}, qr/default value for column loaded_at of table evil\.load_log/ ],
	[ 'a generated column', 'ALTER TABLE evil.subscriber_cell ADD extra text GENERATED ALWAYS AS (trap.ring(segment)) STORED', 'ALTER TABLE evil.subscriber_cell DROP extra',
		qr/default value for column extra of table evil\.subscriber_cell/ ],
	[ 'a generated column of a landing table', 'ALTER TABLE evil.usage ADD extra text GENERATED ALWAYS AS (trap.ring(msisdn)) STORED', 'ALTER TABLE evil.usage DROP extra',
		qr/default value for column extra of table evil\.usage/, 'landing' ],
	$virtual
	? [ 'a virtual column', q{ALTER TABLE evil.mart_week ADD extra text GENERATED ALWAYS AS (week_number::text) VIRTUAL}, 'ALTER TABLE evil.mart_week DROP extra', qr/default value for column extra of table evil\.mart_week/ ]
	: (),
	[ 'a check constraint', 'ALTER TABLE evil.scored_user ADD CONSTRAINT boo CHECK (trap.is_rung(msisdn))', 'ALTER TABLE evil.scored_user DROP CONSTRAINT boo', qr/constraint boo on table evil\.scored_user/ ],
	[ 'another check of load_log', 'ALTER TABLE evil.load_log DROP CONSTRAINT load_log_check, ADD CONSTRAINT load_log_check CHECK (trap.is_rung(file_name))',
		'ALTER TABLE evil.load_log DROP CONSTRAINT load_log_check, ADD CHECK (0 <= byte_from AND byte_from < byte_to AND byte_to <= file_bytes)', qr/constraint load_log_check on table evil\.load_log/ ],
	[ 'a constant check of a landing table', q{ALTER TABLE evil.crm ADD CONSTRAINT boo CHECK (trap.is_rung('constant')) NOT VALID}, 'ALTER TABLE evil.crm DROP CONSTRAINT boo', qr/constraint boo on table evil\.crm/, 'landing' ],
	[ 'an exclusion constraint', 'ALTER TABLE evil.file_count ADD CONSTRAINT boo EXCLUDE (file WITH =, measure WITH =)', 'ALTER TABLE evil.file_count DROP CONSTRAINT boo', qr/constraint boo on table evil\.file_count/ ],
	[ 'a foreign key', 'CREATE TABLE trap.audit (period integer CONSTRAINT boo REFERENCES evil.mart_week ON DELETE CASCADE); INSERT INTO trap.audit SELECT period FROM evil.mart_week;
		CREATE TRIGGER boo AFTER DELETE ON trap.audit FOR EACH ROW EXECUTE FUNCTION trap.ring_row()', 'DROP TABLE trap.audit', qr/constraint boo on table trap\.audit/ ],
	[ 'a domain as a type', 'ALTER TABLE evil.rejected_row ADD extra trap.label', 'ALTER TABLE evil.rejected_row DROP extra', qr/type trap\.label, which is the type of evil\.rejected_row\.extra/ ],
	[ 'another type of a landing column', 'ALTER TABLE evil.crm ALTER gender TYPE varchar', 'ALTER TABLE evil.crm ALTER gender TYPE text', qr/table evil\.crm, whose column gender is not text/, 'landing' ],
	[ 'a domain as a type of a landing column', 'ALTER TABLE evil.crm ALTER gender TYPE trap.label', 'ALTER TABLE evil.crm ALTER gender TYPE text', qr/type trap\.label, which is the type of evil\.crm\.gender/, 'landing' ],
	# on what calls read: the planner evaluates constant parts of these
	[ 'an index on an expression', 'CREATE INDEX boo ON evil.scored_user (trap.ring(msisdn))', 'DROP INDEX evil.boo', qr/index evil\.boo, which has an expression or a predicate/ ],
	[ 'an index with a constant predicate', q{CREATE INDEX boo ON evil.mart_option (name) WHERE trap.is_rung('predicate')}, 'DROP INDEX evil.boo', qr/index evil\.boo, which has an expression or a predicate/ ],
	[ 'an index of a dataset', q{CREATE INDEX boo ON evil.mv_kpi (region) WHERE trap.is_rung('predicate')}, 'DROP INDEX evil.boo', qr/index evil\.boo, which has an expression or a predicate/ ],
	[ 'an index of a landing table', q{CREATE INDEX boo ON evil.revenue (msisdn) WHERE trap.is_rung('predicate')}, 'DROP INDEX evil.boo', qr/index evil\.boo, which has an expression or a predicate/, 'landing' ],
	[ 'statistics on an expression', q{CREATE STATISTICS trap.boo ON (trap.ring('statistics')), (trap.ring(msisdn)) FROM evil.scored_user}, 'DROP STATISTICS trap.boo', qr/statistics object trap\.boo, which has an expression/ ],
	# instead of relations of the mart, and below them
	[ 'a view for a landing table', q{ALTER TABLE evil.device RENAME TO old; CREATE VIEW evil.device AS
			SELECT trap.ring(msisdn) AS msisdn, imei_tac, brand_name, model_name, os_name, os_vendor FROM evil.old UNION ALL SELECT trap.ring('view'), '1', NULL, NULL, NULL, NULL},
		'DROP VIEW evil.device; ALTER TABLE evil.old RENAME TO device', qr/evil\.device is not a table/, 'landing view' ],
	[ 'a view for scored_user', q{ALTER TABLE evil.scored_user RENAME TO old; CREATE VIEW evil.scored_user AS SELECT * FROM evil.old WHERE trap.is_rung('view'); GRANT SELECT ON evil.scored_user TO worker},
		'DROP VIEW evil.scored_user; ALTER TABLE evil.old RENAME TO scored_user', qr/evil\.scored_user is not a table/, 'kind' ],
	[ 'a table for a dataset', q{ALTER MATERIALIZED VIEW evil.mv_kpi RENAME TO old; CREATE TABLE evil.mv_kpi AS SELECT * FROM evil.old},
		'DROP TABLE evil.mv_kpi; ALTER MATERIALIZED VIEW evil.old RENAME TO mv_kpi', qr/evil\.mv_kpi is not a materialized view/, 'kind' ],
	[ 'a child of a result table', 'CREATE TABLE trap.child () INHERITS (evil.mart_week)', 'DROP TABLE trap.child', qr/trap\.child is a child of a table that must have none/, 'kind' ],
	[ 'a foreign child', 'CREATE FOREIGN TABLE trap.far () INHERITS (evil.revenue) SERVER elsewhere', 'DROP FOREIGN TABLE trap.far', qr/trap\.far is not a table/, 'foreign child' ],
	[ 'a partition of another table', q{CREATE TABLE trap.parent (file text NOT NULL, measure text NOT NULL, value numeric NOT NULL) PARTITION BY LIST (trap.ring(file));
			ALTER TABLE trap.parent ATTACH PARTITION evil.file_count DEFAULT}, 'ALTER TABLE trap.parent DETACH PARTITION evil.file_count; DROP TABLE trap.parent',
		qr/table evil\.file_count, which is a partition of another table/ ],
	[ 'an expression in a partition key', q{ALTER TABLE evil.usage RENAME TO old; CREATE TABLE evil.usage (msisdn text, week_number text, sessions text) PARTITION BY LIST (trap.ring(msisdn));
			CREATE TABLE trap.part PARTITION OF evil.usage DEFAULT}, 'DROP TABLE evil.usage; ALTER TABLE evil.old RENAME TO usage',
		qr/table evil\.usage, which has an expression in its partition key/, 'landing' ]);

for my $plant (@plants)
{
	my ($name, $sow, $weed, $error, $where) = @$plant;
	my $reads = ($where // '') =~ /^(?:landing|foreign)/ ? 'ok' : '55000';
	my $drops = ($where // '') =~ /view|kind|foreign/ ? '55000' : 'drop';

	next unless as_mallory("mallory plants $name", $sow);
	for my $caller (sort keys %allowed)
	{
		next if $caller eq 'mallory' || $caller eq 'other';
		my ($outcome, $err) = outcome($caller);
		my ($drop) = $outcome =~ s/ drop (\w+)$// ? $1 : '';

		unlike($err, qr/ALARM/, "$name: does not run for $caller");
		is($outcome, $caller =~ /^(superuser|worker)$/ ? "refresh 42501 alter 42501 grant 42501 explain $reads options $reads"
			: "refresh 55000 alter 55000 grant $reads explain $reads options $reads", "$name: refused for $caller") or diag($err);
		like($drop, $caller eq 'worker' ? qr/^42501$/ : $drops eq 'drop' ? qr/^(?:ok|2BP01)$/ : qr/^$drops$/, "$name: a drop by $caller is as safe as DROP SCHEMA");
		like($err, qr/ERROR:  55000: mart "evil" is not as leakage_create_mart made it\nDETAIL:  .*$error.*\nHINT:  (?:Drop what was added|Only role mallory itself)/s, "$name: the error names it")
			if $caller eq 'member';
	}
	my ($outcome, $err) = outcome('member', 'upgrade');
	like($outcome, qr/ (?:ok|55000|2BP01|42P07)\z/, "$name: an upgrade drops it, or is refused") or diag($err);
	unlike($err, qr/ALARM/, "$name: and does not run it");
	as_mallory("mallory removes $name", $weed);
}
is((outcome('member'))[0], $allowed{member}, 'after all that, a member can do everything again') or diag((outcome('member'))[1]);

# more of a kind than an error lists
as_mallory('many functions', join(';', map { "CREATE FUNCTION evil.f$_() RETURNS integer LANGUAGE sql AS 'SELECT 1'" } 1 .. 9));
like((outcome('member'))[1], qr/DETAIL:  (?:Found function evil\.f\d\(\)\.\n){5}\.\.\.\nHINT/, 'the first five are named');
as_mallory('removed', join(';', map { "DROP FUNCTION evil.f$_" } 1 .. 9));

# ---- relations of others, and others who may create

for my $gift ([ 'ALTER VIEW evil.kpi OWNER TO other', 'ALTER VIEW evil.kpi OWNER TO mallory', qr/evil\.kpi belongs to role other, and its schema to role mallory/ ],
	[ 'ALTER TABLE evil.crm OWNER TO other', 'ALTER TABLE evil.crm OWNER TO mallory', qr/evil\.crm belongs to role other/ ],
	[ 'ALTER SCHEMA evil OWNER TO other', 'ALTER SCHEMA evil OWNER TO mallory', qr/belongs to role mallory, and its schema to role other/ ],
	[ 'CREATE TABLE child () INHERITS (evil.crm); ALTER TABLE child OWNER TO other', 'DROP TABLE child', qr/public\.child belongs to role other/ ])
{
	my ($give, $return, $error) = @$gift;

	$node->safe_psql('postgres', $give);
	my $caller = $give =~ /SCHEMA/ ? 'worker' : 'member';
	my ($outcome, $err) = outcome($caller);
	like($err, $error, "$give: the error names it");
	unlike($outcome, qr/refresh ok|alter ok/, "$give: refused");
	$node->safe_psql('postgres', $return);
}
as_mallory('mallory lets others create', 'GRANT CREATE ON SCHEMA evil TO other');
is((outcome('member'))[0], 'refresh 42501 alter 42501 grant 42501 explain 42501 options 42501 drop 42501', 'refused');
as_mallory('and takes it back', 'REVOKE CREATE ON SCHEMA evil FROM other');

# a temporary child of another session
my $session = session($node, 'child', 'CREATE TEMPORARY TABLE child () INHERITS (evil.crm)', 'ALTER TABLE child OWNER TO mallory', 'SELECT pg_sleep(600)');
poll_for($node, q{SELECT count(*) = 1 FROM pg_stat_activity WHERE application_name = 'child' AND query LIKE '%pg_sleep%'});
like((outcome('member'))[1], qr/DETAIL:  pg_temp\w*\.child is temporary/, 'a temporary child is refused');
end_session($node, 'child', $session);

# what is allowed
as_mallory('plain indexes, statistics, children, partitions, tables, and views of hers are allowed', q{
	CREATE INDEX plain ON evil.scored_user (segment);
	CREATE STATISTICS evil.plain ON segment, region FROM evil.scored_user;
	CREATE TABLE evil.crm_rest () INHERITS (evil.crm);
	CREATE TABLE evil.note (msisdn text DEFAULT trap.ring('note'));
	CREATE VIEW evil.mine AS SELECT * FROM evil.users;
	ALTER DEFAULT PRIVILEGES IN SCHEMA evil GRANT SELECT ON TABLES TO bi;});
is((outcome('member'))[0], $allowed{member} =~ s/drop ok/drop 2BP01/r, 'by everything but a drop');
as_mallory('removed', 'DROP VIEW evil.mine; DROP TABLE evil.note, evil.crm_rest; DROP STATISTICS evil.plain; DROP INDEX evil.plain;
	ALTER DEFAULT PRIVILEGES IN SCHEMA evil REVOKE SELECT ON TABLES FROM bi');

# ---- the owner itself may put a view in the place of a landing table

as_mallory('mallory puts a view in place', q{ALTER TABLE evil.usage RENAME TO old; CREATE VIEW evil.usage AS SELECT trap.ring(msisdn) AS msisdn, week_number, sessions FROM evil.old;
	INSERT INTO evil.old VALUES ('p1', '22', '5')});
like(refresh($node, 'evil', user => 'mallory', name => 'her own refresh reads it'), qr/ALARM: p1 as mallory of mallory/, 'and runs what it calls');
is(as('worker', q{SELECT usage FROM evil.users WHERE msisdn = 'p1'}), '5', 'with its rows');
for my $caller ('superuser as mallory', 'superuser as session of mallory', 'member', 'member as mallory')
{
	my ($outcome, $err) = outcome($caller);

	like($outcome, qr/^refresh 55000 alter 55000 grant ok explain ok options ok/, "$caller may not refresh");
	unlike($err, qr/ALARM/, 'and it does not run');
	like($err, qr/HINT:  Only role mallory itself, logged in as that role/, 'the hint says who may');
}
as_mallory('removed', 'DROP VIEW evil.usage; ALTER TABLE evil.old RENAME TO usage; DELETE FROM evil.usage');

# ---- readers of the published views run nothing either

as_mallory('overloads in the schema', q{
	CREATE FUNCTION evil.leakage_periods(leakage_profile, numeric[], boolean[], integer[]) RETURNS text LANGUAGE sql AS $$ SELECT trap.ring('periods') $$;
	CREATE FUNCTION evil.round(numeric, integer) RETURNS numeric LANGUAGE plpgsql AS $$ BEGIN PERFORM trap.ring('round'); RETURN 1; END $$;
	GRANT USAGE ON SCHEMA evil TO public});
my ($status, $out, $err) = as('bi', 'SET search_path = evil, public, pg_catalog;' . join(';', map { "SELECT pg_catalog.count(*) FROM evil.$_" }
	split /\n/, $node->safe_psql('postgres', q{SELECT name FROM _leakage.mart_relations() WHERE kind IN ('detail', 'dataset', 'view')})));
is($status, 0, 'a reader can read all views') or diag($err);
unlike($err, qr/ALARM/, 'and nothing runs');
as_mallory('removed', 'DROP FUNCTION evil.leakage_periods; DROP FUNCTION evil.round');

# ---- a mart cannot change between the check and its use

my $holder = IPC::Run::start([ $node->installed_command('psql'), '-X', '-q', '-d', $node->connstr('postgres') . ' user=member application_name=holder', '-c', 'BEGIN',
	'-c', $call{alter}, '-c', 'SELECT pg_sleep(600)' ], '<', \undef, '>', \my $held, '2>', \my $complaint);
poll_for($node, q{SELECT count(*) = 1 FROM pg_stat_activity WHERE application_name = 'holder' AND query LIKE '%pg_sleep%'});
for my $change ('ALTER SCHEMA evil RENAME TO gone', 'CREATE INDEX boo ON evil.mart_option (trap.ring(name))', 'CREATE INDEX CONCURRENTLY boo ON evil.mart_option (trap.ring(name))',
	'CREATE TRIGGER boo BEFORE INSERT ON evil.file_count EXECUTE FUNCTION trap.ring_row()', q{CREATE STATISTICS evil.boo ON (trap.ring(name)), (trap.ring('x')) FROM evil.mart_option},
	q{CREATE RULE boo AS ON INSERT TO evil.scored_user DO ALSO SELECT trap.ring('rule')}, 'CREATE POLICY boo ON evil.mart_week USING (true)', 'CREATE TABLE trap.child () INHERITS (evil.crm)',
	'ALTER TABLE evil.file_count ALTER value SET DEFAULT 1', 'ALTER TABLE evil.mart_week RENAME TO gone', 'ALTER TABLE evil.revenue SET SCHEMA trap', 'CREATE INDEX boo ON evil.mv_kpi (trap.ring(region))',
	'CREATE TABLE trap.audit (period integer REFERENCES evil.mart_week)', 'ALTER TABLE evil.rejected_row OWNER TO mallory, ADD extra trap.label')
{
	my ($status, undef, $err) = as('mallory', "SET client_min_messages = error; SET lock_timeout = '200ms'; $change", '-v', 'VERBOSITY=verbose');

	like($err, qr/ERROR:  55P03/, "$change has to wait") or diag("status $status");
}
for my $use (q{SELECT count(*) FROM evil.users}, q{INSERT INTO evil.revenue VALUES ('p1', '40', '1')}, $call{explain}, 'GRANT USAGE ON SCHEMA evil TO other')
{
	is((as('mallory', "SET lock_timeout = '5s'; $use"))[0], 0, "$use does not wait");
}
end_session($node, 'holder', { harness => $holder });
like((as('member', "BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1; $call{alter}"))[2], qr/a mart of another role cannot be changed in a repeatable read transaction/,
	'an older snapshot would hide what she planted');
as_mallory('cleaned up', q{DROP INDEX IF EXISTS evil.boo; DELETE FROM evil.revenue WHERE week_number = '40'});

# ---- calls that read cannot hold anything, so they read rows without the planner, which is dangerous

as_mallory('mallory plants what the planner evaluates', q{
	CREATE INDEX boo ON evil.scored_user (msisdn) WHERE trap.is_rung('predicate');
	CREATE STATISTICS evil.boo ON (trap.ring('statistics')), (trap.ring(msisdn)) FROM evil.scored_user;
	ALTER TABLE evil.scored_user ADD CONSTRAINT boo CHECK (trap.is_rung('check'))});
my $count = 'SET constraint_exclusion = on; SELECT count(*) FROM';
like((as('worker', "$count evil.scored_user WHERE msisdn = 'p40'"))[2], qr/ALARM: $_ as worker of worker/, "a query runs the $_") for 'predicate', 'statistics', 'check';
($status, $out, $err) = as('worker', "$count _leakage.mart_rows('evil', 'scored_user', 'p40') AS u (msisdn text, leaked boolean) WHERE leaked");
is($out, '1', 'mart_rows reads the same row');
unlike($err, qr/ALARM/, 'and runs nothing');
as_mallory('removed', 'DROP INDEX evil.boo; DROP STATISTICS evil.boo; ALTER TABLE evil.scored_user DROP CONSTRAINT boo');

my $rows = q{SELECT count(*) FROM _leakage.mart_rows('evil', '%s', %s) AS r (%s)};
is(as('worker', sprintf($rows, 'scored_user', 'NULL', 'msisdn text')), '40', 'without a key it reads all rows');
is(as('mallory', 'BEGIN; ALTER TABLE evil.scored_user DROP CONSTRAINT scored_user_pkey;' . sprintf($rows, 'scored_user', q{'p40'}, 'msisdn text') . '; ROLLBACK'), '1', 'it needs no index');
$node->safe_psql('postgres', 'GRANT SELECT (msisdn) ON evil.scored_user TO other; GRANT USAGE ON SCHEMA evil TO other');
is(as('other', sprintf($rows, 'scored_user', q{'p40'}, 'msisdn text')), '1', 'privileges on the columns are enough');
for my $case ([ 'other', 'scored_user', 'msisdn text, gender text', qr/42501: permission denied for table scored_user/ ], [ 'worker', 'file_count', 'file text', qr/42501: permission denied for table file_count/ ],
	[ 'worker', 'users', 'msisdn text', qr/42809: "evil\.users" is not an ordinary table/ ], [ 'worker', 'nothing', 'msisdn text', qr/42P01: relation "evil\.nothing" does not exist/ ],
	[ 'worker', 'scored_user', 'msisdn text, nothing text', qr/42804: table "scored_user" has no column "nothing" of type text/ ],
	[ 'worker', 'scored_user', 'msisdn text, leaked text', qr/42804: table "scored_user" has no column "leaked" of type text/ ])
{
	my ($user, $table, $columns, $error) = @$case;

	like((as($user, sprintf($rows, $table, q{'p40'}, $columns), '-v', 'VERBOSITY=verbose'))[2], qr/ERROR:  $error/, "mart_rows of $table ($columns) as $user");
}
like((as('mallory', 'BEGIN; ALTER TABLE evil.mart_week ENABLE ROW LEVEL SECURITY;' . sprintf($rows, 'mart_week', 'NULL', 'period integer'), '-v', 'VERBOSITY=verbose'))[2],
	qr/ERROR:  55000: table "evil\.mart_week" has row-level security/, 'mart_rows refuses row-level security');
for my $user ('worker', 'other')
{
	like((as($user, q{SELECT _leakage.hold_mart('evil', '{crm}')}))[2], qr/must be owner of schema evil/, "$user cannot make others wait");
}
$node->safe_psql('postgres', 'REVOKE ALL ON evil.scored_user FROM other; REVOKE ALL ON SCHEMA evil FROM other');

# ---- what only looks like a mart

as_mallory('mallory makes a fake', q{
	CREATE SCHEMA fake;
	CREATE VIEW fake.mart_option AS SELECT trap.ring('fdr') AS name, '0.05'::jsonb AS value, '' AS description;
	CREATE VIEW fake.refresh_run AS SELECT 1 AS run_id;
	GRANT USAGE ON SCHEMA fake TO public; GRANT SELECT ON ALL TABLES IN SCHEMA fake TO public});
for my $call (@call{qw(refresh alter grant drop explain options)}, q{CALL leakage_upgrade_mart('evil')})
{
	my (undef, undef, $err) = as('postgres', $call =~ s/'evil'/'fake'/r, '-v', 'VERBOSITY=verbose');

	like($err, qr/ERROR:  3F000: schema "fake" is not a leakage mart\nHINT/, "$call: a fake mart is refused");
	unlike($err, qr/ALARM/, '... without running anything');
}

# ---- a mart in somebody else's schema

as_mallory('an empty schema', 'CREATE SCHEMA hers; GRANT CREATE, USAGE ON SCHEMA hers TO other');
for my $user ('postgres', 'other')
{
	like((as($user, q{CALL leakage_create_mart('hers')}, '-v', 'VERBOSITY=verbose'))[2], qr/ERROR:  42501: .*"hers"/, "$user cannot create a mart in it");
}
as_mallory('only hers', 'REVOKE CREATE ON SCHEMA hers FROM other');
is((as('member', q{CALL leakage_create_mart('hers'); CALL leakage_refresh('hers')}))[0], 0, 'a member can');
is($node->safe_psql('postgres', q{SELECT string_agg(DISTINCT relowner::regrole::text, ',') FROM pg_class WHERE relnamespace = 'hers'::regnamespace}), 'mallory', 'and it belongs to the owner of the schema');
is((as('mallory', q{CALL leakage_refresh('hers'); CALL leakage_drop_mart('hers')}))[0], 0, 'who can use it');

# ---- a mart called by a function of another role

$node->safe_psql('postgres', q{
	CREATE FUNCTION public.count_lines() RETURNS bigint LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS
		$$ SELECT count(*) FROM public.leakage_explain('evil', 'p40') $$});
cmp_ok(as('other', 'SELECT count_lines()'), '>', 10, 'in a function with SECURITY DEFINER');

# ---- reserved names of roles, and temporary tables of the caller

for my $role ('public', 'pg_monitor', 'pg_read_all_data')
{
	like((as('mallory', "CALL leakage_grant_bi('evil', '$role')", '-v', 'VERBOSITY=verbose'))[2], qr/ERROR:  42939: role name "$role" is reserved\nDETAIL: .*personal data.*\nHINT/s, "no grant to $role");
}
like((as('mallory', q{CALL leakage_grant_bi('evil', 'current_user')}, '-v', 'VERBOSITY=verbose'))[2], qr/ERROR:  42704: /, 'a keyword is a name like any other');
is(as('mallory', q{
	SET client_min_messages = error;
	CREATE TEMPORARY TABLE stage_revenue (important text);
	INSERT INTO stage_revenue VALUES ('mine');
	CREATE TEMPORARY TABLE revenue AS SELECT * FROM stage_revenue;
	BEGIN;
	CALL leakage_refresh('evil');
	CALL leakage_refresh('evil');
	COMMIT;
	SELECT * FROM stage_revenue, revenue;
	SELECT count(*) FROM pg_class WHERE relname LIKE '%leakage\_stage\_%'}), "mine|mine\n0", 'two refreshes in a transaction leave temporary tables of the caller alone, and none of their own');
($status, $out, $err) = as('mallory', q{CREATE TEMPORARY VIEW leakage_stage_crm AS SELECT 1; CALL leakage_refresh('evil')}, '-v', 'VERBOSITY=verbose');
like($err, qr/ERROR:  42P07: relation pg_temp\.leakage_stage_crm is in the way of a refresh\nDETAIL: .*\nHINT:  Drop or rename/s, 'a reserved name is refused');

# ---- orphan files

my $documented = slurp_file("$FindBin::RealBin/../../docs/operations.md");
my ($query) = $documented =~ /\*\*Orphan files\.\*\*.*?```sql\n(.*?)```/s;
is($node->safe_psql('postgres', $query), '', 'no file is without its relation');
my $directory = $node->data_dir . '/base/' . $node->safe_psql('postgres', q{SELECT oid FROM pg_database WHERE datname = 'postgres'});
append_to_file("$directory/4000000001", 'x');
append_to_file("$directory/4000000001.1", 'x');
like($node->safe_psql('postgres', $query), qr/^4000000001(?:\.1)?\|1 bytes\|.*\n4000000001(?:\.1)?\|1 bytes\|[^\n]*\z/, 'a file without one is found');

$node->stop;
done_testing();
