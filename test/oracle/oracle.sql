-- oracle.sql: docs/rules.md, sections 1 to 3, again, in plain SQL.
--
-- Reads the landing tables of a mart and computes what the mart must publish, without using the extension.
-- It is written for comparison with rules.md by eye: each part below names the section that it restates.
-- Arithmetic is exact (numeric). Only quartiles are double precision, as in rules.md.
--
--   psql -X -f oracle.sql [-v mart=telecom] [-v oracle=oracle] [-v as_of_year=2018] ...
--
-- Any option of the mart can be given with -v; arrays are written as '{18,25}'. The oracle schema is dropped and created
-- again. Its tables: users, user_weeks, file_counts, rejected, amounts, subscriber_cells, and intermediate steps.

\set ON_ERROR_STOP on
\set QUIET on

\if :{?mart}              \else \set mart              telecom                          \endif
\if :{?oracle}            \else \set oracle            oracle                           \endif
\if :{?as_of_year}        \else \set as_of_year        2018                             \endif
\if :{?year}              \else \set year              ''                               \endif
\if :{?week_format}       \else \set week_format       week                             \endif
\if :{?duplicates}        \else \set duplicates        count_once                       \endif
\if :{?credits}           \else \set credits           refuse                           \endif
\if :{?min_age}           \else \set min_age           10                               \endif
\if :{?max_age}           \else \set max_age           110                              \endif
\if :{?age_bands}         \else \set age_bands         '{18,25,35,45,55,65}'            \endif
\if :{?tenure_bands}      \else \set tenure_bands      '{5,9,14,27,53}'                 \endif
\if :{?revenue_bands}     \else \set revenue_bands     '{50,100,150,200,300}'           \endif
\if :{?activity_levels}   \else \set activity_levels   '{0.5,0.9}'                      \endif
\if :{?peer_dimensions}   \else \set peer_dimensions   '{segment,mobile_type,age_group}' \endif
\if :{?min_peers}         \else \set min_peers         30                               \endif

set client_min_messages = warning;
drop schema if exists :"oracle" cascade;
create schema :"oracle";
set search_path = :"oracle";
set work_mem = '256MB';
set jit = off;

create table options as
select :'as_of_year'::int                     as as_of_year,
       nullif(:'year', '')::int               as year,
       :'week_format'::text                   as week_format,
       :'duplicates'::text                    as duplicates,
       :'credits'::text                       as credits,
       :'min_age'::int                        as min_age,
       :'max_age'::int                        as max_age,
       :'age_bands'::numeric[]                as age_bands,
       :'tenure_bands'::numeric[]             as tenure_bands,
       :'revenue_bands'::numeric[]            as revenue_bands,
       :'activity_levels'::numeric[]          as activity_levels,
       :'peer_dimensions'::text[]             as peer_dimensions,
       :'min_peers'::bigint                   as min_peers;


-- ---------------------------------------------------------------- words of the rules

-- White space of 1.1: space, tab, CR, LF, vertical tab, form feed. NULL if nothing is left.
create function trimmed(text) returns text immutable parallel safe language sql as
$$ select nullif(btrim($1, E' \t\r\n\x0B\x0C'), '') $$;

-- 1.1
create function clean_msisdn(text) returns text immutable parallel safe language sql as
$$ select case when octet_length(trimmed($1)) <= 1000 then lower(trimmed($1) collate "C") end $$;
create function msisdn_fault(text) returns text immutable parallel safe language sql as
$$
    select case
               when trimmed($1) is null then 'msisdn_missing'
               when octet_length(trimmed($1)) > 1000 then 'msisdn_too_long'
           end
$$;

-- Trimmed, with each run of white space replaced by one space, cut to 200 characters, trimmed again. NULL if nothing is left.
create function spaced(text) returns text immutable parallel safe language sql as
$$ select rtrim(left(nullif(btrim(regexp_replace($1, E'[ \t\r\n\x0B\x0C]+', ' ', 'g'), ' '), ''), 200), ' ') $$;

-- Title case of a label (1.2), letter by letter.
create function title_case(text) returns text immutable parallel safe language sql as
$$
    with letter as
    (
        select n,
               c,
               lag(c) over (order by n) as before
        from unnest(string_to_array($1, null)) with ordinality as t (c, n)
    )
    select string_agg(case
                          when before ~ '[A-Za-z0-9]' or ascii(before) >= 128 then lower(c collate "C")
                          else upper(c collate "C")
                      end,
                      '' order by n)
    from letter
$$;

-- Without the difference between upper and lower case, for the letters of the traps.
create function folded(text) returns text immutable parallel safe language sql as
$$ select translate(lower($1 collate "C"), 'ÀÁÂÄÅÆÇÈÉÊËÎÏÑÓÖØÙÚÜÝŁŚŠŽİΑΒΣΆςАБВДЖЯЁ', 'àáâäåæçèéêëîïñóöøùúüýłśšžİαβσάσабвджяё') $$;

-- Division of whole numbers, rounded half away from zero; b > 0.
create function round_div(a numeric, b numeric) returns numeric immutable parallel safe language sql as
$$ select sign(a) * div(2 * abs(a) + b, 2 * b) $$;

