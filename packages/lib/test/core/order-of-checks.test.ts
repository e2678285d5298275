/** The order of checks (spec/LIFECYCLE.md): requests with one fault, with two, and with several. */
import { generateKeyPairSync } from 'node:crypto';
import { freshNonce, NOW, publicKeyOf } from 'ajwt-testkit/frozen-server';
import { signToken, withSignature } from 'ajwt-testkit/sign';
import fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import { verify } from '#engine';
import {
  type AuthenticationEvent,
  type BindMember,
  BodyError,
  type BodyErrorCode,
  type ClaimOutcome,
  createAuthenticator,
  type KeyRecord,
  type KeyState,
  type MalformedCode,
  type MaybePromise,
  type PublicKey,
  REASONS,
  type Reason,
  type RefusedResult,
} from '../../src/index.ts';

vi.mock('#engine', async (importOriginal) => {
  const engine = await importOriginal<typeof import('#engine')>();
  return { ...engine, verify: vi.fn(engine.verify) };
});

const alice = generateKeyPairSync('ed25519');
const stranger = generateKeyPairSync('ed25519');
const aliceKey = publicKeyOf(alice.publicKey);
const strangerKey = publicKeyOf(stranger.publicKey);

/** Makes a request without faults, and a server that accepts it. */
const soundWorld = () => ({
  scheme: 'JWT',
  signer: alice.privateKey,
  find: (): MaybePromise<void> => {},
  claim: (): MaybePromise<ClaimOutcome> => 'claimed',
  storeTakes: 0,
  header: { alg: 'EdDSA', typ: 'JWT', kid: aliceKey.kid },
  claims: { username: 'alice', time: NOW, nonce: freshNonce() },
  bind: { v: 1, aud: 'us', htm: 'GET' },
  found: { username: 'alice', disabled: false, key: aliceKey, state: 'active' as KeyState },
  request: {
    method: 'GET',
    malformed: undefined as MalformedCode | undefined,
    require: ['aud'] as BindMember[],
    bodyDigest: () => 'digest',
  },
});
type World = ReturnType<typeof soundWorld>;
type Wrong = {
  readonly [Name in keyof World]?: Name extends 'find' | 'claim' | 'signer' ? World[Name] : Partial<World[Name]>;
};

const fails = () => {
  throw new Error('the store is down');
};
const atPath = (path: 'header' | 'claims' | 'bind', members: object) => ({ [path]: members }) as Wrong;

/** A request that has the digest of a body, and no such body. */
function throwing(code: BodyErrorCode): Wrong {
  const bodyDigest = () => {
    throw new BodyError(code);
  };
  return { ...atPath('bind', { digest: 'digest' }), request: { bodyDigest } };
}

/** All faults, in the order of steps, and within a step in the order of REASONS. A request has at most one fault per slot. */
const FAULTS: readonly (readonly [reason: Reason, step: number, slot: string, wrong: Wrong])[] = [
  ['missing', 1, 'scheme', { scheme: 'Bearer' }],
  ['malformed', 2, 'typ', atPath('header', { typ: 'at+jwt' })],
  ['malformed', 2, 'request', { request: { malformed: 'identity_header' } }],
  ['malformed', 2, 'crit', atPath('header', { crit: ['exp'] })],
  ['unavailable', 3, 'find', { find: fails }],
  ['unavailable', 3, 'find', { find: async () => fails() }],
  ['unknown_user', 3, 'username', { found: { username: 'Alice' } }],
  ['user_disabled', 3, 'disabled', { found: { disabled: true } }],
  ['unknown_key', 3, 'key', { found: { key: strangerKey } }],
  ['key_expired', 3, 'key', { found: { state: 'expired' } }],
  ['key_retired', 3, 'key', { found: { state: 'retired' } }],
  ['key_revoked', 3, 'key', { found: { state: 'revoked' } }],
  ['bad_signature', 4, 'signer', { signer: stranger.privateKey }],
  ['stale', 5, 'time', atPath('claims', { time: NOW - 21 })],
  ['from_the_future', 5, 'time', atPath('claims', { time: NOW + 21 })],
  ['from_the_future', 5, 'registered', atPath('claims', { nbf: NOW + 21 })],
  ['expired', 5, 'registered', atPath('claims', { exp: NOW - 20 })],
  ['wrong_audience', 6, 'aud', atPath('claims', { aud: 'them' })],
  ['wrong_audience', 6, 'bind.aud', atPath('bind', { aud: 'them' })],
  ['binding_required', 6, 'require', { request: { require: ['target'] } }],
  ['binding_mismatch', 6, 'htm', atPath('bind', { htm: 'POST' })],
  ['replayed', 7, 'claim', { claim: () => 'replayed' }],
  ['forgotten', 7, 'claim', { claim: () => 'forgotten' }],
  ['rate_limited', 7, 'claim', { claim: () => 'rate_limited' }],
  ['unavailable', 7, 'claim', { claim: fails }],
  ['unavailable', 7, 'claim', { claim: async () => fails() }],
  ['stale', 7, 'store takes', { storeTakes: 60 }],
  ['binding_mismatch', 8, 'digest', atPath('bind', { digest: 'of another body' })],
  ['body_too_large', 8, 'digest', throwing('body_too_large')],
  ['body_incomplete', 8, 'digest', throwing('body_incomplete')],
];

