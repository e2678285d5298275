/** The configuration file of `ajwt`: which key signs for which origin, and who may write the file. */
import { chmodSync, chownSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { Socket } from 'node:net';
import { Readable, Writable } from 'node:stream';
import { Io } from 'ajwt-cli-kit/io';
import { ajwt, ajwtProcess, scratch, shell } from 'ajwt-testkit/ajwt';
import { type FetchServer, startServer } from 'ajwt-testkit/fetch-server';
import { listen } from 'ajwt-testkit/listen';
import { canRunAsOthers } from 'ajwt-testkit/other-users';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { readCaller } from '../../src/cli/fetch/caller.ts';
import { PrivateKey } from '../../src/index.ts';

const file = scratch();
const API = 'https://api.example.com';
const env = { AJWT_CONFIG: file('config') };
const isRoot = process.getuid?.() === 0;
let key: PrivateKey;
let server: FetchServer;

beforeAll(async () => {
  key = await PrivateKey.generate();
  writeFileSync(file('key'), key.toPem());
  writeFileSync(file('other'), (await PrivateKey.generate()).toPem());
  server = await startServer(key.publicKey);
});
beforeEach(() => {
  server.seen.length = 0;
  write(`origin ${API}\n  user guido\n  key key\n`);
});
afterAll(() => {
  server.server.close();
});

function write(text: string): void {
  writeFileSync(file('config'), text);
}
const sign = (url: string, args: readonly string[] = [], more: Record<string, string> = {}) =>
  ajwt(['token', ...args, '--bind', 'GET', url], { env: { ...env, ...more } });
const payloadOf = (token: string) => JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());
const headerOf = (token: string) =>
  JSON.parse(Buffer.from(token.split('.')[0]?.slice(4) ?? '', 'base64url').toString());
const sentClaims = () => payloadOf(server.seen[0]?.headers.authorization ?? '');

describe('a listed key signs', () => {
  test('for its origin, with the username of its section', async () => {
    const { code, stdout, stderr } = await sign(`${API}/me`);
    expect([code, stderr]).toEqual([0, '']);
    expect(headerOf(stdout).kid).toBe(key.publicKey.kid);
    expect(payloadOf(stdout)).toMatchObject({ username: 'guido', bind: { aud: API, htm: 'GET', target: '/me' } });
  });

  test.each([
    [API, 'https://API.Example.COM/me'],
    [API, 'https://api.example.com:443/me'],
    ['HTTPS://API.example.com:443/', `${API}/me`],
    ['https://bücher.example', 'https://xn--bcher-kva.example/me'],
    ['http://[0:0:0:0:0:0:0:1]:8080', 'http://[::1]:8080/me'],
  ])('for %s, in a request to %s', async (origin, url) => {
    write(`origin ${origin}\nuser guido\nkey key\n`);
    expect(await sign(url)).toMatchObject({ code: 0, stderr: '' });
  });

  test.each([
    ['http://api.example.com/', 'http://api.example.com'],
    ['https://api.example.com:8443/', 'https://api.example.com:8443'],
    ['https://api.example.com./', 'https://api.example.com.'],
    ['https://www.api.example.com/', 'https://www.api.example.com'],
    ['https://example.com/', 'https://example.com'],
    ['https://\u0430pi.example.com/', 'https://xn--pi-6kc.example.com'],
    ['https://api.example.com%2eevil.example/', 'https://api.example.com.evil.example'],
    ['https://evil.example\\@api.example.com/', 'https://evil.example'],
    ['https://evil.example/#@api.example.com/', 'https://evil.example'],
  ])('not for %s', async (url, origin) => {
    const { code, stdout, stderr } = await sign(url, ['--user', 'guido']);
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toContain(
      `ajwt: no private key for ${origin}; give --key FILE, set AJWT_KEY, or add the origin to ~/.config/ajwt/config\n`,
    );
  });

  test('no request to a URL with userinfo', async () => {
    for (const url of ['https://api.example.com@evil.example/', 'https://evil.example@api.example.com/']) {
      expect(await sign(url)).toMatchObject({
        code: 1,
        stdout: '',
        stderr: expect.stringContaining('the URL contains'),
      });
    }
  });

  test('no token that works for any request or for another service', async () => {
    expect(await ajwt(['token', '--user', 'guido'], { env })).toMatchObject({
      code: 1,
      stdout: '',
      stderr: 'ajwt: no private key; give --key FILE, or set AJWT_KEY\n',
    });
    expect(await ajwt(['token', '--user', 'guido', '--audience', API], { env })).toMatchObject({ code: 1, stdout: '' });
    expect(await sign(`${API}/me`, ['--audience', 'https://other.example'])).toMatchObject({
      code: 1,
      stdout: '',
      stderr: `ajwt: --audience: the configured key signs only for ${API}; set the audience in the configuration file, or give --key\n`,
    });
    expect((await sign(`${API}/me`, ['--audience', API])).code).toBe(0);
  });

  test('for the audience of its section', async () => {
    write(`origin ${API}\nuser guido\nkey key\naudience orders\n`);
    expect(payloadOf((await sign(`${API}/me`)).stdout).bind.aud).toBe('orders');
    expect((await sign(`${API}/me`, ['--audience', 'orders'])).code).toBe(0);
    expect((await sign(`${API}/me`, ['--audience', API])).code).toBe(1);
  });
});

