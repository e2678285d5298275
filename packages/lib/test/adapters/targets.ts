/** What adapters compare with the signed method and target: the request as it was sent, byte for byte. */
import {
  type Authenticator,
  createAuthenticator,
  memoryKeyStore,
  memoryNonceStore,
  PrivateKey,
} from 'asymmetric-jwt-auth';
import { createAuthorization } from 'asymmetric-jwt-auth/client';
import type { AdapterServer, AdapterUser } from 'asymmetric-jwt-auth/testing';
import { beforeAll, describe, expect, test } from 'vitest';
import { sendRaw } from '../../src/testing/raw-request.ts';

/** A request, and what is signed for it. */
interface Case {
  readonly what: string;
  readonly request: string;
  /** What a caller of this request signs. */
  readonly htm?: string;
  readonly target: string;
  /** What a caller of other requests signs, which must be refused. */
  readonly others: readonly { readonly htm?: string; readonly target?: string }[];
}

const PATH = '/api/any/a';

const CASES: readonly Case[] = [
  {
    what: 'the path below a mounted router is not the target',
    request: `GET ${PATH}?x=1`,
    target: `${PATH}?x=1`,
    others: [{ target: '/any/a?x=1' }, { target: '/a?x=1' }, { target: PATH }, { target: `${PATH}?x=2` }],
  },
  { what: 'HEAD is not GET', request: `HEAD ${PATH}`, htm: 'HEAD', target: PATH, others: [{ htm: 'GET' }] },
  {
    what: 'two slashes are not one',
    request: `GET /api/any//a`,
    target: '/api/any//a',
    others: [{ target: PATH }],
  },
  {
    what: '%2f is neither a slash nor %2F',
    request: 'GET /api/any/b%2fa',
    target: '/api/any/b%2fa',
    others: [{ target: '/api/any/b/a' }, { target: '/api/any/b%2Fa' }],
  },
  {
    what: 'an encoded letter is not the letter',
    request: 'GET /api/any/%61',
    target: '/api/any/%61',
    others: [{ target: PATH }],
  },
  {
    what: 'a plus sign in the query is not a space',
    request: `GET ${PATH}?x=a+b&x=%20`,
    target: `${PATH}?x=a+b&x=%20`,
    others: [{ target: `${PATH}?x=a%20b&x=%20` }, { target: `${PATH}?x=a+b&x=+` }],
  },
  {
    what: 'the method is the one that was sent, although a header names another one',
    // Not POST, for which some frameworks want a content type or a header Origin.
    request: `OPTIONS ${PATH}`,
    htm: 'OPTIONS',
    target: PATH,
    others: [{ htm: 'DELETE' }],
  },
];

/** Requests whose target is no path. They are refused, whatever is signed. */
const NO_PATHS: readonly (readonly [what: string, request: (url: string) => string, targets: readonly string[]])[] = [
  ['an absolute target', (url) => `GET ${url}${PATH}`, [PATH, '/']],
  ['a target with a fragment', () => `GET ${PATH}#b`, [PATH]],
  ['a path with dots', () => 'GET /api/any/b/../a', [PATH]],
];

/** A server whose adapter requires the members `htm` and `target`, in front of every method and path below `/api/any/`. */
export interface TargetFixture {
  start(authenticator: Authenticator<AdapterUser>): AdapterServer | Promise<AdapterServer>;
  /** Why the framework does not route a request, by the name of its case. */
  readonly unrouted?: Readonly<Record<string, string>>;
  /** Why the adapter only sees a URL that the platform has parsed. Then the cases of targets that are no paths are skipped. */
  readonly seesOnlyUrls?: string;
}

/** Runs the cases against a framework. */
export function describeTargets(name: string, { start, unrouted = {}, seesOnlyUrls }: TargetFixture): void {
  describe(`${name} compares a binding with the request as sent:`, () => {
    let key: PrivateKey;
    beforeAll(async () => {
      key = await PrivateKey.generate('ed25519');
    });

    /** Starts a server, and returns a function that signs and sends a request. */
    async function withServer(
      work: (
        send: (line: string, bind: { htm: string; target: string }) => Promise<number>,
        url: string,
      ) => Promise<void>,
      externalTarget?: (raw: string) => string,
    ): Promise<void> {
      const keys = memoryKeyStore<AdapterUser>();
      keys.setUser('guido', { user: { email: 'guido@example.com' } });
      keys.addKey('guido', key.publicKey);
      const options = externalTarget === undefined ? {} : { externalTarget };
      const server = await start(createAuthenticator({ keys, nonces: memoryNonceStore(), ...options }));
      try {
        await work(async (line, bind) => {
          const authorization = await createAuthorization({ username: 'guido', key, bind });
          const headers = [`Authorization: ${authorization}`, 'X-HTTP-Method-Override: DELETE'];
          return (await sendRaw(server.url, `${line} HTTP/1.1`, headers)).status;
        }, server.url);
      } finally {
        await server.close();
      }
    }

    for (const { what, request, htm = 'GET', target, others } of CASES) {
      const why = unrouted[what];
      test.skipIf(why !== undefined)(`${what}${why === undefined ? '' : ` (${why})`}`, async () => {
        await withServer(async (send) => {
          expect(await send(request, { htm, target })).toBe(200);
          for (const other of others) {
            expect(await send(request, { htm, target, ...other }), JSON.stringify(other)).toBe(401);
          }
        });
      });
    }

    test('behind a proxy that rewrites paths, externalTarget returns the path that was signed', async () => {
      await withServer(
        async (send) => {
          expect(await send(`GET ${PATH}?x`, { htm: 'GET', target: `/public${PATH}?x` })).toBe(200);
          expect(await send(`GET ${PATH}?x`, { htm: 'GET', target: `${PATH}?x` })).toBe(401);
        },
        (raw) => `/public${raw}`,
      );
    });

    test.skipIf(seesOnlyUrls !== undefined).each(NO_PATHS)(
      `%s is not the path in it${seesOnlyUrls === undefined ? '' : ` (${seesOnlyUrls})`}`,
      async (_what, line, targets) => {
        await withServer(async (send, url) => {
          for (const target of targets) expect(await send(line(url), { htm: 'GET', target }), target).not.toBe(200);
        });
      },
    );
  });
}
