import type { AcceptedResult } from 'asymmetric-jwt-auth';
import { describe, expect, test } from 'vitest';
import {
  encodeUsername,
  identityHeaders,
  imitationFinder,
  upstreamHeaders,
} from '../../src/gateway/identity-headers.ts';

const OURS = { 'X-Auth-User': 'guido', 'X-Auth-Key': 'SHA256:abc' };
const STRANGER = { address: '::ffff:192.0.2.7', trusted: false };
const PROXY = { address: '10.0.0.1', trusted: true };

describe('in the identity headers', () => {
  test.each([
    ['alice', 'alice'],
    ['alice+x@example.com', 'alice+x@example.com'],
    ['a-b_c.d~e$', 'a-b_c.d~e$'],
    ['Жук', '%D0%96%D1%83%D0%BA'],
    ['a b', 'a%20b'],
    ["o'neill", 'o%27neill'],
    ['100%', '100%25'],
    ['%41', '%2541'],
    ['a,b;c="d"', 'a%2Cb%3Bc%3D%22d%22'],
    ['(!*)', '%28%21%2A%29'],
    ['\u{1f600}', '%F0%9F%98%80'],
  ])('the username %s is sent as %s, and can be decoded', (username, encoded) => {
    expect(encodeUsername(username)).toBe(encoded);
    expect(decodeURIComponent(encoded)).toBe(username);
  });

  test('the configured names are used', () => {
    const result = { username: 'Жук', key: { fingerprint: 'SHA256:abc' } } as AcceptedResult<unknown>;
    expect(identityHeaders(result, { userHeader: 'Remote-User', keyHeader: 'Remote-Key' })).toEqual({
      'Remote-User': '%D0%96%D1%83%D0%BA',
      'Remote-Key': 'SHA256:abc',
    });
  });
});

describe('a forged identity header in a forward-auth request', () => {
  const imitates = imitationFinder({ userHeader: 'X-Auth-User', keyHeader: 'X-Auth-Key' });

  test.each([
    ['X_Auth_User', 'root'],
    ['x_auth_user', ''],
    ['X-Auth_User', 'root'],
    ['X_Auth-Key', 'SHA256:forged'],
    ['X.Auth.User', 'root'],
    ['X-Auth.User', 'root'],
    ['X_AUTH.KEY', 'SHA256:forged'],
    ['x~auth!user', 'root'],
    ['Connection', 'X-Auth-User'],
    ['connection', 'close, x-auth-KEY'],
    ['CONNECTION', 'keep-alive ,\tX-Auth-User\t, close'],
    ['Connection', 'X_Auth_User'],
  ])('is recognized in %s: %s', (name, value) => {
    expect(imitates([name, value])).toBe(true);
    expect(imitates(['Accept', '*/*', name, value, 'Host', 'a'])).toBe(true);
  });

  test.each([
    // The proxy itself replaces headers that have exactly these names.
    ['X-Auth-User', 'root'],
    ['x-AUTH-key', 'SHA256:forged'],
    ['XAuthUser', 'root'],
    ['X-Auth-User-Name', 'root'],
    ['HTTP_X_Auth_User', 'root'],
    ['X_Auth_Users', 'root'],
    ['__proto__', 'X-Auth-User'],
    ['constructor', 'X-Auth-User'],
    ['Connection', 'close'],
    ['Connection', ''],
    ['Connection', 'X-Auth-Users, Auth-User'],
    ['Via', 'X_Auth_User'],
  ])('is not reported in %s: %s', (name, value) => expect(imitates([name, value])).toBe(false));

  test('is recognized under the configured names', () => {
    const remote = imitationFinder({ userHeader: 'Remote-User', keyHeader: 'Remote-Key' });
    expect(remote(['REMOTE_USER', 'root'])).toBe(true);
    expect(remote(['Connection', 'Remote-Key'])).toBe(true);
    expect(remote(['X_Auth_User', 'root', 'Connection', 'X-Auth-User'])).toBe(false);
  });
});