describe('ajwt fetch', () => {
  const listed = (...lines: string[]) => write([`origin ${server.url}`, 'user guido', 'key key', ...lines].join('\n'));
  const fetch = (args: readonly string[], more: Record<string, string> = {}) =>
    ajwt(['fetch', ...args, `${server.url}/me`], { env: { ...env, ...more } });

  test('signs with the listed key, always bound to the audience', async () => {
    listed();
    expect(await fetch([])).toMatchObject({ code: 0, stdout: 'hello guido\n', stderr: '' });
    expect(sentClaims().bind).toEqual({ v: 1, aud: server.url });
  });

  test.each<[string, readonly string[], Record<string, string>]>([
    ['bind yes', [], {}],
    ['bind yes', [], { AJWT_BIND: '0' }],
    ['bind no', ['--bind'], {}],
    ['', [], { AJWT_BIND: '1' }],
  ])('binds everything with the line %j, the options %j and the variables %j', async (line, args, variables) => {
    listed(line);
    expect((await fetch(args, variables)).stdout).toBe('hello guido\n');
    expect(sentClaims().bind).toEqual({ v: 1, aud: server.url, htm: 'GET', target: '/me' });
  });

  test('also binds tokens signed with a key from an option or from AJWT_KEY, for a listed origin', async () => {
    write(`origin ${server.url}\nuser guido\nkey other\nbind yes\n`);
    for (const [args, variables] of [
      [['--key', file('key')], {}],
      [[], { AJWT_KEY: key.toPem() }],
    ] as const) {
      server.seen.length = 0;
      expect((await fetch(args, variables)).stdout).toBe('hello guido\n');
      expect(sentClaims().bind).toMatchObject({ aud: server.url, target: '/me' });
    }
  });

  test('prefers the username from an option or from AJWT_USER', async () => {
    write(`origin ${server.url}\nuser nobody\nkey key\n`);
    expect((await fetch(['--user', 'guido'])).stdout).toBe('hello guido\n');
    expect((await fetch([], { AJWT_USER: 'guido' })).stdout).toBe('hello guido\n');
  });

  test('does not follow a redirect to another listed origin', async () => {
    const redirecting = createServer((_, response) => {
      response.writeHead(307, { location: `${server.url}/me` }).end();
    });
    const url = await listen(redirecting);
    write([url, server.url].map((origin) => `origin ${origin}\nuser guido\nkey key\n`).join(''));
    const { code, stdout, stderr } = await ajwt(['fetch', `${url}/`], { env });
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(new RegExp(`^ajwt: ${url} redirects to ${server.url}; `));
    expect(server.seen).toEqual([]);
    redirecting.close();
  });

  test('has a signer that refuses URLs of other origins', async () => {
    const nowhere = new Writable();
    const streams = { stdin: Readable.from([]), stdout: nowhere, stderr: nowhere, env, ask: async () => undefined };
    const none = { user: undefined, key: undefined, 'passphrase-fd': undefined, audience: undefined };
    const caller = await readCaller({ ...none, bind: true, insecure: false }, new URL(API), new Io('ajwt', streams));
    const signFor = (url: string) =>
      caller.sign(
        { url: new URL(url), method: 'GET', body: undefined },
        { socket: new Socket(), forwarder: undefined, isLocal: false, peer: 'api.example.com' },
      );
    expect(payloadOf(await signFor(`${API}/me`)).bind.target).toBe('/me');
    await expect(signFor('https://evil.example/')).rejects.toThrow(
      `a key for ${API} must not sign for https://evil.example`,
    );
  });
});

