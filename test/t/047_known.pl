# What the operator knows: users and weeks that are not judged, and events that expectations follow.  An excluded user
# changes nothing for others, and deleting a row undoes it.

use strict;
use warnings FATAL => 'all';

use FindBin;
use lib $FindBin::RealBin;
use MartTest;
use PostgreSQL::Test::Utils;
use Test::More;

my $dir = generated('--scale', '0.02', '--revenue-only', '--seed', '8', '--optional', '--tiers', '--leak', '0.05', '--user-sd', '0.3');
my $node = start_node('known');

sub sql { return $node->safe_psql('postgres', $_[0]); }

# the columns that do not depend on quarters of all users
my $columns = join(', ', grep { !/^(revenue_segment|revenue_segment_order|high_usage_low_revenue)$/ } split(/,/, sql(q{
	CREATE EXTENSION IF NOT EXISTS leakage;
	CALL leakage_create_mart('telecom', '{"min_peers": 10}');
	SELECT string_agg(attname, ',' ORDER BY attnum) FROM pg_attribute WHERE attrelid = 'telecom.users'::regclass AND attnum > 0})));

sub all_users { return sql(q{SELECT md5(string_agg(u::text, E'\n' ORDER BY msisdn COLLATE "C")) FROM telecom.users AS u}); }

load_mart($node, 'telecom', $dir);
refresh($node, 'telecom');
is(sql('SELECT DISTINCT model_method FROM telecom.run_log'), 'likelihood', 'the model was fitted');
my $before = all_users();

# a list of every tenth user, among them users who leak, with what nobody should write
sql(q{
	CREATE TABLE listed AS
	SELECT msisdn, leaked, total_revenue, row_number() OVER (ORDER BY msisdn) AS n FROM telecom.users WHERE hashtext(msisdn) % 10 = 0;
	INSERT INTO telecom.exclusion (msisdn, reason, from_week, to_week)
	SELECT CASE n % 3 WHEN 0 THEN upper(msisdn) WHEN 1 THEN E' \t' || msisdn || E'\r' ELSE msisdn END,
		CASE n % 4 WHEN 0 THEN NULL WHEN 1 THEN ' test   line ' ELSE 'staff' END,
		CASE n % 5 WHEN 0 THEN ' ' WHEN 1 THEN '1' END, CASE n % 5 WHEN 2 THEN '53' END
	FROM listed;
	INSERT INTO telecom.exclusion SELECT * FROM telecom.exclusion WHERE reason = 'staff' LIMIT 3;
	INSERT INTO telecom.exclusion VALUES ('nobody', 'not here', NULL, NULL), ('nobody', 'not here', '3', NULL),
		(NULL, 'x', NULL, NULL), (' ', 'x', NULL, NULL), (repeat('x', 2000), 'long', NULL, NULL),
		('a', NULL, '54', NULL), ('a', NULL, '0', '3'), ('a', NULL, '-1', NULL), ('a', NULL, '3.5', NULL), ('a', NULL, NULL, '1e300'), ('a', NULL, 'NaN', NULL),
		('a', NULL, '99999999999999999999', NULL), ('a', NULL, '9', '8')});
refresh($node, 'telecom');
is(sql('SELECT bool_and(excluded = (msisdn IN (SELECT msisdn FROM listed))), count(*) FILTER (WHERE excluded) FROM telecom.users'),
	't|' . sql('SELECT count(*) FROM listed'), 'the users of the list are excluded, and nobody else');
cmp_ok(sql('SELECT count(*) FROM listed WHERE leaked'), '>', 3, 'some of them leaked');
is(sql(q{SELECT DISTINCT leaked, flagged, withheld, leakage, expected_leak, leakage_score, leak_probability, amount, reason, payment_class, expected_revenue FROM telecom.users WHERE excluded}),
	'f|f|f|0.000000|0.000000|0.0000|0.000000000000|0.000000|none|excluded|0.000000', 'nothing is said of them');
