/** `ajwtd doctor` on an installation with SQLite. Database servers and proxies have their own tests in e2e/. */

import { generateKeyPairSync } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  existsSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { ajwtd, ajwtdProcess, scratch } from 'ajwt-testkit/ajwtd';
import { inDirectory, publicKeyOf } from 'ajwt-testkit/directory';
import { canRunAsOthers, NEEDS_OTHERS } from 'ajwt-testkit/other-users';
import { beforeEach, describe, expect, test } from 'vitest';
import { CHECKS, type Finding } from '../../src/operations/doctor/finding.ts';

const file = scratch();
let count = 0;
let path = '';
beforeEach(() => {
  path = file(`${++count}.db`);
});

const isRoot = process.getuid?.() === 0;
const newKey = () => publicKeyOf(generateKeyPairSync('ed25519').privateKey);
const NOW = Math.floor(Date.now() / 1000);
const DAY = 86_400;
/** Options that give no finding of a level above `ok`, except that nobody is there to compare clocks with. */
const GOOD = ['--audience', 'https://api.example.com', '--require', 'aud,htm,target', '--admin-listen', '127.0.0.1:1'];

/** Runs `doctor`, and returns its exit code and findings. */
async function examine(args: readonly string[] = [], env: Record<string, string> = {}) {
  const { code, stdout, stderr } = await ajwtd(['doctor', '--json', ...args], {
    env: { ...(args.includes('--database') ? {} : { AJWTD_DATABASE: `sqlite:${path}` }), ...env },
  });
  expect(stderr).toBe('');
  const findings = JSON.parse(stdout) as Finding[];
  const about = (check: Finding['check']) => findings.filter((one) => one.check === check && one.level !== 'ok');
  return { code, findings, about };
}

/** Makes a database with a user and a key. */
async function makeDatabase(): Promise<void> {
  await inDirectory(path, async (directory) => void (await addKey(directory, 'guido')));
  chmodSync(path, 0o600);
}

type Directory = Parameters<Parameters<typeof inDirectory>[1]>[0];
const addKey = (directory: Directory, username: string, options: object = {}) =>
  directory.addKey(username, newKey(), { createUser: true, ...options });

/** Changes the tables by hand. */
function execute(sql: string): void {
  const database = new DatabaseSync(path);
  database.exec(sql);
  database.close();
}

describe('a good installation', () => {
  test('has no warning, and exit code 0', async () => {
    await makeDatabase();
    const { code, findings } = await examine(GOOD);
    expect(code).toBe(0);
    expect(findings.filter(({ level }) => level !== 'ok').map(({ check }) => check)).toEqual(['clock', 'server']);
    expect(findings).toContainEqual({
      check: 'database',
      level: 'ok',
      what: 'the tables are up to date (users: 1, keys: 1)',
    });
    expect(Object.keys(CHECKS)).toEqual(expect.arrayContaining(findings.map(({ check }) => check)));
  });

  test('is not changed, and no file is left behind', async () => {
    await makeDatabase();
    const [before, files] = [readFileSync(path), readdirSync(dirname(path))];
    await examine(GOOD);
    expect(readFileSync(path).equals(before)).toBe(true);
    expect(readdirSync(dirname(path))).toEqual(files);
  });

  test.each(['directly', 'through a link'])(
    'is read %s while a server has unwritten changes in its log',
    async (how) => {
      await makeDatabase();
      const link = how === 'directly' ? path : `${path}.link`;
      if (link !== path) symlinkSync(path, link);
      const server = new DatabaseSync(path);
      server.exec("INSERT INTO ajwt_user (username, disabled, created) VALUES ('ada', 0, 1)");
      const { findings } = await examine([...GOOD, '--database', `sqlite:${link}`]);
      server.close();
      expect(findings.map(({ what }) => what)).toContain('the tables are up to date (users: 2, keys: 1)');
    },
  );

  test('can have a path with characters that mean something in a URL', async () => {
    path = file('a?b=%41 #ü.db');
    await makeDatabase();
    expect((await examine(GOOD)).findings.map(({ what }) => what)).toContain(
      'the tables are up to date (users: 1, keys: 1)',
    );
    expect(existsSync(`${path}-shm`)).toBe(false);
  });

  test('is printed as a list, with a sign and what to do', async () => {
    await makeDatabase();
    const { stdout, stderr, code } = await ajwtd(['doctor', ...GOOD, '--trusted-proxy', '0.0.0.0/0'], {
      env: { AJWTD_DATABASE: `sqlite:${path}` },
    });
    expect(code).toBe(1);
    expect(stdout).toMatch(/^✓ ok {7}configuration {2}the settings are valid$/m);
    expect(stdout).toMatch(
      /^✗ problem {2}configuration {2}--trusted-proxy 0\.0\.0\.0\/0: strangers .*\n {26}→ list only/m,
    );
    expect(stderr).toBe('problems: 1, warnings: 0, hints: 2\n');
  });
});

