# Plain queries for the rows of each published dataset. They read the published views users (one row per user) and
# user_weeks (one row per user and week), and the subscribers of the cleaned CRM (subscriber_cell).

package Datasets;

use strict;
use warnings FATAL => 'all';

use Exporter 'import';

our @EXPORT_OK = qw(plain_dataset);

# sums over the user-weeks w and their users u
my %of_weeks = (
	active_users => 'count(*) FILTER (WHERE w.present)',
	revenue_users => 'count(*) FILTER (WHERE w.revenue > 0)',
	leaked_users => 'count(*) FILTER (WHERE w.leaked AND w.expected_leak > 0)',
	subscribers => 'count(*)',
	high_usage_low_revenue_users => 'count(*) FILTER (WHERE u.high_usage_low_revenue)',
	total_revenue => 'sum(w.revenue)',
	expected_revenue => 'sum(w.expected_revenue)',
	gap => 'sum(w.gap)',
	leakage => 'sum(w.leakage)',
	leaked_users_revenue => 'sum(CASE WHEN w.leaked THEN w.revenue ELSE 0 END)',
	leakage_share => 'CASE WHEN sum(w.expected_revenue) = 0 THEN 0 ELSE round(sum(w.leakage) / sum(w.expected_revenue), 4) END',
	users => 'count(*) FILTER (WHERE w.present)');

# filters that are not columns of user_weeks
my %of_users = map { $_ => "u.$_" } qw(revenue_segment_order age_group_order activity_level_order revenue_band_order);
my %of_calendar = (
	week_order => 'dense_rank() OVER (ORDER BY w.week_number) + (SELECT min(week_order) FROM SCHEMA.weeks) - 1',
	week_label => q{'Week ' || CASE WHEN w.week_number > 53 THEN left(w.week_number::text, 4) || '-' || right(w.week_number::text, 2) ELSE w.week_number::text END});

