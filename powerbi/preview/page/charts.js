/*
 * The charts. Each is drawn by ECharts as SVG, and its numbers also stand in a table that only screen readers see.
 */

import * as echarts from './echarts.js';
import * as f from './format.js';
import { clear, toggleOnly } from './slicers.js';

const style = getComputedStyle(document.documentElement);
const colour = (name) => style.getPropertyValue(`--${name}`).trim();
const ink = colour('ink');
const muted = colour('muted');
const line = colour('line');
const revenue = colour('revenue');
const expected = colour('expected');
const leak = colour('leak');

const text = { fontFamily: '-apple-system, "Segoe UI", Roboto, "Liberation Sans", Arial, sans-serif', color: muted, fontSize: 12 };
const barLabel = { show: true, position: 'right', color: ink, fontSize: 12 };

const charts = new Map();

/* the button goes away with what it clears: the keyboard stays in the visuals */
function clearAndStay() {
	clear();
	document.querySelector('#visuals').focus();
}

/* what stands where nothing matches */
export function empty() {
	return f.element('div', { class: 'empty' },
		f.element('p', {}, 'Nothing matches these slicers.'),
		f.element('button', { type: 'button', class: 'quiet', onclick: clearAndStay }, 'Clear all'));
}

const categories = (names, more = {}) => ({
	type: 'category',
	data: names,
	axisLine: { lineStyle: { color: line } },
	axisTick: { show: false },
	axisLabel: { ...text, color: ink, interval: 0, width: 92, overflow: 'truncate' },
	...more,
});

const amounts = (name, more = {}) => ({
	type: 'value',
	name,
	nameLocation: 'middle',
	nameGap: 24,
	nameTextStyle: text,
	splitNumber: 3,
	splitLine: { lineStyle: { color: line } },
	axisLabel: { ...text, formatter: f.shortMoney, hideOverlap: true },
	...more,
});

/* a category axis at the left whose first row is on top */
const ranking = (names, more = {}) => categories(names, { inverse: true, ...more });

const tooltip = (format) => ({
	trigger: 'axis',
	axisPointer: { type: 'shadow', shadowStyle: { color: 'rgba(18, 53, 91, 0.06)' } },
	confine: true,
	textStyle: { fontSize: 12, color: ink },
	borderColor: line,
	valueFormatter: format,
});

const names = (rows, column) => rows.map((row) => row[column]);
const values = (rows, column) => rows.map((row) => Number(row[column]));

/*
 * Each visual: its option, the columns of its table, and the slicer that a click on a bar sets.
 */