-- The bands of an ascending list of cuts; lower ends are included. `lowest` names the first band: 'under' or 'range'.
create function band(x numeric, cuts numeric[], lowest text, whole boolean) returns text immutable parallel safe language sql as
$$
    select case
               when x < cuts[1] and lowest = 'under' then 'Under ' || cuts[1]
               when x < cuts[1] then '0-' || (cuts[1] - whole::int)
               when x >= cuts[cardinality(cuts)] then cuts[cardinality(cuts)] || '+'
               else (
                   select cuts[i] || '-' || (cuts[i + 1] - whole::int)
                   from generate_subscripts(cuts, 1) as i
                   where x >= cuts[i]
                     and x < cuts[i + 1]
               )
           end
$$;

-- 1.5: a valid date YYYY-MM-DD from 1900 to 2200, otherwise NULL. Called for distinct texts only.
-- Not in SQL, because the planner may compute make_date for values that WHERE excludes (PostgreSQL 18 does).
create function date_or_null(text) returns date immutable parallel safe language plpgsql as
$$
declare
    y          int;
    m          int;
    d          int;
    first_day  date;
begin
    if $1 is null or $1 !~ '^[0-9]{4}-[0-9]{2}-[0-9]{2}$' then
        return null;
    end if;
    y := left($1, 4);
    m := substr($1, 6, 2);
    d := substr($1, 9, 2);
    if y not between 1900 and 2200 or m not between 1 and 12 then
        return null;
    end if;
    first_day := make_date(y, m, 1);
    if d not between 1 and extract(day from first_day + interval '1 month' - interval '1 day') then
        return null;
    end if;
    return first_day + (d - 1);
end
$$;


-- A whole number as some programs write it, 22.0, without the decimal places.
create function whole(text) returns text immutable parallel safe language sql as
$$ select regexp_replace($1, '^([+-]?[0-9]+)[.]0+$', '\1') $$;

-- The text of a week as calendar has it, or NULL if it cannot be one; and why.
create function week_word(word text, week_format text) returns text immutable parallel safe language sql as
$$
    select case
               when week_format = 'date' then to_char(date_or_null(word), 'YYYY-MM-DD')
               when whole(word) !~ '^[0-9]{1,6}$' then null
               when week_format = 'week' then ltrim(whole(word), '0')
               else whole(word)
           end
$$;
create function week_fault(word text, week_format text, period int) returns text immutable parallel safe language sql as
$$
    select case
               when word is null then 'week_missing'
               when week_format = 'date' and date_or_null(word) is null then 'week_not_date'
               when week_word(word, week_format) is null then 'week_not_numeric'
               when period is null then 'week_out_of_range'
           end
$$;


-- ---------------------------------------------------------------- 1.4 weeks: every one that the format allows

-- One row per text that stands for a week. Leading zeros and decimal places of zero are removed before the look-up.
create table calendar as
select w::text                                                           as word,
       w                                                                as week_number,
       w                                                                as period,
       date_trunc('week', make_date(o.year, 1, 4))::date + 7 * (w - 1)  as week_start,
       date_trunc('week', make_date(coalesce(o.year, o.as_of_year), 1, 4))::date + 7 * (w - 1)
                                                                        as first_day,
       date_trunc('week', make_date(coalesce(o.year, o.as_of_year), 1, 4))::date + 7 * (w - 1) + 6
                                                                        as last_day
from options o,
     generate_series(1, 53) as w
where o.week_format = 'week'
union all
select case o.week_format when 'date' then to_char(monday + n * interval '1 day', 'YYYY-MM-DD') else to_char(monday, 'IYYYIW') end,
       to_char(monday, 'IYYYIW')::int,
       (monday::date - date '1970-01-05') / 7,
       monday::date,
       monday::date,
       monday::date + 6
from options o,
     generate_series(date_trunc('week', timestamp '1900-01-04'), timestamp '2200-12-28', '7 days') as monday,
     generate_series(0, case o.week_format when 'date' then 6 else 0 end) as n
where o.week_format in ('yyyyww', 'date')
union all
select to_char(first_day, 'YYYYMM'),
       to_char(first_day, 'YYYYMM')::int,
       (extract(year from first_day) * 12 + extract(month from first_day) - (1970 * 12 + 1))::int,
       first_day::date,
       first_day::date,
       (first_day + interval '1 month')::date - 1
from options o,
     generate_series(timestamp '1900-01-01', timestamp '2200-12-01', '1 month') as first_day
where o.week_format = 'yyyymm';

create unique index on calendar (word);
create index on calendar (period);
analyze calendar;


-- ---------------------------------------------------------------- 1.2 CRM

analyze :"mart".crm;
analyze :"mart".device;
analyze :"mart".revenue;
analyze :"mart".subscriber_attribute;
analyze :"mart".usage;
analyze :"mart".exclusion;
analyze :"mart".known_event;

