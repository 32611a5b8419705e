# The owner of a mart needs no superuser for anything, and others who may create objects next to it gain nothing.
# Functions, operators, types, and tables of others that look like the extension's or PostgreSQL's own are never used,
# neither when the extension is created nor when a mart is used.

use strict;
use warnings FATAL => 'all';

use FindBin;
use lib $FindBin::RealBin;
use MartTest;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = start_node('privileges');

$node->safe_psql('postgres', q{
	CREATE ROLE app LOGIN;
	CREATE ROLE mallory LOGIN;
	CREATE ROLE bi LOGIN;
	CREATE DATABASE shop OWNER app;
	CREATE DATABASE bazaar OWNER app});

sub as
{
	my ($user, $database, $sql) = @_;
	my ($status, $out, $err) = $node->psql($database, $sql, on_error_stop => 1, extra_params => [ '-U', $user, '-v', 'VERBOSITY=verbose' ]);

	return wantarray ? ($status, $out, $err) : $out;
}

# ---- everything works for an ordinary owner of a database

my ($status, $out, $err) = as('app', 'shop', 'CREATE EXTENSION leakage');
is($status, 0, 'created by the owner of the database') or diag($err);
is(as('app', 'shop', 'SELECT current_setting($$is_superuser$$)'), 'off', 'who is not a superuser');
small_mart($node, 'telecom', database => 'shop', user => 'app');
refresh($node, 'telecom', database => 'shop', user => 'app');
is(as('app', 'shop', 'SELECT count(*) FROM telecom.users'), 40, 'refreshed');
is(as('app', 'shop', q{SELECT count(*) > 10 FROM leakage_explain('telecom', 'p40')}), 't', 'explained');
for my $command (q{CALL leakage_alter_mart('telecom', '{"fdr": 0.04}')}, q{CALL leakage_grant_bi('telecom', 'bi')}, q{CALL leakage_create_mart('second')},
	q{CALL leakage_drop_mart('second')}, 'ALTER EXTENSION leakage UPDATE')
{
	is((as('app', 'shop', $command))[0], 0, $command);
}
is(as('bi', 'shop', 'SELECT count(*) FROM telecom.final_leakage_data'), 40, 'read by another role');
is(as('app', 'shop', q{SELECT count(*) FROM pg_class WHERE relnamespace = 'telecom'::regnamespace AND relowner <> 'app'::regrole}), 0, 'everything belongs to the owner');

# ---- roles without rights

for my $attempt (
	[ 'refresh', q{CALL leakage_refresh('telecom')} ], [ 'change options', q{CALL leakage_alter_mart('telecom', '{"fdr": 0.2}')} ],
	[ 'drop', q{CALL leakage_drop_mart('telecom')} ], [ 'grant', q{CALL leakage_grant_bi('telecom', 'mallory')} ],
	[ 'explain', q{SELECT * FROM leakage_explain('telecom', 'p40')} ], [ 'create a schema', q{CALL leakage_create_mart('mine')} ],
	[ 'read options', q{SELECT leakage_mart_options('telecom')} ],
	[ 'read', q{SELECT * FROM expected_profiles('telecom.scored_user', 'msisdn', 'profile')} ],
	[ 'clean', q{CALL _leakage.clean_crm('telecom', _leakage.complete_options('{}'))} ],
	[ 'lock', q{CALL _leakage.lock_mart('telecom')} ])
{
	for my $user ('mallory', 'bi')
	{
		($status, undef, $err) = as($user, 'shop', $attempt->[1]);
		isnt($status, 0, "$user cannot $attempt->[0]");
		like($err, qr/ERROR:  (42501|3F000)/, "$user is told so");
	}
}
is(as('app', 'shop', 'SELECT count(*) FROM telecom.users'), 40, 'the mart is unchanged');

# ---- what mallory plants in public, before and after the extension is created there

