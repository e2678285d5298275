/** Calls of every public function with wrong arguments. Each must cause a TypeError that names the argument. */
import { generateKeyPairSync } from 'node:crypto';
import { Kysely } from 'kysely';
import { astroAuth } from '../../src/adapters/astro.ts';
import { elysiaAuth } from '../../src/adapters/elysia.ts';
import { expressAuth } from '../../src/adapters/express.ts';
import { fastifyAuth } from '../../src/adapters/fastify.ts';
import { h3Auth } from '../../src/adapters/h3.ts';
import { honoAuth } from '../../src/adapters/hono.ts';
import { koaAuth } from '../../src/adapters/koa.ts';
import { nestAuth, Public, RouteAuth } from '../../src/adapters/nest.ts';
import { nodeAuth } from '../../src/adapters/node.ts';
import { sveltekitAuth } from '../../src/adapters/sveltekit.ts';
import { webAuth } from '../../src/adapters/web.ts';
import { signedAxios } from '../../src/client/axios.ts';
import { createSignedFetch } from '../../src/client/fetch.ts';
import { signedGot } from '../../src/client/got.ts';
import { signedKy } from '../../src/client/ky.ts';
import { createAuthorization, createToken } from '../../src/client/token.ts';
import { signedUndici } from '../../src/client/undici.ts';
import {
  cachedKeyStore,
  chainedKeyStore,
  createAuthenticator,
  memoryKeyStore,
  memoryNonceStore,
  PrivateKey,
  PublicKey,
  singleUse,
} from '../../src/index.ts';
import { jwksClient, jwksEndpoint, jwksKeyStore, withJwks } from '../../src/jwks.ts';
import { authorizedKeysStore } from '../../src/key-stores/authorized-keys/authorized-keys-store.ts';
import { awsKmsSigner, azureKeyVaultSigner, googleKmsSigner, kmsSigner, vaultSigner } from '../../src/kms.ts';
import { redisNonceStore } from '../../src/nonce-stores/redis/redis-nonce-store.ts';
import { sshAgentSigner } from '../../src/signers/ssh-agent/ssh-agent-signer.ts';
import { webCryptoSigner } from '../../src/signers/web-crypto/web-crypto-signer.ts';
import {
  directoryMigrationSql,
  directoryRevision,
  djangoKeyStore,
  nodeSqliteDialect,
  sqlDirectory,
  sqlKeyStore,
  sqlNonceStore,
} from '../../src/sql.ts';
import {
  adapterContract,
  bodyContract,
  directoryContract,
  keyStoreContract,
  nonceStoreContract,
  signerContract,
} from '../../src/testing.ts';

export const key: PrivateKey = await PrivateKey.generate();
const publicKey = key.publicKey;
const signer = { username: 'guido', key };
const nonces = memoryNonceStore();
const keys = memoryKeyStore();
const auth = createAuthenticator({ keys, nonces });
const dialect = nodeSqliteDialect(':memory:');
const db = new Kysely<unknown>({ dialect });
const directory = sqlDirectory(db);
const hour = Date.now() + 3_600_000;
/** Returns a promise, as if the caller had forgotten await. */
const promised = <T>(value: T) => Promise.resolve(value);
const handle = generateKeyPairSync('ed25519').publicKey;
const sets = jwksKeyStore({ users: { guido: 'https://example.com/jwks.json' } });
const mapping = { users: { table: 'u', id: 'id', username: 'name' }, keys: { publicKey: 'key' } } as const;

