/** Runs servers as separate processes, on a core of their own where that is possible. */
import { type ChildProcess, execFile, spawn, spawnSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import type { PrivateKey } from 'asymmetric-jwt-auth';
import { createAuthorization } from 'asymmetric-jwt-auth/client';

/** The words that start a program on the first core, if `taskset` works here. */
export const PINNED = spawnSync('taskset', ['-c', '0', 'true']).status === 0 ? ['taskset', '-c', '0'] : [];
/** The words that start a TypeScript program of this repository. */
export const SOURCE = [process.execPath, '--conditions=source'];
export const AJWTD = [...SOURCE, resolve('packages/server/src/cli/ajwtd.ts')];

export interface RunningServer {
  readonly port: number;
  readonly child: ChildProcess;
}

/**
 * Starts a program that prints `listening on http://127.0.0.1:PORT`.
 *
 * @param words - the program and its arguments
 * @param cwd - its folder
 */
export async function startProgram(
  words: readonly string[],
  cwd?: string,
  env?: NodeJS.ProcessEnv,
): Promise<RunningServer> {
  const [command = '', ...rest] = words;
  const child = spawn(command, rest, { cwd, env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'inherit'] });
  for await (const line of createInterface({ input: child.stdout })) {
    const port = /listening on http:\/\/127\.0\.0\.1:(\d+)/.exec(line)?.[1];
    if (port === undefined) continue;
    // Otherwise the pipe would fill up with the access log.
    child.stdout.resume();
    return { port: Number(port), child };
  }
  throw new Error(`${words.join(' ')} exited before it listened`);
}

/** Registers a key for each of `user0`, `user1`, … in the directory of `ajwtd` in a folder. */
export async function registerUsers(keys: readonly PrivateKey[], folder: string): Promise<void> {
  const [command = '', ...rest] = AJWTD;
  for (const [index, { publicKey }] of keys.entries()) {
    await writeFile(join(folder, 'key.pub'), publicKey.toPem());
    await promisify(execFile)(command, [...rest, 'key', 'add', `user${index}`, 'key.pub'], { cwd: folder });
  }
}

/** Makes requests of `user0`, `user1`, … in turn, each with a fresh token. */
export async function signedRequests(keys: readonly PrivateKey[], count: number, path: string): Promise<Buffer[]> {
  const requests: Buffer[] = [];
  for (let index = 0; index < count; index++) {
    const user = index % keys.length;
    const authorization = await createAuthorization({ username: `user${user}`, key: keys[user] as PrivateKey });
    requests.push(Buffer.from(`GET ${path} HTTP/1.1\r\nHost: x\r\nAuthorization: ${authorization}\r\n\r\n`));
  }
  return requests;
}
