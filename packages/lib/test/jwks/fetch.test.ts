/** Whatever a publisher of a JWK set sends, the worst result is that its own set is refused. */
import { gzipSync } from 'node:zlib';
import { type Answer, clientOf, HOST, newKey, publish, SET_TYPE, startPublisher } from 'ajwt-testkit/jwks-publisher';
import { describe, expect, test } from 'vitest';
import { canonicalUrl } from '../../src/jwks/url.ts';
import type { JwksClientOptions } from '../../src/jwks.ts';

const publisher = await startPublisher();
const key = await newKey();
const set = JSON.stringify({ keys: [key] });
const say =
  (body: string | Buffer, headers: Readonly<Record<string, string>> = {}, status = 200): Answer =>
  (_request, response) =>
    response.writeHead(status, { 'content-type': SET_TYPE, ...headers }).end(body);

describe('a set is accepted', () => {
  const good: Readonly<Record<string, Answer>> = {
    'in the usual form': publish([key]),
    'as JSON': say(set, { 'content-type': 'application/json; charset=utf-8' }),
    'as text/plain, as from file hosts': say(set, { 'content-type': 'text/plain' }),
    'as application/octet-stream, as from file stores': say(set, { 'content-type': 'application/octet-stream' }),
    'as binary/octet-stream, as from S3': say(set, { 'content-type': 'binary/octet-stream' }),
    'without a Content-Type': (_request, response) => response.end(set),
    'in pieces': (_request, response) => {
      response.write(set.slice(0, 10));
      setImmediate(() => response.end(set.slice(10)));
    },
    'of exactly 256 kB': say(`${set}${' '.repeat(262_144 - set.length)}`),
  };
  test.each(Object.entries(good))('%s', async (_name, answer) => {
    publisher.answerWith(answer);
    expect(await clientOf(publisher).kids(publisher.url, key.kid)).toEqual([key.kid]);
  });

  test('if the first of several addresses does not respond', async () => {
    publisher.answerWith(publish([key]));
    const { kids } = clientOf(publisher, { lookup: async () => ['::1', '127.0.0.1'] });
    expect(await kids(publisher.url, key.kid)).toEqual([key.kid]);
  });
});