/** Values that are not option objects. */
const NO_OPTIONS: readonly unknown[] = [null, 'guido', 5, true, [], promised({}), new Map(), () => ({})];
const NO_STRING = [undefined, null, '', 5, {}, ['a'], promised('a'), new URL('file:///a')];
const NO_KEY_STORE = [undefined, null, 'keys', {}, [publicKey], promised(keys), memoryKeyStore, nonces, db, new Map()];
const NO_AUTHENTICATOR = [undefined, null, {}, { keys, nonces }, keys, promised(auth), createAuthenticator, 'auth'];
const NO_KYSELY = [undefined, null, 'ajwt.db', 'postgres://localhost/a', {}, dialect, promised(db), Kysely];
const NO_PUBLIC_KEY = [undefined, null, 'text', publicKey.toPem(), publicKey.toJwk(), key, promised(publicKey), handle];
const NO_USERNAME = [undefined, null, '', ' guido', 5, publicKey, 'a\0b'];
const NO_SIGNER = [undefined, null, 'key', {}, key.toJwk(), publicKey, PrivateKey.fromFile('guido').catch(() => key)];
const MILLISECONDS = [Date.now, () => Date.now()];

/** A call of a function with one wrong argument or option. */
interface Misuse {
  /** The exported name of the function, with a dot before the name of a method. */
  readonly of: string;
  /** The start of the message. */
  readonly says: string;
  readonly call: (value: never) => unknown;
  readonly values: readonly unknown[];
}

// biome-ignore lint/suspicious/noExplicitAny: these tests pass wrong types
type Wrong = any;
const misuse = (of: string, says: string, call: (value: Wrong) => unknown, values: readonly unknown[]): Misuse => {
  return { of, says, call, values };
};

/** Returns misuses of the options that all clients have. */
function client(of: string, make: (options: Wrong) => unknown): Misuse[] {
  return [
    misuse(of, 'options: must be an object', make, [undefined, ...NO_OPTIONS]),
    misuse(of, 'option username: must be', (username) => make({ ...signer, username }), NO_USERNAME),
    misuse(of, 'option key: must be a PrivateKey', (wrong) => make({ ...signer, key: wrong }), NO_SIGNER),
    misuse(of, 'option user: unknown; did you mean username?', (user) => make({ user, key }), ['guido']),
    misuse(of, 'option now: must return seconds', (now) => make({ ...signer, now }), MILLISECONDS),
  ];
}

/** Returns misuses of clients that sign every request. */
function signing(of: string, make: (options: Wrong) => unknown): Misuse[] {
  return [
    ...client(of, make),
    misuse(of, 'option audience: needs bind', (audience) => make({ ...signer, audience }), ['https://a.example']),
    misuse(of, 'option bind: ', (bind) => make({ ...signer, bind }), ['aud', ['method'], { aud: 'x' }]),
    misuse(of, 'option clock: must be an object or false', (clock) => make({ ...signer, clock }), [
      true,
      'no',
      5,
      null,
    ]),
  ];
}

/** Returns misuses of functions that make one token. */
function token(of: string, make: (options: Wrong) => unknown): Misuse[] {
  const bound = (bind: object) => make({ ...signer, bind });
  return [
    ...client(of, make),
    misuse(of, 'option bind: ', (bind) => make({ ...signer, bind }), ['aud', ['aud'], { method: 'GET' }, { htm: 5 }]),
    misuse(of, 'option bind: target must begin with /', (target) => bound({ target }), ['me', 'https://a.example/me']),
    misuse(of, 'option bind: digest must be', (digest) => bound({ digest }), [
      '',
      'e3b0c44298fc1c14',
      `${'A'.repeat(43)}=`,
    ]),
  ];
}

const adapter = (of: string, make: (given: Wrong, options?: Wrong) => unknown): Misuse[] => [
  misuse(of, 'auth: must be an authenticator from createAuthenticator(', (wrong) => make(wrong), NO_AUTHENTICATOR),
  misuse(of, 'options: must be an object', (wrong) => make(auth, wrong), NO_OPTIONS),
  misuse(of, 'option requires: unknown; did you mean require?', (requires) => make(auth, { requires }), [['aud']]),
  misuse(of, 'option require: ', (require) => make(auth, { require }), ['aud', ['method'], ['digests']]),
];

