/** Faults in which clocks step: of a whole machine, of one process or of the client. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { lacksPostgres, PostgresServer } from 'ajwt-testkit/servers/postgres';
import { lacksRedis, type RedisServer, startRedis, startRedisIn } from 'ajwt-testkit/servers/redis';
import { Clock, lacksClocks } from '../clock.ts';
import type { Fault, Scene } from '../fault.ts';
import { wall } from '../load.ts';
import { Program } from '../program.ts';
import type { StoreAddress } from '../stores.ts';
import { LOOK, RECOVERY, TIMES } from '../times.ts';
import type { Users } from '../users.ts';

const MINUTE = 60;
const DECADE = 10 * 365 * 24 * 3600;
/**
 * Longest lock-out after a store has set its floor from a wrong clock, in seconds: 2T + M, up to a second for rounding, and the time until
 * the store checks its clock.
 */
const LONGEST = 2 * TIMES.tolerance + TIMES.clockMargin + 1 + LOOK;
/** Seconds after which a store has forgotten a claim. */
const FORGOTTEN = TIMES.tolerance + TIMES.clockMargin + 2;
/** Returns the clock error for a round, in seconds: alternately a minute ahead and a minute behind. */
const inTurn = (round: number) => (round % 2 === 0 ? MINUTE : -MINUTE);
const needsRedis = () => lacksClocks() ?? (lacksRedis() ? 'needs redis-server' : undefined);

/** A machine with a clock that tests can step. */
interface Machine {
  readonly clock: Clock;
  readonly servers: readonly Program[];
  readonly redis?: RedisServer;
}

type Steps = (machine: Machine) => Pick<Scene, 'inject' | 'heal' | 'sendsAgain'>;

/** Makes scenes with a store on a machine whose clock steps for all processes. */
const ON: Readonly<Record<'memory' | 'sqlite' | 'redis', (users: Users, steps: Steps) => Promise<Scene>>> = {
  async memory(users, steps) {
    const clock = new Clock();
    const servers = [await Program.service({ kind: 'memory' }, TIMES, users, clock.env)];
    return scene({ clock, servers }, steps, () => {});
  },
  async sqlite(users, steps) {
    const clock = new Clock();
    const folder = mkdtempSync(join(tmpdir(), 'ajwt-chaos-'));
    const address = { kind: 'sqlite', file: join(folder, 'nonces.db') } as const;
    const servers = await pair(address, users, clock);
    return scene({ clock, servers }, steps, () => rmSync(folder, { recursive: true }));
  },
  async redis(users, steps) {
    const clock = new Clock();
    const redis = await startRedisIn(clock.env);
    const servers = await pair({ kind: 'redis', port: redis.port }, users, clock);
    return scene({ clock, servers, redis }, steps, () => redis.stop());
  },
};

async function pair(address: StoreAddress, users: Users, clock: Clock): Promise<Program[]> {
  return [
    await Program.service(address, TIMES, users, clock.env),
    await Program.service(address, TIMES, users, clock.env),
  ];
}

function scene(machine: Machine, steps: Steps, end: () => unknown): Scene {
  const { clock, servers } = machine;
  return {
    servers,
    ...steps(machine),
    offset: () => clock.offset,
    async end() {
      for (const server of servers) await server.kill();
      await end();
      clock.remove();
    },
  };
}

/** Steps the clock by a number of seconds, and back. */
const stepping =
  (seconds: (round: number) => number, meanwhile?: (machine: Machine) => Promise<unknown>): Steps =>
  (machine) => ({
    async inject(round) {
      machine.clock.step(seconds(round));
      await meanwhile?.(machine);
    },
    heal: async () => machine.clock.step(0),
  });

const flush = ({ redis }: Machine) => redis?.cli('FLUSHALL') ?? Promise.resolve();

/** Sets the clock to the same wrong time in every round. */
const again: Steps = ({ clock }) => {
  const wrong = Math.ceil(wall()) + 3600;
  return {
    inject: async () => clock.step(wrong - Math.floor(wall())),
    heal: async () => clock.step(0),
    sendsAgain: true,
  };
};

/** Makes a scene that steps the clock of one or both processes, but not the clock of the database server. */
async function besideServer(
  address: StoreAddress,
  users: Users,
  which: 'both' | 'one',
  end: () => Promise<void>,
): Promise<Scene> {
  const clock = new Clock();
  const servers = [
    await Program.service(address, TIMES, users, clock.env),
    await Program.service(address, TIMES, users, which === 'both' ? clock.env : {}),
  ];
  const { offset: _, ...rest } = scene({ clock, servers }, stepping(inTurn), end);
  return which === 'both' ? { ...rest, offset: () => clock.offset } : rest;
}

