/** What examples must do in addition to what all of them do. */
import { expect } from 'vitest';

/** A running example. */
interface Example {
  readonly url: string;
  /** Makes the value of `Authorization` for one request. */
  authorization(): Promise<string>;
}

/** Further checks, by example. */
export const FURTHER_CHECKS: Readonly<Record<string, (example: Example) => Promise<void>>> = {
  async trpc({ url, authorization }) {
    const batch = `${url}/trpc/me,me?batch=1&input=${encodeURIComponent('{}')}`;
    const headers = { authorization: await authorization() };
    const response = await fetch(batch, { headers });
    const data = { result: { data: { email: 'guido@example.com' } } };
    expect([response.status, await response.json()]).toEqual([200, [data, data]]);
    expect(await errorOf(fetch(batch, { headers }))).toBe('replayed');
  },

  async 'graphql-yoga'({ url, authorization }) {
    const headers = { authorization: await authorization(), 'content-type': 'application/json' };
    const post = () =>
      fetch(`${url}/graphql`, { method: 'POST', headers, body: '{ "query": "{ a: email b: email }" }' });
    const response = await post();
    const data = { a: 'guido@example.com', b: 'guido@example.com' };
    expect([response.status, await response.json()]).toEqual([200, { data }]);
    expect(await errorOf(post())).toBe('replayed');
    // Yoga has a page for browsers, which it sends to everyone. It must not run the query.
    const page = await fetch(`${url}/graphql?query={email}`, { headers: { accept: 'text/html' } });
    expect(await page.text()).not.toContain('guido@example.com');
    // A refusal does not wait for the body.
    expect(await errorOf(fetch(`${url}/graphql`, neverEnding()))).toBeUndefined();
    const preflight = { origin: 'https://app.example.com', 'access-control-request-method': 'POST' };
    expect((await fetch(`${url}/graphql`, { method: 'OPTIONS', headers: preflight })).status).toBe(204);
  },

  // Next.js bundles each route separately. Its routes must share one nonce store.
  async next({ url, authorization }) {
    const headers = { authorization: await authorization() };
    const response = await fetch(`${url}/api/orders/7`, { headers });
    expect([response.status, await response.json()]).toEqual([200, { id: '7', owner: 'guido' }]);
    expect(await errorOf(fetch(`${url}/api/me`, { headers }))).toBe('replayed');
  },

  // The caller of a data request chooses the routes of which the loaders run. The middleware must run all the same.
  async 'react-router'({ url, authorization }) {
    for (const path of ['/api/me.data', '/api/me.data?_routes=routes%2Fme', '/api/me/', '/API/ME']) {
      expect([path, (await fetch(`${url}${path}`)).status]).toEqual([path, 401]);
    }
    const headers = { authorization: await authorization() };
    expect(await (await fetch(`${url}/api/me.data`, { headers })).text()).toContain('guido@example.com');
    expect(await errorOf(fetch(`${url}/api/me`, { headers }))).toBe('replayed');
  },
};

/** Returns the options of a request without a credential, with a body that does not end. */
function neverEnding(): RequestInit & { duplex: 'half' } {
  const body = new ReadableStream({ start: (controller) => controller.enqueue(new TextEncoder().encode('{')) });
  return { method: 'POST', body, duplex: 'half', headers: { 'content-type': 'application/json' } };
}

/** Returns the error code in the challenge of a response with the status 401. */
async function errorOf(sent: Promise<Response>): Promise<string | undefined> {
  const response = await sent;
  expect(response.status).toBe(401);
  await response.body?.cancel();
  return /error="([^"]+)"/.exec(response.headers.get('www-authenticate') ?? '')?.[1];
}
