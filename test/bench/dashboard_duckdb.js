// DuckDB's part in dashboard.sh.
//
//   node dashboard_duckdb.js check                             fails if @duckdb/node-api is not found
//   node dashboard_duckdb.js columns                           prints the input of load, one table per line: name, column,column,...
//   node dashboard_duckdb.js load DATABASE DIRECTORY SCHEMA     creates tables from DIRECTORY's users.csv, user_weeks.csv, subscriber_cell.csv
//   node dashboard_duckdb.js time DATABASE VIEWERS SECONDS FILE...   prints milliseconds, one line per run of a FILE by a viewer
//
// A viewer is a connection that runs the statements of random files, one file after another. Uses two threads unless
// THREADS is set. @duckdb/node-api is looked up in the current directory, in NODE_PATH, and globally.

'use strict';

process.env.UV_THREADPOOL_SIZE = '16';	// a viewer must not wait for one of node's threads

const fs = require('fs');
const path = require('path');
const { execFileSync } = require('child_process');

function library(name) {
	const places = [process.cwd(), ...(process.env.NODE_PATH || '').split(path.delimiter).filter(Boolean)];
	try {
		return require(require.resolve(name, { paths: places }));
	} catch {
		const global = execFileSync('npm', ['root', '-g'], { encoding: 'utf8' }).trim();
		return require(path.join(global, name));
	}
}

// 64 bits, which DuckDB sums many times faster than the 128 bits of DECIMAL(20,6)
const money = 'DECIMAL(18,6)';
const columns = {
	users: {
		msisdn: 'VARCHAR', segment: 'VARCHAR', age_group: 'VARCHAR', region: 'VARCHAR', gender: 'VARCHAR', activity_level: 'VARCHAR',
		revenue_band: 'VARCHAR', total_revenue: money, expected_revenue: money, gap: money, leakage: money, leaked: 'BOOLEAN',
		high_usage_low_revenue: 'BOOLEAN',
	},
	user_weeks: {
		msisdn: 'VARCHAR', week_number: 'INTEGER', present: 'BOOLEAN', revenue: money, expected_revenue: money, gap: money, leakage: money,
		expected_leak: money, segment: 'VARCHAR', age_group: 'VARCHAR', region: 'VARCHAR', gender: 'VARCHAR', activity_level: 'VARCHAR',
		revenue_band: 'VARCHAR', leaked: 'BOOLEAN',
	},
	subscriber_cell: {
		segment: 'VARCHAR', age_group: 'VARCHAR', region: 'VARCHAR', gender: 'VARCHAR', subscribers: 'BIGINT',
	},
};

async function load(database, directory, schema) {
	const connection = await database.connect();
	await connection.run(`CREATE SCHEMA ${schema}`);
	for (const [table, types] of Object.entries(columns)) {
		const list = Object.entries(types).map(([name, type]) => `'${name}': '${type}'`).join(', ');
		await connection.run(`CREATE TABLE ${schema}.${table} AS FROM read_csv('${directory}/${table}.csv', header = true, columns = {${list}})`);
	}
	await connection.run('CHECKPOINT');
}

async function time(database, viewers, seconds, files) {
	const pages = files.map((file) => fs.readFileSync(file, 'utf8').split(/;\n/).filter(Boolean));
	const connections = await Promise.all(Array.from({ length: viewers }, () => database.connect()));
	const run = async (connection, statements) => {
		for (const statement of statements)
			await (await connection.runAndReadAll(statement)).getRows();
	};

	for (const statements of pages)		// loads the file into memory
		await run(connections[0], statements);

	const end = performance.now() + seconds * 1000;
	const times = [];
	await Promise.all(connections.map(async (connection) => {
		while (performance.now() < end) {
			const start = performance.now();
			await run(connection, pages[Math.floor(Math.random() * pages.length)]);
			times.push(performance.now() - start);
		}
	}));
	process.stdout.write(times.map((t) => t.toFixed(3) + '\n').join(''));
}

(async () => {
	const [mode, file, ...rest] = process.argv.slice(2);

	if (mode === 'columns') {
		for (const [table, types] of Object.entries(columns))
			console.log(table, Object.keys(types).join(','));
		return;
	}
	const { DuckDBInstance } = library('@duckdb/node-api');
	if (mode === 'check')
		return;
	const database = await DuckDBInstance.create(file, { threads: process.env.THREADS || '2' });

	if (mode === 'load')
		await load(database, rest[0], rest[1]);
	else
		await time(database, Number(rest[0]), Number(rest[1]), rest.slice(2));
})().catch((error) => {
	console.error(`error: ${error.message}`);
	process.exit(1);
});
