# Hostile values, from a role with no privileges but those of a mart's owner. No call ends in an internal error, and no
# backend dies:
# - every function of the extension with random combinations of nasty values
# - binary COPY of damaged values of each type; what is accepted survives a dump
# - limits of the server, and event triggers
# - a mart that goes to another owner, and what a reader can learn from statistics
#
# make check-hostile ROUNDS=N makes N rounds of calls and damages; make check makes a short one. LEAKAGE_SEED=N repeats one.

use strict;
use warnings FATAL => 'all';

use FindBin;
use lib $FindBin::RealBin;
use MartTest;
use PostgreSQL::Test::Utils;
use Test::More;

my $rounds = $ENV{LEAKAGE_ROUNDS} || 1;
my $seed = $ENV{LEAKAGE_SEED} || time;
srand($seed);
note("LEAKAGE_SEED=$seed");

my $node = start_node('values');
my $start = $node->safe_psql('postgres', 'SELECT pg_postmaster_start_time()');

$node->safe_psql('postgres', q{
	CREATE ROLE mallory LOGIN;
	CREATE ROLE other LOGIN;
	CREATE ROLE bi LOGIN;
	GRANT CREATE ON DATABASE postgres TO mallory, other;
	CREATE SCHEMA campaign;
	GRANT USAGE, CREATE ON SCHEMA campaign TO mallory});
small_mart($node, 'telecom', user => 'mallory');
refresh($node, 'telecom', user => 'mallory');
my $published = fingerprint($node, 'telecom');

sub as
{
	my ($user, $sql) = @_;
	my ($status, $out, $err) = $node->psql('postgres', "SET client_min_messages = error; $sql", on_error_stop => 1,
		extra_params => [ '-U', $user, '-v', 'VERBOSITY=verbose' ]);
	return ($status, $out, $err);
}

# ---- calls

