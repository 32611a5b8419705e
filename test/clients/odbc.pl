#!/usr/bin/perl
# Runs cases with psqlODBC, as prepared statements, which it sends over the extended protocol: odbc.pl < CASES
#
# CASES has one case per line: a name, a tab, and the query. For each case it writes a line "case" with name and error, a
# line "types" with the type of each column, and a line "row" for each row. Fields are separated by tabs, and NULL is \N,
# as in COPY. The server is set by ODBC_CONNECTION. DISCARD ALL is sent between cases.

use strict;
use warnings FATAL => 'all';

use DBI qw(:sql_types);

my %escape = ("\\" => "\\\\", "\t" => "\\t", "\n" => "\\n", "\r" => "\\r");
my %name = (DBI::SQL_BIT() => 'boolean', DBI::SQL_BIGINT() => 'bigint', DBI::SQL_INTEGER() => 'integer', DBI::SQL_DOUBLE() => 'double precision', DBI::SQL_FLOAT() => 'double precision', DBI::SQL_CHAR() => 'char',
	DBI::SQL_NUMERIC() => 'numeric', DBI::SQL_TYPE_DATE() => 'date', DBI::SQL_TYPE_TIMESTAMP() => 'timestamp',
	DBI::SQL_VARCHAR() => 'text', DBI::SQL_LONGVARCHAR() => 'text', DBI::SQL_WVARCHAR() => 'text', DBI::SQL_WLONGVARCHAR() => 'text');

sub put
{
	print join("\t", map { defined $_ ? s/([\\\t\n\r])/$escape{$1}/gr : '\N' } @_), "\n";
}

my $odbc = DBI->connect("dbi:ODBC:$ENV{ODBC_CONNECTION}", undef, undef, { RaiseError => 1, PrintError => 0, LongReadLen => 65536 });
while (my $line = <STDIN>)
{
	my ($name, $sql) = $line =~ /^([^\t]*)\t(.*)$/;

	$odbc->do('DISCARD ALL');
	my ($types, $rows);
	if (eval {
		my $statement = $odbc->prepare($sql);
		$statement->execute;
		$types = [ map { $name{$_} // "SQL type $_" } @{ $statement->{TYPE} } ];
		$rows = $statement->fetchall_arrayref; 1 })
	{
		put('case', $name, '');
		put('types', @$types);
		for my $row (@$rows)
		{
			for (grep { $types->[$_] eq 'boolean' && defined $row->[$_] } 0 .. $#$row)
			{
				$row->[$_] = $row->[$_] ? 't' : 'f';
			}
			put('row', @$row);
		}
	}
	else
	{
		put('case', $name, ($odbc->state // '') . ': ' . ($odbc->errstr // $@));
	}
}
$odbc->disconnect;
