/** Keys that replace one another, shared keys, lists in parts, and who changed what: as an operator types it. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { DatabaseSync } from 'node:sqlite';
import { type Outcome, scratch, shell } from 'ajwt-testkit/ajwt';
import { nodeSqliteDialect, sqlDirectory } from 'asymmetric-jwt-auth/sql';
import { Kysely } from 'kysely';
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';

const file = scratch();
let count = 0;
let database = '';

function run(line: string): Promise<Outcome> {
  return shell(line, { cwd: file('.'), env: { AJWTD_DATABASE: `sqlite:${database}` } });
}

async function json(line: string): Promise<Record<string, unknown>[]> {
  return JSON.parse((await run(`${line} --json`)).stdout);
}

/** Lets a key in, as a running server notes it. */
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
  await shell('ajwt keygen --out old --comment old && ajwt keygen --out new --comment new', { cwd: file('.') });
});
beforeEach(() => {
  database = file(`${++count}.db`);
});

describe('a key that replaces another one', () => {
  test('is staged, used, and then the only one', async () => {
    await run('ajwtd key add guido old.pub');
    const { stdout: old } = await run('ajwt pubkey old.pub --openssh | ajwtd key add guido -');
    await run('ajwtd key add guido new.pub --staged');
    const [, next] = await json('ajwtd key list guido');
    expect(next).toMatchObject({ state: 'staged', firstUsed: null });

    const early = await run(`ajwtd key retire ${old.trim()}`);
    expect(early.code).toBe(1);
    expect(early.stderr).toBe(
      `ajwtd: no other key of "guido" has let a request in so far: without ${old.trim()} nothing might; use --force to retire it anyway\n`,
    );

    await use(String(next?.kid));
    expect((await run(`ajwtd key retire ${old.trim()}`)).stderr).toMatch(/^the key SHA256:\S+ of guido is retired; /);
    expect(await json('ajwtd key list guido')).toMatchObject([
      { state: 'expired', retired: expect.any(String) },
      { state: 'active', lastUsed: expect.any(String) },
    ]);
    expect((await run('ajwtd key list')).stdout).toMatch(/^guido +SHA256:\S+ +ed25519 +retired /m);
    expect((await run(`ajwtd key retire ${next?.kid} --force`)).code).toBe(0);
    expect((await run('ajwtd key add guido old.pub')).stderr).toBe('guido has this key already\n');
    expect(await json('ajwtd key list guido')).toMatchObject([{ state: 'active' }, { state: 'expired' }]);
  });
});

describe('ajwtd key set', () => {
  test('changes the comment, and when a key expires', async () => {
    const fingerprint = (await run('ajwtd key add guido old.pub')).stdout.trim();
    expect((await run(`ajwtd key set ${fingerprint} --comment blue --expires 2999-12-31`)).stderr).toBe(
      `the key ${fingerprint} of guido expires on 2999-12-31\n`,
    );
    expect(await json('ajwtd key list')).toMatchObject([{ comment: 'blue', expires: '2999-12-31T00:00:00.000Z' }]);
    await run(`ajwtd key set ${fingerprint} --expires never`);
    expect(await json('ajwtd key list')).toMatchObject([{ comment: 'blue', expires: null }]);
    expect((await run(`ajwtd key set ${fingerprint}`)).stderr).toBe(
      'ajwtd: nothing to change; give --comment or --expires\n',
    );
  });
});

describe('a shared key', () => {
  test('is added on purpose only, and revoked for all', async () => {
    await run('ajwtd key add guido old.pub');
    expect((await run('ajwtd key add ada old.pub')).stderr).toMatch(/belongs to another user/);
    expect((await run('ajwtd key add ada old.pub --allow-shared')).code).toBe(0);
    const [one] = await json('ajwtd key list');
    expect((await run(`ajwtd key revoke ${one?.kid}`)).stderr).toMatch(
      /of guido is now revoked.*\n.*of ada is now revoked/,
    );
  });
});

