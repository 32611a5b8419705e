# docs/reference.md lists every public object: each function with its arguments, each aggregate, type, and operator,
# each option with its default, and each column of the landing tables and published views with its type and comment.
# Each function has its result, what NULL gives, its errors, and the source of its formula.
# It lists no object that does not exist, and no internal function. Its examples give the output that it shows.

use strict;
use warnings FATAL => 'all';

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $page = slurp_file('docs/reference.md');

my $node = PostgreSQL::Test::Cluster->new('documented');
$node->init;
$node->start;
$node->safe_psql('postgres', q{CREATE EXTENSION leakage; CALL leakage_create_mart('mart')});

# rows of the query, as arrays
sub rows
{
	my ($query) = @_;

	return map { [ split /\|/, $_, -1 ] } split /\n/, $node->safe_psql('postgres', $query);
}

# the list must be empty
sub none
{
	my ($name, @list) = @_;

	is(join("\n", @list), '', $name);
}

# the text below a heading, down to the next heading of the same or a higher level
sub section
{
	my ($heading) = @_;
	my ($level) = $page =~ /^(#+) \Q$heading\E$/m or return '';

	return $page =~ /^$level \Q$heading\E$(.*?)(?=^#{1,@{[ length $level ]}} |\z)/ms ? $1 : '';
}

# the tables below a heading: by the name in a row's first cell, its other cells, without backquotes
sub table
{
	my ($heading) = @_;
	my %row;

	for (section($heading) =~ /^\| (`[^`]+` \| .*) \|$/mg)
	{
		my ($name, @cells) = split / \| /, s/`//gr, -1;
		$row{$name} = \@cells;
	}
	return %row;
}

# Functions. The extension's internals are in a schema of their own, and left out.
my @functions = rows(q{
	SELECT proname || '(' || array_to_string(ARRAY(
	           SELECT concat_ws(' ', nullif(proargnames[i], ''), format_type(proargtypes[i - 1], NULL))
	             FROM generate_series(1, pronargs) i ORDER BY i), ', ') || ')'
	  FROM pg_proc p
	  JOIN pg_depend d ON d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e'
	  JOIN pg_extension e ON e.oid = d.refobjid AND extname = 'leakage'
	 WHERE pronamespace <> '_leakage'::regnamespace
	 ORDER BY 1});
cmp_ok(scalar(@functions), '>', 40, 'there are functions');
none('every function is documented with its arguments', grep { index($page, "`$_`") < 0 } map { $_->[0] } @functions);

# an entry is the text below the heading that has the function, or below the heading above the table that has it
my ($introduction, @entries) = split /^(?=#+ )/m, $page =~ s/^```.*?^```$//msgr;
for my $signature (map { $_->[0] } @functions)
{
	my ($entry) = grep { index($_, "`$signature`") >= 0 } @entries;
	my $mart = $signature =~ /^leakage_(?:\w+_mart|declare_\w+|mart_options|refresh|explain|grant_bi|option_catalog)\(/;
	my @parts = $mart ? () : ('Arguments:', 'Result', '\* NULL:', '\* Errors:', '\* Source:');

	none("parts of the entry of $signature", grep { $entry !~ /^(?:\* )?$_/m } @parts) if $entry && @parts;
}
none('no internal function is documented', $page =~ /(?<!\w)(_leakage\.\w+)/g);

my %function = map { ($_->[0] =~ /^(\w+)/)[0] => 1 } @functions;
$function{$_} = 1
	for map { $_->[0] } rows(q{SELECT proname FROM pg_proc JOIN pg_depend d ON objid = pg_proc.oid AND deptype = 'e'
		WHERE classid = 'pg_proc'::regclass});
none('every documented function exists', grep { !$function{$_} } $page =~ /^(?:####|\|) .*?`(\w+)\([a-z]\w+ [^`]*\)`/mg);

# Types and operators
none('every type has a chapter', grep { !section($_) } map { $_->[0] } rows(q{
	SELECT typname FROM pg_type JOIN pg_depend d ON classid = 'pg_type'::regclass AND objid = pg_type.oid
	 WHERE deptype = 'e' AND refobjid = (SELECT oid FROM pg_extension WHERE extname = 'leakage') AND typelem = 0
	   AND typnamespace <> '_leakage'::regnamespace}));
none('every operator is documented', grep {
	my ($left, $name, $right) = @$_;
	$name eq '<>' ? section($left) !~ /`<>`/ : section($left) !~ /`\Q$left $name $right\E`/
} rows(q{
	SELECT oprleft::regtype, oprname, oprright::regtype
	  FROM pg_operator o JOIN pg_depend d ON classid = 'pg_operator'::regclass AND objid = o.oid
	 WHERE deptype = 'e' AND refobjid = (SELECT oid FROM pg_extension WHERE extname = 'leakage')}));

# Options
my %option = table('Mart options');
my %catalog = map { $_->[0] => $_->[1] } rows('SELECT name, default_value FROM leakage_option_catalog()');
is(join(' ', sort keys %option), join(' ', sort keys %catalog), 'the options are documented');
none('and so are their defaults', grep { $option{$_} && $option{$_}[0] ne $catalog{$_} } sort keys %catalog);

# Relations of a mart
my %landing = map { $_ => 1 } section('Landing tables') =~ /^\| \[`(\w+)`\]/mg;
cmp_ok(scalar(keys %landing), '>=', 3, 'there are landing tables');
my %internal = table('Internal relations of a mart');
my %view = table('Published datasets');
my %relation;
push @{ $relation{ $_->[1] } }, $_->[0] for rows(q{
	SELECT relname, relkind FROM pg_class WHERE relnamespace = 'mart'::regnamespace AND relkind IN ('r', 'p', 'v', 'm')
	 ORDER BY relname});
my @views = grep { !$internal{$_} } @{ $relation{v} };
none('every table of a mart is documented', grep { !$internal{$_} && !$landing{$_} } @{ $relation{r} }, @{ $relation{p} || [] });
none('every materialized view has a view in front of it', grep { !/^mv_(.*)/ || !grep { $_ eq $1 } @views } @{ $relation{m} });
none('every documented relation exists', grep {
	my $name = $_;
	$name ne 'mv_…' && !grep { $_ eq $name } map { @$_ } values %relation
} keys %internal, keys %landing);

$node->safe_psql('postgres', q{CREATE ROLE reader; CALL leakage_grant_bi('mart', 'reader')});
is(join(' ', @views), join(' ', map { $_->[0] } rows(q{
	SELECT relname FROM pg_class
	 WHERE relnamespace = 'mart'::regnamespace AND has_table_privilege('reader', oid, 'SELECT') ORDER BY relname})),
	'the published views are those that leakage_grant_bi grants');

my $list = section('Published datasets');
for my $view (@views)
{
	like($list, qr/^\| \[`$view`\]\(#$view\) \| /m, "$view is in the list");
}
none('every documented view exists', grep {
	my $name = $_;
	!grep { $_ eq $name } @views
} $list =~ /^\| \[`(\w+)`\]/mg);

# Columns: the documented meaning is the column's comment, except for markdown
for my $relation (sort(keys %landing), @views)
{
	my $live = $node->safe_psql('postgres', qq{
		SELECT format('| %s | %s | %s |', attname, replace(format_type(atttypid, atttypmod), ' without time zone', ''),
		              col_description(attrelid, attnum))
		  FROM pg_attribute WHERE attrelid = 'mart.$relation'::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum});
	my $documented = join("\n", section($relation) =~ /^(\| `\w+` \| [^|]+ \| [^|]+ \|)$/mg);
	$documented =~ s/\[([^]]*)\]\([^)]*\)/$1/g;
	$documented =~ s/`//g;
	is($documented, $live, "columns of $relation, their types, order and comments");
}
none('every meaning is the comment of a column', map { "@$_" } rows(q{
	SELECT column_name, relation, meaning
	  FROM _leakage.column_meanings()
	  LEFT JOIN LATERAL unnest(relations) AS relation ON true
	 WHERE NOT EXISTS (SELECT FROM pg_class c JOIN pg_attribute a ON attrelid = c.oid
	                    WHERE relnamespace = 'mart'::regnamespace AND relname = coalesce(relation, relname)
	                      AND attname = column_name AND col_description(attrelid, attnum) = meaning)}));

# The examples, in order, in their own database: each block of SQL with the output block below it, if there is one
$node->safe_psql('postgres', 'CREATE DATABASE example');
$node->safe_psql('example', 'CREATE EXTENSION leakage');
my $examples = 0;
while ($page =~ /^```sql\n(.*?)^```\n(?:```\n(.*?)^```\n)?/msg)
{
	my ($sql, $shown) = ($1, $2 || '');
	my ($status, $out, $err) = $node->psql('example', $sql,
		on_error_stop => 0, extra_params => [ '-P', 'footer=off', '-P', 'tuples_only=off', '-P', 'format=aligned' ]);

	$err =~ s/^psql:<stdin>:\d+: //mg;
	$err = join("\n", grep { !/^(?:INFO|NOTICE):/ } split /\n/, $err);
	my $got = join("\n", grep { $_ ne '' } $out, $err);
	$got =~ s/[ \t]+$//mg;
	$got =~ s/^\n+|\n+$//g;
	$shown =~ s/\n+$//;
	my ($title) = $sql =~ /^(.*)/;
	is($got, $shown, "example: $title");
	$examples++;
}
cmp_ok($examples, '>', 10, 'there are examples');

$node->stop;
done_testing();
