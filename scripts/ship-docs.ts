/**
 * Copies the documentation into a package before it is packed: `node scripts/ship-docs.ts PACKAGE`. The folders keep their relative paths,
 * so that links between pages also work inside the package.
 */
import { cpSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';

const ROOT = resolve(import.meta.dirname, '..');
const SHIPPED = ['docs', 'spec', 'clients', 'CONTRIBUTING.md', 'CHANGELOG.md', 'SECURITY.md'];
/** The generator of the test vectors works only in the repository. */
const LEFT_OUT = [join(ROOT, 'spec/vectors/generate.ts'), join(ROOT, 'spec/vectors/generator')];

const folder = resolve(process.argv[2] as string);
for (const name of SHIPPED) {
  rmSync(join(folder, name), { recursive: true, force: true });
  cpSync(join(ROOT, name), join(folder, name), { recursive: true, filter: (from) => !LEFT_OUT.includes(from) });
}
