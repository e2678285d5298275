/** Starts real servers, for tests. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { environment } from 'ajwt-testkit/run';

/** A server that runs. */
export interface RunningServer {
  /** What it said once it listened: the first group of the pattern. */
  readonly said: string;
  /** Ends it, and waits until it is gone. */
  stop(): Promise<void>;
}

/** Milliseconds after which a server that has not said that it listens is ended. */
const DEADLINE = 30_000;

/**
 * Starts a server on a port of its own choice, and waits until it says that it listens.
 *
 * @param listening - finds that in its standard output
 * @throws Error with what it printed, where it ends before
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
    ended.then(() => reject(new Error(`${command} ${words.join(' ')} ended:\n${printed}`)), reject);
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
