/** `ajwtd key`, `user list`, `audit` and `migrate --print`: rotation, shared keys, pages of lists, and the audit trail. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { DatabaseSync } from 'node:sqlite';
import { ajwt, type Outcome, scratch } from 'ajwt-testkit/ajwt';
import { ajwtd } from 'ajwt-testkit/ajwtd';
import { nodeSqliteDialect, sqlDirectory } from 'asymmetric-jwt-auth/sql';
import { Kysely } from 'kysely';
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';

const file = scratch();
let count = 0;
let database = '';

function run(line: string): Promise<Outcome> {
  return ajwtd(line.split(' ').filter(Boolean), { env: { AJWTD_DATABASE: `sqlite:${database}` } });
}

async function json(line: string): Promise<Record<string, unknown>[]> {
  return JSON.parse((await run(`${line} --json`)).stdout);
}

/** Records the use of a key, as a running server does. */
async function use(kid: string): Promise<void> {
  const instance = new Kysely<unknown>({ dialect: nodeSqliteDialect(database, { busyTimeoutMs: 5000 }) });
  const directory = sqlDirectory(instance);
  const { items } = await directory.listKeys();
  const found = items.find((one) => one.kid === kid);
  if (found === undefined) throw new Error('no such key');
  directory.recordUse(found.key, Date.now() / 1000);
  await directory.close();
  await instance.destroy();
}

beforeAll(async () => {
  for (const name of ['old', 'new']) await ajwt(['keygen', '--out', file(name), '--comment', name]);
});
beforeEach(() => {
  database = file(`${++count}.db`);
});

describe('a replacement key', () => {
  test('can be staged; after its first use, the old key can be retired', async () => {
    await run(`key add guido ${file('old.pub')}`);
    const { stdout: old } = await run(`key add guido ${file('old.pub')}`);
    await run(`key add guido ${file('new.pub')} --staged`);
    const [, next] = await json('key list guido');
    expect(next).toMatchObject({ state: 'staged', firstUsed: null });

    const early = await run(`key retire ${old.trim()}`);
    expect(early.code).toBe(1);
    expect(early.stderr).toBe(
      `ajwtd: no other key of "guido" has been used yet; sign with another key before you retire ${old.trim()}; use --force to retire it anyway\n`,
    );

    await use(String(next?.kid));
    expect((await run(`key retire ${old.trim()}`)).stderr).toMatch(/^the key SHA256:\S+ of guido is retired; /);
    expect(await json('key list guido')).toMatchObject([
      { state: 'retired', retired: expect.any(String) },
      { state: 'active', lastUsed: expect.any(String) },
    ]);
    expect((await run('key list')).stdout).toMatch(/^guido +SHA256:\S+ +ed25519 +retired /m);
    expect((await run(`key retire ${next?.kid} --force`)).code).toBe(0);
    expect((await run(`key add guido ${file('old.pub')}`)).stderr).toBe('guido already has this key\n');
    expect(await json('key list guido')).toMatchObject([{ state: 'active' }, { state: 'retired' }]);
  });
});

describe('ajwtd key set', () => {
  test('changes the comment and the expiry date', async () => {
    const fingerprint = (await run(`key add guido ${file('old.pub')}`)).stdout.trim();
    expect((await run(`key set ${fingerprint} --comment blue --expires 2999-12-31`)).stderr).toBe(
      `the key ${fingerprint} of guido expires on 2999-12-31\n`,
    );
    expect(await json('key list')).toMatchObject([{ comment: 'blue', expires: '2999-12-31T00:00:00.000Z' }]);
    await run(`key set ${fingerprint} --expires never`);
    expect(await json('key list')).toMatchObject([{ comment: 'blue', expires: null }]);
    expect((await run(`key set ${fingerprint}`)).stderr).toBe(
      'ajwtd: nothing to change; give --comment or --expires\n',
    );
  });
});

describe('a shared key', () => {
  test('needs --allow-shared, and is revoked for all users', async () => {
    await run(`key add guido ${file('old.pub')}`);
    expect((await run(`key add ada ${file('old.pub')}`)).stderr).toMatch(/belongs to another user/);
    expect((await run(`key add ada ${file('old.pub')} --allow-shared`)).code).toBe(0);
    const [one] = await json('key list');
    expect((await run(`key revoke ${one?.kid}`)).stderr).toMatch(/of guido is now revoked.*\n.*of ada is now revoked/);
  });
});

