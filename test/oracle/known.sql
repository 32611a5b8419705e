-- known.sql: answers to some of the traps, worked out by hand. They check the oracle itself, so that oracle and mart cannot
-- agree on the same mistake. Run it after traps.sql and oracle.sql with their defaults (as_of_year 2018, min_age 10, max_age
-- 110, weeks 1 to 53). -v oracle=... names the schema.

\set ON_ERROR_STOP on
\set QUIET on
\if :{?oracle} \else \set oracle oracle \endif
set client_min_messages = warning;
set search_path = :"oracle";

create temp table known (msisdn text, field text, value text);
insert into known values
    -- 1.2: every valid spelling; the four that name both; other alphabets
    ('gender-01', 'gender', 'Unknown'), ('gender-02', 'gender', 'Male'),    ('gender-03', 'gender', 'Female'),  ('gender-06', 'gender', 'Unknown'),
    ('gender-07', 'gender', 'Male'),    ('gender-11', 'gender', 'Female'),  ('gender-14', 'gender', 'Unknown'), ('gender-16', 'gender', 'Female'),
    ('gender-20', 'gender', 'Female'),  ('gender-22', 'gender', 'Female'),  ('gender-27', 'gender', 'Female'),  ('gender-28', 'gender', 'Female'),
    ('gender-29', 'gender', 'Female'),  ('gender-30', 'gender', 'Female'),  ('gender-35', 'gender', 'Female'),  ('gender-36', 'gender', 'Female'),
    ('gender-37', 'gender', 'Unknown'), ('gender-38', 'gender', 'Unknown'), ('gender-39', 'gender', 'Male'),    ('gender-40', 'gender', 'Unknown'),
    ('gender-41', 'gender', 'Male'),    ('gender-57', 'gender', 'Female'),  ('gender-58', 'gender', 'Female'),  ('gender-60', 'gender', 'Female'),
    ('gender-62', 'gender', 'Female'),  ('gender-67', 'gender', 'Male'),    ('gender-68', 'gender', 'Unknown'), ('gender-69', 'gender', 'Unknown'),
    ('gender-70', 'gender', 'Male'),    ('gender-76', 'gender', 'Male'),    ('gender-more-03', 'gender', 'Female'), ('gender-more-06', 'gender', 'Unknown'),
    ('gender-more-08', 'gender', 'Unknown'), ('gender-more-09', 'gender', 'Male'), ('gender-more-14', 'gender', 'Male'),
    -- ages at the limits
    ('year-1907', 'birth_year', null), ('year-1908', 'birth_year', '1908'), ('year-2008', 'age', '10'), ('year-2009', 'age', null),
    ('year-2001', 'age_group', 'Under 18'), ('year-2000', 'age_group', '18-24'), ('year-1993', 'age_group', '25-34'), ('year-1994', 'age_group', '18-24'),
    ('year-1953', 'age_group', '65+'), ('year-1954', 'age_group', '55-64'), ('year-2046', 'age_group', 'Unknown'), ('year-bad-05', 'birth_year', '1982'),
    ('year-bad-07', 'birth_year', '1982'), ('year-bad-14', 'birth_year', null), ('year-bad-16', 'birth_year', null),
    -- status, labels
    ('status-05', 'status', 'ACTIVE'), ('status-10', 'status', 'SUSPEND'), ('status-13', 'status', 'DEACTIVE'), ('status-20', 'status', 'OTHER'),
    ('label-type-07', 'mobile_type', 'Pre Paid'), ('label-type-09', 'mobile_type', 'O''Neil'), ('label-type-11', 'mobile_type', 'Plan3g X'),
    ('label-type-12', 'mobile_type', 'éclair'), ('label-type-14', 'mobile_type', 'NaÏve'), ('label-type-17', 'mobile_type', 'Unknown'),
    ('label-segment-07', 'segment', 'Tier_3'), ('label-segment-10', 'segment', 'Tier 3'), ('label-segment-14', 'segment', 'élite'),
    -- orders
    ('tie-raw-gender', 'birth_year', '1990'), ('tie-raw-gender-2', 'segment', 'Right'), ('tie-raw-status', 'mobile_type', 'Postpaid'),
    ('tie-type', 'mobile_type', 'Zpaid'), ('tie-year-null', 'segment', 'Right'), ('id-one', 'birth_year', '1981'),
    ('tie-status', 'brand', 'APPLE'), ('tie-status', 'os', 'Unknown'), ('tie-gender', 'os', 'iOS'), ('tie-birth', 'brand', 'NOKIA'),
    ('tie-year', 'brand', 'ZOPO'), ('tie-segment', 'os', 'Right'), ('tie-type', 'os', 'Right'), ('tie-type-null', 'os', 'Right'), ('tie-idle', 'os', 'Tizen'),
    ('tie-deactive', 'brand', 'SAM SUNG'), ('tie-deactive', 'os', 'And roid'), ('tie-suspend', 'os', 'Unknown'),
    ('tie-status', 'region', 'North'), ('tie-raw-status', 'region', 'weST'), ('tie-idle', 'region', 'Été'), ('year-1993', 'region', 'NORTH east'),
    -- with weeks 1 to 53, the Sunday of 2018W53 is 2019-01-06
    ('year-1980', 'tenure_weeks', '6209'), ('year-1982', 'tenure_weeks', '0'), ('year-1983', 'tenure_weeks', '2'), ('year-1984', 'tenure_weeks', '1'),
    ('year-1987', 'tenure_weeks', '3'), ('week-whole-year', 'tenure_weeks', '53'), ('week-whole-year', 'tenure_band', '53+'),
    -- amounts
    ('amount-same', 'total_revenue', '15.000000'), ('amount-added', 'total_revenue', '8.750000'), ('amount-round', 'total_revenue', '8.000003'),
    ('amount-half', 'total_revenue', '0.000004'), ('amount-big', 'total_revenue', '123456789012.345678'), ('amount-refused', 'total_revenue', '4.000000'),
    ('amount-forms', 'total_revenue', '1093.140621'), ('amount-zero', 'active_weeks', '4'), ('amount-zero', 'usage', '5'), ('amount-only-zero', 'total_revenue', '0.000000'),
    ('average-half', 'average_weekly_revenue', '0.000001'), ('week-forms', 'active_weeks', '7'), ('week-hole', 'tenure_weeks', '14'),
    ('band-50', 'revenue_band', '50-100'), ('band-49.999999', 'revenue_band', '0-50'), ('band-300', 'revenue_band', '300+'),
    ('amount-same', 'usage', '12'), ('amount-forms', 'usage', '1000000000001'), ('amount-round', 'usage', '0'),
    ('refused-week', 'refused_rows', '2'), ('refused-part', 'refused_rows', '1'), ('refused-unread', 'refused_rows', '1'), ('week-two-a', 'refused_rows', '0'),
    ('amount-tiny', 'active_weeks', '3'), ('cell-empty', 'peer_level', 'group'), ('cell-empty', 'peers', '0'), ('amount-big', 'peer_level', 'all');

