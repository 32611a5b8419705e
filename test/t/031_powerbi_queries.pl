# A mart answers Power BI's queries correctly. Every known query shape of its connector gives the same result as a plain
# query over users and user-weeks, in types that the connector's driver can decode. The queries are sent by a role with
# the rights of leakage_grant_bi, over the extended protocol with binary results and DISCARD ALL in between. That role
# sees the published datasets and nothing else. A wrong number in any column of any dataset is detected.

use strict;
use warnings FATAL => 'all';

use FindBin;
use lib $FindBin::RealBin, "$FindBin::RealBin/../clients";
use Cases qw(cases @slicers);
use Compare qw(published members_of plain_answers canonical);
use MartTest;
use PostgreSQL::Test::Utils;
use PowerBI qw(list_tables list_columns list_keys list_references list_referrers list_types);
use Test::More;
use Wire;

my $dir = generated(qw(--scale 0.002 --seed 3 --leak 0.08 --tiers --dirty 0.01 --optional --leave-early 0.2 --week-format yyyyww));
my $node = start_node('powerbi');
my $ask = sub { return $node->safe_psql('postgres', $_[0]) };

$node->safe_psql('postgres', q{CALL leakage_create_mart('telecom', '{"week_format": "yyyyww"}')});
load_mart($node, 'telecom', $dir);
refresh($node, 'telecom');
$node->safe_psql('postgres', q{CREATE ROLE bi LOGIN; CALL leakage_grant_bi('telecom', 'bi')});

my $wire = Wire->connect(host => $node->host, port => $node->port, user => 'bi', database => 'postgres');

# ---- what the role sees

my $columns = published('telecom', $ask);
my @views = sort keys %$columns;
is(join(' ', @views), $ask->(q{SELECT string_agg(name, ' ' ORDER BY name COLLATE "C") FROM _leakage.mart_relations() WHERE kind IN ('detail', 'dataset', 'view')}),
	'the published views are those of the mart');

sub answer
{
	my ($sql) = @_;
	my $answer = $wire->query($sql);

	return $answer->{error} // canonical($answer->{rows}, 1);
}

is(answer(list_tables), canonical([ map { [ 'telecom', $_, 'VIEW' ] } @views ], 1), 'the navigator lists them and nothing else');
is(answer('select character_set_name from INFORMATION_SCHEMA.character_sets'), 'UTF8', 'character sets');
for my $relation (split /\n/, $ask->(q{
	SELECT relname FROM pg_class
	WHERE relnamespace = 'telecom'::regnamespace AND relkind IN ('r', 'm', 'v', 'S') AND NOT has_table_privilege('bi', oid, 'SELECT')
	ORDER BY relname}))
{
	is($wire->query(qq{select * from "telecom"."$relation" "\$Table" limit 1})->{sqlstate}, '42501', "$relation is not readable");
}
cmp_ok($ask->(q{SELECT count(*) FROM pg_class WHERE relnamespace = 'telecom'::regnamespace AND relkind IN ('r', 'm', 'S') AND has_table_privilege('bi', oid, 'SELECT')}),
	'==', 0, 'no table or materialized view is readable');
is($ask->(q{SELECT count(*) FROM pg_class WHERE relnamespace = 'telecom'::regnamespace AND relkind IN ('r', 'm', 'v', 'S')
	AND has_table_privilege('bi', oid, 'INSERT, UPDATE, DELETE, TRUNCATE')}), 0, 'nothing is writable');
is($wire->query('create table telecom.mine (a integer)')->{sqlstate}, '42501', 'and nothing can be created');

# ---- metadata of each dataset, and its types

my %type_of = map { split /\|/ } split /\n/, $ask->(q{SELECT oid, typname FROM pg_type WHERE typname IN ('bool', 'int4', 'int8', 'text', 'float8', 'date', 'timestamp', 'numeric')});
my %loaded = map { $_->[2] => 1 } @{ $wire->query(list_types)->{rows} };
is(join(' ', grep { !$loaded{ (split / /)[0] } } split /\n/, $ask->(q{
		SELECT t.oid || ' ' || typname FROM pg_type AS t JOIN pg_depend AS d ON d.classid = 'pg_type'::regclass AND d.objid = t.oid AND d.deptype = 'e' WHERE typtype = 'b'})),
	'', 'the driver loads the types of the extension');

for my $view (@views)
{
	is(answer(list_columns('telecom', $view)), canonical([ map { [ split /\|/ ] } split /\n/, $ask->(qq{
			SELECT attname, attnum, 'YES', format_type(atttypid, NULL) FROM pg_attribute WHERE attrelid = 'telecom.$view'::regclass AND attnum > 0 ORDER BY attnum}) ], 1),
		"$view: columns");
	is(join('', map { answer($_->('telecom', $view)) } \&list_keys, \&list_references, \&list_referrers), '', "$view: no keys, and no error");

	my @unfit;
	for my $column (@{ $wire->query(qq{select * from "telecom"."$view" "\$Table" limit 0})->{columns} })
	{
		my $precision = $column->{modifier} < 0 ? 0 : ($column->{modifier} - 4) >> 16;

		push @unfit, $column->{name} if !$type_of{ $column->{type} } || !$loaded{ $column->{type} } || !$column->{binary}
			|| $type_of{ $column->{type} } eq 'numeric' && ($precision < 1 || $precision > 28);
	}
	is("@unfit", '', "$view: types that Power BI reads, and numbers of at most 28 digits");
}

