/** Runs several processes that share the address, the database and the nonce store. */
import cluster, { type Worker } from 'node:cluster';
import type { Readiness } from 'asymmetric-jwt-auth';
import type { Logger } from 'pino';
import { VARIABLES } from '../cli/variables.ts';
import type { DecisionFeed } from '../gateway/decision-feed.ts';
import type { ProbeSource } from '../gateway/probes.ts';
import type { Snapshot } from '../metrics/exposition.ts';
import { workerSnapshots } from '../metrics/of-workers.ts';
import { makeFollowers } from './followers.ts';
import type { Question, Questions, ToPrimary, ToWorker } from './messages.ts';
import { type ServerSettings, toSend } from './settings.ts';
import type { ProcessState } from './state.ts';

/** Milliseconds before a worker that exited is replaced, so that a worker that fails at once cannot fill the log. */
const PAUSE = 1000;
/** Milliseconds to wait for the answers of workers. */
const PATIENCE = 10_000;
/** Milliseconds to wait for the answers of workers to a probe or to Prometheus. */
const PROBE_PATIENCE = 950;
/** Milliseconds after which a worker that does not stop is killed. Its requests in flight have 10 s. */
const MAX_STOP = 20_000;

/** The workers of a primary process. */
export interface Workers {
  /** Resolves if a worker exits before all workers listen. */
  readonly failed: Promise<'failed'>;
  /** Applies new settings in all workers, and in workers that start later. Resolves after the workers have confirmed it. */
  apply(settings: ServerSettings): Promise<void>;
  /** Returns the states of the workers that answer. */
  states(): Promise<readonly ProcessState[]>;
  /** Returns whether all workers can decide signed requests now. */
  readiness(): Promise<Readiness>;
  /** Returns the metrics of all workers, added up with those that have exited. */
  snapshots(): Promise<readonly Snapshot[]>;
  /** Follows the decisions of all workers. */
  readonly follow: DecisionFeed['follow'];
  /** The probes of all workers. */
  readonly probes: ProbeSource;
  /** Lets all workers finish their requests. @returns the number of requests that were cut off */
  stop(): Promise<number>;
  /** Ends all workers at once. */
  kill(): void;
}

/** Starts workers, and replaces those that exit. */
export function startWorkers(count: number, first: ServerSettings, log: Logger): Workers {
  let settings = toSend(first);
  let isEnding = false;
  let listening = 0;
  /** The ids of the workers that accept requests. Another one may still be starting. */
  const accepting = new Set<number>();
  // Workers get their settings from this process: the file may have changed or become invalid before a worker is replaced.
  cluster.setupPrimary({ args: ['serve'] });
  const variables = Object.fromEntries(VARIABLES.known.map((name) => [name, undefined]));
  const fork = () => cluster.fork(variables);

  const failed = new Promise<'failed'>((resolve) => {
    cluster.on('exit', (worker, code, signal) => {
      accepting.delete(worker.id);
      if (isEnding) return;
      // A worker that exits before it listens has logged the reason.
      if (listening < count) return resolve('failed');
      log.error({ worker: worker.process.pid, code, signal }, 'a worker exited; starting a new one');
      setTimeout(() => isEnding || fork(), PAUSE);
    });
  });
  const serving = () => living().filter(({ id }) => accepting.has(id));
  const followers = makeFollowers({
    follow: (follower, query, workers) => void askAll('follow', { follower, query }, PATIENCE, workers ?? serving()),
    unfollow: (follower) => void askAll('unfollow', { follower }, PATIENCE),
  });
  cluster.on('message', (worker, message: ToPrimary) => {
    if (message.kind === 'hello') send(worker, { kind: 'settings', settings });
    if (message.kind === 'decisions') followers.received(message.follower, message.batch);
    if (message.kind !== 'ready') return;
    listening += 1;
    accepting.add(worker.id);
    followers.started(worker);
    if (listening === count) log.info({ workers: count }, 'all workers are listening');
  });
  for (let index = 0; index < count; index++) fork();

  return {
    failed,
    follow: followers.follow,
    async apply(next) {
      settings = toSend(next);
      const { silent } = await askAll('apply', settings, PATIENCE);
      if (silent > 0) log.warn({ workers: silent }, 'workers have not confirmed the new configuration');
    },
    states: async () => (await askAll('state', null, PATIENCE)).answers,
    readiness: async () =>
      listening < count ? NOT_YET : readinessOf(await askAll('state', null, PROBE_PATIENCE, serving())),
    snapshots: workerSnapshots(
      () => askAll('metrics', null, PROBE_PATIENCE, serving()),
      () => living().flatMap(({ process: { pid } }) => pid ?? []),
    ),
    probes: {
      add: (id) => askAll('addProbe', id, PROBE_PATIENCE, serving()),
      find: async (id) => (await askAll('findProbe', id, PROBE_PATIENCE, serving())).answers.flat(),
    },
    async stop() {
      isEnding = true;
      const exits = living().map((worker) => new Promise((resolve) => worker.once('exit', resolve)));
      const limit = setTimeout(killAll, MAX_STOP);
      const { answers } = await askAll('stop', null);
      await Promise.all(exits);
      clearTimeout(limit);
      return answers.reduce((sum, cut) => sum + cut, 0);
    },
    kill: killAll,
  };
}

