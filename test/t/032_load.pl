# leakage-load puts each row of a file into its landing table once. It does not matter how the file is cut, written, or
# named, what interrupts a load and when, or who else loads or refreshes at the same time.

use strict;
use warnings FATAL => 'all';

use Cwd 'abs_path';
use FindBin;
use lib $FindBin::RealBin;
use IPC::Run ();
use List::Util 'shuffle';
use MartTest;
use PostgreSQL::Test::Utils;
use Test::More;

my $loader = "$FindBin::RealBin/../../src/bin/leakage-load";
my $dir = abs_path(PostgreSQL::Test::Utils::tempdir('files'));		# the server reads them too
my $node = start_node('load');
my $timeout = $PostgreSQL::Test::Utils::timeout_default // 180;
my $has_crm = 'msisdn,gender,year_of_birth,system_status,mobile_type,value_segment';
my $has_device = 'msisdn,imei_tac,brand_name,model_name,os_name,os_vendor';

$node->safe_psql('postgres', q{CALL leakage_create_mart('telecom'); CREATE SCHEMA plain});
$ENV{PGHOST} = $node->host;
$ENV{PGPORT} = $node->port;
$ENV{PGDATABASE} = 'postgres';
my $psql = $node->installed_command('psql');
$ENV{PATH} = ($psql =~ s{/[^/]*$}{}r) . ":$ENV{PATH}" if $psql =~ m{/};

# A shell cannot trap a signal that was ignored when it started, as happens for jobs in the background.
$SIG{INT} = $SIG{HUP} = 'DEFAULT';

# Starts the loader: a hash of harness and err.
sub start_load
{
	my (@arguments) = @_;
	my %load = (out => '', err => '');

	$load{harness} = IPC::Run::start([ $loader, @arguments ], '<', \undef, '>', \$load{out}, '2>', \$load{err}, IPC::Run::timeout($timeout));
	return \%load;
}

# Waits until it ends. Returns the exit status, or the signal that ended it, and its messages.
sub load_ended
{
	my ($load) = @_;

	IPC::Run::finish($load->{harness});
	return ($? & 127 ? 'signal ' . ($? & 127) : $? >> 8, $load->{err});
}

sub load { return load_ended(start_load(@_)); }

sub loads
{
	my ($name, @arguments) = @_;
	my ($status, $said) = load(@arguments);

	is($status, 0, $name) or diag($said);
	return $said;
}

# A load that must fail with this message, and load nothing.
sub refused
{
	my ($name, $said, @arguments) = @_;
	my ($status, $err) = load(@arguments);

	is($status, 1, "$name: refused");
	like($err, $said, "$name: says why");
	is(all_rows(), '0|0|0|0', "$name: nothing is loaded");
}

sub all_rows
{
	return $node->safe_psql('postgres', 'SELECT (SELECT count(*) FROM telecom.crm), (SELECT count(*) FROM telecom.device), (SELECT count(*) FROM telecom.revenue), (SELECT count(*) FROM telecom.load_log)');
}

sub rows { return $node->safe_psql('postgres', "SELECT count(*) FROM telecom.$_[0]"); }
sub empty { $node->safe_psql('postgres', 'TRUNCATE telecom.crm, telecom.device, telecom.revenue, telecom.subscriber_attribute, telecom.usage, telecom.exclusion, telecom.known_event, telecom.load_log'); }

sub file
{
	my ($name, @text) = @_;

	open(my $f, '>:raw', "$dir/$name") or die "$dir/$name: $!";
	print $f @text;
	close($f);
	return "$dir/$name";
}

# Compares a landing table, as a multiset, with the result of one COPY of the file, and checks load_log.
sub same_as_copy
{
	my ($name, $table, $file, $columns) = @_;

	$node->safe_psql('postgres', "DROP TABLE IF EXISTS plain.$table; CREATE TABLE plain.$table (LIKE telecom.$table);
		COPY plain.$table ($columns) FROM '@{[ $file =~ s/'/''/gr ]}' WITH (FORMAT csv, HEADER)");
	is($node->safe_psql('postgres', qq{
		SELECT (SELECT count(*) FROM (TABLE plain.$table EXCEPT ALL TABLE telecom.$table) AS x), (SELECT count(*) FROM (TABLE telecom.$table EXCEPT ALL TABLE plain.$table) AS x);
		SELECT sum(rows) = (SELECT count(*) FROM plain.$table), sum(byte_to - byte_from) = max(file_bytes), max(file_bytes) = @{[ -s $file ]}
		FROM telecom.load_log WHERE landing_table = '$table'}), "0|0\nt|t|t", $name);
}

