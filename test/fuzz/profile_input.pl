#!/usr/bin/perl
#
# profile_input.pl: hostile input to the type leakage_profile
#
# Mutates valid profiles, as bytes (COPY ... FORMAT binary, that is the receive
# function) and as text (the input function), and requires that the server
#	- refuses with one of the errors documented for it, or
#	- accepts, and then gives back the very same bytes, reads its own text as the
#	  same profile, and can aggregate and read it.
#
# usage: profile_input.pl [mutations [seed]], against the server and database of the
# environment (PGHOST, PGPORT, PGDATABASE...), where the extension is installed.
# Leaves nothing behind. Exits with 1 at the first kind of failure.

use strict;
use warnings;
use File::Temp qw(tempdir);

my $count = $ARGV[0] // 2000;
my $seed = $ARGV[1] // 1;
my $dir = tempdir(CLEANUP => 1);

srand($seed);

sub slurp
{
	my ($file) = @_;
	open(my $in, '<:raw', $file) or die "$file: $!\n";
	local $/;
	return scalar <$in> // '';
}

sub spew
{
	my ($file, $content) = @_;
	open(my $out, '>:raw', $file) or die "$file: $!\n";
	print $out $content;
	close($out) or die "$file: $!\n";
}

# run a script in one psql session; its output, its errors, its exit code
sub run_psql
{
	my ($script) = @_;
	spew("$dir/script.sql", $script);
	my $rc = system("psql -X -q -A -t -f '$dir/script.sql' > '$dir/out' 2> '$dir/err'");
	return (slurp("$dir/out"), slurp("$dir/err"), $rc);
}

my @failures;

sub failure
{
	push(@failures, $_[0]);
	print STDERR "FAILED: $_[0]\n" if @failures <= 20;
}

# which errors there were; anything unknown, and a lost connection, is a failure
sub check_errors
{
	my ($what, $err, $rc, @allowed) = @_;
	my %seen;
	foreach my $line (split(/\n/, $err))
	{
		if ($line =~ /ERROR:\s+(\w{5})$/ && grep { $_ eq $1 } @allowed)
		{
			$seen{$1}++;
		}
		elsif ($line ne '')
		{
			failure("$what: $line");
		}
	}
	failure("$what: psql exited with code $rc") if $rc != 0;
	return %seen;
}

#
# Valid profiles to begin with
#
my $long = '{' . join(', ', map { $_ * 3 . ": $_.5/" . abs($_) } -20 .. 20) . '}';
my $full = '{truncated, ' . join(', ', map { "$_: 1/1" } 1 .. 1024) . '}';
my @texts = (
	'{1: 1/1}', '{22: 10.5/11.2, 23: -/11, 24: 9/-, 25: 30#3/33#3}',
	'{-2147483648: -9223372036854.775808#4294967295/9223372036854.775807, 2147483647: 0/0}',
	$long, $full);
my ($hex, $err, $rc) = run_psql(join('', map { "SELECT encode(_leakage.leakage_profile_send('$_'), 'hex');\n" } @texts));
die "cannot begin:\n$err" if $err ne '' || $rc != 0;
my @seeds = map { pack('H*', $_) } split(/\n/, $hex);

#
# Bytes
#
my @interesting = (0, 1, 2, 0x7f, 0x80, 0xff);

sub mutate_bytes
{
	my ($bytes) = @_;
	foreach (1 .. 1 + int(rand(3)))
	{
		my $length = length($bytes);
		my $at = int(rand($length || 1));
		my $how = int(rand(8));
		if ($length == 0) { $bytes = chr(int(rand(256))); }
		elsif ($how == 0) { substr($bytes, $at, 1) = chr(int(rand(256))); }
		elsif ($how == 1) { substr($bytes, $at, 1) = chr($interesting[rand @interesting]); }
		elsif ($how == 2) { substr($bytes, $at, 1) = chr(ord(substr($bytes, $at, 1)) ^ (1 << int(rand(8)))); }
		elsif ($how == 3) { $bytes = substr($bytes, 0, $at); }
		elsif ($how == 4) { $bytes .= chr(int(rand(256))) x (1 + int(rand(40))); }
		elsif ($how == 5 && $length >= 6) { substr($bytes, 2, 4) = pack('N', int(rand(2)) ? int(rand(2000)) : int(rand(2**32))); }
		elsif ($how == 6 && $length >= 34)
		{
			# a period less, or one twice, the count and the length in agreement
			my $periods = int(($length - 6) / 28);
			my $n = int(rand($periods));
			my $one = substr($bytes, 6 + 28 * $n, 28);
			substr($bytes, 6 + 28 * $n, 28) = int(rand(2)) ? '' : $one . $one;
			substr($bytes, 2, 4) = pack('N', (length($bytes) - 6) / 28);
		}
		elsif ($how == 7 && $length >= 34)
		{
			# a field of a period
			my ($offset, $size) = @{([0, 4], [4, 4], [8, 4], [12, 8], [20, 8])[rand 5]};
			substr($bytes, 6 + 28 * int(rand(int(($length - 6) / 28))) + $offset, $size) =
				chr($interesting[rand @interesting]) x $size;
		}
	}
	return $bytes;
}

