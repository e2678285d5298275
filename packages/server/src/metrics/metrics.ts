/** The metrics of one process. No label contains a username, a key or a path, so their number is limited. */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { REASONS, type Reason } from 'asymmetric-jwt-auth';
import { collectDefaultMetrics, Registry } from 'prom-client';
import type { Exchange } from '../gateway/exchange.ts';
import type { OverloadLimit } from '../gateway/overload.ts';
import { BIND_MEMBERS } from '../serve-options.ts';
import type { MetricObject, Sample, Snapshot } from './exposition.ts';
import { Counts, Durations, type LiveNonces } from './series.ts';

/** Sources of the values that are read on each scrape. */
export interface MetricSources {
  /** Returns the number of requests whose responses are not complete. */
  readonly inFlight: () => number;
  /** Returns the number of lines of the access log that could not be written. */
  readonly droppedLines: () => number;
  readonly liveNonces: LiveNonces;
  /** Returns whether the nonce store and the user database work. */
  readonly health: () => Promise<Readonly<Record<'nonces' | 'users', boolean>>>;
  /** Returns the store's clock minus this machine's clock, in seconds, as last measured. */
  readonly clockSkew: () => number;
  /** Returns the number of keys that expire within 14 days, as last counted. */
  readonly expiringKeys: () => number;
  /** Version of this package. */
  readonly version: string;
}

/** Collects metrics. */
export interface Metrics {
  /** Counts a decision. */
  decided(reason: 'accepted' | Reason): void;
  /** Adds the durations of an exchange. */
  finished(exchange: Exchange): void;
  /** Counts a request that was refused because of a limit. */
  shed(limit: OverloadLimit): void;
  /** Counts a fetch of a JWK set. */
  fetched(isOk: boolean): void;
  snapshot(): Promise<Snapshot>;
  close(): void;
}

const PARTS = ['total', 'lookup', 'verify', 'claim', 'upstream'] as const;
const LIMITS: readonly OverloadLimit[] = ['connection', 'address', 'all'];
const STATISTICS = { median: 50, p99: 99, max: 100 } as const;
/** Milliseconds between two measurements of the event loop. */
const RESOLUTION = 10;

export function createMetrics(sources: MetricSources): Metrics {
  const decisions = new Counts<'accepted' | Reason>(['accepted', ...(Object.keys(REASONS) as Reason[])]);
  const durations = new Durations(PARTS);
  const shed = new Counts(LIMITS);
  const fetches = new Counts(['ok', 'failed']);
  const reported = new Counts(BIND_MEMBERS);
  const ofProcess = new Registry();
  collectDefaultMetrics({ register: ofProcess, eventLoopMonitoringPrecision: RESOLUTION });
  const loop = monitorEventLoopDelay({ resolution: RESOLUTION });
  loop.enable();

  function eventLoopDelay(): readonly Sample[] {
    const values = Object.entries(STATISTICS).map(([statistic, percentile]) => {
      // The measured interval includes the resolution itself.
      const delay = Math.max(0, loop.percentile(percentile) / 1e9 - RESOLUTION / 1000);
      return { labels: { statistic }, value: delay };
    });
    loop.reset();
    return values;
  }

  return {
    decided: (reason) => decisions.add(reason),
    finished({ event, lookup, verify, claim, upstream, duration, lacking }) {
      if (event === undefined) return;
      durations.observe('total', duration);
      durations.observe('lookup', lookup);
      durations.observe('verify', verify);
      durations.observe('claim', claim);
      if (upstream !== undefined) durations.observe('upstream', upstream);
      for (const member of lacking) reported.add(member);
    },
    shed: (limit) => shed.add(limit),
    fetched: (isOk) => fetches.add(isOk ? 'ok' : 'failed'),
    async snapshot() {
      const { version, liveNonces, inFlight, droppedLines, clockSkew, expiringKeys } = sources;
      const up = await sources.health();
      const ours = [
        counter('ajwtd_decisions_total', 'Decisions, by reason.', decisions.samples('reason')),
        durations.object(
          'ajwtd_request_duration_seconds',
          'Durations of decided requests, in total and by part.',
          'part',
        ),
        gauge('ajwtd_requests_in_flight', 'Requests whose responses are not complete.', one(inFlight())),
        counter('ajwtd_shed_total', 'Requests refused without a decision, by limit.', shed.samples('limit')),
        gauge(
          'ajwtd_nonces_live',
          'Nonces claimed by this server whose records must still be kept.',
          one(liveNonces.count(Date.now() / 1000)),
        ),
        gauge(
          'ajwtd_store_up',
          'Whether a store works: the nonce store, and the database of users and keys.',
          Object.entries(up).map(([store, works]) => ({ labels: { store }, value: Number(works) })),
          'min',
        ),
        gauge(
          'ajwtd_clock_skew_seconds',
          "The nonce store's clock minus this machine's clock.",
          one(clockSkew()),
          'max',
        ),
        counter('ajwtd_jwks_fetches_total', 'Fetches of JWK sets, by outcome.', fetches.samples('outcome')),
        counter(
          'ajwtd_access_log_dropped_total',
          'Lines of the access log that could not be written.',
          one(droppedLines()),
        ),
        counter(
          'ajwtd_require_report_total',
          'Accepted requests whose tokens lack a member of --require-report, by member.',
          reported.samples('member'),
        ),
        gauge(
          'ajwtd_keys_expiring',
          'Registered keys that expire within 14 days; counted every 10 minutes.',
          one(expiringKeys()),
          'max',
        ),
        gauge(
          'ajwtd_event_loop_delay_seconds',
          'How late the event loop was since the previous scrape.',
          eventLoopDelay(),
          'max',
        ),
        gauge(
          'ajwtd_build_info',
          'Versions; the value is always 1.',
          [{ labels: { version, node: process.versions.node }, value: 1 }],
          'first',
        ),
      ];
      const others = (await ofProcess.getMetricsAsJSON()) as unknown as Snapshot;
      // prom-client has a few gauges whose names end in _total, like those of counters, and better metrics for the same values.
      return [...ours, ...others.filter(({ name, type }) => type !== 'gauge' || !name.endsWith('_total'))];
    },
    close() {
      loop.disable();
      ofProcess.clear();
    },
  };
}

function one(value: number): readonly Sample[] {
  return [{ labels: {}, value }];
}

function counter(name: string, help: string, values: readonly Sample[]): MetricObject {
  return { name, help, type: 'counter', values, aggregator: 'sum' };
}

function gauge(
  name: string,
  help: string,
  values: readonly Sample[],
  aggregator: MetricObject['aggregator'] = 'sum',
): MetricObject {
  return { name, help, type: 'gauge', values, aggregator };
}