describe('configuration', () => {
  test('every wrong value is a problem, and nothing else is checked', async () => {
    const { code, findings } = await examine(['--tolerance', 'x', '--workers', '0']);
    expect(code).toBe(1);
    expect(findings.map(({ what }) => what)).toEqual([
      '--workers: must be a whole number from 1 to 128',
      '--tolerance: must be a number of seconds from 1 to 600',
    ]);
  });

  test.each([
    [['--listen', ':8787'], 'warning', '--listen ::: other machines can connect without TLS'],
    [['--trusted-proxy', '0.0.0.0/1'], 'problem', 'strangers can forge'],
    [['--trusted-proxy', '::/0'], 'problem', 'strangers can forge'],
    [['--trusted-proxy', '8.8.0.0/16'], 'warning', 'this range of public addresses is wide'],
    [
      ['--upstream', 'http://127.0.0.1:1'],
      'problem',
      'the application http://127.0.0.1:1 cannot be reached: ECONNREFUSED',
    ],
    [['--access-log', 'off'], 'hint', 'the log does not show why'],
    [['--tolerance', '120'], 'hint', 'a stolen token can be used for a long time'],
    [['--workers', '128'], 'hint', 'this machine has'],
    [['--require', 'none'], 'hint', 'tokens need not be bound'],
    [['--require', 'htm'], 'hint', 'tokens without an audience are accepted'],
  ])('%j is a %s', async (args, level, what) => {
    await makeDatabase();
    const { about } = await examine(['--audience', 'https://api.example.com', ...args]);
    expect(about('configuration')).toContainEqual(
      expect.objectContaining({ level, what: expect.stringContaining(what), todo: expect.any(String) }),
    );
  });

  test.each(['10.0.0.0/8', '172.16.0.0/12', 'fc00::/7', '::1', '8.8.8.0/24', '2001:4860:4860::/48'])(
    'the trusted proxies %s are narrow enough',
    async (range) => {
      expect((await examine([...GOOD, '--trusted-proxy', range])).about('configuration')).toEqual([]);
    },
  );
});

