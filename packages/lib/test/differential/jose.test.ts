/** Compares the library with `jose`: each accepts what the other signs, and jose accepts everything that we accept. */
import { createPrivateKey } from 'node:crypto';
import { freshNonce, NOW } from 'ajwt-testkit/frozen-server';
import { base64url, type SchemeName, signToken } from 'ajwt-testkit/sign';
import fc from 'fast-check';
import {
  type CryptoKey,
  calculateJwkThumbprint,
  exportJWK,
  exportPKCS8,
  exportSPKI,
  generateKeyPair,
  importJWK,
  importPKCS8,
  importSPKI,
  type JWK,
  jwtVerify,
  SignJWT,
} from 'jose';
import { describe, expect, test } from 'vitest';
import { createToken } from '../../src/client/token.ts';
import { type AlgorithmName, createAuthenticator, memoryNonceStore, PrivateKey, PublicKey } from '../../src/index.ts';

const KEYS = {
  RS512: ['rsa', { bits: 2048 }],
  RS384: ['rsa', { bits: 2048, alg: 'RS384' }],
  RS256: ['rsa', { bits: 2048, alg: 'RS256' }],
  PS512: ['rsa', { bits: 2048, alg: 'PS512' }],
  PS384: ['rsa', { bits: 2048, alg: 'PS384' }],
  PS256: ['rsa', { bits: 2048, alg: 'PS256' }],
  ES256: ['ec', { curve: 'P-256' }],
  ES384: ['ec', { curve: 'P-384' }],
  ES512: ['ec', { curve: 'P-521' }],
  EdDSA: ['ed25519', {}],
} as const;
const keys = await Promise.all(
  Object.entries(KEYS).map(async ([alg, [type, options]]) => ({
    alg: alg as keyof typeof KEYS,
    ours: await PrivateKey.generate(type, options),
  })),
);

/** Makes a server on which every username exists and has the same key. */
function accepts(key: PublicKey) {
  const { authenticate } = createAuthenticator({
    keys: { find: (username) => ({ username, user: username, disabled: false, keys: [{ key, state: 'active' }] }) },
    nonces: memoryNonceStore({ now: () => NOW - 60, maxClaimsPerSecond: 1e6 }),
    audience: 'us',
    now: () => NOW,
  });
  return (token: string) => authenticate({ authorization: `JWT ${token}` });
}

/** Verifies with jose; jose imports a key for one algorithm, so it gets the algorithm of the token if our key accepts that. */
async function verifyThere(token: string, key: PublicKey) {
  return jwtVerify(token, (header) => importSPKI(key.toPem(), header.alg), {
    algorithms: [...key.algorithms],
    clockTolerance: 20,
    currentDate: new Date(NOW * 1000),
  });
}

describe.each(keys)('with a key for $alg', ({ alg, ours }) => {
  const profile = () => ({ username: 'alice', time: NOW, nonce: freshNonce() });

  test('jose verifies a token that we signed', async () => {
    const token = await createToken({ username: 'alice', key: ours, now: () => NOW, bind: { htm: 'GET' } });
    const { payload, protectedHeader } = await verifyThere(token, ours.publicKey);
    expect(protectedHeader).toEqual({ alg, typ: 'JWT', kid: ours.kid });
    expect(payload).toMatchObject({ username: 'alice', time: NOW, bind: { v: 1, htm: 'GET' } });
  });

  test('we accept a token that jose signed, and refuse its replay', async () => {
    const authenticate = accepts(ours.publicKey);
    const key = await importPKCS8(ours.toPem(), alg);
    const claims = { ...profile(), aud: 'us', iat: NOW, nbf: NOW, exp: NOW + 60, sub: 'alice', jti: 'x' };
    const token = await new SignJWT(claims).setProtectedHeader({ alg, typ: 'JWT', kid: ours.kid }).sign(key);
    expect(await authenticate(token)).toMatchObject({ ok: true, username: 'alice', claims });
    expect(await authenticate(token)).toMatchObject({ ok: false, reason: 'replayed' });
  });

  test('our thumbprint equals that of jose', async () => {
    expect(ours.publicKey.thumbprint).toBe(await calculateJwkThumbprint(ours.publicKey.toJwk() as JWK));
    expect(ours.publicKey.thumbprint).toBe(await calculateJwkThumbprint(ours.toJwk() as JWK));
  });

  test('jose imports the keys that we export', async () => {
    const imported = [
      await importJWK(ours.publicKey.toJwk() as JWK, alg, { extractable: true }),
      await importSPKI(ours.publicKey.toPem(), alg, { extractable: true }),
    ] as CryptoKey[];
    for (const key of imported) expect(await exportSPKI(key)).toBe(ours.publicKey.toPem().trim());
    const { kid: _, use: __, alg: ___, ...members } = ours.toJwk() as JWK;
    const privateKeys = [
      await importJWK(ours.toJwk() as JWK, alg, { extractable: true }),
      await importPKCS8(ours.toPem(), alg, { extractable: true }),
    ] as CryptoKey[];
    for (const key of privateKeys) expect(await exportJWK(key)).toEqual(members);
  });

  test('we import the keys that jose exports', async () => {
    const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true, modulusLength: 2048 });
    const options = { alg: alg as AlgorithmName };
    const thumbprint = await calculateJwkThumbprint(await exportJWK(publicKey));
    const publicKeys = [
      await exportSPKI(publicKey),
      await exportJWK(publicKey),
      JSON.stringify(await exportJWK(publicKey)),
    ];
    for (const key of publicKeys) expect(PublicKey.from(key as string, options).thumbprint).toBe(thumbprint);
    const privateKeys = [
      await exportPKCS8(privateKey),
      await exportJWK(privateKey),
      JSON.stringify(await exportJWK(privateKey)),
    ];
    for (const key of privateKeys) {
      const imported = PrivateKey.from(key as string, options);
      expect(imported.publicKey.thumbprint).toBe(thumbprint);
      const token = await createToken({ username: 'alice', key: imported, now: () => NOW });
      await jwtVerify(token, publicKey, { algorithms: [alg] });
    }
  });
});

