/** `ajwtd user`, `key` and `migrate`, and the help of `ajwtd`. */
import { readFileSync, statSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { ajwt, type Outcome, scratch, shell } from 'ajwt-testkit/ajwt';
import { ajwtd } from 'ajwt-testkit/ajwtd';
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';

const file = scratch();
let count = 0;
let database = '';

const KEY = file('k');
const OTHER = file('other');

/** Runs `ajwtd` on the test's database. @param words - the arguments, separated by spaces or in an array */
function run(words: string | readonly string[], env: Record<string, string> = {}): Promise<Outcome> {
  const list = typeof words === 'string' ? words.split(' ') : words;
  return ajwtd(list, { env: { AJWTD_DATABASE: `sqlite:${database}`, ...env } });
}

/** Runs a shell command in the folder with the keys. */
function inShell(line: string): Promise<Outcome> {
  return shell(line, { cwd: file('.'), env: { AJWTD_DATABASE: `sqlite:${database}` } });
}

async function json(words: string): Promise<unknown> {
  return JSON.parse((await run(`${words} --json`)).stdout);
}

beforeAll(async () => {
  await ajwt(['keygen', '--out', KEY, '--comment', 'guido@laptop']);
  await ajwt(['keygen', '--type', 'rsa', '--bits', '2048', '--out', OTHER]);
});
beforeEach(() => {
  database = file(`${++count}.db`);
});

describe('ajwtd key add', () => {
  test('adds a key of ajwt keygen, creates the database and the user, and prints the fingerprint', async () => {
    const { code, stdout, stderr } = await inShell('ajwt keygen --out new 2>/dev/null && ajwtd key add guido new.pub');
    const fingerprint = /SHA256:\S+/.exec((await ajwt(['pubkey', '--fingerprint', file('new.pub')])).stdout)?.[0];
    expect({ code, stdout }).toEqual({ code: 0, stdout: `${fingerprint}\n` });
    expect(stderr).toBe(`created the database sqlite:${database}\nguido was added\nguido now has this key\n`);
    expect(statSync(database).mode & 0o777).toBe(0o600);
  });

  test('reads every format that ajwt pubkey prints from a pipe', async () => {
    for (const [option, state] of [
      ['', 'now has this key'],
      ['--openssh', 'already has this key'],
      ['--jwk', 'already has this key'],
    ]) {
      const { code, stderr } = await inShell(`ajwt pubkey k ${option} | ajwtd key add guido -`);
      expect(code).toBe(0);
      expect(stderr).toContain(`guido ${state}`);
    }
    expect(await json('key list')).toHaveLength(1);
  });

  test('accepts a comment, and an expiry day or time', async () => {
    await run(`key add guido ${KEY}.pub`);
    expect(await json('key list guido')).toMatchObject([{ comment: 'guido@laptop', expires: null, type: 'ed25519' }]);
    await run(['key', 'add', 'guido', `${KEY}.pub`, '--comment', 'the blue one', '--expires', '2999-12-31']);
    expect(await json('key list guido')).toMatchObject([
      { comment: 'the blue one', expires: '2999-12-31T00:00:00.000Z' },
    ]);
    await run(`key add guido ${KEY}.pub --expires 2999-06-01T12:30Z`);
    expect(await json('key list')).toMatchObject([{ expires: '2999-06-01T12:30:00.000Z' }]);
  });

  test.each([
    ['2027-02-31', 'must be a date'],
    ['tomorrow', 'must be a date'],
    ['1999-01-01', 'ajwtd: --expires: 1999-01-01 is in the past; give a later date'],
  ])('an expiry date of %s is refused, and nothing is stored', async (date, message) => {
    const { code, stderr } = await run(`key add guido ${KEY}.pub --expires ${date}`);
    expect(code).toBe(1);
    expect(stderr).toContain(message);
    expect(await json('user list')).toEqual([]);
  });

  test('a private key, or the key of another user, is refused, and nothing is stored', async () => {
    await run(`key add guido ${KEY}.pub`);
    const isPrivate = await run(`key add ada ${OTHER}`);
    expect(isPrivate).toMatchObject({ code: 1, stdout: '' });
    expect(isPrivate.stderr).toMatch(/^ajwtd: this is a private key .*\n$/);
    const foreign = await run(`key add ada ${KEY}.pub`);
    expect(foreign).toMatchObject({ code: 1, stdout: '' });
    expect(foreign.stderr).toMatch(/^ajwtd: the key SHA256:\S+ belongs to another user, "\w+"; make a new one\n$/);
    const pasted = await run(['key', 'add', 'ada', readFileSync(OTHER, 'utf8')]);
    expect(pasted).toMatchObject({
      code: 1,
      stderr: 'ajwtd: a key does not belong on the command line; give a file\n',
    });
    const jwk = await run(['key', 'add', 'ada', '{"kty":"oct","k":"c2VjcmV0"}']);
    expect(jwk.stderr).toBe('ajwtd: give a file name, or - for standard input, not the key itself\n');
    expect(await json('user list')).toMatchObject([{ username: 'guido' }]);
  });
});

describe('ajwtd key list and key revoke', () => {
  test.each([
    ['fingerprint', 'SHA256:'],
    ['kid', ''],
    ['thumbprint', ''],
  ])('revoke finds a key by its %s', async (name) => {
    await run(`key add guido ${KEY}.pub`);
    const [key] = (await json('key list')) as Record<string, string>[];
    expect((await run(`key revoke ${key?.[name]}`)).stderr).toBe(
      `the key ${key?.fingerprint} of guido is now revoked\n`,
    );
    expect((await run(`key revoke ${key?.[name]}`)).stderr).toContain('was already revoked');
    expect(await json('key list guido')).toMatchObject([{ state: 'revoked' }]);
    expect((await run(`key add guido ${KEY}.pub`)).stderr).toMatch(/^ajwtd: .* was revoked; make a new one\n$/);
  });

  test('list prints keys in columns', async () => {
    await run(`key add guido ${KEY}.pub`);
    await run(`key add ada ${OTHER}.pub`);
    const { stdout } = await run('key list');
    const [head, ...rows] = stdout.trimEnd().split('\n');
    expect(head).toMatch(/^USER +FINGERPRINT +TYPE +STATE +CREATED +EXPIRES +LAST USED +REFUSED +COMMENT$/);
    expect(rows[0]).toMatch(/^guido +SHA256:\S+ +ed25519 +active +\d{4}-\d{2}-\d{2} +guido@laptop$/);
    expect(rows[1]).toMatch(/^ada +SHA256:\S+ +rsa-2048 +active +\d{4}-\d{2}-\d{2}$/);
  });

  test('an unknown key or user is reported in one line', async () => {
    expect(await run('key revoke SHA256:x')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('\najwtd: there is no such key; give its fingerprint, kid or thumbprint\n'),
    });
    expect((await run('key list nobody')).stderr).toBe('ajwtd: there is no user "nobody"\n');
  });
});

