# A file under src/ includes only what its room may use, and nothing depends on itself: test/t/Rooms.pm.

use strict;
use warnings FATAL => 'all';

use FindBin;
use lib $FindBin::RealBin;
use PostgreSQL::Test::Utils;
use Rooms;
use Test::More;

my @faults = faults_of_rooms("$FindBin::RealBin/../../src");
is_deeply(\@faults, [], 'src/ keeps to the rules') or diag(join("\n", @faults));
note($_) for includes_between_rooms("$FindBin::RealBin/../../src");

# ---- the check finds each kind of fault, in trees with one more file than this

my %sound = (
	'leakage.c' => qq{#include "landing/landing.h"\n},
	'base/base.h' => qq{#include "base/money.h"\n},
	'base/base_fmgr.h' => qq{#include "fmgr.h"\n#include "base/base.h"\n},
	'base/money.h' => "extern int money_sum(int a);\n",
	'base/money.c' => qq{#include "postgres.h"\n#include "base/money.h"\n\nint\nmoney_sum(int a)\n{\n\treturn a;\n}\n},
	'summary/summary.h' => qq{#include "summary/summary_state.h"\n},
	'summary/summary_state.h' => qq{#include "base/base.h"\n},
	'profile/profile.h' => qq{#include "base/base.h"\n},
	'profile/profile_io.c' => qq{#include "base/base_fmgr.h"\n#include "profile/profile.h"\n},
	'peers/peers.h' => qq{#include "summary/summary.h"\n#include "profile/profile.h"\n},
	'landing/landing.h' => qq{#include "peers/peers.h"\n#include "lib/stringinfo.h"\n});

# the faults of the sound tree with the files given added
sub faults_with
{
	my %files = (%sound, @_);
	my $dir = PostgreSQL::Test::Utils::tempdir;

	for my $name (keys %files)
	{
		my ($room) = $name =~ m{^(.*)/};
		-d "$dir/$room" || mkdir("$dir/$room") || die "$dir/$room: $!" if $room;
		append_to_file("$dir/$name", $files{$name});
	}
	return join("\n", faults_of_rooms($dir));
}

is(faults_with(), '', 'a sound tree has no fault');

is(faults_with('peers/a.c' => qq{#include "summary/summary_state.h"\n}),
	'peers/a.c includes summary/summary_state.h, not a public header', 'a header that a lower room keeps for itself');
is(faults_with('summary/a.h' => qq{#include "profile/profile.h"\n}),
	'summary/a.h includes profile/profile.h, not of a lower floor', 'a room on the same floor');
is(faults_with('base/a.c' => qq{# include "peers/peers.h"\n}),
	'base/a.c includes peers/peers.h, not of a lower floor', 'a room above');
is(faults_with('base/a.c' => qq{#include "money.h"\n}),
	'base/a.c includes money.h, not as room/file.h', 'a header of the same directory without its room');
is(faults_with('landing/a.c' => qq{#include "../base/base.h"\n}),
	'landing/a.c includes ../base/base.h, not as room/file.h', 'a path');
is(faults_with('peers/a.c' => qq{#include "peers/b.c"\n}),
	'peers/a.c includes peers/b.c, not a header', 'a file of code');
is(faults_with('attic/a.c' => qq{#include "base/base.h"\n}), 'attic/a.c is in no room', 'a new directory');
is(faults_with('base/a.c' => qq{/* #include "peers/peers.h" */\n}), '', 'not what a comment says');

is(faults_with('base/a.h' => qq{#include "base/b.h"\n}, 'base/b.h' => qq{#include "base/a.h"\n}),
	'circle: base/a, base/b', 'two headers in a circle');
is(faults_with(map { ("base/$_->[0].c" => qq{#include "base/$_->[1].h"\n}, "base/$_->[0].h" => '') } [qw(a b)], [qw(b c)], [qw(c a)]),
	'circle: base/a, base/b, base/c', 'three files and their headers in a circle');
is(faults_with('base/a.c' => qq{#include "base/money.h"\n\nint\na_sum(int a)\n{\n\treturn money_sum(a);\n}\n},
		'base/money.h' => "extern int money_sum(int a);\nextern int a_sum(int a);\nstatic inline int twice(int a) { return a_sum(a); }\n"),
	'circle: base/a, base/money', 'a circle of calls to what another file\'s header declares');
is(faults_with('base/a.c' => qq{#include "base/money.h"\n\nint\na_sum(int a)\n{\n\tputs("money_sum(a)");\n\treturn a;\n}\n},
		'base/money.h' => "extern int money_sum(int a);\nextern int a_sum(int a);\n"),
	'', 'declarations and strings are not calls');

is(faults_with('profile/profile_state.c' => qq{#include "fmgr.h"\n}),
	'profile/profile_state.c reaches fmgr.h: fmgr.h', 'a state that includes fmgr.h');
is(faults_with('profile/profile_state.h' => qq{#include "base/base_fmgr.h"\n}),
	'profile/profile_state.h reaches fmgr.h: base/base_fmgr.h -> fmgr.h', 'a state that includes it through the room below');
like(faults_with('base/base.h' => qq{#include "base/money.h"\n#include "utils/numeric.h"\n}),
	qr{^base/base\.h reaches fmgr\.h: utils/numeric\.h -> fmgr\.h\n.*^summary/summary_state\.h reaches fmgr\.h: base/base\.h -> utils/numeric\.h -> fmgr\.h$}ms,
	'a public header that includes it through one of the server\'s, and all above');

done_testing();
