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

sub empty { $node->safe_psql('postgres', 'TRUNCATE telecom.crm, telecom.revenue, telecom.load_log, telecom.skipped_row'); }

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

# ---- rows that cannot be loaded are set aside, counted, and reported

my @bad = (
	"m1,22,1.5", "m2,22", "m3,22,3,4", "m\xe94,22,4", "m5,22,5\0", "m6,2\r2,6", qq{m7,22,"7}, "", "m9,22,9.5", "m10,22,-10", "m\xc3\xa911,23,11", qq{"m12","22","12"}, qq{m13,22,"13""x"y}, "m1,22,1.50");
my $bad = write_file('bad rows.csv', join("\r\n", $header, @bad) . "\r\n\r\n");
my @reasons = ([ 3, 'row_column_count', 'm2,22' ], [ 4, 'row_column_count', 'm3,22,3,4' ], [ 5, 'row_not_utf8', 'm\xe94,22,4' ], [ 6, 'row_zero_byte', 'm5,22,5\x00' ],
	[ 7, 'row_carriage_return', 'm6,2\x0d2,6' ], [ 8, 'row_open_quote', 'm7,22,"7\x0d' ], [ 9, 'row_column_count', '' ]);
my ($status, $said) = load_from('', '--dry-run', $bad);
is($status, 1, 'a dry run: a load would fail');
is($said =~ s/^leakage-load.*\n//gmr, "bad rows.csv: 14 rows for telecom.revenue, 9 of them refused\n  1 amount_negative\n  1 amount_not_numeric\n  1 row_carriage_return, first in line 7\n"
	. "  3 row_column_count, first in line 3\n  1 row_not_utf8, first in line 5\n  1 row_open_quote, first in line 8\n  1 row_zero_byte, first in line 6\n", 'it prints what is refused, and why');
like($said, qr{a load would need --skip-bad-rows=7}, 'and what it would take');
is($node->safe_psql('postgres', q{SELECT count(*), (SELECT count(*) FROM telecom.revenue) + (SELECT count(*) FROM telecom.load_log) FROM pg_namespace WHERE nspname LIKE 'leakage_dry%'}), '0|0', 'nothing is left of it');
refused('more bad rows than allowed', qr{bad rows\.csv: more than 6 of its rows cannot be loaded; the first is line 3: row_column_count}, '--skip-bad-rows=6', $bad);
refused('bad rows by default', qr{short\.csv, line 3: ERROR:  missing data}, write_file('short.csv', join("\n", $header, @bad[0, 1])));
for my $options ([], [ '-j2', '--piece=40' ])
{
	is((load_from('', '--replace', $plain))[0], 0, 'another file');
	($status, $said) = load_from('', @$options, '--skip-bad-rows=7', $plain, $bad);
	is($status, 0, "set aside, @$options") or diag($said);
	is($node->safe_psql('postgres', q{SELECT line, reason, content FROM telecom.skipped_row WHERE file_name = 'bad rows.csv' AND landing_table = 'revenue' ORDER BY line}),
		join("\n", map { join('|', @$_) } @reasons), 'with their lines');
	is((load_from('', '--skip-bad-rows=7', $plain, $bad))[0], 0, 'the same again');
	is($node->safe_psql('postgres', q{SELECT count(*), (SELECT count(*) FROM telecom.revenue), count(DISTINCT (load_id, file_name)) FROM telecom.skipped_row}), '7|567|1', 'sets nothing aside again');

	my $refresh = "CALL leakage_refresh('telecom', force => true)";
	$node->safe_psql('postgres', "SET client_min_messages = error; $refresh; $refresh");
	is($node->safe_psql('postgres', q{SELECT rule, rows FROM telecom.data_quality WHERE file = 'revenue' AND rule ~ '^(rows|refused)_' ORDER BY rule COLLATE "C"}),
		"refused_amount_negative|1\nrefused_amount_not_numeric|1\nrefused_row_carriage_return|1\nrefused_row_column_count|3\nrefused_row_not_utf8|1\nrefused_row_open_quote|1\nrefused_row_zero_byte|1\n"
		. "rows_accepted|564\nrows_duplicate|1\nrows_in|574\nrows_refused|9", 'each refresh counts them');
	is($node->safe_psql('postgres', q{SELECT content FROM telecom.rejected_rows WHERE reason = 'row_not_utf8'}), '{"row": "m\\\\xe94,22,4", "file": "bad rows.csv", "line": 5}', 'and keeps them');
	is($node->safe_psql('postgres', q{SELECT left_value, right_value, ok FROM telecom.reconciliation WHERE check_name LIKE '% of revenue = accepted + %' OR check_name LIKE '% of revenue = rows kept %' ORDER BY 1}),
		"9.000000|9.000000|t\n574.000000|574.000000|t", 'it reconciles');
}
$node->safe_psql('postgres', q{INSERT INTO telecom.skipped_row VALUES (99, 'no such table', 'x', 1, 'row_zero_byte', 'x'); CALL leakage_refresh('telecom', force => true)});
is($node->safe_psql('postgres', q{SELECT count(*) FROM telecom.rejected_rows}), 9, 'rows of no landing table are left out');
is((load_from('', '--replace', $plain))[0], 0, 'replaced');
is($node->safe_psql('postgres', q{SELECT count(*) FROM telecom.skipped_row WHERE landing_table = 'revenue'}), 0, '--replace removes them');
empty();
my $latin = write_file('latin.csv', join("\n", $header, 'm1,22', "m\xe92,22,2", 'm3', 'm4,22,4'));
($status, $said) = load_from('', '--skip-bad-rows=2', '--encoding=EUC_JP', $latin);
like($said, qr{latin\.csv, line 3: ERROR:  invalid byte sequence}, 'other encodings are left to the server, which counts lines as the file does');
is((load_from('', '--skip-bad-rows=2', '--encoding=LATIN1', $latin))[0], 0, 'LATIN1');
is($node->safe_psql('postgres', q{SELECT count(*) FROM telecom.revenue}), 2, 'has two good rows');
$node->safe_psql('postgres', q{CREATE ROLE loading LOGIN; GRANT USAGE ON SCHEMA telecom TO loading; GRANT SELECT, INSERT ON telecom.revenue, telecom.load_log TO loading});
like((load_from('', '-Uloading', '--again', '--skip-bad-rows=7', $bad))[1], qr{permission denied for table skipped_row}, 'a loading role needs INSERT on skipped_row');
$node->safe_psql('postgres', 'GRANT INSERT ON telecom.skipped_row TO loading');
is((load_from('', '-Uloading', '--again', '--skip-bad-rows=7', $bad))[0], 0, 'and no more');
is((load_from('', '--skip-bad-rows=x', $plain))[0], 2, 'N is a number');

$node->stop;
done_testing();
