import type { IncomingMessage } from 'node:http';
import { describe, expect, test } from 'vitest';
import { describedRequest } from '../../src/gateway/forwarded-request.ts';

function request(url: string, headers: Record<string, string[]> = {}, method = 'GET'): IncomingMessage {
  const rawHeaders = Object.entries(headers).flatMap(([name, values]) => values.flatMap((value) => [name, value]));
  return { url, method, rawHeaders } as unknown as IncomingMessage;
}
const NOTHING = { method: undefined, target: undefined };

describe('a forward-auth request describes the original request', () => {
  test('in the headers of nginx, which are read only from a trusted proxy', () => {
    const headers = { 'x-original-method': ['POST'], 'x-original-uri': ['/a?b=%20'] };
    expect(describedRequest(request('/.ajwt/auth', headers), true)).toEqual({ method: 'POST', target: '/a?b=%20' });
    expect(describedRequest(request('/.ajwt/auth', headers), false)).toEqual(NOTHING);
  });

  test('in the headers of Traefik and Caddy', () => {
    const headers = { 'x-forwarded-method': ['PUT'], 'x-forwarded-uri': ['/a'] };
    expect(describedRequest(request('/.ajwt/auth?x=1', headers), true)).toEqual({ method: 'PUT', target: '/a' });
  });

  test('in its path, as Envoy does', () => {
    const described = { method: 'DELETE', target: '/v1/x?y=1' };
    expect(describedRequest(request('/.ajwt/auth/v1/x?y=1', {}, 'DELETE'), false)).toEqual(described);
    const headers = { 'x-original-uri': ['/other'], 'x-original-method': ['GET'] };
    expect(describedRequest(request('/.ajwt/auth/v1/x?y=1', headers, 'DELETE'), true)).toEqual(described);
  });

  test('in its path in absolute form', () => {
    const described = { method: 'GET', target: '/v1' };
    expect(describedRequest(request('http://abcd/.ajwt/auth/v1'), false)).toEqual(described);
    expect(describedRequest(request('http://abcd/.ajwt/auth'), false)).toEqual(NOTHING);
  });

  test.each([
    { 'x-original-uri': ['/a'], 'x-forwarded-uri': ['/b'] },
    { 'x-original-uri': ['/a', '/b'] },
    { 'x-original-uri': ['/a'], 'x-original-url': ['/b'] },
  ])('in no header if two of them differ, because one may come from the client: %j', (headers) => {
    expect(describedRequest(request('/.ajwt/auth', headers), true).target).toBeUndefined();
  });

  test('in several headers with equal values', () => {
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
  ])('in X-Original-URL, as ingress-nginx does: %s has the target %s', (url, target) => {
    expect(describedRequest(request('/.ajwt/auth', { 'x-original-url': [url] }), true).target).toBe(target);
  });

  test.each(['x-original-uri', 'x-forwarded-uri'])('in %s, where an absolute URL is not converted', (name) => {
    const { target } = describedRequest(request('/.ajwt/auth', { [name]: ['https://api.example.com/a'] }), true);
    expect(target).toBe('https://api.example.com/a');
  });
});