create temp table known_week (msisdn text, week_number int, field text, value text);
insert into known_week values
    ('amount-same', 22, 'revenue', '10.000000'), ('amount-added', 23, 'revenue', '2.000000'),
    ('amount-round', 22, 'revenue', '1.000001'), ('amount-round', 24, 'revenue', '1.000000'), ('amount-round', 26, 'revenue', '2.000000'),
    ('refused-week', 24, 'expected_revenue', '0.000000'), ('refused-week', 24, 'present', 'false'),
    ('refused-part', 23, 'expected_revenue', '0.000000'), ('refused-part', 23, 'revenue', '4.000000'),
    ('refused-unread', 23, 'expected_revenue', '0.000000'), ('refused-unread', 23, 'present', 'false'),
    ('week-hole', 25, 'present', 'false'), ('week-hole', 26, 'present', 'true'), ('week-whole-year', 45, 'present', 'false'),
    ('week-whole-year', 45, 'expected_revenue', '0.000000'), ('week-three-a', 45, 'present', 'true'), ('week-three-a', 45, 'expected_revenue', '0.000000');

select k.*, to_jsonb(u) ->> k.field as answered
from known k
left join users u using (msisdn)
where to_jsonb(u) ->> k.field is distinct from k.value
   or u.msisdn is null;

select k.*, to_jsonb(w) ->> k.field as answered
from known_week k
left join user_weeks w using (msisdn, week_number)
where to_jsonb(w) ->> k.field is distinct from k.value
   or w.msisdn is null;

do $$
declare
    wrong bigint;
    asked bigint;
begin
    select count(*), count(*) filter (where to_jsonb(u) ->> k.field is distinct from k.value or u.msisdn is null)
    into asked, wrong
    from known k left join users u using (msisdn);
    wrong := wrong + (select count(*)
                      from known_week k left join user_weeks w using (msisdn, week_number)
                      where to_jsonb(w) ->> k.field is distinct from k.value or w.msisdn is null);
    -- invariants
    wrong := wrong + (select count(*) from amounts where in_file <> users + orphans + refused + duplicates + rounding + below_zero);
    wrong := wrong + (select count(*) from file_counts where rows_in <> accepted + refused + duplicates or duplicates < 0);
    wrong := wrong + (select count(*) from users where gap <> expected_revenue - total_revenue);
    wrong := wrong + (select count(*) from users where msisdn in ('only-refused', 'orphan-1', 'silent-1', 'no-crm-device'));
    -- the weeks of users: 1, 21 to 37, 41, 43 to 45, 53; weeks 2 and 3 belong to orphans only
    wrong := wrong + (select count(*) from user_weeks where msisdn = 'week-whole-year' having count(*) <> 23);
    wrong := wrong + (select count(*) from users where msisdn ~ '^tie-' and segment <> 'Right');
    wrong := wrong + (select count(*) from users u
                      where (total_revenue, expected_revenue, active_weeks) is distinct from
                            (select (sum(revenue), sum(expected_revenue), count(*) filter (where present)) from user_weeks w where w.msisdn = u.msisdn));
    if asked < 90 or wrong > 0 then
        raise exception 'known answers: % asked, % wrong', asked, wrong;
    end if;
end
$$;
\echo known answers: all right
