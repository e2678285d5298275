/** Tests that `Holders`, which numbers users by the hash of their name, behaves like a Map. */
import { randomFillSync } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Holders } from '../../../src/nonce-stores/memory/holders.ts';

/** A user in the Map that `Holders` is compared with. */
interface Model {
  readonly number: number;
  held: number;
  second: number;
  claims: number;
}

/** Words of hashes; many are equal or have the same low bits. */
const word = fc.oneof(fc.integer({ min: -3, max: 3 }), fc.constantFrom(1024, 2 ** 30, 2 ** 31 - 1, -(2 ** 31)));
const step = fc.record({ low: word, high: word, second: fc.nat(2), takes: fc.boolean() });

function holdersOf(users: number): readonly [Holders, Int32Array, number[]] {
  const holders = new Holders();
  const words = randomFillSync(new Int32Array(2 * users));
  const numbers = Array.from({ length: users }, (_, user) => {
    const number = holders.add(words[2 * user] as number, words[2 * user + 1] as number);
    holders.take(number, 7);
    return number;
  });
  return [holders, words, numbers];
}

describe('Holders', () => {
  test('counts the nonces and claims of each user until the user has no more nonces', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 300, size: 'max' }), (steps) => {
        const holders = new Holders();
        const model = new Map<string, Model>();
        const said: number[] = [];
        const expected: number[] = [];
        for (const { low, high, second, takes } of steps) {
          const name = `${low} ${high}`;
          const known = model.get(name);
          said.push(holders.find(low, high));
          expected.push(known?.number ?? 0);
          if (takes) {
            const user = known ?? { number: holders.add(low, high), held: 0, second, claims: 0 };
            user.claims = user.second === second ? user.claims + 1 : 1;
            user.second = second;
            user.held += 1;
            holders.take(user.number, second);
            model.set(name, user);
          } else if (known !== undefined) {
            holders.release(known.number);
            known.held -= 1;
            if (known.held === 0) model.delete(name);
          }
          for (const user of model.values()) {
            said.push(holders.held(user.number), holders.claims(user.number, second));
            expected.push(user.held, user.second === second ? user.claims : 0);
          }
          said.push(new Set([...model.values()].map(({ number }) => number)).size);
          expected.push(model.size);
        }
        expect(said).toEqual(expected);
      }),
      { numRuns: 300 },
    );
  });

  test('reuses numbers, so there are never more numbers than users at a time', () => {
    const [holders, words, numbers] = holdersOf(5000);
    expect(new Set(numbers).size).toBe(5000);
    expect(Math.max(...numbers)).toBe(5000);
    for (let round = 0; round < 3; round++) {
      for (const number of numbers) holders.release(number);
      for (let user = 0; user < 5000; user++) {
        const [low, high] = [words[2 * user] as number, words[2 * user + 1] as number];
        if (holders.find(low, high) !== 0) expect.fail(`user ${user} was not removed`);
        const number = holders.add(low, high);
        if (holders.held(number) !== 0 || holders.claims(number, 7) !== 0)
          expect.fail(`number ${number} still has the counts of another user`);
        if (number > 5000) expect.fail(`${number} is not a reused number`);
        holders.take(number, 7);
      }
    }
  });

  test('finds each of 100 000 users at every size of the table', () => {
    const holders = new Holders();
    const words = randomFillSync(new Int32Array(200_000));
    for (let user = 0; user < 100_000; user++) {
      const number = holders.add(words[2 * user] as number, words[2 * user + 1] as number);
      if (number !== user + 1) expect.fail(`user ${user} has number ${number}`);
      const other = Math.floor((user * 7919) % (user + 1));
      for (const one of [user, other]) {
        const found = holders.find(words[2 * one] as number, words[2 * one + 1] as number);
        if (found !== one + 1) expect.fail(`with ${user + 1} users, user ${one} is found as number ${found}`);
      }
    }
    for (let user = 0; user < 100_000; user++) {
      const found = holders.find(words[2 * user] as number, words[2 * user + 1] as number);
      if (found !== user + 1) expect.fail(`user ${user} is found as number ${found}`);
    }
  });

  test('accepts seconds beyond 32 bits, before the epoch, and at the limit of 31 bits', () => {
    const holders = new Holders();
    const number = holders.add(1, 2);
    for (const second of [2 ** 31 - 1, 2 ** 31, 2 ** 32 + 5, 2 ** 53 - 1, -2, 0]) {
      expect(holders.claims(number, second)).toBe(0);
      holders.take(number, second);
      holders.take(number, second);
      expect(holders.claims(number, second)).toBe(2);
    }
    expect(holders.held(number)).toBe(12);
  });
});
