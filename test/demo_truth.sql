-- What make demo prints about generated data: what was planted, and what was found. The temporary table truth has the
-- generator's truth.csv.

\pset footer off

\echo '== what was planted, and what was found'
SELECT coalesce(t.kind, 'nothing') AS planted,
       count(*) AS users,
       count(*) FILTER (WHERE u.leaked) AS called_leaking,
       count(*) FILTER (WHERE u.leaked AND u.reason = t.kind) AS with_that_reason,
       round(coalesce(sum(t.leaked_amount), 0), 2) AS planted_revenue,
       round(coalesce(sum(u.leakage), 0), 2) AS leaked_revenue
  FROM telecom.users u FULL JOIN truth t USING (msisdn)
 GROUP BY t.kind
 ORDER BY t.kind NULLS LAST;
