/** A wrong option causes a TypeError that names it when it is passed, and not at the first request. */
import { describe, expect, test } from 'vitest';
import { expressAuth } from '../../src/adapters/express.ts';
import { nodeAuth } from '../../src/adapters/node.ts';
import { webAuth } from '../../src/adapters/web.ts';
import { createSignedFetch } from '../../src/client/fetch.ts';
import { createToken } from '../../src/client/token.ts';
import { createAuthenticator, memoryKeyStore, memoryNonceStore, PrivateKey } from '../../src/index.ts';

const key = await PrivateKey.generate();
const keys = memoryKeyStore();
const nonces = memoryNonceStore();
const auth = createAuthenticator({ keys, nonces });

/** Calls functions that take options; all options are valid, except those given. */
const MAKERS = {
  createAuthenticator: (options: object) => createAuthenticator({ keys, nonces, ...options }),
  memoryNonceStore: (options: object) => memoryNonceStore(options),
  createToken: (options: object) => createToken({ username: 'alice', key, ...options }),
  createSignedFetch: (options: object) => createSignedFetch({ username: 'alice', key, ...options }),
  nodeAuth: (options: object) => nodeAuth(auth, options),
  webAuth: (options: object) => webAuth(auth, options),
  expressAuth: (options: object) => expressAuth(auth, options),
};
type Maker = keyof typeof MAKERS;

const NO_FUNCTION = [null, 5, 'now', {}, []];
const NO_SECONDS = [
  Number.NaN,
  -1,
  '20',
  Number.POSITIVE_INFINITY,
  Number.NEGATIVE_INFINITY,
  0,
  0.5,
  600.5,
  601,
  null,
  true,
  [20],
  {},
];
const NO_USERNAME = [undefined, null, '', 5, ' alice', 'alice\n', 'a\0b', '\ud800', 'u'.repeat(601), ['alice']];
const NO_SIGNER = [undefined, null, 'key', 5, {}, { sign: 'EdDSA' }, key.toJwk()];

const BAD: readonly (readonly [maker: Maker, option: string, values: readonly unknown[]])[] = [
  ['createAuthenticator', 'keys', [undefined, null, 5, 'keys', {}, { find: 5 }, new Map()]],
  ['createAuthenticator', 'nonces', [undefined, null, 5, 'nonces', {}, { claim: 5, tolerance: 20 }, new Set()]],
  ['createAuthenticator', 'tolerance', NO_SECONDS],
  ['createAuthenticator', 'audience', ['', [''], [5], [null], ['us', '']]],
  ['createAuthenticator', 'require', ['x', 'aud', ['AUD'], ['body'], [''], [5], ['htm', 'v'], ['__proto__']]],
  ['createAuthenticator', 'externalTarget', NO_FUNCTION],
  ['createAuthenticator', 'scheme', ['', 'J WT', 'JWT ', 'JWT,', '"JWT"', 'JWT\n', 'é', null, 5, ['JWT']]],
  ['createAuthenticator', 'realm', ['a"b', 'a\\b', 'a\r\nSet-Cookie: x', 'a\0', 'a\tb', 'é', '\u{1f600}', null, 5]],
  ['createAuthenticator', 'now', NO_FUNCTION],
  ['createAuthenticator', 'onResult', NO_FUNCTION],
  ['createAuthenticator', 'ed25519', NO_FUNCTION],
  ['memoryNonceStore', 'tolerance', NO_SECONDS],
  ['memoryNonceStore', 'clockMargin', NO_SECONDS],
  ['memoryNonceStore', 'afterLoss', ['', 'Fresh', 'none', null, true, 5, 'toString', '__proto__']],
  ['memoryNonceStore', 'maxNonces', [Number.NaN, -1, 0, 9, 2 ** 31 + 1, Number.POSITIVE_INFINITY, '1000', null]],
  [
    'memoryNonceStore',
    'maxClaimsPerSecond',
    [Number.NaN, -1, 0, 0.5, 2 ** 31 + 1, Number.POSITIVE_INFINITY, '1000', null],
  ],
  ['memoryNonceStore', 'now', NO_FUNCTION],
  ['memoryNonceStore', 'monotonic', NO_FUNCTION],
  ['createToken', 'username', NO_USERNAME],
  ['createToken', 'key', NO_SIGNER],
  ['createToken', 'bind', [null, 5, 'aud', true, ['aud'], { AUD: 'us' }, { v: 2 }, { htm: 5 }, { digest: null }]],
  ['createToken', 'sendAudClaim', [true, 'yes', 1]],
  ['createToken', 'now', NO_FUNCTION],
  ['createSignedFetch', 'username', NO_USERNAME],
  ['createSignedFetch', 'key', NO_SIGNER],
  ['createSignedFetch', 'bind', ['aud', ['AUD'], ['digests'], [''], [5], ['v'], null, 5, {}]],
  ['createSignedFetch', 'audience', ['', 5, null, ['us']]],
  ['createSignedFetch', 'sendAudClaim', [true, 'yes', 1]],
  ['createSignedFetch', 'fetch', NO_FUNCTION],
  ['createSignedFetch', 'now', NO_FUNCTION],
  ['nodeAuth', 'require', ['aud', ['AUD'], ['digests'], [''], [5]]],
  ['webAuth', 'require', ['aud', ['AUD'], ['digests'], [''], [5]]],
  ['expressAuth', 'require', ['aud', ['AUD'], ['digests'], [''], [5]]],
  ['expressAuth', 'optional', ['false', 'yes', 1, {}]],
];

