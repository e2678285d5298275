/** Runs programs, for tests. */
import { type SpawnOptions, spawn } from 'node:child_process';
import { dirname, resolve } from 'node:path';

/** Tests start hundreds of Node processes. With this cache, Node strips types and compiles each file only once. */
const NODE_COMPILE_CACHE = resolve(import.meta.dirname, '../../../node_modules/.cache/ajwt');

/** What a program printed, and its exit code. */
export interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Returns an environment in which the Node of the tests is first on the PATH, npm is quiet and output has no colors. */
export function environment(extra: Record<string, string> = {}): NodeJS.ProcessEnv {
  const { NODE_OPTIONS: _ofTheTestRunner, FORCE_COLOR: _forced, ...rest } = process.env;
  const path = `${dirname(process.execPath)}:${process.env.PATH}`;
  return {
    ...rest,
    PATH: path,
    NO_COLOR: '1',
    NODE_COMPILE_CACHE,
    npm_config_loglevel: 'error',
    npm_config_fund: 'false',
    npm_config_audit: 'false',
    ...extra,
  };
}

/** Runs a program to its end. */
export function run(command: string, words: readonly string[], options: SpawnOptions = {}): Promise<Finished> {
  const child = spawn(command, words, { env: environment(), ...options, stdio: ['ignore', 'pipe', 'pipe'] });
  let stdout = '';
  let stderr = '';
  child.stdout?.on('data', (chunk) => {
    stdout += chunk;
  });
  child.stderr?.on('data', (chunk) => {
    stderr += chunk;
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, stdout, stderr }));
  });
}

/** Runs a program that must succeed. @returns what it printed */
export async function mustRun(command: string, words: readonly string[], options: SpawnOptions = {}): Promise<string> {
  const { code, stdout, stderr } = await run(command, words, options);
  if (code !== 0) throw new Error(`${command} ${words.join(' ')} ended with ${code}:\n${stdout}${stderr}`);
  return stdout;
}
