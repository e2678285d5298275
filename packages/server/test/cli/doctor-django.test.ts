/** `ajwtd doctor` on tables like those of Django. test/interop has a database that Django itself filled. */
import { generateKeyPairSync } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import type { Outcome } from 'ajwt-testkit/ajwt';
import { ajwtd, scratch } from 'ajwt-testkit/ajwtd';
import { type DjangoRows, makeDjangoDatabase } from 'ajwt-testkit/django-tables';
import { PrivateKey } from 'asymmetric-jwt-auth';
import { describe, expect, test } from 'vitest';
import { PROBLEMS } from '../../src/operations/doctor/django/problems.ts';

const file = scratch();
let count = 0;

function makeSite(users: readonly DjangoRows[]): string {
  const path = file(`${++count}.db`);
  makeDjangoDatabase(path, users);
  return path;
}
const doctor = (path: string, options = ''): Promise<Outcome> =>
  ajwtd(['doctor', '--django', '--database', `sqlite:${path}`, ...options.split(' ').filter(Boolean)]);

const pem = async () => (await PrivateKey.generate()).publicKey.toPem();
const weak = generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey.export({ type: 'spki', format: 'pem' });

describe('a site that would work completely', () => {
  test('is reported in one line, with exit code 0, and the file stays unchanged', async () => {
    const path = makeSite([
      { username: 'guido', keys: [await pem(), await pem()] },
      { username: 'Жук', jwksUrl: 'https://keys.example.com/jwks.json' },
      { username: ' nobody calls as', active: false },
    ]);
    const before = readFileSync(path);
    expect(await doctor(path)).toMatchObject({
      code: 0,
      stdout: '',
      stderr: '2 keys and 1 JWK set of 2 users: all of them would work\n',
    });
    expect(readFileSync(path).equals(before)).toBe(true);
    expect(existsSync(`${path}-wal`)).toBe(false);
    expect(JSON.parse((await doctor(path, '--json')).stdout)).toEqual({
      ok: true,
      users: 2,
      keys: 2,
      keySets: 1,
      findings: [],
    });
  });

  test('needs no table of JWK sets, because versions of the package before 1.0 have none', async () => {
    const path = makeSite([{ username: 'guido', keys: [await pem()] }]);
    const database = new DatabaseSync(path);
    database.exec('DROP TABLE asymmetric_jwt_auth_jwksendpointtrust');
    database.close();
    expect(await doctor(path)).toMatchObject({ code: 0 });
  });
});

