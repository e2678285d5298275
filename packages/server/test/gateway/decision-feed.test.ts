import type { AuthenticationEvent } from 'asymmetric-jwt-auth';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { type DecisionBatch, decisionFeed } from '../../src/gateway/decision-feed.ts';
import { Exchange } from '../../src/gateway/exchange.ts';

beforeEach(() => vi.useFakeTimers({ now: 0 }));
afterEach(() => vi.useRealTimers());

function exchangeOf(reason: AuthenticationEvent['reason'], username?: string): Exchange {
  const request = { headers: {}, rawHeaders: [], socket: { remoteAddress: '192.0.2.7' } };
  const exchange = new Exchange(request, { method: 'GET', target: '/' }, () => false);
  const said = username === undefined ? {} : { username };
  exchange.event = { reason, verified: false, message: 'What to do.', ...said };
  return exchange.finish(401, 0);
}

/** Returns the reasons of the decisions in batches. */
const reasonsIn = (batches: readonly DecisionBatch[]) =>
  batches.flatMap(({ lines }) =>
    lines
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line).reason),
  );

test('a follower gets the decisions that match its query, in batches', async () => {
  const feed = decisionFeed();
  const [all, ofGuido, replays] = [[], [], []] as DecisionBatch[][];
  feed.follow({}, (batch) => void all?.push(batch));
  feed.follow({ user: 'gui\u0007do' }, (batch) => void ofGuido?.push(batch));
  feed.follow({ reason: 'replayed' }, (batch) => void replays?.push(batch));
  feed.write(exchangeOf('accepted', 'gui\\u{7}do'));
  feed.write(exchangeOf('replayed', 'ada'));
  feed.write(exchangeOf('missing'));
  const undecided = exchangeOf('missing');
  undecided.event = undefined;
  feed.write(undecided);
  await vi.advanceTimersByTimeAsync(100);
  expect(all).toHaveLength(1);
  expect(reasonsIn(all as DecisionBatch[])).toEqual(['accepted', 'replayed', 'missing']);
  expect(reasonsIn(ofGuido as DecisionBatch[])).toEqual(['accepted']);
  expect(reasonsIn(replays as DecisionBatch[])).toEqual(['replayed']);
});

test('what a slow follower cannot take is left out and counted', async () => {
  const feed = decisionFeed(1000);
  const batches: DecisionBatch[] = [];
  let proceed = () => {};
  feed.follow({}, (batch) => {
    batches.push(batch);
    return new Promise((resolve) => {
      proceed = resolve;
    });
  });
  feed.write(exchangeOf('missing'));
  await vi.advanceTimersByTimeAsync(100);
  for (let count = 0; count < 500; count++) feed.write(exchangeOf('replayed'));
  await vi.advanceTimersByTimeAsync(10_000);
  expect(batches).toHaveLength(1);
  proceed();
  await vi.advanceTimersByTimeAsync(100);
  expect(batches).toHaveLength(2);
  const [, { lines, dropped }] = batches as [DecisionBatch, DecisionBatch];
  expect(lines.length).toBeLessThan(1500);
  expect(dropped + reasonsIn(batches).length).toBe(501);
});

test('after the end, a follower gets nothing, and no timer is left', async () => {
  const feed = decisionFeed();
  const batches: DecisionBatch[] = [];
  const end = feed.follow({}, (batch) => void batches.push(batch));
  feed.write(exchangeOf('missing'));
  end();
  feed.write(exchangeOf('missing'));
  await vi.advanceTimersByTimeAsync(1000);
  expect([batches.length, vi.getTimerCount()]).toEqual([0, 0]);
});
