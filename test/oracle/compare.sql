-- compare.sql: compares the oracle's answers with the mart's, column by column.
--
--   psql -X -f compare.sql [-v mart=telecom] [-v oracle=oracle] [-v decision=0] [-v counts=0] [-v rejected=0]
--
-- Run it after oracle.sql and decision.sql. It prints one row per dataset and column with the number of differing rows (IS
-- DISTINCT FROM) among those on both sides. Lines in parentheses are rows on one side only and repeated keys. It fails (psql
-- exits with 3) on any difference, on a dataset without rows, and if a column named in part 2 is missing on either side.
-- decision=0, counts=0, and rejected=0 leave out those datasets; the last line counts the columns that were compared.

\set ON_ERROR_STOP on
\set QUIET on
\if :{?mart}      \else \set mart      telecom  \endif
\if :{?oracle}    \else \set oracle    oracle   \endif
\if :{?decision}  \else \set decision  1        \endif
\if :{?counts}    \else \set counts    1        \endif
\if :{?rejected}  \else \set rejected  1        \endif

set client_min_messages = warning;
set work_mem = '256MB';
set jit = off;

-- ---------------------------------------------------------------- 1. the two sides of each dataset: only this part uses names of the mart

create temp view mart_users as
select * from :"mart".users;
create temp view oracle_users as
select * from :"oracle".users;

create temp view mart_user_weeks as
select * from :"mart".user_weeks;
create temp view oracle_user_weeks as
select * from :"oracle".user_weeks;

\if :decision
create temp view mart_decision as
select * from :"mart".users;
create temp view oracle_decision as
select * from :"oracle".decision;

create temp view mart_decision_week as
select * from :"mart".user_weeks;
create temp view oracle_decision_week as
select * from :"oracle".decision_week;
\endif

-- reconciliation(check_name, left_value, right_value, difference, ok): the oracle computes both values of each.
\if :counts
create temp view oracle_counts as
with f as
(
    select * from :"oracle".file_counts
),
a as
(
    select * from :"oracle".amounts
)
select 'rows of ' || file || ' = accepted + refused + duplicates' as check_name,
       rows_in::numeric(28,6)                                    as left_value,
       (accepted + refused + duplicates)::numeric(28,6)          as right_value,
       true                                                      as ok
from f
union all
select 'refused rows of ' || file || ' = rows kept in rejected_rows',
       refused::numeric(28,6),
       refused::numeric(28,6),
       true
from f
union all
select 'accepted revenue = users + orphans',
       (in_file - refused - duplicates - rounding - below_zero)::numeric(28,6),
       (users + orphans)::numeric(28,6),
       true
from a
union all
select 'revenue of the file = accepted + refused + duplicates + rounding + below zero',
       in_file::numeric(28,6),
       (users + orphans + refused + duplicates + rounding + below_zero)::numeric(28,6),
       true
from a
union all
select 'credits of the file = netted + refused',
       credits::numeric(28,6),
       credits::numeric(28,6),
       true
from a;

create temp view mart_counts as
select check_name,
       left_value,
       right_value,
       ok
from :"mart".reconciliation
where check_name in (select check_name from oracle_counts);
\endif

\if :rejected
create temp view oracle_rejected as
select * from :"oracle".rejected;

create temp view mart_rejected as
select file,
       reason,
       count(*) as rows
from :"mart".rejected_rows
group by file,
         reason;
\endif

-- ---------------------------------------------------------------- 2. what must be compared

create temp table dataset (n serial, name text, keys text[], columns text[]);
insert into dataset (name, keys, columns) values
    ('users', '{msisdn}',
     '{gender,birth_year,age,age_group,region,segment,revenue_segment,mobile_type,status,brand,os,tenure_weeks,tenure_band,first_week,last_week,
       active_weeks,activity_level,usage,total_revenue,average_weekly_revenue,revenue_band,expected_revenue,gap,peer_group,peers,peer_level,credibility,
       high_usage_low_revenue,refused_rows,excluded,exclusion_reason}'),
    ('user_weeks', '{msisdn,week_number}', '{week_start,present,revenue,expected_revenue,gap}');
\if :decision
insert into dataset (name, keys, columns) values
    ('decision', '{msisdn}', '{leaked,leakage,severity}'),
    ('decision_week', '{msisdn,week_number}', '{leakage}');
\endif
\if :counts
insert into dataset (name, keys, columns) values
    ('counts', '{check_name}', '{left_value,right_value,ok}');
\endif
\if :rejected
insert into dataset (name, keys, columns) values
    ('rejected', '{file,reason}', '{rows}');
\endif

create temp table result (dataset text, "column" text, rows bigint, differing bigint);

-- ---------------------------------------------------------------- 3. the comparison

do $$
declare
    d        record;
    c        text;
    missing  text[];
    present  text[];
    joined   text;
    counted  bigint[];
    repeated bigint;
    i        int;
begin
    for d in select * from dataset order by n loop
        present := '{}';
        missing := '{}';
        foreach c in array d.columns loop
            if (select count(*)
                from pg_attribute
                where attrelid in (to_regclass('pg_temp.mart_' || d.name), to_regclass('pg_temp.oracle_' || d.name))
                  and attname = c
                  and attnum > 0) = 2
            then
                present := present || c;
            else
                missing := missing || c;
            end if;
        end loop;

        select string_agg(format('o.%1$I = m.%1$I', k), ' and ') into joined from unnest(d.keys) as k;

        -- one pass: rows on both sides, rows on one side, and differing rows per column
        execute format('select array[count(*) filter (where o.here and m.here),
                                     count(*) filter (where o.here is null),
                                     count(*) filter (where m.here is null)%s]
                        from (select true as here, * from oracle_%I) o
                        full join (select true as here, * from mart_%I) m on %s',
                       (select coalesce(string_agg(format(', count(*) filter (where o.here and m.here and o.%1$I is distinct from m.%1$I)', p), '' order by n), '')
                        from unnest(present) with ordinality as t (p, n)),
                       d.name, d.name, joined)
        into counted;

        for i in 1 .. cardinality(present) loop
            insert into result values (d.name, present[i], counted[1], counted[3 + i]);
        end loop;
        insert into result values (d.name, '(rows only in the mart)', null, counted[2]),
                                  (d.name, '(rows only in the oracle)', null, counted[3]);

        execute format('select count(*) - count(distinct (%s)) from mart_%I',
                       (select string_agg(quote_ident(k), ', ') from unnest(d.keys) as k), d.name)
        into repeated;
        insert into result values (d.name, '(keys that repeat in the mart)', null, repeated);

        insert into result
        select d.name, '(missing column) ' || m, null, 1
        from unnest(missing) as m;
    end loop;
end
$$;

select dataset,
       "column",
       rows,
       differing
from result;

select count(*) filter (where rows is not null)                                   as compared,
       (select sum(cardinality(columns)) from dataset)                            as expected,
       coalesce(sum(differing), 0)                                                as differences,
       coalesce(sum(differing), 0) > 0
       or count(*) filter (where rows > 0) < (select sum(cardinality(columns)) from dataset) as failed
from result
\gset

\echo oracle: :compared columns compared, :differences differences
\if :failed
select format('oracle and mart disagree: %s of %s columns compared, of them %s with no rows; %s differences',
              :compared, :expected, (select count(*) from result where rows = 0), :differences) as message
\gset
\set VERBOSITY terse
select set_config('oracle.message', :'message', false) as ignored
\gset
do $$ begin raise exception '%', current_setting('oracle.message'); end $$;
\endif
