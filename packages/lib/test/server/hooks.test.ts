import { expect, test } from 'vitest';
import { createAuthorization } from '../../src/client.ts';
import { createAuthenticator, type KeyStore, memoryKeyStore, memoryNonceStore, PrivateKey } from '../../src/index.ts';

const key = await PrivateKey.generate();
const keys = memoryKeyStore();
keys.addKey('guido', key.publicKey);
const authorization = () => createAuthorization({ username: 'guido', key });

test('a rejected promise from a hook affects neither the request nor the process', async () => {
  const onResult = async () => {
    throw new Error('the audit log is full');
  };
  const auth = createAuthenticator({ keys, nonces: memoryNonceStore(), onResult });
  expect(await auth.authenticate({ authorization: await authorization() })).toMatchObject({ ok: true });
  expect(await auth.authenticate({ authorization: undefined })).toMatchObject({ reason: 'missing' });
});

test.each([
  [
    'throws',
    () => {
      throw new Error('read only');
    },
  ],
  ['rejects', () => Promise.reject(new Error('read only'))],
])('a request is accepted even if recordUse() %s', async (_what, recordUse) => {
  const store: KeyStore<string> = { find: keys.find, recordUse };
  const auth = createAuthenticator({ keys: store, nonces: memoryNonceStore() });
  expect(await auth.authenticate({ authorization: await authorization() })).toMatchObject({ ok: true });
});

test('null from a key store means an unknown user', async () => {
  const store = { find: () => null } as unknown as KeyStore<string>;
  const auth = createAuthenticator({ keys: store, nonces: memoryNonceStore() });
  expect(await auth.authenticate({ authorization: await authorization() })).toMatchObject({ reason: 'unknown_user' });
});

test('a hook gets the request object that authenticate was called with, including its context', async () => {
  const seen: unknown[] = [];
  const auth = createAuthenticator({
    keys,
    nonces: memoryNonceStore(),
    onResult: (_event, request) => seen.push(request),
  });
  const context = { peer: '192.0.2.7' };
  const good = { authorization: await authorization(), method: 'GET', target: '/me', context };
  const bad = { authorization: 'JWT x', context };
  await auth.authenticate(good);
  await auth.authenticate(bad);
  expect(seen[0]).toBe(good);
  expect(seen[1]).toBe(bad);
});
