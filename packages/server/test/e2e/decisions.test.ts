/** `ajwtd decisions --follow` shows decisions of a running server as they happen. */
import type { KeyObject } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { type Ajwtd, ajwtd, scratch, serve } from 'ajwt-testkit/ajwtd';
import { exchange, request } from 'ajwt-testkit/connection';
import { databaseWith, seconds, token } from 'ajwt-testkit/directory';
import { startCommand } from 'ajwt-testkit/program';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const AUTH = '/.ajwt/auth';
const database = scratch()('decisions.db');
let keys: Map<string, KeyObject>;
let alone: Ajwtd;
let several: Ajwtd;
beforeAll(async () => {
  keys = await databaseWith(database, ['alice', 'bob']);
  [alone, several] = await Promise.all([
    serve({ database, args: ['--admin-listen', '127.0.0.1:0', '--access-log', 'off'] }),
    serve({ database, args: ['--admin-listen', '127.0.0.1:0', '--workers', '2'] }),
  ]);
  await several.logged(({ msg }) => msg === 'all workers are listening');
});
afterAll(() => Promise.all([alone.stop(), several.stop()]));

const signed = (user: string, claims: Record<string, unknown> = {}) =>
  `Authorization: JWT ${token(user, keys.get(user) as KeyObject, claims)}`;
async function send(server: Ajwtd, id: string, line: string): Promise<number> {
  return (await exchange(server.port, request(`${AUTH}/v1?secret=1`, [line, `X-Request-Id: ${id}`]))).status;
}
async function adminOf(server: Ajwtd): Promise<string> {
  const { msg } = await server.logged((line) => line.msg.startsWith('admin listener: '));
  return new URL(/http:\S+/.exec(msg)?.[0] as string).host;
}

/** Starts the command, and collects the lines that it prints. */
async function follow(server: Ajwtd, ...args: string[]) {
  const command = startCommand('ajwtd', ['decisions', '--follow', '--admin-listen', await adminOf(server), ...args]);
  const lines: Record<string, unknown>[] = [];
  createInterface({ input: command.stdout as NodeJS.ReadableStream }).on('line', (line) =>
    lines.push(JSON.parse(line)),
  );
  let stderr = '';
  command.stderr?.on('data', (chunk) => {
    stderr += chunk;
  });
  const ended = new Promise<{ code: number | null; stderr: string }>((done) =>
    command.on('close', (code) => done({ code, stderr })),
  );
  return { command, lines, ended };
}
/** Sends requests until the follower has received one, which shows that it is connected. */
async function connected(server: Ajwtd, lines: readonly unknown[], line: () => string): Promise<void> {
  await expect
    .poll(async () => {
      await send(server, 'first', line());
      return lines.length;
    })
    .toBeGreaterThan(0);
}

describe.each([
  ['one process', () => alone],
  ['two workers', () => several],
])('of %s', (_, server) => {
  test('each decision is printed as a line of JSON, even if it is not logged', async () => {
    const { command, lines, ended } = await follow(server());
    await connected(server(), lines, () => 'Authorization: JWT garbage');
    // Connections are given to the workers in turn.
    for (let count = 0; count < 4; count++) {
      expect(await send(server(), `accepted-${count}`, signed('alice'))).toBe(200);
      expect(await send(server(), `stale-${count}`, signed('bob', { time: seconds() - 100 }))).toBe(401);
    }
    const own = () => lines.filter(({ request_id }) => /^(accepted|stale)-/.test(String(request_id)));
    await expect.poll(() => own().length).toBe(8);
    expect(own().find(({ request_id }) => request_id === 'accepted-0')).toMatchObject({
      ...{ reason: 'accepted', username: 'alice', status: 200, key: expect.stringMatching(/^SHA256:/) },
    });
    expect(own().find(({ request_id }) => request_id === 'stale-3')).toMatchObject({
      ...{ reason: 'stale', username: 'bob', msg: expect.stringContaining('sign again') },
    });
    expect(JSON.stringify(lines)).not.toContain('secret');
    command.kill('SIGINT');
    expect(await ended).toEqual({ code: 0, stderr: '' });
  });

  test('--user and --reason select decisions', async () => {
    const { command, lines, ended } = await follow(server(), '--user', 'bob', '--reason', 'stale');
    await connected(server(), lines, () => signed('bob', { time: seconds() - 100 }));
    await send(server(), 'no', signed('bob'));
    await send(server(), 'no', signed('alice', { time: seconds() - 100 }));
    await send(server(), 'last', signed('bob', { time: seconds() - 100 }));
    await expect.poll(() => lines.at(-1)?.request_id).toBe('last');
    expect(lines.filter(({ request_id }) => request_id === 'no')).toEqual([]);
    command.kill('SIGTERM');
    expect((await ended).code).toBe(0);
  });
});

