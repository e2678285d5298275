/** docs/OTHER_LANGUAGES.md shows exactly the clients that test/interop/clients.test.ts tests. */
import { globSync, readFileSync } from 'node:fs';
import { extname } from 'node:path';
import { expect, test } from 'vitest';

const PAGE = readFileSync('docs/OTHER_LANGUAGES.md', 'utf8');
/** The fence language for each type of file; it is never `sh`, because test/docs.test.ts would run the block as a command. */
const FENCES: Readonly<Record<string, string>> = {
  '.py': 'python',
  '.go': 'go',
  '.rs': 'rust',
  '.toml': 'toml',
  '.java': 'java',
  '.sh': 'bash',
};
const FILES = globSync('clients/*/*.{py,go,rs,toml,java,sh}').sort();

test('there is a client in every language', () => {
  expect(FILES.map((file) => extname(file))).toEqual(['.go', '.java', '.py', '.toml', '.rs', '.sh']);
});

test.each(FILES)('docs/OTHER_LANGUAGES.md shows %s, and links to it', (file) => {
  const block = `\`\`\`${FENCES[extname(file)]}\n${readFileSync(file, 'utf8')}\`\`\`\n`;
  expect(PAGE).toContain(`(../${file})`);
  expect(PAGE.split(block)).toHaveLength(2);
});
