-- traps.sql: a small landing data set with every trap of docs/rules.md, and about 900 plain users as peers.
--
--   psql -X -f traps.sql [-v mart=telecom] [-v optional=0] [-v yyyyww=1 | -v yyyymm=1 | -v dates=1]
--
-- optional=0 leaves the optional tables empty, as with the published files. yyyyww=1 writes weeks of several
-- years; the plain users then cross a new year. Creates the landing tables if they do not exist.
-- The data are fixed: no random numbers, no current date. Users are named after their trap: 'gender-07', 'tie-year', ...

\set ON_ERROR_STOP on
\set QUIET on
\if :{?mart}      \else \set mart      telecom  \endif
\if :{?optional}  \else \set optional  1        \endif
\if :{?yyyyww}    \else \set yyyyww    0        \endif
\if :{?yyyymm}    \else \set yyyymm    0        \endif
\if :{?dates}     \else \set dates     0        \endif

set client_min_messages = warning;
create schema if not exists :"mart";
create table if not exists :"mart".crm (msisdn text, gender text, year_of_birth text, system_status text, mobile_type text, value_segment text);
create table if not exists :"mart".device (msisdn text, imei_tac text, brand_name text, model_name text, os_name text, os_vendor text);
create table if not exists :"mart".revenue (msisdn text, week_number text, revenue_usd text);
create table if not exists :"mart".subscriber_attribute (msisdn text, region text, activated_on text);
create table if not exists :"mart".usage (msisdn text, week_number text, sessions text);
create table if not exists :"mart".exclusion (msisdn text, reason text, from_week text, to_week text);
create table if not exists :"mart".known_event (dimension text, value text, from_week text, to_week text, factor text, note text);
truncate :"mart".crm, :"mart".device, :"mart".revenue, :"mart".subscriber_attribute, :"mart".usage, :"mart".exclusion, :"mart".known_event;


-- ---------------------------------------------------------------- CRM

-- The 79 spellings of gender of the real file, in the order of their counts.
insert into :"mart".crm
select 'gender-' || lpad(n::text, 2, '0'), gender, '1982', 'ACTIVE', 'Prepaid', 'Tier_3'
from unnest(array[
    null, 'Male', 'Female', 'MALE', 'FEMALE', 'Not Available', 'M', 'male', 'U', 'female', 'F', 'Other', '.', 'N/A', '3', 'Female.',
    '`', ']', '+', 'Female]', 'B', 'FE', '~', '0', 'D', '\\', 'FEMELE', 'Female3', 'FemaleH', 'Female`', 'P', 'S',
    '1', 'A', 'FEMAL', 'FemaleF', 'MFEale', 'MaFEle', 'Mal', 'MalFEe', 'Male.', 'Q', '```',
    '!', '0.0-', '05/01/1958', '11', '16/10', '20/1/1966', '21', '22/8/1980', '25/5/1978', '333', '6', 'A/N', 'DF', 'FAMALE', 'FEMEL',
    'Femal', 'Femal]e', 'Female..', 'Female\\', 'H', 'HOWZ WIFE', 'J', 'K', 'MA', 'MY', 'MaleF', 'Male`', 'O', 'PR', 'TEACHER', 'W',
    '``', 'mALE', 'q', 'qqqq', 'swdwdxw']) with ordinality as t (gender, n);

-- More spellings: letters of other alphabets, which are not ASCII letters; blanks; every other spelling of the list.
insert into :"mart".crm
select 'gender-more-' || lpad(n::text, 2, '0'), gender, '1982', 'ACTIVE', 'Prepaid', 'Tier_3'
from unnest(array[
    '', '   ', ' f e m ', E'\tma\n', 'FEMA', 'FÉMALE', 'fémale', 'Мale', 'MALE ÉÉ', 'ＭＡＬＥ', 'Femaleſ', 'FEMALEFH', 'FEMALEMALE', 'Mｍ',
    repeat('.', 300) || 'M']) with ordinality as t (gender, n);

-- Every year of birth from 1900 to 2046, then values that are not years.
insert into :"mart".crm
select 'year-' || y, 'Male', y::text, 'ACTIVE', 'Prepaid', 'Tier_3'
from generate_series(1900, 2046) as y;

insert into :"mart".crm
select 'year-bad-' || lpad(n::text, 2, '0'), 'Male', y, 'ACTIVE', 'Prepaid', 'Tier_3'
from unnest(array[
    null, '', ' ', ' 1982 ', E'1982\r', E'\x0B1982\x0C', '1982.0', '82', '01982', '19820', '198x', '-1982', '+982', '１９８２', '١٩٨٢', U&'\00A01982',
    '0000', '9999', E'19\n82', '1982-01-01']) with ordinality as t (y, n);

-- status
insert into :"mart".crm
select 'status-' || lpad(n::text, 2, '0'), 'Female', '1990', status, 'Prepaid', 'Tier_3'
from unnest(array[
    null, '', 'ACTIVE', 'active', E' Active\t', 'IDLE', 'Idle', 'SUSPEND', 'SUSPENDED', 'suspended ', 'DEACTIVE', 'DEACTIVATE', 'Deactivated',
    'DEACTIVE.', 'ACTIV', 'OTHER', 'AÇTIVE', U&'\00A0ACTIVE', 'A C T I V E', 'ıdle', 'SUSPENDIERT']) with ordinality as t (status, n);

