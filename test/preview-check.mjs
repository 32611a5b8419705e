/*
 * make check-preview: opens the preview as a reader would, sets slicers, and compares every visual with independent plain
 * SQL over users and user_weeks. Then looks for unreadable charts, also with changed answers of the server. Prints the number
 * of checks, and exits with 1 if one failed.
 *
 *   node test/preview-check.mjs URL      with PGHOST... of the server, as a role that can read all; READER is the page's role
 */

import { spawn } from 'node:child_process';
import { request } from 'node:http';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { launchBrowser, settled } from '../powerbi/preview/browser.mjs';

const pg = createRequire(new URL('../powerbi/preview/package.json', import.meta.url))('pg');
const base = process.argv[2];

let passed = 0;
const failures = [];

function check(name, actual, expected) {
	const a = JSON.stringify(actual);
	const e = JSON.stringify(expected);
	if (a === e)
		passed++;
	else
		failures.push(`${name}\n    shown    ${a}\n    expected ${e}`);
}

/* ---- the expected numbers */

const db = new pg.Client();
await db.connect();
const rows = async (text) => (await db.query(text)).rows;

/* numbers as the page has them, compared to the last digit */
const number = (text) => (text === null || text === '' ? null : Number(text));

/* rows as arrays: a label, then numbers */
async function list(text) {
	const result = await db.query({ text, rowMode: 'array' });
	return result.rows.map((row) => row.map((v, i) => (i === 0 ? v : number(v))));
}

/* the users and weeks that match the slicers */
function leftOver(slicers) {
	const { week_number: weeks = [], ...attributes } = slicers;
	const terms = Object.entries(attributes).map(([column, members]) =>
		`(${members.map((member) => `u.${column} = ${db.escapeLiteral(member)}`).join(' OR ')})`);
	return `
		SELECT u.msisdn, u.segment, u.revenue_segment, u.age_group, u.region, u.gender, u.high_usage_low_revenue, u.leakage_score,
			w.week_number, w.present, w.revenue, w.expected_revenue, w.leakage,
			w.leakage > 0 OR (u.leaked AND w.expected_leak > 0) AS leaking_week, u.leaked
		FROM telecom.users AS u
			JOIN telecom.user_weeks AS w ON w.msisdn = u.msisdn
		WHERE ${[...terms, weeks.length ? `w.week_number = ANY ('{${weeks.join()}}')` : 'true'].join(' AND ')}`;
}

async function expectation(slicers, { by, split, top }) {
	await db.query(`DROP TABLE IF EXISTS pg_temp.left_over; CREATE TEMP TABLE left_over AS ${leftOver(slicers)}`);
	const allWeeks = !slicers.week_number;
	const [c] = await rows(`
		SELECT coalesce(sum(revenue), 0) AS revenue, coalesce(sum(expected_revenue), 0) AS expected, coalesce(sum(leakage), 0) AS leakage,
			count(DISTINCT msisdn) AS present,
			count(DISTINCT CASE WHEN present THEN msisdn END) AS users,
			count(DISTINCT CASE WHEN revenue > 0 THEN msisdn END) AS paying,
			count(DISTINCT CASE WHEN ${allWeeks ? 'leaked' : 'leaking_week'} THEN msisdn END) AS leaking,
			count(DISTINCT CASE WHEN high_usage_low_revenue THEN msisdn END) AS by_rule
		FROM left_over`);
	const quotient = (a, b) => (Number(b) === 0 ? null : Number(a) / Number(b));
	return {
		cards: {
			total_revenue: number(c.revenue), expected_revenue: number(c.expected), leakage: number(c.leakage),
			leakage_share: quotient(c.leakage, c.expected), users: number(c.users), leaked_users: number(c.leaking),
			rule_share: quotient(c.by_rule, c.users), arpu: quotient(c.revenue, c.users),
		},
		/* without a week chosen, the first stage is all subscribers, which has a check of its own */
		funnel: [['Active', number(c.users)], ['Revenue', number(c.paying)], ['Leakage', number(c.leaking)]],
		total: allWeeks ? null : number(c.present),
		segments: await list(`
			SELECT ${by}, sum(revenue), sum(leakage)
			FROM left_over
			GROUP BY ${by}
			ORDER BY ${by === 'segment' ? 'sum(revenue) DESC, 1' : "array_position('{Very High,High,Medium,Low}', revenue_segment)"}`),
		ages: (await list(`
			SELECT age_group, sum(leakage), sum(expected_revenue)
			FROM left_over
			GROUP BY age_group`)).map(([age, leakage, expected]) => [age, expected === 0 ? 0 : leakage / expected, leakage])
			.sort((a, b) => a[0].localeCompare(b[0])),
		trend: await list(`
			SELECT 'Week ' || week_number, sum(revenue), sum(expected_revenue), sum(leakage)
			FROM left_over
			GROUP BY week_number
			ORDER BY week_number`),
		split: await list(`
			SELECT ${split}, sum(revenue), sum(leakage)
			FROM left_over
			GROUP BY ${split}
			ORDER BY ${split === 'revenue_segment' ? "array_position('{Very High,High,Medium,Low}', revenue_segment)" : 'sum(revenue) + sum(leakage) DESC, 1'}`),
		top: await list(`
			SELECT msisdn, sum(leakage)
			FROM left_over
			WHERE leaked
			GROUP BY msisdn
			HAVING sum(leakage) > 0
			ORDER BY sum(leakage) DESC, max(leakage_score) DESC, msisdn
			LIMIT ${top}`),
	};
}