-- One row per distinct CRM row without its msisdn, cleaned. `place` is its position in the total order of the best row.
create unlogged table crm_kind as
with raw as
(
    select distinct gender, year_of_birth, system_status, mobile_type, value_segment
    from :"mart".crm
),
word as
(
    select raw.*,
           upper(regexp_replace(gender, '[^A-Za-z]', '', 'g') collate "C")  as gender_word,
           trimmed(year_of_birth)                                           as year_word,
           upper(trimmed(system_status) collate "C")                        as status_word
    from raw
),
clean as
(
    select word.*,
           case
               when gender_word in ('F', 'FE', 'FEM', 'FEMA', 'FEMAL', 'FEMALE', 'FEMEL', 'FEMELE', 'FAMALE', 'FEMALEF', 'FEMALEH') then 'Female'
               when gender_word in ('M', 'MA', 'MAL', 'MALE') then 'Male'
               else 'Unknown'
           end as clean_gender,
           case
               when whole(year_word) ~ '^[0-9]{4}$' then
                   case
                       when o.as_of_year - whole(year_word)::int between o.min_age and o.max_age then whole(year_word)::int
                   end
           end as birth_year,
           case status_word
               when 'ACTIVE'      then 'ACTIVE'
               when 'IDLE'        then 'IDLE'
               when 'SUSPEND'     then 'SUSPEND'
               when 'SUSPENDED'   then 'SUSPEND'
               when 'DEACTIVE'    then 'DEACTIVE'
               when 'DEACTIVATE'  then 'DEACTIVE'
               when 'DEACTIVATED' then 'DEACTIVE'
               else 'OTHER'
           end as status,
           o.as_of_year,
           o.age_bands
    from word,
         options o
)
select row_number() over (order by array_position(array['ACTIVE', 'IDLE', 'SUSPEND', 'DEACTIVE', 'OTHER'], status),
                                   clean_gender = 'Unknown',
                                   birth_year is null,
                                   gender         collate "C" nulls last,
                                   year_of_birth  collate "C" nulls last,
                                   system_status  collate "C" nulls last,
                                   mobile_type    collate "C" nulls last,
                                   value_segment  collate "C" nulls last)::int  as place,
       array[gender, year_of_birth, system_status, mobile_type, value_segment]  as raw,
       clean_gender                                                             as gender,
       birth_year,
       as_of_year - birth_year                                                  as age,
       coalesce(band(as_of_year - birth_year, age_bands, 'under', true), 'Unknown') as age_group,
       status,
       coalesce(title_case(spaced(mobile_type)), 'Unknown')                     as mobile_type,
       coalesce(title_case(spaced(value_segment)), 'Unknown')                   as segment
from clean;

analyze crm_kind;

create unlogged table subscriber as
with crm_row as
(
    select clean_msisdn(c.msisdn) as msisdn,
           k.place
    from :"mart".crm c
    join crm_kind k on k.raw = array[c.gender, c.year_of_birth, c.system_status, c.mobile_type, c.value_segment]
)
select msisdn,
       min(place)  as place,
       count(*)    as crm_rows
from crm_row
where msisdn is not null
group by msisdn;

analyze subscriber;


-- ---------------------------------------------------------------- 1.3 device

create unlogged table device as
with clean as materialized
(
    select d.*,
           clean_msisdn(msisdn)                    as id,
           upper(spaced(brand_name) collate "C")   as brand,
           spaced(model_name)                      as model,
           spaced(os_name)                         as os
    from :"mart".device d
)
select distinct on (id)
       id                          as msisdn,
       coalesce(brand, 'Unknown')  as brand,
       coalesce(model, 'Unknown')  as model,
       coalesce(os, 'Unknown')     as os
from clean
where id is not null
order by id,
         brand is null,
         os is null,
         imei_tac    collate "C" nulls last,
         brand_name  collate "C" nulls last,
         model_name  collate "C" nulls last,
         os_name     collate "C" nulls last,
         os_vendor   collate "C" nulls last;

analyze device;


-- ---------------------------------------------------------------- 1.4 revenue

-- Each row of the file with the first reason to refuse it, or none. (Materialized, so that each text is read once.)
create unlogged table revenue_row as
with word as materialized
(
    select clean_msisdn(msisdn)                     as msisdn,
           msisdn_fault(msisdn)                     as no_msisdn,
           trimmed(week_number)                     as week_word,
           trimmed(revenue_usd)                     as amount_word,
           lower(trimmed(revenue_usd) collate "C") as lower_word
    from :"mart".revenue
),
kind as materialized
(
    select word.*,
           week_word(week_word, o.week_format) as week_key,
           o.week_format,
           case
               when amount_word is null then 'amount_missing'
               when lower_word = 'nan' then 'amount_nan'
               when lower_word in ('inf', '+inf', '-inf', 'infinity', '+infinity', '-infinity') then 'amount_infinite'
               when amount_word !~ '^[+-]?([0-9]+[.]?[0-9]*|[.][0-9]+)([eE][+-]?[0-9]+)?$' then 'amount_not_numeric'
               when length(amount_word) > 400 then 'amount_not_numeric'
           end as no_amount
    from word,
         options o
),
split as materialized
(
    select kind.*,
           case
               when no_amount is null then split_part(lower_word, 'e', 1)::numeric
           end as mantissa,
           case
               when no_amount is null then coalesce(nullif(split_part(lower_word, 'e', 2), '')::numeric, 0)
           end as exponent
    from kind
),
number as materialized
(
    -- decimal places count as written: 1.0e-1000 has 1,001. With more than 1,000 of them, or above 10^1000, there is no amount,
    -- not even for sums.
    select split.*,
           case
               when no_amount is not null then null
               when scale(mantissa) - exponent > 1000 then null
               when mantissa = 0 then 0
               when exponent > 1000 then null
               else amount_word::numeric
           end as amount
    from split
)
select n.msisdn,
       c.week_number,
       c.period,
       n.amount,
       case
           when n.no_msisdn is not null then n.no_msisdn
           when c.period is null then week_fault(n.week_word, n.week_format, c.period)
           when n.no_amount is not null then n.no_amount
           when n.amount is null or abs(n.amount) >= 1e12 then 'amount_out_of_range'
           when n.mantissa < 0 and o.credits = 'refuse' then 'amount_negative'
       end as reason
