#!/usr/bin/perl
# The types that the C files define, one a line, in the order of bytes: test/typedefs.pl > typedefs.list

use strict;
use warnings FATAL => 'all';

my @texts;
my %defined;

for my $file (glob('src/*.[ch] src/*/*.[ch] test/data/*.[ch]'))
{
	open(my $handle, '<', $file) or die "cannot open $file: $!\n";
	push @texts, do { local $/; <$handle> } =~ s{/\*.*?\*/}{}gsr;
}
for my $text (@texts)
{
	# } Name; ends the definition of a struct or enum, and a function pointer is (*Name)
	$defined{$_} = 1 for $text =~ /^\} (\w+);/mg;
	$defined{ /\(\*(\w+)\)/ || /(\w+)$/ ? $1 : die "what does this define: $_\n" } = 1 for $text =~ /^typedef ([^{};]+);/mg;
	# types that simplehash.h defines, where they are used
	for my $prefix ($text =~ /^#define SH_PREFIX (\w+)/mg)
	{
		$defined{$_} = 1 for grep { my $name = $_; grep { /\b$name\b/ } @texts } "${prefix}_hash", "${prefix}_iterator";
	}
}
print map { "$_\n" } sort keys %defined;
