# The extension's part of make bench, sourced by main.sh: run_ours DATA OUT
#
# Prints "stage NAME SECONDS" for each stage.  The mart is new, and stays until the next run drops it.

mart=leakage_bench

# The stage of each refresh step, by its name in run_log.  The rivals have no counterpart of the steps of the detector, and
# of the check of health.
declare -A stage_of_step=(
	[lock]=clean
	["clean crm"]=clean
	["clean revenue"]=clean
	["clean device"]=clean
	["clean usage"]=clean
	["join subscribers"]=clean
	["check health"]=detector
	["expected revenue"]=model
	[fit]=detector
	[score]=detector
	["describe users"]=model
	[publish]=datasets
	[reconcile]=datasets)

# Loads the three files of directory $1 into the mart in the fastest way (docs/loading.md).  Two sessions have about the
# same amount of work; the second loads the rest of crm into a child table.
load_ours()
{
	local crm=$1/crm1.csv cut other
	cut=$(line_end "$crm" $(($(stat -c %s "$crm") * 53 / 100)))
	sql -c "CREATE TABLE $mart.crm_rest () INHERITS ($mart.crm)"
	load_frozen crm "PROGRAM $(quoted "dd if=${crm@Q} bs=1M iflag=count_bytes,fullblock count=$cut status=none")" \
		revenue "$(quoted "$1/rev1.csv")" &
	other=$!
	# the empty line takes the place of the header that COPY skips
	load_frozen crm_rest "PROGRAM $(quoted "echo; dd if=${crm@Q} bs=1M iflag=skip_bytes skip=$cut status=none")" \
		device "$(quoted "$1/device1.csv")"
	wait "$other"
}

# load_frozen TABLE SOURCE...: truncates and fills the tables in one transaction; the server reads the files, as the rivals do
load_frozen()
{
	local statements=BEGIN
	while [ $# -gt 0 ]; do
		statements+="; TRUNCATE ONLY $mart.$1; COPY $mart.$1 FROM $2 (FORMAT csv, HEADER, FREEZE)"
		shift 2
	done
	sql -c "$statements; COMMIT"
}

# an SQL literal
quoted()
{
	printf "'%s'" "${1//\'/\'\'}"
}

drop_ours()
{
	sql -c "DROP SCHEMA IF EXISTS $mart CASCADE"
}

# writes the outputs to compare to directory $1; not timed
write_ours()
{
	local out=$1
	write_csv "$out/users.csv" "
		SELECT msisdn, gender, birth_year, age, age_group, region, segment, revenue_segment, mobile_type, status,
			brand, model, os, tenure_weeks, tenure_band, first_week, last_week, active_weeks, missing_weeks, zero_weeks,
			activity_level, usage, total_revenue, average_weekly_revenue, revenue_band, expected_revenue, gap,
			peer_group, peers, peer_level, credibility, high_usage_low_revenue::text AS high_usage_low_revenue
		FROM $mart.users"
	write_csv "$out/user_weeks.csv" "
		SELECT msisdn, week_number, present::text AS present, revenue, expected_revenue, gap
		FROM $mart.user_weeks"
	write_csv "$out/cells.csv" "
		SELECT segment, age_group, gender, mobile_type, status, sum(subscribers) AS subscribers
		FROM $mart.subscriber_cell
		GROUP BY segment, age_group, gender, mobile_type, status"
	write_csv "$out/cube.csv" "
		SELECT segment, revenue_segment, age_group, region, gender, activity_level, revenue_band, week_number,
			active_users, revenue_users, total_revenue, expected_revenue, gap
		FROM $mart.leakage_cube"
	write_csv "$out/trend.csv" "
		SELECT week_number, segment, age_group, region, gender, activity_level, revenue_band, active_users,
			total_revenue, expected_revenue
		FROM $mart.weekly_trend"
	write_csv "$out/funnel.csv" "
		SELECT stage, segment, age_group, region, gender, activity_level, revenue_band, users
		FROM $mart.funnel
		WHERE stage <> 'Leakage'"
	write_csv "$out/counts.csv" "
		SELECT file, rule AS measure, rows AS value
		FROM $mart.data_quality
		WHERE file IN ('crm', 'device', 'revenue')
			AND (rule IN ('rows_in', 'rows_refused', 'rows_accepted', 'rows_duplicate') OR file = 'revenue' AND rule LIKE 'refused%')"
}

run_ours()
{
	local data=$1 out=$2 start step seconds total steps=0 cpu
	drop_ours
	sql -c 'CREATE EXTENSION IF NOT EXISTS leakage' -c CHECKPOINT

	cpu=$(cpu_used)
	start=$EPOCHREALTIME
	sql -c "CALL leakage_create_mart('$mart')"
	load_ours "$data"
	print_stage load "$start"

	start=$EPOCHREALTIME
	sql -c "CALL leakage_refresh('$mart')" 2> >(sed '/^INFO/d' >&2)
	sql -c "\\copy (TABLE $mart.final_leakage_data) to '$out/final_leakage_data.csv' csv header"
	total=$(since "$start")
	print_cpu "$cpu"

	while IFS='|' read -r step seconds; do
		[ -n "${stage_of_step[$step]:-}" ] ||
			die "test/bench/main_ours.sh has no stage for the step $step of run_log"
		echo "stage ${stage_of_step[$step]} $seconds"
		steps="$steps + $seconds"
	done < <(sql -At -c "SELECT s.key, s.value FROM $mart.run_log AS l, json_each_text(l.steps::json) AS s")
	# the export, and the time of the refresh outside its steps
	awk "BEGIN { print \"stage datasets\", $total - ($steps) }"
	write_ours "$out"
	time_loader "$data"
}

# The load that the README tells, next to the fastest: of the same files, into the same tables.
time_loader()
{
	local start
	sql -c "DROP TABLE $mart.crm_rest; TRUNCATE $mart.crm, $mart.device, $mart.revenue" -c CHECKPOINT
	start=$EPOCHREALTIME
	"$top/src/bin/leakage-load" --quiet --schema="$mart" "$1/crm1.csv" "$1/device1.csv" "$1/rev1.csv"
	print_stage loader "$start"
}
