/** Measures how the cost of a request grows with the number of keys of a user, of used nonces, of users, and of worker processes. */
import { createPrivateKey, randomBytes } from 'node:crypto';
import { type SchemeName, signToken } from 'ajwt-testkit/sign';
import {
  type Authenticator,
  createAuthenticator,
  memoryKeyStore,
  memoryNonceStore,
  type PrivateKey,
} from 'asymmetric-jwt-auth';
import { createAuthorization } from 'asymmetric-jwt-auth/client';
import { benchDirectory } from './directory.ts';
import type { Kind } from './kinds.ts';
import { median } from './pairs.ts';
import { benchWorkers, type WorkersRow } from './workers.ts';

/** A line of a chart: the cost at each size. */
export interface Series {
  readonly name: string;
  /** Pairs of a size and of microseconds. */
  readonly points: readonly (readonly [size: number, micros: number])[];
}

export interface Scaling {
  readonly keys: readonly Series[];
  readonly nonces: readonly Series[];
  readonly users: readonly Series[];
  readonly workers: readonly WorkersRow[];
}

const KEYS = [1, 2, 3, 5, 10];
const NONCES = [1e3, 1e4, 1e5, 1e6, 1e7];
const USERS = [1e3, 1e4, 1e5, 1e6];

/** @param tell - called with a description of each step */
export async function benchScaling(kind: Kind, tell: (what: string) => void): Promise<Scaling> {
  const named: [number, number][] = [];
  const unnamed: [number, number][] = [];
  for (const count of KEYS) {
    tell(`scaling: ${count} keys of a user`);
    named.push([count, await withKeys(kind, count, true)]);
    unnamed.push([count, await withKeys(kind, count, false)]);
  }
  const nonces = NONCES.map((live): [number, number] => {
    tell(`scaling: ${live} used nonces`);
    return [live, claimMicros(live)];
  });
  const lookups = await benchDirectory((what) => tell(`scaling: ${what}`), USERS, ['sqlite']);
  return {
    keys: [
      { name: 'the token names its key (kid)', points: named },
      { name: 'without kid, signed with the last key', points: unnamed },
    ],
    nonces: [{ name: 'memoryNonceStore(), one claim', points: nonces }],
    users: [
      { name: 'SQLite, median', points: lookups.map(({ users, lookups: { p50 } }) => [users, p50]) },
      { name: 'SQLite, 99 %', points: lookups.map(({ users, lookups: { p99 } }) => [users, p99]) },
    ],
    workers: await benchWorkers(kind, tell),
  };
}

const ACCOUNTS = 40;
const TOKENS = 1000;
const ROUNDS = 7;

/** Returns the time of one `authenticate()`, in microseconds, for users with `count` keys. */
async function withKeys({ make }: Kind, count: number, hasKid: boolean): Promise<number> {
  const store = memoryKeyStore();
  const last: PrivateKey[] = [];
  for (let account = 0; account < ACCOUNTS; account++) {
    const own = await Promise.all(Array.from({ length: count }, make));
    for (const { publicKey } of own) store.addKey(`user${account}`, publicKey);
    last.push(own.at(-1) as PrivateKey);
  }
  const authenticator = createAuthenticator({ keys: store, nonces: memoryNonceStore() });
  const times: number[] = [];
  for (let round = 0; round < ROUNDS; round++) times.push(await timeRound(authenticator, last, hasKid));
  return median(times);
}

async function timeRound(auth: Authenticator<unknown>, keys: readonly PrivateKey[], hasKid: boolean): Promise<number> {
  const authorizations: string[] = [];
  for (let index = 0; index < TOKENS; index++) {
    const account = index % keys.length;
    const key = keys[account] as PrivateKey;
    const username = `user${account}`;
    authorizations.push(hasKid ? await createAuthorization({ username, key }) : withoutKid(username, key));
  }
  const start = performance.now();
  for (const authorization of authorizations) {
    if (!(await auth.authenticate({ authorization })).ok) throw new Error('a token was refused');
  }
  return ((performance.now() - start) * 1000) / TOKENS;
}

/** Signs as the Python package does. */
function withoutKid(username: string, key: PrivateKey): string {
  const payload = { username, time: Math.floor(Date.now() / 1000), nonce: randomBytes(16).toString('hex') };
  const header = JSON.stringify({ alg: key.alg, typ: 'JWT' });
  return `JWT ${signToken(header, JSON.stringify(payload), createPrivateKey(key.toPem()), key.alg as SchemeName)}`;
}

/** Seconds for which a nonce is held, and the seconds of the steady state. */
const HELD = 40;
const TIMED = 200_000;

/** Returns the CPU time of a claim, in microseconds, in a store that holds `live` nonces and forgets as many as are claimed. */
function claimMicros(live: number): number {
  const birth = 1_700_000_000;
  const store = memoryNonceStore({ maxNonces: 2 * live + 1000, maxClaimsPerSecond: 1e6, now: () => birth });
  const names = Array.from({ length: 1000 }, (_, index) => `user${index}`);
  const usernames = names.slice(0, Math.min(names.length, live / 40));
  let claimed = 0;
  const claim = (count: number): number => {
    let micros = 0;
    for (let done = 0; done < count; done += 5000) {
      const random = randomBytes(16 * 5000);
      const some = Array.from({ length: Math.min(5000, count - done) }, (_, index) =>
        random.toString('base64url', 16 * index, 16 * index + 16),
      );
      const before = process.threadCpuUsage();
      for (const nonce of some) {
        const time = birth + Math.floor((claimed * HELD) / live);
        const username = usernames[claimed++ % usernames.length] as string;
        if (store.claim({ username, time, nonce }, time) !== 'claimed') throw new Error('a nonce was not claimed');
      }
      const { user, system } = process.threadCpuUsage(before);
      micros += user + system;
    }
    return micros / count;
  };
  claim(live + TIMED);
  return claim(TIMED);
}
