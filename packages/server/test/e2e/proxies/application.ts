/** The application behind the proxies: the WSGI server of Python's standard library. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { afterAll } from 'vitest';

/** A request, as read by the application. */
export interface Seen {
  /** Number of requests so far. */
  readonly serial: number;
  readonly method: string;
  /** The request-target as received. */
  readonly target: string;
  /** Bytes of the body. */
  readonly length: number;
  /** Headers by their CGI names (RFC 3875 §4.1.18). */
  readonly variables: Readonly<Record<string, string>>;
}

let child: ChildProcess | undefined;
afterAll(() => child?.kill('SIGKILL'));

/** Starts the application; it stops when the test file ends. @returns its port */
export async function startApplication(): Promise<number> {
  const started = spawn('python3', [new URL('application.py', import.meta.url).pathname], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  child = started;
  const [line] = (await once(createInterface({ input: started.stdout }), 'line')) as [string];
  return Number(line);
}
