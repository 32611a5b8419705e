// Checks every JSON file of a Power BI project against the schema that it names, using ajv and a copy of Microsoft's
// schemas: node schemas.mjs NODE_MODULES SCHEMAS PROJECT
// A file that names no schema, or one that SCHEMAS does not have, is a fault. The theme is left out because it has no
// schema. So is the preview, which is not part of the project.

import { createRequire } from 'node:module';
import { readFileSync, readdirSync } from 'node:fs';
import { join, relative, resolve, sep } from 'node:path';

const [modules, schemas, project] = process.argv.slice(2).map((path) => resolve(path));
const require = createRequire(join(modules, 'x.js'));
const Ajv = require('ajv').default;
const addFormats = require('ajv-formats').default;

const files = (dir) =>
	readdirSync(dir, { withFileTypes: true }).flatMap((entry) => {
		const path = join(dir, entry.name);
		return entry.isDirectory() ? files(path) : [path];
	});
const base = 'https://developer.microsoft.com/json-schemas/';
const faults = [];

const ajv = new Ajv({ strict: false, allErrors: true });
addFormats(ajv);
for (const path of files(schemas).filter((name) => name.endsWith('.json'))) {
	// identified by its path, as in references between the files, because two of them claim the same $id
	const $id = base + relative(schemas, path).split(sep).join('/');
	ajv.addSchema({ ...JSON.parse(readFileSync(path, 'utf8')), $id });
}

let checked = 0;
for (const path of files(project)) {
	const name = relative(project, path);
	if (!/\.(json|pbip|pbir|pbism|platform)$/.test(path) || name.split(sep).includes('RegisteredResources') ||
		name.startsWith(`preview${sep}`)) {
		continue;
	}
	const content = JSON.parse(readFileSync(path, 'utf8'));
	const validate = content.$schema && ajv.getSchema(content.$schema);
	if (!validate) {
		faults.push(`${name}: no schema ${content.$schema}`);
	} else if (!validate(content)) {
		faults.push(...validate.errors.map((error) => `${name}${error.instancePath}: ${error.message}`));
	}
	checked++;
}
if (checked === 0) {
	faults.push(`${project} has no file to check`);
}
faults.forEach((fault) => console.error(fault));
console.log(`${checked} files checked against their schemas, ${faults.length} faults`);
process.exit(faults.length > 0 ? 1 : 0);
