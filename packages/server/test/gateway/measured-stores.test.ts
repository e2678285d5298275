import {
  type AuthenticationRequest,
  createAuthenticator,
  memoryKeyStore,
  memoryNonceStore,
  PrivateKey,
  type UserRecord,
} from 'asymmetric-jwt-auth';
import { createAuthorization } from 'asymmetric-jwt-auth/client';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Exchange } from '../../src/gateway/exchange.ts';
import { authenticateMeasured, measuredKeys, measuredNonces } from '../../src/gateway/measured-stores.ts';

beforeEach(() => vi.useFakeTimers({ toFake: ['performance'] }));
afterEach(() => vi.useRealTimers());

const exchangeOf = () =>
  new Exchange({ headers: {}, rawHeaders: [], socket: { remoteAddress: '192.0.2.1' } }, describedNothing, () => false);
const describedNothing = { method: undefined, target: undefined };

/** Milliseconds that the stores take for each user. */
const TIMES = { guido: { lookup: 5, claim: 11 }, ada: { lookup: 7, claim: 13 } } as const;
const timesOf = (username: string) => TIMES[username as keyof typeof TIMES];

/** Makes an authenticator whose stores let the clock advance. @param later - makes the result of a store a promise, or returns it at once */
async function slowAuthenticator(later: <T>(value: T) => T | Promise<T>) {
  const key = await PrivateKey.generate('ed25519');
  const other = await PrivateKey.generate('ed25519');
  const store = memoryKeyStore();
  store.addKey('guido', key.publicKey);
  store.addKey('ada', other.publicKey);
  const nonces = memoryNonceStore();
  const auth = createAuthenticator({
    keys: measuredKeys({
      find(username, hint) {
        vi.advanceTimersByTime(timesOf(username).lookup);
        return later(store.find(username, hint) as UserRecord<string> | undefined);
      },
    }),
    nonces: measuredNonces({
      ...nonces,
      claim(nonce, now) {
        vi.advanceTimersByTime(timesOf(nonce.username).claim);
        return later(nonces.claim(nonce, now)) as 'claimed';
      },
    }),
  });
  const signed = async (username: string, signer: PrivateKey): Promise<AuthenticationRequest> => ({
    authorization: await createAuthorization({ username, key: signer }),
  });
  return { auth, guido: () => signed('guido', key), ada: () => signed('ada', other) };
}

test.each([
  ['respond at once', <T>(value: T) => value],
  ['take time', async <T>(value: T) => value],
])('concurrent requests have the durations of their own lookups and claims, if the stores %s', async (_, later) => {
  const { auth, guido, ada } = await slowAuthenticator(later);
  const first = exchangeOf();
  const second = exchangeOf();
  const results = await Promise.all([
    authenticateMeasured(auth, first, await guido()),
    authenticateMeasured(auth, second, await ada()),
  ]);
  expect(results.map(({ ok }) => ok)).toEqual([true, true]);
  for (const [exchange, { lookup, claim }] of [
    [first, TIMES.guido],
    [second, TIMES.ada],
  ] as const) {
    expect(exchange.lookup).toBeGreaterThanOrEqual(lookup);
    expect(exchange.claim).toBeGreaterThanOrEqual(claim);
    expect(exchange.keys).toHaveLength(1);
  }
  expect(first.keys).not.toEqual(second.keys);
});

test('a call outside a measured request is not recorded in any exchange', async () => {
  const { auth, guido, ada } = await slowAuthenticator(async (value) => value);
  const exchange = exchangeOf();
  await authenticateMeasured(auth, exchange, await guido());
  const { lookup, claim, keys } = exchange;
  expect((await auth.authenticate(await ada())).ok).toBe(true);
  expect(exchange).toMatchObject({ lookup, claim, keys });
});