# ---- values that Power BI's engine would read as something else: members that differ only by case or spaces, blanks among
# ---- them, whole numbers that are not exact as doubles, long texts, dates before 1900

for my $view (grep { $_ ne 'run_log' } @views)
{
	my @conditions = map {
		my ($name, $type) = split /\|/;
		$type eq 'text' ? "max(length($name)) >= 32764 OR bool_or($name <> rtrim($name))"
			. ((grep { $_ eq $name } @slicers, qw(kind stage reason severity)) ? " OR count(DISTINCT lower($name)) <> count(DISTINCT $name) OR count($name) < count(*)" : '')
		: $type eq 'bigint' ? "max(abs($name)) >= 9007199254740992"
		: $type eq 'date' ? "min($name) < '1900-01-01' OR max($name) > '9999-12-31'" : () }
		split /\n/, $ask->(qq{SELECT attname, format_type(atttypid, NULL) FROM pg_attribute WHERE attrelid = 'telecom.$view'::regclass AND attnum > 0});

	is($ask->("SELECT coalesce(" . join(' OR ', map { "coalesce($_, false)" } 'bool_or(false)', @conditions) . ", false) FROM telecom.$view"), 'f', "$view: values that Power BI reads unchanged");
}

# ---- every case, against its plain answer

my @cases = cases('telecom', $columns, members_of('telecom', $ask, @slicers), $ask);
my @psql = ($node->installed_command('psql'), '-d', $node->connstr('postgres'));
my @plain = plain_answers(\@psql, map { $_->{plain} } @cases);
my %with_rows;

is(scalar @plain, scalar @cases, scalar(@cases) . ' cases');
for my $number (0 .. $#cases)
{
	my $case = $cases[$number];
	my $expected = canonical($plain[$number], $case->{ordered});
	my $answer = $wire->query($case->{sql});

	is($answer->{error} // canonical($answer->{rows}, $case->{ordered}), $expected, $case->{name}) or diag($case->{sql});
	$with_rows{ $case->{visual} // 'other' } += $expected ne '';
	$case->{expected} = $expected;
}
cmp_ok($with_rows{$_}, '>', $_ eq 'data quality' ? 0 : /weeks$/ ? 5 : 20, "$_: answers have rows") for sort keys %with_rows;

# ---- a wrong number is detected: each column of each dataset is made wrong in one row, by the smallest step

my %wrong = (integer => '+ 1', bigint => '+ 1', text => "|| 'x'", numeric => '+ 10 ^ -SCALE::numeric', boolean => 'IS NOT TRUE', date => '+ 1');

# the first case of a dataset whose answer differs: its visuals without slicers, then all of its rows
sub noticed
{
	my ($view) = @_;

	for my $case (grep { $_->{sql} =~ /"telecom"\."$view"/ && $_->{name} =~ /; no slicer$|^import of/ } @cases)
	{
		my $answer = $wire->query($case->{sql});
		return $case->{name} if $case->{expected} ne ($answer->{error} // canonical($answer->{rows}, $case->{ordered}));
	}
	return '';
}

for my $view (qw(kpi kpi_weeks funnel funnel_weeks segment_leakage age_group_leakage weekly_trend revenue_split conversion leakage_cube top_users top_user_weeks))
{
	my %type = map { split /\|/ } split /\n/, $ask->(qq{
		SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute WHERE attrelid = 'telecom.$view'::regclass AND attnum > 0});
	my @unnoticed;

	my $definition = $ask->("SELECT rtrim(pg_get_viewdef('telecom.$view'::regclass), ';')");

	is(noticed($view), '', "$view: correct");
	for my $column (@{ $columns->{$view} })
	{
		my ($type) = $type{$column} =~ /^(\w+)/;
		my ($scale) = $type{$column} =~ /,(\d+)/;
		my $list = join(', ', map { $_ eq $column
			? "CASE WHEN row_number() OVER (ORDER BY $_ DESC) = 1 THEN $_ " . ($wrong{$type} =~ s/SCALE/$scale/r) . " ELSE $_ END AS $_" : $_ } @{ $columns->{$view} });

		$node->safe_psql('postgres', "CREATE OR REPLACE VIEW telecom.$view AS SELECT "
			. join(', ', map { "CAST(p.$_ AS $type{$_}) AS $_" } @{ $columns->{$view} }) . " FROM (SELECT $list FROM ($definition) AS d) AS p");
		push @unnoticed, $column if !noticed($view);
	}
	$node->safe_psql('postgres', "CREATE OR REPLACE VIEW telecom.$view AS $definition");
	is("@unnoticed", '', "$view: a wrong value in any column is detected");
}

# the driver cannot decode a ratio with too many digits, or one that is not a number
$node->safe_psql('postgres', q{CREATE VIEW telecom.ratio AS SELECT (leakage_score / 3) * (leakage_score / 7) AS long, 'NaN'::numeric AS nan FROM telecom.users; GRANT SELECT ON telecom.ratio TO bi});
like($wire->query('select "long" from "telecom"."ratio"')->{error}, qr/does not fit in a System.Decimal/, 'too many digits are detected');
like($wire->query('select "nan" from "telecom"."ratio"')->{error}, qr/not a finite number/, 'and so is NaN');
isnt(answer(list_tables), canonical([ map { [ 'telecom', $_, 'VIEW' ] } @views ], 1), 'and an extra relation');

$wire->close;
$node->stop;
done_testing();
