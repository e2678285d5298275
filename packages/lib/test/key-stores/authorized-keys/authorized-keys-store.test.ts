import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { keyStoreContract } from 'asymmetric-jwt-auth/testing';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { createAuthorization } from '../../../src/client.ts';
import { createAuthenticator, memoryNonceStore, PrivateKey, type PublicKey } from '../../../src/index.ts';
import {
  type AuthorizedKeysOptions,
  type AuthorizedKeysProblem,
  authorizedKeysStore,
} from '../../../src/key-stores/authorized-keys/authorized-keys-store.ts';

const ROOT = mkdtempSync(join(tmpdir(), 'ajwt-authorized-'));
afterAll(() => rmSync(ROOT, { recursive: true }));
let count = 0;
let folder: string;
beforeEach(() => {
  folder = join(ROOT, String(count++));
  mkdirSync(folder, { mode: 0o755 });
});

const HINT = { kid: undefined, alg: 'EdDSA' } as const;
const [one, other] = await Promise.all([PrivateKey.generate('ed25519'), PrivateKey.generate('ed25519')]);
const lineOf = (key: { publicKey: PublicKey } = one) => key.publicKey.toOpenSsh('a comment');

/** Replaces the file in one step, as the documentation advises. */
function put(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(`${path}.new`, text, { mode: 0o644 });
  renameSync(`${path}.new`, path);
  return path;
}

function storeOf(path: string, options: AuthorizedKeysOptions = {}) {
  const clock = { monotonic: 0, now: 1_800_000_000 };
  const problems: AuthorizedKeysProblem[] = [];
  const store = authorizedKeysStore(path, {
    monotonic: () => clock.monotonic,
    now: () => clock.now,
    onProblem: (problem) => problems.push(problem),
    ...options,
  });
  const kids = async (username = 'guido') => (await store.find(username, HINT))?.keys.map(({ key }) => key.kid);
  const later = async (username?: string) => {
    clock.monotonic += 1;
    return kids(username);
  };
  return { store, clock, problems, kids, later };
}

