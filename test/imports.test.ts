/** Who may import whom in the library: leaves depend inwards, and never on one another (CONTRIBUTING.md). */
import { globSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { describe, expect, test } from 'vitest';

const SRC = 'packages/lib/src';
/** Folders that a folder may import from, beside itself; `leaf` = not even other files of itself. */
const RULES: Readonly<Record<string, { readonly from: readonly string[]; readonly leaf?: boolean }>> = {
  core: { from: ['#engine'] },
  engine: { from: ['core', 'node:'] },
  keys: { from: ['core', '#engine'] },
  server: { from: ['core', 'keys'] },
  client: { from: ['core', 'keys', '#engine'] },
  'key-stores': { from: ['core', 'keys', 'jwks', 'sql', 'kysely'], leaf: true },
  jwks: { from: ['core', 'keys', '#engine'] },
  'nonce-stores': { from: ['core', '#engine', 'kysely'] },
  signers: { from: ['core', 'keys', '#engine'] },
  sql: { from: ['core', 'kysely'] },
  adapters: { from: ['core', 'server'] },
  'command-line': { from: ['core', 'node:'] },
  cli: { from: ['core', 'keys', 'client', 'signers', 'server', 'command-line', '#engine', 'node:'] },
  testing: { from: ['core', 'keys', 'key-stores', '#engine'] },
};
/** Node leaves: files that may use Node's own modules. */
const NODE_LEAVES = [
  'sql/directory-revision.ts',
  'jwks/fetch-set.ts',
  'key-stores/authorized-keys.ts',
  'keys/strict-file.ts',
  'keys/key-file.ts',
  'nonce-stores/machine-life.ts',
  'signers/ssh-agent/request.ts',
  'sql/node-sqlite.ts',
];
/** What adapters for frameworks on top of node:http share, and the parts of one store. */
const SHARED = [
  'adapters/node.ts',
  'key-stores/authorized-keys-file.ts',
  'key-stores/authorized-keys-line.ts',
  'key-stores/directory.ts',
  ...['last-used', 'mapped', 'mapped-query', 'mapped-uses', 'mapping', 'row-keys', 'row-values'].map(
    (part) => `key-stores/${part}.ts`,
  ),
  'key-stores/sql-schema.ts',
  ...[
    'audit',
    'change',
    'checks',
    'dialect',
    'find',
    'key-parser',
    'key-sets',
    'keys',
    'mysql',
    'pages',
    'postgres',
    'rows',
    'sqlite',
    'tables',
    'users',
    'uses',
  ].map((part) => `key-stores/sql/${part}.ts`),
  'nonce-stores/closing.ts',
  'nonce-stores/holders.ts',
  'nonce-stores/deadline.ts',
  'nonce-stores/just-below.ts',
  'nonce-stores/machine-life.ts',
  'nonce-stores/nonce-table.ts',
  'nonce-stores/redis-answers.ts',
  'nonce-stores/redis-client.ts',
  'nonce-stores/redis-options.ts',
  'nonce-stores/redis-scripts.ts',
  'nonce-stores/redis-visits.ts',
  ...['database', 'dialect', 'epoch', 'every-second', 'mysql', 'options', 'postgres', 'sqlite'].map(
    (part) => `nonce-stores/sql/${part}.ts`,
  ),
  'nonce-stores/triple-hash.ts',
  'nonce-stores/user-rate.ts',
];
/** Entry points: they name what is public, and nothing imports them. */
const ENTRIES = [
  'index.ts',
  'client/index.ts',
  'command-line/index.ts',
  'jwks/index.ts',
  'sql/index.ts',
  'testing/index.ts',
];

const files = globSync('**/*.ts', { cwd: SRC }).sort();
const importsOf = (file: string) =>
  [...readFileSync(join(SRC, file), 'utf8').matchAll(/(?:\bfrom|\bimport\(|^import) ?'([^']+)'/gm)].map(
    ([, name]) => name as string,
  );
const targetOf = (file: string, name: string) => (name.startsWith('.') ? normalize(join(dirname(file), name)) : name);

describe('imports of the library', () => {
  test('the rules name every folder, and every folder has files', () => {
    const folders = new Set(files.filter((file) => file.includes('/')).map((file) => file.split('/')[0]));
    expect([...folders].sort()).toEqual(Object.keys(RULES).sort());
  });

  test.each(files.filter((file) => !ENTRIES.includes(file)))('%s imports only what it may', (file) => {
    const folder = file.split('/')[0] as string;
    const rule = RULES[folder];
    const forbidden = importsOf(file)
      .map((name) => targetOf(file, name))
      .filter((target) => {
        if (target.startsWith('node:')) return !(rule?.from.includes('node:') || NODE_LEAVES.includes(file));
        if (ENTRIES.includes(target)) return true;
        const from = target.startsWith('#') ? target : (target.split('/')[0] as string);
        if (from === folder) return rule?.leaf === true && !SHARED.includes(target);
        return !rule?.from.includes(from);
      });
    expect(forbidden).toEqual([]);
  });

  test.each(['adapters', 'nonce-stores'])(
    'files of %s do not import one another, but for what they share',
    (folder) => {
      const within = files
        .filter((file) => file.startsWith(`${folder}/`))
        .flatMap((file) => importsOf(file).map((name) => targetOf(file, name)))
        .filter((target) => target.startsWith(`${folder}/`) && !SHARED.includes(target));
      expect(within).toEqual([]);
    },
  );

  test('entry points only name what is elsewhere', () => {
    for (const entry of ENTRIES) {
      const code = readFileSync(join(SRC, entry), 'utf8').replace(/\/\*[\s\S]*?\*\//g, '');
      expect(code.replace(/export (type )?\{[^}]*\} from '[^']+';/g, '').trim(), entry).toBe('');
    }
  });
});
