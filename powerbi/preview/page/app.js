/*
 * The page: asks the server for the choices of slicers and settings, and passes the answer to the visuals.
 */

import { draw, empty, leakShare, refit } from './charts.js';
import { openUser } from './drill.js';
import * as f from './format.js';
import * as slicers from './slicers.js';

const find = (selector) => document.querySelector(selector);

let pending = null;
let weeks = 0;

async function ask(path, signal) {
	const response = await fetch(path, { signal });
	const answer = await response.json();
	if (!response.ok)
		throw new Error(answer.error);
	return answer;
}

function complain(text) {
	find('#problem').textContent = text;
	find('#problem').hidden = !text;
}

/* the meaning of a count of users for the chosen weeks, because counts do not add up over weeks */
function countingText(counting, chosenWeeks) {
	if (counting === 'all')
		return `All ${weeks} weeks. Each user is counted once.`;
	if (counting === 'week')
		return 'One week: users between their first and last week.';
	return `${chosenWeeks} weeks: each user is counted once, not once per week.`;
}

function drawCards(answer) {
	const c = answer.cards;
	const users = Number(c.active_users);
	const leakage = f.ratio(c.leakage, c.expected_revenue);
	const arpu = f.ratio(c.total_revenue, users);
	const byRule = f.ratio(c.high_usage_low_revenue_users, users);
	const total = { all: 'subscribers', week: 'in this week', weeks: 'in these weeks' }[answer.counting];
	const cards = [
		['total_revenue', 'Total revenue', f.money(c.total_revenue), f.exactMoney(c.total_revenue), c.total_revenue],
		['expected_revenue', 'Expected revenue', f.money(c.expected_revenue), f.exactMoney(c.expected_revenue), c.expected_revenue],
		['leakage', 'Leakage', f.money(c.leakage), f.exactMoney(c.leakage), c.leakage, 'alarm'],
		['leakage_share', 'Leakage %', f.percent(leakage), 'of expected revenue', leakage, 'alarm'],
		['users', 'Users', f.count(users), `of ${f.count(c.subscribers)} ${total}`, users],
		['leaked_users', 'Leaked users', f.count(c.leaked_users), `${f.percent(f.ratio(c.leaked_users, users))} of users`,
			c.leaked_users, 'alarm'],
		['rule_share', 'High usage, low revenue', f.percent(byRule), `${f.count(c.high_usage_low_revenue_users)} users, original rule`,
			byRule],
		['arpu', 'ARPU', arpu === null ? '–' : f.exactMoney(arpu), 'revenue per user', arpu],
	];
	find('#cards').replaceChildren(...cards.map(([id, title, text, note, value, kind]) =>
		f.element('div', { class: `card ${kind ?? ''}`, id: `card-${id}`, 'data-value': value ?? '' },
			f.element('dt', { title }, title), f.element('dd', { class: text.length > 9 ? 'long' : '' }, text),
			f.element('dd', { class: 'note' }, note))));
}

function drawTop(users, matched) {
	const box = find('#top .table');
	if (users.length === 0)
		return box.replaceChildren(empty('No user leaks', matched));
	const heads = ['', 'User', 'Age', 'Reason', 'Severity', 'Expected', 'Leakage'];
	const numbers = ['', 'Expected', 'Leakage'];
	const most = Number(users[0].leakage);
	box.replaceChildren(f.element('table', {},
		f.element('thead', {}, f.element('tr', {}, ...heads.map((text) =>
			f.element('th', { scope: 'col', class: numbers.includes(text) ? 'number' : '' },
				text || f.element('span', { class: 'hidden' }, 'Rank'))))),
		f.element('tbody', {}, ...users.map((u, i) =>
			f.element('tr', { 'data-user': u.msisdn, 'data-value': u.leakage, onclick: () => showUser(u.msisdn) },
				f.element('td', { class: 'number' }, String(i + 1)),
				f.element('td', {}, f.element('button', { type: 'button', class: 'user', title: u.msisdn,
					'aria-label': `Details of user ${u.msisdn}` }, f.shortUser(u.msisdn))),
				f.element('td', {}, u.age_group),
				f.element('td', {}, f.reasons[u.reason] ?? u.reason),
				f.element('td', {}, f.element('span', { class: `severity ${u.severity.toLowerCase()}` }, u.severity)),
				f.element('td', { class: 'number' }, f.amount(u.expected_revenue)),
				f.element('td', { class: 'number bar', style: `--share: ${(100 * u.leakage) / most}%` }, f.amount(u.leakage)))))));
}

