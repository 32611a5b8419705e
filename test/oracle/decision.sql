-- decision.sql: docs/rules.md, section 4: who leaks, how much, and how severely.
--
-- The model's results come from the mart: 1 - leak_probability of each user, whether its reason is withheld (the reasons of
-- users who are not reported are not published), and the expected leak of each user and week.
-- Everything that follows from them is computed again here. Run it after oracle.sql, whose expected revenue it uses.
--
--   psql -X -f decision.sql [-v mart=telecom] [-v oracle=oracle] [-v fdr=0.05] [-v money_floor=0] [-v tolerance=0] ...
--
-- week_leak: the column of the mart's user_weeks with the expected leak before the decision. Only for runs with the
-- likelihood method: the closed form of small tables decides by p-values, which the mart does not publish.

\set ON_ERROR_STOP on
\set QUIET on
\if :{?mart}         \else \set mart         telecom        \endif
\if :{?oracle}       \else \set oracle       oracle         \endif
\if :{?fdr}          \else \set fdr          0.05           \endif
\if :{?money_floor}  \else \set money_floor  0              \endif
\if :{?tolerance}    \else \set tolerance    0              \endif
\if :{?week_leak}    \else \set week_leak    expected_leak  \endif

set client_min_messages = warning;
set search_path = :"oracle";
set work_mem = '256MB';
set jit = off;

drop table if exists decision_week, decision, decision_counts;

-- The expected leak of a week, in micro-units.
create unlogged table decision_week as
select msisdn,
       week_number,
       round(coalesce(:"week_leak", 0)::numeric, 6) as expected_leak,
       0::numeric                                   as leakage
from :"mart".user_weeks;

create unlogged table decision as
with leak as
(
    select msisdn,
           sum(expected_leak) as expected_leak
    from decision_week
    group by msisdn
),
judged as
(
    select u.msisdn,
           case when not m.withheld then 1 - m.leak_probability end    as p_no_leak,
           u.expected_revenue,
           coalesce(l.expected_leak, 0)                                as expected_leak
    from users u
    join :"mart".users m on m.msisdn = u.msisdn
    left join leak l on l.msisdn = u.msisdn
),
running as
(
    -- RANGE, not ROWS: users with equal values get the same decision
    select judged.*,
           sum(p_no_leak) over upto   as mean_up,
           count(*) over upto         as mean_down
    from judged
    where p_no_leak is not null
    window upto as (order by p_no_leak range between unbounded preceding and current row)
),
failed as
(
    -- the list ends at the first value that is too large or makes the running mean too large
    select min(p_no_leak) as first
    from running
    where mean_up > :fdr * mean_down
       or p_no_leak > 0.5
),
flagged as
(
    select j.*,
           coalesce(p_no_leak < coalesce(f.first, 2), false) as flagged
    from judged j
    cross join failed f
),
decided as
(
    select flagged.*,
           flagged
           and expected_leak > 0
           and expected_leak >= :money_floor
           and expected_leak >= :tolerance * expected_revenue as leaked
    from flagged
)
select msisdn,
       flagged,
       leaked,
       expected_leak,
       case when leaked then expected_leak else 0 end as leakage,
       case
           when not leaked then 'None'
           when expected_leak >= 0.5 * expected_revenue then 'Critical'
           when expected_leak >= 0.3 * expected_revenue then 'High'
           when expected_leak >= 0.15 * expected_revenue then 'Medium'
           else 'Low'
       end as severity
from decided;

update decision_week w
set leakage = w.expected_leak
from decision d
where d.msisdn = w.msisdn
  and d.leaked
  and w.expected_leak <> 0;

create table decision_counts as
select count(*)                                    as users,
       count(*) filter (where flagged)             as flagged,
       count(*) filter (where leaked)              as leaked,
       count(*) filter (where flagged and not leaked) as flagged_and_left_out,
       coalesce(sum(leakage), 0)                   as leakage
from decision;

analyze decision;
analyze decision_week;
select * from decision_counts;
reset search_path;
