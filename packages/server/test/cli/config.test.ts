/** `ajwtd config check` and `print`, and where commands take their options from. */
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { ajwtd, scratch } from 'ajwt-testkit/ajwtd';
import { describe, expect, test } from 'vitest';

const path = scratch();
let count = 0;

function fileWith(content: string): string {
  const file = path(`${count++}`);
  writeFileSync(file, content, { mode: 0o600 });
  return file;
}

/** Returns the rows of `config print`, by member. */
async function printed(args: readonly string[], env: Record<string, string> = {}) {
  const { code, stdout, stderr } = await ajwtd(['config', 'print', '--json', ...args], { env });
  expect(code, stderr).toBe(0);
  const rows = JSON.parse(stdout) as { member: string; value: unknown; source: string; place: string | null }[];
  return new Map(rows.map((row) => [row.member, row]));
}

async function refused(args: readonly string[], env: Record<string, string> = {}): Promise<string> {
  const { code, stdout, stderr } = await ajwtd(args, { env });
  expect(code, stdout).toBe(1);
  return stderr;
}
const notPrinted = (args: readonly string[], env: Record<string, string> = {}) =>
  refused(['config', 'print', ...args], env);

describe('a value comes from', () => {
  const file = fileWith('tolerance: 30\nlisten: ":30"\nupstream: http://file\naudience: [f1, f2]\n');

  test('the option, otherwise the variable, otherwise the file, otherwise the default', async () => {
    const env = { AJWTD_CONFIG: file, AJWTD_TOLERANCE: '40', AJWTD_LISTEN: ':40' };
    const rows = await printed(['--tolerance', '50'], env);
    expect(rows.get('tolerance')).toMatchObject({ value: 50, source: 'flag', place: '--tolerance' });
    expect(rows.get('listen')).toMatchObject({ value: ':40', source: 'variable', place: 'AJWTD_LISTEN' });
    expect(rows.get('upstream')).toMatchObject({ value: 'http://file', source: 'file', place: `${file}:3:11` });
    expect(rows.get('workers')).toMatchObject({ value: 1, source: 'default', place: null });
    expect(rows.get('trusted-proxy')).toMatchObject({ value: [], source: 'default' });
  });

  test('one source as a whole: lists are not merged', async () => {
    const valueWith = async (args: readonly string[], env: Record<string, string> = {}) =>
      (await printed(['--config', file, ...args], env)).get('audience')?.value;
    expect(await valueWith([])).toEqual(['f1', 'f2']);
    expect(await valueWith([], { AJWTD_AUDIENCE: 'v1, v2' })).toEqual(['v1', 'v2']);
    expect(await valueWith(['--audience', 'o1'], { AJWTD_AUDIENCE: 'v1' })).toEqual(['o1']);
  });

  test('none, which empties a list', async () => {
    for (const [args, env] of [
      [['--audience', 'none'], {}],
      [[], { AJWTD_AUDIENCE: 'none' }],
    ] as const) {
      const row = (await printed(['--config', file, ...args], env)).get('audience');
      expect(row).toMatchObject({ value: [] });
      expect(row?.source).not.toBe('default');
    }
    for (const empty of ['none', '[]', '[none]']) {
      const row = (await printed(['--config', fileWith(`audience: ${empty}`)])).get('audience');
      expect(row).toMatchObject({ value: [], source: 'file' });
    }
  });

  test('none only if it is the only value', async () => {
    const says = 'none means an empty list, so it cannot be combined with values';
    expect(await notPrinted(['--audience', 'none', '--audience', 'a'])).toContain(`--audience: ${says}`);
    expect(await notPrinted([], { AJWTD_AUDIENCE: 'a,none' })).toContain(`AJWTD_AUDIENCE: ${says}`);
    const list = fileWith('audience: [a, none]');
    expect(await notPrinted(['--config', list])).toContain(`${list}:1:1: audience: ${says}`);
  });

  test('the file that --config names, even if AJWTD_CONFIG names another one', async () => {
    const other = fileWith('tolerance: 60');
    expect((await printed(['--config', other], { AJWTD_CONFIG: file })).get('tolerance')?.value).toBe(60);
  });
});

