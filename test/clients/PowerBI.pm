# The queries that Power BI's PostgreSQL connector sends, as seen in published statement logs and traces: the navigator's
# queries for tables, columns, and keys, and the DirectQuery queries of visuals, slicers, and filters. The aliases ("_",
# "rows", "$Table", "$Outer", "a0", "o0", "t0_0") are the connector's own.

package PowerBI;

use strict;
use warnings FATAL => 'all';

use Exporter 'import';

our @EXPORT_OK = qw(list_tables list_columns list_keys list_references list_referrers list_types
	preview imported chart table_visual card members ordered_members distinct_count bounds join_related date_table wrapped filter);

sub literal { my ($value) = @_; return $value =~ /^-?\d+(\.\d+)?$/ ? $value : "'" . ($value =~ s/'/''/gr) . "'" }
sub text { "'" . ($_[0] =~ s/'/''/gr) . "'" }
sub columns { my ($of, @names) = @_; return join(', ', map { qq{"$of"."$_"} } @names) }
sub table { my ($schema, $name) = @_; return qq{"$schema"."$name"} }

# ---- metadata: the navigator, "include relationship columns", the driver's first connection

sub list_tables
{
	return q{select TABLE_SCHEMA, TABLE_NAME, TABLE_TYPE from INFORMATION_SCHEMA.tables }
		. q{where TABLE_SCHEMA not in ('information_schema', 'pg_catalog') order by TABLE_SCHEMA, TABLE_NAME};
}

sub list_columns
{
	my ($schema, $name) = @_;

	return q{select COLUMN_NAME, ORDINAL_POSITION, IS_NULLABLE, }
		. q{case when (data_type like '%unsigned%') then DATA_TYPE || ' unsigned' else DATA_TYPE end as DATA_TYPE }
		. qq{from INFORMATION_SCHEMA.columns where TABLE_SCHEMA = '$schema' and TABLE_NAME = '$name' }
		. q{order by TABLE_SCHEMA, TABLE_NAME, ORDINAL_POSITION};
}

my $constraints = q{from (select distinct constraint_catalog, constraint_schema, unique_constraint_schema, constraint_name, unique_constraint_name }
	. q{from INFORMATION_SCHEMA.REFERENTIAL_CONSTRAINTS) fkcon }
	. q{inner join INFORMATION_SCHEMA.KEY_COLUMN_USAGE fkcol on fkcon.CONSTRAINT_SCHEMA = fkcol.CONSTRAINT_SCHEMA and fkcon.CONSTRAINT_NAME = fkcol.CONSTRAINT_NAME }
	. q{inner join INFORMATION_SCHEMA.KEY_COLUMN_USAGE pkcol on fkcon.UNIQUE_CONSTRAINT_SCHEMA = pkcol.CONSTRAINT_SCHEMA and fkcon.UNIQUE_CONSTRAINT_NAME = pkcol.CONSTRAINT_NAME};

# foreign keys that point at the table
sub list_referrers
{
	my ($schema, $name) = @_;

	return qq{select pkcol.COLUMN_NAME as PK_COLUMN_NAME, fkcol.TABLE_SCHEMA AS FK_TABLE_SCHEMA, fkcol.TABLE_NAME AS FK_TABLE_NAME, }
		. qq{fkcol.COLUMN_NAME as FK_COLUMN_NAME, fkcol.ORDINAL_POSITION as ORDINAL, }
		. qq{fkcon.CONSTRAINT_SCHEMA || '_' || fkcol.TABLE_NAME || '_' || '$name' || '_' || fkcon.CONSTRAINT_NAME as FK_NAME $constraints }
		. qq{where pkcol.TABLE_SCHEMA = '$schema' and pkcol.TABLE_NAME = '$name' and pkcol.ORDINAL_POSITION = fkcol.ORDINAL_POSITION }
		. qq{order by FK_NAME, fkcol.ORDINAL_POSITION};
}

# foreign keys of the table
sub list_references
{
	my ($schema, $name) = @_;

	return qq{select pkcol.TABLE_SCHEMA AS PK_TABLE_SCHEMA, pkcol.TABLE_NAME AS PK_TABLE_NAME, pkcol.COLUMN_NAME as PK_COLUMN_NAME, }
		. qq{fkcol.COLUMN_NAME as FK_COLUMN_NAME, fkcol.ORDINAL_POSITION as ORDINAL, }
		. qq{fkcon.CONSTRAINT_SCHEMA || '_' || '$name' || '_' || pkcol.TABLE_NAME || '_' || fkcon.CONSTRAINT_NAME as FK_NAME $constraints }
		. qq{where fkcol.TABLE_SCHEMA = '$schema' and fkcol.TABLE_NAME = '$name' and pkcol.ORDINAL_POSITION = fkcol.ORDINAL_POSITION }
		. qq{order by FK_NAME, fkcol.ORDINAL_POSITION};
}

sub list_keys
{
	my ($schema, $name) = @_;

	return qq{select i.CONSTRAINT_SCHEMA || '_' || i.CONSTRAINT_NAME as INDEX_NAME, ii.COLUMN_NAME, ii.ORDINAL_POSITION, }
		. qq{case when i.CONSTRAINT_TYPE = 'PRIMARY KEY' then 'Y' else 'N' end as PRIMARY_KEY }
		. qq{from INFORMATION_SCHEMA.table_constraints i inner join INFORMATION_SCHEMA.key_column_usage ii }
		. qq{on i.CONSTRAINT_SCHEMA = ii.CONSTRAINT_SCHEMA and i.CONSTRAINT_NAME = ii.CONSTRAINT_NAME and i.TABLE_SCHEMA = ii.TABLE_SCHEMA and i.TABLE_NAME = ii.TABLE_NAME }
		. qq{where i.TABLE_SCHEMA = '$schema' and i.TABLE_NAME = '$name' and i.CONSTRAINT_TYPE in ('PRIMARY KEY', 'UNIQUE') }
		. qq{order by i.CONSTRAINT_SCHEMA || '_' || i.CONSTRAINT_NAME, ii.TABLE_SCHEMA, ii.TABLE_NAME, ii.ORDINAL_POSITION};
}

# The driver's query for types. It joins pg_proc, so a type without a receive function is missing and cannot be read.
sub list_types
{
	return q{select ns.nspname, typ_and_elem_type.typname, typ_and_elem_type.oid, typ_and_elem_type.typtype }
		. q{from (select a.typname, a.oid, a.typnamespace, a.typtype from pg_type a join pg_proc on pg_proc.oid = a.typreceive) typ_and_elem_type }
		. q{join pg_namespace ns on ns.oid = typ_and_elem_type.typnamespace where typ_and_elem_type.typtype in ('b', 'r', 'e', 'd') order by 3};
}

# ---- filters

# A condition on a column, as the connector writes it. OPERATION is one of: is, in, not, not_in, between, from, above,
# below, dates, number_is, contains, blank, true, false.
sub filter
{
	my ($column, $operation, @values) = @_;
	my $c = qq{"_"."$column"};
	my @l = map { literal($_) } @values;

	return "$c = $l[0]" if $operation eq 'is';
	return "$c in (" . join(', ', @l) . ')' if $operation eq 'in';
	return "($c <> $l[0] or $c is null)" if $operation eq 'not';
	return "not ($c in (" . join(', ', @l) . '))' if $operation eq 'not_in';
	return "($c <= $l[1] and $c >= $l[0])" if $operation eq 'between';
	return "$c >= $l[0]" if $operation eq 'from';
	return "$c > $l[0]" if $operation eq 'above';
	return "$c < $l[0]" if $operation eq 'below';
	return "cast($c as decimal) = cast($l[0] as decimal)" if $operation eq 'number_is';
	return "($c < date '$values[1]') and $c >= date '$values[0]'" if $operation eq 'dates';
	return "strpos((case when $c is not null then $c else '' end), " . text($values[0]) . ') > 0' if $operation eq 'contains';
	return "$c is null" if $operation eq 'blank';
	return "(case when $c is null then null when $c = true then 1 else 0 end) = 1" if $operation eq 'true';
	return "(case when $c is null then null when $c = true then 1 else 0 end) = 0" if $operation eq 'false';
	die "unknown operation $operation";
}

# the relation with its columns listed and its rows filtered; all visuals start from it
sub rows_of
{
	my (%q) = @_;
	my @where = map { '(' . filter(@$_) . ')' } @{ $q{where} // [] };

	return 'select ' . columns('_', @{ $q{columns} }) . ' from ' . table($q{schema}, $q{view}) . ' "_"'
		. (@where ? ' where ' . join(' and ', @where) : '');
}

# ---- import and preview

sub preview
{
	my (%q) = @_;

	return 'select ' . join(', ', map { qq{"\$Table"."$_" as "$_"} } @{ $q{columns} }) . ' from ' . table($q{schema}, $q{view}) . ' "$Table"'
		. ($q{limit} ? " limit $q{limit}" : '');
}

# rows of a filtered table, ordered by its key
sub imported
{
	my (%q) = @_;

	return 'select ' . columns('$Ordered', @{ $q{columns} }) . ' from ( ' . rows_of(%q) . ' ) "$Ordered" order by ' . columns('$Ordered', @{ $q{key} });
}

# a native query typed by the user
sub wrapped
{
	my ($query, $limit) = @_;

	return qq{select * from ( $query ) "_" limit $limit};
}

# ---- visuals

# sum(...) of each measure as "a0", "a1", and so on; "leakage:decimal" casts the measure
sub sums
{
	my @measures = @_;

	return join(', ', map {
		my ($name, $cast) = split /:/, $measures[$_];
		$cast ? qq{sum(cast("rows"."$name" as $cast)) as "a$_"} : qq{sum("rows"."$name") as "a$_"} } 0 .. $#measures);
}

# the chart without its limit: groups and sums, without rows that are entirely blank
sub grouped
{
	my (%q) = @_;
	my @a = map { "a$_" } 0 .. $#{ $q{sums} };

	return 'select ' . columns('_', @{ $q{group} }, @a)
		. ' from ( select ' . join(', ', (map { qq{"rows"."$_" as "$_"} } @{ $q{group} }), sums(@{ $q{sums} }))
		. ' from ( ' . rows_of(%q) . ' ) "rows" group by ' . join(', ', map { qq{"$_"} } @{ $q{group} }) . ' ) "_"'
		. ' where ' . join(' or ', map { qq{not "_"."$_" is null} } @a);
}

sub chart
{
	return grouped(@_) . ' limit 1000001';
}

# the rows in descending order of the first measure
sub table_visual
{
	my (%q) = @_;
	my @all = (@{ $q{group} }, map { "a$_" } 0 .. $#{ $q{sums} });
	my $limit = $q{limit} // 1001;

	return 'select ' . columns('_', @all) . ' from ( select ' . columns('_', @all) . ' from ( ' . grouped(%q) . ' ) "_" ) "_" order by '
		. join(', ', $q{order} ? columns('_', @{ $q{order} }) : ('"_"."a0" desc', map { qq{"_"."$_"} } @{ $q{group} })) . " limit $limit";
}

sub card
{
	my (%q) = @_;
	my @used = map { (split /:/)[0] } @{ $q{sums} };

	return 'select ' . sums(@{ $q{sums} }) . ' from ( select ' . join(', ', map { qq{"$_"} } @used) . ' from ( ' . rows_of(%q) . ' ) "$Table" ) "rows"';
}

# ---- slicers

# members of a text column
sub members
{
	my (%q) = @_;

	return qq{select "_"."$q{column}" from ( select "rows"."$q{column}" as "$q{column}" from ( }
		. rows_of(%q, columns => [ $q{column} ]) . qq{ ) "rows" group by "$q{column}" ) "_" order by "_"."$q{column}" limit } . ($q{limit} // 101);
}

# members of a column that is sorted by another column or by itself, blanks first; BLANK replaces them
sub ordered_members
{
	my (%q) = @_;
	my ($c, $o) = ($q{column}, $q{order} // $q{column});
	my $blank = $q{blank} // 0;

	return qq{select "_"."$c" as "c98" from ( select "$c", "_"."t0_0" as "t0_0", "_"."t1_0" as "t1_0" from ( }
		. qq{select "_"."$c", "_"."o0", "_"."t0_0", "_"."t1_0" from ( select "_"."$c" as "$c", "_"."o0" as "o0", }
		. qq{case when "_"."o0" is not null then "_"."o0" else $blank end as "t0_0", case when "_"."o0" is null then 0 else 1 end as "t1_0" }
		. qq{from ( select "rows"."$c" as "$c", "rows"."o0" as "o0" from ( select "$c" as "$c", "$o" as "o0" from } . table($q{schema}, $q{view}) . qq{ "\$Table" ) "rows" }
		. qq{group by "$c", "o0" ) "_" ) "_" ) "_" ) "_" order by "_"."t0_0", "_"."t1_0" limit 101};
}

# a distinct count: blank counts as a value
sub distinct_count
{
	my (%q) = @_;

	return qq{select count(distinct("rows"."$q{column}")) + max(case when "rows"."$q{column}" is null then 1 else 0 end) as "a0" from ( }
		. rows_of(%q, columns => [ $q{column} ]) . ' ) "rows"';
}

# the ends of a range slicer
sub bounds
{
	my (%q) = @_;
	my $c = $q{column};

	return qq{select count(distinct("rows"."$c")) + max(case when "rows"."$c" is null then 1 else 0 end) as "a0", min("rows"."$c") as "a1", max("rows"."$c") as "a2" }
		. qq{from ( select "$c" from } . table($q{schema}, $q{view}) . ' "$Table" ) "rows"';
}

# "mark as date table"
sub date_table
{
	my (%q) = @_;
	my $c = qq{"rows"."$q{column}"};

	return qq{select count(1) as "a0", (count(distinct("DateFraction")) + max(case when "DateFraction" is null then 1 else 0 end)) + max(case when $c is null then 1 else 0 end) as "a1", }
		. qq{min($c) as "a2", max($c) as "a3" from ( select "$q{column}", }
		. qq{cast("$q{column}" as timestamp) - interval '1 day' * 0 as "DateFraction" from } . table($q{schema}, $q{view}) . ' "$Table" ) "rows"';
}

# ---- two related tables: MEASURE of the fact by GROUP of the dimension, joined on KEY where both may be NULL

sub join_related
{
	my (%q) = @_;
	my $on = qq{("\$Outer"."basetable0.c22" = "\$Inner"."semijoin1.c22" or "\$Outer"."basetable0.c22" is null and "\$Inner"."semijoin1.c22" is null)};

	return qq{select "_"."semijoin1.c30" as "c30", "_"."a0" as "a0" from ( select "rows"."semijoin1.c30" as "semijoin1.c30", sum("rows"."basetable0.a0") as "a0" from ( }
		. qq{select "\$Outer"."basetable0.a0", "\$Inner"."semijoin1.c30" from ( }
		. qq{select "$q{key}" as "basetable0.c22", "$q{measure}" as "basetable0.a0" from } . table($q{schema}, $q{fact}) . qq{ as "\$Table" ) as "\$Outer" join ( }
		. qq{select "rows"."$q{group}" as "semijoin1.c30", "rows"."$q{key}" as "semijoin1.c22" from ( select "$q{group}", "$q{key}" from } . table($q{schema}, $q{dimension})
		. qq{ as "\$Table" ) as "rows" group by "$q{group}", "$q{key}" ) as "\$Inner" on $on ) as "rows" group by "semijoin1.c30" ) as "_" where not "_"."a0" is null limit 1000001};
}

1;
