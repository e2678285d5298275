/** Tests that changes made with a command apply to the next request. */
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { type Ajwtd, ajwt, ajwtdProcess, scratch, serve } from 'ajwt-testkit/ajwtd';
import { exchange, request } from 'ajwt-testkit/connection';
import { databaseWith, publicKeyOf, token } from 'ajwt-testkit/directory';
import { expectAnswer } from 'ajwt-testkit/refusal';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const path = scratch();
const database = path('administration.db');
let alice: KeyObject;
let servers: readonly Ajwtd[];
beforeAll(async () => {
  alice = (await databaseWith(database, ['alice'])).get('alice') as KeyObject;
  servers = await Promise.all([serve({ database }), serve({ database, args: ['--nonces', 'memory'] })]);
});
afterAll(() => Promise.all(servers.map((server) => server.stop())));

/** Runs a command that must succeed. */
async function command(...words: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await ajwtdProcess([...words, '--database', `sqlite:${database}`]);
  expect(code, stderr).toBe(0);
  return stdout.trim();
}

/** Registers a key that expires soon after the command has finished. @returns its expiry time, in milliseconds since the epoch */
async function addToExpireSoon(username: string, file: string): Promise<number> {
  for (let seconds = 2; ; seconds *= 2) {
    const at = Math.ceil(Date.now() / 1000 + seconds) * 1000;
    const expires = new Date(at).toISOString().replace('.000Z', 'Z');
    const words = ['key', 'add', username, file, '--expires', expires, '--database', `sqlite:${database}`];
    const { code, stderr } = await ajwtdProcess(words);
    if (code === 0) return at;
    expect(stderr).toMatch(/is in the past/);
  }
}

/** Sends a fresh token to every server, and checks each response. */
async function expectEverywhere(username: string, key: KeyObject, outcome: string): Promise<void> {
  for (const { port } of servers) {
    const answer = await exchange(port, request('/.ajwt/auth', [`Authorization: JWT ${token(username, key)}`]));
    if (outcome === 'accepted') expect(answer.status).toBe(200);
    else expectAnswer(answer, outcome);
  }
}

test('requests are refused before a key is registered, while its user is disabled, and after the key is revoked', async () => {
  const made = await ajwt(['keygen', '--out', path('guido')]);
  expect(made.code, made.stderr).toBe(0);
  const authorization = async () => (await ajwt(['token', '--user', 'guido', '--key', path('guido')])).stdout.trim();
  const ask = async () =>
    exchange(servers[0]?.port as number, request('/.ajwt/auth', [`Authorization: ${await authorization()}`]));

  expectAnswer(await ask(), 'unknown_user');
  const fingerprint = await command('key', 'add', 'guido', path('guido.pub'));
  expect((await ask()).status).toBe(200);
  await command('user', 'disable', 'guido');
  expectAnswer(await ask(), 'user_disabled');
  await command('user', 'enable', 'guido');
  expect((await ask()).status).toBe(200);
  await command('key', 'revoke', fingerprint);
  expectAnswer(await ask(), 'key_revoked');
});

describe('a change applies to the next request, on every server that uses the database', () => {
  test('when a user is added, disabled, enabled or removed', async () => {
    const key = generateKeyPairSync('ed25519').privateKey;
    writeFileSync(path('bob.pub'), publicKeyOf(key).toOpenSsh());
    await expectEverywhere('bob', key, 'unknown_user');
    await command('user', 'add', 'bob');
    await expectEverywhere('bob', key, 'unknown_key');
    await command('key', 'add', 'bob', path('bob.pub'));
    await expectEverywhere('bob', key, 'accepted');
    await command('user', 'disable', 'bob');
    await expectEverywhere('bob', key, 'user_disabled');
    await command('user', 'enable', 'bob');
    await expectEverywhere('bob', key, 'accepted');
    await command('user', 'remove', 'bob');
    await expectEverywhere('bob', key, 'unknown_user');
  });

  test('when a user is removed and added again, and used tokens stay used', async () => {
    const key = generateKeyPairSync('ed25519').privateKey;
    writeFileSync(path('carol.pub'), publicKeyOf(key).toOpenSsh());
    await command('key', 'add', 'carol', path('carol.pub'));
    const bytes = request('/.ajwt/auth', [`Authorization: JWT ${token('carol', key)}`]);
    for (const { port } of servers) expect((await exchange(port, bytes)).status).toBe(200);
    await command('user', 'remove', 'carol');
    await command('key', 'add', 'carol', path('carol.pub'));
    for (const { port } of servers) expectAnswer(await exchange(port, bytes), 'replayed');
  });

  test('when a key expires', async () => {
    const key = generateKeyPairSync('ed25519').privateKey;
    writeFileSync(path('dave.pub'), publicKeyOf(key).toOpenSsh());
    const at = await addToExpireSoon('dave', path('dave.pub'));
    const bytes = () => request('/.ajwt/auth', [`Authorization: JWT ${token('dave', key)}`]);
    for (const { port } of servers) {
      for (let isOver = false; !isOver; ) {
        isOver = Date.now() >= at;
        const { status } = await exchange(port, bytes());
        // A request that was sent before the expiry may arrive after it.
        if (isOver || Date.now() < at) expect(status).toBe(isOver ? 401 : 200);
      }
    }
    await expectEverywhere('dave', key, 'key_expired');
  });
});

/**
 * Sends fresh requests continuously while `work` runs, and some more afterwards.
 *
 * @returns the number of requests that were accepted before `work` finished, and the statuses of those sent afterwards
 */
async function underLoad(
  work: () => Promise<unknown>,
  send: () => Promise<number>,
): Promise<{ before: number; after: number[] }> {
  let isDone = false;
  let before = 0;
  const after: number[] = [];
  const senders = Array.from({ length: 4 }, async () => {
    while (after.length < 60) {
      const sentLater = isDone;
      const status = await send();
      if (sentLater) after.push(status);
      else if (status === 200) before += 1;
    }
  });
  await work();
  isDone = true;
  await Promise.all(senders);
  return { before, after };
}

describe('under load', () => {
  test.each([
    ['user', 'disable'],
    ['key', 'revoke'],
    ['user', 'remove'],
  ])('every request sent after `ajwtd %s %s` has finished is refused', async (noun, verb) => {
    const name = `load-${verb}`;
    const key = (await databaseWith(database, [name])).get(name) as KeyObject;
    let turn = 0;
    const send = async () => {
      const { port } = servers[turn++ % servers.length] as Ajwtd;
      return (await exchange(port, request('/.ajwt/auth', [`Authorization: JWT ${token(name, key)}`]))).status;
    };
    const subject = noun === 'key' ? publicKeyOf(key).fingerprint : name;
    const { before, after } = await underLoad(() => command(noun, verb, subject), send);
    expect(before).toBeGreaterThan(0);
    expect(after).toEqual(Array(after.length).fill(401));
  });

  test('if two commands concurrently add the same key to two users, only one of them succeeds', async () => {
    const line = publicKeyOf(generateKeyPairSync('ed25519').privateKey).toOpenSsh();
    const add = (name: string) =>
      ajwtdProcess(['key', 'add', name, '-', '--database', `sqlite:${database}`], { input: line });
    const ended = await Promise.all([add('eve'), add('frank')]);
    expect(ended.map(({ code }) => code).sort()).toEqual([0, 1]);
    expect(ended.find(({ code }) => code === 1)?.stderr).toMatch(/belongs to another user/);
  });
});

test('a user whom no command mentions is still accepted', () => expectEverywhere('alice', alice, 'accepted'));
