# C entry points are frozen by name. A database keeps the SQL objects of an older version until ALTER EXTENSION UPDATE, and
# they must find their functions in a newer library. So once a version is released, no name is removed from the list
# test/entry_points.txt, and the library exports every name in it.

use strict;
use warnings FATAL => 'all';

use PostgreSQL::Test::Utils;
use Test::More;

my $pg_config = $ENV{PG_CONFIG} || 'pg_config';
chomp(my $libdir = `$pg_config --pkglibdir`);
my ($library) = grep { -e } map { "$libdir/leakage.$_" } qw(so dylib);

my @frozen = grep { /^\w/ } split /\n/, slurp_file('test/entry_points.txt');
is(join("\n", @frozen), join("\n", sort @frozen), 'the list is sorted');

# the names of exported symbols end with a zero byte
my %exported = map { $_ => 1 } slurp_file($library) =~ /(?<=\0)_?pg_finfo_(\w+)(?=\0)/g;
my %frozen = map { $_ => 1 } @frozen;

is(join(' ', grep { !$exported{$_} } @frozen), '', 'the library has every entry point of the list');
is(join(' ', grep { !$frozen{$_} } sort keys %exported), '', 'every entry point is in the list');

# all scripts, of old versions too
my %bound = map { $_ => 1 } map { slurp_file($_) =~ /AS 'MODULE_PATHNAME', '(\w+)'/g } glob('sql/leakage--*.sql');
cmp_ok(scalar(keys %bound), '>', 80, 'functions of the scripts are in the library');
is(join(' ', grep { !$frozen{$_} } sort keys %bound), '', 'all of them are in the list');

done_testing();
