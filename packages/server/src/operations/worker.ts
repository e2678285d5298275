/** Runs one of several processes of a server. */
import { startApp } from '../app.ts';
import { limitHeapGrowth } from './heap-growth.ts';
import { createLog } from './log.ts';
import { connectToPrimary } from './primary.ts';
import { fromSent } from './settings.ts';
import { receiveSignals } from './signals.ts';
import { logState } from './state.ts';

/** Runs a worker, with the settings that the primary process sends. @returns the exit code */
export async function runWorker(): Promise<number> {
  const signals = receiveSignals();
  const primary = connectToPrimary();
  let settings = fromSent(await primary.settings);
  const log = createLog(settings.config.logLevel);
  limitHeapGrowth();
  const app = await startApp(settings, log);

  /** Functions that end the followers, by number. */
  const followers = new Map<number, () => void>();
  const stopped = Promise.withResolvers<number>();
  const asked = new Promise<'primary'>((resolve) => {
    primary.answer({
      apply(sent) {
        settings = fromSent(sent);
        app.apply(settings);
        log.level = settings.config.logLevel;
        return null;
      },
      state: app.state,
      metrics: async () => ({ pid: process.pid, snapshot: await app.snapshot() }),
      follow({ follower, query }) {
        followers.get(follower)?.();
        followers.set(
          follower,
          app.follow(query, (batch) => primary.sendDecisions(follower, batch)),
        );
        return null;
      },
      unfollow({ follower }) {
        followers.get(follower)?.();
        followers.delete(follower);
        return null;
      },
      addProbe(id) {
        app.probes.add(id);
        return null;
      },
      findProbe: (id) => app.probes.find(id),
      stop() {
        resolve('primary');
        return stopped.promise;
      },
    });
  });
  signals.handle({
    // A signal for the whole process group reaches workers too; the primary process reloads for all of them.
    reload: async () => {},
    describe: async () => logState(log, settings, [await app.state()]),
  });
  primary.tellReady();

  const by = await Promise.race([signals.end, asked]);
  log.info({ signal: by, inFlight: app.inFlight() }, 'stopping');
  const cut = await app.stop();
  log.info({ signal: by, cut }, 'stopped');
  stopped.resolve(cut);
  await primary.leave();
  return 0;
}
