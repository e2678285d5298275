/** Explores the replay rule and its variants, state by state, within bounds. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { explore } from './checker.ts';
import { check } from './model.ts';
import { counterexample, row } from './report.ts';
import { M, T } from './rule.ts';
import { SCENARIOS } from './scenarios.ts';
import { BROKEN, LOCK_OUTS, REMAINDERS, SAFE, type Variant } from './variants.ts';

// The tests compare each row and trace in spec/REPLAY_MODEL.md with the results.
const page = readFileSync('spec/REPLAY_MODEL.md', 'utf8');

/** A node is closed for 2T + M; after one more tick, the time is later than H. */
const LONGEST_LOCK_OUT = 2 * T + M + 1;
const tried = ({ rule, scenario }: Variant, mostLockOut = LONGEST_LOCK_OUT) =>
  check(rule, SCENARIOS[scenario], mostLockOut);

describe('a safe rule accepts no token twice, and locks no user out for longer than 2T + M', () => {
  test.each(SAFE)(
    '$name: $scenario',
    (variant) => {
      const checked = tried(variant);
      expect(checked.found).toBeUndefined();
      // A search that visits only a few states would find no error either.
      expect(checked.states).toBeGreaterThan(1000);
      expect(page).toContain(row(variant, checked));
    },
    120_000,
  );
});

describe('a variant accepts a token twice', () => {
  test.each(BROKEN)('$name', (variant) => {
    const checked = tried(variant);
    expect(checked.found?.what).toMatch(/accepted twice$/);
    expect(page).toContain(counterexample(variant, checked));
  });
});

describe('a variant locks users out for too long', () => {
  test.each(LOCK_OUTS)('$name', ({ most, ...variant }) => {
    const checked = tried(variant, most);
    expect(checked.found?.what).toBe(`a lock-out of more than ${most} ticks`);
    expect(page).toContain(counterexample(variant, checked));
  });
});

describe('our rule accepts a token twice in a case that no rule can exclude', () => {
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
    key: String,
  });

  test('visits every state once', () => {
    expect(explore(counting(1000, () => undefined))).toEqual({ states: 1001, steps: 1999 });
  });

  test('finds a shortest trace to an error', () => {
    const { found } = explore(counting(1000, (state) => (state === 5 ? 'five' : undefined)));
    expect(found).toEqual({ what: 'five', trace: ['start', 'one more', 'two more', 'two more'] });
  });

  test('refuses an infinite number of states', () => {
    expect(() => explore(counting(Number.POSITIVE_INFINITY, () => undefined))).toThrow('more than');
  });
});
