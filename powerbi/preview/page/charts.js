/*
 * The charts. ECharts draws each as SVG. Its numbers are also in a table that only screen readers see.
 */

import * as echarts from './echarts.js';
import * as f from './format.js';
import { fitAxis, fold, font, nameRoom, rowsThatFit, widest } from './layout.js';
import { anyChosen, clear, toggleOnly } from './slicers.js';

const style = getComputedStyle(document.documentElement);
const color = (name) => style.getPropertyValue(`--${name}`).trim();
const ink = color('ink');
const muted = color('muted');
const line = color('line');
const revenue = color('revenue');
const expected = color('expected');
const leak = color('leak');

const text = { fontFamily: font, color: muted, fontSize: 12 };
const barLabel = { show: true, position: 'right', color: ink, fontSize: 12 };
const axisRoom = 46;		// below a chart: labels and name of the axis

const charts = new Map();

/* the button disappears with the choices that it clears: the keyboard focus stays in the visuals */
function clearAndStay() {
	clear();
	document.querySelector('#visuals').focus();
}

/* the text in place of a visual; `what` is missing unless no subscriber matches the slicers */
export function empty(what, matched) {
	const some = anyChosen();
	const message = matched ? `${what}${some ? ' under these slicers' : ''}.`
		: some ? 'Nothing matches these slicers.' : 'This mart has no subscribers.';
	return f.element('div', { class: 'empty' }, f.element('p', {}, message),
		...(some ? [f.element('button', { type: 'button', class: 'quiet', onclick: clearAndStay }, 'Clear all')] : []));
}

const categories = (names, more = {}) => ({
	type: 'category',
	data: names,
	axisLine: { lineStyle: { color: line } },
	axisTick: { show: false },
	axisLabel: { ...text, color: ink, interval: 0 },
	...more,
});

/* an axis of fitAxis */
const amounts = (name, { labels, formatter, ...limits }, more = {}) => ({
	type: 'value',
	name,
	nameLocation: 'middle',
	nameGap: 24,
	nameTextStyle: text,
	splitLine: { lineStyle: { color: line } },
	axisLabel: { ...text, formatter },
	...limits,
	...more,
});

/* a category axis at the left with the first row on top */
const ranking = (names, room, more = {}) =>
	categories(names, { inverse: true, axisLabel: { ...text, color: ink, interval: 0, width: room - 10, overflow: 'truncate' }, ...more });

const tooltip = (format) => ({
	trigger: 'axis',
	axisPointer: { type: 'shadow', shadowStyle: { color: 'rgba(18, 53, 91, 0.06)' } },
	confine: true,
	textStyle: { fontSize: 12, color: ink },
	borderColor: line,
	valueFormatter: format,
});

const names = (rows, column) => rows.map((row) => (row.others ? `${f.count(row.others)} others` : row[column]));
const values = (rows, column) => rows.map((row) => Number(row[column]));

/* a series of bars; a sum over others has no bar, which would dwarf those of single members, but only a label */
const bars = (name, rows, column, fill, more) => ({
	name,
	type: 'bar',
	data: rows.map((row) => (row.others ? 0 : Number(row[column]))),
	color: fill,
	tooltip: { valueFormatter: (value, i) => f.exactMoney(rows[i][column]) },
	...more,
});

/* what share of expected revenue leaked; 0 if nothing was expected */
export const leakShare = (row) => f.ratio(row.leakage, row.expected_revenue) ?? 0;

/*
 * Each visual: the columns of its table, the slicer that a click on a bar sets, what is missing when it has no rows, and
 * its option with the rows that it shows, for a size in pixels.
 */
