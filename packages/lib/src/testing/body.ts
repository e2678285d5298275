/** The contract of adapters that check the bodies of requests. */

import { Sha256 } from '#engine';
import { createToken } from '../client/token.ts';
import type { MaybePromise } from '../core/contracts.ts';
import { checkMembers } from '../core/options.ts';
import { memoryKeyStore } from '../key-stores/memory/memory-key-store.ts';
import { PrivateKey } from '../keys/private-key.ts';
import { memoryNonceStore } from '../nonce-stores/memory/memory-nonce-store.ts';
import { type Authenticator, createAuthenticator } from '../server/authenticate.ts';
import type { AdapterServer, AdapterUser } from './adapter.ts';
import { type ContractCase, ContractError, same } from './contract.ts';
import { openRaw, type RawConnection } from './raw-request.ts';

/** The options of the adapter in a case. */
export interface BodyCaseOptions {
  readonly body: 'buffer' | 'stream';
  readonly maxBodyBytes?: number;
  readonly require?: readonly ['digest'];
}

/** Starts servers with the adapter under test. */
export interface BodyFixture {
  /**
   * Starts a server on a loopback address, with the route POST `/api/echo` behind the adapter. The handler reads the whole body, awaits
   * `bodyVerified` of the identity, and responds with status 200 and the bytes that it has read. If one of them fails, the response has
   * another status, or there is none.
   *
   * @param auth - the authenticator to pass to the adapter
   * @param options - the options to pass to the adapter
   */
  start(auth: Authenticator<AdapterUser>, options: BodyCaseOptions): MaybePromise<AdapterServer>;
  /** The modes of the adapter. Default: both. */
  readonly modes?: readonly ('buffer' | 'stream')[];
}

/**
 * Returns the cases of the contract of adapters that check bodies. They send real requests to real servers.
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
 * import { type BodyFixture, bodyContract } from 'asymmetric-jwt-auth/testing';
 *
 * const start: BodyFixture['start'] = async (authenticator, options) => {
 *   const auth = nodeAuth(authenticator, options); // your own adapter here
 *   const listener: RequestListener = async (request, response) => {
 *     const result = await auth.authenticate(request);
 *     if (!result.ok) return auth.reject(response, result);
 *     const chunks: Buffer[] = [];
 *     try {
 *       for await (const chunk of request) chunks.push(chunk);
 *       await result.bodyVerified;
 *       response.end(Buffer.concat(chunks));
 *     } catch {
 *       response.writeHead(400).end();
 *     }
 *   };
 *   const server = createServer(listener);
 *   await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
 *   return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, close: () => server.close() };
 * };
 * const [first] = bodyContract({ start });
 * await first?.run(); // or, with a test runner: test(name, run) for all of them
 * ```
 */
export function bodyContract(fixture: BodyFixture): ContractCase[] {
  checkMembers('fixture', fixture, { start: 'function', modes: 'array' }, ['start']);
  return (fixture.modes ?? ['buffer', 'stream']).flatMap((body) => casesOf(fixture, body));
}

