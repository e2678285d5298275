/** A Node server on the database of a real Django site, compared with the site itself while Django changes users and keys. */
import { generateKeyPairSync } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { resolve } from 'node:path';
import { scratch } from 'ajwt-testkit/ajwt';
import { certify } from 'ajwt-testkit/authority';
import { DJANGO_TABLES } from 'ajwt-testkit/django-tables';
import { run } from 'ajwt-testkit/run';
import { lacksPostgres, PostgresServer } from 'ajwt-testkit/servers/postgres';
import { createAuthenticator, memoryNonceStore, PrivateKey } from 'asymmetric-jwt-auth';
import { createAuthorization } from 'asymmetric-jwt-auth/client';
import { jwksClient } from 'asymmetric-jwt-auth/jwks';
import { nodeAuth } from 'asymmetric-jwt-auth/node';
import { djangoKeyStore, nodeSqliteDialect, type SqlKeyStore, type UnreadableKeyRow } from 'asymmetric-jwt-auth/sql';
import { type Dialect, Kysely, PostgresDialect } from 'kysely';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type DjangoSite, startSite } from './django-site.ts';
import { python } from './python.ts';
import { send } from './send.ts';

const AJWTD = ['--conditions=source', resolve('packages/server/src/cli/ajwtd.ts')];
const folder = scratch();

/** A Node server on the tables of a site. */
class NodeService {
  readonly bad: UnreadableKeyRow[] = [];
  readonly errors: unknown[] = [];
  readonly #database: Kysely<unknown>;
  readonly store: SqlKeyStore<unknown>;
  readonly #server: Server;

  constructor(dialect: Dialect) {
    this.#database = new Kysely<unknown>({ dialect });
    this.store = djangoKeyStore(this.#database, {
      jwks,
      onBadKey: (bad) => this.bad.push(bad),
      onWriteError: (error) => this.errors.push(error),
    });
    const auth = nodeAuth(createAuthenticator({ keys: this.store, nonces: memoryNonceStore({ afterLoss: 'accept' }) }));
    this.#server = createServer(async (request, response) => {
      const result = await auth.authenticate(request);
      if (!result.ok) return auth.reject(response, result);
      response.end(JSON.stringify(result.user));
    });
  }

  async start(): Promise<this> {
    await new Promise<void>((listening) => {
      this.#server.listen(0, '127.0.0.1', listening);
    });
    return this;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.#server.close();
    await this.store.close();
    await this.#database.destroy();
  }
}

/** JWK sets by path. */
const keySets = new Map<string, PrivateKey[]>();
const { ca, cert, key: serverKey } = certify('localhost');
const jwksServer = createHttpsServer({ cert, key: serverKey }, (request, response) => {
  const keys = keySets.get(request.url ?? '')?.map(({ publicKey }) => publicKey.toJwk());
  response.writeHead(keys === undefined ? 404 : 200, { 'content-type': 'application/json' });
  response.end(JSON.stringify({ keys }));
});
const jwks = jwksClient({ ca, privateHosts: ['localhost'], lookup: async () => ['127.0.0.1'] });
let jwksUrl = '';
beforeAll(async () => {
  writeFileSync(folder('ca.pem'), ca);
  await new Promise<void>((listening) => {
    jwksServer.listen(0, '127.0.0.1', listening);
  });
  jwksUrl = `https://localhost:${(jwksServer.address() as AddressInfo).port}`;
});
afterAll(() => {
  jwksServer.closeAllConnections();
  jwksServer.close();
});

interface Place {
  readonly name: string;
  readonly lacks?: boolean;
  /** Makes an empty database, with its address for Django, `ajwtd` and Kysely. */
  make(): Promise<{ database: Record<string, unknown>; url: string; dialect: () => Dialect; remove(): Promise<void> }>;
}

function sqliteAt(file: string) {
  return {
    database: { ENGINE: 'django.db.backends.sqlite3', NAME: file },
    url: `sqlite:${file}`,
    dialect: () => nodeSqliteDialect(file),
    remove: async () => {},
  };
}

