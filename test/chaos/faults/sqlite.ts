/** Faults of two processes that share an SQLite file. */
import { spawnSync } from 'node:child_process';
import { appendFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { Fault, Scene } from '../fault.ts';
import { Program } from '../program.ts';
import { RECOVERY, TIMES } from '../times.ts';
import type { Users } from '../users.ts';

/** Starts two services on one file in a new folder. */
async function pair(users: Users, folder = mkdtempSync(join(tmpdir(), 'ajwt-chaos-'))) {
  const file = join(folder, 'nonces.db');
  const one = await Program.service({ kind: 'sqlite', file }, TIMES, users);
  const two = await Program.service({ kind: 'sqlite', file }, TIMES, users);
  const end = async () => {
    for (const server of [one, two]) await server.kill();
    rmSync(folder, { recursive: true, force: true });
  };
  return { file, folder, servers: [one, two] as const, end };
}

const mountable = () => {
  if (process.getuid?.() !== 0) return 'only root may mount a small disk';
  const folder = mkdtempSync(join(tmpdir(), 'ajwt-mount-'));
  const { status } = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', folder]);
  if (status === 0) spawnSync('umount', [folder]);
  rmSync(folder, { recursive: true });
  return status === 0 ? undefined : 'a small disk cannot be mounted here';
};

/** Size of the disk that the fault fills, in megabytes. */
const DISK = 8;

export const SQLITE_FAULTS: readonly Fault[] = [
  {
    name: 'sqlite-killed',
    what: 'both processes are killed and restarted one after the other',
    recovery: RECOVERY.process,
    lasts: 0,
    cuts: true,
    felt: 'cut',
    short: true,
    async set(users) {
      const { servers, end } = await pair(users);
      return {
        servers,
        end,
        async inject() {
          for (const server of servers) await server.kill();
        },
        async heal() {
          for (const server of servers) await server.start();
        },
      };
    },
  },
  {
    name: 'sqlite-paused',
    what: 'one process is paused (SIGSTOP), and continues',
    recovery: RECOVERY.process,
    lasts: 2.5,
    cuts: true,
    felt: 'late',
    async set(users) {
      const { servers, end } = await pair(users);
      const hit = (round: number) => servers[round % 2] as Program;
      return {
        servers,
        end,
        inject: async (round) => hit(round).signal('SIGSTOP'),
        heal: async (round) => hit(round).signal('SIGCONT'),
      };
    },
  },
  {
    name: 'sqlite-locked',
    what: 'another process holds a write transaction',
    recovery: RECOVERY.process,
    felt: 'unavailable',
    short: true,
    async set(users) {
      const { servers, end, file } = await pair(users);
      const other = new DatabaseSync(file, { timeout: 4000 });
      return {
        servers,
        inject: async () => other.exec('BEGIN IMMEDIATE'),
        heal: async () => other.exec('COMMIT'),
        async end() {
          other.close();
          await end();
        },
      };
    },
  },
  {
    name: 'sqlite-disk-full',
    what: `the disk with the file is full (${DISK} MB)`,
    recovery: RECOVERY.process,
    felt: 'unavailable',
    missing: mountable,
    short: true,
    async set(users): Promise<Scene> {
      const folder = mkdtempSync(join(tmpdir(), 'ajwt-disk-'));
      spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${DISK}m`, 'tmpfs', folder]);
      const { servers, end } = await pair(users, folder);
      const filler = join(folder, 'filler');
      return {
        servers,
        async inject() {
          const page = Buffer.alloc(4096);
          try {
            for (;;) appendFileSync(filler, page);
          } catch (error) {
            if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
          }
        },
        heal: async () => rmSync(filler),
        async end() {
          for (const server of servers) await server.kill();
          spawnSync('umount', [folder]);
          await end();
        },
      };
    },
  },
];
