/** The rules for imports in the library: leaves import only from inner folders, never from each other (CONTRIBUTING.md). */
import { globSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { describe, expect, test } from 'vitest';

const SRC = 'packages/lib/src';
/** Folders whose subfolders are leaves. Among its siblings, a leaf can import only from `shared`. */
const LEAVES = ['key-stores', 'nonce-stores', 'signers'];
/** The folders and packages that each folder can import from, in addition to itself. */
const RULES: Readonly<Record<string, readonly string[]>> = {
  core: ['#engine'],
  engine: ['core', 'node:'],
  keys: ['core', '#engine'],
  server: ['core', 'keys'],
  client: ['core', 'keys', '#engine'],
  jwks: ['core', 'keys', '#engine'],
  kysely: ['core', 'kysely'],
  'key-stores': ['core', 'keys', 'jwks', '#engine', '#kysely', 'kysely'],
  'nonce-stores': ['core', '#engine', '#kysely', 'kysely'],
  signers: ['core', 'keys', '#engine'],
  adapters: ['core', 'server', '#engine', 'fastify', 'hono'],
  cli: ['core', 'keys', 'client', 'signers', 'server', '#engine', 'ajwt-cli-kit', 'node:'],
  testing: ['core', 'keys', 'key-stores', 'nonce-stores', 'client', 'server', '#engine'],
};
/** Node-specific files in other folders, which can import Node's modules. */
const NODE_LEAVES = [
  'jwks/fetch-set.ts',
  'key-stores/authorized-keys/authorized-keys-store.ts',
  'keys/key-file.ts',
  'keys/strict-file.ts',
  'keys/strict-owner.ts',
  'keys/strict-path.ts',
  'kysely/directory-revision.ts',
  'kysely/node-sqlite-dialect.ts',
  'nonce-stores/sql/machine-life.ts',
  'signers/ssh-agent/request.ts',
  'testing/raw-request.ts',
];
/** Files that every adapter can import: the one that calls the authenticator, the identities, and those about platforms. */
const SHARED_BY_ADAPTERS = [
  'body-options',
  'byte-buffer',
  'decide',
  'identities',
  'node-body',
  'node-upgrade',
  'node',
  'route-modes',
  'srvx',
  'web-body',
  'web',
].map((name) => `adapters/${name}.ts`);
/** Entry points and the folders that they export from. Nothing imports an entry point. */
const ENTRIES: Readonly<Record<string, readonly string[]>> = {
  'client-browser.ts': ['client', 'core', 'keys'],
  'client.ts': ['client', 'core', 'keys'],
  'index.ts': ['core', 'key-stores', 'keys', 'nonce-stores', 'server'],
  'jwks.ts': ['jwks', 'key-stores'],
  'kms.ts': ['signers'],
  'sql.ts': ['key-stores', '#kysely', 'nonce-stores'],
  'testing.ts': ['testing'],
};

/** Returns the imports of a file, except those in docstrings: paths from the root, and names of packages. */
const targetsOf = (root: string, file: string) =>
  [
    ...readFileSync(join(root, file), 'utf8')
      .replace(/^ *\*.*/gm, '')
      .matchAll(/(?:\bfrom|\bimport\(|^import)\s*'([^']+)'/gm),
  ].map(([, name]) => (name?.startsWith('.') ? normalize(join(dirname(file), name)) : (name as string)));
/** Returns the folder or package of an import. The folder `kysely` is `#kysely`, to distinguish it from the package. */
function partOf(target: string): string {
  if (target.startsWith('#')) return target;
  const [first = '', second] = target.split('/');
  return first === 'kysely' && second?.endsWith('.ts') ? '#kysely' : first;
}
/** Returns the leaf that a file belongs to, or the file itself if it is in no leaf. */
const leafOf = (file: string) => file.split('/').slice(0, 2).join('/');

const files = globSync('**/*.ts', { cwd: SRC }).sort();
const inFolders = files.filter((file) => file.includes('/'));
const targets = new Map(files.map((file) => [file, targetsOf(SRC, file)]));

function mayImport(file: string, target: string): boolean {
  const folder = file.split('/')[0] as string;
  const allowed = RULES[folder] ?? [];
  if (target.startsWith('node:')) return allowed.includes('node:') || NODE_LEAVES.includes(file);
  if (target in ENTRIES) return false;
  if (!target.startsWith(`${folder}/`) || partOf(target) === 'kysely') {
    return allowed.includes(partOf(target)) || (folder === 'kysely' && partOf(target) === '#kysely');
  }
  if (folder === 'adapters') {
    // A file that declares global types may import its adapter's.
    return SHARED_BY_ADAPTERS.includes(target) || target === file.replace('-global.ts', '.ts');
  }
  if (!LEAVES.includes(folder)) return true;
  return leafOf(target) === leafOf(file) || leafOf(target) === `${folder}/shared`;
}

describe('imports of the library', () => {
  test('have rules for every folder that exists, and for no other', () => {
    expect([...new Set(inFolders.map((file) => file.split('/')[0]))].sort()).toEqual(Object.keys(RULES).sort());
  });

  test.each(inFolders)('of %s follow the rules', (file) => {
    expect(targets.get(file)?.filter((target) => !mayImport(file, target))).toEqual([]);
  });

  test.each(inFolders.filter((file) => file.startsWith('adapters/')))(
    'of %s bring only types of frameworks',
    (file) => {
      const code = readFileSync(join(SRC, file), 'utf8').replace(/^ *\*.*/gm, '');
      expect(code.match(/^import (?!type\b)[^;]*from '[^.#][^;]*;/gm)).toBeNull();
    },
  );

  test.each(NODE_LEAVES)('of %s include modules of Node, which other files in its folder must not use', (file) => {
    expect(targets.get(file)).toContainEqual(expect.stringMatching(/^node:/));
    expect(RULES[file.split('/')[0] as string]).not.toContain('node:');
  });

  test('start at the entry points, which are the only files at the top', () => {
    expect(files.filter((file) => !file.includes('/'))).toEqual(Object.keys(ENTRIES));
  });

  test.each(Object.entries(ENTRIES))('of %s are all exported, and come from %j', (entry, folders) => {
    const code = readFileSync(join(SRC, entry), 'utf8').replace(/\/\*[\s\S]*?\*\//g, '');
    expect(code.replace(/export (type )?\{[^}]*\} from '[^']+';/g, '').trim()).toBe('');
    expect(targets.get(entry)?.filter((target) => target in ENTRIES)).toEqual([]);
    expect(new Set(targets.get(entry)?.map(partOf))).toEqual(new Set(folders));
  });
});

describe('imports of the server', () => {
  const ROOT = 'packages/server/src';
  const { name, exports } = JSON.parse(readFileSync('packages/lib/package.json', 'utf8'));
  const entries = Object.keys(exports).map((path) => join(name, path));

  test.each(globSync('**/*.ts', { cwd: ROOT }).sort())(
    'of %s use only the public entry points of the library',
    (file) => {
      const forbidden = targetsOf(ROOT, file).filter(
        (target) => target.startsWith('..') || (partOf(target) === name && !entries.includes(target)),
      );
      expect(forbidden).toEqual([]);
    },
  );
});
