#!/bin/bash
# make check-upgrade PG_CONFIG_NEW=...: pg_upgrade of a cluster with marts, and pg_dump and restore, from the PostgreSQL of
# PG_CONFIG to the newer one of PG_CONFIG_NEW. Both can be any version that the extension supports. Fails if there is no
# second server.

. "$(dirname "$0")/lib.sh"

case ${1:-} in
'')
	[ -n "${PG_CONFIG_NEW:-}" ] || die "PG_CONFIG_NEW must name the pg_config of a newer PostgreSQL"
	PG_CONFIG=$PG_CONFIG_NEW find_pg_config > /dev/null ||
		die "PG_CONFIG_NEW has no server with its development files: $PG_CONFIG_NEW"
	export PG_CONFIG_NEW
	exec "$top/test/server.sh" run "$0" old
	;;
old)
	# objects of two versions cannot lie in one directory, so the extension for the new server is built in a copy
	copy=$SERVER_DIR/new
	mkdir "$copy"
	tar -C "$top" -cf - --exclude=./.git --exclude=./build --exclude=node_modules --exclude='*.o' --exclude='*.bc' \
		--exclude='*.so' . | tar -C "$copy" -xf -
	OLD_BIN=$("$PG_CONFIG" --bindir)
	export OLD_BIN
	PG_CONFIG=$PG_CONFIG_NEW exec "$copy/test/server.sh" run "$copy/test/check-upgrade.sh" new
	;;
esac

new_bin=$("$PG_CONFIG" --bindir)
dir=$SERVER_DIR/upgrade
mkdir "$dir"
[ -z "$AS_SERVER_USER" ] || chown "$($AS_SERVER_USER id -u)" "$dir"
cd "$dir"
export PGHOST=$dir PGPORT=5433 PGDATABASE=shop
version() { "$1/postgres" --version | sed 's/.*PostgreSQL) //'; }
major() { version "$1" | grep -oE '^[0-9]+'; }
[ "$(major "$OLD_BIN")" -lt "$(major "$new_bin")" ] ||
	die "PG_CONFIG_NEW is $(version "$new_bin"), which is not newer than $(version "$OLD_BIN")"

running=
trap '[ -z "$running" ] || $AS_SERVER_USER "$running/pg_ctl" -D "$data" -m immediate stop > /dev/null' EXIT

# make_cluster BIN DATA
make_cluster()
{
	local options=()
	! "$1/initdb" --help | grep -q -- --no-data-checksums || options=(--no-data-checksums)
	$AS_SERVER_USER "$1/initdb" -D "$2" -U postgres --auth=trust --encoding=UTF8 --locale="$LANG" --no-sync "${options[@]}" > initdb.log 2>&1 ||
		{ cat initdb.log >&2; die "initdb failed"; }
}

# start BIN DATA
start()
{
	data=$2
	$AS_SERVER_USER "$1/pg_ctl" -D "$2" -l "$dir/$2.log" -w -o "-c listen_addresses= -c unix_socket_directories=$dir -p $PGPORT -c fsync=off" start > /dev/null ||
		{ cat "$dir/$2.log" >&2; die "the server did not start"; }
	running=$1
}

halt()
{
	$AS_SERVER_USER "$running/pg_ctl" -D "$data" -m fast -w stop > /dev/null
	running=
}

query() { psql -X -A -t -q -v ON_ERROR_STOP=1 -U app "$@"; }

