/** Three processes that claim the same nonces at the same time. */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { NonceRace, RaceOutcomes } from 'asymmetric-jwt-auth/testing';
import { expect } from 'vitest';
import type { Address } from './databases.ts';

const PROGRAM = fileURLToPath(new URL('claimer.ts', import.meta.url));

/** Each begins elsewhere, so that each meets nonces that another has claimed, and nonces that it is the first to claim. */
export async function raceThreeProcesses(address: Address, { time, nonces }: NonceRace): Promise<RaceOutcomes[]> {
  const claimers = [0, 1, 2].map((third) => {
    const words = [JSON.stringify(address), nonces, time, Math.floor((third * nonces) / 3)].map(String);
    return spawn(process.execPath, ['--conditions=source', PROGRAM, ...words]);
  });
  const lines = claimers.map(({ stdout }) => createInterface({ input: stdout })[Symbol.asyncIterator]());
  for (const line of lines) expect((await line.next()).value).toBe('ready');
  for (const { stdin } of claimers) stdin.write('go');
  const outcomes = await Promise.all(lines.map(async (line) => JSON.parse((await line.next()).value as string)));
  for (const claimer of claimers) claimer.kill();
  expect(outcomes.filter(({ claimed }) => claimed > 0).length, 'processes that got some').toBeGreaterThan(1);
  return outcomes;
}
