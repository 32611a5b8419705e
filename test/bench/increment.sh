#!/bin/bash
# make bench-increment: the time of a refresh after one more week, and the share of the mart that the new rows change.
#
#   SCALE=0.1 SEED=1 LEAK=0.02   of the generated files; SCALE=1 is the size of the published ones
#
# The increment is the last week of revenue, and one CRM row in 2,700 (5,000 of the published file).  Everything else is
# loaded and refreshed before, twice: the second time nothing is new.

. "$(dirname "$0")/../lib.sh"
: "${SCALE:=0.1}" "${SEED:=1}" "${LEAK:=0.02}"
[ -n "${SERVER_DIR:-}" ] || die "run it as: make bench-increment"

data=$SERVER_DIR/files
generate_files "$data" --scale "$SCALE" --seed "$SEED" --leak "$LEAK"
new_crm=$(($(wc -l < "$data/crm1.csv") / 2700))
last_week=$(awk -F, 'NR > 1 && $2 > last { last = $2 } END { print last }' "$data/rev1.csv")

sql() { psql -X -q -A -t -v ON_ERROR_STOP=1 "$@"; }
load() { sql -c "COPY telecom.$1 FROM STDIN (FORMAT csv)"; }
refresh()
{
	sql -c "CALL leakage_refresh('telecom')" 2> >(sed '/^INFO/d' >&2)
	printf '%-58s%8.1f\n' "$1" "$(sql -c 'SELECT extract(epoch FROM finished_at - started_at) FROM telecom.run_log ORDER BY run_id DESC LIMIT 1')"
}

sql -c 'CREATE EXTENSION IF NOT EXISTS leakage' -c "CALL leakage_create_mart('telecom')"
tail -n +2 "$data/crm1.csv" | head -n "-$new_crm" | load crm
tail -n +2 "$data/device1.csv" | load device
tail -n +2 "$data/rev1.csv" | awk -F, -v week="$last_week" '$2 != week' | load revenue

printf '%58s%8s\n' '' seconds
refresh 'a first refresh'
refresh 'another, nothing is new'
sql -c 'CREATE TABLE users_before AS TABLE telecom.users' -c 'CREATE TABLE weeks_before AS TABLE telecom.user_weeks'
tail -n "$new_crm" "$data/crm1.csv" | load crm
tail -n +2 "$data/rev1.csv" | awk -F, -v week="$last_week" '$2 == week' | load revenue
refresh "after $(tail -n +2 "$data/rev1.csv" | cut -d , -f 2 | grep -cx "$last_week") revenue rows of week $last_week and $new_crm CRM rows"

# the minimum that a refresh with these rows must write
sql -c 'CREATE TABLE rows_to_write AS TABLE telecom.scored_user' -c 'CREATE TABLE written (LIKE telecom.scored_user INCLUDING INDEXES)'
start=$EPOCHREALTIME
sql -c 'INSERT INTO written TABLE rows_to_write'
printf '%-58s%8.1f\n\n' 'for comparison: the rows of the users, written once more' "$(awk "BEGIN { print $EPOCHREALTIME - $start }")"

psql -X -q -P footer=off -v week="$last_week" << 'END'
WITH
	counted AS (
		SELECT
			count(*) AS users,
			count(*) FILTER (WHERE a.last_week = :week) AS with_row,
			count(*) FILTER (WHERE a.leak_probability IS DISTINCT FROM b.leak_probability) AS probability,
			count(*) FILTER (WHERE a IS DISTINCT FROM b) AS changed
		FROM telecom.users AS a
			LEFT JOIN users_before AS b USING (msisdn)),
	expected AS (
		SELECT
			count(*) AS weeks,
			count(*) FILTER (WHERE a.expected_revenue <> b.expected_revenue) AS changed,
			count(*) FILTER (WHERE abs(a.expected_revenue - b.expected_revenue) >= 0.01) AS by_a_cent
		FROM telecom.user_weeks AS a
			JOIN weeks_before AS b USING (msisdn, week_number))
SELECT v.what, v.n, v.of, round(100 * v.n / nullif(v.of, 0)::numeric, 1) AS "%"
FROM counted AS c, expected AS e,
	LATERAL (
		VALUES
			(1, 'users with a row in the new week', c.with_row, c.users),
			(2, 'users with another probability of a leak', c.probability, c.users),
			(3, 'users with another row', c.changed, c.users),
			(4, 'expectations of earlier weeks that are others', e.changed, e.weeks),
			(5, 'expectations of earlier weeks, by a cent or more', e.by_a_cent, e.weeks)) AS v (place, what, n, of)
ORDER BY v.place;
END
sql -c 'DROP TABLE users_before, weeks_before, rows_to_write, written' -c "CALL leakage_drop_mart('telecom')"
