/** For every invalid option, `ajwtd serve` prints one line that names the option and exits with code 1, before it creates any file. */
import { chmodSync, closeSync, existsSync, mkdirSync, openSync, readdirSync, writeFileSync, writeSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { DatabaseSync } from 'node:sqlite';
import { ajwtd, ajwtdProcess, type RunOptions, scratch } from 'ajwt-testkit/ajwtd';
import { databaseWith } from 'ajwt-testkit/directory';
import { canRunAsOthers, NEEDS_OTHERS } from 'ajwt-testkit/other-users';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const path = scratch();
const NEW = path('new.db');
/** Root can write to every file, so these tests run `ajwtd` as another user. */
const IS_ROOT = process.getuid?.() === 0;
const AS_NOBODY: RunOptions = canRunAsOthers ? { uid: 65_534 } : {};

const settings = (env: Record<string, string>) => ({
  ...{ AJWTD_DATABASE: `sqlite:${NEW}`, AJWTD_ADMIN_LISTEN: 'off', AJWTD_LISTEN: '127.0.0.1:0' },
  ...env,
});

/** Runs `ajwtd serve` in a separate process, and expects it to refuse to start. @returns the error message */
async function refused(args: readonly string[], as: RunOptions = {}): Promise<string> {
  return messageOf(await ajwtdProcess(['serve', ...args], { ...as, env: settings({}), cwd: path('.') }));
}

/** Runs `ajwtd serve` with an invalid option in the test process. @returns the error message */
async function refusedOption(args: readonly string[], env: Record<string, string> = {}): Promise<string> {
  return messageOf(await ajwtd(['serve', ...args], { env: settings(env) }));
}

function messageOf({ code, stdout, stderr }: Awaited<ReturnType<typeof ajwtd>>): string {
  expect(code, stdout + stderr).toBe(1);
  expect(stderr).toMatch(/^ajwtd: [^\n]+\n$/);
  expect(stderr).not.toMatch(/unexpected \w+:|\bat \w+ \(|TypeError/);
  return stderr;
}

/** Options with invalid values. */
const WRONG: Readonly<Record<string, readonly string[]>> = {
  tolerance: ['NaN', '-1', '20 ', 'Infinity', '0', '601', '0x14', ''],
  listen: ['8787', '127.0.0.1:65536', '[::g]:1', 'http://127.0.0.1:1'],
  'admin-listen': ['no'],
  upstream: ['127.0.0.1:8080', 'ftp://x', 'http://127.0.0.1/path', 'http://u:p@127.0.0.1'],
  database: ['ajwt.db', 'sqlite:', 'sqlite::memory:', 'postgres://x'],
  nonces: [
    'redis',
    'redis://',
    'redis://u:p@h:99999',
    'redis://h/x',
    'redis://a,b',
    'redis+sentinel://h',
    'redis+cluster://h/1',
    '',
  ],
  workers: ['0', '-1', '1.5', '129', 'auto'],
  'max-waiting': ['0', '-1', '1.5', '1e3', '1000000', 'off', ''],
  'max-waiting-per-address': ['0', '-1', '1.5', 'none', ''],
  audience: [''],
  require: ['digest', 'aud', 'htm,digest', 'time', ''],
  'trusted-proxy': ['10.0.0.0/33', '::1/129', 'localhost', '10.0.0'],
  'user-header': ['Authorization', 'X_Auth_User', 'X Auth', 'X-Auth-Key'],
  'key-header': ['x-auth-user', 'X-Forwarded-For', 'T\u00e4ter'],
  'jwks-allow-private': ['', 'localhost:8443', 'https://localhost', 'a b'],
  'serve-jwks': ['', 'no-such-file', '.'],
  'log-level': ['trace'],
};
/** Values for which the error message names an option other than the given one. */
const NAMED: Readonly<Record<string, string>> = { 'user-header X-Auth-Key': 'key-header' };

describe.concurrent('the error message names an invalid option', () => {
  const cases = Object.entries(WRONG).flatMap(([option, values]) => values.map((value) => [option, value] as const));
  test.each(cases)('--%s=%j', async (option, value) => {
    const line = await refusedOption([`--${option}=${value}`]);
    expect(line).toContain(`--${NAMED[`${option} ${value}`] ?? option}: `);
  });

  test.each([
    ['AJWTD_TOLERANCE', 'NaN'],
    ['AJWTD_LISTEN', '8787'],
    ['AJWTD_DATABASE', 'ajwt.db'],
    ['AJWTD_REQUIRE', 'aud'],
    ['AJWTD_TRUSTED_PROXY', '::1, localhost'],
    ['AJWTD_USER_HEADER', 'Host'],
  ])('or the variable, for %s=%s', async (variable, value) => {
    expect(await refusedOption([], { [variable]: value })).toContain(`${variable}: `);
  });

  test.each([
    [['--tolerence', '20'], /unknown option --tolerence; did you mean --tolerance\?/],
    [['--worker', '4'], /unknown option --worker; did you mean --workers\?/],
    [
      ['--workers', '2', '--nonces', 'memory'],
      /--workers: with nonces in memory, every worker would accept the same token once/,
    ],
    [['-x'], /unknown option -x/],
    [['--tolerance'], /--tolerance needs a value/],
    [['--listen', '--upstream', 'http://127.0.0.1:1'], /--listen needs a value/],
    [['127.0.0.1:8787'], /unexpected argument; give only options/],
  ] as const)('%j', async (args, says) => expect(await refusedOption(args)).toMatch(says));
});

test('no invalid option creates a database', () => {
  expect(existsSync(NEW)).toBe(false);
  expect(readdirSync(path('.'))).toEqual([]);
});

describe('the error message explains why the server cannot listen', () => {
  const other = createServer();
  beforeAll(() => new Promise<void>((done) => other.listen(0, '127.0.0.1', done)));
  afterAll(() => other.close());
  const taken = () => `127.0.0.1:${(other.address() as AddressInfo).port}`;

  test('if the port is in use', async () => {
    expect(await refused(['--listen', taken()])).toBe(
      `ajwtd: cannot listen on ${taken()}: the address is in use; choose another with --listen\n`,
    );
    expect(await refused(['--admin-listen', taken()])).toContain(
      `cannot listen on ${taken()}: the address is in use; choose another with --admin-listen`,
    );
  });

  test('if the address belongs to another machine', async () => {
    expect(await refused(['--listen', '192.0.2.1:0'])).toMatch(/cannot listen on 192\.0\.2\.1:0: EADDRNOTAVAIL/);
  });
});

describe('the error message explains why the database cannot be opened', () => {
  const at = (name: string) => ['--database', `sqlite:${path(name)}`];
  const saying = (name: string) => new RegExp(`the database ${path(name)} cannot be opened: `);

  test('if the file is not a database', async () => {
    writeFileSync(path('text.db'), 'not a database, but long enough that SQLite reads its header'.repeat(100));
    expect(await refused(at('text.db'))).toMatch(saying('text.db'));
  });

  test('if the path is a folder', async () => {
    mkdirSync(path('folder'));
    expect(await refused(at('folder'))).toContain(
      `the database ${path('folder')} cannot be opened: it is a folder; give the path of a file`,
    );
  });

  test('if the folder does not exist', async () => {
    expect(await refused(at('none/ajwt.db'))).toContain(
      `cannot be opened: the folder ${path('none')} does not exist; create it`,
    );
  });

  test('if the path leads through a file', async () => {
    expect(await refused(at('text.db/ajwt.db'))).toContain(`cannot be opened: ${path('text.db')} is not a folder`);
  });

  test('if the path is a device', async () => {
    expect(await refused(['--database', 'sqlite:/dev/null'])).toBe(
      'ajwtd: the database /dev/null cannot be opened: it is not a regular file; give the path of a file\n',
    );
  });

  test('if its tables are of another version', async () => {
    const file = new DatabaseSync(path('other.db'));
    file.exec('CREATE TABLE other (id INTEGER)');
    file.close();
    expect(await refused(at('other.db'))).toMatch(/lacks .*; run `ajwtd migrate` first/);
  });

  // Root can write to the file whatever its mode is.
  test.skipIf(IS_ROOT && !canRunAsOthers)(`if the file is read-only ${NEEDS_OTHERS}`, async () => {
    await databaseWith(path('readonly.db'), ['alice']);
    chmodSync(path('readonly.db'), 0o444);
    chmodSync(path('.'), 0o755);
    const line = await refused(at('readonly.db'), AS_NOBODY);
    expect(line).toMatch(saying('readonly.db'));
    expect(line).toMatch(
      /: user \S+ cannot read and write the file \S+readonly\.db \(owner \S+, mode 0444\); run ajwtd as/,
    );
  });

  test.skipIf(!canRunAsOthers)(
    `if the file or folder belongs to another user, with its owner and mode ${NEEDS_OTHERS}`,
    async () => {
      await databaseWith(path('private.db'), ['alice']);
      chmodSync(path('.'), 0o755);
      chmodSync(path('private.db'), 0o600);
      expect(await refused(at('private.db'), AS_NOBODY)).toMatch(
        /: user \S+ cannot read and write the file \S+private\.db \(owner root, mode 0600\); run ajwtd as the owner, or change/,
      );
      mkdirSync(path('closed'), 0o700);
      expect(await refused(at('closed/ajwt.db'), AS_NOBODY)).toMatch(
        /: user \S+ cannot enter the folder \S+closed \(owner root, mode 0700\); run ajwtd as/,
      );
      mkdirSync(path('shown'), 0o755);
      expect(await refused(at('shown/ajwt.db'), AS_NOBODY)).toMatch(
        /: user \S+ cannot create files in the folder \S+shown \(owner root, mode 0755\); run ajwtd as/,
      );
    },
  );

  test('if the database is damaged', async () => {
    await databaseWith(path('damaged.db'), ['alice']);
    const file = openSync(path('damaged.db'), 'r+');
    writeSync(file, Buffer.alloc(32_768), 0, 32_768, 512);
    closeSync(file);
    expect(await refused(at('damaged.db'))).toContain(path('damaged.db'));
  });
});