# Each of these raises an alarm that records whose rights it was called with. Their argument types match exactly where
# PostgreSQL's or the extension's own need a cast, so they would win if they were looked up in public.
my $alarm = q{
	CREATE TABLE public.alarm (what text, who text);
	GRANT ALL ON public.alarm TO public;
	CREATE FUNCTION public.ring(what text) RETURNS void LANGUAGE plpgsql AS
		'BEGIN INSERT INTO public.alarm VALUES (what, current_user); RAISE WARNING ''alarm: % by %'', what, current_user; END'};

my @functions = (
	# of pg_catalog, where they are polymorphic or take another type
	[ 'width_bucket(numeric, numeric[])', 'integer', '1' ], [ 'cardinality(numeric[])', 'integer', '1' ], [ 'trim_scale(numeric)', 'numeric', '$1' ],
	[ 'format(text, name)', 'text', 'NULL' ], [ 'format(text, text)', 'text', 'NULL' ], [ 'coalesce_text(text)', 'text', '$1' ],
	[ 'to_regclass(text)', 'regclass', 'NULL' ], [ 'quote_ident(name)', 'text', 'NULL' ], [ 'lower(text)', 'text', '$1' ], [ 'upper(text)', 'text', '$1' ],
	[ 'round(numeric, integer)', 'numeric', '$1' ], [ 'md5(text)', 'text', '$1' ], [ 'set_config(text, text, boolean)', 'text', '$1' ],
	[ 'jsonb_object_agg_transfn(text)', 'text', '$1' ], [ 'jsonb_typeof(jsonb)', 'text', 'NULL' ], [ 'array_to_string(text[], text)', 'text', 'NULL' ],
	[ 'to_jsonb(text)', 'jsonb', 'NULL' ], [ 'clock_timestamp()', 'timestamptz', 'NULL' ], [ 'current_setting(text)', 'text', 'NULL' ],
	# of the extension: with the types of its calls, where those need a cast
	[ 'leakage_band(integer, numeric[], text, boolean)', 'text', 'NULL' ], [ 'leakage_band(bigint, numeric[], text, boolean)', 'text', 'NULL' ],
	[ 'leakage_clean_id(character varying)', 'text', 'NULL' ], [ 'leakage_week_start(bigint, integer)', 'date', 'NULL' ],
	[ 'leakage_week_start(integer, bigint)', 'date', 'NULL' ], [ 'leakage_check_option(text, text)', 'void', 'NULL' ],
	[ 'leakage_mart_options(text)', 'jsonb', 'NULL' ], [ 'leakage_fit_mart(text, jsonb)', 'text', 'NULL' ], [ 'leakage_begin_step(name, integer, integer, text)', 'timestamp', 'NULL' ],
	[ 'leakage_begin_step(text, text[], integer)', 'timestamp', 'NULL' ], [ 'leakage_begin_step(name, text[], bigint)', 'timestamp', 'NULL' ],
	[ 'expected_revenue(regclass, text, text, text, name[], double precision, integer)', 'SETOF record', 'NULL' ],
	[ 'expected_revenue(regclass, unknown_text, unknown_text, unknown_text)', 'text', 'NULL' ]);
my @procedures = ('leakage_publish_dataset(name, text, text, text)', 'leakage_keep_rejected(name, text, text, text)', 'leakage_create_landing(text)', 'leakage_create_results(text)',
	'leakage_create_detail(text)', 'leakage_create_visuals(text)', 'leakage_create_evidence(text)', 'leakage_create_published(text)', 'leakage_lock_mart(text)',
	'leakage_clean_crm(text, jsonb)', 'leakage_clean_revenue(text, jsonb)', 'leakage_publish(text)');

