#!/usr/bin/perl
# The queries of the dashboard's pages, for dashboard.sh: dashboard_queries.pl MART DIRECTORY
#
# For each state of the slicers (none set, each with one member, several together): Power BI's queries for the visuals, and
# plain queries for the same answers over users and user-weeks. Writes, with one statement per line,
#   DIRECTORY/powerbi/page-STATE.sql, DIRECTORY/plain/page-STATE.sql		the whole page Overview
#   DIRECTORY/powerbi/VISUAL-STATE.sql, DIRECTORY/plain/VISUAL-STATE.sql	one visual of any page
#   DIRECTORY/powerbi/drill-USER.sql, DIRECTORY/plain/drill-USER.sql	one user's row and weeks
# and prints one line per visual: number, tab, name. The server is set by PGHOST and so on.

use strict;
use warnings FATAL => 'all';

use FindBin;
use lib "$FindBin::RealBin/../clients";
use Cases qw(visuals states @slicers);
use Compare qw(published members_of);
use PowerBI qw(imported);

my ($mart, $directory) = @ARGV;

sub ask
{
	my ($query) = @_;

	open(my $out, '-|', qw(psql -X -q -A -t -v ON_ERROR_STOP=1 -c), $query) or die "cannot run psql: $!\n";
	local $/;
	my $answer = <$out> // '';
	close($out) or die "psql could not answer: $query\n";
	return $answer =~ s/\n\z//r;
}

sub write_file
{
	my ($name, @statements) = @_;

	open(my $file, '>', "$directory/$name.sql") or die "$directory/$name.sql: $!\n";
	print $file map { "$_;\n" } @statements;
	close($file) or die "$directory/$name.sql: $!\n";
}

mkdir "$directory/$_" for qw(powerbi plain);
my $columns = published($mart, \&ask);
my @states = grep { $_->{name} =~ /^no slicer$| is (?!not|the|blank)|^combination [1-4]:/ } states(members_of($mart, \&ask, @slicers));
my %number;
for my $state (0 .. $#states)
{
	# data quality has no slicers
	my @visuals = grep { $_->{page} ne 'data quality' } visuals($mart, $columns, $states[$state], \&ask);
	my @overview = grep { $_->{page} eq 'overview' } @visuals;

	write_file("powerbi/page-$state", map { $_->{sql} } @overview);
	write_file("plain/page-$state", map { $_->{plain} } @overview);
	for my $visual (@visuals)
	{
		my $number = $number{ $visual->{visual} } // 1 + keys %number;
		$number{ $visual->{visual} } = $number;
		write_file("powerbi/$number-$state", $visual->{sql});
		write_file("plain/$number-$state", $visual->{plain});
	}
}

my @users = split /\n/, ask("SELECT msisdn FROM (SELECT msisdn, row_number() OVER (ORDER BY msisdn) AS n, count(*) OVER () AS users FROM $mart.users) AS u WHERE n % (users / 20 + 1) = 0");
for my $user (0 .. $#users)
{
	my %q = (schema => $mart, where => [ [ 'msisdn', 'is', $users[$user] ] ], key => ['msisdn']);
	my %columns = (users => [qw(msisdn segment region total_revenue expected_revenue leakage)],
		user_weeks => [qw(msisdn week_number present revenue expected_revenue leakage)]);

	write_file("powerbi/drill-$user", map { imported(%q, view => $_, columns => $columns{$_}) } sort keys %columns);
	write_file("plain/drill-$user", map { 'SELECT ' . join(', ', @{ $columns{$_} }) . " FROM $mart.$_ WHERE msisdn = '$users[$user]'" } sort keys %columns);
}
print map { "$number{$_}\t$_\n" } sort { $number{$a} <=> $number{$b} } keys %number;
