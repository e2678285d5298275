/** The store behaves as the examples and tables of spec/AUTHORIZED_KEYS.md say. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { authorizedKeysStore } from '../../../src/key-stores/authorized-keys/authorized-keys-store.ts';

const PAGE = readFileSync(new URL('../../../../../spec/AUTHORIZED_KEYS.md', import.meta.url), 'utf8');
const block = (language: string) =>
  new RegExp(`^\`\`\`${language}\n([\\s\\S]*?)^\`\`\`$`, 'm').exec(PAGE)?.[1] as string;
const HINT = { kid: undefined, alg: 'EdDSA' } as const;

const root = mkdtempSync(join(tmpdir(), 'ajwt-page-'));
afterAll(() => rmSync(root, { recursive: true }));
let count = 0;
async function read(text: string, layout: 'folder' | 'file', username = 'guido') {
  const folder = join(root, String(count++));
  mkdirSync(folder, { mode: 0o755 });
  writeFileSync(join(folder, 'guido'), text, { mode: 0o644 });
  const path = layout === 'file' ? join(folder, 'guido') : folder;
  return (await authorizedKeysStore(path, { layout }).find(username, HINT))?.keys;
}

test('the example of a file for one user is accepted', async () => {
  const keys = await read(block('authorized_keys'), 'folder');
  expect(keys).toHaveLength(2);
  const addresses = ['192.0.2.1', '2001:db8::9', '192.0.2.7', '203.0.113.1', undefined];
  expect(addresses.map((address) => keys?.[1]?.allowsAddress?.(address))).toEqual([true, true, false, false, false]);
  expect(keys?.[0]?.allowsAddress).toBeUndefined();
});

test('the example of a file for all users is accepted', async () => {
  expect(await read(block('authorized_keys_of_all'), 'file')).toHaveLength(1);
  expect(await read(block('authorized_keys_of_all'), 'file', 'ci@example.com')).toHaveLength(1);
});

describe('lines of spec/AUTHORIZED_KEYS.md', () => {
  const key = block('authorized_keys').split('\n')[1] as string;
  const rows = [...PAGE.slice(PAGE.indexOf('MUST refuse the whole')).matchAll(/^\| `(.*)` \|/gm)];
  test('the table of refused lines has more than 20 rows', () => expect(rows.length).toBeGreaterThan(20));
  test.each(rows.map(([, line]) => line as string))('a file with the line %s is refused', async (line) => {
    const text = line.replaceAll('KEY', key);
    await expect(read(`# before\n${text}\n`, 'folder')).rejects.toThrow('line 2: ');
  });

  const options = [
    ...PAGE.matchAll(
      /`((?:no-)?(?:restrict|pty|agent-forwarding|port-forwarding|x11-forwarding|user-rc|touch-required))`/g,
    ),
  ];
  test.each(options.map(([, name]) => name as string))(
    'a file with the option %s is accepted, and the option is ignored',
    async (name) => {
      expect(await read(`${name} ${key}\n`, 'folder')).toMatchObject([{ state: 'active', allowsAddress: undefined }]);
    },
  );
});
