# The rooms under src/, and what a file in one of them may include. CONTRIBUTING.md has the rules in prose.
#
# A room stands on a floor. A file may include any header of its own room, and of a room on a lower floor the public headers
# ROOM/ROOM.h and ROOM/ROOM_fmgr.h. Files of a room must not depend on each other in a circle. A file whose name ends in
# _state, and ROOM.h, must not reach fmgr.h.

package Rooms;

use strict;
use warnings FATAL => 'all';

use Exporter 'import';
use File::Find;
use IPC::Run;
use PostgreSQL::Test::Utils;

our @EXPORT = qw(faults_of_rooms includes_between_rooms);

# from the ground; src/leakage.c, the door, stands above all of them
my @floors = ([qw(base)], [qw(summary profile)], [qw(peers detector groups)], [qw(landing mart control)]);
my $door = 'the door';

my %floor = ($door => scalar @floors);
for my $n (0 .. $#floors)
{
	$floor{$_} = $n for @{ $floors[$n] };
}

# FILE => { room, text without comments, includes }, of all C files under DIR
sub read_files
{
	my ($dir) = @_;
	my %files;

	find({ no_chdir => 1, wanted => sub {
		my $name = $File::Find::name;
		return unless $name =~ s{^\Q$dir\E/}{} && $name =~ /\.[ch]$/;
		my $text = slurp_file($File::Find::name);
		$text =~ s{/\*.*?\*/|//[^\n]*}{ }gs;
		my @includes = $text =~ /^\s*#\s*include\s+"([^"]+)"/mg;
		$files{$name} = { room => $name =~ m{^(.*)/} ? $1 : $door, text => $text, includes => \@includes };
	} }, $dir);
	return \%files;
}

# is the header NAME one that other rooms may include?
sub is_public
{
	my ($name) = @_;

	return $name =~ m{^(\w+)/\1(_fmgr)?\.h$};
}

# what FILE includes against the rules
sub faulty_includes
{
	my ($files, $file) = @_;
	my $room = $files->{$file}{room};
	my @faults;

	return "$file is in no room" unless exists $floor{$room};
	for my $include (@{ $files->{$file}{includes} })
	{
		my $other = $include =~ m{^(.*)/} ? $1 : '';
		if (!exists $floor{$other})
		{
			# the server's, unless there is such a file here
			push @faults, "$file includes $include, not as room/file.h"
				if $include =~ m{^\.\.?/} || $files->{$include} || $files->{"$room/$include"};
		}
		elsif ($other eq $room)
		{
			push @faults, "$file includes $include, not a header" unless $include =~ /\.h$/;
		}
		elsif ($floor{$other} >= $floor{$room})
		{
			push @faults, "$file includes $include, not of a lower floor";
		}
		elsif (!is_public($include))
		{
			push @faults, "$file includes $include, not a public header";
		}
	}
	return @faults;
}

# The files of a room that depend on each other in a circle. NAME.c and NAME.h are one. It depends on those whose header
# it includes, and on those whose functions it calls, in whatever header they are declared.
sub circles
{
	my ($files) = @_;
	my %pair = map { $_ => s/\.[ch]$//r } keys %$files;
	my (%defined_in, %reaches);

	for my $file (grep { /\.c$/ } keys %$files)
	{
		# a function's name begins a line, its type is on the line before
		while ($files->{$file}{text} =~ /^(?!static\b)\w[^\n;{}()#]*\n(\w+)\(/mg)
		{
			$defined_in{ $files->{$file}{room} }{$1} = $pair{$file};
		}
	}
	for my $file (keys %$files)
	{
		my $room = $files->{$file}{room};
		my $code = $files->{$file}{text} =~ s/^extern\b[^;]*;|"(?:\\.|[^"\\\n])*"/ /mgr;
		my @used = map { s/\.h$//r } grep { m{^\Q$room\E/} } @{ $files->{$file}{includes} };
		push @used, grep { defined } map { $defined_in{$room}{$_} } $code =~ /\b(\w+)\s*\(/g;
		$reaches{ $pair{$file} }{$_} = 1 for grep { $_ ne $pair{$file} } @used;
	}

	my @names = sort keys %reaches;
	for my $via (@names)
	{
		for my $from (grep { $reaches{$_}{$via} } @names)
		{
			$reaches{$from}{$_} = 1 for keys %{ $reaches{$via} };
		}
	}
	my (@faults, %seen);
	for my $name (grep { $reaches{$_}{$_} } @names)
	{
		next if $seen{$name};
		my @circle = grep { $reaches{$name}{$_} && $reaches{$_}{$name} } @names;
		$seen{$_} = 1 for @circle;
		push @faults, 'circle: ' . join(', ', @circle);
	}
	return @faults;
}

# how FILE of DIR comes to fmgr.h: what the compiler opens on the way there; empty if it does not
sub way_to_fmgr
{
	my ($dir, $file, $compiler) = @_;
	my ($out, $err);
	my @way;

	# postgres.h comes before everything, and brings no fmgr.h itself
	IPC::Run::run([ @$compiler, "-I$dir", '-E', '-H', '-include', 'postgres.h', '-x', 'c', "$dir/$file" ],
		'>', \$out, '2>', \$err) or die "cannot preprocess $dir/$file:\n$err";
	while ($err =~ /^(\.+) (.*)$/mg)
	{
		my ($depth, $name) = (length($1), $2);
		splice(@way, $depth - 1);
		push @way, $name =~ s{.*/(?=\w+/\w+\.h$)}{}r;
		return join(' -> ', map { s{^server/}{}r } @way) if $name =~ m{(^|/)fmgr\.h$};
	}
	return;
}

# what is wrong with the tree DIR: texts, in order, each of which begins with the file or the circle
sub faults_of_rooms
{
	my ($dir) = @_;
	my $pg_config = $ENV{PG_CONFIG} || 'pg_config';
	my %config = map { chomp(my $value = `$pg_config --$_`); $_ => $value } qw(cc cppflags includedir-server);
	my @compiler = (split(' ', "$config{cc} $config{cppflags}"), "-I$config{'includedir-server'}");
	my $files = read_files($dir);
	my @faults = circles($files);

	for my $file (keys %$files)
	{
		push @faults, faulty_includes($files, $file);
		next unless $file =~ /_state\.[ch]$/ || $file =~ m{^(\w+)/\1\.h$};
		my $way = way_to_fmgr($dir, $file, \@compiler);
		push @faults, "$file reaches fmgr.h: $way" if $way;
	}
	return sort @faults;
}

# lines that say how many includes lead from one room to another
sub includes_between_rooms
{
	my ($dir) = @_;
	my $files = read_files($dir);
	my %n;

	for my $file (values %$files)
	{
		for (@{ $file->{includes} })
		{
			my ($other) = m{^(\w+)/} or next;
			$n{"$file->{room} -> $other"}++ if exists $floor{$other} && $other ne $file->{room};
		}
	}
	return map { "$_: $n{$_}" } sort keys %n;
}

1;