const PLACES: readonly Place[] = [
  { name: 'SQLite', make: async () => sqliteAt(folder('site.db')) },
  {
    name: 'PostgreSQL (needs postgresql)',
    lacks: lacksPostgres,
    async make() {
      const server = await PostgresServer.start();
      const { host, port, user, database } = server.connection;
      return {
        database: { ENGINE: 'django.db.backends.postgresql', HOST: host, PORT: port, USER: user, NAME: database },
        url: `postgres://${user}@${host}:${port}/${database}`,
        dialect: () => new PostgresDialect({ pool: new pg.Pool(server.connection) }),
        remove: () => server.remove(),
      };
    },
  },
];

describe.each(PLACES)('a Django site on $name', ({ lacks = false, make }) => {
  if (lacks) return test.skip('needs the database server', () => {});
  let place: Awaited<ReturnType<Place['make']>>;
  let site: DjangoSite;
  let node: NodeService;
  beforeAll(async () => {
    place = await make();
    site = await startSite(place.database, '-', folder('ca.pem'));
    node = await new NodeService(place.dialect()).start();
  });
  afterAll(async () => {
    await node?.stop();
    await site?.stop();
    await place?.remove();
  });

  let users = 0;
  /** Adds a user and a key with Django. */
  async function addUser(key?: PrivateKey, text = key?.publicKey.toOpenSsh()): Promise<string> {
    const username = `user${++users}`;
    await site.do('add_user', username);
    if (text !== undefined) await site.do('add_key', username, text);
    return username;
  }
  /** Sends one new token to the site and to Node, and returns both statuses. */
  async function statuses(username: string, key: PrivateKey) {
    const authorization = await createAuthorization({ username, key });
    const [atSite, atNode] = [await send(site.url, authorization), await send(node.url, authorization)];
    return { site: atSite.status, node: atNode.status, body: atNode.body };
  }
  const LET_IN = { site: 200, node: 200 };

  test.each([
    ['RSA', 'PEM', (key: PrivateKey) => key.publicKey.toPem()],
    ['RSA', 'OpenSSH line', (key: PrivateKey) => key.publicKey.toOpenSsh('guido@laptop')],
    ['Ed25519', 'PEM', (key: PrivateKey) => key.publicKey.toPem()],
    ['Ed25519', 'OpenSSH line', (key: PrivateKey) => key.publicKey.toOpenSsh('guido@laptop')],
  ])('and a Node server on its tables accept a user with an %s key (%s)', async (kind, _format, write) => {
    const key = await PrivateKey.generate(kind === 'RSA' ? 'rsa' : 'ed25519');
    const username = await addUser(key, write(key));
    expect(await statuses(username, key)).toMatchObject({
      ...LET_IN,
      body: { username, email: `${username}@example.com`, is_staff: true, is_superuser: true },
    });
  });

  test('and a Node server on its tables each accept a token once', async () => {
    const key = await PrivateKey.generate();
    const authorization = await createAuthorization({ username: await addUser(key), key });
    for (const expected of [200, 401]) {
      for (const url of [site.url, node.url]) expect((await send(url, authorization)).status).toBe(expected);
    }
  });

  test('still accepts a deactivated user, but the Node server refuses that user from the next request on', async () => {
    const key = await PrivateKey.generate();
    const username = await addUser(key);
    await site.do('set_active', username, false);
    expect(await statuses(username, key)).toMatchObject({ site: 200, node: 401 });
    await site.do('set_active', username, true);
    expect(await statuses(username, key)).toMatchObject(LET_IN);
  });

  test('and the Node server use an added or removed key from the next request on', async () => {
    const [one, other] = [await PrivateKey.generate(), await PrivateKey.generate()];
    const username = await addUser(one);
    expect(await statuses(username, other)).toMatchObject({ site: 401, node: 401 });
    const id = await site.do<number>('add_key', username, other.publicKey.toPem());
    expect(await statuses(username, other)).toMatchObject(LET_IN);
    await site.do('remove_key', id);
    expect(await statuses(username, other)).toMatchObject({ site: 401, node: 401 });
    expect(await statuses(username, one)).toMatchObject(LET_IN);
  });

  test('and the Node server refuse the key of another user and another spelling of the username', async () => {
    const [one, other] = [await PrivateKey.generate(), await PrivateKey.generate()];
    const [username] = [await addUser(one), await addUser(other)];
    expect(await statuses(username, other)).toMatchObject({ site: 401, node: 401 });
    expect(await statuses(username.toUpperCase(), one)).toMatchObject({ site: 401, node: 401 });
  });

  test('shows when the Node server last accepted each key', async () => {
    const [used, unused] = [await PrivateKey.generate(), await PrivateKey.generate()];
    const username = await addUser(used);
    await site.do('add_key', username, unused.publicKey.toPem());
    const before = Math.floor(Date.now() / 1000);
    expect((await send(node.url, await createAuthorization({ username, key: used }))).status).toBe(200);
    expect(await site.do('last_used', username)).toEqual({ keys: [null, null], trusts: [] });
    await node.store.flush();
    const { keys } = await site.do<{ keys: [number, null] }>('last_used', username);
    expect(keys[0] - before).toBeGreaterThanOrEqual(0);
    expect(Date.now() / 1000 - keys[0]).toBeGreaterThanOrEqual(0);
    expect(keys[1]).toBeNull();

    const atNode = await createAuthorization({ username, key: used });
    expect((await send(node.url, atNode)).status).toBe(200);
    expect((await send(site.url, await createAuthorization({ username, key: used }))).status).toBe(200);
    const { keys: byDjango } = await site.do<{ keys: [number] }>('last_used', username);
    await node.store.flush();
    expect(await site.do('last_used', username)).toMatchObject({ keys: [byDjango[0], null] });
    expect(node.errors).toEqual([]);
  });

  test('and the Node server accept the keys of a JWK set only for the user it belongs to', async () => {
    const [inSet, own] = [await PrivateKey.generate('rsa'), await PrivateKey.generate()];
    const path = `/${crypto.randomUUID()}.json`;
    keySets.set(path, [inSet]);
    const [username, other] = [await addUser(own), await addUser(own)];
    await site.do('add_trust', username, jwksUrl + path);
    expect(await statuses(username, inSet)).toMatchObject(LET_IN);
    expect(await statuses(username, own)).toMatchObject(LET_IN);
    expect(await statuses(other, inSet)).toMatchObject({ site: 401, node: 401 });
    await node.store.flush();
    expect(await site.do('last_used', username)).toEqual({ keys: [expect.any(Number)], trusts: [expect.any(Number)] });
  });

  test('accepts a weak key, which the Node server skips and reports; the user’s other keys work', async () => {
    const good = await PrivateKey.generate();
    const username = await addUser(good);
    const weak = generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey;
    const id = await site.do<number>('add_key', username, weak.export({ type: 'spki', format: 'pem' }));
    expect(await statuses(username, good)).toMatchObject(LET_IN);
    expect(node.bad.filter((bad) => bad.username === username)).toEqual([
      { username, id, error: expect.objectContaining({ code: 'weak_key' }) },
    ]);
  });

  test('has rows that would stop working, which ajwtd doctor lists', async () => {
    const [first, second] = [await PrivateKey.generate(), await PrivateKey.generate()];
    const [good, inactive, other] = [await addUser(first), await addUser(second), await addUser(second)];
    const weak = generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey;
    const key = await site.do<number>('add_key', good, weak.export({ type: 'spki', format: 'pem' }));
    await site.do('set_active', inactive, false);
    await site.do('add_trust', other, 'http://keys.example.com/jwks.json');
    const { code, stdout } = await run(process.execPath, [
      ...AJWTD,
      'doctor',
      '--django',
      '--database',
      place.url,
      '--json',
    ]);
    expect(code).toBe(1);
    const findings = JSON.parse(stdout).findings as { username: string; problem: string; id: string }[];
    const of = (username: string) => findings.filter((one) => one.username === username).map((one) => one.problem);
    expect([of(good), of(inactive), of(other)]).toEqual([
      ['weak_key'],
      ['inactive_user'],
      ['duplicate_key', 'jwks_url'],
    ]);
    expect(findings).toContainEqual(expect.objectContaining({ username: good, id: String(key) }));
  });
});