describe('a set is refused, and none of its keys is accepted', () => {
  const endless: Answer = (_request, response) => {
    response.writeHead(200, { 'content-type': SET_TYPE });
    const more = () => {
      while (!response.destroyed && response.write(' '.repeat(65_536)));
    };
    response.on('drain', more);
    more();
  };
  const bad: readonly (readonly [name: string, code: string, answer: Answer])[] = [
    [
      'a redirect, even to the same URL',
      'redirected',
      (request, response) => response.writeHead(302, { location: request.url }).end(),
    ],
    ['an unexpected 304', 'redirected', say('', {}, 304)],
    ['a 404', 'bad_status', say(set, {}, 404)],
    ['a 500', 'bad_status', say(set, {}, 500)],
    ['a 206', 'bad_status', say(set, {}, 206)],
    ['HTML', 'bad_type', say(set, { 'content-type': 'text/html' })],
    ['a gzip bomb', 'encoded', say(gzipSync(Buffer.alloc(10_000_000)), { 'content-encoding': 'gzip' })],
    ['256 kB and one byte', 'too_large', say(`${set}${' '.repeat(262_145 - set.length)}`)],
    ['an endless set', 'too_large', endless],
    ['no response', 'timeout', () => {}],
    [
      'headers without a body',
      'timeout',
      (_request, response) => response.writeHead(200, { 'content-type': SET_TYPE }).write('{'),
    ],
    [
      'a connection that closes too early',
      'unreachable',
      (_request, response) => {
        response.writeHead(200, { 'content-length': '5000' }).write('{');
        setImmediate(() => response.destroy());
      },
    ],
    ['something other than JSON', 'not_a_set', say('<keys/>')],
    ['an empty body', 'not_a_set', say('')],
    ['an array', 'not_a_set', say(`[${set}]`)],
    ['keys in an object', 'not_a_set', say('{"keys":{}}')],
    ['a key instead of a set', 'not_a_set', say(JSON.stringify(key))],
    ['a duplicate member', 'not_a_set', say(`{"keys":[],${set.slice(1)}`)],
    ['a byte order mark', 'not_a_set', say(`\ufeff${set}`)],
    ['bytes that are not UTF-8', 'not_a_set', say(Buffer.from(set.replace('"keys"', '"x":"é","keys"'), 'latin1'))],
    ['only a symmetric key', 'no_usable_key', publish([{ kty: 'oct', k: 'c2VjcmV0' }])],
  ];
  test.each(bad)('%s', async (_name, code, answer) => {
    publisher.answerWith(answer);
    const { kids, problems } = clientOf(publisher, { timeoutSeconds: 0.3 });
    await expect(kids(publisher.url, key.kid)).rejects.toMatchObject({ code: 'unavailable', cause: { code } });
    expect(problems.at(-1)).toMatchObject({ code, url: publisher.url });
  });

  test('an endless set; the client closes the connection', async () => {
    let closed: Promise<unknown> | undefined;
    publisher.answerWith((request, response) => {
      closed = new Promise((resolve) => response.on('close', resolve));
      endless(request, response);
    });
    await expect(clientOf(publisher).kids(publisher.url)).rejects.toThrow();
    await closed;
  });

  test('from a server whose certificate is for another name', async () => {
    const { kids, problems } = clientOf(publisher, { privateHosts: ['other.test'] });
    await expect(kids(`https://other.test:${publisher.port}/`)).rejects.toMatchObject({ code: 'unavailable' });
    expect(problems).toMatchObject([{ code: 'unreachable' }]);
    expect(publisher.seen).toEqual([]);
  });

  test('from a server with a certificate of an unknown authority, even if NODE_TLS_REJECT_UNAUTHORIZED is 0', async () => {
    process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0';
    try {
      const { ca: _ours, ...reach } = publisher.reach;
      const { kids, problems } = clientOf({ ...publisher, reach: reach as typeof publisher.reach });
      await expect(kids(publisher.url)).rejects.toMatchObject({ code: 'unavailable' });
      expect(problems).toMatchObject([{ code: 'unreachable' }]);
      expect(publisher.seen).toEqual([]);
    } finally {
      delete process.env.NODE_TLS_REJECT_UNAUTHORIZED;
    }
  });

  test('if the name is not resolved in time', async () => {
    const { kids, codes } = clientOf(publisher, { timeoutSeconds: 0.1, lookup: () => new Promise(() => {}) });
    await expect(kids(publisher.url)).rejects.toMatchObject({ code: 'unavailable' });
    expect(codes()).toEqual(['timeout']);
  });

  test('if nothing listens on the port', async () => {
    const { kids, problems } = clientOf(publisher);
    await expect(kids(`https://${HOST}:1/`)).rejects.toThrow('ECONNREFUSED');
    expect(problems).toMatchObject([{ code: 'unreachable' }]);
  });
});

describe('no connection is made to a private address', () => {
  const ours = (options: JwksClientOptions) =>
    clientOf(publisher, { privateHosts: [], timeoutSeconds: 0.5, ...options });

  const spellings = [
    '127.0.0.1',
    '127.1',
    '2130706433',
    '0x7f.0.0.1',
    '0177.0.0.1',
    '0.0.0.0',
    '0',
    '[::1]',
    '[::]',
    '[::ffff:127.0.0.1]',
    '[::ffff:7f00:1]',
    '[::127.0.0.1]',
    '[64:ff9b::7f00:1]',
    '[2002:7f00:1::]',
    '[fe80::1]',
    '[fc00::1]',
    '10.0.0.1',
    '169.254.169.254',
    '100.64.0.1',
    'localhost',
    'localhost.',
    'LOCALHOST',
    '１２７.0.0.1',
  ];
  test.each(spellings)('https://%s', async (host) => {
    const { kids, codes } = ours({ lookup: async () => ['127.0.0.1'] });
    await expect(kids(`https://${host}:${publisher.port}/`)).rejects.toMatchObject({ code: 'unavailable' });
    expect(codes()).toEqual(['forbidden_address']);
    expect(publisher.connections()).toBe(0);
  });

  test('that the system resolver returns', async () => {
    const { lookup: _none, ...reach } = publisher.reach;
    const { kids, codes } = clientOf({ ...publisher, reach: reach as typeof publisher.reach }, { privateHosts: [] });
    await expect(kids(`https://localhost:${publisher.port}/`)).rejects.toThrow();
    expect(codes()).toEqual(['forbidden_address']);
    expect(publisher.connections()).toBe(0);
  });

  test('that the resolver returns among public addresses', async () => {
    const { kids, codes } = ours({ lookup: async () => ['2d00::1', '127.0.0.1'] });
    await expect(kids(publisher.url)).rejects.toThrow();
    expect(codes()).toEqual(['forbidden_address']);
  });

  test('of a name that had a public address a moment before', async () => {
    // 2d00::1 is a public address that nobody uses.
    const answers = [['2d00::1'], ['127.0.0.1'], ['127.0.0.1']];
    const { kids, clock, codes } = ours({ lookup: async () => answers.shift() as string[] });
    await expect(kids(publisher.url)).rejects.toThrow();
    // The name was resolved once, so the connection used the checked address.
    expect(answers).toHaveLength(2);
    clock.now = 10;
    await expect(kids(publisher.url)).rejects.toThrow();
    expect(codes()[1]).toBe('forbidden_address');
    expect(publisher.connections()).toBe(0);
  });

  test('except for hosts in privateHosts', async () => {
    publisher.answerWith(publish([key]));
    const { kids, codes } = ours({ privateHosts: ['KEYS.test'] });
    expect(await kids(publisher.url)).toEqual([key.kid]);
    await expect(kids(`https://sub.${HOST}:${publisher.port}/`)).rejects.toThrow();
    expect(codes()).toEqual(['forbidden_address']);
  });
});

