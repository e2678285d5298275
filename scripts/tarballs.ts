/**
 * Builds and packs both packages, and prints the commands that install them: `npm run tarballs [-- FOLDER]`. The default FOLDER is
 * `tarballs`.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

const ROOT = resolve(import.meta.dirname, '..');
const folder = resolve(process.argv[2] ?? join(ROOT, 'tarballs'));
mkdirSync(folder, { recursive: true });

function pack(name: string): string {
  const path = join(ROOT, 'packages', name);
  execFileSync('npm', ['pack', '--loglevel=error', '--pack-destination', folder], {
    cwd: path,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const { name: packageName, version } = JSON.parse(readFileSync(join(path, 'package.json'), 'utf8'));
  return join(folder, `${packageName}-${version}.tgz`);
}

const [library, server] = [pack('lib'), pack('server')];
console.log('The library, with the command ajwt:');
console.log(`  npm install ${library}`);
console.log('The server ajwtd, which needs the library:');
console.log(`  npm install ${library} ${server}`);
