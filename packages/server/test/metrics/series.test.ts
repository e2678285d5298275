import { expect, test } from 'vitest';
import { exposition } from '../../src/metrics/exposition.ts';
import { Durations, LiveNonces } from '../../src/metrics/series.ts';

test('a histogram has cumulative buckets in seconds, a sum and a count', async () => {
  const durations = new Durations(['a', 'b']);
  for (const milliseconds of [0.04, 0.05, 3, 20_000]) durations.observe('a', milliseconds);
  const text = await exposition([[durations.object('d_seconds', 'Help.', 'part')]]);
  const lines = text.split('\n');
  expect(lines.slice(0, 2)).toEqual(['# HELP d_seconds Help.', '# TYPE d_seconds histogram']);
  expect(lines).toContain('d_seconds_bucket{part="a",le="0.00005"} 2');
  expect(lines).toContain('d_seconds_bucket{part="a",le="0.0025"} 2');
  expect(lines).toContain('d_seconds_bucket{part="a",le="0.005"} 3');
  expect(lines).toContain('d_seconds_bucket{part="a",le="10"} 3');
  expect(lines).toContain('d_seconds_bucket{part="a",le="+Inf"} 4');
  expect(lines).toContain('d_seconds_count{part="a"} 4');
  expect(lines).toContain('d_seconds_count{part="b"} 0');
  expect(text).toMatch(/d_seconds_sum\{part="a"\} 20\.00309/);
});

test('the histograms of two processes are added up', async () => {
  const [one, other] = [new Durations(['a']), new Durations(['a'])];
  one.observe('a', 1);
  other.observe('a', 2);
  const text = await exposition([[one.object('d', 'h', 'p')], [other.object('d', 'h', 'p')]]);
  expect(text).toContain('d_bucket{p="a",le="0.001"} 1\n');
  expect(text).toContain('d_bucket{p="a",le="0.0025"} 2\n');
  expect(text).toContain('d_count{p="a"} 2\n');
});

test('a nonce counts as live until the end of the time for which its record is kept', () => {
  const nonces = new LiveNonces(40);
  nonces.add(1000, 1000);
  nonces.add(1000.5, 1001);
  nonces.add(1010, 1001);
  expect(nonces.count(1001)).toBe(3);
  expect(nonces.count(1040)).toBe(3);
  expect(nonces.count(1040.5)).toBe(2);
  expect(nonces.count(1051)).toBe(0);
});
