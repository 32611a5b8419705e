# The owner of a database, who is not a superuser, fills a schema with objects and creates the extension there. The script
# runs as superuser, but uses none of these objects: functions and operators that are a better match than PostgreSQL's own,
# types, domains, casts, aggregates, collations, and tables with PostgreSQL's names. Later, others use a mart of theirs
# while functions with the names of the extension's own lie beside these.

use strict;
use warnings FATAL => 'all';

use FindBin;
use lib $FindBin::RealBin;
use MartTest;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = start_node('hostile_schema');
my $script = slurp_file($node->safe_psql('postgres', q{SELECT setting FROM pg_config WHERE name = 'SHAREDIR'}) . '/extension/leakage--1.0.sql');

$node->safe_psql('postgres', q{
	CREATE ROLE mallory LOGIN;
	CREATE ROLE app LOGIN;
	CREATE DATABASE trap OWNER mallory});

sub as
{
	my ($user, $sql) = @_;
	my ($status, $out, $err) = $node->psql('trap', $sql, on_error_stop => 1, extra_params => [ '-U', $user ]);

	return ($status, $out, $err);
}

sub succeeds
{
	my ($user, $sql, $name) = @_;
	my ($status, $out, $err) = as($user, $sql);

	is($status, 0, $name) or diag($err);
	return $err;
}

