import type { IncomingMessage } from 'node:http';
import { describe, expect, test } from 'vitest';
import { describedRequest } from '../../src/gateway/forwarded-request.ts';

function request(url: string, headersDistinct: Record<string, string[]> = {}, method = 'GET'): IncomingMessage {
  return { url, method, headersDistinct } as unknown as IncomingMessage;
}
const NOTHING = { method: undefined, target: undefined };

describe('a forward-auth request tells of the original one', () => {
  test('in headers of nginx, if its proxy is trusted', () => {
    const headers = { 'x-original-method': ['POST'], 'x-original-uri': ['/a?b=%20'] };
    expect(describedRequest(request('/.ajwt/auth', headers), true)).toEqual({ method: 'POST', target: '/a?b=%20' });
    expect(describedRequest(request('/.ajwt/auth', headers), false)).toEqual(NOTHING);
  });

  test('in headers of Traefik and Caddy', () => {
    const headers = { 'x-forwarded-method': ['PUT'], 'x-forwarded-uri': ['/a'] };
    expect(describedRequest(request('/.ajwt/auth?x=1', headers), true)).toEqual({ method: 'PUT', target: '/a' });
  });

  test('below the path, as Envoy sends it', () => {
    const described = { method: 'DELETE', target: '/v1/x?y=1' };
    expect(describedRequest(request('/.ajwt/auth/v1/x?y=1', {}, 'DELETE'), false)).toEqual(described);
    const headers = { 'x-original-uri': ['/other'], 'x-original-method': ['GET'] };
    expect(describedRequest(request('/.ajwt/auth/v1/x?y=1', headers, 'DELETE'), true)).toEqual(described);
  });

  test('in the absolute form as well', () => {
    const described = { method: 'GET', target: '/v1' };
    expect(describedRequest(request('http://abcd/.ajwt/auth/v1'), false)).toEqual(described);
    expect(describedRequest(request('http://abcd/.ajwt/auth'), false)).toEqual(NOTHING);
  });

  test.each([
    { 'x-original-uri': ['/a'], 'x-forwarded-uri': ['/b'] },
    { 'x-original-uri': ['/a', '/b'] },
    { 'x-original-uri': ['/a'], 'x-original-url': ['/b'] },
  ])('%j: where two differ, one may be the client’s own, and none counts', (headers) => {
    expect(describedRequest(request('/.ajwt/auth', headers), true).target).toBeUndefined();
  });

  test('two that agree are one', () => {
    const headers = { 'x-original-uri': ['/a'], 'x-forwarded-uri': ['/a', '/a'] };
    expect(describedRequest(request('/.ajwt/auth', headers), true).target).toBe('/a');
  });
});
