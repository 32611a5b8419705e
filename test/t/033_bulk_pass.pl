# The bulk passes give the same as plain SQL, to the last digit, for any rows, number of workers, and memory. They use the
# privileges and the snapshot of a query. Cases that they cannot handle have an error of their own. A canceled pass leaves
# nothing behind.

use strict;
use warnings FATAL => 'all';

use lib 'test/t';
use MartTest;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = start_node('bulk', q{
min_parallel_table_scan_size = 0
parallel_setup_cost = 0
max_worker_processes = 12
max_parallel_workers = 8
log_min_messages = debug1
});

# The rows that a pass or plain SQL stages, added up.
sub staged
{
	my ($mart, $options, @settings) = @_;

	return $node->safe_psql('postgres', join('', map { "SET $_;\n" } @settings) . qq{
		SET client_min_messages = warning;
		BEGIN;
		CALL leakage_alter_mart('$mart', '$options');
		DELETE FROM $mart.file_count;
		DELETE FROM $mart.rejected_row;
		CALL _leakage.stage_revenue('$mart', leakage_mart_options('$mart'));
		CALL _leakage.stage_usage('$mart', leakage_mart_options('$mart'));
		CALL _leakage.stage_crm('$mart', leakage_mart_options('$mart'));
		CALL _leakage.stage_device('$mart', leakage_mart_options('$mart'));
		SELECT 'revenue', msisdn, fault, weeks::text, incomplete::text, sum(refused_rows), sum(rows), sum(duplicate_rows), sum(added_weeks),
			trim_scale(sum(amount)), trim_scale(sum(duplicate_amount)), trim_scale(sum(revenue)),
			trim_scale(sum(credits)), trim_scale(sum(below_zero)), sum(weeks_below_zero)
		FROM leakage_stage_revenue
		GROUP BY msisdn, fault, weeks::text, incomplete::text
		ORDER BY msisdn COLLATE "C", fault COLLATE "C";
		SELECT 'usage', msisdn, fault, sum(usage), sum(rows), sum(duplicate_rows)
		FROM leakage_stage_usage
		GROUP BY msisdn, fault
		ORDER BY msisdn COLLATE "C", fault COLLATE "C";
		SELECT CASE WHEN attribute THEN 'attribute' ELSE 'crm' END AS kind, msisdn, packed, region, activated_on,
			sum(subscribers), sum(duplicates), sum(rows), sum(refused), sum(respelled)
		FROM leakage_stage_crm
		GROUP BY kind, msisdn, packed, region, activated_on
		HAVING sum(subscribers) > 0 OR sum(rows) > 0
		ORDER BY kind, msisdn COLLATE "C", packed, region COLLATE "C", activated_on;
		SELECT sum(undated)
		FROM leakage_stage_crm
		WHERE attribute;
		SELECT 'device', msisdn, packed, sum(subscribers), sum(duplicates), sum(rows), sum(refused), sum(respelled)
		FROM leakage_stage_device
		GROUP BY msisdn, packed
		ORDER BY msisdn COLLATE "C", packed;
		ROLLBACK});
}

sub same
{
	my ($name, $mart, $options) = @_;
	my $sql = staged($mart, $options =~ s/^\{/{"bulk_pass": "off", /r =~ s/, \}/}/r);

	cmp_ok(length($sql), '>', 1000, "$name: there is something to compare");
	for my $settings (
		[ 'max_parallel_workers_per_gather = 0' ], [ 'max_parallel_workers_per_gather = 4' ],
		[ 'max_parallel_workers_per_gather = 4', 'max_parallel_workers = 0' ],	# requested but not available
		[ 'max_parallel_workers_per_gather = 2', q{work_mem = '64kB'} ])
	{
		is(staged($mart, $options, @$settings), $sql, "$name: @$settings");
	}
}

