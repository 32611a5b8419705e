#!/usr/bin/perl
# Runs the cases through another client and compares its answers: check.pl MART CLIENT COMMAND...
#
# COMMAND is node.js, odbc.pl, or Jdbc, run as the reading role. The plain answers come from psql, run as the owner. Types
# are checked too: a dataset has only text, whole numbers, numeric, double precision, boolean, date, and timestamp. Prints
# the differences and the number of cases. Fails if there is a difference.

use strict;
use warnings FATAL => 'all';

use FindBin;
use lib $FindBin::RealBin;
use Cases qw(cases @slicers);
use Compare qw(published members_of plain_answers canonical);
use File::Temp ();
use PowerBI qw(list_tables list_columns list_keys list_references list_referrers list_types);

my ($mart, $client, @command) = @ARGV;
my @psql = ('psql');
my %unescape = ('\\' => '\\', t => "\t", n => "\n", r => "\r");
my $types = qr/^(text|varchar|name|char|bpchar|integer|bigint|numeric|double precision|boolean|date|timestamp|int4|int8|float8|bool|oid)$/;

sub ask
{
	my ($query) = @_;
	my ($rows) = plain_answers(\@psql, $query);

	return join("\n", map { join('|', @$_) } @$rows);
}

my $columns = published($mart, \&ask);
my @cases = cases($mart, $columns, members_of($mart, \&ask, @slicers), \&ask);
push @cases, { name => 'the navigator\'s list', sql => list_tables, ordered => 1,
	plain => "SELECT '$mart', relname, 'VIEW' FROM pg_class WHERE oid IN (" . join(', ', map { "'$mart.$_'::regclass" } keys %$columns) . ') ORDER BY relname COLLATE "C"' };
push @cases, { name => 'types', sql => list_types . ' limit 1', plain => "SELECT 'pg_catalog', 'bool', 16, 'b'" };
for my $view (sort keys %$columns)
{
	push @cases, { name => "columns of $view", sql => list_columns($mart, $view), ordered => 1,
		plain => "SELECT attname, attnum, 'YES', format_type(atttypid, NULL) FROM pg_attribute WHERE attrelid = '$mart.$view'::regclass AND attnum > 0 ORDER BY attnum" };
	push @cases, map { { name => "keys of $view", sql => $_->($mart, $view), plain => 'SELECT 1 WHERE false' } } \&list_keys, \&list_references, \&list_referrers;
}

my @plain = plain_answers(\@psql, map { $_->{plain} } @cases);

# ---- the client's answers

my $input = File::Temp->new;
print $input map { "$_\t" . ($cases[$_]{sql} =~ s/\s+/ /gr) . "\n" } 0 .. $#cases;
$input->flush;
open(my $out, '-|', 'sh', '-c', '"$@" < ' . $input->filename, 'sh', @command) or die "cannot run @command: $!\n";

my (%answer, $case);
while (my $line = <$out>)
{
	chomp $line;
	my ($kind, @fields) = map { $_ eq '\N' ? undef : s/\\([\\tnr])/$unescape{$1}/gr } split /\t/, $line, -1;

	$case = $answer{ $fields[0] } = { error => $fields[1], rows => [] } if $kind eq 'case';
	$case->{types} = \@fields if $kind eq 'types';
	push @{ $case->{rows} }, \@fields if $kind eq 'row';
}
close($out) or die "$client failed\n";

my $differ = 0;
for my $number (0 .. $#cases)
{
	my $answer = $answer{$number} // { error => 'no answer' };
	my $expected = canonical($plain[$number], $cases[$number]{ordered});
	my @unfit = grep { !/$types/ } @{ $answer->{types} // [] };
	my $got = $answer->{error} || (@unfit ? "types @unfit" : canonical($answer->{rows}, $cases[$number]{ordered}));

	next if $got eq $expected;
	$differ++;
	print "$client: $cases[$number]{name}\n$cases[$number]{sql}\ngot:\n", substr($got, 0, 1000), "\nexpected:\n", substr($expected, 0, 1000), "\n\n";
}
printf "%-8s %4d cases, %d differ\n", $client, scalar @cases, $differ;
exit($differ > 0 ? 1 : 0);