/** Returns the file name of a username: keeps lower-case letters, digits and `-_@+.`, and encodes every other byte. */
const nameOf = (username: string) =>
  [...Buffer.from(username)]
    .map((byte, at) =>
      /[a-z0-9_@+-]/.test(String.fromCharCode(byte)) || (byte === 0x2e && at > 0)
        ? String.fromCharCode(byte)
        : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`,
    )
    .join('');

describe('authorizedKeysStore meets the key store contract', () => {
  const cases = keyStoreContract({
    states: ['active', 'expired'],
    neverDisabled: 'users are disabled by removing their file',
    make(users) {
      for (const { username, keys } of users) {
        const lines = keys.map(({ key, state }) => {
          return `${state === 'expired' ? 'expiry-time="20200101Z" ' : ''}${(key as PublicKey).toOpenSsh()}\n`;
        });
        put(nameOf(username), lines.join(''));
      }
      return authorizedKeysStore(folder);
    },
  });
  for (const { name, run } of cases) test(name, run);
});

describe('a file is refused, and its last valid content stays in use', () => {
  const spoil: Readonly<Record<string, (path: string) => void>> = {
    'that others can write': (path) => chmodSync(path, 0o666),
    'that the group can write': (path) => chmodSync(path, 0o664),
    'in a folder that others can write': () => chmodSync(folder, 0o777),
    'that is a link out of the folder': (path) => {
      renameSync(path, `${folder}.real`);
      symlinkSync(`${folder}.real`, path);
    },
    'that is a pipe': (path) => {
      rmSync(path);
      execFileSync('mkfifo', ['-m', '644', path]);
    },
    'that is a folder': (path) => {
      rmSync(path);
      mkdirSync(path);
    },
    'that ends in the middle of a key': (path) => truncateSync(path, readFileSync(path).length - 60),
    'of 100 MB': (path) => truncateSync(path, 100_000_000),
    'with a NUL': (path) => writeFileSync(path, `${lineOf()}\n\0\n`),
    'that is not UTF-8': (path) => writeFileSync(path, Buffer.from(`# é\n${lineOf()}\n`, 'latin1')),
    // If the time grew with the square of the length, the test would not finish.
    'with a line of 4 MB of blanks': (path) => writeFileSync(path, `${lineOf()}\nx${' '.repeat(4_000_000)}y\n`),
    'with one bad line among good ones': (path) => writeFileSync(path, `${lineOf()}\nnonsense\n${lineOf(other)}\n`),
  };
  describe.each(['folder', 'file'] as const)('as a %s', (layout) => {
    test.each(Object.entries(spoil))('%s', async (_name, change) => {
      const path = put('guido', `user="guido" ${lineOf()}\n`);
      const { kids, later, problems, clock } = storeOf(layout === 'file' ? path : folder, { layout });
      expect(await kids()).toEqual([one.publicKey.kid]);
      change(path);
      expect(await later()).toEqual([one.publicKey.kid]);
      expect(await later()).toEqual([one.publicKey.kid]);
      // The problem is reported once, although the file is read several times.
      expect(problems).toHaveLength(1);
      clock.monotonic += 1;
      const fresh = storeOf(layout === 'file' ? path : folder, { layout });
      await expect(fresh.kids()).rejects.toMatchObject({ code: 'unavailable' });
    });
  });

  test.runIf(process.getuid?.() === 0)('that belongs to another user', async () => {
    const path = put('guido', `${lineOf()}\n`);
    execFileSync('chown', ['12345', path]);
    await expect(storeOf(folder).kids()).rejects.toThrow('belongs to another user');
  });

  test('the error names the first bad line', async () => {
    put('guido', `# keys\n\n${lineOf()}\nno-such-option ${lineOf(other)}\nnonsense\n`);
    const { kids, problems } = storeOf(folder);
    await expect(kids()).rejects.toThrow('line 4: the option no-such-option is not supported');
    expect(problems).toMatchObject([{ line: 4, path: join(folder, 'guido') }]);
  });
});

describe('after a second, the store uses', () => {
  test('a file in which a key was replaced', async () => {
    put('guido', `${lineOf()}\n`);
    const { kids, later, clock } = storeOf(folder);
    expect(await kids()).toEqual([one.publicKey.kid]);
    put('guido', `${lineOf(other)}\n`);
    clock.monotonic = 0.999;
    expect(await kids()).toEqual([one.publicKey.kid]);
    expect(await later()).toEqual([other.publicKey.kid]);
  });

  test('a file that was emptied or deleted: the user then has no key, or is unknown', async () => {
    const path = put('guido', `${lineOf()}\n`);
    const { kids, later, problems } = storeOf(folder);
    expect(await kids()).toHaveLength(1);
    put('guido', '# none\n');
    expect(await later()).toEqual([]);
    rmSync(path);
    expect(await later()).toBeUndefined();
    expect(problems).toEqual([]);
  });

  test('the last valid content if the file of all users disappears, which is reported; a missing folder is an error', async () => {
    const path = put('all', `user="guido" ${lineOf()}\n`);
    const { kids, later, problems } = storeOf(path, { layout: 'file' });
    expect(await kids()).toHaveLength(1);
    rmSync(path);
    expect(await later()).toHaveLength(1);
    expect(problems).toMatchObject([{ message: `${path} does not exist` }]);
    await expect(storeOf(join(folder, 'nowhere')).kids()).rejects.toMatchObject({ code: 'unavailable' });
  });

  test('a repaired file; if the same problem occurs again, the store reports it again', async () => {
    put('guido', 'nonsense\n');
    const { kids, later, problems } = storeOf(folder);
    await expect(kids()).rejects.toThrow();
    put('guido', `${lineOf()}\n`);
    expect(await later()).toHaveLength(1);
    put('guido', 'nonsense\n');
    expect(await later()).toHaveLength(1);
    expect(problems).toHaveLength(2);
  });
});

