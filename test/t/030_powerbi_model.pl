# The Power BI project in powerbi/ is consistent: its tables match the views of a fresh mart, its measures match its
# columns, its visuals match its model, and its slicers act on every visual of their page. The counts of users that its
# measures choose from agree. Mistakes planted in copies of the project show that every kind of inconsistency is found.

use strict;
use warnings FATAL => 'all';

use File::Copy qw(copy);
use File::Find;
use File::Path qw(make_path);
use FindBin;
use lib $FindBin::RealBin;
use MartTest;
use PowerBIModel;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = start_node('powerbi');
small_mart($node, 'telecom');

# {view}{column} = type, as in the database
sub views
{
	my %views;

	for (split /\n/, $node->safe_psql('postgres', q{
		SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod)
		FROM pg_class AS c JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
		WHERE c.relnamespace = 'telecom'::regnamespace AND c.relkind = 'v'}))
	{
		my ($view, $column, $type) = split /\|/;
		$views{$view}{$column} = $type;
	}
	return \%views;
}

# all inconsistencies of a project with these views
sub faults
{
	my ($project, $views) = @_;
	my $model = read_model("$project/Leakage.SemanticModel/definition");

	return (model_faults($model, $views), report_faults(read_report("$project/Leakage.Report/definition"), $model));
}

my $views = views();
my $model = read_model('powerbi/Leakage.SemanticModel/definition');
my $report = read_report('powerbi/Leakage.Report/definition');

is(join("\n", model_faults($model, $views)), '', 'the model matches the views of a fresh mart');
is(join("\n", report_faults($report, $model)), '', 'the report matches the model');
cmp_ok(scalar(keys %{ $model->{tables} }), '>=', 15, 'tables were read');
cmp_ok(scalar(map { keys %{ $_->{measures} } } values %{ $model->{tables} }), '>=', 30, 'measures were read');
cmp_ok(scalar(map { keys %{ $_->{visuals} } } values %{ $report->{pages} }), '>=', 40, 'visuals were read');
is($model->{parameters}{Schema}{value}, 'telecom', 'the schema is that of the README');
is_deeply([ sort map { $_->{partition}{mode} } values %{ $model->{tables} } ], [ ('directQuery') x keys %{ $model->{tables} } ], 'all tables use DirectQuery');

# the gateway's role can read everything that the model reads
$node->safe_psql('postgres', q{CREATE ROLE bi LOGIN; CALL leakage_grant_bi('telecom', 'bi')});
my @read = sort map { $_->{partition}{text} =~ /Item = "(\w+)"/ } values %{ $model->{tables} };
for my $view (@read)
{
	is($node->psql('postgres', "SELECT FROM telecom.$view LIMIT 1", extra_params => [ '-U', 'bi' ]), 0, "$view is readable with leakage_grant_bi");
}

# ---- with data: keys are unique, and every row finds its key

refresh($node, 'telecom');
for my $r (@{ $model->{relationships} })
{
	my ($from, $to) = map { my ($view) = $model->{tables}{ $_->{table} }{partition}{text} =~ /Item = "(\w+)"/; [ $view, $_->{column}{sourceColumn} ] } $r->{from}, $r->{to};

	is($node->safe_psql('postgres', qq{
		SELECT (SELECT count(*) - count(DISTINCT $to->[1]) FROM telecom.$to->[0]),
			(SELECT count(*) > 0 FROM telecom.$from->[0]),
			(SELECT count(*) FROM telecom.$from->[0] AS f WHERE NOT EXISTS (SELECT FROM telecom.$to->[0] AS t WHERE t.$to->[1] = f.$from->[1]))}),
		'0|t|0', "$r->{name}: one row per key, and no orphans");
}

# ---- counts of users: the three sources that a measure chooses from agree where they overlap

$node->safe_psql('postgres', q{
	INSERT INTO telecom.crm SELECT 'n' || n, 'Female', '1990', 'ACTIVE', 'Prepaid', 'Tier_3' FROM generate_series(1, 7) AS n;
	DELETE FROM telecom.revenue WHERE (msisdn, week_number) IN (('p3', '24'), ('p3', '25'), ('p4', '22'), ('p5', '33'));
	UPDATE telecom.revenue SET revenue_usd = '0' WHERE (msisdn, week_number) IN (('p6', '24'), ('p7', '25'))});
refresh($node, 'telecom');
my %count = (
	subscribers => 'true', active_users => 'present', revenue_users => 'revenue > 0', leaked_users => 'leakage > 0',
	high_usage_low_revenue_users => 'msisdn IN (SELECT msisdn FROM telecom.users WHERE high_usage_low_revenue)');
