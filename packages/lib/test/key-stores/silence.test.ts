/** A stranger cannot find out which usernames exist, because every lookup makes one query and parses the same number of keys. */
import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { signToken } from 'ajwt-testkit/sign';
import { Kysely } from 'kysely';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createAuthenticator, type KeyStore, memoryNonceStore, PrivateKey, PublicKey } from '../../src/index.ts';
import { nodeSqliteDialect, sqlDirectory, sqlKeyStore } from '../../src/sql.ts';

const [own, other] = await Promise.all(Array.from({ length: 2 }, () => PrivateKey.generate('ed25519')));
const stranger = generateKeyPairSync('ed25519').privateKey;

/** The username and kid that a stranger sends, and the reason for the refusal, which only the log contains. */
const ATTEMPTS = [
  ['a user and its key', 'guido', own?.kid, 'bad_signature'],
  ['a user and its key in upper case', 'guido', own?.kid.toUpperCase(), 'bad_signature'],
  ['a user and the key of another user', 'guido', other?.kid, 'unknown_key'],
  ['a user without a kid', 'guido', undefined, 'bad_signature'],
  ['a user and a kid in another format', 'guido', 'main', 'bad_signature'],
  ['a disabled user and its key', 'ada', other?.kid, 'user_disabled'],
  ['a disabled user and another key', 'ada', own?.kid, 'user_disabled'],
  ['a user without keys', 'empty', own?.kid, 'unknown_key'],
  ['a user without keys and without a kid', 'empty', undefined, 'unknown_key'],
  ['an unknown user', 'nobody', own?.kid, 'unknown_user'],
  ['an unknown user without a kid', 'nobody', undefined, 'unknown_user'],
] as const;

const queries: string[] = [];
let database: Kysely<unknown>;
beforeEach(async () => {
  database = new Kysely<unknown>({
    dialect: nodeSqliteDialect(':memory:'),
    log: ({ query }) => void queries.push(query.sql),
  });
  const directory = sqlDirectory(database);
  await directory.migrate();
  await directory.addKey('guido', (own as PrivateKey).publicKey, { createUser: true });
  await directory.addKey('ada', (other as PrivateKey).publicKey, { createUser: true });
  await directory.setDisabled('ada', true);
  await directory.addUser('empty');
});
afterEach(() => {
  vi.restoreAllMocks();
  return database.destroy();
});

/** Makes a token with the given kid that is signed with a stranger's key. */
function forged(username: string, kid: string | undefined): string {
  const header = JSON.stringify({ alg: 'EdDSA', typ: 'JWT', ...(kid === undefined ? {} : { kid }) });
  const payload = JSON.stringify({ username, time: Math.floor(Date.now() / 1000), nonce: randomUUID() });
  return `JWT ${signToken(header, payload, stranger)}`;
}

describe.each<[string, (options?: { maxParsedKeys: number }) => KeyStore<unknown>]>([
  ['sqlDirectory', (options) => sqlDirectory(database, options)],
  [
    'sqlKeyStore',
    (options) =>
      sqlKeyStore(database, {
        users: { table: 'ajwt_user', id: 'id', username: 'username', disabled: 'disabled' },
        keys: { table: 'ajwt_key', userId: 'user_id', id: 'id', publicKey: 'public_key' },
        ...options,
      }),
  ],
])('%s', (_name, make) => {
  /** Counts the queries and the parsed keys of one request. */
  async function costOf(keys: KeyStore<unknown>, username: string, kid: string | undefined, reason: string) {
    const authorization = forged(username, kid);
    const auth = createAuthenticator({ keys, nonces: memoryNonceStore() });
    queries.length = 0;
    const read = vi.spyOn(PublicKey, 'from');
    expect(await auth.authenticate({ authorization })).toMatchObject({ ok: false, reason });
    const reads = read.mock.calls.length;
    read.mockRestore();
    return { queries: queries.length, reads };
  }

  test.each(ATTEMPTS)(
    'parses one key in the first lookup of %s, and none in later ones',
    async (_for, name, kid, reason) => {
      const store = make();
      expect(await costOf(store, name, kid, reason)).toEqual({ queries: 1, reads: 1 });
      for (let later = 0; later < 3; later++) {
        expect(await costOf(store, name, kid, reason)).toEqual({ queries: 1, reads: 0 });
      }
    },
  );

  test.each([
    ['a user', 'guido', ['unknown_key', 'bad_signature', 'bad_signature']],
    ['an unknown user', 'nobody', ['unknown_user', 'unknown_user', 'unknown_user']],
  ] as const)('parses only one key in several lookups of %s with different kids', async (_for, name, reasons) => {
    const store = make();
    const kids = [other?.kid, own?.kid, undefined];
    const reads: number[] = [];
    for (const [index, kid] of kids.entries()) {
      reads.push((await costOf(store, name, kid, reasons[index] as string)).reads);
    }
    expect(reads).toEqual([1, 0, 0]);
  });

  test('parses the most recently parsed key again as a decoy for an unknown user', async () => {
    const store = make();
    await costOf(store, 'guido', own?.kid, 'bad_signature');
    const read = vi.spyOn(PublicKey, 'from');
    await store.find('nobody', { kid: undefined, alg: 'EdDSA' });
    expect(read.mock.calls).toEqual([[own?.publicKey.toPem()]]);
  });

  test('remembers the decoys for maxParsedKeys usernames', async () => {
    const store = make({ maxParsedKeys: 10 });
    const read = vi.spyOn(PublicKey, 'from');
    const find = (name: string) => store.find(name, { kid: undefined, alg: 'EdDSA' });
    for (let index = 0; index <= 10; index++) await find(`nobody${index}`);
    read.mockClear();
    await find('nobody10');
    expect(read).toHaveBeenCalledTimes(0);
    await find('nobody0');
    expect(read).toHaveBeenCalledTimes(1);
  });
});
