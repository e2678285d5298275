/** A real `ajwtd` checks tokens of the Python package: of the newest version and of 0.3.1. */

import { scratch } from 'ajwt-testkit/ajwt';
import { createToken, PrivateKey } from 'asymmetric-jwt-auth/client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type KeyKind, makeKey } from './ajwt.ts';
import { type Ajwtd, startAjwtd } from './ajwtd.ts';
import { type PackageVersion, python, sendFromPython } from './python.ts';

interface Client {
  readonly name: string;
  readonly environment: PackageVersion;
  readonly script: string;
  readonly kind: KeyKind;
}

const CLIENTS: readonly Client[] = [
  { name: '1.3.0 with an RSA key', environment: '1.3.0', script: 'client_1_3_0.py', kind: 'RSA' },
  { name: '1.3.0 with an Ed25519 key', environment: '1.3.0', script: 'client_1_3_0.py', kind: 'Ed25519' },
  { name: '0.3.1', environment: '0.3.1', script: 'client_0_3_1.py', kind: 'RSA' },
  {
    name: 'a token like those of 0.3.1, by PyJWT 2',
    environment: '1.3.0',
    script: 'client_like_0_3_1.py',
    kind: 'RSA',
  },
];

const folder = scratch();
const usernames: Readonly<Partial<Record<KeyKind, string>>> = { RSA: 'guido', Ed25519: 'barry' };
let ajwtd: Ajwtd;

beforeAll(async () => {
  const keys: Record<string, string> = {};
  for (const [kind, username] of Object.entries(usernames)) {
    keys[username] = `${await makeKey(kind as KeyKind, folder(username))}.pub`;
  }
  ajwtd = await startAjwtd(folder('ajwt.db'), keys);
});
afterAll(() => ajwtd?.stop());

const REPLAYED = { status: 401, user: null, challenge: 'JWT realm="api", error="replayed"' };

describe.each(CLIENTS)('a token of $name', ({ environment, script, kind }) => {
  const username = usernames[kind] as string;
  const sendTo = (...paths: string[]) => {
    const urls = paths.map((path) => ajwtd.url + path);
    return sendFromPython(environment, script, username, folder(username), ...urls);
  };

  test('is accepted by /.ajwt/auth once', async () => {
    const [first, second] = await sendTo('/.ajwt/auth', '/.ajwt/auth');
    expect(first).toEqual({ status: 200, user: username, challenge: null, body: '' });
    expect(second).toMatchObject(REPLAYED);
  });

  test('is accepted by /.ajwt/whoami once', async () => {
    const [first, second] = await sendTo('/.ajwt/whoami', '/.ajwt/whoami');
    const { kid, fingerprint } = (await PrivateKey.fromFile(folder(username))).publicKey;
    expect(first?.status).toBe(200);
    expect(JSON.parse(first?.body ?? '')).toMatchObject({ username, kid, fingerprint });
    expect(second).toMatchObject(REPLAYED);
  });

  test('is refused by /.ajwt/whoami after /.ajwt/auth has accepted it', async () => {
    const [first, second] = await sendTo('/.ajwt/auth', '/.ajwt/whoami');
    expect(first?.status).toBe(200);
    expect(second).toMatchObject(REPLAYED);
  });
});

test('0.3.1 accepts our RS512 token', async () => {
  const key = await PrivateKey.fromFile(folder('guido'));
  const token = await createToken({ username: 'guido', key });
  const verified = await python('0.3.1', 'verify_0_3_1.py', token, key.publicKey.toPem());
  expect(JSON.parse(verified)).toMatchObject({ username: 'guido' });
});
