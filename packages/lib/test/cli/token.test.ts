/** `ajwt token`: the tokens that it signs, and the places that it reads the key from. */
import { writeFileSync } from 'node:fs';
import { ajwt, scratch } from 'ajwt-testkit/ajwt';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { createAuthenticator, memoryKeyStore, memoryNonceStore, PrivateKey } from '../../src/index.ts';

const file = scratch();
const PASSPHRASE = 'correct horse battery staple';
let key: PrivateKey;

beforeAll(async () => {
  // Do not use the developer's ssh-agent.
  vi.stubEnv('SSH_AUTH_SOCK', undefined);
  key = await PrivateKey.generate();
  writeFileSync(file('key'), key.toPem());
  writeFileSync(file('encrypted'), key.toPem(PASSPHRASE));
  writeFileSync(file('key.jwk'), JSON.stringify(key.toJwk()));
  writeFileSync(file('key.pub'), `${key.publicKey.toOpenSsh()}\n`);
  writeFileSync(file('garbage'), 'garbage');
});
afterAll(() => {
  vi.unstubAllEnvs();
});

const claimsOf = (printed: string) => JSON.parse(Buffer.from(printed.split('.')[1] ?? '', 'base64url').toString());
const token = (...args: string[]) => ajwt(['token', '--user', 'guido', '--key', file('key'), ...args]);

test('a server accepts the printed token once', async () => {
  const keys = memoryKeyStore();
  keys.addKey('guido', key.publicKey);
  const auth = createAuthenticator({ keys, nonces: memoryNonceStore() });
  const { code, stdout, stderr } = await token();
  expect([code, stderr]).toEqual([0, '']);
  expect(stdout).toMatch(/^JWT [\w-]+\.[\w-]+\.[\w-]+\n$/);
  const authorization = stdout.trim();
  expect(await auth.authenticate({ authorization })).toMatchObject({ ok: true, username: 'guido' });
  expect(await auth.authenticate({ authorization })).toMatchObject({ ok: false, reason: 'replayed' });
});

test.each(['rsa', 'ec'] as const)('signs with %s keys', async (type) => {
  const other = await PrivateKey.generate(type, type === 'rsa' ? { bits: 2048 } : {});
  writeFileSync(file(type), other.toPem());
  const keys = memoryKeyStore();
  keys.addKey('guido', other.publicKey);
  const auth = createAuthenticator({ keys, nonces: memoryNonceStore() });
  const { stdout } = await ajwt(['token', '--user', 'guido', '--key', file(type)]);
  expect(await auth.authenticate({ authorization: stdout.trim() })).toMatchObject({ ok: true });
});

test('--header prints the whole header line', async () => {
  expect((await token('--header')).stdout).toMatch(/^Authorization: JWT [\w-]+\.[\w-]+\.[\w-]+\n$/);
});

describe('--key - reads the key from standard input', () => {
  const fromInput = (input: string, env = {}) => ajwt(['token', '--user', 'guido', '--key', '-'], { input, env });

  test('whether or not the key is encrypted', async () => {
    for (const [text, env] of [
      [key.toPem(), {}],
      [JSON.stringify(key.toJwk()), {}],
      [key.toPem(PASSPHRASE), { AJWT_PASSPHRASE: PASSPHRASE }],
    ] as const) {
      const { code, stdout, stderr } = await fromInput(text, env);
      expect([code, stderr]).toEqual([0, '']);
      expect(claimsOf(stdout).username).toBe('guido');
    }
  });

  test('and refuses any other input', async () => {
    for (const text of ['', 'hunter2', `${key.toPem()}${' '.repeat(70_000)}`]) {
      const { code, stdout, stderr } = await fromInput(text);
      expect([code, stdout]).toEqual([1, '']);
      expect(stderr).toMatch(/^ajwt: --key -: [^\n]+\n$/);
      expect(stderr).not.toContain('hunter2');
    }
  });
});