from number n
cross join options o
left join calendar c on c.word = n.week_key;

-- A user and week whose different amounts add up to 10^12 or more is refused as a whole.
update revenue_row r
set reason = 'week_total_out_of_range'
from
(
    select msisdn,
           week_number
    from
    (
        select msisdn,
               week_number,
               trim_scale(amount) as amount,
               case when o.duplicates = 'add' then count(*) else 1 end as n
        from revenue_row
        cross join options o
        where reason is null
        group by 1, 2, 3, o.duplicates
    ) different
    group by msisdn, week_number
    having abs(sum(n * round(amount, 6))) >= 1e12
) excess
where r.reason is null
  and r.msisdn = excess.msisdn
  and r.week_number = excess.week_number;

-- Rows with the same msisdn, week, and amount count once, or are added.
create unlogged table revenue_accepted as
select msisdn,
       week_number,
       period,
       trim_scale(amount) as amount,
       row_number() over (partition by msisdn, week_number, trim_scale(amount)) as copy
from revenue_row
where reason is null;

delete from revenue_accepted
where copy > 1
  and (select duplicates from options) = 'count_once';

analyze revenue_accepted;

-- Refused rows of a msisdn by week; without a week, it is one that cannot be read.
create unlogged table revenue_refused as
select msisdn,
       period,
       count(*) as rows
from revenue_row
where reason is not null
  and msisdn is not null
group by msisdn, period;

-- One row per msisdn and week, including orphans; y in micro-units.
create unlogged table revenue_week as
select r.msisdn,
       r.week_number,
       r.period,
       greatest(trunc(sum(round(r.amount, 6)) * 1000000), 0)  as y,
       least(sum(round(r.amount, 6)), 0)                      as below_zero,
       sum(r.amount)                             as exact_amount,
       s.msisdn is not null                      as is_user
from revenue_accepted r
left join subscriber s on s.msisdn = r.msisdn
group by r.msisdn, r.week_number, r.period, s.msisdn;

-- Weeks that are not judged: those of refused rows, and those below zero.
create unlogged table revenue_unjudged as
select msisdn, period from revenue_refused
union
select msisdn, period from revenue_week where below_zero < 0;

analyze revenue_week;
analyze revenue_refused;
analyze revenue_unjudged;


-- ---------------------------------------------------------------- 1.5 optional tables

-- Like crm_kind: one row per distinct row without its msisdn, and its position in the order of the best row.
create unlogged table attribute_kind as
with raw as
(
    select distinct region, activated_on
    from :"mart".subscriber_attribute
),
clean as materialized
(
    select raw.*,
           spaced(region)                        as spelling,
           date_or_null(trimmed(activated_on))   as activated
    from raw
)
select row_number() over (order by spelling is null,
                                   activated is null,
                                   region        collate "C" nulls last,
                                   activated_on  collate "C" nulls last)::int  as place,
       array[region, activated_on]                                             as raw,
       spelling,
       activated                                                               as activated_on
from clean;

analyze attribute_kind;

create unlogged table attribute_row as
select clean_msisdn(a.msisdn) as msisdn,
       msisdn_fault(a.msisdn) as reason,
       k.place
from :"mart".subscriber_attribute a
join attribute_kind k on k.raw = array[a.region, a.activated_on];

create unlogged table region_spelling as
select folded,
       (array_agg(spelling order by rows desc, spelling collate "C"))[1] as region
from
(
    select folded(k.spelling)  as folded,
           k.spelling,
           count(*)                       as rows
    from attribute_row a
    join attribute_kind k on k.place = a.place
    where a.msisdn is not null
      and k.spelling is not null
    group by k.spelling
) counted
group by folded;

create unlogged table attribute as
with best as
(
    select msisdn,
           min(place) as place
    from attribute_row
    where msisdn is not null
    group by msisdn
)
select b.msisdn,
       coalesce(r.region, 'Unknown') as region,
       k.activated_on
from best b
join attribute_kind k on k.place = b.place
left join region_spelling r on r.folded = folded(k.spelling);

analyze attribute;

create unlogged table usage_row as
with word as
(
    select clean_msisdn(msisdn)    as msisdn,
           msisdn_fault(msisdn)    as no_msisdn,
           trimmed(week_number)    as week_word,
           whole(trimmed(sessions)) as sessions_word
    from :"mart".usage
),
number as
(
    select word.*,
           week_word(week_word, o.week_format) as week_key,
           o.week_format,
           ltrim(sessions_word, '+-0') as digits
    from word,
         options o
)
select n.msisdn,
       c.week_number,
       case
           when sessions_word ~ '^[+-]?[0-9]+$' and length(digits) <= 13 then sessions_word::numeric
       end as sessions,
       case
           when n.no_msisdn is not null then n.no_msisdn
           when c.period is null then week_fault(n.week_word, n.week_format, c.period)
           when n.sessions_word is null then 'sessions_missing'
           when n.sessions_word !~ '^[+-]?[0-9]+$' then 'sessions_not_numeric'
           when n.sessions_word ~ '^-' and n.digits <> '' then 'sessions_out_of_range'
           when length(n.digits) > 13 or ('0' || n.digits)::numeric > 1e12 then 'sessions_out_of_range'
       end as reason
