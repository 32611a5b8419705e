/*
 * The room in a chart: widths of texts, round axes whose labels all fit, and rankings with more rows than fit.
 */

export const font = '-apple-system, "Segoe UI", Roboto, "Liberation Sans", Arial, sans-serif';

const pen = document.createElement('canvas').getContext('2d');

/* the width of the widest of some texts */
export function widest(texts, style = '12px') {
	pen.font = `${style} ${font}`;
	return Math.ceil(Math.max(0, ...texts.map((text) => pen.measureText(text).width)));
}

/* the room for names at the left of a chart; longer names are cut, for which ECharts wants some slack */
export const nameRoom = (names, width) => Math.min(widest(names) + 6, Math.max(60, Math.round(width * 0.32))) + 10;

/* 1, 2, or 5 times a power of ten, at least x */
function roundUp(x) {
	const power = 10 ** Math.floor(Math.log10(x));
	return power * [1, 2, 5, 10].find((factor) => factor * power >= x * (1 - 1e-9));
}

const tidy = (x) => Number(x.toPrecision(12));

/* at most about `count` round steps over the values, from zero or from their minimum, and never beyond `limit` */
function ticksOver(values, count, { zero = true, limit = Infinity, unit = 1 }) {
	let low = Math.min(...values, zero ? 0 : Infinity);
	let high = Math.min(Math.max(...values, zero ? 0 : -Infinity), limit);
	if (high <= low) {
		const pad = zero || low === 0 ? 0 : Math.abs(low) / 20;
		high = pad ? low + pad : low + unit;
		low -= pad;
	}
	const step = roundUp((high - low) / count);
	const first = Math.floor(low / step + 1e-9);
	const last = Math.ceil(high / step - 1e-9);
	return Array.from({ length: last - first + 1 }, (_, i) => tidy((first + i) * step));
}

/*
 * An axis over the values with as many ticks as fit into a room in pixels, horizontal unless told otherwise. `format`
 * makes a formatter from ticks. Gives the part of ECharts' axis option, the labels, and the limits.
 */
export function fitAxis(values, room, format, { across = true, ...options } = {}) {
	for (let count = 5; ; count--) {
		const ticks = ticksOver(values, count, options);
		const label = format(ticks);
		const labels = ticks.map((tick) => label(tick));
		const needed = (across ? widest(labels) + 12 : 22) * (ticks.length - 1);
		if (count === 1 || needed <= room)
			return {
				labels,
				min: ticks[0],
				max: ticks.at(-1),
				interval: tidy(ticks[1] - ticks[0]),
				formatter: (value) => label(tidy(value)),
			};
	}
}

/* how many rows of a ranking fit into a height */
export const rowsThatFit = (height) => Math.max(2, Math.floor(height / 20));

/* the first rows, and one row for the others that adds up their columns */
export function fold(rows, limit, columns) {
	if (rows.length <= limit)
		return rows;
	const others = rows.slice(limit - 1);
	const sum = (column) => others.reduce((total, row) => total + Number(row[column]), 0);
	return [...rows.slice(0, limit - 1), { others: others.length, ...Object.fromEntries(columns.map((column) => [column, sum(column)])) }];
}
