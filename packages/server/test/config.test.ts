import { describe, expect, test } from 'vitest';
import { readConfig } from '../src/config.ts';
import { SERVE_OPTIONS } from '../src/serve-options.ts';

type Values = Parameters<typeof readConfig>[0];
const NOTHING = Object.fromEntries(
  Object.entries(SERVE_OPTIONS).map(([name, option]) => [name, 'multiple' in option ? [] : undefined]),
) as unknown as Values;
const read = (values: Partial<Values>) => readConfig({ ...NOTHING, ...values }, (option) => `--${option}`);

test('the defaults are the documented ones', () => {
  expect(read({})).toMatchObject({
    listen: { host: '127.0.0.1', port: 8787 },
    adminListen: { host: '127.0.0.1', port: 8788 },
    upstream: undefined,
    upstreamResponseTimeout: 60,
    nonces: { kind: 'database' },
    workers: 1,
    tolerance: 20,
    audience: [],
    require: [],
    requireReport: [],
    forwardAuthBody: 'none',
    undecided: { inAll: 1024, perAddress: 256 },
    userHeader: 'X-Auth-User',
    keyHeader: 'X-Auth-Key',
    privateHosts: [],
    serveJwks: [],
    logLevel: 'info',
  });
  expect(read({}).database).toMatchObject({ kind: 'sqlite', path: expect.stringMatching(/^\/.*\/ajwt\.db$/) });
});

test('every option has an environment variable', () => {
  for (const [name, { env }] of Object.entries(SERVE_OPTIONS)) {
    expect(env).toBe(`AJWTD_${name.toUpperCase().replaceAll('-', '_')}`);
  }
});

test.each([
  ['[::1]:0', { host: '::1', port: 0 }],
  [':80', { host: '::', port: 80 }],
  ['localhost:8080', { host: 'localhost', port: 8080 }],
])('listens on %s', (listen, expected) => expect(read({ listen }).listen).toEqual(expected));

test.each([['htm,target'], ['htm', 'target'], ['target, htm', 'htm']])(
  '--require can be repeated: %j',
  (...require) => {
    expect([...read({ require }).require].sort()).toEqual(['htm', 'target']);
  },
);

test('the admin listener can be switched off', () =>
  expect(read({ 'admin-listen': 'off' }).adminListen).toBeUndefined());

describe('an invalid value is reported in one line that names the option', () => {
  test.each<[keyof Values & string, string | string[]]>([
    ...['NaN', '-1', '20 ', 'Infinity', '0', '601', '1e1', ''].map(
      (bad) => ['tolerance', bad] as ['tolerance', string],
    ),
    ...['x', '127.0.0.1', ':', ':65536', '[::1', '::1:80', 'http://x:1'].map(
      (bad) => ['listen', bad] as ['listen', string],
    ),
    ...['x', 'ftp://x', 'http://x/path', 'http://u:p@x', 'http://x?y', 'http://x#'].map(
      (bad) => ['upstream', bad] as ['upstream', string],
    ),
    ...['0', '-1', '60s', '86401', 'Infinity', ''].map(
      (bad) => ['upstream-response-timeout', bad] as ['upstream-response-timeout', string],
    ),
    ['nonces', 'redis'],
    ['log-level', 'trace'],
    ['require', ['digest']],
    ['require', ['aud']],
    ['require-report', ['aud']],
    ['require-report', ['digest']],
    ['require', ['htm,,target']],
    ['require', ['htm', 'method']],
    ['audience', ['']],
    ...['10.0.0.0/33', '10.0.0/8', 'localhost', '::1/129', '', '10.0.0.1/'].map(
      (bad) => ['trusted-proxy', [bad]] as ['trusted-proxy', string[]],
    ),
    ...['Authorization', 'x_user', 'X User', '', 'Host', 'Content-Type', 'Connection', 'X-Forwarded-User'].map(
      (bad) => ['user-header', bad] as ['user-header', string],
    ),
    ['key-header', 'x-auth-user'],
  ])('--%s %j is refused', (option, bad) => {
    expect(() => read({ [option]: bad })).toThrow(new RegExp(`^--${option}: [^\n]+$`));
  });
});

test('a trusted proxy is recognized by its address, including an IPv4 address on a dual-stack socket', () => {
  const { isTrustedProxy } = read({ 'trusted-proxy': ['10.0.0.0/8', '2001:db8::/32', '192.0.2.1'] });
  for (const address of ['10.1.2.3', '::ffff:10.1.2.3', '2001:db8::7', '192.0.2.1'])
    expect(isTrustedProxy(address)).toBe(true);
  for (const address of ['11.0.0.1', '::ffff:11.0.0.1', '2001:db9::7', '192.0.2.2', '', undefined]) {
    expect(isTrustedProxy(address)).toBe(false);
  }
});