const visuals = {
	segments: {
		columns: ({ member }) => [[member, 'Segment'], ['total_revenue', 'Total revenue', f.exactMoney], ['leakage', 'Leakage', f.exactMoney]],
		slicer: ({ member }) => (member === 'segment' ? 'segment' : null),
		member: ({ member }) => member,
		option(rows, { member }) {
			const share = (i) => f.percent(f.ratio(rows[i].leakage, rows[i].expected_revenue));
			return {
				tooltip: tooltip(f.exactMoney),
				grid: [
					{ left: 76, width: '35%', top: 8, bottom: 46 },
					{ left: '62%', right: 92, top: 8, bottom: 46 },
				],
				axisPointer: { link: [{ yAxisIndex: 'all' }] },
				yAxis: [ranking(names(rows, member)), ranking(names(rows, member), { gridIndex: 1, axisLabel: { show: false } })],
				xAxis: [amounts('Total revenue', { splitNumber: 2 }), amounts('Leakage', { gridIndex: 1, splitNumber: 2 })],
				series: [
					{ name: 'Total revenue', type: 'bar', data: values(rows, 'total_revenue'), barMaxWidth: 34, color: revenue,
						label: { ...barLabel, formatter: ({ value }) => f.money(value) } },
					{ name: 'Leakage', type: 'bar', data: values(rows, 'leakage'), barMaxWidth: 34, color: leak, xAxisIndex: 1, yAxisIndex: 1,
						label: { ...barLabel, formatter: ({ value, dataIndex }) => `${f.money(value)} · ${share(dataIndex)}` } },
				],
			};
		},
	},

	ages: {
		columns: () => [['age_group', 'Age group'], ['share', 'Leakage %', f.percent], ['leakage', 'Leakage', f.exactMoney]],
		slicer: () => 'age_group',
		member: () => 'age_group',
		option: (rows) => ({
			tooltip: tooltip(f.percent),
			grid: { left: 74, right: 56, top: 8, bottom: 46 },
			yAxis: ranking(names(rows, 'age_group')),
			xAxis: amounts('Leakage, % of expected revenue', {
				axisLabel: { ...text, formatter: (share) => f.percent(share, share < 0.005 && share > 0 ? 1 : 0), hideOverlap: true },
				minInterval: 0.01,
			}),
			series: [{ name: 'Leakage %', type: 'bar', data: values(rows, 'share'), barMaxWidth: 22, color: leak,
				label: { ...barLabel, formatter: ({ value }) => f.percent(value) } }],
		}),
	},

	funnel: {
		columns: () => [['stage', 'Stage'], ['users', 'Users', f.count]],
		empty: (rows) => rows.every((row) => Number(row.users) === 0),
		/* a subscriber base can be a hundred times its users, and these a hundred times the leaking ones: hence the logarithm */
		option(rows) {
			const shades = [colour('deep'), colour('middle'), revenue, leak];
			const of = (i) => f.percent(f.ratio(rows[i].users, rows[i - 1].users), 1);
			const step = (i) => (i === 0 || Number(rows[i - 1].users) === 0 ? '' : `  ${of(i)} of ${rows[i - 1].stage.toLowerCase()}`);
			return {
				tooltip: { ...tooltip(), trigger: 'item', formatter: ({ dataIndex: i }) =>
					`${rows[i].stage}: <b>${f.count(rows[i].users)}</b>${step(i)}` },
				series: [{
					type: 'funnel', sort: 'none', left: 12, right: '46%', top: 10, bottom: 12, gap: 3, min: 0, minSize: '4%',
					data: rows.map((row, i) => ({ name: row.stage, value: Math.log10(Number(row.users) + 1), itemStyle: { color: shades[i], borderWidth: 0 } })),
					labelLine: { show: true, length: 14, lineStyle: { color: line } },
					label: {
						position: 'right', color: ink, fontSize: 12, lineHeight: 17,
						rich: { b: { fontWeight: 600, fontSize: 14, color: ink }, s: { color: muted, fontSize: 12 } },
						formatter: ({ dataIndex: i }) => `${rows[i].stage}  {b|${f.count(rows[i].users)}}${step(i) && `\n{s|${step(i).trim()}}`}`,
					},
				}],
			};
		},
	},

	trend: {
		columns: () => [['week_label', 'Week'], ['total_revenue', 'Revenue', f.exactMoney], ['expected_revenue', 'Expected revenue', f.exactMoney],
			['leakage', 'Leakage', f.exactMoney]],
		slicer: () => 'week_number',
		member: () => 'week_number',
		option: (rows) => trendOption(rows.map((row) => row.week_label.replace('Week ', '')), [
			['Revenue', values(rows, 'total_revenue')],
			['Expected revenue', values(rows, 'expected_revenue')],
			['Leakage', values(rows, 'leakage')],
		], { zero: rows.length === 1 }),
	},

	split: {
		columns: () => [['member', 'Group'], ['collected', 'Non-leaked', f.exactMoney], ['leaked', 'Leaked', f.exactMoney]],
		option(rows) {
			const share = (i) => f.percent(f.ratio(rows[i].leaked, Number(rows[i].collected) + Number(rows[i].leaked)), 1);
			const bar = (name, column, color) => ({ name, type: 'bar', stack: 'all', data: values(rows, column), barMaxWidth: 26, color });
			return {
				legend: { top: 0, left: 0, icon: 'roundRect', itemWidth: 14, itemHeight: 10, textStyle: text, selectedMode: false },
				tooltip: tooltip(f.exactMoney),
				grid: { left: 88, right: 104, top: 30, bottom: 46 },
				yAxis: ranking(names(rows, 'member')),
				xAxis: amounts('Revenue, collected and leaked'),
				series: [
					bar('Non-leaked', 'collected', revenue),
					{ ...bar('Leaked', 'leaked', leak),
						label: { ...barLabel, formatter: ({ dataIndex: i }) => `${f.money(rows[i].leaked)} · ${share(i)}` } },
				],
			};
		},
	},
};