# ---- cutting: fields full of quotes, line ends, and commas

srand(20);
my @bits = ('a', 'Galaxy S3', ',', '""', "\n", '""""', ' ', 'x' x 300, "\xc3\xa9", "\n\n", '\\', '.', '"",""');

# a device file with N records; options: line end, byte order mark, order of columns, last line end
sub random_file
{
	my ($name, $n, %as) = @_;
	my @columns = split /,/, $has_device;
	my $end = $as{end} // "\n";

	@columns = shuffle(@columns) if $as{shuffle};
	my @records = join(',', map { $as{quoted_header} ? qq{ "\U$_\E" } : $_ } @columns);
	for (1 .. $n)
	{
		push @records, join(',', map {
			my $text = join('', map { $bits[ rand @bits ] } 1 .. 1 + int(rand(5)));
			$text =~ s/\n/$end/g;
			rand() < 0.3 ? qq{"$text"} : rand() < 0.1 ? '' : "w$_" } @columns);
	}
	return (file($name, ($as{bom} ? "\xef\xbb\xbf" : '') . join($end, @records) . ($as{no_last} ? '' : $end)), join(', ', @columns));
}

my %kinds = (
	plain => {}, crlf => { end => "\r\n" }, bom => { bom => 1, quoted_header => 1 }, shuffled => { shuffle => 1 },
	'no line end at the end' => { no_last => 1 }, all => { end => "\r\n", bom => 1, shuffle => 1, no_last => 1, quoted_header => 1 });
for my $kind (sort keys %kinds)
{
	for my $piece ($kind eq 'all' ? (1, 700, 5000) : 1 + int(rand(900)))
	{
		my $n = $piece == 1 ? 12 : 40;
		my $jobs = $piece == 5000 ? 1 : $piece == 700 ? 4 : 2;
		my ($file, $columns) = random_file('a file', $n, %{ $kinds{$kind} });

		empty();
		loads("$kind, $n records in pieces of $piece bytes by $jobs sessions", "-j$jobs", "--piece=$piece", $file);
		same_as_copy("$kind, $piece: as one COPY", 'device', $file, $columns);
		cmp_ok(rows('load_log'), '>', $piece == 5000 ? 0 : 5, "$kind, $piece: in pieces");
	}
}

# without quotes, cuts are found in another way
my $crm = file('subscribers.txt', "$has_crm\n", map { "m$_,F,19" . (50 + $_ % 50) . ",ACTIVE,Prepaid,Tier_" . ($_ % 3) . "\n" } 1 .. 3000);
my $revenue = file("it's revenue.csv", "msisdn,week_number,revenue_usd\n", map { 'm' . ($_ % 500) . ",2" . ($_ % 9) . ",$_.5\n" } 1 .. 2000);
for my $options ([ '-j1' ], [ '-j2', '--piece=10000' ], [ '-j4', '--piece=3000' ], [ '--jobs=3', '--server-side', '--piece=9000' ], ['--replace'])
{
	empty() if $options->[0] ne '--replace';
	loads("two files, @$options", @$options, $crm, $revenue);
	same_as_copy("@$options: the one", 'crm', $crm, $has_crm =~ s/,/, /gr);
	same_as_copy("@$options: the other", 'revenue', $revenue, 'msisdn, week_number, revenue_usd');
}

# ---- a file is loaded once

