-- What make demo prints: the headline of a refreshed mart.

\pset footer off

\echo
\echo '== the headline'
SELECT to_char(count(*), 'FM999,999,999') AS users,
       to_char(sum(total_revenue), 'FM$999,999,999,990.00') AS revenue,
       to_char(sum(expected_revenue), 'FM$999,999,999,990.00') AS expected,
       to_char(count(*) FILTER (WHERE leaked), 'FM999,999,990') AS leaked_users,
       to_char(sum(leakage), 'FM$999,999,999,990.00') AS leaked_revenue,
       round(100 * sum(leakage) / nullif(sum(expected_revenue), 0), 2) AS "leakage %",
       to_char(count(*) FILTER (WHERE high_usage_low_revenue), 'FM999,999,990') AS high_usage_low_revenue
  FROM telecom.users;

\echo '== funnel'
SELECT stage, sum(users) AS users
  FROM telecom.funnel
 GROUP BY stage, stage_order
 ORDER BY stage_order;

\echo '== leakage by revenue segment'
SELECT revenue_segment,
       count(*) AS users,
       round(sum(total_revenue), 2) AS revenue,
       count(*) FILTER (WHERE leaked) AS leaked_users,
       round(sum(leakage), 2) AS leaked_revenue,
       round(100 * sum(leakage) / nullif(sum(expected_revenue), 0), 2) AS "leakage %"
  FROM telecom.users
 GROUP BY revenue_segment
 ORDER BY array_position(ARRAY['Low', 'Medium', 'High', 'Very High'], revenue_segment::text);

\echo '== why'
SELECT reason,
       count(*) AS leaked_users,
       round(sum(leakage), 2) AS leaked_revenue
  FROM telecom.users
 WHERE leaked
 GROUP BY reason
 ORDER BY sum(leakage) DESC, reason;

\echo '== who to look at first'
SELECT msisdn, age_group, active_weeks AS weeks, reason, severity,
       round(leakage_score::numeric, 1) AS score,
       round(total_revenue, 2) AS revenue,
       round(expected_revenue, 2) AS expected,
       round(leakage, 2) AS leakage
  FROM telecom.users
 WHERE leaked
 ORDER BY leakage DESC, msisdn
 LIMIT 10;

\echo '== data quality'
SELECT file, rule, rows, round(100 * share, 2) AS "% of the file"
  FROM telecom.data_quality
 WHERE rows > 0;

\echo '== reconciliation'
SELECT check_name, trim_scale(left_value) AS left_value, trim_scale(right_value) AS right_value, ok
  FROM telecom.reconciliation
 ORDER BY ok, check_name;
