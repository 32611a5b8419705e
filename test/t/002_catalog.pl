# What the catalog says of the extension's objects: each is described, parallel safety is stated, nothing runs with
# rights that the caller lacks or with names that the caller can redirect, and nothing holds data.

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

# the query lists the offenders: there are to be none
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
	   -- from PostgreSQL 18 on, the array types that come with types are members too
	   AND NOT (classid = 'pg_type'::regclass AND EXISTS (SELECT FROM pg_type WHERE typarray = objid))
	 ORDER BY name});
none('no relation belongs to the extension: what holds data is the user\'s', q{
	SELECT name FROM member JOIN pg_class c ON classid = 'pg_class'::regclass AND c.oid = objid
	 WHERE relkind NOT IN ('c', 'v')});
none('no SECURITY DEFINER', q{SELECT name FROM routine WHERE prosecdef});
none('no name is looked up by the caller\'s search_path', q{
	SELECT name FROM routine JOIN pg_language l ON l.oid = prolang
	 WHERE lanname IN ('sql', 'plpgsql') AND prosqlbody IS NULL
	   AND proname <> 'leakage_enter_mart'	-- which sets it for its caller, and writes every name in full
	   AND NOT coalesce(proconfig, '{}') && ARRAY['search_path=pg_catalog, pg_temp', 'search_path=pg_catalog,pg_temp']});
none('an immutable function is parallel safe', q{
	SELECT name FROM routine WHERE provolatile = 'i' AND proparallel <> 's'});
none('an aggregate whose state is internal can be sent between workers', q{
	SELECT name FROM routine r JOIN pg_aggregate a ON aggfnoid = r.oid
	 WHERE aggtranstype = 'internal'::regtype AND aggcombinefn <> 0 AND (aggserialfn = 0 OR aggdeserialfn = 0)});
none('an aggregate with a state of internal type estimates its size', q{
	SELECT name FROM routine r JOIN pg_aggregate a ON aggfnoid = r.oid
	 WHERE aggtranstype = 'internal'::regtype AND aggtransspace = 0});

# What the catalog cannot tell from a default is looked up in the script.
my $version = $node->safe_psql('postgres', q{SELECT extversion FROM pg_extension WHERE extname = 'leakage'});
my $script = slurp_file("sql/leakage--$version.sql");
my %statement;

while ($script =~ /((?:^--[^\n]*\n)*)^CREATE (FUNCTION|AGGREGATE) (?:\@extschema\@\.)?(\w+)\s*\((.*?)(?=^(?:CREATE|COMMENT|ALTER|REVOKE|GRANT) )/msg)
{
	push @{ $statement{$3} }, { comment => $1, kind => $2, text => $4 };
}

# with the parallel safety left to the default; aggregates say it as an option
my @unstated = grep {
	grep { $_->{text} !~ /\bPARALLEL\s*=?\s*(?:SAFE|RESTRICTED|UNSAFE)\b/i } @{ $statement{$_} }
} sort keys %statement;
is("@unstated", '', 'every function and aggregate states PARALLEL');

# one without a combine function says why: "no combine function: ..." in the comment above it, or inside it
for my $aggregate (split /\n/, $node->safe_psql('postgres', q{
	SELECT DISTINCT proname FROM routine r JOIN pg_aggregate a ON aggfnoid = r.oid WHERE aggcombinefn = 0 ORDER BY 1}))
{
	my @silent = grep { $_->{kind} eq 'AGGREGATE' && $_->{text} !~ /COMBINEFUNC/i
		&& "$_->{comment}$_->{text}" !~ /no combine function:/i } @{ $statement{$aggregate} || [] };
	is(scalar(@silent), 0, "$aggregate says why it has no combine function");
}

my $routines = $node->safe_psql('postgres', q{SELECT count(*) FROM routine WHERE prokind <> 'p'});
is(scalar(map { @$_ } values %statement), $routines, 'the script was read as the server did');

$node->stop;
done_testing();
