/** Faults of a single process that keeps nonces in memory. */
import type { Fault, Scene } from '../fault.ts';
import { Program } from '../program.ts';
import type { StoreOptions } from '../stores.ts';
import { RECOVERY, TIMES, TOLERANCE } from '../times.ts';
import type { Users } from '../users.ts';

async function killed(users: Users, options: StoreOptions): Promise<Scene> {
  const server = await Program.service({ kind: 'memory' }, options, users);
  return {
    servers: [server],
    inject: () => server.kill(),
    heal: () => server.start(),
    end: () => server.kill(),
  };
}

export const MEMORY_FAULTS: readonly Fault[] = [
  {
    name: 'memory-killed',
    what: 'the process is killed and restarted',
    recovery: RECOVERY.process,
    lasts: 0,
    cuts: true,
    felt: 'cut',
    remainder: 'second',
    provoked: true,
    short: true,
    set: (users) => killed(users, TIMES),
  },
  {
    name: 'memory-killed-quarantine',
    what: "the process is killed and restarted with afterLoss: 'quarantine', without a remainder",
    // The store refuses all tokens for 2T + M, rounded up to a full second.
    recovery: 2 * TOLERANCE + TIMES.clockMargin + 1,
    lasts: 0,
    cuts: true,
    felt: 'unavailable',
    set: (users) => killed(users, { ...TIMES, afterLoss: 'quarantine' }),
  },
  {
    name: 'memory-paused',
    what: 'the process is paused (SIGSTOP) and continues',
    recovery: RECOVERY.process,
    lasts: 2.5,
    cuts: true,
    felt: 'late',
    async set(users) {
      const server = await Program.service({ kind: 'memory' }, TIMES, users);
      return {
        servers: [server],
        inject: async () => server.signal('SIGSTOP'),
        heal: async () => server.signal('SIGCONT'),
        end: () => server.kill(),
      };
    },
  },
];
