/*
 * The page's queries. They have the form of Power BI's for the same visuals: grouped sums over the published views, with
 * "column IN (...)" for each slicer. Values are always parameters; names come from the lists in this file.
 *
 * Counts of users do not add up over weeks. The number of chosen weeks therefore decides their source:
 *   none      kpi, funnel: all subscribers, all weeks together
 *   one       kpi_weeks, funnel_weeks: the users of that week
 *   several   kpi_blocks, block_weeks: each user once, in however many of the weeks
 * Money adds up over everything.
 */

import { escapeIdentifier } from 'pg';

/* the slicers, each with the column of the view kpi that sorts its labels */
export const slicers = {
	segment: null,
	age_group: 'age_group_order',
	region: null,
	gender: null,
	activity_level: 'activity_level_order',
	revenue_band: 'revenue_band_order',
	week_number: 'week_order',
};

export const splits = ['region', 'segment', 'revenue_segment', 'gender'];

export const mostUsers = 100;

/* an invalid request: reported to the caller, but not logged */
export class BadRequest extends Error {}

/*
 * The slicers' choices in a query string, as { column: [values] }. Other columns are refused.
 */
export function readFilters(params) {
	const filters = {};
	for (const [name, value] of params) {
		if (name === 'top' || name === 'split')
			continue;
		if (!Object.hasOwn(slicers, name))
			throw new BadRequest(`no such slicer: ${name}`);
		if (name === 'week_number' && !/^\d{1,6}$/.test(value))
			throw new BadRequest(`not a week: ${value}`);
		(filters[name] ??= []).push(value);
	}
	return filters;
}

export function readTop(params) {
	const top = Number(params.get('top') ?? 10);
	if (!Number.isInteger(top) || top < 1 || top > mostUsers)
		throw new BadRequest(`top must be a whole number from 1 to ${mostUsers}`);
	return top;
}

export function readSplit(params) {
	const split = params.get('split') ?? splits[0];
	if (!splits.includes(split))
		throw new BadRequest(`no such split: ${split}`);
	return split;
}

/*
 * Runs the queries of one request in one snapshot, so that its visuals agree even if a refresh ends in between.
 */
export async function inSnapshot(pool, work) {
	const client = await pool.connect();
	let broken;
	try {
		await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
		const result = await work(client);
		await client.query('COMMIT');
		return result;
	} catch (error) {
		broken = error;
		throw error;
	} finally {
		client.release(broken);
	}
}

/*
 * Functions that query the published views of one mart over one connection.
 */
