--
-- The cleaning rules of docs/rules.md, section 1, one value at a time.  This script is ASCII.  Other characters are
-- written as code points and shown as bytes.
--
\set SHOW_CONTEXT never
\pset null NULL

-- a text in which every byte that is not printable ASCII is shown in octal
CREATE FUNCTION shown(value text) RETURNS text LANGUAGE sql AS $$
	SELECT '[' || replace(replace(replace(encode(convert_to(value, 'UTF8'), 'escape'),
		E'\t', '\t'), E'\r', '\r'), E'\n', '\n') || ']'
$$;
-- the six white spaces of rule 1.1
CREATE FUNCTION spaces() RETURNS text LANGUAGE sql AS $$
	SELECT E' \t\r\n\x0b\x0c'
$$;

--
-- 1.1 identifiers
--
SELECT n, leakage_clean_id(v) IS NOT DISTINCT FROM expected AS ok, shown(leakage_clean_id(v)) AS result
FROM (VALUES
	(1, NULL, NULL),
	(2, '', NULL),
	(3, spaces(), NULL),
	(4, spaces() || 'AbC123' || spaces(), 'abc123'),
	(5, 'a b', 'a b'),								-- white space inside stays
	(6, 'A' || chr(9) || 'B', 'a' || chr(9) || 'b'),
	(7, chr(160) || 'x', chr(160) || 'x'),			-- a no-break space is not among the six
	(8, chr(8195) || 'x', chr(8195) || 'x'),		-- nor is an em space
	(9, chr(28) || 'x', chr(28) || 'x'),			-- nor an ASCII separator
	(10, chr(8) || 'x', chr(8) || 'x'),				-- nor the neighbors of tab and return
	(11, chr(14) || 'x', chr(14) || 'x'),
	(12, chr(201) || 'T' || chr(201), chr(201) || 't' || chr(201)),	-- only ASCII letters become lower case
	(13, chr(304) || 'I', chr(304) || 'i'),
	(14, '@[`{AZ', '@[`{az')) AS t (n, v, expected)
ORDER BY n;
-- up to 1000 bytes are kept; longer identifiers are refused with a reason
SELECT length(leakage_clean_id(v)), leakage_id_fault(v)
FROM (VALUES
	(1, repeat('A', 1000)), (2, ' ' || repeat('A', 1000) || ' '), (3, repeat('A', 1001)), (4, repeat(chr(201), 500)),
	(5, repeat(chr(201), 501)), (6, repeat(' ', 100000)), (7, repeat('A', 100000)), (8, NULL), (9, ''), (10, 'a')) AS t (n, v)
ORDER BY n;

