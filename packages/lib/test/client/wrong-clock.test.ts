/** Callers whose clock is wrong, against a real server whose clock the test sets. */
import { createServer, type Server } from 'node:http';
import { listen } from 'ajwt-testkit/listen';
import { createSignedFetch, PrivateKey, SignedFetchError, type SignedFetchOptions } from 'asymmetric-jwt-auth/client';
import { nodeAuth } from 'asymmetric-jwt-auth/node';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createAuthenticator, memoryKeyStore, memoryNonceStore } from '../../src/index.ts';

/** The time at which the server's clock starts. */
const NOW = 1_800_000_000;

let elapsed = 0;
let wrong = 0;
let origin = '';
let reached: string[] = [];
let accepted = 0;
/** Runs before each response, and returns additional headers for it. */
let inBetween: (attempt: number) => Record<string, string> = () => ({});
let forgets = false;
let serverTime: ((now: number) => number) | undefined;
let key: PrivateKey;
let server: Server;

const serverNow = () => NOW + elapsed;
const callerNow = () => serverNow() + wrong;

beforeAll(async () => {
  key = await PrivateKey.generate();
  const keys = memoryKeyStore();
  keys.addKey('guido', key.publicKey);
  const store = memoryNonceStore({ now: () => NOW - 3600, monotonic: () => elapsed });
  const nonces = {
    ...store,
    claim: (...args: Parameters<typeof store.claim>) => (forgets ? ('forgotten' as const) : store.claim(...args)),
  };
  server = createServer(async (request, response) => {
    const { authenticate, reject } = nodeAuth(
      createAuthenticator({ keys, nonces, audience: origin, now: () => serverTime?.(serverNow()) ?? serverNow() }),
    );
    reached.push(request.headers.authorization ?? '');
    const result = await authenticate(request);
    for await (const _ of request);
    for (const [name, value] of Object.entries(inBetween(reached.length))) response.setHeader(name, value);
    if (request.url === '/like-python' && !result.ok) {
      response.setHeader('date', new Date(serverNow() * 1000).toUTCString());
      response.writeHead(401).end();
    } else if (!result.ok) reject(response, result);
    else {
      accepted++;
      response.end(result.username);
    }
  });
  origin = await listen(server);
});
beforeEach(() => {
  wrong = 0;
  reached = [];
  accepted = 0;
  inBetween = () => ({});
  forgets = false;
  serverTime = undefined;
});
afterAll(() => server.close());

const caller = (options: Partial<SignedFetchOptions> = {}) =>
  createSignedFetch({ username: 'guido', key, now: callerNow, monotonic: () => elapsed, ...options });
const bound = { bind: ['aud'] } as const;
const failure = (sending: Promise<unknown>) => sending.then(() => undefined).catch((error: unknown) => error);

