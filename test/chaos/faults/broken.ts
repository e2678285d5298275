/** Faults with stores that are broken on purpose. The suite must find doubles. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startRedis } from 'ajwt-testkit/servers/redis';
import type { Fault } from '../fault.ts';
import { Program } from '../program.ts';
import { TIMES } from '../times.ts';

export const BROKEN = {
  'check-then-record': {
    name: 'check-then-record',
    what: 'a store checks first and writes later; one process is killed',
    recovery: 10,
    lasts: 0,
    cuts: true,
    felt: 'cut',
    async set(users) {
      const folder = mkdtempSync(join(tmpdir(), 'ajwt-broken-'));
      const address = { kind: 'check-then-record', file: join(folder, 'used.db') } as const;
      const [one, two] = [await Program.service(address, TIMES, users), await Program.service(address, TIMES, users)];
      return {
        servers: [one, two],
        inject: () => one.kill(),
        heal: () => one.start(),
        async end() {
          for (const server of [one, two]) await server.kill();
          rmSync(folder, { recursive: true });
        },
      };
    },
  },
  'without-epoch': {
    name: 'without-epoch',
    what: 'Redis is flushed, and the store does not notice',
    recovery: 10,
    lasts: 0,
    felt: 'forgotten',
    remainder: 'ahead',
    async set(users) {
      const redis = await startRedis();
      const address = { kind: 'without-epoch', port: redis.port } as const;
      const servers = [await Program.service(address, TIMES, users), await Program.service(address, TIMES, users)];
      return {
        servers,
        inject: async () => void (await redis.cli('FLUSHALL')),
        heal: async () => {},
        async end() {
          for (const server of servers) await server.kill();
          await redis.stop();
        },
      };
    },
  },
} as const satisfies Readonly<Record<string, Fault>>;
