# Every function of the extension is called with all arguments NULL, with each argument NULL, and with empty and
# hostile values. Every aggregate runs over such rows. Each call returns a value or fails with a clean error, that is,
# with an SQLSTATE other than an internal error. The server survives.

use strict;
use warnings FATAL => 'all';

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('nulls');
$node->init;
$node->start;
my $backend_start = $node->safe_psql('postgres', 'SELECT pg_postmaster_start_time()');

# The values that each argument type is tried with. A type that is not listed is tried with NULL, '', and, for the
# extension's own types, with results of their aggregates.
$node->safe_psql(
	'postgres', q{
	CREATE EXTENSION leakage;
	CREATE TABLE value (type regtype, expression text);
	INSERT INTO value VALUES
		('boolean', 'true'),
		('integer', '0'), ('integer', '2147483647'), ('integer', '(-2147483648)'),
		('bigint', '0'), ('bigint', '(-9223372036854775808)'),
		('numeric', '0'), ('numeric', $$'NaN'$$), ('numeric', $$'Infinity'$$), ('numeric', '1e200'), ('numeric', '-1e-9'),
		('double precision', '0'), ('double precision', $$'NaN'$$), ('double precision', $$'-Infinity'$$), ('double precision', '0.5'),
		('text', $$''$$), ('text', $$E'\x01 \'";--'$$), ('text', $$repeat('9', 1000)$$),
		('name', $$''$$), ('name', $$'no such name'$$),
		('name[]', $$'{}'$$), ('name[]', $$'{NULL}'$$), ('name[]', $$'{{a,b},{c,d}}'$$), ('name[]', $$'[0:0]={relname}'$$),
		('text[]', $$'{}'$$), ('text[]', $$'{NULL}'$$), ('text[]', $$'{{a,b},{c,d}}'$$),
		('integer[]', $$'{}'$$), ('integer[]', $$'{NULL}'$$), ('integer[]', $$'{2,1}'$$),
		('numeric[]', $$'{}'$$), ('numeric[]', $$'{NULL}'$$), ('numeric[]', $$'{NaN}'$$),
		('double precision[]', $$'{}'$$), ('double precision[]', $$'{NULL}'$$), ('double precision[]', $$'{NaN}'$$),
		('jsonb', $$'{}'$$), ('jsonb', $$'[]'$$), ('jsonb', $$'null'$$), ('jsonb', $$'{"no such option": 1}'$$),
		('bytea', $$''$$), ('bytea', $$'\x00'$$),
		('cstring', $$''$$), ('cstring', $$'{}x'$$), ('cstring', $$'{1: -/5}'$$),
		('regclass', '0'), ('regclass', $$'pg_class'$$), ('regclass', '4294967295');

	CREATE TABLE routine AS
	SELECT p.oid, proname, prokind, proretset, p.oid::regprocedure::text AS signature,
	       ARRAY(SELECT t::regtype FROM unnest(proargtypes) t) AS types,
	       'internal'::regtype = ANY (proargtypes::oid[]) AS internal
	  FROM pg_proc p JOIN pg_depend d ON classid = 'pg_proc'::regclass AND objid = p.oid
	 WHERE deptype = 'e' AND refobjid = (SELECT oid FROM pg_extension WHERE extname = 'leakage');

	-- values of the extension's own types: each aggregate over one row and over several rows
	INSERT INTO value
	SELECT prorettype, format('(SELECT %s(%s) FROM generate_series(1, %s))', r.proname,
	           (SELECT string_agg(format(a.v, t), ', ') FROM unnest(r.types) t), n)
	  FROM routine r JOIN pg_proc p ON p.oid = r.oid JOIN pg_type y ON y.oid = prorettype
	       CROSS JOIN (VALUES ('1::%s', 1), ('0::%s', 3)) a(v, n)
	 WHERE r.prokind = 'a' AND y.typname IN ('revenue_summary', 'leakage_profile')
	   AND r.types <@ ARRAY['integer', 'numeric', 'double precision']::regtype[];

	CREATE TABLE outcome (signature text, call text, sqlstate text, message text);

	CREATE FUNCTION try(routine, arguments text[]) RETURNS void LANGUAGE plpgsql AS $$
	DECLARE
		f text := format('%I(%s)', $1.proname, array_to_string(arguments, ', '));
		call text := CASE
			WHEN $1.prokind = 'p' THEN 'CALL ' || f
			WHEN $1.prokind = 'a' THEN format('SELECT %s, %s FILTER (WHERE false), (SELECT %s FROM generate_series(1, 0)) FROM generate_series(1, 3)', f, f, f)
			WHEN $1.internal THEN format('SELECT %s IS NULL', f)
			ELSE format('SELECT * FROM %s', f) END;
		state text;
	BEGIN
		SET LOCAL client_min_messages = error;
		EXECUTE call;
		INSERT INTO outcome VALUES ($1.signature, call, '00000', NULL);
	EXCEPTION WHEN OTHERS THEN
		INSERT INTO outcome VALUES ($1.signature, call, SQLSTATE, SQLERRM);
	END $$;

	-- as a window function: a moving frame over rows of which half are NULL
	CREATE FUNCTION try_moving(routine, arguments text[]) RETURNS void LANGUAGE plpgsql AS $$
	DECLARE
		call text := format('SELECT %I(%s) OVER (ORDER BY i ROWS 1 PRECEDING) FROM generate_series(1, 4) i', $1.proname,
			(SELECT string_agg(format('CASE WHEN i %% 2 = 0 THEN %s END', a), ', ' ORDER BY n)
			   FROM unnest(arguments) WITH ORDINALITY u(a, n)));
	BEGIN
		EXECUTE call;
		INSERT INTO outcome VALUES ($1.signature, call, '00000', NULL);
	EXCEPTION WHEN OTHERS THEN
		INSERT INTO outcome VALUES ($1.signature, call, SQLSTATE, SQLERRM);
	END $$;
});