my $said = loads('the same files again', $revenue, $crm);
like($said, qr/revenue\.csv: is loaded already, 2000 rows/, 'is reported as loaded');
like($said, qr/nothing to load/, 'and nothing is loaded');
is(rows('crm') . ' ' . rows('revenue'), '3000 2000', 'no row is loaded twice');
my $copy = file('another name.csv', slurp_file($revenue));
loads('under another name', $copy);
is(rows('revenue'), 2000, 'is recognized by its contents');
loads('once more with --again', '--again', '--quiet', $copy);
is(rows('revenue'), 4000, '--again loads it again');
loads('replaced', '--replace', $copy, $revenue);
is(rows('revenue') . ' ' . rows('crm'), '2000 3000', '--replace empties the tables of these files, and takes one of two equal files');
my $week = file('week.csv', "msisdn,week_number,revenue_usd\nm1,31,5\nm2,31,6\n");
loads('a new week, with the old file', $revenue, $week);
is(rows('revenue'), 2002, 'adds the new week');
$node->safe_psql('postgres', 'TRUNCATE telecom.crm');
my ($status, $err) = load($crm);
is($status, 1, 'a table that was emptied by hand');
like($err, qr/3000 rows of it are in telecom\.crm, which has only 0: somebody removed them\n.*--again/, 'does not count as loaded');
loads('a header only', file('empty.csv', "msisdn,week_number,sessions\n"));
loads('a header only, and no line end', file('empty.csv', 'sessions,msisdn,week_number'));
is(rows('usage'), 0, 'has no rows');
loads('region', file('region.csv', "\"region\",\"msisdn\",\"activated_on\"\nNorth,m1,2020-01-01\n"));
is($node->safe_psql('postgres', 'TABLE telecom.subscriber_attribute'), 'm1|North|2020-01-01', 'by the names of the columns');
loads('exclusion and known_event', file('staff.csv', "reason,msisdn,to_week,from_week\nstaff,m1,,\n"), file('news.csv', "dimension,value,from_week,to_week,factor,note\nregion,North,29,,0.5,new price\n"));
is($node->safe_psql('postgres', 'TABLE telecom.exclusion'), 'm1|staff||', 'users who are not judged');
is($node->safe_psql('postgres', 'TABLE telecom.known_event'), 'region|North|29||0.5|new price', 'and events, though both have from_week and to_week');

# ---- files that cannot be loaded leave nothing

