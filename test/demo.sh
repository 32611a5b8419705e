#!/bin/bash
# make demo: loads three CSV files, publishes every dataset, and prints the headline.
#
#   SCALE=0.05   size of the generated data, relative to the real files (17.8 million rows)
#   SEED=1       seed of the generator: the same seed gives the same files
#   LEAK=0.02    share of the users who leak
#   DATA=dir     load the three published files from this directory instead; the header says which file is which
#
# Uses a private server, which is removed at the end. If PGHOST, PGPORT, PGDATABASE, or PGSERVICE is set, it uses that
# server and leaves the schema telecom there. Writes final_leakage_data.csv to the current directory.

. "$(dirname "$0")/lib.sh"

: "${SCALE:=0.05}" "${SEED:=1}" "${LEAK:=0.02}" "${DATA:=}"
export SCALE SEED LEAK DATA

[[ $SCALE =~ ^[0-9]*\.?[0-9]+$ ]] || die "SCALE=$SCALE is not a number above zero"
[[ $SEED =~ ^[0-9]+$ ]] || die "SEED=$SEED is not a whole number"
[[ $LEAK =~ ^[0-9]*\.?[0-9]+$ ]] || die "LEAK=$LEAK is not a number from 0 to 1"

# finds the three files in $DATA by their headers
find_files()
{
	local file kind
	crm='' device='' revenue=''
	for file in "$DATA"/*.csv; do
		case ,$(head -n 1 "$file" 2> /dev/null | tr -d '\r" '), in
		*,value_segment,*) crm=$file ;;
		*,imei_tac,*) device=$file ;;
		*,revenue_usd,*) revenue=$file ;;
		esac
	done
	for kind in crm device revenue; do
		[ -n "${!kind}" ] || die "DATA=$DATA has no $kind file, that is, no .csv file whose header has the columns of the published one"
	done
}

if [ -n "$DATA" ]; then
	DATA=$(cd "$DATA" 2> /dev/null && pwd) || die "DATA: no such directory"
	find_files
fi

if [ -z "${SERVER_DIR:-}" ] && [ -z "${PGHOST:-}${PGPORT:-}${PGDATABASE:-}${PGSERVICE:-}" ]; then
	SERVER_SETTINGS=machine exec "$top/test/server.sh" run "$0"
fi

sql() { psql -X -q -v ON_ERROR_STOP=1 "$@"; }

# ---- a server of the caller: install the extension there if it is missing

if [ -z "${SERVER_DIR:-}" ]; then
	"$top/test/install-missing.sh" run
	say "using the server of PGHOST=${PGHOST:-} PGPORT=${PGPORT:-} PGDATABASE=${PGDATABASE:-} PGSERVICE=${PGSERVICE:-}"
	sql -c 'SELECT 1' > /dev/null || die "that server cannot be reached"
	[ "$(sql -Atc "SELECT to_regnamespace('telecom') IS NULL")" = t ] ||
		die "that database already has a schema telecom: use another database, or drop the schema first"
	available() { sql -Atc "SELECT 1 FROM pg_available_extensions WHERE name = 'leakage'"; }
	if [ -z "$(available)" ]; then
		PG_CONFIG=$(find_pg_config)
		say "installing the extension with $PG_CONFIG"
		quiet_make -j"$(nproc)" PG_CONFIG="$PG_CONFIG" all
		if [ -w "$("$PG_CONFIG" --pkglibdir)" ]; then
			quiet_make PG_CONFIG="$PG_CONFIG" install
		else
			sudo -n make -C "$top" -s PG_CONFIG="$PG_CONFIG" install ||
				die "run this first: sudo make install PG_CONFIG=$PG_CONFIG"
		fi
		[ -n "$(available)" ] || die "that server still has no extension leakage: install it there yourself (README, Install)"
	fi
	work=$(mktemp -d)
	trap 'rm -rf "$work"' EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM HUP
else
	work=$SERVER_DIR
fi

# ---- the three files

if [ -z "$DATA" ]; then
	DATA=$work/files
	# files, tables, indexes and temporary files come to about 10 GB at scale 1
	need=$(awk -v s="$SCALE" 'BEGIN { print int(300 + 10000 * s) }')
	free=$(df -Pm "$work" | awk 'NR == 2 { print $4 }')
	[ "$free" -ge "$need" ] || die "SCALE=$SCALE needs about $need MB in $work, and only $free MB are free: set TMPDIR"
	say "generating data: SCALE=$SCALE SEED=$SEED LEAK=$LEAK"
	generate_files "$DATA" --scale "$SCALE" --seed "$SEED" --leak "$LEAK"
	find_files
fi

# ---- load, refresh, and export

header='header match'
[ "$(sql -A -t -c 'SHOW server_version_num')" -ge 150000 ] || header=header
load()
{
	say "loading ${2##*/} into telecom.$1"
	sql -c "\\timing on" -c "\\copy telecom.$1 from '${2//\'/\'\'}' with (format csv, $header)"
}

sql -c "CREATE EXTENSION IF NOT EXISTS leakage" -c "CALL leakage_create_mart('telecom')"
load crm "$crm"
load device "$device"
load revenue "$revenue"
say "CALL leakage_refresh('telecom')"
sql -c "\\timing on" -c "CALL leakage_refresh('telecom')"
sql -f "$top/test/demo.sql"
if [ -f "$DATA/truth.csv" ]; then
	sql -c "CREATE TEMP TABLE truth (msisdn text, kind text, factor numeric, first_week text, last_week text, leaked_amount numeric)" \
		-c "\\copy truth from '${DATA//\'/\'\'}/truth.csv' csv header" -f "$top/test/demo_truth.sql"
fi
sql -c "\\copy (table telecom.final_leakage_data) to 'final_leakage_data.csv' csv header"
say "wrote final_leakage_data.csv: $(($(wc -l < final_leakage_data.csv) - 1)) users"
[ -n "${SERVER_DIR:-}" ] || say "the schema telecom stays on the server; CALL leakage_drop_mart('telecom') removes it"