describe('a wrong clock', () => {
  test.each([-290, -240, -60, -21, 21, 60, 240, 290])(
    'by %i s: an audience-bound caller succeeds in its first call, and needs no second attempt in later calls',
    async (seconds) => {
      wrong = seconds;
      const api = caller(bound);
      for (let call = 0; call < 3; call++) expect((await api(`${origin}/me`)).status).toBe(200);
      expect([accepted, reached.length]).toEqual([3, 4]);
      expect(new Set(reached).size).toBe(4);
    },
  );

  test.each([-19, -10, 0, 10, 19])('by %i s is within the tolerance, and is not corrected', async (seconds) => {
    wrong = seconds;
    expect((await caller()(`${origin}/me`)).status).toBe(200);
    expect(reached).toHaveLength(1);
  });

  test.each([-600, -301, 301, 600])('by %i s is reported in an error that names the difference', async (seconds) => {
    wrong = seconds;
    const error = await failure(caller(bound)(`${origin}/me`));
    expect(error).toBeInstanceOf(SignedFetchError);
    expect(error).toMatchObject({
      code: 'clock_too_far',
      offset: -seconds,
      message: expect.stringContaining(`${Math.abs(seconds)}.0 s ${seconds < 0 ? 'behind' : 'ahead of'}`),
    });
    expect(reached).toHaveLength(1);
  });

  test('by more than 300 s is corrected if the caller allows it', async () => {
    wrong = -600;
    expect((await caller({ ...bound, clock: { maxOffsetSeconds: 600 } })(`${origin}/me`)).status).toBe(200);
  });

  test('that is ahead: the caller corrects the time of unbound tokens', async () => {
    wrong = 240;
    expect((await caller()(`${origin}/me`)).status).toBe(200);
  });

  test('that is behind: for unbound tokens, an error names the offset and both remedies', async () => {
    wrong = -240;
    const error = await failure(caller()(`${origin}/me`));
    expect(error).toMatchObject({ code: 'clock_behind', offset: 240, message: expect.stringContaining('240.0 s') });
    expect((error as Error).message).toContain("bind: ['aud']");
    expect((error as Error).message).toContain('aheadUnbound');
    expect(reached).toHaveLength(1);
  });

  test('that is behind: with aheadUnbound, the caller corrects the time of unbound tokens', async () => {
    wrong = -240;
    expect((await caller({ clock: { aheadUnbound: true } })(`${origin}/me`)).status).toBe(200);
  });

  test('is not corrected with clock: false, and the call returns the refusal', async () => {
    wrong = 240;
    const response = await caller({ clock: false })(`${origin}/me`);
    expect(await response.json()).toMatchObject({ error: 'stale_time' });
    expect(reached).toHaveLength(1);
  });

  test('is corrected after a refusal: a repeatable body is sent again; a stream is not, but the next call has the right time', async () => {
    wrong = 240;
    const api = caller(bound);
    const stream = { method: 'POST', body: new Blob(['x']).stream(), duplex: 'half' } as RequestInit;
    expect((await api(`${origin}/me`, stream)).status).toBe(401);
    expect((await api(`${origin}/me`, { method: 'POST', body: 'x' })).status).toBe(200);
    expect(reached).toHaveLength(2);
    expect((await caller(bound)(`${origin}/me`, { method: 'POST', body: 'x' })).status).toBe(200);
  });

  test('is measured again after ten minutes', async () => {
    wrong = 240;
    const api = caller(bound);
    await api(`${origin}/me`);
    elapsed += 599;
    await api(`${origin}/me`);
    expect(reached).toHaveLength(3);
    elapsed += 2;
    await api(`${origin}/me`);
    expect([accepted, reached.length]).toEqual([3, 5]);
  });

  test('that the user sets right later causes no second attempt', async () => {
    wrong = 240;
    const api = caller(bound);
    await api(`${origin}/me`);
    wrong = 0;
    expect((await api(`${origin}/me`)).status).toBe(200);
    expect(reached).toHaveLength(3);
  });

  test('is corrected only for the origin that refused the token', async () => {
    wrong = 240;
    const other = createServer((_request, response) => response.end());
    const elsewhere = await listen(other);
    let sent = '';
    const api = caller({
      fetch: (input, init) => {
        sent = new Headers(init?.headers).get('authorization') ?? '';
        return fetch(input, init);
      },
    });
    await api(`${origin}/me`);
    await api(`${elsewhere}/me`);
    other.close();
    const claims = JSON.parse(Buffer.from(sent.split('.')[1] as string, 'base64url').toString());
    expect(claims.time).toBe(Math.floor(callerNow()));
  });
});

describe('a stale_time refusal', () => {
  test('that has an Age header comes from a cache, so the second attempt uses the same clock', async () => {
    wrong = 240;
    inBetween = () => ({ age: '3' });
    expect((await caller(bound)(`${origin}/me`)).status).toBe(401);
    expect(reached).toHaveLength(2);
  });

  test('that takes more than 5 s to arrive does not correct the clock, but the next one does', async () => {
    wrong = 240;
    const api = caller(bound);
    inBetween = (attempt) => {
      if (attempt === 1) elapsed += 5.1;
      return {};
    };
    expect((await api(`${origin}/me`)).status).toBe(401);
    expect((await api(`${origin}/me`)).status).toBe(200);
    expect(reached).toHaveLength(3);
  });

  test('that takes 4 s to arrive corrects the clock, as if the server had read its clock after 2 s', async () => {
    wrong = 240;
    inBetween = () => {
      elapsed += 4;
      return {};
    };
    expect((await caller(bound)(`${origin}/me`)).status).toBe(200);
  });

  test('does not correct the clock if the clock of the caller was changed during the request', async () => {
    wrong = 240;
    inBetween = (attempt) => {
      if (attempt === 1) wrong = 0;
      return {};
    };
    expect((await caller()(`${origin}/me`)).status).toBe(200);
    expect(reached).toHaveLength(2);
  });
});

describe('a nonce store that has just lost its nonces', () => {
  test('makes the caller wait, and then sign again with the same clock', async () => {
    forgets = true;
    inBetween = () => {
      forgets = false;
      return {};
    };
    const began = performance.now();
    expect((await caller()(`${origin}/me`)).status).toBe(200);
    expect(performance.now() - began).toBeGreaterThan(950);
    expect(new Set(reached).size).toBe(2);
  });

  test('makes the caller wait at most 1 s: after a second attempt, the caller returns the response', async () => {
    forgets = true;
    expect((await caller()(`${origin}/me`)).status).toBe(401);
    expect(reached).toHaveLength(2);
  });

  test('does not delay a caller that aborts its call', async () => {
    forgets = true;
    const controller = new AbortController();
    inBetween = () => {
      setImmediate(() => setTimeout(() => controller.abort(new Error('enough')), 50));
      return {};
    };
    await expect(caller()(`${origin}/me`, { signal: controller.signal })).rejects.toThrow('enough');
    expect(reached).toHaveLength(1);
  });
});

