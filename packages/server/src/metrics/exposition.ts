/** Formats metrics for Prometheus, and adds up the metrics of several processes. */
import { AggregatorRegistry } from 'prom-client';

/** One value. */
export interface Sample {
  /** Default: the name of the metric. */
  readonly metricName?: string;
  readonly labels: Readonly<Record<string, string | number>>;
  readonly value: number;
}

/** A metric with its values, as prom-client represents it. */
export interface MetricObject {
  readonly name: string;
  readonly help: string;
  readonly type: 'counter' | 'gauge' | 'histogram' | 'summary';
  readonly values: readonly Sample[];
  /** How the values of several processes become one. */
  readonly aggregator: 'sum' | 'max' | 'min' | 'average' | 'first' | 'omit';
}

/** All metrics of one process at one time. */
export type Snapshot = readonly MetricObject[];

/** Adds up the metrics of processes, and formats them (Prometheus text format 0.0.4). */
export function exposition(snapshots: readonly Snapshot[]): Promise<string> {
  // prom-client's types describe `unknown` values here; it reads the members of `MetricObject`.
  return AggregatorRegistry.aggregate([...snapshots] as unknown as object[]).metrics();
}
