/** Counters and histograms that cost little in the path of a request; prom-client only formats and adds them up. */
import type { MetricObject, Sample } from './exposition.ts';

/** Upper bounds of the buckets, in seconds: from a cached lookup to a slow application. */
const BOUNDS = [
  0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
] as const;

/** Counts by the value of one label. */
export class Counts<Name extends string> {
  readonly #counts: Map<Name, number>;

  /** @param names - all values of the label; each has a series from the start, so that a rate can be computed */
  constructor(names: readonly Name[]) {
    this.#counts = new Map(names.map((name) => [name, 0]));
  }

  add(name: Name): void {
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + 1);
  }

  /** @param label - name of the label */
  samples(label: string): readonly Sample[] {
    return [...this.#counts].map(([name, value]) => ({ labels: { [label]: name }, value }));
  }
}

/** A histogram of durations, by the value of one label. */
export class Durations<Name extends string> {
  readonly #series: Readonly<Record<Name, { readonly buckets: Float64Array; sum: number }>>;

  constructor(names: readonly Name[]) {
    const series = names.map((name) => [name, { buckets: new Float64Array(BOUNDS.length + 1), sum: 0 }]);
    this.#series = Object.fromEntries(series);
  }

  /** Adds a duration, in milliseconds. */
  observe(name: Name, milliseconds: number): void {
    const series = this.#series[name];
    const seconds = milliseconds / 1000;
    let bucket = 0;
    while (bucket < BOUNDS.length && seconds > (BOUNDS[bucket] as number)) bucket += 1;
    series.buckets[bucket] = (series.buckets[bucket] as number) + 1;
    series.sum += seconds;
  }

  /** Returns the samples of a histogram, whose buckets are cumulative. */
  object(name: string, help: string, label: string): MetricObject {
    const values: Sample[] = [];
    for (const [one, { buckets, sum }] of Object.entries<{ buckets: Float64Array; sum: number }>(this.#series)) {
      let count = 0;
      for (const [index, added] of buckets.entries()) {
        count += added;
        values.push({
          metricName: `${name}_bucket`,
          labels: { [label]: one, le: BOUNDS[index] ?? '+Inf' },
          value: count,
        });
      }
      values.push({ metricName: `${name}_sum`, labels: { [label]: one }, value: sum });
      values.push({ metricName: `${name}_count`, labels: { [label]: one }, value: count });
    }
    return { name, help, type: 'histogram', values, aggregator: 'sum' };
  }
}

/** Counts nonces until their records may be forgotten. */
export class LiveNonces {
  readonly #keptFor: number;
  /** Number of nonces, by the second after which their records may be forgotten. */
  readonly #bySecond = new Map<number, number>();

  /** @param keptFor - seconds from the claimed time of a token, for which its record is kept */
  constructor(keptFor: number) {
    this.#keptFor = keptFor;
  }

  /** Adds a nonce. @param time - the claimed time of its token */
  add(time: number, now: number): void {
    const second = Math.ceil(time) + this.#keptFor;
    const before = this.#bySecond.get(second);
    if (before === undefined) this.#forget(now);
    this.#bySecond.set(second, (before ?? 0) + 1);
  }

  /** @param now - seconds since the epoch */
  count(now: number): number {
    this.#forget(now);
    let sum = 0;
    for (const count of this.#bySecond.values()) sum += count;
    return sum;
  }

  #forget(now: number): void {
    for (const second of this.#bySecond.keys()) if (second < now) this.#bySecond.delete(second);
  }
}