test('lookups of unknown usernames do not evict the valid content of a file', async () => {
  put('guido', `${lineOf()}\n`);
  const { kids, later } = storeOf(folder);
  expect(await kids()).toHaveLength(1);
  put('guido', 'nonsense\n');
  for (let made = 0; made < 1100; made++) expect(await kids(`stranger-${made}`)).toBeUndefined();
  expect(await later()).toEqual([one.publicKey.kid]);
});

describe('in one file for all users', () => {
  test('each line names its user', async () => {
    const path = put('all', `user="guido" ${lineOf()}\nuser="Жук \\"x\\"",restrict ${lineOf(other)}\n`);
    const { kids } = storeOf(path, { layout: 'file' });
    expect(await kids('guido')).toEqual([one.publicKey.kid]);
    expect(await kids('Жук "x"')).toEqual([other.publicKey.kid]);
    expect(await kids('nobody')).toBeUndefined();
  });

  test.each([
    ['a line without a user', `${lineOf()}`, 'the option user is missing'],
    ['one key for two users', `user="a" ${lineOf()}\nuser="b" ${lineOf()}`, 'an earlier line has the same key'],
  ])('%s is refused', async (_name, text, message) => {
    await expect(storeOf(put('all', text), { layout: 'file' }).kids()).rejects.toThrow(message);
  });
});

test('a key expires at the time in its line', async () => {
  put('guido', `expiry-time="20270115080001Z" ${lineOf()}\n`);
  const { store, clock } = storeOf(folder);
  expect(await store.find('guido', HINT)).toMatchObject({ keys: [{ state: 'active' }], validUntil: 1_800_000_001 });
  clock.now = 1_800_000_001;
  expect(await store.find('guido', HINT)).toMatchObject({ keys: [{ state: 'expired' }], validUntil: undefined });
});

describe('the option from= limits the addresses from which a key is accepted:', () => {
  const attempt = async (from: string, address: string | undefined) => {
    put('guido', `from="${from}" ${lineOf()}\n`);
    const reasons: string[] = [];
    const auth = createAuthenticator({
      keys: authorizedKeysStore(folder),
      nonces: memoryNonceStore(),
      onResult: ({ reason }) => reasons.push(reason),
    });
    await auth.authenticate({ authorization: await createAuthorization({ username: 'guido', key: one }), address });
    return reasons[0];
  };

  test.each([
    ['192.0.2.0/24', '192.0.2.255'],
    ['192.0.2.0/24', '::ffff:192.0.2.1'],
    ['::ffff:192.0.2.0/120', '192.0.2.1'],
    ['10.0.0.0/8,192.0.2.1', '192.0.2.1'],
    ['2001:db8::/32', '2001:DB8:0::1'],
    ['fe80::/10', 'fe80::1%eth0'],
    ['0.0.0.0/0', '203.0.113.9'],
  ])('%s permits %s', async (from, address) => expect(await attempt(from, address)).toBe('accepted'));

  test.each([
    ['192.0.2.0/24', '192.0.3.0'],
    ['192.0.2.0/24', undefined],
    ['192.0.2.0/24', 'unknown'],
    ['192.0.2.0/24', ''],
    ['0.0.0.0/0', '2001:db8::1'],
    ['::/0', '192.0.2.1'],
    ['192.0.2.0/24,!192.0.2.7', '192.0.2.7'],
    ['!192.0.2.7', '192.0.2.8'],
  ])('%s does not permit %s', async (from, address) => expect(await attempt(from, address)).toBe('unknown_key'));
});

test.each([
  [{ layout: 'files' }, 'layout'],
  [{ onproblem: () => {} }, 'onproblem'],
])('refuses the options %j', (options, name) => {
  expect(() => authorizedKeysStore(folder, options as object)).toThrow(`option ${name}`);
});