-- labels: once as mobile_type, once as segment
insert into :"mart".crm
select 'label-type-' || lpad(n::text, 2, '0'), 'Female', '1990', 'ACTIVE', label, 'Tier_3'
from unnest(array[
    null, '', ' ', E'\t\n', 'PREPAID', 'prepaid', E'\tpre\x0Bpaid ', 'pre-paid', 'o''neil', '3g PLAN', 'PLAN3G x', 'éCLAIR', 'ÉCLAIR', 'NAÏVE', 'naïve',
    'ab éb ÀÀb', 'UNKNOWN', 'unknown', 'a  b' || E'\r\n' || ' c', 'tier_a_B.c/D', 'ﬁx', 'ﬁ X', 'ıIiİ', repeat('Ab ', 70), repeat('é', 205), repeat('x', 199) || ' y',
    repeat(' ', 250) || 'q', U&'\00A0nbsp', '日本 abc', '日abc', '😀ab c', 'A|B', 'x / y'])
    with ordinality as t (label, n);

insert into :"mart".crm
select 'label-segment-' || lpad(n::text, 2, '0'), 'Female', '1990', 'ACTIVE', 'Prepaid', label
from unnest(array[
    null, '', E' \x0C', 'TIER_3', 'tier_3', ' Tier_3 ', 'tIER_3', 'Tier 3', 'tier   3', E'tier\t3', 'GOLD', 'gold', 'ÉLITE', 'éLITE', 'Unknown', 'unKNOWN', 'Tier_3 / Prepaid',
    repeat('Long Name ', 30)])
    with ordinality as t (label, n);

-- An identifier with the maximum number of bytes, and one with one byte more, which all landing tables refuse.
insert into :"mart".crm
select repeat('L', n), 'Male', '1980', 'ACTIVE', 'Prepaid', 'Long' from generate_series(1000, 1001) as n;
insert into :"mart".device
select repeat('l', n), 'tac', 'Apple', 'm', 'iOS', 'Apple' from generate_series(1000, 1001) as n;
insert into :"mart".revenue
select repeat('l', n), '30', '7' from generate_series(1000, 1001) as n;
insert into :"mart".subscriber_attribute
select repeat('l', n), 'North', null from generate_series(1000, 1001) as n;
insert into :"mart".usage
select repeat('l', n), '30', '7' from generate_series(1000, 1001) as n;

-- The best row: each pair ties up to the key in its name. The row to choose has segment 'Right', or the comment names it.
insert into :"mart".crm values
    ('tie-status',       'Male',    '1980',   'IDLE',        'Prepaid',  'Wrong'),
    ('tie-status',       null,      null,     'active',      'Prepaid',  'Right'),
    ('tie-status',       'Male',    '1980',   'OTHER',       'Prepaid',  'Wrong'),
    ('tie-suspend',      'Male',    '1980',   'DEACTIVATED', 'Prepaid',  'Wrong'),
    ('tie-suspend',      'Unknown', '1980',   'Suspended',   'Prepaid',  'Right'),
    ('tie-deactive',     'Male',    '1980',   'what',        'Prepaid',  'Wrong'),
    ('tie-deactive',     'Unknown', '3000',   'DEACTIVATE',  'Prepaid',  'Right'),
    ('tie-idle',         'Male',    '1980',   'SUSPEND',     'Prepaid',  'Wrong'),
    ('tie-idle',         '',        '',       'idle ',       'Prepaid',  'Right'),
    ('tie-gender',       'AAA',     '1980',   'ACTIVE',      'Prepaid',  'Wrong'),
    ('tie-gender',       'm',       null,     'ACTIVE',      'Prepaid',  'Right'),
    ('tie-birth',        'FEMALE',  '2046',   'ACTIVE',      'Prepaid',  'Wrong'),
    ('tie-birth',        'Female',  '1980',   'ACTIVE',      'Prepaid',  'Right'),
    ('tie-raw-gender',   'Male',    '1980',   'ACTIVE',      'Prepaid',  'Wrong'),
    ('tie-raw-gender',   'MALE',    '1990',   'ACTIVE',      'Prepaid',  'Right'),   -- byte order: upper case first
    ('tie-raw-gender-2', 'éM',      '1980',   'ACTIVE',      'Prepaid',  'Wrong'),
    ('tie-raw-gender-2', 'zF',      '1980',   'ACTIVE',      'Prepaid',  'Wrong'),   -- zF is not a gender
    ('tie-raw-gender-2', '~M',      '1980',   'ACTIVE',      'Prepaid',  'Right'),   -- byte order: ~ before é
    ('tie-null-gender',  null,      '1980',   'ACTIVE',      'Prepaid',  'Wrong'),   -- '' first, NULL last
    ('tie-null-gender',  'Zz',      '1980',   'ACTIVE',      'Prepaid',  'Wrong'),
    ('tie-null-gender',  '',        '1980',   'ACTIVE',      'Prepaid',  'Right'),
    ('tie-year',         'Male',    '1980',   'ACTIVE',      'Prepaid',  'Wrong'),
    ('tie-year',         'Male',    ' 1985',  'ACTIVE',      'Prepaid',  'Right'),   -- a space before a digit
    ('tie-year-null',    'Male',    null,     'ACTIVE',      'Prepaid',  'Wrong'),
    ('tie-year-null',    'Male',    'zzz',    'ACTIVE',      'Prepaid',  'Wrong'),
    ('tie-year-null',    'Male',    '2046',   'ACTIVE',      'Prepaid',  'Right'),
    ('tie-raw-status',   'Male',    '1980',   'active',      'Prepaid',  'Wrong'),
    ('tie-raw-status',   'Male',    '1980',   'ACTIVE',      'Postpaid', 'Right'),
    ('tie-raw-status-2', 'Male',    '1980',   null,          'Prepaid',  'Wrong'),   -- both OTHER
    ('tie-raw-status-2', 'Male',    '1980',   'zz',          'Postpaid', 'Right'),
    ('tie-type',         'Male',    '1980',   'ACTIVE',      'prepaid',  'Wrong'),
    ('tie-type',         'Male',    '1980',   'ACTIVE',      'Zpaid',    'Right'),
    ('tie-type-null',    'Male',    '1980',   'ACTIVE',      null,       'Wrong'),
    ('tie-type-null',    'Male',    '1980',   'ACTIVE',      '',         'Right'),
    ('tie-segment',      'Male',    '1980',   'ACTIVE',      'Prepaid',  'right'),
    ('tie-segment',      'Male',    '1980',   'ACTIVE',      'Prepaid',  'Right'),
    ('tie-segment',      'Male',    '1980',   'ACTIVE',      'Prepaid',  null),
    ('tie-equal',        'Male',    '1980',   'ACTIVE',      'Prepaid',  'Right'),
    ('tie-equal',        'Male',    '1980',   'ACTIVE',      'Prepaid',  'Right'),
    ('tie-equal',        'Male',    '1980',   'ACTIVE',      'Prepaid',  'Right');