describe('ajwtd user list', () => {
  test('searches, and lists a part', async () => {
    await run('for name in ann anna bob hannah; do ajwtd user add $name; done');
    const names = async (options: string) => (await json(`ajwtd user list ${options}`)).map(({ username }) => username);
    expect(await names('')).toEqual(['ann', 'anna', 'bob', 'hannah']);
    expect(await names('--search ANN')).toEqual(['ann', 'anna', 'hannah']);
    expect(await names('--limit 2')).toEqual(['ann', 'anna']);
    expect(await names('--limit 2 --after anna')).toEqual(['bob', 'hannah']);
    expect((await run('ajwtd user list --limit 0')).stderr).toMatch(/--limit: must be a whole number from 1 to 1000/);
    expect((await run('ajwtd user list --search nobody')).stderr).toBe('no matching users\n');
  });
});

describe('ajwtd audit', () => {
  test('shows who changed what, the newest last, of one user or of all', async () => {
    await run('ajwtd key add guido old.pub && ajwtd user add ada && ajwtd user disable guido');
    const entries = await json('ajwtd audit');
    expect(entries.map(({ action, subject }) => [action, subject])).toEqual([
      ['user.add', 'guido'],
      ['key.add', 'guido'],
      ['user.add', 'ada'],
      ['user.disable', 'guido'],
    ]);
    expect(entries[0]).toMatchObject({ actor: expect.stringMatching(/^cli:\S+$/), time: expect.stringMatching(/Z$/) });
    expect(await json('ajwtd audit ada')).toHaveLength(1);
    expect(await json('ajwtd audit --limit 1')).toMatchObject([{ action: 'user.disable' }]);
    const { stdout } = await run('ajwtd audit guido');
    expect(stdout.split('\n')[1]).toMatch(
      /^\d{4}-\S+Z {2}cli:\S+ {2}key\.add {2}guido {2}fingerprint=SHA256:\S+ {2}comment=old /,
    );
  });

  test('--follow goes on with what is changed, one line of JSON each, until it is interrupted', async () => {
    await run('ajwtd user add guido');
    const words = ['--conditions=source', resolve('packages/server/src/cli/ajwtd.ts'), 'audit', '--follow', '--json'];
    const child = spawn(process.execPath, words, { env: { ...process.env, AJWTD_DATABASE: `sqlite:${database}` } });
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    expect(JSON.parse((await lines.next()).value ?? '')).toMatchObject({ action: 'user.add', subject: 'guido' });
    await run('ajwtd user remove guido');
    expect(JSON.parse((await lines.next()).value ?? '')).toMatchObject({ action: 'user.remove', subject: 'guido' });
    child.kill('SIGINT');
    expect((await once(child, 'exit'))[0]).toBe(0);
  });

  test('that cannot be written stops an addition, and not a revocation, which says so', async () => {
    const fingerprint = (await run('ajwtd key add guido old.pub')).stdout.trim();
    const raw = new DatabaseSync(database);
    raw.exec("CREATE TRIGGER full BEFORE INSERT ON ajwt_audit BEGIN SELECT RAISE(ABORT, 'no room'); END");
    raw.close();
    expect(await run('ajwtd user add ada')).toMatchObject({
      code: 1,
      stderr: 'ajwtd: the audit trail cannot be written, and so nothing was changed\n',
    });
    for (const command of ['user disable guido', `key revoke ${fingerprint}`]) {
      const { code, stderr } = await run(`ajwtd ${command}`);
      expect(code).toBe(0);
      expect(stderr).toContain('warning: the change was made, but could not be recorded in the audit trail\n');
    }
    expect(await json('ajwtd user list')).toMatchObject([{ username: 'guido', disabled: true }]);
    expect(await json('ajwtd key list')).toMatchObject([{ state: 'revoked' }]);
  });
});

describe('ajwtd migrate --print', () => {
  test('prints SQL that makes the same database', async () => {
    const { stdout } = await run('ajwtd migrate --print');
    const raw = new DatabaseSync(database);
    raw.exec(stdout);
    raw.close();
    expect((await run('ajwtd migrate')).stderr).toBe(`sqlite:${database} is up to date\n`);
    expect((await run('ajwtd key add guido old.pub')).code).toBe(0);
  });

  test.each(['postgres://a:secret@nowhere.invalid/d', 'mysql://a:secret@nowhere.invalid/d'])(
    'opens no database: %s',
    async (url) => {
      const { code, stdout } = await run(`ajwtd migrate --print --database ${url}`);
      expect(code).toBe(0);
      expect(stdout).toContain('CREATE TABLE IF NOT EXISTS ajwt_user');
    },
  );
});
