/**
 * Sends `Authorization` headers over a bare connection to a running `ajwtd`: one value for each outcome, and all values with several
 * header lines or with bytes that are not ASCII. The library's tests send the full list (own-authorization.test.ts).
 */
import { generateKeyPairSync } from 'node:crypto';
import { type Ajwtd, scratch, serve } from 'ajwt-testkit/ajwtd';
import { oneOfEach } from 'ajwt-testkit/cases';
import { exchange, request } from 'ajwt-testkit/connection';
import { inDirectory, payload, publicKeyOf, token } from 'ajwt-testkit/directory';
import { expectAccepted, expectAnswer, expectRefused, expectReplayed, type Watched, watch } from 'ajwt-testkit/refusal';
import { highS, signToken, withSignature } from 'ajwt-testkit/sign';
import { startUpstream, type Upstream } from 'ajwt-testkit/upstream';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type AuthorizationCase, authorizationCases } from '../../../lib/test/vectors/authorization-cases.ts';

const AUTH = '/.ajwt/auth';
const database = scratch()('header.db');
const ed25519 = () => generateKeyPairSync('ed25519').privateKey;
const [alice, revoked, bob, carol, fallen] = [ed25519(), ed25519(), ed25519(), ed25519(), ed25519()];
const p256 = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
const good = () => token('alice', alice);
const naming = (key: typeof alice) => JSON.stringify({ alg: 'EdDSA', kid: publicKeyOf(key).kid });

let watched: Watched;
let port: number;
beforeAll(async () => {
  await inDirectory(database, async (directory) => {
    for (const key of [alice, revoked, p256]) await directory.addKey('alice', publicKeyOf(key), { createUser: true });
    await directory.addKey('bob', publicKeyOf(bob), { createUser: true });
    await directory.addKey('carol', publicKeyOf(carol), { createUser: true });
    await directory.addKey('dave', publicKeyOf(fallen), { createUser: true });
    await directory.revokeKey(publicKeyOf(revoked).kid);
    await directory.revokeKey(publicKeyOf(fallen).kid);
    await directory.setDisabled('bob', true);
  });
  watched = await watch(database, 2);
  port = watched.servers[0]?.port as number;
});
afterAll(() => watched.close());

const { vectors, beside } = authorizationCases({
  good,
  es256: () => signToken('{"alg":"ES256"}', payload('alice'), p256, 'ES256'),
  revoked: () => signToken(naming(revoked), payload('alice'), revoked),
  disabled: () => token('bob', bob),
  inAnotherName: () => token('carol', alice),
  withPayloadOf: (length) => signToken('{"alg":"EdDSA"}', payload('alice').padEnd(length), alice),
});
const ALL: Readonly<Record<string, AuthorizationCase>> = {
  ...vectors,
  ...beside,
  // Node's default limit is 16 kB; ajwtd accepts as much as nginx forwards.
  'size-17k': { ...vectors['size-17k'], outcome: 'malformed too_long' },
  '16 kB of dots': { lines: () => [`Authorization: JWT ${'.'.repeat(16_384)}`], outcome: 'malformed too_long' },
  '8190 dots': { lines: () => [`Authorization: JWT ${'.'.repeat(8190)}`], outcome: 'malformed not_a_token' },
  'the revoked key of a user without other keys': {
    lines: () => [`Authorization: JWT ${token('dave', fallen)}`],
    outcome: 'key_revoked',
  },
  'an unknown user': { lines: () => [`Authorization: JWT ${token('nobody', alice)}`], outcome: 'unknown_user' },
};
/** Returns whether the header lines are ambiguous: whether there are several, or any contains bytes that are not visible ASCII. */
function hasTwoReadings({ lines = () => [], token: make = good }: AuthorizationCase): boolean {
  const sent = lines(make());
  return sent.length > 1 || /[^\x20-\x7e]/.test(sent.join(''));
}
const entries = Object.entries(ALL);
const CASES = [
  ...new Set([
    ...oneOfEach(entries, ([, { outcome }]) => outcome),
    ...entries.filter(([, one]) => hasTwoReadings(one)),
  ]),
];

