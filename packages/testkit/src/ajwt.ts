/** Runs the command `ajwt`, and shells in which `ajwt` and `ajwtd` are on the PATH. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hasProgram } from './command.ts';
import { type InProcessOptions, runInProcess } from './in-process.ts';
import {
  COMMANDS,
  commandEnvironment,
  finish,
  type Outcome,
  type RunOptions,
  runCommand,
  startCommand,
} from './program.ts';

export type { InProcessOptions } from './in-process.ts';
export { finish, type Outcome, type RunOptions } from './program.ts';
export { scratch } from './scratch.ts';

/** Starts `ajwt` without the terminal of the tests. Standard input stays open. */
export function start(args: readonly string[], options: RunOptions = {}): ChildProcess {
  return startCommand('ajwt', args, { ...options, detached: true });
}

/** Runs `ajwt` to its end, in the process of the tests. */
export async function ajwt(args: readonly string[], options: InProcessOptions = {}): Promise<Outcome> {
  const { AJWT } = await import('../../lib/src/cli/program.ts');
  return runInProcess(AJWT, args, options);
}

/** Runs `ajwt` to completion in a separate process, for tests of exit codes, files and Node's environment variables. */
export function ajwtProcess(args: readonly string[], options: RunOptions = {}): Promise<Outcome> {
  return runCommand('ajwt', args, { ...options, detached: true });
}

/** Runs a shell command line in which `ajwt` and `ajwtd` are on the PATH, as after an installation. */
export function shell(line: string, options: RunOptions = {}): Promise<Outcome> {
  const env = commandEnvironment(options.env);
  env.PATH = `${commandFolder()}:${env.PATH}`;
  const child = spawn('bash', ['-c', line], { env, cwd: options.cwd, stdio: 'pipe', detached: true });
  child.stdin?.end(options.input ?? '');
  return finish(child);
}

/**
 * Starts a shell command line on a new terminal with 100 columns. Standard output and standard error are merged. No environment
 * variable forces or disables colors.
 */
export function startOnTerminal(line: string, { env, cwd }: RunOptions = {}): ChildProcess {
  const { NO_COLOR: _plain, FORCE_COLOR: _forced, COLORTERM: _shades, CI: _ci, ...rest } = commandEnvironment();
  const onPath = {
    ...rest,
    PATH: `${commandFolder()}:${rest.PATH}`,
    TERM: 'xterm-256color',
    SHELL: '/bin/bash',
    ...env,
  };
  return spawn('script', ['-qec', `stty cols 100 -onlcr; ${line}`, '/dev/null'], { env: onPath, cwd, stdio: 'pipe' });
}

let folder: string | undefined;

/** Returns a folder that contains the commands. It is deleted when the process of the tests exits. */
function commandFolder(): string {
  if (folder === undefined) {
    const made = mkdtempSync(join(tmpdir(), 'ajwt-bin-'));
    process.on('exit', () => rmSync(made, { recursive: true }));
    for (const [name, command] of Object.entries(COMMANDS)) {
      const words = command.map((word) => `'${word}'`).join(' ');
      writeFileSync(join(made, name), `#!/bin/sh\nexec ${words} "$@"\n`, { mode: 0o755 });
    }
    folder = made;
  }
  return folder;
}

/** Returns whether a test must be skipped because a program is missing. `npm run test:all` skips none. */
export function lacks(program: string, ...args: readonly string[]): boolean {
  return process.env.AJWT_TEST_ALL === undefined && !hasProgram(program, ...args);
}
