/** Checks that run on every runtime. They need no test framework, so that workerd can run them. */
import { createAuthenticator, memoryKeyStore, memoryNonceStore, PrivateKey, PublicKey } from 'asymmetric-jwt-auth';
import { createAuthorization, createSignedFetch } from 'asymmetric-jwt-auth/client';
import { webAuth } from 'asymmetric-jwt-auth/web';
import { type WebCryptoKeyPair, webCryptoSigner } from 'asymmetric-jwt-auth/web-crypto';

/** The result of one check: `undefined` if it holds. */
export interface CheckResult {
  readonly name: string;
  readonly error: string | undefined;
}

const KINDS = [
  ['Ed25519', 'ed25519', {}],
  ['RSA', 'rsa', { bits: 2048 }],
  ['P-256', 'ec', { curve: 'P-256' }],
  ['P-384', 'ec', { curve: 'P-384' }],
  ['P-521', 'ec', { curve: 'P-521' }],
] as const;
const rsa = { name: 'RSASSA-PKCS1-v1_5', modulusLength: 2048, publicExponent: Uint8Array.of(1, 0, 1), hash: 'SHA-512' };
const WEB_CRYPTO_KINDS: Readonly<Record<string, object>> = {
  Ed25519: { name: 'Ed25519' },
  RSA: rsa,
  'P-256': { name: 'ECDSA', namedCurve: 'P-256' },
  'P-384': { name: 'ECDSA', namedCurve: 'P-384' },
  'P-521': { name: 'ECDSA', namedCurve: 'P-521' },
};

/**
 * Runs all checks, one after another.
 *
 * @param api - a server that accepts the key of {@link LOCAL_KEY} for the user `guido`, and responds with the username
 */
export async function runSuite(api: string): Promise<CheckResult[]> {
  const results: CheckResult[] = [];
  for (const [name, check] of checks(api)) {
    let error: string | undefined;
    try {
      await check();
    } catch (cause) {
      error = cause instanceof Error ? `${cause.name}: ${cause.message}` : String(cause);
    }
    results.push({ name, error });
  }
  return results;
}

type Check = readonly [name: string, check: () => Promise<void>];

function checks(api: string): Check[] {
  return [
    ...KINDS.map(([name, type, options]): Check => {
      return [`${name}: a token is accepted once`, async () => acceptedOnce(await PrivateKey.generate(type, options))];
    }),
    ...Object.entries(WEB_CRYPTO_KINDS).map(([name, params]): Check => {
      return [`${name}: webCryptoSigner signs with a non-extractable key`, () => signsWithWebCrypto(params)];
    }),
    ...KINDS.map(([name, type, options]): Check => {
      return [`${name}: keys survive export and import`, () => roundTrips(type, options)];
    }),
    ['refusals are complete responses', refusals],
    ['webAuth protects a handler', protectsHandler],
    ['createSignedFetch calls a server', () => callsServer(api)],
    ['a missing key file is a KeyError', missingFile],
  ];
}

interface Key {
  readonly signer: Parameters<typeof createAuthorization>[0]['key'];
  readonly publicKey: PublicKey;
}

async function acceptedOnce(key: PrivateKey): Promise<void> {
  await isAcceptedOnce({ signer: key, publicKey: key.publicKey });
}

async function isAcceptedOnce({ signer, publicKey }: Key): Promise<void> {
  const keys = memoryKeyStore();
  keys.addKey('guido', publicKey);
  const auth = createAuthenticator({ keys, nonces: memoryNonceStore() });
  const authorization = await createAuthorization({ username: 'guido', key: signer });
  const [first, second] = [await auth.authenticate({ authorization }), await auth.authenticate({ authorization })];
  equal(first.ok && first.username, 'guido');
  equal(reasonOf(second), 'replayed');
}

async function signsWithWebCrypto(params: object): Promise<void> {
  const pair = await crypto.subtle.generateKey(params as EcKeyGenParams, false, ['sign', 'verify']);
  equal(pair.privateKey.extractable, false);
  const signer = await webCryptoSigner(pair as WebCryptoKeyPair);
  const publicKey = PublicKey.from(signer.publicKey.toPem());
  equal(signer.publicKey.kid, publicKey.kid);
  equal(signer.publicKey.toOpenSsh(), publicKey.toOpenSsh());
  await isAcceptedOnce({ signer, publicKey });
}

