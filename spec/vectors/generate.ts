/**
 * Writes the vectors: `node spec/vectors/generate.ts`. It is not needed to run the vectors. The output is always the same, because random signatures are kept in `keys.json`.
 */
import { readdirSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { ACCEPT } from './generator/accept.ts';
import { BINDING } from './generator/binding.ts';
import { CLAIMS } from './generator/claims.ts';
import { HEADER } from './generator/header.ts';
import { KEYS } from './generator/keys.ts';
import { REPLAY } from './generator/replay.ts';
import { KEY_FILE, signaturesInUse } from './generator/sign.ts';
import { TIME } from './generator/time.ts';
import { TOKEN } from './generator/token.ts';

const VECTORS = [...ACCEPT, ...HEADER, ...TOKEN, ...CLAIMS, ...KEYS, ...TIME, ...BINDING, ...REPLAY];

/** The contents of every JSON file in this folder, by name. */
export function generate(): Map<string, string> {
  const keys = { ...KEY_FILE, randomSignatures: signaturesInUse };
  const files = new Map<string, string>([['keys.json', toText(keys)]]);
  for (const vector of VECTORS) {
    if (files.has(`${vector.name}.json`)) throw new Error(`two vectors have the name ${vector.name}`);
    files.set(`${vector.name}.json`, toText(vector));
  }
  return files;
}

function toText(content: object): string {
  return `${JSON.stringify(content, null, 2)}\n`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const folder = new URL('.', import.meta.url);
  const files = generate();
  for (const name of readdirSync(folder)) {
    if (name.endsWith('.json') && !files.has(name)) rmSync(new URL(name, folder));
  }
  for (const [name, text] of files) writeFileSync(new URL(name, folder), text);
}
