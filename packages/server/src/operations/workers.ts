/** Several processes that share the address, the database and the nonce store. */
import cluster from 'node:cluster';
import type { Logger } from 'pino';

/** Milliseconds before a worker that has ended is replaced: one that fails at once must not fill the log. */
const PAUSE = 1000;

/**
 * Keeps so many workers running until the end is asked for. Each runs this same command.
 *
 * @returns the exit code: 1 where the first workers do not come up
 */
export async function runWorkers(count: number, log: Logger): Promise<number> {
  let ending = false;
  let listening = 0;
  const failed = new Promise<number>((resolve) => {
    cluster.on('exit', (worker, code, signal) => {
      if (ending) return;
      // A worker that never listened has told why.
      if (listening < count) return resolve(1);
      log.error({ worker: worker.process.pid, code, signal }, 'a worker exited; starting a new one');
      setTimeout(() => ending || cluster.fork(), PAUSE);
    });
  });
  cluster.on('message', (_worker, message) => {
    if (message !== READY) return;
    listening += 1;
    if (listening === count) log.info({ workers: count }, 'all workers are listening');
  });
  for (let index = 0; index < count; index++) cluster.fork();

  const asked = new Promise<number>((resolve) => {
    for (const name of ['SIGTERM', 'SIGINT'] as const) process.on(name, () => resolve(0));
  });
  const code = await Promise.race([failed, asked]);
  ending = true;
  await Promise.all(Object.values(cluster.workers ?? {}).map((worker) => worker && endOf(worker)));
  return code;
}

async function endOf(worker: NonNullable<typeof cluster.worker>): Promise<void> {
  const ended = new Promise((resolve) => worker.once('exit', resolve));
  worker.process.kill('SIGTERM');
  await ended;
}

const READY = 'ready';

/** Tells the first process that this one takes requests. */
export function tellReady(): void {
  process.send?.(READY);
}

/** Lets go of the first process: as long as the two are connected, neither ends by itself. */
export function leave(): void {
  process.disconnect?.();
}
