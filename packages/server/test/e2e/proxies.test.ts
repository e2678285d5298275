/** Runs real proxies in front of ajwtd and a WSGI application, configured as described in docs/PROXIES.md. */
import { writeFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { type Ajwtd, ajwtd, scratch, serve } from 'ajwt-testkit/ajwtd';
import { hasProgram } from 'ajwt-testkit/command';
import { type Answer, exchange, request } from 'ajwt-testkit/connection';
import { createAuthorization, PrivateKey } from 'asymmetric-jwt-auth/client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Seen, startApplication } from './proxies/application.ts';
import { IMITATIONS, PROXIES } from './proxies/programs.ts';
import { type Relay, startRelay } from './proxies/relay.ts';
import { startProxy } from './proxies/start.ts';

/** The user who signs, and the identity header for that user. */
const USER = 'Жук';
const ENCODED = '%D0%96%D1%83%D0%BA';

const file = scratch();
const ports = new Map<string, number>();
let server: Ajwtd;
let relay: Relay;
let key: PrivateKey;

const hasPython = hasProgram('python3', '--version');
const isSkipped = (program: string | undefined) =>
  (program === undefined || !hasPython) && process.env.AJWT_TEST_ALL === undefined;

beforeAll(async () => {
  key = await PrivateKey.generate('ed25519');
  writeFileSync(file('key.pub'), key.publicKey.toPem());
  const database = file('ajwt.db');
  await ajwtd(['key', 'add', USER, file('key.pub'), '--database', `sqlite:${database}`]);
  server = await serve({ database, args: ['--trusted-proxy', '127.0.0.1'] });
  relay = await startRelay(server.port);
  const installed = PROXIES.filter(({ program }) => !isSkipped(program));
  if (installed.length === 0) return;
  const behind = { ajwtd: relay.port, application: await startApplication() };
  const started = installed.map(async (proxy, index) => {
    ports.set(proxy.name, await startProxy(proxy, file(`proxy-${index}`), behind));
  });
  await Promise.all(started);
});
afterAll(() => relay.down());

const signed = async (bind?: { htm: string; target: string }) =>
  `Authorization: ${await createAuthorization({ username: USER, key, ...(bind === undefined ? {} : { bind }) })}`;
const seenIn = ({ text }: Answer) => JSON.parse(text) as Seen;

/** Returns all values that an application could read as this CGI variable, even if its server replaces special characters with `_`. */
function valuesOf({ variables }: Seen, name: string): string[] {
  const fits = Object.entries(variables).filter(
    ([variable]) => variable.replaceAll(/[^A-Z\d]/gi, '_').toUpperCase() === name,
  );
  return fits.map(([, value]) => value);
}

/** Expects that the application saw the user who signed, and not the token. */
function expectSigner(answer: Answer): void {
  expect(answer.status, answer.head).toBe(200);
  const seen = seenIn(answer);
  expect(valuesOf(seen, 'HTTP_X_AUTH_USER')).toEqual([ENCODED]);
  expect(valuesOf(seen, 'HTTP_X_AUTH_KEY')).toEqual([key.publicKey.fingerprint]);
  expect(valuesOf(seen, 'HTTP_AUTHORIZATION').join('')).toBe('');
  expect(JSON.stringify(seen)).not.toMatch(/root|forged|eyJ/);
  // A second proxy would remove the headers that Connection names.
  expect(valuesOf(seen, 'HTTP_CONNECTION').join()).not.toMatch(/x.auth/i);
}

const PLAIN = ['X-Auth-User: root', 'X-Auth-Key: SHA256:forged'];
const NAMED = 'Connection: close, X-Auth-User, X-Auth-Key';
/** Header lines that try to impersonate another user. */
const ATTACKS: Readonly<Record<string, readonly string[]>> = {
  'the identity headers themselves': PLAIN,
  'twice, in lower, upper and mixed case': ['x-auth-user: root', 'X-AUTH-USER: root', 'x-AUTH-key: SHA256:forged'],
  'with underscores': ['X_Auth_User: root', 'X_AUTH_KEY: SHA256:forged'],
  'with one underscore': ['X-Auth_User: root', 'x_auth-key: SHA256:forged'],
  'with dots': ['X.Auth.User: root', 'X-Auth.Key: SHA256:forged'],
  'with other characters': ['X~Auth~User: root', 'X!Auth*Key: SHA256:forged'],
  'all spellings': [...PLAIN, ...IMITATIONS.map((name) => `${name}: root`)],
  'named in Connection': [NAMED],
  'named in Connection, and sent': [NAMED, ...PLAIN],
  'named in Connection in another spelling': ['Connection: x_auth_user, X.Auth.Key', ...PLAIN],
  'named in Connection, and sent with underscores too': [NAMED, 'X_Auth_User: root', 'X_Auth_Key: SHA256:forged'],
  'named in Connection, in every spelling': [NAMED, ...PLAIN, ...IMITATIONS.map((name) => `${name}: root`)],
  'Authorization named in Connection': ['Connection: close, Authorization', 'X_Auth_User: root'],
};

describe.each(PROXIES)('$name', ({ name, program, shows, whenDown, asks }) => {
  describe.skipIf(isSkipped(program))('in front of an application (needs the program and Python)', () => {
    const send = (target: string, lines: readonly string[], method = 'GET', body = '') =>
      exchange(ports.get(name) as number, request(target, lines, method, body), method);
    /** Runs `work`, and checks that no request reached the application. */
    async function withoutApplication(work: () => Promise<void>): Promise<void> {
      const { serial } = seenIn(await send('/before', [await signed()]));
      await work();
      expect(seenIn(await send('/after', [await signed()])).serial).toBe(serial + 1);
    }

    test('a request without a token gets a 401 with the challenge and does not reach the application', () =>
      withoutApplication(async () => {
        for (const lines of [[], PLAIN]) {
          const answer = await send('/me', lines);
          expect(answer.status).toBe(401);
          expect(answer.header('www-authenticate')).toBe('JWT realm="api"');
        }
      }));

    test('a signed request arrives once, unchanged, with its user and without its token', async () => {
      const credential = await signed();
      const target = '/a%2Fb/../c//d;e?x=1&x=%2f';
      const answer = await send(target, [credential]);
      expectSigner(answer);
      expect(seenIn(answer)).toMatchObject({ method: 'GET', target });
      await withoutApplication(async () => {
        for (const lines of [[], ['X_Auth_User: root'], [NAMED]]) {
          const again = await send(target, [credential, ...lines]);
          expect([400, 401]).toContain(again.status);
        }
        const replayed = await send(target, [credential]);
        expect(replayed.status).toBe(401);
        expect(replayed.header('www-authenticate')).toBe('JWT realm="api", error="replayed"');
      });
    });

    test.each(Object.entries(ATTACKS))('a client cannot forge the identity with headers: %s', async (_what, lines) => {
      for (const attack of [lines, lines.toReversed()]) {
        const before = seenIn(await send('/before', [await signed()])).serial;
        const answer = await send('/', [...attack, await signed()]);
        const isRefused = answer.status === 400 || answer.status === 401;
        if (!isRefused) expectSigner(answer);
        expect(answer.text).not.toMatch(/root|forged/);
        expect(seenIn(await send('/after', [await signed()])).serial).toBe(before + (isRefused ? 1 : 2));
      }
    });

    test.each(IMITATIONS)('a client cannot send %s to the application', async (imitation) => {
      const credential = await signed();
      const answer = await send('/', [`${imitation}: root`, credential]);
      if (shows.includes(imitation)) {
        expect(answer.status).toBe(401);
        expect(answer.header('www-authenticate')).toBe('JWT realm="api", error="invalid_token"');
        // ajwtd refuses the header before it marks the token as used.
        expectSigner(await send('/', [credential]));
      } else if (answer.status !== 400) expectSigner(answer);
    });

    test('a request with two credentials is refused', () =>
      withoutApplication(async () => {
        for (const others of ['Authorization: JWT x', 'authorization: Bearer x', await signed()]) {
          const credential = await signed();
          for (const lines of [
            [credential, others],
            [others, credential],
          ]) {
            expect([400, 401]).toContain((await send('/', lines)).status);
          }
        }
      }));

    test('a bad credential gets a 401', () =>
      withoutApplication(async () => {
        for (const credential of ['JWT', 'JWT x', 'JWT a.b.c', 'Bearer x', `JWT ${'x'.repeat(7000)}`]) {
          expect((await send('/', [`Authorization: ${credential}`])).status).toBe(401);
        }
      }));

    test('a body reaches the application', async () => {
      const body = 'x'.repeat(100_000);
      const answer = await send('/items', [await signed(), `Content-Length: ${body.length}`], 'POST', body);
      expectSigner(answer);
      expect(seenIn(answer)).toMatchObject({ method: 'POST', length: body.length });
    });

    test('a token that is bound to a method and a target is accepted for no other method or target', async () => {
      const bind = { htm: 'GET', target: '/v1/a%2Fb/../items?x=1' };
      expectSigner(await send(bind.target, [await signed(bind)]));
      await withoutApplication(async () => {
        const others = [
          await send('/v1/a%2Fb/../items?x=2', [await signed(bind)]),
          await send('/v1/items?x=1', [await signed(bind)]),
          await send(bind.target, [await signed(bind), 'Content-Length: 0'], 'POST'),
        ];
        for (const answer of others) {
          expect(answer.status).toBe(401);
          expect(answer.header('www-authenticate')).toBe('JWT realm="api", error="binding_mismatch"');
        }
      });
    });

    test('a client cannot replace the method or target with headers', () =>
      withoutApplication(async () => {
        const names = ['X-Original-URI', 'X-Original-URL', 'X-Forwarded-Uri'];
        const methods = ['X-Original-Method: GET', 'X-Forwarded-Method: GET'];
        const bind = { htm: 'GET', target: '/allowed' };
        for (const hop of [[], [`Connection: close, ${names.join(', ')}, X-Original-Method, X-Forwarded-Method`]]) {
          for (const lies of [...names.map((one) => [one]), names]) {
            const lines = [...methods, ...lies.map((one) => `${one}: /allowed`), ...hop];
            expect((await send('/secret', [await signed(bind), ...lines])).status).toBe(401);
          }
        }
      }));

    test('while ajwtd cannot decide requests, every request gets a 503', () =>
      withoutApplication(async () => {
        const database = new DatabaseSync(file('ajwt.db'));
        database.exec('BEGIN EXCLUSIVE');
        const answer = await send('/me', [await signed()]);
        database.close();
        expect(answer.status).toBe(503);
        // Envoy sends its own response instead.
        if (name !== 'Envoy') expect(answer.header('retry-after')).toBe('1');
      }));

    test(`while ajwtd is down, every request gets a ${whenDown}`, () =>
      withoutApplication(async () => {
        await relay.down();
        const answer = await send('/me', [await signed()]);
        await relay.up();
        expect(answer.status).toBe(whenDown);
      }));

    test(`if a response of ajwtd is lost, the request is refused, and ajwtd has received it ${asks === 1 ? 'once' : 'twice'}`, () =>
      withoutApplication(async () => {
        // nginx alternates between its two servers, so these two requests open both connections.
        for (let warm = 0; warm < 2; warm++) await send('/', ['Authorization: JWT x']);
        const before = relay.requests;
        relay.losesResponses = true;
        const answer = await send('/me', [await signed()]);
        relay.losesResponses = false;
        expect(answer.status).toBe(whenDown);
        expect(relay.requests - before).toBe(asks);
      }));
  });
});