from number n
left join calendar c on c.word = n.week_key;

create unlogged table usage_accepted as
select msisdn,
       week_number,
       sessions,
       row_number() over (partition by msisdn, week_number, sessions) as copy
from usage_row
where reason is null;

delete from usage_accepted
where copy > 1
  and (select duplicates from options) = 'count_once';

analyze usage_accepted;


-- A week, or NULL if the text is not a week.
create function week_number(text) returns int stable parallel safe language sql as
$$ select c.week_number from calendar c, options o where c.word = week_word(trimmed($1), o.week_format) $$;

-- Why from_week and to_week are refused; nothing is a week, too.
create function span_fault(from_week text, to_week text) returns text stable parallel safe language sql as
$$
    select case
               when trimmed(from_week) is not null and week_number(from_week) is null then week_fault(trimmed(from_week), o.week_format, null)
               when trimmed(to_week) is not null and week_number(to_week) is null then week_fault(trimmed(to_week), o.week_format, null)
               when week_number(from_week) > week_number(to_week) then 'weeks_reversed'
           end
    from options o
$$;

create unlogged table exclusion_row as
select clean_msisdn(msisdn)                                         as msisdn,
       spaced(reason)                                              as given,
       week_number(from_week)                                      as from_week,
       week_number(to_week)                                        as to_week,
       coalesce(msisdn_fault(msisdn), span_fault(from_week, to_week)) as reason
from :"mart".exclusion;

create unlogged table exclusion_accepted as
select distinct
       msisdn,
       given,
       from_week,
       to_week
from exclusion_row
where reason is null;

create unlogged table event_row as
with word as
(
    select lower(spaced(dimension) collate "C")  as dimension,
           lower(spaced(value) collate "C")      as value,
           from_week,
           to_week,
           lower(trimmed(factor))                as factor_word
    from :"mart".known_event
),
number as materialized
(
    select word.*,
           case
               when factor_word = 'nan' then 'factor_nan'
               when factor_word in ('inf', '+inf', '-inf', 'infinity', '+infinity', '-infinity') then 'factor_infinite'
               when factor_word !~ '^[+-]?([0-9]+[.]?[0-9]*|[.][0-9]+)(e[+-]?[0-9]{1,3})?$' then 'factor_not_numeric'
           end as no_factor
    from word
)
select dimension,
       case when dimension <> 'all' then value end  as value,
       week_number(from_week)                       as from_week,
       week_number(to_week)                         as to_week,
       case when no_factor is null then round(factor_word::numeric, 6) end as factor,
       case
           when dimension is null then 'dimension_missing'
           when dimension not in ('all', 'segment', 'mobile_type', 'age_group', 'gender', 'region', 'status', 'brand', 'os') then 'dimension_unknown'
           when dimension <> 'all' and value is null then 'value_missing'
           when span_fault(from_week, to_week) is not null then span_fault(from_week, to_week)
           when no_factor is not null then no_factor
           when abs(factor_word::numeric) >= 1e12 then 'factor_out_of_range'
           when factor_word::numeric < 0 then 'factor_negative'
           when factor_word::numeric not between 0.001 and 1000 then 'factor_out_of_range'
       end as reason
from number;

-- More than 1,000 events are for test/t/047_known.pl.
create unlogged table event_accepted as
select distinct
       dimension,
       value,
       from_week,
       to_week,
       factor
from event_row
where reason is null;


-- ---------------------------------------------------------------- counts of sections 1.1 to 1.5

create table rejected as
select 'crm' as file, msisdn_fault(msisdn) as reason, count(*) as rows from :"mart".crm where msisdn_fault(msisdn) is not null group by 2
union all
select 'device', msisdn_fault(msisdn), count(*) from :"mart".device where msisdn_fault(msisdn) is not null group by 2
union all
select 'revenue', reason, count(*) from revenue_row where reason is not null group by reason
union all
select 'subscriber_attribute', reason, count(*) from attribute_row where reason is not null group by reason
union all
select 'usage', reason, count(*) from usage_row where reason is not null group by reason
union all
select 'exclusion', reason, count(*) from exclusion_row where reason is not null group by reason
union all
select 'known_event', reason, count(*) from event_row where reason is not null group by reason;

delete from rejected where rows = 0;

create table file_counts as
with kept (file, rows_in, accepted) as
(
    select 'crm', (select count(*) from :"mart".crm), (select count(*) from subscriber)
    union all
    select 'device', (select count(*) from :"mart".device), (select count(*) from device)
    union all
    select 'revenue', (select count(*) from :"mart".revenue), (select count(*) from revenue_accepted)
    union all
    select 'subscriber_attribute', (select count(*) from :"mart".subscriber_attribute), (select count(*) from attribute)
    union all
    select 'usage', (select count(*) from :"mart".usage), (select count(*) from usage_accepted)
    union all
    select 'exclusion', (select count(*) from :"mart".exclusion), (select count(*) from exclusion_accepted)
    union all
    select 'known_event', (select count(*) from :"mart".known_event), (select count(*) from event_accepted)
)
select k.file,
       k.rows_in,
       k.accepted,
       coalesce(sum(r.rows), 0)::bigint                           as refused,
       (k.rows_in - k.accepted - coalesce(sum(r.rows), 0))::bigint as duplicates
from kept k
left join rejected r on r.file = k.file
group by k.file, k.rows_in, k.accepted;

