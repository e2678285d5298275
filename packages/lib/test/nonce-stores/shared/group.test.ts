import { AsyncLocalStorage } from 'node:async_hooks';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { Groups } from '../../../src/nonce-stores/shared/group.ts';

const LIMITS = { maxItems: 256, maxInFlight: 1, what: 'the database', limit: 'in time' } as const;
const LATE_MESSAGE = 'the database did not respond in time';
const DEADLINE_MS = 150;

/** A database that answers when the test says so. Its answer to an item is `re:` and the item. */
function makeDatabase(limits: ConstructorParameters<typeof Groups>[1] = LIMITS) {
  const sent: { readonly items: readonly string[]; readonly end: number; answer(): void; fail(): void }[] = [];
  const groups = new Groups<string, string>(
    (items, end) =>
      new Promise((resolve, reject) => {
        const answer = () => resolve(items.map((item) => `re:${item}`));
        sent.push({ items, end, answer, fail: () => reject(new Error('rolled back')) });
      }),
    limits,
  );
  const add = (item: string, milliseconds = DEADLINE_MS) => {
    const result = groups.add(item, performance.now() + milliseconds).catch((error: Error) => error.message);
    return result;
  };
  const all = (...items: string[]) => items.map((item) => add(item));
  return { sent, add, all, groupsSent: () => sent.map(({ items }) => items.join('')) };
}

/** Lets all microtasks run, without any time passing. */
const microtasks = () => vi.advanceTimersByTimeAsync(0);

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

describe('a group', () => {
  test('of one item is sent before any timer or I/O', async () => {
    const { add, groupsSent } = makeDatabase();
    add('a');
    await Promise.resolve();
    expect(groupsSent()).toEqual(['a']);
  });

  test('consists of the items that arrived while the previous group was in flight', async () => {
    const { sent, all, groupsSent } = makeDatabase();
    const first = all('a', 'b');
    await microtasks();
    const rest = all('c', 'd', 'e');
    await microtasks();
    expect(groupsSent()).toEqual(['ab']);
    sent[0]?.answer();
    await microtasks();
    expect(groupsSent()).toEqual(['ab', 'cde']);
    sent[1]?.answer();
    expect(await Promise.all([...first, ...rest])).toEqual(['re:a', 're:b', 're:c', 're:d', 're:e']);
  });

  test('that fails, fails only for its own items, and the next group is sent', async () => {
    const { sent, all, add } = makeDatabase();
    const first = all('a', 'b');
    await microtasks();
    const second = add('c');
    sent[0]?.fail();
    expect(await Promise.all(first)).toEqual(['rolled back', 'rolled back']);
    await microtasks();
    sent[1]?.answer();
    expect(await second).toBe('re:c');
  });

  test('has at most 256 items', async () => {
    const { sent, all } = makeDatabase();
    const results = all(...Array.from({ length: 600 }, (_, index) => `${index} `));
    for (let group = 0; group < 3; group++) {
      await microtasks();
      sent[group]?.answer();
    }
    expect(new Set(await Promise.all(results)).size).toBe(600);
    expect(sent.map(({ items }) => items.length)).toEqual([256, 256, 88]);
  });

  test('can be sent while others are in flight, up to a limit', async () => {
    const { sent, all, groupsSent } = makeDatabase({ ...LIMITS, maxItems: 2, maxInFlight: 2 });
    const results = all('a', 'b', 'c', 'd', 'e', 'f', 'g');
    await microtasks();
    expect(groupsSent()).toEqual(['ab', 'cd']);
    sent[1]?.answer();
    await microtasks();
    expect(groupsSent()).toEqual(['ab', 'cd', 'ef']);
    sent[0]?.answer();
    sent[2]?.answer();
    await microtasks();
    sent[3]?.answer();
    expect(await Promise.all(results)).toEqual([...'abcdefg'].map((item) => `re:${item}`));
  });

  test('has the latest deadline of its items', async () => {
    const { sent, add } = makeDatabase();
    add('a', 10);
    add('b', 30);
    add('c', 20);
    await microtasks();
    expect(sent[0]?.end).toBe(performance.now() + 30);
  });
});