# a dataset of user-weeks, grouped by its filter columns
sub by_filters
{
	my ($schema, @columns) = @_;
	my @groups = map { $of_users{$_} // "w.$_" } grep { !$of_weeks{$_} && !$of_calendar{$_} } @columns;

	return 'SELECT ' . join(', ', map { $of_weeks{$_} // $of_users{$_} // ($of_calendar{$_} // "w.$_") =~ s/SCHEMA/$schema/r } @columns)
		. " FROM $schema.user_weeks AS w JOIN $schema.users AS u USING (msisdn) GROUP BY " . join(', ', @groups);
}

# users and subscribers without revenue, all weeks together
sub kpi
{
	my ($schema) = @_;
	my $filters = 'segment, age_group, age_group_order, region, gender';

	return qq{
		SELECT $filters, activity_level, activity_level_order, revenue_band, revenue_band_order,
			count(*) AS subscribers, count(*) AS active_users, count(*) FILTER (WHERE total_revenue > 0) AS revenue_users,
			count(*) FILTER (WHERE leaked) AS leaked_users, count(*) FILTER (WHERE high_usage_low_revenue) AS high_usage_low_revenue_users,
			sum(total_revenue) AS total_revenue, sum(expected_revenue) AS expected_revenue, sum(leakage) AS leakage
		FROM $schema.users
		GROUP BY $filters, activity_level, activity_level_order, revenue_band, revenue_band_order
		UNION ALL
		SELECT $filters, 'None', 0, 'None', -1, sum(n), 0, 0, 0, 0, 0, 0, 0
		FROM (
			SELECT $filters, subscribers AS n FROM $schema.subscriber_cell
			UNION ALL
			SELECT $filters, -1 FROM $schema.users) AS s
		GROUP BY $filters
		HAVING sum(n) > 0};
}

my $stages = q{CROSS JOIN LATERAL (VALUES ('Total', 1, k.subscribers), ('Active', 2, k.active_users), ('Revenue', 3, k.revenue_users), ('Leakage', 4, k.leaked_users))
	AS s (stage, stage_order, users)};

# The plain query for all rows of a dataset with these COLUMNS, in order. Undefined for datasets without figures of users.
sub plain_dataset
{
	my ($schema, $view, @columns) = @_;
	my @filters = qw(segment age_group age_group_order region gender activity_level revenue_band);

	return by_filters($schema, @columns) if $view =~ /^(leakage_cube|segment_leakage|age_group_leakage|weekly_trend|kpi_weeks|weeks)$/;
	return kpi($schema) if $view eq 'kpi';
	return 'SELECT s.stage, s.stage_order, ' . join(', ', map { "k.$_" } @filters) . ', s.users FROM (' . kpi($schema) . ") AS k $stages" if $view eq 'funnel';
	return 'SELECT s.stage, s.stage_order, ' . join(', ', map { "k.$_" } 'week_number', @filters) . ', s.users FROM ('
		. by_filters($schema, 'week_number', @filters, qw(subscribers active_users revenue_users leaked_users))
		. ') AS k (' . join(', ', 'week_number', @filters) . ", subscribers, active_users, revenue_users, leaked_users) $stages" if $view eq 'funnel_weeks';
	if ($view eq 'revenue_split')
	{
		my $filters = join(', ', @columns[ 2 .. $#columns - 2 ]);
		return "SELECT kind, CASE kind WHEN 'Collected' THEN 1 ELSE 2 END, $filters, sum(CASE kind WHEN 'Collected' THEN revenue ELSE leakage END),"
			. " sum(CASE WHEN (kind = 'Leaked') = leaked THEN revenue ELSE 0 END)"
			. " FROM $schema.user_weeks CROSS JOIN (VALUES ('Collected'), ('Leaked')) AS k (kind) GROUP BY kind, $filters";
	}
	if ($view eq 'conversion')
	{
		my @groups = @columns[ 1 .. 7 ];
		my $counts = join(', ', map { "$of_weeks{$_} AS $_" } qw(active_users revenue_users leaked_users));
		return 'SELECT worst_rank, ' . join(', ', map { "c.$_" } @groups) . ', c.active_users, c.revenue_users, c.leaked_users, revenue_rate, leak_rate'
			. ' FROM (SELECT ' . join(', ', map { "w.$_" } @groups) . ", $counts FROM $schema.user_weeks AS w GROUP BY " . join(', ', map { "w.$_" } @groups) . ') AS c'
			. ' JOIN (SELECT segment, week_number, round(revenue_users::numeric / nullif(active_users, 0), 4) AS revenue_rate, round(leaked_users::numeric / nullif(active_users, 0), 4) AS leak_rate,'
			. ' rank() OVER (ORDER BY revenue_users::numeric / nullif(active_users, 0), leaked_users::numeric / nullif(active_users, 0) DESC) AS worst_rank'
			. " FROM (SELECT w.segment, w.week_number, $counts FROM $schema.user_weeks AS w GROUP BY w.segment, w.week_number) AS g) AS r USING (segment, week_number)";
	}
	return 'SELECT row_number() OVER (ORDER BY leakage DESC, leakage_score DESC, msisdn), ' . join(', ', @columns[ 1 .. $#columns ]) . " FROM $schema.users WHERE leaked" if $view eq 'top_users';
	if ($view eq 'top_user_weeks')
	{
		my %of = (rank => 'u.rank', reason => 'u.reason', severity => 'u.severity');
		return 'SELECT ' . join(', ', map { $of{$_} // "w.$_" } @columns) . " FROM $schema.user_weeks AS w JOIN (SELECT row_number() OVER (ORDER BY leakage DESC, leakage_score DESC, msisdn) AS rank,"
			. " msisdn, reason, severity FROM $schema.users WHERE leaked) AS u USING (msisdn)";
	}
	return 'SELECT ' . join(', ', @columns) . " FROM $schema.scored_user" if $view =~ /^(users|final_leakage_data)$/;
	if ($view eq 'user_weeks')
	{
		my %of = (gap => 'w.expected_revenue - w.revenue', leakage => 'CASE WHEN u.leaked THEN w.expected_leak ELSE 0 END', concerned => 'w.concerned AND u.leaked',
			map { $_ => "w.$_" } qw(msisdn week_number week_start present revenue expected_revenue expected_leak));
		return 'SELECT ' . join(', ', map { $of{$_} // "u.$_" } @columns) . " FROM $schema.scored_week AS w JOIN $schema.scored_user AS u USING (msisdn)";
	}
	return undef;
}

1;