--
-- 1.2 gender: the 79 values of the published file
--
CREATE TABLE spelling (value text, rows bigint, expected text);
INSERT INTO spelling VALUES
	(NULL, 2679702, 'Unknown'),
	('Male', 8565641, 'Male'), ('MALE', 775633, 'Male'), ('M', 10819, 'Male'), ('male', 1959, 'Male'), ('Mal', 2, 'Male'),
	('Male.', 2, 'Male'), ('MA', 1, 'Male'), ('Male`', 1, 'Male'), ('mALE', 1, 'Male'),
	('Female', 1187113, 'Female'), ('FEMALE', 209408, 'Female'), ('female', 521, 'Female'), ('F', 321, 'Female'),
	('Female.', 39, 'Female'), ('Female]', 10, 'Female'), ('FE', 6, 'Female'), ('FEMELE', 3, 'Female'),
	('Female3', 3, 'Female'), ('FemaleH', 3, 'Female'), ('Female`', 3, 'Female'), ('FEMAL', 2, 'Female'),
	('FemaleF', 2, 'Female'), ('FAMALE', 1, 'Female'), ('FEMEL', 1, 'Female'), ('Femal', 1, 'Female'),
	('Femal]e', 1, 'Female'), ('Female..', 1, 'Female'), ('Female\\', 1, 'Female'),
	-- these name both
	('MFEale', 2, 'Unknown'), ('MaFEle', 2, 'Unknown'), ('MalFEe', 2, 'Unknown'), ('MaleF', 1, 'Unknown'),
	-- and these name neither
	('Not Available', 195095, 'Unknown'), ('U', 654, 'Unknown'), ('Other', 179, 'Unknown'), ('.', 104, 'Unknown'),
	('N/A', 102, 'Unknown'), ('3', 39, 'Unknown'), ('`', 18, 'Unknown'), (']', 17, 'Unknown'), ('+', 11, 'Unknown'),
	('B', 6, 'Unknown'), ('~', 6, 'Unknown'), ('0', 5, 'Unknown'), ('D', 5, 'Unknown'), ('\\', 4, 'Unknown'),
	('P', 3, 'Unknown'), ('S', 3, 'Unknown'), ('1', 2, 'Unknown'), ('A', 2, 'Unknown'), ('Q', 2, 'Unknown'),
	('```', 2, 'Unknown'), ('!', 1, 'Unknown'), ('0.0-', 1, 'Unknown'), ('05/01/1958', 1, 'Unknown'),
	('11', 1, 'Unknown'), ('16/10', 1, 'Unknown'), ('20/1/1966', 1, 'Unknown'), ('21', 1, 'Unknown'),
	('22/8/1980', 1, 'Unknown'), ('25/5/1978', 1, 'Unknown'), ('333', 1, 'Unknown'), ('6', 1, 'Unknown'),
	('A/N', 1, 'Unknown'), ('DF', 1, 'Unknown'), ('H', 1, 'Unknown'), ('HOWZ WIFE', 1, 'Unknown'), ('J', 1, 'Unknown'),
	('K', 1, 'Unknown'), ('MY', 1, 'Unknown'), ('O', 1, 'Unknown'), ('PR', 1, 'Unknown'), ('TEACHER', 1, 'Unknown'),
	('W', 1, 'Unknown'), ('``', 1, 'Unknown'), ('q', 1, 'Unknown'), ('qqqq', 1, 'Unknown'), ('swdwdxw', 1, 'Unknown');
-- the list is complete: it adds up to the rows of the file
SELECT count(*) AS spellings, count(DISTINCT value) AS not_null, sum(rows) AS rows FROM spelling;
SELECT value, leakage_clean_gender(value), expected FROM spelling WHERE leakage_clean_gender(value) IS DISTINCT FROM expected;
SELECT leakage_clean_gender(value) AS gender, count(*) AS spellings, sum(rows) AS rows
FROM spelling GROUP BY 1 ORDER BY 1;
-- words of the rule that are not in the file, near misses, and look-alikes
SELECT shown(v), leakage_clean_gender(v)
FROM (VALUES
	(1, ''), (2, spaces()), (3, 'f e m a l e'), (4, spaces() || 'm'), (5, 'FEM'), (6, 'FEMA'), (7, 'MAL'), (8, 'femele'),
	(9, 'femaleh'), (10, 'FEMALEHH'), (11, 'FEMALEFF'), (12, 'FEMALES'), (13, 'MALES'), (14, 'EMALE'), (15, 'FF'), (16, 'MM'),
	(17, chr(65325)), (18, 'M' || chr(227) || 'le'), (19, chr(1052))) AS t (n, v)
ORDER BY n;
SELECT leakage_clean_gender('F' || repeat('.', 10000)) AS dotted, leakage_clean_gender(repeat('F', 10000)) AS long;

--
-- 1.2 birth year
--
SELECT shown(v), leakage_clean_year(v)
FROM (VALUES
	(1, '1900'), (2, '2046'), (3, '0000'), (4, '9999'), (5, spaces() || '1985' || spaces()), (6, NULL), (7, ''), (8, ' '),
	(9, '985'), (10, '19850'), (11, '1985.0'), (12, '+198'), (13, '-985'), (14, '1e10'), (15, '0x7c'), (16, '19 5'),
	(17, 'NULL'), (18, chr(65297) || '985'), (19, chr(1633) || '98')) AS t (n, v)
ORDER BY n;

--
-- 1.2 status
--
SELECT shown(v), leakage_clean_status(v)
FROM (VALUES
	(1, 'ACTIVE'), (2, 'active'), (3, spaces() || 'Active' || spaces()), (4, 'IDLE'), (5, 'iDLe'), (6, 'SUSPEND'),
	(7, 'Suspended'), (8, 'DEACTIVE'), (9, 'deactivate'), (10, 'DEACTIVATED'), (11, NULL), (12, ''), (13, ' '),
	(14, 'ACTIV'), (15, 'ACTIVES'), (16, 'IN ACTIVE'), (17, 'SUSPENDE'), (18, 'SUSPENDEDD'), (19, 'DEACTIV'),
	(20, 'OTHER'), (21, 'ACTIVE.'), (22, 'ACT' || chr(304) || 'VE')) AS t (n, v)
