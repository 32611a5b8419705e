/*
 * Serves the preview on this machine only. Reads the published views of one mart and writes nothing.
 *
 *   MART       the mart's schema (telecom)
 *   PORT       of http://localhost (8080); 0 for any free port
 *   PGHOST...  the PostgreSQL server, as for psql
 */

import { createServer } from 'node:http';
import { readFile } from 'node:fs/promises';
import pg from 'pg';
import { BadRequest, inSnapshot, mart, readFilters, readSplit, readTop } from './queries.mjs';

const schema = process.env.MART || 'telecom';
const port = Number(process.env.PORT || 8080);

/* the files of the page: nothing else can be requested */
const here = (path) => new URL(path, import.meta.url);
const files = {
	'/': ['page/index.html', 'text/html; charset=utf-8'],
	'/icon.svg': ['page/icon.svg', 'image/svg+xml'],
	'/style.css': ['page/style.css', 'text/css; charset=utf-8'],
	'/echarts.js': ['node_modules/echarts/dist/echarts.esm.min.mjs', 'text/javascript; charset=utf-8'],
};
for (const name of ['app', 'charts', 'drill', 'format', 'layout', 'slicers'])
	files[`/${name}.js`] = [`page/${name}.js`, 'text/javascript; charset=utf-8'];

const headers = {
	'Cache-Control': 'no-store',
	'X-Content-Type-Options': 'nosniff',
	'Referrer-Policy': 'no-referrer',
	/* the charts' tooltips have styles in attributes */
	'Content-Security-Policy': "default-src 'self'; style-src 'self' 'unsafe-inline'; frame-ancestors 'none'",
};

/* bigint and numeric stay text; the timeout ends queries that nobody waits for */
const pool = new pg.Pool({ max: 4, application_name: 'leakage preview', statement_timeout: 60000 });
pool.on('error', (error) => console.error(`connection lost: ${error.message}`));

const api = {
	'/api/members': () => inSnapshot(pool, (client) => mart(client, schema).members()),
	'/api/overview': (params) => {
		const filters = readFilters(params);
		const top = readTop(params);
		const split = readSplit(params);
		return inSnapshot(pool, (client) => mart(client, schema).overview(filters, top, split));
	},
	'/api/user': (params) => inSnapshot(pool, (client) => mart(client, schema).user(params.get('msisdn') ?? '')),
};

function send(response, status, type, body) {
	response.writeHead(status, { ...headers, 'Content-Type': type });
	response.end(body);
}

const sendJson = (response, status, value) => send(response, status, 'application/json', JSON.stringify(value));

async function answer(request, response) {
	/* refuses pages of other sites whose name resolves to this machine */
	if (!/^(localhost|127\.0\.0\.1)(:\d+)?$/.test(request.headers.host ?? ''))
		return sendJson(response, 403, { error: 'this preview answers only to localhost' });
	if (request.method !== 'GET' && request.method !== 'HEAD')
		return sendJson(response, 405, { error: 'only GET is allowed' });
	const url = new URL(request.url, 'http://localhost');
	if (Object.hasOwn(files, url.pathname)) {
		const [path, type] = files[url.pathname];
		return send(response, 200, type, await readFile(here(path)));
	}
	if (!Object.hasOwn(api, url.pathname))
		return sendJson(response, 404, { error: 'not found' });
	const result = await api[url.pathname](url.searchParams);
	sendJson(response, result === null ? 404 : 200, result ?? { error: 'the mart has no such user' });
}

const server = createServer((request, response) => {
	answer(request, response).catch((error) => {
		const mistake = error instanceof BadRequest;
		if (!mistake)
			console.error(`${request.url}: ${error.message}`);
		sendJson(response, mistake ? 400 : 500, { error: error.message });
	});
});

function stop() {
	server.closeAllConnections?.();
	server.close(() => pool.end().then(() => process.exit(0)));
}
process.on('SIGINT', stop);
process.on('SIGTERM', stop);

try {
	await inSnapshot(pool, (client) => mart(client, schema).members());
} catch (error) {
	console.error(`error: cannot read the published views of the mart "${schema}": ${error.message}`);
	process.exit(1);
}
server.on('error', (error) => {
	console.error(error.code === 'EADDRINUSE' ? `error: port ${port} is in use: set another PORT` : `error: ${error.message}`);
	process.exit(1);
});
server.listen(port, '127.0.0.1', () => {
	console.log(`http://localhost:${server.address().port}/`);
});
