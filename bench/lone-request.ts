/** Measures how much the wait for the end of the turn delays a lone request: an adapter compared with the same calls without the wait. */
import { createAuthenticator, memoryKeyStore, memoryNonceStore } from 'asymmetric-jwt-auth';
import { createAuthorization, type PrivateKey } from 'asymmetric-jwt-auth/client';
import { type NodeRequest, nodeAuth, readNodeRequest } from 'asymmetric-jwt-auth/node';
import type { Kind } from './kinds.ts';
import { compare, type Row } from './pairs.ts';

/** More than one, because a user's claims in a second are limited. */
const USERS = 40;
const REQUESTS = 2000;
const ROUNDS = 5;

/** Compares `authenticate()` with `nodeAuth`, one request at a time. */
export async function benchLoneRequest({ make }: Kind): Promise<Row[]> {
  const own = await Promise.all(Array.from({ length: USERS }, make));
  const keys = memoryKeyStore();
  for (const [index, { publicKey }] of own.entries()) keys.addKey(`user${index}`, publicKey);
  // Each contender has its own nonces, so that both accept the same tokens.
  const direct = createAuthenticator({ keys, nonces: memoryNonceStore() });
  const adapter = nodeAuth(createAuthenticator({ keys, nonces: memoryNonceStore() }));
  let requests: NodeRequest[] = [];

  async function prepare(): Promise<void> {
    requests = [];
    for (let count = 0; count < REQUESTS; count++) {
      const authorization = await createAuthorization({
        username: `user${count % USERS}`,
        key: own[count % USERS] as PrivateKey,
      });
      requests.push({ method: 'GET', url: '/', rawHeaders: ['Authorization', authorization] });
    }
  }

  async function run(decide: (request: NodeRequest) => Promise<{ ok: boolean }>, from: number, to: number) {
    let accepted = 0;
    for (const request of requests.slice(from, to)) if ((await decide(request)).ok) accepted++;
    return accepted;
  }

  return compare(
    {
      name: 'authenticate(), without the wait',
      run: (from, to) =>
        run((request) => direct.authenticate(readNodeRequest(request, request.url, undefined)), from, to),
    },
    [{ name: 'nodeAuth, with the wait', run: (from, to) => run(adapter.authenticate, from, to) }],
    { items: REQUESTS, rounds: ROUNDS, prepare },
  );
}