function worldOf(faults: readonly Fault[]): World {
  const world = soundWorld();
  for (const [, , , wrong] of faults) {
    const { header, claims, bind, found, request, ...rest } = wrong;
    Object.assign(world, rest);
    Object.assign(world.header, header);
    Object.assign(world.claims, claims);
    Object.assign(world.bind, bind);
    Object.assign(world.found, found);
    Object.assign(world.request, request);
  }
  return world;
}
type Fault = (typeof FAULTS)[number];

async function decide(faults: readonly Fault[], onResult?: (event: AuthenticationEvent) => void) {
  const world = worldOf(faults);
  const { scheme, header, claims, bind, signer, found, request } = world;
  let now = NOW;
  let asked = 0;
  const { authenticate } = createAuthenticator({
    keys: {
      find() {
        const record = { ...found, user: 'the user', keys: [{ key: found.key, state: found.state }] };
        const answer = world.find();
        return answer instanceof Promise ? answer.then(() => record) : record;
      },
    },
    nonces: {
      tolerance: 20,
      open() {},
      readiness: () => ({ ready: true }),
      claim() {
        asked += 1;
        now += world.storeTakes;
        return world.claim();
      },
    },
    audience: 'us',
    now: () => now,
    ...(onResult && { onResult }),
  });
  const token = signToken(JSON.stringify(header), JSON.stringify({ ...claims, bind }), signer);
  const before = vi.mocked(verify).mock.calls.length;
  const result = await authenticate({ authorization: `${scheme} ${token}`, ...request });
  return { result, asked, verifications: vi.mocked(verify).mock.calls.length - before };
}

const nameOf = ([reason, step, slot]: Fault) => `${reason} (step ${step}, by ${slot})`;
const excludes = (one: Fault, other: Fault) => one[2] === other[2];
const pairs = FAULTS.flatMap((first, index) =>
  FAULTS.slice(index + 1)
    .filter((second) => !excludes(first, second))
    .map((second) => [nameOf(first), nameOf(second), first, second] as const),
);

test('a request without a fault is accepted', async () => {
  expect(await decide([])).toMatchObject({ result: { ok: true, username: 'alice' }, asked: 1, verifications: 1 });
});

test('the list of faults has a fault for every reason', () => {
  expect(new Set(FAULTS.map(([reason]) => reason))).toEqual(new Set(Object.keys(REASONS)));
});

describe('a request with one fault', () => {
  test.each(FAULTS.map((fault) => [nameOf(fault), fault] as const))('%s', async (_name, fault) => {
    const [reason, step] = fault;
    const events: AuthenticationEvent[] = [];
    const { result, asked, verifications } = await decide([fault], (event) => events.push(event));
    expect(result).toMatchObject({ ok: false, reason });
    expect(events).toMatchObject([{ reason, verified: step > 4 && reason !== 'unavailable' }]);
    expect(asked, 'number of nonces claimed').toBe(step < 7 ? 0 : 1);
    expect(verifications).toBe(step < 3 || (step === 3 && reason === 'unavailable') ? 0 : 1);
  });
});

describe('a request with two faults is refused for the fault that is checked first', () => {
  test.each(pairs)('%s before %s', async (_first, _second, first, second) => {
    for (const faults of [[first, second] as const, [second, first] as const]) {
      const { result, asked } = await decide(faults);
      expect(result).toMatchObject({ ok: false, reason: first[0] });
      expect(asked, 'number of nonces claimed').toBe(first[1] < 7 ? 0 : 1);
    }
  });
});