const readsBodies = (of: string, make: (given: Wrong, options?: Wrong) => unknown): Misuse[] => [
  misuse(of, `option body: must be 'buffer' or 'stream'`, (body) => make(auth, { body }), [true, 'streams', {}]),
  misuse(of, 'option maxBodyBytes: must be a number of bytes', (maxBodyBytes) => make(auth, { maxBodyBytes }), [
    -1,
    '1mb',
    Number.NaN,
    2 ** 31,
  ]),
  misuse(of, 'option maxBodyBytes: needs body', (body) => make(auth, { body, maxBodyBytes: 5 }), ['stream']),
];

const database = (of: string, make: (given: Wrong) => unknown): Misuse =>
  misuse(of, 'database: must be a Kysely instance', make, NO_KYSELY);

const options = (of: string, make: (given: Wrong) => unknown, values: readonly unknown[] = NO_OPTIONS): Misuse =>
  misuse(of, 'options: must be an object', make, values);

const path = (of: string, make: (given: Wrong) => unknown, says = 'path: must be'): Misuse =>
  misuse(of, says, make, NO_STRING);

const fixture = (of: string, make: (given: Wrong) => unknown): Misuse[] => [
  misuse(of, 'fixture', make, [null, 5, {}, { make: 5 }, { mak: () => keys }, () => keys]),
];

