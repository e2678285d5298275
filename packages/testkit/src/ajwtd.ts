/** Runs `ajwtd`, and starts `ajwtd serve`. */
import { createInterface } from 'node:readline';
import { afterFile } from './after-file.ts';
import { type InProcessOptions, runInProcess } from './in-process.ts';
import { type Outcome, type RunOptions, runCommand, startCommand } from './program.ts';

export { ajwt } from './ajwt.ts';
export type { InProcessOptions } from './in-process.ts';
export type { RunOptions } from './program.ts';
export { scratch } from './scratch.ts';

/** One line of the server's log. */
export interface LogLine {
  readonly level: string;
  /** ISO 8601. */
  readonly time: string;
  readonly msg: string;
  readonly [member: string]: unknown;
}

/** Returns whether a line of the access log is about a refused request. */
export function isRefusal({ request_id, reason }: LogLine): boolean {
  return request_id !== undefined && reason !== 'accepted';
}

/** Options of a server. */
export interface ServeOptions {
  /** Path of an SQLite file, or URL of a database. */
  readonly database: string;
  /** More options of `ajwtd serve`. */
  readonly args?: readonly string[];
  readonly env?: Record<string, string>;
}

/** How a process ended. */
interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A running `ajwtd serve`. */
export interface Ajwtd {
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  /** The log lines so far. */
  readonly log: readonly LogLine[];
  /** Waits for the first matching line at or after index `from`. */
  logged(fits: (line: LogLine) => boolean, from?: number): Promise<LogLine>;
  signal(name: NodeJS.Signals): void;
  readonly ended: Promise<Ended>;
  /** Sends SIGTERM, and waits until the process ends. */
  stop(): Promise<Ended>;
  /** Sends SIGKILL, and waits until the process ends. */
  kill(): Promise<Ended>;
}

/** Runs `ajwtd` to its end. Uses the process of the tests, unless they test another version of Node (vitest.config.ts). */
export async function ajwtd(args: readonly string[], options: InProcessOptions = {}): Promise<Outcome> {
  if (process.env.AJWT_TEST_NODE !== undefined) return ajwtdProcess(args, options);
  const { AJWTD } = await import('../../server/src/cli/program.ts');
  return runInProcess(AJWTD, args, options);
}

/** Runs `ajwtd` to its end in its own process. */
export function ajwtdProcess(args: readonly string[], options: RunOptions = {}): Promise<Outcome> {
  return runCommand('ajwtd', args, options);
}

/** Starts `ajwtd serve` on a free port of 127.0.0.1, and waits until it listens. It is killed after the tests of the file. */
export async function serve({ database, args = [], env = {} }: ServeOptions): Promise<Ajwtd> {
  const url = database.includes('://') ? database : `sqlite:${database}`;
  const words = ['--database', url, '--listen', '127.0.0.1:0', '--admin-listen', 'off', ...args];
  const child = startCommand('ajwtd', ['serve', ...words], { env });
  afterFile(() => child.kill('SIGKILL'));
  const log: LogLine[] = [];
  const waiting = new Set<() => void>();
  let stderr = '';
  child.stdin?.end();
  child.stderr?.on('data', (chunk) => {
    stderr += chunk;
  });
  if (child.stdout === null) throw new Error('the program has no standard output');
  createInterface({ input: child.stdout }).on('line', (line) => {
    log.push(JSON.parse(line) as LogLine);
    for (const look of waiting) look();
  });
  let isOver = false;
  const ended = new Promise<Ended>((done) => {
    child.on('close', (code, signal) => {
      isOver = true;
      done({ code, signal });
      for (const look of waiting) look();
    });
  });

  function logged(fits: (line: LogLine) => boolean, from = 0): Promise<LogLine> {
    return new Promise((found, missing) => {
      let next = from;
      const look = () => {
        for (; next < log.length; next++) {
          if (!fits(log[next] as LogLine)) continue;
          waiting.delete(look);
          return found(log[next] as LogLine);
        }
        if (!isOver) return;
        waiting.delete(look);
        missing(new Error(`ajwtd ended without a matching log line: ${stderr}`));
      };
      waiting.add(look);
      look();
    });
  }
  function end(signal: NodeJS.Signals): Promise<Ended> {
    child.kill(signal);
    return ended;
  }

  const { msg } = await logged((line) => line.msg.startsWith('listening on '));
  const origin = msg.slice('listening on '.length);
  return {
    url: origin,
    port: Number(new URL(origin).port),
    pid: child.pid as number,
    log,
    logged,
    signal: (name) => child.kill(name),
    ended,
    stop: () => end('SIGTERM'),
    kill: () => end('SIGKILL'),
  };
}
