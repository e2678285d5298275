import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { expect, test } from 'vitest';
import { makeTurns } from '../../src/gateway/turns.ts';

/** Records the steps of several callers: each waits for its turn, and then takes two steps. */
function told(count: number, most: number): Promise<string[]> {
  const { othersAreRead } = makeTurns(most);
  const said: string[] = [];
  const calls = Array.from({ length: count }, async (_, caller) => {
    said.push(`read ${caller}`);
    await othersAreRead();
    said.push(`decided ${caller}`);
    await undefined;
    said.push(`answered ${caller}`);
  });
  return Promise.all(calls).then(() => said);
}

test('all requests of a turn are read in order, then decided, then answered', async () => {
  expect(await told(3, 64)).toEqual([
    ...['read 0', 'read 1', 'read 2'],
    ...['decided 0', 'decided 1', 'decided 2'],
    ...['answered 0', 'answered 1', 'answered 2'],
  ]);
});

test('a turn decides at most the maximum number of requests', async () => {
  expect((await told(5, 2)).slice(5)).toEqual([
    ...['decided 0', 'decided 1', 'answered 0', 'answered 1'],
    ...['decided 2', 'decided 3', 'answered 2', 'answered 3'],
    ...['decided 4', 'answered 4'],
  ]);
});

test('addresses alternate, so a flood from one address delays each other address by only one request', async () => {
  const { othersAreRead } = makeTurns(2);
  const decided: string[] = [];
  const wait = async (address: string) => {
    await othersAreRead(address);
    decided.push(address);
  };
  await Promise.all([...Array.from({ length: 10 }, () => wait('flood')), wait('honest'), wait('other')]);
  expect(decided.slice(0, 4)).toEqual(['flood', 'honest', 'other', 'flood']);
});

test('a turn that accepts a connection decides fewer requests than the next one', async () => {
  const { othersAreRead, accepted } = makeTurns(8, 2);
  let turn = 0;
  const count = () => {
    turn += 1;
    immediate = setImmediate(count);
  };
  const decided: number[] = [];
  accepted();
  const calls = Array.from({ length: 10 }, () => othersAreRead().then(() => decided.push(turn)));
  let immediate = setImmediate(count);
  await Promise.all(calls);
  clearImmediate(immediate);
  expect(decided).toEqual([0, 0, ...Array(8).fill(1)]);
});

test('the event loop runs between two turns', async () => {
  const { othersAreRead } = makeTurns(2);
  let rounds = 0;
  const count = () => {
    rounds += 1;
    immediate = setImmediate(count);
  };
  let immediate = setImmediate(count);
  await Promise.all(Array.from({ length: 20 }, () => othersAreRead()));
  clearImmediate(immediate);
  expect(rounds).toBeGreaterThanOrEqual(9);
});

test('requests that arrive together over the network share a turn', async () => {
  const { othersAreRead } = makeTurns();
  const said: string[] = [];
  const server = createServer((_request, response) => {
    said.push('read');
    othersAreRead().then(() => {
      said.push('decided');
      response.end();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const sockets = Array.from({ length: 8 }, () => connect({ port, host: '127.0.0.1' }));
  const sendAtOnce = () =>
    Promise.all(
      sockets.map((socket) => {
        socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
        return once(socket, 'data');
      }),
    );
  try {
    // Node accepts one connection per turn.
    await sendAtOnce();
    said.length = 0;
    await sendAtOnce();
    expect(said).toEqual([...Array(8).fill('read'), ...Array(8).fill('decided')]);
  } finally {
    for (const socket of sockets) socket.destroy();
    server.close();
  }
});
