/** How long a set stays valid, and how often it is fetched. The tests set the clock. */

import { clientOf, newKey, publish, startPublisher } from 'ajwt-testkit/jwks-publisher';
import { describe, expect, test } from 'vitest';

const publisher = await startPublisher();
const { url, seen, answerWith } = publisher;
const [one, other] = [await newKey(), await newKey()];
const down = () => answerWith((_request, response) => response.writeHead(503).end());

describe('a set is fetched', () => {
  test('once while it is fresh', async () => {
    answerWith(publish([one]));
    const { kids, clock } = clientOf(publisher);
    for (const now of [0, 1, 299.9]) {
      clock.now = now;
      expect(await kids(url, one.kid)).toEqual([one.kid]);
    }
    expect(seen).toHaveLength(1);
  });

  test('once; after that, keys are returned without a promise', async () => {
    answerWith(publish([one]));
    const { client, kids } = clientOf(publisher);
    await kids(url, one.kid);
    expect(client.jwksKeys(url, { kid: one.kid })).toHaveLength(1);
  });

  test('again after five minutes, so a key can be withdrawn', async () => {
    answerWith(publish([one, other]));
    const { kids, clock } = clientOf(publisher);
    await kids(url, one.kid);
    answerWith(publish([other]));
    clock.now = 300;
    expect(await kids(url, one.kid)).toEqual([]);
    expect(seen).toHaveLength(2);
  });

  test('again after five minutes, so all keys can be withdrawn', async () => {
    answerWith(publish([one]));
    const { kids, clock } = clientOf(publisher);
    await kids(url);
    answerWith(publish([]));
    clock.now = 300;
    expect(await kids(url)).toEqual([]);
  });

  test('once for any number of concurrent requests', async () => {
    answerWith(publish([one]));
    const { kids } = clientOf(publisher);
    const all = await Promise.all(Array.from({ length: 50 }, () => kids(url, one.kid)));
    expect(all.flat()).toHaveLength(50);
    expect(seen).toHaveLength(1);
  });

  const lives: readonly (readonly [header: string, seconds: number])[] = [
    ['max-age=60', 60],
    ['public, max-age=120, must-revalidate', 120],
    ['max-age="90"', 90],
    ['s-maxage=5', 300],
    ['max-age=0', 30],
    ['max-age=1', 30],
    ['no-store', 30],
    ['no-cache', 30],
    ['max-age=999999999', 3600],
    ['max-age=-1', 300],
    ['max-age=soon', 300],
    ['', 300],
  ];
  test.each(lives)('again after the time in Cache-Control, within limits: for %j, %d s', async (header, seconds) => {
    answerWith(publish([one], { 'cache-control': header }));
    const { kids, clock } = clientOf(publisher);
    await kids(url);
    clock.now = seconds - 0.1;
    await kids(url);
    expect(seen).toHaveLength(1);
    clock.now = seconds;
    await kids(url);
    expect(seen).toHaveLength(2);
  });

  test('again earlier if the response comes from a cache', async () => {
    answerWith(publish([one], { 'cache-control': 'max-age=300', age: '200' }));
    const { kids, clock } = clientOf(publisher);
    await kids(url);
    clock.now = 100;
    await kids(url);
    expect(seen).toHaveLength(2);
  });

  test.each([
    ['etag', '"one"', 'if-none-match'],
    ['last-modified', 'Wed, 25 Nov 2026 08:00:00 GMT', 'if-modified-since'],
  ])('again with the %s of the last response, and is kept after a 304', async (header, value, condition) => {
    answerWith(publish([one], { [header]: value }));
    const { kids, clock } = clientOf(publisher);
    await kids(url);
    answerWith((_request, response) => response.writeHead(304, { 'cache-control': 'max-age=100' }).end());
    clock.now = 300;
    expect(await kids(url)).toEqual([one.kid]);
    expect(seen[1]?.headers[condition]).toBe(value);
    clock.now = 400;
    expect(await kids(url)).toEqual([one.kid]);
    expect(seen[2]?.headers[condition]).toBe(value);
  });
});

describe('a kid that is not in the set', () => {
  test('makes the client fetch the set, so a new key is accepted at once', async () => {
    answerWith(publish([one]));
    const { kids, clock } = clientOf(publisher);
    await kids(url, one.kid);
    answerWith(publish([one, other]));
    clock.now = 10;
    expect(await kids(url, other.kid)).toEqual([other.kid]);
  });

  test('makes the client fetch the set at most once in 10 seconds', async () => {
    answerWith(publish([one]));
    const { kids, clock } = clientOf(publisher);
    await kids(url, one.kid);
    for (let count = 0; count < 200; count++) {
      clock.now = count / 10;
      expect(await kids(url, `made-up-${count}`)).toEqual([]);
    }
    // The client fetched the set at 0 s and at 10 s.
    expect(seen).toHaveLength(2);
  });

  test('leads to a 503 while the set cannot be fetched, because the key may exist', async () => {
    answerWith(publish([one]));
    const { kids, clock } = clientOf(publisher);
    await kids(url, one.kid);
    down();
    for (let count = 0; count < 100; count++) {
      clock.now = 10 + count / 10;
      await expect(kids(url, 'made-up')).rejects.toMatchObject({ code: 'unavailable' });
      // This does not affect known keys.
      expect(await kids(url, one.kid)).toEqual([one.kid]);
    }
    expect(seen).toHaveLength(2);
  });

  test('is needed for an early fetch: a token without a kid causes none', async () => {
    answerWith(publish([one]));
    const { kids, clock } = clientOf(publisher);
    await kids(url);
    clock.now = 100;
    expect(await kids(url)).toEqual([one.kid]);
    expect(seen).toHaveLength(1);
  });
});

