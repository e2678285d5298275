/** The number of remembered server clocks is limited, so a caller that keeps calling new origins does not use more and more memory. */
import { expect, test } from 'vitest';
import { ServerClocks } from '../../src/client/clock.ts';

const NOW = 1_800_000_000;

test('ServerClocks remembers the clocks of 1000 origins; the next one replaces the oldest', () => {
  const clocks = new ServerClocks({}, { now: () => NOW, monotonic: () => 0 });
  const challenge = `JWT realm="api", error="stale_time", server_time="${NOW + 60}", tolerance="20"`;
  const response = new Response(null, { status: 401, headers: { 'www-authenticate': challenge } });
  const origin = (index: number) => `https://api-${index}.example`;
  for (let index = 0; index <= 1000; index++) {
    const times = { ...clocks.begin(origin(index)), sentAt: 0 };
    expect(clocks.judge(new URL(origin(index)), times, true, response)).toEqual({ wait: 0 });
  }
  expect([0, 1, 1000].map((index) => clocks.offset(origin(index)))).toEqual([0, 60, 60]);
});
