/** `ajwtd serve` reads its configuration file again on SIGHUP. */
import type { KeyObject } from 'node:crypto';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { type Ajwtd, type LogLine, scratch, serve } from 'ajwt-testkit/ajwtd';
import { Connection, exchange, request } from 'ajwt-testkit/connection';
import { databaseWith, token } from 'ajwt-testkit/directory';
import { startUpstream } from 'ajwt-testkit/upstream';
import { PrivateKey } from 'asymmetric-jwt-auth/client';
import { beforeAll, describe, expect, test } from 'vitest';

const AUTH = '/.ajwt/auth';
const JWKS = '/.well-known/jwks.json';
const path = scratch();
const database = path('reload.db');
let count = 0;
let alice: KeyObject;
beforeAll(async () => {
  alice = (await databaseWith(database, ['alice'])).get('alice') as KeyObject;
});

const signed = (members: Record<string, unknown> = {}) => `Authorization: JWT ${token('alice', alice, members)}`;
const ask = ({ port }: Ajwtd, lines: readonly string[] = [signed()]) => exchange(port, request(AUTH, lines));
const refusalOf = async (server: Ajwtd) => {
  const answer = await ask(server);
  return answer.status === 200 ? 'accepted' : (JSON.parse(answer.text) as { error: string }).error;
};

/** A server with a configuration file. */
interface Configured {
  readonly server: Ajwtd;
  readonly file: string;
  write(content: string): void;
  /** Writes the file, sends SIGHUP, and waits for the outcome. */
  reload(content: string): Promise<LogLine>;
}

async function start(content: string, args: readonly string[] = [], env = {}): Promise<Configured> {
  const file = path(`${count++}.yaml`);
  function write(text: string): void {
    writeFileSync(`${file}.new`, text, { mode: 0o600 });
    renameSync(`${file}.new`, file);
  }
  write(content);
  const server = await serve({ database, args: ['--config', file, ...args], env });
  return {
    server,
    file,
    write,
    reload(text) {
      write(text);
      const from = server.log.length;
      server.signal('SIGHUP');
      return server.logged(({ msg }) => msg.startsWith('configuration '), from);
    },
  };
}