const visuals = {
	segments: {
		columns: ({ member }) => [[member, 'Segment'], ['total_revenue', 'Total revenue', f.exactMoney], ['leakage', 'Leakage', f.exactMoney]],
		slicer: ({ member }) => (member === 'segment' ? 'segment' : null),
		member: ({ member }) => member,
		option(all, { member }, { width, height }) {
			const left = nameRoom(names(all, member), width);
			const paid = (row) => f.money(row.total_revenue);
			const lost = (row) => `${f.money(row.leakage)} · ${f.percent(leakShare(row))}`;
			const room = [widest(all.map(paid)) + 16, widest(all.map(lost)) + 12];
			/* side by side, or one below the other in a narrow window */
			const free = width - left - room[0] - room[1];
			const stacked = free < 150;
			const plots = stacked ? [width - left - room[0], width - left - room[1]] : [free * 0.55, free * 0.45];
			const plotHeight = (stacked ? height / 2 : height) - axisRoom - 8;
			const rows = fold(all, rowsThatFit(plotHeight), ['total_revenue', 'expected_revenue', 'leakage']);
			const grid = (i) => ({
				left: stacked || i === 0 ? left : left + plots[0] + room[0],
				width: plots[i],
				top: stacked && i === 1 ? height / 2 + 8 : 8,
				height: plotHeight,
			});
			const members = rows.filter((row) => !row.others);
			const series = (i, name, column, fill, label) => bars(name, rows, column, fill, {
				barMaxWidth: 34, xAxisIndex: i, yAxisIndex: i,
				label: { ...barLabel, formatter: ({ dataIndex }) => label(rows[dataIndex]) },
			});
			const axis = (i, name, column) =>
				amounts(name, fitAxis(values(members, column), plots[i], f.axisMoney), { gridIndex: i });
			return {
				rows,
				option: {
					tooltip: tooltip(f.exactMoney),
					grid: [grid(0), grid(1)],
					axisPointer: { link: [{ yAxisIndex: 'all' }] },
					yAxis: [
						ranking(names(rows, member), left),
						ranking(names(rows, member), left, { gridIndex: 1, ...(stacked ? {} : { axisLabel: { show: false } }) }),
					],
					xAxis: [axis(0, 'Total revenue', 'total_revenue'), axis(1, 'Leakage', 'leakage')],
					series: [
						series(0, 'Total revenue', 'total_revenue', revenue, paid),
						series(1, 'Leakage', 'leakage', leak, lost),
					],
				},
			};
		},
	},

	ages: {
		columns: () => [['age_group', 'Age group'], ['share', 'Leakage %', f.percent], ['leakage', 'Leakage', f.exactMoney]],
		slicer: () => 'age_group',
		member: () => 'age_group',
		option(all, context, { width, height }) {
			const plotHeight = height - axisRoom - 8;
			const rows = fold(all, rowsThatFit(plotHeight), ['leakage', 'expected_revenue']);
			const shares = rows.map(leakShare);
			const left = nameRoom(names(rows, 'age_group'), width);
			const right = widest(shares.map((share) => f.percent(share))) + 12;
			return {
				rows,
				option: {
					tooltip: tooltip(f.percent),
					grid: { left, right, top: 8, height: plotHeight },
					yAxis: ranking(names(rows, 'age_group'), left),
					xAxis: amounts('Leakage, % of expected revenue',
						fitAxis(shares, width - left - right, f.axisPercent, { limit: 1, unit: 0.01 })),
					series: [{ name: 'Leakage %', type: 'bar', data: shares, barMaxWidth: 22, color: leak,
						label: { ...barLabel, formatter: ({ value }) => f.percent(value) } }],
				},
			};
		},
	},

	funnel: {
		columns: () => [['stage', 'Stage'], ['users', 'Users', f.count]],
		empty: (rows) => rows.every((row) => Number(row.users) === 0),
		/* each stage can be a hundred times the next: hence the logarithm */
		option(rows, { counting }, { width }) {
			const shades = [color('deep'), color('middle'), revenue, leak];
			const stages = [counting === 'all' ? 'Subscribers' : 'Users', 'Active users', 'Users with revenue', 'Leaking users'];
			const users = rows.map((row) => f.count(row.users));
			const steps = rows.map((row, i) => (i === 0 || Number(rows[i - 1].users) === 0 ? ''
				: `${f.percent(f.ratio(row.users, rows[i - 1].users), 1)} of ${stages[i - 1].toLowerCase()}`));
			const right = Math.max(widest(stages.map((stage, i) => `${stage}  ${users[i]}`), '600 13px'), widest(steps)) + 26;
			return {
				rows,
				option: {
					tooltip: { ...tooltip(), trigger: 'item', formatter: ({ dataIndex: i }) =>
						`${stages[i]}: <b>${users[i]}</b>${steps[i] && `  ${steps[i]}`}` },
					series: [{
						type: 'funnel', sort: 'none', left: 12, right: Math.min(right, width * 0.62), top: 10, bottom: 12, gap: 3, min: 0, minSize: '4%',
						data: rows.map((row, i) => ({ name: stages[i], value: Math.log10(Number(row.users) + 1), itemStyle: { color: shades[i], borderWidth: 0 } })),
						labelLine: { show: true, length: 14, lineStyle: { color: line } },
						label: {
							position: 'right', color: ink, fontSize: 12, lineHeight: 17,
							rich: { b: { fontWeight: 600, fontSize: 14, color: ink }, s: { color: muted, fontSize: 12 } },
							formatter: ({ dataIndex: i }) => `${stages[i]}  {b|${users[i]}}${steps[i] && `\n{s|${steps[i]}}`}`,
						},
					}],
				},
			};
		},
	},

	trend: {
		columns: () => [['week_label', 'Week'], ['total_revenue', 'Revenue', f.exactMoney], ['expected_revenue', 'Expected revenue', f.exactMoney],
			['leakage', 'Leakage', f.exactMoney]],
		slicer: () => 'week_number',
		member: () => 'week_number',
		option: (rows, context, size) => ({
			rows,
			option: trendOption(rows.map((row) => row.week_label), [
				['Revenue', values(rows, 'total_revenue')],
				['Expected revenue', values(rows, 'expected_revenue')],
				['Leakage', values(rows, 'leakage')],
			], size, { zero: rows.length === 1 }),
		}),
	},

	split: {
		columns: () => [['member', 'Group'], ['collected', 'Non-leaked', f.exactMoney], ['leaked', 'Leaked', f.exactMoney]],
		option(all, context, { width, height }) {
			const plotHeight = height - axisRoom - 30;
			const rows = fold(all, rowsThatFit(plotHeight), ['collected', 'leaked']);
			const sum = (row) => Number(row.collected) + Number(row.leaked);
			const label = (row) => `${f.money(row.leaked)} · ${f.percent(f.ratio(row.leaked, sum(row)), 1)}`;
			const left = nameRoom(names(rows, 'member'), width);
			const right = widest(rows.map(label)) + 12;
			const bar = (name, column, fill, more) => bars(name, rows, column, fill, { stack: 'all', barMaxWidth: 26, ...more });
			return {
				rows,
				option: {
					legend: { top: 0, left: 0, icon: 'roundRect', itemWidth: 14, itemHeight: 10, textStyle: text, selectedMode: false },
					tooltip: tooltip(f.exactMoney),
					grid: { left, right, top: 30, height: plotHeight },
					yAxis: ranking(names(rows, 'member'), left),
					xAxis: amounts('Revenue, collected and leaked',
						fitAxis(rows.filter((row) => !row.others).map(sum), width - left - right, f.axisMoney)),
					series: [
						bar('Non-leaked', 'collected', revenue),
						bar('Leaked', 'leaked', leak, { label: { ...barLabel, formatter: ({ dataIndex }) => label(rows[dataIndex]) } }),
					],
				},
			};
		},
	},
};

