/**
 * Installs what `npm run test:all` needs from the npm registry into `.cache`, unless it is installed: other versions of Node, Bun,
 * Deno, workerd, the tools that test the packed packages, and frameworks. Run it with `node scripts/install-test-tools.ts`.
 */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { copyFile, mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { OTHER_NODES, type OtherNode } from 'ajwt-testkit/nodes';
import { FRAMEWORK_TOOLS, type PinnedTools, RELEASE_TOOLS } from 'ajwt-testkit/pinned-tools';
import { RUNTIMES, type Runtime } from 'ajwt-testkit/runtimes';
import { WORKERD } from 'ajwt-testkit/workerd';

const QUIET = ['--no-audit', '--no-fund', '--loglevel=error'];
const npm = (folder: string, ...words: string[]) => promisify(execFile)('npm', [...words, ...QUIET], { cwd: folder });

/** Installs a program from the npm package of its name. */
async function installProgram(name: string, version: string, folder: string): Promise<void> {
  console.log(`installing ${name} ${version}`);
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'package.json'), JSON.stringify({ private: true, allowScripts: { [name]: true } }));
  await npm(folder, 'install', '--no-save', '--no-package-lock', `${name}@${version}`);
}

async function installNode({ version, folder, program }: OtherNode): Promise<void> {
  if (!existsSync(program)) await installProgram('node', version, folder);
}

async function installRuntime({ name, version, folder, command }: Runtime): Promise<void> {
  if (!existsSync(command[0])) await installProgram(name, version, folder);
}

/** Installs workerd without its install script, because the program is in another package. */
async function installWorkerd({ version, folder, program }: typeof WORKERD): Promise<void> {
  if (existsSync(program)) return;
  console.log(`installing workerd ${version}`);
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'package.json'), JSON.stringify({ private: true }));
  await npm(folder, 'install', '--no-save', '--no-package-lock', '--ignore-scripts', `workerd@${version}`);
}

async function installPinned({ what, pinned, folder, isInstalled }: PinnedTools): Promise<void> {
  if (isInstalled()) return;
  console.log(`installing ${what}`);
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  for (const name of ['package.json', 'package-lock.json']) await copyFile(join(pinned, name), join(folder, name));
  await npm(folder, 'ci', '--ignore-scripts');
  await copyFile(join(pinned, 'package-lock.json'), join(folder, 'installed.json'));
}

await Promise.all([
  ...OTHER_NODES.map(installNode),
  ...RUNTIMES.map(installRuntime),
  installWorkerd(WORKERD),
  ...[RELEASE_TOOLS, FRAMEWORK_TOOLS].map(installPinned),
]);
