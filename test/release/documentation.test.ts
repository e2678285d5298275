/** The documentation in the packed packages. */
import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';
import { describe, expect, inject, test } from 'vitest';

const { project, both } = inject('packed');

describe.each([
  ['library', join(project, 'node_modules/asymmetric-jwt-auth')],
  ['server', join(both, 'node_modules/asymmetric-jwt-auth-server')],
])('the documentation in the packed %s', (_name, folder) => {
  const pages = globSync('{*,docs/*,spec/*,spec/vectors/*}.md', { cwd: folder });

  test('is the same as in the repository, and each of its links leads to a file in the package', () => {
    expect(pages.filter((page) => page.startsWith('docs/')).sort()).toEqual(globSync('docs/*.md').sort());
    const broken = pages.flatMap((page) => {
      const prose = readFileSync(join(folder, page), 'utf8').replaceAll(/^```.*?^```$/gms, '');
      const links = [...prose.matchAll(/\]\((?!https?:|#|mailto:)([^)#]+)/g)].map(([, link]) => link as string);
      return links.filter((link) => !existsSync(join(folder, dirname(page), link))).map((link) => [page, link]);
    });
    expect(broken).toEqual([]);
  });

  test('is in the folders that the README names', () => {
    const readme = readFileSync(join(folder, 'README.md'), 'utf8');
    expect(readme).toContain(`\`node_modules/${posix.basename(folder)}\``);
    const named = [...readme.matchAll(/`((?:docs|spec|clients)(?:\/[^`]*)?)`/g)].map(([, path]) => path as string);
    expect(named.length).toBeGreaterThan(4);
    expect(named.filter((path) => !existsSync(join(folder, path)))).toEqual([]);
  });
});
