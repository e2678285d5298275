/** Three processes that claim the same nonces at the same time. */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';
import type { Address } from './databases.ts';

const PROGRAM = fileURLToPath(new URL('claimer.ts', import.meta.url));

/** Each begins elsewhere, so that each meets nonces that another has claimed, and nonces that it is the first to claim. */
export async function raceThreeProcesses(address: Address): Promise<{ claimed: number; unavailable: number }> {
  // Ahead, as the tables are made later than this, and take nothing from before.
  const time = String(Math.floor(Date.now() / 1000) + 10);
  const claimers = ['0', '700', '1400'].map((first) =>
    spawn(process.execPath, ['--conditions=source', PROGRAM, JSON.stringify(address), '2000', time, first]),
  );
  const lines = claimers.map(({ stdout }) => createInterface({ input: stdout })[Symbol.asyncIterator]());
  for (const line of lines) expect((await line.next()).value).toBe('ready');
  for (const { stdin } of claimers) stdin.write('go');
  const outcomes = await Promise.all(lines.map(async (line) => JSON.parse((await line.next()).value as string)));
  for (const claimer of claimers) claimer.kill();
  const sum = (name: string) => outcomes.reduce((total, one) => total + one[name], 0);
  expect(sum('claimed') + sum('replayed') + sum('unavailable')).toBe(6000);
  expect(outcomes.filter(({ claimed }) => claimed > 0).length, 'processes that got some').toBeGreaterThan(1);
  return { claimed: sum('claimed'), unavailable: sum('unavailable') };
}