-- in_file = users + orphans + refused + duplicates + rounding + below_zero. Amounts out of range count in none of them.
create table amounts as
with file as
(
    select coalesce(sum(amount), 0)                                   as in_file,
           coalesce(sum(amount) filter (where reason is not null), 0)  as refused,
           coalesce(sum(amount) filter (where reason is null), 0)      as before_duplicates,
           coalesce(sum(amount) filter (where amount < 0), 0)          as credits
    from revenue_row
    where abs(amount) < 1000000000000
),
week as
(
    select coalesce(sum(y) filter (where is_user), 0) * 0.000001      as users,
           coalesce(sum(y) filter (where not is_user), 0) * 0.000001  as orphans,
           coalesce(sum(below_zero), 0)                              as below_zero,
           coalesce(sum(exact_amount), 0)                            as exact_amount
    from revenue_week
)
select in_file,
       trim_scale(users)                             as users,
       trim_scale(orphans)                           as orphans,
       refused,
       before_duplicates - exact_amount              as duplicates,
       exact_amount - trim_scale(users + orphans + below_zero) as rounding,
       below_zero,
       credits
from file,
     week;

-- All subscribers, with or without revenue.
create table subscriber_cells as
select k.segment,
       k.age_group,
       coalesce(a.region, 'Unknown') as region,
       k.gender,
       k.mobile_type,
       k.status,
       count(*)                      as subscribers
from subscriber s
join crm_kind k on k.place = s.place
left join attribute a on a.msisdn = s.msisdn
group by 1, 2, 3, 4, 5, 6;


-- ---------------------------------------------------------------- 2. features of a user

create unlogged table feature as
with mart as
(
    select count(distinct r.period)                             as weeks,
           max(c.last_day)                                      as last_day,
           exists (select from usage_accepted)                  as has_usage
    from revenue_week r
    join calendar c on c.period = r.period
    where r.is_user
),
sessions as
(
    select msisdn,
           sum(sessions) as sessions
    from usage_accepted
    group by msisdn
),
total as
(
    select msisdn,
           min(week_number)                     as first_week,
           max(week_number)                     as last_week,
           min(period)                          as first_period,
           max(period)                          as last_period,
           count(*)                             as active_weeks,
           sum(y)                               as y
    from revenue_week
    where is_user
    group by msisdn
),
joined as
(
    select t.*,
           k.gender,
           k.birth_year,
           k.age,
           k.age_group,
           coalesce(a.region, 'Unknown')                     as region,
           k.segment,
           k.mobile_type,
           k.status,
           coalesce(d.brand, 'Unknown')                      as brand,
           coalesce(d.os, 'Unknown')                         as os,
           case
               when a.activated_on is not null then greatest(floor((m.last_day - a.activated_on) / 7.0), 0)::int
               else (
                   select (max(c.last_day) + 1 - min(c.first_day)) / 7
                   from calendar c
                   where c.period in (t.first_period, t.last_period)
               )
           end                                               as tenure_weeks,
           case
               when t.active_weeks < o.activity_levels[1] * m.weeks then 'Low'
               when t.active_weeks < o.activity_levels[2] * m.weeks then 'Medium'
               else 'High'
           end                                               as activity_level,
           case
               when m.has_usage then coalesce(s.sessions, 0)
               else t.active_weeks
           end                                               as usage,
           round(t.y * 0.000001, 6)                           as total_revenue,
           round(round_div(t.y, t.active_weeks) * 0.000001, 6) as average_weekly_revenue,
           o.tenure_bands,
           o.revenue_bands
    from total t
    join subscriber b on b.msisdn = t.msisdn
    join crm_kind k on k.place = b.place
    left join device d on d.msisdn = t.msisdn
    left join attribute a on a.msisdn = t.msisdn
    left join sessions s on s.msisdn = t.msisdn
    cross join mart m
    cross join options o
),
quartile as
(
    select percentile_cont(array[0.25, 0.5, 0.75]) within group (order by average_weekly_revenue::double precision)  as average,
           percentile_cont(0.75) within group (order by active_weeks::double precision)                              as busy
    from joined
)
select j.*,
       band(j.tenure_weeks, j.tenure_bands, 'range', true)     as tenure_band,
       band(j.total_revenue, j.revenue_bands, 'range', false)  as revenue_band,
       case
           when average_weekly_revenue::double precision <= q.average[1] then 'Low'
           when average_weekly_revenue::double precision <= q.average[2] then 'Medium'
           when average_weekly_revenue::double precision <= q.average[3] then 'High'
           else 'Very High'
       end                                                     as revenue_segment,
       active_weeks >= q.busy
       and average_weekly_revenue::double precision <= q.average[1] as high_usage_low_revenue
from joined j,
     quartile q;

analyze feature;


-- ---------------------------------------------------------------- 3. expected revenue

-- Each user's peer cell, and the cell's group.
create unlogged table peer as
with named as materialized
(
    select msisdn,
           to_jsonb(f) as columns
    from feature f
),
chosen as
(
    select msisdn,
           array(select columns ->> d from options o, unnest(o.peer_dimensions) with ordinality as t (d, n) order by n) as cell
    from named
)
select msisdn,
       cell,
       dense_rank() over (order by cell)     as c,
       dense_rank() over (order by cell[1])  as g
from chosen;

analyze peer;

create aggregate product(numeric) (sfunc = numeric_mul, stype = numeric);

