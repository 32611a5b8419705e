# Reads the Power BI project in powerbi/ and lists inconsistencies: between the semantic model (TMDL) and the views of a
# mart, between measures and columns, between the report (PBIR) and the model. It knows as much of TMDL as the project
# uses, and reports everything else as a fault.

package PowerBIModel;

use strict;
use warnings FATAL => 'all';

use Exporter 'import';
use File::Find;
use JSON::PP;

our @EXPORT = qw(read_model read_report model_faults report_faults slicers);

# the connector's types for PostgreSQL's types
my @type_of = (
	[ qr/^text$/, 'string' ], [ qr/^(smallint|integer|bigint)$/, 'int64' ], [ qr/^(numeric\b.*|double precision|real)$/, 'double' ],
	[ qr/^boolean$/, 'boolean' ], [ qr/^(date|timestamp without time zone)$/, 'dateTime' ]);

# the seven slicers: table and column
my %slicer = (
	'Segment' => 'Segment', 'Age group' => 'Age group', 'Region' => 'Region', 'Gender' => 'Gender', 'Activity level' => 'Activity level',
	'Revenue band' => 'Revenue band', 'Week' => 'Week label');

sub slicers { return %slicer }

# the text of a file, without the carriage returns that Power BI Desktop may write
sub slurp
{
	my ($path) = @_;

	open my $file, '<:encoding(UTF-8)', $path or die "cannot read $path: $!";
	local $/;
	return <$file> =~ s/\r//gr;
}

sub files
{
	my ($dir, $pattern) = @_;
	my @found;

	find({ wanted => sub { push @found, $File::Find::name if -f && $File::Find::name =~ $pattern }, no_chdir => 1 }, $dir);
	return sort @found;
}

# a TMDL name without its quotes
sub unquote
{
	my ($name) = @_;

	return $name =~ s/^'(.*)'$/$1/r =~ s/''/'/gr;
}

# ---- the semantic model

my $name = qr/'(?:[^']|'')*'|\w+/;

# Reads the model in a folder DEFINITION: parameters, tables with columns, measures, and partition, relationships, and
# faults found while reading.
sub read_model
{
	my ($definition) = @_;
	my %model = (parameters => {}, tables => {}, relationships => [], listed => [], faults => []);

	for my $path (files($definition, qr/\.tmdl$/))
	{
		my ($description, $table, $object, $file) = ('', undef, undef, $path =~ s{.*/}{}r);

		for my $line (split /\n/, slurp($path))
		{
			if ($line =~ m{^\t?/// ?(.*)})
			{
				$description .= $1;
				next;
			}
			elsif ($line =~ /^\s*$/)
			{
				$object->{text} .= "\n" if $object;
				next;
			}
			elsif ($line =~ /^table ($name)$/)
			{
				$table = $object = $model{tables}{ unquote($1) } = { columns => {}, measures => {}, file => $file };
			}
			elsif ($line =~ /^\tcolumn ($name)$/)
			{
				$object = $table->{columns}{ unquote($1) } = {};
			}
			elsif ($line =~ /^\tmeasure ($name) =(?: (.*))?$/)
			{
				$object = $table->{measures}{ unquote($1) } = { text => $2 // '' };
			}
			elsif ($line =~ /^\tpartition ($name) = m$/)
			{
				$object = $table->{partition} = {};
			}
			elsif ($line =~ /^relationship (\w+)$/)
			{
				$object = { name => $1 };
				push @{ $model{relationships} }, $object;
			}
			elsif ($line =~ /^expression ($name) = "(.*?)" meta \[IsParameterQuery=true, Type="Text", IsParameterQueryRequired=true\]$/)
			{
				$object = $model{parameters}{$1} = { value => $2 };
			}
			elsif ($line =~ /^ref table ($name)$/)
			{
				push @{ $model{listed} }, unquote($1);
			}
			elsif ($line =~ /^(model Model|database)$/)
			{
				$object = $model{$1} = {};
			}
			elsif ($line =~ /^\t*annotation \w+ = /)
			{
				next;
			}
			elsif ($object && $line =~ /^\t{1,2}(\w+): (.*)$/)
			{
				$object->{$1} = $2;
			}
			elsif ($object && $line =~ /^\t{1,2}(\w+)( =)?$/)
			{
				$object->{$1} //= 1;
			}
			elsif ($object && $line =~ /^\t{3,}/)
			{
				$object->{text} .= "$line\n";
			}
			else
			{
				push @{ $model{faults} }, "$file: cannot read \"$line\"";
			}
			$object->{description} //= $description if $object;
			$description = '';
		}
	}
	return \%model;
}

# the references of a measure: columns as [table, column], measures and tables by name
sub references
{
	my ($dax) = @_;
	my (@columns, @measures);

	$dax =~ s/"(?:[^"]|"")*"//g;		# texts
	push @columns, [ unquote($1), $2 ] while $dax =~ s/('(?:[^']|'')*'|\b\w+)\[([^\]]+)\]//;
	push @measures, $1 while $dax =~ s/\[([^\]]+)\]//;
	my @tables = map { unquote($_) } $dax =~ /'(?:[^']|'')*'/g;
	return (\@columns, \@measures, \@tables);
}

