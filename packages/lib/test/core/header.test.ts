import { describe, expect, test } from 'vitest';
import { encodeHeader, readHeader } from '../../src/core/header.ts';

/** Reads a header given as JSON, as the first segment of a token. */
function read(json: string) {
  const segment = Buffer.from(json).toString('base64url');
  return readHeader(`${segment}.payload.signature`, segment.length);
}

describe('readHeader', () => {
  test('reads a header that encodeHeader has written', () => {
    const segment = encodeHeader('EdDSA', 'ab'.repeat(32));
    expect(readHeader(`${segment}.x.y`, segment.length)).toMatchObject({
      algorithm: { name: 'EdDSA' },
      kid: 'ab'.repeat(32),
      hint: { kid: 'ab'.repeat(32), alg: 'EdDSA' },
    });
  });

  test('returns the same object for the same header, and another one for a header of the same length', () => {
    const first = read('{"alg":"RS256","kid":"a"}');
    expect(read('{"alg":"RS256","kid":"a"}')).toBe(first);
    expect(read('{"alg":"RS256","kid":"b"}')).toMatchObject({ kid: 'b' });
    expect(read('{"alg":"RS256","kid":"a"}')).toMatchObject({ kid: 'a' });
  });

  test.each([
    ['{"alg":"none"}', 'alg'],
    ['{"alg":"HS256"}', 'alg'],
    ['{"alg":["EdDSA"]}', 'alg'],
    ['{"alg":"EdDSA","typ":"JWS"}', 'typ'],
    ['{"alg":"EdDSA","kid":1}', 'kid'],
    ['{"alg":"EdDSA","crit":[]}', 'unsupported_header'],
    ['{"alg":"EdDSA","b64":true}', 'unsupported_header'],
    ['{"alg":"EdDSA","alg":"EdDSA"}', 'header_json'],
    ['["EdDSA"]', 'header_json'],
    [`{"alg":"EdDSA","x":"${'x'.repeat(4096)}"}`, 'header_too_long'],
  ])('refuses %j with %s, each time', (json, code) => {
    expect([read(json), read(json)]).toEqual([code, code]);
  });
});