-- What is known of a user's weeks: whether the list excludes them, and the factor of the events; without one, they are not judged.
create unlogged table known_week as
with week as
(
    select distinct
           week_number,
           period
    from revenue_week
    where is_user
),
of_user as
(
    select f.msisdn,
           f.first_period,
           f.last_period,
           e.factor,
           e.from_week,
           e.to_week,
           false as excluded
    from feature f
    join event_accepted e on e.dimension = 'all'
                          or e.value = lower(case e.dimension
                                                 when 'segment' then f.segment
                                                 when 'mobile_type' then f.mobile_type
                                                 when 'age_group' then f.age_group
                                                 when 'gender' then f.gender
                                                 when 'region' then f.region
                                                 when 'status' then f.status
                                                 when 'brand' then f.brand
                                                 when 'os' then f.os
                                             end collate "C")
    union all
    select f.msisdn,
           f.first_period,
           f.last_period,
           null,
           x.from_week,
           x.to_week,
           true
    from feature f
    join exclusion_accepted x on x.msisdn = f.msisdn
)
select k.msisdn,
       w.period,
       bool_or(k.excluded)                                                       as excluded,
       bool_or(k.factor is null)                                                 as unjudged,
       least(greatest(round(product(k.factor), 6), 0.000001), 1000000) * 1000000 as millionths
from of_user k
join week w on w.period between k.first_period and k.last_period
           and w.week_number >= coalesce(k.from_week, 0)
           and w.week_number <= coalesce(k.to_week, 999999)
group by k.msisdn, w.period;

create unlogged table excluded_user as
select r.msisdn
from revenue_week r
left join known_week k on k.msisdn = r.msisdn and k.period = r.period
where r.is_user
group by r.msisdn
having bool_and(coalesce(k.excluded, false));

-- One row for each of the mart's weeks from a user's first to last. received is what came in, y what counts for the peers.
create unlogged table spine as
with week as
(
    select distinct period
    from revenue_week
    where is_user
)
select f.msisdn,
       p.c,
       p.g,
       t.period,
       coalesce(r.y, 0)          as received,
       coalesce(k.millionths, 1000000) as millionths,
       round_div(coalesce(r.y, 0) * 1000000, trunc(coalesce(k.millionths, 1000000))) as y,
       r.msisdn is not null      as present,
       not coalesce(k.unjudged, false)
       and x.msisdn is null
       and (r.msisdn is not null or z.msisdn is null) as judged
from feature f
join peer p on p.msisdn = f.msisdn
join week t on t.period between f.first_period and f.last_period
left join revenue_week r on r.msisdn = f.msisdn and r.period = t.period
left join revenue_unjudged x on x.msisdn = f.msisdn and x.period = t.period
left join revenue_unjudged z on z.msisdn = f.msisdn and z.period is null
left join known_week k on k.msisdn = f.msisdn and k.period = t.period;

analyze spine;

-- Step 1: a(w).
create unlogged table week_all as
select period,
       case
           when count(*) filter (where y > 0 and judged) > 0
           then round_div(sum(y) filter (where judged), count(*) filter (where y > 0 and judged))
           else 0
       end as a
from spine
group by period;

-- Input of steps 2 and 3, at the level of groups (base a) and of cells (base s): one row per user whose base is above 0.
create unlogged table base_sum
(
    level   text,
    unit    bigint,
    msisdn  text,
    y       numeric,
    base    numeric
);

-- Steps 2 and 3 at one level, in whole numbers: S = 2^32 stands for 1. Z = z_up / z_down; f is F in units of 1/S.
-- With n of all users, V = ssw / n and A = a_up / a_down.
create function factors(which text) returns table (unit bigint, n bigint, r numeric, z_up numeric, z_down numeric, f numeric) stable language sql as
$$
    with one as
    (
        select 4294967296::numeric as s
    ),
    by_user as
    (
        select unit,
               least(round_div(y * s, base), 65536 * s) as r
        from base_sum,
             one
        where level = which
    ),
    by_unit as
    (
        select unit,
               count(*)                                           as n,
               least(round_div(sum(y) * s, sum(base)), 65536 * s) as r
        from base_sum,
             one
        where level = which
        group by unit, s
    ),
    within as
    (
        select sum((u.r - t.r) * (u.r - t.r)) as ssw
        from by_user u
        join by_unit t on t.unit = u.unit
    ),
    between_units as
    (
        select sum(n)                        as n,
               count(*)                      as c,
               sum(n * (r - s) * (r - s))    as ssb,
               sum(n::numeric * n)           as nn
        from by_unit,
             one
    ),
    variance as
    (
        select n,
               ssw,
               greatest(n * ssb - (c - 1) * ssw, 0)  as a_up,
               n * n - nn                            as a_down
        from within,
             between_units
    ),
    belief as
    (
        select t.unit,
               t.n,
               t.r,
               case when v.a_up = 0 or v.a_down = 0 then 0 else t.n * v.a_up * v.n end                     as z_up,
               case when v.a_up = 0 or v.a_down = 0 then 1 else t.n * v.a_up * v.n + v.ssw * v.a_down end  as z_down
        from by_unit t,
             variance v
    )
    select unit,
           n,
           r,
           trunc(z_up),
           trunc(z_down),
           round_div(trunc(s * z_down + z_up * (r - s)), trunc(z_down))
    from belief,
         one
$$;