/* ---- the page */

const browser = await launchBrowser();
const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, reducedMotion: 'reduce' });
context.setDefaultTimeout(15000);
const page = await context.newPage();
const complaints = [];
page.on('console', (message) => {
	if (['error', 'warning'].includes(message.type()))
		complaints.push(message.text());
});
page.on('pageerror', (error) => complaints.push(error.message));
page.on('request', (asked) => {
	if (!asked.url().startsWith(base) && !asked.url().startsWith('data:'))
		complaints.push(`a request to ${asked.url()}`);
});

async function shown() {
	const seen = await page.evaluate(() => {
		const cells = (panel) => [...document.querySelectorAll(`#${panel} .hidden tbody tr`)].map((tr) =>
			[...tr.cells].map((td) => td.dataset.value));
		return {
			cards: Object.fromEntries([...document.querySelectorAll('.card')].map((card) => [card.id.replace('card-', ''), card.dataset.value])),
			funnel: cells('funnel'), segments: cells('segments'), ages: cells('ages'), trend: cells('trend'), split: cells('split'),
			top: [...document.querySelectorAll('#top tbody tr')].map((tr) => [tr.dataset.user, tr.dataset.value]),
		};
	});
	const numbers = (list) => list.map((cells) => cells.map((v, i) => (i === 0 ? v : number(v))));
	return {
		cards: Object.fromEntries(Object.entries(seen.cards).map(([name, value]) => [name, number(value)])),
		funnel: numbers(seen.funnel), segments: numbers(seen.segments), trend: numbers(seen.trend),
		split: numbers(seen.split), top: numbers(seen.top), ages: numbers(seen.ages),
	};
}

const settings = { by: 'segment', split: 'region', top: 10 };

/* every visual against SQL */
async function compare(name, slicers) {
	await settled(page);
	const seen = await shown();
	const right = await expectation(slicers, settings);
	check(`${name}: cards`, seen.cards, right.cards);
	check(`${name}: funnel`, seen.funnel.slice(1), right.funnel);
	if (right.total !== null)
		check(`${name}: first stage of the funnel`, seen.funnel[0], ['Total', right.total]);
	for (const visual of ['segments', 'trend', 'split', 'top'])
		check(`${name}: ${visual}`, seen[visual], right[visual]);
	const shares = seen.ages.map((row) => row[1]);
	check(`${name}: age groups are sorted`, shares, [...shares].sort((a, b) => b - a));
	check(`${name}: ages`, [...seen.ages].sort((a, b) => a[0].localeCompare(b[0])), right.ages);
	return seen;
}

