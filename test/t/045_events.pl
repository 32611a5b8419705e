# Changes that many users share in one week are events of the mart, and not cases: 1,500 users in 16 weeks, of whom 75 pay
# half from week 30 on, 40 pay twice as much from week 26 on, and the last two weeks of 60 others are delivered in part.
# Another 12 users leak. The planted control is off, which would also judge these few cases.

use strict;
use warnings FATAL => 'all';

use FindBin;
use lib $FindBin::RealBin;
use MartTest;
use Test::More;

my $node = start_node('events');

$node->safe_psql('postgres', q{
	CREATE FUNCTION toss(VARIADIC integer[]) RETURNS double precision LANGUAGE sql IMMUTABLE
	AS $$ SELECT ('x' || substr(md5(array_to_string($1, ',')), 1, 7))::bit(28)::integer / 268435456.0::float8 $$;
	CALL leakage_create_mart('telecom', '{"peer_dimensions": [], "planted_control": false}');
	INSERT INTO telecom.crm SELECT 'u' || n, 'F', '1980', 'ACTIVE', 'Prepaid', 'Tier_1' FROM generate_series(1, 1500) AS n;
	INSERT INTO telecom.revenue
	SELECT 'u' || n, w, round((10 * exp(toss(n, 1) - 0.5) * exp(toss(n, w, 2) + toss(n, w, 3) - 1) * CASE
		WHEN n <= 75 AND w >= 30 THEN 0.5
		WHEN n BETWEEN 76 AND 135 AND w >= 35 THEN 0.3
		WHEN n BETWEEN 136 AND 175 AND w >= 26 THEN 2
		WHEN n BETWEEN 201 AND 212 AND w >= 24 + n % 6 THEN 0.2
		ELSE 1 END)::numeric, 6)
	FROM generate_series(1, 1500) AS n, generate_series(21, 36) AS w;
});
refresh($node, 'telecom');

is($node->safe_psql('postgres', q{
	SELECT event_id, week_number, kind, round(factor, 1), users BETWEEN most * 0.6 AND most + 5, sign(money)
	FROM telecom.events
		JOIN (VALUES ('drop', 75), ('late', 60), ('rise', 40)) AS v (kind, most) USING (kind)
	ORDER BY event_id}),
	"1|26|rise|2.0|t|-1\n2|30|drop|0.5|t|1\n3|35|late|0.3|t|1", 'three events: week, kind, factor, users, and the sign of the money');
is($node->safe_psql('postgres', q{
	SELECT count(*) FILTER (WHERE leaked AND n <= 175), count(*) FILTER (WHERE leaked AND n BETWEEN 201 AND 212) >= 9
	FROM (SELECT substr(msisdn, 2)::integer AS n, leaked FROM telecom.users) AS u}), '0|t', 'users in an event are no cases, and leaks still are');
is($node->safe_psql('postgres', q{
	SELECT count(*) FROM telecom.events AS e
	WHERE users <> (SELECT count(*) FROM telecom.users AS u WHERE u.event_id = e.event_id)}), '0', 'users.event_id names the event');
is($node->safe_psql('postgres', q{SELECT rows = (SELECT sum(users) FROM telecom.events) FROM telecom.data_quality WHERE rule = 'users_in_events'}),
	't', 'data_quality counts the users in events');
is($node->safe_psql('postgres', q{SELECT round(sum(leakage), 2) = round(sum(leakage) FILTER (WHERE event_id IS NULL), 2) FROM telecom.users}),
	't', 'the money of an event is in no leak total');
like($node->safe_psql('postgres', q{SELECT fact FROM leakage_explain('telecom', (SELECT min(msisdn) FROM telecom.users WHERE event_id = 2)) WHERE topic = 'verdict'}),
	qr/^in event 2: the amounts of many users changed in week 30, this user's to 0\.\d+ of what they were$/, 'leakage_explain tells');
is($node->safe_psql('postgres', 'SELECT count(*) FROM telecom.reconciliation_faults'), '0', 'everything reconciles');

done_testing();
