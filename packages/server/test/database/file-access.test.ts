/** SQLite databases that other users of the system can write to. */
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readDatabase } from '../../src/database/config.ts';
import { openDatabase } from '../../src/database/open.ts';

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ajwt-access-'));
  path = join(folder, 'ajwt.db');
});
afterEach(() => rmSync(folder, { recursive: true }));

/** Opens and closes a database. @returns the warnings */
async function warningsOf(file = path): Promise<readonly string[]> {
  const database = await openDatabase(readDatabase(`sqlite:${file}`), 'server');
  await database.close();
  return database.warnings;
}

const modeOf = (file: string) => (statSync(file).mode & 0o7777).toString(8);

test('a database that only its owner can write to is opened without a warning', async () => {
  expect(await warningsOf()).toEqual([]);
  expect(modeOf(path)).toBe('600');
  chmodSync(path, 0o644);
  chmodSync(folder, 0o755);
  expect(await warningsOf()).toEqual([]);
});

test.each(['', '-wal', '-shm', '-journal'])(
  'if anyone can write to the file with the suffix %j, the database is refused',
  async (part) => {
    await warningsOf();
    const file = `${path}${part}`;
    if (part !== '') writeFileSync(file, '');
    chmodSync(file, 0o606);
    await expect(warningsOf()).rejects.toMatchObject({
      name: 'CommandError',
      message: expect.stringMatching(
        /ajwt\.db\S* is writable by anyone \(owner \S+, mode 0606\).*run `chmod o-w` on it$/,
      ),
    });
    await expect(warningsOf()).rejects.toThrow(`the database file ${file} is writable by anyone`);
    chmodSync(file, 0o600);
    expect(await warningsOf()).toEqual([]);
  },
);

test.each([
  [0o777, '0777'],
  [0o1777, '1777'],
])('a folder with mode %o, which anyone can write to, is refused, and no file is created in it', async (mode, text) => {
  chmodSync(folder, mode);
  await expect(warningsOf()).rejects.toThrow(`the database folder ${folder} is writable by anyone (owner `);
  await expect(warningsOf()).rejects.toThrow(`mode ${text})`);
  expect(existsSync(path)).toBe(false);
});

test('if the path is a link, the file and the folder that it leads to are checked', async () => {
  const behind = join(folder, 'behind');
  mkdirSync(behind, 0o700);
  await warningsOf(join(behind, 'real.db'));
  symlinkSync(join(behind, 'real.db'), path);
  expect(await warningsOf()).toEqual([]);
  chmodSync(behind, 0o777);
  await expect(warningsOf()).rejects.toThrow(`folder ${behind} is writable by anyone`);
  chmodSync(behind, 0o700);
  chmodSync(join(behind, 'real.db'), 0o666);
  await expect(warningsOf()).rejects.toThrow(`file ${join(behind, 'real.db')} is writable by anyone`);
});

test('if the path is a broken link, the folder of its target is checked', async () => {
  const behind = join(folder, 'behind');
  mkdirSync(behind);
  chmodSync(behind, 0o777);
  symlinkSync(join(behind, 'real.db'), path);
  await expect(warningsOf()).rejects.toThrow(`folder ${behind} is writable by anyone`);
});

test('if a group can write to the folder and the file, the database is opened with a warning about each', async () => {
  await warningsOf();
  chmodSync(path, 0o660);
  chmodSync(folder, 0o2775);
  const [first, second, ...others] = await warningsOf();
  expect(first).toMatch(/^the database folder \S+ is writable by the group \d+ \(owner \S+, mode 2775\)/);
  expect(second).toMatch(/^the database file \S+ajwt\.db is writable by the group \d+ \(owner \S+, mode 0660\)/);
  expect(others).toEqual([]);
});