# For each function: all arguments NULL, and every combination of the values of two arguments while the others are
# NULL or have their first value.
my @routines = split /\n/, $node->safe_psql('postgres', 'SELECT oid, signature FROM routine ORDER BY 2');
cmp_ok(scalar(@routines), '>', 10, 'there are functions to call');

for my $routine (@routines)
{
	my ($oid, $signature) = split /\|/, $routine, 2;
	my ($status, $out, $err) = $node->psql(
		'postgres', qq{
		SET statement_timeout = '60s';
		SET jit = off;
		CREATE TEMP TABLE choice AS
		SELECT n, t, row_number() OVER (PARTITION BY n) AS k, e
		  FROM routine, unnest(types) WITH ORDINALITY u(t, n),
		       LATERAL (SELECT format('NULL::%s', t) AS e
		                UNION ALL SELECT format('%s::%s', expression, t) FROM value WHERE type = t AND t <> 'internal'::regtype) v
		 WHERE oid = $oid;
		CREATE TEMP TABLE call AS
		SELECT DISTINCT ARRAY(
		           SELECT coalesce((SELECT e FROM choice c WHERE c.n = i AND k =
		                      CASE i WHEN a.n THEN a.k WHEN b.n THEN b.k ELSE base END),
		                  (SELECT e FROM choice c WHERE c.n = i AND k = 1))
		             FROM generate_series(1, (SELECT max(n) FROM choice)) i) AS arguments
		  FROM choice a, choice b, (VALUES (1), (2)) d(base)
		UNION SELECT '{}' WHERE NOT EXISTS (SELECT FROM choice);
		SELECT count(try(r, arguments)) FROM routine r, call WHERE oid = $oid;
		SELECT count(try_moving(r, arguments)) FROM routine r, call WHERE oid = $oid AND prokind = 'a' AND NOT internal;
		-- outside an aggregate, a function of internal can only report a wrong call, as PostgreSQL's own do
		SELECT format('%s: %s %s', call, sqlstate, message) FROM outcome
		 WHERE signature = '$signature' AND (sqlstate ~ '^(XX|58|53|57)' OR message = '')
		   AND NOT (sqlstate = 'XX000' AND message ~ 'non-aggregate context')
		 LIMIT 5;
		SELECT count(*) FROM outcome WHERE signature = '$signature';
		}, on_error_stop => 1);
	my (undef, undef, @unclean) = split /\n/, $out;
	my $calls = pop @unclean;

	ok($status == 0 && $calls && !@unclean, "$signature: " . ($calls || 'no') . ' calls') or diag(join("\n", @unclean, $err));
}

is($node->safe_psql('postgres', 'SELECT pg_postmaster_start_time()'), $backend_start, 'the server was never restarted');
unlike(slurp_file($node->logfile), qr/was terminated by signal|TRAP:/, 'no backend died');

$node->stop;
done_testing();