is(sql('SELECT count(*) FROM listed AS l JOIN telecom.users AS u USING (msisdn) WHERE u.total_revenue = l.total_revenue AND u.gap = -u.total_revenue'),
	sql('SELECT count(*) FROM listed'), 'their revenue counts');
is(sql('SELECT count(*) FILTER (WHERE revenue <> 0) > 0, sum(expected_revenue), sum(leakage) FROM telecom.user_weeks JOIN listed USING (msisdn)'), 't|0.000000|0.000000', 'in their weeks, too');
is(sql(q{SELECT string_agg(DISTINCT exclusion_reason, ', ' ORDER BY exclusion_reason) FROM telecom.users}), 'no reason given, staff, test line', 'the reasons');
is(sql(q{SELECT string_agg(reason || ' ' || rows, ', ' ORDER BY reason) FROM (SELECT reason, count(*) AS rows FROM telecom.rejected_rows WHERE file = 'exclusion' GROUP BY reason) AS r}),
	'msisdn_missing 2, msisdn_too_long 1, week_not_numeric 5, week_out_of_range 2, weeks_reversed 1', 'what cannot be used is refused with its reason');
is(sql(q{SELECT string_agg(rule || ' ' || rows, ', ' ORDER BY rule) FROM telecom.data_quality WHERE file = 'exclusion' AND rule NOT LIKE 'refused%'}),
	sprintf('msisdn_unknown 2, rows_accepted %1$d, rows_duplicate 3, rows_in %2$d, rows_refused 11, users_excluded %3$d',
		sql('SELECT count(*) + 2 FROM listed'), sql('SELECT count(*) + 16 FROM listed'), sql('SELECT count(*) FROM listed')), 'data_quality counts the rows and the unknown users');
is(sql(q{SELECT value::bigint, verdict, advice FROM telecom.run_health WHERE check_name = 'unknown_entries'}),
	'2|look|2 rows of exclusion have no effect, because no user is meant. Are they written as in the files?', 'the health of the run, too');
is(sql(q{SELECT left_value = right_value, left_value, ok FROM telecom.reconciliation WHERE check_name = 'excluded: revenue of the list = in users'}),
	't|' . sql('SELECT sum(total_revenue) FROM listed') . '|t', 'a line of the reconciliation has their revenue');
is(sql(q{SELECT left_value::bigint, ok FROM telecom.reconciliation WHERE check_name = 'users = weekly + regular + irregular + rarely billed + never billed + excluded'}),
	sql('SELECT count(*) FROM telecom.users') . '|t', 'and one adds up the classes');

# others are judged as if the excluded users were not there
sql(q{CALL leakage_create_mart('others', '{"min_peers": 10}');
	INSERT INTO others.crm SELECT * FROM telecom.crm;
	INSERT INTO others.device SELECT * FROM telecom.device;
	INSERT INTO others.subscriber_attribute SELECT * FROM telecom.subscriber_attribute;
	INSERT INTO others.usage SELECT * FROM telecom.usage;
	INSERT INTO others.revenue SELECT * FROM telecom.revenue WHERE leakage_clean_id(msisdn) NOT IN (SELECT msisdn FROM listed)});
refresh($node, 'others');
is(sql(qq{SELECT count(*), (SELECT count(*) FROM telecom.users WHERE NOT excluded) FROM (SELECT $columns FROM others.users INTERSECT ALL SELECT $columns FROM telecom.users) AS u}),
	join('|', (sql('SELECT count(*) FROM others.users')) x 2), 'other users are as if the excluded ones were not there');
