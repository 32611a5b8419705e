# The version is written in four places, and is the same in all.

use strict;
use warnings FATAL => 'all';

use PostgreSQL::Test::Utils;
use Test::More;

# what PATTERN captures in FILE
sub captured
{
	my ($file, $pattern) = @_;
	my $text = slurp_file($file);

	return $text =~ $pattern ? $1 : "no match in $file";
}

my $version = captured('leakage.control', qr/^default_version\s*=\s*'([^']+)'/m);

like($version, qr/^\d+\.\d+$/, 'leakage.control has a version');
is(captured('Makefile', qr/^EXTVERSION\s*=\s*(\S+)/m), $version, 'Makefile');
is(captured('CHANGELOG.md', qr/^## (\d+\.\d+)/m), $version, 'CHANGELOG.md, its newest entry');

# META.json has semantic versions, of three parts
my $meta = slurp_file('META.json');
my @versions = $meta =~ /^ {3}(?: {6})?"version": "([^"]+)"/mg;
is_deeply(\@versions, [ "$version.0", "$version.0" ], 'META.json, of the distribution and of the extension');
is(captured('META.json', qr/"file": "([^"]+)"/), "sql/leakage--$version.sql", 'META.json, the install script');

SKIP:
{
	my $json = eval { require JSON::PP; JSON::PP->new } or skip 'no JSON::PP', 1;
	ok(eval { $json->decode($meta) }, 'META.json is JSON') or diag($@);
}

done_testing();