test('a worker that starts later is followed too', async () => {
  const { command, lines, ended } = await follow(several);
  await connected(several, lines, () => 'Authorization: JWT garbage');
  const from = several.log.length;
  const [child] = readFileSync(`/proc/${several.pid}/task/${several.pid}/children`, 'utf8').split(' ');
  process.kill(Number(child), 'SIGKILL');
  await several.logged(({ msg }) => msg.startsWith('listening on '), from);
  let round = 0;
  await expect
    .poll(async () => {
      // Connections are given to the workers in turn.
      round += 1;
      for (let count = 0; count < 4; count++) await send(several, `round-${round}`, 'Authorization: JWT garbage');
      await expect.poll(() => lines.some(({ request_id }) => request_id === `round-${round}`)).toBe(true);
      return lines.filter(({ request_id }) => request_id === `round-${round}`).length;
    })
    .toBe(4);
  command.kill('SIGINT');
  await ended;
});

test('the server can stop while it is followed; the command then ends with a message', async () => {
  const server = await serve({ database, args: ['--admin-listen', '127.0.0.1:0'] });
  const { lines, ended } = await follow(server);
  await connected(server, lines, () => 'Authorization: JWT garbage');
  const start = performance.now();
  expect(await server.stop()).toEqual({ code: 0, signal: null });
  expect(performance.now() - start).toBeLessThan(5000);
  const { code, stderr } = await ended;
  expect([code, stderr]).toEqual([1, expect.stringMatching(/^ajwtd: the server at http:\S+ has stopped\n$/)]);
});

test.each([
  [['decisions'], 'pass --follow; past decisions are in the log of the server'],
  [['decisions', '--follow', '--reason', 'late'], '--reason: must be one of accepted, missing, '],
  [['decisions', '--follow', '--admin-listen', 'off'], '--admin-listen: the server needs an admin listener'],
  [['decisions', '--follow', '--admin-listen', '127.0.0.1:1'], 'ECONNREFUSED; start `ajwtd serve`, or pass'],
])('%j fails with a message that says what to do', async (args, message) => {
  const { code, stderr } = await ajwtd(args);
  expect(code).toBe(1);
  expect(stderr).toContain(message);
});

describe('the path /decisions', () => {
  const status = async (lines: readonly string[], path = '/decisions', method = 'HEAD') => {
    const { port, host } = new URL(`http://${await adminOf(alone)}`);
    const hasHost = lines.some((line) => /^host:/i.test(line));
    const head = [`${method} ${path} HTTP/1.1`, ...(hasHost ? [] : [`Host: ${host}`]), 'Connection: close', ...lines];
    return (await exchange(Number(port), `${head.join('\r\n')}\r\n\r\n`, method)).status;
  };

  test('is open to programs on this machine only, and not to pages of other sites', async () => {
    expect(await status([])).toBe(200);
    expect(await status(['Sec-Fetch-Site: same-origin'])).toBe(200);
    expect(await status(['Host: evil.example'])).toBe(403);
    expect(await status(['Sec-Fetch-Site: cross-site'])).toBe(403);
    expect(await status(['Sec-Fetch-Site: same-site'])).toBe(403);
  });

  test.each(['X-Forwarded-For: 203.0.113.1', 'Forwarded: for=203.0.113.1', 'Via: 1.1 proxy', 'X-Real-IP: 203.0.113.1'])(
    'refuses a request that came through a proxy on this machine (%s)',
    async (line) => expect(await status([line])).toBe(403),
  );

  test('refuses the name of --admin-url, because the callers of its proxy may be on other machines', async () => {
    const args = ['--admin-listen', '127.0.0.1:0', '--admin-url', 'https://ajwt.example'];
    const server = await serve({ database, args });
    const port = Number((await adminOf(server)).split(':')[1]);
    const statusFor = async (host: string) =>
      (await exchange(port, `HEAD /decisions HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`, 'HEAD')).status;
    expect(await statusFor('ajwt.example')).toBe(403);
    expect(await statusFor('localhost')).toBe(200);
    await server.stop();
  });

  test('refuses a wrong query', async () => {
    for (const query of ['users=a', 'user=a&user=b', 'reason=late', 'reason=__proto__']) {
      expect(await status([], `/decisions?${query}`), query).toBe(400);
    }
    expect(await status([], '/decisions', 'POST')).toBe(405);
  });

  test('is limited to 16 followers; when one ends, another can begin', async () => {
    const url = `http://${await adminOf(alone)}/decisions`;
    const ends = await Promise.all(
      Array.from({ length: 16 }, async () => {
        const end = new AbortController();
        expect((await fetch(url, { signal: end.signal })).status).toBe(200);
        return end;
      }),
    );
    expect((await fetch(url)).status).toBe(503);
    ends.pop()?.abort();
    const last = new AbortController();
    await expect.poll(async () => (await fetch(url, { signal: last.signal })).status).toBe(200);
    for (const end of [...ends, last]) end.abort();
  });
});
