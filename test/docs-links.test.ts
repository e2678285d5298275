/** Every link in the documentation leads to a file and a heading that exist. */
import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { describe, expect, test } from 'vitest';

const PAGES = globSync(['*.md', '{docs,spec}/**/*.md', 'packages/*/README.md', 'examples/{*,*/*}.md'])
  .map(normalize)
  .sort();

const proseOf = (page: string) => readFileSync(page, 'utf8').replaceAll(/^ *```.*?^ *```$/gms, '');

/** Returns the anchor that GitHub gives to a heading. */
const anchorOf = (heading: string) =>
  heading
    .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1')
    .trim()
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}_ -]/gu, '')
    .replaceAll(' ', '-');
const anchorsOf = (page: string) =>
  [...proseOf(page).matchAll(/^#+ (.*)$/gm)].map(([, heading]) => anchorOf(heading as string));

function leadsNowhere(page: string, link: string): boolean {
  const [file = '', anchor] = link.split('#');
  const target = file === '' ? page : join(dirname(page), file);
  return !existsSync(target) || (anchor !== undefined && target.endsWith('.md') && !anchorsOf(target).includes(anchor));
}

describe.each(PAGES)('%s', (page) => {
  test('has no broken links', () => {
    const links = [...proseOf(page).matchAll(/\]\((?!https?:|mailto:)([^)\s]+)\)/g)].map(([, link]) => link as string);
    expect(links.filter((link) => leadsNowhere(page, link))).toEqual([]);
  });
});