describe('keys', () => {
  test('are relative to the folder of the configuration file, or to the home directory with ~/', async () => {
    mkdirSync(file('home'), { recursive: true });
    writeFileSync(file('home/mine'), key.toPem());
    write(`origin ${API}\nuser guido\nkey home/mine\norigin https://b.example\nuser guido\nkey ~/mine\n`);
    expect((await sign(`${API}/`)).code).toBe(0);
    const inHome = { env: { ...env, HOME: file('home') } };
    expect((await shell('ajwt token --bind GET https://b.example/', inHome)).stdout).toMatch(/^JWT /);
  });

  test('can be in an ssh-agent', async () => {
    write(`origin ${API}\nuser guido\nkey ssh-agent\n`);
    expect((await sign(`${API}/`, [], { SSH_AUTH_SOCK: file('no-agent') })).stderr).toMatch(
      /^ajwt: cannot reach the ssh-agent: its socket does not exist/,
    );
  });

  test('are named in the message if they cannot be read', async () => {
    write(`origin ${API}\nuser guido\nkey missing\n`);
    expect((await sign(`${API}/`)).stderr).toBe(
      `ajwt: ${file('missing')} cannot be read: there is no such file (ENOENT)\n`,
    );
  });
});

describe('the syntax', () => {
  test('has comments, empty lines, tabs, indentation, CRLF and a byte order mark', async () => {
    write(`\ufeff# comment\r\n\r\norigin\t${API}\r\n\t  user \t guido van rossum  \r\n  # comment\r\n  key key\r\n`);
    expect(payloadOf((await sign(`${API}/`)).stdout).username).toBe('guido van rossum');
  });

  const one = `origin ${API}\n`;
  test.each([
    ['user guido', 1, 'user must come after an origin line'],
    [`${one}${one}`, 2, `${API} already has a section`],
    [`${one}origin https://API.example.com:443/`, 2, `${API} already has a section`],
    [`${one}\n# x\nuser guido\nuser guido`, 5, 'user is already set for this origin'],
    [`${one}usr guido`, 2, 'unknown word usr; did you mean user?'],
    [`${one}User guido`, 2, 'unknown word User; did you mean user?'],
    [`${one}colour blue`, 2, 'unknown word colour; known words: origin, user, key, audience, bind'],
    [`${one}__proto__ x`, 2, 'unknown word __proto__; known words: origin, user, key, audience, bind'],
    [`${one}user=guido`, 2, 'unknown word; known words: origin, user, key, audience, bind'],
    [`${one}user = guido`, 2, 'user needs a value after a space: user guido'],
    [`${one}user`, 2, 'user needs a value after a space: user guido'],
    [
      `${one}user ${'x'.repeat(601)}`,
      2,
      'user: must be 1 to 600 bytes, without control characters, leading spaces or trailing spaces',
    ],
    [`${one}user gui\u0007do`, 2, 'must not contain control characters'],
    [`${one}bind all`, 2, 'bind: must be yes or no'],
    [
      `${one}key MC4CAQAwBQYDK2VwBCIEIHbMC4CAQAwBQYDK2VwBCIEIHbM`,
      2,
      'key: must be a file or ssh-agent[:FINGERPRINT], not the key itself',
    ],
    ['origin https://*.example.com', 1, 'origin: wildcards are not supported; write a section for each origin'],
    ...[
      'api.example.com',
      'https:api.example.com',
      'ftp://a.example',
      `${API}/v1`,
      `${API}?`,
      `${API}/#`,
      `${API} x`,
      'https://u:hunter2@a.example',
      'https://a.example\\b',
    ].map(
      (origin) =>
        [
          `origin ${origin}`,
          1,
          'origin: must be https://HOST or https://HOST:PORT, or the same with http://, and no path',
        ] as const,
    ),
  ] as const)('%j is refused', async (text, line, message) => {
    write(text);
    expect(await sign('https://b.example/', ['--user', 'guido', '--key', file('key')])).toMatchObject({
      code: 1,
      stdout: '',
      stderr: `ajwt: ${file('config')}, line ${line}: ${message}\n`,
    });
  });
});

