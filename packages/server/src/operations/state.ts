/** The state of a server and its processes, for the log. */
import type { Readiness } from 'asymmetric-jwt-auth';
import type { Logger } from 'pino';
import { nameOfNonces } from '../nonces/store.ts';
import type { ServerSettings } from './settings.ts';

export interface ProcessState {
  /** Number of requests whose responses are not complete. */
  readonly inFlight: number;
  readonly readiness: Readiness;
  /** Memory of the process, in MB. */
  readonly memory: number;
}

/** Returns the state of this process. */
export async function stateOf(inFlight: number, readiness: () => Promise<Readiness>): Promise<ProcessState> {
  return { inFlight, readiness: await readiness(), memory: Math.round(process.memoryUsage.rss() / 1e6) };
}

/**
 * Logs the state of a server in one line.
 *
 * @param states - the states of its processes; those of workers that do not answer are missing
 */
export function logState(log: Logger, { config, values }: ServerSettings, states: readonly ProcessState[]): void {
  const sumOf = (member: 'inFlight' | 'memory') => states.reduce((sum, state) => sum + state[member], 0);
  const reasons = states.flatMap(({ readiness }) => (readiness.ready ? [] : [readiness.reason]));
  log.info(
    {
      uptime: Math.round(process.uptime()),
      configFile: values.config ?? null,
      database: config.database.name,
      nonces: nameOfNonces(config.nonces),
      workers: config.workers,
      answering: states.length,
      ready: states.length > 0 && reasons.length === 0,
      ...(reasons.length === 0 ? {} : { notReady: [...new Set(reasons)] }),
      inFlight: sumOf('inFlight'),
      memory: sumOf('memory'),
    },
    'state',
  );
}
