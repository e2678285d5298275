/** Bundles code that imports the library's sources as a bundler for another platform does. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { rolldown } from 'rolldown';

const LIBRARY = resolve(import.meta.dirname, '../../lib');
const NAME = 'asymmetric-jwt-auth';

/** What `exports` and `imports` of a package.json lead to: a file, or one for each condition. */
type Target = string | { readonly [condition: string]: Target };

/** A platform, with the conditions that its bundlers set. */
const PLATFORMS = {
  browser: { conditions: ['browser', 'import', 'default'], external: [] },
  // Wrangler sets these.
  workerd: { conditions: ['workerd', 'worker', 'browser', 'import', 'default'], external: [/^node:/] },
} as const;

/** The code, and the names of the modules of Node that it still imports. */
export interface Bundle {
  readonly code: string;
  readonly imports: readonly string[];
}

/**
 * Bundles the code of an ES module.
 *
 * @param format - `iife` makes the exports properties of the global variable `app`
 */
export async function bundleFor(
  platform: keyof typeof PLATFORMS,
  code: string,
  { format = 'esm', files = {} }: { format?: 'esm' | 'iife'; files?: Readonly<Record<string, string>> } = {},
): Promise<Bundle> {
  const { exports, imports } = JSON.parse(readFileSync(resolve(LIBRARY, 'package.json'), 'utf8'));
  const { conditions, external } = PLATFORMS[platform];
  const sourceOf = (target: Target) => {
    const file = choose(target, conditions).replace('./dist/', 'src/').replace(/\.js$/, '.ts');
    return resolve(LIBRARY, file);
  };
  const entry = resolve(LIBRARY, 'test/bundled-entry.ts');
  const virtual: Record<string, string> = { [entry]: code };
  for (const [name, text] of Object.entries(files)) virtual[resolve(LIBRARY, 'test', name)] = text;

  const bundle = await rolldown({
    input: entry,
    platform: platform === 'browser' ? 'browser' : 'neutral',
    external: [...external],
    plugins: [
      {
        name: 'library',
        resolveId(id, importer) {
          if (id === '#engine') return sourceOf(imports['#engine']);
          if (id === NAME || id.startsWith(`${NAME}/`)) return sourceOf(exports[id.replace(NAME, '.')]);
          const path = importer === undefined ? id : resolve(importer, '..', id);
          return path in virtual ? path : null;
        },
        load: (id) => virtual[id] ?? null,
      },
    ],
  });
  const { output } = await bundle.generate({
    format,
    name: 'app',
    minify: platform === 'browser',
    codeSplitting: false,
  });
  await bundle.close();
  const [{ code: text, imports: left }] = output;
  return { code: text, imports: left };
}

/** Returns the file that the conditions select. */
function choose(target: Target, conditions: readonly string[]): string {
  if (typeof target === 'string') return target;
  const name = Object.keys(target).find((condition) => conditions.includes(condition));
  if (name === undefined) throw new Error(`no condition of ${conditions.join(', ')} in ${JSON.stringify(target)}`);
  return choose(target[name] as Target, conditions);
}
