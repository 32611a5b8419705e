# Which PostgreSQL the scripts take: one with a server, PGXS and the server's headers, and none that lacks one of them.

use strict;
use warnings FATAL => 'all';

use PostgreSQL::Test::Utils;
use Test::More;

my $installation = PostgreSQL::Test::Utils::tempdir('installation');
my %part = (
	'--bindir' => "$installation/bin/initdb",
	'--pgxs' => "$installation/pgxs.mk",
	'--includedir-server' => "$installation/include/postgres.h");

mkdir("$installation/$_") for qw(bin include);
append_to_file("$installation/pg_config", qq{#!/bin/sh
case \$1 in
--bindir) echo $installation/bin ;;
--pgxs) echo $installation/pgxs.mk ;;
--includedir-server) echo $installation/include ;;
esac
});
chmod(0755, "$installation/pg_config");

sub found
{
	local $ENV{PG_CONFIG} = "$installation/pg_config";
	return scalar qx{bash -c '. test/lib.sh; find_pg_config' 2>&1};
}

for my $file (values %part)
{
	append_to_file($file, '');
	chmod(0755, $file);
}
is(found(), "$installation/pg_config\n", 'complete');

# Debian's client package brings pgxs.mk without the headers, the server package initdb without them
for my $what (sort keys %part)
{
	unlink($part{$what});
	is(found(), '', "without what $what says");
	append_to_file($part{$what}, '');
	chmod(0755, $part{$what});
}

done_testing();
