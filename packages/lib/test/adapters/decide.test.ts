/** Adapters decide together on all requests that arrive in one turn of the event loop. */
import { AsyncLocalStorage } from 'node:async_hooks';
import { mock } from 'node:test';
import FakeTimers from '@sinonjs/fake-timers';
import { expect, test, vi } from 'vitest';
import { decide } from '../../src/adapters/decide.ts';
import { createAuthorization } from '../../src/client.ts';
import { createAuthenticator, memoryNonceStore, PrivateKey } from '../../src/index.ts';

/** Makes an authenticator with one user. Its key store calls `onFind` for each request. */
async function setUp(onFind: (username: string) => void) {
  const key = await PrivateKey.generate('ed25519');
  const auth = createAuthenticator({
    keys: {
      find(username) {
        onFind(username);
        return { username, user: username, disabled: false, keys: [{ key: key.publicKey, state: 'active' }] };
      },
    },
    nonces: memoryNonceStore(),
  });
  const request = async () => ({ authorization: await createAuthorization({ username: 'guido', key }) });
  return { auth, request };
}

test('all requests of one turn are read before the first decision, and all decisions are made before the first response is written', async () => {
  const events: string[] = [];
  const { auth, request } = await setUp(() => events.push('decided'));
  const requests = [await request(), await request(), await request()];

  async function serve(index: number): Promise<void> {
    events.push('read');
    const result = await decide(auth, requests[index] ?? { authorization: null });
    events.push(result.ok ? 'accepted' : result.reason);
  }
  await Promise.all([serve(0), serve(1), serve(2)]);

  expect(events).toEqual(['read', 'read', 'read', 'decided', 'decided', 'decided', 'accepted', 'accepted', 'accepted']);
});

test('each request is decided in its own asynchronous context', async () => {
  const context = new AsyncLocalStorage<number>();
  const seen: (number | undefined)[] = [];
  const { auth, request } = await setUp(() => seen.push(context.getStore()));
  const requests = [await request(), await request()];

  const contexts = await Promise.all(
    requests.map((one, index) => context.run(index, () => decide(auth, one).then(() => context.getStore()))),
  );

  expect(seen).toEqual([0, 1]);
  expect(contexts).toEqual([0, 1]);
});

test('a request that arrives while others are being decided waits for the next turn', async () => {
  const { auth, request } = await setUp(() => {});
  const [first, second] = [await request(), await request()];
  const results = [await decide(auth, first), await decide(auth, second), await decide(auth, first)];
  expect(results.map((result) => (result.ok ? 'accepted' : result.reason))).toEqual([
    'accepted',
    'accepted',
    'replayed',
  ]);
});

test('an error from the key store refuses only the request that caused it, and no other request of the turn', async () => {
  let calls = 0;
  const { auth, request } = await setUp(() => {
    calls += 1;
    if (calls === 1) throw new Error('the database is down');
  });
  const [broken, intact] = await Promise.all([decide(auth, await request()), decide(auth, await request())]);
  expect([broken.ok || broken.reason, intact.ok]).toEqual(['unavailable', true]);
});

const FAKES: Readonly<Record<string, () => () => void>> = {
  Vitest: () => {
    vi.useFakeTimers();
    return () => vi.useRealTimers();
  },
  Sinon: () => {
    const clock = FakeTimers.install({ now: Date.now() });
    return () => clock.uninstall();
  },
  'node:test': () => {
    mock.timers.enable({ apis: ['setTimeout', 'setInterval', 'setImmediate', 'Date'], now: Date.now() });
    return () => mock.timers.reset();
  },
};

test.each(Object.entries(FAKES))(
  'requests are decided while the fake timers of %s are active',
  async (_name, install) => {
    const { auth, request } = await setUp(() => {});
    const asked = await request();
    const uninstall = install();
    try {
      // The fake clock stops here, so a decision that waited for a timer would never be made.
      const result = await decide(auth, asked);
      expect(result.ok || result.reason).toBe(true);
    } finally {
      uninstall();
    }
  },
);

test.each(Object.entries(FAKES))(
  'requests are decided even if the library is loaded while the fake timers of %s are active',
  async (_name, install) => {
    const { auth, request } = await setUp(() => {});
    const asked = await request();
    vi.resetModules();
    const uninstall = install();
    try {
      const { decide: decideAnew } = await import('../../src/adapters/decide.ts');
      const result = await decideAnew(auth, asked);
      expect(result.ok || result.reason).toBe(true);
    } finally {
      uninstall();
    }
  },
);
