// Reads a semantic model with Microsoft's own TMDL reader in powerbi-modeling-mcp (MCP over standard input and output) and
// asks it for what it has read: node tmdl_reader.mjs NODE_MODULES DEFINITION_FOLDER
// Exits with 1 and the reader's message if the reader refuses the model or has read less than the files contain.

import { spawn } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';

const [modules, definition] = process.argv.slice(2).map((path) => resolve(path));
const bin = join(modules, '.bin', 'powerbi-modeling-mcp');
const server = spawn(bin, ['--start'], { stdio: ['pipe', 'pipe', 'ignore'], detached: true });
const waiting = new Map();
let buffer = '';
let last = 0;

// the launcher starts the reader as a separate process
const stop = () => {
	try {
		process.kill(-server.pid);
	} catch {
		// it has already ended
	}
};
const fail = (message) => {
	console.error(message);
	stop();
	process.exit(1);
};
setTimeout(() => fail('the TMDL reader did not answer within 180 seconds'), 180000).unref();
server.on('error', (error) => fail(`cannot start ${bin}: ${error.message}`));
server.on('exit', (status) => fail(`the TMDL reader ended with status ${status}`));
server.stdout.on('data', (chunk) => {
	buffer += chunk;
	for (let end; (end = buffer.indexOf('\n')) >= 0; buffer = buffer.slice(end + 1)) {
		let message;
		try {
			message = JSON.parse(buffer.slice(0, end));
		} catch {
			continue;
		}
		waiting.get(message.id)?.(message);
		waiting.delete(message.id);
	}
});

const send = (message) => server.stdin.write(JSON.stringify({ jsonrpc: '2.0', ...message }) + '\n');
const call = (method, params) =>
	new Promise((answer) => {
		waiting.set(++last, answer);
		send({ id: last, method, params });
	});

// the answer of one of its tools, which is JSON in a text; a refusal ends the check
async function tool(name, request) {
	const { result, error } = await call('tools/call', { name, arguments: { request } });
	const text = result?.content?.map((part) => part.text ?? '').join('\n') ?? JSON.stringify(error);
	let answer;
	try {
		answer = JSON.parse(text);
	} catch {
		fail(`${name}: ${text}`);
	}
	if (error || result.isError || answer.success === false) {
		fail(`${name} ${request.operation}: ${answer.message ?? answer.error ?? text}`);
	}
	return answer;
}

await call('initialize', { protocolVersion: '2024-11-05', capabilities: {}, clientInfo: { name: 'powerbi-check', version: '1' } });
send({ method: 'notifications/initialized' });
await tool('connection_operations', { operation: 'ConnectFolder', folderPath: definition });

const text = [join(definition, 'relationships.tmdl'), ...readdirSync(join(definition, 'tables')).map((name) => join(definition, 'tables', name))]
	.map((path) => readFileSync(path, 'utf8'))
	.join('\n');
const written = (pattern) => text.match(pattern)?.length ?? 0;
for (const [name, expected] of [
	['table', written(/^table /gm)],
	['measure', written(/^\tmeasure /gm)],
	['relationship', written(/^relationship /gm)],
]) {
	const { data } = await tool(`${name}_operations`, { operation: 'List' });
	const found = data.flatMap((item) => item.measures ?? [item]).length;	// measures are grouped by table
	if (found !== expected) {
		fail(`the TMDL reader found ${found} ${name}s, but the files have ${expected}`);
	}
	console.log(`${expected} ${name}s`);
}
server.removeAllListeners('exit');
stop();
process.exit(0);
