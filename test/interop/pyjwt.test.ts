/** PyJWT verifies this library's signatures, and a real `ajwtd` verifies PyJWT's signatures. */

import { scratch } from 'ajwt-testkit/ajwt';
import { createToken, PrivateKey } from 'asymmetric-jwt-auth/client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ajwt, type KeyKind, makeKey } from './ajwt.ts';
import { type Ajwtd, startAjwtd } from './ajwtd.ts';
import { python } from './python.ts';
import { send } from './send.ts';

/** The algorithm that each type of key signs with in these tests, and the other algorithms that it can be verified with. */
const KINDS: readonly { readonly kind: KeyKind; readonly alg: string; readonly others?: readonly string[] }[] = [
  { kind: 'RSA', alg: 'RS512', others: ['RS384', 'RS256'] },
  { kind: 'Ed25519', alg: 'EdDSA' },
  { kind: 'P-256', alg: 'ES256' },
  { kind: 'P-384', alg: 'ES384' },
  { kind: 'P-521', alg: 'ES512' },
];

const folder = scratch();
let ajwtd: Ajwtd;

beforeAll(async () => {
  const keys: Record<string, string> = {};
  for (const { kind } of KINDS) keys[kind] = `${await makeKey(kind, folder(kind))}.pub`;
  const published = Object.values(keys).flatMap((file) => ['--serve-jwks', file]);
  ajwtd = await startAjwtd(folder('ajwt.db'), keys, ...published);
});
afterAll(() => ajwtd?.stop());

describe.each(KINDS)('a key of type $kind', ({ kind, alg, others = [] }) => {
  test(`signs ${alg}, which PyJWT verifies`, async () => {
    const key = await PrivateKey.fromFile(folder(kind));
    const token = await createToken({ username: kind, key });
    const verified = await python('1.3.0', 'pyjwt_verify.py', alg, await ajwt('pubkey', folder(kind)), token);
    expect(JSON.parse(verified)).toEqual({
      header: { alg, typ: 'JWT', kid: key.kid },
      claims: { username: kind, time: expect.any(Number), nonce: expect.any(String) },
    });
  });

  test(`signs ${alg}, which PyJWT verifies with the JWK set of ajwtd`, async () => {
    const token = await createToken({ username: kind, key: await PrivateKey.fromFile(folder(kind)) });
    const url = `${ajwtd.url}/.well-known/jwks.json`;
    expect(JSON.parse(await python('1.3.0', 'pyjwt_jwks.py', alg, url, token))).toMatchObject({ username: kind });
  });

  test.each([alg, ...others])('accepts a token that PyJWT signs with %s, once', async (signedWith) => {
    const claims = { username: kind, time: Math.floor(Date.now() / 1000), nonce: signedWith };
    const token = await python('1.3.0', 'pyjwt_sign.py', signedWith, folder(kind), JSON.stringify(claims));
    const authorization = `JWT ${token.trim()}`;
    const whoami = `${ajwtd.url}/.ajwt/whoami`;
    expect(await send(whoami, authorization)).toMatchObject({ status: 200, body: { username: kind } });
    expect(await send(whoami, authorization)).toMatchObject({ status: 401 });
  });
});