describe('ajwtd user', () => {
  test('add, list, show, disable, enable, remove', async () => {
    expect((await run('user add guido')).stderr).toContain('guido was added; register a public key');
    expect(await run('user add guido')).toMatchObject({
      code: 1,
      stderr: 'ajwtd: the user "guido" already exists\n',
    });
    await run(`key add guido ${KEY}.pub`);
    await run('user disable guido');
    expect(await json('user show guido')).toMatchObject({
      username: 'guido',
      disabled: true,
      keys: [{ state: 'active' }],
    });
    expect((await run('user list')).stdout).toMatch(/^USER +STATE +CREATED\nguido +disabled +\d{4}-\d{2}-\d{2}\n$/);
    expect((await run('user show guido')).stdout).toMatch(/^guido: disabled, since .*\nUSER /);
    await run('user enable guido');
    expect(await json('user list')).toMatchObject([{ username: 'guido', disabled: false }]);
    expect((await run('user remove guido')).stderr).toBe('guido was removed, with its keys\n');
    expect(await json('user list')).toEqual([]);
    expect(await json('key list')).toEqual([]);
  });

  test.each(['show', 'disable', 'enable', 'remove'])('user %s reports an unknown user in one line', async (verb) => {
    await run('migrate');
    expect(await run(`user ${verb} nobody`)).toMatchObject({
      code: 1,
      stderr: 'ajwtd: there is no user "nobody"\n',
    });
  });

  test('list escapes characters in usernames that control the terminal or reverse the text direction', async () => {
    // Usernames can contain format characters, but no control characters.
    await run('user add a\u202eb');
    expect((await run('user list')).stdout).toContain('a\\u{202e}b');
    expect((await run('user list --json')).stdout).toContain('a\\u202eb');
    expect((await run('user add a\u001b[31mb')).stderr).toMatch(/^ajwtd: a username must have 1 to 600 bytes/);
  });

  test('names in any script are stored unchanged', async () => {
    for (const name of ['Жук', 'жук']) await run(`user add ${name}`);
    expect(await json('user list')).toMatchObject([{ username: 'Жук' }, { username: 'жук' }]);
  });
});

