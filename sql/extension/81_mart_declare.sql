-- ---------------------------------------------------------------------------
-- What a refresh found becomes something that the operator knows.
-- ---------------------------------------------------------------------------

-- CALL leakage_declare_event(schema, event_id, note)
--
-- Declares a found event as known: adds a row to known_event, so that the expectations of the next
-- refresh follow it.  An event of late deliveries becomes weeks that are not judged, for all users.
-- A drop or a rise becomes a factor for the users of one segment, region, or other attribute: the
-- one that most of the event's users share with few others.
--	schema		name of the mart
--	event_id	number of the event in the dataset events, after the last refresh
--	note		what happened; NULL: nothing is noted
-- Waits for a running refresh, which numbers the events anew.
-- Errors: no such event (42704), no attribute that fits the event (55000), NULL (22004), and those
-- of check_mart (60_mart.sql).
CREATE PROCEDURE leakage_declare_event(schema name, event_id integer, note text DEFAULT NULL)
	LANGUAGE plpgsql
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	found record;
	meant record;
BEGIN
	PERFORM _leakage.check_mart(schema, 'lock');
	EXECUTE _leakage.mart_sql(schema, 'LOCK TABLE @mart@.mart_option IN SHARE ROW EXCLUSIVE MODE');
	PERFORM _leakage.check_mart(schema, 'change');
	IF event_id IS NULL THEN
		RAISE EXCEPTION 'the number of an event must not be null'
			USING ERRCODE = 'null_value_not_allowed';
	END IF;

	EXECUTE _leakage.mart_sql(schema, $sql$
		SELECT u.event_week AS week, u.event_kind AS kind,
			percentile_disc(0.5) WITHIN GROUP (ORDER BY u.event_factor) AS factor,
			count(*) AS users,
			(SELECT max(w.week_number) FROM @mart@.mart_week AS w) AS last_week
		FROM @mart@.scored_user AS u
		WHERE u.event_id = $1
		GROUP BY u.event_week, u.event_kind
		LIMIT 1
	$sql$)
	INTO found
	USING event_id;
	IF found.week IS NULL THEN
		RAISE EXCEPTION 'mart "%" has no event %', schema, event_id
			USING ERRCODE = 'undefined_object',
				HINT = format('SELECT * FROM %I.events has the events of the last refresh.', schema);
	END IF;

	IF found.kind = 'late' THEN
		SELECT 'all' AS dimension, NULL::text AS value, found.last_week AS to_week, NULL::numeric AS factor
		INTO meant;
	ELSE
		-- at least half of the event's users, and of the users of the value in those weeks at least half are in the event
		EXECUTE _leakage.mart_sql(schema, $sql$
			SELECT d.dimension, d.value, NULL::integer AS to_week, $3 AS factor
			FROM @mart@.scored_user AS u
				CROSS JOIN LATERAL (
					VALUES
						('segment', u.segment), ('mobile_type', u.mobile_type), ('age_group', u.age_group), ('gender', u.gender),
						('region', u.region), ('status', u.status), ('brand', u.brand), ('os', u.os)) AS d (dimension, value)
			WHERE u.first_week < $2
				AND u.last_week >= $2
				AND NOT u.excluded
			GROUP BY d.dimension, d.value
			HAVING 2 * count(*) FILTER (WHERE u.event_id = $1) >= greatest($4, count(*))
			ORDER BY (count(*) FILTER (WHERE u.event_id = $1))::numeric ^ 2 / count(*) DESC,
				d.dimension COLLATE "C", d.value COLLATE "C"
			LIMIT 1
		$sql$)
		INTO meant
		USING event_id, found.week, found.factor, found.users;
		IF meant.dimension IS NULL THEN
			RAISE EXCEPTION 'event % is not that of one segment, region, or other attribute of users', event_id
				USING ERRCODE = 'object_not_in_prerequisite_state',
					DETAIL = format('It has %s users. None of their attributes is shared by half of them, and by few others.', found.users),
					HINT = format('If you know whose event it is, insert it into %I.known_event.', schema);
		END IF;
	END IF;

	EXECUTE _leakage.mart_sql(schema, $sql$
		INSERT INTO @mart@.known_event (dimension, value, from_week, to_week, factor, note)
		VALUES ($1, $2, $3::text, $4::text, trim_scale($5)::text, $6)
	$sql$)
	USING meant.dimension, meant.value, found.week, meant.to_week, meant.factor, note;
	RAISE INFO 'leakage_declare_event(%): from week % on, % for %', schema, found.week,
		coalesce('factor ' || trim_scale(meant.factor), 'nothing is judged'), concat_ws(' ', meant.dimension, meant.value);
END;
$$;
COMMENT ON PROCEDURE leakage_declare_event(name, integer, text) IS
	'declares a found event as known, so that expectations follow it';
