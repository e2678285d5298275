/** The contract of adapters for web frameworks. */
import { createToken } from '../client/token.ts';
import type { Bind } from '../core/bind.ts';
import type { MaybePromise } from '../core/contracts.ts';
import { checkMembers } from '../core/options.ts';
import { memoryKeyStore } from '../key-stores/memory/memory-key-store.ts';
import { PrivateKey } from '../keys/private-key.ts';
import { memoryNonceStore } from '../nonce-stores/memory/memory-nonce-store.ts';
import { type Authenticator, createAuthenticator } from '../server/authenticate.ts';
import { type ContractCase, ContractError, same } from './contract.ts';
import { type RawResponse, sendRaw } from './raw-request.ts';

/** The user that the key store of the contract returns. */
export interface AdapterUser {
  readonly email: string;
}

/** A running server. */
export interface AdapterServer {
  /** Its origin, such as `http://127.0.0.1:8080`. */
  readonly url: string;
  close(): unknown;
}

/** Starts servers with the adapter under test. */
export interface AdapterFixture {
  /**
   * Starts a server on a loopback address, with these routes for GET. Unless noted otherwise, each responds with status 200 and the JSON
   * `{ "username": …, "email": … }` of the identity, from the adapter's `identity(request)`:
   *
   * - `/api/me`: authentication is mandatory
   * - `/api/optional`: authentication is optional. The response to a request without an identity is `null`
   * - `/api/bound`: requires the members `htm` and `target` of `bind`
   * - `/api/twice`: behind the mandatory adapter twice
   * - `/api/optional-then-bound`: behind the optional adapter, and then behind the one that requires `htm` and `target`
   * - `/open`: behind no adapter. Responds with the JSON of the message of the error that `identity(request)` throws
   *
   * `/api` must be a mounted router or a prefix, if the framework has them.
   *
   * @param auth - the authenticator to pass to the adapter; the same in each call
   */
  start(auth: Authenticator<AdapterUser>): MaybePromise<AdapterServer>;
  /** Whether the adapter can pass on the address of the connection. Default: true. */
  readonly hasAddress?: boolean;
}

type Send = (path: string, ...lines: readonly string[]) => Promise<RawResponse>;

const IDENTITY = { username: 'guido', email: 'guido@example.com' };

/**
 * Returns the cases of the contract of adapters. They send real requests to real servers.
 *
 * @param fixture - starts servers with the adapter under test
 * @returns cases whose `run` rejects with ContractError if a rule is violated
 * @throws TypeError for a member of the fixture that is unknown, missing or of the wrong type
 *
 * @example
 * ```ts
 * import { createServer, type RequestListener } from 'node:http';
 * import type { AddressInfo } from 'node:net';
 * import { nodeAuth } from 'asymmetric-jwt-auth/node';
 * import { type AdapterFixture, adapterContract } from 'asymmetric-jwt-auth/testing';
 *
 * const start: AdapterFixture['start'] = async (authenticator) => {
 *   const auth = nodeAuth(authenticator); // your own adapter here
 *   const listener: RequestListener = async (request, response) => {
 *     const result = await auth.authenticate(request);
 *     if (!result.ok) return auth.reject(response, result);
 *     const { username, user } = auth.identity(request);
 *     response.end(JSON.stringify({ username, email: user.email }));
 *   };
 *   const server = createServer(listener);
 *   await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
 *   return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, close: () => server.close() };
 * };
 * const [first] = adapterContract({ start });
 * await first?.run(); // or, with a test runner: test(name, run) for all of them
 * ```
 */
