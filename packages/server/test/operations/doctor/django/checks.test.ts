import { PublicKey } from 'asymmetric-jwt-auth';
import { describe, expect, test } from 'vitest';
import { isUsername } from '../../../../../lib/src/core/claims.ts';
import { isPublicAddress } from '../../../../../lib/src/jwks/public-address.ts';
import { KEY_IMPORT_CASES } from '../../../../../lib/test/vectors/key-import-cases.ts';
import { readKey, whyOdd } from '../../../../src/operations/doctor/django/checks.ts';
import { whyNotFetched } from '../../../../src/operations/doctor/django/jwks-url.ts';

describe('usernames', () => {
  test.each([
    ['', 'the username is empty'],
    [' guido', 'the username begins or ends with white space'],
    ['guido\u00a0', 'the username begins or ends with white space'],
    ['gui\ndo', 'the username contains control characters'],
    ['guido\u0000', 'the username contains control characters'],
    ['\ud800', 'the username is not well-formed Unicode'],
    ['é'.repeat(301), 'the username is longer than 600 bytes'],
    ['guido', undefined],
    ['a b', undefined],
    ['Жук', undefined],
    ['é'.repeat(300), undefined],
  ])('%j: %s', (username, why) => {
    expect(whyOdd(username)).toBe(why);
    expect(isUsername(username), 'isUsername() agrees').toBe(why === undefined);
  });
});

describe('keys', () => {
  const pem = KEY_IMPORT_CASES.find(({ id }) => id === 'ok-rsa-pem')?.text ?? '';
  test.each([
    ['in one line', (text: string) => text.trim().replaceAll('\n', ' ')],
    ['with its base64 in one line', (text: string) => text.replace(/(?<=[\w+/=])\n(?=[\w+/=])/g, '')],
    ['with spaces at line ends', (text: string) => text.replaceAll('\n', ' \n')],
    ['with CR CR LF at line ends', (text: string) => text.replaceAll('\n', '\r\r\n')],
    ['without a line end', (text: string) => text.trim()],
  ])('a PEM block %s is not a problem, because the import reads it', (_what, change) => {
    expect(change(pem)).not.toBe(pem);
    expect(readKey(change(pem))).toMatchObject({ kid: PublicKey.from(pem).kid });
  });

  test('a private key with text around it is reported as a private key', () => {
    const text = KEY_IMPORT_CASES.find(({ id }) => id === 'priv-pkcs8-rsa')?.text ?? '';
    expect(readKey(`Bag Attributes\n${text}`)).toMatchObject({ problem: 'private_key' });
  });

  test.each(KEY_IMPORT_CASES.filter(({ outcome }) => outcome !== 'accepted'))(
    'test vector $id is reported with the code of its refusal',
    ({ text, outcome }) => {
      expect(readKey(text)).toMatchObject({ problem: outcome });
    },
  );

  test('a file path in place of a key is reported, and doctor does not fail', () => {
    expect(readKey('/home/guido/.ssh/id_ed25519.pub')).toMatchObject({ problem: 'malformed' });
  });
});

/** Addresses just inside and just outside the private ranges. */
const ADDRESSES = [
  ...['0.255.255.255', '1.0.0.0', '9.255.255.255', '10.255.255.255', '11.0.0.0', '100.63.255.255', '100.127.255.255'],
  ...['100.128.0.0', '128.0.0.1', '169.253.255.255', '172.15.255.255', '172.31.255.255', '172.32.0.0', '192.0.0.255'],
  ...['192.0.1.0', '192.0.2.1', '192.88.99.1', '192.169.0.0', '198.17.255.255', '198.19.255.255', '198.51.100.7'],
  ...['203.0.113.7', '203.0.114.0', '223.255.255.255', '224.0.0.1', '255.255.255.255'],
  ...[
    '1fff::',
    '2000::',
    '2001:1ff::',
    '2001:200::',
    '2001:db8::1',
    '2001:db9::',
    '2002::1',
    '2003::',
    '3ffe::',
    '3fff::',
  ],
  ...['3fff:1000::', '4000::', '::', '::1', 'fc00::1', 'fe80::1', 'fec0::1', 'ff02::1'],
];

describe('URLs of JWK sets', () => {
  test.each(ADDRESSES)('doctor and the JWK set client agree on whether %s is public', (address) => {
    const host = address.includes(':') ? `[${address}]` : address;
    expect(whyNotFetched(`https://${host}/`) === undefined).toBe(isPublicAddress(address));
  });

  test.each([
    'https://example.com/jwks.json',
    'https://93.184.216.34/jwks.json',
    'https://[2606:2800:220:1::1]/jwks.json',
    'https://keys.example.com:8443/a?b',
  ])('%s would be fetched', (url) => {
    expect(whyNotFetched(url)).toBeUndefined();
  });

  test.each([
    ['', 'not a valid URL'],
    ['example.com', 'not a valid URL'],
    ['http://example.com/jwks.json', 'the URL is not https'],
    ['file:///etc/passwd', 'the URL is not https'],
    ['https://guido:secret@example.com/', 'the URL contains a username or password'],
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
    ].map((host) => [`https://${host}/jwks.json`, 'the host has a private address']),
  ])('%s would not be fetched: %s', (url, why) => {
    expect(whyNotFetched(url as string)).toBe(why);
  });
});