describe('ajwt token', () => {
  const bindOf = async (...args: string[]) => claimsOf((await token(...args)).stdout).bind;

  test('binds nothing by default', async () => {
    expect(Object.keys(claimsOf((await token()).stdout))).toEqual(['username', 'time', 'nonce']);
  });

  test('with --bind METHOD URL, binds the token to origin, method and request target', async () => {
    expect(await bindOf('--bind', 'POST', 'https://api.example.com/items?x=1#part')).toEqual({
      v: 1,
      aud: 'https://api.example.com',
      htm: 'POST',
      target: '/items?x=1',
    });
    expect(await bindOf('--bind', 'get', 'http://api.example.com:8080')).toEqual({
      v: 1,
      aud: 'http://api.example.com:8080',
      htm: 'GET',
      target: '/',
    });
  });

  test('with --audience, binds the token to that audience; with --bind too, instead of the origin', async () => {
    expect(await bindOf('--audience', 'orders')).toEqual({ v: 1, aud: 'orders' });
    expect(await bindOf('--audience', 'orders', '--bind', 'GET', 'https://a.example/x')).toEqual({
      v: 1,
      aud: 'orders',
      htm: 'GET',
      target: '/x',
    });
  });

  test('with AJWT_BIND=1, requires --bind', async () => {
    const signed = (AJWT_BIND: string, ...args: string[]) =>
      ajwt(['token', '--user', 'guido', '--key', file('key'), ...args], { env: { AJWT_BIND } });
    for (const args of [[], ['--audience', 'orders']]) {
      expect(await signed('1', ...args)).toMatchObject({
        code: 1,
        stdout: '',
        stderr: 'ajwt: AJWT_BIND requires --bind METHOD URL; unset it to sign a token for any request\n',
      });
    }
    expect(claimsOf((await signed('true', '--bind', 'GET', 'https://a.example/x')).stdout).bind.target).toBe('/x');
    expect(claimsOf((await signed('0')).stdout).bind).toBeUndefined();
    expect(await signed('yes')).toMatchObject({ code: 1, stderr: 'ajwt: AJWT_BIND: must be 1 or 0, true or false\n' });
  });

  test('prints the escaped path if it differs from the given path', async () => {
    const { code, stdout, stderr } = await token('--bind', 'GET', 'https://a.example/a b/../ж?q=ä');
    const { target } = claimsOf(stdout).bind;
    expect([code, target]).toEqual([0, '/%D0%B6?q=%C3%A4']);
    expect(stderr).toBe(`ajwt: the token is bound to ${target}; send the request to exactly this path\n`);
    expect((await token('--bind', 'GET', target === '' ? '' : `https://a.example${target}`)).stderr).toBe('');
  });

  test.each([
    [['--bind', 'GET'], '--bind needs a method and a URL: --bind METHOD URL'],
    [['--bind', 'GET', '/items'], 'not a valid absolute URL; write https://host/path'],
    [['--bind', 'GET', 'api.example.com/x'], 'not a valid absolute URL; write https://host/path'],
    [['--bind', 'GET', 'ftp://a.example/'], 'ftp:// is not supported; use https:// or http://'],
    [
      ['--bind', 'GET', 'https://u:hunter2@a.example/'],
      'the URL contains a username or password; remove it, because the token identifies the caller',
    ],
    [['--bind', 'CONNECT', 'https://a.example/'], 'CONNECT: not a supported request method'],
    [['--audience', ''], '--audience: must not be empty'],
    [['https://a.example/'], 'unexpected argument; `ajwt token` takes only options; see `ajwt token --help`'],
  ])('%j is refused', async (args, message) => {
    expect(await token(...args)).toMatchObject({ code: 1, stdout: '', stderr: `ajwt: ${message}\n` });
  });
});