export const MISUSES: readonly Misuse[] = [
  // Servers
  options('createAuthenticator', createAuthenticator as Wrong, [undefined, ...NO_OPTIONS]),
  misuse(
    'createAuthenticator',
    'option keys: must be a key store',
    (wrong) => createAuthenticator({ keys: wrong, nonces }),
    NO_KEY_STORE,
  ),
  misuse(
    'createAuthenticator',
    'option nonces: must be a nonce store',
    (wrong) => createAuthenticator({ keys, nonces: wrong }),
    [undefined, null, {}, keys, memoryNonceStore, promised(nonces), new Map(), 'redis://localhost'],
  ),
  misuse(
    'createAuthenticator',
    'option tolerance: must be a number of seconds',
    (tolerance) => createAuthenticator({ keys, nonces, tolerance }),
    [20_000, '20', 0, -1, Number.NaN],
  ),
  misuse(
    'createAuthenticator',
    'option now: must return seconds',
    (now) => createAuthenticator({ keys, nonces, now }),
    MILLISECONDS,
  ),
  misuse(
    'createAuthenticator',
    'option tolerence: unknown; did you mean tolerance?',
    (tolerence) => createAuthenticator({ keys, nonces, tolerence } as Wrong),
    [20],
  ),
  ...adapter('expressAuth', expressAuth),
  ...readsBodies('expressAuth', expressAuth),
  misuse(
    'expressAuth',
    'auth: must be an authenticator from createAuthenticator(',
    (request) => expressAuth(request, {} as Wrong),
    [{ method: 'GET', url: '/', rawHeaders: [] }],
  ),
  ...adapter('nodeAuth', nodeAuth),
  ...readsBodies('nodeAuth', nodeAuth),
  ...adapter('webAuth', webAuth),
  ...readsBodies('webAuth', webAuth),
  ...adapter('fastifyAuth', fastifyAuth),
  ...readsBodies('fastifyAuth', fastifyAuth),
  ...adapter('honoAuth', honoAuth),
  ...readsBodies('honoAuth', honoAuth),
  ...adapter('h3Auth', h3Auth),
  ...readsBodies('h3Auth', h3Auth),
  ...adapter('koaAuth', koaAuth),
  ...readsBodies('koaAuth', koaAuth),
  ...adapter('elysiaAuth', elysiaAuth),
  ...readsBodies('elysiaAuth', elysiaAuth),
  ...adapter('nestAuth', nestAuth),
  ...readsBodies('nestAuth', nestAuth),
  ...adapter('sveltekitAuth', sveltekitAuth),
  misuse('sveltekitAuth', 'option route: must be a function', (route) => sveltekitAuth(auth, { route }), [
    false,
    '/api',
  ]),
  ...adapter('astroAuth', astroAuth),
  misuse('astroAuth', 'option route: must be a function', (route) => astroAuth(auth, { route }), [false, '/api']),
  misuse('RouteAuth', 'options: must be an object', RouteAuth as Wrong, NO_OPTIONS),
  misuse('RouteAuth', 'option require: ', (require) => RouteAuth({ require }), ['aud', ['method'], ['digests']]),
  misuse('Public', 'Public and RouteAuth only decorate', (target) => (Public() as Wrong)(target), [{}, 5, 'Api']),
  misuse('webAuth.protect', 'handler: must be a function', (wrong) => webAuth(auth).protect(wrong), [
    undefined,
    null,
    {},
    new Response(),
  ]),
  misuse('webAuth.optional', 'handler: must be a function', (wrong) => webAuth(auth).optional(wrong), [
    undefined,
    null,
    {},
    new Response(),
  ]),

  // Single use
  misuse('singleUse', 'nonces: must be a nonce store', (wrong) => singleUse(wrong), [
    undefined,
    null,
    {},
    keys,
    memoryNonceStore,
    promised(nonces),
    new Map(),
    { nonces },
  ]),
  options('singleUse', (wrong) => singleUse(nonces, wrong)),
  misuse('singleUse', 'option now: must return seconds', (now) => singleUse(nonces, { now }), MILLISECONDS),
  misuse('singleUse', 'option tolerance: unknown', (tolerance) => singleUse(nonces, { tolerance } as Wrong), [300]),

  // Nonce stores
  options('memoryNonceStore', memoryNonceStore),
  misuse(
    'memoryNonceStore',
    'option clockMargin: must be a number of seconds',
    (clockMargin) => memoryNonceStore({ clockMargin }),
    [20_000, '20', 0],
  ),
  misuse('memoryNonceStore', 'option now: must return seconds', (now) => memoryNonceStore({ now }), MILLISECONDS),
  database('sqlNonceStore', sqlNonceStore),
  options('sqlNonceStore', (wrong) => sqlNonceStore(db, wrong)),
  misuse(
    'sqlNonceStore',
    'option deadlineMs: must be a number of milliseconds',
    (deadlineMs) => sqlNonceStore(db, { deadlineMs }),
    [0.15, 10_000, '150'],
  ),
  misuse('redisNonceStore', 'client: must be a client', redisNonceStore, [
    undefined,
    null,
    'redis://localhost:6379',
    {},
    { url: 'redis://localhost' },
    promised({}),
    { evalSha: true },
    () => ({}),
  ]),
  options('redisNonceStore', (wrong) => redisNonceStore({ evalsha() {}, eval() {} } as Wrong, wrong)),
  misuse(
    'redisNonceStore',
    'option deadlineMs: must be a number of milliseconds',
    (deadlineMs) => redisNonceStore({ evalsha() {}, eval() {} } as Wrong, { deadlineMs }),
    [0.15, 1, '150'],
  ),

  // Key stores
  options('memoryKeyStore', memoryKeyStore as Wrong),
  misuse('memoryKeyStore', 'option now: must be a function', (now) => memoryKeyStore({ now }), [5, {}, 'guido']),
  misuse('memoryKeyStore', 'option now: must return seconds', (now) => memoryKeyStore({ now }), MILLISECONDS),
  misuse(
    'memoryKeyStore.addKey',
    'key: must be a PublicKey',
    (wrong) => memoryKeyStore().addKey('ada', wrong),
    NO_PUBLIC_KEY,
  ),
  misuse(
    'memoryKeyStore.addKey',
    'username: must be',
    (wrong) => memoryKeyStore().addKey(wrong, publicKey),
    NO_USERNAME,
  ),
  misuse(
    'memoryKeyStore.addKey',
    'options: must be an object',
    (wrong) => memoryKeyStore().addKey('ada', publicKey, wrong),
    NO_OPTIONS,
  ),
  misuse(
    'memoryKeyStore.addKey',
    'option state: must be one of',
    (state) => memoryKeyStore().addKey('ada', publicKey, { state }),
    ['disabled', 5, null, true],
  ),
  misuse(
    'memoryKeyStore.addKey',
    'option expires: must be seconds',
    (expires) => memoryKeyStore().addKey('ada', publicKey, { expires }),
    [hour, new Date(hour), '2030-01-01', Number.NaN, null],
  ),
  misuse('memoryKeyStore.setUser', 'options: must be an object', (wrong) => memoryKeyStore().setUser('ada', wrong), [
    undefined,
    ...NO_OPTIONS,
  ]),
  misuse('memoryKeyStore.setUser', 'option user: is missing', (wrong) => memoryKeyStore().setUser('ada', wrong), [
    {},
    { disabled: true },
  ]),
  misuse('memoryKeyStore.setUser', 'option email: unknown', (wrong) => memoryKeyStore().setUser('ada', wrong), [
    { email: 'ada@example.com' },
  ]),
  misuse(
    'memoryKeyStore.setUser',
    'option disabled: must be true or false',
    (disabled) => memoryKeyStore().setUser('ada', { user: 'ada', disabled }),
    ['false', 1],
  ),
  misuse(
    'memoryKeyStore.setUser',
    'option require: ',
    (require) => memoryKeyStore().setUser('ada', { user: 'ada', require }),
    ['aud', ['method']],
  ),
  misuse('cachedKeyStore', 'store: must be a key store', cachedKeyStore as Wrong, NO_KEY_STORE),
  misuse('cachedKeyStore', 'store: cannot be cached', cachedKeyStore as Wrong, [
    sets,
    withJwks(keys, jwksClient()),
    chainedKeyStore(keys, sets),
  ]),
  options('cachedKeyStore', (wrong) => cachedKeyStore(keys, wrong)),
  misuse(
    'cachedKeyStore',
    'option ttlSeconds: must be a number of seconds',
    (ttl) => cachedKeyStore(keys, { ttlSeconds: ttl }),
    [5000, -1, '1'],
  ),
  misuse(
    'chainedKeyStore',
    'chainedKeyStore: store 2: must be a key store',
    (wrong) => chainedKeyStore(keys, wrong),
    NO_KEY_STORE.filter((one) => !Array.isArray(one)),
  ),
  misuse('chainedKeyStore', 'chainedKeyStore: takes stores as separate arguments', (wrong) => chainedKeyStore(wrong), [
    [keys, keys],
    [],
  ]),
  misuse('chainedKeyStore', 'chainedKeyStore: needs at least one key store', () => chainedKeyStore(), [undefined]),
  path('authorizedKeysStore', (wrong) => authorizedKeysStore(wrong)),
  options('authorizedKeysStore', (wrong) => authorizedKeysStore('keys', wrong)),
  misuse(
    'authorizedKeysStore',
    "option layout: must be 'folder' or 'file'",
    (layout) => authorizedKeysStore('keys', { layout }),
    ['files', 'dir'],
  ),
  options('jwksKeyStore', jwksKeyStore as Wrong, [undefined, ...NO_OPTIONS]),
  misuse('jwksKeyStore', 'option users: ', (users) => jwksKeyStore({ users }), [
    undefined,
    null,
    'guido',
    [],
    new Map([['guido', 'https://example.com']]),
    promised({}),
    { guido: null },
    { guido: 5 },
    { guido: { url: 'https://example.com' } },
    { guido: { urls: 'https://example.com' } },
    { guido: 'example.com/keys' },
    { guido: { urls: ['https://example.com'], disabled: 'no' } },
  ]),
  misuse('withJwks', 'store: must be a key store', (wrong) => withJwks(wrong, jwksClient()), NO_KEY_STORE),
  misuse('withJwks', 'client: must be a client made by jwksClient()', (wrong) => withJwks(keys, wrong), [
    undefined,
    null,
    {},
    jwksClient,
    promised(jwksClient()),
    keys,
  ]),
  options('jwksClient', jwksClient),
  misuse(
    'jwksClient',
    'option timeoutSeconds: must be a number of seconds',
    (timeoutSeconds) => jwksClient({ timeoutSeconds }),
    [2000, 0, '2'],
  ),
  misuse('jwksEndpoint', 'keys', jwksEndpoint as Wrong, [
    undefined,
    null,
    publicKey,
    'text',
    promised([publicKey]),
    [publicKey.toPem()],
    [key],
    { keys: [publicKey] },
  ]),
  options('jwksEndpoint', (wrong) => jwksEndpoint([publicKey], wrong)),
  misuse(
    'jwksEndpoint',
    'option maxAgeSeconds: must be a number of seconds',
    (maxAge) => jwksEndpoint([], { maxAgeSeconds: maxAge }),
    [300_000, -1, '5 min'],
  ),

  // Databases
  database('sqlDirectory', sqlDirectory),
  options('sqlDirectory', (wrong) => sqlDirectory(db, wrong)),
  misuse('sqlDirectory', 'option now: must return seconds', (now) => sqlDirectory(db, { now }), MILLISECONDS),
  misuse('sqlDirectory.as', 'option actor: must be a string', (wrong) => directory.withActor(wrong), [
    undefined,
    null,
    '',
    5,
    {},
  ]),
  misuse('sqlDirectory.addKey', 'key: must be a PublicKey', (wrong) => directory.addKey('ada', wrong), NO_PUBLIC_KEY),
  misuse(
    'sqlDirectory.addKey',
    'options: must be an object',
    (wrong) => directory.addKey('ada', publicKey, wrong),
    NO_OPTIONS,
  ),
  misuse(
    'sqlDirectory.addKey',
    'option createuser: unknown; did you mean createUser?',
    (createuser) => directory.addKey('ada', publicKey, { createuser } as Wrong),
    [true],
  ),
  misuse(
    'sqlDirectory.setDisabled',
    'disabled: must be true or false',
    (wrong) => directory.setDisabled('ada', wrong),
    [undefined, null, 'false', 0],
  ),
  database('sqlKeyStore', (wrong) => sqlKeyStore(wrong, mapping as Wrong)),
  options('sqlKeyStore', (wrong) => sqlKeyStore(db, wrong), [undefined, ...NO_OPTIONS]),
  misuse('sqlKeyStore', 'option users', (users) => sqlKeyStore(db, { ...mapping, users }), [
    undefined,
    null,
    'users',
    {},
    { table: 'u' },
  ]),
  database('djangoKeyStore', djangoKeyStore as Wrong),
  options('djangoKeyStore', (wrong) => djangoKeyStore(db, wrong)),
  path('nodeSqliteDialect', nodeSqliteDialect as Wrong),
  misuse('nodeSqliteDialect', 'path: must be the path of a file, not a URL', nodeSqliteDialect as Wrong, [
    'postgres://localhost/ajwt',
    'file:///var/lib/ajwt.db',
  ]),
  options('nodeSqliteDialect', (wrong) => nodeSqliteDialect(':memory:', wrong)),
  misuse(
    'nodeSqliteDialect',
    'option busyTimeoutMs: must be a number of milliseconds',
    (wait) => nodeSqliteDialect(':memory:', { busyTimeoutMs: wait }),
    ['0; DROP TABLE a', -1, Number.NaN],
  ),
  misuse(
    'nodeSqliteDialect',
    'option synchronous: must be NORMAL or FULL',
    (synchronous) => nodeSqliteDialect(':memory:', { synchronous }),
    ['OFF', 'full', 5],
  ),
  path('directoryRevision', directoryRevision as Wrong),
  misuse('directoryMigrationSql', 'database: must be one of', directoryMigrationSql as Wrong, [
    undefined,
    'mariadb',
    'postgresql',
    db,
    'toString',
  ]),

  // Keys
  misuse(
    'PublicKey.from',
    'input: must be the text of a public key, a JWK or a KeyObject, not',
    (wrong) => PublicKey.from(wrong),
    [
      undefined,
      null,
      5,
      promised(publicKey),
      Buffer.from(publicKey.toPem()),
      key,
      publicKey,
      new URL('file:///guido.pub'),
    ],
  ),
  options('PublicKey.from', (wrong) => PublicKey.from(publicKey.toPem(), wrong)),
  misuse(
    'PrivateKey.from',
    'input: must be the text of a private key, a JWK or a KeyObject, not',
    (wrong) => PrivateKey.from(wrong),
    [undefined, null, 5, promised(key), Buffer.from(key.toPem()), key, publicKey, new URL('file:///guido')],
  ),
  options('PrivateKey.from', (wrong) => PrivateKey.from(key.toPem(), wrong)),
  misuse(
    'PrivateKey.from',
    'option passphrase: must be a string',
    (passphrase) => PrivateKey.from(key.toPem('pw'), { passphrase }),
    [5, null, Buffer.from('pw'), promised('pw')],
  ),
  path('PublicKey.fromFile', (wrong) => PublicKey.fromFile(wrong)),
  misuse(
    'PublicKey.fromFile',
    'path: must be the path of a file, not the key itself',
    (wrong) => PublicKey.fromFile(wrong),
    [publicKey.toPem(), publicKey.toOpenSsh('guido'), JSON.stringify(publicKey.toJwk())],
  ),
  path('PrivateKey.fromFile', (wrong) => PrivateKey.fromFile(wrong)),
  misuse(
    'PrivateKey.fromFile',
    'path: must be the path of a file, not the key itself',
    (wrong) => PrivateKey.fromFile(wrong),
    [key.toPem(), JSON.stringify(key.toJwk()), Buffer.from(key.toPem()).toString('base64')],
  ),
  misuse('PrivateKey.generate', 'type: must be ed25519, rsa or ec', (wrong) => PrivateKey.generate(wrong), [
    null,
    'RSA',
    'rs256',
    4096,
    { type: 'rsa' },
  ]),
  misuse('PrivateKey.generate', 'options: must be an object', (wrong) => PrivateKey.generate('rsa', wrong), NO_OPTIONS),
  misuse('PrivateKey.toPem', 'passphrase: must be a string', (wrong) => key.toPem(wrong), [
    null,
    '',
    5,
    {},
    'p'.repeat(1025),
    Buffer.from('pw'),
  ]),

  // Clients
  ...token('createToken', createToken),
  ...token('createAuthorization', createAuthorization),
  ...signing('createSignedFetch', createSignedFetch),
  misuse('createSignedFetch', 'the URL must be absolute', (url) => createSignedFetch(signer)(url), [
    '/api/me',
    'api/me',
    '',
    'localhost:8080/api/me',
    'ftp://example.com/a',
    'example.com',
  ]),
  ...signing('signedGot', signedGot),
  ...signing('signedKy', signedKy),
  ...signing('signedUndici', (given) =>
    signedUndici(
      given && typeof given === 'object' && 'key' in given ? { origin: 'https://a.example', ...given } : given,
    ),
  ),
  misuse('signedUndici', 'option origin: must be an origin', (origin) => signedUndici({ ...signer, origin }), [
    undefined,
    'a.example',
    'https://a.example/',
    'https://a.example/v1',
  ]),
  ...signing('signedAxios', (given) => signedAxios({ getAdapter: () => async () => {}, getUri: () => '' }, given)),
  misuse('signedAxios', 'axios: must be axios itself', (wrong) => signedAxios(wrong, signer), [
    undefined,
    null,
    {},
    signer,
    promised({}),
  ]),

  // Signers
  options('sshAgentSigner', sshAgentSigner as Wrong),
  misuse('webCryptoSigner', 'keyPair: must be a CryptoKeyPair', webCryptoSigner as Wrong, [
    undefined,
    null,
    'key',
    {},
    promised({}),
  ]),
  options('kmsSigner', kmsSigner as Wrong, [undefined, ...NO_OPTIONS]),
  misuse(
    'kmsSigner',
    'option publicKey: must be',
    (wrong) => kmsSigner({ publicKey: wrong, sign: () => promised(new Uint8Array()) }),
    NO_PUBLIC_KEY,
  ),
  misuse('kmsSigner', 'option sign: must be a function', (sign) => kmsSigner({ publicKey, sign }), [
    undefined,
    null,
    {},
    promised(() => {}),
  ]),
  options('awsKmsSigner', awsKmsSigner as Wrong, [undefined, ...NO_OPTIONS]),
  misuse('awsKmsSigner', 'option client: must be', (given) => awsKmsSigner({ client: given, keyId: 'k', publicKey }), [
    undefined,
    null,
    {},
    promised({ sign() {} }),
  ]),
  misuse(
    'awsKmsSigner',
    'option keyId: must be a non-empty string',
    (keyId) => awsKmsSigner({ client: { sign() {} } as Wrong, keyId, publicKey }),
    [undefined, null, '', 5],
  ),
  options('googleKmsSigner', googleKmsSigner as Wrong, [undefined, ...NO_OPTIONS]),
  misuse(
    'googleKmsSigner',
    'option client: must be',
    (given) => googleKmsSigner({ client: given, name: 'k', publicKey }),
    [undefined, null, {}, promised({})],
  ),
  options('azureKeyVaultSigner', azureKeyVaultSigner as Wrong, [undefined, ...NO_OPTIONS]),
  misuse(
    'azureKeyVaultSigner',
    'option client: must be',
    (given) => azureKeyVaultSigner({ client: given, publicKey }),
    [undefined, null, {}, promised({})],
  ),
  options('vaultSigner', vaultSigner as Wrong, [undefined, ...NO_OPTIONS]),
  misuse(
    'vaultSigner',
    'option address: must be',
    (address) => vaultSigner({ address, token: 't', name: 'k', publicKey }),
    [undefined, null, 'vault:8200', 'http://vault.example.com'],
  ),
  misuse(
    'vaultSigner',
    'option timeoutSeconds: must be a number of seconds',
    (timeoutSeconds) => vaultSigner({ address: 'https://v.example', token: 't', name: 'k', publicKey, timeoutSeconds }),
    [10_000, 0, '10'],
  ),

  // Contract suites
  ...fixture('keyStoreContract', keyStoreContract),
  ...fixture('nonceStoreContract', nonceStoreContract),
  ...fixture('directoryContract', directoryContract),
  ...fixture('signerContract', signerContract),
  misuse('bodyContract', 'fixture', bodyContract as Wrong, [null, 5, {}, { start: 5 }, { make: () => keys }]),
  misuse('adapterContract', 'fixture', adapterContract as Wrong, [null, 5, {}, { start: 5 }, { make: () => keys }]),
];

