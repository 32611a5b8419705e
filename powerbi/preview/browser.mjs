/*
 * The machine's own Chromium or Chrome, for the picture and the test. Set CHROMIUM if it is not on the path.
 */

import { existsSync } from 'node:fs';
import { chromium } from 'playwright-core';

const places = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];

/* an installed browser; nothing is downloaded */
export function findBrowser() {
	const path = (process.env.PATH ?? '').split(':');
	const found = process.env.CHROMIUM || places.flatMap((name) => path.map((dir) => `${dir}/${name}`)).find(existsSync);
	if (!found)
		throw new Error('Chromium is missing: install it (Debian: apt-get install chromium), or set CHROMIUM to its path');
	return found;
}

export function launchBrowser() {
	return chromium.launch({
		executablePath: findBrowser(),
		/* Chromium's sandbox does not work as root or in most containers, and the only page is our own */
		chromiumSandbox: false,
		args: ['--disable-gpu', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
	});
}

/* waits until the page has drawn the numbers */
export async function settled(page) {
	await page.waitForFunction(() => document.querySelector('#visuals').getAttribute('aria-busy') === 'false');
	await page.evaluate(() => document.fonts.ready);
}