describe('each value of the Authorization header has the expected outcome', () => {
  test.each(CASES)('%s', async (_what, { lines, target, token: make = good, outcome, spendsFirst }) => {
    const sent = make();
    if (spendsFirst === true) await expectAccepted(watched, sent);
    const bytes = request(`${AUTH}${target?.(sent) ?? ''}`, lines?.(sent));
    if (outcome === 'accepted') {
      expect((await exchange(port, bytes)).status).toBe(200);
      return expectAccepted(watched, good(), 'the next good request');
    }
    if (typeof outcome === 'number') expect((await exchange(port, bytes)).status).toBe(outcome);
    else await expectRefused(watched, bytes, outcome);
    await expectAccepted(watched, spendsFirst === true ? good() : sent, 'the next good request');
  });
});

test('a bad token is refused with any method, body, subpath or query', async () => {
  for (const method of ['POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'TRACE', 'HEAD', 'PROPFIND']) {
    await expectRefused(
      watched,
      request(`${AUTH}/v1/items?x=1`, ['Content-Length: 2'], method, '{}'),
      'missing',
      method,
    );
  }
  await expectRefused(watched, request(`http://elsewhere.example${AUTH}`), 'missing');
  await expectAccepted(watched, good());
});

test('an unknown user, a disabled user, a revoked key and a wrong signature get the same response, byte for byte', async () => {
  const withoutDate = (head: string) => head.replace(/\r\nDate: [^\r]*/i, '');
  const refused = [
    ['unknown_user', token('nobody', alice)],
    ['user_disabled', token('bob', bob)],
    ['key_revoked', token('dave', fallen)],
    ['unknown_key', signToken(naming(carol), payload('alice'), alice)],
    ['bad_signature', token('carol', alice)],
  ] as const;
  const answers: string[] = [];
  for (const [reason, sent] of refused) {
    const lines = [`Authorization: JWT ${sent}`, 'X-Request-Id: same'];
    const { head, text } = await expectRefused(watched, request(AUTH, lines), reason);
    answers.push(`${withoutDate(head)}\r\n\r\n${text}`);
  }
  expect(new Set(answers).size).toBe(1);
});

test("a used token is refused as a replay, even with the other valid form of its signature or a signature by the user's other key", async () => {
  const claims = payload('alice');
  const first = signToken('{"alg":"ES256"}', claims, p256, 'ES256');
  await expectAccepted(watched, first);
  for (const again of [first, withSignature(first, highS), signToken('{"alg":"EdDSA"}', claims, alice)]) {
    await expectReplayed(watched.servers[0] as Ajwtd, again);
  }
});

test('8 kB of dots are refused in less than 5 ms', async () => {
  const bytes = request(AUTH, [`Authorization: JWT ${'.'.repeat(8190)}`]);
  const took: number[] = [];
  for (let round = 0; round < 15; round++) {
    const begun = performance.now();
    await exchange(port, bytes);
    took.push(performance.now() - begun);
  }
  expect(Math.min(...took)).toBeLessThan(5);
});

describe('a refused request does not reach the application', () => {
  let upstream: Upstream;
  let proxy: Ajwtd;
  beforeAll(async () => {
    upstream = await startUpstream();
    proxy = await serve({ database, args: ['--upstream', upstream.url] });
  });
  afterAll(() => proxy.stop());

  const refused = CASES.filter(([, { outcome }]) => outcome !== 'accepted' && outcome !== 'replayed');
  test.each(refused)('%s', async (_what, { lines, target, token: make = good, outcome }) => {
    const sent = make();
    const answer = await exchange(proxy.port, request(`/v1${target?.(sent) ?? ''}`, lines?.(sent), 'POST'));
    if (typeof outcome === 'number') expect(answer.status).toBe(outcome);
    else expectAnswer(answer, outcome);
    expect(upstream.seen).toEqual([]);
    // A valid token is still unused, and its request reaches the application once.
    const next = await exchange(proxy.port, request('/v1', [`Authorization: JWT ${sent}`]));
    expect([next.status, next.text]).toEqual([200, 'hello']);
    expect(upstream.seen.splice(0)).toHaveLength(1);
  });
});
