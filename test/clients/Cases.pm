# The dashboard's questions to a mart, case by case. Each case has the query that Power BI sends and a plain query for the
# same answer, which counts users and user-weeks (the published views users and user_weeks) and subscribers of the cleaned
# CRM (subscriber_cell). The runners send the first query and get the plain answer from psql; nothing here runs a case.

package Cases;

use strict;
use warnings FATAL => 'all';

use Datasets qw(plain_dataset);
use Exporter 'import';
use PowerBI qw(preview imported chart table_visual card members ordered_members distinct_count bounds join_related date_table wrapped);

our @EXPORT_OK = qw(cases visuals states key_of @slicers);

our @slicers = qw(segment age_group region gender activity_level revenue_band week_number);

# ---- plain queries

# the condition of a slicer, for the plain answer
sub plain_filter
{
	my ($column, $operation, @values) = @_;
	my @l = map { /^-?\d+(\.\d+)?$/ ? $_ : "'" . s/'/''/gr . "'" } @values;

	return "$column = $l[0]" if $operation =~ /^(is|number_is)$/;
	return "$column IN (" . join(', ', @l) . ')' if $operation eq 'in';
	return "$column <> $l[0]" if $operation eq 'not';
	return "$column NOT IN (" . join(', ', @l) . ')' if $operation eq 'not_in';
	return "$column BETWEEN $l[0] AND $l[1]" if $operation eq 'between';
	return "$column >= $l[0]" if $operation eq 'from';
	return "$column > $l[0]" if $operation eq 'above';
	return "$column < $l[0]" if $operation eq 'below';
	return "$column >= DATE '$values[0]' AND $column < DATE '$values[1]'" if $operation eq 'dates';
	return "$column LIKE '%" . ($values[0] =~ s/'/''/gr) . "%'" if $operation eq 'contains';
	return "$column IS NULL" if $operation eq 'blank';
	return $column if $operation eq 'true';
	return "NOT $column" if $operation eq 'false';
	die "unknown operation $operation";
}

sub plain_where
{
	my @conditions = map { plain_filter(@$_) } @_;

	return @conditions ? ' WHERE ' . join(' AND ', @conditions) : '';
}

sub filters_on
{
	my ($state, @columns) = @_;

	return grep { my $filter = $_; grep { $_ eq $filter->[0] } @columns } @{ $state->{where} };
}

# each measure, over users (all weeks together) and over user-weeks
my %measure = (
	total_revenue => [ 'sum(total_revenue)', 'sum(revenue)' ],
	expected_revenue => [ 'sum(expected_revenue)', 'sum(expected_revenue)' ],
	gap => [ 'sum(gap)', 'sum(gap)' ],
	leakage => [ 'sum(leakage)', 'sum(leakage)' ],
	leaked_users_revenue => [ 'sum(CASE WHEN leaked THEN total_revenue ELSE 0 END)', 'sum(CASE WHEN leaked THEN revenue ELSE 0 END)' ],
	active_users => [ 'count(*)', 'count(*) FILTER (WHERE present)' ],
	revenue_users => [ 'count(*) FILTER (WHERE total_revenue > 0)', 'count(*) FILTER (WHERE revenue > 0)' ],
	leaked_users => [ 'count(*) FILTER (WHERE leaked)', 'count(*) FILTER (WHERE leaked AND expected_leak > 0)' ],
	high_usage_low_revenue_users => [ 'count(*) FILTER (WHERE high_usage_low_revenue)', undef ]);
my %money = map { $_ => 1 } qw(total_revenue expected_revenue gap leakage leaked_users_revenue);

# The plain query for a visual's groups and measures, over users, or over user-weeks if weeks matter. Users have no weeks,
# and counts in the weekly datasets count user-weeks.
sub plain_sums
{
	my ($schema, $state, $groups, $measures, %options) = @_;
	my @names = map { (split /:/)[0] } @$measures;
	my $over_users = $options{over_users} // !(grep { !$money{$_} } @names);

	$over_users = 0
		if grep { $_ eq 'week_number' } @$groups, map { $_->[0] } @{ $state->{where} };
	my @sums = map { $measure{$_}[ $over_users ? 0 : 1 ] // die "no plain way to count $_" } @names;
	return 'SELECT ' . join(', ', @$groups, @sums) . " FROM $schema." . ($over_users ? 'users' : 'user_weeks') . plain_where(@{ $state->{where} })
		. (@$groups ? ' GROUP BY ' . join(', ', @$groups) : '');
}

# the number of subscribers; with a filter on activity level or revenue band, only subscribers with revenue
sub plain_subscribers
{
	my ($schema, $state) = @_;

	return "(SELECT count(*) FROM $schema.users" . plain_where(@{ $state->{where} }) . ')' if filters_on($state, 'activity_level', 'revenue_band');
	return "(SELECT sum(subscribers) FROM $schema.subscriber_cell" . plain_where(@{ $state->{where} }) . ')';
}

# the filters of a state, those on weeks apart
sub weeks_and_others
{
	my ($state) = @_;

	return map { my $weeks = $_; [ grep { ($_->[0] =~ /^week_/) == $weeks } @{ $state->{where} } ] } 0, 1;
}

# the numbers of users of each kind who count in one or more weeks, and only in weeks that CONDITION is true of
sub plain_counts
{
	my ($schema, $others, $condition) = @_;
	my %of = (subscribers => 'true', active_users => 'present', revenue_users => 'revenue > 0', leaked_users => 'leaked AND expected_leak > 0',
		high_usage_low_revenue_users => "msisdn IN (SELECT msisdn FROM $schema.users WHERE high_usage_low_revenue)");

	return 'WITH u AS (SELECT msisdn, ' . join(', ', map { "bool_and($condition) FILTER (WHERE $of{$_}) AS $_" } sort keys %of)
		. " FROM $schema.user_weeks" . plain_where(@$others) . ' GROUP BY msisdn), c AS (SELECT '
		. join(', ', map { "count(*) FILTER (WHERE $_) AS $_" } sort keys %of) . ' FROM u) '
		. join(' UNION ALL ', map { "SELECT '$_', $_ FROM c WHERE $_ > 0" } sort keys %of);
}

sub weekly { my ($state) = @_; return scalar filters_on($state, 'week_number') }

# ---- the visuals of the report

sub cards
{
	my ($schema, $state) = @_;
	my $weekly = weekly($state);
	my @sums = (qw(active_users revenue_users leaked_users), $weekly ? () : 'high_usage_low_revenue_users', qw(total_revenue expected_revenue leakage));
	my $subscribers = $weekly ? "(SELECT count(*) FROM $schema.user_weeks" . plain_where(@{ $state->{where} }) . ')' : plain_subscribers($schema, $state);

	# a sum over no users is blank, even where a count would be 0
	return (\&card, view => $weekly ? 'kpi_weeks' : 'kpi', sums => [ 'subscribers', @sums ], where => $state->{where},
		plain => "SELECT s.subscribers, p.* FROM (SELECT nullif($subscribers, 0) AS subscribers) AS s LEFT JOIN ("
			. plain_sums($schema, $state, [], \@sums, over_users => !$weekly) . ') AS p ON s.subscribers > 0');
}

# Each visual has a name, a page, and a function. For a state of the slicers (and a way to ask the server), the function
# returns the query shape, the relation, the groups, the measures, and the plain query.
my @visuals = (
	[ 'revenue and leakage by segment', 'overview' => sub {
		my ($schema, $state) = @_;
		my @sums = qw(total_revenue leakage);
		return (\&chart, view => 'segment_leakage', group => ['segment'], sums => \@sums,
			plain => plain_sums($schema, $state, ['segment'], \@sums));
	} ],
	[ 'leakage % by age group', 'overview' => sub {
		my ($schema, $state) = @_;
		my @sums = qw(leakage:decimal expected_revenue:decimal);
		return (\&chart, view => 'age_group_leakage', group => ['age_group'], sums => \@sums,
			plain => plain_sums($schema, $state, ['age_group'], \@sums));
	} ],
	[ 'funnel', 'overview' => sub {
		my ($schema, $state) = @_;
		my $from = "FROM $schema." . (weekly($state) ? 'user_weeks' : 'users') . plain_where(@{ $state->{where} });
		my @counts = map { $measure{$_}[ weekly($state) ? 1 : 0 ] } qw(active_users revenue_users leaked_users);
		my $total = weekly($state) ? "(SELECT count(*) $from)" : plain_subscribers($schema, $state);
		return (\&chart, view => weekly($state) ? 'funnel_weeks' : 'funnel', group => [qw(stage stage_order)], sums => ['users'],
			plain => "SELECT stage, stage_order, users FROM (SELECT 'Total' AS stage, 1 AS stage_order, $total AS users"
				. " UNION ALL SELECT 'Active', 2, (SELECT $counts[0] $from) UNION ALL SELECT 'Revenue', 3, (SELECT $counts[1] $from)"
				. " UNION ALL SELECT 'Leakage', 4, (SELECT $counts[2] $from)) AS f WHERE $total > 0");
	} ],
	[ 'weekly trend', 'overview' => sub {
		my ($schema, $state) = @_;
		my @sums = qw(total_revenue expected_revenue leakage);
		return (\&chart, view => 'weekly_trend', group => ['week_number'], sums => \@sums,
			plain => plain_sums($schema, $state, ['week_number'], \@sums));
	} ],
	[ 'leaked against collected', 'overview' => sub {
		my ($schema, $state) = @_;
		return (\&chart, view => 'revenue_split', group => [qw(segment kind)], sums => [qw(amount users_revenue)],
			plain => 'WITH s AS (SELECT segment, sum(revenue) AS collected, sum(leakage) AS leaked, sum(CASE WHEN leaked THEN revenue ELSE 0 END) AS of_leaked'
				. " FROM $schema.user_weeks" . plain_where(@{ $state->{where} }) . ' GROUP BY segment)'
				. " SELECT segment, 'Collected', collected, collected - of_leaked FROM s UNION ALL SELECT segment, 'Leaked', leaked, of_leaked FROM s");
	} ],
	[ 'cards', 'overview' => \&cards ],
	# with several weeks, the users of the next query less those of the one after it
	[ 'cards of all weeks', 'overview' => sub {
		my ($schema, $state) = @_;
		return () if !weekly($state);
		my ($others) = weeks_and_others($state);
		return cards($schema, { where => $others });
	} ],
	[ 'users in none of the weeks', 'overview' => sub {
		my ($schema, $state, $ask) = @_;
		return () if !weekly($state);
		my ($others, $weeks) = weeks_and_others($state);
		# the client first asks for the values of both tables, and sends those of the difference as lists
		my %missed;
		push @{ $missed{ $_->[0] } }, $_->[1] for map { [ split /\|/ ] } split /\n/, $ask->("SELECT block, value FROM $schema.block_values"
			. " EXCEPT SELECT block, value FROM $schema.block_weeks" . plain_where(@$weeks) . ' ORDER BY 1, 2');
		return () if keys %missed < 16;		# each user counts in one of the weeks
		return (\&chart, view => 'kpi_blocks', group => ['counted'], sums => ['users'],
			where => [ @$others, map { [ "block_$_", 'in', @{ $missed{$_} } ] } 1 .. 16 ],
			plain => plain_counts($schema, $others, 'NOT (' . (plain_where(@$weeks) =~ s/ WHERE //r) . ')'));
	} ],
	[ 'conversion by segment and week', 'conversion' => sub {
		my ($schema, $state) = @_;
		my @sums = qw(active_users revenue_users leaked_users);
		return (\&table_visual, view => 'conversion', group => [qw(segment week_number)], sums => \@sums, ordered => 1,
			plain => plain_sums($schema, $state, [qw(segment week_number)], \@sums) . ' ORDER BY 3 DESC, 1, 2 LIMIT 1001');
	} ],
	[ 'users with the greatest leakage', 'top users' => sub {
		my ($schema, $state) = @_;
		my $weekly = weekly($state);
		return (\&table_visual, view => $weekly ? 'top_user_weeks' : 'top_users', group => ['msisdn'], sums => ['leakage'], ordered => 1, limit => 10,
			where => [ @{ $state->{where} }, $weekly ? [ 'leakage', 'above', 0 ] : () ],
			plain => "SELECT msisdn, sum(leakage) FROM $schema." . ($weekly ? 'user_weeks' : 'users') . plain_where([ 'leakage', 'above', 0 ], @{ $state->{where} })
				. ' GROUP BY msisdn ORDER BY 2 DESC, 1 LIMIT 10');
	} ],
	[ 'data quality', 'data quality' => sub {
		my ($schema, $state) = @_;
		return () if @{ $state->{where} };	# the slicers do not apply here
		return (\&chart, view => 'data_quality', group => ['file'], sums => ['rows'], where => [ [ 'rule', 'is', 'rows_in' ] ],
			plain => join(' UNION ALL ', map { "SELECT '$_', count(*) FROM $schema.$_" } qw(crm device revenue subscriber_attribute usage exclusion known_event)));
	} ]);

sub visual
{
	my ($schema, $columns, $name, $page, $make, $state, $ask, $shape_of) = @_;
	my ($shape, %q) = $make->($schema, $state, $ask) or return ();

	# Power BI lists all columns of the relation, or only those that it uses
	my @where = @{ $q{where} // $state->{where} };
	my %used = map { (split /:/)[0] => 1 } @{ $q{group} // [] }, @{ $q{sums} }, map { $_->[0] } @where;
	my @listed = $shape_of->{all_columns} ? @{ $columns->{ $q{view} } } : grep { $used{$_} } @{ $columns->{ $q{view} } };

	return { name => "$name; $state->{name}", visual => $name, page => $page, state => $state->{name}, ordered => $q{ordered}, plain => $q{plain},
		sql => $shape->(%q, schema => $schema, columns => \@listed, where => \@where) };
}

# The visuals of all pages under one state of the slicers.
sub visuals
{
	my ($schema, $columns, $state, $ask) = @_;
	my $number = 0;

	return map { visual($schema, $columns, @$_, $state, $ask, { all_columns => $number++ % 2 }) } @visuals;
}

# States of the slicers: none set; each with one member, with two, and with each kind of exclusion; several slicers together.
sub states
{
	my ($members) = @_;		# the members of each slicer, in order
	my @states = ({ name => 'no slicer', where => [] });
	my $seed = 1;
	my $random = sub { my ($n) = @_; $seed = ($seed * 1103515245 + 12345) % 2147483648; return ($seed >> 16) % $n };

	for my $slicer (@slicers)
	{
		my @members = @{ $members->{$slicer} };
		my ($first, $last) = @members[ 0, -1 ];

		push @states, { name => "$slicer is $members[-1]", where => [ [ $slicer, 'is', $last ] ] };
		next if @members < 2;
		push @states, { name => "$slicer is $first or $last", where => [ [ $slicer, 'in', $first, $last ] ] };
		# subscribers without revenue have activity level and revenue band None, so excluding members keeps them
		next if $slicer =~ /^(activity_level|revenue_band)$/;
		push @states, { name => "$slicer is not $first", where => [ [ $slicer, 'not', $first ] ] },
			{ name => "$slicer is neither $first nor $last", where => [ [ $slicer, 'not_in', $first, $last ] ] };
	}
	my @weeks = @{ $members->{week_number} };
	push @states, { name => "week_number from $weeks[1] to $weeks[-2]", where => [ [ 'week_number', 'between', @weeks[ 1, -2 ] ] ] },
		{ name => "week_number is the number $weeks[2]", where => [ [ 'week_number', 'number_is', $weeks[2] ] ] } if @weeks > 2;
	push @states, { name => 'segment contains er_', where => [ [ 'segment', 'contains', 'er_' ] ] }, { name => 'region is blank', where => [ [ 'region', 'blank' ] ] };

	for my $number (1 .. 12)
	{
		my %taken;
		while (keys %taken < 2 + $number % 3)
		{
			my $slicer = $slicers[ $random->(scalar @slicers) ];
			my @members = @{ $members->{$slicer} };
			my $from = $random->(scalar @members);
			$taken{$slicer} //= [ $slicer, 'in', @members[ $from .. ($from + 2 > $#members ? $#members : $from + 2) ] ];
		}
		push @states, { name => "combination $number: " . join(', ', sort keys %taken), where => [ map { $taken{$_} } sort keys %taken ] };
	}
	return @states;
}

# ---- other queries

# The key columns of each dataset.
my %keys = (
	users => 'msisdn', user_weeks => 'msisdn week_number', top_users => 'rank', top_user_weeks => 'week_number msisdn', weeks => 'week_number',
	kpi => 'segment age_group region gender activity_level revenue_band', data_quality => 'file rule', rejected_rows => 'rejected_id',
	reconciliation => 'check_name', run_health => 'check_name file', run_log => 'run_id');
sub key_of { my ($view) = @_; return [ split / /, $keys{$view} // '' ] }

sub other_cases
{
	my ($schema, $columns, $members, $ask) = @_;
	my @cases;
	my $add = sub { my ($name, $sql, $plain, %more) = @_; push @cases, { name => $name, sql => $sql, plain => $plain, %more } };
	my @weeks = @{ $members->{week_number} };

	# slicer members
	for my $slicer (grep { $_ ne 'week_number' } @slicers)
	{
		for my $view (qw(leakage_cube user_weeks))
		{
			$add->("members of $slicer in $view", members(schema => $schema, view => $view, column => $slicer),
				"SELECT DISTINCT $slicer FROM $schema.users ORDER BY 1 LIMIT 101", ordered => 1);
		}
	}
	$add->('members of activity_level in kpi, and those without', members(schema => $schema, view => 'kpi', column => 'activity_level'),
		"SELECT * FROM (SELECT DISTINCT activity_level FROM $schema.users UNION SELECT 'None') AS a ORDER BY 1", ordered => 1);
	$add->('members of age_group in the order of another column', ordered_members(schema => $schema, view => 'leakage_cube', column => 'age_group', order => 'age_group_order'),
		"SELECT age_group FROM (SELECT DISTINCT age_group, age_group_order FROM $schema.users) AS a ORDER BY age_group_order", ordered => 1);
	$add->('members of revenue_band in the order of another column', ordered_members(schema => $schema, view => 'leakage_cube', column => 'revenue_band', order => 'revenue_band_order'),
		"SELECT revenue_band FROM (SELECT DISTINCT revenue_band, revenue_band_order FROM $schema.users) AS a ORDER BY revenue_band_order", ordered => 1);
	$add->('members of week_number', ordered_members(schema => $schema, view => 'weekly_trend', column => 'week_number'),
		"SELECT DISTINCT week_number FROM $schema.user_weeks ORDER BY 1", ordered => 1);
	$add->('members of week_start', ordered_members(schema => $schema, view => 'weeks', column => 'week_start', blank => "timestamp '1899-12-28 00:00:00'"),
		"SELECT DISTINCT week_start FROM $schema.user_weeks ORDER BY 1", ordered => 1);
	$add->('members of leaked', ordered_members(schema => $schema, view => 'users', column => 'leaked')
		=~ s/case when "_"\."o0" is not null then "_"\."o0" else 0 end/case when "_"."o0" is not null then (case when "_"."o0" is null then null when "_"."o0" = true then 1 else 0 end) else 0 end/r,
		"SELECT DISTINCT leaked FROM $schema.users ORDER BY 1", ordered => 1);

	# distinct counts: of users, and of columns with blanks
	for my $state ({ name => 'all', where => [] }, map { { name => "$_ is $members->{$_}[-1]", where => [ [ $_, 'is', $members->{$_}[-1] ] ] } } @slicers)
	{
		my @where = @{ $state->{where} };
		$add->("distinct users; $state->{name}", distinct_count(schema => $schema, view => 'user_weeks', column => 'msisdn', where => \@where),
			"SELECT count(*) FROM (SELECT msisdn FROM $schema.user_weeks" . plain_where(@where) . ' GROUP BY msisdn) AS u');
		$add->("distinct users that leak; $state->{name}", distinct_count(schema => $schema, view => 'user_weeks', column => 'msisdn', where => [ @where, [ 'leaked', 'true' ] ]),
			"SELECT nullif(count(*), 0) FROM (SELECT msisdn FROM $schema.user_weeks" . plain_where(@where, [ 'leaked', 'true' ]) . ' GROUP BY msisdn) AS u');
	}
	for my $column (qw(age change_week brand))
	{
		$add->("distinct $column, blank is one", distinct_count(schema => $schema, view => 'users', column => $column),
			"SELECT count(*) FROM (SELECT DISTINCT $column FROM $schema.users) AS a");
	}
	$add->('distinct week_start', distinct_count(schema => $schema, view => 'user_weeks', column => 'week_start'),
		"SELECT count(*) FROM (SELECT DISTINCT week_start FROM $schema.user_weeks) AS a");

	# bounds of range slicers, and the ranges
	for my $range ([ users => 'total_revenue' ], [ users => 'leakage_score' ], [ users => 'age' ], [ user_weeks => 'week_number' ], [ user_weeks => 'week_start' ])
	{
		my ($view, $column) = @$range;
		$add->("bounds of $column", bounds(schema => $schema, view => $view, column => $column),
			"SELECT (SELECT count(*) FROM (SELECT DISTINCT $column FROM $schema.$view) AS d), min($column), max($column) FROM $schema.$view");
	}
	my @user_columns = qw(msisdn segment region total_revenue expected_revenue leakage reason leaked);
	for my $range ([ 'total_revenue', 'from', 100 ], [ 'total_revenue', 'below', '120.5' ], [ 'total_revenue', 'between', '60.25', 150 ], [ 'leakage', 'from', '0.000001' ],
		[ 'leakage_score', 'between', 50, 100 ], [ 'age', 'blank' ], [ 'age', 'below', 30 ], [ 'brand', 'contains', 'a' ], [ 'peer_group', 'contains', 'Tier' ],
		[ 'high_usage_low_revenue', 'true' ], [ 'leaked', 'false' ], [ 'reason', 'not', 'none' ])
	{
		my $where = [$range];
		my $all = $columns->{users};
		$add->("revenue by gender where $range->[0] $range->[1] @$range[2 .. $#$range]",
			chart(schema => $schema, view => 'users', columns => $all, group => ['gender'], sums => [qw(total_revenue leakage)], where => $where),
			"SELECT gender, sum(total_revenue), sum(leakage) FROM $schema.scored_user" . plain_where($range) . ' GROUP BY gender');
	}
	my ($monday, $until) = split /\|/, $ask->("SELECT min(week_start) + 14, min(week_start) + 35 FROM $schema.weeks HAVING min(week_start) IS NOT NULL");
	$add->('revenue by week from one day to another', chart(schema => $schema, view => 'weekly_trend', columns => $columns->{weekly_trend},
			group => ['week_number'], sums => ['total_revenue'], where => [ [ 'week_start', 'dates', $monday, $until ] ]),
		"SELECT week_number, sum(revenue) FROM $schema.user_weeks" . plain_where([ 'week_start', 'dates', $monday, $until ]) . ' GROUP BY week_number') if $monday;
	$add->('weeks as date table', date_table(schema => $schema, view => 'weeks', column => 'week_start'),
		"SELECT count(*), 2 * count(*) FILTER (WHERE week_start IS NULL) / greatest(count(*) FILTER (WHERE week_start IS NULL), 1) + count(DISTINCT week_start), min(week_start), max(week_start)"
			. " FROM (SELECT DISTINCT week_number, week_start FROM $schema.user_weeks) AS w");

	# top N: first the members, then the chart of these members by name
	my @top = split /\n/, $ask->("SELECT msisdn FROM $schema.scored_user WHERE leaked ORDER BY leakage DESC, msisdn LIMIT 5");
	if (@top)
	{
		$add->('top 5 users, first step', table_visual(schema => $schema, view => 'top_users', columns => [qw(msisdn leakage)], group => ['msisdn'], sums => ['leakage'], limit => 5),
			"SELECT msisdn, leakage FROM $schema.scored_user WHERE leaked ORDER BY leakage DESC, msisdn LIMIT 5", ordered => 1);
		$add->('top 5 users, second step', chart(schema => $schema, view => 'top_users', columns => $columns->{top_users}, group => [qw(msisdn reason severity)],
				sums => [qw(total_revenue leakage)], where => [ [ 'msisdn', 'in', @top ] ]),
			"SELECT msisdn, reason, severity, total_revenue, leakage FROM $schema.scored_user WHERE leaked ORDER BY leakage DESC, msisdn LIMIT 5");
		$add->('top 5 users by week', chart(schema => $schema, view => 'user_weeks', columns => $columns->{user_weeks}, group => [qw(msisdn week_number)],
				sums => [qw(revenue expected_revenue)], where => [ [ 'msisdn', 'in', @top ] ]),
			"SELECT msisdn, week_number, revenue, expected_revenue FROM $schema.scored_week WHERE msisdn IN (" . join(', ', map { "'$_'" } @top) . ')');
		$add->('drill through to a user', imported(schema => $schema, view => 'users', columns => \@user_columns, key => ['msisdn'], where => [ [ 'msisdn', 'is', $top[0] ] ]),
			"SELECT " . join(', ', @user_columns) . " FROM $schema.scored_user WHERE msisdn = '$top[0]'");
		$add->("drill through to a user's weeks", imported(schema => $schema, view => 'user_weeks', columns => [qw(week_number present revenue expected_revenue)], key => ['week_number'],
				where => [ [ 'msisdn', 'is', $top[0] ] ]),
			"SELECT week_number, present, revenue, expected_revenue FROM $schema.scored_week WHERE msisdn = '$top[0]' ORDER BY period", ordered => 1);
	}
	$add->('the 3 segment weeks that convert worst', table_visual(schema => $schema, view => 'conversion', columns => $columns->{conversion},
			group => [qw(worst_rank segment week_number segment_week_revenue_rate segment_week_leak_rate)], sums => [qw(active_users revenue_users)], order => [qw(worst_rank segment week_number)], limit => 3),
		"SELECT rank() OVER (ORDER BY 1.0 * r / a, 1.0 * l / a DESC), segment, week_number, round(1.0 * r / a, 4), round(1.0 * l / a, 4), a, r"
			. " FROM (SELECT segment, week_number, $measure{active_users}[1] AS a, $measure{revenue_users}[1] AS r, $measure{leaked_users}[1] AS l"
			. " FROM $schema.user_weeks GROUP BY segment, week_number HAVING $measure{active_users}[1] > 0) AS w ORDER BY 1, 2, 3 LIMIT 3", ordered => 1);

	# the cube by each of its columns
	my @cube = qw(total_revenue expected_revenue gap leakage leaked_users_revenue active_users revenue_users leaked_users);
	for my $column (@slicers, 'revenue_segment')
	{
		$add->("the cube by $column", chart(schema => $schema, view => 'leakage_cube', columns => $columns->{leakage_cube}, group => [$column], sums => \@cube),
			plain_sums($schema, { where => [] }, [$column], \@cube));
	}
	$add->('subscribers without revenue', card(schema => $schema, view => 'kpi', columns => [qw(subscribers active_users activity_level)], sums => [qw(subscribers active_users)],
			where => [ [ 'activity_level', 'is', 'None' ] ]),
		"SELECT (SELECT sum(subscribers) FROM $schema.subscriber_cell) - (SELECT count(*) FROM $schema.users), 0");

	# joins of related tables
	$add->('fact and dimension: revenue by week label', join_related(schema => $schema, fact => 'weekly_trend', dimension => 'weeks', key => 'week_number', measure => 'total_revenue', group => 'week_label'),
		"SELECT 'Week ' || CASE WHEN week_number > 53 THEN left(week_number::text, 4) || '-' || right(week_number::text, 2) ELSE week_number::text END, sum(revenue) FROM $schema.user_weeks GROUP BY 1");
	$add->('fact and dimension: leakage by brand', join_related(schema => $schema, fact => 'top_users', dimension => 'users', key => 'msisdn', measure => 'leakage', group => 'brand'),
		"SELECT brand, sum(leakage) FROM $schema.scored_user WHERE leaked GROUP BY brand");
	$add->('fact and dimension: revenue of weeks by brand', join_related(schema => $schema, fact => 'user_weeks', dimension => 'users', key => 'msisdn', measure => 'revenue', group => 'brand'),
		"SELECT brand, sum(total_revenue) FROM $schema.scored_user GROUP BY brand");

	# data quality
	$add->('refused rows by reason', chart(schema => $schema, view => 'data_quality', columns => $columns->{data_quality}, group => [qw(file rule)], sums => ['rows'],
			where => [ [ 'rule', 'contains', 'refused_' ] ]),
		"SELECT file, 'refused_' || reason, count(*) FROM $schema.rejected_rows GROUP BY 1, 2");
	$add->('refused rows', chart(schema => $schema, view => 'data_quality', columns => $columns->{data_quality}, group => ['file'], sums => ['rows'],
			where => [ [ 'rule', 'is', 'rows_refused' ] ]),
		"SELECT f.file, count(rejected_id) FROM (SELECT DISTINCT file FROM $schema.file_count) AS f LEFT JOIN $schema.rejected_row AS r USING (file) GROUP BY 1");
	$add->('verdicts of the health checks', chart(schema => $schema, view => 'run_health', columns => $columns->{run_health}, group => ['verdict'], sums => ['value'], where => []),
		"SELECT verdict, sum(value) FROM $schema.health_check GROUP BY 1");
	$add->('totals that do not reconcile', distinct_count(schema => $schema, view => 'reconciliation_faults', column => 'check_name'), 'SELECT NULL');

	# imports of whole datasets, compared row by row and column by column; previews in the order of the key
	for my $view (sort keys %$columns)
	{
		my $all = $columns->{$view};
		$add->("import of $view", preview(schema => $schema, view => $view, columns => $all), plain_dataset($schema, $view, @$all) // "SELECT * FROM $schema.$view");
		$add->("schema of a native query on $view", wrapped("SELECT * FROM $schema.$view", 0), "SELECT 1 WHERE false");
		$add->("preview of $view in the order of its key", imported(schema => $schema, view => $view, columns => $all, key => key_of($view), where => []) . ' fetch next 4096 rows only',
			"SELECT * FROM $schema.$view ORDER BY " . join(', ', @{ key_of($view) }) . ' LIMIT 4096', ordered => 1) if @{ key_of($view) };
	}
	return @cases;
}

# All cases of a mart. COLUMNS: the columns of each published view, in order. MEMBERS: the members of each slicer, in order.
# ASK: runs a plain query and returns its unaligned output.
sub cases
{
	my ($schema, $columns, $members, $ask) = @_;

	return ((map { visuals($schema, $columns, $_, $ask) } states($members)), other_cases($schema, $columns, $members, $ask));
}

1;
