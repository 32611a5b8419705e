#!/bin/bash
# make bench-load: the cost of each way to load the three files, in seconds and in CPU seconds of client and server.
#
#   SCALE=0.1 SEED=1   of the generated files
#   DATA=dir           a directory with crm1.csv, device1.csv, and rev1.csv, instead of generated files
#   RUNS=3             runs of each way, in turns; the median is printed
#   WAYS               only these ways
#   SERVER_SETTINGS    stock for PostgreSQL's defaults; without it, the server is sized for the machine and writes less WAL
#
# CPU seconds are the better measure if the machine runs anything else.

. "$(dirname "$0")/../lib.sh"
: "${SCALE:=0.1}" "${SEED:=1}" "${RUNS:=3}" "${DATA:=}" "${WAYS:=}"
[ -n "${SERVER_DIR:-}" ] || die "run it as: make bench-load"
[ -r /proc/self/stat ] || die "this needs CPU times from /proc, which this system does not have"

if [ -z "$DATA" ]; then
	DATA=$SERVER_DIR/files
	generate_files "$DATA" --scale "$SCALE" --seed "$SEED"
fi
files=("$DATA/crm1.csv" "$DATA/device1.csv" "$DATA/rev1.csv")
tables=(crm device revenue)
crm=${files[0]}
half=$(line_end "$crm" $(($(stat -c %s "$crm") / 2)))
first="dd if=$crm bs=1M iflag=skip_bytes,count_bytes,fullblock count=$half status=none"
second="dd if=$crm bs=1M iflag=skip_bytes,count_bytes,fullblock skip=$half status=none"

sql() { psql -X -q -v ON_ERROR_STOP=1 "$@"; }

# each way runs in its own shell, so that CPU times are those of its children
one_copy() { sql -c "\\copy telecom.crm from '$crm' csv header"; }
crm_half_file() { sql -c "\\copy telecom.crm from '$SERVER_DIR/half.csv' csv header"; }
crm_half_program() { sql -c "\\copy telecom.crm from program '$first' csv header"; }
crm_half_head() { head -c "$half" "$crm" | sql -c "COPY telecom.crm FROM STDIN WITH (FORMAT csv, HEADER)"; }
crm_half_seek() { { dd iflag=skip_bytes skip="$half" count=0 status=none; sql -c "COPY telecom.crm FROM STDIN WITH (FORMAT csv)"; } < "$crm"; }
crm_half_server_file() { sql -c "COPY telecom.crm FROM '$SERVER_DIR/half.csv' WITH (FORMAT csv, HEADER)"; }
crm_half_server_program() { sql -c "COPY telecom.crm FROM PROGRAM '$first' WITH (FORMAT csv, HEADER)"; }
rest() { for i in 1 2; do sql -c "$1 telecom.${tables[i]} from '${files[i]}' csv header"; done; }
one_session() { one_copy; rest '\copy'; }
by_file() { one_copy & rest '\copy'; wait; }
crm_cut()
{
	sql -c "\\copy telecom.crm from program '$first' csv header" -c "\\copy telecom.device from '${files[1]}' csv header" &
	sql -c "\\copy telecom.crm from program '$second' csv" -c "\\copy telecom.revenue from '${files[2]}' csv header"
	wait
}
# truncated and filled in one transaction: no WAL with wal_level = minimal, and no hint bits left for later readers
frozen()
{
	sql -c "BEGIN; TRUNCATE ONLY telecom.crm" -c "$1 telecom.crm from '$crm' csv header freeze" -c COMMIT &
	sql -c "BEGIN; TRUNCATE telecom.device, telecom.revenue" -c "$1 telecom.device from '${files[1]}' csv header freeze" \
		-c "$1 telecom.revenue from '${files[2]}' csv header freeze" -c COMMIT
	wait
}
# the same with crm in two parts; the second half goes into a child table so that both can be frozen
server_parts_frozen()
{
	sql -c "BEGIN; TRUNCATE ONLY telecom.crm, telecom.device" -c "COPY telecom.crm FROM PROGRAM '$first' csv header freeze" \
		-c "COPY telecom.device FROM '${files[1]}' csv header freeze" -c COMMIT &
	sql -c "BEGIN; TRUNCATE telecom.crm_rest, telecom.revenue" -c "COPY telecom.crm_rest FROM PROGRAM '$second' csv freeze" \
		-c "COPY telecom.revenue FROM '${files[2]}' csv header freeze" -c COMMIT
	wait
}
by_file_frozen() { frozen '\copy'; }
server_by_file_frozen() { frozen COPY; }
server_one_session() { sql -c "COPY telecom.crm FROM '$crm' csv header"; rest COPY; }
server_crm_cut()
{
	sql -c "COPY telecom.crm FROM PROGRAM '$first' csv header" -c "COPY telecom.device FROM '${files[1]}' csv header" &
	sql -c "COPY telecom.crm FROM PROGRAM '$second' csv" -c "COPY telecom.revenue FROM '${files[2]}' csv header"
	wait
}
loader() { "$top/src/bin/leakage-load" --quiet "$@" "${files[@]}"; }
loader_1() { loader -j1; }
loader_2() { loader -j2; }
loader_replace() { loader --replace; }
loader_server() { loader -j2 --server-side; }
persistence() { for i in crm device revenue; do sql -c "ALTER TABLE telecom.$i SET $1"; done; }
unlogged_one_session() { one_session; }
unlogged_loader_2() { loader_2; }