ORDER BY n;

--
-- 1.2 labels, and 1.3 texts, which keep their case
--
SELECT shown(v), shown(leakage_clean_text(v)) AS text, shown(leakage_clean_label(v)) AS label
FROM (VALUES
	(1, NULL), (2, ''), (3, spaces()), (4, 'Tier_3'), (5, 'TIER_3'), (6, ' tier_3 '), (7, 'pre paid'), (8, 'PRE-PAID'),
	(9, 'a' || spaces() || 'b'), (10, spaces() || 'a' || spaces() || spaces() || 'B' || spaces()),
	(11, '3g PLAN'), (12, '4G5g 4 G'), (13, 'o''NEILL'), (14, 'x.y/z'), (15, '_A'), (16, '@a[b`c{d'),
	(17, chr(233) || 'TOILE'),						-- lower case after a byte of 128 or more
	(18, 'CAF' || chr(201)),						-- other than ASCII stays as it is
	(19, chr(160) || 'A'),
	(20, chr(8364) || 'A' || chr(8364) || 'b')) AS t (n, v)
ORDER BY n;
-- all spellings of a segment become one
SELECT count(DISTINCT leakage_clean_label(v)) FROM (VALUES ('Tier_3'), ('TIER_3'), (E'\ttier_3\r\n'), ('tIeR_3')) AS t (v);
-- cleaning a clean value changes nothing
SELECT shown(v) FROM (VALUES ('aB c'), ('x' || spaces() || 'Y'), (chr(233) || 'A'), ('3G'), (repeat('ab ', 100))) AS t (v)
WHERE leakage_clean_label(leakage_clean_label(v)) <> leakage_clean_label(v)
	OR leakage_clean_text(leakage_clean_text(v)) <> leakage_clean_text(v);

-- texts are cut to 200 characters, not bytes, and never inside a character; then a trailing space is removed
SELECT n, length(leakage_clean_text(v)) AS characters, octet_length(leakage_clean_text(v)) AS bytes,
	length(leakage_clean_label(v)) AS label_characters,
	leakage_clean_text(v) = expected AS ok
FROM (VALUES
	(1, repeat('x', 199), repeat('x', 199)),
	(2, repeat('x', 200), repeat('x', 200)),
	(3, repeat('x', 201), repeat('x', 200)),
	(4, repeat(chr(233), 201), repeat(chr(233), 200)),				-- two bytes each
	(5, 'x' || repeat(chr(8364), 200), 'x' || repeat(chr(8364), 199)),	-- three bytes
	(6, repeat(chr(128512), 250), repeat(chr(128512), 200)),			-- four bytes
	(7, repeat('x', 199) || ' y', repeat('x', 199)),
	(8, repeat('x', 198) || '   y', repeat('x', 198) || ' y'),			-- white space is cleaned before the cut
	(9, repeat(' ', 500) || 'x', 'x'),
	(10, 'x' || repeat(' ', 500) || 'y', 'x y')) AS t (n, v, expected)
ORDER BY n;

-- what differs only in case is folded, in all scripts
SELECT upper, lower, _leakage.fold_case(chr(upper)) = chr(lower) AND _leakage.fold_case(chr(lower)) = chr(lower) AS ok
FROM (VALUES
	(65, 97), (192, 224), (206, 238), (222, 254), (376, 255), (256, 257), (321, 322), (381, 382), (536, 537), (7838, 223), (913, 945), (931, 963), (962, 963), (902, 940),
	(1040, 1072), (1025, 1105), (1168, 1169), (1329, 1377), (4256, 11520), (65313, 65345), (66560, 66600), (570, 11365), (8490, 107), (453, 454),
	(215, 215), (247, 247), (304, 304), (305, 305), (64257, 64257), (26085, 26085), (128512, 128512)) AS t (upper, lower);
