# leakage-load with files as they come: packed, in other encodings, with other delimiters and decimal commas, from a pipe,
# with empty lines at the end. Each loads the rows of the plain file, or says what is wrong and where.

use strict;
use warnings FATAL => 'all';

use Cwd 'abs_path';
use FindBin;
use lib $FindBin::RealBin;
use IPC::Run ();
use MartTest;
use PostgreSQL::Test::Utils;
use Test::More;

my $loader = abs_path("$FindBin::RealBin/../../src/bin/leakage-load");
my $dir = abs_path(PostgreSQL::Test::Utils::tempdir('formats'));
my $node = start_node('formats');
my $header = 'msisdn,week_number,revenue_usd';

$node->safe_psql('postgres', q{CALL leakage_create_mart('telecom')});
$ENV{PGHOST} = $node->host;
$ENV{PGPORT} = $node->port;
$ENV{PGDATABASE} = 'postgres';
my $psql = $node->installed_command('psql');
$ENV{PATH} = ($psql =~ s{/[^/]*$}{}r) . ":$ENV{PATH}" if $psql =~ m{/};

sub write_file
{
	my ($name, @text) = @_;

	open(my $file, '>:raw', "$dir/$name") or die "$name: $!";
	print $file @text;
	close($file);
	return "$dir/$name";
}

# status and messages; standard input is the text given
sub load_from
{
	my ($input, @arguments) = @_;
	my ($out, $err) = ('', '');

	IPC::Run::run([ $loader, '-q', @arguments ], '<', \$input, '>', \$out, '2>', \$err, IPC::Run::timeout(180));
	return ($? >> 8, "$out$err");
}

sub empty { $node->safe_psql('postgres', 'TRUNCATE telecom.crm, telecom.revenue, telecom.load_log'); }

sub rows
{
	return $node->safe_psql('postgres', q{
		SELECT count(*), coalesce(md5(string_agg(concat_ws('|', msisdn, week_number, revenue_usd), ';' ORDER BY msisdn, week_number, revenue_usd)), '') FROM telecom.revenue});
}

my @rows = map { my $n = $_; map { sprintf("8801712%06d,%d,%d.%02d", $n, $_, 1000 + 7 * $n, $_) } 22 .. 35 } 0 .. 39;
my $text = join("\n", $header, @rows) . "\n";
my $plain = write_file('plain.csv', $text);
is((load_from('', $plain))[0], 0, 'the plain file');
my $expected = rows();
like($expected, qr/^560\|/, 'has all rows');

# loads the rows of the plain file
sub same_rows
{
	my ($name, @arguments) = @_;
	my ($status, $said) = load_from(ref $arguments[0] ? ${ shift @arguments } : '', @arguments);

	is($status, 0, "$name: is loaded") or diag($said);
	is(rows(), $expected, "$name: the same rows");
	empty();
}

sub refused
{
	my ($name, $message, @arguments) = @_;
	my ($status, $said) = load_from('', @arguments);

	is($status, 1, "$name: is refused");
	like($said, $message, "$name: says why");
	is($node->safe_psql('postgres', 'SELECT count(*) FROM telecom.revenue'), 0, "$name: nothing is loaded");
}

empty();

# ---- packed files, by their contents and not by their names

sub packed
{
	my ($program, $name) = @_;

	system("$program -c < '$plain' > '$dir/$name'") == 0 or die "$program: $?";
	return "$dir/$name";
}

my $gz = packed('gzip', 'plain.csv.gz');
same_rows('gzip', $gz);
same_rows('gzip called csv', packed('gzip', 'gzip.csv'));
same_rows('gzip, in pieces', '-j2', '--piece=3000', $gz);
same_rows('the file, and the same packed', $plain, $gz);
refused('half of a gzip', qr{half\.gz: is packed with gzip, but not whole: .*unexpected end}, write_file('half.gz', substr(slurp_file($gz), 0, 900)));
SKIP:
{
	skip 'no zstd', 2 if system('type zstd > /dev/null 2>&1') != 0;
	same_rows('zstd', packed('zstd', 'plain.zst'));
}
{
	my $bin = "$dir/bin";
	mkdir $bin or die;
	for my $program (grep { !/zstd$/ } map { glob("$_/*") } grep { -d } split /:/, $ENV{PATH})
	{
		my $link = "$bin/" . ($program =~ s{.*/}{}r);
		symlink($program, $link) if !-l $link;
	}
	local $ENV{PATH} = $bin;
	refused('no zstd', qr{z\.csv: is packed with zstd, and there is no zstd on the PATH.*apt-get install zstd}, write_file('z.csv', "\x28\xb5\x2f\xfd"));
}
refused('a ZIP archive', qr{a\.zip: is a ZIP archive or a spreadsheet}, write_file('a.zip', "PK\x03\x04..."));
refused('bzip2', qr{packed with bzip2; unpack it: bzip2 -dc FILE \| leakage-load -}, write_file('a.bz2', 'BZh91AY'));
refused('xz', qr{packed with xz}, write_file('a.xz', "\xfd7zXZ\0"));
refused('a directory', qr{: is a directory; name the files in it}, $dir);
refused('an empty file', qr{is empty; its first line must name the columns}, write_file('empty.csv', ''));

# ---- encodings

sub utf16 { my ($text, $letter) = @_; return pack("$letter*", unpack('C*', $text)); }