my $planted = join(";\n", map {
		my ($signature, $result, $value) = @$_;
		$result eq 'SETOF record'
			? "CREATE FUNCTION public.$signature RETURNS $result LANGUAGE plpgsql AS 'BEGIN PERFORM public.ring(''$signature''); END'"
			: "CREATE FUNCTION public.$signature RETURNS $result LANGUAGE plpgsql AS 'BEGIN PERFORM public.ring(''$signature''); "
			. ($result eq 'void' ? '' : "RETURN $value; ") . "END'" }
		grep { $_->[0] !~ /unknown_text|coalesce_text|transfn/ } @functions)
	. ";\n" . join(";\n", map { "CREATE PROCEDURE public.$_ LANGUAGE plpgsql AS 'BEGIN PERFORM public.ring(''$_''); END'" } @procedures)
	. q{;
	-- operators with exact types, where PostgreSQL's own take others
	CREATE FUNCTION public.op_text(numeric, numeric) RETURNS text LANGUAGE plpgsql AS 'BEGIN PERFORM public.ring(''||''); RETURN 1; END';
	CREATE FUNCTION public.op_text2(numeric, text) RETURNS text LANGUAGE plpgsql AS 'BEGIN PERFORM public.ring(''||''); RETURN 1; END';
	CREATE FUNCTION public.op_minus(numeric, integer) RETURNS numeric LANGUAGE plpgsql AS 'BEGIN PERFORM public.ring(''-''); RETURN 1; END';
	CREATE FUNCTION public.op_equal(text, name) RETURNS boolean LANGUAGE plpgsql AS 'BEGIN PERFORM public.ring(''=''); RETURN true; END';
	CREATE OPERATOR public.|| (LEFTARG = numeric, RIGHTARG = numeric, FUNCTION = public.op_text);
	CREATE OPERATOR public.|| (LEFTARG = numeric, RIGHTARG = text, FUNCTION = public.op_text2);
	CREATE OPERATOR public.- (LEFTARG = numeric, RIGHTARG = integer, FUNCTION = public.op_minus);
	CREATE OPERATOR public.= (LEFTARG = text, RIGHTARG = name, FUNCTION = public.op_equal);
	-- relations and types with names that the extension uses
	CREATE TABLE public.crm (msisdn text);
	CREATE TABLE public.mart_option (name text, value jsonb);
	CREATE TABLE public.pg_class (oid oid, relpages integer, relname name);
	CREATE TABLE public.pg_namespace (nspname name);
	CREATE TABLE public.pg_extension (extname name, extversion text);
	CREATE DOMAIN public.numeric AS integer;
	CREATE DOMAIN public.text AS varchar CHECK (false);
	CREATE AGGREGATE public.sum(numeric) (SFUNC = numeric_add, STYPE = numeric);
	CREATE AGGREGATE public.count(text) (SFUNC = textcat, STYPE = text)};
# the planted functions themselves use the real types, not the planted domains
$planted =~ s/\b(numeric|text)\b(?! AS )/pg_catalog.$1/g;
$planted =~ s/public\.pg_catalog\./public./g;
$planted =~ s/CREATE (DOMAIN) public\.(numeric|text)/CREATE $1 public.$2/g;

# up to PostgreSQL 14, everybody can create objects in public by default
$node->safe_psql('bazaar', 'GRANT CREATE ON SCHEMA public TO public');
($status, undef, $err) = as('mallory', 'bazaar', "$alarm; $planted");
is($status, 0, 'mallory plants objects') or diag($err);
cmp_ok(as('mallory', 'bazaar', q{SELECT count(*) FROM pg_proc WHERE proowner = 'mallory'::regrole}), '>', 40, 'many of them');
as('mallory', 'bazaar', 'SELECT public.ring($$test$$)');
is(as('mallory', 'bazaar', 'SELECT * FROM public.alarm'), 'test|mallory', 'and they raise the alarm');
as('mallory', 'bazaar', 'TRUNCATE public.alarm');