# generated files, with rows that the rules refuse or merge, and with regions
$node->safe_psql('postgres', q{CALL leakage_create_mart('files'); CALL leakage_create_mart('years', '{"week_format": "yyyyww"}')});
load_mart($node, 'files', generated('--scale', '0.002', '--dirty', '0.05', '--optional', '--all-spellings'));
same('generated files', 'files', '{}');
# at this level, the server logs each worker that it starts
my $from = -s $node->logfile;
$node->safe_psql('postgres', q{SET max_parallel_workers_per_gather = 2; SELECT count(*) FROM _leakage.weekly_sums('files.revenue', 'week')});
like(substr(slurp_file($node->logfile), $from), qr/starting background worker process "parallel worker/, 'workers take part in a pass');
$from = -s $node->logfile;
$node->safe_psql('postgres', q{SET max_parallel_workers_per_gather = 0; SELECT count(*) FROM _leakage.weekly_sums('files.revenue', 'week')});
unlike(substr(slurp_file($node->logfile), $from), qr/starting background worker process "parallel worker/, '... unless the settings forbid them');
load_mart($node, 'years', generated('--scale', '0.002', '--dirty', '0.05', '--week-format', 'yyyyww', '--weeks', '40-52'));
same('years and weeks', 'years', '{}');

# Identifiers of all kinds: hexadecimal, in capitals, padded, of other lengths and alphabets, long, too long. Values of all
# kinds: NULL, empty, with a long header, compressed, TOASTed. Amounts in all spellings.
$node->safe_psql('postgres', q{
	CALL leakage_create_mart('sorts');
	CREATE FUNCTION id(n bigint) RETURNS text LANGUAGE sql IMMUTABLE AS $$
		SELECT CASE n % 11
			WHEN 0 THEN upper(md5(n::text)) WHEN 1 THEN ' ' || md5(n::text) || E'\t' WHEN 2 THEN left(md5(n::text), 31)
			WHEN 3 THEN md5(n::text) || 'f' WHEN 4 THEN 'G' || left(md5(n::text), 31) WHEN 5 THEN 'É' || n
			WHEN 6 THEN CASE WHEN n % 2 = 0 THEN NULL ELSE E' \n' END WHEN 7 THEN repeat(md5(n::text), 30) WHEN 8 THEN n::text
			WHEN 9 THEN (SELECT string_agg(md5((n * 1000 + i)::text), '') FROM generate_series(1, 400) AS i)
			ELSE md5(n::text) END $$;
	CREATE FUNCTION words(n bigint) RETURNS text LANGUAGE sql IMMUTABLE AS $$
		SELECT CASE n % 7
			WHEN 0 THEN NULL WHEN 1 THEN '' WHEN 2 THEN repeat('x', 200 + n::int % 3) WHEN 3 THEN repeat('ab ', 3000 + n::int % 2)
			WHEN 4 THEN 'Male' WHEN 5 THEN n::text ELSE ' active ' END $$;
	INSERT INTO sorts.crm SELECT id(n % 700), words(n), (1900 + n % 200)::text, words(n / 7), words(n / 3), words(n / 5) FROM generate_series(1, 3000) AS n;
	INSERT INTO sorts.device SELECT id(n % 900), words(n / 2), words(n), words(n / 3), words(n / 7), words(n / 11) FROM generate_series(1, 2000) AS n;
	INSERT INTO sorts.revenue SELECT id(n % 500), CASE n % 40 WHEN 39 THEN NULL WHEN 38 THEN 'x' ELSE (n % 57)::text END,
		CASE n % 13
			WHEN 0 THEN '0' WHEN 1 THEN '-0.0' WHEN 2 THEN '5.00' WHEN 3 THEN '5' WHEN 4 THEN '.5e1' WHEN 5 THEN '1e-7'
			WHEN 6 THEN '0.0000005' WHEN 7 THEN '-3' WHEN 8 THEN 'NaN' WHEN 9 THEN '12.3456785' WHEN 10 THEN '1e12'
			WHEN 11 THEN ' 9.87654321012345678901234 ' ELSE '000123456.000000500000000000000000000000' END
		FROM generate_series(1, 6000) AS n;
	INSERT INTO sorts.revenue SELECT id(n), '5', (n * 0.1)::text FROM generate_series(1, 500) AS n;
	CREATE FUNCTION region(n bigint) RETURNS text LANGUAGE sql IMMUTABLE AS $$
		SELECT CASE n % 9
			WHEN 0 THEN NULL WHEN 1 THEN E' \t' WHEN 2 THEN 'North' WHEN 3 THEN 'NORTH' WHEN 4 THEN E' nor\tth' WHEN 5 THEN 'Süd'
			WHEN 6 THEN repeat('Far ', 80 + n::int % 3) WHEN 7 THEN repeat('Very far ', 3000 + n::int % 2) ELSE 'Region ' || n % 50 END $$;
	CREATE FUNCTION day(n bigint) RETURNS text LANGUAGE sql IMMUTABLE AS $$
		SELECT CASE n % 8
			WHEN 0 THEN NULL WHEN 1 THEN '' WHEN 2 THEN '2020-02-30' WHEN 3 THEN ' 2019-01-05 ' WHEN 4 THEN '1899-12-31' WHEN 5 THEN repeat('x', 300)
			ELSE (date '2015-01-01' + n::int % 900)::text END $$;
	INSERT INTO sorts.subscriber_attribute SELECT id(n % 650), region(n / 3), day(n / 7) FROM generate_series(1, 4000) AS n;
	INSERT INTO sorts.usage SELECT id(n % 500), CASE n % 40 WHEN 39 THEN NULL WHEN 38 THEN 'x' ELSE (n % 57)::text END,
		CASE n % 11
			WHEN 0 THEN '0' WHEN 1 THEN '-0' WHEN 2 THEN '+7' WHEN 3 THEN '007' WHEN 4 THEN '-3' WHEN 5 THEN '1000000000000' WHEN 6 THEN '1000000000001'
			WHEN 7 THEN NULL WHEN 8 THEN '2.5' WHEN 9 THEN repeat('1', 3000) ELSE ' ' || n % 20 END
		FROM generate_series(1, 6000) AS n;});
same('all sorts of rows', 'sorts', '{}');
same('all sorts of rows, credits netted', 'sorts', '{"credits": "net"}');
same('all sorts of rows, duplicates added, credits netted', 'sorts', '{"duplicates": "add", "credits": "net"}');
$node->safe_psql('postgres', q{CALL leakage_alter_mart('sorts', '{"duplicates": "count_once", "credits": "refuse"}')});

# The refused rows are fetched by their position, which plain SQL does not know. Both ways keep the same rows, unchanged.
sub refused
{
	my ($bulk_pass) = @_;

	$node->safe_psql('postgres', qq{CALL leakage_alter_mart('sorts', '{"bulk_pass": "$bulk_pass"}')});
	refresh($node, 'sorts');
	return $node->safe_psql('postgres', 'SELECT * FROM sorts.rejected_rows ORDER BY rejected_id');
}
my $refused = refused('off');
like($refused, qr/^\d+\|$_\|msisdn_(missing\|.*^\d+\|$_\|msisdn_too_long)\|/ms, "rows of $_ are refused for both faults of an identifier") for 'revenue', 'crm', 'device', 'subscriber_attribute', 'usage';
is(refused('auto'), $refused, 'the same rows are kept either way');
sub fetched_by_place
{
	my ($mart) = @_;

	for my $case (
		[ 'revenue', 'revenue', 's.fault IS NOT NULL' ], [ 'usage', 'usage', 's.fault IS NOT NULL' ], [ 'device', 'device', 's.refused > 0' ],
		[ 'crm', 'crm', 's.refused > 0 AND NOT s.attribute' ], [ 'crm', 'subscriber_attribute', 's.refused > 0 AND s.attribute' ])
	{
		my ($stage, $landing, $refused) = @$case;
		my %source = map {
			$_ => $node->safe_psql('postgres', qq{
				BEGIN;
				CALL _leakage.stage_revenue('$mart', leakage_mart_options('$mart') || '{"bulk_pass": "$_"}');
				CALL _leakage.stage_usage('$mart', leakage_mart_options('$mart') || '{"bulk_pass": "$_"}');
				CALL _leakage.stage_crm('$mart', leakage_mart_options('$mart') || '{"bulk_pass": "$_"}');
				CALL _leakage.stage_device('$mart', leakage_mart_options('$mart') || '{"bulk_pass": "$_"}');
				SELECT _leakage.refused_source('leakage_stage_$stage', '$landing', '$refused');
				ROLLBACK}) } ('auto', 'off');

		like($source{auto}, qr/l\.ctid = s\.place/, "$mart, $landing: refused rows are fetched by position");
		is($source{off}, "\@mart\@.$landing", '... and searched for if the positions are not known');
	}
}
fetched_by_place('sorts');

# Landing tables with several parts that differ in the order of their columns: child tables, partitions, no partitions.
$node->safe_psql('postgres', q{
	CALL leakage_create_mart('parts');
	CREATE TABLE parts.crm_2 (extra integer, value_segment text, msisdn text, mobile_type text, gender text, system_status text, year_of_birth text);
	ALTER TABLE parts.crm_2 DROP extra;
	ALTER TABLE parts.crm_2 INHERIT parts.crm;
	CREATE TABLE parts.device_2 () INHERITS (parts.device);
	CREATE TABLE parts.device_3 () INHERITS (parts.device_2);
	ALTER TABLE parts.revenue RENAME TO old_revenue;
	CREATE TABLE parts.revenue (LIKE parts.old_revenue) PARTITION BY LIST (week_number);
	DROP TABLE parts.old_revenue;});
is($node->safe_psql('postgres', q{SELECT count(msisdn) FROM _leakage.weekly_sums('parts.revenue', 'week')}), '0', 'no partitions, no rows');
$node->safe_psql('postgres', q{
	CREATE TABLE parts.revenue_early (revenue_usd text, week_number text, msisdn text);
	ALTER TABLE parts.revenue ATTACH PARTITION parts.revenue_early FOR VALUES IN ('1', '2', '3');
	CREATE TABLE parts.revenue_late PARTITION OF parts.revenue DEFAULT PARTITION BY HASH (msisdn);
	CREATE TABLE parts.revenue_a PARTITION OF parts.revenue_late FOR VALUES WITH (MODULUS 2, REMAINDER 0);
	CREATE TABLE parts.revenue_b PARTITION OF parts.revenue_late FOR VALUES WITH (MODULUS 2, REMAINDER 1);
	INSERT INTO parts.crm SELECT * FROM sorts.crm WHERE msisdn < '5' OR msisdn IS NULL;
	INSERT INTO parts.crm_2 (msisdn, gender, year_of_birth, system_status, mobile_type, value_segment)
		SELECT * FROM sorts.crm WHERE msisdn >= '5';
	INSERT INTO parts.device_3 SELECT * FROM sorts.device;
	INSERT INTO parts.revenue SELECT * FROM sorts.revenue;
	CREATE TABLE parts.attribute_2 (activated_on text, region text, msisdn text);
	ALTER TABLE parts.attribute_2 INHERIT parts.subscriber_attribute;
	INSERT INTO parts.subscriber_attribute SELECT * FROM sorts.subscriber_attribute WHERE activated_on IS NULL;
	INSERT INTO parts.attribute_2 SELECT activated_on, region, msisdn FROM sorts.subscriber_attribute WHERE activated_on IS NOT NULL;
	INSERT INTO parts.usage SELECT * FROM sorts.usage;});
same('parts', 'parts', '{}');
is(staged('parts', '{}'), staged('sorts', '{}'), 'a table in parts gives the same as a whole one');
unlike(refresh($node, 'parts'), qr/plain SQL/, 'a refresh reads all parts with bulk passes');
is($node->safe_psql('postgres', 'SELECT * FROM parts.rejected_rows ORDER BY rejected_id'), $refused, '... and keeps the same refused rows');
fetched_by_place('parts');

# in a part of another access method than heap, a row is not found by its position: then all of them are searched for
$node->safe_psql('postgres', q{
	CREATE ACCESS METHOD other TYPE TABLE HANDLER heap_tableam_handler;
	CREATE TABLE parts.usage_2 () INHERITS (parts.usage) USING other;
	WITH moved AS (DELETE FROM ONLY parts.usage WHERE sessions < '2' RETURNING *) INSERT INTO parts.usage_2 SELECT * FROM moved;});
unlike(refresh($node, 'parts'), qr/plain SQL/, 'a pass reads a part of another access method');
is($node->safe_psql('postgres', 'SELECT * FROM parts.rejected_rows ORDER BY rejected_id'), $refused, '... and the same refused rows are kept');

# A landing table whose access method can be scanned by one process only, and whose rows cannot be found by their position,
# as that of a columnar table: it is a heap without these.
SKIP:
{
	my $dir = PostgreSQL::Test::Utils::tempdir;
	my $pg_config = $ENV{PG_CONFIG} || 'pg_config';
	chomp(my $include = `$pg_config --includedir-server`);

	append_to_file("$dir/scan_only.c", q{
#include "postgres.h"
#include "access/tableam.h"
#include "catalog/pg_am_d.h"
#include "fmgr.h"

PG_MODULE_MAGIC;
PG_FUNCTION_INFO_V1(scan_only);

static Size
no_parallel_scan(Relation table)
{
	elog(ERROR, "parallel scan is not implemented");
	return 0;
}

static bool
no_fetch(Relation table, ItemPointer place, Snapshot snapshot, TupleTableSlot *slot)
{
	elog(ERROR, "fetching a row is not implemented");
	return false;
}

static Oid
toast_in_heap(Relation table)
{
	return HEAP_TABLE_AM_OID;
}

Datum
scan_only(PG_FUNCTION_ARGS)
{
	static TableAmRoutine routine;

	routine = *GetHeapamTableAmRoutine();
	routine.parallelscan_estimate = no_parallel_scan;
	routine.tuple_fetch_row_version = no_fetch;
	routine.relation_toast_am = toast_in_heap;
	PG_RETURN_POINTER(&routine);
}
});
	skip('needs a compiler', 5) if system("cc -shared -fPIC -I '$include' -o $dir/scan_only.so $dir/scan_only.c") != 0;
	$node->safe_psql('postgres', qq{
		CREATE FUNCTION scan_only(internal) RETURNS table_am_handler LANGUAGE C AS '$dir/scan_only', 'scan_only';
		CREATE ACCESS METHOD scan_only TYPE TABLE HANDLER scan_only;
		CALL leakage_create_mart('columns')});
	for my $table ('crm', 'device', 'revenue', 'subscriber_attribute', 'usage')
	{
		$node->safe_psql('postgres', qq{
			DROP TABLE columns.$table;
			CREATE TABLE columns.$table (LIKE sorts.$table) USING scan_only WITH (parallel_workers = 0);
			INSERT INTO columns.$table TABLE sorts.$table});
	}
	like(($node->psql('postgres', q{SELECT FROM columns.usage WHERE ctid = '(0,1)'}))[2], qr/fetching a row is not implemented/, 'a row is not found by its position');
	is(staged('columns', '{}', 'max_parallel_workers_per_gather = 4'), staged('sorts', '{}'), 'a pass reads tables that only one process can scan');
	unlike(refresh($node, 'columns', settings => ['max_parallel_workers_per_gather = 4']), qr/plain SQL/, '... and so does a refresh');
	is($node->safe_psql('postgres', 'SELECT * FROM columns.rejected_rows ORDER BY rejected_id'), $refused, '... which keeps the same refused rows');
}

# no rows, one row
$node->safe_psql('postgres', q{CREATE TABLE nothing (LIKE sorts.revenue); CREATE TABLE no_crm (LIKE sorts.crm); CREATE TABLE one (LIKE sorts.revenue);
	INSERT INTO one VALUES ('a', '1', '2')});
is($node->safe_psql('postgres', q{SELECT msisdn, fault, rows, amount FROM _leakage.weekly_sums('nothing', 'week') WHERE rows > 0}), '', 'no rows: no sums');
is($node->safe_psql('postgres', q{SELECT * FROM _leakage.best_crm_rows('no_crm', 'nothing', NULL, 2018, 10, 110)}), '', 'no rows: no best rows');
is($node->safe_psql('postgres', q{SELECT weeks, rows, revenue FROM _leakage.weekly_sums('one', 'week') WHERE msisdn = 'a'}), '{1: 2/-}|1|2.000000', 'one row');

# a pass reports what it cannot handle with an error of its own; a refresh then uses plain SQL and says so
$node->safe_psql('postgres', q{
	CREATE VIEW a_view AS SELECT * FROM one;
	CREATE TABLE parent (LIKE one);
	CREATE FOREIGN DATA WRAPPER elsewhere; CREATE SERVER elsewhere FOREIGN DATA WRAPPER elsewhere;
	CREATE FOREIGN TABLE far () INHERITS (parent) SERVER elsewhere;
	CREATE TABLE typed (msisdn text, week_number integer, revenue_usd text);
	CREATE TABLE fine (LIKE one); INSERT INTO fine VALUES ('a', '1', '0.' || repeat('0', 24) || '1');
	CREATE TABLE large (LIKE one); INSERT INTO large VALUES ('a', '1', '9e11'), ('a', '1', '8e11');});
for my $case (
	[ 'a_view', 'Relation "a_view" is not a table' ], [ 'far', 'Relation "far" is not a table' ],
	[ 'parent', 'Relation "far" below it is not a table' ],
	[ 'typed', 'has no text column "week_number"' ], [ 'fine', 'more than 24 decimal places' ],
	[ 'large', 'add up to 10\^12 or more' ])
{
	my ($table, $reason) = @$case;
	my ($status, $out, $err) = $node->psql('postgres', qq{\\set VERBOSITY verbose\nSELECT * FROM _leakage.weekly_sums('$table', 'week')});

	like($err, qr/ERROR:  0A000: .*DETAIL: .*$reason/s, "$table: $reason");
}
small_mart($node, 'fallback');
$node->safe_psql('postgres', q{ALTER TABLE fallback.crm ALTER gender TYPE varchar;
	INSERT INTO fallback.crm VALUES ('q1', 'Male', '1980', 'ACTIVE', 'Prepaid', 'Tier_1')});
like(refresh($node, 'fallback'), qr/plain SQL reads crm and subscriber_attribute, which is slower\. Table "crm" has no text column "gender"/, 'a refresh falls back and says why');
is($node->safe_psql('postgres', q{SELECT sum(users) FROM fallback.funnel WHERE stage = 'Total'}), '41', '... and misses no row');
SKIP:
{
	# a server built without ICU may still list ICU collations
	skip('needs ICU', 1) if $node->psql('postgres', q{CREATE COLLATION any_case (provider = icu, locale = 'und-u-ks-level2', deterministic = false)}) != 0;
	$node->safe_psql('postgres', q{
		ALTER TABLE fallback.crm ALTER msisdn TYPE text COLLATE any_case;
		INSERT INTO fallback.crm SELECT 'P1', gender, year_of_birth, system_status, mobile_type, value_segment FROM fallback.crm WHERE msisdn = 'p1'});
	refresh($node, 'fallback');
	is($node->safe_psql('postgres', q{SELECT rows FROM fallback.data_quality WHERE file = 'crm' AND rule = 'msisdn_cleaned'}), '1', 'spellings are compared by bytes, whatever the collation');
}
SKIP:
{
	skip('virtual generated columns came with PostgreSQL 18', 2) if $node->safe_psql('postgres', 'SHOW server_version_num') < 180000;
	small_mart($node, 'computed');
	$node->safe_psql('postgres', q{ALTER TABLE computed.crm DROP gender, ADD sex integer DEFAULT 2, ADD gender text GENERATED ALWAYS AS (CASE sex WHEN 2 THEN 'Female' END)});
	like(refresh($node, 'computed'), qr/plain SQL reads crm and subscriber_attribute, which is slower\. Column "gender" of table "crm" is not stored/, 'a virtual column is not read as NULL');
	is($node->safe_psql('postgres', q{SELECT gender, count(*) FROM computed.users GROUP BY gender}), 'Female|40', '... it is computed');
}

# a table of another access method may not support parallel scans: the leader reads it alone, and knows no places in it
$node->safe_psql('postgres', q{
	CREATE TABLE other_one (LIKE one) USING other; INSERT INTO other_one VALUES ('a', '1', '2'), ('b', '1', 'x');
	CREATE TABLE mixed (LIKE one); INSERT INTO mixed VALUES ('c', '1', '4'), ('d', '1', 'x');
	CREATE TABLE mixed_other () INHERITS (mixed) USING other; INSERT INTO mixed_other VALUES ('a', '1', '2'), ('b', '1', 'x');});
my $by_row = q{SET max_parallel_workers_per_gather = 4;
	SELECT msisdn, fault, revenue, place IS NOT NULL FROM _leakage.weekly_sums('%s', 'week') WHERE msisdn IS NOT NULL OR fault IS NOT NULL ORDER BY 1, 4};
is($node->safe_psql('postgres', sprintf($by_row, 'other_one')), "a||2.000000|f\n|amount_not_numeric|0.000000|f", 'a table of another access method');
is($node->safe_psql('postgres', sprintf($by_row, 'mixed')),
	"a||2.000000|f\nc||4.000000|f\n|amount_not_numeric|0.000000|f\n|amount_not_numeric|0.000000|t", '... beside a heap');

# no pass within a parallel query, where a function that is falsely declared safe would run it
$node->safe_psql('postgres', q{
	CREATE FUNCTION falsely_safe() RETURNS numeric LANGUAGE plpgsql PARALLEL SAFE AS
		$$ BEGIN RETURN (SELECT sum(amount) FROM _leakage.weekly_sums('one', 'week') WHERE msisdn IS NOT NULL); END $$;
	CREATE TABLE many AS SELECT n FROM generate_series(1, 10000) AS n;});
like(($node->psql('postgres', q{
	SET parallel_tuple_cost = 0; SET max_parallel_workers_per_gather = 4;
	SELECT count(*) FROM many WHERE falsely_safe() > n}))[2], qr/cannot run a bulk pass during a parallel operation/, 'no pass within a parallel query');

# the caller's privileges, on the table or on the columns, and row-level security
$node->safe_psql('postgres', q{
	CREATE ROLE stranger; CREATE ROLE columnist; CREATE ROLE restricted;
	GRANT SELECT (msisdn, week_number, revenue_usd) ON one TO columnist;
	CREATE TABLE guarded (LIKE one); INSERT INTO guarded VALUES ('a', '1', '2'), ('b', '1', '2');
	ALTER TABLE guarded ENABLE ROW LEVEL SECURITY; CREATE POLICY mine ON guarded USING (msisdn = 'a');
	GRANT SELECT ON guarded TO restricted;});
my $sums = q{SELECT count(*) FROM _leakage.weekly_sums('%s', 'week') WHERE msisdn IS NOT NULL};
sub as_role
{
	my ($role, $table) = @_;
	my ($status, $out, $err) = $node->psql('postgres', "SET ROLE $role; " . sprintf($sums, $table));

	return $status == 0 ? $out : $err;
}
like(as_role('stranger', 'one'), qr/permission denied for table one/, 'no privilege, no rows');
is(as_role('columnist', 'one'), '1', 'privileges on the columns are enough');
like(as_role('restricted', 'guarded'), qr/cannot read this landing table/, 'row-level security is left to the executor');
is(as_role('NONE', 'guarded'), '2', '... but only if it applies to the caller');

# a temporary table, which workers cannot read; rows of the same transaction; rows that are invisible to the snapshot
is($node->safe_psql('postgres', q{
	SET max_parallel_workers_per_gather = 4;
	CREATE TEMPORARY TABLE mine (LIKE one);
	BEGIN;
	INSERT INTO mine VALUES ('x', '1', '1');
	INSERT INTO one VALUES ('x', '1', '1');
	DELETE FROM one WHERE msisdn = 'a';
	SELECT string_agg(msisdn, ',') FROM _leakage.weekly_sums('mine', 'week') WHERE msisdn IS NOT NULL;
	SELECT string_agg(msisdn, ',') FROM _leakage.weekly_sums('one', 'week') WHERE msisdn IS NOT NULL;
	ROLLBACK;
	SELECT string_agg(msisdn, ',') FROM _leakage.weekly_sums('one', 'week') WHERE msisdn IS NOT NULL}), "x\nx\na", 'the rows that the statement sees');

# a temporary child table of another session: nobody else reads its rows
my $other = session($node, 'other', 'CREATE TEMPORARY TABLE theirs () INHERITS (one)', q{INSERT INTO theirs VALUES ('t', '1', '1')}, 'SELECT pg_sleep(600)');
poll_for($node, q{SELECT count(*) = 1 FROM pg_stat_activity WHERE application_name = 'other' AND query LIKE '%pg_sleep%'});
is($node->safe_psql('postgres', q{
	CREATE TEMPORARY TABLE ours () INHERITS (one);
	INSERT INTO ours VALUES ('o', '1', '1');
	SELECT string_agg(msisdn, ',' ORDER BY msisdn) FROM _leakage.weekly_sums('one', 'week') WHERE msisdn IS NOT NULL}), 'a,o', 'no rows of another session\'s temporary table');
end_session($node, 'other', $other);

# canceled halfway: no file, worker, or memory segment remains, and the session continues
$node->safe_psql('postgres', q{INSERT INTO one SELECT 'm' || n, '1', '1' FROM generate_series(1, 300000) AS n});
my ($status, $out, $err) = $node->psql('postgres', q{
	SET max_parallel_workers_per_gather = 4;
	SET statement_timeout = '30ms';
	SELECT count(*) FROM _leakage.weekly_sums('one', 'week');
	SET statement_timeout = 0;
	SELECT count(*) FROM _leakage.weekly_sums('one', 'week') WHERE msisdn IS NOT NULL}, on_error_stop => 0);
like($err, qr/canceling statement due to statement timeout/, 'a pass can be canceled');
is($out, '300001', '... and the session continues');
poll_for($node, q{SELECT count(*) = 0 FROM pg_stat_activity WHERE backend_type = 'parallel worker'});
is($node->safe_psql('postgres', q{SELECT count(*) FROM pg_ls_tmpdir()}), '0', 'no temporary file remains');

# the files obey the limit that the DBA sets
($status, $out, $err) = $node->psql('postgres', q{SET temp_file_limit = '100kB'; SELECT count(*) FROM _leakage.weekly_sums('one', 'week')});
like($err, qr/temporary file size exceeds "?temp_file_limit/, 'temp_file_limit holds');

$node->stop;
done_testing();
