/** Runs every command and snippet of the documentation, compares their output with the page, and compiles the snippets. */
import { type ChildProcess, spawn } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join, resolve } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { commandFile } from 'ajwt-testkit/command-file';
import { makeDjangoDatabase } from 'ajwt-testkit/django-tables';
import { environment, mustRun } from 'ajwt-testkit/run';
import { PrivateKey } from 'asymmetric-jwt-auth';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

/** Commands that are not run here: the setup, the demo, and the tests themselves. */
const RUN_ELSEWHERE = /^npm (ci|test|run (demo|test:all|test:interop|chaos|check|bench|race|format|build|tarballs))\b/;

/** A fenced block: its language, the word after it, and its text. */
interface Block {
  readonly language: string;
  readonly word: string;
  readonly text: string;
}

const blocksOf = (page: string): Block[] =>
  [...readFileSync(page, 'utf8').matchAll(/^```(\w+)(?: ([\w.-]+))?\n([\s\S]*?)^```$/gm)].map(
    ([, language, word, text]) => ({
      language: language as string,
      word: word ?? '',
      text: text as string,
    }),
  );

/** The pages with commands or snippets. */
const PAGES = globSync('{*.md,docs/*.md,spec/*.md,packages/*/README.md}')
  .sort()
  .filter((page) => blocksOf(page).some(({ language }) => language === 'ts' || language === 'sh'));

/** Files that a reader already has in the folder where the commands of a page run. */
const BROUGHT_ALONG: Readonly<Record<string, (folder: string) => Promise<void>>> = {
  'docs/MIGRATING_FROM_DJANGO.md': bringDjangoSite,
};

// This folder is inside the repository, so that imports of the packages find their sources.
const SCRATCH = resolve('test/.docs');
/** Returns the folder of a page, for its snippets and for the files that its commands write. */
const folderOf = (page: string) => join(SCRATCH, page.replaceAll('/', '-'));
// Makes the commands available in PATH, as after `npm install`.
beforeAll(async () => {
  // An interrupted run may have left the folder behind.
  await rm(SCRATCH, { recursive: true, force: true });
  await mkdir(join(SCRATCH, 'bin'), { recursive: true });
  // This npx only runs commands in PATH, because the packages' own commands are not built.
  await writeFile(join(SCRATCH, 'bin/npx'), '#!/bin/sh\nexec "$@"\n', { mode: 0o755 });
  for (const name of ['ajwt', 'ajwtd'] as const) {
    const script = `#!/bin/sh\nexec node --conditions=source '${commandFile(name)}' "$@"\n`;
    await writeFile(join(SCRATCH, 'bin', name), script, { mode: 0o755 });
  }
});
afterAll(() => rm(SCRATCH, { recursive: true }));

describe.each(PAGES)('%s', (page) => {
  const blocks = blocksOf(page).filter(({ language }) => ['ts', 'sh', 'text'].includes(language));

  test('has commands that run, and print what it shows', async () => {
    const folder = folderOf(page);
    await mkdir(folder);
    const { PATH } = environment();
    const env = environment({
      NODE_OPTIONS: '--conditions=source',
      PATH: `${join(SCRATCH, 'bin')}:${PATH}`,
    });
    const background: ChildProcess[] = [];
    let printed = '';
    try {
      await BROUGHT_ALONG[page]?.(folder);
      for (const block of blocks) {
        if (block.language === 'ts') await writeFile(join(folder, block.word), block.text);
        else if (block.language === 'text') expect(printed).toBe(block.text);
        else if (block.word === 'background') {
          const ports = portsOf(block.text, folder);
          for (const port of ports) await mustBeFree(port);
          const child = spawn('sh', ['-c', `exec ${block.text.trim()}`], { cwd: folder, env, stdio: 'inherit' });
          background.push(child);
          await answering(child, ports[0] as number);
        } else printed = await runCommands(block.word || 'sh', block.text, folder, env);
      }
    } finally {
      await Promise.all(background.map(stop));
    }
  });
});