async function roundTrips(type: 'ed25519' | 'rsa' | 'ec', options: object): Promise<void> {
  const key = await PrivateKey.generate(type, options);
  const { publicKey } = key;
  equal(PublicKey.from(publicKey.toPem()).kid, key.kid);
  equal(PublicKey.from(publicKey.toOpenSsh()).kid, key.kid);
  equal(PublicKey.from(publicKey.toJwk()).kid, key.kid);
  equal(PrivateKey.from(key.toPem()).kid, key.kid);
  equal(PrivateKey.from(key.toJwk()).kid, key.kid);
  equal(PrivateKey.from(key.toPem('correct horse'), { passphrase: 'correct horse' }).kid, key.kid);
}

async function refusals(): Promise<void> {
  const [key, other] = [await PrivateKey.generate(), await PrivateKey.generate()];
  const keys = memoryKeyStore();
  keys.addKey('guido', key.publicKey);
  const auth = createAuthenticator({ keys, nonces: memoryNonceStore() });
  const now = Date.now() / 1000;
  const sign = (options: object) => createAuthorization({ username: 'guido', key, ...options });
  // The signature of another token.
  const parts = (await sign({})).split('.');
  const forged = [...parts.slice(0, 2), (await sign({})).split('.')[2]].join('.');
  const cases = [
    ['missing', undefined],
    ['malformed', 'JWT x'],
    ['unknown_user', await sign({ username: 'eve' })],
    ['unknown_key', await sign({ key: other })],
    ['bad_signature', forged],
    ['stale', await sign({ now: () => now - 60 })],
    ['from_the_future', await sign({ now: () => now + 60 })],
  ] as const;
  for (const [reason, authorization] of cases) {
    const result = await auth.authenticate({ authorization });
    equal(reasonOf(result), reason);
    if (result.ok) continue;
    equal(result.status, 401);
    equal(result.headers['www-authenticate']?.startsWith('JWT '), true);
    equal(JSON.parse(result.body).status, 401);
  }
}

async function protectsHandler(): Promise<void> {
  const key = await PrivateKey.generate();
  const keys = memoryKeyStore();
  keys.addKey('guido', key.publicKey);
  const auth = webAuth(createAuthenticator({ keys, nonces: memoryNonceStore(), require: ['htm', 'target'] }));
  const handler = auth.protect((_, { username }) => new Response(username));
  const url = 'https://api.example.com/me?x=1';
  const bind = { htm: 'GET', target: '/me?x=1' };
  const authorization = await createAuthorization({ username: 'guido', key, bind });
  const accepted = await handler(new Request(url, { headers: { authorization } }));
  equal(`${accepted.status} ${await accepted.text()}`, '200 guido');
  const replayed = await handler(new Request(url, { headers: { authorization } }));
  equal(replayed.status, 401);
  equal((await replayed.json()).error, 'replayed');
}

async function callsServer(api: string): Promise<void> {
  const key = PrivateKey.from(LOCAL_KEY);
  const signed = createSignedFetch({ username: 'guido', key, bind: ['aud', 'htm', 'target'] });
  const response = await signed(`${api}/me?x=1`, { method: 'POST', body: 'text' });
  equal(`${response.status} ${await response.text()}`, '200 guido');
}

/** A key for these tests, from RFC 8037 §A.1. */
export const LOCAL_KEY = {
  kty: 'OKP',
  crv: 'Ed25519',
  d: 'nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A',
  x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo',
};

async function missingFile(): Promise<void> {
  const error = await PrivateKey.fromFile('/missing/id_ed25519').catch((cause) => cause);
  equal(`${error?.name} ${error?.code}`, 'KeyError unreadable');
}

const reasonOf = (result: { readonly ok: boolean; readonly reason?: string }) => result.ok || result.reason;

function equal(actual: unknown, expected: unknown): void {
  if (actual !== expected) throw new Error(`expected ${String(expected)}, but got ${String(actual)}`);
}
