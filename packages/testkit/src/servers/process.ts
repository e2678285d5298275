/** Starts servers for tests. Each has a free port of 127.0.0.1 and its own folder, and ends with the tests. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, existsSync, mkdtempSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** The system user that a server runs as; `undefined` for the user who runs the tests. */
export type ServerUser = { readonly uid: number; readonly gid: number } | undefined;

/** Returns the user that the server's package has created, if root runs the tests. Servers should not run as root, and some refuse to. */
export function serverUser(name: string): ServerUser {
  if (process.getuid?.() !== 0) return undefined;
  const [uid, gid] = ['-u', '-g'].map((what) => Number(spawnSync('id', [what, name], { encoding: 'utf8' }).stdout));
  if (!uid || !gid) throw new Error(`there is no user ${name}; the server's package creates this user`);
  return { uid, gid };
}

/** Makes a folder that belongs to the server's user. */
export function serverFolder(name: string, user: ServerUser): string {
  const folder = mkdtempSync(join(tmpdir(), `ajwt-${name}-`));
  if (user !== undefined) chownSync(folder, user.uid, user.gid);
  return folder;
}

/** Returns a free port of 127.0.0.1. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** Finds a program in one of these folders or on the PATH, and returns its path. */
export function findProgram(name: string, places: readonly string[]): string | undefined {
  const paths = [...places, ...(process.env.PATH ?? '').split(':')].map((place) => join(place, name));
  return paths.find((path) => existsSync(path));
}

/** A running server, and what it has printed. */
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
  // Ends the server even if the tests are aborted.
  process.once('exit', () => child.kill('SIGQUIT'));
  return { child, output: () => output };
}

/** Sends a signal, and waits until the process ends. */
export async function stopServer({ child }: Running, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const end = once(child, 'exit');
  child.kill(signal);
  // A paused server would not react to the signal.
  child.kill('SIGCONT');
  await end;
}

/** Waits until a server responds. @throws Error with what the server printed, if it does not respond */
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
