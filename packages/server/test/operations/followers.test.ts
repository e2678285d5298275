import type { Worker } from 'node:cluster';
import { expect, test, vi } from 'vitest';
import type { DecisionBatch } from '../../src/gateway/decision-feed.ts';
import { makeFollowers } from '../../src/operations/followers.ts';

const worker = { id: 7 } as Worker;

test('workers begin and end to send decisions, including workers that start later', () => {
  const links = { follow: vi.fn(), unfollow: vi.fn() };
  const followers = makeFollowers(links);
  const end = followers.follow({ user: 'guido' }, () => {});
  expect(links.follow.mock.calls).toEqual([[1, { user: 'guido' }]]);
  followers.started(worker);
  expect(links.follow.mock.calls.at(-1)).toEqual([1, { user: 'guido' }, [worker]]);
  end();
  expect(links.unfollow.mock.calls).toEqual([[1]]);
  followers.started(worker);
  expect(links.follow).toHaveBeenCalledTimes(2);
});

test('while a follower reads a batch, a limited number of lines waits, and the others are counted', async () => {
  const followers = makeFollowers({ follow() {}, unfollow() {} });
  const batches: DecisionBatch[] = [];
  let proceed = () => {};
  followers.follow({}, (batch) => {
    batches.push(batch);
    return new Promise((resolve) => {
      proceed = resolve;
    });
  });
  const lines = `${'x'.repeat(99)}\n`.repeat(1000);
  for (let count = 0; count < 10; count++) followers.received(1, { lines, dropped: 1 });
  followers.received(2, { lines, dropped: 0 });
  expect(batches).toEqual([{ lines, dropped: 1 }]);
  proceed();
  await vi.waitFor(() => expect(batches).toHaveLength(2));
  proceed();
  expect(batches[1]?.lines).toHaveLength(300_000);
  const received = batches.reduce((sum, batch) => sum + batch.lines.length / 100 + batch.dropped, 0);
  expect(received).toBe(10_010);
});
