/**
 * Copies the documentation into a package that is about to be packed: `node scripts/ship-docs.ts PACKAGE`. The folders keep their
 * places relative to one another, so that links between pages work inside the package too.
 */
import { cpSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';

const ROOT = resolve(import.meta.dirname, '..');
const SHIPPED = ['docs', 'spec', 'clients', 'CONTRIBUTING.md', 'CHANGELOG.md', 'SECURITY.md'];
/** The program that writes the test vectors needs the repository. */
const LEFT_OUT = [join(ROOT, 'spec/vectors/generate.ts'), join(ROOT, 'spec/vectors/generator')];

const folder = resolve(process.argv[2] as string);
for (const name of SHIPPED) {
  rmSync(join(folder, name), { recursive: true, force: true });
  cpSync(join(ROOT, name), join(folder, name), { recursive: true, filter: (from) => !LEFT_OUT.includes(from) });
}
