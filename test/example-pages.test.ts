/** The pages about the examples show the files that test/release/examples.test.ts runs. */
import { existsSync, globSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { expect, test } from 'vitest';

const read = (path: string) => readFileSync(path, 'utf8');
const EXAMPLES = globSync('examples/*/package.json').map(dirname).sort();

/** Frameworks that have no entry point of their own, by the heading of their section in docs/FRAMEWORKS.md. */
const RECIPES = {
  'GraphQL Yoga': 'examples/graphql-yoga',
  'Next.js': 'examples/next',
  'React Router': 'examples/react-router',
  tRPC: 'examples/trpc',
};

test.each(Object.entries(RECIPES))(
  'the recipe for %s in docs/FRAMEWORKS.md consists of files in %s',
  (heading, folder) => {
    const section = read('docs/FRAMEWORKS.md').split(`\n## ${heading}\n`)[1]?.split('\n## ')[0] ?? '';
    const blocks = [...section.matchAll(/^```typescript (\S+)\n([\s\S]*?)^```$/gm)];
    expect(blocks).toHaveLength(section.split('```typescript').length - 1);
    expect(blocks.length).toBeGreaterThan(1);
    for (const [, file, text] of blocks) expect(text).toBe(read(join(folder, file as string)));
  },
);

test('examples/README.md lists every example', () => {
  const listed = [...read('examples/README.md').matchAll(/^\| \[([\w-]+)\]\(\1\) \|/gm)].map(([, name]) => name);
  expect(listed).toEqual(EXAMPLES.map((folder) => basename(folder)));
});

test('all examples have the same authenticator', () => {
  const files = globSync('examples/*/{,src/,app/,lib/}authenticator{,.server}.ts');
  expect(files).toHaveLength(EXAMPLES.length);
  expect(new Set(files.map(read)).size).toBe(1);
});

test('an adapter has an example, or uses that of another adapter', () => {
  const adapters = globSync('packages/lib/src/adapters/*.ts').filter((file) =>
    read(file).includes('checkAuthenticator(auth);'),
  );
  expect(adapters.length).toBeGreaterThan(8);
  const missing = adapters.filter((file) => !existsSync(join('examples', basename(file, '.ts'), 'package.json')));
  expect(missing).toEqual([]);
});
