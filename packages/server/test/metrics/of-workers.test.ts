import { expect, test } from 'vitest';
import type { Snapshot } from '../../src/metrics/exposition.ts';
import { exposition } from '../../src/metrics/exposition.ts';
import { workerSnapshots } from '../../src/metrics/of-workers.ts';

/** A worker with a counter and a gauge. */
function snapshotOf(counter: number, gauge: number): Snapshot {
  const values = (value: number) => [{ labels: {}, value }];
  return [
    { name: 'c_total', help: 'Counter.', type: 'counter', values: values(counter), aggregator: 'sum' },
    { name: 'g', help: 'Gauge.', type: 'gauge', values: values(gauge), aggregator: 'sum' },
  ];
}

/** Makes workers whose metrics a test sets, and a function that scrapes them. */
function makeWorkers() {
  const workers = new Map<number, Snapshot | 'silent'>();
  let asked = 0;
  const snapshots = workerSnapshots(
    async () => {
      asked += 1;
      const answers = [...workers].flatMap(([pid, snapshot]) => (snapshot === 'silent' ? [] : [{ pid, snapshot }]));
      return { answers, silent: workers.size - answers.length };
    },
    () => [...workers.keys()],
  );
  const scrape = async () => {
    const text = await exposition(await snapshots());
    const numberOf = (name: string) => Number(new RegExp(`^${name} (.*)$`, 'm').exec(text)?.[1]);
    return ['c_total', 'g', 'ajwtd_workers', 'ajwtd_worker_reports_missing_total'].map(numberOf);
  };
  return { workers, scrape, asked: () => asked };
}

test('the metrics of workers are added up', async () => {
  const { workers, scrape } = makeWorkers();
  workers.set(1, snapshotOf(10, 1)).set(2, snapshotOf(5, 2));
  expect(await scrape()).toEqual([15, 3, 2, 0]);
});

test('when a worker exits, counters do not fall, and its gauges no longer count', async () => {
  const { workers, scrape } = makeWorkers();
  workers.set(1, snapshotOf(10, 1)).set(2, snapshotOf(5, 2));
  await scrape();
  workers.delete(1);
  expect(await scrape()).toEqual([15, 2, 1, 0]);
  workers.set(3, snapshotOf(1, 1));
  await scrape();
  workers.delete(2);
  workers.delete(3);
  expect(await scrape()).toEqual([16, Number.NaN, 0, 0]);
});

test('a worker that does not answer in time counts with its last metrics', async () => {
  const { workers, scrape } = makeWorkers();
  workers.set(1, snapshotOf(10, 1)).set(2, snapshotOf(5, 2));
  await scrape();
  workers.set(2, 'silent');
  expect(await scrape()).toEqual([15, 3, 2, 1]);
});

test('scrapes at the same time ask the workers once', async () => {
  const { workers, scrape, asked } = makeWorkers();
  workers.set(1, snapshotOf(10, 1));
  await Promise.all([scrape(), scrape(), scrape()]);
  expect(asked()).toBe(1);
});
