import { memoryNonceStore, type NonceClaim, type NonceStore } from 'asymmetric-jwt-auth';
import { expect, test } from 'vitest';
import { knownReplays } from '../../src/nonces/known-replays.ts';

const NOW = Date.now() / 1000;

/** A memory store that records its claims. */
function makeStore(most?: number) {
  const inner = memoryNonceStore({ afterLoss: 'accept' });
  const asked: NonceClaim[] = [];
  const counting: NonceStore = {
    ...inner,
    claim(nonce, now) {
      asked.push(nonce);
      return inner.claim(nonce, now);
    },
  };
  return { asked, store: knownReplays(counting, most) };
}

test('a replay reaches the store once, however often it is repeated', async () => {
  const { asked, store } = makeStore();
  const nonce = { username: 'guido', time: NOW, nonce: 'n' };
  expect(await store.claim(nonce, NOW)).toBe('claimed');
  for (let count = 0; count < 1000; count++) expect(await store.claim(nonce, NOW)).toBe('replayed');
  expect(asked).toHaveLength(2);
});

test('a claim that is similar to a remembered replay is not mistaken for it', async () => {
  const { store } = makeStore();
  const replay = { username: 'guido', time: NOW, nonce: '7' };
  await store.claim(replay, NOW);
  expect(await store.claim(replay, NOW)).toBe('replayed');
  for (const other of [{ nonce: 7 }, { nonce: '7"' }, { time: NOW + 1 }, { username: 'guido","7' }, { nonce: '70' }]) {
    expect(await store.claim({ ...replay, ...other }, NOW)).toBe('claimed');
  }
});

test('the least recently seen replays are forgotten, and reach the store again', async () => {
  const { asked, store } = makeStore(2);
  const replay = async (nonce: string) => {
    await store.claim({ username: 'guido', time: NOW, nonce }, NOW);
    expect(await store.claim({ username: 'guido', time: NOW, nonce }, NOW)).toBe('replayed');
  };
  for (const nonce of ['a', 'b', 'a', 'c']) await replay(nonce);
  const before = asked.length;
  await replay('a');
  expect(asked).toHaveLength(before);
  await replay('b');
  expect(asked).toHaveLength(before + 2 - 1);
});
