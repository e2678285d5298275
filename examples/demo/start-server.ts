/** The example server, in a process of its own. */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { KeyFiles } from './keys.ts';

/** A running server. */
export interface RunningServer {
  readonly url: string;
  /** The next line of its log. */
  nextLine(): Promise<string>;
  stop(): void;
}

/** Starts the server with the public keys of these users. */
export async function startServer(users: readonly KeyFiles[]): Promise<RunningServer> {
  const program = fileURLToPath(new URL('server.ts', import.meta.url));
  const registered = users.map(({ username, publicFile }) => `${username}=${publicFile}`);
  const child = spawn(process.execPath, [...process.execArgv, program, ...registered], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const nextLine = async () => {
    const { value, done } = await lines.next();
    if (done) throw new Error('the server has ended');
    return value;
  };
  const first = await nextLine();
  return { url: first.replace('listening on ', ''), nextLine, stop: () => child.kill() };
}