describe('the application receives', () => {
  test.each(['x-auth-user', 'x_auth_user', 'x-auth_user', 'x_auth-key', 'x-auth-key', 'x.auth.user', 'x~auth!key'])(
    'no %s from the client',
    (name) => {
      const headers = upstreamHeaders({ [name]: 'root', accept: '*/*' }, STRANGER, OURS);
      const values = Object.entries(headers).filter(([other]) =>
        other
          .toLowerCase()
          .replace(/[^a-z]/g, '-')
          .startsWith('x-auth-'),
      );
      expect(values).toEqual(Object.entries(OURS));
      expect(headers.accept).toBe('*/*');
    },
  );

  test.each(['authorization', 'connection', 'keep-alive', 'proxy-authorization', 'te', 'trailer', 'upgrade', 'expect'])(
    'no %s',
    (name) => expect(Object.keys(upstreamHeaders({ [name]: 'x' }, STRANGER, OURS))).not.toContain(name),
  );

  test('no header that Connection names, except Host and the headers for the length of the body', () => {
    const connection = 'close, X-Secret, content-length, transfer-encoding, host, X-Auth-User';
    const headers = upstreamHeaders(
      { connection, 'x-secret': '1', 'content-length': '5', host: 'api.example.com', 'transfer-encoding': 'chunked' },
      STRANGER,
      OURS,
    );
    expect(headers).toMatchObject({
      'content-length': '5',
      host: 'api.example.com',
      'transfer-encoding': 'chunked',
      ...OURS,
    });
    expect(headers).not.toHaveProperty('x-secret');
  });

  const SAID = {
    host: 'api.example.com',
    'x-forwarded-for': '203.0.113.9',
    'x-forwarded-host': 'evil.example',
    'x-forwarded-proto': 'https',
    'x-forwarded-user': 'root',
    'x-original-uri': '/admin',
    'x-real-ip': '127.0.0.1',
    x_forwarded_for: '127.0.0.1',
    forwarded: 'for=127.0.0.1',
  };

  test('no forwarding headers from an untrusted client', () => {
    expect(upstreamHeaders(SAID, STRANGER, OURS)).toEqual({
      host: 'api.example.com',
      'x-forwarded-for': '192.0.2.7',
      'x-forwarded-host': 'api.example.com',
      'x-forwarded-proto': 'http',
      ...OURS,
    });
  });

  test('the forwarding headers from a trusted proxy, with the address of the proxy', () => {
    const headers = upstreamHeaders(SAID, PROXY, OURS);
    expect(headers).toMatchObject({
      'x-forwarded-for': '203.0.113.9, 10.0.0.1',
      'x-forwarded-host': 'evil.example',
      'x-forwarded-proto': 'https',
    });
    expect(headers).not.toHaveProperty('x_forwarded_for');
  });

  test.each([
    ...['proxy', 'x-rewrite-url', 'x-rewrite-uri', 'x-http-destinationurl'],
    ...['x-original-url', 'x-original-uri', 'x-original-method', 'x-original-path'],
  ])('no %s from anyone, in any spelling', (name) => {
    for (const peer of [STRANGER, PROXY]) {
      for (const spelled of [name, name.replaceAll('-', '_'), name.replaceAll('-', '.')]) {
        expect(upstreamHeaders({ [spelled]: 'x' }, peer, OURS)).not.toHaveProperty([spelled]);
      }
    }
  });

  test.each([
    ...['forwarded', 'x-forwarded', 'x-forwarded-server', 'x-forwarded-prefix', 'x-original-host', 'x-real-ip'],
    ...['true-client-ip', 'client-ip', 'x-client-ip', 'x-cluster-client-ip', 'x-remote-addr', 'cf-connecting-ip'],
    ...['x-envoy-external-address', 'front-end-https', 'x-scheme', 'x-url-scheme', 'x-script-name', 'x-host'],
    ...['client-cert', 'client-cert-chain', 'ssl-client-verify', 'x-ssl-client-cert', 'x-client-cert-hash'],
    ...['x-accel-mapping', 'x-sendfile-type'],
  ])('%s only from a trusted proxy, and only in this spelling', (name) => {
    const underscores = name.replaceAll('-', '_');
    expect(upstreamHeaders({ [name]: 'x', [underscores]: 'x' }, STRANGER, OURS)).not.toHaveProperty([name]);
    expect(upstreamHeaders({ [underscores]: 'x' }, STRANGER, OURS)).not.toHaveProperty([underscores]);
    expect(upstreamHeaders({ [name]: 'x' }, PROXY, OURS)).toHaveProperty([name], 'x');
    if (name !== underscores) {
      expect(upstreamHeaders({ [underscores]: 'x' }, PROXY, OURS)).not.toHaveProperty([underscores]);
    }
  });

  test.each(['x-http-method-override', 'x-proxy-user', 'proxy-status', 'x-forward', 'x-request-id', 'x-originality'])(
    '%s from every client, because proxies do not set it',
    (name) => expect(upstreamHeaders({ [name]: 'x' }, STRANGER, OURS)).toHaveProperty([name], 'x'),
  );

  test('the identity headers under the configured names', () => {
    const headers = upstreamHeaders({ remote_user: 'root', 'x-auth-user': 'kept' }, STRANGER, {
      'Remote-User': 'guido',
    });
    expect(headers).toMatchObject({ 'Remote-User': 'guido', 'x-auth-user': 'kept' });
    expect(headers).not.toHaveProperty('remote_user');
  });
});