SELECT _leakage.fold_case('NORTH ' || chr(206) || 'le') = _leakage.fold_case('North ' || chr(238) || 'LE') AS same, _leakage.fold_case('') AS empty, _leakage.fold_case(NULL) AS none;
SELECT count(*) FILTER (WHERE _leakage.fold_case(_leakage.fold_case(c)) <> _leakage.fold_case(c)) AS folded_twice, count(*) FILTER (WHERE _leakage.fold_case(c) <> c) AS changed
FROM generate_series(1, 131071) AS n CROSS JOIN LATERAL chr(CASE WHEN n BETWEEN 55296 AND 57343 THEN 1 ELSE n END) AS c;

--
-- 1.4 weeks
--
SELECT shown(v), leakage_week(v, 'week') AS week, leakage_week_fault(v, 'week') AS fault
FROM (VALUES
	(1, NULL), (2, ''), (3, spaces()), (4, '0'), (5, '1'), (6, '53'), (7, '54'), (8, '07'), (9, '000053'), (10, '0000053'),
	(11, spaces() || '22' || spaces()), (12, '2 2'), (13, '-1'), (14, '+1'), (15, '1.0'), (16, '1e1'), (17, 'x'), (18, '0x1'),
	(19, '999999'), (20, '201801'), (21, chr(65298)), (22, '99999999999999999999')) AS t (n, v)
ORDER BY n;
SELECT shown(v), leakage_week(v, 'yyyyww') AS week, leakage_week_fault(v, 'yyyyww') AS fault
FROM (VALUES
	(1, NULL), (2, ''), (3, '201801'), (4, ' 201852 '), (5, '201800'), (6, '201853'), (7, '201854'), (8, '201552'), (9, '201553'),
	(10, '202053'), (11, '202153'), (12, '190001'), (13, '189952'), (14, '220052'), (15, '220053'), (16, '220101'), (17, '22'),
	(18, '20181'), (19, '2018012'), (20, '2018-1'), (21, '2018.1'), (22, '000000'), (23, '000022'), (24, '999999')) AS t (n, v)
ORDER BY n;
-- both are NULL when the format is NULL
SELECT leakage_week('22', NULL), leakage_week_fault('x', NULL);
-- every week is either read or refused
SELECT count(*) FROM generate_series(0, 999999, 7) AS n, unnest('{week,yyyyww,yyyymm,date}'::text[]) AS f (week_format)
WHERE (leakage_week(n::text, week_format) IS NULL) = (leakage_week_fault(n::text, week_format) IS NULL);
SELECT shown(v), leakage_week(v, 'yyyymm') AS month, leakage_week_fault(v, 'yyyymm') AS fault
FROM (VALUES
	(1, NULL), (2, '202001'), (3, ' 202012 '), (4, '202000'), (5, '202013'), (6, '189912'), (7, '190001'), (8, '220012'), (9, '220101'), (10, '20201'), (11, '202001.0'), (12, '2020-01')) AS t (n, v)
ORDER BY n;
SELECT shown(v), leakage_week(v, 'date') AS week, leakage_week_fault(v, 'date') AS fault
FROM (VALUES
	(1, NULL), (2, '2018-12-31'), (3, ' 2018-12-30 '), (4, '2021-01-03'), (5, '2021-01-04'), (6, '2018-02-30'), (7, '1899-12-31'), (8, '1900-01-01'), (9, '2200-12-28'), (10, '2200-12-31'),
	(11, '2018-1-1'), (12, '31.12.2018'), (13, '20181231'), (14, '2018-12-31 00:00'), (15, '201853'), (16, '2018-12-31.0')) AS t (n, v)
ORDER BY n;
SELECT leakage_week('22', 'day');
-- with decimal places of zero, as spreadsheets write whole numbers
SELECT v, leakage_week(v, 'week') AS week, leakage_week(v, 'yyyyww') AS yyyyww, leakage_clean_year(v) AS year, leakage_count(v) AS count
FROM unnest('{22.0,22.,22.00,22.01,.0,0.0,.,1985.0,1985.000,1985.5,201822.0,20182200,1985.0.0,-5.0,+5.0,+.0}'::text[]) AS v;
-- every week has a period and is the week of that period; periods join without a gap, from the first day of one to that of the next
SELECT f AS week_format, count(*) AS weeks,
	count(*) FILTER (WHERE _leakage.period_week(p, f) IS DISTINCT FROM leakage_week(v, f)) AS wrong_weeks,
	max(p) - min(p) + 1 - count(DISTINCT p) AS gaps,
	min(_leakage.period_start(p, f, 2018)) AS first_day, max(_leakage.period_start(p + 1, f, 2018)) - 1 AS last_day,
	count(*) FILTER (WHERE d NOT BETWEEN _leakage.period_start(p, f, 2018) AND _leakage.period_start(p + 1, f, 2018) - 1) AS wrong_days
