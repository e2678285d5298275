/** Runs the real program `ajwt` as a child process. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll } from 'vitest';
import { hasProgram } from './command.ts';
import { environment } from './run.ts';

const PROGRAM = ['--conditions=source', resolve('packages/lib/src/cli/ajwt.ts')];
const SERVER_PROGRAM = ['--conditions=source', resolve('packages/server/src/cli/ajwtd.ts')];
/** Hundreds of starts: types are stripped once. */
const NODE_COMPILE_CACHE = resolve('node_modules/.cache/ajwt');

/** How to run it. */
export interface RunOptions {
  readonly env?: Record<string, string>;
  readonly input?: string | Uint8Array;
  readonly cwd?: string;
}

/** What it left behind. */
export interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** Standard output, byte for byte. */
  readonly bytes: Buffer;
}

/** The environment of the program: no key, no agent and no username of whoever runs the tests. */
function cleanEnvironment(extra: Record<string, string> = {}): NodeJS.ProcessEnv {
  const {
    SSH_AUTH_SOCK: _agent,
    AJWT_USER: _user,
    AJWT_KEY: _key,
    AJWT_PASSPHRASE: _passphrase,
    ...rest
  } = environment(extra);
  return { ...rest, NODE_COMPILE_CACHE, ...extra };
}

/** Starts `ajwt`, away from the terminal of whoever runs the tests: it would ask there. Standard input stays open. */
export function start(args: readonly string[], { env, cwd }: RunOptions = {}): ChildProcess {
  const command = [...PROGRAM, ...args];
  return spawn(process.execPath, command, { env: cleanEnvironment(env), cwd, stdio: 'pipe', detached: true });
}

/** Waits for the end of a program, and collects what it prints. */
export function finish(child: ChildProcess): Promise<Outcome> {
  const out: Buffer[] = [];
  const err: Buffer[] = [];
  child.stdout?.on('data', (chunk) => out.push(chunk));
  child.stderr?.on('data', (chunk) => err.push(chunk));
  return new Promise((done, reject) => {
    child.on('error', reject);
    child.on('close', (code) => {
      const bytes = Buffer.concat(out);
      done({ code, stdout: bytes.toString(), stderr: Buffer.concat(err).toString(), bytes });
    });
  });
}

/** Runs `ajwt` to its end. */
export function ajwt(args: readonly string[], options: RunOptions = {}): Promise<Outcome> {
  const child = start(args, options);
  // It may end before it has read everything.
  child.stdin?.on('error', () => {});
  child.stdin?.end(options.input ?? '');
  return finish(child);
}

/** Runs a line of shell in which `ajwt` and `ajwtd` are commands, as after an installation. */
export function shell(line: string, options: RunOptions = {}): Promise<Outcome> {
  const env = cleanEnvironment(options.env);
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
  const { NO_COLOR: _plain, FORCE_COLOR: _forced, COLORTERM: _shades, CI: _ci, ...rest } = cleanEnvironment();
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
    for (const [name, program] of [
      ['ajwt', PROGRAM],
      ['ajwtd', SERVER_PROGRAM],
    ] as const) {
      const words = [process.execPath, ...program].map((word) => `'${word}'`).join(' ');
      writeFileSync(join(made, name), `#!/bin/sh\nexec ${words} "$@"\n`, { mode: 0o755 });
    }
    folder = made;
  }
  return folder;
}

/** A folder for the files of one test file; gone with it. */
export function scratch(): (name: string) => string {
  const folder = mkdtempSync(join(tmpdir(), 'ajwt-cli-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  return (name) => join(folder, name);
}

/** Whether a test must be left out for want of a program; never where all tests are asked for. */
export function lacks(program: string, ...args: readonly string[]): boolean {
  return process.env.AJWT_TEST_ALL === undefined && !hasProgram(program, ...args);
}
