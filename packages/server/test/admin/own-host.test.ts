import { describe, expect, test } from 'vitest';
import { isOwnHost } from '../../src/admin/own-host.ts';

/** @param hosts - values of `Host`, one for each line */
const own = (hosts: readonly string[], adminUrl?: string) =>
  isOwnHost(
    { rawHeaders: hosts.flatMap((host) => ['Host', host]) },
    adminUrl === undefined ? undefined : new URL(adminUrl),
  );

describe('without --admin-url', () => {
  test.each(['localhost', 'LOCALHOST:8788', '127.0.0.1', '127.0.0.1:8788', '127.1.2.3', '[::1]', '[::1]:8788'])(
    'the loopback name %s is allowed',
    (host) => {
      expect(own([host])).toBe(true);
    },
  );

  test.each([
    'evil.example',
    'localhost.evil.example',
    'evil.example:8788',
    '127.0.0.1.evil.example',
    'localhost@evil.example',
    'evil.example/localhost',
    '127.0.0.1:8788:1',
    '192.0.2.1',
    '[::2]',
    '::1',
    '0.0.0.0',
    '',
    ' localhost',
  ])('%j is refused', (host) => {
    expect(own([host])).toBe(false);
  });

  test('a request without Host, or with two, is refused', () => {
    expect(own([])).toBe(false);
    expect(own(['localhost', 'localhost'])).toBe(false);
    expect(own(['localhost', 'evil.example'])).toBe(false);
  });
});

test('--admin-url allows its host too, with or without the default port', () => {
  const url = 'https://ajwt.example';
  for (const host of ['ajwt.example', 'AJWT.example:443', 'localhost:8788']) expect(own([host], url)).toBe(true);
  for (const host of ['ajwt.example:80', 'x.ajwt.example', 'ajwt.example.evil']) expect(own([host], url)).toBe(false);
  expect(own(['ajwt.example:8443'], 'https://ajwt.example:8443')).toBe(true);
  expect(own(['ajwt.example'], 'https://ajwt.example:8443')).toBe(false);
});
