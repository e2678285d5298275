/** Tokens changed by someone with or without the key: the server accepts only canonical, unused tokens signed with the right key. */
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { freshNonce, goodPayload, NOW, publicKeyOf } from 'ajwt-testkit/frozen-server';
import { base64url, highS, parts, type SchemeName, signBytes, signToken, withSignature } from 'ajwt-testkit/sign';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createAuthenticator, memoryNonceStore, type PublicKey, type Reason } from '../../src/index.ts';

interface Party {
  readonly alg: SchemeName;
  readonly privateKey: KeyObject;
  readonly key: PublicKey;
}
const party = (alg: SchemeName, pair: { publicKey: KeyObject; privateKey: KeyObject }): Party => ({
  alg,
  privateKey: pair.privateKey,
  key: publicKeyOf(pair.publicKey),
});
const RSA = party('RS512', generateKeyPairSync('rsa', { modulusLength: 2048 }));
const P256 = party('ES256', generateKeyPairSync('ec', { namedCurve: 'P-256' }));
const ED25519 = party('EdDSA', generateKeyPairSync('ed25519'));

/** The only allowed reasons for refusing a token that someone without the key has changed; `unavailable` must not occur. */
const FOR_CHANGED_TOKENS: Reason[] = ['malformed', 'unknown_key', 'bad_signature'];

/** Makes a server on which every username exists and has the key of the party. */
function serverOf({ key }: Party) {
  const { authenticate } = createAuthenticator({
    keys: {
      find: (username) => ({ username, user: `user ${username}`, disabled: false, keys: [{ key, state: 'active' }] }),
    },
    nonces: memoryNonceStore({ now: () => NOW - 60, maxClaimsPerSecond: 1e6, maxNonces: 1e8 }),
    now: () => NOW,
  });
  return (token: string) => authenticate({ authorization: `JWT ${token}` });
}

const goodToken = ({ alg, key, privateKey }: Party, payload = goodPayload()) =>
  signToken(JSON.stringify({ alg, typ: 'JWT', kid: key.kid }), payload, privateKey, alg);

/** Makes a good token that matches a pattern. */
function tokenWith(party: Party, pattern: RegExp): string {
  for (;;) {
    const token = goodToken(party);
    if (pattern.test(token)) return token;
  }
}

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
const character = fc.oneof(
  fc.constantFrom(...ALPHABET),
  fc.constantFrom(...'.+/= ,"\t\r\n\0'),
  fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }),
);
const place = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
const at = (where: number, token: string) => Math.floor(where * token.length);
const splice = (token: string, start: number, deleted: number, inserted: string) =>
  token.slice(0, start) + inserted + token.slice(start + deleted);

type Change = (token: string) => string;
const oneCharacter: fc.Arbitrary<Change> = fc.oneof(
  fc.tuple(place, character).map(
    ([where, other]) =>
      (token: string) =>
        splice(token, at(where, token), 1, other),
  ),
  fc.tuple(place, character).map(
    ([where, other]) =>
      (token: string) =>
        splice(token, at(where, token), 0, other),
  ),
  place.map((where) => (token: string) => splice(token, at(where, token), 1, '')),
  fc.tuple(place, place).map(([one, other]) => (token: string) => {
    const [from, to] = [at(one, token), at(other, token)];
    return splice(splice(token, to, 1, token[from] as string), from, 1, token[to] as string);
  }),
);
const oneBit: fc.Arbitrary<Change> = fc.tuple(fc.nat(2), place, fc.nat(7)).map(([segment, where, bit]) => (token) => {
  const segments = parts(token).map((part) => Buffer.from(part, 'base64url'));
  const bytes = segments[segment] as Buffer;
  const index = Math.floor(where * bytes.length);
  bytes[index] = (bytes[index] as number) ^ (1 << bit);
  return segments.map(base64url).join('.');
});
const signatureLength: fc.Arbitrary<Change> = fc.tuple(fc.integer({ min: -70, max: 70 }), fc.boolean()).map(
  ([by, front]) =>
    (token) =>
      withSignature(token, (bytes) => {
        if (by < 0) return front ? bytes.subarray(-by) : bytes.subarray(0, by);
        return Buffer.concat(front ? [Buffer.alloc(by), bytes] : [bytes, Buffer.alloc(by)]);
      }),
);
const otherClaims: fc.Arbitrary<Change> = fc
  .oneof(
    fc.record({ username: fc.string({ minLength: 1 }) }),
    fc.record({ time: fc.integer({ min: NOW - 20, max: NOW + 20 }) }),
    fc.record({ nonce: fc.oneof(fc.string(), fc.double()) }),
    fc.record({ aud: fc.constant('us') }),
    fc.record({ bind: fc.constant({ v: 1 }) }),
    fc.dictionary(fc.string({ minLength: 1 }), fc.jsonValue(), { minKeys: 1 }),
  )
  .map((claims) => (token) => {
    const [header, payload, signature] = parts(token);
    const signed = JSON.parse(Buffer.from(payload, 'base64url').toString()) as object;
    return `${header}.${base64url(JSON.stringify({ ...signed, ...claims }))}.${signature}`;
  });

