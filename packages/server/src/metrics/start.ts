/** Connects the metrics of a process with its stores. */
import { readFileSync } from 'node:fs';
import type { KeyStore, NonceStore } from 'asymmetric-jwt-auth';
import type { Directory } from 'asymmetric-jwt-auth/sql';
import { createMetrics, type MetricSources, type Metrics } from './metrics.ts';
import { clockSkew, readRegularly } from './regularly.ts';
import { LiveNonces } from './series.ts';

/** Seconds after the end of its time window for which a nonce is kept: the clock margin (spec/PROTOCOL.md). */
const MARGIN = 20;
/** Milliseconds between two readings of the store's clock. */
const SKEW_INTERVAL = 10_000;
/** Milliseconds between two counts of the keys that expire soon. */
const EXPIRY_INTERVAL = 600_000;
/** A key expires soon if it expires within this many seconds. */
const SOON = 14 * 86_400;

export interface MeasuredParts extends Pick<MetricSources, 'inFlight' | 'droppedLines'> {
  readonly nonces: NonceStore;
  readonly keys: KeyStore<unknown>;
  readonly directory: Directory;
  /** Reads the clock of the nonce store, in seconds since the epoch; `undefined` if it is the clock of this machine. */
  readonly clock: (() => Promise<number>) | undefined;
  /** Seconds. */
  readonly tolerance: number;
}

/** Metrics that also count nonces. */
export interface StartedMetrics extends Metrics {
  /** Counts a claimed nonce. @param time - the claimed time of its token */
  claimed(time: number): void;
}

export function startMetrics(parts: MeasuredParts): StartedMetrics {
  const { nonces, keys, directory, clock, tolerance, inFlight, droppedLines } = parts;
  const liveNonces = new LiveNonces(tolerance + MARGIN);
  const skew = clock === undefined ? undefined : readRegularly(clockSkew(clock), SKEW_INTERVAL);
  const expiring = readRegularly(() => directory.countExpiringKeys(Date.now() / 1000 + SOON), EXPIRY_INTERVAL);

  async function isUp(): Promise<boolean> {
    try {
      return (await keys.readiness?.())?.ready ?? true;
    } catch {
      return false;
    }
  }
  const metrics = createMetrics({
    ...{ inFlight, droppedLines, liveNonces },
    health: async () => ({ nonces: nonces.readiness(Date.now() / 1000).ready, users: await isUp() }),
    clockSkew: () => skew?.last() ?? 0,
    expiringKeys: expiring.last,
    version: JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')).version,
  });
  return {
    ...metrics,
    claimed: (time) => liveNonces.add(time, Date.now() / 1000),
    close() {
      skew?.stop();
      expiring.stop();
      metrics.close();
    },
  };
}
