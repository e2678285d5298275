/** PostgreSQL tells of changes by itself: a connection that only listens. */
import pg from 'pg';
import type { Logger } from 'pino';
import type { ServerConfig } from './config.ts';
import { POOL_LIMITS } from './pool-limits.ts';
import { postgresSettings } from './postgres.ts';

/** What the trigger of the directory's tables notifies. */
const CHANNEL = 'ajwt_directory';
/** Milliseconds before another connection is tried, and between two looks at whether this one is still there. */
const PAUSE = 500;
const HEARTBEAT = 2000;

/**
 * Listens until it is told to stop; a connection that is lost is made anew.
 *
 * @param changed - is told of every change, and after every time in which none could be heard
 * @returns ends it
 */
export function listenForChanges(config: ServerConfig, changed: () => void, log: Logger): () => Promise<void> {
  let isClosed = false;
  let client: pg.Client | undefined;
  let timer: NodeJS.Timeout | undefined;
  let wasLost = false;

  async function listen(): Promise<void> {
    const present = new pg.Client(postgresSettings(config, POOL_LIMITS.server));
    client = present;
    try {
      const lost = new Promise<never>((_, reject) => {
        present.on('error', reject);
        present.on('end', () => reject(new Error('the connection was closed')));
      });
      lost.catch(() => {});
      present.on('notification', changed);
      await present.connect();
      await present.query(`LISTEN ${CHANNEL}`);
      if (wasLost) log.info({ database: config.name }, 'changes of users and keys are told at once again');
      wasLost = false;
      changed();
      while (!isClosed) {
        await Promise.race([lost, pause(HEARTBEAT)]);
        if (!isClosed) await present.query('SELECT 1');
      }
    } catch (error) {
      if (!isClosed && !wasLost) {
        log.warn(
          { database: config.name, cause: (error as Error).message },
          'changes of users and keys are not told by the database; they count within a second',
        );
      }
      wasLost = true;
    } finally {
      changed();
      await present.end().catch(() => {});
    }
  }

  function pause(milliseconds: number): Promise<void> {
    return new Promise((resolve) => {
      timer = setTimeout(resolve, milliseconds);
      timer.unref();
    });
  }

  async function keepListening(): Promise<void> {
    while (!isClosed) {
      await listen();
      if (!isClosed) await pause(PAUSE);
    }
  }
  keepListening();

  return async () => {
    isClosed = true;
    clearTimeout(timer);
    await client?.end().catch(() => {});
  };
}
