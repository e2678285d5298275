/** Runs the vectors of spec/vectors, each against a new authenticator. */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { generate } from '../../../spec/vectors/generate.ts';
import type { Expectation, Vector, VectorRequest } from '../../../spec/vectors/generator/scenario.ts';
import type { KeyFile } from '../../../spec/vectors/generator/sign.ts';
import {
  type AuthenticationResult,
  type Authenticator,
  type BindMember,
  createAuthenticator,
  type KeyStore,
  MALFORMED,
  memoryNonceStore,
  PublicKey,
  type PublicKeyOptions,
  REASONS,
} from '../src/index.ts';

const FOLDER = new URL('../../../spec/vectors/', import.meta.url);
const read = (name: string) => readFileSync(new URL(name, FOLDER), 'utf8');
const names = readdirSync(FOLDER).filter((name) => name.endsWith('.json'));
const keyFile = JSON.parse(read('keys.json')) as KeyFile;
const vectors = names.filter((name) => name !== 'keys.json').map((name) => JSON.parse(read(name)) as Vector);
const expectations = vectors.flatMap((vector) => vector.expect);

/** Makes the authenticator that a vector describes, and its clock. */
function serverOf({ server, users, now }: Vector): { auth: Authenticator<string>; clock: { now: number } } {
  const clock = { now };
  const records = new Map(
    users.map(({ username, disabled = false, require = [], keys }) => [
      username,
      {
        username,
        user: username,
        disabled,
        require: require as readonly BindMember[],
        keys: keys.map(({ key, state, alg }) => ({ key: publicKey(key, alg), state })),
      },
    ]),
  );
  const keys: KeyStore<string> = { find: (username) => records.get(username) };
  const { tolerance, perUser: maxClaimsPerSecond, audience = [], require = [] } = server;
  const auth = createAuthenticator({
    keys,
    nonces: memoryNonceStore({
      tolerance,
      afterLoss: 'accept',
      now: () => now,
      ...(maxClaimsPerSecond && { maxClaimsPerSecond }),
    }),
    tolerance,
    audience,
    require: require as readonly BindMember[],
    now: () => clock.now,
  });
  return { auth, clock };
}

function publicKey(name: string, alg: string | undefined): PublicKey {
  const key = keyFile.keys[name];
  if (key === undefined) throw new Error(`no key ${name}`);
  return PublicKey.from(key.spki, alg === undefined ? {} : ({ alg } as PublicKeyOptions));
}

function send(auth: Authenticator<string>, { authorization, method, target, body }: VectorRequest) {
  const bodyDigest = () =>
    createHash('sha256')
      .update(body ?? '')
      .digest('base64url');
  return auth.authenticate({ authorization, method, target, ...(body === undefined ? {} : { bodyDigest }) });
}

/** The part of the outcome that the vector prescribes; no detail if several things are wrong at once. */
function outcomeOf(result: AuthenticationResult<string>, expected: Expectation | undefined): Expectation {
  if (result.ok) return { ok: true, username: result.username };
  const { reason, status, detail } = result;
  const error = (JSON.parse(result.body) as { error?: string }).error ?? null;
  const named = expected !== undefined && 'detail' in expected ? { detail: String(detail) } : {};
  return { ok: false, reason, status, error, ...named };
}

describe('every vector', () => {
  test.each(vectors.map((vector) => [vector.name, vector] as const))('%s', async (_name, vector) => {
    const { auth, clock } = serverOf(vector);
    expect(vector.requests.length).toBe(vector.expect.length);
    for (const [index, request] of vector.requests.entries()) {
      clock.now = request.now ?? vector.now;
      const result = await send(auth, request);
      expect(outcomeOf(result, vector.expect[index]), `request ${index}: ${request.what ?? ''}`).toEqual(
        vector.expect[index],
      );
      if (!result.ok) checkAnswer(result, clock.now, vector.server.tolerance);
    }
  });
});

/** The challenge and the headers of spec/PROTOCOL.md. */
function checkAnswer(result: AuthenticationResult<string> & { ok: false }, now: number, tolerance: number): void {
  const { error, retryAfter } = REASONS[result.reason] as { error: string | null; retryAfter?: number };
  const time = error === 'stale_time' ? `, server_time="${now.toFixed(3)}", tolerance="${tolerance}"` : '';
  expect(result.headers).toEqual({
    'cache-control': 'no-store',
    'content-type': 'application/problem+json',
    ...(retryAfter === undefined ? {} : { 'retry-after': String(retryAfter) }),
    ...(result.status === 401
      ? { 'www-authenticate': `JWT realm="api"${error === null ? '' : `, error="${error}"${time}`}` }
      : {}),
  });
}

test('all reasons of steps 3 and 4 give the same response', async () => {
  const answers = new Set<string>();
  for (const vector of vectors) {
    const { auth, clock } = serverOf(vector);
    for (const request of vector.requests) {
      clock.now = request.now ?? vector.now;
      const result = await send(auth, request);
      if (!result.ok && [3, 4].includes(REASONS[result.reason].step)) {
        answers.add(JSON.stringify([result.status, result.headers, result.body]));
      }
    }
  }
  expect(answers.size).toBe(1);
});

describe('the vectors', () => {
  test('cover each reason that does not need a faulty store', () => {
    const seen = new Set(expectations.flatMap((one) => (one.ok ? [] : [one.reason])));
    expect([...seen].sort()).toEqual(
      Object.keys(REASONS)
        .filter((reason) => reason !== 'unavailable')
        .sort(),
    );
  });

  test('cover each kind of malformed credential', () => {
    const seen = new Set(expectations.flatMap((one) => (one.ok || one.detail === undefined ? [] : [one.detail])));
    // Only a gateway finds it, in headers that vectors do not have.
    const { identity_header: _, ...ofCredentials } = MALFORMED;
    expect([...seen].sort()).toEqual(Object.keys(ofCredentials).sort());
  });

  test('have the names of their files', () => {
    for (const name of names.filter((one) => one !== 'keys.json')) {
      expect(`${(JSON.parse(read(name)) as Vector).name}.json`).toBe(name);
    }
  });

  test('are the output of spec/vectors/generate.ts', () => {
    const generated = generate();
    expect(names.sort()).toEqual([...generated.keys()].sort());
    for (const name of names) expect(read(name), `${name}: run generate.ts`).toBe(generated.get(name));
  });
});

test('each test key has the kid given in the specification', () => {
  for (const [name, { spki, kid }] of Object.entries(keyFile.keys)) expect(PublicKey.from(spki).kid, name).toBe(kid);
});
