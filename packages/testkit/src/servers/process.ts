/** Servers that tests start: on a free port of the loopback, with a folder of their own, gone at the end. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, existsSync, mkdtempSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A user of the system that a server runs as; `undefined` = whoever runs the tests. */
export type ServerUser = { readonly uid: number; readonly gid: number } | undefined;

/** Servers refuse to be root, or are better not: the user that their package has made. */
export function serverUser(name: string): ServerUser {
  if (process.getuid?.() !== 0) return undefined;
  const [uid, gid] = ['-u', '-g'].map((what) => Number(spawnSync('id', [what, name], { encoding: 'utf8' }).stdout));
  if (!uid || !gid) throw new Error(`there is no user ${name}; the server's package makes it`);
  return { uid, gid };
}

/** A new folder that belongs to the server's user. */
export function serverFolder(name: string, user: ServerUser): string {
  const folder = mkdtempSync(join(tmpdir(), `ajwt-${name}-`));
  if (user !== undefined) chownSync(folder, user.uid, user.gid);
  return folder;
}

/** A port of the loopback that nobody uses at the moment. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** Where a program is: in one of these places, or on the path. */
export function findProgram(name: string, places: readonly string[]): string | undefined {
  const paths = [...places, ...(process.env.PATH ?? '').split(':')].map((place) => join(place, name));
  return paths.find((path) => existsSync(path));
}

/** A server that runs, and what it has printed. */
export interface Running {
  readonly child: ChildProcess;
  output(): string;
}

/** Starts a server that stays in the foreground. */
export function startServer(program: string, words: readonly string[], user: ServerUser): Running {
  const child = spawn(program, words, { ...user, cwd: '/', stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => {
      output = (output + chunk).slice(-10_000);
    });
  }
  child.on('error', (error) => {
    output += error.message;
  });
  // Also where the tests were broken off.
  process.once('exit', () => child.kill('SIGQUIT'));
  return { child, output: () => output };
}

/** Sends a signal, and waits for the end. */
export async function stopServer({ child }: Running, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const end = once(child, 'exit');
  child.kill(signal);
  // A server that was paused would not hear it.
  child.kill('SIGCONT');
  await end;
}

/** Waits until a server answers; says what it printed where it does not. */
export async function untilReady(running: Running, ask: () => Promise<unknown>, seconds = 20): Promise<void> {
  for (const end = Date.now() + seconds * 1000; ; ) {
    try {
      await ask();
      return;
    } catch (error) {
      if (running.child.exitCode !== null || Date.now() > end) throw new Error(running.output(), { cause: error });
    }
    await new Promise((resolve) => setTimeout(resolve, 30));
  }
}
