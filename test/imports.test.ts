/** Who may import whom: leaves of the library depend inwards, and never on one another (CONTRIBUTING.md). */
import { globSync, readFileSync } from 'node:fs';
import { basename, dirname, join, normalize } from 'node:path';
import { describe, expect, test } from 'vitest';

const SRC = 'packages/lib/src';
/** Folders that a folder may import from, beside itself; `leaf` = of itself only what its files share. */
const RULES: Readonly<Record<string, { readonly from: readonly string[]; readonly leaf?: boolean }>> = {
  core: { from: ['#engine'] },
  engine: { from: ['core', 'node:'] },
  keys: { from: ['core', '#engine'] },
  server: { from: ['core', 'keys'] },
  client: { from: ['core', 'keys', '#engine'] },
  'key-stores': { from: ['core', 'keys', 'jwks', 'sql', 'kysely'], leaf: true },
  jwks: { from: ['core', 'keys', '#engine'] },
  'nonce-stores': { from: ['core', '#engine', 'sql', 'kysely'], leaf: true },
  signers: { from: ['core', 'keys', '#engine'] },
  sql: { from: ['core', 'kysely'] },
  adapters: { from: ['core', 'server'], leaf: true },
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
  'keys/strict-owner.ts',
  'keys/strict-path.ts',
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
  'key-stores/decoy-parse.ts',
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
    'migration-lock',
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
/** Entry points: they name what is public of these folders and of no package, and nothing imports them. */
const ENTRIES: Readonly<Record<string, readonly string[]>> = {
  'index.ts': ['core', 'key-stores', 'keys', 'nonce-stores', 'server'],
  'client/index.ts': ['client', 'core', 'keys'],
  'command-line/index.ts': ['command-line', 'core'],
  'jwks/index.ts': ['jwks', 'key-stores'],
  'sql/index.ts': ['key-stores', 'nonce-stores', 'sql'],
  'testing/index.ts': ['testing'],
};

/** What a file imports: paths from its root, and names of packages. */
const targetsOf = (root: string, file: string) =>
  [...readFileSync(join(root, file), 'utf8').matchAll(/(?:\bfrom|\bimport\(|^import)\s*'([^']+)'/gm)].map(([, name]) =>
    name?.startsWith('.') ? normalize(join(dirname(file), name)) : (name as string),
  );
/** The folder or the package of a target. */
const partOf = (target: string) => (target.startsWith('#') ? target : (target.split('/')[0] as string));

const files = globSync('**/*.ts', { cwd: SRC }).sort();
const targets = new Map(files.map((file) => [file, targetsOf(SRC, file)]));

describe('imports of the library', () => {
  test('the rules name every folder, and every folder has files', () => {
    const folders = new Set(files.filter((file) => file.includes('/')).map((file) => file.split('/')[0]));
    expect([...folders].sort()).toEqual(Object.keys(RULES).sort());
  });

  test.each(files.filter((file) => !(file in ENTRIES)))('%s imports only what it may', (file) => {
    const folder = partOf(file);
    const rule = RULES[folder];
    const forbidden = targets.get(file)?.filter((target) => {
      if (target.startsWith('node:')) return !(rule?.from.includes('node:') || NODE_LEAVES.includes(file));
      if (target in ENTRIES) return true;
      if (partOf(target) === folder) return rule?.leaf === true && !SHARED.includes(target);
      return !rule?.from.includes(partOf(target));
    });
    expect(forbidden).toEqual([]);
  });

  test.each(NODE_LEAVES)('%s is there, and uses modules of Node that its folder may not', (file) => {
    expect(targets.get(file)).toContainEqual(expect.stringMatching(/^node:/));
    expect(RULES[partOf(file)]?.from).not.toContain('node:');
  });

  test.each(SHARED)('%s is there, and another file of its folder of leaves imports it', (file) => {
    expect(files).toContain(file);
    expect(RULES[partOf(file)]?.leaf).toBe(true);
    const users = files.filter((other) => other !== file && targets.get(other)?.includes(file));
    expect(users.map(partOf)).toContain(partOf(file));
  });

  test('every index.ts is an entry point', () => {
    expect(files.filter((file) => basename(file) === 'index.ts')).toEqual(Object.keys(ENTRIES).sort());
  });

  test.each(Object.entries(ENTRIES))('%s only names what is elsewhere, and only of %j', (entry, folders) => {
    const code = readFileSync(join(SRC, entry), 'utf8').replace(/\/\*[\s\S]*?\*\//g, '');
    expect(code.replace(/export (type )?\{[^}]*\} from '[^']+';/g, '').trim()).toBe('');
    expect(targets.get(entry)?.filter((target) => target in ENTRIES)).toEqual([]);
    expect([...new Set(targets.get(entry)?.map(partOf))].sort()).toEqual(folders);
  });
});

describe('imports of the server', () => {
  const ROOT = 'packages/server/src';
  const { name, exports } = JSON.parse(readFileSync('packages/lib/package.json', 'utf8'));
  const entries = Object.keys(exports).map((path) => join(name, path));

  test.each(globSync('**/*.ts', { cwd: ROOT }).sort())('%s reaches the library by its public entry points', (file) => {
    const forbidden = targetsOf(ROOT, file).filter(
      (target) => target.startsWith('..') || (partOf(target) === name && !entries.includes(target)),
    );
    expect(forbidden).toEqual([]);
  });
});
