/** docs/OTHER_LANGUAGES.md shows the clients as they are tested (test/interop/clients.test.ts), byte for byte. */
import { globSync, readFileSync } from 'node:fs';
import { extname } from 'node:path';
import { expect, test } from 'vitest';

const PAGE = readFileSync('docs/OTHER_LANGUAGES.md', 'utf8');
/** The page's word for each kind of file; `sh` would be run as a command of the page. */
const FENCES: Readonly<Record<string, string>> = {
  '.py': 'python',
  '.go': 'go',
  '.rs': 'rust',
  '.toml': 'toml',
  '.java': 'java',
  '.sh': 'bash',
};
const FILES = globSync('clients/*/*.{py,go,rs,toml,java,sh}').sort();

test('there is a client in each of the languages', () => {
  expect(FILES.map((file) => extname(file))).toEqual(['.go', '.java', '.py', '.toml', '.rs', '.sh']);
});

test.each(FILES)('the page shows %s, and links to it', (file) => {
  const block = `\`\`\`${FENCES[extname(file)]}\n${readFileSync(file, 'utf8')}\`\`\`\n`;
  expect(PAGE).toContain(`(../${file})`);
  expect(PAGE.split(block)).toHaveLength(2);
});
