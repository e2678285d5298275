/** Users by name and by number: as a Map has them, in pieces that stay small. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Holder, Holders, shardOf } from '../../src/nonce-stores/holders.ts';

describe('Holders', () => {
  test('has each user under its name and its number, and gives numbers again', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(40), { maxLength: 200 }), (users) => {
        const holders = new Holders();
        const model = new Map<string, Holder>();
        for (const user of users) {
          const username = `user${user}`;
          const known = model.get(username);
          expect(holders.named(username)).toBe(known);
          if (known === undefined) model.set(username, holders.add(username));
          else {
            holders.remove(known);
            model.delete(username);
            expect(holders.numbered(known.number)).toBeUndefined();
          }
          for (const holder of model.values()) expect(holders.numbered(holder.number)).toBe(holder);
          const numbers = new Set([...model.values()].map(({ number }) => number));
          expect(numbers.size).toBe(model.size);
          expect(Math.max(0, ...numbers)).toBeLessThanOrEqual(41);
        }
        expect(holders.numbered(0)).toBeUndefined();
      }),
    );
  });

  test('has 10 000 users in more than one piece', () => {
    const holders = new Holders();
    const all = Array.from({ length: 10_000 }, (_, index) => holders.add(`user${index}`));
    for (const holder of all) if (holders.numbered(holder.number) !== holder) expect.fail(holder.username);
    for (const holder of all) holders.remove(holder);
    expect(holders.named('user7')).toBeUndefined();
    expect(holders.add('again').number).toBeLessThanOrEqual(10_000);
  });

  test.each([
    ['numbers at the end', (index: number) => `user${index}`],
    ['numbers at the begin', (index: number) => `${index}@services.example.com`],
    ['ids', (index: number) => `svc-${(index * 0x9e37_79b1).toString(16)}`],
  ])('deals names with %s out evenly: no map of them becomes large', (_, nameOf) => {
    const sizes = new Map<number, number>();
    for (let index = 0; index < 200_000; index++) {
      const shard = shardOf(nameOf(index));
      sizes.set(shard, (sizes.get(shard) ?? 0) + 1);
    }
    // 195 on the average.
    expect(Math.max(...sizes.values())).toBeLessThan(400);
  });
});