# PostgreSQL quotes the values that stand here as they are: each is an expression
my %pool = (
	'text' => [ q{''}, q{' '}, q{'p1'}, q{'201822'}, q{'-1'}, q{'NaN'}, q{'1e308'}, q{repeat('9', 1000)}, q{repeat('a', 100000)},
		q{U&'\+01F600'}, q{E'a\nb'}, q{'%s%n%%'}, q{'$$'}, q{'telecom'}, q{'pg_catalog'}, q{'{}'}, q{'2018-02-30'}, q{'0x10'}, q{U&'\00A0 x'}, q{'-0.0000001'} ],
	'name' => [ q{''}, q{'telecom'}, q{'pg_catalog'}, q{'msisdn'}, q{'week_number'}, q{'revenue'}, q{'ctid'}, q{'tableoid'}, q{'a"b'}, q{'profile'}, q{repeat('x', 63)} ],
	'integer' => [ 0, 1, -1, 2147483647, '(-2147483648)', 53, 54, 201801, 2018, 1024 ],
	'bigint' => [ 0, 1, 9223372036854775807, '(-9223372036854775808)' ],
	'numeric' => [ 0, 1, -1, q{'NaN'}, q{'Infinity'}, q{'-Infinity'}, '1e12', '999999999999.999999', '-1e12', '1e-20', '1e1000', '0.0000005', '-999999999999.9999999' ],
	'double precision' => [ 0, 0.5, 1, -1, q{'NaN'}, q{'Infinity'}, q{'1e308'}, q{'5e-324'}, q{'0.999999999'}, q{'1e12'}, q{'-0'} ],
	'boolean' => [ 'true', 'false' ],
	'jsonb' => [ q{'{}'}, q{'null'}, q{'[]'}, q{'1'}, q{'{"fdr": 0.1}'}, q{'{"fdr": 1e400}'}, q{'{"age_bands": [1, 2, 3]}'}, q{'{"currency": "\u00e9"}'},
		q{'{"peer_dimensions": []}'}, q{'{"min_age": 150, "max_age": 0}'}, q{'{"as_of_year": null}'} ],
	'bytea' => [ q{''}, q{'\x00'}, q{'\x0101010101010101'}, q{'\x0101014d0002'}, q{decode(repeat('00', 70000), 'hex')} ],
	'regclass' => [ map { qq{'$_'} } qw(telecom.crm telecom.revenue telecom.device telecom.users telecom.scored_user pg_class telecom.user_weeks 0 4294967295
		telecom.mv_kpi telecom.refresh_run_run_id_seq telecom.scored_user_pkey pg_type telecom.usage pg_authid) ],
	'name[]' => [ q{'{}'}, q{'{NULL}'}, q{'{segment}'}, q{'{segment,region}'}, q{'{{segment,region},{gender,age}}'}, q{'[-5:-4]={segment,region}'}, q{array_fill('segment'::name, array[200])} ],
	'text[]' => [ q{'{}'}, q{'{NULL}'}, q{'{a,b}'}, q{'{{a,b},{c,d}}'} ],
	'numeric[]' => [ q{'{}'}, q{'{NULL}'}, q{'{1,2}'}, q{'{{1,2},{3,4}}'}, q{'[-5:-4]={1,2}'}, q{'{NaN,Infinity}'}, q{array_fill(1.5, array[5000])}, q{'{1e1000}'}, q{'{-1,1e12}'} ],
	'boolean[]' => [ q{'{}'}, q{'{NULL}'}, q{'{t,f}'}, q{'{{t,f},{f,t}}'}, q{'[3:4]={t,f}'}, q{array_fill(true, array[5000])} ],
	'integer[]' => [ q{'{}'}, q{'{NULL}'}, q{'{1,2}'}, q{'{2,1}'}, q{'{{1,2},{3,4}}'}, q{'[-5:-4]={1,2}'}, q{'{-2147483648,2147483647}'}, q{array(SELECT generate_series(1, 5000))}, q{'{1,1,1,1}'} ],
	'double precision[]' => [ q{'{}'}, q{'{NULL}'}, q{'{0,0.5,1}'}, q{'{{0.1,0.2},{0.3,0.4}}'}, q{'{NaN}'}, q{'{-1,2}'}, q{array_fill(0.5::float8, array[5000])} ],
	'leakage_profile' => [ q{'{1: 1/1}'}, q{'{1: -/1}'}, q{'{1: 5/5, 2: 0/5, 3: -/5, 4: 5/5, 5: 1/5}'},
		q{'{-2147483648: -9223372036854.775808#4294967295/0, 2147483647: 0/9223372036854.775807#4294967295}'},
		q{(SELECT leakage_profile(i, i % 7, 3) FROM generate_series(1, 1024) i)}, q{(SELECT leakage_profile(i * 1000000, 999999999999, 999999999999) FROM generate_series(-1000, 1000) i)},
		q{(SELECT leakage_profile(i, CASE WHEN i % 2 = 0 THEN 0 END, 10) FROM generate_series(1, 60) i)} ],
	'revenue_summary' => [ q{'{"count": 0, "total": 0, "buckets": {}}'}, q{(SELECT revenue_summary(i::numeric) FROM generate_series(-500, 500) i)},
		q{'{"count": 9223372036854775807, "total": 0, "buckets": {"0.000000": 9223372036854775807}}'}, q{(SELECT revenue_summary(999999999999.999999) FROM generate_series(1, 3))},
		q{(SELECT revenue_summary(i * 1.37) FROM generate_series(1, 20000) i)} ],
	'leakage_model' => [ q{(SELECT model FROM telecom.refresh_run ORDER BY run_id DESC LIMIT 1)}, q{(SELECT leakage_fit('{1: 1/1}'::leakage_profile, NULL))} ]);

# Calls that destroy the mart are not for this.  A function of type internal has no value in SQL (003_null_matrix.pl).
my @routines = map { [ split /\|/ ] } split /\n/, $node->safe_psql('postgres', q{
	SELECT p.oid::regproc, prokind, proretset, (SELECT string_agg(format_type(t, NULL), ';' ORDER BY n) FROM unnest(proargtypes) WITH ORDINALITY AS u (t, n))
	  FROM pg_proc AS p JOIN pg_depend AS d ON d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e'
	 WHERE d.refobjid = (SELECT oid FROM pg_extension WHERE extname = 'leakage') AND proname !~ '^(leakage_(create|drop)_mart|drop_)'
	   AND NOT proargtypes::oid[] && '{internal,cstring}'::regtype[]::oid[]
	 ORDER BY 1});
cmp_ok(scalar(@routines), '>', 80, 'there are functions to call');

