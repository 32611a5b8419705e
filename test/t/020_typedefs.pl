# typedefs.list names the types that the C files define, for make indent: one a line, in the order of bytes.

use strict;
use warnings FATAL => 'all';

use PostgreSQL::Test::Utils;
use Test::More;

my @texts = map { slurp_file($_) =~ s{/\*.*?\*/}{}gsr } glob('src/*.[ch] src/*/*.[ch] test/data/*.[ch]');
my %defined;

for my $text (@texts)
{
	# } Name; ends the definition of a struct or enum, and a function pointer is (*Name)
	$defined{$_} = 1 for $text =~ /^\} (\w+);/mg;
	$defined{ $_ =~ /\(\*(\w+)\)/ ? $1 : /(\w+)$/ && $1 } = 1 for $text =~ /^typedef ([^{};]+);/mg;
	# types that simplehash.h defines, where they are used
	for my $prefix ($text =~ /^#define SH_PREFIX (\w+)/mg)
	{
		$defined{$_} = 1 for grep { my $name = $_; grep { /\b$name\b/ } @texts } "${prefix}_hash", "${prefix}_iterator";
	}
}

my @listed = split /\n/, slurp_file('typedefs.list');
my %listed = map { $_ => 1 } @listed;

is(join(' ', grep { !$listed{$_} } sort keys %defined), '', 'typedefs.list lacks no type');
is(join(' ', grep { !$defined{$_} } @listed), '', 'and names no other');
is_deeply(\@listed, [ sort @listed ], 'in order');

done_testing();
