/** Reads applications from docs/FRAMEWORKS.md that must be built. */
import { readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { mustRun } from 'ajwt-testkit/run';
import { createSignedFetch, PrivateKey } from 'asymmetric-jwt-auth/client';

/**
 * Reads the files of a section. The page makes a new key in each process, so a key in a file replaces it.
 *
 * @param heading - of the section
 * @param path - the file to write the key to
 * @returns the text of each file, by its path, and a `fetch` that signs
 */
export async function documentedApp(heading: string, path: string) {
  const page = await readFile('docs/FRAMEWORKS.md', 'utf8');
  const key = await PrivateKey.generate('ed25519');
  await writeFile(path, key.toPem(), { mode: 0o600 });
  const [, authenticator = ''] = /^```ts authenticator.ts\n(.*?)^```$/ms.exec(page) ?? [];
  const [, section = ''] = new RegExp(`^## ${heading}\n(.*?)(?=^## |(?![^]))`, 'ms').exec(page) ?? [];
  const blocks = [...section.matchAll(/^```typescript (\S+)\n(.*?)^```$/gms)];
  const files: Record<string, string> = Object.fromEntries(blocks.map(([, name, text]) => [name, text]));
  files['src/authenticator.ts'] = authenticator.replace(`generate('ed25519')`, `fromFile('${path}')`);
  return { files, api: createSignedFetch({ username: 'guido', key }) };
}

/** Type-checks an application. */
export async function typeCheck(folder: string): Promise<void> {
  // Not tsconfig.json, for which SvelteKit would need TypeScript 6.
  const config = join(folder, 'types.json');
  const compilerOptions = { noEmit: true };
  const extended = resolve('tsconfig.base.json');
  await writeFile(config, JSON.stringify({ extends: extended, compilerOptions, include: ['src/**/*.ts'] }));
  await mustRun(resolve('node_modules/.bin/tsc'), ['-p', config]);
}
