# The C code compiles without a warning.

use strict;
use warnings FATAL => 'all';

use PostgreSQL::Test::Utils;
use Test::More;

$ENV{PG_CONFIG} ||= 'pg_config';
my ($out, $err) = run_command([ 'test/strict.sh' ]);
like($out, qr/^no warnings: [1-9]\d* files$/m, 'test/strict.sh') or diag($err);

done_testing();