same_rows('UTF-16, little end first', write_file('le.csv', "\xff\xfe" . utf16($text, 'v')));
same_rows('UTF-16, big end first', write_file('be.csv', "\xfe\xff" . utf16($text, 'n')));
same_rows('UTF-16 without a mark', '--encoding=UTF-16LE', write_file('bare.csv', utf16($text, 'v')));
refused('half a character of UTF-16', qr{half\.csv, line 2: is in UTF-16, but not whole}, write_file('half.csv', "\xff\xfe" . utf16("$header\n1,2,3", 'v') . "\x00\xd8"));
same_rows('UTF-8 with a mark, CRLF', write_file('bom.csv', "\xef\xbb\xbf" . $text =~ s/\n/\r\n/gr));

# ---- standard input and pipes

same_rows('standard input', \$text, '-');
same_rows('packed standard input', \slurp_file($gz), '-j2', '--piece=3000', '-');
same_rows('standard input by name', \$text, '/dev/stdin');
{
	system("mkfifo '$dir/pipe'") == 0 or die;
	my $writer = fork() // die;
	if (!$writer)
	{
		exec('sh', '-c', "cat '$plain' > '$dir/pipe'");
	}
	same_rows('a pipe', "$dir/pipe");
	waitpid($writer, 0);
}
load_from($text, '-');
is($node->safe_psql('postgres', 'SELECT DISTINCT file_name FROM telecom.load_log'), 'standard input', 'load_log has no path of it');
like((load_from('', $plain))[1], qr/^$/, 'the same from a file');
is(rows(), $expected, 'is not loaded twice');
empty();

# ---- delimiters and decimal commas

same_rows('semicolons', '--delimiter=;', write_file('semicolon.csv', $text =~ s/,/;/gr));
same_rows('tabs', '--delimiter=tab', '--piece=3000', write_file('tab.csv', $text =~ s/,/\t/gr));
same_rows('bars', '--delimiter', '|', write_file('bar.csv', $text =~ s/,/|/gr));
refused('semicolons', qr{semicolon\.csv: its columns are not separated by ",".*\n.*use --delimiter=';'}, "$dir/semicolon.csv");
refused('tabs', qr{use --delimiter='tab'}, "$dir/tab.csv");
refused('commas', qr{not separated by ";".*\n.*use --delimiter=','}, '--delimiter=;', $plain);
is((load_from('', '--delimiter=a', $plain))[0], 2, 'a letter is no delimiter');

my $comma = $text =~ s/\.(\d\d)$/,$1/gmr;
same_rows('decimal commas in quotes', '--decimal-comma', write_file('comma.csv', $comma =~ s/^(\d+,\d+),(.*)$/$1,"$2"/gmr));
same_rows('decimal commas and semicolons', '--decimal-comma', '--delimiter=;', write_file('comma2.csv', join("\n", map { join(';', split(/,/, $_, 3)) } split(/\n/, $comma)), "\n"));
same_rows('decimal points, too', '--decimal-comma', $plain);
is((load_from('', '--decimal-comma', '--delimiter=;', write_file('numbers.csv', join("\n", 'revenue_usd;msisdn;week_number', '1.025,50;a;22', '1 025,5;b;22', '1.025;c;22',
	'-3,5;d;22', '"1.234.567,25";"e;1,5";"22"', '1,2,3;f;22', '1.02;g;22', "\"x\ny\";h,5;22", ';i;22'))))[0], 0, 'numbers');
is($node->safe_psql('postgres', q{SELECT string_agg(msisdn || '=' || coalesce(revenue_usd, 'NULL'), ' ' ORDER BY msisdn) FROM telecom.revenue}),
	"a=1025.50 b=1025.5 c=1025 d=-3.5 e;1,5=1234567.25 f=1,2,3 g=1.02 h,5=x\ny i=NULL", 'only what is a number is rewritten, and only in columns of numbers');
empty();

# ---- lines: empty ones, zero bytes, header lines that are none

for my $end ("\n", "\n\n\n", "\r\n\r\n", "\n \n\t", "\n\n\n\n\n ")
{
	same_rows('empty lines at the end: ' . length $end, '-j2', '--piece=3000', write_file('blank.csv', $text . $end));
}
like((load_from('', write_file('header.csv', "$header\n\n\n")))[1], qr/^$/, 'a header and empty lines');
empty();
refused('an empty line between others', qr{between\.csv, line 3: ERROR:  missing data}, write_file('between.csv', "$header\n1,2,3\n\n1,2,3\n"));
for my $options ([], [ '-j2', '--piece=3000' ], ['--server-side'])
{
	my @lines = split(/^/, $text);
	substr($lines[300], 9, 1) = "\0";
	refused("a zero byte, @$options", qr{zero\.csv, line 301: has a zero byte}, @$options, write_file('zero.csv', @lines));
	substr($lines[300], 9, 1) = "1";
	$lines[-1] =~ s/.\n$/\0/;
	refused("a zero byte at the end, @$options", qr{zero\.csv, line 561: has a zero byte}, @$options, write_file('zero.csv', @lines));
}
refused('a bad byte', qr{bad\.csv, line 102: ERROR:  invalid byte sequence.*\n.*--encoding}s, write_file('bad.csv', $text =~ s/^(([^\n]*\n){101})8/$1\xe9/r));
refused('a bad byte, unpacked', qr{bad\.gz, line 102: ERROR:  invalid byte sequence}, do { system("gzip -c '$dir/bad.csv' > '$dir/bad.gz'"); "$dir/bad.gz" });
refused('an open quote', qr{open\.csv, line 4: a quote is opened and never closed}, write_file('open.csv', "$header\n\"a\nb\",2,3\n1,\"2,3\n4,5,6\n"));
refused('columns without a name', qr{column 4 of its header has no name}, write_file('unnamed.csv', "$header,,\n1,2,3,,\n"));
refused('no header', qr{its header is that of no landing table: 1,2,3}, write_file('none.csv', "1,2,3\n"));

$node->stop;
done_testing();