export function adapterContract(fixture: AdapterFixture): ContractCase[] {
  checkMembers('fixture', fixture, { start: 'function', hasAddress: 'boolean' }, ['start']);
  const setUp = makeSetUp();

  /** A case that sends requests to a new server. */
  const rule = (name: string, check: (send: Send, parts: Parts) => Promise<void>): ContractCase => ({
    name,
    async run() {
      const parts = await setUp();
      const server = await fixture.start(parts.auth);
      try {
        await check((path, ...lines) => sendRaw(server.url, `GET ${path} HTTP/1.1`, lines), parts);
      } finally {
        await server.close();
      }
    },
  });

  return [
    rule('accepts a signed request, and passes its identity to the handler', async (send, { sign }) => {
      accepted(await send('/api/me?x=1', await sign()));
    }),
    rule(
      'refuses a token that is sent a second time, with the complete response of the refusal',
      async (send, { sign }) => {
        const header = await sign();
        accepted(await send('/api/me', header));
        const { status, headers, body } = await send('/api/me', header);
        same(status, 401, 'status');
        same(headers['www-authenticate'], ['JWT realm="api", error="replayed"'], 'WWW-Authenticate');
        same(headers['content-type'], ['application/problem+json'], 'Content-Type');
        same(headers['cache-control'], ['no-store'], 'Cache-Control');
        same(JSON.parse(body).error, 'replayed', 'error in the body');
      },
    ),
    rule('sends the challenge to a request without a credential', async (send) => refused(await send('/api/me'))),
    ...CREDENTIALS.map(([what, ...lines]) =>
      rule(`refuses ${what}, also where authentication is optional`, async (send) => {
        for (const path of ['/api/me', '/api/optional', '/api/twice', '/api/optional-then-bound']) {
          refused(await send(path, ...lines), path);
        }
      }),
    ),
    rule('refuses two Authorization headers, and uses up neither token', async (send, { sign }) => {
      const [one, other] = [await sign(), await sign()];
      for (const path of ['/api/me', '/api/optional']) {
        refused(await send(path, one, other), path);
        refused(await send(path, one, other.replace('Authorization', 'AUTHORIZATION')), path);
        refused(await send(path, `${one}, ${other.replace(/^.*?: /, '')}`), path);
      }
      accepted(await send('/api/me', one));
      accepted(await send('/api/me', other));
    }),
    rule('ignores tokens in the query, in cookies and in headers with similar names', async (send, { sign }) => {
      const token = (await sign()).replace('Authorization: ', '');
      refused(await send(`/api/me?authorization=${encodeURIComponent(token)}`));
      refused(await send('/api/me', `Cookie: authorization=${token}`));
      refused(await send('/api/me', `Authorization_: ${token}`));
      refused(await send('/api/me', `Proxy-Authorization: ${token}`));
    }),
    rule('is not confused by a header named __proto__', async (send, { sign }) => {
      refused(await send('/api/me', '__proto__: a', '__proto__: b'));
      accepted(await send('/api/me', '__proto__: a', await sign(), '__proto__: b'));
    }),
    rule('accepts requests without a credential where authentication is optional', async (send, { sign }) => {
      const { status, body } = await send('/api/optional');
      same([status, JSON.parse(body)], [200, null], 'the response without a credential');
      accepted(await send('/api/optional', await sign()));
      // Another scheme is for somebody else.
      same((await send('/api/optional', 'Authorization: Basic YTpi')).status, 200, 'status with another scheme');
    }),
    rule('accepts a token that is bound to the method and the whole target, as sent', async (send, { sign }) => {
      for (const target of ['/api/bound', '/api/bound?a=b&c=%2f', '/api/bound?x=1&x=2']) {
        accepted(await send(target, await sign({ htm: 'GET', target })), target);
      }
      accepted(await send('/api/bound?', await sign({ htm: 'GET', target: '/api/bound' })), 'an empty query');
    }),
    rule('refuses a token that is not bound, or bound to another request', async (send, { sign }) => {
      refused(await send('/api/bound', await sign()), 'no bind');
      refused(await send('/api/bound', await sign({ htm: 'GET' })), 'no target');
      refused(await send('/api/bound', await sign({ htm: 'POST', target: '/api/bound' })), 'another method');
      refused(await send('/api/bound', await sign({ htm: 'GET', target: '/bound' })), 'the path within the router');
      refused(await send('/api/bound?x=1', await sign({ htm: 'GET', target: '/api/bound?x=2' })), 'another query');
      refused(await send('/api/me', await sign({ target: '/api/bound' })), 'not required, but another target');
    }),
    rule('authenticates a request once, although the adapter is mounted twice', async (send, parts) => {
      const before = parts.claims();
      accepted(await send('/api/twice', await parts.sign()));
      same(parts.claims() - before, 1, 'number of claims');
      refused(await send('/api/twice'));
    }),
    rule('checks what a stricter adapter requires in addition', async (send, parts) => {
      const path = '/api/optional-then-bound';
      const before = parts.claims();
      refused(await send(path), 'without a credential');
      refused(await send(path, await parts.sign()), 'unbound');
      accepted(await send(path, await parts.sign({ htm: 'GET', target: path })));
      same(parts.claims() - before, 2, 'number of claims');
    }),
    rule('keeps the identities of concurrent requests apart', async (send, { sign }) => {
      const requests = Array.from({ length: 40 }, async (_, index) => {
        const path = index % 2 === 0 ? '/api/me' : '/api/optional';
        if (index % 4 === 1) return same(JSON.parse((await send(path)).body), null, 'no identity');
        if (index % 4 === 2) return refused(await send(path, 'Authorization: JWT a.b.c'));
        accepted(await send(path, await sign()));
      });
      await Promise.all(requests);
    }),
    rule('has an identity() that explains what to mount on a route without authentication', async (send, { sign }) => {
      for (const lines of [[], [await sign()]]) {
        const { body } = await send('/open', ...lines);
        if (!/not authenticated; \S+/.test(body)) throw new ContractError(`the message says nothing: ${body}`);
      }
    }),
    rule('responds with 503 and without the reason if a store fails', async (send, parts) => {
      parts.breakStore('the database is down, password=hunter2');
      const { status, headers, body } = await send('/api/optional', await parts.sign());
      parts.breakStore(undefined);
      same(status, 503, 'status');
      same(headers['retry-after'], ['1'], 'Retry-After');
      same(headers['www-authenticate'], undefined, 'WWW-Authenticate');
      same([body.includes('unavailable'), body.includes('hunter2')], [true, false], 'the body');
      accepted(await send('/api/me', await parts.sign()));
    }),
    ...(fixture.hasAddress === false
      ? []
      : [
          rule('passes on the address of the connection, and ignores headers about it', async (send, parts) => {
            accepted(await send('/api/me', await parts.sign(), 'X-Forwarded-For: 192.0.2.1', 'X-Real-IP: 192.0.2.1'));
            same(parts.address()?.replace('::ffff:', ''), '127.0.0.1', 'address');
          }),
        ]),
  ];
}