-- msisdn: one subscriber in many spellings; two that only look alike; refused ones
insert into :"mart".crm values
    ('Id-One',                        'X',      '1980', 'ACTIVE', 'Prepaid', 'Wrong'),
    (' ID-ONE',                       'Male',   '1981', 'ACTIVE', 'Prepaid', 'Right'),
    (E'id-one\t\n',                   'X',      null,   'ACTIVE', 'Prepaid', 'Wrong'),
    (E'\x0B\x0C\r id-ONE \x0B\x0C\r', null,     '1980', 'IDLE',   'Prepaid', 'Wrong'),
    ('id-É',                          'Male',   '1980', 'ACTIVE', 'Prepaid', 'Tier_3'),
    ('ID-é',                          'Female', '1980', 'ACTIVE', 'Prepaid', 'Tier_3'),
    (U&'id-nbsp\00A0',                'Male',   '1980', 'ACTIVE', 'Prepaid', 'Tier_3'),
    (U&'\00A0',                       'Male',   '1980', 'ACTIVE', 'Prepaid', 'Tier_3'),
    ('id two',                        'Male',   '1980', 'ACTIVE', 'Prepaid', 'Tier_3'),
    ('id  two',                       'Male',   '1980', 'ACTIVE', 'Prepaid', 'Tier_3'),
    (repeat('LONG', 100),             'Male',   '1980', 'ACTIVE', 'Prepaid', 'Tier_3'),
    ('0042',                          'Male',   '1980', 'ACTIVE', 'Prepaid', 'Tier_3'),
    ('42',                            'Male',   '1980', 'ACTIVE', 'Prepaid', 'Tier_3'),
    (null,                            'Male',   '1980', 'ACTIVE', 'Prepaid', 'Tier_3'),
    ('',                              'Male',   '1980', 'ACTIVE', 'Prepaid', 'Tier_3'),
    (' ',                             'Male',   '1980', 'ACTIVE', 'Prepaid', 'Tier_3'),
    (E' \t\r\n\x0B\x0C',              'Male',   '1980', 'ACTIVE', 'Prepaid', 'Tier_3'),
    (null,                            null,     null,   null,     null,      null);

-- Subscribers without revenue, and the users of the amounts and weeks below.
insert into :"mart".crm
select 'silent-' || n, 'Male', '1975', (array['ACTIVE', 'SUSPEND', 'IDLE', 'x'])[n % 4 + 1], 'Prepaid', 'Tier_3'
from generate_series(1, 20) as n;

insert into :"mart".crm
select id, 'Female', '1976', 'ACTIVE', 'Prepaid', 'Tier_3'
from unnest(array[
    'amount-same', 'amount-added', 'amount-forms', 'amount-round', 'amount-half', 'amount-zero', 'amount-only-zero', 'amount-tiny', 'amount-refused',
    'credit-part', 'credit-below', 'credit-only', 'credit-twice', 'refused-week', 'refused-part', 'refused-unread', 'week-forms', 'week-refused', 'week-whole-year', 'week-alone', 'week-hole', 'week-two-a', 'week-two-b', 'week-three-a', 'week-three-b', 'week-three-c',
    'average-half', 'band-50', 'band-49.999999', 'band-300', 'only-refused', 'device-only', 'attribute-none']) as id;

-- The largest amounts have their own segment and weeks, so that they do not drown the rest. A cell of zeros has no factor,
-- but its group has one.
insert into :"mart".crm values
    ('amount-big', 'Female', '1976', 'ACTIVE', 'Prepaid', 'Big'),
    ('cell-empty', 'Female', '1976', 'ACTIVE', 'Empty',   'Tier_1');


-- ---------------------------------------------------------------- device