describe('a deadline', () => {
  test('in a slow group fails its item, and lets the next group go', async () => {
    const { sent, add, groupsSent } = makeDatabase();
    const slow = add('a');
    await vi.advanceTimersByTimeAsync(100);
    const next = add('b');
    await vi.advanceTimersByTimeAsync(49);
    expect(groupsSent()).toEqual(['a']);
    await vi.advanceTimersByTimeAsync(1);
    expect(await slow).toBe(LATE_MESSAGE);
    expect(groupsSent()).toEqual(['a', 'b']);
    sent[0]?.answer();
    sent[1]?.answer();
    expect(await next).toBe('re:b');
  });

  test('fails only its own item; the others of the group still get their results', async () => {
    const { sent, add } = makeDatabase();
    const [hasty, patient] = [add('a', 10), add('b', 100)];
    await vi.advanceTimersByTimeAsync(10);
    expect(await hasty).toBe(LATE_MESSAGE);
    sent[0]?.answer();
    expect(await patient).toBe('re:b');
  });

  test('before an item is sent leaves it unsent', async () => {
    const { sent, add, groupsSent } = makeDatabase();
    const first = add('a', 100);
    await microtasks();
    const [hasty, patient] = [add('b', 10), add('c', 100)];
    await vi.advanceTimersByTimeAsync(10);
    expect(await hasty).toBe(LATE_MESSAGE);
    sent[0]?.answer();
    await microtasks();
    sent[1]?.answer();
    expect(await Promise.all([first, patient])).toEqual(['re:a', 're:c']);
    expect(groupsSent()).toEqual(['a', 'c']);
  });

  test('leaves no timer running once every item has its result', async () => {
    const { sent, all } = makeDatabase();
    const results = all('a', 'b');
    await microtasks();
    expect(vi.getTimerCount()).toBe(1);
    sent[0]?.answer();
    await Promise.all(results);
    expect(vi.getTimerCount()).toBe(0);
  });
});

test('a group is sent outside the asynchronous contexts of its callers, and each caller continues in its own', async () => {
  const context = new AsyncLocalStorage<string>();
  const seen: (string | undefined)[] = [];
  const groups = new Groups<string, string>(async (items) => {
    seen.push(context.getStore());
    await microtasks();
    seen.push(context.getStore());
    return items;
  }, LIMITS);
  const caller = (name: string) =>
    context.run(name, async () => [await groups.add(name, performance.now() + DEADLINE_MS), context.getStore()]);
  const first = [caller('a'), caller('b')];
  await Promise.resolve();
  const results = await Promise.all([...first, caller('c')]);
  expect(results).toEqual([
    ['a', 'a'],
    ['b', 'b'],
    ['c', 'c'],
  ]);
  expect(seen).toEqual([undefined, undefined, undefined, undefined]);
});

test('in workerd, where requests must not share promises, each item is sent on its own', async () => {
  vi.stubGlobal('navigator', { userAgent: 'Cloudflare-Workers' });
  vi.resetModules();
  try {
    const { Groups: GroupsInWorkerd } = await import('../../../src/nonce-stores/shared/group.ts');
    const sent: (readonly string[])[] = [];
    const groups = new GroupsInWorkerd<string, string>(async (items) => {
      sent.push(items);
      return items;
    }, LIMITS);
    expect(await Promise.all(['a', 'b'].map((item) => groups.add(item, 1e9)))).toEqual(['a', 'b']);
    expect(sent).toEqual([['a'], ['b']]);
  } finally {
    vi.unstubAllGlobals();
    vi.resetModules();
  }
});

test('in any order of arrivals, answers and failures, each item is sent once, in one group at a time, and gets its own result', async () => {
  vi.useRealTimers();
  const plan = fc.array(fc.record({ items: fc.integer({ min: 1, max: 4 }), fails: fc.boolean() }), { maxLength: 12 });
  await fc.assert(
    fc.asyncProperty(fc.scheduler(), plan, async (scheduler, arrivals) => {
      let inFlight = 0;
      const sent: string[] = [];
      const failing = new Set<string>();
      const groups = new Groups<string, string>(async (items) => {
        expect(++inFlight, 'groups in flight').toBe(1);
        sent.push(...items);
        await scheduler.schedule(Promise.resolve(), `answer to ${items}`);
        inFlight -= 1;
        if (!items.some((item) => failing.has(item))) return items.map((item) => `re:${item}`);
        throw new Error(items.join());
      }, LIMITS);
      const results: Promise<void>[] = [];
      const expected: string[] = [];
      const sequence = scheduler.scheduleSequence(
        arrivals.map(({ items, fails }, index) => async () => {
          for (let one = 0; one < items; one++) {
            const item = `${index}.${one}`;
            expected.push(item);
            if (fails && one === 0) failing.add(item);
            const check = (result: string) => expect(result).toBe(`re:${item}`);
            const fail = (error: Error) => expect(error.message.split(',')).toContain(item);
            results.push(groups.add(item, performance.now() + 60_000).then(check, fail));
          }
        }),
      );
      await scheduler.waitFor(sequence.task);
      await scheduler.waitFor(Promise.all(results));
      expect(sent).toEqual(expected);
    }),
    { numRuns: 200 },
  );
});
