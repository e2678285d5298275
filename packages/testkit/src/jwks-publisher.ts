/** An HTTPS server that publishes JWK sets, valid or not. */
import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeEach } from 'vitest';
import { PrivateKey, type PublicKey } from '../../lib/src/index.ts';
import { type JwksClientOptions, type JwksError, jwksClient } from '../../lib/src/jwks.ts';
import { certify } from './authority.ts';

export const HOST = 'keys.test';
export const SET_TYPE = 'application/jwk-set+json';
export type Answer = (request: IncomingMessage, response: ServerResponse) => void;

export const newKey = async (): Promise<PublicKey> => (await PrivateKey.generate('ed25519')).publicKey;

/** Responds with a JWK set. */
export const publish =
  (keys: readonly unknown[], headers: Readonly<Record<string, string>> = {}): Answer =>
  (_request, response) =>
    response.writeHead(200, { 'content-type': SET_TYPE, ...headers }).end(JSON.stringify({ keys }));

/** Starts a publisher for the tests of a file. Its records are cleared before each test. */
export async function startPublisher() {
  const { ca, cert, key } = certify(HOST, 'localhost');
  const seen: IncomingMessage[] = [];
  let connections = 0;
  let answer: Answer = publish([]);
  const server = createServer({ cert, key }, (request, response) => {
    seen.push(request);
    answer(request, response);
  });
  server.on('connection', () => {
    connections += 1;
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });
  beforeEach(() => {
    seen.length = 0;
    connections = 0;
    answer = publish([]);
  });

  return {
    url: `https://${HOST}:${port}/jwks.json`,
    port,
    /** Received requests, in order. */
    seen,
    connections: () => connections,
    answerWith(next: Answer): void {
      answer = next;
    },
    /** Options with which a client reaches the publisher: its host name resolves to 127.0.0.1, and this private address is allowed. */
    reach: { ca, privateHosts: [HOST], lookup: async () => ['127.0.0.1'] } satisfies JwksClientOptions,
  };
}

export type Publisher = Awaited<ReturnType<typeof startPublisher>>;

/** Makes a client with a clock that the test sets. Also returns the problems that the client has reported. */
export function clientOf({ reach }: Publisher, options: JwksClientOptions = {}) {
  const clock = { now: 0 };
  const problems: JwksError[] = [];
  const client = jwksClient({
    ...reach,
    monotonic: () => clock.now,
    onProblem: (problem) => problems.push(problem),
    ...options,
  });
  const kids = async (url: string | readonly string[], kid?: string) =>
    (await client.jwksKeys(url, { kid })).map((found) => found.key.kid);
  return { client, clock, kids, codes: () => problems.map(({ code }) => code), problems };
}