describe('a token from the holder of a key, with or without later changes', () => {
  const signers = ['RS512', 'PS256', 'ES256', 'EdDSA'] as const;
  const parties = keys
    .filter(({ alg }) => (signers as readonly string[]).includes(alg))
    .map(({ alg, ours }) => ({
      alg: alg as (typeof signers)[number],
      key: ours.publicKey,
      privateKey: createPrivateKey(ours.toPem()),
      send: accepts(ours.publicKey),
    }));
  const near = (seconds: number) =>
    fc.oneof(fc.integer({ min: seconds - 1, max: seconds + 1 }), fc.constantFrom(null, '1', seconds + 0.5));
  /** Generates one or two of the listed members. */
  const someOf = (members: Record<string, fc.Arbitrary<unknown>>) => {
    const one = fc.oneof(
      ...Object.entries(members).map(([name, values]) => values.map((value) => ({ [name]: value }))),
    );
    return fc.tuple(one, fc.oneof(fc.constant({}), one)).map(([first, second]) => ({ ...first, ...second }));
  };
  const claims = someOf({
    exp: near(NOW - 20),
    nbf: near(NOW + 20),
    iat: near(NOW + 20),
    aud: fc.constantFrom('us', ['us', 'them'], 'them', [], 5),
    sub: fc.constantFrom('alice', 5),
    bind: fc.constantFrom({ v: 1 }, { v: 2 }, { v: 1, aud: 'us' }, null),
    time: near(NOW),
  });
  const algorithm = fc.constantFrom('RS512', 'RS256', 'PS256', 'ES256', 'EdDSA', 'Ed25519', 'none', 'HS256');
  const header = fc.oneof(
    algorithm.map((alg) => ({ alg })),
    someOf({
      alg: algorithm,
      typ: fc.constantFrom('JWT', 'jwt', 'at+jwt', null),
      kid: fc.constantFrom('a name', '', 5, '0'.repeat(64)),
      crit: fc.constantFrom([], ['exp'], ['b64']),
      b64: fc.boolean(),
      zip: fc.constant('DEF'),
      jwk: fc.constant({ kty: 'oct', k: 'AAAA' }),
    }),
  );
  const often = <T>(usual: T, other: fc.Arbitrary<T>) => fc.oneof(fc.constant(usual), other);
  const change = fc
    .tuple(
      fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
      fc.constantFrom(...'AQgwZz09-_+/=. '),
      fc.nat(1),
    )
    .map(([where, character, deleted]) => (token: string) => {
      const at = Math.floor(where * token.length);
      return token.slice(0, at) + character + token.slice(at + deleted);
    });

  test('is verified by jose if we accept it', async () => {
    let accepted = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...parties),
        often<Record<string, unknown>>({}, header),
        often<object>({}, claims),
        fc.constantFrom('', ' ', '\n'),
        often((token: string) => token, change),
        async ({ alg, key, privateKey, send }, members, extra, indent, changed) => {
          const payload = JSON.stringify({ username: 'alice', time: NOW, nonce: freshNonce(), ...extra }, null, indent);
          const said = JSON.stringify({ alg, ...members }, null, indent);
          // A key can also sign with other algorithms of its type.
          const scheme =
            /^[RP]S/.test(alg) && ['RS512', 'RS256', 'PS256'].includes(members.alg as string) ? members.alg : alg;
          const token = changed(signToken(said, payload, privateKey, scheme as SchemeName));
          // The header may have several spaces before the token; they are not part of it.
          fc.pre(!token.startsWith(' '));
          const result = await send(token);
          if (!result.ok) return;
          accepted += 1;
          const there = await verifyThere(token, key);
          expect(there.payload).toEqual(result.claims);
          expect(there.protectedHeader.alg).toBeOneOf([...result.key.algorithms]);
          expect(token.split('.')[1]).toBe(base64url(payload));
        },
      ),
      { numRuns: 800 },
    );
    expect(accepted, 'number of tokens that we accept').toBeGreaterThan(100);
  });
});