# CPU seconds of the server so far, including ended backends
server_cpu() { awk -v t="$(getconf CLK_TCK)" '{ sub(/.*\) /, ""); print ($12 + $13 + $14 + $15) / t }' "/proc/$(head -n 1 "$SERVER_DIR/data/postmaster.pid")/stat"; }

run()
{
	local cpu begin client
	sql -c 'TRUNCATE telecom.crm, telecom.device, telecom.revenue, telecom.load_log' -c CHECKPOINT
	sleep 0.3		# wait until the CPU time of ended sessions counts as the server's
	cpu=$(server_cpu) begin=$(date +%s%N)
	client=$({ TIMEFORMAT='%U %S'; time "$1" > /dev/null; } 2>&1) || die "$1: $client"
	begin=$((($(date +%s%N) - begin) / 1000000))
	sleep 0.3
	echo "$1 $begin $client $cpu $(server_cpu)" >> "$SERVER_DIR/times"
}

halves=(crm_half_file crm_half_program crm_half_head crm_half_seek crm_half_server_file crm_half_server_program)
wholes=(one_session by_file by_file_frozen crm_cut server_one_session server_by_file_frozen server_parts_frozen server_crm_cut loader_1 loader_2 loader_replace loader_server)
unlogged=(unlogged_one_session unlogged_loader_2)
if [ -n "$WAYS" ]; then
	halves=() unlogged=()
	read -r -a wholes <<< "$WAYS"
fi

sql -c 'CREATE EXTENSION IF NOT EXISTS leakage' -c "CALL leakage_create_mart('telecom')" -c 'CREATE TABLE telecom.crm_rest () INHERITS (telecom.crm)'
$first > "$SERVER_DIR/half.csv"
chmod a+r "$SERVER_DIR/half.csv"
for ((n = 1; n <= RUNS; n++)); do
	say "round $n of $RUNS"
	for way in "${halves[@]}" "${wholes[@]}"; do run "$way"; done
	persistence UNLOGGED
	for way in "${unlogged[@]}"; do run "$way"; done
	persistence LOGGED
done

say "median of $RUNS runs; $(($(cat "${files[@]}" | wc -c) / 1000000)) MB, crm_half_...: $((half / 1000000)) MB"
printf '%-26s %9s %12s %12s\n' way seconds 'client CPU' 'server CPU'
for way in "${halves[@]}" "${wholes[@]}" "${unlogged[@]}"; do
	middle=()
	for column in '$2 / 1000' '$3 + $4' '$6 - $5'; do
		middle+=("$(awk -v way="$way" "\$1 == way { print $column }" "$SERVER_DIR/times" | sort -n | sed -n "$(((RUNS + 1) / 2))p")")
	done
	printf '%-26s %9.1f %12.1f %12.1f\n' "$way" "${middle[@]}"
done
sql -c 'DROP TABLE telecom.crm_rest' -c "CALL leakage_drop_mart('telecom')"