describe('files', () => {
  test('a database that others can read or change is reported', async () => {
    await makeDatabase();
    chmodSync(path, 0o644);
    expect((await examine(GOOD)).about('files')).toMatchObject([
      {
        level: 'warning',
        what: expect.stringContaining('can be read by every user'),
        todo: `run \`chmod o-r ${path}\``,
      },
    ]);
    chmodSync(path, 0o666);
    const { code, about } = await examine(GOOD);
    expect(code).toBe(1);
    expect(about('files')).toMatchObject([{ level: 'problem', what: expect.stringContaining('writable by anyone') }]);
  });

  test.skipIf(!isRoot)('a log that another user owns is reported', async () => {
    await makeDatabase();
    chownSync(path, 12_345, 12_345);
    const open = new DatabaseSync(path);
    open.exec('SELECT * FROM ajwt_user');
    chownSync(`${path}-shm`, 0, 0);
    const { about } = await examine(GOOD);
    open.close();
    expect(about('files')).toMatchObject([
      {
        level: 'problem',
        what: expect.stringContaining(`${path}-shm belongs to root, but the database belongs to 12345`),
        todo: `stop ajwtd, and run \`chown 12345 ${path}-shm\``,
      },
      { level: 'hint', todo: 'run this command as 12345' },
    ]);
  });

  test.skipIf(!canRunAsOthers)(`a database that this user cannot open is a problem ${NEEDS_OTHERS}`, async () => {
    await makeDatabase();
    chmodSync(dirname(path), 0o711);
    const env = { AJWTD_DATABASE: `sqlite:${path}` };
    const { code, stdout } = await ajwtdProcess(['doctor', '--json', ...GOOD], { env, uid: 65_534 });
    chmodSync(dirname(path), 0o700);
    expect(code).toBe(1);
    const found = (JSON.parse(stdout) as Finding[]).filter(({ level }) => level === 'problem');
    expect(found).toMatchObject([
      {
        check: 'files',
        what: expect.stringContaining(`cannot read and write the file ${path} (owner root, mode 0600)`),
      },
      { check: 'database', what: expect.stringContaining('cannot be read: user nobody cannot read') },
    ]);
  });

  test('passwords on the command line and in readable files are reported, without the password', async () => {
    const url = 'postgres://guido:hunter2@127.0.0.1:1/ajwt';
    const [config, secret] = [file('doctor.yaml'), file('secret')];
    writeFileSync(config, `database: ${url}\n`);
    writeFileSync(secret, `${url}\n`);
    for (const one of [config, secret]) chmodSync(one, 0o644);
    const about = async (args: readonly string[], env: Record<string, string> = {}) => {
      const { stdout } = await ajwtd(['doctor', '--json', ...GOOD, ...args], { env });
      expect(stdout).not.toContain('hunter2');
      return (JSON.parse(stdout) as Finding[]).filter(({ check, level }) => check === 'files' && level !== 'ok');
    };
    expect(await about(['--database', url])).toMatchObject([
      { level: 'warning', what: expect.stringContaining('--database contains a password, which other users') },
    ]);
    const member = { level: 'problem', what: expect.stringContaining(`${config} contains a password (owner`) };
    expect(await about(['--config', config])).toMatchObject([member]);
    const inFile = { level: 'problem', what: expect.stringContaining(`${secret} contains a password (owner`) };
    expect(await about([], { AJWTD_DATABASE_FILE: secret })).toMatchObject([inFile]);
    for (const one of [config, secret]) chmodSync(one, 0o600);
    expect(await about(['--config', config])).toEqual([]);
    expect(await about([], { AJWTD_DATABASE_FILE: secret })).toEqual([]);
  });
});

describe('database', () => {
  test('a file that does not exist is reported, and not created', async () => {
    const { code, about } = await examine(GOOD);
    expect(code).toBe(1);
    expect(about('database')).toMatchObject([{ level: 'warning', what: `${path} does not exist` }]);
    expect(existsSync(path)).toBe(false);
  });

  test.each([
    [
      'is not a database',
      () => writeFileSync(path, 'no database'.repeat(100)),
      'problem',
      'cannot be read: file is not a',
    ],
    ['is empty', () => writeFileSync(path, ''), 'hint', 'has no tables of users and keys'],
    [
      'belongs to another program',
      () => execute('CREATE TABLE music (id INTEGER)'),
      'problem',
      'but has others (music)',
    ],
  ])('a file that %s is reported', async (_, make, level, what) => {
    make();
    const size = statSync(path).size;
    expect((await examine(GOOD)).about('database')).toMatchObject([{ level, what: expect.stringContaining(what) }]);
    expect(statSync(path).size).toBe(size);
  });

  test('tables of an earlier or a later version are reported', async () => {
    await makeDatabase();
    execute("INSERT INTO ajwt_migration (name, timestamp) VALUES ('2030-01-later', 'x')");
    expect((await examine(GOOD)).about('database')).toMatchObject([
      { level: 'warning', what: expect.stringContaining('(2030-01-later)'), todo: 'install that version here too' },
    ]);
    execute("DELETE FROM ajwt_migration WHERE name = '2026-11-key-sets'");
    expect((await examine(GOOD)).about('database')).toMatchObject([
      { level: 'problem', what: `${path} lacks 2026-11-key-sets`, todo: expect.stringContaining('`ajwtd migrate`') },
    ]);
  });
});

