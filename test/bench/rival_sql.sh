# Plain SQL's part of make bench, sourced by main.sh: run_sql DATA OUT
#
# Ordinary SQL on the same server, without the extension: the parts of rival_sql.sql, which start at "-- part" lines.
# Tables are unlogged, and the files are loaded in two sessions and frozen.  Plans are parallel where PostgreSQL supports
# it.  It has no parallel plan for as many groups as there are subscribers, so the best CRM rows are found in one session
# per core, each for a share of the subscribers.

plain=leakage_bench_sql

drop_sql()
{
	sql -c "DROP SCHEMA IF EXISTS $plain CASCADE"
}

# runs part $1 of rival_sql.sql; the other arguments go to psql
run_part()
{
	local part=$1
	shift
	sql "$@" < <(awk -v part="$part" '/^-- part / { on = $3 == part; next } on' "$bench/rival_sql.sql")
}

# loads the file $3 into a table $1 with the text columns $2; an empty field becomes ''
load_plain()
{
	sql --single-transaction \
		-c "CREATE UNLOGGED TABLE $plain.$1 (${2//,/ text, } text)" \
		-c "\\copy $plain.$1 from '$3' with (format csv, header, freeze, force_not_null ($2))"
}

# waits for the given processes, and fails if one of them failed
wait_for()
{
	local pid failed=0
	for pid in "$@"; do
		wait "$pid" || failed=1
	done
	return $failed
}

run_sql()
{
	local data=$1 out=$2 start session sessions pids=() name cpu
	sessions=$(nproc)
	drop_sql
	sql -c "CREATE SCHEMA $plain" -c CHECKPOINT

	cpu=$(cpu_used)
	start=$EPOCHREALTIME
	load_plain crm msisdn,gender,year_of_birth,system_status,mobile_type,value_segment "$data/crm1.csv" &
	pids=($!)
	load_plain device msisdn,imei_tac,brand_name,model_name,os_name,os_vendor "$data/device1.csv" &&
		load_plain revenue msisdn,week_number,revenue_usd "$data/rev1.csv" &
	pids+=($!)
	wait_for "${pids[@]}"
	print_stage load "$start"

	start=$EPOCHREALTIME
	run_part kinds
	pids=()
	for ((session = 0; session < sessions; session++)); do
		run_part subscribers -v session="$session" -v sessions="$sessions" &
		pids+=($!)
	done
	wait_for "${pids[@]}"
	run_part clean
	print_stage clean "$start"

	start=$EPOCHREALTIME
	run_part model
	print_stage model "$start"

	start=$EPOCHREALTIME
	run_part datasets
	sql -c "\\copy $plain.users to '$out/users.csv' csv header"
	print_stage datasets "$start"
	print_cpu "$cpu"

	# the outputs to compare; not timed
	for name in user_weeks cells cube trend funnel counts; do
		sql -c "\\copy $plain.$name to '$out/$name.csv' csv header"
	done
}
