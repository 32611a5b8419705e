# The extension's objects in the catalog: each has a comment and states its parallel safety. Nothing runs with rights
# that the caller lacks or resolves names that the caller can redirect. Nothing holds data.

use strict;
use warnings FATAL => 'all';

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('catalog');
$node->init;
$node->start;
$node->safe_psql(
	'postgres', q{
	CREATE EXTENSION leakage;
	CREATE VIEW member AS
	SELECT classid, objid, pg_describe_object(classid, objid, objsubid) AS name
	  FROM pg_depend
	 WHERE deptype = 'e' AND refclassid = 'pg_extension'::regclass
	   AND refobjid = (SELECT oid FROM pg_extension WHERE extname = 'leakage');
	CREATE VIEW routine AS
	SELECT p.*, m.name FROM pg_proc p JOIN member m ON m.classid = 'pg_proc'::regclass AND m.objid = p.oid;
});

# the query lists offenders and must return none
sub none
{
	my ($name, $query) = @_;

	is($node->safe_psql('postgres', $query), '', $name);
}

cmp_ok($node->safe_psql('postgres', 'SELECT count(*) FROM routine'), '>', 10, 'the extension has functions');

none('every object has a comment', q{
	SELECT name FROM member
	 WHERE obj_description(objid, classid::regclass::name) IS NULL
	   AND classid <> 'pg_opfamily'::regclass
	   -- since PostgreSQL 18 the array types of types are members too
	   AND NOT (classid = 'pg_type'::regclass AND EXISTS (SELECT FROM pg_type WHERE typarray = objid))
	 ORDER BY name});
none('no relation that holds data belongs to the extension', q{
	SELECT name FROM member JOIN pg_class c ON classid = 'pg_class'::regclass AND c.oid = objid
	 WHERE relkind NOT IN ('c', 'v')});
cmp_ok($node->safe_psql('postgres', q{SELECT count(*) FROM routine WHERE pronamespace <> '_leakage'::regnamespace}),
	'<=', 80, 'at most 80 functions and procedures are where analysts see them');
none('no SECURITY DEFINER', q{SELECT name FROM routine WHERE prosecdef});
none('no name is looked up in the caller\'s search_path', q{
	SELECT name FROM routine JOIN pg_language l ON l.oid = prolang
	 WHERE lanname IN ('sql', 'plpgsql') AND prosqlbody IS NULL
	   AND NOT coalesce(proconfig, '{}') && ARRAY['search_path=pg_catalog, pg_temp', 'search_path=pg_catalog,pg_temp']});
none('an immutable function is parallel safe', q{
	SELECT name FROM routine WHERE provolatile = 'i' AND proparallel <> 's'});
none('an aggregate with an internal state can pass it between workers', q{
	SELECT name FROM routine r JOIN pg_aggregate a ON aggfnoid = r.oid
	 WHERE aggtranstype = 'internal'::regtype AND aggcombinefn <> 0 AND (aggserialfn = 0 OR aggdeserialfn = 0)});
none('an aggregate with an internal state estimates its size', q{
	SELECT name FROM routine r JOIN pg_aggregate a ON aggfnoid = r.oid
	 WHERE aggtranstype = 'internal'::regtype AND aggtransspace = 0});

# What the catalog cannot distinguish from a default is looked up in the script.
my $version = $node->safe_psql('postgres', q{SELECT extversion FROM pg_extension WHERE extname = 'leakage'});
my $script = slurp_file($node->safe_psql('postgres', q{SELECT setting FROM pg_config WHERE name = 'SHAREDIR'}) . "/extension/leakage--$version.sql");
my %statement;

while ($script =~ /((?:^--[^\n]*\n)*)^CREATE (FUNCTION|AGGREGATE) (?:_leakage\.)?(\w+)\s*\((.*?)(?=^(?:CREATE|COMMENT|ALTER|REVOKE|GRANT) )/msg)
{
	push @{ $statement{$3} }, { comment => $1, kind => $2, text => $4 };
}

# objects that leave the parallel safety to the default; aggregates state it as an option
my @unstated = grep {
	grep { $_->{text} !~ /\bPARALLEL\s*=?\s*(?:SAFE|RESTRICTED|UNSAFE)\b/i } @{ $statement{$_} }
} sort keys %statement;
is("@unstated", '', 'every function and aggregate states PARALLEL');

# an aggregate without a combine function says why: "no combine function: ..." in the comment above or inside it
for my $aggregate (split /\n/, $node->safe_psql('postgres', q{
	SELECT DISTINCT proname FROM routine r JOIN pg_aggregate a ON aggfnoid = r.oid WHERE aggcombinefn = 0 ORDER BY 1}))
{
	my @silent = grep { $_->{kind} eq 'AGGREGATE' && $_->{text} !~ /COMBINEFUNC/i
		&& "$_->{comment}$_->{text}" !~ /no combine function:/i } @{ $statement{$aggregate} || [] };
	is(scalar(@silent), 0, "$aggregate says why it has no combine function");
}

my $routines = $node->safe_psql('postgres', q{SELECT count(*) FROM routine WHERE prokind <> 'p'});
is(scalar(map { @$_ } values %statement), $routines, 'the script was read as the server reads it');

$node->stop;
done_testing();