describe('nonces', () => {
  test('a floor in the future, and an empty table, are reported', async () => {
    await makeDatabase();
    execute('CREATE TABLE ajwt_epoch (id INTEGER PRIMARY KEY, incarnation TEXT, floor REAL)');
    expect((await examine(GOOD)).about('nonces')).toMatchObject([
      { level: 'problem', what: expect.stringContaining('ajwt_epoch is empty') },
    ]);
    execute(`INSERT INTO ajwt_epoch VALUES (1, 'x', ${NOW + 3600})`);
    expect((await examine(GOOD)).about('nonces')).toMatchObject([
      { level: 'warning', what: expect.stringContaining(new Date((NOW + 3600) * 1000).toISOString()) },
    ]);
    execute(`UPDATE ajwt_epoch SET floor = ${NOW}`);
    expect((await examine(GOOD)).about('nonces')).toEqual([]);
  });

  test('the memory store says what it does not promise', async () => {
    await makeDatabase();
    expect((await examine([...GOOD, '--nonces', 'memory'])).about('nonces')).toMatchObject([
      {
        level: 'hint',
        what: expect.stringContaining('one process'),
        todo: expect.stringContaining('--nonces database'),
      },
    ]);
  });

  test('a Redis that does not respond is a problem', async () => {
    await makeDatabase();
    const { about } = await examine([...GOOD, '--nonces', 'redis://127.0.0.1:1']);
    expect(about('nonces')).toMatchObject([
      {
        level: 'problem',
        what: expect.stringMatching(/^redis:\/\/127\.0\.0\.1:1 cannot be used: connect ECONNREFUSED/),
      },
    ]);
  });
});

describe('keys', () => {
  /** Runs `doctor` after a change of the directory. */
  async function after(work: (directory: Directory) => Promise<unknown>): Promise<readonly Finding[]> {
    await inDirectory(path, async (directory) => void (await work(directory)));
    return (await examine(GOOD)).about('keys');
  }

  test('a key that expires soon is reported, unless its user has a later one', async () => {
    expect(await after((directory) => addKey(directory, 'guido', { expires: NOW + 10 * DAY }))).toMatchObject([
      { level: 'warning', what: expect.stringMatching(/expire within 14 days.*: "guido" SHA256:\S+$/) },
    ]);
    expect(await after((directory) => addKey(directory, 'guido', { expires: NOW + 20 * DAY }))).toEqual([]);
    expect(await after((directory) => addKey(directory, 'ada', { expires: NOW + DAY }))).toHaveLength(1);
    expect(await after((directory) => directory.setDisabled('ada', true))).toEqual([]);
  });

  test('a user without a usable key is reported, unless it is disabled or has a JWK set', async () => {
    expect(await after((directory) => directory.addUser('guido'))).toMatchObject([
      { level: 'hint', what: 'users have no usable key, so all their requests are refused: "guido"' },
    ]);
    execute("INSERT INTO ajwt_key_set (user_id, url, created) VALUES (1, 'https://127.0.0.1:1/jwks', 0)");
    expect(await after(async () => {})).toEqual([]);
    const names = ['a', 'b', 'c', 'd', 'e', 'f', 'g'];
    const found = await after((directory) => Promise.all(names.map((name) => directory.addUser(name))));
    expect(found[0]?.what).toMatch(/: ("\w", ){4}"\w" and 2 more$/);
  });

  test('old keys that are still named, and staged keys that are not used, are reported', async () => {
    const found = await after(async (directory) => {
      const { key } = await addKey(directory, 'guido');
      await directory.revokeKey(key.fingerprint);
      directory.recordRefusal(key.kid, NOW);
      await directory.close();
      await addKey(directory, 'guido', { staged: true });
    });
    expect(found).toMatchObject([{ level: 'warning', what: expect.stringContaining('named keys that are revoked') }]);
    execute(`UPDATE ajwt_key SET created = ${NOW - 40 * DAY} WHERE staged = 1`);
    expect(await after(async () => {})).toMatchObject([
      { level: 'warning' },
      { level: 'hint', what: expect.stringContaining('more than 30 days ago, but never used: "guido" SHA256:') },
    ]);
  });

  test('shared and unreadable keys are reported, and no name controls the terminal', async () => {
    await inDirectory(path, async (directory) => {
      const key = newKey();
      await directory.addKey('guido', key, { createUser: true });
      await directory.addKey('ada', key, { createUser: true, allowShared: true });
      await addKey(directory, 'tim');
    });
    execute("UPDATE ajwt_user SET username = 'a\u001b[31m\u202eda' WHERE username = 'ada'");
    execute("UPDATE ajwt_key SET public_key = '/etc/passwd' WHERE id = 3");
    const { stdout } = await ajwtd(['doctor', ...GOOD], { env: { AJWTD_DATABASE: `sqlite:${path}` } });
    expect(stdout).toMatch(/several users share a key.*: "a\\u\{1b\}\[31m\\u\{202e\}da" SHA256:/);
    expect(stdout).toMatch(/stored keys cannot be used: SHA256:\S+ \(malformed\)/);
    expect(stdout).not.toMatch(/\p{Cf}|\p{Cc}(?<!\n)/u);
    const { stdout: json } = await ajwtd(['doctor', '--json', ...GOOD], { env: { AJWTD_DATABASE: `sqlite:${path}` } });
    expect(json).not.toMatch(/\p{Cf}|\p{Cc}(?<!\n)/u);
  });
});

