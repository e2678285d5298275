/** Starts a server: this process alone, or a primary process with workers. */
import type { Logger } from 'pino';
import { closeServer } from '../gateway/listener.ts';
import type { ServerSettings } from './settings.ts';
import { logState } from './state.ts';

/** A running server. */
export interface RunningServer {
  /** Resolves if the server cannot continue. */
  readonly failed: Promise<'failed'>;
  /** Applies new settings to all requests that begin from now on. */
  apply(settings: ServerSettings): void | Promise<void>;
  /** Logs the state in one line. */
  describe(): Promise<void>;
  /** Returns the number of requests in flight; `undefined` in a primary process, whose workers log it themselves. */
  inFlight(): number | undefined;
  /** Stops accepting requests, and waits for those in flight. @returns the number of requests that were cut off */
  stop(): Promise<number>;
  /** Prepares an exit at once. */
  kill(): void;
}

/** Starts the number of processes that the settings ask for. @throws CommandError if something cannot be opened */
export function startServer(settings: ServerSettings, log: Logger): Promise<RunningServer> {
  return settings.config.workers === 1 ? startAlone(settings, log) : startWithWorkers(settings, log);
}

async function startAlone(first: ServerSettings, log: Logger): Promise<RunningServer> {
  const [{ limitHeapGrowth }, { startApp }] = await Promise.all([import('./heap-growth.ts'), import('../app.ts')]);
  limitHeapGrowth();
  const app = await startApp(first, log);
  let settings = first;
  return {
    failed: new Promise(() => {}),
    apply(next) {
      settings = next;
      app.apply(next);
    },
    describe: async () => logState(log, settings, [await app.state()]),
    inFlight: app.inFlight,
    stop: app.stop,
    kill: () => {},
  };
}

async function startWithWorkers(first: ServerSettings, log: Logger): Promise<RunningServer> {
  const [{ openDatabase }, { startWorkers }, { startAdmin }] = await Promise.all([
    import('../database/open.ts'),
    import('./workers.ts'),
    import('../admin/start.ts'),
  ]);
  // The primary process creates the database before the workers open it.
  const database = await openDatabase(first.config.database, 'server');
  for (const warning of database.warnings) log.warn(warning);
  await database.close();
  const { config } = first;
  const workers = startWorkers(config.workers, first, log);
  const admin = config.adminListen === undefined ? undefined : await startAdmin(workers, config, log);
  try {
    await admin?.listen();
  } catch (error) {
    workers.kill();
    throw error;
  }
  let settings = first;
  return {
    failed: workers.failed,
    apply(next) {
      settings = next;
      return workers.apply(next);
    },
    describe: async () => logState(log, settings, await workers.states()),
    inFlight: () => undefined,
    async stop() {
      admin?.endStreams();
      const [cut] = await Promise.all([workers.stop(), admin === undefined ? undefined : closeServer(admin.server)]);
      return cut;
    },
    kill: workers.kill,
  };
}