describe('a URL is refused', () => {
  test.each([
    'http://keys.test/',
    'ftp://keys.test/',
    'file:///etc/passwd',
    'data:,{}',
    'keys.test',
    '',
    `https://u:p@${HOST}/`,
    `https://u@${HOST}/`,
    `https://@${HOST}/`,
    `https://:@${HOST}/`,
    `https://a.test\\@${HOST}/`,
    `https:\\\\${HOST}/`,
    `https:/\\${HOST}/`,
    `https://${HOST}\\jwks.json`,
    `https://${HOST}/a\\b`,
    `https:${HOST}/`,
    `https:/${HOST}/`,
    `https:///${HOST}/`,
    ` https://${HOST}/`,
    `https://${HOST}/ `,
    `https://${HOST}/a b`,
    `https://${HOST}/\n`,
    `https://ke\tys.test/`,
    `https://${HOST}/\r\nx`,
    `https://${HOST}/\u0000`,
    `https://${HOST}/\u007f`,
    `https://${HOST}/\u0085`,
    `https://${HOST}/\u00a0`,
    `https://${HOST}/${'a'.repeat(2048)}`,
  ])('%s', async (url) => {
    const { client, codes } = clientOf(publisher);
    expect(() => client.jwksKeys(url, { kid: undefined })).toThrow(expect.objectContaining({ code: 'unavailable' }));
    expect(codes()).toEqual(['bad_url']);
  });

  test.each([
    (port: number) => `https://KEYS.test:${port}/jwks.json`,
    (port: number) => `HTTPS://keys.test:${port}/jwks.json`,
    (port: number) => `https://${HOST}:${port}`,
    (port: number) => `https://${HOST}:${port}?version=a@b`,
    (port: number) => `https://${HOST}:${port}/@acme/ключи.json#part`,
  ])('but not if only its spelling is unusual: %s', async (spell) => {
    publisher.answerWith(publish([key]));
    const { kids, codes } = clientOf(publisher);
    expect(await kids(spell(publisher.port), key.kid)).toEqual([key.kid]);
    expect(codes()).toEqual([]);
  });

  test('but not because it contains the default port', () => {
    expect(canonicalUrl(`https://${HOST}:443`)).toBe(`https://${HOST}/`);
  });

  test.each(['u@keys.test', 'keys.test\\x', 'keys.test ', 'keys.test/', 'keys\t.test', 'keys.test:444', ''])(
    'and so is the host %j in the option privateHosts',
    (host) => {
      expect(() => clientOf(publisher, { privateHosts: [host] })).toThrow('option privateHosts');
    },
  );

  test('in a message without its username, password and query', async () => {
    publisher.answerWith(say('', {}, 500));
    const { client, kids, problems } = clientOf(publisher);
    expect(() => client.jwksKeys(`https://guido:pa55@${HOST}/?t=pa55`, { kid: undefined })).toThrow();
    await expect(kids(`${publisher.url}?t=pa55`)).rejects.toThrow();
    expect(problems.map(({ message }) => message).join()).not.toContain('pa55');
  });
});
