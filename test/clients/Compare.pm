# Shared by the runners of the cases: a mart's published views, the plain answers, and the comparison of answers.

package Compare;

use strict;
use warnings FATAL => 'all';

use Exporter 'import';
use File::Temp ();

our @EXPORT_OK = qw(published members_of plain_answers canonical);

my ($field, $record) = ("\x1f", "\x1e");

# The columns of each published view of a mart, in order. ASK runs a query and returns its unaligned output.
sub published
{
	my ($schema, $ask) = @_;
	my %columns;

	for (split /\n/, $ask->(qq{
		SELECT c.relname, a.attname
		FROM pg_class AS c JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0
		WHERE c.relnamespace = '$schema'::regnamespace AND c.relkind = 'v'
			AND c.relname NOT IN (SELECT name FROM _leakage.mart_relations() WHERE kind = 'inner view')
		ORDER BY c.relname, a.attnum}))
	{
		my ($view, $column) = split /\|/;
		push @{ $columns{$view} }, $column;
	}
	return \%columns;
}

# The members of each slicer, in order.
sub members_of
{
	my ($schema, $ask, @slicers) = @_;

	return { map { $_ => [ split /\n/, $ask->("SELECT DISTINCT $_ FROM $schema.user_weeks ORDER BY 1") ] } @slicers };
}

# Runs the plain queries in one psql and returns a list of rows for each, with values as text. PSQL: command and options.
sub plain_answers
{
	my ($psql, @queries) = @_;
	my $script = File::Temp->new;

	print $script map { "$_;\n\\qecho -n '$record$record'\n" } @queries;
	$script->flush;
	open(my $out, '-|', @$psql, qw(-X -q -A -t -v ON_ERROR_STOP=1 -P null=\N -F), $field, '-R', $record, '-f', $script->filename)
		or die "cannot run psql: $!\n";
	local $/;
	my $answers = <$out> // '';
	close($out) or die "psql could not answer a plain query\n";

	my @answers = map { [ map { [ split /$field/, $_, -1 ] } split /$record/, s/\n\z//r ] } split /$record$record/, $answers;
	push @answers, [] while @answers < @queries;
	return @answers;
}

# Rows as one text, sorted unless the order matters; numbers have no trailing zeros.
sub canonical
{
	my ($rows, $ordered) = @_;
	my @lines = map { join(' | ', map { number(defined $_ ? $_ : '\N') } @$_) } @$rows;

	return join("\n", $ordered ? @lines : sort @lines);
}

sub number
{
	my ($value) = @_;

	$value =~ s/\.?0+\z// if $value =~ /\A-?\d+\.\d+\z/;
	return $value eq '-0' ? '0' : $value;
}

1;