insert into :"mart".device values
    ('tie-status',    'b', null,        'first',   'iOS',     'Apple'),
    ('tie-status',    'c', 'apple',     'right',   null,      null),        -- brand known first
    ('tie-gender',    'a', 'Apple',     'wrong',   ' ',       'Apple'),
    ('tie-gender',    'b', 'Apple',     'right',   'iOS',     'Apple'),     -- then os known
    ('tie-birth',     'b', 'Apple',     'wrong',   'iOS',     'Apple'),
    ('tie-birth',     'B', 'Nokia',     'right',   'Android', 'Google'),    -- then imei_tac in bytes
    ('tie-birth',     null, 'Apple',    'wrong',   'iOS',     'Apple'),
    ('tie-year',      'a', 'apple',     'wrong',   'iOS',     'Apple'),
    ('tie-year',      'a', 'Zopo',      'right',   'iOS',     'Apple'),     -- then brand_name
    ('tie-type',      'a', 'Zopo',      'b',       'Wrong',   'Apple'),
    ('tie-type',      'a', 'Zopo',      'B',       'Right',   'Apple'),     -- then model_name
    ('tie-type-null', 'a', 'Zopo',      null,      'Wrong',   'Apple'),
    ('tie-type-null', 'a', 'Zopo',      '',        'Right',   'Apple'),     -- '' first, NULL last
    ('tie-segment',   'a', 'Zopo',      'b',       'right',   'Apple'),
    ('tie-segment',   'a', 'Zopo',      'b',       'Right',   'Zebra'),     -- then os_name
    ('tie-equal',     'a', 'Zopo',      'b',       'Right',   'apple'),
    ('tie-equal',     'a', 'Zopo',      'b',       'Right',   'Apple'),
    ('tie-equal',     'a', 'Zopo',      'b',       'Right',   'Apple'),
    ('tie-idle',      'a', null,        'Model',   null,      null),
    ('tie-idle',      'b', ' ',         'Model 2', 'Tizen',   null),
    (' TIE-DEACTIVE', 'a', E' sam\t\tsung ', '"H20, H21"', E' And\nroid ', null),
    ('tie-deactive ', 'a', '',          'x',       '',        null),
    ('tie-suspend',   'a', 'unknown',   'x',       'Unknown', null),        -- counts as known although it says unknown
    ('tie-suspend',   'b', 'UNKNOWN',   'x',       'iOS',     null),
    ('tie-raw-gender','a', 'nokîa é',   'x',       'os é',    null),
    ('tie-null-gender','a', repeat('ab ', 80), repeat('model ', 60), repeat('os', 120), null),
    ('device-only',   'a', null,        null,      null,      null),
    ('no-crm-device', 'a', 'Apple',     'x',       'iOS',     'Apple'),
    (null,            'a', 'Apple',     'x',       'iOS',     'Apple'),
    (E' \r',          'a', 'Apple',     'x',       'iOS',     'Apple');


-- ---------------------------------------------------------------- revenue

-- Every trap user above without rows below gets three weeks, and so becomes a user.
insert into :"mart".revenue
select c.msisdn, w::text, round((5 + ('x' || left(md5(c.msisdn || w), 6))::bit(24)::int / 1e6), 7)::text
from (select distinct msisdn from :"mart".crm where msisdn ~ '^(gender|year|status|label|tie|device)') c,
     generate_series(30, 32) as w;

-- Amounts of users
insert into :"mart".revenue values
    ('amount-same',    '22', '5.0'),
    ('amount-same',    '22', '5.00'),
    ('amount-same',    '22', '5'),
    ('amount-same',    '22', '+5e0'),
    ('amount-same',    '022', '50E-1'),
    ('AMOUNT-SAME ',   ' 22', ' 5. '),
    ('amount-same',    '22', '5.0000001'),          -- different, although it rounds to the same
    ('amount-same',    '23', '5.0'),                -- another week
    ('amount-added',   '22', '1.25'),
    ('amount-added',   '22', '2.5'),
    ('amount-added',   '22', '0'),
    ('amount-added',   '23', '1.0000004'),
    ('amount-added',   '23', '1.00000049'),         -- rounded first, then added
    ('amount-added',   '24', '3'),
    ('amount-forms',   '22', '1e3'),
    ('amount-forms',   '23', '1E1'),
    ('amount-forms',   '24', '.5'),
    ('amount-forms',   '25', '5.'),
    ('amount-forms',   '26', '+7.25'),
    ('amount-forms',   '27', '1.5e+1'),
    ('amount-forms',   '28', '25e-1'),
    ('amount-forms',   '29', '0007.50'),
    ('amount-forms',   '30', E'\t8.125\r\n'),
    ('amount-forms',   '31', '20.265621426295347'),
    ('amount-forms',   '32', '9.e0'),
    ('amount-forms',   '33', '.25e1'),
    ('amount-forms',   '34', repeat('0', 399) || '5'),
    ('amount-forms',   '35', ' ' || repeat('0', 398) || '.5 '),
    ('amount-round',   '22', '1.0000005'),
    ('amount-round',   '23', '1.0000015'),
    ('amount-round',   '24', '1.00000049999999999999999999999999'),
    ('amount-round',   '25', '1.00000050000000000000000000000001'),
    ('amount-round',   '26', '1.9999995'),
    ('amount-round',   '27', '1.99999949'),
    ('amount-half',    '22', '0.0000005'),
    ('amount-half',    '23', '0.0000004999'),
    ('amount-half',    '24', '5e-7'),
    ('amount-half',    '25', '0.0000015'),
    ('amount-zero',    '22', '0'),
    ('amount-zero',    '22', '-0'),
    ('amount-zero',    '22', '-0.000'),
    ('amount-zero',    '22', '0e999999999999'),
    ('amount-zero',    '23', '0.0'),
    ('amount-zero',    '24', '10.5'),
    ('amount-zero',    '25', '-0e-999'),
    ('amount-only-zero', '25', '0'),
    ('amount-only-zero', '27', '0.00'),
    ('amount-big',     '20', '999999999999.9999999'),
    ('amount-big',     '20', '999999999999.999999'),
    ('amount-big',     '21', '123456789012.345678'),
    ('cell-empty',     '25', '0'),
    ('cell-empty',     '27', '0.0'),
    ('amount-tiny',    '22', '1e-400'),
    ('amount-tiny',    '23', '1e-1000'),
    ('amount-tiny',    '24', '3'),
    ('amount-tiny',    '25', '1e-1001'),            -- over 1,000 places: out of range, as are the next four
    ('amount-tiny',    '26', '1.0e-1000'),          -- 1,001 places as written
    ('amount-tiny',    '27', '0e-1001'),
    ('amount-tiny',    '28', '1e-99999999999999999999'),
    ('amount-tiny',    '29', '1000e-1001'),
    ('amount-refused', '22', null),
    ('amount-refused', '22', ''),
    ('amount-refused', '22', E' \t '),
    ('amount-refused', '22', 'NaN'),
    ('amount-refused', '22', ' nan '),
    ('amount-refused', '22', 'NAN'),
    ('amount-refused', '22', '-NaN'),
    ('amount-refused', '22', '+nan'),
    ('amount-refused', '22', 'inf'),
    ('amount-refused', '22', '-Inf'),
    ('amount-refused', '22', '+infinity'),
    ('amount-refused', '22', 'INFINITY'),
    ('amount-refused', '22', 'infinit'),
    ('amount-refused', '22', '--inf'),
    ('amount-refused', '22', '- 5'),
    ('amount-refused', '22', '1,5'),
    ('amount-refused', '22', '$5'),
    ('amount-refused', '22', '5 USD'),
    ('amount-refused', '22', '5 5'),
    ('amount-refused', '22', E'5\n5'),
    ('amount-refused', '22', '.'),
    ('amount-refused', '22', '+'),
    ('amount-refused', '22', '-.'),
    ('amount-refused', '22', '.e5'),
    ('amount-refused', '22', 'e5'),
    ('amount-refused', '22', '1e'),
    ('amount-refused', '22', '1e+'),
    ('amount-refused', '22', '1e1.5'),
    ('amount-refused', '22', '1.2.3'),
    ('amount-refused', '22', '0x10'),
    ('amount-refused', '22', '1_000'),
    ('amount-refused', '22', '５'),
    ('amount-refused', '22', '٥'),
    ('amount-refused', '22', U&'5\00A0'),
    ('amount-refused', '22', 'NULL'),
    ('amount-refused', '22', repeat('0', 400) || '5'),
    ('amount-refused', '22', '1000000000000'),
    ('amount-refused', '22', '1e12'),
    ('amount-refused', '22', '-1e12'),
    ('amount-refused', '22', '-1000000000000.5'),
    ('amount-refused', '22', '1e300'),
    ('amount-refused', '22', '1e999999999999999999999'),
    ('amount-refused', '22', '-1e999999999'),
    ('amount-refused', '22', '-1'),
    ('amount-refused', '22', '-0.0000001'),
    ('amount-refused', '22', '-1e-30000'),
    ('amount-refused', '22', '-999999999999.99'),
    ('amount-refused', '23', '4'),
    ('refused-week',   '22', '4'),
    ('refused-week',   '24', '1,002.11'),           -- week 24 is not judged, week 25 is missing
    ('refused-week',   '26', '4'),
    ('refused-week',   '27', 'x'),                  -- after the last week
    ('refused-part',   '22', '4'),
    ('refused-part',   '23', '4'),
    ('refused-part',   '23', '1,002.11'),           -- revenue counts, but is no evidence
    ('refused-part',   '24', '4'),
    ('refused-unread', '22', '4'),
    ('refused-unread', 'July', '4'),                -- may be week 23
    ('refused-unread', '24', '0'),
    ('credit-part',    '22', '4'),
    ('credit-part',    '22', '-1.5'),
    ('credit-part',    '22', '-1.5'),               -- counts once, or is added
    ('credit-below',   '22', '4'),
    ('credit-below',   '23', '4'),
    ('credit-below',   '23', '-5.0000005'),         -- a credit for other weeks
    ('credit-below',   '24', '4'),
    ('credit-below',   '25', '-0.0000001'),         -- rounds to zero
    ('credit-only',    '22', '-4'),
    ('credit-twice',   '22', '2'),
    ('credit-twice',   '22', '2'),
    ('credit-twice',   '24', '4'),
    ('only-refused',   '23', '-4'),
    ('only-refused',   '99', '4');