/** The last migrations of older versions of the package. */
const SHAPES = [
  { version: '0.3.1', migration: '0003', reports: 1, keySet: false },
  { version: '0.5.2', migration: '0004', reports: 0, keySet: false },
  { version: '1.0.3', migration: '0005', reports: 1, keySet: true },
] as const;

describe.each(SHAPES)('the tables of version $version', ({ migration, reports, keySet }) => {
  test('can be read; a missing last_used_on column is reported once', async () => {
    const { database, dialect } = sqliteAt(folder(`${migration}.db`));
    const site = await startSite(database, migration);
    const connection = new Kysely<unknown>({ dialect: dialect() });
    const errors: unknown[] = [];
    const store = djangoKeyStore(connection, {
      ...(keySet ? { jwks } : {}),
      onWriteError: (error) => errors.push(error),
    });
    try {
      const [key, inSet] = [await PrivateKey.generate(), await PrivateKey.generate()];
      await site.do('add_user', 'guido');
      await site.do('add_key_unchecked', 'guido', key.publicKey.toOpenSsh());
      keySets.set(`/${migration}.json`, [inSet]);
      if (keySet) await site.do('add_trust_unchecked', 'guido', `${jwksUrl}/${migration}.json`);
      const auth = createAuthenticator({ keys: store, nonces: memoryNonceStore() });
      for (const one of keySet ? [key, inSet] : [key]) {
        for (let time = 0; time < 2; time++) {
          const authorization = await createAuthorization({ username: 'guido', key: one });
          expect(await auth.authenticate({ authorization })).toMatchObject({ ok: true, user: { username: 'guido' } });
          await store.flush();
        }
      }
      expect(errors).toHaveLength(reports);
    } finally {
      await store.close();
      await connection.destroy();
      await site.stop();
    }
  });
});