# none of it is used when the extension is created in the same schema, nor later
($status, undef, $err) = as('app', 'bazaar', 'CREATE EXTENSION leakage SCHEMA public');
is($status, 0, 'the extension is created') or diag($err);
# overloads that fit better wherever an argument is NULL without a type
is((as('mallory', 'bazaar', q{
	CREATE FUNCTION public.leakage_periods(public.leakage_profile, pg_catalog.text, pg_catalog.text, integer[]) RETURNS pg_catalog.text LANGUAGE plpgsql AS
		'BEGIN PERFORM public.ring(''leakage_periods''); RETURN NULL; END';
	CREATE FUNCTION public.leakage_profile(integer, pg_catalog.numeric, pg_catalog.text) RETURNS public.leakage_profile LANGUAGE plpgsql AS
		'BEGIN PERFORM public.ring(''leakage_profile''); RETURN NULL; END'}))[0], 0, 'mallory plants overloads');
is($node->safe_psql('bazaar', q{
	SELECT p.oid::regprocedure, pg_describe_object(d.refclassid, d.refobjid, 0)
	FROM pg_depend AS e JOIN pg_proc AS p ON e.classid = 'pg_proc'::regclass AND p.oid = e.objid AND e.deptype = 'e'
		JOIN pg_depend AS d ON d.classid = e.classid AND d.objid = e.objid AND d.deptype = 'n'
		JOIN pg_proc AS h ON d.refclassid = 'pg_proc'::regclass AND h.oid = d.refobjid AND h.proowner = 'mallory'::regrole
	UNION ALL
	SELECT p.oid::regprocedure, pg_describe_object(d.refclassid, d.refobjid, 0)
	FROM pg_depend AS e JOIN pg_proc AS p ON e.classid = 'pg_proc'::regclass AND p.oid = e.objid AND e.deptype = 'e'
		JOIN pg_depend AS d ON d.classid = e.classid AND d.objid = e.objid AND d.deptype = 'n'
		JOIN pg_operator AS o ON d.refclassid = 'pg_operator'::regclass AND o.oid = d.refobjid AND o.oprowner = 'mallory'::regrole}), '', 'no part of the extension depends on them');

# the victim's search_path starts with public, and temporary objects stand in the way too
my $temporary = q{
	SET search_path = public, pg_temp, pg_catalog;
	SET client_min_messages = warning;
	CREATE TEMPORARY TABLE revenue (msisdn pg_catalog.text, week_number pg_catalog.text, revenue_usd pg_catalog.text);
	CREATE TEMPORARY TABLE mart_option (name pg_catalog.text, value jsonb, description pg_catalog.text);
	CREATE TEMPORARY TABLE stage_threshold (msisdn pg_catalog.text);
	CREATE TEMPORARY TABLE stage_subscriber (msisdn pg_catalog.text);
	CREATE TEMPORARY TABLE stage_user (msisdn pg_catalog.text);
	CREATE TEMPORARY TABLE pg_class (oid oid);
	CREATE FUNCTION pg_temp.leakage_clean_id(pg_catalog.text) RETURNS pg_catalog.text LANGUAGE plpgsql AS 'BEGIN PERFORM public.ring(''pg_temp''); RETURN $1; END'};