# faults of a formula that can be found without an engine: unbalanced brackets, unknown functions
sub dax_faults
{
	my ($dax) = @_;
	my %known = map { $_ => 1 } qw(CALCULATE COUNTROWS DISTINCTCOUNT DIVIDE EXCEPT FALSE FILTER FORMAT HASONEVALUE IF ISBLANK ISCROSSFILTERED LEFT LEN MAX MAXX MID
		SEARCH SELECTCOLUMNS SELECTEDVALUE SUM SUMMARIZE SWITCH TOPN TREATAS TRUE VALUES);
	my @faults;

	$dax =~ s/"(?:[^"]|"")*"|'(?:[^']|'')*'|\[[^\]]+\]//g;
	push @faults, map { "unknown function $_" } grep { !$known{$_} } $dax =~ /\b(\w+)\s*\(/g;
	push @faults, 'unbalanced brackets' if ($dax =~ tr/(//) != ($dax =~ tr/)//) || $dax =~ /["'\[\]]/;
	return @faults;
}

# Inconsistencies within the model, or with the views: VIEWS is {view}{column} = type.
sub model_faults
{
	my ($model, $views) = @_;
	my %table = %{ $model->{tables} };
	my @faults = @{ $model->{faults} };
	my %home;

	push @faults, 'the model has no tables' if !%table;
	for my $parameter ('Server', 'Database', 'Schema')
	{
		push @faults, "no parameter $parameter" if !$model->{parameters}{$parameter};
	}
	push @faults, 'the model lists other tables than it has'
		if join("\n", sort @{ $model->{listed} }) ne join("\n", sort keys %table);

	my %mode = map { ($_->{partition}{mode} // 'none') => 1 } values %table;
	push @faults, 'partitions have different modes: ' . join(', ', sort keys %mode) if keys %mode != 1;

	for my $t (sort keys %table)
	{
		my %column = %{ $table{$t}{columns} };
		my ($view) = ($table{$t}{partition}{text} // '') =~ /Source\{\[Schema = Mart, Item = "(\w+)"\]\}\[Data\]/;

		push @faults, "table $t has no description" if !$table{$t}{description};
		push @faults, "table $t is in $table{$t}{file}" if $table{$t}{file} ne "$t.tmdl";
		push @faults, "table $t does not use the parameters"
			if ($table{$t}{partition}{text} // '') !~ /Source = PostgreSQL\.Database\(Server, Database\),\s+Mart = Schema,/;
		if (!$view || !$views->{$view})
		{
			push @faults, "table $t reads no view of a mart: " . ($view // 'none');
			next;
		}
		my %source;
		for my $c (sort keys %column)
		{
			my $sql = $column{$c}{sourceColumn} // '';
			my $type = $views->{$view}{$sql};

			push @faults, "column $t.$c has no description" if !$column{$c}{description};
			push @faults, "column $t.$c is summed by default" if ($column{$c}{summarizeBy} // '') ne 'none';
			push @faults, "column $t.$c sorts by a column that does not exist" if $column{$c}{sortByColumn} && !$column{ unquote($column{$c}{sortByColumn}) };
			if (!$type)
			{
				push @faults, "column $t.$c reads $view.$sql, which does not exist";
				next;
			}
			push @faults, "$view.$sql is read twice" if $source{$sql}++;
			my ($wanted) = map { $_->[1] } grep { $type =~ $_->[0] } @type_of;
			push @faults, "column $t.$c: $view.$sql is $type, which Power BI cannot read" if !$wanted;
			push @faults, "column $t.$c is $column{$c}{dataType}, but $view.$sql is $type"
				if $wanted && ($column{$c}{dataType} // '') ne $wanted;

			# a visible column has a readable name; a hidden one has the view's name, with _amount if a measure has that name
			my $shown = ucfirst($sql =~ s/_/ /gr);
			push @faults, "column $t.$c is not named after $view.$sql"
				if $column{$c}{isHidden} ? $c !~ /^\Q$sql\E(?:_amount)?$/ : $c ne $shown;
		}
		push @faults, map { "$view.$_ is not in table $t" } grep { !$source{$_} } sort keys %{ $views->{$view} };
		for my $m (sort keys %{ $table{$t}{measures} })
		{
			push @faults, "measure $m is in $home{ lc $m } and in $t" if $home{ lc $m };
			push @faults, "measure $m has the name of a column of $t" if grep { lc $_ eq lc $m } keys %column;
			push @faults, "measure $m has no description" if !$table{$t}{measures}{$m}{description};
			$home{ lc $m } = $t;
		}
	}

	for my $t (sort keys %table)
	{
		for my $m (sort keys %{ $table{$t}{measures} })
		{
			my ($columns, $measures, $tables) = references($table{$t}{measures}{$m}{text});

			push @faults, map { "measure $m refers to $_->[0]\[$_->[1]\], which does not exist" }
				grep { !$table{ $_->[0] } || !$table{ $_->[0] }{columns}{ $_->[1] } } @$columns;
			push @faults, map { "measure $m refers to [$_], which does not exist" } grep { !$home{ lc $_ } } @$measures;
			push @faults, map { "measure $m refers to the table $_, which does not exist" } grep { !$table{$_} } @$tables;
			push @faults, "measure $m refers to nothing" if !@$columns && !@$measures && !@$tables;
			push @faults, map { "measure $m: $_" } dax_faults($table{$t}{measures}{$m}{text});
		}
	}

	for my $r (@{ $model->{relationships} })
	{
		my ($from, $to) = map {
			my ($t, $c) = ($r->{$_} // '') =~ /^($name)\.($name)$/ ? (unquote($1), unquote($2)) : ('', '');
			{ table => $t, name => $c, column => $table{$t} && $table{$t}{columns}{$c} } } 'fromColumn', 'toColumn';

		$r->{from} = $from;
		$r->{to} = $to;
		if (!$from->{column} || !$to->{column})
		{
			push @faults, "relationship $r->{name} is of missing columns";
			next;
		}
		push @faults, "relationship $r->{name} joins different types" if ($from->{column}{dataType} // '') ne ($to->{column}{dataType} // '');
		push @faults, "relationship $r->{name} does not end at a key" if !$to->{column}{isKey};
	}
	return @faults;
}

# ---- the report

# Reads the report in a folder DEFINITION: pages by name, each with its content and its visuals by name, and the page order.
sub read_report
{
	my ($definition) = @_;
	my $json = JSON::PP->new;
	my $read = sub { $json->decode(slurp($_[0])) };
	my %report = (content => $read->("$definition/report.json"), order => $read->("$definition/pages/pages.json")->{pageOrder}, pages => {});

	for my $path (files("$definition/pages", qr{/page\.json$}))
	{
		my ($page) = $path =~ m{/([^/]+)/page\.json$};
		$report{pages}{$page} = { content => $read->($path), visuals => {} };
	}
	for my $path (files("$definition/pages", qr{/visual\.json$}))
	{
		my ($page, $visual) = $path =~ m{/([^/]+)/visuals/([^/]+)/visual\.json$};
		$report{pages}{$page}{visuals}{$visual} = $read->($path);
	}
	return \%report;
}

# the fields of a query, filter, or other part of a report, as [kind, table, name]; aliases come from the enclosing query
sub fields
{
	my ($node, %alias) = @_;
	my @found;

	if (ref $node eq 'ARRAY')
	{
		return map { fields($_, %alias) } @$node;
	}
	return if ref $node ne 'HASH';
	for my $source (ref $node->{From} eq 'ARRAY' ? @{ $node->{From} } : ())
	{
		$alias{ $source->{Name} } = $source->{Entity} if $source->{Entity};
	}
	for my $kind ('Column', 'Measure')
	{
		next if ref $node->{$kind} ne 'HASH' || !exists $node->{$kind}{Property};
		my $ref = $node->{$kind}{Expression}{SourceRef} // {};
		push @found, [ $kind, $ref->{Entity} // $alias{ $ref->{Source} // '' } // '(no table)', $node->{$kind}{Property} ];
	}
	return (@found, map { fields($node->{$_}, %alias) } sort keys %$node);
}

# the selectors that format single fields of a visual
sub selectors
{
	my ($node) = @_;

	return map { selectors($_) } @$node if ref $node eq 'ARRAY';
	return if ref $node ne 'HASH';
	return (ref $node->{selector} eq 'HASH' && $node->{selector}{metadata} ? $node->{selector}{metadata} : (), map { selectors($node->{$_}) } sort keys %$node);
}

sub literal
{
	my ($visual, $object, $property) = @_;

	return $visual->{visual}{visualContainerObjects}{$object}[0]{properties}{$property}{expr}{Literal}{Value} // '';
}

# tables that a measure reads, directly or through other measures
sub tables_of
{
	my ($model, $measure) = @_;
	my ($text) = grep { defined } map { $_->{measures}{$measure} && $_->{measures}{$measure}{text} } values %{ $model->{tables} };
	my ($columns, $measures, $tables) = references($text // '');

	return ((map { $_->[0] } @$columns), @$tables, map { tables_of($model, $_) } @$measures);
}

# the tables whose rows a formula takes away from those of another table, to filter with the rest; no numbers come from them
sub handing_on
{
	my ($model) = @_;

	return map { $_->{text} =~ /EXCEPT\(SUMMARIZE\([^()]+\), SUMMARIZE\('([^']+)'/g } map { values %{ $_->{measures} } } values %{ $model->{tables} };
}

# the tables that a measure reads but not all slicers reach
sub unreached
{
	my ($model, $measure) = @_;
	my %read = map { $_ => 1 } tables_of($model, $measure);
	my %handing_on = map { $_ => 1 } handing_on($model);
	my %reached;

	$reached{ $_->{from}{table} }{ $_->{to}{table} } = 1 for @{ $model->{relationships} };
	return if !grep { $reached{$_} } keys %read;
	# a table that passes the chosen weeks on to a table with the other slicers needs to know only the weeks
	$reached{$_}{Week} and $reached{$_} = { map { $_ => 1 } keys %slicer } for keys %handing_on;
	# a measure that looks at the weeks replaces counts over all weeks by those of the chosen weeks
	return grep { my $t = $_; $reached{$t} && grep { !$reached{$t}{$_} && !($_ eq 'Week' && $read{Week}) } keys %slicer } sort keys %read;
}

# Inconsistencies between the report and the model, or within the pages.
sub report_faults
{
	my ($report, $model) = @_;
	my %table = %{ $model->{tables} };
	my @faults;
	my (%filter, %sync);

	push @faults, 'the page order lists other pages than there are' if join("\n", sort @{ $report->{order} }) ne join("\n", sort keys %{ $report->{pages} });
	for my $p (sort keys %{ $report->{pages} })
	{
		my $page = $report->{pages}{$p};
		my %visual = %{ $page->{visuals} };
		my (%slicer_there, @boxes);

		push @faults, "page $p is called $page->{content}{name}" if $page->{content}{name} ne $p;
		push @faults, "page $p is empty" if !%visual;
		for my $part ([ "page $p", $page->{content} ], map { [ "visual $_", $visual{$_} ] } sort keys %visual)
		{
			my ($where, $content) = @$part;

			push @faults, map { "$where: no " . lc($_->[0]) . " $_->[1]\[$_->[2]\]" }
				grep { !$table{ $_->[1] } || !$table{ $_->[1] }{ lc($_->[0]) . 's' }{ $_->[2] } } fields($content);
			push @faults, map { "$where: filter $_->{name} appears twice" } grep { $filter{ $_->{name} }++ } @{ $content->{filterConfig}{filters} // [] };
		}
		for my $v (sort keys %visual)
		{
			my $content = $visual{$v};
			my %box = %{ $content->{position} };
			my @projections = map { @{ $_->{projections} } } values %{ $content->{visual}{query}{queryState} // {} };
			my %ref = map { $_->{queryRef} => 1 } @projections;

			push @faults, "visual $v is called $content->{name}" if $content->{name} ne $v;
			push @faults, "visual $v has no alternative text" if literal($content, 'general', 'altText') !~ /\w/;
			push @faults, "visual $v has no title"
				if @projections && $content->{visual}{visualType} !~ /^(slicer|cardVisual)$/ && literal($content, 'title', 'text') !~ /\w/;
			push @faults, map { "visual $v formats $_, which it does not show" } grep { !$ref{$_} } selectors($content->{visual}{objects});
			for my $projection (@projections)
			{
				my ($field) = fields($projection->{field});
				push @faults, "visual $v: $projection->{queryRef} is not the name of its field" if !$field || $projection->{queryRef} ne "$field->[1].$field->[2]";
			}
			push @faults, "visual $v is outside its page"
				if $box{x} < 0 || $box{y} < 0 || $box{x} + $box{width} > $page->{content}{width} || $box{y} + $box{height} > $page->{content}{height};
			push @faults, map { "visuals $_->{name} and $v overlap" }
				grep { $box{x} < $_->{x} + $_->{width} && $_->{x} < $box{x} + $box{width} && $box{y} < $_->{y} + $_->{height} && $_->{y} < $box{y} + $box{height} } @boxes;
			push @boxes, { %box, name => $v };

			next if $content->{visual}{visualType} ne 'slicer';
			my ($field) = fields($projections[0]{field});
			my $group = $content->{visual}{syncGroup};
			$slicer_there{ $field->[1] } = $field->[2];
			push @faults, "slicer $v is not synchronized with the other pages"
				if !$group || !$group->{filterChanges} || ($sync{ $group->{groupName} } //= $projections[0]{queryRef}) ne $projections[0]{queryRef};
		}

		# a page has all slicers or none, and everything on it obeys them
		next if !%slicer_there;
		push @faults, map { "page $p has no slicer of $_" } grep { ($slicer_there{$_} // '') ne $slicer{$_} } sort keys %slicer;
		for my $v (sort keys %visual)
		{
			my @measures = map { $_->[2] } grep { $_->[0] eq 'Measure' } fields($visual{$v}{visual}{query}{queryState});
			for my $m (@measures)
			{
				my %read = map { $_ => 1 } tables_of($model, $m);
				push @faults, "visual $v: no slicer acts on $m" if !grep { my $t = $_; grep { $_->{from}{table} eq $t } @{ $model->{relationships} } } keys %read;
				push @faults, map { "visual $v: not all slicers act on $_, which $m reads" } unreached($model, $m);
			}
		}
	}
	return @faults;
}

1;
