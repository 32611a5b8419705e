# The version appears in several places and is the same in all of them. So is the oldest version of PostgreSQL.

use strict;
use warnings FATAL => 'all';

use PostgreSQL::Test::Utils;
use Test::More;

# the text that PATTERN captures in FILE
sub captured
{
	my ($file, $pattern) = @_;
	my $text = slurp_file($file);

	return $text =~ $pattern ? $1 : "no match in $file";
}

my $version = captured('leakage.control', qr/^default_version\s*=\s*'([^']+)'/m);

like($version, qr/^\d+\.\d+$/, 'leakage.control has a version');
is(captured('Makefile', qr/^EXTVERSION\s*=\s*(\S+)/m), $version, 'Makefile');
is(captured('src/leakage.c', qr/^#define LEAKAGE_VERSION "([^"]+)"/m), $version, 'src/leakage.c');
is(captured('CHANGELOG.md', qr/^## (\d+\.\d+)/m), $version, 'the newest entry of CHANGELOG.md');

# META.json has semantic versions with three parts
my $meta = slurp_file('META.json');
my @versions = $meta =~ /^ {3}(?: {6})?"version": "([^"]+)"/mg;
is_deeply(\@versions, [ "$version.0", "$version.0" ], 'META.json, for the distribution and the extension');
is(captured('META.json', qr/"file": "([^"]+)"/), "sql/leakage--$version.sql", 'the install script in META.json');

SKIP:
{
	my $json = eval { require JSON::PP; JSON::PP->new } or skip 'no JSON::PP', 1;
	ok(eval { $json->decode($meta) }, 'META.json is JSON') or diag($@);
}

# a package of Debian has a revision of its own behind the version
like(captured('debian/changelog', qr/^leakage \(([^)]+)\)/), qr/^\Q$version.0\E-/, 'the newest entry of debian/changelog');

my $oldest = captured('META.json', qr/"PostgreSQL": "(\d+)\./);
is(captured('README.md', qr/PostgreSQL (\d+) to/), $oldest, 'the oldest PostgreSQL in README.md');
is(captured('debian/pgversions', qr/^(\d+)\+$/m), $oldest, 'and in debian/pgversions');

SKIP:
{
	my $workflow = '.github/workflows/check.yml';
	-f $workflow or skip 'make dist leaves the workflow out', 2;
	is(captured($workflow, qr/postgresql: \[(\d+),/), $oldest, "and in $workflow");

	# after "make", what is a variable of make is left out
	my $readme = slurp_file('README.md');
	my @unknown = grep { $readme !~ /^$_$/m } map { s/ [A-Z_]+=.*//r } slurp_file($workflow) =~ /^ *- run: (.*)$/mg;
	is("@unknown", '', 'it runs what README.md says');
}

done_testing();
