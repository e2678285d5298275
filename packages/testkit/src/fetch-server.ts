/** A server for `ajwt fetch`: node:http with the library's authentication, and one path for each behavior to test. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { nodeAuth } from 'asymmetric-jwt-auth/node';
import {
  type AuthenticatorOptions,
  createAuthenticator,
  memoryKeyStore,
  memoryNonceStore,
  type NonceStore,
  type PublicKey,
} from '../../lib/src/index.ts';
import { listen } from './listen.ts';

/** An accepted request. */
interface Seen {
  readonly method: string | undefined;
  readonly url: string | undefined;
  readonly headers: IncomingMessage['headers'];
  /** Header names and values as received. */
  readonly rawHeaders: readonly string[];
  readonly body: Buffer;
}

/** Contains all 256 byte values, and is not valid UTF-8. */
export const BINARY = Buffer.from(Array.from({ length: 256 * 1024 }, (_, index) => (index * 7) & 255));

/** Responses of the application, by path. */
const ANSWERS: Readonly<Record<string, (response: ServerResponse) => void>> = {
  '/binary': (response) => response.end(BINARY),
  '/gzip': (response) => response.setHeader('content-encoding', 'gzip').end(BINARY),
  '/empty': (response) => response.end(),
  '/204': (response) => response.writeHead(204).end(),
  '/999': (response) => response.writeHead(999).end(),
  '/cookies': (response) => response.setHeader('Set-Cookie', ['a=1', 'b=2']).end('two'),
  '/reflect': (response) => {
    const token = response.req.headers.authorization?.replace('JWT ', '') ?? '';
    response
      .setHeader('X-Token', token)
      .setHeader('X-Signature', token.split('.')[2] ?? '')
      .end(`${token}\n`);
  },
  '/404': (response) => response.writeHead(404).end('no such thing\n'),
  '/500': (response) => response.writeHead(500, 'Oh Dear').end('broken\n'),
  '/401': (response) => response.writeHead(401).end('from the application\n'),
  '/503-problem': (response) =>
    response.writeHead(503, { 'content-type': 'application/problem+json' }).end('{"detail":"of the application"}'),
  '/nasty': (response) =>
    response
      .writeHead(401, { 'content-type': 'application/problem+json' })
      .end(JSON.stringify({ error: 'x\u001b[31my', detail: 'one\ntwo\u202ethree' })),
  '/loop': (response) => response.writeHead(302, { location: '/loop' }).end(),
  '/moved': (response) => response.writeHead(307, { location: '/echo?moved' }).end(),
  '/away': (response) => response.writeHead(302, { location: 'http://elsewhere.invalid/' }).end(),
  '/drop': (response) => response.destroy(),
  '/cut': (response) => response.writeHead(200, { 'content-length': 100 }).write('begun', () => response.destroy()),
};

/** A server, and the requests it accepted. */
export interface FetchServer {
  readonly url: string;
  readonly server: Server;
  readonly seen: Seen[];
  /** Resolves with request and response when a request to `/slow` arrives. */
  slow(): Promise<[IncomingMessage, ServerResponse]>;
}

/** Starts a server that accepts requests of guido. */
export async function startServer(
  key: PublicKey,
  options: Partial<AuthenticatorOptions<unknown>> = {},
): Promise<FetchServer> {
  const keys = memoryKeyStore();
  keys.addKey('guido', key);
  const server = createServer();
  const url = await listen(server);
  const { authenticate, reject } = nodeAuth(
    createAuthenticator({ keys, nonces: memoryNonceStore(), audience: url, ...options }),
  );
  const seen: Seen[] = [];
  server.on('request', async (request: IncomingMessage, response: ServerResponse) => {
    const result = await authenticate(request);
    if (!result.ok) return reject(response, result);
    const { method, url, headers, rawHeaders } = request;
    if (url === '/slow') return server.emit('slow', request, response);
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    seen.push({ method, url, headers, rawHeaders, body: Buffer.concat(chunks) });
    const answer = ANSWERS[url ?? ''];
    if (answer === undefined) response.end(`hello ${result.username}\n`);
    else answer(response);
  });
  return { url, server, seen, slow: () => once(server, 'slow') as Promise<[IncomingMessage, ServerResponse]> };
}

/** Makes a nonce store whose claims always have the same outcome, or always fail. */
export function fixedNonceStore(outcome: 'replayed' | 'rate_limited' | 'forgotten' | 'down'): NonceStore {
  return {
    tolerance: 20,
    open() {},
    readiness: () => ({ ready: true }),
    claim() {
      if (outcome === 'down') throw new Error('the store is down');
      return outcome;
    },
  };
}