test('for people, print shows a table', async () => {
  const { stdout } = await ajwtd([
    'config',
    'print',
    '--audience',
    'a',
    '--audience',
    'b',
    '--database',
    'postgres://u:s3cret@h/d',
  ]);
  expect(stdout).toMatch(/^MEMBER +VALUE +SOURCE\nlisten +127\.0\.0\.1:8787 +default\n/);
  expect(stdout).toMatch(/\naudience +a, b +--audience\n/);
  expect(stdout).toMatch(/\ndatabase +postgres:\/\/u:\*\*\*@h\/d +--database\n/);
  expect(stdout).not.toContain('s3cret');
});

describe('a mistake names its source:', () => {
  test.each([
    ['tolerance: 700', ':1:12: tolerance: must be a number from 1 to 600'],
    ['listen: 127.0.0.1', ':1:9: listen: must be HOST:PORT, such as 127.0.0.1:8787'],
    ['require: [aud]', ':1:1: require: aud needs --audience, the name of this service'],
    ['database: ajwt.db', ':1:11: database: must be sqlite:PATH'],
  ])('%s', async (content, says) => {
    const file = fileWith(content);
    expect(await notPrinted(['--config', file])).toContain(`ajwtd: ${file}${says}`);
  });

  test('with the number of other mistakes', async () => {
    const file = fileWith('tolerence: 1\nworkerz: 2\nlistn: 3');
    expect(await notPrinted(['--config', file])).toBe(
      `ajwtd: ${file}:1:1: unknown member tolerence; did you mean tolerance? (and 2 more mistakes; run \`ajwtd config check ${file}\`)\n`,
    );
  });

  test('or the file itself, for every command with a database', async () => {
    for (const words of [['serve'], ['user', 'list'], ['migrate'], ['audit']]) {
      expect(await refused(words, { AJWTD_CONFIG: path('none') })).toMatch(
        /^ajwtd: cannot use the configuration file: \S+ does not exist\n$/,
      );
    }
    expect(await refused(['user', 'list'], { AJWTD_CONFIG: '' })).toContain('AJWTD_CONFIG is empty');
  });
});

describe('config check', () => {
  test('accepts a valid file', async () => {
    const file = fileWith('listen: ":80"\nrequire: [aud]\naudience: a\n');
    expect(await ajwtd(['config', 'check', file])).toMatchObject({ code: 0, stdout: `${file} is valid\n`, stderr: '' });
  });

  test('lists all mistakes of the file, each in one line', async () => {
    const file = fileWith('tolerence: 1\ntolerance: 0\n');
    expect(await refused(['config', 'check', file])).toBe(
      `ajwtd: ${file}:1:1: unknown member tolerence; did you mean tolerance?\najwtd: ${file}:2:12: tolerance: must be a number from 1 to 600\n`,
    );
  });

  test('lists all values that no option would accept', async () => {
    const file = fileWith(
      'listen: x\nupstream: x\ndatabase: x\nnonces: memory\nworkers: 2\ntrusted-proxy: [localhost]\n',
    );
    const lines = (await refused(['config', 'check', file])).trimEnd().split('\n');
    expect(lines.map((line) => line.replace(`ajwtd: ${file}:`, '').split(': ', 2).join(': ')).sort()).toEqual([
      '1:9: listen',
      '2:11: upstream',
      '3:11: database',
      '5:10: workers',
      '6:1: trusted-proxy',
    ]);
  });

  test('ignores the environment', async () => {
    const file = fileWith('require: [aud]');
    const { code } = await ajwtd(['config', 'check', file], { env: { AJWTD_AUDIENCE: 'a' } });
    expect(code).toBe(1);
  });

  test('needs a file', async () => expect(await refused(['config', 'check'])).toContain('FILE is missing'));
});

