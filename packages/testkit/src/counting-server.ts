/** Starts three servers that record their requests: the one that tests call, one on another port, and one behind TLS. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { PrivateKey } from 'asymmetric-jwt-auth/client';
import { nodeAuth } from 'asymmetric-jwt-auth/node';
import { createAuthenticator, memoryKeyStore, memoryNonceStore } from '../../lib/src/index.ts';
import { runProgram } from './command.ts';

/** A received request. */
interface Received {
  readonly method: string | undefined;
  readonly url: string | undefined;
  readonly authorization: string | undefined;
  readonly body: string;
  readonly accepted: boolean;
}

export interface CountingServers {
  readonly key: PrivateKey;
  readonly origin: string;
  /** The origin of the server on another port of the same host. */
  readonly otherPort: string;
  /** The origin of the server behind TLS on the same host. */
  readonly otherScheme: string;
  /** Requests to the server that tests call. */
  received: Received[];
  /** Requests to the other two servers. */
  strayed: Received[];
  /** Seconds by which the servers' clock is ahead. */
  ahead: number;
  redirect(status: number, to: string): string;
  close(): void;
}

export async function countingServers(): Promise<CountingServers> {
  const key = await PrivateKey.generate();
  const keys = memoryKeyStore();
  keys.addKey('guido', key.publicKey);
  const nonces = memoryNonceStore({ now: () => Date.now() / 1000 - 3600 });
  const all: Server[] = [];
  const state = { received: [] as Received[], strayed: [] as Received[], ahead: 0 };

  const serve = (list: 'received' | 'strayed') => async (request: IncomingMessage, response: ServerResponse) => {
    const { authenticate, reject } = nodeAuth(
      createAuthenticator({ keys, nonces, audience: origin, now: () => Date.now() / 1000 + state.ahead }),
    );
    const { method, url = '', headers } = request;
    const result = await authenticate(request);
    if (url === '/stream') {
      // Responds to the first chunk before the next one arrives.
      request.once('data', (chunk) => response.write(chunk));
      request.once('end', () => response.end());
      return;
    }
    let body = '';
    for await (const chunk of request) body += chunk;
    const before = state[list].filter((one) => one.url === url).length;
    state[list].push({ method, url, authorization: headers.authorization, body, accepted: result.ok });
    if (!result.ok) return reject(response, result);
    const [, status, location] = /^\/redirect\/(\d+)\/(.*)$/.exec(url) ?? [];
    if (status !== undefined) response.writeHead(Number(status), { location: decodeURIComponent(location ?? '') });
    if (url === '/busy' && before < 2) response.writeHead(503, { 'retry-after': '0' });
    response.end('hello');
  };
  const start = async (server: Server, scheme = 'http') => {
    all.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return `${scheme}://127.0.0.1:${(server.address() as AddressInfo).port}`;
  };

  const pem = runProgram('openssl', [
    ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', '-', '-days', '2'],
    ...['-subj', '/CN=localhost', '-addext', 'subjectAltName=IP:127.0.0.1'],
  ]);
  const origin = await start(createServer(serve('received')));
  const otherPort = await start(createServer(serve('strayed')));
  const otherScheme = await start(createTlsServer({ key: pem, cert: pem }, serve('strayed')), 'https');
  return Object.assign(state, {
    key,
    origin,
    otherPort,
    otherScheme,
    redirect: (status: number, to: string) => `${origin}/redirect/${status}/${encodeURIComponent(to)}`,
    close: () => {
      for (const server of all) server.closeAllConnections();
      for (const server of all) server.close();
    },
  });
}
