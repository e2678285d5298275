import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Kysely } from 'kysely';
import { describe, expect, test, vi } from 'vitest';
import {
  type ClaimOutcome,
  type IssuedId,
  type MaybePromise,
  memoryNonceStore,
  type NonceStore,
  SingleUseError,
  singleUse,
  UnavailableError,
} from '../../src/index.ts';
import { nodeSqliteDialect, sqlNonceStore } from '../../src/sql.ts';
import { checkSingleUse } from './single-use-property.ts';

const NOW = 1_800_000_000;
const SECRET = 'msg_secret';

/** Makes a clock that stands still until a test moves it, and a memory store that was created a day earlier. */
function setUp({ tolerance = 300, store = memoryNonceStore({ tolerance, now: () => NOW - 86_400 }) } = {}) {
  const clock = { now: NOW };
  const useOnce = singleUse(store, { now: () => clock.now });
  /** Returns `used`, or the code of the error. Checks that no message contains the id. */
  const use = (id: Partial<IssuedId> = {}) =>
    useOnce({ issuer: 'acme', id: SECRET, issuedAt: NOW, ...id }).then(
      (value) => (value === undefined ? 'used' : 'a value'),
      (error) => {
        expect(error).toSatisfy((one) => one instanceof SingleUseError || one instanceof UnavailableError);
        expect(error.message).not.toContain(SECRET);
        return error.code;
      },
    );
  return { clock, use, useOnce };
}

/** Makes a store whose `claim` does what a test says. */
const storeThat = (claim: () => MaybePromise<ClaimOutcome>): NonceStore => ({
  ...memoryNonceStore({ tolerance: 300 }),
  claim,
});

describe('singleUse', () => {
  test('resolves once, without a value, and then rejects', async () => {
    const { use } = setUp();
    expect(await use()).toBe('used');
    expect(await use()).toBe('replayed');
  });

  test.each([
    ['issuer', { issuer: 'globex' }],
    ['id', { id: 'msg_2' }],
    ['time', { issuedAt: NOW - 1 }],
  ])('accepts the same values with another %s', async (_, other) => {
    const { use } = setUp();
    expect(await use()).toBe('used');
    expect(await use(other)).toBe('used');
  });

  test('does not confuse an issuer and an id that are divided elsewhere', async () => {
    const { use } = setUp();
    expect(await use({ issuer: 'ab', id: 'c' })).toBe('used');
    expect(await use({ issuer: 'a', id: 'bc' })).toBe('used');
  });

  test.each([
    { tolerance: 300, ahead: 60 },
    { tolerance: 20, ahead: 20 },
  ])('with a tolerance of $tolerance s accepts ids up to $ahead s ahead', async ({ tolerance, ahead }) => {
    const { use } = setUp({ tolerance });
    expect(await use({ issuedAt: NOW - tolerance })).toBe('used');
    expect(await use({ issuedAt: NOW - tolerance - 0.001 })).toBe('stale');
    expect(await use({ issuedAt: NOW + ahead })).toBe('used');
    expect(await use({ issuedAt: NOW + ahead + 0.001 })).toBe('from_the_future');
  });

  test('remembers an id until it is stale', async () => {
    const { clock, use } = setUp();
    const issuedAt = NOW + 60;
    expect(await use({ issuedAt })).toBe('used');
    for (const later of [1, 60, 300, 360]) {
      clock.now = NOW + later;
      expect(await use({ issuedAt })).toBe('replayed');
    }
    clock.now = NOW + 361;
    expect(await use({ issuedAt })).toBe('stale');
  });

  test('after a loss of all records, refuses what was used before, and accepts what is issued then', async () => {
    const before = setUp();
    expect(await before.use({ issuedAt: NOW - 1 })).toBe('used');
    const { use } = setUp({ store: memoryNonceStore({ tolerance: 300, now: () => NOW }) });
    expect(await use({ issuedAt: NOW - 1 })).toBe('forgotten');
    expect(await use({ issuedAt: NOW })).toBe('used');
  });

  test('says how far an expiry in place of a time of issue is in the future', async () => {
    const { useOnce } = setUp();
    const use = useOnce({ issuer: 'acme', id: SECRET, issuedAt: NOW + 300 });
    await expect(use).rejects.toThrow(
      'issuedAt is 300 s in the future; pass the time of issue instead of the expiry, or check the clocks',
    );
  });

  test('limits each issuer', async () => {
    const store = memoryNonceStore({ tolerance: 300, now: () => NOW - 86_400, maxClaimsPerSecond: 1 });
    const { use } = setUp({ store });
    expect(await use()).toBe('used');
    expect(await use({ id: 'msg_2' })).toBe('rate_limited');
    expect(await use({ issuer: 'globex' })).toBe('used');
  });

  test('refuses an id that became stale while the store decided', async () => {
    const claim = Promise.withResolvers<ClaimOutcome>();
    const { clock, use } = setUp({ store: storeThat(() => claim.promise) });
    const outcome = use();
    clock.now = NOW + 301;
    claim.resolve('claimed');
    expect(await outcome).toBe('stale');
  });
});

