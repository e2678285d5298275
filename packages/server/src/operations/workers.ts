/** Runs several processes that share the address, the database and the nonce store. */
import cluster from 'node:cluster';
import type { Logger } from 'pino';

/** Milliseconds before a worker that exited is replaced, so that a worker that fails at once cannot fill the log. */
const PAUSE = 1000;

/**
 * Keeps `count` workers running until SIGTERM or SIGINT. Each worker runs the same command.
 *
 * @returns the exit code: 1 if a worker exits before all workers listen
 */
export async function runWorkers(count: number, log: Logger): Promise<number> {
  let ending = false;
  let listening = 0;
  const failed = new Promise<number>((resolve) => {
    cluster.on('exit', (worker, code, signal) => {
      if (ending) return;
      // A worker that exits before it listens has logged the reason.
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

/** Tells the primary process that this worker accepts requests. */
export function tellReady(): void {
  process.send?.(READY);
}

/** Disconnects from the primary process: while the two are connected, neither exits. */
export function leave(): void {
  process.disconnect?.();
}
