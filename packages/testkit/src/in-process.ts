/** Runs the commands in the process of the tests, which takes a few milliseconds. A new process takes a third of a second. */
import { PassThrough, Writable } from 'node:stream';
import { type Program, runProgram } from 'ajwt-cli-kit/program';
import { commandEnvironment, type Outcome, type RunOptions } from './program.ts';

/** Options of a run in the process of the tests. Such a run cannot have another working directory or user. */
export interface InProcessOptions extends Pick<RunOptions, 'env' | 'input'> {
  readonly cwd?: never;
  readonly uid?: never;
  readonly detached?: never;
}

/** Runs a program to its end with its own streams and environment. There is no terminal. */
export async function runInProcess(
  program: Program,
  args: readonly string[],
  { env, input = '' }: InProcessOptions = {},
): Promise<Outcome> {
  const stdin = new PassThrough().end(input);
  const [stdout, stderr] = [new Collector(), new Collector()];
  const streams = { stdin, stdout, stderr, env: commandEnvironment(env), ask: async () => undefined };
  const code = await runProgram(program, args, streams);
  return { code, stdout: stdout.bytes().toString(), stderr: stderr.bytes().toString(), bytes: stdout.bytes() };
}

/** Collects what is written. */
class Collector extends Writable {
  readonly #chunks: Buffer[] = [];

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.#chunks.push(chunk);
    done();
  }

  bytes(): Buffer {
    return Buffer.concat(this.#chunks);
  }
}
