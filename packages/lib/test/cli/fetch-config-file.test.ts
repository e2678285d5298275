/** `ajwt fetch -K`, and the options of curl that are refused by name. */
import { writeFileSync } from 'node:fs';
import type { Server } from 'node:http';
import { ajwt, lacks, scratch } from 'ajwt-testkit/ajwt';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { PrivateKey } from '../../src/index.ts';
import { besideCurl, startEcho } from './beside-curl.ts';

const file = scratch();
const env = { AJWT_USER: 'guido', AJWT_KEY: file('key') };
let server: Server;
let url = '';

beforeAll(async () => {
  writeFileSync(file('key'), (await PrivateKey.generate()).toPem());
  ({ server, url } = await startEcho());
});
afterAll(() => {
  server.close();
});

const write = (text: string) => writeFileSync(file('options'), text.replaceAll('URL', url));

describe.skipIf(lacks('curl', '--version'))('-K has the same effect as in curl', () => {
  test.each([
    ['options and values', 'url = "URL/x"\ndata = "a=1"\nheader: "X-One: 1"\n'],
    ['dashes and short names', '--url URL/x\n-d a=1\n-X PUT\nA me\n'],
    ['comments and empty lines', '# a comment\n\n   \n  url = URL/x # why\nsilent\n'],
    ['escapes', 'url = URL/x\ndata-raw = "a\\tb\\n\\"c\\" \\\\ \\d"\n'],
    ['Windows line endings', 'url = "URL/x"\r\ndata = b\r\n'],
    ['an empty value', 'url = URL/x\nuser-agent = ""\n'],
    ['a value without an equals sign', 'url "URL/x"\ndata "a b"\n'],
    ['a switch', 'get\nurl = URL/x\ndata = q=1\n'],
  ])('%s', async (_name, text) => {
    write(text);
    const { curl, ours } = await besideCurl(['-K', file('options')], { env });
    expect([ours.code, ours.stdout]).toEqual([curl.code, curl.stdout]);
    expect(ours.code).toBe(0);
  });

  test.each([[[`-K${file('options')}`]], [['--config', file('options')]], [['-s', '-K', file('options'), '-S']]])(
    '%j',
    async (args) => {
      write('url = URL/x\n');
      const { curl, ours } = await besideCurl(args, { env });
      expect([ours.code, ours.stdout]).toEqual([curl.code, curl.stdout]);
    },
  );

  test('reads options from standard input, and keeps their order relative to other options', async () => {
    const args = ['-d', 'first', '-K', '-', '-d', 'last', `${url}/x`];
    const { curl, ours } = await besideCurl(args, { env, input: 'data = "middle"\n' });
    expect([ours.code, ours.stdout]).toEqual([curl.code, curl.stdout]);
    expect(ours.stdout).toContain('first&middle&last');
  });

  test('-K as the value of another option does not name an options file', async () => {
    const { curl, ours } = await besideCurl(['-sd', '-Knowhere', `${url}/x`], { env });
    expect([ours.code, ours.stdout]).toEqual([curl.code, curl.stdout]);
  });

  test('-K reports a file that cannot be read', async () => {
    const { code, stderr } = await ajwt(['fetch', '-K', file('nowhere'), url], { env });
    expect([code, stderr]).toEqual([26, `ajwt: -K: cannot read ${file('nowhere')}: there is no such file (ENOENT)\n`]);
    expect((await besideCurl(['-K', file('nowhere'), url], { env })).curl.code).toBe(code);
  });
});

describe('a line of -K is refused, with its number and the reason', () => {
  test.each([
    [
      'user = "guido:hunter2"',
      'user is refused: curl uses it for a name and password; give --user NAME on the command line',
    ],
    ['-u guido:hunter2', 'u is refused: curl uses it for a name and password; give --user NAME on the command line'],
    [
      'key = x',
      'key is refused: curl uses it for the key of a client certificate; give --key on the command line, or tls-key here',
    ],
    ['--cert x', 'cert is refused: give tls-cert'],
    ['proxy-user = "a:hunter2"', 'proxy-user is refused: write the name and password in the URL of the proxy'],
    ['config = x', 'config is refused: an options file cannot name another one'],
    ['data = a hunter2', 'must be an option and a value; put a value with spaces in quotes'],
    ['data = "hunter2', 'must be an option and a value; put a value with spaces in quotes'],
  ])('%s', async (line, message) => {
    write(`# first\n${line}\n`);
    const { code, stdout, stderr } = await ajwt(['fetch', '-K', file('options'), url], { env });
    expect([code, stdout, stderr]).toEqual([1, '', `ajwt: -K: ${file('options')}, line 2: ${message}\n`]);
  });

  test('an unknown option, or a curl option that ajwt refuses', async () => {
    write('retri = 3\n');
    expect((await ajwt(['fetch', '-K', file('options'), url], { env })).stderr).toBe(
      'ajwt: unknown option --retri; did you mean --retry?\n',
    );
    write('next\n');
    expect((await ajwt(['fetch', '-K', file('options'), url], { env })).stderr).toMatch(
      /^ajwt: --next is not supported: /,
    );
    write('-C 5\n');
    expect((await ajwt(['fetch', '-K', file('options'), url], { env })).stderr).toMatch(/^ajwt: -C is not supported: /);
  });

  test('-K is refused in one word with other options', async () => {
    expect(await ajwt(['fetch', '-sK', file('options'), url], { env })).toMatchObject({
      code: 1,
      stderr: 'ajwt: -K: must not be combined with other options in one word\n',
    });
  });
});

describe('options of curl that are refused by name, with the reason', () => {
  test.each([
    [
      ['--cert', 'x'],
      '--cert is not supported: the client certificate is given with --tls-cert, because --key is the key that signs',
    ],
    [
      ['-u', 'guido:hunter2'],
      '-u is not supported: there is no password: the token identifies the caller; give --user NAME',
    ],
    [
      ['-uguido:hunter2'],
      '-u is not supported: there is no password: the token identifies the caller; give --user NAME',
    ],
    [
      ['-C', '-'],
      '-C is not supported: downloads cannot be resumed, because the file may have changed; download all of it',
    ],
    [['-Z'], '-Z is not supported: each request needs its own token; run one command for each request'],
    [['--next'], '--next is not supported: each request needs its own token; run one command for each request'],
    [['-:'], '-: is not supported: each request needs its own token; run one command for each request'],
    [
      ['--location-trusted'],
      '--location-trusted is not supported: a token is never sent to another origin; request its URL if you trust it',
    ],
  ])('%j', async (args, message) => {
    expect(await ajwt(['fetch', ...args, url], { env })).toMatchObject({
      code: 1,
      stdout: '',
      stderr: `ajwt: ${message}\n`,
    });
  });
});