describe('a secret in a file that AJWTD_…_FILE names', () => {
  const secret = fileWith('postgres://app:s3cret@db/users\n');

  test('is read without its line break, and shown without the password', async () => {
    const rows = await printed([], {
      AJWTD_DATABASE_FILE: secret,
      AJWTD_NONCES_FILE: fileWith('redis://:s3cret@cache\r\n'),
    });
    expect(rows.get('database')).toMatchObject({
      ...{ value: 'postgres://app:***@db/users', source: 'variable', place: 'AJWTD_DATABASE_FILE' },
    });
    expect(rows.get('nonces')).toMatchObject({ value: 'redis://:***@cache', place: 'AJWTD_NONCES_FILE' });
  });

  test('is refused if the variable itself is also set, even if an option has precedence', async () => {
    const env = { AJWTD_DATABASE: 'sqlite:a.db', AJWTD_DATABASE_FILE: secret };
    const says = 'ajwtd: AJWTD_DATABASE and AJWTD_DATABASE_FILE are both set; unset one of them\n';
    expect(await notPrinted([], env)).toBe(says);
    expect(await notPrinted(['--database', 'sqlite:b.db'], env)).toBe(says);
  });

  test('has precedence over the configuration file, but not over the option', async () => {
    const env = { AJWTD_DATABASE_FILE: secret, AJWTD_CONFIG: fileWith('database: sqlite:/c.db') };
    expect((await printed([], env)).get('database')?.place).toBe('AJWTD_DATABASE_FILE');
    expect((await printed(['--database', 'sqlite:/a.db'], env)).get('database')?.place).toBe('--database');
  });

  test.each([
    ['', 'is empty'],
    ['\n', 'is empty'],
    ['s3cret\ns3cret\n', 'must contain one line without control characters'],
    ['s3cret\0', 'must contain one line without control characters'],
    ['s3cret'.repeat(20_000), 'is larger than 65536 bytes'],
  ])('%j is refused, and not repeated', async (content, says) => {
    const file = fileWith(content);
    const line = await notPrinted([], { AJWTD_DATABASE_FILE: file });
    expect(line).toBe(`ajwtd: AJWTD_DATABASE_FILE: ${file} ${says}\n`);
  });

  test('names the variable if its content is wrong', async () => {
    const line = await notPrinted([], { AJWTD_DATABASE_FILE: fileWith('postgres://s3cret') });
    expect(line).toMatch(/^ajwtd: AJWTD_DATABASE_FILE: must name user, host and database/);
    expect(line).not.toContain('s3cret');
  });

  test('is refused if the file is missing, not a file, or writable by others', async () => {
    mkdirSync(path('folder'));
    const open = fileWith('sqlite:a.db');
    chmodSync(open, 0o666);
    for (const [file, says] of [
      [path('none'), 'does not exist'],
      [path('folder'), 'is not a regular file'],
      [open, 'can be written by others; `chmod go-w` it'],
    ] as const) {
      const line = await notPrinted([], { AJWTD_DATABASE_FILE: file });
      expect(line).toContain('AJWTD_DATABASE_FILE: ');
      expect(line).toContain(says);
    }
    expect(await notPrinted([], { AJWTD_DATABASE_FILE: '' })).toContain('AJWTD_DATABASE_FILE is empty; unset it');
  });

  test('exists for no other option', async () => {
    expect(await notPrinted([], { AJWTD_LISTEN_FILE: secret })).toMatch(
      /unknown environment variable AJWTD_LISTEN_FILE/,
    );
  });
});

test('the other commands use the database in the configuration file', async () => {
  const env = { AJWTD_CONFIG: fileWith(`database: sqlite:${path('users.db')}\nlisten: ":80"\n`) };
  expect(await ajwtd(['user', 'add', 'guido'], { env })).toMatchObject({ code: 0 });
  expect((await ajwtd(['user', 'list', '--database', `sqlite:${path('users.db')}`])).stdout).toContain('guido');
});

test('the help names the variable for a secret in a file', async () => {
  const { stdout } = await ajwtd(['help', 'user', 'list']);
  expect(stdout.replace(/\s+/g, ' ')).toContain('(env: AJWTD_DATABASE or AJWTD_DATABASE_FILE)');
  expect(stdout).not.toContain('AJWTD_CONFIG_FILE');
});
