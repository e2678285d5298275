/** Listens for notifications of changes from PostgreSQL, and checks that they arrive. */
import { randomBytes } from 'node:crypto';
import pg from 'pg';
import type { Logger } from 'pino';
import type { ServerConfig } from './config.ts';
import { POOL_LIMITS } from './pool-limits.ts';
import { postgresSettings } from './postgres.ts';

/** The channel that the triggers of the directory's tables notify. */
const CHANNEL = 'ajwt_directory';
/** Milliseconds between two checks of the connection. */
const HEARTBEAT_MS = 2000;

export interface ListenTimes {
  /** Milliseconds until a lost connection is opened again. */
  readonly retryMs: number;
  /** Milliseconds to wait for a notification that this process sends to itself. */
  readonly echoMs: number;
  /** Milliseconds until a connection that delivers no notifications is replaced. */
  readonly silenceMs: number;
}

const TIMES: ListenTimes = { retryMs: 500, echoMs: 5000, silenceMs: 60_000 };

/** The log message for each state. Without notifications, changes take effect when cached users expire, after a second. */
const MESSAGES = {
  heard: 'PostgreSQL notifications arrive again: changes of users and keys take effect at once',
  lost: 'PostgreSQL notifications do not arrive: changes of users and keys take effect within a second',
  silent:
    'PostgreSQL notifications do not arrive, as behind PgBouncer in transaction mode: changes of users and keys take effect within a second; to make them take effect at once, connect to PostgreSQL directly, or pool sessions',
} as const;

/**
 * Listens until it is stopped. Reopens a lost connection, and regularly replaces a connection that delivers nothing.
 *
 * @param changed - called after every change, and after every period without notifications
 * @returns a function that stops listening
 */
export function listenForChanges(
  config: ServerConfig,
  changed: () => void,
  log: Logger,
  times: ListenTimes = TIMES,
): () => Promise<void> {
  /** Each process checks its connection on its own channel, so that other processes do not receive its echoes. */
  const echoChannel = `ajwt_echo_${randomBytes(8).toString('hex')}`;
  let isClosed = false;
  let client: pg.Client | undefined;
  let timer: NodeJS.Timeout | undefined;
  let state: keyof typeof MESSAGES = 'heard';

  function become(next: keyof typeof MESSAGES, cause?: Error): void {
    if (isClosed || next === state) return;
    state = next;
    const details = { database: config.name, ...(cause === undefined ? {} : { cause: cause.message }) };
    if (next === 'heard') log.info(details, MESSAGES.heard);
    else log.warn(details, MESSAGES[next]);
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
      // Sent from another connection while this one is idle, because a pooler delivers notifications only during a query.
      await notify(config, echoChannel);
      if (!(await Promise.race([lost, echoed, pause(times.echoMs)]))) {
        become('silent');
        return;
      }
      become('heard');
      while (!isClosed) {
        await Promise.race([lost, pause(HEARTBEAT_MS)]);
        if (!isClosed) await present.query('SELECT 1');
      }
    } catch (error) {
      become('lost', error as Error);
    } finally {
      changed();
      await present.end().catch(() => {});
    }
  }

  /** Waits, and resolves to false. */
  function pause(milliseconds: number): Promise<false> {
    return new Promise((resolve) => {
      timer = setTimeout(resolve, milliseconds, false);
      timer.unref();
    });
  }

  async function keepListening(): Promise<void> {
    while (!isClosed) {
      await listen();
      if (!isClosed) await pause(state === 'silent' ? times.silenceMs : times.retryMs);
    }
  }
  keepListening();

  return async () => {
    isClosed = true;
    clearTimeout(timer);
    await client?.end().catch(() => {});
  };
}

/** Notifies a channel, through a new connection. */
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
