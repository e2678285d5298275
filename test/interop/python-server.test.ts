/**
 * The newest version of the Python package checks tokens made by this library.
 *
 * It accepts RSA and Ed25519 keys only, as PEM (SPKI, and PKCS#1 for RSA) or as an OpenSSH line (its `keys.py`:
 * `load_pem_public_key`, then `load_ssh_public_key`). RSA keys verify RS512, RS384 and RS256; Ed25519 keys verify `EdDSA`.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { scratch } from 'ajwt-testkit/ajwt';
import { createAuthorization, PrivateKey, type TokenOptions } from 'asymmetric-jwt-auth/client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ajwt, type KeyKind, makeKey } from './ajwt.ts';
import { type DjangoServer, startDjango } from './python.ts';
import { send } from './send.ts';

const folder = scratch();
const openssh = (file: string) => readFileSync(`${file}.pub`, 'utf8');
const spki = (file: string) => ajwt('pubkey', file);
const pkcs1 = async (file: string) => (await PrivateKey.fromFile(file)).publicKey.toPkcs1Pem();

interface Registration {
  readonly username: string;
  readonly kind: KeyKind;
  /** The public key in the registered format. */
  readonly write: (file: string) => string | Promise<string>;
}

const TAKEN: readonly Registration[] = [
  { username: 'rsa-spki', kind: 'RSA', write: spki },
  { username: 'rsa-pkcs1', kind: 'RSA', write: pkcs1 },
  { username: 'rsa-openssh', kind: 'RSA', write: openssh },
  { username: 'ed25519-spki', kind: 'Ed25519', write: spki },
  { username: 'ed25519-openssh', kind: 'Ed25519', write: openssh },
];
const NOT_TAKEN: readonly Registration[] = [
  { username: 'p256-spki', kind: 'P-256', write: spki },
  { username: 'p256-openssh', kind: 'P-256', write: openssh },
];

let django: DjangoServer;

beforeAll(async () => {
  const texts: Record<string, string> = {};
  for (const { username, kind, write } of [...TAKEN, ...NOT_TAKEN]) {
    texts[username] = await write(await makeKey(kind, folder(username)));
  }
  django = await startDjango(folder('django.db'), texts);
});
afterAll(() => django?.stop());

const ask = (authorization: string, target = '/') => send(django.url + target, authorization);

describe.each(TAKEN)('a key registered with the Python package as $username', ({ username }) => {
  const key = () => PrivateKey.fromFile(folder(username));
  const authorization = async (options: Partial<TokenOptions> = {}) =>
    createAuthorization({ username, key: await key(), ...options });

  test('has a kid that equals the fingerprint in the package', async () => {
    expect((await key()).kid).toBe(django.fingerprints[username]);
  });

  test('verifies a token of `ajwt token` once', async () => {
    const token = await ajwt('token', '--user', username, '--key', folder(username));
    expect(await ask(token)).toEqual({ status: 200, body: { username } });
    expect(await ask(token)).toEqual({ status: 401, body: {} });
  });

  test('verifies a token of createAuthorization once', async () => {
    const token = await authorization();
    expect(await ask(token)).toEqual({ status: 200, body: { username } });
    expect(await ask(token)).toEqual({ status: 401, body: {} });
  });

  test('verifies a token of `ajwt token --bind` once', async () => {
    const url = `${django.url}/items?x=1`;
    const token = await ajwt('token', '--user', username, '--key', folder(username), '--bind', 'GET', url);
    expect(await send(url, token)).toEqual({ status: 200, body: { username } });
    expect(await send(url, token)).toEqual({ status: 401, body: {} });
  });

  test('refuses a token with an aud claim, because the package has no audience to compare it with', async () => {
    const digest = createHash('sha256').digest('base64url');
    const bind = { aud: django.url, htm: 'GET', target: '/', digest };
    expect(await ask(await authorization({ bind, sendAudClaim: true }))).toEqual({ status: 401, body: {} });
    expect(await ask(await authorization({ bind }))).toEqual({ status: 200, body: { username } });
  });
});

test.each(NOT_TAKEN)('the Python package does not accept a key registered as $username', ({ username }) => {
  expect(django.fingerprints[username]).toBeNull();
});
