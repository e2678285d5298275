/** Users whose keys are in JWK sets that a real HTTPS server with a private CA publishes. */
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { type Ajwtd, ajwtd, scratch, serve } from 'ajwt-testkit/ajwtd';
import { certify } from 'ajwt-testkit/authority';
import { type Answer, exchange, request } from 'ajwt-testkit/connection';
import { inDirectory, seconds } from 'ajwt-testkit/directory';
import { expectAnswer } from 'ajwt-testkit/refusal';
import { createAuthorization, PrivateKey } from 'asymmetric-jwt-auth/client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const path = scratch();
const database = path('key-sets.db');
/** JWK sets by path, and the requested paths in order. */
const sets = new Map<string, readonly PrivateKey[]>();
const asked: string[] = [];
let publisher: Server;
let origin: string;
let running: Ajwtd;
let env: Record<string, string>;

beforeAll(async () => {
  const { ca, cert, key } = certify('localhost');
  writeFileSync(path('ca.pem'), ca);
  publisher = createServer({ cert, key }, ({ url = '' }, response) => {
    asked.push(url);
    const keys = sets.get(url)?.map(({ publicKey }) => publicKey.toJwk());
    if (keys === undefined) response.writeHead(500).end();
    else response.writeHead(200, { 'content-type': 'application/jwk-set+json' }).end(JSON.stringify({ keys }));
  });
  publisher.listen(0, '127.0.0.1');
  await once(publisher, 'listening');
  origin = `https://localhost:${(publisher.address() as AddressInfo).port}`;
  env = { NODE_EXTRA_CA_CERTS: path('ca.pem') };
  await command('migrate');
  running = await serve({ database, args: ['--jwks-allow-private', 'localhost'], env });
});
afterAll(async () => {
  await running.stop();
  publisher.closeAllConnections();
  publisher.close();
});

const newKey = () => PrivateKey.generate('ed25519');

async function command(...words: readonly string[]) {
  const ended = await ajwtd([...words, '--database', `sqlite:${database}`]);
  expect(ended.code, ended.stderr).toBe(0);
  return ended;
}

/** Publishes keys at a path for a user, and registers its URL for the user. */
async function trust(username: string, ...keys: readonly PrivateKey[]): Promise<string> {
  sets.set(`/${username}`, keys);
  await inDirectory(database, (directory) =>
    directory.addJwks(username, `${origin}/${username}`, { createUser: true }),
  );
  return `/${username}`;
}

/** Sends a fresh token to this server and returns the response. */
async function ask(username: string, key: PrivateKey, { port }: Pick<Ajwtd, 'port'> = running): Promise<Answer> {
  const authorization = await createAuthorization({ username, key });
  return exchange(port, request('/.ajwt/auth', [`Authorization: ${authorization}`]));
}

/** Sends a token without a `kid`, like version 0.3.1 of the Python package. */
async function askWithoutKid(username: string, key: PrivateKey): Promise<Answer> {
  const parts = ['{"alg":"EdDSA","typ":"JWT"}', JSON.stringify({ username, time: seconds(), nonce: key.kid })];
  const input = parts.map((part) => Buffer.from(part).toString('base64url')).join('.');
  const signature = Buffer.from(await key.sign(Buffer.from(input))).toString('base64url');
  return exchange(running.port, request('/.ajwt/auth', [`Authorization: JWT ${input}.${signature}`]));
}

