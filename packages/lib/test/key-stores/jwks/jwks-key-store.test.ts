import { newKey, publish, startPublisher } from 'ajwt-testkit/jwks-publisher';
import { keyStoreContract } from 'asymmetric-jwt-auth/testing';
import { describe, expect, test } from 'vitest';
import { createAuthorization } from '../../../src/client.ts';
import { createAuthenticator, memoryNonceStore, PrivateKey, type PublicKey } from '../../../src/index.ts';
import { type JwksKeyStoreOptions, type JwksTrust, jwksKeyStore } from '../../../src/jwks.ts';

const publisher = await startPublisher();
const urlOf = (username: string) => `${publisher.url}?${encodeURIComponent(username)}`;

/** Publishes each user's keys at a separate URL. */
function publishFor(keys: ReadonlyMap<string, readonly PublicKey[]>) {
  publisher.answerWith((request, response) => {
    const username = decodeURIComponent(request.url?.split('?')[1] ?? '');
    publish(keys.get(username) ?? [])(request, response);
  });
}

function storeOf<User>(users: JwksKeyStoreOptions<User>['users']) {
  return jwksKeyStore<User>({ ...publisher.reach, users });
}

describe.each(['an object', 'a function'])('jwksKeyStore with %s meets the key store contract', (kind) => {
  const cases = keyStoreContract({
    states: ['active'],
    onlyNamed: 'the client fetches a set with kids again for an unknown kid',
    make(users) {
      publishFor(new Map(users.map(({ username, keys }) => [username, keys.map(({ key }) => key as PublicKey)])));
      const trusts = new Map<string, JwksTrust<string>>(
        users.map(({ username, disabled }) => [username, { urls: [urlOf(username)], disabled }]),
      );
      return storeOf<string>(kind === 'an object' ? Object.fromEntries(trusts) : (name) => trusts.get(name));
    },
  });
  for (const { name, run } of cases) test(name, run);
});

describe('an authenticator with jwksKeyStore', () => {
  const attempt = async (
    users: JwksKeyStoreOptions<unknown>['users'],
    key: PrivateKey,
    username = 'guido',
    kid?: string,
  ) => {
    const causes: unknown[] = [];
    const auth = createAuthenticator({
      keys: storeOf(users),
      nonces: memoryNonceStore(),
      onResult: ({ cause }) => causes.push(cause),
    });
    const { alg, kid: own } = key;
    const signer = { alg, kid: kid ?? own, sign: key.sign.bind(key) };
    const authorization = await createAuthorization({ username, key: signer });
    return { result: await auth.authenticate({ authorization, method: 'GET', target: '/' }), causes };
  };

  test.each(['ed25519', 'rsa', 'ec'] as const)('accepts a caller with a published %s key', async (type) => {
    const key = await PrivateKey.generate(type);
    publisher.answerWith(publish([key.publicKey, await newKey()]));
    const { result } = await attempt({ guido: { urls: [publisher.url], user: { id: 7 } } }, key);
    expect(result).toMatchObject({ ok: true, username: 'guido', user: { id: 7 } });
  });

  test.each(['2026-11', 'ab'.repeat(32)])('accepts a token with the kid of the set: %s', async (kid) => {
    const key = await PrivateKey.generate('ed25519');
    publisher.answerWith(publish([{ ...key.publicKey.toJwk(), kid }]));
    expect((await attempt({ guido: publisher.url }, key, 'guido', kid)).result.ok).toBe(true);
    expect((await attempt({ guido: publisher.url }, key, 'guido', 'nope')).result).toMatchObject({
      reason: 'unknown_key',
    });
  });

  test('responds with 503 only to the users of a set that cannot be fetched', async () => {
    const key = await PrivateKey.generate('ed25519');
    publisher.answerWith((request, response) => {
      if (request.url?.endsWith('?guido')) response.destroy();
      else publish([key.publicKey])(request, response);
    });
    const users = { guido: urlOf('guido'), tim: urlOf('tim') };
    const { result, causes } = await attempt(users, key);
    expect(result).toMatchObject({ ok: false, reason: 'unavailable', status: 503 });
    expect(causes).toMatchObject([{ code: 'unavailable', cause: { code: 'unreachable' } }]);
    expect((await attempt(users, key, 'tim')).result.ok).toBe(true);
    expect((await attempt(users, key, 'nobody')).result).toMatchObject({ reason: 'unknown_user' });
  });

  test('fetches nothing for a disabled user', async () => {
    const key = await PrivateKey.generate('ed25519');
    const { result } = await attempt({ guido: { urls: [publisher.url], disabled: true } }, key);
    expect(result).toMatchObject({ reason: 'user_disabled' });
    expect(publisher.seen).toEqual([]);
  });

  test('awaits the function users, and responds with 503 if it throws', async () => {
    const key = await PrivateKey.generate('ed25519');
    publisher.answerWith(publish([key.publicKey]));
    expect((await attempt(async () => publisher.url, key)).result.ok).toBe(true);
    const { result } = await attempt(async () => {
      throw new Error('no database');
    }, key);
    expect(result).toMatchObject({ reason: 'unavailable' });
  });
});

test.each([
  [{ guido: 'http://keys.test/' }, 'guido'],
  [{ guido: ['https://keys.test/', 'nonsense'] }, 'guido'],
  [undefined, 'users'],
])('jwksKeyStore refuses the invalid option users at once: %j', (users, named) => {
  expect(() => storeOf(users as never)).toThrow(named);
});
