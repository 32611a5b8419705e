/*
 * The machine's own Chromium or Chrome, for the picture and the test. CHROMIUM names it where it is not on the path.
 */

import { existsSync } from 'node:fs';
import { chromium } from 'playwright-core';

const places = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];

/* the browser of the machine: this never downloads one */
export function findBrowser() {
	const path = (process.env.PATH ?? '').split(':');
	const found = process.env.CHROMIUM || places.flatMap((name) => path.map((dir) => `${dir}/${name}`)).find(existsSync);
	if (!found)
		throw new Error('no Chromium here: install it (Debian: apt-get install chromium), or set CHROMIUM to its path');
	return found;
}

export function launchBrowser() {
	return chromium.launch({
		executablePath: findBrowser(),
		/* Chromium's sandbox runs neither as root nor in most containers, and the only page opened is our own */
		chromiumSandbox: false,
		args: ['--disable-gpu', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
	});
}

/* waits until the page has drawn what it asked for */
export async function settled(page) {
	await page.waitForFunction(() => document.querySelector('#visuals').getAttribute('aria-busy') === 'false');
	await page.evaluate(() => document.fonts.ready);
}