-- Weeks
insert into :"mart".revenue values
    ('week-forms',   '22', '3'),
    ('week-forms',   ' 23 ', '3'),
    ('week-forms',   '024', '3'),
    ('week-forms',   '000025', '3'),
    ('week-forms',   '27.0', '3'),
    ('week-forms',   ' 28.000 ', '3'),
    ('week-refused', '22.', '3'),
    ('week-refused', '.0', '3'),
    ('week-refused', '22.5', '3'),
    ('week-forms',   E'\t26\n', '3'),
    ('week-refused', null, '3'),
    ('week-refused', '', '3'),
    ('week-refused', '   ', null),
    ('week-refused', '0', '3'),
    ('week-refused', '00', '3'),
    ('week-refused', '54', '3'),
    ('week-refused', '99', '3'),
    ('week-refused', '999999', 'x'),
    ('week-refused', '201954', '3'),
    ('week-refused', '201800', '3'),
    ('week-refused', '189952', '3'),
    ('week-refused', '220101', '3'),
    ('week-refused', '201953', '3'),                -- 2019 has 52 weeks
    ('week-refused', '0000022', '3'),
    ('week-refused', '0.0', '3'),
    ('week-refused', '-22', '3'),
    ('week-refused', '+22', '3'),
    ('week-refused', '2 2', '3'),
    ('week-refused', '1e1', '3'),
    ('week-refused', '２２', '3'),
    ('week-refused', 'w22', 'NaN'),
    ('week-refused', '2018-22', '3'),
    ('week-refused', '22', '4'),
    ('week-whole-year', '1', '2'),
    ('week-whole-year', '53', '2'),                 -- missing in every other week that anyone has, but not in weeks of nobody
    ('week-alone',   '41', '7.123457'),             -- a week with one user
    ('week-hole',    '22', '10'),
    ('week-hole',    '26', '11'),
    ('week-hole',    '35', '12'),
    ('week-two-a',   '43', '0.000001'),             -- two positive users, an odd sum: a(w) ends in a half
    ('week-two-b',   '43', '0.000002'),
    ('week-three-a', '44', '1'),
    ('week-three-b', '44', '1'),
    ('week-three-c', '44', '0.000003'),
    ('week-three-a', '45', '0'),                    -- a week with rows, none positive
    ('average-half', '36', '0.000001'),             -- averages 0.0000005
    ('average-half', '37', '0'),
    ('band-50',      '33', '50'),
    ('band-49.999999', '33', '49.999999'),
    ('band-300',     '33', '100'),
    ('band-300',     '34', '100'),
    ('band-300',     '35', '100');

