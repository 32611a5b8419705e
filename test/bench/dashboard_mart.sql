-- Multiplies the users in a mart's scored tables by COPIES, spreads them over REGIONS regions (0: unchanged), and rebuilds the
-- published datasets. Variables: mart, copies, regions. The original tables of the refresh are kept in MART_scored.
--
-- A copy of a user has its own msisdn. The region comes from a hash of the msisdn, so that copies of a user differ in it and
-- all possible combinations of attributes occur.

\set ON_ERROR_STOP on
SET client_min_messages = warning;
\set scored :mart _scored

CREATE SCHEMA IF NOT EXISTS :"scored";
CREATE UNLOGGED TABLE IF NOT EXISTS :"scored".scored_user AS TABLE :"mart".scored_user;
CREATE UNLOGGED TABLE IF NOT EXISTS :"scored".subscriber_cell AS TABLE :"mart".subscriber_cell;

-- the msisdn of a copy; the first copy is the user itself
CREATE OR REPLACE FUNCTION :"scored".copy_of(msisdn text, copy integer)
	RETURNS text
	LANGUAGE sql IMMUTABLE
RETURN CASE WHEN copy = 1 THEN msisdn ELSE msisdn || '-' || copy END;

CREATE OR REPLACE FUNCTION :"scored".region_of(key text, regions integer, region text)
	RETURNS text
	LANGUAGE sql IMMUTABLE
RETURN CASE WHEN regions = 0 THEN region ELSE 'Region ' || lpad((1 + mod(hashtextextended(key, 0) & 1048575, regions))::text, 2, '0') END;

SELECT string_agg(
		CASE attname
			WHEN 'msisdn' THEN format('%I.copy_of(msisdn, copy)', :'scored')
			WHEN 'region' THEN format('%I.region_of(%1$I.copy_of(msisdn, copy), %s, region)', :'scored', :regions)
			ELSE quote_ident(attname)
		END, ', ' ORDER BY attnum) AS user_columns
FROM pg_attribute
WHERE attrelid = format('%I.scored_user', :'mart')::regclass AND attnum > 0 AND NOT attisdropped
\gset

BEGIN;
TRUNCATE :"mart".scored_user, :"mart".subscriber_cell;
INSERT INTO :"mart".scored_user
SELECT :user_columns
FROM :"scored".scored_user
	CROSS JOIN generate_series(1, :copies) AS copy;

-- subscribers with revenue follow their users; the others are spread evenly over the regions
INSERT INTO :"mart".subscriber_cell
WITH
	users AS (
		SELECT segment, age_group, age_group_order, region, gender, mobile_type, status, count(*) AS subscribers
		FROM :"mart".scored_user
		GROUP BY segment, age_group, age_group_order, region, gender, mobile_type, status),
	users_before AS (
		SELECT segment, age_group, age_group_order, region, gender, mobile_type, status, count(*) AS subscribers
		FROM :"scored".scored_user
		GROUP BY segment, age_group, age_group_order, region, gender, mobile_type, status),
	others AS (
		SELECT c.segment, c.age_group, c.age_group_order,
			CASE WHEN :regions = 0 THEN c.region ELSE 'Region ' || lpad(number::text, 2, '0') END AS region,
			c.gender, c.mobile_type, c.status,
			div((c.subscribers - coalesce(u.subscribers, 0)) * :copies + number - 1, greatest(:regions, 1))::bigint AS subscribers
		FROM :"scored".subscriber_cell AS c
			LEFT JOIN users_before AS u USING (segment, age_group, age_group_order, region, gender, mobile_type, status)
			CROSS JOIN generate_series(1, greatest(:regions, 1)) AS number)
SELECT segment, age_group, age_group_order, region, gender, mobile_type, status, sum(subscribers)
FROM (TABLE users UNION ALL TABLE others) AS all_subscribers
GROUP BY segment, age_group, age_group_order, region, gender, mobile_type, status
HAVING sum(subscribers) > 0;
COMMIT;
ANALYZE :"mart".scored_user, :"mart".subscriber_cell;

-- everything except the reconciliation, because there are no files for these users
SELECT format('REFRESH MATERIALIZED VIEW %I.%I', :'mart', 'mv_' || name)
FROM _leakage.mart_relations()
WHERE kind = 'dataset' AND name <> 'reconciliation'
ORDER BY place
\gexec
VACUUM ANALYZE;