is(sql(q{SELECT (SELECT model::text FROM telecom.refresh_run ORDER BY run_id DESC LIMIT 1) = (SELECT model::text FROM others.refresh_run)}), 't', 'so is the model');
is(sql('SELECT count(*) FROM (SELECT msisdn, week_number, present, revenue, expected_revenue, leakage FROM telecom.user_weeks WHERE msisdn NOT IN (SELECT msisdn FROM listed)
	EXCEPT ALL SELECT msisdn, week_number, present, revenue, expected_revenue, leakage FROM others.user_weeks) AS w'), '0', 'and so are the weeks');
like(sql(q{SELECT string_agg(topic || ': ' || fact, E'\n' ORDER BY line) FROM leakage_explain('telecom', (SELECT msisdn FROM listed WHERE n = 6))}),
	qr/^verdict: excluded, so not judged: staff\n(.*\n)*weeks not judged: all\n/m, 'leakage_explain says it');
unlike(sql(q{SELECT string_agg(topic, E'\n') FROM leakage_explain('telecom', (SELECT msisdn FROM listed WHERE n = 6))}), qr/how sure|four reasons/, 'and nothing that was not judged');

# single weeks; a week that only excluded users have; a million rows for one user
sql(q{DELETE FROM telecom.exclusion});
my $leaker = sql(q{SELECT msisdn FROM telecom.users WHERE reason = 'missing_weeks' AND missing_weeks > 2 AND last_week - first_week > 10 ORDER BY leakage DESC, msisdn LIMIT 1});
sql(qq{INSERT INTO telecom.exclusion SELECT '$leaker', 'holiday', week_number::text, week_number::text FROM telecom.user_weeks WHERE msisdn = '$leaker' AND NOT present;
	INSERT INTO telecom.exclusion SELECT '$leaker', 'known ' || n % 1000, (40 + n % 10)::text, (53 - n % 3)::text FROM generate_series(1, 200000) AS n});
refresh($node, 'telecom');
is(sql(qq{SELECT excluded, exclusion_reason, leaked, missing_weeks, payment_class <> 'excluded' FROM telecom.users WHERE msisdn = '$leaker'}), 'f|holiday|f|0|t', 'missing weeks that are excluded are no leak');
is(sql(qq{SELECT count(*) FROM telecom.user_weeks WHERE msisdn = '$leaker' AND expected_revenue > 0 AND NOT present}), '0', 'nothing is expected in them');
like(sql(qq{SELECT fact FROM leakage_explain('telecom', '$leaker') WHERE topic = 'weeks not judged'}), qr/^\d+(, \d+)*: holiday$/, 'leakage_explain names them');
is(sql(q{SELECT count(*) FROM telecom.users WHERE excluded}), '0', 'and the user is not excluded');

# undone
sql(q{DELETE FROM telecom.exclusion});
refresh($node, 'telecom');
is(all_users(), $before, 'without the rows, all is as it was');

# the same without bulk passes and with parallel workers
sql(q{INSERT INTO telecom.exclusion SELECT msisdn, 'staff', CASE WHEN n % 2 = 0 THEN '10' END, CASE WHEN n % 3 = 0 THEN '20' END FROM listed});
refresh($node, 'telecom');
my $with = all_users();
sql(q{CALL leakage_alter_mart('telecom', '{"bulk_pass": "off"}')});
refresh($node, 'telecom', settings => [ 'max_parallel_workers_per_gather = 0' ]);
is(all_users(), $with, 'plain SQL gives the same');

# known events: all users of a region bring in half from some week on, and others a quarter more
sql(q{DELETE FROM telecom.exclusion; CALL leakage_alter_mart('telecom', '{"bulk_pass": "auto"}')});
refresh($node, 'telecom');
is(all_users(), $before, 'the first data again');
my $region = sql(q{SELECT region FROM telecom.users WHERE region <> 'Unknown' GROUP BY region ORDER BY count(*) DESC, region LIMIT 1});
my $from = sql('SELECT (min(week_number) + max(week_number)) / 2 FROM telecom.weeks');
sql(qq{CALL leakage_create_mart('changed', '{"min_peers": 10}');
	INSERT INTO changed.crm SELECT * FROM telecom.crm;
	INSERT INTO changed.device SELECT * FROM telecom.device;
	INSERT INTO changed.subscriber_attribute SELECT * FROM telecom.subscriber_attribute;
	INSERT INTO changed.usage SELECT * FROM telecom.usage;
	INSERT INTO changed.revenue
	SELECT r.msisdn, r.week_number, round(leakage_amount(r.revenue_usd), 4) * CASE WHEN leakage_clean_id(r.msisdn) IN (SELECT msisdn FROM telecom.users WHERE region = '$region') AND leakage_week(r.week_number, 'week') >= $from THEN 0.5 ELSE 1 END
	FROM telecom.revenue AS r WHERE leakage_amount(r.revenue_usd) IS NOT NULL;
	UPDATE telecom.revenue SET revenue_usd = round(leakage_amount(revenue_usd), 4)::text WHERE leakage_amount(revenue_usd) IS NOT NULL;
	INSERT INTO changed.known_event VALUES (' Region ', upper('$region'), '$from', NULL, ' 2 ', 'two rows make a half'), ('region', '$region', '$from', '', '0.25', NULL),
		('region', '$region', '$from', NULL, '0.250', 'the same once more'), ('brand', 'nobody has it', NULL, NULL, '3', NULL)});
refresh($node, 'telecom');
refresh($node, 'changed');
is(sql(qq{SELECT count(*) > 1000, count(*) FILTER (WHERE c.expected_revenue <> CASE WHEN t.region = '$region' AND t.week_number >= $from THEN round(t.expected_revenue * 0.5, 6) ELSE t.expected_revenue END)
	FROM telecom.user_weeks AS t FULL JOIN changed.user_weeks AS c USING (msisdn, week_number)}), 't|0', 'expected revenue follows the event, and only that of its users');
is(sql(q{SELECT count(*) FROM telecom.users AS t FULL JOIN changed.users AS c USING (msisdn) WHERE t.leaked IS DISTINCT FROM c.leaked OR abs(t.leak_probability - c.leak_probability) > 0.001}), '0', 'and nobody is judged differently');
is(sql(q{SELECT string_agg(rule || ' ' || rows, ', ' ORDER BY rule) FROM telecom.data_quality WHERE file = 'known_event'}), 'rows_accepted 0, rows_duplicate 0, rows_in 0, rows_refused 0, value_unknown 0', 'nothing is known in the other mart');
is(sql(q{SELECT string_agg(rule || ' ' || rows, ', ' ORDER BY rule) FROM changed.data_quality WHERE file = 'known_event'}), 'rows_accepted 3, rows_duplicate 1, rows_in 4, rows_refused 0, value_unknown 1', 'data_quality counts the rows and the unknown value');
is(sql(q{SELECT value::bigint, verdict FROM changed.run_health WHERE check_name = 'unknown_entries'}), '1|look', 'and so does the health');
like(sql(qq{SELECT fact FROM leakage_explain('changed', (SELECT min(msisdn) FROM changed.users WHERE region = '$region' AND last_week > $from + 1)) WHERE topic = 'known events'}),
	qr/^expected revenue is multiplied by 0\.5 in weeks $from, \d+/, 'leakage_explain says it');
sql(q{DELETE FROM changed.known_event});
refresh($node, 'changed');
cmp_ok(sql(qq{SELECT sum(c.expected_revenue) / sum(0.5 * t.expected_revenue) FROM telecom.user_weeks AS t JOIN changed.user_weeks AS c USING (msisdn, week_number)
	WHERE t.region = '$region' AND t.week_number >= $from}), '>', 1.2, 'without the event, too much is expected of its users');

# the event that the detector finds becomes a known one
my $event = sql(qq{SELECT event_id FROM changed.events WHERE week_number = $from AND kind = 'drop'});
like($event, qr/^\d+$/, 'the event is found');
sql(qq{CALL leakage_declare_event('changed', $event, 'new price')});
is(sql('SELECT dimension, value, from_week, to_week, factor::numeric BETWEEN 0.45 AND 0.75, note FROM changed.known_event'), "region|$region|$from||t|new price", 'and declared for the region');
sub refused { return ($node->psql('postgres', $_[0], on_error_stop => 0))[2] =~ s{^psql:\S+ }{}gmr; }
like(refused(q{CALL leakage_declare_event('changed', 99, NULL)}), qr/^ERROR:  mart "changed" has no event 99$/m, 'an unknown event');
like(refused(q{CALL leakage_declare_event('changed', NULL)}), qr/^ERROR:  the number of an event must not be null$/m, 'NULL');
sql(qq{UPDATE changed.scored_user SET event_id = 7, event_week = $from, event_kind = 'rise', event_factor = 2 WHERE hashtext(msisdn) % 7 = 0});
like(refused(q{CALL leakage_declare_event('changed', 7, 'rise')}), qr/^ERROR:  event 7 is not that of one segment, region, or other attribute of users$/m, 'an event that no attribute has');
sql(q{UPDATE changed.scored_user SET event_kind = 'late' WHERE event_id = 7; CALL leakage_declare_event('changed', 7)});
is(sql('SELECT dimension, value, from_week, to_week = (SELECT max(week_number)::text FROM changed.weeks), factor, note FROM changed.known_event WHERE note IS NULL'), "all||$from|t||", 'late weeks are not judged');
sql(q{DELETE FROM changed.known_event WHERE note IS NULL});
refresh($node, 'changed');
is(sql(qq{SELECT count(*) FROM changed.events WHERE week_number = $from}), '0', 'a declared event is found no more');
is(sql(qq{SELECT count(*) FROM changed.user_weeks AS w JOIN changed.users AS u USING (msisdn) WHERE u.region = '$region' AND w.week_number >= $from AND w.expected_revenue > 1.2 * 0.5 * (SELECT t.expected_revenue FROM telecom.user_weeks AS t WHERE t.msisdn = w.msisdn AND t.week_number = w.week_number)}), '0', 'expectations follow it');
sql('CREATE ROLE stranger; GRANT USAGE ON SCHEMA changed TO stranger; GRANT ALL ON ALL TABLES IN SCHEMA changed TO stranger');
like(refused(qq{SET ROLE stranger; CALL leakage_declare_event('changed', $event)}), qr/^ERROR:  must be owner of schema "changed"$/m, 'and only the owner may declare one');
sql(q{DELETE FROM changed.known_event});

# a week that is not judged, for all or for the users of a value
sql(qq{INSERT INTO telecom.known_event VALUES ('all', 'whatever', '$from', '$from', NULL, 'late file'), ('region', '$region', NULL, '1', NULL, NULL), ('GENDER', 'female', '@{[$from + 1]}', '@{[$from + 1]}', '', NULL)});
refresh($node, 'telecom');
is(sql(qq{SELECT sum(expected_revenue) FILTER (WHERE week_number = $from), sum(leakage) FILTER (WHERE week_number = $from),
	sum(expected_revenue) FILTER (WHERE week_number = $from + 1 AND gender = 'Female'), min(expected_revenue) FILTER (WHERE week_number = $from + 1 AND gender = 'Male') > 0
	FROM telecom.user_weeks}), '0.000000|0.000000|0.000000|t', 'nothing is expected in weeks that are not judged');
is(sql('SELECT count(*) FROM telecom.reconciliation WHERE NOT ok'), '0', 'it reconciles');
is(sql('SELECT count(*) FROM telecom.users WHERE excluded'), '0', 'and nobody is excluded');

# what nobody should write
sql(q{INSERT INTO telecom.known_event VALUES (NULL, 'x', NULL, NULL, '1', NULL), (' ', 'x', NULL, NULL, '1', NULL), ('regions', 'x', NULL, NULL, '1', NULL), (E'region\'; DROP TABLE crm; --', 'x', NULL, NULL, '1', NULL),
	('region', NULL, NULL, NULL, '1', NULL), ('region', ' ', NULL, NULL, '1', NULL), ('region', 'x', '54', NULL, '1', NULL), ('all', NULL, NULL, 'week', '1', NULL), ('all', NULL, '9', '8', '1', NULL);
	INSERT INTO telecom.known_event SELECT 'all', NULL, NULL, NULL, f, NULL FROM unnest('{NaN,-1,1e300,0,0.0009,1000.1,inf,half,-inf,1e-400,0.5%}'::text[]) AS f});
sql(q{INSERT INTO telecom.known_event SELECT 'segment', 'tier_' || n % 7, (n % 53 + 1)::text, NULL, (0.5 + n / 10000.0)::text, NULL FROM generate_series(1, 20000) AS n});
refresh($node, 'telecom');
is(sql(q{SELECT string_agg(reason || ' ' || rows, ', ' ORDER BY reason) FROM (SELECT reason, count(*) AS rows FROM telecom.rejected_rows WHERE file = 'known_event' GROUP BY reason) AS r}),
	'dimension_missing 2, dimension_unknown 2, factor_infinite 2, factor_nan 1, factor_negative 1, factor_not_numeric 2, factor_out_of_range 5, too_many_events 19003, value_missing 2, week_not_numeric 1, week_out_of_range 1, weeks_reversed 1',
	'what cannot be used is refused with its reason');
is(sql('SELECT count(*) FROM telecom.reconciliation WHERE NOT ok'), '0', 'and it reconciles');
sql(q{DELETE FROM telecom.known_event});
refresh($node, 'telecom');
sql(q{DELETE FROM changed.revenue; INSERT INTO changed.revenue SELECT * FROM telecom.revenue});
refresh($node, 'changed');
is(sql(q{SELECT md5(string_agg(u::text, E'\n' ORDER BY msisdn COLLATE "C")) FROM changed.users AS u}), all_users(), 'without the rows, all is as in a mart that never had them');

# a user whose only weeks are in the list; everybody excluded
sql(q{DELETE FROM telecom.exclusion; INSERT INTO telecom.exclusion SELECT msisdn, 'all', NULL, NULL FROM telecom.crm});
refresh($node, 'telecom');
is(sql(q{SELECT count(*) FILTER (WHERE NOT excluded), sum(expected_revenue), sum(leakage) FROM telecom.users}), '0|0.000000|0.000000', 'everybody can be excluded');
is(sql('SELECT count(*) FROM telecom.reconciliation WHERE NOT ok'), '0', 'and it reconciles');

# weeks with years
sql(q{CALL leakage_create_mart('years', '{"week_format": "yyyyww"}');
	INSERT INTO years.crm SELECT 'u' || n, 'F', '1980', 'ACTIVE', 'Prepaid', 'Tier_1' FROM generate_series(1, 40) AS n;
	INSERT INTO years.revenue SELECT 'u' || n, w, '10' FROM generate_series(1, 40) AS n, unnest('{201851,201852,201901,201902}'::text[]) AS w;
	INSERT INTO years.exclusion VALUES ('u1', 'a', '201852', '201901'), ('u2', 'b', '190001', '220052'), ('u3', 'c', '201853', NULL), ('u4', 'd', '12', NULL), ('u5', 'e', '', '201852'), ('u6', 'f', '201903', NULL)});
refresh($node, 'years');
is(sql(q{SELECT string_agg(concat_ws(' ', u.msisdn, excluded, exclusion_reason, (SELECT string_agg(week_number::text, ',' ORDER BY week_number) FROM years.user_weeks AS w WHERE w.msisdn = u.msisdn AND w.expected_revenue = 0)), '; ' ORDER BY u.msisdn)
	FROM years.users AS u WHERE exclusion_reason IS NOT NULL}), 'u1 f a 201852,201901; u2 t b 201851,201852,201901,201902; u5 f e 201851,201852; u6 f f', 'weeks with years');
is(sql(q{SELECT string_agg(msisdn || ' ' || reason, ', ' ORDER BY msisdn) FROM years.rejected_rows}), 'u3 week_out_of_range, u4 week_out_of_range', 'and those that cannot be');

$node->stop;
done_testing();