# every row of the published views, with "kept" of the landing tables, options, history, and of the user's objects too
contents()
{
	local database=$1 relation
	for relation in $(query -d "$database" -c "SELECT relname FROM pg_class WHERE relnamespace = 'telecom'::regnamespace AND relkind = 'v' AND relname <> 'run_log' ORDER BY relname COLLATE \"C\""); do
		echo "$relation $(query -d "$database" -c "SELECT count(*), md5(string_agg(v::text, E'\n' ORDER BY v::text COLLATE \"C\")) FROM telecom.$relation AS v")"
	done
	[ "${2:-}" = kept ] || return 0
	for relation in telecom.crm telecom.revenue telecom.mart_option telecom.refresh_run telecom.load_log telecom.skipped_row kept of_types; do
		echo "$relation $(query -d "$database" -c "SELECT count(*), md5(string_agg(v::text, E'\n' ORDER BY v::text COLLATE \"C\")) FROM $relation AS v")"
	done
}

# refreshes the mart, and compares what it publishes with what was there before
check()
{
	local database=$1 name=$2
	contents "$database" kept > after
	diff before after || die "$name: the contents are not the same"
	query -d "$database" -c "CALL leakage_refresh('telecom'); CALL leakage_grant_bi('telecom', 'bi')" 2> refresh.log || { cat refresh.log >&2; die "$name: the refresh failed"; }
	contents "$database" > after
	grep -E '^[a-z_]+ ' before | head -n "$(wc -l < after)" | diff - after || die "$name: the refresh gives something else"
	[ "$(query -d "$database" -c "SELECT string_agg(run_id::text, ',' ORDER BY run_id) FROM telecom.run_log")" = 1,2 ] || die "$name: the history does not go on"
	[ "$(query -d "$database" -c "SELECT count(*) > 10 FROM leakage_explain('telecom', 'p40')")" = t ] || die "$name: no explanation"
	[ "$(query -d "$database" -U bi -c "SELECT count(*) FROM telecom.users")" = 40 ] || die "$name: not readable as before"
	query -d "$database" -c "CALL leakage_upgrade_mart('telecom')" 2>&1 | grep -q 'already has version' || die "$name: the version is lost"
	say "$name: the same contents, and refreshed"
}

say "a mart on PostgreSQL $(version "$OLD_BIN")"
make_cluster "$OLD_BIN" old
start "$OLD_BIN" old
psql -X -q -U postgres -d postgres -c 'CREATE ROLE app LOGIN' -c 'CREATE ROLE bi LOGIN' -c 'CREATE DATABASE shop OWNER app'
query > /dev/null 2> load.log <<'SQL' || { cat load.log old.log >&2; die "the mart failed"; }
CREATE EXTENSION leakage;
CALL leakage_create_mart('telecom', '{"min_peers": 5}');
INSERT INTO telecom.crm SELECT 'p' || n, 'Male', '1980', 'ACTIVE', 'Prepaid', 'Tier_' || n % 2 FROM generate_series(1, 40) AS n;
INSERT INTO telecom.revenue
SELECT 'p' || n, w, CASE WHEN n = 40 AND w >= 27 THEN 1 ELSE 10 + ((n * 7 + w * 3) % 5 - 2) * 0.5 END
FROM generate_series(1, 40) AS n, generate_series(22, 33) AS w;
CALL leakage_refresh('telecom');
CALL leakage_alter_mart('telecom', '{"currency": "EUR"}');
CALL leakage_grant_bi('telecom', 'bi');
-- the types and functions in tables, indexes, and views of users
CREATE TABLE kept AS SELECT segment, revenue_summary(total_revenue) AS summary FROM telecom.users GROUP BY segment;
CREATE INDEX kept_summary ON kept USING hash (summary);
CREATE VIEW of_types AS SELECT segment, total(summary) AS total, summary + summary AS twice FROM kept;
CREATE MATERIALIZED VIEW of_model AS SELECT leakage_fit(profile, NULL) AS model FROM telecom.scored_user;
SQL
contents shop kept > before
[ "$(wc -l < before)" -gt 30 ] || die "there is no mart"

"$OLD_BIN/pg_dump" -U app -f plain shop
"$new_bin/pg_dump" -U app -Fc -f custom shop
halt

say "pg_upgrade to PostgreSQL $(version "$new_bin")"
make_cluster "$new_bin" new
$AS_SERVER_USER env -u PGHOST -u PGPORT -u PGDATABASE "$new_bin/pg_upgrade" -b "$OLD_BIN" -B "$new_bin" -d "$dir/old" -D "$dir/new" -U postgres -s "$dir" > pg_upgrade.log 2>&1 || {
	tail -n 20 pg_upgrade.log >&2
	find "$dir/new/pg_upgrade_output.d" \( -name '*.txt' -o -name 'pg_upgrade_dump_*.log' \) -exec tail -n 8 {} + >&2
	die "pg_upgrade failed"
}
start "$new_bin" new
psql -X -q -U postgres -d postgres -c 'CREATE DATABASE plain OWNER app' -c 'CREATE DATABASE custom OWNER app'
query -d plain -f plain > /dev/null
"$new_bin/pg_restore" --exit-on-error -U app -d custom custom
check shop pg_upgrade
check plain "dump by $(version "$OLD_BIN")"
check custom "dump by $(version "$new_bin")"
halt