async function showUser(msisdn) {
	try {
		openUser(await ask(`api/user?${new URLSearchParams({ msisdn })}`));
	} catch (error) {
		complain(error.message);
	}
}

async function update() {
	pending?.abort();
	pending = new AbortController();
	const { signal } = pending;
	const by = find('#segments-by').value;
	const query = slicers.chosen();
	query.set('top', find('#top-n').value);
	query.set('split', find('#split-by').value);
	find('#visuals').setAttribute('aria-busy', 'true');
	try {
		const answer = await ask(`api/overview?${query}`, signal);
		complain('');
		find('#counting').textContent = countingText(answer.counting, query.getAll('week_number').length);
		drawCards(answer);
		const { counting } = answer;
		const matched = Number(answer.cards.subscribers) > 0;
		draw('segments', answer[by], { matched, member: by === 'segments' ? 'segment' : 'revenue_segment' });
		draw('ages', answer.age_groups.map((row) => ({ ...row, share: leakShare(row) })), { matched });
		draw('funnel', answer.funnel, { matched, counting });
		draw('trend', answer.trend, { matched });
		find('#trend .note').hidden = answer.trend.length < 2;
		draw('split', answer.split, { matched });
		drawTop(answer.top, matched);
		find('#visuals').setAttribute('aria-busy', 'false');
	} catch (error) {
		if (error.name === 'AbortError')
			return;
		complain(`Cannot read the numbers: ${error.message}`);
		find('#visuals').setAttribute('aria-busy', 'false');
	}
}

/* the settings in the address; the default is a grouping with more than one member */
function readSettings(lists) {
	const preset = {
		'segments-by': lists.segment.length > 1 ? 'segments' : 'revenue_segments',
		'split-by': lists.region.length > 1 ? 'region' : 'revenue_segment',
		'top-n': '10',
	};
	for (const [id, value] of Object.entries(preset)) {
		const select = find(`#${id}`);
		select.value = slicers.setting(id) ?? value;
		if (select.selectedIndex < 0)
			select.value = value;
	}
}

/* the verdicts of the health checks in words, as in the last line of a refresh, and what was found */
function drawHealth(checks) {
	const verdicts = ['ok', 'look', 'bad'].map((verdict) => [checks.filter((c) => c.verdict === verdict).length, verdict]);
	const found = checks.filter((c) => c.verdict !== 'ok');
	find('#health summary').textContent = `Health: ${verdicts.filter(([n]) => n > 0).map(([n, verdict]) => `${f.count(n)} ${verdict}`).join(', ')}`;
	find('#health ul').replaceChildren(...(found.length === 0 ? [f.element('li', {}, 'Nothing was found.')]
		: found.map((c) => f.element('li', { class: c.verdict }, `${c.check_name} of ${c.file}: ${c.advice}`))));
	find('#health').classList.toggle('alarm', found.some((c) => c.verdict === 'bad'));
	find('#health').hidden = false;
}

async function begin() {
	const { lists, run, health } = await ask('api/members');
	if (!run || lists.week_number.length === 0) {
		complain('This mart has no published run yet. CALL leakage_refresh(…) publishes one.');
		find('#visuals').hidden = true;
		find('#visuals').setAttribute('aria-busy', 'false');
		return;
	}
	f.setCurrency(run.currency);
	weeks = lists.week_number.length;
	find('#run').textContent = `Overview · run ${run.run_id} of ${run.finished_at} UTC · amounts in ${run.currency} · read as ${run.reader}`;
	drawHealth(health);
	readSettings(lists);
	slicers.start(lists, () => {
		readSettings(lists);
		update();
	});
	for (const id of ['segments-by', 'split-by', 'top-n'])
		find(`#${id}`).addEventListener('change', (event) => slicers.changeSetting(id, event.target.value));
	new ResizeObserver(refit).observe(find('#charts'));
	await update();
}

begin().catch((error) => {
	complain(`Cannot start the preview: ${error.message}`);
	find('#visuals').setAttribute('aria-busy', 'false');
});
