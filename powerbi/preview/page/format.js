/*
 * The text of amounts, counts, shares, and users, in the language of the browser; and a helper that makes elements.
 */

const language = navigator.languages;

const formats = new Map();

function format(options) {
	const key = JSON.stringify(options);
	if (!formats.has(key))
		formats.set(key, new Intl.NumberFormat(language, options));
	return formats.get(key);
}

/* ---- money */

let currency = {};
let prefix = '';

/*
 * The currency is free text in the mart. A code that the browser does not know is put before the number. A symbol
 * outside the Latin script and the commonest signs may be missing from the fonts: its code is shown instead.
 */
export function setCurrency(code) {
	currency = { style: 'currency', currency: code || 'USD', currencyDisplay: 'narrowSymbol' };
	prefix = '';
	try {
		const symbol = format(currency).formatToParts(0).find((part) => part.type === 'currency').value;
		if (!/^[\p{Script=Latin}$€£¥. ]+$/u.test(symbol))
			currency.currencyDisplay = 'code';
	} catch {
		currency = {};
		prefix = `${code} `;
	}
}

const places = (least, most = least) => ({ minimumFractionDigits: least, maximumFractionDigits: most });
const writeMoney = (amount, options) => prefix + format({ ...currency, ...options }).format(amount);

/* $132.07 */
export const exactMoney = (amount) => writeMoney(amount, places(2));

/* 132.07, for a table whose page names the currency */
export const amount = (n) => format(places(2)).format(n);

/* $698.1K, where the language abbreviates thousands; whole units below a thousand, cents below ten */
export function money(n) {
	const size = Math.abs(n);
	if (size >= 1000) {
		const short = { notation: 'compact', ...places(1) };
		return writeMoney(n, format(short).formatToParts(n).some((part) => part.type === 'compact') ? short : places(0));
	}
	return writeMoney(n, places(size >= 0.005 && size < 10 ? 2 : 0));
}

/* ---- axes: as many decimal places as the ticks need, so that no two labels are equal */

function axis(ticks, label) {
	const exact = ticks.map(label(10));
	let most = 0;
	while (most < 10 && ticks.some((tick, i) => label(most)(tick) !== exact[i]))
		most++;
	return label(most);
}

export const axisMoney = (ticks) => axis(ticks, (most) => (n) => writeMoney(n, { notation: 'compact', ...places(0, most) }));

export const axisPercent = (ticks) => axis(ticks, (most) => (n) => format({ style: 'percent', ...places(0, most) }).format(n));

/* ---- counts and shares */

export const count = (n) => format({}).format(n);

export const decimal = (n, digits) => format(places(digits)).format(n);

/* the quotient, or null if there is nothing to divide by */
export const ratio = (part, whole) => (Number(whole) === 0 ? null : Number(part) / Number(whole));

export const percent = (share, digits = 2) => (share === null ? '–' : format({ style: 'percent', ...places(digits) }).format(share));

/* a probability that is almost certain is not rounded to certain */
export function probability(p) {
	if (p > 0.999)
		return `> ${percent(0.999, 1)}`;
	return p < 0.001 ? `< ${percent(0.001, 1)}` : percent(p, 1);
}

/* ---- users */

/* an msisdn is a hash of 32 digits in the published files; its first digits are enough on the screen */
export const shortUser = (msisdn) => (msisdn.length > 12 ? `${msisdn.slice(0, 8)}…` : msisdn);

export const reasons = {
	missing_weeks: 'Missing weeks',
	zero_weeks: 'Zero weeks',
	drop: 'Drop',
	underbilled: 'Underbilled',
	none: 'None',
};

/* a new element: element('p', { class: 'note' }, 'text', child...); handlers are given as onclick: f */
export function element(name, attributes = {}, ...children) {
	const node = document.createElement(name);
	for (const [key, value] of Object.entries(attributes)) {
		if (key.startsWith('on'))
			node.addEventListener(key.slice(2), value);
		else if (value !== false && value !== null && value !== undefined)
			node.setAttribute(key, value === true ? '' : value);
	}
	node.append(...children);
	return node;
}