-- msisdn: spellings, refused ones, and the order of the reasons
insert into :"mart".revenue values
    ('ID-one',         '28', '4'),
    (E'\tid-one',      '28', '4.0'),
    ('id-ONE ',        '29', '4'),
    ('id-É',           '29', '4.5'),
    ('ID-é',           '29', '4.6'),
    ('id-É',           '30', '4.7'),
    (U&'id-nbsp\00A0', '29', '4'),
    ('id-nbsp',        '29', '4'),                  -- an orphan: a no-break space is not white space here
    (U&'\00A0',        '29', '4'),
    ('id two',         '29', '4'),
    ('id  two',        '29', '5'),
    (repeat('long', 100), '29', '4'),
    ('0042',           '29', '4'),
    ('42',             '29', '6'),
    (null,             '22', '4'),
    ('',               'x',  'x'),
    (E' \t\x0B',       null, null),
    (null,             null, '1e12');

-- Orphans: in weeks of users, in a week without users, with duplicates and zeros
insert into :"mart".revenue values
    ('orphan-1', '22', '10.1234567'),
    ('orphan-1', '22', '10.12345670'),
    ('orphan-1', '2',  '3.3'),
    ('Orphan-1', '23', '0'),
    ('orphan-2', '3',  '0.00000005'),
    ('orphan-2', '22', '-1'),
    ('no-crm-device', '30', '8');

-- The plain users, in three segments: one is below min_peers in every week, one in some weeks. Some cells differ, some do not.
insert into :"mart".crm
select 'plain-' || lpad(n::text, 4, '0'),
       (array['Male', 'FEMALE', null, 'M', 'Not Available'])[h % 5 + 1],
       (1945 + h % 57)::text,
       (array['ACTIVE', 'ACTIVE', 'ACTIVE', 'SUSPEND'])[h % 4 + 1],
       case when h % 11 = 0 then 'Postpaid' else 'Prepaid' end,
       case when n <= 500 then 'Tier_1' when n <= 880 then 'TIER_2' when n <= 900 then 'tier_9' else 'Thin' end
from (select n, ('x' || left(md5('crm' || n), 7))::bit(28)::int as h from generate_series(1, 920) as n) t;

-- Every plain user has a row in a week unless the hash leaves it out. The users of tier_9 come early, those of Thin late.
insert into :"mart".revenue
select case when n % 97 = 0 then upper(id) else id end,
       w::text,
       case
           when n % 40 = 7 and w >= 30 then (u * level * 0.3)::text                     -- a drop
           when n % 40 = 19 and h % 3 = 0 then '0'                                      -- zero weeks
           when n % 40 = 23 then (u * level * 0.25)::text                               -- billed a quarter
           else (u * level)::text
       end
from
(
    select 'plain-' || lpad(n::text, 4, '0') as id,
           n,
           w,
           h,
           0.5 + h / 268435456.0 * 22 as u,
           case
               when n > 500 and n <= 880 then 1 + (('x' || left(md5('crm' || n), 7))::bit(28)::int % 57) / 25.0   -- by age: cells differ
               when n > 880 then 3.5
               else 1
           end as level
    from (select n, w, ('x' || left(md5('rev' || n || '-' || w), 7))::bit(28)::int as h
          from generate_series(1, 920) as n, generate_series(22, 35) as w) t
    where h % 17 <> 0
      and not (n % 40 = 31 and h % 4 < 2)                                               -- missing weeks
      and not (n % 5 = 0 and w < 22 + n % 13)                                           -- joined late
      and not (n between 700 and 880 and w > 23 and h % 13 <> 0 and w < 26)             -- two thin weeks of tier_2
      and not (n > 900 and w < 33)
) t;


-- ---------------------------------------------------------------- optional tables

\if :optional
insert into :"mart".subscriber_attribute values
    ('tie-status',     null,          '2018-01-01'),
    ('tie-status',     'north',       null),                 -- region known first; most rows say 'North'
    ('tie-gender',     'North ',      '2018-13-01'),
    ('tie-gender',     ' north',      '2018-06-04'),         -- then date known
    ('tie-birth',      'NORTH',       '2018-06-01'),         -- then raw region in bytes
    ('tie-birth',      'North',       '2018-05-01'),
    ('tie-year',       'South West',  '2018-05-02'),         -- then raw activated_on
    ('tie-year',       'South West',  ' 2018-05-03'),
    ('tie-type',       E'south\t west', '2017-02-29'),
    ('tie-segment',    'SOUTH  West', '2016-02-29'),
    ('tie-equal',      'Été',         '2018-09-01'),         -- é and É are one region
    ('tie-idle',       'été',         '2018-09-02'),
    ('tie-deactive',   'unknown',     '1899-12-31'),
    ('tie-suspend',    'Unknown',     '2200-12-31'),
    ('tie-raw-gender', '',            '2201-01-01'),
    ('tie-null-gender', repeat('Region ', 40), '2018-6-1'),
    ('year-1980',      'East',        '1900-01-01'),
    ('year-1981',      'East',        '2018-12-30'),
    ('year-1982',      'East',        '2018-12-31'),
    ('year-1983',      'East',        '2018-12-23'),
    ('year-1984',      'East',        '2018-12-24'),
    ('year-1985',      'East',        '2018-11-25'),
    ('year-1986',      'EAST',        '20180101'),
    ('year-1987',      'East',        '2018-01-01 00:00:00'),
    ('year-1988',      'East',        '２０１８-01-01'),
    ('year-1989',      'East',        '2018-04-31'),
    ('year-1990',      'East',        '0000-00-00'),
    ('year-1991',      'East',        E'\t2018-01-01\n'),
    ('year-1992',      null,          null),
    ('tie-raw-status', 'weST', null),                        -- 2 spellings against 1; duplicates count too
    ('tie-raw-status', 'WEST', null),
    ('tie-raw-status', ' weST ', null),
    ('silent-1',       'NOrth',       '2018-01-01'),         -- a subscriber without revenue
    ('no-such',        'NORTH east',  '2018-01-01'),         -- no subscriber at all
    ('year-1993',      'North East',  '2018-01-01'),
    (' ID-ONE ',       'north east',  '2018-03-05'),
    (null,             'AAA',         '2018-01-01'),
    (' ',              'EaST',        '2018-01-01');