describe('a reload', () => {
  test('applies to the next request, and logs the old and new values', async () => {
    const { server, file, reload } = await start('audience: [a]');
    expect(await refusalOf(server)).toBe('accepted');
    expect(await reload('audience: [a]\nrequire: [htm]')).toMatchObject({
      ...{ level: 'info', msg: 'configuration reloaded', configFile: file },
      changes: { require: { from: [], to: ['htm'] } },
    });
    expect(await refusalOf(server)).toBe('binding_required');
    expect(await reload('{}')).toMatchObject({
      changes: { audience: { from: ['a'], to: [] }, require: { from: ['htm'], to: [] } },
    });
    expect(await refusalOf(server)).toBe('accepted');
    await server.stop();
  });

  test('changes audiences, header names, trusted proxies, limits and log levels', async () => {
    const { server, reload } = await start('log-level: info');
    const bound = () => signed({ bind: { v: 1, aud: 'a', htm: 'POST' } });
    const described = ['X-Original-Method: POST', 'X-Original-URI: /'];
    expect((await ask(server, [bound(), ...described])).status).toBe(401);
    await reload('audience: a\ntrusted-proxy: 127.0.0.1\nuser-header: X-Caller\nlog-level: error\naccess-log: off\n');
    const answer = await ask(server, [bound(), ...described]);
    expect([answer.status, answer.header('x-caller'), answer.header('x-auth-user')]).toEqual([200, 'alice', undefined]);
    expect((await ask(server, [signed(), 'x_caller: bob'])).status).toBe(401);
    const { length } = server.log;
    await reload('access-log: all\nlog-level: debug');
    expect((await ask(server)).status).toBe(200);
    // Decisions are logged again, except those made while the file had turned this off.
    await server.logged(({ msg }) => msg === 'accepted', length);
    expect(server.log.filter(({ msg }) => msg === 'accepted')).toHaveLength(1);
    await server.stop();
  });

  test('reads the keys to publish again, also from the same files', async () => {
    const keys = await Promise.all([PrivateKey.generate(), PrivateKey.generate('rsa')]);
    const [old, fresh] = keys.map(({ publicKey }) => publicKey);
    writeFileSync(path('own.pub'), old?.toOpenSsh() as string);
    const { server, reload } = await start('{}');
    expect((await exchange(server.port, request(JWKS))).status).toBe(404);
    const published = async () =>
      (JSON.parse((await exchange(server.port, request(JWKS))).text) as { keys: { kid: string }[] }).keys.map(
        ({ kid }) => kid,
      );
    const content = `serve-jwks: ${path('own.pub')}`;
    await reload(content);
    expect(await published()).toEqual([old?.kid]);
    writeFileSync(path('own.pub'), fresh?.toOpenSsh() as string);
    expect(await reload(content)).toMatchObject({ changes: {}, publishedKeys: 1 });
    expect(await published()).toEqual([fresh?.kid]);
    writeFileSync(path('own.pub'), 'broken');
    expect(await reload(content)).toMatchObject({ problems: [expect.stringContaining('own.pub')] });
    expect(await published()).toEqual([fresh?.kid]);
    await server.stop();
  });

  test('does not change requests in flight', async () => {
    const upstream = await startUpstream();
    const { server, reload } = await start('upstream-response-timeout: 1', ['--upstream', upstream.url]);
    const arrived = new Promise<ServerResponse>((done) => {
      upstream.handle = (_request: IncomingMessage, response: ServerResponse) => done(response);
    });
    const connection = await Connection.open(server.port);
    connection.write(request('/', [signed()]));
    await arrived;
    await reload('upstream-response-timeout: 60\nuser-header: X-Caller');
    const late = await connection.answer();
    expect([late.status, late.text]).toEqual([504, expect.stringContaining('within 1 s')]);

    upstream.handle = undefined;
    expect((await exchange(server.port, request('/', [signed()]))).text).toBe('hello');
    expect(upstream.seen.at(-1)?.headers).toMatchObject({ 'x-caller': 'alice' });
    await server.stop();
  });

  test('does not change what an option or a variable sets', async () => {
    const { server, reload } = await start('{}', ['--require', 'htm'], { AJWTD_USER_HEADER: 'X-Variable' });
    expect(await reload('require: none\nuser-header: X-File\nkey-header: X-Key')).toMatchObject({
      changes: { 'key-header': { from: 'X-Auth-Key', to: 'X-Key' } },
    });
    expect(await refusalOf(server)).toBe('binding_required');
    await server.stop();
  });

  test('says which changes need a restart, without passwords, and applies the others', async () => {
    const { server, reload } = await start('tolerance: 20\nnonces: memory');
    const from = server.log.length;
    const changed = 'tolerance: 5\nnonces: redis://:s3cret@127.0.0.1:1\nworkers: 2\nlisten: ":1"\nkey-header: X-Key';
    expect((await reload(changed)).changes).toEqual({ 'key-header': { from: 'X-Auth-Key', to: 'X-Key' } });
    expect(await server.logged(({ msg }) => msg === 'these changes need a restart', from)).toMatchObject({
      level: 'warn',
      changes: {
        tolerance: { from: 20, to: 5 },
        nonces: { from: 'memory', to: 'redis://:***@127.0.0.1:1' },
        workers: { from: 1, to: 2 },
      },
    });
    expect(JSON.stringify(server.log)).not.toContain('s3cret');
    const stale = await ask(server, [signed({ time: 1 })]);
    expect(stale.header('www-authenticate')).toContain('tolerance="20"');
    await server.stop();
  });

  test('without a configuration file changes nothing', async () => {
    const server = await serve({ database });
    server.signal('SIGHUP');
    expect(await server.logged(({ msg }) => msg === 'configuration reloaded')).toMatchObject({
      configFile: null,
      changes: {},
    });
    expect(await refusalOf(server)).toBe('accepted');
    await server.stop();
  });
});

describe('a file with a mistake changes nothing, and all mistakes are logged:', () => {
  let configured: Configured;
  beforeAll(async () => {
    configured = await start('require: [htm]');
  });

  test.each([
    ['require: none\ntolerence: 1\naudiense: a', [':2:1: unknown member tolerence', ':3:1: unknown member audiense']],
    ['require: none\ntrusted-proxy: x\nupstream: x', [':2:16: trusted-proxy: ', ':3:11: upstream: ']],
    ['require: [aud]', [':1:1: require: aud needs --audience']],
    ['require: none\nserve-jwks: /none', [':2:13: serve-jwks: /none']],
    ['', [':1:1: the file is empty']],
    ['# require: [htm]', [':1:1: the file is empty']],
    ['require: &a none', [':1:13: anchors are not supported']],
    ['require: none\n---\nrequire: none', [':2:1: a second document begins here']],
  ])('%j', async (content, expected) => {
    const { server, file, reload } = configured;
    const line = await reload(content);
    expect(line).toMatchObject({ level: 'error', msg: 'configuration not reloaded; the old settings stay in effect' });
    const problems = (line.problems as string[]).sort();
    expect(problems).toHaveLength(expected.length);
    for (const [index, start] of expected.entries()) expect(problems[index]).toContain(`${file}${start}`);
    expect(await refusalOf(server)).toBe('binding_required');
  });

  test('a correct file is then applied', async () => {
    expect((await configured.reload('{}')).msg).toBe('configuration reloaded');
    expect(await refusalOf(configured.server)).toBe('accepted');
    await configured.server.stop();
  });
});

