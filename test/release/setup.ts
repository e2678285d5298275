/** Builds and packs both packages once for all tests in this folder, and installs them as users do. */
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { mustRun } from 'ajwt-testkit/run';
import type { TestProject } from 'vitest/node';

/** Paths of the tarballs, and of projects that have them installed. */
export interface Packed {
  /** The library's tarball. */
  readonly library: string;
  /** The server's tarball. */
  readonly server: string;
  /** A project with only the library installed. */
  readonly project: string;
  /** A project with both packages installed. */
  readonly both: string;
}

declare module 'vitest' {
  interface ProvidedContext {
    packed: Packed;
  }
}

/** Makes a project in a new folder, and installs tarballs in it. @returns the folder */
async function install(folder: string, tarballs: readonly string[], option: string): Promise<string> {
  const project = await mkdtemp(join(folder, 'project-'));
  await writeFile(join(project, 'package.json'), '{ "private": true, "type": "module" }');
  await mustRun('npm', ['install', option, ...tarballs], { cwd: project });
  return project;
}

/** Runs `npm run tarballs`, and then the install command it prints. @returns a function that deletes everything */
export default async function setup({ provide }: TestProject): Promise<() => Promise<void>> {
  const folder = await mkdtemp(join(tmpdir(), 'ajwt-release-'));
  const packed = join(folder, 'packed');
  const printed = await mustRun('npm', ['run', '--silent', 'tarballs', '--', packed]);
  const tarballs = (/^ {2}npm install (.+ .+)$/m.exec(printed)?.[1] ?? '').split(' ');
  const [library, server] = tarballs;
  const made = (await readdir(packed)).map((file) => join(packed, file));
  if (library === undefined || server === undefined || made.sort().join() !== tarballs.toSorted().join()) {
    throw new Error(`npm run tarballs made ${made}, and printed:\n${printed}`);
  }
  const [project, both] = await Promise.all([
    install(folder, [library], '--offline'),
    install(folder, [library, server], '--prefer-offline'),
  ]);
  provide('packed', { library, server, project, both });
  return () => rm(folder, { recursive: true });
}
