/** Runs several ajwtd processes that share used nonces: workers on one database, and servers on one Redis. */
import type { KeyObject } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { type Ajwtd, ajwtd, scratch, serve } from 'ajwt-testkit/ajwtd';
import { Connection, exchange, request } from 'ajwt-testkit/connection';
import { databaseWith, token } from 'ajwt-testkit/directory';
import { lacksRedis, type RedisServer, startRedis, startRedisCluster } from 'ajwt-testkit/servers/redis';
import { beforeAll, describe, expect, test } from 'vitest';

const AUTH = '/.ajwt/auth';
const ROUNDS = 20;
const path = scratch();
const database = path('shared.db');
let alice: KeyObject;
beforeAll(async () => {
  alice = (await databaseWith(database, ['alice'])).get('alice') as KeyObject;
});

const withToken = (sent: string) => request(AUTH, [`Authorization: JWT ${sent}`]);

/** Sends one token to all servers at once, over many connections. @returns how many requests were accepted */
async function race(servers: readonly Ajwtd[], sent: string): Promise<number> {
  const ports = Array.from({ length: 60 }, (_, index) => (servers[index % servers.length] as Ajwtd).port);
  const connections = await Promise.all(ports.map((port) => Connection.open(port)));
  for (const connection of connections) connection.write(withToken(sent));
  const answers = await Promise.all(connections.map((connection) => connection.answer()));
  for (const connection of connections) connection.destroy();
  const refused = answers.filter(({ status }) => status !== 200);
  for (const { status, header } of refused) {
    // On a busy machine, a claim may time out, and its outcome is then unknown.
    if (status !== 503)
      expect([status, header('www-authenticate')]).toEqual([401, 'JWT realm="api", error="replayed"']);
  }
  return answers.length - refused.length;
}

/** Expects that no token is accepted twice, and that most are accepted once. */
async function raceAgain(servers: readonly Ajwtd[]): Promise<void> {
  const accepted = [];
  for (let round = 0; round < ROUNDS; round++) accepted.push(await race(servers, token('alice', alice)));
  expect(Math.max(...accepted)).toBe(1);
  expect(accepted.filter((times) => times === 1).length).toBeGreaterThan(ROUNDS / 2);
}

/** Waits until a fresh token is accepted: a new store refuses older tokens. */
async function serves({ port }: Ajwtd): Promise<void> {
  await expect.poll(async () => (await exchange(port, withToken(token('alice', alice)))).status).toBe(200);
}

describe('three workers on one SQLite database', () => {
  test('accept only one of many identical requests; a killed worker is replaced, and SIGTERM stops all workers', async () => {
    const server = await serve({ database, args: ['--workers', '3'] });
    await server.logged(({ msg }) => msg === 'all workers are listening');
    await raceAgain([server]);
    const workers = readFileSync(`/proc/${server.pid}/task/${server.pid}/children`, 'utf8')
      .trim()
      .split(' ')
      .map(Number);
    expect(workers).toHaveLength(3);
    const used = token('alice', alice);
    expect((await exchange(server.port, withToken(used))).status).toBe(200);
    const lines = server.log.length;
    process.kill(workers[0] as number, 'SIGKILL');
    await server.logged(({ msg }) => msg === 'a worker exited; starting a new one', lines);
    await server.logged(({ msg }) => msg.startsWith('listening on '), lines);
    await serves(server);
    expect((await exchange(server.port, withToken(used))).status).toBe(401);
    expect(await server.stop()).toEqual({ code: 0, signal: null });
    for (const worker of workers) expect(() => process.kill(worker, 0)).toThrow();
  });
});

describe.skipIf(lacksRedis())('two servers on one Redis (needs redis-server)', () => {
  async function startBoth(nonces: string, other: string): Promise<Ajwtd[]> {
    const servers = await Promise.all([
      serve({ database, args: ['--nonces', nonces] }),
      serve({ database: other, args: ['--nonces', nonces] }),
    ]);
    for (const server of servers) await serves(server);
    return servers;
  }
  const url = ({ port }: RedisServer) => `redis://127.0.0.1:${port}`;

  test('accept each token once, and accept no old token after Redis has lost its data', async () => {
    const redis = await startRedis();
    const servers = await startBoth(url(redis), database);
    await raceAgain(servers);
    const used = token('alice', alice);
    expect((await exchange(servers[0]?.port as number, withToken(used))).status).toBe(200);
    await redis.cli('FLUSHALL');
    for (const { port } of servers) expect((await exchange(port, withToken(used))).status).toBe(401);
    for (const server of servers) await serves(server);
    for (const server of servers) await server.stop();
    await redis.stop();
  });

  test('do not start without Redis, and print one line with the reason', async () => {
    const args = ['serve', '--database', `sqlite:${database}`, '--listen', '127.0.0.1:0', '--admin-listen', 'off'];
    const { code, stderr } = await ajwtd([...args, '--nonces', 'redis://:secret@127.0.0.1:1']);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^ajwtd: cannot open the nonce store: Redis [^\n]*\n$/);
  });

  test('respond with 503 within their deadline while Redis hangs or is down, and accept requests soon after it is back', async () => {
    const redis = await startRedis();
    const [server, other] = (await startBoth(url(redis), database)) as [Ajwtd, Ajwtd];
    redis.freeze();
    const hanging = token('alice', alice);
    const answer = await exchange(server.port, withToken(hanging));
    expect([answer.status, answer.header('retry-after')]).toEqual([503, '1']);
    redis.thaw();
    await serves(server);
    // The outcome of the late claim is unknown, so the token must not be accepted.
    expect((await exchange(other.port, withToken(hanging))).status).toBe(401);
    await redis.kill('SIGKILL');
    expect((await exchange(server.port, withToken(token('alice', alice)))).status).toBe(503);
    await redis.start();
    await serves(server);
    for (const one of [server, other]) await one.stop();
    await redis.stop();
  });

  test('accept each token once on a Redis cluster', async () => {
    const { nodes, stop } = await startRedisCluster();
    const hosts = nodes.map(({ port }) => `127.0.0.1:${port}`).join(',');
    const servers = await startBoth(`redis+cluster://${hosts}`, database);
    await raceAgain(servers);
    for (const server of servers) await server.stop();
    await stop();
  });
});
