/** The programs of the demo, each in a separate process. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const path = (relative: string) => fileURLToPath(new URL(relative, import.meta.url));
/** The installed command, run from the sources. */
const AJWTD = [...process.execArgv, path('../../packages/server/src/cli/ajwtd.ts')];
const API = [...process.execArgv, path('api.ts')];

/** A running program. */
export interface Running {
  readonly url: string;
  /** Waits for the next line that it prints. */
  nextLine(): Promise<string>;
  /** Stops it and waits until it has exited. */
  stop(): Promise<void>;
}

/** Runs a command of ajwtd. @returns its output */
export async function ajwtd(words: readonly string[], folder: string): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, [...AJWTD, ...words], { cwd: folder });
  return stdout.trim();
}

/** Starts ajwtd in a folder. */
export function startAjwtd(words: readonly string[], folder: string): Promise<Running> {
  return start([...AJWTD, 'serve', ...words], folder);
}

/** Starts the API. */
export function startApi(folder: string): Promise<Running> {
  return start(API, folder);
}

async function start(words: readonly string[], cwd: string): Promise<Running> {
  const child = spawn(process.execPath, words, { cwd, stdio: ['ignore', 'pipe', 'inherit'] });
  process.once('exit', () => child.kill());
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const nextLine = async () => {
    const { value, done } = await lines.next();
    if (done) throw new Error(`${words.at(-1)} has exited`);
    return value;
  };
  for (;;) {
    const url = /listening on (http:[^"\s]+)/.exec(await nextLine())?.[1];
    if (url !== undefined) return { url, nextLine, stop: () => stop(child) };
  }
}

async function stop(child: ChildProcess): Promise<void> {
  // Ctrl-C reaches all processes of a terminal, so they stop by themselves.
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill();
  await ended;
}
