import type { IncomingMessage } from 'node:http';
import { describe, expect, test } from 'vitest';
import { describedRequest } from '../../src/gateway/forwarded-request.ts';

function request(url: string, headers: Record<string, string[]> = {}, method = 'GET'): IncomingMessage {
  const rawHeaders = Object.entries(headers).flatMap(([name, values]) => values.flatMap((value) => [name, value]));
  return { url, method, rawHeaders } as unknown as IncomingMessage;
}
const NOTHING = { method: undefined, target: undefined };

describe('a forward-auth request describes the original request', () => {
  test('in headers of nginx, if its proxy is trusted', () => {
    const headers = { 'x-original-method': ['POST'], 'x-original-uri': ['/a?b=%20'] };
    expect(describedRequest(request('/.ajwt/auth', headers), true)).toEqual({ method: 'POST', target: '/a?b=%20' });
    expect(describedRequest(request('/.ajwt/auth', headers), false)).toEqual(NOTHING);
  });

  test('in headers of Traefik and Caddy', () => {
    const headers = { 'x-forwarded-method': ['PUT'], 'x-forwarded-uri': ['/a'] };
    expect(describedRequest(request('/.ajwt/auth?x=1', headers), true)).toEqual({ method: 'PUT', target: '/a' });
  });

  test('appended to the path, as Envoy sends it', () => {
    const described = { method: 'DELETE', target: '/v1/x?y=1' };
    expect(describedRequest(request('/.ajwt/auth/v1/x?y=1', {}, 'DELETE'), false)).toEqual(described);
    const headers = { 'x-original-uri': ['/other'], 'x-original-method': ['GET'] };
    expect(describedRequest(request('/.ajwt/auth/v1/x?y=1', headers, 'DELETE'), true)).toEqual(described);
  });

  test('in absolute form too', () => {
    const described = { method: 'GET', target: '/v1' };
    expect(describedRequest(request('http://abcd/.ajwt/auth/v1'), false)).toEqual(described);
    expect(describedRequest(request('http://abcd/.ajwt/auth'), false)).toEqual(NOTHING);
  });

  test.each([
    { 'x-original-uri': ['/a'], 'x-forwarded-uri': ['/b'] },
    { 'x-original-uri': ['/a', '/b'] },
    { 'x-original-uri': ['/a'], 'x-original-url': ['/b'] },
  ])('%j: if two differ, neither is used, because one may come from the client', (headers) => {
    expect(describedRequest(request('/.ajwt/auth', headers), true).target).toBeUndefined();
  });

  test('equal values of two headers are used', () => {
    const headers = { 'x-original-uri': ['/a'], 'x-forwarded-uri': ['/a', '/a'], 'X-Original-URL': ['http://b/a'] };
    expect(describedRequest(request('/.ajwt/auth', headers), true).target).toBe('/a');
  });

  test.each([
    ['https://api.example.com/v1/items?x=1', '/v1/items?x=1'],
    ['http://api.example.com:8080/', '/'],
    ['HTTPS://API.example.com//a/../b?url=https://c/d', '//a/../b?url=https://c/d'],
    ['https://user:secret@[2001:db8::1]:8443/a%2Fb', '/a%2Fb'],
    ['/v1/items?x=1', '/v1/items?x=1'],
    ['/https://api.example.com/a', '/https://api.example.com/a'],
    // The client chooses the Host, but no character that nginx accepts there can change the path.
    ['https://api.example.com?/v1/items', '?/v1/items'],
    ['https://api.example.com#/v1/items', '#/v1/items'],
    ['https://api.example.com', ''],
    ['ftp://api.example.com/a', 'ftp://api.example.com/a'],
  ])('X-Original-URL: %s, as ingress-nginx sends it, means the target %s', (url, target) => {
    expect(describedRequest(request('/.ajwt/auth', { 'x-original-url': [url] }), true).target).toBe(target);
  });

  test.each(['x-original-uri', 'x-forwarded-uri'])('%s is not read as an absolute URL', (name) => {
    const { target } = describedRequest(request('/.ajwt/auth', { [name]: ['https://api.example.com/a'] }), true);
    expect(target).toBe('https://api.example.com/a');
  });
});