describe('singleUse does not accept an id', () => {
  test.each<[string, () => MaybePromise<ClaimOutcome>]>([
    [
      'throws',
      () => {
        throw new Error('disk full');
      },
    ],
    ['rejects', () => Promise.reject(new Error('disk full'))],
    ['rejects with nothing', () => Promise.reject()],
    ['is closed', () => Promise.reject(new UnavailableError('closed'))],
    ['resolves with true', () => Promise.resolve(true as unknown as ClaimOutcome)],
    ['returns nothing', () => undefined as unknown as ClaimOutcome],
  ])('if the store %s', async (_, claim) => {
    expect(await setUp({ store: storeThat(claim) }).use()).toBe('unavailable');
  });

  test('if the store does not respond within 30 seconds', async () => {
    vi.useFakeTimers();
    try {
      const outcome = setUp({ store: storeThat(() => new Promise(() => {})) }).use();
      await vi.advanceTimersByTimeAsync(30_000);
      expect(await outcome).toBe('unavailable');
    } finally {
      vi.useRealTimers();
    }
  });

  test('if the clock returns no number', async () => {
    const { clock, use } = setUp();
    clock.now = Number.NaN;
    expect(await use()).toBe('unavailable');
  });

  test('and keeps the cause of a failure', async () => {
    const cause = new Error('disk full');
    const { useOnce } = setUp({ store: storeThat(() => Promise.reject(cause)) });
    await expect(useOnce({ issuer: 'acme', id: SECRET, issuedAt: NOW })).rejects.toMatchObject({ cause });
  });
});

describe('singleUse refuses as malformed', () => {
  const { use, useOnce } = setUp();

  test.each([
    ...[undefined, null, '', 7, ['acme'], ' acme', 'acme\n', 'ac\0me', '\ud800', 'a'.repeat(601)].map((issuer) => ({
      issuer,
    })),
    ...[undefined, null, '', 7, [SECRET], {}, true, '\ud800', 'a'.repeat(256), 'é'.repeat(128)].map((id) => ({ id })),
    ...[undefined, null, `${NOW}`, '', 0, -1, Number.NaN, Number.POSITIVE_INFINITY, NOW * 1000, new Date(), [NOW]].map(
      (issuedAt) => ({ issuedAt }),
    ),
  ])('%j', async (wrong) => {
    expect(await use(wrong as unknown as Partial<IssuedId>)).toBe('malformed');
  });

  test.each([undefined, null, 'msg_1', 7])('%j in place of the object', async (wrong) => {
    await expect(useOnce(wrong as unknown as IssuedId)).rejects.toMatchObject({ code: 'malformed' });
  });

  test('milliseconds, and says so', async () => {
    const use = useOnce({ issuer: 'acme', id: SECRET, issuedAt: Date.now() });
    await expect(use).rejects.toThrow(
      'issuedAt must be in seconds since the epoch, not in milliseconds; divide by 1000',
    );
  });

  test('nothing that is as long as allowed', async () => {
    expect(await use({ issuer: 'a'.repeat(600), id: 'é'.repeat(127) })).toBe('used');
  });
});

describe('singleUse throws at once for', () => {
  const nonces = memoryNonceStore();

  test.each([undefined, null, {}, [], Promise.resolve(nonces), { claim() {} }])('%o as a store', (store) => {
    expect(() => singleUse(store as unknown as NonceStore)).toThrow(/^nonces: must be a nonce store/);
  });

  test('an unknown option', () => {
    expect(() => singleUse(nonces, { tolerance: 300 } as object)).toThrow('option tolerance: unknown; use one of now');
  });

  test('a clock in milliseconds', () => {
    expect(() => singleUse(nonces, { now: Date.now })).toThrow('option now: must return seconds since the epoch');
  });
});

describe('of concurrent callers with one id, exactly one succeeds', () => {
  test('in memory', async () => {
    const useOnce = singleUse(memoryNonceStore({ tolerance: 300, afterLoss: 'accept' }));
    await checkSingleUse([useOnce, useOnce]);
  });

  test('at two stores that share a SQLite file', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'ajwt-single-'));
    const databases = [1, 2].map(() => new Kysely<unknown>({ dialect: nodeSqliteDialect(join(folder, 'ids.db')) }));
    const stores = databases.map((database) => sqlNonceStore(database, { tolerance: 300 }));
    try {
      // One after the other, because creating the tables takes longer than a claim may.
      for (const store of stores) await store.open(Date.now() / 1000);
      await checkSingleUse(stores.map((store) => singleUse(store)));
    } finally {
      for (const store of stores) await store.close();
      for (const database of databases) await database.destroy();
      await rm(folder, { recursive: true });
    }
  });

  test('and the property fails for a guard that looks before it writes', async () => {
    const seen = new Set<string>();
    const lookThenWrite = async ({ issuer, id, issuedAt }: IssuedId) => {
      const key = `${issuer} ${id} ${issuedAt}`;
      const isUsed = await Promise.resolve(seen.has(key));
      if (isUsed) throw new SingleUseError('replayed', 'used');
      seen.add(key);
    };
    await expect(checkSingleUse([lookThenWrite])).rejects.toThrow();
  });
});