async function choose(column, members) {
	const slicer = page.locator(`.slicer[data-column="${column}"]`);
	if (!await slicer.evaluate((node) => node.open))
		await slicer.locator('summary').click();
	for (const member of members)
		await slicer.locator(`input[value="${member}"]`).click();
	await page.keyboard.press('Escape');
}

async function clearAll() {
	await page.locator('#clear').click();
	await settled(page);
}

/* ---- the checks */

await page.goto(base);
const whole = await compare('no slicer', {});
const [{ subscribers }] = await rows("SELECT count(DISTINCT lower(btrim(msisdn)))::integer AS subscribers FROM telecom.crm WHERE btrim(msisdn) <> ''");
check('no slicer: all subscribers', (await shown()).funnel[0], ['Total', subscribers]);
check('some users leak', whole.cards.leaked_users > 20, true);
check('the page reads as the BI role', (await page.textContent('#run')).includes(`read as ${process.env.READER}`), true);
const verdicts = await rows("SELECT verdict, count(*) FROM telecom.run_health GROUP BY verdict ORDER BY verdict DESC");
check('the health of the run', await page.textContent('#health summary'), `Health: ${verdicts.map((v) => `${v.count} ${v.verdict}`).join(', ')}`);
await page.click('#health summary');
check('what the health checks found', await page.locator('#health li').allTextContents(),
	(await rows("SELECT check_name || ' of ' || file || ': ' || advice AS text FROM telecom.run_health WHERE verdict <> 'ok' ORDER BY verdict, check_name, file")).map((r) => r.text));
await page.click('#health summary');
check('each chart is drawn', await page.locator('.chart[role=img] svg').count(), 5);

/* each slicer alone, with members that some users have */
const examples = {
	segment: ['Tier_2'], age_group: ['25-34'], region: ['Dhaka', 'Khulna'], gender: ['Female'], activity_level: ['High'],
	revenue_band: ['100-150', '150-200'], week_number: ['24'],
};
check('the seven slicers', await page.locator('.slicer').evaluateAll((all) => all.map((one) => one.dataset.column)), Object.keys(examples));
for (const [column, members] of Object.entries(examples)) {
	await choose(column, members);
	const seen = await compare(column, { [column]: members });
	check(`${column}: changes the numbers`, seen.cards.total_revenue > 0 && seen.cards.total_revenue < whole.cards.total_revenue, true);
	await clearAll();
	check(`${column}: cleared`, (await shown()).cards, whole.cards);
}

/* several weeks: each user is counted once, and the page says so */
await choose('week_number', ['23', '24', '25']);
const weeks = await compare('three weeks', { week_number: ['23', '24', '25'] });
const [{ added }] = await rows("SELECT count(*)::integer AS added FROM telecom.user_weeks WHERE present AND week_number IN (23, 24, 25)");
check('three weeks: users are not added up', weeks.cards.users < added, true);
check('three weeks: the page says so', (await page.textContent('#counting')).startsWith('3 weeks: each user is counted once'), true);
await choose('segment', ['Tier_1']);
await choose('gender', ['Male']);
await compare('three slicers', { week_number: ['23', '24', '25'], segment: ['Tier_1'], gender: ['Male'] });
await page.goBack();
await compare('back', { week_number: ['23', '24', '25'], segment: ['Tier_1'] });
await page.reload();
await compare('the same after a reload', { week_number: ['23', '24', '25'], segment: ['Tier_1'] });
await clearAll();

/* settings */
await page.selectOption('#top-n', '25');
settings.top = 25;
await compare('top 25', {});
await page.selectOption('#segments-by', 'revenue_segments');
settings.by = 'revenue_segment';
await page.selectOption('#split-by', 'gender');
settings.split = 'gender';
await compare('other groups', {});
await page.selectOption('#split-by', 'revenue_segment');
settings.split = 'revenue_segment';
await choose('segment', ['Tier_3']);
const ordered = await compare('revenue segments', { segment: ['Tier_3'] });
check('revenue segments are in order', ordered.split.map(([member]) => member), ['Very High', 'High', 'Medium', 'Low']);
await clearAll();