const NOT_YET: Readiness = { ready: false, reason: 'the workers are starting' };

/** A worker that does not answer still gets its share of the connections, so the server is then not ready. */
function readinessOf({ answers, silent }: { answers: readonly ProcessState[]; silent: number }): Readiness {
  if (silent > 0) return { ready: false, reason: `${silent} of ${silent + answers.length} workers do not respond` };
  const states = answers.map(({ readiness }) => readiness);
  return states.find(({ ready }) => !ready) ?? states[0] ?? { ready: false, reason: 'no worker is running' };
}

function living(): readonly Worker[] {
  return Object.values(cluster.workers ?? {}).filter((worker) => worker !== undefined);
}

function killAll(): void {
  for (const worker of living()) worker.process.kill('SIGKILL');
}

function send(worker: Worker, message: ToWorker): void {
  // A worker that has just exited gets no message.
  if (worker.isConnected()) worker.send(message, undefined, () => {});
}

let lastId = 0;

/**
 * Asks workers.
 *
 * @param patience - maximum milliseconds to wait; default: until each worker has answered or exited
 * @param workers - default: all
 * @returns the answers, and the number of workers that did not answer in time; those that exit do not count
 */
async function askAll<Name extends Question>(
  kind: Name,
  given: Questions[Name]['given'],
  patience?: number,
  workers: readonly Worker[] = living(),
): Promise<{ answers: readonly Questions[Name]['answer'][]; silent: number }> {
  const answers: Questions[Name]['answer'][] = [];
  let waiting = 0;
  await Promise.all(
    workers.map(async (worker) => {
      waiting += 1;
      const answer = await ask(worker, kind, given, patience);
      if (answer === 'late') return;
      waiting -= 1;
      if (answer !== 'exited') answers.push(answer);
    }),
  );
  return { answers, silent: waiting };
}

function ask<Name extends Question>(
  worker: Worker,
  kind: Name,
  given: Questions[Name]['given'],
  patience: number | undefined,
): Promise<Questions[Name]['answer'] | 'exited' | 'late'> {
  const id = ++lastId;
  return new Promise((resolve) => {
    const timer = patience === undefined ? undefined : setTimeout(() => done('late'), patience);
    const exited = () => done('exited');
    const answered = (message: ToPrimary) => {
      if (message.kind === 'answer' && message.id === id) done(message.answer as Questions[Name]['answer']);
    };
    function done(outcome: Questions[Name]['answer'] | 'exited' | 'late'): void {
      clearTimeout(timer);
      worker.off('message', answered);
      worker.off('exit', exited);
      resolve(outcome);
    }
    worker.on('message', answered);
    worker.on('exit', exited);
    send(worker, { kind, id, given } as ToWorker);
  });
}