/** Returns the error that a function throws or rejects with. */
async function errorOf(make: () => unknown): Promise<unknown> {
  try {
    return await make();
  } catch (error) {
    return error;
  }
}

test.each(BAD)('%s refuses a wrong %s', async (maker, option, values) => {
  const taken = [];
  for (const value of values) {
    const error = await errorOf(() => MAKERS[maker]({ [option]: value }));
    if (!(error instanceof TypeError && error.message.startsWith(`option ${option}: `))) taken.push(value);
  }
  expect(taken, 'values that cause no error, or an error that does not name the option').toEqual([]);
});

describe.each(Object.keys(MAKERS) as Maker[])('%s', (maker) => {
  test.each(['Tolerance', 'timer', 'requires', '', 'toString', 'prototype'])(
    'refuses the unknown option %j, and lists the known ones',
    async (option) => {
      const error = await errorOf(() => MAKERS[maker]({ [option]: undefined }));
      expect(error).toBeInstanceOf(TypeError);
      expect((error as TypeError).message).toMatch(
        new RegExp(`^option ${option}: unknown; (?:did you mean \\w+\\? U|u)se one of \\w+`),
      );
    },
  );

  test('accepts valid options', async () => {
    expect(await errorOf(() => MAKERS[maker]({}))).not.toBeInstanceOf(Error);
  });
});

describe('createAuthenticator or a client refuses contradictory options:', () => {
  test('aud is required, but the server has no audience', () => {
    const require = ['aud'] as const;
    expect(() => createAuthenticator({ keys, nonces, require })).toThrow(
      /^option require: 'aud' needs the option audience/,
    );
    expect(() => createAuthenticator({ keys, nonces, require, audience: [] })).toThrow(/^option require: /);
    expect(createAuthenticator({ keys, nonces, require, audience: 'us' })).toBeDefined();
  });

  test.each([
    [20, undefined, true],
    [20, 20, true],
    [20, 19, true],
    [20, 20.5, false],
    [20, 21, false],
    [5, undefined, false],
    [600, 600, true],
  ])('a nonce store for %j s with a tolerance of %j s is valid: %j', (kept, tolerance, valid) => {
    const make = () =>
      createAuthenticator({
        keys,
        nonces: memoryNonceStore({ tolerance: kept }),
        ...(tolerance !== undefined && { tolerance }),
      });
    if (valid) expect(make()).toBeDefined();
    else expect(make).toThrow(/^option tolerance: .* s is more than the \d+ s for which the nonce store keeps records/);
  });

  test.each([[undefined], [Number.NaN], [null]])('a nonce store that keeps records for %j s', (tolerance) => {
    const store = { ...nonces, tolerance: tolerance as number };
    expect(() => createAuthenticator({ keys, nonces: store })).toThrow(/^option (?:tolerance|nonces): /);
  });

  test('sendAudClaim without an audience in the token', async () => {
    await expect(createToken({ username: 'alice', key, sendAudClaim: true, bind: { htm: 'GET' } })).rejects.toThrow(
      /^option sendAudClaim: /,
    );
    expect(() => createSignedFetch({ username: 'alice', key, sendAudClaim: true, bind: ['htm'] })).toThrow(
      /^option sendAudClaim: /,
    );
  });
});

test('createToken refuses a wrong option before it signs anything', async () => {
  let signed = 0;
  const sign = (bytes: Uint8Array) => {
    signed += 1;
    return key.sign(bytes);
  };
  const signer = { alg: key.alg, kid: key.kid, sign };
  for (const options of [{ username: '' }, { sendAudClaim: true }, { unknown: 1 }]) {
    await expect(createToken({ username: 'alice', key: signer, ...options })).rejects.toThrow(TypeError);
  }
  expect(signed).toBe(0);
});

test('the challenge contains the realm unchanged', async () => {
  for (const realm of ['', 'my api', "it's (mine) <all> of it; 100%", '!#[]~']) {
    const result = await createAuthenticator({ keys, nonces, realm }).authenticate({ authorization: undefined });
    expect(result).toMatchObject({ headers: { 'www-authenticate': `JWT realm="${realm}"` } });
  }
});