/* a click on the top bar of a chart sets its slicer */
const bars = await page.locator('#ages svg path[fill="#d9622b"]').evaluateAll((all) => all.map((one) => {
	const box = one.getBoundingClientRect();
	return { x: box.x + box.width / 2, y: box.y + box.height / 2 };
}));
check('a bar for each age group', bars.length, whole.ages.length);
const first = bars.sort((a, b) => a.y - b.y)[0];
await page.mouse.click(first.x, first.y);
await page.waitForURL(/age_group=/);
await settled(page);
const [clicked] = (await shown()).ages;
check('a click on a bar: the greatest share is chosen', clicked[0], whole.ages[0][0]);
await compare('a click on a bar', { age_group: [clicked[0]] });
await clearAll();

/* drill-through to one user, by mouse and by keyboard */
const [worst] = await rows(`
	SELECT msisdn, reason, severity, leak_probability::float8 AS p, leakage
	FROM telecom.users
	ORDER BY leakage DESC
	LIMIT 1`);
await page.locator('#top tbody tr').first().click();
await page.locator('#drill[open]').waitFor();
const drill = await page.locator('#drill').innerText();
check('drill-through: the user', drill.includes(worst.msisdn), true);
check('drill-through: the reason', await page.getAttribute('.why', 'data-reason'), worst.reason);
check('drill-through: the severity', await page.textContent('.why .severity'), worst.severity);
check('drill-through: the probability', drill.includes(worst.p > 0.999 ? '> 99.9%' : `${(100 * worst.p).toFixed(1)}%`), true);
check('drill-through: the weeks', await page.locator('#drill .hidden tbody tr').evaluateAll((all) =>
	all.map((tr) => [...tr.cells].map((td, i) => (i === 0 ? td.dataset.value : Number(td.dataset.value))))),
await list(`
	SELECT 'Week ' || week_number, revenue, expected_revenue, leakage
	FROM telecom.user_weeks
	WHERE msisdn = ${db.escapeLiteral(worst.msisdn)}
	ORDER BY week_number`));
check('drill-through: the chart is drawn', await page.locator('#drill .chart svg').count(), 1);
await page.keyboard.press('Escape');
check('drill-through: Escape closes', await page.locator('#drill[open]').count(), 0);
await page.locator('#top tbody .user').nth(1).focus();
await page.keyboard.press('Enter');
await page.locator('#drill[open]').waitFor();
check('drill-through: by keyboard', (await page.textContent('#drill-title')).slice(5), (await shown()).top[1][0]);
await page.keyboard.press('Escape');

/* a slicer by keyboard */
await page.locator('.slicer[data-column="gender"] summary').focus();
await page.keyboard.press('Enter');
await page.keyboard.press('Tab');
await page.keyboard.press('Space');
await settled(page);
check('a slicer by keyboard', new URL(page.url()).searchParams.getAll('gender'), ['Female']);
await compare('a slicer by keyboard', { gender: ['Female'] });
await page.keyboard.press('Escape');
check('Escape returns to the slicer', await page.evaluate(() => document.activeElement.closest('.slicer')?.open), false);
await clearAll();

/* nothing matches: without revenue there is no high activity */
await choose('revenue_band', ['None']);
await choose('activity_level', ['High']);
await settled(page);
check('nothing matches: every visual says so', await page.locator('.panel .empty p').allTextContents(), Array(6).fill('Nothing matches these slicers.'));
check('nothing matches: no money', (await shown()).cards.total_revenue, 0);
check('nothing matches: no share', await page.textContent('#card-leakage_share dd'), '–');
await page.locator('#ages .empty button').click();
await settled(page);
check('nothing matches: the way back', (await shown()).cards, whole.cards);