/* revenue and expectation above, leakage below, over the same weeks */
export function trendOption(labels, [actual, due, leakage], { width, height }, { zero = false } = {}) {
	const weeks = labels.map((label) => label.replace('Week ', ''));
	const plots = [0.7, 0.3].map((share) => Math.round(share * (height - 96)));
	const points = [...actual[1], ...due[1]].map((point) => point?.value ?? point).filter((point) => point !== null);
	const axes = [
		fitAxis(points, plots[0], f.axisMoney, { across: false, zero }),
		fitAxis(leakage[1], plots[1], f.axisMoney, { across: false }),
	];
	const left = widest(axes.flatMap((axis) => axis.labels)) + 12;
	const grid = (top, plot) => ({ left, right: 12, top, height: plot });
	const axis = (more) => categories(weeks, { axisLabel: { ...text, color: ink, hideOverlap: true, interval: 0 }, ...more });
	return {
		legend: { top: 0, left: 0, icon: 'roundRect', itemWidth: 14, itemHeight: 5, textStyle: text, selectedMode: false },
		tooltip: tooltip((amount) => (amount === null || amount === undefined ? 'no row' : f.exactMoney(amount))),
		axisPointer: { link: [{ xAxisIndex: 'all' }] },
		grid: [grid(34, plots[0]), grid(34 + plots[0] + 20, plots[1])],
		xAxis: [axis({ axisLabel: { show: false } }), axis({ gridIndex: 1, name: 'Week', nameLocation: 'middle', nameGap: 24, nameTextStyle: text })],
		yAxis: [amounts('', axes[0]), amounts('', axes[1], { gridIndex: 1 })],
		series: [
			{ name: due[0], type: 'line', data: due[1], color: expected, symbol: weeks.length > 1 ? 'none' : 'diamond', symbolSize: 9, lineStyle: { width: 2, type: 'dashed' } },
			{ name: actual[0], type: 'line', data: actual[1], color: revenue, symbolSize: 6, lineStyle: { width: 2.5 } },
			{ name: leakage[0], type: 'bar', data: leakage[1], color: leak, barMaxWidth: 26, xAxisIndex: 1, yAxisIndex: 1 },
		],
	};
}

