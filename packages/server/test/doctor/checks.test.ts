import { describe, expect, test } from 'vitest';
import { isUsername } from '../../../lib/src/core/claims.ts';
import { KEY_IMPORT_CASES } from '../../../lib/test/vectors/key-import-cases.ts';
import { readKey, whyOdd } from '../../src/doctor/checks.ts';
import { whyNotFetched } from '../../src/doctor/jwks-url.ts';

describe('usernames', () => {
  test.each([
    ['', 'it is empty'],
    [' guido', 'it has white space at its ends'],
    ['guido\u00a0', 'it has white space at its ends'],
    ['gui\ndo', 'it has control characters'],
    ['guido\u0000', 'it has control characters'],
    ['\ud800', 'it is not well-formed Unicode'],
    ['é'.repeat(301), 'it has more than 600 bytes'],
    ['guido', undefined],
    ['a b', undefined],
    ['Жук', undefined],
    ['é'.repeat(300), undefined],
  ])('%j: %s', (username, why) => {
    expect(whyOdd(username)).toBe(why);
    expect(isUsername(username), 'as the path has it').toBe(why === undefined);
  });
});

describe('keys', () => {
  test.each(KEY_IMPORT_CASES.filter(({ outcome }) => outcome !== 'accepted'))(
    'the text $id is a problem, by the code of its refusal',
    ({ text, outcome }) => {
      expect(readKey(text)).toMatchObject({ problem: outcome });
    },
  );
});

describe('URLs of key sets', () => {
  test.each([
    'https://example.com/jwks.json',
    'https://93.184.216.34/jwks.json',
    'https://[2606:2800:220:1::1]/jwks.json',
    'https://keys.example.com:8443/a?b',
  ])('%s would be fetched', (url) => {
    expect(whyNotFetched(url)).toBeUndefined();
  });

  test.each([
    ['', 'it is no URL'],
    ['example.com', 'it is no URL'],
    ['http://example.com/jwks.json', 'it is not https'],
    ['file:///etc/passwd', 'it is not https'],
    ['https://guido:secret@example.com/', 'it has a name or a password in it'],
    ...[
      'localhost',
      'keys.localhost.',
      'db',
      'printer.local',
      'keys.internal',
      '127.0.0.1',
      '0x7f.1',
      '2130706433',
      '10.1.2.3',
      '172.31.0.1',
      '192.168.1.1',
      '169.254.169.254',
      '100.64.0.1',
      '0.0.0.0',
      '[::1]',
      '[::]',
      '[::ffff:10.0.0.1]',
      '[fd00::1]',
      '[fe80::1]',
    ].map((host) => [`https://${host}/jwks.json`, 'its host is at a private address']),
  ])('%s would not: %s', (url, why) => {
    expect(whyNotFetched(url as string)).toBe(why);
  });
});