/* names for screen readers, and small windows */
check('controls have names', await page.evaluate(() => [...document.querySelectorAll('button, select, input, .chart')].filter((node) =>
	!(node.ariaLabel || node.textContent.trim() && node.tagName === 'BUTTON' || node.labels?.[0]?.textContent.trim())).length), 0);
for (const width of [1440, 1000, 400]) {
	await page.setViewportSize({ width, height: 900 });
	check(`no sideways scrolling at ${width}`, await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), true);
}
/* ---- charts: no text overlaps another text or a bar, and axes have round, different labels */

/* texts and bars of each chart, with their places */
const drawn = () => page.evaluate(() => Object.fromEntries([...document.querySelectorAll('.panel')].map((panel) => {
	const place = (node) => {
		const { x, y, width, height } = node.getBoundingClientRect();
		return { x, y, right: x + width, bottom: y + height, text: node.textContent };
	};
	const bars = [...panel.querySelectorAll('svg path')].filter((path) => ['#2f6fa8', '#d9622b'].includes(path.getAttribute('fill')));
	return [panel.id, {
		texts: [...panel.querySelectorAll('svg text')].map(place).filter((one) => one.text.trim() !== ''),
		bars: panel.id === 'funnel' ? [] : bars.map(place).filter((one) => one.right > one.x && one.bottom - one.y > 3),
	}];
})));

function collisions({ texts, bars }) {
	const meet = (a, b) => a.x < b.right - 1 && b.x < a.right - 1 && a.y < b.bottom - 3 && b.y < a.bottom - 3;
	return texts.flatMap((one, i) => [
		...texts.slice(i + 1).filter((other) => meet(one, other)).map((other) => `${one.text} | ${other.text}`),
		...bars.filter((bar) => meet(one, bar)).map(() => `${one.text} | a bar`),
	]);
}

/* the labels of the axes: groups of texts on a line below the bars or at the left of a line chart */
function axisLabels(name, { texts }) {
	const labels = name === 'trend'
		? texts.filter(({ right, text }) => /\d/.test(text) && texts.filter((other) => Math.abs(other.right - right) < 2).length > 2).sort((a, b) => b.y - a.y)
		: texts.filter(({ y }) => Math.abs(y - Math.max(...texts.map((one) => one.y)) + 17) < 8).sort((a, b) => a.x - b.x);
	/* an axis ends before another zero, or at the left where the distance between labels changes */
	const axes = [];
	labels.forEach(({ y, text }, i) => {
		const distance = (j) => labels[j - 1].y - labels[j].y;
		if (i === 0 || (name === 'trend' ? axes.at(-1).length > 1 && Math.abs(distance(i) - distance(i - 1)) > 3 : /^\D*0\D*$/.test(text)))
			axes.push([]);
		axes.at(-1).push(text);
	});
	return axes;
}

async function readable(name) {
	await settled(page);
	await page.evaluate(() => new Promise((done) => { requestAnimationFrame(() => requestAnimationFrame(done)); }));
	const charts = await drawn();
	for (const id of ['segments', 'ages', 'funnel', 'trend', 'split'])
		check(`${name}: ${id} without overlaps`, collisions(charts[id]), []);
	return charts;
}

/* opens the page with changed answers of the server */
async function withAnswers(changes, query, work) {
	for (const [path, change] of Object.entries(changes))
		await page.route(`**/api/${path}*`, async (route) => {
			const response = await route.fetch();
			const json = await response.json();
			change(json);
			await route.fulfill({ response, json });
		});
	await page.goto(`${base}${query}`);
	await settled(page);
	await work();
	await page.unrouteAll();
}

const widths = [1440, 1024, 390];
const many = (n, row) => Array.from({ length: n }, (_, i) => row(i, `Member number ${i + 1}`));
const money = (i) => ({ total_revenue: 90000 - 2000 * i, expected_revenue: 91000 - 2000 * i, leakage: 500 + 7 * i });

await page.goto(base);
for (const width of widths) {
	await page.setViewportSize({ width, height: 900 });
	await readable(`at ${width}`);
}
check('shares are of users, not of revenue', (await page.textContent('#funnel svg')).match(/% of [a-z ]+/g), ['% of subscribers', '% of active users', '% of users with revenue']);

