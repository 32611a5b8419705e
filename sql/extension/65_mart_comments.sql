-- ---------------------------------------------------------------------------
-- What the columns of a mart mean, as comments, which psql, BI tools, and data
-- catalogs show.  docs/reference.md says the same.  All texts are ASCII, so they fit
-- any database encoding.
-- ---------------------------------------------------------------------------

-- Every meaning once: of a column in the given relations or, if none are given, in all
-- published views without a meaning of their own.
CREATE FUNCTION _leakage.column_meanings()
	RETURNS TABLE (column_name name, relations name[], meaning text)
	LANGUAGE sql IMMUTABLE PARALLEL SAFE ROWS 130
BEGIN ATOMIC
	VALUES
		-- users, and columns that other views share with it
		('msisdn'::name, NULL::name[], 'identifier of the user, cleaned'),
		('gender', NULL, 'Female, Male or Unknown'),
		('birth_year', NULL, 'year of birth; NULL where unknown or implausible'),
		('age', NULL, 'age in years: the option as_of_year minus birth_year; NULL where unknown'),
		('age_group', NULL, 'band of age, with the bounds of the option age_bands; Unknown where the age is unknown'),
		('age_group_order', NULL, 'sorts age_group'),
		('region', NULL, 'region, from the landing table subscriber_attribute; else Unknown'),
		('segment', NULL, 'the CRM''s value_segment, standardized'),
		('revenue_segment', NULL, 'Low, Medium, High, Very High: quartiles of average_weekly_revenue'),
		('revenue_segment_order', NULL, 'sorts revenue_segment'),
		('mobile_type', NULL, 'the CRM''s mobile_type, standardized'),
		('status', NULL, 'the CRM''s system_status, standardized: ACTIVE, IDLE, SUSPEND, DEACTIVE, OTHER'),
		('brand', NULL, 'brand of the best device row; Unknown without one'),
		('model', NULL, 'model of the best device row; Unknown without one'),
		('os', NULL, 'operating system of the best device row; Unknown without one'),
		('tenure_weeks', NULL, 'whole weeks since activated_on; where that is unknown, weeks from the first to the last with a row'),
		('tenure_band', NULL, 'band of tenure_weeks, with the bounds of the option tenure_bands'),
		('tenure_band_order', NULL, 'sorts tenure_band'),
		('first_week', NULL, 'smallest week_number with a row'),
		('last_week', NULL, 'largest week_number with a row'),
		('active_weeks', NULL, 'number of weeks with a row, including revenue 0'),
		('missing_weeks', NULL, 'number of weeks without a row between the first and the last, except weeks of common absence and weeks of refused rows'),
		('zero_weeks', NULL, 'number of weeks with a row and revenue 0'),
		('activity_level', NULL, 'Low, Medium, High: share of the weeks that have a row, with the bounds of the option activity_levels'),
		('activity_level', '{kpi,activity_levels,funnel}', 'Low, Medium, High: share of the weeks that have a row, with the bounds of the option activity_levels; None for subscribers without revenue rows'),
		('activity_level_order', NULL, 'sorts activity_level'),
		('usage', NULL, 'number of sessions if the landing table usage has any; otherwise active_weeks'),
		('total_revenue', NULL, 'revenue received, in units of the currency'),
		('average_weekly_revenue', NULL, 'total_revenue / active_weeks, in units of the currency, six decimal places'),
		('revenue_band', NULL, 'band of the user''s total revenue, with the bounds of the option revenue_bands'),
		('revenue_band', '{kpi,revenue_bands,funnel}', 'band of the user''s total revenue, with the bounds of the option revenue_bands; None for subscribers without revenue rows'),
		('revenue_band_order', NULL, 'sorts revenue_band'),
		('expected_revenue', NULL, 'what peers would have brought in, in units of the currency'),
		('gap', NULL, 'expected_revenue minus revenue, in units of the currency; includes chance, so it is not leakage'),
		('leaked', NULL, 'whether the user is reported as leaking'),
		('leakage', NULL, 'expected amount of leaked money, in units of the currency; 0 for users who are not reported as leaking'),
		('leakage_score', NULL, '0 to 100: what to look at first'),
		('leak_probability', NULL, 'probability of a leak, 0 to 1; with the closed form, a bound'),
		('reason', NULL, 'why the user leaks: missing_weeks, zero_weeks, drop, underbilled; none where not leaked'),
		('severity', NULL, 'of the user, by leakage / expected_revenue: Low, Medium from 0.15, High from 0.3, Critical from 0.5; None where not leaked'),
		('severity_order', NULL, 'sorts severity'),
		('flagged', NULL, 'whether the user passed the decision, before the options money_floor and tolerance'),
		('amount', NULL, 'money that leaked if the most likely reason is true, in units of the currency'),
		('expected_leak', NULL, 'probability-weighted leak, in units of the currency, whether or not the user is reported'),
		('change_week', NULL, 'first week after the drop; NULL for other reasons'),
		('change_factor', NULL, 'factor that revenue was multiplied by; NULL unless the reason is drop or underbilled'),
		('peer_group', NULL, 'values of the option peer_dimensions, joined by slashes'),
		('peers', NULL, 'number of users in the peer cell that the expectation is based on'),
		('peer_level', NULL, 'level that the expectation comes from: all, group, blend, cell'),
		('credibility', NULL, 'weight of the cell''s own experience, 0 to 1'),
		('high_usage_low_revenue', NULL, 'whether the original rule marks the user: active_weeks at or above P75 and average_weekly_revenue at or below P25'),
		('payment_class', NULL, 'how the user pays: weekly, regular (every second, third, or further week), irregular, rarely_billed (once or twice), never_billed; or excluded'),
		('withheld', NULL, 'whether the user seems to leak but is not reported, since too many users seem to leak in the same way, or do not look like leaks'),
		('refused_rows', NULL, 'number of the user''s revenue rows that were refused; the weeks that they are in are no evidence'),
		('event_id', NULL, 'number of the event that most probably explains the user''s amounts; NULL for none'),
		('event_id', '{events}', 'number of the event, starting at 1; each refresh assigns new numbers'),

		('excluded', NULL, 'whether the user is not judged, because each week with a row is excluded by the landing table exclusion; then nothing is expected of the user'),
		('exclusion_reason', NULL, 'reason given in the landing table exclusion, also where it excludes only some weeks; NULL where the user is not in it'),

		-- weeks, and users by week
		('rank', NULL, 'rank of the user: 1 has the largest leakage'),
		('week_number', NULL, 'week, as in the file; the year and ISO week of a day; or year and month, as the option week_format says'),
		('week_start', NULL, 'first day of the week, a Monday, or of the month; NULL where the year is unknown'),
		('week_order', NULL, 'ascends with time'),
		('week_label', NULL, 'Week 22, or Week 2018-22 if the weeks have years; Month 2018-07 if they are months'),
		('present', NULL, 'whether the user has a row in this week'),
		('revenue', NULL, 'revenue of the week, in units of the currency; 0 where there is no row'),
		('concerned', NULL, 'whether the reason of a leaking user concerns this week'),

		-- counts of users, and sets of weeks
		('subscribers', '{kpi}', 'number of subscribers in the CRM, with or without revenue'),
		('subscribers', '{kpi_weeks}', 'number of users between their first and last week'),
		('active_users', NULL, 'number of users with a row, including revenue 0'),
		('revenue_users', NULL, 'number of users with revenue above 0'),
		('leaked_users', NULL, 'number of users who are reported as leaking'),
		('leaked_users', '{leakage_cube,kpi_weeks,conversion}', 'number of users who are reported as leaking and have a leak in the week'),
		('high_usage_low_revenue_users', NULL, 'number of users that the original rule marks'),
		('leaked_users_revenue', NULL, 'revenue of users who are reported as leaking, in units of the currency'),
		('counted', NULL, 'what is counted, as in kpi_weeks: subscribers, active_users, revenue_users, leaked_users, high_usage_low_revenue_users'),
		('block', NULL, 'number of a block of weeks, 1 to 16, in the order of time'),
		('value', NULL, 'a value that the column of the block in kpi_blocks has'),
		('users', '{weeks}', 'number of users with a row in the week, including revenue 0'),
		('users', '{kpi_blocks}', 'number of users who count in exactly these weeks'),
		('users', '{funnel,funnel_weeks}', 'number of subscribers at this stage'),
		('users', '{run_log}', 'number of users scored'),
		('users', '{events}', 'number of users whose amounts most probably changed in the event'),

		-- the datasets of single visuals
		('stage', '{funnel}', 'Total (all subscribers), Active (with a revenue row), Revenue (above 0), Leakage'),
		('stage', '{funnel_weeks}', 'Total (between first and last week), Active (with a row), Revenue (above 0), Leakage (in the week)'),
		('stage_order', NULL, 'sorts stage'),
		('leakage_share', NULL, 'leakage / expected_revenue, as a share (not %), four decimal places; 0 where nothing is expected'),
		('kind', NULL, 'Collected or Leaked'),
		('kind', '{events}', 'drop; rise; late: a drop in one of the last two weeks of the mart, as of weeks that are delivered in part'),
		('factor', '{events}', 'what amounts were multiplied by: the median of the users in the event'),
		('money', '{events}', 'what the event took from these users, or brought (below 0), in units of the currency; in no other total'),
		('kind_order', NULL, 'sorts kind'),
		('amount', '{revenue_split}', 'money collected or leaked, depending on kind, in units of the currency'),
		('users_revenue', NULL, 'revenue of the users without leakage (Collected) or with leakage (Leaked), in units of the currency'),
		('worst_rank', NULL, 'rank of the segment and week: 1 converts worst'),
		('segment_week_revenue_rate', NULL, 'revenue users / active users of the whole segment and week, 0 to 1, four decimal places; NULL without active users'),
		('segment_week_leak_rate', NULL, 'leaked users / active users of the whole segment and week, as a share (not %), four decimal places; NULL without active users'),

		-- whether the numbers can be trusted
		('file', NULL, 'landing table'),
		('rule', NULL, 'what was counted: rows_in, rows_accepted, rows_refused, rows_duplicate, refused_ and a reason, or the name of a cleaning rule'),
		('rows', NULL, 'number of rows, users or weeks that the rule applied to'),
		('share', NULL, 'rows / rows_in of the file, 0 to 1, four decimal places'),
		('rejected_id', NULL, 'number of the row, starting at 1'),
		('msisdn', '{rejected_rows}', 'identifier, cleaned; NULL where missing or too long'),
		('reason', '{rejected_rows}', 'why the row was refused, such as amount_negative: the reasons are in docs/rules.md'),
		('content', NULL, 'the row as it came, as JSON'),
		('check_name', NULL, 'what is compared'),
		('check_name', '{run_health}', 'what is checked, such as refused_rows: the checks are in docs/rules.md'),
		('value', '{run_health}', 'what was found: a share, 0 to 1, or a number, as docs/rules.md says'),
		('limit_value', NULL, 'limit of the value'),
		('verdict', NULL, 'ok; look: somebody should look into it; bad: the run was published by force'),
		('advice', NULL, 'what was found, and what to do; empty where the verdict is ok'),
		('left_value', NULL, 'value from one way of counting'),
		('right_value', NULL, 'value from the other way of counting'),
		('difference', NULL, 'left_value minus right_value, with all decimal places of the file'),
		('ok', NULL, 'whether the two are equal to the last digit'),
		('run_id', NULL, 'number of the run, starting at 1'),
		('started_at', NULL, 'when the refresh began, in UTC'),
		('finished_at', NULL, 'when the refresh ended, in UTC'),
		('duration_seconds', NULL, 'seconds that the refresh took'),
		('crm_rows', NULL, 'number of rows of the landing table crm'),
		('device_rows', NULL, 'number of rows of the landing table device'),
		('revenue_rows', NULL, 'number of rows of the landing table revenue'),
		('user_weeks', NULL, 'number of weeks of users that were scored, including missing weeks'),
		('reason', '{run_reasons}', 'way to leak: missing_weeks, zero_weeks, drop, or underbilled'),
		('flagged', '{run_reasons}', 'number of users who are reported for this reason, before money floor and tolerance'),
		('withheld', '{run_reasons}', 'number of users who seem to leak for this reason and are withheld'),
		('state', NULL, 'clean (they look like leaks), doubt (nearly not), few (too few to check), kinds (some do not look like leaks), bulk (too many for leaks), off (not checked)'),
		('credible', NULL, 'whether the false discovery rate of the option fdr can be promised for these users'),
		('fdr_credible', NULL, 'whether the false discovery rate of the option fdr can be promised for this run: see run_reasons'),
		('method_changed', NULL, 'whether version, options, or model_method differ from those of the run before, so that totals can shift'),
		('finding_id', NULL, 'number of the finding, starting at 1'),
		('reason', '{findings}', 'way in which the users seem to leak'),
		('feature', NULL, 'what the users have in common; users: there are too many of them'),
		('value', '{findings}', 'value or range of the feature'),
		('seen', NULL, 'number of such users who seem to leak, each counted with the probability of a leak'),
		('expected', NULL, 'number of such users that there would be if all who seem to leak looked like leaks'),
		('money', NULL, 'expected amount of leaked money of these users if they leak, in units of the currency; in no total'),
		('verdict', '{findings}', 'what to check'),
		('model_method', NULL, 'how users were assessed: likelihood or closed_form; NULL without users'),
		('options', NULL, 'all options of the run, as JSON'),
		('steps', NULL, 'seconds of each step, as JSON'),
		('extension_version', NULL, 'version of the extension that ran'),
		('server_version', NULL, 'version of the PostgreSQL server that ran it'),
		('forced', NULL, 'whether the run was published although a health check was bad'),

		-- landing tables
		('msisdn', '{crm,device,revenue,subscriber_attribute,usage,exclusion}', 'identifier of the subscriber; case does not matter'),
		('gender', '{crm}', 'Female, Male, F, M, and misspellings of these; anything else is Unknown'),
		('year_of_birth', '{crm}', 'year of birth, four digits'),
		('system_status', '{crm}', 'ACTIVE, IDLE, SUSPEND or DEACTIVE; anything else is OTHER'),
		('mobile_type', '{crm}', 'kind of contract, such as Prepaid'),
		('value_segment', '{crm}', 'segment of the subscriber, such as Tier_3'),
		('imei_tac', '{device}', 'type allocation code of the handset, plain or hashed'),
		('brand_name', '{device}', 'brand of the handset'),
		('model_name', '{device}', 'model of the handset'),
		('os_name', '{device}', 'operating system of the handset'),
		('os_vendor', '{device}', 'vendor of the operating system'),
		('week_number', '{revenue,usage}', 'week of the year, year and ISO week, year and month, or a day, as the option week_format says'),
		('revenue_usd', '{revenue}', 'amount in units of the currency, 0 or more; amounts of the same subscriber and week are added'),
		('region', '{subscriber_attribute}', 'region of the subscriber'),
		('activated_on', '{subscriber_attribute}', 'activation date, YYYY-MM-DD'),
		('sessions', '{usage}', 'number of sessions in the week, a whole number, 0 or more'),
		('reason', '{exclusion}', 'why the user is not judged, as you want to read it'),
		('from_week', '{exclusion}', 'first week that is not judged, as in revenue; nothing for all weeks up to to_week'),
		('dimension', '{known_event}', 'all, or what value is a value of: segment, mobile_type, age_group, gender, region, status, brand, os'),
		('value', '{known_event}', 'value of the users that the event is for, as in users; case does not matter'),
		('from_week', '{known_event}', 'first week of the event, as in revenue; nothing for all weeks up to to_week'),
		('to_week', '{known_event}', 'last week of the event, as in revenue; nothing for all weeks from from_week on'),
		('factor', '{known_event}', 'what expected revenue is multiplied by, 0.001 to 1000; nothing where the weeks are not judged'),
		('note', '{known_event}', 'what happened, as you want to read it'),
		('to_week', '{exclusion}', 'last week that is not judged, as in revenue; nothing for all weeks from from_week on')
	UNION ALL
	SELECT pg_catalog.format('block_%s', n), NULL,
		pg_catalog.format('the weeks of block %s in which the users count, as bits; block_weeks lists the weeks of each value', n)
	FROM pg_catalog.generate_series(1, 16) AS n;
END;
COMMENT ON FUNCTION _leakage.column_meanings() IS
	'what the columns of a mart mean: in the given relations, or in all other published views';

CREATE PROCEDURE _leakage.comment_columns(mart name)
	LANGUAGE plpgsql
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	described record;
BEGIN
	FOR described IN
		SELECT DISTINCT ON (r.place, a.attnum) r.name AS relation, a.attname AS column_name, m.meaning
		FROM _leakage.mart_relations() AS r
			JOIN pg_attribute AS a ON a.attrelid = to_regclass(format('%I.%I', mart, r.name))
			JOIN _leakage.column_meanings() AS m ON m.column_name = a.attname
		WHERE r.name = ANY (m.relations)
			OR (m.relations IS NULL AND r.kind IN ('detail', 'dataset', 'view'))
		ORDER BY r.place, a.attnum, m.relations IS NULL	-- a meaning for this relation comes first
	LOOP
		EXECUTE format('COMMENT ON COLUMN %I.%I.%I IS %L',
			mart, described.relation, described.column_name, described.meaning);
	END LOOP;
END;
$$;
COMMENT ON PROCEDURE _leakage.comment_columns(name) IS
	'part of leakage_create_mart: the comments of the columns of landing tables and published views';
