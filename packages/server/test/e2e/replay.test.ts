/** Sends one token in many simultaneous requests. Exactly one is accepted; if the server is killed meanwhile, at most one. */
import type { KeyObject } from 'node:crypto';
import { isRefusal, scratch, serve } from 'ajwt-testkit/ajwtd';
import { type Answer, Connection, exchange, request } from 'ajwt-testkit/connection';
import { databaseWith, seconds, token } from 'ajwt-testkit/directory';
import { expectAnswer } from 'ajwt-testkit/refusal';
import { beforeAll, describe, expect, test } from 'vitest';

const AUTH = '/.ajwt/auth';
const REQUESTS = 200;
const CONNECTIONS = 100;
const ROUNDS = 50;

const path = scratch();
const database = path('replay.db');
let alice: KeyObject;
beforeAll(async () => {
  alice = (await databaseWith(database, ['alice'])).get('alice') as KeyObject;
});

const withToken = (sent: string) => request(AUTH, [`Authorization: JWT ${sent}`]);
const connect = (port: number, count: number) =>
  Promise.all(Array.from({ length: count }, () => Connection.open(port)));

/** Sends the same request twice on each connection, on all connections at once. */
async function burst(connections: readonly Connection[], bytes: string): Promise<Answer[]> {
  for (const connection of connections) connection.write(bytes + bytes);
  const answers = connections.map(async (connection) => [await connection.answer(), await connection.answer()]);
  return (await Promise.all(answers)).flat();
}

describe.each(['database', 'memory'])('--nonces %s', (nonces) => {
  test(`exactly one of ${REQUESTS} identical simultaneous requests is accepted, in each of ${ROUNDS} rounds`, async () => {
    const server = await serve({ database, args: ['--nonces', nonces] });
    const connections = await connect(server.port, CONNECTIONS);
    for (let round = 0; round < ROUNDS; round++) {
      const answers = await burst(connections, withToken(token('alice', alice)));
      const outcomes = answers.map(({ status, header }) => `${status} ${header('www-authenticate')}`).sort();
      expect(outcomes).toEqual(['200 undefined', ...Array(REQUESTS - 1).fill('401 JWT realm="api", error="replayed"')]);
    }
    for (const connection of connections) connection.destroy();
    expect(await server.stop()).toEqual({ code: 0, signal: null });
    // The log has at most ten lines a second about one user and key, and counts the other refusals.
    const refused = server.log.filter(isRefusal);
    expect(new Set(refused.map(({ reason }) => reason))).toEqual(new Set(['replayed']));
    const leftOut = server.log.reduce((sum, { refusals }) => sum + Number(refusals ?? 0), 0);
    expect(refused.length + leftOut).toBe(ROUNDS * (REQUESTS - 1));
  });
});

test('a used token stays used after ajwtd is killed and restarted', async () => {
  const first = await serve({ database });
  const sent = token('alice', alice);
  expect((await exchange(first.port, withToken(sent))).status).toBe(200);
  expect(await first.kill()).toEqual({ code: null, signal: 'SIGKILL' });

  const second = await serve({ database });
  expectAnswer(await exchange(second.port, withToken(sent)), 'replayed');
  expect((await exchange(second.port, withToken(token('alice', alice)))).status).toBe(200);
  await second.kill();
});

test('if ajwtd is killed during a burst of requests with one token, it accepts the token at most once in total before and after the restart', async () => {
  let server = await serve({ database });
  for (const answersBeforeTheEnd of [1, 0, 3, 40, 150]) {
    const bytes = withToken(token('alice', alice));
    const statuses: number[] = [];
    const connections = await connect(server.port, 50);
    let enough = () => {};
    const reached = new Promise<void>((done) => {
      enough = done;
    });
    if (answersBeforeTheEnd === 0) enough();
    const answers = connections.map(async (connection) => {
      connection.write(bytes.repeat(4));
      for (let answered = 0; answered < 4; answered++) {
        statuses.push((await connection.answer()).status);
        if (statuses.length >= answersBeforeTheEnd) enough();
      }
    });
    // When ajwtd is killed, requests without a response fail because their connections are closed.
    const over = Promise.allSettled(answers);
    await reached;
    await server.kill();
    await over;

    server = await serve({ database });
    const again = await Promise.all(Array.from({ length: 20 }, () => exchange(server.port, bytes)));
    statuses.push(...again.map(({ status }) => status));
    expect(new Set(statuses).size, 'responses other than 200 and 401').toBeLessThanOrEqual(2);
    const letIn = statuses.filter((status) => status === 200).length;
    expect(letIn, `after ${answersBeforeTheEnd} responses`).toBeLessThanOrEqual(1);
    if (answersBeforeTheEnd > 0) expect(letIn).toBe(1);
    for (const answer of again.filter(({ status }) => status !== 200)) expectAnswer(answer, 'replayed');
  }
  await server.stop();
});

test('two servers that share a database accept a token only once', async () => {
  const servers = await Promise.all([serve({ database }), serve({ database })]);
  for (let round = 0; round < 20; round++) {
    const bytes = withToken(token('alice', alice));
    const answers = await Promise.all(
      Array.from({ length: 10 }, () => servers.map(({ port }) => exchange(port, bytes))).flat(),
    );
    const statuses = answers.map(({ status }) => status).sort();
    expect(statuses.filter((status) => status === 200).length, statuses.join(' ')).toBe(1);
    expect(statuses.every((status) => status === 200 || status === 401 || status === 503)).toBe(true);
  }
  for (const server of servers) await server.stop();
});

test('a token from before the database was created is refused as forgotten, and one from the next second is accepted', async () => {
  const fresh = path('fresh.db');
  const bob = (await databaseWith(fresh, ['bob'])).get('bob') as KeyObject;
  const server = await serve({ database: fresh });
  const before = token('bob', bob, { time: seconds() - 10 });
  expectAnswer(await exchange(server.port, withToken(before)), 'forgotten');
  expect((await exchange(server.port, withToken(token('bob', bob)))).status).toBe(200);
  await server.stop();
});