/* a table of the rows for screen readers */
export function hiddenTable(title, columns, rows) {
	return f.element('div', { class: 'hidden' }, f.element('table', {},
		f.element('caption', {}, title),
		f.element('thead', {}, f.element('tr', {}, ...columns.map(([, head]) => f.element('th', { scope: 'col' }, head)))),
		f.element('tbody', {}, ...rows.map((row) => f.element('tr', {}, ...columns.map(([key, , format]) =>
			f.element('td', { 'data-value': row[key] }, format ? format(row[key]) : row[key])))))));
}

/* draws a chart into a box, now and whenever the box changes its size: make(size) gives its option and rows */
export function paint(box, make) {
	if (!charts.has(box)) {
		box.replaceChildren();
		charts.set(box, { chart: echarts.init(box, null, { renderer: 'svg' }) });
	}
	Object.assign(charts.get(box), { make });
	return fit(box, !matchMedia('(prefers-reduced-motion: reduce)').matches);
}

function fit(box, animation) {
	const entry = charts.get(box);
	entry.size = { width: box.clientWidth, height: box.clientHeight };
	const { option, rows } = entry.make(entry.size);
	entry.chart.resize();
	entry.chart.setOption({ textStyle: text, animation, animationDuration: 300, animationDurationUpdate: 300, ...option }, { notMerge: true });
	entry.rows = rows;
	return entry;
}

export function erase(box) {
	charts.get(box)?.chart.dispose();
	charts.delete(box);
}

export function refit() {
	for (const [box, { size }] of charts)
		if (box.clientWidth !== size.width || box.clientHeight !== size.height)
			fit(box, false);
}

/* draws one visual from its rows, of which there may be none */
export function draw(name, rows, context) {
	const visual = visuals[name];
	const panel = document.getElementById(name);
	const box = panel.querySelector('.chart');
	panel.querySelector('.hidden')?.remove();
	if (rows.length === 0 || visual.empty?.(rows)) {
		erase(box);
		box.removeAttribute('role');
		box.replaceChildren(empty('No revenue', context.matched));
		return;
	}
	const title = panel.querySelector('h2').textContent.trim();
	box.setAttribute('role', 'img');
	box.setAttribute('aria-label', `Chart: ${title}. A table of its numbers follows.`);
	const entry = paint(box, (size) => visual.option(rows, context, size));
	panel.append(hiddenTable(title, visual.columns(context), rows));
	const slicer = visual.slicer?.(context);
	entry.chart.off('click');
	if (slicer)
		entry.chart.on('click', ({ dataIndex }) => {
			const row = entry.rows[dataIndex];
			if (!row.others)
				toggleOnly(slicer, String(row[visual.member(context)]));
		});
}