describe('a token is verified', () => {
  const NOBODY = { username: 'alice', user: 'alice', disabled: false };
  /** Returns which keys a token was verified with (-1 for a dummy), and the reason. */
  async function verifications(token: string, keys: readonly PublicKey[], said: Partial<KeyRecord> = {}) {
    const { authenticate } = createAuthenticator({
      keys: { find: () => ({ ...NOBODY, keys: keys.map((key) => ({ key, state: 'active', ...said })) }) },
      nonces: { tolerance: 20, open() {}, readiness: () => ({ ready: true }), claim: () => 'claimed' },
      now: () => NOW,
    });
    vi.mocked(verify).mockClear();
    const result = await authenticate({ authorization: `JWT ${token}` });
    const handles = vi.mocked(verify).mock.calls.map(([, handle]) => handle);
    return {
      reason: result.ok ? 'accepted' : result.reason,
      tried: handles.map((one) => keys.findIndex(({ handle }) => handle === one)),
    };
  }
  const six = Array.from({ length: 6 }, () => generateKeyPairSync('ed25519'));
  const sixKeys = six.map(({ publicKey }) => publicKeyOf(publicKey));
  const payload = () => JSON.stringify({ username: 'alice', time: NOW, nonce: freshNonce() });

  test('with a dummy key if the user has no key', async () => {
    const token = signToken('{"alg":"EdDSA"}', payload(), alice.privateKey);
    expect(await verifications(token, [])).toEqual({ reason: 'unknown_key', tried: [-1] });
  });

  test.each(['suspended', 'constructor', '__proto__', ''])(
    'with a dummy key if the only key has the state %s',
    async (state) => {
      const token = signToken('{"alg":"EdDSA"}', payload(), alice.privateKey);
      const { tried, reason } = await verifications(token, [publicKeyOf(alice.publicKey)], {
        state: state as KeyState,
      });
      expect({ tried, reason }).toEqual({ tried: [-1], reason: 'unknown_key' });
    },
  );

  test.each([false, undefined, null, 1, 'yes'])(
    'with a dummy key if allowsAddress of the only key returns %s',
    async (word) => {
      const token = signToken('{"alg":"EdDSA"}', payload(), alice.privateKey);
      const permits = () => word as boolean;
      expect(await verifications(token, [publicKeyOf(alice.publicKey)], { allowsAddress: permits })).toEqual({
        reason: 'unknown_key',
        tried: [-1],
      });
    },
  );

  test.each(['RS512', 'PS256', 'ES256', 'ES384', 'ES512', 'Ed25519'])(
    'with a dummy key for %s whose size fits the length of the signature',
    async (alg) => {
      const length = { RS512: 512, PS256: 256, ES256: 64, ES384: 96, ES512: 132, Ed25519: 64 }[alg] as number;
      const signature = Buffer.alloc(length, 0x05).toString('base64url');
      const token = `${Buffer.from(JSON.stringify({ alg })).toString('base64url')}.${Buffer.from(payload()).toString('base64url')}.${signature}`;
      expect(await verifications(token, sixKeys.slice(0, alg === 'Ed25519' ? 0 : 6))).toEqual({
        reason: 'unknown_key',
        tried: [-1],
      });
      const [[algorithm, , , bytes] = []] = vi.mocked(verify).mock.calls;
      expect([algorithm?.name, bytes?.length]).toEqual([alg, length]);
    },
  );

  test('with at most four of six keys if it has no kid', async () => {
    for (const [index, { privateKey }] of six.entries()) {
      const token = signToken('{"alg":"EdDSA"}', payload(), privateKey);
      expect(await verifications(token, sixKeys)).toEqual(
        index < 4
          ? { reason: 'accepted', tried: [0, 1, 2, 3].slice(0, index + 1) }
          : { reason: 'bad_signature', tried: [0, 1, 2, 3] },
      );
    }
  });

  test('with only the key that its kid names', async () => {
    for (const [index, { privateKey }] of six.entries()) {
      const header = JSON.stringify({ alg: 'EdDSA', kid: sixKeys[index]?.kid });
      expect(await verifications(signToken(header, payload(), privateKey), sixKeys)).toEqual({
        reason: 'accepted',
        tried: [index],
      });
    }
  });

  test('with a dummy key if its RSA signature is above the modulus, because the engine would refuse it immediately', async () => {
    const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const token = withSignature(signToken('{"alg":"RS512"}', payload(), alice.privateKey), () =>
      Buffer.alloc(256, 0xff),
    );
    expect(await verifications(token, [publicKeyOf(publicKey)])).toEqual({ reason: 'bad_signature', tried: [-1] });
  });
});