describe('if an endpoint is down', () => {
  test('known keys are accepted for an hour, and again once the endpoint is back', async () => {
    answerWith(publish([one]));
    const { kids, clock, codes } = clientOf(publisher);
    await kids(url, one.kid);
    down();
    clock.now = 3599.9;
    expect(await kids(url, one.kid)).toEqual([one.kid]);
    expect(codes()).toEqual(['bad_status']);
    clock.now = 3600;
    await expect(kids(url, one.kid)).rejects.toMatchObject({ code: 'unavailable', cause: { code: 'bad_status' } });
    answerWith(publish([one]));
    clock.now = 3610;
    expect(await kids(url, one.kid)).toEqual([one.kid]);
  });

  test('known keys are accepted for maxAgeSeconds', async () => {
    answerWith(publish([one]));
    const { kids, clock } = clientOf(publisher, { maxAgeSeconds: 400 });
    await kids(url, one.kid);
    down();
    clock.now = 399;
    expect(await kids(url, one.kid)).toEqual([one.kid]);
    clock.now = 410;
    await expect(kids(url, one.kid)).rejects.toMatchObject({ code: 'unavailable' });
  });

  test('the client calls it at most once in 10 seconds, and no request waits in between', async () => {
    down();
    const { kids, clock } = clientOf(publisher);
    for (let count = 0; count < 50; count++) {
      clock.now = count / 5;
      await expect(kids(url, one.kid)).rejects.toMatchObject({ code: 'unavailable' });
    }
    expect(seen).toHaveLength(1);
  });

  test('or returns an invalid set, known keys are still accepted', async () => {
    answerWith(publish([one]));
    const { kids, clock, codes } = clientOf(publisher);
    await kids(url, one.kid);
    answerWith(publish([{ kty: 'oct', k: 'AAAA' }]));
    clock.now = 300;
    expect(await kids(url, one.kid)).toEqual([one.kid]);
    expect(codes()).toEqual(['bad_key', 'no_usable_key']);
  });
});

describe('with several URLs', () => {
  const second = `${url}?second`;
  const both = (answers: Readonly<Record<string, readonly unknown[] | undefined>>) =>
    answerWith((request, response) => {
      const keys = answers[request.url?.includes('second') ? 'second' : 'first'];
      if (keys === undefined) response.writeHead(500).end();
      else publish(keys)(request, response);
    });

  test('the keys of all sets are accepted', async () => {
    both({ first: [one], second: [other] });
    const { kids } = clientOf(publisher);
    expect(await kids([url, second])).toEqual([one.kid, other.kid]);
    expect(await kids([url, second], other.kid)).toEqual([other.kid]);
  });

  test('an endpoint that is down affects only its own keys', async () => {
    both({ first: [one] });
    const { kids } = clientOf(publisher);
    expect(await kids([url, second], one.kid)).toEqual([one.kid]);
    await expect(kids([url, second], other.kid)).rejects.toMatchObject({ code: 'unavailable' });
  });

  test('a kid that is found in one set does not make the client fetch the others', async () => {
    both({ first: [one], second: [other] });
    const { kids, clock } = clientOf(publisher);
    await kids([url, second]);
    clock.now = 100;
    await kids([url, second], one.kid);
    expect(seen).toHaveLength(2);
  });
});

test('if there are too many sets, the least recently used one is dropped', async () => {
  answerWith(publish([one]));
  const { kids } = clientOf(publisher, { maxUrls: 2 });
  for (const name of ['a', 'b', 'a', 'c', 'a']) await kids(`${url}?${name}`);
  expect(seen.map((request) => request.url)).toEqual(['/jwks.json?a', '/jwks.json?b', '/jwks.json?c']);
});

test('onFetch is called after each fetch, with its error if it failed', async () => {
  answerWith(publish([one]));
  const outcomes: (string | undefined)[] = [];
  const { kids } = clientOf(publisher, { onFetch: (problem) => outcomes.push(problem?.code) });
  await kids(url);
  await kids(url);
  expect(outcomes).toEqual([undefined]);
  down();
  await kids(`${url}?other`).catch(() => {});
  expect(outcomes).toEqual([undefined, expect.any(String)]);
});

test('errors that the hook throws or rejects with are ignored', async () => {
  answerWith(publish([one, { kty: 'oct' }]));
  for (const onProblem of [
    () => {
      throw new Error('hook');
    },
    async () => {
      throw new Error('hook');
    },
  ]) {
    expect(await clientOf(publisher, { onProblem }).kids(url)).toEqual([one.kid]);
  }
});

test.each([
  [{ refreshAfterSeconds: 29 }, 'refreshAfterSeconds'],
  [{ maxAgeSeconds: 299 }, 'maxAgeSeconds'],
  [{ maxAgeSeconds: Number.NaN }, 'maxAgeSeconds'],
  [{ timeoutSeconds: 11 }, 'timeoutSeconds'],
  [{ timeoutSeconds: 0 }, 'timeoutSeconds'],
  [{ maxUrls: 0 }, 'maxUrls'],
  [{ privateHosts: ['keys.test:8443'] }, 'privateHosts'],
  [{ privateHosts: ['a/b'] }, 'privateHosts'],
  [{ privateHosts: [''] }, 'privateHosts'],
  [{ ca: '' }, 'ca'],
  [{ maxage: 400 }, 'maxage'],
])('the option %j is refused', (options, name) => {
  expect(() => clientOf(publisher, options as object)).toThrow(`option ${name}: `);
});
