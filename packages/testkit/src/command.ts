/** Other programs that tests compare with. */
import { spawnSync } from 'node:child_process';

/** Whether a program can be started at all. */
export function hasProgram(name: string, ...args: readonly string[]): boolean {
  return spawnSync(name, args).error === undefined;
}

/** Runs a program to its end, and gives what it printed. */
export function runProgram(name: string, args: readonly string[], input = ''): string {
  const { status, stdout, stderr, error } = spawnSync(name, args, { input, encoding: 'utf8' });
  if (status !== 0) throw error ?? new Error(`${name} ${args.join(' ')}: ${stderr}`);
  return stdout;
}
