/** Installs the versions of Node that tests also run on, unless they are installed: `node scripts/install-nodes.ts`. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { OTHER_NODES } from 'ajwt-testkit/nodes';

for (const { version, folder, program } of OTHER_NODES) {
  if (existsSync(program)) continue;
  console.log(`installing Node ${version}`);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ private: true, allowScripts: { node: true } }));
  const words = ['install', '--no-save', '--no-package-lock', '--no-audit', '--no-fund', '--loglevel=error'];
  execFileSync('npm', [...words, `node@${version}`], { cwd: folder, stdio: 'inherit' });
}
