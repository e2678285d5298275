import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { expect, test } from 'vitest';
import { makeTurns } from '../../src/gateway/turns.ts';

/** What became of callers who wait, and do two things after it, one of them when the others had their say. */
function told(count: number, most: number): Promise<string[]> {
  const othersAreRead = makeTurns(most);
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

test('all of a turn are read, then decided about, then answered, each in its order', async () => {
  expect(await told(3, 64)).toEqual([
    ...['read 0', 'read 1', 'read 2'],
    ...['decided 0', 'decided 1', 'decided 2'],
    ...['answered 0', 'answered 1', 'answered 2'],
  ]);
});

test('no more than the most wait for each other', async () => {
  expect((await told(5, 2)).slice(5)).toEqual([
    ...['decided 0', 'decided 1', 'answered 0', 'answered 1'],
    ...['decided 2', 'decided 3', 'answered 2', 'answered 3'],
    ...['decided 4', 'answered 4'],
  ]);
});

test('the next turn is another one', async () => {
  const othersAreRead = makeTurns();
  const first = othersAreRead();
  await first;
  const second = othersAreRead();
  expect(second).not.toBe(first);
  await second;
});

test('requests that come together meet in one turn, over the network', async () => {
  const othersAreRead = makeTurns();
  const turns = new Set<Promise<void>>();
  const server = createServer((_request, response) => {
    const turn = othersAreRead();
    turns.add(turn);
    turn.then(() => response.end());
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
    // Connections are taken one in a turn.
    await sendAtOnce();
    turns.clear();
    await sendAtOnce();
    expect(turns.size).toBe(1);
  } finally {
    for (const socket of sockets) socket.destroy();
    server.close();
  }
});