/** Public functions and classes that need no list of misuses, each with the reason. */
export const EXEMPT: Readonly<Record<string, string>> = {
  KeyError: 'only the library creates it',
  BodyError: 'the compiler checks its only argument',
  bufferWebBody: 'adapters call it for each request, so it has no checks',
  checkWebBody: 'adapters call it for each request, so it has no checks',
  bufferBody: 'adapters call it for each request, so it has no checks',
  checkBodyStream: 'adapters call it for each request, so it has no checks',
  KeyConflictError: 'users pass only a message',
  UnavailableError: 'users pass only a message',
  DirectoryError: 'users pass only a code and a message',
  SignedFetchError: 'only the library creates it',
  JwksError: 'only the library creates it',
  KmsError: 'users pass only a code and a message',
  SingleUseError: 'only the library creates it',
  SshAgentError: 'only the library creates it',
  SodiumError: 'only the library creates it',
  ContractError: 'users pass only a message',
  isPublicAddress: 'accepts any value',
  printable: 'accepts any string',
  sodiumEd25519: 'has no parameters',
  checkAuthenticator: 'its purpose is to check a value',
  checkRouteOptions: 'its purpose is to check a value',
  headerValues: 'adapters call it for each request, so it has no checks',
  readNodeRequest: 'adapters call it for each request, so it has no checks',
  writeRefusal: 'adapters call it for each request, so it has no checks',
  writeUpgradeRefusal: 'adapters call it for each request, so it has no checks',
  readWebRequest: 'adapters call it for each request, so it has no checks',
  refusalResponse: 'adapters call it for each request, so it has no checks',
};