describe('the file is refused', () => {
  const withFile = (AJWT_CONFIG: string, args: readonly string[] = []) => sign(`${API}/`, args, { AJWT_CONFIG });
  const refusalOf = async (path: string) =>
    (await withFile(path)).stderr.replace('ajwt: cannot use the configuration file: ', '');
  const makeIn = (folder: string) => {
    mkdirSync(file(folder));
    const path = file(`${folder}/config`);
    writeFileSync(path, `origin ${API}\nuser guido\nkey ../key\n`);
    return path;
  };

  test('if other users can write the file or its folder', async () => {
    const path = makeIn('writable');
    expect(await refusalOf(path)).toBe('');
    chmodSync(path, 0o664);
    expect(await refusalOf(path)).toBe(`the file ${path} can be written by others; \`chmod go-w\` it\n`);
    chmodSync(path, 0o644);
    chmodSync(file('writable'), 0o775);
    expect(await refusalOf(path)).toBe(`the folder ${file('writable')} can be written by others; \`chmod go-w\` it\n`);
  });

  test.runIf(isRoot)('if the file or its folder belongs to another user, even behind a link', async () => {
    const path = makeIn('planted');
    chownSync(path, 12345, 12345);
    expect(await refusalOf(path)).toMatch(`the file ${path} belongs to another user`);
    chownSync(path, 0, 0);
    chownSync(file('planted'), 12345, 12345);
    expect(await refusalOf(path)).toMatch(`the folder ${file('planted')} belongs to another user`);
    symlinkSync(file('planted'), file('linked'));
    expect(await refusalOf(file('linked/config'))).toMatch(`the folder ${file('linked')} belongs to another user`);
  });

  test('if the file is a link that leads out of its folder', async () => {
    mkdirSync(file('links'));
    symlinkSync(file('config'), file('links/config'));
    expect(await refusalOf(file('links/config'))).toMatch(
      `${file('links/config')} is a link that leads out of ${file('links')}`,
    );
  });

  test('even if the username and the key are given', async () => {
    const path = makeIn('given');
    chmodSync(path, 0o666);
    expect(await withFile(path, ['--user', 'guido', '--key', file('key')])).toMatchObject({ code: 1, stdout: '' });
  });

  test('if AJWT_CONFIG is empty, or names a file or folder that does not exist', async () => {
    expect(await refusalOf('')).toBe('ajwt: AJWT_CONFIG is empty; unset it, or give it a value\n');
    expect(await refusalOf(file('none'))).toBe(`ajwt: AJWT_CONFIG: ${file('none')} does not exist\n`);
    expect(await refusalOf(file('none/config'))).toMatch(`the folder ${file('none')} does not exist`);
  });
});

describe('without AJWT_CONFIG', () => {
  const inHome = (home: string, args = '') =>
    shell(`unset AJWT_CONFIG; export HOME='${home}'; ajwt token ${args} --bind GET ${API}/`, { cwd: file('home') });

  beforeAll(() => {
    mkdirSync(file('home/.config/ajwt'), { recursive: true });
    writeFileSync(file('home/.config/ajwt/config'), `origin ${API}\nuser guido\nkey key\n`);
    writeFileSync(file('home/.config/ajwt/key'), key.toPem());
  });

  test('the file is ~/.config/ajwt/config', async () => {
    expect(await inHome(file('home'))).toMatchObject({ code: 0, stdout: expect.stringMatching(/^JWT /), stderr: '' });
  });

  test('the file may be missing', async () => {
    mkdirSync(file('empty-home/.config'), { recursive: true });
    expect((await inHome(file('empty-home'), `--user guido --key ${file('key')}`)).code).toBe(0);
    expect((await inHome(file('empty-home'))).stderr).toMatch(
      `no username for ${API}; give --user NAME, set AJWT_USER`,
    );
  });

  test('a home directory that is a file, or that this user cannot enter, has no configuration', async () => {
    mkdirSync(file('closed'), { mode: 0o700 });
    for (const HOME of [file('closed'), file('key')]) {
      const outcome = await ajwtProcess(['token', '--bind', 'GET', `${API}/`], {
        env: { HOME, AJWT_CONFIG: undefined, AJWT_USER: 'guido', AJWT_KEY: key.toPem() },
        ...(canRunAsOthers ? { uid: 65_534 } : {}),
      });
      expect(outcome).toMatchObject({ code: 0, stderr: '' });
    }
  });

  test('the working directory is never the home directory', async () => {
    for (const home of ['', '.']) expect((await inHome(home)).stderr).toMatch(`no username for ${API}; `);
  });

  test('AJWT_CONFIG=/dev/null reads no file', async () => {
    const line = `HOME='${file('home')}' AJWT_CONFIG=/dev/null ajwt token --bind GET ${API}/`;
    expect((await shell(line)).stderr).toMatch(`no username for ${API}; `);
  });
});