insert into :"mart".subscriber_attribute
select 'plain-' || lpad(n::text, 4, '0'),
       (array['North', 'South West', 'East', null])[n % 4 + 1],
       case when n % 3 > 0 then (date '2016-01-04' + n)::text end
from generate_series(1, 800) as n;

insert into :"mart".usage values
    ('amount-same',  '22', '5'),
    ('amount-same',  '022', ' 05 '),                         -- the same
    ('amount-same',  '22', '6'),
    ('amount-same',  '40', '1'),                             -- a week without any revenue
    ('amount-same',  '23', '0'),
    ('amount-added', '22', '-0'),
    ('amount-added', '22', '+7'),
    ('amount-forms', '22', '1000000000000'),
    ('amount-forms', '22', '000000000000000000000001'),
    ('amount-round', '22', '1000000000001'),
    ('amount-round', '22', '99999999999999999999'),
    ('amount-round', '22', '-1'),
    ('amount-round', '22', '5.0x'),
    ('amount-zero',  '22.0', '5.0'),
    ('amount-round', '22', '5.5'),
    ('amount-round', '22', '1e3'),
    ('amount-round', '22', 'x'),
    ('amount-round', '22', '５'),
    ('amount-round', '22', ''),
    ('amount-round', '22', null),
    ('amount-round', '0',  '5'),
    ('amount-round', 'x',  '5'),
    ('amount-round', null, '5'),
    (null,           '22', '5'),
    ('orphan-1',     '22', '5'),
    ('Plain-0001',   '22', '5');

insert into :"mart".usage
select 'plain-' || lpad(n::text, 4, '0'),
       w::text,
       (('x' || left(md5('use' || n || '-' || w), 7))::bit(28)::int % 40)::text
from generate_series(1, 900) as n,
     generate_series(22, 35, 3) as w;

insert into :"mart".exclusion values
    ('plain-0001',   'staff',            null, null),
    (' PLAIN-0002 ', E' test \t line ', ' ',  E'\t'),
    ('plain-0002',   'Test line',        null, null),
    ('plain-0002',   'A',                '23', '24'),        -- of the rows without weeks, 'Test line' is first
    ('plain-0003',   null,               '22', '35'),        -- each of the user's weeks
    ('plain-0004',   'x',                '22', '27'),
    ('plain-0004',   'x',                '022', ' 27 '),     -- the same
    ('plain-0004',   'b',                '25', '30'),
    ('plain-0006',   'open end',         '30', null),
    ('plain-0007',   'open start',       null, '25'),
    ('plain-0008',   'one week',         '26', '26'),
    ('plain-0009',   'no week of ours',  '1',  '2'),
    ('plain-0011',   'reversed',         '9',  '8'),
    ('plain-0012',   'not a week',       'x',  null),
    ('plain-0013',   'no such week',     null, '54'),
    ('plain-0014',   'no such week',     '0',  null),
    ('plain-0881',   'a small group',    null, null),
    ('week-alone',   'a week alone',     null, null),
    ('orphan-1',     'no user',          null, null),
    ('no-such',      'nobody',           null, null),
    (null,           'nobody',           null, null),
    (' ',            'nobody',           'x',  null),
    (repeat('y', 1001), 'long',          null, null);
insert into :"mart".exclusion
select 'plain-' || lpad(n::text, 4, '0'), 'outage', '28', '28'
from generate_series(100, 160) as n;

insert into :"mart".known_event values
    ('region',      'north',      '30', null, '0.5',       'half price'),
    (' REGION ',    'NORTH  ',    '30', '',   '5e-1',      'the same'),
    ('region',      'North',      '32', '33', '1.3333333', 'multiplied, rounded to six places'),
    ('Segment',     'TIER_2',     null, '24', '2',         null),
    ('gender',      'Female',     '29', '29', null,        'not judged'),
    ('mobile_type', 'postpaid',   '31', null, '0.001',     null),
    ('age_group',   '65+',        '26', '26', '1000',      null),
    ('status',      'suspend',    '27', '28', '1',         null),
    ('brand',       'unknown',    '34', '34', '0.75',      null),
    ('os',          'Unknown',    '34', '34', '0.8',       null),
    ('all',         null,         '35', '35', '1.1',       null),
    ('all',         'ignored',    '25', '25', ' ',         'late file'),
    ('region',      'no such',    null, null, '3',         'nobody'),
    ('all',         null,         '1',  '2',  null,        'no week of ours'),
    (null, 'x', null, null, '1', null), ('regions', 'x', null, null, '1', null), ('region', ' ', null, null, '1', null),
    ('all', null, 'x', null, '1', null), ('all', null, null, '54', '1', null), ('all', null, '9', '8', '1', null),
    ('all', null, null, null, 'NaN', null), ('all', null, null, null, '-Infinity', null), ('all', null, null, null, '1,5', null),
    ('all', null, null, null, '-1', null), ('all', null, null, null, '-1e12', null), ('all', null, null, null, '0', null),
    ('all', null, null, null, '0.0009999', null), ('all', null, null, null, '1000.1', null), ('all', null, null, null, '1e300', null);
