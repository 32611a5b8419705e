#!/bin/bash
# make check-clients: runs the queries of test/clients/Cases.pm through other clients and compares with the plain answers.
#
#   CLIENTS="node odbc jdbc"   node-postgres, psqlODBC, pgjdbc; one that is not installed is an error
#   SCALE=0.01                 of the generated data
#
# Runs on a private, temporary server, on a mart with regions and dirty rows. The clients connect as a role that can read
# only the published views. Installs nothing.

. "$(dirname "$0")/../lib.sh"

: "${CLIENTS:=node odbc jdbc}" "${SCALE:=0.01}"
export CLIENTS SCALE
here=$top/test/clients
jar=/usr/share/java/postgresql.jar

missing=()
for client in $CLIENTS; do
	case $client in
	node)
		{ command -v node && node "$here/node.js" check; } > /dev/null 2>&1 ||
			missing+=("node: node.js and its package pg (apt-get install nodejs npm; npm install pg, or NODE_PATH to where it is)")
		;;
	odbc)
		perl -MDBD::ODBC -e 1 2> /dev/null && odbcinst -q -d 2> /dev/null | grep -qx '\[PostgreSQL Unicode\]' ||
			missing+=("odbc: psqlODBC, unixODBC and DBD::ODBC (apt-get install odbc-postgresql unixodbc odbcinst libdbd-odbc-perl)")
		;;
	jdbc)
		[ -f "$jar" ] && command -v javac > /dev/null ||
			missing+=("jdbc: pgjdbc in $jar and a JDK from 16 on (apt-get install libpostgresql-jdbc-java default-jdk-headless)")
		;;
	*)
		die "CLIENTS: no client $client"
		;;
	esac
done
if [ ${#missing[@]} -gt 0 ]; then
	printf 'missing: %s\n' "${missing[@]}" >&2
	die "install them, or name the clients to use: make check-clients CLIENTS=\"...\""
fi

if [ -z "${SERVER_DIR:-}" ]; then
	# pgjdbc knows no unix sockets
	SERVER_PORT=$(perl -MIO::Socket::INET -e 'print IO::Socket::INET->new(Listen => 1, LocalAddr => "127.0.0.1")->sockport')
	export SERVER_PORT
	exec "$top/test/server.sh" run "$0"
fi

sql() { psql -X -q -v ON_ERROR_STOP=1 "$@"; }

say "a mart: SCALE=$SCALE"
data=$SERVER_DIR/files
generate_files "$data" --scale "$SCALE" --seed 2 --leak 0.05 --tiers --dirty 0.01 --optional --leave-early 0.2
sql -c "CREATE EXTENSION leakage" -c "CALL leakage_create_mart('telecom', '{\"max_refused_share\": 0.1}')"
for file in crm:crm1 device:device1 revenue:rev1 subscriber_attribute:subscriber_attribute usage:usage; do
	sql -c "\\copy telecom.${file%:*} from '$data/${file#*:}.csv' csv header"
done
sql -c "SET client_min_messages = warning" -c "CALL leakage_refresh('telecom')"
password=$(od -An -N16 -tx1 /dev/urandom | tr -d ' ')
sql -c "CREATE ROLE bi LOGIN PASSWORD '$password'" -c "CALL leakage_grant_bi('telecom', 'bi')"

failed=
for client in $CLIENTS; do
	say "$client"
	case $client in
	node)
		perl "$here/check.pl" telecom node env PGUSER=bi node "$here/node.js" || failed=yes
		;;
	odbc)
		connection="Driver={PostgreSQL Unicode};Servername=$PGHOST;Port=$PGPORT;Database=$PGDATABASE;UID=bi;BoolsAsChar=0;UseServerSidePrepare=1;MaxVarcharSize=8000;TextAsLongVarchar=0"
		perl "$here/check.pl" telecom odbc env ODBC_CONNECTION="$connection" perl "$here/odbc.pl" || failed=yes
		;;
	jdbc)
		mkdir -p "$SERVER_DIR/classes"
		javac -d "$SERVER_DIR/classes" "$here/Jdbc.java"
		url="jdbc:postgresql://127.0.0.1:$PGPORT/$PGDATABASE?user=bi&password=$password&binaryTransfer=true&prepareThreshold=-1"
		perl "$here/check.pl" telecom jdbc env JDBC_URL="$url" java -cp "$SERVER_DIR/classes:$jar" Jdbc || failed=yes
		;;
	esac
done
[ -z "$failed" ]