FROM unnest('{week,yyyyww,yyyymm,date}'::text[]) AS f
	CROSS JOIN generate_series(date '1900-01-01', date '2200-12-28', '1 day') AS t (day)
	CROSS JOIN LATERAL (SELECT day::date AS d, to_char(day, CASE f WHEN 'week' THEN 'IW' WHEN 'yyyyww' THEN 'IYYYIW' WHEN 'yyyymm' THEN 'YYYYMM' ELSE 'YYYY-MM-DD' END) AS v) AS w
	CROSS JOIN LATERAL _leakage.week_period(leakage_week(v, f), f) AS p
WHERE f <> 'week' OR extract(isoyear FROM day) = 2018
GROUP BY f ORDER BY f;
SELECT _leakage.period_week(p, f) AS week, _leakage.period_start(p, f, NULL) AS start, f AS week_format, p AS period
FROM unnest('{week,yyyyww,yyyymm,date}'::text[]) AS f, unnest('{-2147483648,-3653,0,54,55,12053,2147483647}'::integer[]) AS p ORDER BY f, p;

-- week starts are the Mondays of PostgreSQL's ISO weeks, for every week of the 301 years
SELECT count(*) AS weeks,
	count(*) FILTER (WHERE extract(isodow FROM d) <> 1 OR to_char(d, 'IYYY-IW') <> format('%s-%s', y, lpad(w::text, 2, '0'))) AS wrong
FROM generate_series(1900, 2200) AS y, generate_series(-1, 60) AS w, leakage_week_start(y, w) AS d
WHERE d IS NOT NULL;
-- each year has as many weeks as in PostgreSQL: 52 or 53
SELECT string_agg(y::text, ' ' ORDER BY y) AS long_years
FROM generate_series(1970, 2030) AS y WHERE leakage_week_start(y, 53) IS NOT NULL;
SELECT sum(extract(week FROM make_date(y, 12, 28))) AS weeks FROM generate_series(1900, 2200) AS y;
SELECT count(*) FROM generate_series(1900, 2200) AS y
WHERE (leakage_week_start(y, 53) IS NOT NULL) <> (extract(week FROM make_date(y, 12, 28)) = 53);
SELECT leakage_week_start(2018, 1), leakage_week_start(2019, 1), leakage_week_start(1900, 1), leakage_week_start(2200, 52);
SELECT leakage_week_start(1899, 52), leakage_week_start(2201, 1), leakage_week_start(2018, 0), leakage_week_start(2018, 53),
	leakage_week_start(2018, 54), leakage_week_start(NULL, 1), leakage_week_start(2018, NULL),
	leakage_week_start(2147483647, 2147483647), leakage_week_start(-2147483648, -2147483648);

