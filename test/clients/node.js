// Runs cases with node-postgres, over the extended protocol: node node.js < CASES
//
// CASES has one case per line: a name, a tab, and the query. For each case it writes a line "case" with name and error, a
// line "types" with the type of each column, and a line "row" for each row. Fields are separated by tabs, and NULL is \N,
// as in COPY. The server is set by PGHOST and so on. DISCARD ALL is sent between cases. pg is looked up in the current
// directory, in NODE_PATH, and globally. Results are requested as text: in binary, node-postgres 8 corrupts bytes above
// 127 by reading them as UTF-8. Binary results are covered by test/t/031_powerbi_queries.pl and pgjdbc.

'use strict';

const path = require('path');
const readline = require('readline');
const { execFileSync } = require('child_process');

function library(name) {
	const places = [process.cwd(), ...(process.env.NODE_PATH || '').split(path.delimiter).filter(Boolean)];
	try {
		return require(require.resolve(name, { paths: places }));
	} catch {
		return require(path.join(execFileSync('npm', ['root', '-g'], { encoding: 'utf8' }).trim(), name));
	}
}

const typeName = { 16: 'boolean', 18: 'char', 19: 'name', 20: 'bigint', 23: 'integer', 25: 'text', 26: 'oid', 701: 'double precision', 1043: 'varchar', 1082: 'date', 1114: 'timestamp', 1700: 'numeric' };
const escape = (value) => (value === null ? '\\N' : String(value).replace(/\\/g, '\\\\').replace(/\t/g, '\\t').replace(/\n/g, '\\n').replace(/\r/g, '\\r'));
const write = (...fields) => process.stdout.write(fields.map(escape).join('\t') + '\n');

(async () => {
	const { Client } = library('pg');
	if (process.argv[2] === 'check')
		return;
	const types = { getTypeParser: () => (text) => text };	// all digits, as sent by the server
	const client = new Client({ types });
	await client.connect();
	for await (const line of readline.createInterface({ input: process.stdin })) {
		const [name, text] = line.split('\t');
		try {
			await client.query('DISCARD ALL');
			const result = await client.query({ text, rowMode: 'array', queryMode: 'extended' });
			write('case', name, '');
			write('types', ...result.fields.map((field) => typeName[field.dataTypeID] || `OID ${field.dataTypeID}`));
			for (const row of result.rows)
				write('row', ...row);
		} catch (error) {
			write('case', name, `${error.code}: ${error.message}`);
		}
	}
	await client.end();
})().catch((error) => {
	console.error(`error: ${error.message}`);
	process.exit(1);
});
