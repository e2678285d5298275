import { expect, test } from 'vitest';
import { memoryNonceStore } from '../../../src/index.ts';
import { Closing } from '../../../src/nonce-stores/shared/closing.ts';

const NOW = 1_000_000;
const FAR = NOW + 1e6;

/** Makes a `Closing` with T = 20 and M = 20; `check` sets both clocks. */
function makeClosing() {
  let monotonic = 0;
  let step = 0;
  const closing = new Closing(20, 20, () => monotonic);
  return {
    closing,
    step(seconds: number) {
      step += seconds;
    },
    check(passed: number, floor: number) {
      monotonic = passed;
      return closing.check(floor, NOW + passed + step);
    },
  };
}

test('the store stays closed for 2T + M, after which the floor can be lowered once', () => {
  const { closing, check } = makeClosing();
  expect(check(0, NOW + 40)).toBe('open');
  expect(closing.rest !== undefined).toBe(false);
  expect(check(0, FAR)).toBe('closed');
  expect(closing.rest !== undefined).toBe(true);
  expect(check(59.9, FAR)).toBe('closed');
  expect(closing.rest).toBe(1);
  expect(check(60, FAR)).toBe('over');
  expect(check(60, FAR), 'the store closes again for 2T + M').toBe('closed');
});

test('the store opens again even if it is not checked for a long time', () => {
  const { check } = makeClosing();
  expect(check(0, FAR)).toBe('closed');
  expect(check(86_400, FAR)).toBe('over');
});

test.each([40.001, 50, 60, 60.001, 100, 1e9])(
  'a floor %d s ahead closes the store until the clock reaches it, or for 2T + M',
  (ahead) => {
    const { check } = makeClosing();
    const floor = NOW + ahead;
    const end = Math.min(ahead, 60);
    expect(check(0, floor)).toBe('closed');
    expect(check(end - 0.25, floor), 'while the floor is possible again').toBe('closed');
    expect(check(end, floor)).toBe(ahead > 60 ? 'over' : 'open');
  },
);

test('a new floor closes the store for another 2T + M', () => {
  const { check } = makeClosing();
  expect(check(0, FAR)).toBe('closed');
  expect(check(50, FAR + 1)).toBe('closed');
  expect(check(109, FAR + 1)).toBe('closed');
  expect(check(110, FAR + 1)).toBe('over');
});

test('the store opens if the floor rises to a time that is possible', () => {
  const { check } = makeClosing();
  expect(check(0, NOW + 41)).toBe('closed');
  expect(check(50, NOW + 79)).toBe('open');
  expect(check(78, NOW + 79)).toBe('open');
});

test('the store opens at once if another process lowers the floor', () => {
  const { closing, check } = makeClosing();
  expect(check(0, FAR)).toBe('closed');
  expect(check(30, NOW + 30)).toBe('open');
  expect(closing.rest).toBeUndefined();
});

test.each([-21, 21, 85, 1e9])('the store stays closed for another 2T + M if the clock steps by %d s', (seconds) => {
  const { check, step } = makeClosing();
  const floor = FAR + 1e12;
  expect(check(0, floor)).toBe('closed');
  step(seconds);
  expect(check(1000, floor)).toBe('closed');
  expect(check(1060, floor)).toBe('over');
});

test('the store opens if the clock steps to a time at which the floor is possible', () => {
  const { check, step } = makeClosing();
  expect(check(0, NOW + 100)).toBe('closed');
  step(80);
  expect(check(1, NOW + 100)).toBe('open');
  step(-80);
  expect(check(59, NOW + 100), 'not counted').toBe('closed');
  expect(check(61, NOW + 101 + 1e6)).toBe('closed');
});

test('a step of the clock during a quarantine does not shorten the next closed period', async () => {
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
