/** What is remembered of servers' clocks is bounded: a caller of ever new origins does not grow. */
import { expect, test } from 'vitest';
import { ServerClocks } from '../../src/client/clock.ts';

const NOW = 1_800_000_000;

test('of 1001 origins whose clocks are wrong, the one that was met first is forgotten', () => {
  const clocks = new ServerClocks({}, { now: () => NOW, monotonic: () => 0 });
  const challenge = `JWT realm="api", error="stale_time", server_time="${NOW + 60}", tolerance="20"`;
  const answer = { status: 401, header: (name: string) => (name === 'www-authenticate' ? challenge : null) };
  const origin = (index: number) => `https://api-${index}.example`;
  for (let index = 0; index <= 1000; index++) {
    const times = { ...clocks.begin(origin(index)), sentAt: 0 };
    expect(clocks.judge(new URL(origin(index)), times, true, answer)).toEqual({ wait: 0 });
  }
  expect([0, 1, 1000].map((index) => clocks.offset(origin(index)))).toEqual([0, 60, 60]);
});