/* revenue against expectation above, what leaked below, over the same weeks */
export function trendOption(weeks, [actual, due, leakage], { zero = false } = {}) {
	const axis = (more) => categories(weeks, { axisLabel: { ...text, color: ink, hideOverlap: true }, ...more });
	return {
		legend: { top: 0, left: 0, icon: 'roundRect', itemWidth: 14, itemHeight: 5, textStyle: text, selectedMode: false },
		tooltip: tooltip((amount) => (amount === null || amount === undefined ? 'no row' : f.exactMoney(amount))),
		axisPointer: { link: [{ xAxisIndex: 'all' }] },
		grid: [
			{ left: 56, right: 12, top: 34, height: '46%' },
			{ left: 56, right: 12, bottom: 42, height: '19%' },
		],
		xAxis: [axis({ axisLabel: { show: false } }), axis({ gridIndex: 1, name: 'Week', nameLocation: 'middle', nameGap: 24, nameTextStyle: text })],
		yAxis: [
			amounts('', { scale: true, min: zero ? 0 : null }),
			amounts('', { gridIndex: 1, splitNumber: 2 }),
		],
		series: [
			{ name: due[0], type: 'line', data: due[1], color: expected, symbol: weeks.length > 1 ? 'none' : 'diamond', symbolSize: 9, lineStyle: { width: 2, type: 'dashed' } },
			{ name: actual[0], type: 'line', data: actual[1], color: revenue, symbolSize: 6, lineStyle: { width: 2.5 } },
			{ name: leakage[0], type: 'bar', data: leakage[1], color: leak, barMaxWidth: 26, xAxisIndex: 1, yAxisIndex: 1 },
		],
	};
}

/* rows with the share of expected revenue that leaked; none where nothing was expected */
export const shareRows = (rows) => rows.map((row) => ({ ...row, share: f.ratio(row.leakage, row.expected_revenue) ?? 0 }));

/* a table of the rows for those who do not see the chart */
export function hiddenTable(title, columns, rows) {
	return f.element('div', { class: 'hidden' }, f.element('table', {},
		f.element('caption', {}, title),
		f.element('thead', {}, f.element('tr', {}, ...columns.map(([, head]) => f.element('th', { scope: 'col' }, head)))),
		f.element('tbody', {}, ...rows.map((row) => f.element('tr', {}, ...columns.map(([key, , format]) =>
			f.element('td', { 'data-value': row[key] }, format ? format(row[key]) : row[key])))))));
}

/* draws an option into a box, or what is there already anew */
export function paint(box, option) {
	let chart = charts.get(box);
	if (!chart) {
		box.replaceChildren();
		chart = echarts.init(box, null, { renderer: 'svg' });
		charts.set(box, chart);
	}
	chart.setOption({ textStyle: text, animationDuration: 300, animationDurationUpdate: 300, ...option }, { notMerge: true });
	return chart;
}

export function erase(box) {
	charts.get(box)?.dispose();
	charts.delete(box);
}

export function refit() {
	for (const chart of charts.values())
		chart.resize();
}

/* draws one visual from its rows, which may be none */
export function draw(name, rows, context = {}) {
	const visual = visuals[name];
	const panel = document.getElementById(name);
	const box = panel.querySelector('.chart');
	panel.querySelector('.hidden')?.remove();
	if (rows.length === 0 || visual.empty?.(rows)) {
		erase(box);
		box.removeAttribute('role');
		box.replaceChildren(empty());
		return;
	}
	const title = panel.querySelector('h2').textContent.trim();
	box.setAttribute('role', 'img');
	box.setAttribute('aria-label', `Chart: ${title}. A table of its numbers follows.`);
	const chart = paint(box, visual.option(rows, context));
	panel.append(hiddenTable(title, visual.columns(context), rows));
	const slicer = visual.slicer?.(context);
	chart.off('click');
	if (slicer)
		chart.on('click', ({ dataIndex }) => toggleOnly(slicer, String(rows[dataIndex][visual.member(context)])));
}