describe('a server that lies about its clock', () => {
  /** Makes the server use and report a clock that is wrong. */
  const lie = (ahead: number) => {
    serverTime = (now) => now + ahead;
  };

  test.each([21, 100, 300])('gets no unbound token that is dated %i s ahead', async (ahead) => {
    lie(ahead);
    expect(await failure(caller()(`${origin}/me`))).toMatchObject({ code: 'clock_behind' });
    expect(reached).toHaveLength(1);
  });

  test('gets no token that is dated years ahead', async () => {
    lie(1e8);
    for (const options of [bound, { clock: { aheadUnbound: true, maxOffsetSeconds: 3600 } }]) {
      expect(await failure(caller(options)(`${origin}/me`))).toMatchObject({ code: 'clock_too_far' });
    }
    expect(reached).toHaveLength(2);
  });

  test('gets only two tokens per call, and cannot move the time of the tokens further with each response', async () => {
    let ahead = 0;
    serverTime = (now) => {
      ahead += 100;
      return now + ahead;
    };
    const api = caller(bound);
    await failure(api(`${origin}/me`));
    expect(reached).toHaveLength(2);
    for (let call = 0; call < 5; call++) await failure(api(`${origin}/me`));
    for (const value of reached) {
      const { time } = JSON.parse(Buffer.from(value.split('.')[1] as string, 'base64url').toString());
      expect(time - callerNow()).toBeLessThanOrEqual(300);
    }
  });

  test.each(['1e999', '-5', 'NaN', '', '99999999999999'])('is ignored if it sends the time %j', async (value) => {
    const liar = createServer((_request, response) => {
      const challenge = `JWT realm="api", error="stale_time", server_time="${value}", tolerance="20"`;
      response.writeHead(401, { 'www-authenticate': challenge }).end();
    });
    const url = await listen(liar);
    expect((await caller(bound)(url)).status).toBe(401);
    liar.close();
  });
});

describe('a wrong clock, with a server on another machine', () => {
  /** Calls the server under the name of another machine. */
  const remote = (protocol: string, options: Partial<SignedFetchOptions> = {}) => {
    const named = `${protocol}//api.example.com`;
    const api = caller({
      ...options,
      bind: ['aud'],
      audience: origin,
      fetch: (input, init) => fetch(String(input).replace(named, origin), init),
    });
    return api(`${named}/me`);
  };

  test('is not corrected over plain http, where others can change responses', async () => {
    wrong = 240;
    expect((await remote('http:')).status).toBe(401);
    expect(reached).toHaveLength(1);
  });

  test('is corrected over https', async () => {
    wrong = 240;
    expect((await remote('https:')).status).toBe(200);
  });
});

describe('the Date header of a refusal without our challenge', () => {
  test('corrects the clock only if the caller allows it', async () => {
    wrong = 240;
    expect((await caller()(`${origin}/like-python`)).status).toBe(401);
    expect(reached).toHaveLength(1);
    expect((await caller({ clock: { dateHeader: true } })(`${origin}/like-python`)).status).toBe(200);
  });

  test('corrects the clock within the same limits', async () => {
    wrong = -240;
    const unbound = caller({ clock: { dateHeader: true } });
    expect(await failure(unbound(`${origin}/like-python`))).toMatchObject({ code: 'clock_behind' });
    wrong = -400;
    const far = caller({ ...bound, clock: { dateHeader: true } });
    expect(await failure(far(`${origin}/like-python`))).toMatchObject({ code: 'clock_too_far' });
  });

  test('shows that the clock is right, so the refusal has another reason and is returned', async () => {
    const api = caller({ username: 'nobody', clock: { dateHeader: true } });
    expect((await api(`${origin}/like-python`)).status).toBe(401);
    expect(reached).toHaveLength(1);
  });
});

test.each([
  [{ clock: true }, 'option clock'],
  [{ clock: { maxOffsetSeconds: 3601 } }, 'option maxOffsetSeconds'],
  [{ clock: { maxOffsetSeconds: Number.NaN } }, 'option maxOffsetSeconds'],
  [{ clock: { aheadUnbound: 'yes' } }, 'option aheadUnbound'],
  [{ clock: { aheadUnbuond: true } }, 'option aheadUnbuond: unknown'],
  [{ usrname: 'guido' }, 'option usrname: unknown'],
])('%o is refused', (options, message) => {
  expect(() => caller(options as object)).toThrow(message);
});

test('an unknown option does not compile', () => {
  // @ts-expect-error misspelt
  expect(() => createSignedFetch({ username: 'guido', key, clok: {} })).toThrow(TypeError);
  // @ts-expect-error a misspelt member
  expect(() => createSignedFetch({ username: 'guido', key, clock: { dateheader: true } })).toThrow(TypeError);
});
