# typedefs.list, which make indent uses, names the types that the C files define.

use strict;
use warnings FATAL => 'all';

use PostgreSQL::Test::Utils;
use Test::More;

my ($defined, $err) = run_command([ $^X, 'test/typedefs.pl' ]);
my @defined = split /\n/, $defined;
my @listed = split /\n/, slurp_file('typedefs.list');
my %is_defined = map { $_ => 1 } @defined;
my %is_listed = map { $_ => 1 } @listed;

is($err, '', 'every definition of a type is understood');
cmp_ok(scalar @defined, '>', 50, 'types are found');
is(join(' ', grep { !$is_listed{$_} } @defined), '', 'typedefs.list lacks no type');
is(join(' ', grep { !$is_defined{$_} } @listed), '', 'and names no other');
is_deeply(\@listed, [ sort @listed ], 'in order')
	&& "@listed" eq "@defined" or diag('run: test/typedefs.pl > typedefs.list');

done_testing();