my @sent;
my $script = "\\set VERBOSITY sqlstate\nCREATE TEMP TABLE received (n int, profile leakage_profile);\n";
foreach my $n (0 .. $count - 1)
{
	# the long ones now and then only
	my $bytes = mutate_bytes($seeds[rand() < 0.05 ? $#seeds : int(rand($#seeds))]);
	push(@sent, $bytes);
	spew("$dir/$n", "PGCOPY\n\xff\r\n\0" . pack('NN', 0, 0)
		. pack('n N N', 2, 4, $n) . pack('N', length($bytes)) . $bytes . pack('n', 0xffff));
	$script .= "\\copy received FROM '$dir/$n' (FORMAT binary)\n";
}
# read them all, every way there is
my $read = <<'EOS';
SELECT n, encode(_leakage.leakage_profile_send(profile), 'hex'), profile::text::leakage_profile = profile,
	_leakage.leakage_profile_final(profile) = profile, rollup_of_one = profile,
	(SELECT count(*) >= active_periods(profile) AND sum(actual) = actual_total(profile) AND sum(expected) = expected_total(profile) FROM periods(profile)),
	missing_periods(profile) >= 0, is_truncated(profile) IS NOT NULL
FROM (SELECT n, profile, rollup(profile) OVER (PARTITION BY n) AS rollup_of_one FROM received) r ORDER BY n;
\o /dev/null
\set QUIET on
SELECT rollup(profile) FROM received GROUP BY n % 100;
\o
EOS
my $out;
($out, $err, $rc) = run_psql($script . $read);
# sums of mutated amounts may leave their range in the last query
my %refused = check_errors('bytes', $err, $rc, '22P03', '08P01', '22003');
my $accepted = 0;
foreach my $line (split(/\n/, $out))
{
	my ($n, $bytes, @truths) = split(/\|/, $line);
	$accepted++;
	failure("bytes $n: other bytes came back") if pack('H*', $bytes) ne $sent[$n];
	failure("bytes $n: $line") if grep { $_ ne 't' } @truths;
}
printf("bytes: %d mutations, %d accepted, refused: %s\n", $count, $accepted,
	join(', ', map { "$refused{$_} with $_" } sort keys %refused));

#
# Text
#
my @tokens = ('{', '}', ':', '/', ',', '-', '#', '.', '+', ' ', '0', '9', '1000000', '4294967296', '9223372036854.775807', 'truncated', 'NaN', 'e', "\t", "\x01", '- /', '-.');

sub mutate_text
{
	my ($text) = @_;
	foreach (1 .. 1 + int(rand(3)))
	{
		my $at = int(rand(length($text) + 1));
		my $how = int(rand(4));
		if ($how == 0) { substr($text, $at, 0) = $tokens[rand @tokens]; }
		elsif ($how == 1) { substr($text, $at, int(rand(4))) = ''; }
		elsif ($how == 2) { substr($text, $at, 1) = $tokens[rand @tokens] if $at < length($text); }
		else { $text = substr($text, 0, $at); }
	}
	return $text;
}

$script = "\\set VERBOSITY sqlstate\n";
foreach my $n (0 .. $count - 1)
{
	my $text = mutate_text($texts[rand() < 0.05 ? $#texts : int(rand($#texts))]);
	$script .= "SELECT p::text::leakage_profile = p AND _leakage.leakage_profile_send(p::text::leakage_profile) = _leakage.leakage_profile_send(p)"
		. " AND active_periods(p) >= 0 FROM (SELECT \$f\$$text\$f\$::leakage_profile AS p) s;\n";
}
($out, $err, $rc) = run_psql($script);
%refused = check_errors('text', $err, $rc, '22P02', '22003', '54000');
$accepted = 0;
foreach my $line (split(/\n/, $out))
{
	$accepted++;
	failure("text: an accepted profile does not come back as it went") if $line ne 't';
}
printf("text: %d mutations, %d accepted, refused: %s\n", $count, $accepted,
	join(', ', map { "$refused{$_} with $_" } sort keys %refused));

printf("seed %d: %s\n", $seed, @failures ? scalar(@failures) . ' failures' : 'ok');
exit(@failures ? 1 : 0);
