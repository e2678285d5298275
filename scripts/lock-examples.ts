/**
 * Pins the versions of all packages that the examples install, for `test/release/examples.test.ts`. Run it after changing a `package.json`
 * in `examples`: `node scripts/lock-examples.ts`.
 */
import { execFileSync } from 'node:child_process';
import { copyFileSync, globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';

const ROOT = resolve(import.meta.dirname, '..');
const folder = mkdtempSync(join(tmpdir(), 'ajwt-lock-'));
const names = globSync('examples/*/package.json', { cwd: ROOT }).map((file) => basename(dirname(file)));

for (const name of names) {
  const project = JSON.parse(readFileSync(join(ROOT, 'examples', name, 'package.json'), 'utf8'));
  // The tests install the packed library.
  delete project.dependencies['asymmetric-jwt-auth'];
  mkdirSync(join(folder, name));
  writeFileSync(join(folder, name, 'package.json'), JSON.stringify(project));
}
writeFileSync(join(folder, 'package.json'), JSON.stringify({ private: true, workspaces: names.sort() }));
execFileSync('npm', ['install', '--package-lock-only', '--ignore-scripts', '--no-audit', '--no-fund'], {
  cwd: folder,
  stdio: 'inherit',
});
copyFileSync(join(folder, 'package-lock.json'), join(ROOT, 'test/release/examples-lock.json'));
rmSync(folder, { recursive: true });
