/*
 * Writes a picture of the page: node picture.mjs URL FILE [WIDTHxHEIGHT]
 */

import { launchBrowser, settled } from './browser.mjs';

const [url, file, size = '1440x900'] = process.argv.slice(2);
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
console.log(`wrote ${file}`);