function casesOf(fixture: BodyFixture, body: 'buffer' | 'stream'): ContractCase[] {
  const rule = (
    what: string,
    check: (parts: Parts) => Promise<void>,
    options: Omit<BodyCaseOptions, 'body'> = {},
  ): ContractCase => ({
    name: `${body}: ${what}`,
    async run() {
      const { auth, ...parts } = await makeParts();
      const server = await fixture.start(auth, { body, ...options });
      try {
        await check({ ...parts, open: () => openRaw(server.url) });
      } finally {
        await server.close();
      }
    },
  });
  const refusedStatus = (response: string, status: number) => {
    if (body === 'buffer') same(statusesOf(response), [status], 'statuses');
    else if (statusesOf(response).includes(200)) throw new ContractError('the handler could not see the wrong body');
  };

  return [
    ...Object.entries(BODIES).flatMap(([what, bytes]) =>
      FRAMINGS.map(([framing, frame]) =>
        rule(
          `passes on ${what}, sent ${framing}, if it was signed`,
          async ({ open, sign, reasons }) => {
            const connection = open();
            connection.write(frame(await sign(bytes), bytes));
            same(bodyOf(await connection.all()), latin1(bytes), 'what the handler read');
            same(reasons, ['accepted'], 'reasons');
          },
          { require: ['digest'] },
        ),
      ),
    ),
    ...FRAMINGS.map(([framing, frame]) =>
      rule(`refuses another body, sent ${framing}, and uses up its token`, async ({ open, sign, reasons }) => {
        const authorization = await sign(BODIES['a short body']);
        const connection = open();
        connection.write(frame(authorization, BYTES.encode('another body')));
        refusedStatus(await connection.all(), 401);
        same(reasons.at(-1), 'binding_mismatch', 'reason');
        const again = open();
        again.write(frame(authorization, BODIES['a short body']));
        same(statusesOf(await again.all()), [401], 'statuses');
        same(reasons.at(-1), 'replayed', 'reason');
      }),
    ),
    rule('refuses a body where an empty one was signed, and an empty one where another was', async (parts) => {
      const { open, sign, reasons } = parts;
      for (const [signed, sent] of [
        ['', 'body'],
        ['body', ''],
      ] as const) {
        const connection = open();
        connection.write(withLength(await sign(BYTES.encode(signed)), BYTES.encode(sent)));
        refusedStatus(await connection.all(), 401);
        same(reasons.at(-1), 'binding_mismatch', 'reason');
      }
    }),
    rule('checks a body whose last byte arrives late', async ({ open, sign, reasons }) => {
      const bytes = BODIES['a long body'];
      for (const last of [bytes.subarray(-1), Uint8Array.of((bytes.at(-1) ?? 0) ^ 1)]) {
        const connection = open();
        connection.write(
          head(await sign(bytes), `Content-Length: ${bytes.length}`, 'Expect: 100-continue', 'Connection: close'),
        );
        await connection.until('100 Continue');
        connection.write(bytes.subarray(0, -1));
        connection.write(last);
        const response = (await connection.all()).replace(/^HTTP\/1.1 100.*?\r\n\r\n/s, '');
        if (last[0] === bytes.at(-1)) same(bodyOf(response), latin1(bytes), 'what the handler read');
        else refusedStatus(response, 401);
      }
      same(reasons.at(-1), 'binding_mismatch', 'reason');
    }),
    rule(
      'does not touch the body of a request whose token has no digest',
      async ({ open, sign, reasons }) => {
        const bytes = BODIES['a long body'];
        const connection = open();
        connection.write(withLength(await sign(undefined), bytes));
        same(bodyOf(await connection.all()), latin1(bytes), 'what the handler read');
        same(reasons, ['accepted'], 'reasons');
      },
      body === 'buffer' ? { maxBodyBytes: 10 } : {},
    ),
    rule(
      'refuses a token without a digest where one is required',
      async ({ open, sign, reasons }) => {
        const connection = open();
        connection.write(withLength(await sign(undefined), BODIES['a short body']));
        same(statusesOf(await connection.all()), [401], 'statuses');
        same(reasons, ['binding_required'], 'reasons');
      },
      { require: ['digest'] },
    ),
    rule('refuses a body that the caller does not send completely', async ({ open, sign, reasons, until }) => {
      const bytes = BODIES['a long body'];
      const connection = open();
      connection.write(
        head(await sign(bytes), `Content-Length: ${bytes.length}`, 'Expect: 100-continue', 'Connection: close'),
      );
      await connection.until('100 Continue');
      connection.write(bytes.subarray(0, 1000));
      if (body === 'stream') await until(() => reasons.includes('accepted'));
      connection.abort();
      await until(() => reasons.some((reason) => reason !== 'accepted'));
      if (!['body_incomplete', 'binding_mismatch'].includes(reasons.at(-1) ?? ''))
        throw new ContractError(`reasons: ${reasons}`);
    }),
    rule(
      'serves the next request of the connection after a refused one, or closes it',
      async ({ open, sign, reasons }) => {
        for (const frame of [withLength, inChunks]) {
          const connection = open();
          const bytes = BODIES['a long body'];
          const first = frame(await sign(BODIES['a short body']), bytes, 'keep-alive');
          const second = frame(await sign(bytes), bytes);
          connection.write(latin1Bytes(latin1(first) + latin1(second)));
          const response = await connection.all();
          if (statusesOf(response).length < 2)
            return same(statusesOf(response).includes(200), false, 'the first response is 200');
          same(reasons.at(-1), 'accepted', 'reason');
          same(
            response.endsWith(latin1(bytes)) || response.includes(latin1(bytes.subarray(-500))),
            true,
            'the second response',
          );
        }
      },
    ),
    ...(body === 'stream'
      ? []
      : FRAMINGS.map(([framing, frame]) =>
          rule(
            `refuses a body above maxBodyBytes, sent ${framing}, and serves the next request or closes the connection`,
            async (parts) => {
              const { open, sign, reasons } = parts;
              const [bytes, fits] = [BODIES['a long body'], BYTES.encode('0123456789')];
              const connection = open();
              connection.write(frame(await sign(bytes), bytes, 'keep-alive'));
              connection.write(frame(await sign(fits), fits));
              const statuses = statusesOf(await connection.all());
              // A server may also close the connection.
              same(statuses, [413, 200].slice(0, statuses.length), 'statuses');
              same(reasons, ['body_too_large', 'accepted'].slice(0, statuses.length), 'reasons');
            },
            { maxBodyBytes: 10 },
          ),
        )),
  ];
}