test('for a custom user model, djangoKeyStore uses its username field, and returns its row without the password', async () => {
  const file = folder('accounts.db');
  const key = await PrivateKey.generate();
  const email = 'guido@example.com';
  const columns = await python('1.3.0', 'django_accounts.py', file, email, 'PSF', key.publicKey.toOpenSsh());
  const site = new Kysely<unknown>({ dialect: nodeSqliteDialect(file) });
  const users = { table: 'accounts_account', id: 'number', username: 'email', active: null };
  const keys = djangoKeyStore(site, { users });
  const auth = createAuthenticator({ keys, nonces: memoryNonceStore() });
  const authorization = await createAuthorization({ username: email, key });
  const result = await auth.authenticate({ authorization });
  if (!result.ok) throw new Error(result.reason);
  expect(result.user).toMatchObject({ email, company: 'PSF' });
  expect([...Object.keys(result.user), 'password'].sort()).toEqual(JSON.parse(columns));
  await keys.close();
  await site.destroy();

  const words = ['--users-table', 'accounts_account', '--username-column', 'email', '--id-column', 'number'];
  const { code, stderr } = await run(process.execPath, [
    ...AJWTD,
    'doctor',
    '--django',
    '--database',
    `sqlite:${file}`,
    ...words,
  ]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '1 key and 0 JWK sets of 1 user: all of them would work\n' });
});

test('the tables in tests without Python are the same as those that Django creates', async () => {
  const site = await startSite(sqliteAt(folder('tables.db')).database);
  try {
    expect(await site.do('tables')).toEqual(DJANGO_TABLES);
  } finally {
    await site.stop();
  }
});