describe('a site with rows that would stop working', () => {
  test('is listed row by row, with exit code 1', async () => {
    const [shared, first] = [await pem(), await pem()];
    const path = makeSite([
      { username: 'guido', keys: [first, weak as string, `-- my key --\n${first}`, first + shared] },
      { username: 'ada', keys: [shared, (await PrivateKey.generate()).toPem()] },
      { username: 'barry', keys: [shared], active: false },
      { username: 'tim ', keys: [await pem()], jwksUrl: 'http://10.0.0.1/jwks.json' },
      { username: 'old', keys: await Promise.all([pem(), pem(), pem(), pem(), pem()]) },
    ]);
    const { code, stdout, stderr } = await doctor(path, '--json');
    expect(code).toBe(1);
    expect(stderr).toBe('13 keys and 1 JWK set of 5 users: 9 would stop working\n');
    const keys = 'asymmetric_jwt_auth_publickey';
    const { ok, findings } = JSON.parse(stdout);
    expect(ok).toBe(false);
    expect(findings).toMatchObject([
      { problem: 'weak_key', username: 'guido', table: keys, id: '2', detail: expect.stringContaining('1024') },
      { problem: 'malformed', username: 'guido', table: keys, id: '3' },
      { problem: 'malformed', username: 'guido', table: keys, id: '4', detail: expect.stringContaining('several') },
      { problem: 'private_key', username: 'ada', table: keys, id: '6' },
      { problem: 'duplicate_key', username: 'barry', id: '7', detail: 'ada has the same key (row 5)' },
      { problem: 'jwks_url', username: 'tim ', table: 'asymmetric_jwt_auth_jwksendpointtrust', id: '1' },
      { problem: 'inactive_user', username: 'barry', table: 'auth_user', id: '3' },
      { problem: 'username', username: 'tim ', table: 'auth_user', id: '4' },
      { problem: 'many_keys', username: 'old', detail: 'the user has 5 keys of type ed25519 256' },
    ]);
    for (const { problem } of findings) expect(PROBLEMS).toHaveProperty(problem);

    const table = await doctor(path);
    expect(table.code).toBe(1);
    expect(table.stdout.split('\n')[0]).toMatch(/^USER +PROBLEM +ROW +DETAIL$/);
    expect(table.stdout).toMatch(/^guido +weak_key +asymmetric_jwt_auth_publickey 2 +.*1024/m);
    for (const text of [stdout, table.stdout]) expect(text).not.toMatch(/[A-Za-z0-9+/]{40}/);
  });

  test('is read in pages, and a username cannot control the terminal', async () => {
    const keys = Array.from({ length: 2500 }, () => 'no key');
    const path = makeSite([{ username: 'gui\u001b[31mdo', keys }]);
    const { stdout, stderr } = await doctor(path);
    expect(stderr).toBe('2500 keys and 0 JWK sets of 1 user: 2501 would stop working\n');
    expect(stdout).toContain('gui\\u{1b}[31mdo');
    expect(stdout).not.toContain('\u001b');
  });
});

test('options name the table of a custom user model', async () => {
  const path = makeSite([{ username: 'guido', keys: [await pem()] }]);
  const database = new DatabaseSync(path);
  database.exec('CREATE TABLE accounts_account (account_id INTEGER PRIMARY KEY, email TEXT)');
  database.exec("INSERT INTO accounts_account VALUES (1, 'guido@example.com ')");
  database.close();
  const options = '--users-table accounts_account --username-column email --id-column account_id --json';
  expect(JSON.parse((await doctor(path, options)).stdout).findings).toMatchObject([
    { problem: 'username', username: 'guido@example.com ', table: 'accounts_account', id: '1' },
  ]);
  expect(await doctor(path, '--users-table accounts_account')).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('the database has no table accounts_account with a column id'),
  });
});

test('docs/MIGRATING_FROM_DJANGO.md describes every problem', () => {
  const page = readFileSync(new URL('../../../../docs/MIGRATING_FROM_DJANGO.md', import.meta.url), 'utf8');
  const rows = Object.entries(PROBLEMS).map(([problem, what]) => `| \`${problem}\` | ${what} |`);
  expect(page).toContain(`|---|---|\n${rows.join('\n')}\n\n`);
});

describe('a database without a Django site', () => {
  test('is refused', async () => {
    const path = file('ajwt.db');
    await ajwtd(['user', 'add', 'guido', '--database', `sqlite:${path}`]);
    expect(await doctor(path)).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringMatching(/^ajwtd: the database has no table asymmetric_jwt_auth_publickey .*\n$/),
    });
  });

  test('is not created if the file does not exist', async () => {
    const path = file('nothing.db');
    expect(await doctor(path)).toMatchObject({ code: 1, stderr: expect.stringContaining('cannot read the database') });
    expect(existsSync(path)).toBe(false);
  });
});

test('an unreachable server is reported without the password', async () => {
  const { code, stderr } = await ajwtd([
    'doctor',
    '--django',
    '--database',
    'postgres://guido:secret@127.0.0.1:1/site',
  ]);
  expect(code).toBe(1);
  expect(stderr).toMatch(
    /^ajwtd: cannot read the database postgres:\/\/guido@127\.0\.0\.1:1\/site: .*ECONNREFUSED.*\n$/,
  );
});
