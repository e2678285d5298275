/** Runs the vectors of spec/vectors against a target: the library in process, or a server over HTTP. */
import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import type { Expectation, Vector, VectorRequest } from '../../../spec/vectors/generator/scenario.ts';
import type { KeyFile } from '../../../spec/vectors/generator/sign.ts';
import {
  type Authenticator,
  type BindMember,
  createAuthenticator,
  type KeyStore,
  memoryNonceStore,
  PublicKey,
  type PublicKeyOptions,
} from '../../lib/src/index.ts';

export type { Vector, VectorRequest };

const FOLDER = new URL('../../../spec/vectors/', import.meta.url);

/** Returns the text of a file in spec/vectors. */
export const readSpecFile = (name: string) => readFileSync(new URL(name, FOLDER), 'utf8');

/** Names of the JSON files in spec/vectors. */
export const specFiles: readonly string[] = readdirSync(FOLDER).filter((name) => name.endsWith('.json'));
export const keyFile = JSON.parse(readSpecFile('keys.json')) as KeyFile;
export const vectors: readonly Vector[] = specFiles
  .filter((name) => name !== 'keys.json')
  .map((name) => JSON.parse(readSpecFile(name)) as Vector);

/** The outcome of one request. It contains what every caller sees and, if the target reports it, what only the server knows. */
export type Outcome =
  | { readonly ok: true; readonly username: string }
  | {
      readonly ok: false;
      readonly status: number;
      readonly error: string | null;
      readonly reason?: string;
      readonly detail?: string | undefined;
    };

/** A server under test. */
export interface RunningTarget {
  /** Sends one request of the vector. */
  send(request: VectorRequest): Promise<Outcome>;
  close(): Promise<void>;
}

/** A way to reach an authenticator. */
export interface Target {
  /** Starts a server that decides with this authenticator. */
  open(auth: Authenticator<string>): Promise<RunningTarget>;
  /** Returns why the target cannot receive a request of the vector unchanged; `undefined` if it can. */
  cannotSend?(request: VectorRequest): string | undefined;
  /** Returns the outcome that this target must have. Default: the outcome in the vector. */
  expected?(expectation: Expectation): Expectation;
}

/** Makes an authenticator as a vector describes it, with a clock that the caller sets. */
export function serverOf({ server, users, now }: Vector): { auth: Authenticator<string>; clock: { now: number } } {
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

/**
 * Runs every vector against a target. A vector is skipped if the target can receive none of its requests; the name of the test then
 * contains the reason.
 */
export function runSpecVectors({ open, cannotSend = () => undefined, expected = (one) => one }: Target): void {
  for (const vector of vectors) {
    const sendable = vector.requests.filter((request) => cannotSend(request) === undefined);
    if (sendable.length === 0) {
      test.skip(`${vector.name}: ${cannotSend(vector.requests[0] as VectorRequest)}`);
      continue;
    }
    test(vector.name, async () => {
      expect(vector.requests.length).toBe(vector.expect.length);
      const { auth, clock } = serverOf(vector);
      const target = await open(auth);
      try {
        for (const [index, request] of vector.requests.entries()) {
          if (!sendable.includes(request)) continue;
          clock.now = request.now ?? vector.now;
          const wanted = expected(vector.expect[index] as Expectation);
          const outcome = await target.send(request);
          expect(asFarAs(wanted, outcome), `request ${index}: ${request.what ?? ''}`).toEqual(asFarAs(outcome, wanted));
        }
      } finally {
        await target.close();
      }
    });
  }
}

/** Removes `reason` and `detail` from an outcome if the other outcome lacks them. */
function asFarAs(other: Outcome | Expectation, outcome: Outcome | Expectation): Outcome | Expectation {
  if (outcome.ok || other.ok) return outcome;
  const { status, error, reason, detail } = outcome;
  return {
    ok: false,
    status,
    error,
    ...(other.reason === undefined || reason === undefined ? {} : { reason }),
    ...(other.detail === undefined || detail === undefined ? {} : { detail }),
  };
}