insert into base_sum
select 'group', s.g, s.msisdn, sum(s.y), sum(w.a)
from spine s
join week_all w on w.period = s.period
where s.y > 0
  and s.judged
  and w.a > 0
group by s.g, s.msisdn;

create unlogged table group_factor as
select * from factors('group');

-- s(g,w), and whether the group had enough amounts of its own.
create unlogged table week_group as
with counted as
(
    select g,
           period,
           coalesce(sum(y) filter (where judged), 0)   as y,
           count(*) filter (where y > 0 and judged)    as positive
    from spine
    group by g, period
)
select k.g,
       k.period,
       k.positive >= o.min_peers and k.positive > 0 as own,
       case
           when k.positive >= o.min_peers and k.positive > 0 then round_div(k.y, k.positive)
           else round_div(w.a * coalesce(f.f, 4294967296), 4294967296)
       end as s
from counted k
join week_all w on w.period = k.period
left join group_factor f on f.unit = k.g
cross join options o;

analyze week_group;

insert into base_sum
select 'cell', s.c, s.msisdn, sum(s.y), sum(w.s)
from spine s
join week_group w on w.g = s.g and w.period = s.period
where s.y > 0
  and s.judged
  and w.s > 0
group by s.c, s.msisdn;

create unlogged table cell_factor as
select * from factors('cell');

-- Step 4.
create unlogged table expected as
select s.msisdn,
       s.period,
       s.present,
       s.judged,
       s.received as y,
       round_div(round_div(w.s * coalesce(f.f, 4294967296), 4294967296) * trunc(s.millionths), 1000000)  as e,
       w.own
from spine s
join week_group w on w.g = s.g and w.period = s.period
left join cell_factor f on f.unit = s.c;

analyze expected;

-- Common absence: n users are around a week, and m of them have no row in it. p is the share m/n of all other weeks.
create table common_absence as
with bounds as
(
    select msisdn,
           min(period) as first_period,
           max(period) as last_period
    from expected
    where present
      and judged
    group by msisdn
),
week as
(
    select e.period,
           count(*)                                as n,
           count(*) filter (where not e.present)   as m
    from expected e
    join bounds b on b.msisdn = e.msisdn
    where e.period > b.first_period
      and e.period < b.last_period
      and e.judged
      and e.period in (select period from expected where present and judged)
    group by e.period
),
usual as
(
    select week.*,
           (sum(m) over () - m)::numeric / nullif(sum(n) over () - n, 0) as p
    from week
)
select period
from usual
where m >= 10
  and m - n * p > n * p / 2
  and (m - n * p) ^ 2 > 9 * n * p * (1 - p)
union
select period
from expected
group by period
having not bool_or(present and judged);

update expected
set e = 0
where not judged
   or (not present and period in (select period from common_absence));

create unlogged table user_weeks as
select e.msisdn,
       c.week_number,
       c.week_start,
       e.present,
       round(e.y * 0.000001, 6)          as revenue,
       round(e.e * 0.000001, 6)          as expected_revenue,
       round((e.e - e.y) * 0.000001, 6)  as gap
from expected e
join (select distinct period, week_number, week_start from calendar) c on c.period = e.period;

analyze user_weeks;

create unlogged table users as
with total as
(
    select msisdn,
           sum(e)       as e,
           sum(y)       as y,
           bool_or(own) as own
    from expected
    group by msisdn
)
select f.msisdn,
       f.gender,
       f.birth_year,
       f.age,
       f.age_group,
       f.region,
       f.segment,
       f.revenue_segment,
       f.mobile_type,
       f.status,
       f.brand,
       f.os,
       f.tenure_weeks,
       f.tenure_band,
       f.first_week,
       f.last_week,
       f.active_weeks,
       f.activity_level,
       f.usage,
       f.total_revenue,
       f.average_weekly_revenue,
       f.revenue_band,
       coalesce(n.refused_rows, 0)                                as refused_rows,
       u.msisdn is not null                                       as excluded,
       x.exclusion_reason,
       round(t.e * 0.000001, 6)                                    as expected_revenue,
       round((t.e - t.y) * 0.000001, 6)                            as gap,
       array_to_string(p.cell, ' / ')                             as peer_group,
       coalesce(z.n, 0)                                           as peers,
       case
           when cardinality(o.peer_dimensions) = 0 or not t.own then 'all'
           when coalesce(z.z_up, 0) = 0 then 'group'
           when 2 * z.z_up >= z.z_down then 'cell'
           else 'blend'
       end                                                        as peer_level,
       round(round_div(coalesce(z.z_up, 0) * 10000, coalesce(z.z_down, 1)) * 0.0001, 4) as credibility,
       f.high_usage_low_revenue
from feature f
join total t on t.msisdn = f.msisdn
join peer p on p.msisdn = f.msisdn
left join cell_factor z on z.unit = p.c
left join (select msisdn, sum(rows) as refused_rows from revenue_refused group by msisdn) n on n.msisdn = f.msisdn
left join excluded_user u on u.msisdn = f.msisdn
left join
(
    select msisdn,
           coalesce(min(coalesce(given, 'no reason given') collate "C") filter (where from_week is null and to_week is null),
                    min(coalesce(given, 'no reason given') collate "C")) as exclusion_reason
    from exclusion_accepted
    group by msisdn
) x on x.msisdn = f.msisdn
cross join options o;

analyze users;

\echo oracle of schema :mart created in schema :oracle
select * from file_counts order by file;
reset search_path;