// Global types apply to a whole program, so pages that import them are compiled separately.
const declaresGlobals = (page: string) => readFileSync(page, 'utf8').includes("'asymmetric-jwt-auth/express/global';");

test.each([
  { name: 'with global types', pages: PAGES.filter(declaresGlobals) },
  { name: 'without global types', pages: PAGES.filter((page) => !declaresGlobals(page)) },
])('the snippets of all pages $name compile', async ({ name, pages }) => {
  expect(pages).not.toEqual([]);
  const config = join(SCRATCH, `${name.replaceAll(' ', '-')}.json`);
  await writeFile(
    config,
    JSON.stringify({
      extends: resolve('tsconfig.base.json'),
      compilerOptions: { noEmit: true },
      include: pages.map((page) => `${folderOf(page)}/*.ts`),
    }),
  );
  await mustRun(resolve('node_modules/.bin/tsc'), ['-p', config]);
});

/** Makes the database of a Django site, and the private key of one of its users. */
async function bringDjangoSite(folder: string): Promise<void> {
  const keys = await Promise.all([PrivateKey.generate('rsa'), PrivateKey.generate()]);
  const weak = generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey;
  makeDjangoDatabase(join(folder, 'db.sqlite3'), [
    { username: 'guido', keys: [keys[0].publicKey.toPem()] },
    { username: 'tim', keys: [weak.export({ type: 'spki', format: 'pem' }) as string] },
    { username: 'ada', keys: [keys[1].publicKey.toOpenSsh()], active: false },
  ]);
  await writeFile(join(folder, 'guido'), keys[0].toPem(), { mode: 0o600 });
}

/** Runs the commands of a block. @param shell - the shell that the block names, because some commands need bash */
async function runCommands(shell: string, text: string, cwd: string, env: NodeJS.ProcessEnv): Promise<string> {
  const lines = text.split('\n').filter((line) => !RUN_ELSEWHERE.test(line));
  for (const line of lines.filter((one) => one.startsWith('npm install '))) {
    // The packages that a page installs are already in node_modules, where this repository's packages are links to their sources.
    for (const name of line.split(' ').slice(2)) expect(existsSync(resolve('node_modules', name)), name).toBe(true);
  }
  const script = lines.filter((line) => !line.startsWith('npm install ')).join('\n');
  return script.trim() === '' ? '' : mustRun(shell, ['-euc', script], { cwd, env });
}

/** Returns the ports of a server: the port in its source, or ajwtd's ports, with that of the admin listener last. */
function portsOf(text: string, cwd: string): number[] {
  const file = /\bnode (\S+)/.exec(text)?.[1];
  if (file !== undefined) return [Number(/listen\((\d+)/.exec(readFileSync(join(cwd, file), 'utf8'))?.[1])];
  const own = Number(/--listen \S+:(\d+)/.exec(text)?.[1] ?? 8787);
  return text.includes('--admin-listen off') ? [own] : [own, 8788];
}

/** Throws if a port is in use, because the responses must come from the server that the page starts. */
async function mustBeFree(port: number): Promise<void> {
  const probe = createServer().listen(port);
  await once(probe, 'listening').catch((error) => {
    throw new Error(`port ${port} is in use, but a server of this page needs it`, { cause: error });
  });
  await new Promise((resolve) => probe.close(resolve));
}

const hasEnded = (child: ChildProcess) => child.exitCode !== null || child.signalCode !== null;

/** Waits until a server responds. */
async function answering(child: ChildProcess, port: number): Promise<void> {
  for (;;) {
    if (hasEnded(child))
      throw new Error(`${child.spawnargs.join(' ')} ended with ${child.exitCode ?? child.signalCode}`);
    const answers = await fetch(`http://127.0.0.1:${port}/`).then(
      () => true,
      () => false,
    );
    if (answers) return;
    await setTimeout(20);
  }
}

/** Stops a server, and waits until its ports are free. */
async function stop(child: ChildProcess): Promise<void> {
  if (hasEnded(child)) return;
  const ended = once(child, 'exit');
  child.kill();
  await ended;
}