const BYTES = new TextEncoder();
const latin1 = (bytes: Uint8Array) => Array.from(bytes, (byte) => String.fromCharCode(byte)).join('');
const latin1Bytes = (text: string) => Uint8Array.from(text, (character) => character.charCodeAt(0));

/** Bodies with all bytes, so that any conversion to text would change them. */
const BODIES = {
  'an empty body': new Uint8Array(0),
  'a short body': BYTES.encode('{"amount": 5}'),
  'a long body': Uint8Array.from({ length: 300_000 }, (_, index) => (index * 7 + (index >> 8)) & 255),
} as const;

function head(authorization: string, ...lines: readonly string[]): string {
  return [
    'POST /api/echo HTTP/1.1',
    'Host: localhost',
    'Content-Type: application/octet-stream',
    authorization,
    ...lines,
    '',
    '',
  ].join('\r\n');
}

function withLength(authorization: string, bytes: Uint8Array, connection = 'close'): Uint8Array {
  const start = head(authorization, `Content-Length: ${bytes.length}`, `Connection: ${connection}`);
  return latin1Bytes(start + latin1(bytes));
}

/** Sends a few bytes in the first chunk, and the rest in the second. */
function inChunks(authorization: string, bytes: Uint8Array, connection = 'close'): Uint8Array {
  const chunks = [bytes.subarray(0, 5), bytes.subarray(5)].filter((chunk) => chunk.length > 0);
  const framed = chunks.map((chunk) => `${chunk.length.toString(16)}\r\n${latin1(chunk)}\r\n`).join('');
  return latin1Bytes(
    `${head(authorization, 'Transfer-Encoding: chunked', `Connection: ${connection}`)}${framed}0\r\n\r\n`,
  );
}

const FRAMINGS = [
  ['with its length', withLength],
  ['in chunks', inChunks],
] as const;

/** Returns the status of each response. */
const statusesOf = (text: string) => Array.from(text.matchAll(/HTTP\/1\.1 (\d+) /g), ([, status]) => Number(status));

/** Returns the body of a single response with status 200. */
function bodyOf(text: string): string {
  same(statusesOf(text.slice(0, 20)), [200], 'status');
  const end = text.indexOf('\r\n\r\n') + 4;
  if (!/^transfer-encoding: chunked/im.test(text.slice(0, end))) return text.slice(end);
  let body = '';
  for (let rest = text.slice(end); ; ) {
    const [line = '', size = ''] = /^([\da-f]+)\r\n/i.exec(rest) ?? [];
    const length = Number.parseInt(size, 16);
    if (!(length > 0)) return body;
    body += rest.slice(line.length, line.length + length);
    rest = rest.slice(line.length + length + 2);
  }
}

/** What a case works with. */
interface Parts {
  readonly open: () => RawConnection;
  /** Returns the header line of a new token, which is bound to the digest of these bytes. */
  readonly sign: (bytes: Uint8Array | undefined) => Promise<string>;
  /** The outcomes of all decisions so far. */
  readonly reasons: readonly string[];
  /** Waits until a condition holds, which is checked after each decision. */
  readonly until: (isDone: () => boolean) => Promise<void>;
}

async function makeParts(): Promise<Omit<Parts, 'open'> & { readonly auth: Authenticator<AdapterUser> }> {
  const key = await PrivateKey.generate('ed25519');
  const users = memoryKeyStore<AdapterUser>();
  users.setUser('guido', { user: { email: 'guido@example.com' } });
  users.addKey('guido', key.publicKey);
  const reasons: string[] = [];
  let wake = () => {};
  const auth = createAuthenticator<AdapterUser>({
    keys: users,
    nonces: memoryNonceStore(),
    onResult({ reason }) {
      reasons.push(reason);
      wake();
    },
  });
  return {
    auth,
    reasons,
    async sign(bytes) {
      const hash = new Sha256();
      if (bytes !== undefined) hash.update(bytes);
      const bind = bytes && { digest: hash.digest() };
      return `Authorization: JWT ${await createToken({ username: 'guido', key, ...(bind && { bind }) })}`;
    },
    async until(isDone) {
      while (!isDone()) await new Promise<void>((resolve) => (wake = resolve));
    },
  };
}
