# What the scripts find on a machine: a PostgreSQL that has a server, PGXS, and the server's headers, and a locale that
# exists.

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

# on Debian, the client package brings pgxs.mk without the headers, and the server package initdb without them
for my $what (sort keys %part)
{
	unlink($part{$what});
	is(found(), '', "without what $what says");
	append_to_file($part{$what}, '');
	chmod(0755, $part{$what});
}

# a machine with or without the locale C.UTF-8, according to its locale command
sub locale_taken
{
	my ($charmap) = @_;
	my $bin = PostgreSQL::Test::Utils::tempdir('bin');

	append_to_file("$bin/locale", "#!/bin/sh\necho $charmap\n");
	chmod(0755, "$bin/locale");
	local $ENV{PATH} = "$bin:$ENV{PATH}";
	return scalar qx{bash -c '. test/lib.sh; echo \$LANG \$LC_ALL'};
}

is(locale_taken('UTF-8'), "C.UTF-8 C.UTF-8\n", 'C.UTF-8 if it exists');
is(locale_taken('ANSI_X3.4-1968'), "C C\n", 'C otherwise');

done_testing();