/** Credentials that are refused everywhere, as header lines. */
const CREDENTIALS: readonly (readonly [what: string, line: string])[] = [
  ['an empty Authorization header', 'Authorization:'],
  ['a scheme without a token', 'Authorization: JWT'],
  ['garbage', 'Authorization: JWT garbage'],
  ['a token of three empty parts', 'Authorization: JWT ..'],
  ['a token that is not JSON', 'Authorization: JWT a.b.c'],
  ['a token in quotes', 'Authorization: JWT "a.b.c"'],
  ['bytes above 127', 'Authorization: JWT \xff\xfe'],
  ['a token of 8 kB of dots', `Authorization: JWT ${'.'.repeat(8000)}`],
  ['the algorithm none', `Authorization: JWT ${unsigned('none')}`],
  ['a shared secret', `Authorization: JWT ${unsigned('HS256')}c2lnbmF0dXJl`],
];

function unsigned(alg: string): string {
  const part = (value: object) =>
    btoa(JSON.stringify(value)).replaceAll('=', '').replaceAll('+', '-').replaceAll('/', '_');
  return `${part({ alg, typ: 'JWT' })}.${part({ username: 'guido', time: 1_700_000_000, nonce: 'x' })}.`;
}

/** What a case works with. */
interface Parts {
  readonly auth: Authenticator<AdapterUser>;
  /** Returns the header line of a new token. */
  readonly sign: (bind?: Omit<Bind, 'v'>) => Promise<string>;
  /** Returns the number of claims so far. */
  readonly claims: () => number;
  /** Returns the address that the adapter passed on last. */
  readonly address: () => string | undefined;
  /** Makes the key store fail with this message; `undefined` repairs it. */
  readonly breakStore: (message: string | undefined) => void;
}

/** Returns a function that makes the parts once, for all cases. */
function makeSetUp(): () => Promise<Parts> {
  let parts: Promise<Parts> | undefined;
  return () => {
    parts ??= makeParts();
    return parts;
  };
}

async function makeParts(): Promise<Parts> {
  const key = await PrivateKey.generate('ed25519');
  const users = memoryKeyStore<AdapterUser>();
  users.setUser('guido', { user: { email: 'guido@example.com' } });
  users.addKey('guido', key.publicKey);
  const memory = memoryNonceStore();
  let claims = 0;
  let failure: string | undefined;
  let address: string | undefined;
  const auth = createAuthenticator<AdapterUser>({
    keys: {
      find(username, hint) {
        if (failure !== undefined) throw new Error(failure);
        return users.find(username, hint);
      },
    },
    nonces: {
      ...memory,
      claim(claim, now) {
        claims += 1;
        return memory.claim(claim, now);
      },
    },
    onResult(_event, request) {
      address = request.address;
    },
  });
  return {
    auth,
    async sign(bind) {
      return `Authorization: JWT ${await createToken({ username: 'guido', key, ...(bind && { bind }) })}`;
    },
    claims: () => claims,
    address: () => address,
    breakStore(message) {
      failure = message;
    },
  };
}

function accepted({ status, body }: RawResponse, what = 'response'): void {
  same([status, body], [200, JSON.stringify(IDENTITY)], what);
}

/** Checks that a response refuses the request with a challenge. */
function refused({ status, headers }: RawResponse, what = 'response'): void {
  same(status, 401, `status of ${what}`);
  const challenges = headers['www-authenticate'] ?? [];
  if (challenges.length !== 1 || !challenges[0]?.startsWith('JWT realm="api"')) {
    throw new ContractError(`${what}: expected one challenge, got ${JSON.stringify(challenges)}`);
  }
}
