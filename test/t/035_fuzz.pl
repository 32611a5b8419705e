# The short form of make fuzz: every parser of bytes, compiled with ASan and UBSan, gets its corpus and a number of
# mutations of it. An error is a clean one, what was accepted gives the same bytes back, and no sanitizer reports anything.

use strict;
use warnings FATAL => 'all';

use FindBin;
use IPC::Run ();
use PostgreSQL::Test::Utils;
use Test::More;

my $root = "$FindBin::RealBin/../..";
my $probe = PostgreSQL::Test::Utils::tempdir('probe') . '/probe';

plan(skip_all => 'no compiler with ASan and UBSan')
	if system("echo 'int main(void) { return 0; }' | cc -x c - -fsanitize=address,undefined -o $probe 2> /dev/null && $probe 2> /dev/null") != 0;

my ($out, $err) = ('', '');
IPC::Run::run([ "$root/test/fuzz/run.sh", 'replay' ], '>', \$out, '2>', \$err);
is($? >> 8, 0, 'no finding') or diag($out, $err);

my @harnesses = map { /([a-z_]+)\.c$/ } grep { slurp_file($_) =~ /^fuzz_one\(/m } glob("$root/test/fuzz/*.c");
cmp_ok(scalar(@harnesses), '>', 8, 'there are harnesses');
like($out, qr/^\Q$_\E +[1-9]\d* executions$/m, $_) for @harnesses;

done_testing();
