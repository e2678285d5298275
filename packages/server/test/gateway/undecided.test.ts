import { expect, test } from 'vitest';
import { Undecided } from '../../src/gateway/undecided.ts';

test('requests beyond the limit for an address are refused; requests of other addresses are not', () => {
  const undecided = new Undecided({ perAddress: 2, inAll: 10 });
  expect(['a', 'a', 'a', 'b'].map((address) => undecided.enter(address))).toEqual([
    undefined,
    undefined,
    'address',
    undefined,
  ]);
  undecided.leave('a');
  expect(undecided.enter('a')).toBeUndefined();
});

test('the total limit includes requests without an address', () => {
  const undecided = new Undecided({ perAddress: 2, inAll: 3 });
  expect([undefined, undefined, undefined, undefined].map((address) => undecided.enter(address))).toEqual([
    undefined,
    undefined,
    undefined,
    'all',
  ]);
  undecided.leave(undefined);
  expect(undecided.enter('a')).toBeUndefined();
});

test('a million addresses are not remembered after their requests are decided', () => {
  const undecided = new Undecided({ perAddress: 2, inAll: 100 });
  let most = 0;
  const waiting: string[] = [];
  for (let address = 0; address < 1_000_000; address++) {
    if (undecided.enter(String(address)) === undefined) waiting.push(String(address));
    most = Math.max(most, undecided.addresses);
    if (waiting.length === 100) for (const one of waiting.splice(0)) undecided.leave(one);
  }
  for (const one of waiting) undecided.leave(one);
  expect({ most, left: undecided.addresses }).toEqual({ most: 100, left: 0 });
});
