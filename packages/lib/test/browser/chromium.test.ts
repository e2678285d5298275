/** The client in Chromium, with the snippets of docs/RUNTIMES.md, against a real server on another origin. */
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { join } from 'node:path';
import { bundleFor } from 'ajwt-testkit/bundle';
import { hasProgram } from 'ajwt-testkit/command';
import { listen } from 'ajwt-testkit/listen';
import { scratch } from 'ajwt-testkit/scratch';
import {
  type Authenticator,
  createAuthenticator,
  memoryKeyStore,
  memoryNonceStore,
  PublicKey,
} from 'asymmetric-jwt-auth';
import type * as client from 'asymmetric-jwt-auth/client';
import type { WebCryptoSigner } from 'asymmetric-jwt-auth/web-crypto';
import { type BrowserContext, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const there = process.env.AJWT_TEST_ALL !== undefined || hasProgram('chromium', '--version');
const file = scratch();
/** Inside the repository, so that imports of the library find its sources. */
const SNIPPETS = join(import.meta.dirname, '.snippets');
const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** What the bundle exports to the page. */
declare const app: typeof client & {
  browserSigner(name: string, algorithm?: object): Promise<WebCryptoSigner>;
  callApi(username: string, url: string): Promise<Response>;
};

/** The page adds the public exponent, because bytes do not reach it as bytes. */
const rsa = { name: 'RSASSA-PKCS1-v1_5', modulusLength: 2048 };
const KINDS = [
  ['EdDSA', { name: 'Ed25519' }],
  ['ES256', { name: 'ECDSA', namedCurve: 'P-256' }],
  ['ES384', { name: 'ECDSA', namedCurve: 'P-384' }],
  ['ES512', { name: 'ECDSA', namedCurve: 'P-521' }],
  ['RS256', { ...rsa, hash: 'SHA-256' }],
  ['RS512', { ...rsa, hash: 'SHA-512' }],
] as const;

describe.skipIf(!there)('in Chromium (skipped without chromium)', () => {
  const keys = memoryKeyStore<undefined>();
  let now = () => Date.now() / 1000;
  const servers: Server[] = [];
  let context: BrowserContext;
  let page: Page;
  let api: string;
  let origin: string;

  beforeAll(async () => {
    const snippets = await snippetsOf('docs/RUNTIMES.md');
    const { 'browser-key.ts': key = '', 'page.ts': call = '' } = snippets;
    const { code } = await bundleFor(
      'browser',
      "export * from 'asymmetric-jwt-auth/client'; export * from './browser-key.ts'; export * from './page.ts';",
      { format: 'iife', files: { 'browser-key.ts': key, 'page.ts': call } },
    );
    const pages = createServer((request, response) => {
      if (request.url === '/app.js') response.setHeader('content-type', 'text/javascript').end(code);
      else response.setHeader('content-type', 'text/html').end('<!doctype html><script src="/app.js"></script>');
    });
    servers.push(pages);
    origin = await listen(pages);

    await mkdir(SNIPPETS, { recursive: true });
    await writeFile(join(SNIPPETS, 'api.ts'), snippets['api.ts'] as string);
    const { createApi } = (await import(/* @vite-ignore */ join(SNIPPETS, 'api.ts'))) as {
      createApi(auth: Authenticator<unknown>, origin: string): Server;
    };
    // It listens first, because the authenticator needs its origin.
    const server = createServer();
    servers.push(server);
    api = await listen(server);
    const clock = () => now();
    const nonces = memoryNonceStore({ now: clock });
    const inner = createApi(createAuthenticator({ keys, nonces, now: clock, audience: api }), origin);
    server.on('request', (request, response) => inner.emit('request', request, response));

    context = await chromium.launchPersistentContext(file('profile'), {
      executablePath: '/usr/bin/chromium',
      args: FLAGS,
    });
    page = await context.newPage();
    await page.goto(origin);
  });
  afterAll(async () => {
    await context?.close();
    for (const server of servers) server.close().closeAllConnections();
    await rm(SNIPPETS, { recursive: true, force: true });
  });

  /** Returns the signer's public key and algorithm. Generates the key pair if none is stored under this name. */
  const describeKey = (name: string, algorithm: object) =>
    page.evaluate(
      async ([name, algorithm]) => {
        const params = 'modulusLength' in algorithm ? { publicExponent: Uint8Array.of(1, 0, 1) } : {};
        const { alg, publicKey } = await app.browserSigner(name, { ...algorithm, ...params });
        return { alg, pem: publicKey.toPem(), line: publicKey.toOpenSsh('browser') };
      },
      [name, algorithm] as const,
    );

  /** Sends a request to the API with a header that the page makes. Returns the header, and the statuses of sending it twice. */
  const sendTwice = (name: string, username: string) =>
    page.evaluate(
      async ([name, username, url]) => {
        const key = await app.browserSigner(name);
        const authorization = await app.createAuthorization({ username, key, bind: { htm: 'GET', target: '/me' } });
        const responses = [];
        for (let attempt = 0; attempt < 2; attempt++) {
          const response = await fetch(url, { headers: { authorization } });
          const challenge = response.headers.get('www-authenticate');
          responses.push({ status: response.status, challenge, body: await response.text() });
        }
        return responses;
      },
      [name, username, `${api}/me`] as const,
    );

  test.each(KINDS)(
    'a stored %s key signs before and after the page is loaded again, and each token works once',
    async (alg, algorithm) => {
      const username = `user-${alg}`;
      const made = await describeKey(alg, algorithm);
      expect(made.alg).toBe(alg);
      expect(PublicKey.from(made.line).toPem()).toBe(made.pem);
      keys.addKey(username, PublicKey.from(made.pem));
      expect(await sendTwice(alg, username)).toMatchObject([{ status: 200, body: username }, { status: 401 }]);

      await page.reload();
      expect(await describeKey(alg, algorithm)).toEqual(made);
      const [accepted, replayed] = await sendTwice(alg, username);
      expect(accepted).toMatchObject({ status: 200, body: username });
      expect(replayed?.challenge).toContain('JWT');
      expect(replayed?.challenge).toContain('replayed');
    },
  );

  test('the private key cannot be exported', async () => {
    await describeKey('secret', { name: 'Ed25519' });
    const errors = await page.evaluate(async () => {
      const opening = indexedDB.open('asymmetric-jwt-auth', 1);
      await new Promise((resolve) => {
        opening.onsuccess = resolve;
      });
      const get = opening.result.transaction('pairs').objectStore('pairs').get('secret');
      await new Promise((resolve) => {
        get.onsuccess = resolve;
      });
      opening.result.close();
      const { privateKey } = get.result as CryptoKeyPair;
      const nameOf = (exported: Promise<unknown>) =>
        exported.then(
          () => 'exported',
          (error: Error) => error.name,
        );
      return [
        privateKey.extractable,
        await nameOf(crypto.subtle.exportKey('jwk', privateKey)),
        await nameOf(crypto.subtle.exportKey('pkcs8', privateKey)),
      ];
    });
    expect(errors).toEqual([false, 'InvalidAccessError', 'InvalidAccessError']);
  });

  test('createSignedFetch calls the API, and signs again if the browser’s clock is wrong', async () => {
    const { pem } = await describeKey('api', { name: 'ECDSA', namedCurve: 'P-256' });
    keys.addKey('guido', PublicKey.from(pem));
    const call = () =>
      page.evaluate(
        async ([url]) => {
          const response = await app.callApi('guido', url);
          return [response.status, await response.text()];
        },
        [`${api}/me?x=1`] as const,
      );
    expect(await call()).toEqual([200, 'guido']);
    now = () => Date.now() / 1000 + 120;
    expect(await call()).toEqual([200, 'guido']);
    now = () => Date.now() / 1000;
  });

  test('createSignedFetch rejects redirects, whose location the browser hides', async () => {
    const redirecting = createServer(({ method }, response) => {
      response.setHeader('access-control-allow-origin', '*').setHeader('access-control-allow-headers', 'authorization');
      response.writeHead(method === 'OPTIONS' ? 204 : 302, { location: '/elsewhere' }).end();
    });
    servers.push(redirecting);
    const url = await listen(redirecting);
    const code = await page.evaluate(
      ([url]) =>
        app.callApi('guido', `${url}/me`).then(
          () => 'followed',
          (error: { code?: string }) => error.code,
        ),
      [url] as const,
    );
    expect(code).toBe('hidden_redirect');
  });

  test('a page on an origin that the API does not allow gets no response', async () => {
    const other = await context.newPage();
    await other.goto(origin.replace('127.0.0.1', 'localhost'));
    const name = await other.evaluate(
      ([url]) =>
        app.callApi('guido', url).then(
          () => 'answered',
          (error: Error) => error.name,
        ),
      [`${api}/me`] as const,
    );
    await other.close();
    expect(name).toBe('TypeError');
  });

  test('PrivateKey says what to use instead', async () => {
    const message = await page.evaluate(() => app.PrivateKey.generate().catch((error: Error) => error.message));
    expect(message).toContain('webCryptoSigner()');
  });
});

/** Returns the files that a page of the documentation shows. */
async function snippetsOf(path: string): Promise<Readonly<Record<string, string>>> {
  const blocks = (await readFile(path, 'utf8')).matchAll(/^```ts ([\w.-]+)\n([\s\S]*?)^```$/gm);
  return Object.fromEntries([...blocks].map(([, name, text]) => [name, text]));
}