# NULL, or one of the values of the type
sub argument
{
	my ($type) = @_;
	my @values = @{ $pool{$type} // [] };

	return rand() < 0.1 || !@values ? "NULL::$type" : "$values[rand @values]::$type";
}

sub call
{
	my ($name, $kind, $set, $types) = @{ $_[0] };
	my $f = "$name(" . join(', ', map { argument($_) } split /;/, $types // '') . ')';

	return "CALL $f" if $kind eq 'p';
	return "SELECT $f OVER (ORDER BY i ROWS BETWEEN 1 PRECEDING AND 1 FOLLOWING) FROM generate_series(1, 4) AS i" if $kind eq 'a' && rand() < 0.5;
	return "SELECT $f FROM generate_series(1, 3)" if $kind eq 'a';
	return $set eq 't' ? "SELECT count(x) FROM $f AS x" : "SELECT $f";
}

(my $status, my $out, my $err) = as('mallory', q{
	CREATE TABLE campaign.outcome (call text, state text, message text);
	CREATE FUNCTION campaign.try(statement text) RETURNS text LANGUAGE plpgsql AS $$
	BEGIN
		EXECUTE statement;
		RETURN '00000';
	EXCEPTION WHEN OTHERS THEN
		IF SQLSTATE ~ '^(XX|58)' OR SQLERRM = '' THEN
			RETURN SQLSTATE || ' ' || SQLERRM;
		END IF;
		RETURN SQLSTATE;
	END $$;});
is($status, 0, 'ready') or diag($err);
my $calls = 0;
my %state;
my @unclean;
for my $round (1 .. $rounds * 2)
{
	my @calls = map { call($_) } @routines;
	my ($status, $out, $err) = as('mallory', "SET statement_timeout = '60s'; SET search_path = public, pg_catalog;"
		. join(';', map { my $c = $_; q{SELECT campaign.try($c$} . $c . q{$c$)} } @calls));

	is($status, 0, 'a round of ' . @calls . ' calls') or diag($err);
	my @states = split /\n/, $out;
	is(scalar(@states), scalar(@calls), 'each has an outcome');
	push @unclean, map { "$calls[$_]: $states[$_]" } grep { length($states[$_]) > 5 } 0 .. $#states;
	$state{ substr($_, 0, 5) }++ for @states;
	$calls += @calls;
}
is(join("\n", @unclean), '', 'no internal error');
note("$calls calls: " . join(', ', map { "$_ $state{$_}" } sort keys %state));
cmp_ok($state{'00000'}, '>', $calls / 10, 'many of the calls succeed');

# ---- binary COPY

my $dir = PostgreSQL::Test::Utils::tempdir('copies');
chmod 0755, $dir;
my %types = (
	leakage_profile => q{SELECT '{1: 5/5, 2: 0/5, 3: -/5, 4: 30#3/33#3}'::leakage_profile UNION ALL SELECT leakage_profile(i, i % 7, 3) FROM generate_series(1, 1024) AS i},
	revenue_summary => q{SELECT revenue_summary(i * 1.37) FROM generate_series(-20, 20) AS i UNION ALL SELECT '{"count": 0, "total": 0, "buckets": {}}'},
	leakage_model => q{SELECT model FROM telecom.refresh_run});
for my $type (sort keys %types)
{
	$node->safe_psql('postgres', "CREATE TABLE campaign.$type AS $types{$type}; COPY campaign.$type TO '$dir/$type' (FORMAT binary); CREATE TABLE campaign.in_$type (v $type)");
	my $good = slurp_file("$dir/$type");
	my $files = 60 * $rounds;
	for my $n (1 .. $files)
	{
		my $bad = $good;
		for (0 .. int(rand(3)))
		{
			# behind COPY's own header, which is not ours
			my $at = 21 + int(rand(length($bad) - 21));
			my $what = int(rand(4));
			substr($bad, $at, 1) = chr(int(rand(256))) if $what == 0;
			substr($bad, $at, 1) = chr(ord(substr($bad, $at, 1)) ^ (1 << int(rand(8)))) if $what == 1;
			substr($bad, $at, 8) = "\x7f" . "\xff" x 7 if $what == 2 && length($bad) > $at + 8;
			substr($bad, $at, int(rand(8))) = '' if $what == 3 && length($bad) > $at + 8;
		}
		open(my $file, '>:raw', "$dir/$type.$n") or die;
		print $file $bad;
		close($file);
	}
	my ($status, $out, $err) = $node->psql('postgres', "SELECT state, count(*) FROM (SELECT left(campaign.try(format('COPY campaign.in_$type FROM %L (FORMAT binary)', '$dir/$type.' || n)), 5) AS state
		FROM generate_series(1, $files) AS n) AS s GROUP BY 1 ORDER BY 1");
	is($status, 0, "$type: $files damaged files") or diag($err);
	unlike($out, qr/^(XX|58)/m, 'no internal error') or diag($out);
	note("$type: " . $out =~ s/\n/, /gr);
	is($node->safe_psql('postgres', "SELECT count(*) FROM campaign.in_$type WHERE v::text::${type}::text IS DISTINCT FROM v::text"), 0, 'what was accepted is text that is accepted');
	is($node->safe_psql('postgres', "COPY campaign.in_$type TO '$dir/again' (FORMAT binary); CREATE TABLE campaign.again (v $type); COPY campaign.again FROM '$dir/again' (FORMAT binary);
		SELECT count(*) FROM (SELECT v::text FROM campaign.again EXCEPT SELECT v::text FROM campaign.in_$type) AS x; DROP TABLE campaign.again"), 0, 'and bytes that are accepted');
}

# ---- limits and event triggers

for my $limit ('temp_file_limit = 0', "work_mem = '64kB'; SET temp_file_limit = 8", q{lock_timeout = '1ms'}, q{default_transaction_read_only = on}, q{statement_timeout = '30ms'},
	q{default_tablespace = ''; SET temp_tablespaces = ''}, 'max_parallel_workers_per_gather = 0')
{
	my ($status, undef, $err) = as($limit =~ /temp_file/ ? 'postgres' : 'mallory', "SET $limit; " . ($limit =~ /temp_file/ ? 'SET ROLE mallory;' : '') . q{CALL leakage_refresh('telecom')});

	unlike($err, qr/ERROR:  (XX|58)/, "a refresh with $limit has no internal error");
	is(fingerprint($node, 'telecom'), $published, 'and publishes all or nothing');
}
$node->safe_psql('postgres', q{
	CREATE FUNCTION campaign.refuse() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'no %', tg_tag USING ERRCODE = 'TRIGG'; END $$;
	CREATE FUNCTION campaign.look() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM count(*) FROM pg_event_trigger_ddl_commands(); END $$});
for my $event ('ddl_command_start', 'ddl_command_end', 'sql_drop')
{
	$node->safe_psql('postgres', "CREATE EVENT TRIGGER refuse ON $event EXECUTE FUNCTION campaign.refuse()");
	my ($status, undef, $err) = as('mallory', q{CALL leakage_refresh('telecom')});
	ok($status == 0 || $err =~ /ERROR:  TRIGG: no /, "an event trigger that refuses at $event") or diag($err);
	is(fingerprint($node, 'telecom'), $published, 'leaves the last run in place');
	$node->safe_psql('postgres', 'DROP EVENT TRIGGER refuse');
}
$node->safe_psql('postgres', 'CREATE EVENT TRIGGER look ON ddl_command_end EXECUTE FUNCTION campaign.look()');
refresh($node, 'telecom', user => 'mallory', name => 'an event trigger that looks does no harm');
$node->safe_psql('postgres', 'DROP EVENT TRIGGER look');

# ---- statistics, and another owner

$node->safe_psql('postgres', q{CALL leakage_grant_bi('telecom', 'bi'); ANALYZE}, extra_params => [ '-U', 'mallory' ]);
is((as('bi', q{SELECT string_agg(DISTINCT tablename, ' ') FROM pg_stats WHERE schemaname = 'telecom' AND tablename !~ '^mv_'
	AND NOT has_column_privilege(format('telecom.%I', tablename), attname, 'SELECT')}))[1], '', 'a reader sees statistics of nothing that it cannot read');
for my $table ('crm', 'revenue', 'device', 'mart_option', 'refresh_run')
{
	like((as('bi', "EXPLAIN ANALYZE SELECT * FROM telecom.$table"))[2], qr/ERROR:  42501/, "and cannot explain a query of $table");
}
unlike((as('bi', q{EXPLAIN (ANALYZE, VERBOSE) SELECT * FROM telecom.users WHERE msisdn = 'p40'}))[1], qr/ p\d+[ ,]/, 'a plan shows no rows');

$node->safe_psql('postgres', 'REASSIGN OWNED BY mallory TO other');
like((as('mallory', q{CALL leakage_refresh('telecom')}))[2], qr/ERROR:  42501/, 'after REASSIGN OWNED, the old owner cannot refresh');
refresh($node, 'telecom', user => 'other', name => 'the new owner can');
is(fingerprint($node, 'telecom'), $published, 'with the same result');
is((as('other', q{CALL leakage_alter_mart('telecom', '{"fdr": 0.1}'); CALL leakage_drop_mart('telecom')}))[0], 0, 'and can change and drop it');

is($node->safe_psql('postgres', 'SELECT pg_postmaster_start_time()'), $start, 'the server was never restarted');
unlike(slurp_file($node->logfile), qr/was terminated by signal|TRAP:|server process .* was terminated/, 'no backend died');
note("LEAKAGE_SEED=$seed") if !Test::More->builder->is_passing;

$node->stop;
done_testing();