my $schema = 'telecom';
($status, undef, $err) = as('app', 'bazaar', $temporary . q{;
	SELECT pg_catalog.set_config('search_path', 'pg_catalog', false);
	CALL public.leakage_create_mart('telecom', '{"week_format": "yyyyww", "min_peers": 5, "peer_dimensions": ["segment"]}');
	INSERT INTO telecom.crm SELECT 'p' || n, 'Male', '1980', 'ACTIVE', 'Prepaid', 'Tier_1' FROM generate_series(1, 40) AS n;
	INSERT INTO telecom.revenue SELECT 'p' || n, 201800 + w, CASE WHEN n = 40 AND w >= 27 THEN 1 ELSE 10 + ((n * 7 + w * 3) % 5 - 2) * 0.5 END
	FROM generate_series(1, 40) AS n, generate_series(22, 33) AS w;
	INSERT INTO telecom.revenue VALUES ('p1', 'x', '1');
	INSERT INTO telecom.device VALUES ('p1', '1', 'Nokia', '3310', NULL, NULL);
	INSERT INTO telecom.subscriber_attribute VALUES ('p1', 'North', '2018-01-01');
	INSERT INTO telecom.usage VALUES ('p1', '201822', '5');
	SELECT pg_catalog.set_config('search_path', 'public, pg_temp, pg_catalog', false);
	CALL public.leakage_refresh('telecom'::pg_catalog.name);
	CALL public.leakage_alter_mart('telecom'::pg_catalog.name, '{"fdr": 0.04, "bulk_pass": "off"}'::jsonb);
	CALL public.leakage_refresh('telecom'::pg_catalog.name);
	SELECT * FROM public.leakage_explain('telecom'::pg_catalog.name, 'p40'::pg_catalog.text);
	CALL public.leakage_grant_bi('telecom'::pg_catalog.name, 'bi'::pg_catalog.name)});
is($status, 0, 'a mart is created, refreshed, changed, explained, granted') or diag($err);
is(as('app', 'bazaar', 'SELECT DISTINCT what, who FROM public.alarm ORDER BY 1'), '', 'no alarm was raised');
unlike($err, qr/alarm:/, 'nor one that was rolled back');
is(as('app', 'bazaar', 'SELECT pg_catalog.count(*), bool_or(leaked) FROM telecom.users'), '40|t', 'the result is the same as without them');

# readers call nothing of hers either
is(as('bi', 'bazaar', join(';', map { "SELECT pg_catalog.count(*) > 0 FROM telecom.$_" } qw(users user_weeks kpi funnel conversion data_quality reconciliation run_log)) . ';SELECT pg_catalog.count(*) FROM public.alarm')
	=~ s/\n//gr, 'tttttttt0', 'nor by readers');
($status, undef, $err) = as('app', 'bazaar', q{SET search_path = public, pg_catalog; CALL public.leakage_drop_mart('telecom'::pg_catalog.name)});
is($status, 0, 'dropped') or diag($err);
is(as('app', 'bazaar', 'SELECT pg_catalog.count(*) FROM public.alarm'), 0, 'and no alarm');

# ---- hostile names

for my $name ('a"b', "a'b", 'a;b', 'pg_temp', 'a b', "\$\$; DROP TABLE x; --", 'SELECT')
{
	my $literal = $name =~ s/'/''/gr;

	($status, undef, $err) = as('app', 'shop', "CALL leakage_create_mart('$literal')");
	next if !is($status, $name eq 'pg_temp' ? 3 : 0, "a mart $name") || $status;
	($status, undef, $err) = as('app', 'shop', "CALL leakage_refresh('$literal'); CALL leakage_grant_bi('$literal', 'bi');
		SELECT * FROM leakage_explain('$literal', 'x'); CALL leakage_drop_mart('$literal')");
	is($status, 0, "refreshed, granted, explained, dropped: $name") or diag($err);
}

# hostile names of the extension's own schema; the only one that cannot work is refused
$node->safe_psql('postgres', 'CREATE DATABASE schemas');
$node->safe_psql('schemas', q{CREATE SCHEMA "a b;c"; CREATE EXTENSION leakage SCHEMA "a b;c"; CALL "a b;c".leakage_create_mart('m'); CALL "a b;c".leakage_refresh('m');
	CALL "a b;c".leakage_drop_mart('m'); DROP EXTENSION leakage});
($status, undef, $err) = $node->psql('schemas', q{CREATE SCHEMA "100%"; CREATE EXTENSION leakage SCHEMA "100%"});
like($err, qr/ERROR:  leakage cannot be in a schema whose name has one of the characters "'\$\\% in it: 100%/, 'a schema with a percent sign is refused');

$node->stop;
done_testing();