describe('ajwtd user list', () => {
  test('searches for users, and lists them in pages', async () => {
    for (const name of ['ann', 'anna', 'bob', 'hannah']) await run(`user add ${name}`);
    const names = async (options: string) => (await json(`user list ${options}`)).map(({ username }) => username);
    expect(await names('')).toEqual(['ann', 'anna', 'bob', 'hannah']);
    expect(await names('--search ANN')).toEqual(['ann', 'anna', 'hannah']);
    expect(await names('--limit 2')).toEqual(['ann', 'anna']);
    expect(await names('--limit 2 --after anna')).toEqual(['bob', 'hannah']);
    expect((await run('user list --limit 0')).stderr).toMatch(/--limit: must be a whole number from 1 to 1000/);
    expect((await run('user list --search nobody')).stderr).toBe('no matching users\n');
  });
});

describe('the audit trail', () => {
  test('shows who changed what, newest last, for one user or all', async () => {
    for (const words of [`key add guido ${file('old.pub')}`, 'user add ada', 'user disable guido']) await run(words);
    const entries = await json('audit');
    expect(entries.map(({ action, subject }) => [action, subject])).toEqual([
      ['user.add', 'guido'],
      ['key.add', 'guido'],
      ['user.add', 'ada'],
      ['user.disable', 'guido'],
    ]);
    expect(entries[0]).toMatchObject({ actor: expect.stringMatching(/^cli:\S+$/), time: expect.stringMatching(/Z$/) });
    expect(await json('audit ada')).toHaveLength(1);
    expect(await json('audit --limit 1')).toMatchObject([{ action: 'user.disable' }]);
    const { stdout } = await run('audit guido');
    expect(stdout.split('\n')[1]).toMatch(
      /^\d{4}-\S+Z {2}cli:\S+ {2}key\.add {2}guido {2}fingerprint=SHA256:\S+ {2}comment=old /,
    );
  });

  test('with --follow, prints each new change as one line of JSON until interrupted', async () => {
    await run('user add guido');
    const words = ['--conditions=source', resolve('packages/server/src/cli/ajwtd.ts'), 'audit', '--follow', '--json'];
    const child = spawn(process.execPath, words, { env: { ...process.env, AJWTD_DATABASE: `sqlite:${database}` } });
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    expect(JSON.parse((await lines.next()).value ?? '')).toMatchObject({ action: 'user.add', subject: 'guido' });
    await run('user remove guido');
    expect(JSON.parse((await lines.next()).value ?? '')).toMatchObject({ action: 'user.remove', subject: 'guido' });
    child.kill('SIGINT');
    expect((await once(child, 'exit'))[0]).toBe(0);
  });

  test('must be writable before anything can be added, but a revocation succeeds without it and prints a warning', async () => {
    const fingerprint = (await run(`key add guido ${file('old.pub')}`)).stdout.trim();
    const raw = new DatabaseSync(database);
    raw.exec("CREATE TRIGGER full BEFORE INSERT ON ajwt_audit BEGIN SELECT RAISE(ABORT, 'no room'); END");
    raw.close();
    expect(await run('user add ada')).toMatchObject({
      code: 1,
      stderr: 'ajwtd: nothing was changed, because the audit trail cannot be written\n',
    });
    for (const command of ['user disable guido', `key revoke ${fingerprint}`]) {
      const { code, stderr } = await run(command);
      expect(code).toBe(0);
      expect(stderr).toContain('warning: the change was made, but could not be recorded in the audit trail\n');
    }
    expect(await json('user list')).toMatchObject([{ username: 'guido', disabled: true }]);
    expect(await json('key list')).toMatchObject([{ state: 'revoked' }]);
  });
});

describe('ajwtd migrate --print', () => {
  test('prints SQL that creates the same database', async () => {
    const { stdout } = await run('migrate --print');
    const raw = new DatabaseSync(database);
    raw.exec(stdout);
    raw.close();
    expect((await run('migrate')).stderr).toBe(`sqlite:${database} is up to date\n`);
    expect((await run(`key add guido ${file('old.pub')}`)).code).toBe(0);
  });

  test.each(['postgres://a:secret@nowhere.invalid/d', 'mysql://a:secret@nowhere.invalid/d'])(
    'does not connect to %s',
    async (url) => {
      const { code, stdout } = await run(`migrate --print --database ${url}`);
      expect(code).toBe(0);
      expect(stdout).toContain('CREATE TABLE IF NOT EXISTS ajwt_user');
    },
  );
});