await withAnswers({ overview: (answer) => {
	answer.split = many(40, (i, member) => ({ member, collected: 9000 - 100 * i, leaked: 50 + i }));
	answer.segments = many(40, (i, segment) => ({ segment, ...money(i) }));
	answer.age_groups = many(40, (i, age_group) => ({ age_group, ...money(i) }));
} }, '?segments-by=segments', async () => {
	for (const width of widths) {
		await page.setViewportSize({ width, height: 900 });
		const charts = await readable(`40 members at ${width}`);
		for (const id of ['split', 'segments', 'ages'])
			check(`40 members at ${width}: ${id} adds up the others`, charts[id].texts.some(({ text }) => /^\d+ others$/.test(text)), true);
	}
	check('40 members: the table has all', (await shown()).split.length, 40);
	await page.locator('#ages svg text', { hasText: 'others' }).click({ force: true });
	check('40 members: others are not a member', new URL(page.url()).searchParams.has('age_group'), false);
});

const noLeak = (answer) => {
	answer.cards.leakage = answer.cards.leaked_users = '0';
	answer.top = [];
	for (const row of [...answer.segments, ...answer.age_groups, ...answer.trend])
		row.leakage = '0';
	for (const row of answer.split)
		row.leaked = '0';
};
for (const [query, text, buttons] of [['', 'No user leaks.', 0], ['?gender=Male', 'No user leaks under these slicers.', 1]])
	await withAnswers({ overview: noLeak }, query, async () => {
		check(`nobody leaks: ${text}`, await page.locator('.panel .empty p').allTextContents(), [text]);
		check(`nobody leaks: ${text} buttons`, await page.locator('.panel .empty button').count(), buttons);
	});

for (const [name, amount, share] of [['no leakage', 100, 0], ['all leakage', 100, 1], ['most', 612, 0.93], ['tiny', 0.02, 0.0004],
	['millions', 4.2e9, 0.0217], ['one level', 21880, 0.02]])
	for (const width of widths) {
		await page.setViewportSize({ width, height: 900 });
		await withAnswers({ overview: (answer) => {
			const flat = name === 'one level' ? 0.0001 : 0.8;
			const row = (i) => ({ total_revenue: amount * (1 - flat * i / 9), expected_revenue: amount * (1 - flat * i / 10), leakage: amount * share * (1 - flat * i / 10) });
			for (const rows of ['segments', 'age_groups', 'trend'])
				answer[rows].forEach((old, i) => Object.assign(old, row(i % 8)));
			answer.split.forEach((old, i) => Object.assign(old, { collected: amount * (9 - i), leaked: amount * share }));
		} }, '?segments-by=segments', async () => {
			const charts = await readable(`${name} at ${width}`);
			for (const id of ['segments', 'ages', 'split', 'trend']) {
				const axes = axisLabels(id, charts[id]);
				check(`${name} at ${width}: ${id} has all axes`, axes.length >= (id === 'trend' || id === 'segments' && width > 390 ? 2 : 1), true);
				for (const labels of axes) {
					check(`${name} at ${width}: ${id} has two labels or more`, labels.length > 1, true);
					check(`${name} at ${width}: ${id} has different labels`, labels.length, new Set(labels).size);
				}
			}
			check(`${name} at ${width}: no share above 100 %`, axisLabels('ages', charts.ages)[0].filter((label) => parseFloat(label) > 100), []);
		});
	}
await page.setViewportSize({ width: 1440, height: 900 });

/* ---- currencies and languages */

for (const [currency, text] of [['USD', '$698.1K'], ['BDT', 'BDT 698.1K'], ['SEK', 'kr 698.1K'], ['Points', 'Points 698.1K']])
	await withAnswers({
		members: (answer) => { answer.run.currency = currency; },
		overview: (answer) => { answer.cards.total_revenue = '698062.88'; },
	}, '', async () => {
		check(`amounts in ${currency}`, (await page.textContent('#card-total_revenue dd')).replace(/\s/g, ' '), text);
	});
