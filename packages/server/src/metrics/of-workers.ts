/** Adds up the metrics of workers, including exited ones, because a counter that falls would look like a restart. */
import { AggregatorRegistry } from 'prom-client';
import type { MetricObject, Snapshot } from './exposition.ts';

/** The metrics of a worker. */
export interface WorkerMetrics {
  readonly pid: number;
  readonly snapshot: Snapshot;
}

/** The answers of the workers to one question. */
export interface WorkerAnswers {
  readonly answers: readonly WorkerMetrics[];
  /** Number of workers that did not answer in time. */
  readonly silent: number;
}

/**
 * Makes a function that returns the metrics of all workers. If a worker does not answer in time, its last metrics are used.
 *
 * @param ask - asks all workers
 * @param running - returns the process ids of the workers that have not exited
 */
export function workerSnapshots(
  ask: () => Promise<WorkerAnswers>,
  running: () => readonly number[],
): () => Promise<readonly Snapshot[]> {
  const latest = new Map<number, Snapshot>();
  let departed: Snapshot = [];
  let missing = 0;
  let asking: Promise<readonly Snapshot[]> | undefined;

  async function collect(): Promise<readonly Snapshot[]> {
    const { answers, silent } = await ask();
    missing += silent;
    for (const { pid, snapshot } of answers) latest.set(pid, snapshot);
    const pids = new Set(running());
    for (const [pid, snapshot] of latest) {
      if (pids.has(pid)) continue;
      latest.delete(pid);
      departed = await sum([departed, snapshot.filter(isCumulative)]);
    }
    return [...latest.values(), departed, ofPrimary(pids.size, missing)];
  }

  // Several scrapes at a time share the answers, so that the workers are asked once.
  return () => {
    asking ??= collect().finally(() => {
      asking = undefined;
    });
    return asking;
  };
}

function isCumulative({ type, aggregator }: MetricObject): boolean {
  return (type === 'counter' || type === 'histogram') && aggregator === 'sum';
}

async function sum(snapshots: readonly Snapshot[]): Promise<Snapshot> {
  const registry = AggregatorRegistry.aggregate([...snapshots] as unknown as object[]);
  return (await registry.getMetricsAsJSON()) as unknown as Snapshot;
}

function ofPrimary(running: number, missing: number): Snapshot {
  return [
    {
      name: 'ajwtd_workers',
      help: 'Worker processes.',
      type: 'gauge',
      values: [{ labels: {}, value: running }],
      aggregator: 'sum',
    },
    {
      name: 'ajwtd_worker_reports_missing_total',
      help: 'How often a worker did not report its metrics in time; its last values are then used.',
      type: 'counter',
      values: [{ labels: {}, value: missing }],
      aggregator: 'sum',
    },
  ];
}