# Plants every function that the script names, with other argument types: where PostgreSQL's own takes a type, a
# function that takes a similar one.
my @names = do { my %seen; grep { !$seen{$_}++ } $script =~ /\b([a-z_][a-z_0-9]+)\(/g };
my $plant = q{
	DO $do$
	DECLARE
		f record;
		planted integer := 0;
	BEGIN
		FOR f IN
			SELECT DISTINCT p.proname, p.prokind = 'p' AS is_procedure, array_to_string(a.types, ',') AS arguments, t.type AS result
			FROM pg_proc AS p
				CROSS JOIN unnest('{text,varchar,name,integer,bigint,numeric,jsonb,text[],integer[],numeric[],boolean,timestamp,date,double precision,bytea,regclass,oid,"char"}'::text[]) AS t (type)
				CROSS JOIN LATERAL (
					-- all arguments of one type, or one of them changed
					SELECT array_fill(t.type, ARRAY[p.pronargs::integer]) AS types
					UNION ALL
					SELECT (SELECT array_agg(CASE WHEN n = changed THEN t.type ELSE format_type(p.proargtypes[n - 1], NULL) END ORDER BY n) FROM generate_series(1, p.pronargs) AS n)
					FROM generate_series(1, p.pronargs) AS changed) AS a
			WHERE p.prokind IN ('f', 'a', 'p') AND p.pronargs BETWEEN 1 AND 4 AND p.provariadic = 0
				AND (p.pronamespace = 'pg_catalog'::regnamespace OR p.pronamespace = 'evil'::regnamespace AND p.proname <> 'ring' AND p.proname !~ '^op_')
				AND p.proname = ANY (NAMES)
		LOOP
			BEGIN
				EXECUTE format(CASE WHEN f.is_procedure THEN 'CREATE PROCEDURE' ELSE 'CREATE FUNCTION' END || ' evil.%I(%s)%s LANGUAGE plpgsql AS %L',
					f.proname, f.arguments, CASE WHEN NOT f.is_procedure THEN ' RETURNS ' || f.result END,
					format('BEGIN PERFORM evil.ring(%L);%s END', f.proname || '(' || f.arguments || ')', CASE WHEN NOT f.is_procedure THEN ' RETURN NULL;' END));
				planted := planted + 1;
			EXCEPTION WHEN OTHERS THEN
				NULL;	-- one there already, a polymorphic one, a pseudo-type
			END;
		END LOOP;
		RAISE NOTICE 'planted % functions', planted;
	END
	$do$};
$plant =~ s/NAMES/'{' || '@{[ join ',', @names ]}' || '}'/;
$plant =~ s/= ANY \('\{' \|\| '(.*?)' \|\| '\}'\)/= ANY ('{$1}')/;

my $operators = q{
	DO $do$
	DECLARE
		o record;
		f text;
	BEGIN
		FOR o IN
			SELECT n.name, l.type AS left_type, r.type AS right_type,
				CASE WHEN n.name IN ('||', '+', '-', '*', '/', '%', '->', '->>', '#>>') THEN 'text' ELSE 'boolean' END AS result
			FROM unnest('{=,<>,<,>,<=,>=,||,+,-,*,/,%,->,->>,#>>,~,~~,!~~,&&}'::text[]) AS n (name)
				CROSS JOIN unnest('{text,varchar,name,integer,bigint,numeric,jsonb,oid,boolean,text[],numeric[],"\"char\""}'::text[]) AS l (type)
				CROSS JOIN unnest('{text,varchar,name,integer,bigint,numeric,jsonb,oid,boolean,text[],numeric[],"\"char\""}'::text[]) AS r (type)
		LOOP
			f := 'op_' || left(md5(o::text), 12);
			EXECUTE format('CREATE FUNCTION evil.%I(%s, %s) RETURNS %s LANGUAGE plpgsql AS %L', f, o.left_type, o.right_type, o.result,
				format('BEGIN PERFORM evil.ring(%L); RETURN NULL; END', 'operator ' || o.name));
			EXECUTE format('CREATE OPERATOR evil.%s (LEFTARG = %s, RIGHTARG = %s, FUNCTION = evil.%I)', o.name, o.left_type, o.right_type, f);
		END LOOP;
	END
	$do$;
	-- variadic functions of PostgreSQL, with the arguments of their calls
	DO $do$
	DECLARE
		f record;
	BEGIN
		FOR f IN
			SELECT n.name, concat_ws(', ', 'pg_catalog.text', t.type, CASE WHEN three THEN t.type END) AS arguments
			FROM unnest('{format,concat,concat_ws,jsonb_build_array,jsonb_build_object}'::text[]) AS n (name)
				CROSS JOIN unnest('{pg_catalog.text,pg_catalog.name,integer,bigint,pg_catalog.numeric}'::text[]) AS t (type)
				CROSS JOIN unnest('{true,false}'::boolean[]) AS three
		LOOP
			EXECUTE format('CREATE OR REPLACE FUNCTION evil.%I(%s) RETURNS pg_catalog.text LANGUAGE plpgsql AS %L', f.name, f.arguments,
				format('BEGIN PERFORM evil.ring(%L); RETURN NULL; END', f.name));
		END LOOP;
	END
	$do$;
	-- types that have the names of PostgreSQL's own, and casts between them
	CREATE DOMAIN evil.text AS pg_catalog.text CHECK (length(VALUE) < 0);
	CREATE DOMAIN evil.numeric AS pg_catalog.numeric CHECK (VALUE < 0);
	CREATE TYPE evil.jsonb AS (a integer);
	CREATE TYPE evil.regclass AS ENUM ('a');
	CREATE TYPE evil.name AS ENUM ('a');
	CREATE FUNCTION evil.to_name(evil.name) RETURNS pg_catalog.name LANGUAGE plpgsql AS 'BEGIN PERFORM evil.ring(''cast''); RETURN ''x''; END';
	CREATE CAST (evil.name AS pg_catalog.name) WITH FUNCTION evil.to_name(evil.name) AS IMPLICIT;
	CREATE AGGREGATE evil.string_agg(name, "char") (SFUNC = evil.string_agg_step, STYPE = text);
	CREATE TABLE evil.pg_class (oid oid, relname name);
	CREATE TABLE evil.pg_extension (extname name, extversion text);
	CREATE VIEW evil.pg_namespace AS SELECT 1 AS oid};
$operators =~ s/CREATE AGGREGATE/CREATE FUNCTION evil.string_agg_step(text, name, "char") RETURNS text LANGUAGE plpgsql AS 'BEGIN PERFORM evil.ring(''aggregate''); RETURN NULL; END';\n\tCREATE AGGREGATE/;

succeeds('mallory', q{
	CREATE SCHEMA evil;
	CREATE FUNCTION evil.ring(what text) RETURNS void LANGUAGE plpgsql AS
		$f$BEGIN RAISE WARNING 'ALARM: % by %', what, current_user; END$f$}, 'a schema of an ordinary user');
my $err = succeeds('mallory', $plant, 'functions are planted');
my ($planted) = $err =~ /planted (\d+) functions/;
cmp_ok($planted, '>', 1000, 'many of them');
succeeds('mallory', $operators, 'operators, types, casts, aggregates, and relations are planted');

# ---- the extension is created among them

$err = succeeds('mallory', 'CREATE EXTENSION leakage SCHEMA evil', 'the extension is created');
unlike($err, qr/ALARM/, 'the script calls nothing that was planted');

my $members = q{
	SELECT d.classid, d.objid FROM pg_depend AS d
	WHERE d.deptype = 'e' AND d.refobjid = (SELECT e.oid FROM pg_extension AS e WHERE e.extname = 'leakage')};
my $depend = qq{
	SELECT pg_describe_object(d.classid, d.objid, 0), pg_describe_object(d.refclassid, d.refobjid, 0)
	FROM ($members) AS m
		JOIN pg_depend AS d ON d.classid = m.classid AND d.objid = m.objid
	WHERE d.deptype IN ('n', 'a')
		AND (d.refclassid, d.refobjid) NOT IN (SELECT classid, objid FROM ($members) AS x)
		AND d.refclassid <> 'pg_language'::regclass
		AND NOT (d.refclassid = 'pg_namespace'::regclass AND d.refobjid = 'evil'::regnamespace)
		AND NOT (d.refclassid = 'pg_type'::regclass AND d.refobjid IN (SELECT typarray FROM pg_type JOIN ($members) AS x ON x.objid = pg_type.oid))
	ORDER BY 1, 2};
is($node->safe_psql('trap', $depend), '', 'nothing in the extension depends on what was planted');
# operators that are missing when an operator refers to them would be created as shells
is($node->safe_psql('trap', 'SELECT count(*) FROM pg_operator WHERE oprcode = 0'), 0, 'no operator is a shell');
is($node->safe_psql('trap', q{SELECT count(DISTINCT proowner) FROM pg_proc AS p JOIN pg_depend AS d ON d.objid = p.oid AND d.deptype = 'e' AND d.classid = 'pg_proc'::regclass WHERE pronamespace IN ('evil'::regnamespace, '_leakage'::regnamespace) AND proowner = 'mallory'::regrole}), 0,
	'no function of the extension belongs to mallory');
is((as('mallory', 'CREATE FUNCTION _leakage.x() RETURNS integer LANGUAGE sql RETURN 1'))[0], 3, 'nobody can create anything in the schema of the internals');
is((as('mallory', 'ALTER FUNCTION _leakage.library_version() COST 5'))[0], 3, 'or change what is there');

# ---- and used by somebody else, with functions beside the extension's own

$err = succeeds('mallory', $plant . '; GRANT ALL ON SCHEMA evil TO app; GRANT CREATE ON DATABASE trap TO app', 'functions are planted again, now beside those of the extension');
my ($beside) = $err =~ /planted (\d+) functions/;
cmp_ok($beside, '>', 300, 'many of them');
$err = succeeds('app', q{
	SET search_path = pg_catalog;
	CALL evil.leakage_create_mart('telecom'::name, '{"min_peers": 5}'::jsonb);
	INSERT INTO telecom.crm SELECT concat('p', n), 'Male', '1980', 'ACTIVE', 'Prepaid', 'Tier_1' FROM generate_series(1, 40) AS n;
	INSERT INTO telecom.revenue SELECT concat('p', n), w, CASE WHEN n = 40 AND w >= 27 THEN 1 ELSE 10 + ((n * 7 + w * 3) % 5 - 2) * 0.5 END
	FROM generate_series(1, 40) AS n, generate_series(22, 33) AS w;
	INSERT INTO telecom.revenue VALUES ('p1', 'x', '1');
	INSERT INTO telecom.device VALUES ('p1', '1', 'Nokia', '3310', NULL, NULL);
	INSERT INTO telecom.subscriber_attribute VALUES ('p1', 'North', '2018-01-01');
	INSERT INTO telecom.usage VALUES ('p1', '22', '5');
	CALL evil.leakage_refresh('telecom'::name);
	CALL evil.leakage_alter_mart('telecom'::name, '{"bulk_pass": "off"}'::jsonb);
	CALL evil.leakage_refresh('telecom'::name);
	SELECT count(*) FROM evil.leakage_explain('telecom'::name, 'p40'::text);
	CALL evil.leakage_grant_bi('telecom'::name, 'mallory'::name);
	CALL evil.leakage_upgrade_mart('telecom'::name);
	SELECT count(*) FROM telecom.users WHERE leaked;
	SELECT count(*) FROM telecom.user_weeks}, 'a mart of another user');
unlike($err, qr/ALARM/, 'calls nothing that was planted');
like((as('app', q{SELECT pg_catalog.count(*), pg_catalog.max(reason) FILTER (WHERE leaked) FROM telecom.users}))[1], qr/^40\|drop$/, 'and gives the usual result');
$err = succeeds('app', q{SET search_path = pg_catalog; CALL evil.leakage_drop_mart('telecom'::name)}, 'dropped');
unlike($err, qr/ALARM/, 'without an alarm');

# ---- names of schemas that would become part of the script

for my $name ('a%b', 'a\'b', 'a"b', 'a$b', 'a\\b', 'a$$; DROP TABLE x; --')
{
	my $quoted = '"' . $name =~ s/"/""/gr . '"';
	my ($status, undef, $error) = $node->psql('postgres', "DROP EXTENSION IF EXISTS leakage; CREATE SCHEMA $quoted; CREATE EXTENSION leakage SCHEMA $quoted");

	# PostgreSQL refuses all but the percent sign itself
	like($error, qr/ERROR:  (?:leakage cannot be in a schema whose name has one of the characters "'\$\\% in it|invalid character in extension)/, "refused: schema $name");
}

# ---- an existing schema _leakage is refused

$node->safe_psql('postgres', 'CREATE DATABASE squat OWNER mallory');
$node->safe_psql('squat', 'CREATE SCHEMA _leakage', extra_params => [ '-U', 'mallory' ]);
like(($node->psql('squat', 'CREATE EXTENSION leakage', extra_params => [ '-U', 'mallory' ]))[2], qr/ERROR:  schema "_leakage" already exists/, 'a schema _leakage of somebody is refused');

$node->stop;
done_testing();
