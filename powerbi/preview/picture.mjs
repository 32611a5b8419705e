/*
 * Writes a picture of a page: node picture.mjs URL FILE [WIDTHxHEIGHT]. Needs Chromium or Chrome; CHROMIUM names it.
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
		/* Chromium's sandbox refuses to run as root */
		chromiumSandbox: process.getuid() !== 0,
		args: ['--disable-gpu', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
	});
}

/* waits until the page has drawn what it asked for */
export async function settled(page) {
	await page.waitForFunction(() => document.querySelector('#visuals').getAttribute('aria-busy') === 'false');
	await page.evaluate(() => document.fonts.ready);
}

async function takePicture(url, file, size) {
	const [width, height] = size.split('x').map(Number);
	const browser = await launchBrowser();
	try {
		const page = await browser.newPage({ viewport: { width, height }, reducedMotion: 'reduce' });
		await page.goto(url);
		await settled(page);
		await page.waitForTimeout(800);		// the charts' animation
		await page.screenshot({ path: file, fullPage: true });
	} finally {
		await browser.close();
	}
}

if (import.meta.url === `file://${process.argv[1]}`) {
	const [url, file, size = '1440x900'] = process.argv.slice(2);
	await takePicture(url, file, size);
	console.log(`wrote ${file}`);
}