const STEPPED = { felt: 'refused', recovery: RECOVERY.process, lasts: 2, missing: lacksClocks } as const;
const ON_REDIS = { ...STEPPED, missing: needsRedis } as const;

export const CLOCK_FAULTS: readonly Fault[] = [
  {
    ...STEPPED,
    name: 'clock-memory',
    what: 'the clock of a process with nonces in memory steps 60 s ahead or back, and is corrected',
    recovery: LONGEST,
    set: (users) => ON.memory(users, stepping(inTurn)),
  },
  {
    ...STEPPED,
    name: 'clock-sqlite',
    what: 'the clocks of two processes on one SQLite file step 60 s ahead or back, and are corrected',
    recovery: LONGEST,
    set: (users) => ON.sqlite(users, stepping(inTurn)),
  },
  {
    ...ON_REDIS,
    name: 'clock-redis',
    what: 'the clocks of Redis and both processes step 60 s ahead or back, and are corrected',
    recovery: LONGEST,
    short: true,
    set: (users) => ON.redis(users, stepping(inTurn)),
  },
  {
    ...ON_REDIS,
    name: 'clock-one-process',
    what: 'the clock of one process steps 60 s ahead or back; the clocks of Redis and the other process are right',
    async set(users) {
      const redis = await startRedis();
      return besideServer({ kind: 'redis', port: redis.port }, users, 'one', () => redis.stop());
    },
  },
  {
    ...STEPPED,
    name: 'clock-beside-postgres',
    what: 'the clocks of both processes step 60 s ahead or back; the clock of PostgreSQL is right',
    missing: () => lacksClocks() ?? (lacksPostgres ? 'needs postgresql' : undefined),
    async set(users) {
      const server = await PostgresServer.start();
      const { port, user, database } = server.connection;
      return besideServer({ kind: 'postgres', port, user, database }, users, 'both', () => server.remove());
    },
  },
  {
    ...STEPPED,
    name: 'clock-client',
    what: 'the clock of half of the clients steps 60 s ahead, 60 s back, and 10 years ahead',
    felt: 'farOff',
    async set(users) {
      const server = await Program.service({ kind: 'memory' }, TIMES, users);
      let offset = 0;
      return {
        servers: [server],
        inject: async (round) => {
          offset = [MINUTE, -MINUTE, DECADE][round % 3] as number;
        },
        heal: async () => {
          offset = 0;
        },
        offset: () => offset,
        end: () => server.kill(),
      };
    },
  },
  {
    ...STEPPED,
    name: 'clock-decade-memory',
    what: 'the clock is 10 years ahead while the process is killed and restarted, and is then corrected',
    recovery: LONGEST,
    cuts: true,
    remainder: 'second',
    set: (users) =>
      ON.memory(
        users,
        stepping(
          () => DECADE,
          async ({ servers: [server] }) => {
            await server?.kill();
            await server?.start();
          },
        ),
      ),
  },
  {
    ...STEPPED,
    name: 'clock-decade-sqlite',
    what: 'the clock is 10 years ahead until the claims made meanwhile are forgotten, and is then corrected',
    recovery: LONGEST,
    lasts: FORGOTTEN,
    set: (users) =>
      ON.sqlite(
        users,
        stepping(() => DECADE),
      ),
  },
  {
    ...ON_REDIS,
    name: 'clock-decade-redis',
    what: 'Redis is flushed while all clocks are 10 years ahead; they are then corrected',
    recovery: LONGEST,
    remainder: 'ahead',
    set: (users) =>
      ON.redis(
        users,
        stepping(() => DECADE, flush),
      ),
  },
  {
    ...ON_REDIS,
    name: 'clock-10s-redis',
    what: 'Redis is flushed while all clocks are 10 s ahead, between T + M and 3T + 2M; they are then corrected',
    recovery: LONGEST,
    remainder: 'ahead',
    set: (users) =>
      ON.redis(
        users,
        stepping(() => 10, flush),
      ),
  },
  {
    ...STEPPED,
    name: 'clock-wrong-twice',
    what: 'the clock is set to the same wrong time, an hour ahead, in every round',
    recovery: LONGEST,
    lasts: FORGOTTEN,
    remainder: 'wrongClock',
    set: (users) => ON.sqlite(users, again),
  },
];
