/*
 * The seven slicers. Each is a button that opens a list of check boxes. The page's address keeps the choices, so that a
 * view can be shared and the browser's back button undoes a choice.
 */

import { element } from './format.js';

export const titles = {
	segment: 'Segment',
	age_group: 'Age group',
	region: 'Region',
	gender: 'Gender',
	activity_level: 'Activity level',
	revenue_band: 'Revenue band',
	week_number: 'Week',
};

const hints = {
	activity_level: 'Share of the weeks with revenue',
	revenue_band: "A user's revenue over all weeks",
};

let lists = {};
let changed = () => {};

const current = () => new URLSearchParams(location.search);

/* the choices, as a query string for the server */
export function chosen() {
	const query = new URLSearchParams();
	for (const [name, value] of current())
		if (name in titles)
			query.append(name, value);
	return query;
}

export const anyChosen = () => chosen().toString() !== '';

/* a setting other than a slicer, from the address */
export const setting = (name) => current().get(name);

function write(query) {
	const text = query.toString();
	history.pushState(null, '', text ? `?${text}` : location.pathname);
	show();
	changed();
}

export function changeSetting(name, value) {
	const query = current();
	query.set(name, value);
	write(query);
}

/* choosing all members is the same as choosing none */
function choose(column, members) {
	const query = current();
	query.delete(column);
	if (members.length < lists[column].length)
		for (const member of members)
			query.append(column, member);
	write(query);
}

/* a click on a bar: only that member, or all members if it was the only one */
export function toggleOnly(column, member) {
	const members = chosen().getAll(column);
	choose(column, members.length === 1 && members[0] === member ? [] : [member]);
}

export function clear() {
	const query = current();
	for (const column in titles)
		query.delete(column);
	write(query);
}

function label(column, members) {
	if (members.length === 0)
		return 'All';
	if (members.length > 2)
		return `${members.length} of ${lists[column].length}`;
	return members.map((member) => lists[column].find((m) => m.value === member)?.label ?? member).join(', ');
}

function build(column) {
	const boxes = lists[column].map(({ value, label: text }) => element('label', {},
		element('input', {
			type: 'checkbox',
			value,
			onchange: () => choose(column, [...slicer.querySelectorAll('input:checked')].map((box) => box.value)),
		}), text));
	const slicer = element('details', { class: 'slicer', 'data-column': column },
		element('summary', {}, element('span', { class: 'title' }, titles[column]), element('span', { class: 'value' })),
		element('fieldset', {},
			element('legend', { class: hints[column] ? '' : 'hidden' }, hints[column] ?? titles[column]),
			...boxes,
			element('button', { type: 'button', class: 'quiet', onclick: () => choose(column, []) }, 'All')));
	slicer.addEventListener('toggle', () => {
		if (slicer.open)
			closeOthers(slicer);
	});
	slicer.addEventListener('keydown', (event) => moveInside(slicer, event));
	return slicer;
}

/* Escape closes a slicer. Arrow keys, Home, and End move between its boxes instead of scrolling the page. */
function moveInside(slicer, event) {
	if (event.key === 'Escape' && slicer.open) {
		slicer.open = false;
		slicer.querySelector('summary').focus();
		return;
	}
	const controls = [...slicer.querySelectorAll('input, button')];
	const at = controls.indexOf(document.activeElement);
	const next = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: controls.length - 1 }[event.key];
	if (next === undefined || !slicer.open && event.key !== 'ArrowDown')
		return;
	event.preventDefault();
	slicer.open = true;
	controls[Math.max(0, Math.min(next, controls.length - 1))].focus();
}

function closeOthers(kept) {
	for (const slicer of document.querySelectorAll('.slicer[open]'))
		if (slicer !== kept)
			slicer.open = false;
}

/* makes the slicers show the choices in the address */
function show() {
	for (const slicer of document.querySelectorAll('.slicer')) {
		const members = chosen().getAll(slicer.dataset.column);
		slicer.classList.toggle('set', members.length > 0);
		slicer.querySelector('.value').textContent = label(slicer.dataset.column, members);
		for (const box of slicer.querySelectorAll('input'))
			box.checked = members.includes(box.value);
	}
	document.querySelector('#clear').disabled = !anyChosen();
}

/* builds the slicers from their members, and calls back after each change */
export function start(members, onchange) {
	lists = members;
	changed = onchange;
	document.querySelector('#slicers').replaceChildren(
		...Object.keys(titles).map(build),
		element('button', { type: 'button', id: 'clear', class: 'quiet', onclick: clear }, 'Clear all'));
	document.addEventListener('click', (event) => closeOthers(event.target.closest('.slicer')));
	window.addEventListener('popstate', () => {
		show();
		changed();
	});
	show();
}
