/** Sends payloads with a valid signature to a running `ajwtd`, one for each outcome. The library's tests send all (own-claims*.test.ts). */
import type { KeyObject } from 'node:crypto';
import { scratch } from 'ajwt-testkit/ajwtd';
import { oneOfEach } from 'ajwt-testkit/cases';
import { request } from 'ajwt-testkit/connection';
import { asOfAMinuteAgo, databaseWith, freshNonce, payload, seconds, token } from 'ajwt-testkit/directory';
import {
  expectAccepted,
  expectRefused,
  expectReplayed,
  type Watched,
  watch,
  withinASecond,
} from 'ajwt-testkit/refusal';
import { signToken } from 'ajwt-testkit/sign';
import { readVectors } from 'ajwt-testkit/vectors';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { brokenPayloads, CLAIMS_OUTCOMES, claimsBounds, fillPayload } from '../../../lib/test/vectors/claims-cases.ts';

const { cases } = readVectors<{ cases: { id: string; payload: string; why: string }[] }>('own/claims.json');

/** Usernames of different users that a store, a path or a page could confuse. */
const NAMES = [
  'bob',
  'bob:a',
  'bob:a:b',
  '__proto__',
  'constructor',
  '*',
  '../bob',
  'b\u00f3b',
  'bo\u0301b',
  '\uff42ob',
  'b\u043eb',
  "bob' OR 1=1 --",
];
const database = scratch()('claims.db');
let watched: Watched;
let keys: Map<string, KeyObject>;
let alice: KeyObject;
beforeAll(async () => {
  alice = (await databaseWith(database, ['alice'])).get('alice') as KeyObject;
  await asOfAMinuteAgo(database);
  watched = await watch(database, 3);
});
afterAll(() => watched.close());

const sign = (text: string | Uint8Array, key = alice) => signToken('{"alg":"EdDSA","typ":"JWT"}', text, key);
const withToken = (sent: string) => request('/.ajwt/auth', [`Authorization: JWT ${sent}`]);

async function expectOutcome(sent: string, outcome: string): Promise<void> {
  if (outcome !== 'accepted') return void (await expectRefused(watched, withToken(sent), outcome));
  await expectAccepted(watched, sent);
  await expectReplay(sent);
}

/** Expects that every server refuses the replay. */
async function expectReplay(sent: string): Promise<void> {
  for (const server of watched.servers) await expectReplayed(server, sent);
}

/** Outcomes that differ from the vectors because the clock runs, so that this time is outside the window when it is checked. */
const OUTSIDE: Readonly<Record<string, string>> = { 'time-edge-20': 'stale' };
const outcomeOf = ({ id }: { readonly id: string }) => OUTSIDE[id] ?? (CLAIMS_OUTCOMES[id] as string);

describe('a payload of the vectors, signed by a registered key, has the expected outcome', () => {
  test.each(oneOfEach(cases, outcomeOf))('$id: $why', async ({ id, payload: text }) => {
    const outcome = outcomeOf({ id });
    await withinASecond(watched, (now) => expectOutcome(sign(fillPayload(text, now, freshNonce())), outcome));
    await expectAccepted(watched, token('alice', alice), 'the next good request');
  });
});

/** Times with fractions of a second, which cannot be tested while the clock runs. */
const FINE = /^\{"time":"\d+\.(?:5|001)"\}$/;
const bounds = oneOfEach(
  [...claimsBounds(seconds()).entries()].filter(([, [members]]) => !FINE.test(JSON.stringify(members))),
  ([, [, outcome]]) => outcome,
);

/** One payload that is JSON but not an object, and one that is not UTF-8. */
const BROKEN = ['an array', 'bytes that are not UTF-8'];

describe('claims at a limit, signed by a registered key, have the expected outcome', () => {
  test.each(bounds)('case %i of the list', async (index, _case) => {
    await withinASecond(watched, (now) => {
      const [members, outcome] = claimsBounds(now)[index] as ReturnType<typeof claimsBounds>[number];
      const all = { username: '"alice"', time: String(now), nonce: `"${freshNonce()}"`, ...members };
      return expectOutcome(sign(`{${Object.entries(all).map(([name, value]) => `"${name}":${value}`)}}`), outcome);
    });
    await expectAccepted(watched, token('alice', alice), 'the next good request');
  });

  test.each([
    [-21, 'stale'],
    [-19, 'accepted'],
    [20, 'accepted'],
    [21, 'from_the_future'],
  ] as const)('a time %i s from now', async (shift, outcome) => {
    await withinASecond(watched, (now) => expectOutcome(token('alice', alice, { time: now + shift }), outcome));
  });
});

describe('a payload that is not a JSON object is refused', () => {
  const broken = brokenPayloads((username = 'alice') => payload(username));
  test.each(broken.filter(([what]) => BROKEN.includes(what)))('%s', async (_what, bytes) => {
    await expectRefused(watched, withToken(sign(bytes)), 'malformed payload_json');
    await expectAccepted(watched, token('alice', alice), 'the next good request');
  });
});

describe('a username that could be confused with another', () => {
  beforeAll(async () => {
    keys = await databaseWith(database, NAMES);
  });

  test.each(NAMES)('%s is accepted with its own key, and with no other', async (name) => {
    await expectOutcome(token(name, keys.get(name) as KeyObject), 'accepted');
    await expectOutcome(token(name, alice), 'bad_signature');
  });

  test.each(['Bob', 'bob ', 'bob\0', 'bob\r\nX-Auth-User: root', 'b\u200bob', 'bob%00', '\ud83d\ude00', 'toString'])(
    '%j is refused, because no user has this name',
    async (name) => {
      const isMalformed = name.trim() !== name || /\p{Cc}/u.test(name);
      await expectOutcome(token(name, alice), isMalformed ? 'malformed username' : 'unknown_user');
      await expectAccepted(watched, token('bob', keys.get('bob') as KeyObject), 'the next good request');
    },
  );

  test('different triples of username, time and nonce are all accepted, and equal triples are refused as replays', async () => {
    const time = seconds();
    const triples = [
      ...[['bob', `a:b:${time}`] as const, ['bob:a', `b:${time}`] as const, ['bob:a:b', String(time)] as const],
      ...[
        'a:b',
        'a\r\nb',
        'a\nb',
        'a\0b',
        'a',
        'a\0',
        '\ufffd',
        '\u00e9',
        'e\u0301',
        'A',
        '7',
        7,
        '7.0',
        -7,
        0,
        'null',
      ].map((nonce) => ['bob', nonce] as const),
    ];
    const sent = triples.map(([username, nonce]) => token(username, keys.get(username) as KeyObject, { time, nonce }));
    for (const one of sent) await expectAccepted(watched, one);
    for (const one of sent) await expectReplay(one);
    const inOtherWords = [`"time":${time}.0,"nonce":"A"`, `"time":${time},"nonce":7.0`, `"time":${time},"nonce":-0`];
    for (const words of inOtherWords) {
      await expectReplay(sign(`{"username":"bob",${words}}`, keys.get('bob') as KeyObject));
    }
    expect(new Set(sent).size).toBe(triples.length);
  });
});
