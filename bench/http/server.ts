/** `server.ts NAME FOLDER`: one server of the comparison. FOLDER has a `USER.pub` for each user. Prints its port, then serves. */
import { readdir, readFile } from 'node:fs/promises';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { basename, join } from 'node:path';

const [name = '', folder = ''] = process.argv.slice(2);
const [, framework = '', how = ''] = /^([^/]+)\/(.+)$/.exec(name) ?? [];

/** Each user's public key, PEM. */
const keys = new Map<string, string>();
for (const file of await readdir(folder)) {
  if (file.endsWith('.pub')) keys.set(basename(file, '.pub'), await readFile(join(folder, file), 'utf8'));
}

const { start } = (await import(`./${framework}.ts`)) as {
  start(how: string, keys: ReadonlyMap<string, string>): Promise<Server>;
};
const server = await start(how, keys);
console.log(`listening on http://127.0.0.1:${(server.address() as AddressInfo).port}`);