export function mart(client, schema) {
	const view = (name) => `${escapeIdentifier(schema)}.${escapeIdentifier(name)}`;

	const rows = async (text, values = []) => (await client.query(text, values)).rows;

	/* "WHERE a IN ($1, $2) AND b IN ($3)"; appends the values to the list */
	function where(filters, values, ...terms) {
		for (const [column, members] of Object.entries(filters)) {
			const places = members.map((member) => `$${values.push(member)}`);
			terms.push(`${escapeIdentifier(column)} IN (${places.join(', ')})`);
		}
		return terms.length ? `WHERE ${terms.join(' AND ')}` : '';
	}

	/* the source of counts of users: 'all', 'week', or 'weeks' */
	const counting = (filters) => ['all', 'week'][filters.week_number?.length ?? 0] ?? 'weeks';

	const money = `
		coalesce(sum(total_revenue), 0) AS total_revenue,
		coalesce(sum(expected_revenue), 0) AS expected_revenue,
		coalesce(sum(leakage), 0) AS leakage`;

	async function cards(filters) {
		const values = [];
		if (counting(filters) === 'weeks') {
			const { week_number, ...others } = filters;
			const chosen = [];
			const blocks = await rows(`
				SELECT DISTINCT block
				FROM ${view('block_weeks')}
				${where({ week_number }, chosen)}`, chosen);
			const counts = blocks.map(({ block }) => `block_${block} IN (
				SELECT value
				FROM ${view('block_weeks')}
				${where({ week_number }, values, `block = ${block}`)})`);
			const [row] = await rows(`
				SELECT *
				FROM (
					SELECT
						coalesce(sum(users) FILTER (WHERE counted = 'subscribers'), 0) AS subscribers,
						coalesce(sum(users) FILTER (WHERE counted = 'active_users'), 0) AS active_users,
						coalesce(sum(users) FILTER (WHERE counted = 'revenue_users'), 0) AS revenue_users,
						coalesce(sum(users) FILTER (WHERE counted = 'leaked_users'), 0) AS leaked_users,
						coalesce(sum(users) FILTER (WHERE counted = 'high_usage_low_revenue_users'), 0) AS high_usage_low_revenue_users
					FROM ${view('kpi_blocks')}
					${where(others, values, counts.length ? `(${counts.join(' OR ')})` : 'false')}) AS counts
					CROSS JOIN (
						SELECT ${money}
						FROM ${view('kpi_weeks')}
						${where(filters, values)}) AS money`, values);
			return row;
		}
		const [row] = await rows(`
			SELECT coalesce(sum(subscribers), 0) AS subscribers,
				coalesce(sum(active_users), 0) AS active_users,
				coalesce(sum(revenue_users), 0) AS revenue_users,
				coalesce(sum(leaked_users), 0) AS leaked_users,
				coalesce(sum(high_usage_low_revenue_users), 0) AS high_usage_low_revenue_users,
				${money}
			FROM ${view(counting(filters) === 'all' ? 'kpi' : 'kpi_weeks')}
			${where(filters, values)}`, values);
		return row;
	}

	/* for several weeks, the cards have already counted each stage */
	async function funnel(filters, counted) {
		if (counting(filters) === 'weeks')
			return [
				{ stage: 'Total', users: counted.subscribers },
				{ stage: 'Active', users: counted.active_users },
				{ stage: 'Revenue', users: counted.revenue_users },
				{ stage: 'Leakage', users: counted.leaked_users },
			];
		const values = [];
		return rows(`
			SELECT stage, sum(users) AS users
			FROM ${view(counting(filters) === 'all' ? 'funnel' : 'funnel_weeks')}
			${where(filters, values)}
			GROUP BY stage, stage_order
			ORDER BY stage_order`, values);
	}

	async function sums(dataset, columns, filters, order) {
		const values = [];
		return rows(`
			SELECT ${columns.map(escapeIdentifier).join(', ')}, ${money}
			FROM ${view(dataset)}
			${where(filters, values)}
			GROUP BY ${columns.map(escapeIdentifier).join(', ')}
			ORDER BY ${order}`, values);
	}

	async function topUsers(filters, top) {
		const values = [];
		if (counting(filters) === 'all') {
			const text = `
				SELECT msisdn, age_group, reason, severity, leak_probability, expected_revenue, leakage
				FROM ${view('top_users')}
				${where(filters, values)}
				ORDER BY rank
				LIMIT $${values.push(top)}`;
			return rows(text, values);
		}
		const text = `
			SELECT u.msisdn, u.age_group, u.reason, u.severity, u.leak_probability,
				w.expected_revenue, w.leakage
			FROM (
				SELECT msisdn, sum(expected_revenue) AS expected_revenue, sum(leakage) AS leakage
				FROM ${view('top_user_weeks')}
				${where(filters, values)}
				GROUP BY msisdn
				HAVING sum(leakage) > 0) AS w
				JOIN ${view('users')} AS u USING (msisdn)
			ORDER BY w.leakage DESC, u.leakage_score DESC, u.msisdn
			LIMIT $${values.push(top)}`;
		return rows(text, values);
	}

	async function revenueSplit(filters, split) {
		const values = [];
		return rows(`
			SELECT ${escapeIdentifier(split)} AS member,
				coalesce(sum(amount) FILTER (WHERE kind = 'Collected'), 0) AS collected,
				coalesce(sum(amount) FILTER (WHERE kind = 'Leaked'), 0) AS leaked
			FROM ${view('revenue_split')}
			${where(filters, values)}
			GROUP BY ${escapeIdentifier(split)}
			ORDER BY ${split === 'revenue_segment' ? `array_position('{Very High,High,Medium,Low}'::text[], revenue_segment)` : 'sum(amount) DESC, member'}`,
		values);
	}

	return {
		/* the members of each slicer in order, and facts about the last run and its health */
		async members() {
			const lists = {};
			for (const [column, order] of Object.entries(slicers)) {
				const source = column === 'week_number' ? 'weeks' : 'kpi';
				const name = escapeIdentifier(column);
				const label = column === 'week_number' ? 'week_label' : name;
				lists[column] = await rows(`
					SELECT ${name}::text AS value, ${label} AS label
					FROM ${view(source)}
					GROUP BY 1, 2${order ? `, ${order}` : ''}
					ORDER BY ${order ?? '2'}`);
			}
			const [run] = await rows(`
				SELECT run_id, to_char(finished_at, 'YYYY-MM-DD HH24:MI') AS finished_at, options::jsonb ->> 'currency' AS currency, current_user AS reader
				FROM ${view('run_log')}
				ORDER BY run_id DESC
				LIMIT 1`);
			const health = await rows(`
				SELECT check_name, file, verdict, advice
				FROM ${view('run_health')}
				ORDER BY array_position('{bad,look,ok}'::text[], verdict), check_name, file`);
			return { lists, run: run ?? null, health };
		},

		async overview(filters, top, split) {
			const counted = await cards(filters);
			return {
				counting: counting(filters),
				cards: counted,
				segments: await sums('segment_leakage', ['segment'], filters, 'sum(total_revenue) DESC, segment'),
				revenue_segments: await sums('segment_leakage', ['revenue_segment', 'revenue_segment_order'], filters,
					'revenue_segment_order DESC'),
				age_groups: await sums('age_group_leakage', ['age_group', 'age_group_order'], filters,
					'sum(leakage) / nullif(sum(expected_revenue), 0) DESC NULLS LAST, age_group_order'),
				funnel: await funnel(filters, counted),
				trend: await sums('weekly_trend', ['week_number', 'week_order', 'week_label'], filters, 'week_order'),
				split: await revenueSplit(filters, split),
				top: await topUsers(filters, top),
			};
		},

		/* one user with weeks; null if the mart has no such user */
		async user(msisdn) {
			const [user] = await rows(`
				SELECT msisdn, segment, revenue_segment, age_group, gender, region, mobile_type, status, brand, model,
					first_week, last_week, active_weeks, missing_weeks, zero_weeks, total_revenue, expected_revenue, gap,
					leaked, leakage, leakage_score, leak_probability, reason, severity, change_week, change_factor,
					peer_group, peers, peer_level
				FROM ${view('users')}
				WHERE msisdn = $1`, [msisdn]);
			if (!user)
				return null;
			user.weeks = await rows(`
				SELECT uw.week_number, w.week_label, uw.present, uw.revenue, uw.expected_revenue, uw.leakage, uw.concerned
				FROM ${view('user_weeks')} AS uw
					JOIN ${view('weeks')} AS w USING (week_number)
				WHERE uw.msisdn = $1
				ORDER BY w.week_order`, [msisdn]);
			return user;
		},
	};
}