test('a request with any number of faults is refused for the fault that is checked first', async () => {
  const several = fc
    .subarray(FAULTS.slice(), { minLength: 3 })
    .map((faults) => faults.filter((fault, index) => !faults.slice(0, index).some((one) => excludes(one, fault))));
  await fc.assert(
    fc.asyncProperty(several, async (faults) => {
      const [[reason, step]] = faults as [Fault];
      const { result, asked } = await decide(faults);
      expect(result).toMatchObject({ ok: false, reason });
      expect(asked).toBe(step < 7 ? 0 : 1);
    }),
    { numRuns: 500 },
  );
});

const INVALID = 'JWT realm="api", error="invalid_token"';
const STALE = 'JWT realm="api", error="stale_time", server_time="1700000000.000", tolerance="20"';
const ANSWERS: Readonly<
  Record<Reason, readonly [status: number, challenge?: string | undefined, retryAfter?: string]>
> = {
  missing: [401, 'JWT realm="api"'],
  malformed: [401, INVALID],
  unknown_user: [401, INVALID],
  user_disabled: [401, INVALID],
  unknown_key: [401, INVALID],
  key_expired: [401, INVALID],
  key_retired: [401, INVALID],
  key_revoked: [401, INVALID],
  bad_signature: [401, INVALID],
  stale: [401, STALE],
  from_the_future: [401, STALE],
  expired: [401, STALE],
  wrong_audience: [401, 'JWT realm="api", error="wrong_audience"'],
  binding_required: [401, 'JWT realm="api", error="binding_required"'],
  binding_mismatch: [401, 'JWT realm="api", error="binding_mismatch"'],
  replayed: [401, 'JWT realm="api", error="replayed"'],
  forgotten: [401, STALE, '1'],
  rate_limited: [429, undefined, '1'],
  body_too_large: [413],
  body_incomplete: [408],
  unavailable: [503, undefined, '1'],
};

describe('the response to a request with one fault', () => {
  test.each(FAULTS.map((fault) => [nameOf(fault), fault] as const))('%s', async (_name, fault) => {
    const [reason, , , { storeTakes = 0 }] = fault;
    const [status, challenge, retryAfter] = ANSWERS[reason];
    const { result } = await decide([fault]);
    expect(result).toMatchObject({ ok: false, status });
    expect((result as RefusedResult).headers).toStrictEqual({
      'cache-control': 'no-store',
      'content-type': 'application/problem+json',
      ...(challenge && { 'www-authenticate': challenge.replace(`${NOW}`, `${NOW + storeTakes}`) }),
      ...(retryAfter && { 'retry-after': retryAfter }),
    });
    const error = challenge === undefined ? reason : /error="(\w+)"/.exec(challenge)?.[1];
    expect(JSON.parse((result as RefusedResult).body)).toMatchObject({ status, ...(error && { error }) });
  });

  test('is the same for all reasons of steps 3 and 4, byte for byte', async () => {
    const silent = FAULTS.filter(([reason]) => [3, 4].includes(REASONS[reason].step));
    expect(silent).toHaveLength(7);
    const answers = new Set<string>();
    for (const fault of silent) {
      const { reason: _, ...answer } = (await decide([fault])).result as RefusedResult;
      answers.add(JSON.stringify(answer));
    }
    expect([...answers]).toHaveLength(1);
  });

  test('does not contain the error of a store; only the hook gets that error', async () => {
    for (const fault of FAULTS.filter(([reason]) => reason === 'unavailable')) {
      const events: AuthenticationEvent[] = [];
      const { result } = await decide([fault], (event) => events.push(event));
      expect(JSON.stringify(result)).not.toContain('down');
      expect(events).toMatchObject([
        { reason: 'unavailable', username: 'alice', cause: { message: 'the store is down' } },
      ]);
    }
  });

  test.each([['accepted', []], ...FAULTS.map((fault) => [nameOf(fault), [fault]] as const)] as const)(
    'has status 503 if the hook throws: %s',
    async (_name, faults) => {
      expect((await decide(faults, fails)).result).toMatchObject({ ok: false, reason: 'unavailable', status: 503 });
    },
  );
});