for my $column (sort keys %count)
{
	# subscribers include those without a week; they are checked below
	$column eq 'subscribers' or
	is($node->safe_psql('postgres', qq{
		SELECT sum($column) = (SELECT count(DISTINCT msisdn) FROM telecom.user_weeks WHERE $count{$column}), sum($column) > 0 FROM telecom.kpi}),
		't|t', "$column: without a week chosen, the users of any week");
	for my $weeks ('22', '24, 25', '22, 29, 33', '23, 24, 25, 26, 27, 28')
	{
		is($node->safe_psql('postgres', qq{
			SELECT sum(users) = (SELECT count(DISTINCT msisdn) FROM telecom.user_weeks WHERE week_number IN ($weeks) AND $count{$column}), sum(users) > 0
			FROM telecom.kpi_blocks
			WHERE counted = '$column' AND (} . join(' OR ', map { "block_$_ IN (SELECT value FROM telecom.block_weeks WHERE block = $_ AND week_number IN ($weeks))" } 1 .. 16) . ')'),
			't|t', "$column: the blocks with week $weeks give the users of these weeks");
	}
	is($node->safe_psql('postgres', qq{
		SELECT count(*), count(*) FILTER (WHERE k.n IS DISTINCT FROM u.n)
		FROM (SELECT week_number, sum($column) AS n FROM telecom.kpi_weeks GROUP BY week_number) AS k
			FULL JOIN (SELECT week_number, count(DISTINCT msisdn) FILTER (WHERE $count{$column}) AS n FROM telecom.user_weeks GROUP BY week_number) AS u USING (week_number)}),
		'12|0', "$column: the counts by week are the users of each week");
}
is($node->safe_psql('postgres', q{
	SELECT (SELECT sum(subscribers) FROM telecom.kpi), (SELECT count(DISTINCT msisdn) FROM telecom.user_weeks),
		(SELECT count(*) FROM (SELECT week_number, sum(subscribers) FROM telecom.kpi_weeks GROUP BY week_number
			EXCEPT SELECT week_number, count(DISTINCT msisdn) FROM telecom.user_weeks GROUP BY week_number) AS d)}),
	'47|40|0', 'total users: all subscribers; with weeks chosen, users with a row in those weeks');
for my $measure (map { "$_ Users" } 'Total', 'Active', 'Revenue', 'Leaked', 'High Usage Low Revenue')
{
	like($model->{tables}{'Revenue and leakage'}{measures}{$measure}{text},
		qr/NOT ISCROSSFILTERED\('Week'\[week_number\]\), SUM\('User counts'\[(\w+)\]\),\s+HASONEVALUE\('Week'\[week_number\]\), SUM\('User counts by week'\[\g1\]\),\s+SUM\('User counts'\[(?!subscribers)(\w+)\]\) - CALCULATE\(\[Users in No Week\], 'User counts by block'\[counted\] = "\g1"\)/,
		"$measure chooses among the three");
}

# ---- the documentation lists every measure, and storage-mode.sh switches every table

my $page = slurp_file('docs/powerbi.md');
for my $measure (sort map { keys %{ $_->{measures} } } values %{ $model->{tables} })
{
	like($page, qr/^\| `\Q$measure\E` \| /m, "docs/powerbi.md lists $measure");
}

sub copy_of_project
{
	my $project = PostgreSQL::Test::Utils::tempdir('powerbi');

	find({ no_chdir => 1, wanted => sub {
		my $target = $_ =~ s/^powerbi/$project/r;
		-d $_ ? make_path($target) : copy($_, $target) || die "cannot copy $_: $!";
	} }, 'powerbi');
	return $project;
}

sub contents
{
	my ($project) = @_;
	my %contents;

	find({ no_chdir => 1, wanted => sub { $contents{ s/^\Q$project\E//r } = slurp_file($_) if -f } }, $project);
	return \%contents;
}

# Replaces FIND by REPLACE in a copy, in the one file that matches PATTERN and contains FIND. The checks must report EXPECTED.
sub planted
{
	my ($what, $pattern, $find, $replace, $expected) = @_;
	my $project = copy_of_project();
	my $changed = 0;

	find({ no_chdir => 1, wanted => sub {
		return if !-f || $_ !~ $pattern;
		my $content = slurp_file($_);
		$content =~ s/$find/$replace/ or return;
		$changed++;
		open my $file, '>', $_ or die "cannot write $_: $!";
		print $file $content;
		close $file;
	} }, $project);
	is($changed, 1, "planted: $what");
	like(join("\n", faults($project, $views)), $expected, "found: $what");
}

my $project = copy_of_project();
is(join("\n", faults($project, $views)), '', 'a copy of the project is consistent');
my $before = contents($project);
system_or_bail('bash', "$project/storage-mode.sh", 'import');
is_deeply([ sort map { $_->{partition}{mode} } values %{ read_model("$project/Leakage.SemanticModel/definition")->{tables} } ],
	[ ('import') x keys %{ $model->{tables} } ], 'storage-mode.sh import switches every table');
is(join("\n", faults($project, $views)), '', 'and the result is consistent');
system_or_bail('bash', "$project/storage-mode.sh", 'directQuery');
is_deeply(contents($project), $before, 'storage-mode.sh directQuery restores the original');
isnt(system('bash', "$project/storage-mode.sh", 'other'), 0, 'storage-mode.sh refuses anything else');

# ---- mistakes, each planted in a copy

my $cube = qr/Revenue and leakage\.tmdl$/;
my $relationships = qr/relationships\.tmdl$/;

planted('a column of another name', $cube, qr/sourceColumn: expected_revenue/, 'sourceColumn: expected', qr/reads leakage_cube\.expected, which does not exist/);
planted('a column of another type', $cube, qr/column total_revenue\n\t\tdataType: double/, "column total_revenue\n\t\tdataType: int64", qr/total_revenue is int64, but leakage_cube\.total_revenue is numeric/);
planted('a column that is missing', $cube, qr/\t\/\/\/ [^\n]*\n\tcolumn revenue_users\n.*?sourceColumn: revenue_users\n/s, '', qr/leakage_cube\.revenue_users is not in table Revenue and leakage/);
planted('a column with a name of its own', $cube, qr/column expected_revenue\n/, "column hoped_revenue\n", qr/hoped_revenue is not named after leakage_cube\.expected_revenue/);
planted('a column that is summed by default', $cube, qr/summarizeBy: none/, 'summarizeBy: sum', qr/is summed by default/);
planted('a column that sorts by no column', qr/Week\.tmdl$/, qr/sortByColumn: week_order/, 'sortByColumn: week_rank', qr/Week label sorts by a column that does not exist/);
planted('a table of no view', $cube, qr/Item = "leakage_cube"/, 'Item = "leakage_cubes"', qr/reads no view of a mart: leakage_cubes/);
planted('a table of another server', $cube, qr/PostgreSQL\.Database\(Server, /, 'PostgreSQL.Database("elsewhere", ', qr/does not use the parameters/);
planted('a table in another mode', $cube, qr/mode: directQuery/, 'mode: import', qr/partitions have different modes/);
planted('a table that the model does not list', qr/model\.tmdl$/, qr/ref table Week\n/, '', qr/the model lists other tables than it has/);
planted('a parameter that is missing', qr/expressions\.tmdl$/, qr/expression Schema /, 'expression Mart ', qr/no parameter Schema/);
planted('a table without a description', $cube, qr/^\/\/\/ [^\n]*\n/, '', qr/table Revenue and leakage has no description/);
planted('a column without a description', $cube, qr/\t\/\/\/ [^\n]*\n(?=\tcolumn segment\n)/, '', qr/Revenue and leakage\.segment has no description/);
planted('a measure without a description', $cube, qr/\t\/\/\/ [^\n]*\n(?=\tmeasure Gap )/, '', qr/measure Gap has no description/);
planted('a measure of a missing column', $cube, qr/'Revenue and leakage'\[expected_revenue\]/, "'Revenue and leakage'[expectation]", qr/measure Expected Revenue refers to Revenue and leakage\[expectation\]/);
planted('a measure of a missing table', $cube, qr/'User counts'\[revenue_users\]/, "'User count'[revenue_users]", qr/measure Revenue Users refers to User count\[revenue_users\]/);
planted('a measure of a missing measure', $cube, qr/DIVIDE\(\[Leakage\], /, 'DIVIDE([Leakages], ', qr/refers to \[Leakages\], which does not exist/);
planted('a measure with the name of a column', $cube, qr/measure Gap /, 'measure Total_Revenue ', qr/measure Total_Revenue has the name of a column/);
planted('a function that DAX does not have', $cube, qr/DIVIDE\(\[Leakage\], /, 'DEVIDE([Leakage], ', qr/unknown function DEVIDE/);
planted('a missing bracket', $cube, qr/SUM\('Revenue and leakage'\[gap_amount\]\)/, "SUM('Revenue and leakage'[gap_amount]", qr/measure Gap: unbalanced brackets/);
planted('two measures with the same name', qr/Reconciliation\.tmdl$/, qr/measure Checks =/, 'measure leakage =', qr/measure leakage is in Reconciliation and in Revenue and leakage|measure Leakage is in/);
planted('invalid TMDL', $cube, qr/\tcolumn segment\n/, "\tcolum segment\n", qr/cannot read "\tcolum segment"/);
planted('a relationship of no column', $relationships, qr/toColumn: Segment\.Segment/, 'toColumn: Segment.Name', qr/leakage_cube_segment is of missing columns/);
planted('a relationship of two types', $relationships, qr/toColumn: Segment\.Segment/, 'toColumn: Week.week_number', qr/leakage_cube_segment joins different types/);
planted('a relationship to no key', $relationships, qr/toColumn: Segment\.Segment/, 'toColumn: User.Reason', qr/leakage_cube_segment does not end at a key/);
planted('the relationship that passes on the chosen weeks is missing', $relationships, qr/relationship block_weeks_week_number\n.*?\n\n/s, '', qr/visual overview-cards: not all slicers act on Block week, which Active Users reads/);
planted('a relationship that is missing', $relationships, qr/relationship leakage_cube_region\n.*?\n\n/s, '', qr/visual overview-cards: not all slicers act on Revenue and leakage, which Total Revenue reads/);

planted('a visual of a missing measure', qr/overview-age.visual\.json$/, qr/"Property": "Expected Revenue"/, '"Property": "Expected"', qr/overview-age: no measure Revenue and leakage\[Expected\]/);
planted('a visual of a missing column', qr/overview-age.visual\.json$/, qr/"Property": "Age group"/, '"Property": "Ages"', qr/overview-age: no column Age group\[Ages\]/);
planted('a sort by a missing field', qr/top-users-reason.visual\.json$/, qr/"sort": \[\s+\{\s+"field": \{\s+"Measure": \{/, '"sort": [ { "field": { "Column": {', qr/top-users-reason: no column Revenue and leakage\[User Leakage\]/);
planted('a filter of a missing column', qr/top-users.page\.json$/, qr/"Property": "Leaked"\n/, "\"Property\": \"Leaking\"\n", qr/page top-users: no column User\[Leaking\]/);
planted('a filter of a missing column by alias', qr/top-users-table.visual\.json$/, qr/"Property": "leakage"/, '"Property": "loss"', qr/top-users-table: no column User week\[loss\]/);
planted('a drill-through of a missing column', qr/user.page\.json$/, qr/"Property": "Msisdn"/, '"Property": "Number"', qr/page user: no column User\[Number\]/);
planted('a format of a field that is not shown', qr/overview-split.visual\.json$/, qr/"metadata": "Revenue and leakage\.Non-Leaked Revenue"/, '"metadata": "Revenue and leakage.Revenue"', qr/overview-split formats Revenue and leakage\.Revenue/);
planted('a visual without an alternative text', qr/overview-age.visual\.json$/, qr/"altText"/, '"altTexts"', qr/overview-age has no alternative text/);
planted('a visual without a title', qr/overview-age.visual\.json$/, qr/"Value": "'Leakage % by age group'"/, q{"Value": "''"}, qr/overview-age has no title/);
planted('overlapping visuals', qr/overview-age.visual\.json$/, qr/"x": 440/, '"x": 400', qr/overlap/);
planted('a visual outside its page', qr/overview-split.visual\.json$/, qr/"height": 216/, '"height": 316', qr/overview-split is outside its page/);
planted('a slicer of another type', qr/overview-slicer-region.visual\.json$/, qr/"visualType": "slicer"/, '"visualType": "listSlicer"', qr/page overview has no slicer of Region/);
planted('a slicer that is not synchronized', qr/top-users-slicer-region.visual\.json$/, qr/"groupName": "Region"/, '"groupName": "Week label"', qr/is not synchronized/);
planted('a visual that no slicer reaches', qr/overview-age.visual\.json$/, qr/"Entity": "Revenue and leakage"\n(\s+\}\n\s+\},\n\s+)"Property": "Expected Revenue"/,
	"\"Entity\": \"Rejected row\"\n}},\"Property\": \"Refused Rows\"", qr/overview-age: no slicer acts on Refused Rows/);
planted('a page missing from the page order', qr/pages\.json$/, qr/"user",\n/, '', qr/the page order lists other pages than there are/);

# ---- mistakes on the other side: the views change but the model does not

for my $change (
	[ 'a column is added', sub { $_[0]{kpi}{churned} = 'bigint' }, qr/kpi\.churned is not in table User counts/ ],
	[ 'a column is gone', sub { delete $_[0]{weeks}{week_label} }, qr/reads weeks\.week_label, which does not exist/ ],
	[ 'a column has another type', sub { $_[0]{users}{msisdn} = 'bigint' }, qr/User\.Msisdn is string, but users\.msisdn is bigint/ ],
	[ 'a column has a type that Power BI cannot read', sub { $_[0]{run_log}{options} = 'jsonb' }, qr/run_log\.options is jsonb, which Power BI cannot read/ ],
	[ 'a view is gone', sub { delete $_[0]{segments} }, qr/table Segment reads no view of a mart: segments/ ])
{
	my ($what, $apply, $expected) = @$change;
	my %changed = map { $_ => { %{ $views->{$_} } } } keys %$views;

	$apply->(\%changed);
	like(join("\n", model_faults($model, \%changed)), $expected, "found: $what");
}

$node->stop;
done_testing();
