/** Runs the command `ajwt`, and shells in which `ajwt` and `ajwtd` are on the PATH. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hasProgram } from './command.ts';
import {
  COMMANDS,
  commandEnvironment,
  finish,
  type Outcome,
  type RunOptions,
  runCommand,
  startCommand,
} from './program.ts';

export { finish, type Outcome, type RunOptions } from './program.ts';
export { scratch } from './scratch.ts';

/** Starts `ajwt` without the terminal of the tests. Standard input stays open. */
export function start(args: readonly string[], options: RunOptions = {}): ChildProcess {
  return startCommand('ajwt', args, { ...options, detached: true });
}

/** Runs `ajwt` to its end. */
export function ajwt(args: readonly string[], options: RunOptions = {}): Promise<Outcome> {
  return runCommand('ajwt', args, { ...options, detached: true });
}

/** Runs a line of shell in which `ajwt` and `ajwtd` are commands, as after an installation. */
export function shell(line: string, options: RunOptions = {}): Promise<Outcome> {
  const env = commandEnvironment(options.env);
  env.PATH = `${commandFolder()}:${env.PATH}`;
  const child = spawn('bash', ['-c', line], { env, cwd: options.cwd, stdio: 'pipe', detached: true });
  child.stdin?.end(options.input ?? '');
  return finish(child);
}

/**
 * Starts a line of shell on a terminal of its own, 100 columns wide; what it prints on either output comes out together. Colours
 * are up to the terminal: nothing in the environment forbids or forces them.
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

/** A folder with the commands in it; gone with the process of the tests. */
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

/** Whether a test must be left out for want of a program; never where all tests are asked for. */
export function lacks(program: string, ...args: readonly string[]): boolean {
  return process.env.AJWT_TEST_ALL === undefined && !hasProgram(program, ...args);
}
