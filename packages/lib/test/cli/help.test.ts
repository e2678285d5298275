/** Help, versions, and errors about unknown commands and options. */
import { readFileSync } from 'node:fs';
import { ajwt } from 'ajwt-testkit/ajwt';
import { describe, expect, test } from 'vitest';

const COMMANDS = ['keygen', 'token', 'fetch', 'explain', 'pubkey', 'completion'];

describe('help', () => {
  test.each([['--help'], ['-h'], ['help']])(
    'ajwt %s names every command and every environment variable',
    async (word) => {
      const { code, stdout, stderr } = await ajwt([word]);
      expect([code, stderr]).toEqual([0, '']);
      for (const name of [...COMMANDS, 'AJWT_USER', 'AJWT_KEY', 'AJWT_PASSPHRASE', 'AJWT_BIND', 'AJWT_CONFIG'])
        expect(stdout).toContain(name);
    },
  );

  test.each(COMMANDS)('ajwt %s: --help, -h and `ajwt help` print the same', async (name) => {
    const texts = await Promise.all([ajwt([name, '--help']), ajwt([name, '-h']), ajwt(['help', name])]);
    expect(texts.map(({ code }) => code)).toEqual([0, 0, 0]);
    expect(new Set(texts.map(({ stdout }) => stdout)).size).toBe(1);
    expect(texts[0]?.stdout).toMatch(new RegExp(`^Usage: ajwt ${name} `));
    expect(texts[0]?.stdout).toContain('Examples:\n');
  });

  test('fits into 80 columns, except the examples', async () => {
    for (const name of COMMANDS) {
      const [text] = (await ajwt(['help', name])).stdout.split('Examples:');
      expect(text?.split('\n').filter((line) => line.length > 80)).toEqual([]);
    }
  });

  test('is printed for --help even if other options are wrong, unless --help is the value of an option', async () => {
    expect((await ajwt(['token', '--user', 'guido', '--help'])).stdout).toMatch(/^Usage: ajwt token/);
    expect((await ajwt(['token', '--user=--help'])).stderr).toBe(
      'ajwt: no private key; give --key FILE, or set AJWT_KEY\n',
    );
  });

  test('is printed to standard error without a command, with exit code 1', async () => {
    const { code, stdout, stderr } = await ajwt([]);
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toContain('Usage: ajwt COMMAND');
  });

  test('--version prints the version of the package', async () => {
    const { version } = JSON.parse(readFileSync('packages/lib/package.json', 'utf8'));
    expect(await ajwt(['--version'])).toMatchObject({ code: 0, stdout: `ajwt ${version}\n`, stderr: '' });
  });
});

describe('an unknown command or option prints one line to standard error, with exit code 1', () => {
  test.each([
    [['fetsh'], 'unknown command fetsh; did you mean fetch?'],
    [['key'], 'unknown command key; did you mean keygen?'],
    [['frobnicate'], 'unknown command frobnicate; see `ajwt --help`'],
    [['help', 'pubkye'], 'unknown command pubkye; did you mean pubkey?'],
    [['--user', 'guido', 'token'], 'unknown option --user; the command comes first: see `ajwt --help`'],
    [['token', '--usr', 'x'], 'unknown option --usr; did you mean --user?'],
    [['fetch', '--faill'], 'unknown option --faill; did you mean --fail?'],
    [['keygen', '--frobnicate'], 'unknown option --frobnicate; see `ajwt keygen --help`'],
    [['token', '-user', 'x'], 'unknown option -user; did you mean --user?'],
    [['token', '–user', 'x'], 'an option begins with a dash that is not a hyphen; type it as -- or -'],
    [['token', '--käy', 'x'], 'unknown option --käy; did you mean --key?'],
    [['token', '--user.name', 'x'], 'unknown option --user.name; see `ajwt token --help`'],
    [
      ['token', '--upstream-response-timeout-seconds', '5'],
      'unknown option --upstream-response-timeout-seconds; see `ajwt token --help`',
    ],
    [['fetch', '-Y'], 'unknown option -Y; see `ajwt fetch --help`'],
    [['fetch', '--retry-al'], 'unknown option --retry-al; did you mean --retry-all-errors?'],
    [['fetch', '--cookie-jar', 'x'], 'unknown option --cookie-jar; see `ajwt fetch --help`'],
    [['token', '--user'], '--user needs a value: --user NAME'],
    [['token', '--user', '--key', 'x'], '--user needs a value: --user NAME'],
    [['fetch', '-i', '-X'], '-X needs a value: -X METHOD'],
    [['fetch', '--bind=GET'], '--bind takes no value; see `ajwt fetch --help`'],
    [['keygen', 'x'], 'unexpected argument; `ajwt keygen` takes only options; see `ajwt keygen --help`'],
    [
      ['pubkey', 'a', 'b'],
      'unexpected argument; `ajwt pubkey` takes one argument and options; see `ajwt pubkey --help`',
    ],
    [['token', '__proto__'], 'unexpected argument; `ajwt token` takes only options; see `ajwt token --help`'],
    [['token', '--__proto__=x'], 'unknown option --__proto__; see `ajwt token --help`'],
    [['toString'], 'unknown command toString; see `ajwt --help`'],
  ])('ajwt %j', async (args, message) => {
    expect(await ajwt(args)).toMatchObject({ code: 1, stdout: '', stderr: `ajwt: ${message}\n` });
  });

  test('without repeating a key or token in the wrong place', async () => {
    const secret = '-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIHbM\n-----END PRIVATE KEY-----\n';
    const token = 'eyJhbGciOiJFZERTQSJ9.eyJ1c2VybmFtZSI6Imd1aWRvIn0.c2lnbmF0dXJl';
    const wrong = [
      ['pubkey', secret],
      ['pubkey', Buffer.from(secret).toString('base64')],
      ['pubkey', '{"kty":"OKP","d":"MC4CAQAwBQYDK2VwBCIEIHbM"}'],
      [secret],
      ['token', '--user', 'u', '--key', secret],
      ['token', '--user', 'u', '--key', Buffer.from(secret).toString('base64')],
      ['token', '--user', 'u', '--kye=MC4CAQAwBQYDK2VwBCIEIHbM'],
      ['token', token],
      [token],
    ];
    for (const args of wrong) {
      const { code, stdout, stderr } = await ajwt(args);
      expect([code, stdout]).toEqual([1, '']);
      expect(stderr).toMatch(/^ajwt: [^\n]+\n$/);
      expect(stderr).not.toMatch(/MC4C|TUM0Q|LS0t|c2lnbmF0dXJl/);
    }
  });
});
