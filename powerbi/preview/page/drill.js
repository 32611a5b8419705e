/*
 * One user's case: expected and actual revenue by week, and why the user is reported as leaking.
 */

import { erase, hiddenTable, paint, trendOption } from './charts.js';
import * as f from './format.js';

const dialog = document.querySelector('#drill');

const weeksText = (n) => `${n} ${Number(n) === 1 ? 'week' : 'weeks'}`;

/* the reason in a sentence; the chart shows single weeks that it refers to */
function why(user) {
	const concerned = user.weeks.filter((week) => week.concerned).length;
	switch (user.reason) {
	case 'missing_weeks':
		return `${weeksText(concerned)} without a bill, between weeks with one.`;
	case 'zero_weeks':
		return `${weeksText(concerned)} with a bill of zero.`;
	case 'drop':
		return `From week ${user.change_week} on, revenue is ${f.percent(Number(user.change_factor), 0)} of its earlier level.`;
	case 'underbilled':
		return `In all weeks, revenue is about ${f.percent(Number(user.change_factor), 0)} of the amount due.`;
	default:
		return 'The gap cannot be told apart from chance.';
	}
}

function facts(user) {
	const list = [
		['Total revenue', f.exactMoney(user.total_revenue)],
		['Expected revenue', f.exactMoney(user.expected_revenue)],
		['Gap', f.exactMoney(user.gap)],
		['Leakage', f.exactMoney(user.leakage)],
		['Probability', f.probability(Number(user.leak_probability))],
		['Score', `${f.decimal(user.leakage_score, 1)} of 100`],
		['Weeks', `${user.active_weeks} with a row, ${user.missing_weeks} missing, ${user.zero_weeks} zero`],
		['Peers', `${f.count(user.peers)} users${user.peer_group && ` of ${user.peer_group}`}`],
	];
	return f.element('dl', { class: 'facts' }, ...list.map(([term, text]) =>
		f.element('div', {}, f.element('dt', {}, term), f.element('dd', {}, text))));
}

export function openUser(user) {
	const known = [user.gender, user.age_group, user.region, user.segment, user.mobile_type, user.brand].filter((text) => text !== 'Unknown');
	const box = f.element('div', { class: 'chart', role: 'img', 'aria-label': 'Chart: expected and actual revenue by week. A table of its numbers follows.' });
	dialog.replaceChildren(
		f.element('header', {},
			f.element('div', {},
				f.element('h2', { id: 'drill-title' }, `User ${user.msisdn}`),
				f.element('p', {}, known.join(' · '))),
			f.element('button', { type: 'button', class: 'quiet', onclick: () => dialog.close() }, 'Close')),
		f.element('p', { class: 'why', 'data-reason': user.reason },
			f.element('span', { class: `severity ${user.severity.toLowerCase()}` }, user.severity),
			f.element('strong', {}, f.reasons[user.reason] ?? user.reason), ` ${why(user)}`),
		facts(user),
		f.element('h3', {}, 'Expected and actual revenue by week'),
		box,
		hiddenTable('Expected and actual revenue by week',
			[['week_label', 'Week'], ['revenue', 'Actual', f.exactMoney], ['expected_revenue', 'Expected', f.exactMoney], ['leakage', 'Leakage', f.exactMoney]],
			user.weeks));
	dialog.showModal();
	const leak = getComputedStyle(dialog).getPropertyValue('--leak').trim();
	const series = [
		['Actual', user.weeks.map((week) => (week.present
			? { value: Number(week.revenue), itemStyle: week.concerned ? { color: leak } : undefined } : null))],
		['Expected', user.weeks.map((week) => Number(week.expected_revenue))],
		['Leakage', user.weeks.map((week) => Number(week.leakage))],
	];
	paint(box, (size) => ({ option: trendOption(user.weeks.map((week) => week.week_label), series, size, { zero: true }) }));
	dialog.addEventListener('close', () => erase(box), { once: true });
}

/* a click outside the panel closes it */
dialog.addEventListener('click', (event) => {
	if (event.target === dialog)
		dialog.close();
});
