/** `ajwtd serve`: runs the server until a signal stops it. */
import cluster from 'node:cluster';
import { defineCommand } from 'ajwt-cli-kit';
import { readConfig } from '../config.ts';
import { SERVE_OPTIONS } from '../serve-options.ts';
import { publishedKeys } from './published-keys.ts';
import { readWords } from './with-directory.ts';

export const serve = defineCommand({
  name: 'ajwtd serve',
  usage: '[--listen HOST:PORT] [--upstream URL] [--database URL] …',
  about: [
    'Authenticates signed requests, and accepts each token only once. /.ajwt/auth answers forward-auth requests from nginx, Traefik, Caddy or Envoy. With --upstream, all other requests are authenticated and forwarded, with the username in X-Auth-User. /.ajwt/whoami returns the username of the caller.',
    'Logs to standard output: JSON, or readable lines on a terminal. SIGTERM or SIGINT stops the server after all in-flight requests; a second signal stops it immediately.',
  ],
  options: SERVE_OPTIONS,
  examples: [
    'ajwtd serve',
    'ajwtd serve --upstream http://127.0.0.1:8080 --database sqlite:/var/lib/ajwtd/ajwt.db',
    'ajwtd serve --audience https://api.example.com --require aud,htm,target --trusted-proxy 127.0.0.1',
  ],
  async run(values, { words, named }) {
    readWords(words, []);
    const config = readConfig(values, named);
    const jwks = await publishedKeys(config.serveJwks, named('serve-jwks'));
    // Wrong options are reported before the slow imports.
    const [{ createLog }, { limitHeapGrowth }, { startApp }] = await Promise.all([
      import('../operations/log.ts'),
      import('../operations/heap-growth.ts'),
      import('../app.ts'),
    ]);
    const log = createLog(config.logLevel);
    if (config.workers > 1 && cluster.isPrimary) {
      const [{ openDatabase }, { runWorkers }] = await Promise.all([
        import('../database/open.ts'),
        import('../operations/workers.ts'),
      ]);
      // The primary process creates the database before the workers open it.
      const database = await openDatabase(config.database, 'server');
      for (const warning of database.warnings) log.warn(warning);
      await database.close();
      return runWorkers(config.workers, log);
    }
    limitHeapGrowth();
    const app = await startApp(config, jwks, log);
    const asked = firstSignal();
    const worker = cluster.isWorker ? await import('../operations/workers.ts') : undefined;
    worker?.tellReady();
    const signal = await asked;
    log.info({ signal }, 'stopping');
    await app.stop();
    log.info('stopped');
    worker?.leave();
    return 0;
  },
});

/** Waits for the first signal. The second signal ends the process; the listener stays, so that no signal is missed. */
function firstSignal(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    let isFirst = true;
    for (const name of ['SIGTERM', 'SIGINT'] as const) {
      process.on(name, () => {
        if (!isFirst) process.exit(1);
        isFirst = false;
        resolve(name);
      });
    }
  });
}
