import { expect, test } from 'vitest';
import { memoryNonceStore } from '../../src/index.ts';
import { Closing } from '../../src/nonce-stores/closing.ts';

const WRONG = 1_000_000;

function makeClosing() {
  const clock = { monotonic: 0 };
  const closing = new Closing(60, 20, () => clock.monotonic);
  return { clock, closing, check: (impossible: boolean, wall: number) => closing.check(impossible, wall) };
}

test('a closing lasts its time, then the floor may fall once', () => {
  const { clock, closing, check } = makeClosing();
  expect(check(false, WRONG)).toBe('open');
  expect(check(true, WRONG)).toBe('closed');
  clock.monotonic = 59.9;
  expect(check(true, WRONG + 59.9)).toBe('closed');
  expect(closing.rest).toBe(1);
  clock.monotonic = 60;
  expect(check(true, WRONG + 60)).toBe('over');
  expect(check(true, WRONG + 60), 'the next one begins anew').toBe('closed');
});

test('it ends as well where nobody asked for long, while the clock went on as it was', () => {
  const { clock, check } = makeClosing();
  expect(check(true, WRONG)).toBe('closed');
  clock.monotonic = 86_400;
  expect(check(true, WRONG + 86_400)).toBe('over');
});

test('a closing that had no more reason in between begins anew', () => {
  const { clock, check } = makeClosing();
  expect(check(true, WRONG)).toBe('closed');
  expect(check(false, WRONG + 1000)).toBe('open');
  clock.monotonic = 70;
  expect(check(true, WRONG)).toBe('closed');
});

test.each([-21, 21, 85, 1e9])('a closing during which the clock stepped by %d s begins anew', (step) => {
  const { clock, check } = makeClosing();
  expect(check(true, WRONG)).toBe('closed');
  clock.monotonic = 1000;
  expect(check(true, WRONG + 1000 + step)).toBe('closed');
  clock.monotonic = 1060;
  expect(check(true, WRONG + 1060 + step)).toBe('over');
});

test('a step of the clock during the quarantine does not shorten what follows', async () => {
  let monotonic = 0;
  const birth = 1_000_000;
  const store = memoryNonceStore({ afterLoss: 'quarantine', now: () => birth, monotonic: () => monotonic });
  const claim = async (time: number, now: number) => store.claim({ username: 'alice', time, nonce: 'n' }, now);
  monotonic = 60.1;
  await expect(claim(birth - 44, birth - 45)).rejects.toThrow('check the clock');
  monotonic = 61;
  await expect(claim(birth - 30, birth - 44)).rejects.toThrow('check the clock');
  expect(await claim(birth - 10, birth)).toBe('forgotten');
  expect(await claim(birth + 21, birth + 21)).toBe('claimed');
});