/** Sets the spare bits of the last character, if the segment has any. */
const withSpareBits = (segment: string) =>
  segment.length % 4 === 0
    ? `${segment}A`
    : segment.slice(0, -1) + ALPHABET[ALPHABET.indexOf(segment.at(-1) as string) + 1];
const eachSegment = (change: (segment: string) => string) => (token: string) => {
  const segments = parts(token);
  return segments.map((_, index) => segments.map((one, other) => (index === other ? change(one) : one)).join('.'));
};
const REWRITINGS: Readonly<Record<string, (token: string) => string[]>> = {
  'padded segments': eachSegment((segment) => segment.padEnd(Math.ceil((segment.length + 1) / 4) * 4, '=')),
  'the standard alphabet': (token) => [token.replaceAll('-', '+'), token.replaceAll('_', '/')],
  'spare bits': eachSegment(withSpareBits),
  'white space': (token) =>
    [' ', '\t', '\n', '\r\n'].flatMap((space) => eachSegment((one) => splice(one, 4, 0, space))(token)),
  'trailing white space': (token) => [`${token} `, `${token}\t`, `${token}\n`],
  'another case': (token) => [token.toUpperCase(), token.toLowerCase()],
  'swapped segments': (token) => {
    const [a, b, c] = parts(token);
    return [
      [b, a, c],
      [a, c, b],
      [c, b, a],
      [b, c, a],
      [c, a, b],
    ].map((order) => order.join('.'));
  },
  'missing or repeated segments': (token) => {
    const [a, b, c] = parts(token);
    return [
      `${a}.${b}`,
      `${a}.${b}.`,
      `.${b}.${c}`,
      `${a}..${c}`,
      `${a}.${b}.${c}.`,
      `${a}.${b}.${c}.${c}`,
      `${token},${token}`,
    ];
  },
  'percent encoding': (token) => [token.replace('.', '%2E'), encodeURIComponent(`${token}\n`)],
};

