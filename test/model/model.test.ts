/** The replay rule, explored state by state: ours within its bounds, and each rule that was tried before it. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { explore } from './checker.ts';
import { check } from './model.ts';
import { counterexample, row } from './report.ts';
import { M, T } from './rule.ts';
import { SCENARIOS } from './scenarios.ts';
import { BROKEN, LOCK_OUTS, REMAINDERS, SAFE, type Variant } from './variants.ts';

// Every line of it that tells of a run is compared with that run.
const page = readFileSync('spec/REPLAY_MODEL.md', 'utf8');

/** Closed for 2T + M; and the tick in which H then lies. */
const LONGEST_LOCK_OUT = 2 * T + M + 1;
const tried = ({ rule, scenario }: Variant, mostLockOut = LONGEST_LOCK_OUT) =>
  check(rule, SCENARIOS[scenario], mostLockOut);

describe('accepts no token twice, and locks nobody out for longer than 2T + M', () => {
  test.each(SAFE)(
    '$name, where $scenario',
    (variant) => {
      const checked = tried(variant);
      expect(checked.found).toBeUndefined();
      // An exploration that went nowhere would find nothing either.
      expect(checked.states).toBeGreaterThan(1000);
      expect(page).toContain(row(variant, checked));
    },
    120_000,
  );
});

describe('is found to accept a token twice', () => {
  test.each(BROKEN)('$name', (variant) => {
    const checked = tried(variant);
    expect(checked.found?.what).toMatch(/accepted twice$/);
    expect(page).toContain(counterexample(variant, checked));
  });
});

describe('is found to lock out for too long', () => {
  test.each(LOCK_OUTS)('$name', ({ most, ...variant }) => {
    const checked = tried(variant, most);
    expect(checked.found?.what).toBe(`a lock-out of more than ${most} ticks`);
    expect(page).toContain(counterexample(variant, checked));
  });
});

describe('remains, as no rule can exclude it', () => {
  test.each(REMAINDERS)('$name', (variant) => {
    const checked = tried(variant);
    expect(checked.found?.what).toMatch(/accepted twice$/);
    expect(page).toContain(counterexample(variant, checked));
  });
});

describe('the checker', () => {
  const counting = (to: number, wrong: (state: number) => string | undefined) => ({
    initial: [0],
    *next(state: number) {
      if (state < to) yield { action: 'one more', state: state + 1 };
      if (state < to - 1) yield { action: 'two more', state: state + 2 };
    },
    wrong,
  });

  test('visits every state once', () => {
    expect(explore(counting(1000, () => undefined))).toEqual({ states: 1001, steps: 1999 });
  });

  test('finds a shortest way to what is wrong', () => {
    const { found } = explore(counting(1000, (state) => (state === 5 ? 'five' : undefined)));
    expect(found).toEqual({ what: 'five', trace: ['start', 'one more', 'two more', 'two more'] });
  });

  test('refuses a space that has no end', () => {
    expect(() => explore(counting(Number.POSITIVE_INFINITY, () => undefined))).toThrow('more than');
  });
});
