/*
 * How amounts, counts, shares and people are written, and how elements are made.
 */

let currency = 'USD';

export function setCurrency(code) {
	currency = code || currency;
}

/* the currency is the mart's own text: a code that the browser does not know is put in front as it is */
function moneyFormat(options) {
	const common = { ...options };
	try {
		return new Intl.NumberFormat('en-US', { style: 'currency', currency, currencyDisplay: 'narrowSymbol', ...common }).format;
	} catch {
		const plain = new Intl.NumberFormat('en-US', common);
		return (amount) => `${currency} ${plain.format(amount)}`;
	}
}

/* $132.07 */
export const exactMoney = (amount) => moneyFormat({ minimumFractionDigits: 2, maximumFractionDigits: 2 })(amount);

/* $698.1K; whole units below a thousand, cents below ten */
export function money(amount) {
	const size = Math.abs(amount);
	if (size >= 1000)
		return moneyFormat({ notation: 'compact', minimumFractionDigits: 1, maximumFractionDigits: 1 })(amount);
	const places = size >= 0.005 && size < 10 ? 2 : 0;
	return moneyFormat({ minimumFractionDigits: places, maximumFractionDigits: places })(amount);
}

/* for axes: $200K */
export const shortMoney = (amount) => moneyFormat({ notation: 'compact', minimumFractionDigits: 0, maximumFractionDigits: 1 })(amount);

export const count = (n) => new Intl.NumberFormat('en-US').format(n);

/* the quotient, or null where there is nothing to divide by */
export const ratio = (part, whole) => (Number(whole) === 0 ? null : Number(part) / Number(whole));

export function percent(share, places = 2) {
	if (share === null)
		return '–';
	return `${(100 * share).toLocaleString('en-US', { minimumFractionDigits: places, maximumFractionDigits: places })}%`;
}

/* a probability: one that is nearly certain is not rounded to certain */
export function probability(p) {
	if (p > 0.999)
		return '> 99.9%';
	return p < 0.001 ? '< 0.1%' : percent(p, 1);
}

/* an msisdn is a hash of 32 digits in the published files: its beginning tells users apart on the screen */
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