empty();
my @good = map { "m$_,F,1980,ACTIVE,Prepaid,Tier_1\n" } 1 .. 2000;
refused('no such file', qr/no-such: no such file/, $crm, "$dir/no-such");
refused('another file', qr/its header is that of no landing table: a,b,c/, file('bad', "a,b,c\n1,2,3\n"));
refused('semicolons', qr{use --delimiter=.;.}, file('bad', "msisdn;week_number;revenue_usd\n1;2;3\n"));
refused('a column too few', qr/a file of crm, but without the column gender/, file('bad', "msisdn,value_segment\n1,2\n"));
refused('a column too many', qr/its column "town" is not in that table/, file('bad', "$has_crm,town\n"));
refused('a column twice', qr/a column is twice/, file('bad', "$has_crm,msisdn\n"));
refused('carriage returns', qr/a carriage return alone/, file('bad', "$has_crm\r1,2,3,4,5,6\r"));
for my $options ([ '-j1' ], [ '-j3', '--piece=9000' ], [ '--server-side', '-j1' ], [ '--server-side', '--piece=9000' ])
{
	refused("a bad row, @$options", qr{/bad, line 1502: ERROR:  missing data for column "gender"\nCONTEXT.*\n.*correct that line},
		@$options, $revenue, file('bad', "$has_crm\n", @good[ 0 .. 1499 ], "m\n", @good[ 1500 .. 1999 ]));
}
refused('a quote that is not closed', qr/a quote is opened and never closed/, '--piece=9000', file('bad', "$has_crm\n", @good[ 0 .. 999 ], qq{"m,,,,,\n}, @good));
refused('not UTF8', qr/bad, line 2: ERROR:  invalid byte sequence.*\n.*--encoding/s, file('bad', "$has_crm\nm\xe9,,,,,\n"));
refused('a name that is not UTF8', qr/ERROR:  invalid byte sequence.*\n.*the file's name is not in UTF8/s, file("m\xe9.csv", "$has_crm\nm,,,,,\n"));
refused('no mart', qr/there is no leakage mart nowhere/, '--schema=nowhere', $crm);
refused('no server', qr/psql: error: /, '-p1', '-h/nonexistent', $crm);
loads('LATIN1', '--encoding=LATIN1', "$dir/bad") if file('bad', "$has_crm\nm\xe9,,,,,\n");
is($node->safe_psql('postgres', q{SELECT msisdn = U&'m\00e9' FROM telecom.crm}), 't', 'in its encoding');
empty();
if ($node->safe_psql('postgres', 'SHOW server_version_num') < 180000)
{
	# the rest must fit into a pipe: psql ends at the \., and a writer that is still writing would fail before the rows are
	# counted
	refused('an end-of-data marker inside the data', qr/has 1501 rows, but COPY took 1000\n.*line 1002 is \\\. and nothing else/, '-j1', file('bad', "$has_crm\n", @good[ 0 .. 999 ], "\\.\n", @good[ 1000 .. 1499 ]));
}
for my $wrong ([], ['--no-such', $crm], [ '-j0', $crm ], [ '-j', ], [ '--piece=x', $crm ])
{
	is((load(@$wrong))[0], 2, "usage error: @$wrong");
}

# ---- interrupted loads: a session stops at the row "stop"

my $stops = file('stops.csv', "$has_crm\n", @good[ 0 .. 1499 ], "stop,F,1980,ACTIVE,Prepaid,Tier_1\n", @good[ 1500 .. 1999 ]);
my @in_pieces = ('-j2', '--piece=9000', $stops, $revenue);
sub stopping
{
	$node->safe_psql('postgres', q{
		CREATE FUNCTION plain.stop() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(600); RETURN NEW; END';
		CREATE TRIGGER stop BEFORE INSERT ON telecom.crm FOR EACH ROW WHEN (NEW.msisdn = 'stop') EXECUTE FUNCTION plain.stop()});
	my $load = start_load(@_);
	poll_for($node, q{SELECT count(*) = 1 FROM pg_stat_activity WHERE wait_event = 'PgSleep'});
	return $load;
}
sub going_on
{
	my ($name) = @_;

	# a sleeping session does not notice that its client is gone
	$node->safe_psql('postgres', q{SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'leakage-load%'});
	poll_for($node, q{SELECT count(*) = 0 FROM pg_stat_activity WHERE application_name LIKE 'leakage-load%'});
	is(all_rows(), '0|0|0|0', "$name: nothing is loaded");
	$node->safe_psql('postgres', 'DROP FUNCTION plain.stop() CASCADE');
	loads("$name: the next run", @in_pieces);
	same_as_copy("$name: loads everything", 'crm', $stops, $has_crm =~ s/,/, /gr);
	same_as_copy("$name: from both files", 'revenue', $revenue, 'msisdn, week_number, revenue_usd');
	empty();
}

for my $signal ('INT', 'TERM', 'HUP')
{
	my $load = stopping(@in_pieces);
	$load->{harness}->signal($signal);
	($status, $err) = load_ended($load);
	is($status, $signal eq 'INT' ? 130 : 143, "$signal ends it") or diag($err);
	like($err, qr/nothing was loaded/, "$signal: says so");
	is($node->safe_psql('postgres', q{SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'}), 0, "$signal: ends its sessions too") if $signal eq 'INT';
	going_on($signal);
}

my $load = stopping(@in_pieces);
$load->{harness}->signal('KILL');
is((load_ended($load))[0], 'signal 9', 'killed');
going_on('killed');

$load = stopping(@in_pieces);
$node->safe_psql('postgres', q{SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event = 'PgSleep'});
($status, $err) = load_ended($load);
is($status, 1, 'a terminated backend');
like($err, qr/stops\.csv.*terminating connection/s, 'is reported with the piece');
going_on('terminated');

$load = stopping(@in_pieces);
$node->stop('immediate');
is((load_ended($load))[0], 1, 'an immediate shutdown of the server');
$node->start;
going_on('server stopped');

# ---- interrupted between two commits: the second session to commit fails

$node->safe_psql('postgres', q{
	CREATE FUNCTION plain.refuse() RETURNS trigger LANGUAGE plpgsql AS $$
	BEGIN
		IF (SELECT count(DISTINCT l.xmin::text) FROM telecom.load_log AS l WHERE l.load_id = NEW.load_id) > 1 THEN RAISE 'broken off'; END IF;
		RETURN NULL;
	END $$;
	CREATE CONSTRAINT TRIGGER refuse AFTER INSERT ON telecom.load_log DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION plain.refuse()});
($status, $err) = load('-j2', '--piece=9000', $stops);		# one file, so each session has a piece of it
is($status, 3, 'interrupted between two commits');
like($err, qr/broken off.*a part may be loaded.*run the same command again/s, 'says how to continue');
my $part = rows('crm');
cmp_ok($part, '>', 0, 'a part is loaded');
cmp_ok($part, '<', 2001, 'but not everything');
is($part, $node->safe_psql('postgres', q{SELECT sum(rows) FROM telecom.load_log WHERE landing_table = 'crm'}), 'as load_log says');
$node->safe_psql('postgres', 'DROP FUNCTION plain.refuse() CASCADE');
like(loads('another file meanwhile', $week), qr/an earlier load is not complete: load \d+ of stops\.csv into crm;/, 'warns about it');
$node->safe_psql('postgres', q{DELETE FROM telecom.load_log WHERE file_name = 'week.csv'; DELETE FROM telecom.revenue WHERE revenue_usd IN ('5', '6')});
$said = loads('the same again, cut differently', '-j3', '--piece=5000', $stops, $revenue);
like($said, qr/stops\.csv: a load of it was broken off after $part rows; loading the rest/, 'says that it continues');
same_as_copy('loads the rest', 'crm', $stops, $has_crm =~ s/,/, /gr);
same_as_copy('from both files', 'revenue', $revenue, 'msisdn, week_number, revenue_usd');
like(loads('and afterwards', @in_pieces), qr/nothing to load/, 'there is nothing to load');
empty();

# ---- concurrent loads and refreshes

$load = stopping(@in_pieces);
my $second = start_load(@in_pieces);
IPC::Run::pump($second->{harness}) until $second->{err} =~ /waiting for another leakage-load into telecom/;
$node->safe_psql('postgres', q{SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE wait_event = 'PgSleep'});
is((load_ended($load))[0], 1, 'of two loaders the first fails');
poll_for($node, q{SELECT count(*) = 1 FROM pg_stat_activity WHERE wait_event = 'PgSleep'});
is(rows('crm'), 0, 'the second starts only then');
$second->{harness}->signal('TERM');
load_ended($second);
going_on('two loaders');
my @both = map { start_load(@in_pieces) } 1 .. 3;
is(join(' ', map { (load_ended($_))[0] } @both), '0 0 0', 'three loaders at once');
same_as_copy('together load the file once', 'crm', $stops, $has_crm =~ s/,/, /gr);
empty();

my $refresh = session($node, 'refresh', 'BEGIN', 'LOCK TABLE telecom.crm, telecom.device, telecom.revenue IN SHARE MODE', 'SELECT pg_sleep(600)');
poll_for($node, q{SELECT count(*) = 1 FROM pg_stat_activity WHERE wait_event = 'PgSleep'});
$load = start_load(@in_pieces);
IPC::Run::pump($load->{harness}) until $load->{err} =~ /waiting for the landing tables: a refresh of telecom may be under way/;
end_session($node, 'refresh', $refresh);
is((load_ended($load))[0], 0, 'a load waits for a refresh');
is(rows('crm'), 2001, 'and then continues');

# refreshes that come between the sessions of a load: neither waits forever
my $locks = session($node, 'refresh', map { ('BEGIN', 'LOCK TABLE telecom.crm, telecom.device, telecom.revenue IN SHARE MODE', 'COMMIT') } 1 .. 400);
for my $n (1 .. 5)
{
	loads("load $n among refreshes", '--again', '-j4', '--piece=9000', $stops, $revenue);
}
end_session($node, 'refresh', $locks);
is(rows('crm'), 6 * 2001, 'all loads are complete');

# a session that waits for an exclusive lock on load_log does not block sessions that have yet to write to it
empty();
$node->safe_psql('postgres', q{
	CREATE FUNCTION plain.stop() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_advisory_xact_lock_shared(7); RETURN NEW; END';
	CREATE TRIGGER stop BEFORE INSERT ON telecom.crm FOR EACH ROW WHEN (NEW.msisdn = 'stop') EXECUTE FUNCTION plain.stop()});
my $holder = session($node, 'holder', 'SELECT pg_advisory_lock(7)', 'SELECT pg_sleep(600)');
poll_for($node, q{SELECT count(*) = 1 FROM pg_locks WHERE locktype = 'advisory' AND objid = 7 AND granted});
$load = start_load('-j2', '--piece=40000', $stops);
poll_for($node, q{SELECT count(*) = 1 FROM pg_locks WHERE locktype = 'advisory' AND objid = 7 AND NOT granted});
my $waits = session($node, 'waits', 'BEGIN', 'LOCK TABLE telecom.load_log IN ACCESS EXCLUSIVE MODE', 'COMMIT');
poll_for($node, q{SELECT count(*) = 1 FROM pg_stat_activity WHERE application_name = 'waits' AND wait_event_type = 'Lock'});
end_session($node, 'holder', $holder);
is((load_ended($load))[0], 0, 'a load that another session waits for ends');
is(ended($waits), 0, 'and the waiting session continues');
$node->safe_psql('postgres', 'DROP FUNCTION plain.stop() CASCADE');

# sessions that would wait for each other forever
empty();
$node->safe_psql('postgres', 'CREATE UNIQUE INDEX once ON telecom.crm (msisdn)');
refused('a row in two pieces, and a unique index', qr/waits for the end of another one's transaction\n.*unique index/,
	'-q', '-j2', '--piece=40000', file('twice', "$has_crm\n", @good[ 0 .. 1999, 0 ]));
$node->safe_psql('postgres', 'DROP INDEX telecom.once');

# ---- who can load, and a mart and files with any name

$node->safe_psql('postgres', q{
	CREATE ROLE loading LOGIN;
	CALL leakage_create_mart('My "Mart"');
	GRANT USAGE ON SCHEMA "My ""Mart""" TO loading;
	GRANT SELECT, INSERT ON "My ""Mart""".crm, "My ""Mart""".revenue TO loading});
($status, $err) = load('-Uloading', '-n', 'My "Mart"', $crm);
is($status, 1, 'without rights on load_log');
like($err, qr/permission denied.*SELECT and INSERT on the landing tables and on load_log/s, 'says which rights it needs');
$node->safe_psql('postgres', q{GRANT SELECT, INSERT ON "My ""Mart""".load_log TO loading});
loads('as a loading role', '-U', 'loading', '-n', 'My "Mart"', '-j2', '--piece=20000', $crm, $revenue, '-d', 'dbname=postgres');
is($node->safe_psql('postgres', q{
	SELECT (SELECT count(*) FROM "My ""Mart""".crm), string_agg(DISTINCT file_name, '; ' ORDER BY file_name) FROM "My ""Mart""".load_log}),
	q{3000|it's revenue.csv; subscribers.txt}, 'into that mart');
like((load('-Uloading', '-n', 'My "Mart"', '--replace', $crm))[1], qr/permission denied/, '--replace needs TRUNCATE');

# ---- what the owner of a mart attaches to its tables does not run for others who load

$node->safe_psql('postgres', q{
	CREATE ROLE mallory LOGIN;
	GRANT CREATE ON DATABASE postgres TO mallory});
sub as_mallory { return $node->safe_psql('postgres', $_[0], extra_params => [ '-U', 'mallory' ]); }
as_mallory(q{
	CALL leakage_create_mart('evil');
	GRANT USAGE ON SCHEMA evil TO loading;
	GRANT SELECT, INSERT ON evil.revenue, evil.crm, evil.load_log TO loading;
	CREATE SCHEMA trap;
	GRANT USAGE ON SCHEMA trap TO public;
	CREATE TABLE trap.alarm (who text);
	GRANT INSERT ON trap.alarm TO public;
	CREATE FUNCTION trap.ring(text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN RAISE 'ALARM: as % of %', current_user, session_user; END $$;
	CREATE FUNCTION trap.ring() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM trap.ring('trigger'); RETURN NEW; END $$});
for my $plant (
	[ 'a trigger', 'CREATE TRIGGER boo BEFORE INSERT ON evil.revenue FOR EACH ROW EXECUTE FUNCTION trap.ring()', 'DROP TRIGGER boo ON evil.revenue' ],
	[ 'a trigger of a statement', 'CREATE TRIGGER boo BEFORE INSERT ON evil.load_log EXECUTE FUNCTION trap.ring()', 'DROP TRIGGER boo ON evil.load_log' ],
	[ 'a default', q{ALTER TABLE evil.revenue ADD extra text; ALTER TABLE evil.revenue ALTER extra SET DEFAULT trap.ring('default')}, 'ALTER TABLE evil.revenue DROP extra' ],
	[ 'a check constraint', 'ALTER TABLE evil.revenue ADD CONSTRAINT boo CHECK (trap.ring(msisdn) IS NULL)', 'ALTER TABLE evil.revenue DROP CONSTRAINT boo' ],
	[ 'an index', q{CREATE INDEX boo ON evil.revenue (trap.ring(msisdn))}, 'DROP INDEX evil.boo' ],
	[ 'a rule', q{CREATE RULE boo AS ON INSERT TO evil.load_log DO ALSO SELECT trap.ring('rule')}, 'DROP RULE boo ON evil.load_log' ],
	[ 'a view', q{ALTER TABLE evil.load_log RENAME TO old; CREATE VIEW evil.load_log AS SELECT * FROM evil.old WHERE trap.ring('view') IS NULL; GRANT SELECT, INSERT ON evil.load_log TO loading},
		'DROP VIEW evil.load_log; ALTER TABLE evil.old RENAME TO load_log' ])
{
	my ($name, $sow, $weed) = @$plant;

	as_mallory($sow);
	for my $user ('postgres', 'loading')
	{
		my ($status, $err) = load("-U$user", '-n', 'evil', '-q', $revenue);
		is($status, 1, "$name: $user is refused");
		unlike($err, qr/ALARM/, "$name: does not run for $user");
		like($err, $user eq 'loading' ? qr/mart "evil" is not as leakage_create_mart made it\nDETAIL:  .*(boo|extra|load_log)/ : qr/superuser "postgres" cannot load into schema "evil" of role "mallory"\nHINT:  Connect as that role/,
			"$name: $user is told why");
	}
	like((load('-Umallory', '-n', 'evil', '-q', $revenue))[1], qr/ALARM: as mallory of mallory/, "$name: runs for its owner");
	as_mallory($weed);
}
loads('without all that', '-Uloading', '-n', 'evil', $revenue);

# ---- a pooler in transaction mode: sessions that are idle have no server process of their own, as this psql makes believe

my $pooled = "$dir/pooled";
mkdir $pooled or die;
file('pooled/psql', "#!/bin/sh\nsed -u 's/pg_catalog\\.pg_backend_pid()/7/; s/pg_backend_pid()/7/' | " . ($psql =~ m{/} ? $psql : "'" . (map { "$_/psql" } grep { -x "$_/psql" } split(/:/, $ENV{PATH}))[0] . "'") . qq{ "\$@"\n});
chmod(0755, "$pooled/psql");
{
	local $ENV{PATH} = "$pooled:$ENV{PATH}";
	my ($status, $err) = load('--again', $revenue);
	is($status, 1, 'a pooler in transaction mode is refused');
	like($err, qr/through a pooler in transaction mode.*\n.*session mode; or load in one session \(-j 1\)/, 'says why, and what to do');
	loads('in one session', '-j1', '--again', $revenue);
}

# ---- a load is not affected by time limits or planted operators, and leaves no settings behind in a pooled connection

$node->safe_psql('postgres', q{
	CREATE TABLE plain.limit (setting text);
	CREATE FUNCTION plain.see() RETURNS trigger LANGUAGE plpgsql AS $$
	BEGIN
		INSERT INTO plain.limit SELECT s.name || ' ' || s.setting FROM pg_settings AS s
		WHERE s.name LIKE ANY ('{statement_timeout,lock_timeout,%transaction%timeout}') AND s.setting <> '0';
		RETURN NULL;
	END $$;
	CREATE TRIGGER see AFTER INSERT ON telecom.load_log FOR EACH ROW EXECUTE FUNCTION plain.see();
	CREATE FUNCTION public.planted(numeric, bigint) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RAISE 'planted'; END $$;
	CREATE OPERATOR public.= (LEFTARG = numeric, RIGHTARG = bigint, FUNCTION = public.planted);
	SELECT format('ALTER DATABASE postgres SET %I = 1000000', name) FROM pg_settings
	WHERE name LIKE ANY ('{statement_timeout,lock_timeout,%transaction%timeout}')
	\gexec
	ALTER DATABASE postgres SET log_statement = 'all'});
empty();
loads('once', @in_pieces);
like(loads('once more', @in_pieces), qr/nothing to load/, 'no planted operator is called');
is($node->safe_psql('postgres', 'SELECT * FROM plain.limit'), '', 'no time limit applies');
unlike(slurp_file($node->logfile), qr/statement: *SET (?!LOCAL)/, 'no setting outlives the transaction');

$node->stop;
done_testing();
