#!/bin/bash
# make preview: shows the overview page of the published views in a browser. make check-preview: tests it.
#
#   MART=telecom       the mart's schema
#   PORT=8080          the page's port, on this machine only
#   PICTURE=file.png   write a picture of the page to this file and exit
#   INSTALL=1          run npm ci in powerbi/preview if its packages are missing
#   SCALE=0.05 SEED=1 LEAK=0.05   of the generated data, as for make demo
#
# Runs on a private, temporary server with generated data. If PGHOST, PGPORT, PGDATABASE, or PGSERVICE is set, it uses the
# existing mart on that server instead. The test always starts its own server.

. "$(dirname "$0")/lib.sh"

: "${SCALE:=0.05}" "${SEED:=1}" "${LEAK:=0.05}" "${PICTURE:=}" "${PORT:=8080}" "${MART:=telecom}"
export SCALE SEED LEAK PICTURE PORT MART

purpose=${1:-serve}
preview=$top/powerbi/preview

# ---- requirements

command -v node > /dev/null || die "Node.js 18 or later is missing (Debian: apt-get install nodejs npm)"
version=$(node -p 'process.versions.node')
[ "${version%%.*}" -ge 18 ] || die "Node.js is $version, but 18 or later is needed"

packages=(echarts pg)
if [ "$purpose" = check ] || [ -n "$PICTURE" ]; then
	packages+=(playwright-core)
fi
for package in "${packages[@]}"; do
	[ ! -d "$preview/node_modules/$package" ] || continue
	[ "${INSTALL:-}" = 1 ] || die "npm packages are missing. Install them and try again:
    npm ci --prefix powerbi/preview
or set INSTALL=1, and this script does it"
	command -v npm > /dev/null || die "npm is missing (Debian: apt-get install npm)"
	say "npm ci in powerbi/preview"
	npm ci --prefix "$preview" --no-audit --no-fund > /dev/null || die "npm ci failed"
	break
done
if [ "$purpose" = check ] || [ -n "$PICTURE" ]; then
	# a path from make's caller is relative to make's directory
	[ -z "$PICTURE" ] || PICTURE=$(realpath -m "$PICTURE")
	(cd "$preview" && node --input-type=module -e "import { findBrowser } from './browser.mjs'; findBrowser()" 2> /dev/null) ||
		die "Chromium is missing: install it (Debian: apt-get install chromium), or set CHROMIUM to its path"
fi

if [ "$purpose" = check ] && [ "$MART" != telecom ]; then
	die "the test makes its own mart: do not set MART"
fi
if [ -z "${SERVER_DIR:-}" ] && { [ "$purpose" = check ] || [ -z "${PGHOST:-}${PGPORT:-}${PGDATABASE:-}${PGSERVICE:-}" ]; }; then
	[ "$MART" = telecom ] || die "MART=$MART needs your server: set PGHOST, PGPORT, PGDATABASE, or PGSERVICE"
	SERVER_SETTINGS=machine exec "$top/test/server.sh" run "$0" "$purpose"
fi

# ---- the mart

sql() { psql -X -q -v ON_ERROR_STOP=1 "$@"; }

node_server=
work=
finish()
{
	[ -z "$node_server" ] || kill "$node_server" 2> /dev/null || true
	[ -z "$work" ] || rm -rf "$work"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

if [ -n "${SERVER_DIR:-}" ]; then
	# three segments and regions, which the published files lack: every slicer has several members
	files=$SERVER_DIR/files
	say "generating data: SCALE=$SCALE SEED=$SEED LEAK=$LEAK"
	generate_files "$files" --scale "$SCALE" --seed "$SEED" --leak "$LEAK" --tiers --optional
	say "loading it, and CALL leakage_refresh('telecom')"
	sql -c "CREATE EXTENSION leakage" -c "CALL leakage_create_mart('telecom')" \
		-c "\\copy telecom.crm from '$files/crm1.csv' csv header" \
		-c "\\copy telecom.device from '$files/device1.csv' csv header" \
		-c "\\copy telecom.revenue from '$files/rev1.csv' csv header" \
		-c "\\copy telecom.subscriber_attribute from '$files/subscriber_attribute.csv' csv header" \
		-c "\\copy telecom.usage from '$files/usage.csv' csv header" \
		-c "CALL leakage_refresh('telecom')"
	# the page gets the same rights as Power BI
	reader=leakage_preview
	sql -c "CREATE ROLE $reader LOGIN" -c "CALL leakage_grant_bi('telecom', '$reader')"
else
	# libpq resolves services and defaults, which Node's client does not know
	command -v psql > /dev/null || die "psql is missing (Debian: apt-get install postgresql-client)"
	connection=$(sql <<< $'\\echo :HOST\n\\echo :PORT\n\\echo :DBNAME\n\\echo :USER') || die "cannot connect to the server"
	{ read -r PGHOST; read -r PGPORT; read -r PGDATABASE; read -r reader; } <<< "$connection"
	export PGHOST PGPORT PGDATABASE
	say "using the mart $MART on the server of PGHOST=$PGHOST PGPORT=$PGPORT PGDATABASE=$PGDATABASE, as $reader"
fi

# ---- the page

# starts a server in the background on a free port, for the automated browser; sets url
start_in_background()
{
	local i
	work=$(mktemp -d)
	: > "$work/url"			# the background command may create it only after the first look
	PGUSER=$reader PORT=0 node "$preview/server.mjs" > "$work/url" &
	node_server=$!
	for ((i = 0; i < 300; i++)); do
		url=$(cat "$work/url")
		[ -z "$url" ] || return 0
		kill -0 "$node_server" 2> /dev/null || exit 1
		sleep 0.1
	done
	die "the server of the page did not start"
}

if [ "$purpose" = check ]; then
	# a mart without a refresh
	sql -c "CALL leakage_create_mart('bare')" -c "CALL leakage_grant_bi('bare', '$reader')"
	start_in_background
	say "checking $url"
	READER=$reader node "$top/test/preview-check.mjs" "$url"
elif [ -n "$PICTURE" ]; then
	start_in_background
	node "$preview/picture.mjs" "$url" "$PICTURE"
else
	say "starting the preview; Ctrl-C ends it"
	PGUSER=$reader exec node "$preview/server.mjs"
fi