\endif


-- ---------------------------------------------------------------- weeks of several years

-- Every number from 1 to 53 becomes an ISO week, a day in it, or a month. 22 is 2018W46 and 35 is 2019W07, so the plain users cross the new year.
-- All other weeks stay as they are, and this format must refuse them.
select :yyyyww::boolean or :yyyymm::boolean or :dates::boolean as rewritten \gset
\if :rewritten
update :"mart".revenue
set week_number = (
    select case
               when :dates::boolean then to_char(date '2018-11-12' + 7 * (n - 22) + n % 7, 'YYYY-MM-DD')
               when :yyyymm::boolean then to_char(date '2018-02-01' + (n - 22) * interval '1 month', 'YYYYMM')
               else to_char(date '2018-11-12' + 7 * (n - 22), 'IYYYIW')
           end
    from (select btrim(week_number, E' \t\r\n\x0B\x0C')::int as n) as number
)
where btrim(week_number, E' \t\r\n\x0B\x0C') ~ '^0*([1-9]|[1-4][0-9]|5[0-3])$'
  and length(btrim(week_number, E' \t\r\n\x0B\x0C')) <= 6;
update :"mart".usage
set week_number = (
    select case
               when :dates::boolean then to_char(date '2018-11-12' + 7 * (n - 22) + n % 7, 'YYYY-MM-DD')
               when :yyyymm::boolean then to_char(date '2018-02-01' + (n - 22) * interval '1 month', 'YYYYMM')
               else to_char(date '2018-11-12' + 7 * (n - 22), 'IYYYIW')
           end
    from (select btrim(week_number, E' \t\r\n\x0B\x0C')::int as n) as number
)
where btrim(week_number, E' \t\r\n\x0B\x0C') ~ '^0*([1-9]|[1-4][0-9]|5[0-3])$'
  and length(btrim(week_number, E' \t\r\n\x0B\x0C')) <= 6;
update :"mart".exclusion
set from_week = case when from_week ~ '^ *0*[23][0-9] *$' then (
        select case
                   when :dates::boolean then to_char(date '2018-11-12' + 7 * (n - 22) + n % 7, 'YYYY-MM-DD')
                   when :yyyymm::boolean then to_char(date '2018-02-01' + (n - 22) * interval '1 month', 'YYYYMM')
                   else to_char(date '2018-11-12' + 7 * (n - 22), 'IYYYIW')
               end
        from (select from_week::int as n) as number
    ) else from_week end,
    to_week = case when to_week ~ '^ *0*[23][0-9] *$' then (
        select case
                   when :dates::boolean then to_char(date '2018-11-12' + 7 * (n - 22) + n % 7, 'YYYY-MM-DD')
                   when :yyyymm::boolean then to_char(date '2018-02-01' + (n - 22) * interval '1 month', 'YYYYMM')
                   else to_char(date '2018-11-12' + 7 * (n - 22), 'IYYYIW')
               end
        from (select to_week::int as n) as number
    ) else to_week end;
update :"mart".known_event
set from_week = case when from_week ~ '^[23][0-9]$' then (
        select case
                   when :dates::boolean then to_char(date '2018-11-12' + 7 * (n - 22) + n % 7, 'YYYY-MM-DD')
                   when :yyyymm::boolean then to_char(date '2018-02-01' + (n - 22) * interval '1 month', 'YYYYMM')
                   else to_char(date '2018-11-12' + 7 * (n - 22), 'IYYYIW')
               end
        from (select from_week::int as n) as number
    ) else from_week end,
    to_week = case when to_week ~ '^[23][0-9]$' then (
        select case
                   when :dates::boolean then to_char(date '2018-11-12' + 7 * (n - 22) + n % 7, 'YYYY-MM-DD')
                   when :yyyymm::boolean then to_char(date '2018-02-01' + (n - 22) * interval '1 month', 'YYYYMM')
                   else to_char(date '2018-11-12' + 7 * (n - 22), 'IYYYIW')
               end
        from (select to_week::int as n) as number
    ) else to_week end;
\endif
\if :dates
insert into :"mart".revenue values
    ('week-forms', '2020-12-31', '3'),              -- 2020 has 53 weeks
    ('week-forms', '2021-01-03', '4'),              -- the same week
    ('week-forms', ' 2021-01-04 ', '3'),
    ('week-refused', '2019-02-29', '3'),
    ('week-refused', '2019-2-1', '3'),
    ('week-refused', '1899-12-31', '3'),
    ('week-refused', '2200-12-31', '3'),            -- week 1 of 2201
    ('week-refused', '2019-02-01 00:00', '3'),
    ('week-refused', '201901', '3');
\endif
\if :yyyymm
insert into :"mart".revenue values
    ('week-forms', '202012', '3'),
    ('week-forms', '202101.0', '3'),
    ('week-refused', '201800', '3'),
    ('week-refused', '201813', '3'),
    ('week-refused', '220101', '3'),
    ('week-refused', '2', '3'),
    ('week-refused', '2019-01', '3');
\endif
\if :yyyyww
insert into :"mart".revenue values
    ('week-forms', '202053', '3'),                  -- 2020 has 53 weeks
    ('week-forms', '202101', '3'),
    ('week-refused', '201853', '3'),
    ('week-refused', '2', '3'),
    ('week-refused', '20190', '3');
\endif

select 'crm' as file, count(*) as rows from :"mart".crm
union all select 'device', count(*) from :"mart".device
union all select 'revenue', count(*) from :"mart".revenue
union all select 'subscriber_attribute', count(*) from :"mart".subscriber_attribute
union all select 'usage', count(*) from :"mart".usage
union all select 'exclusion', count(*) from :"mart".exclusion
union all select 'known_event', count(*) from :"mart".known_event;
