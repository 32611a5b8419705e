# make install puts leakage-load where the server's programs are, or where they are on the PATH: what make says it would do.

use strict;
use warnings FATAL => 'all';

use PostgreSQL::Test::Utils;
use Test::More;

my @make = ('make', '-n', 'PG_CONFIG=' . ($ENV{PG_CONFIG} || 'pg_config'));

# a make that called us must not hand its variables on
delete @ENV{qw(MAKEFLAGS MFLAGS MAKELEVEL DESTDIR scriptdir)};

# the directory that TARGET with SETTINGS installs it in
sub directory
{
	my ($target, @settings) = @_;
	my ($out, $err) = run_command([ @make, @settings, $target ]);

	return $out =~ m{leakage-load '([^']*)/'$}m ? $1 : "$out$err";
}

is(directory('install', 'bindir=/opt/server/bin'), '/opt/server/bin', 'beside the server\'s programs');
is(directory('install', 'bindir=/usr/lib/postgresql/15/bin'), '/usr/local/bin', 'on the PATH, on Debian');
is(directory('install', 'bindir=/usr/pgsql-17/bin'), '/usr/local/bin', 'on the PATH, with the packages for Red Hat');
is(directory('install', 'scriptdir=/opt/programs'), '/opt/programs', 'where scriptdir says');
is(directory('install', 'scriptdir=/usr/bin', 'DESTDIR=/package'), '/package/usr/bin', 'below DESTDIR');
is((run_command([ @make, 'scriptdir=/usr/bin', 'DESTDIR=/package', 'uninstall-script' ]))[0],
	"rm -f '/package/usr/bin/leakage-load'", 'make uninstall removes it');

done_testing();