test('JWK sets that cannot be fetched are reported, without the query of their URL', async () => {
  await makeDatabase();
  for (const url of ['https://127.0.0.1:1/jwks?token=secret', 'http://example.com/']) {
    execute(`INSERT INTO ajwt_key_set (user_id, url, created) VALUES (1, '${url}', 0)`);
  }
  const { about } = await examine(GOOD);
  expect(about('key-sets').map(({ what }) => what)).toEqual([
    expect.stringContaining('http://example.com/ is not an https URL'),
    expect.stringContaining('https://127.0.0.1:1/jwks has an address that is not public'),
  ]);
  expect(JSON.stringify(about('key-sets'))).not.toContain('secret');
  const { about: allowed } = await examine([...GOOD, '--jwks-allow-private', '127.0.0.1']);
  expect(allowed('key-sets')).toContainEqual(
    expect.objectContaining({ what: expect.stringContaining('cannot be reached') }),
  );
});

describe('server', () => {
  test.each([
    [200, '{"ready":true}', []],
    [503, '{"ready":false,"reason":"Redis is full"}', ['problem the server is not ready: Redis is full']],
    [404, 'null', ['warning something other than ajwtd responds at ']],
  ])('a response with status %i and %s gives %j', async (status, body, expected) => {
    await makeDatabase();
    const server = createServer((_, response) => void response.writeHead(status).end(body));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const { about } = await examine([...GOOD, '--admin-listen', `127.0.0.1:${port}`]);
    server.close();
    expect(about('server').map(({ level, what }) => `${level} ${what}`)).toEqual(
      expected.map((text) => expect.stringContaining(text)),
    );
    expect(about('server')).toHaveLength(expected.length);
  });

  test('an admin listener that others can reach is a warning', async () => {
    await makeDatabase();
    expect((await examine([...GOOD, '--admin-listen', '0.0.0.0:1'])).about('server')[0]).toMatchObject({
      level: 'warning',
      what: expect.stringContaining('--admin-listen 0.0.0.0: other machines'),
    });
  });
});

test.each([
  [['--users-table', 'x'], '--users-table needs --django'],
  [['--django', '--url', 'https://a.example'], '--url cannot be combined with --django'],
  [['--url', 'https://a:b@api.example/'], '--url: must be https://HOST/PATH'],
  [['--url', 'file:///etc/passwd'], '--url: must be https://HOST/PATH'],
  [['x'], 'unexpected argument; give only options'],
])('%j is refused: %s', async (args, message) => {
  expect(await ajwtd(['doctor', ...args])).toMatchObject({
    code: 1,
    stdout: '',
    stderr: expect.stringContaining(message),
  });
});

test('docs/OPERATIONS.md describes every check', () => {
  const page = readFileSync(new URL('../../../../docs/OPERATIONS.md', import.meta.url), 'utf8');
  const rows = Object.entries(CHECKS).map(([check, what]) => `| \`${check}\` | ${what} |`);
  expect(page).toContain(`|---|---|\n${rows.join('\n')}\n\n`);
});