describe('ajwt token with environment variables', () => {
  const pem = () => key.toPem();
  const attributes = 'Bag Attributes\n    friendlyName: guido\nKey Attributes: <No Attributes>\n';
  const withKey = (text: string, more: Record<string, string> = {}) =>
    ajwt(['token'], { env: { AJWT_USER: 'guido', AJWT_KEY: text, ...more } });

  test.each<[string, () => string]>([
    ['a path', () => file('key')],
    ['PEM', pem],
    ['PEM with \\n in two characters', () => pem().replaceAll('\n', '\\n')],
    ['PEM in base64', () => Buffer.from(pem()).toString('base64')],
    ['PEM in base64 of several lines', () => Buffer.from(pem()).toString('base64').replace(/.{76}/g, '$&\n')],
    ['PEM on one line', () => pem().replaceAll('\n', ' ')],
    ['PEM with attributes before it', () => `${attributes}${pem()}`],
    ['PEM with attributes before it, on one line', () => `${attributes}${pem()}`.replaceAll('\n', '\\n')],
    ['PEM with attributes before it, in base64', () => Buffer.from(attributes + pem()).toString('base64')],
    ['PEM with a byte order mark, in base64', () => Buffer.from(`\ufeff${pem()}`).toString('base64')],
    ['a JWK', () => JSON.stringify(key.toJwk())],
  ])('reads AJWT_USER, and AJWT_KEY as %s', async (_name, text) => {
    const { code, stdout, stderr } = await withKey(text());
    expect([code, stderr]).toEqual([0, '']);
    expect(claimsOf(stdout).username).toBe('guido');
  });

  test('prefers options to environment variables', async () => {
    const env = { AJWT_USER: 'guido', AJWT_KEY: '/nowhere' };
    const { stdout } = await ajwt(['token', '--user', 'ada', '--key', file('key')], { env });
    expect(claimsOf(stdout).username).toBe('ada');
  });

  test('decrypts a key in a file or in AJWT_KEY with AJWT_PASSPHRASE', async () => {
    const env = { AJWT_PASSPHRASE: PASSPHRASE };
    const args = ['token', '--user', 'guido', '--key', file('encrypted')];
    expect((await ajwt(args, { env })).code).toBe(0);
    expect((await withKey(key.toPem(PASSPHRASE), env)).code).toBe(0);
    expect((await withKey(pem(), env)).code).toBe(0);
    expect(await ajwt(args)).toMatchObject({
      code: 1,
      stderr: `ajwt: ${file('encrypted')}: this private key is encrypted; give its passphrase in AJWT_PASSPHRASE, or with --passphrase-fd\n`,
    });
    const wrong = await ajwt(args, { env: { AJWT_PASSPHRASE: 'hunter2' } });
    expect(wrong).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('the passphrase does not decrypt this private key'),
    });
    expect(wrong.stderr).not.toContain('hunter2');
  });

  test.each([
    ['truncated PEM', () => pem().slice(0, 60)],
    ['truncated PEM with attributes before it', () => attributes + pem().slice(0, 60)],
    ['PEM without its first line', () => pem().split('\n')[1] ?? ''],
    ['a truncated JWK', () => JSON.stringify(key.toJwk()).slice(0, 90)],
    ['other text', () => 'hunter2hunter2'],
  ])('%s in AJWT_KEY is refused, and not repeated', async (_name, text) => {
    const { code, stdout, stderr } = await withKey(text());
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(/^ajwt: AJWT_KEY[^\n]+\n$/);
    expect(stderr).not.toContain(text().slice(0, 12));
  });
});

describe('a missing or wrong option prints one line', () => {
  test.each<[string[], string | RegExp]>([
    [['--key', 'k'], 'no username; give --user NAME, or set AJWT_USER'],
    [['--user', 'guido'], 'no private key; give --key FILE, or set AJWT_KEY'],
    [['--user', 'gui\ndo', '--key', 'k'], /^--user: must be 1 to 600 bytes/],
    [['--user', '', '--key', 'k'], '--user is empty; give --user NAME, or set AJWT_USER'],
    [['--user', 'guido', '--key', 'ssh-agent'], /^SSH_AUTH_SOCK is not set; start an ssh-agent/],
    [['--user', 'guido', '--key', 'ssh-agent:SHA256:abc'], /^SSH_AUTH_SOCK is not set; start an ssh-agent/],
    [['--user', 'guido', '--key', 'ssh-agent:'], /^ssh-agent: the fingerprint is missing/],
    [['--user', 'guido', '--key', 'nowhere/key'], 'nowhere/key cannot be read: there is no such file (ENOENT)'],
    [['--user', 'guido', '--key', '.'], '. is not a regular file'],
  ])('%j', async (args, message) => {
    const { code, stdout, stderr } = await ajwt(['token', ...args]);
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr.slice('ajwt: '.length, -1)).toMatch(message);
  });

  test('a public key, or a file that is not a key', async () => {
    const withKey = (name: string) => ajwt(['token', '--user', 'guido', '--key', file(name)]);
    expect((await withKey('key.pub')).stderr).toBe(
      `ajwt: ${file('key.pub')}: this is an OpenSSH public key; the private key is in the file without .pub\n`,
    );
    expect((await withKey('garbage')).stderr).toMatch(
      /^ajwt: \S+garbage: this is not a private key in any known format/,
    );
  });
});