for (const locale of ['de-DE', 'fr-FR', 'en-US']) {
	const other = await (await browser.newContext({ locale, reducedMotion: 'reduce' })).newPage();
	await other.goto(base);
	await settled(other);
	const exact = new Intl.NumberFormat(locale, { style: 'currency', currency: 'USD', currencyDisplay: 'narrowSymbol' }).format(whole.cards.total_revenue);
	const share = new Intl.NumberFormat(locale, { style: 'percent', minimumFractionDigits: 2, maximumFractionDigits: 2 }).format(whole.cards.leakage_share);
	check(`money in ${locale}`, await other.textContent('#card-total_revenue .note'), exact);
	check(`shares in ${locale}`, await other.textContent('#card-leakage_share dd'), share);
	await other.context().close();
}

/* ---- arrow keys move inside an open slicer and do not scroll the page */

await page.setViewportSize({ width: 1440, height: 400 });
await page.goto(base);
await settled(page);
await page.locator('.slicer[data-column="age_group"] summary').focus();
const focused = () => page.evaluate(() => [document.activeElement.value || document.activeElement.textContent, scrollY]);
const ages = await page.locator('.slicer[data-column="age_group"] input').evaluateAll((all) => all.map((one) => one.value));
for (const [key, value] of [['ArrowDown', ages[0]], ['ArrowDown', ages[1]], ['ArrowUp', ages[0]], ['ArrowUp', ages[0]], ['End', 'All'], ['ArrowDown', 'All'], ['Home', ages[0]]]) {
	await page.keyboard.press(key);
	check(`${key} in a slicer`, await focused(), [value, 0]);
}
await page.keyboard.press('Escape');
await page.setViewportSize({ width: 1440, height: 900 });

check('the browser reports no errors', complaints, []);

/* ---- requests that the server must refuse */
const status = (path, headers = {}, method = 'GET') => new Promise((resolve, reject) => {
	request(new URL(path, base), { headers, method }, (response) => resolve(response.resume().statusCode)).on('error', reject).end();
});
check('a value is a value', await status(`api/overview?segment=${encodeURIComponent("x') OR true; DROP VIEW telecom.users; --")}`), 200);
check('a column is not taken from the address', await status(`api/overview?${encodeURIComponent('segment" = segment --')}=x`), 400);
check('a split is one of the list', await status('api/overview?split=msisdn'), 400);
check('a week is a number', await status('api/overview?week_number=x'), 400);
check('a top of everything', await status('api/overview?top=1000000'), 400);
check('an unknown user', await status('api/user?msisdn=nobody'), 404);
check('no other file', await status('server.mjs'), 404);
check('another host name', await status('', { Host: 'example.org' }), 403);
check('another method', await status('', {}, 'POST'), 405);
check('the view still exists', (await rows("SELECT to_regclass('telecom.users') IS NOT NULL AS there"))[0].there, true);

/* a mart without a run */
const bare = spawn(process.execPath, [fileURLToPath(new URL('../powerbi/preview/server.mjs', import.meta.url))],
	{ env: { ...process.env, PGUSER: process.env.READER, MART: 'bare', PORT: '0' }, stdio: ['ignore', 'pipe', 'inherit'] });
try {
	const url = await new Promise((resolve) => { bare.stdout.once('data', (data) => resolve(String(data).trim())); });
	const fresh = await browser.newPage();
	await fresh.goto(url);
	await fresh.locator('#problem:not([hidden])').waitFor();
	check('a mart without a run', (await fresh.textContent('#problem')).includes('no published run yet'), true);
	check('a mart without a run is not busy', await fresh.getAttribute('#visuals', 'aria-busy'), 'false');
} finally {
	bare.kill();
}

await browser.close();
await db.end();
for (const failure of failures)
	console.log(`FAILED  ${failure}`);
console.log(`${passed} passed, ${failures.length} failed`);
process.exitCode = failures.length ? 1 : 0;
