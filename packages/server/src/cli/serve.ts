/** `ajwtd serve`: runs the server until a signal stops it. */
import cluster from 'node:cluster';
import { defineCommand } from 'ajwt-cli-kit';
import type { ReloadParts } from '../operations/reload.ts';
import { checkSettings, type ServerSettings } from '../operations/settings.ts';
import { receiveSignals, type Signals } from '../operations/signals.ts';
import { SERVE_OPTIONS } from '../serve-options.ts';
import { readWords } from './with-directory.ts';

export const serve = defineCommand({
  name: 'ajwtd serve',
  usage: '[--listen HOST:PORT] [--upstream URL] [--database URL] …',
  about: [
    'Authenticates signed requests, and accepts each token only once. /.ajwt/auth answers forward-auth requests from nginx, Traefik, Caddy or Envoy. With --upstream, all other requests are authenticated and forwarded, with the username in X-Auth-User. /.ajwt/whoami returns the username of the caller.',
    'Logs to standard output: JSON, or readable lines on a terminal. SIGTERM or SIGINT stops the server after all in-flight requests have finished; a second signal stops it immediately. SIGHUP reads the configuration file again, and SIGUSR2 logs the state of the server.',
  ],
  options: SERVE_OPTIONS,
  examples: [
    'ajwtd serve',
    'ajwtd serve --upstream http://127.0.0.1:8080 --database sqlite:/var/lib/ajwtd/ajwt.db',
    'ajwtd serve --audience https://api.example.com --require aud,htm,target --trusted-proxy 127.0.0.1',
  ],
  async run(_values, invocation) {
    readWords(invocation.words, []);
    if (cluster.isWorker) return (await import('../operations/worker.ts')).runWorker();
    const settings = await checkSettings(invocation);
    const signals = receiveSignals();
    try {
      return await runServer(settings, invocation.readAgain, signals);
    } finally {
      signals.release();
    }
  },
});

/** Runs the server until a signal stops it. @returns the exit code */
async function runServer(
  settings: ServerSettings,
  readAgain: ReloadParts['readAgain'],
  signals: Signals,
): Promise<number> {
  // Wrong options are reported before these slow imports.
  const [{ createLog }, { startServer }, { reloader }] = await Promise.all([
    import('../operations/log.ts'),
    import('../operations/server.ts'),
    import('../operations/reload.ts'),
  ]);
  const log = createLog(settings.config.logLevel);
  const server = await startServer(settings, log);
  const reload = reloader({ settings, readAgain, apply: server.apply, log });
  signals.handle({ reload, describe: server.describe });

  const reason = await Promise.race([signals.end, server.failed]);
  log.info({ signal: reason, inFlight: server.inFlight() }, 'stopping');
  signals.onSecondEnd((signal) => {
    log.warn({ signal, cut: server.inFlight() }, 'a second signal ends the server at once');
    server.kill();
  });
  const cut = await server.stop();
  log.info({ signal: reason, cut }, 'stopped');
  return reason === 'failed' ? 1 : 0;
}