describe.each([RSA, P256, ED25519])('a good $alg token', (signer) => {
  const sendToOne = serverOf(signer);
  // All runs share a few tokens, because signing takes most of the time; each run has a new server, so no token is a replay.
  const tokens = Array.from({ length: 20 }, () => goodToken(signer));
  const expectRefusal = async (token: string, send = sendToOne) => {
    const result = await send(token);
    if (result.ok) expect.fail(`accepted: ${token}`);
    expect(FOR_CHANGED_TOKENS, token).toContain(result.reason);
    expect(result.status).toBe(401);
  };
  const expectOnce = async (token: string, send = sendToOne) => {
    expect(await send(token)).toMatchObject({ ok: true });
    expect(await send(token)).toMatchObject({ ok: false, reason: 'replayed' });
  };

  test.each([
    ['one character changed', oneCharacter],
    ['one bit changed', oneBit],
    ['a signature of another length', signatureLength],
    ['other claims under the same signature', otherClaims],
  ])('with %s is refused, but the unchanged token is then accepted once', async (_what, changes) => {
    await fc.assert(
      fc.asyncProperty(changes, fc.constantFrom(...tokens), async (change, token) => {
        const send = serverOf(signer);
        const changed = change(token);
        // A second space before the token does not change the token (RFC 9110 §11.4).
        fc.pre(changed.replace(/^ /, '') !== token);
        await expectRefusal(changed, send);
        await expectOnce(token, send);
      }),
      { numRuns: 300 },
    );
  });

  test.each(Object.entries(REWRITINGS))(
    'with %s is refused, but the unchanged token is then accepted once',
    async (_what, rewrite) => {
      const token = tokenWith(signer, /-.*_|_.*-/);
      const rewritten = rewrite(token);
      expect(rewritten).not.toContain(token);
      for (const other of rewritten) await expectRefusal(other);
      await expectOnce(token);
    },
  );

  test('is malformed if its header or payload is not canonical base64url, even if the signature covers that encoding', async () => {
    const [header, payload] = parts(goodToken(signer, goodPayload('alice', `>>>???${freshNonce()}`)));
    const others = (one: string) =>
      [
        `${one}=`,
        withSpareBits(one),
        splice(one, 4, 0, ' '),
        `${one}\n`,
        one.replace('-', '+'),
        one.replace('_', '/'),
      ].filter((other) => other !== one);
    const inputs = [
      ...others(header).map((one) => `${one}.${payload}`),
      ...others(payload).map((one) => `${header}.${one}`),
    ];
    expect(inputs).toHaveLength(10);
    for (const input of inputs) {
      const token = `${input}.${base64url(signBytes(input, signer.privateKey, signer.alg))}`;
      expect(await sendToOne(token), input).toMatchObject({ ok: false, reason: 'malformed' });
    }
  });

  const username = fc.oneof(
    fc.constantFrom(
      'a',
      'alice',
      '__proto__',
      'constructor',
      'Жук',
      'e\u0301',
      '\u{1f600}',
      "o'neill",
      'u'.repeat(600),
    ),
    fc
      .string({ unit: 'binary', minLength: 1, maxLength: 60 })
      .map((text) => text.toWellFormed().replace(/^\s+|\s+$|\p{Cc}/gu, '') || 'x'),
  );
  // After V8 13 has read an escaped name of one character, it may read another such name as a backslash.
  const jsonValue = fc.jsonValue({ maxDepth: 2 }).filter((value) => !/"\\(?:u....|.)":/.test(JSON.stringify(value)));
  const signed = fc.record({
    username,
    time: fc.oneof(
      fc.integer({ min: NOW - 20, max: NOW + 20 }),
      fc.double({ min: NOW - 20, max: NOW + 20, noNaN: true }),
    ),
    nonce: fc.oneof(
      fc.string({ unit: 'binary', maxLength: 60 }).map((text) => text.toWellFormed() + freshNonce()),
      fc.double({ noNaN: true, noDefaultInfinity: true }),
    ),
    extra: fc.dictionary(
      fc.string({ minLength: 1, maxLength: 10 }).map((name) => `x-${name}`),
      jsonValue,
      { maxKeys: 3 },
    ),
    order: fc.shuffledSubarray(['alg', 'typ', 'kid', 'x5u', 'nothing'], { minLength: 5 }),
    indent: fc.constantFrom('', ' ', '\t', '\r\n'),
  });

  test('is accepted exactly once, whatever its signed header and claims, and the result contains both', async () => {
    await fc.assert(
      fc.asyncProperty(signed, async ({ extra, order, indent, ...profile }) => {
        const sendAnew = serverOf(signer);
        const members = { alg: signer.alg, typ: 'jwt', kid: signer.key.kid, x5u: 'http://127.0.0.1:9/', nothing: null };
        const header = Object.fromEntries(order.map((name) => [name, members[name as keyof typeof members]]));
        const payload = JSON.stringify({ ...extra, ...profile }, null, indent);
        fc.pre(Buffer.byteLength(payload) <= 4096);
        const token = signToken(JSON.stringify(header, null, indent), payload, signer.privateKey, signer.alg);
        const result = await sendAnew(token);
        expect(result).toMatchObject({ ok: true, username: profile.username, user: `user ${profile.username}` });
        expect(result.ok && result.key).toBe(signer.key);
        expect(result.ok && result.claims).toStrictEqual(JSON.parse(payload));
        expect(await sendAnew(token)).toMatchObject({ ok: false, reason: 'replayed' });
        const again = { other: 'text', ...profile };
        expect(await sendAnew(goodToken(signer, JSON.stringify(again)))).toMatchObject({
          ok: false,
          reason: 'replayed',
        });
      }),
      { numRuns: 300 },
    );
  });
});

describe('the twin (r, n−s) of an ECDSA token, which anyone can compute', () => {
  const send = serverOf(P256);

  test('is a replay after the token was used', async () => {
    const token = goodToken(P256);
    expect(await send(token)).toMatchObject({ ok: true });
    expect(await send(withSignature(token, highS))).toMatchObject({ ok: false, reason: 'replayed' });
  });

  test('is refused if the token was accepted, and the token is refused if the twin was accepted', async () => {
    for (let round = 0; round < 100; round++) {
      const token = goodToken(P256);
      const twin = withSignature(token, highS);
      expect(withSignature(twin, highS)).toBe(token);
      const results = await Promise.all([twin, token, twin, token].map(send));
      expect(results.map((result) => (result.ok ? 'accepted' : result.reason)).sort()).toEqual([
        'accepted',
        'replayed',
        'replayed',
        'replayed',
      ]);
    }
  });
});