const FORMS =
  'must be sqlite:PATH, such as sqlite:/var/lib/ajwtd/ajwt.db, postgres://USER@HOST/DATABASE or mysql://USER@HOST/DATABASE';

describe('the database', () => {
  test('is created by ajwtd migrate; a second run changes nothing', async () => {
    expect((await run('migrate')).stderr).toBe(
      `2026-11-directory: done\n2026-11-key-sets: done\nsqlite:${database} is up to date\n`,
    );
    expect((await run('migrate')).stderr).toBe(`sqlite:${database} is up to date\n`);
  });

  test('of an older version is updated only by ajwtd migrate', async () => {
    await run('user add guido');
    const older = new DatabaseSync(database);
    older.exec('DELETE FROM ajwt_migration');
    older.close();
    expect(await run('user list')).toMatchObject({
      code: 1,
      stderr: `ajwtd: ${database} lacks 2026-11-directory, 2026-11-key-sets; run \`ajwtd migrate\` first\n`,
    });
    await run('migrate');
    expect(await json('user list')).toMatchObject([{ username: 'guido' }]);
  });

  test.each([
    [
      'postgres://localhost/x',
      'must name user, host and database: postgres://USER@HOST/DATABASE; in user, password and database, write / ? # @ % as %2F %3F %23 %40 %25',
    ],
    ['sqlite::memory:', FORMS],
    ['ajwt.db', FORMS],
  ])('%s is refused, and the message names the option or variable', async (url, message) => {
    expect((await run(`user list --database ${url}`)).stderr).toBe(`ajwtd: --database: ${message}\n`);
    expect((await run('user list', { AJWTD_DATABASE: url })).stderr).toBe(`ajwtd: AJWTD_DATABASE: ${message}\n`);
  });

  test('is refused, and left unchanged, if it is another kind of file', async () => {
    const { code, stderr } = await run(`user list --database sqlite:${file('k.pub')}`);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^ajwtd: the database .*k\.pub cannot be opened: .*\n$/);
    expect(readFileSync(file('k.pub'), 'utf8')).toMatch(/^ssh-ed25519 /);
  });
});

describe('commands and help', () => {
  test.each([
    ['', 'Usage: ajwtd COMMAND'],
    ['key', 'ajwtd: key: a subcommand is missing; choose from add, list, set, retire, revoke\n'],
    ['key ad', 'ajwtd: key: unknown subcommand ad; did you mean key add?\n'],
    ['kye list', 'ajwtd: unknown command kye; did you mean key?\n'],
    ['key add', 'ajwtd: USER is missing; give USER FILE\n'],
    ['key add guido', 'ajwtd: FILE is missing; give USER FILE\n'],
    ['key add guido a b', 'ajwtd: unexpected argument; give USER FILE\n'],
    ['serve --listn x', 'ajwtd: unknown option --listn; did you mean --listen?\n'],
    ['user list --jsn', 'ajwtd: unknown option --jsn; did you mean --json?\n'],
  ])('ajwtd %s reports the mistake', async (line, message) => {
    const { code, stdout, stderr } = await run(line === '' ? [] : line);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toContain(message);
  });

  test.each(['key --help', 'key -h', 'help key'])('ajwtd %s lists the subcommands', async (line) => {
    expect(await run(line)).toMatchObject({
      code: 0,
      stdout: `Usage: ajwtd key COMMAND …

  key add     register a public key for a user
  key list    list the keys of one user or of all users
  key set     change the comment or expiry date of a key
  key retire  retire a key that has been replaced
  key revoke  revoke a key permanently

Run \`ajwtd help key COMMAND\` for details.
`,
      stderr: '',
    });
  });

  test('every command has a help text that is at most 80 columns wide', async () => {
    const overview = (await run('--help')).stdout;
    const commands = [...overview.matchAll(/^ {2}((?:user|key) \w+|serve|doctor|migrate|audit) {2,}/gm)].map(
      ([, name]) => name as string,
    );
    expect(commands).toHaveLength(15);
    for (const command of commands) {
      const { stdout } = await run(`help ${command}`);
      expect(stdout).toMatch(new RegExp(`^Usage: ajwtd ${command}`));
      const [options] = stdout.split('Examples:');
      expect(options?.split('\n').filter((line) => line.length > 80)).toEqual([]);
    }
    expect((await run('key add --help')).stdout).toBe((await run('help key add')).stdout);
  });
});
