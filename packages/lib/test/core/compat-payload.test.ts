/** A fast parser reads the usual payload; it must return the same as the general parser. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readClaims } from '../../src/core/read-claims.ts';

const base64url = (text: string) => Buffer.from(text).toString('base64url');

describe('the parser of the usual payload', () => {
  // Payloads come from UTF-8, which has no lone surrogates.
  const content = fc.oneof(
    fc.constantFrom(
      'alice',
      'a b',
      ' a',
      'a ',
      '',
      'Жук',
      '\u2028',
      '\u007f',
      '\u0085',
      '\ufeff',
      'a"',
      'a\\u0062',
      '\\',
      '\t',
      '\0',
      '😀',
      'u'.repeat(255),
      'u'.repeat(256),
      'u'.repeat(601),
      'n'.repeat(255),
      'n'.repeat(256),
    ),
    fc.string({ unit: 'binary', maxLength: 6 }).map((any) => any.toWellFormed()),
  );
  const time = fc.oneof(
    fc.constantFrom(
      '0',
      '1',
      '01',
      '-1',
      '1.0',
      '1.5',
      '1e3',
      '1E400',
      '999999999999999',
      '1000000000000000',
      '9007199254740991',
      '9007199254740992',
      '9007199254740993',
      '"1"',
      'null',
      '１',
    ),
    fc.integer({ min: 0, max: 2_000_000_000 }).map(String),
  );
  const near = fc
    .tuple(
      content,
      time,
      content,
      fc.nat(80),
      fc.constantFrom('', '', '', ' ', '"', '\\', ',', '}', ',"a":1', 'x'),
      fc.nat(1),
    )
    .map(([username, when, nonce, at, inserted, deleted]) => {
      const payload = `{"username":"${username}","time":${when},"nonce":"${nonce}"}`;
      return (inserted === '' ? payload : payload.slice(0, at) + inserted + payload.slice(at + deleted)).toWellFormed();
    });

  test('agrees with the general parser on random payloads', () => {
    let good = 0;
    fc.assert(
      fc.property(near, (payload) => {
        const claims = readClaims(base64url(payload));
        // Leading white space selects the general parser.
        expect(claims).toStrictEqual(readClaims(base64url(` ${payload}`)));
        if (typeof claims === 'object') good += 1;
      }),
      { numRuns: 10_000 },
    );
    expect(good, 'number of valid payloads').toBeGreaterThan(1000);
  });

  test('agrees with the general parser on every byte in every position', () => {
    const payload = Buffer.from('{"username":"al","time":17,"nonce":"ab"}');
    const good = new Set<number>();
    for (let at = 0; at < payload.length; at++) {
      for (let byte = 0; byte < 256; byte++) {
        const changed = Buffer.from(payload);
        changed[at] = byte;
        const claims = readClaims(changed.toString('base64url'));
        const behindSpace = readClaims(Buffer.concat([Buffer.from(' '), changed]).toString('base64url'));
        expect(claims, `byte ${byte} at ${at}`).toStrictEqual(behindSpace);
        if (typeof claims === 'object') good.add(byte);
        else if (byte === payload[at]) expect.fail(`the original payload is refused: ${claims}`);
      }
    }
    // A single byte from 0x80 on is not valid UTF-8.
    expect([...good].every((byte) => byte < 0x80)).toBe(true);
    expect(good.size, 'number of bytes that are valid in some position').toBeGreaterThan(90);
  });

  test('returns no part of a longer payload that was read before', () => {
    const payload = '{"username":"alice","time":1700000000,"nonce":"abc"}';
    expect(readClaims(base64url(payload))).toStrictEqual({ username: 'alice', time: 1_700_000_000, nonce: 'abc' });
    for (let length = 0; length < payload.length; length++) {
      readClaims(base64url(payload));
      expect(readClaims(base64url(payload.slice(0, length))), `the first ${length} characters`).toBe('payload_json');
    }
  });

  test.each([
    '{"username":"alice","time":1700000000,"nonce":"abc"} ',
    '{"username":"alice","time":1700000000,"nonce":"abc"}}',
  ])('agrees with the general parser on %s', (payload) => {
    expect(readClaims(base64url(payload))).toStrictEqual(readClaims(base64url(` ${payload}`)));
  });
});
