/** Runs a program as a process. */
import { Io } from './io.ts';
import { type Program, report, runProgram } from './program.ts';

/** Runs the program with the arguments and streams of this process, and sets the exit code. */
export function main(program: Program): void {
  const { stdout, stderr, env } = process;
  const io = new Io(program.name, {
    get stdin() {
      return process.stdin;
    },
    stdout,
    stderr,
    env,
    ask: async (question) => (await import('./ask.ts')).askHidden(question),
  });
  stdout.on('error', ({ code }: NodeJS.ErrnoException) => {
    // The reader closed the pipe, as `head -1` does in `ajwt … | head -1`. This is not a failure.
    if (code === 'EPIPE') process.exit(0);
    io.complain(`cannot write to standard output: ${code ?? 'unknown error'}`);
    process.exit(1);
  });
  stderr.on('error', () => {});
  process.on('uncaughtException', (error) => process.exit(report(error, io)));
  // This is the exit code if the process ends before the command does.
  process.exitCode = 1;
  runProgram(program, process.argv.slice(2), io).then((code) => {
    process.exitCode = code;
  });
}