describe('a user with a JWK set', () => {
  test('is accepted as soon as the set is added, and refused as soon as it is removed', async () => {
    const key = await newKey();
    await command('user', 'add', 'acme');
    expectAnswer(await ask('acme', key), 'unknown_key');
    sets.set('/acme', [await newKey(), key]);
    await command('jwks', 'add', 'acme', `${origin}/acme`);
    const answer = await ask('acme', key);
    expect(answer.status).toBe(200);
    expect([answer.header('x-auth-user'), answer.header('x-auth-key')]).toEqual(['acme', key.publicKey.fingerprint]);
    expectAnswer(await ask('acme', await newKey()), 'unknown_key');
    await command('jwks', 'remove', 'acme', `${origin}/acme`);
    expectAnswer(await ask('acme', key), 'unknown_key');
  });

  test('cannot sign for another user', async () => {
    const [one, other] = [await newKey(), await newKey()];
    await trust('one', one);
    await trust('other', other);
    expectAnswer(await ask('other', one), 'unknown_key');
    expect((await ask('one', one)).status).toBe(200);
  });

  test('can also have registered keys, and can sign with either kind of key', async () => {
    const [own, published, strange] = await Promise.all([newKey(), newKey(), newKey()]);
    const at = await trust('both', published);
    await inDirectory(database, (directory) => directory.addKey('both', own.publicKey));
    expect((await ask('both', own)).status).toBe(200);
    expect(asked, 'a kid that names a key of the directory').not.toContain(at);
    for (let round = 0; round < 2; round++) {
      expect((await ask('both', published)).status).toBe(200);
      expectAnswer(await ask('both', strange), 'unknown_key');
      expect((await ask('both', own)).status).toBe(200);
    }
    expect(asked.filter((one) => one === at)).toHaveLength(1);
    for (const key of [own, published]) expect((await askWithoutKid('both', key)).status).toBe(200);
  });

  test('is refused with a key that was revoked here, even if the set contains it', async () => {
    const [revoked, other] = [await newKey(), await newKey()];
    await trust('revoker', revoked, other);
    await inDirectory(database, async (directory) => {
      await directory.addKey('revoker', revoked.publicKey);
      await directory.revokeKey(revoked.kid);
    });
    expect((await ask('revoker', other)).status).toBe(200);
    expectAnswer(await ask('revoker', revoked), 'key_revoked');
    expectAnswer(await askWithoutKid('revoker', revoked), 'bad_signature');
  });

  test('causes no fetch while the user is disabled', async () => {
    const key = await newKey();
    const at = await trust('disabled', key);
    await command('user', 'disable', 'disabled');
    expectAnswer(await ask('disabled', key), 'user_disabled');
    expect(asked).not.toContain(at);
    await command('user', 'enable', 'disabled');
    expect((await ask('disabled', key)).status).toBe(200);
  });

  test('can sign with a new key, and no longer with a removed one, as soon as the set is fetched again', async () => {
    const [old, next] = [await newKey(), await newKey()];
    const at = await trust('rotating', old);
    expect((await ask('rotating', old)).status).toBe(200);
    sets.set(at, [next]);
    await expect.poll(async () => (await ask('rotating', next)).status, { timeout: 15_000 }).toBe(200);
    expectAnswer(await ask('rotating', old), 'unknown_key');
    expect(asked.filter((one) => one === at)).toHaveLength(2);
  }, 30_000);
});

describe('if a JWK set cannot be fetched', () => {
  test('users of that set get a 503, and other users are accepted', async () => {
    const [key, own, neighbour] = await Promise.all([newKey(), newKey(), newKey()]);
    await trust('neighbour', neighbour);
    await command('jwks', 'add', 'failing', `${origin}/failing`);
    await inDirectory(database, (directory) => directory.addKey('failing', own.publicKey));
    const answer = await ask('failing', key);
    expect([answer.status, answer.header('retry-after')]).toEqual([503, '1']);
    expect(await running.logged((line) => line.code === 'bad_status')).toMatchObject({ level: 'warn' });
    expect((await ask('failing', own)).status, 'with a key of the directory').toBe(200);
    expect((await ask('neighbour', neighbour)).status).toBe(200);
  });

  test('the last fetched set stays in use', async () => {
    const [known, unknown] = [await newKey(), await newKey()];
    await trust('known', known);
    await trust('unknown', unknown);
    expect((await ask('known', known)).status).toBe(200);
    publisher.closeAllConnections();
    await new Promise((closed) => publisher.close(closed));
    expect((await ask('known', known)).status).toBe(200);
    expect((await ask('unknown', unknown)).status).toBe(503);
    publisher.listen(Number(new URL(origin).port), '127.0.0.1');
    await once(publisher, 'listening');
  });
});

describe('without --jwks-allow-private', () => {
  test('a server does not fetch from a private host, and its log says how to allow it', async () => {
    const key = await newKey();
    const at = await trust('private', key);
    const strict = await serve({ database, env });
    expect((await ask('private', key, strict)).status).toBe(503);
    expect(asked).not.toContain(at);
    const line = await strict.logged(({ code }) => code === 'forbidden_address');
    expect(line.advice).toBe('to allow it, use --jwks-allow-private HOST');
    await strict.stop();

    const allowed = await serve({ database, env: { ...env, AJWTD_JWKS_ALLOW_PRIVATE: 'example.com,localhost' } });
    expect((await ask('private', key, allowed)).status).toBe(200);
    await allowed.stop();
  });

  test('a certificate from an unknown CA is not trusted', async () => {
    const key = await newKey();
    await trust('untrusted', key);
    const server = await serve({ database, args: ['--jwks-allow-private', 'localhost'] });
    expect((await ask('untrusted', key, server)).status).toBe(503);
    expect(await server.logged(({ code }) => code === 'unreachable')).toMatchObject({ level: 'warn' });
    await server.stop();
  });
});

test('a reload of the configuration allows a private host, and forbids it again', async () => {
  const file = path('ajwtd.yaml');
  const write = (content: string) => writeFileSync(file, content, { mode: 0o600 });
  write('{}');
  const server = await serve({ database, args: ['--config', file], env });
  const key = await newKey();
  await trust('reloaded', key);
  for (const [content, status] of [
    ['{}', 503],
    ['jwks-allow-private: localhost', 200],
    ['jwks-allow-private: other', 503],
  ] as const) {
    const from = server.log.length;
    write(content);
    server.signal('SIGHUP');
    await server.logged(({ msg }) => msg === 'configuration reloaded', from);
    expect((await ask('reloaded', key, server)).status).toBe(status);
  }
  await server.stop();
});
