/** PostgreSQL notifies servers of changes: a connection that only listens, and a check that notifications arrive on it. */
import { randomBytes } from 'node:crypto';
import pg from 'pg';
import type { Logger } from 'pino';
import type { ServerConfig } from './config.ts';
import { POOL_LIMITS } from './pool-limits.ts';
import { postgresSettings } from './postgres.ts';

/** What the trigger of the directory's tables notifies. */
const CHANNEL = 'ajwt_directory';
/** Milliseconds between two looks at whether the connection is still there. */
const HEARTBEAT = 2000;

/** Milliseconds. */
export interface ListenTimes {
  /** Until a lost connection is tried again. */
  readonly retry: number;
  /** For which a notification to ourselves is waited for. */
  readonly echo: number;
  /** Until a connection that delivers no notifications is tried again. */
  readonly silence: number;
}

const TIMES: ListenTimes = { retry: 500, echo: 5000, silence: 60_000 };

/** What is said when it begins; the answers that are kept are never older than a second. */
const SAID = {
  heard: 'PostgreSQL notifications arrive again: changes of users and keys count at once',
  lost: 'PostgreSQL notifications do not arrive: changes of users and keys count within a second',
  silent:
    'PostgreSQL notifications do not arrive, as behind PgBouncer in transaction mode: changes of users and keys count within a second; connect to PostgreSQL directly, or pool sessions, so that they count at once',
} as const;

/**
 * Listens until it is told to stop. A connection that is lost is opened again, and so, once in a while, is one that delivers nothing.
 *
 * @param changed - called after every change, and after every time in which none could be heard
 * @returns ends it
 */
export function listenForChanges(
  config: ServerConfig,
  changed: () => void,
  log: Logger,
  times: ListenTimes = TIMES,
): () => Promise<void> {
  /** Of this process alone: others need not hear its echo. */
  const echoChannel = `ajwt_echo_${randomBytes(8).toString('hex')}`;
  let isClosed = false;
  let client: pg.Client | undefined;
  let timer: NodeJS.Timeout | undefined;
  let state: keyof typeof SAID = 'heard';

  function become(next: keyof typeof SAID, cause?: Error): void {
    if (isClosed || next === state) return;
    state = next;
    const details = { database: config.name, ...(cause === undefined ? {} : { cause: cause.message }) };
    if (next === 'heard') log.info(details, SAID.heard);
    else log.warn(details, SAID[next]);
  }

  async function listen(): Promise<void> {
    const present = new pg.Client(postgresSettings(config, POOL_LIMITS.server));
    client = present;
    try {
      const lost = new Promise<never>((_, reject) => {
        present.on('error', reject);
        present.on('end', () => reject(new Error('the connection was closed')));
      });
      lost.catch(() => {});
      const echoed = new Promise<boolean>((resolve) => {
        present.on('notification', ({ channel }) => (channel === echoChannel ? resolve(true) : changed()));
      });
      await present.connect();
      await present.query(`LISTEN ${CHANNEL}; LISTEN ${echoChannel}`);
      changed();
      // From another connection, while this one idles: a pooler delivers what arrives during a query, and drops the rest.
      await notify(config, echoChannel);
      if (!(await Promise.race([lost, echoed, pause(times.echo)]))) {
        become('silent');
        return;
      }
      become('heard');
      while (!isClosed) {
        await Promise.race([lost, pause(HEARTBEAT)]);
        if (!isClosed) await present.query('SELECT 1');
      }
    } catch (error) {
      become('lost', error as Error);
    } finally {
      changed();
      await present.end().catch(() => {});
    }
  }

  /** @returns false, after a while */
  function pause(milliseconds: number): Promise<false> {
    return new Promise((resolve) => {
      timer = setTimeout(resolve, milliseconds, false);
      timer.unref();
    });
  }

  async function keepListening(): Promise<void> {
    while (!isClosed) {
      await listen();
      if (!isClosed) await pause(state === 'silent' ? times.silence : times.retry);
    }
  }
  keepListening();

  return async () => {
    isClosed = true;
    clearTimeout(timer);
    await client?.end().catch(() => {});
  };
}

/** Notifies a channel, from a connection of its own. */
async function notify(config: ServerConfig, channel: string): Promise<void> {
  const client = new pg.Client(postgresSettings(config, POOL_LIMITS.server));
  client.on('error', () => {});
  try {
    await client.connect();
    await client.query(`NOTIFY ${channel}`);
  } finally {
    await client.end().catch(() => {});
  }
}