describe('a server with workers', () => {
  const childrenOf = ({ pid }: Ajwtd) =>
    readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').map(Number);
  /** Returns all different outcomes of many requests, which reach all workers. */
  const outcomes = async (server: Ajwtd) => [
    ...new Set(await Promise.all(Array.from({ length: 40 }, () => refusalOf(server)))),
  ];

  test('applies a reload in all workers before it logs it, and in workers that start later', async () => {
    const own = await PrivateKey.generate('ec');
    writeFileSync(path('worker.jwk'), JSON.stringify(own.publicKey.toJwk()));
    const { server, reload, write } = await start('workers: 2\n');
    await server.logged(({ msg }) => msg === 'all workers are listening');
    expect(await outcomes(server)).toEqual(['accepted']);
    await reload(`workers: 2\nrequire: [htm]\nserve-jwks: ${path('worker.jwk')}`);
    expect(await outcomes(server)).toEqual(['binding_required']);

    // The next worker needs none of these files.
    write('broken: [');
    writeFileSync(path('worker.jwk'), 'broken');
    for (const worker of childrenOf(server)) {
      const from = server.log.length;
      process.kill(worker, 'SIGKILL');
      await server.logged(({ msg }) => msg.startsWith('listening on '), from);
    }
    expect(await outcomes(server)).toEqual(['binding_required']);
    const { text } = await exchange(server.port, request(JWKS));
    expect(JSON.parse(text)).toEqual({ keys: [own.publicKey.toJwk()] });
    expect(await server.stop()).toEqual({ code: 0, signal: null });
  });

  test('logs its state once, for all workers', async () => {
    const { server, file } = await start('workers: 2\n');
    await server.logged(({ msg }) => msg === 'all workers are listening');
    server.signal('SIGUSR2');
    expect(await server.logged(({ msg }) => msg === 'state')).toMatchObject({
      ...{
        configFile: file,
        database: `sqlite:${database}`,
        nonces: 'database',
        workers: 2,
        answering: 2,
        ready: true,
      },
      ...{ inFlight: 0, memory: expect.any(Number), uptime: expect.any(Number) },
    });
    expect(server.log.filter(({ msg }) => msg === 'state')).toHaveLength(1);
    await server.stop();
  });

  test('finishes requests in flight if a signal reaches the workers too, as in a terminal or with systemd', async () => {
    const upstream = await startUpstream();
    const { server } = await start('workers: 2\n', ['--upstream', upstream.url]);
    await server.logged(({ msg }) => msg === 'all workers are listening');
    const arrived = new Promise<ServerResponse>((done) => {
      upstream.handle = (_request: IncomingMessage, response: ServerResponse) => done(response);
    });
    const connection = await Connection.open(server.port);
    connection.write(request('/', [signed()]));
    const response = await arrived;
    const workers = childrenOf(server);
    for (const pid of [...workers, server.pid]) process.kill(pid, 'SIGHUP');
    await server.logged(({ msg }) => msg === 'configuration reloaded');
    for (const pid of [...workers, server.pid]) process.kill(pid, 'SIGTERM');
    await expect.poll(() => server.log.filter(({ msg }) => msg === 'stopping')).toHaveLength(3);
    response.end('finished');
    expect((await connection.answer()).text).toBe('finished');
    expect(await server.ended).toEqual({ code: 0, signal: null });
    expect(server.log.at(-1)).toMatchObject({ msg: 'stopped', signal: 'SIGTERM', cut: 0 });
    for (const worker of workers) expect(() => process.kill(worker, 0)).toThrow();
  });
});

test('SIGUSR2 logs the state in one line', async () => {
  const upstream = await startUpstream();
  const { server, file } = await start('nonces: memory', ['--upstream', upstream.url]);
  const arrived = new Promise<void>((done) => {
    upstream.handle = () => done();
  });
  const connection = await Connection.open(server.port);
  connection.write(request('/', [signed()]));
  await arrived;
  server.signal('SIGUSR2');
  expect(await server.logged(({ msg }) => msg === 'state')).toMatchObject({
    ...{
      configFile: file,
      database: `sqlite:${database}`,
      nonces: 'memory',
      workers: 1,
      answering: 1,
      ready: true,
      inFlight: 1,
    },
  });
  connection.destroy();
  await server.stop();
});
