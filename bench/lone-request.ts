/** Measures how much the wait for the end of the turn delays a lone request: an adapter compared with the same calls without the wait. */
import { createAuthenticator, memoryKeyStore, memoryNonceStore } from 'asymmetric-jwt-auth';
import { createAuthorization } from 'asymmetric-jwt-auth/client';
import { type NodeRequest, nodeAuth, readNodeRequest } from 'asymmetric-jwt-auth/node';
import type { Kind } from './kinds.ts';
import { compare, type Row } from './pairs.ts';

const REQUESTS = 2000;
const ROUNDS = 5;

/** Compares `authenticate()` with `nodeAuth`, one request at a time. */
export async function benchLoneRequest({ make }: Kind): Promise<Row[]> {
  const key = await make();
  const keys = memoryKeyStore();
  keys.addKey('guido', key.publicKey);
  // Each contender has its own nonces, so that both accept the same tokens.
  const direct = createAuthenticator({ keys, nonces: memoryNonceStore() });
  const adapter = nodeAuth(createAuthenticator({ keys, nonces: memoryNonceStore() }));
  let requests: NodeRequest[] = [];

  async function prepare(): Promise<void> {
    requests = [];
    for (let count = 0; count < REQUESTS; count++) {
      const authorization = await createAuthorization({ username: 'guido', key });
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
