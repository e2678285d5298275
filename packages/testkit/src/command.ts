/** Runs other programs, with which tests compare results. */
import { spawnSync } from 'node:child_process';

/** Returns whether a program can be started. */
export function hasProgram(name: string, ...args: readonly string[]): boolean {
  return spawnSync(name, args).error === undefined;
}

/** Runs a program to its end, and returns what it printed. */
export function runProgram(name: string, args: readonly string[], input = ''): string {
  const { status, stdout, stderr, error } = spawnSync(name, args, { input, encoding: 'utf8' });
  if (status !== 0) throw error ?? new Error(`${name} ${args.join(' ')}: ${stderr}`);
  return stdout;
}