--
-- 1.4 amounts
--
SELECT n, shown(v) AS value, leakage_amount(v) AS amount, leakage_amount_fault(v) AS fault
FROM (VALUES
	(1, NULL), (2, ''), (3, spaces()),
	-- numbers
	(10, '5'), (11, '5.00'), (12, '+5'), (13, '.5'), (14, '5.'), (15, spaces() || '5.25' || spaces()), (16, '1e3'), (17, '1E+3'),
	(18, '1e-3'), (19, '+.5e+1'), (20, '007'), (21, '0.1234567'), (22, '5.e2'), (23, '1e00000000000000000000003'),
	-- not numbers
	(30, '.'), (31, '+'), (32, '-'), (33, 'e5'), (34, '.e5'), (35, '5e'), (36, '5e+'), (37, '5e+-1'), (38, '5e1.5'), (39, '--5'),
	(40, '5 0'), (41, '1,000'), (42, '1_000'), (43, '$5'), (44, '5 USD'), (45, '0x10'), (46, '5..0'), (47, '1.2.3'),
	(48, '(5)'), (49, '- 5'), (50, 'abc'), (51, chr(65301)), (52, chr(8722) || '5'), (53, '5' || chr(160)), (54, 'null'),
	-- NaN and infinity
	(60, 'NaN'), (61, ' nan '), (62, 'NAN'), (63, '+NaN'), (64, '-nan'), (65, 'nano'), (66, 'inf'), (67, '+Inf'), (68, '-INFINITY'),
	(69, 'infinity'), (70, 'infinit'), (71, 'infinityy'), (72, '+-inf'), (73, '+ inf'),
	-- negative
	(80, '-5'), (81, '-0.0000001'), (83, '-0'), (84, '-0.000'), (85, '-0e5'), (86, '-999999999999.999999'),
	-- the limit is 10^12
	(90, '999999999999'), (91, '999999999999.999999'), (92, '1000000000000'), (93, '-1000000000000'), (94, '1e12'), (95, '1e11'),
	(96, '10e11'), (97, '0.1e13'), (98, '0.0000001e18'), (99, '0.0000001e19'), (100, '000000000000000000001'),
	(101, '000001e11'), (102, '-1e12'),
	-- 0 is 0 whatever its exponent, but no amount has more than 1,000 decimal places
	(110, '0'), (111, '0e999999999999'), (112, '0.000e-999999999999'), (113, '+0e2147483648'), (114, '00000.0e-1000'), (115, '-0e-1000'),
	-- huge exponents of values other than 0
	(120, '1e999999999999999999999'), (121, '1e-999999999999999999999'), (122, '-1e999999999999999999999'), (123, '1e2147483648'),
	(124, '1e-2147483649'), (125, '1e100000'), (126, '1e-100000'), (127, '1e-16384'), (128, '1e131072'), (129, '9e11')) AS t (n, v)
ORDER BY n;

-- at most 1,000 decimal places, and at most 400 characters without the white space around them
SELECT n, length(v), leakage_amount_fault(v) AS fault, leakage_amount(v) = expected AS exact
FROM (VALUES
	(1, '1e-1000', ('0.' || repeat('0', 999) || '1')::numeric),
	(2, '1e-1001', NULL),
	(3, '1.5e-999', ('0.' || repeat('0', 998) || '15')::numeric),
	(4, '1.5e-1000', NULL),
	(5, '-1e-1000', ('-0.' || repeat('0', 999) || '1')::numeric),
	(6, '-1e-1001', NULL),
	(7, '0.' || repeat('1', 398), ('0.' || repeat('1', 398))::numeric),
	(8, '0.' || repeat('1', 399), NULL),
	(9, '0.' || repeat('0', 399), NULL),
	(10, repeat(' ', 1000) || '5' || repeat(chr(9), 1000), 5),
	(11, repeat('0', 399) || '7', 7),
	(12, repeat('0', 400) || '7', NULL),
	(13, repeat('9', 400), NULL),
	(14, repeat('9', 401), NULL),
	(15, repeat('x', 401), NULL),
	(16, '1' || repeat('0', 200) || 'e-200', 1),
	(17, '0.' || repeat('0', 200) || '1e201', 1)) AS t (n, v, expected)
ORDER BY n;
-- exact: no digit is lost
SELECT leakage_amount('0.1') + leakage_amount('0.2') = 0.3 AS decimal, leakage_amount('123456789012.123456789012345678') AS long;
SELECT leakage_amount('5.0') = leakage_amount('5.00') AS equal;
-- an amount without a fault has a value of at least 0; one with a fault has a negative value or none
SELECT count(*)
FROM (
	SELECT s || w || p || f || e AS v
	FROM unnest('{"",+,-,x," "}'::text[]) AS s, unnest('{"",0,7,12,999999999999,1000000000000}'::text[]) AS w,
		unnest('{"",.,..}'::text[]) AS p, unnest('{"",0,5,000001}'::text[]) AS f,
		unnest('{"",e,e0,E5,e-7,e+11,e99999999999,e-99999999999,e1x}'::text[]) AS e) AS t
