/** The suite for all HTTP libraries that sign requests, over the network. */
import { PassThrough, type Readable } from 'node:stream';
import { type CountingServers, countingServers } from 'ajwt-testkit/counting-server';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';

/** A request. */
interface Sent {
  readonly method: string;
  readonly body?: string;
}

/** A library that is configured to sign requests. */
export interface Library {
  /** Sends a request, and returns the status of the response, whatever it is. Follows redirects, retries after a 503, and accepts any TLS certificate. */
  send(url: string, sent: Sent): Promise<number>;
  /** Sends a body that ends only when the caller ends it, and returns the first chunk of the response. */
  stream(url: string, body: Readable): Promise<string>;
}

export function librarySuite(name: string, make: (servers: CountingServers) => Library): void {
  describe(`${name}, over the network`, () => {
    let servers: CountingServers;
    let library: Library;
    beforeAll(async () => {
      servers = await countingServers();
    });
    beforeEach(() => {
      Object.assign(servers, { received: [], strayed: [], ahead: 0 });
      library = make(servers);
    });
    afterAll(() => servers.close());
    const tokens = () => new Set(servers.received.map(({ authorization }) => authorization));

    test('signs each request, and binds the token to it', async () => {
      for (const path of ['/me', '/a%20b?c=d%2fe&f', '/me?x=1'])
        expect(await library.send(servers.origin + path, { method: 'GET' })).toBe(200);
      expect(await library.send(`${servers.origin}/me`, { method: 'POST', body: 'hello' })).toBe(200);
      expect(servers.received.map(({ url }) => url)).toEqual(['/me', '/a%20b?c=d%2fe&f', '/me?x=1', '/me']);
      expect(tokens().size).toBe(4);
    });

    test.each([301, 302, 303, 307, 308])(
      'follows a redirect with status %i within the origin, with a new token',
      async (status) => {
        expect(await library.send(servers.redirect(status, '/there?x=1'), { method: 'GET' })).toBe(200);
        expect(servers.received.map(({ accepted }) => accepted)).toEqual([true, true]);
        expect(tokens().size).toBe(2);
      },
    );

    test('signs again if a redirect turns a POST into a GET', async () => {
      expect(await library.send(servers.redirect(303, '/there'), { method: 'POST', body: 'hello' })).toBe(200);
      expect(servers.received[1]).toMatchObject({ method: 'GET', body: '', accepted: true });
    });

    test('signs again if a redirect repeats a POST with its body', async () => {
      expect(await library.send(servers.redirect(307, '/there'), { method: 'POST', body: 'hello' })).toBe(200);
      expect(servers.received[1]).toMatchObject({ method: 'POST', body: 'hello', accepted: true });
    });

    test.each([
      ['port', (it: CountingServers) => it.otherPort],
      ['scheme', (it: CountingServers) => it.otherScheme],
      ['host', (it: CountingServers) => it.origin.replace('127.0.0.1', 'localhost')],
    ])('follows no redirect to another %s', async (_what, to) => {
      for (const status of [302, 307]) {
        const sending = library.send(servers.redirect(status, `${to(servers)}/there`), { method: 'GET' });
        await expect(sending).rejects.toThrow('signed requests stay on their origin');
      }
      expect([servers.received.length, servers.strayed.length]).toEqual([2, 0]);
    });

    test('gives each retry a new token', async () => {
      expect(await library.send(`${servers.origin}/busy`, { method: 'GET' })).toBe(200);
      expect(servers.received.map(({ accepted }) => accepted)).toEqual([true, true, true]);
      expect(tokens().size).toBe(3);
    });

    test('sends a body while it is being written', async () => {
      const body = new PassThrough();
      body.write('first');
      expect(await library.stream(`${servers.origin}/stream`, body)).toBe('first');
      expect(body.writableEnded).toBe(false);
      body.end();
    });

    test('gives 300 concurrent requests 300 different nonces', async () => {
      const sending = Array.from({ length: 300 }, () => library.send(`${servers.origin}/me`, { method: 'GET' }));
      expect(new Set(await Promise.all(sending))).toEqual(new Set([200]));
      expect(tokens().size).toBe(300);
    });

    test.each([{ method: 'GET' }, { method: 'POST', body: 'hello' }])(
      'corrects its clock if the clock of the server is ahead, and repeats the $method request',
      async (sent) => {
        servers.ahead = 240;
        for (let call = 0; call < 2; call++) expect(await library.send(`${servers.origin}/me`, sent)).toBe(200);
        const { body = '' } = sent;
        expect(servers.received.map((it) => [it.accepted, it.body])).toEqual([
          [false, body],
          [true, body],
          [true, body],
        ]);
      },
    );
  });
}
