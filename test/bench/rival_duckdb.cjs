// DuckDB's part of make bench: node rival_duckdb.cjs DATA OUT THREADS DATABASE
//
// Runs rival_duckdb.sql in a new database, a file or ':memory:', and prints "stage NAME SECONDS" for each of its stages,
// "cpu all SECONDS", and "memory peak MB" for the process's peak.  The stage "outputs" writes the outputs to compare, and is
// not timed.

const fs = require('fs');
const path = require('path');

const [data, out, threads, name] = process.argv.slice(2);
const script = fs.readFileSync(path.join(__dirname, 'rival_duckdb.sql'), 'utf8');

async function main()
{
	const { DuckDBInstance } = require('@duckdb/node-api');
	const database = await DuckDBInstance.create(name, { threads, preserve_insertion_order: 'false' });
	const connection = await database.connect();
	const quoted = (text) => `'${text.replaceAll("'", "''")}'`;

	await connection.run(`SET VARIABLE data = ${quoted(data)}`);
	await connection.run(`SET VARIABLE out = ${quoted(out)}`);
	const cpu = process.cpuUsage();
	for (const part of script.split(/^-- stage /m).slice(1)) {
		const end = part.indexOf('\n');
		const stage = part.slice(0, end).trim();
		const started = process.hrtime.bigint();
		const statements = await connection.extractStatements(part.slice(end));
		for (let i = 0; i < statements.count; i++)
			await (await statements.prepare(i)).run();
		if (stage !== 'outputs')
			console.log(`stage ${stage} ${Number(process.hrtime.bigint() - started) / 1e9}`);
		if (stage === 'datasets') {
			const used = process.cpuUsage(cpu);
			const peak = /VmHWM:\s*(\d+) kB/.exec(fs.readFileSync('/proc/self/status', 'utf8'));
			console.log(`cpu all ${(used.user + used.system) / 1e6}`);
			console.log(`memory peak ${peak[1] / 1024}`);
		}
	}
}

main().catch((error) => {
	console.error(`rival_duckdb: ${error.message}`);
	process.exit(1);
});