WHERE CASE
	WHEN leakage_amount_fault(v) IS NULL THEN leakage_amount(v) IS NULL OR leakage_amount(v) < 0 OR leakage_amount(v) >= 1e12
	WHEN leakage_amount_fault(v) = 'amount_negative' THEN leakage_amount(v) IS NULL OR leakage_amount(v) >= 0 OR leakage_amount(v) <= -1e12
	ELSE leakage_amount(v) IS NOT NULL
END;
-- amounts are read as PostgreSQL reads them
SELECT count(*), count(*) FILTER (WHERE leakage_amount(v) IS DISTINCT FROM v::numeric) AS different
FROM (
	SELECT s || w || p || f || e AS v
	FROM unnest('{"",+,-}'::text[]) AS s, unnest('{0,7,12,99999}'::text[]) AS w,
		unnest('{"",.}'::text[]) AS p, unnest('{"",0,5,000001}'::text[]) AS f,
		unnest('{"",e0,E5,e-7,e+2}'::text[]) AS e) AS t
WHERE leakage_amount(v) IS NOT NULL;

--
-- 1.5 dates
--
SELECT shown(v), leakage_clean_date(v)
FROM (VALUES
	(1, NULL), (2, ''), (3, '2018-06-01'), (4, spaces() || '2018-06-01' || spaces()), (5, '2018-02-29'), (6, '2016-02-29'),
	(7, '1900-02-29'), (8, '2000-02-29'), (9, '2018-04-31'), (10, '2018-12-31'), (11, '2018-13-01'), (12, '2018-00-01'),
	(13, '2018-01-00'), (14, '2018-01-32'), (15, '1900-01-01'), (16, '1899-12-31'), (17, '2200-12-31'), (18, '2201-01-01'),
	(19, '2018-6-01'), (20, '2018/06/01'), (21, '01-06-2018'), (22, '20180601'), (23, '2018-06-01 00:00'), (24, '2018-06-0x'),
	(25, '-018-06-01'), (26, '2018-06--1'), (27, '0000-00-00'), (28, 'infinity'), (29, 'today'), (30, 'not a date'),
	(31, '2018-06-' || chr(65296) || '1')) AS t (n, v)
ORDER BY n;
-- every day of the 301 years survives a round trip under any DateStyle
SET datestyle = 'SQL, DMY';
SELECT count(*) AS days, count(*) FILTER (WHERE leakage_clean_date(to_char(d, 'YYYY-MM-DD')) IS DISTINCT FROM d) AS wrong
FROM (SELECT date '1900-01-01' + n AS d FROM generate_series(0, date '2200-12-31' - date '1900-01-01') AS n) AS t;
RESET datestyle;

--
-- 1.5 session counts
--
SELECT shown(v), leakage_count(v) AS count, leakage_count_fault(v) AS fault
FROM (VALUES
	(1, NULL), (2, ''), (3, spaces()), (4, '0'), (5, '00'), (6, spaces() || '12' || spaces()), (7, '1000000000000'),
	(8, '1000000000001'), (9, '0000000000000000000000000001'), (10, '99999999999999999999999999'), (11, '-0'), (12, '-1'),
	(13, '+1'), (21, '-1000000000001'), (22, '--1'), (23, '+'), (24, '-'), (25, '+ 1'), (14, '1.0'), (15, '1e3'), (16, '1 000'), (17, 'x'), (18, '99999999999999999999999999x'),
	(19, chr(65301)), (20, '9223372036854775808')) AS t (n, v)
ORDER BY n;

--
-- No function depends on a locale, and each is safe in a parallel plan
--
SELECT proname, provolatile, proparallel, proisstrict
FROM pg_proc
WHERE oid IN ('leakage_clean_id'::regproc, 'leakage_id_fault'::regproc, 'leakage_clean_text'::regproc, 'leakage_clean_label'::regproc,
	'leakage_clean_gender'::regproc, 'leakage_clean_status'::regproc, 'leakage_clean_year'::regproc,
	'leakage_clean_date'::regproc, 'leakage_week'::regproc, 'leakage_week_fault'::regproc, 'leakage_week_start'::regproc,
	'leakage_amount'::regproc, 'leakage_amount_fault'::regproc, 'leakage_count'::regproc, 'leakage_count_fault'::regproc)
ORDER BY proname COLLATE "C";

DROP TABLE spelling;
DROP FUNCTION shown, spaces;
