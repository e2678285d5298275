/** Starts real servers for tests. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { environment } from 'ajwt-testkit/run';

/** A running server. */
export interface RunningServer {
  /** The first group of the pattern in the server's output. */
  readonly said: string;
  /** Stops the server and waits until it has exited. */
  stop(): Promise<void>;
}

/** Milliseconds after which a server that does not listen is killed. */
const DEADLINE = 30_000;

/**
 * Starts a server on a port of its choice, and waits until it prints that it is listening.
 *
 * @param listening - matches this line of its standard output
 * @throws Error with its output, if it exits before it is listening
 */
export async function startServer(
  command: string,
  words: readonly string[],
  listening: RegExp,
): Promise<RunningServer> {
  const child = spawn(command, words, { env: environment(), stdio: ['ignore', 'pipe', 'pipe'] });
  const ended = once(child, 'close');
  const deadline = setTimeout(() => child.kill(), DEADLINE);
  let printed = '';
  const said = await new Promise<string>((resolve, reject) => {
    const hear = (chunk: Buffer) => {
      printed += chunk;
      const [, found] = listening.exec(printed) ?? [];
      if (found !== undefined) resolve(found);
    };
    child.stdout.on('data', hear);
    child.stderr.on('data', hear);
    ended.then(() => reject(new Error(`${command} ${words.join(' ')} exited:\n${printed}`)), reject);
  });
  clearTimeout(deadline);
  return {
    said,
    async stop() {
      child.kill();
      await ended;
    },
  };
}
