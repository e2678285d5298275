/** Misuse is never accepted silently: the function throws a TypeError that says what to pass. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { expressAuth } from '../../src/adapters/express.ts';
import { memoryKeyStore, memoryNonceStore, PrivateKey, PublicKey } from '../../src/index.ts';
import { createAuthenticator } from '../../src/server/authenticate.ts';
import { EXEMPT, key, MISUSES } from './cases.ts';

/** Returns the error that a call throws or rejects with. */
async function errorOf(call: () => unknown): Promise<unknown> {
  try {
    await call();
    return 'accepted';
  } catch (error) {
    return error;
  }
}

describe.each([...new Set(MISUSES.map(({ of }) => of))])('%s refuses', (name) => {
  test.each(MISUSES.filter(({ of }) => of === name))('“$says …”', async ({ says, call, values }) => {
    const others = [];
    for (const value of values) {
      const error = await errorOf(() => call(value as never));
      if (!(error instanceof TypeError && error.message.startsWith(says))) others.push({ value, error });
    }
    expect(others, 'values that are accepted, or that cause another error').toEqual([]);
  });
});

test('every public function and class has a list of misuses, or a reason why it needs none', async () => {
  const { exports } = JSON.parse(readFileSync('packages/lib/package.json', 'utf8')) as {
    exports: Record<string, string | { source?: string }>;
  };
  const named = new Set([...MISUSES.map(({ of }) => of.replace(/\..*/, '')), ...Object.keys(EXEMPT)]);
  const unnamed: string[] = [];
  for (const [entry, target] of Object.entries(exports)) {
    // These entry points are not for users.
    if (typeof target === 'string' || target.source === undefined || entry.startsWith('./internal/')) continue;
    const module = (await import(/* @vite-ignore */ resolve('packages/lib', target.source))) as Record<string, unknown>;
    for (const [name, value] of Object.entries(module)) {
      if (typeof value === 'function' && !named.has(name)) unnamed.push(`${entry}: ${name}`);
    }
  }
  expect(unnamed).toEqual([]);
});

test('no error message repeats a string from the caller', async () => {
  const secret = 'c2VjcmV0'.repeat(20);
  for (const call of [
    () => PublicKey.from(`~/${secret.slice(0, 100)}`),
    () => PrivateKey.fromFile(`-----BEGIN PRIVATE KEY-----\n${secret}`),
    () => PrivateKey.fromFile(secret),
    () => memoryKeyStore().addKey('ada', secret as never),
    () => createAuthenticator({ keys: secret as never, nonces: memoryNonceStore() }),
  ]) {
    expect(String(await errorOf(call))).toMatch(/^(?:TypeError|KeyError): /);
    expect(String(await errorOf(call))).not.toContain(secret.slice(0, 20));
  }
});

/** The complete messages of the most common mistakes. */
test.each([
  [
    () => expressAuth({ keys: memoryKeyStore(), nonces: memoryNonceStore() } as never),
    'auth: must be an authenticator from createAuthenticator({ keys, nonces }), not an object',
  ],
  [
    () => memoryKeyStore().addKey('ada', 'text' as never),
    "key: must be a PublicKey: PublicKey.from(text), or a private key's publicKey, not a string",
  ],
  [
    () => createAuthenticator({ keys: Promise.resolve(memoryKeyStore()) as never, nonces: memoryNonceStore() }),
    'option keys: must be a key store, such as memoryKeyStore() or sqlDirectory(db), not a promise; await it first',
  ],
  [
    () => createAuthenticator({ keys: memoryKeyStore(), nonces: memoryNonceStore(), tolerance: 20_000 }),
    'option tolerance: must be a number of seconds from 1 to 600, not the number 20000',
  ],
  [
    () => PublicKey.from(key as never),
    'input: must be the text of a public key, a JWK or a KeyObject, not an instance of PrivateKey; use its publicKey',
  ],
])('%s says %s', (call, message) => {
  expect(call).toThrow(new TypeError(message));
});
