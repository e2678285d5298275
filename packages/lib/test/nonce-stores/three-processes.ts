/** Lets three processes claim the same nonces at the same time, for the contract suite of nonce stores. */
import type { NonceRace, RaceOutcomes } from 'asymmetric-jwt-auth/testing';
import { expect } from 'vitest';
import type { Address } from './race/address.ts';
import { race } from './race/race.ts';

export async function raceThreeProcesses(address: Address, { time, nonces }: NonceRace): Promise<RaceOutcomes[]> {
  const { byProcess } = await race(address, { nonces, times: [1, 1, 1], users: 1, time: () => time });
  expect(
    byProcess.filter(({ claimed = 0 }) => claimed > 0).length,
    'number of processes with accepted claims',
  ).toBeGreaterThan(1);
  return [...byProcess];
}
