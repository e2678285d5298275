/** Installs the projects in `examples` with the packed library, and starts them as their READMEs say. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, globSync, readFileSync } from 'node:fs';
import { copyFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { basename, dirname, join, resolve } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { environment, mustRun } from 'ajwt-testkit/run';

/** The names of all projects. */
export const EXAMPLES = globSync('examples/*/package.json')
  .map((file) => basename(dirname(file)))
  .sort();

/** Folders that a developer's own installation and builds leave behind. */
const MADE = /^(node_modules|dist|build|\.next|\.react-router|\.svelte-kit|\.astro)$/;

const QUIET = { NEXT_TELEMETRY_DISABLED: '1', ASTRO_TELEMETRY_DISABLED: '1' };

/** Copies all projects to a folder, and installs them together. @param library - the path of its tarball */
export async function installExamples(folder: string, library: string): Promise<void> {
  for (const name of EXAMPLES) {
    const from = resolve('examples', name);
    cpSync(from, join(folder, name), { recursive: true, filter: (path) => !MADE.test(basename(path)) });
  }
  // All projects require a version of the library; npm uses the tarball if its version matches.
  const root = { private: true, workspaces: EXAMPLES, dependencies: { 'asymmetric-jwt-auth': `file:${library}` } };
  await writeFile(join(folder, 'package.json'), JSON.stringify(root));
  await copyFile('test/release/examples-lock.json', join(folder, 'package-lock.json'));
  await mustRun('npm', ['install', '--ignore-scripts', '--prefer-offline'], { cwd: folder });
}

/** What a README tells a reader to do. */
export interface Readme {
  /** The commands that install, build and start the project. */
  readonly setup: readonly string[];
  /** The command that sends a signed request. */
  readonly call: string;
  /** What it prints, without the last line break. */
  readonly printed: string;
}

/** Reads the commands of a README, and what they print. */
export function readReadme(name: string): Readme {
  const blocks = [...readFileSync(join('examples', name, 'README.md'), 'utf8').matchAll(/^```\w+\n([\s\S]*?)^```$/gm)];
  const [setup, call, printed] = blocks.map(([, text]) => text as string);
  if (setup === undefined || call === undefined || printed === undefined || blocks.length !== 3)
    throw new Error(`examples/${name}/README.md must have three code blocks: set up, call, and what it prints`);
  return { setup: setup.trim().split('\n'), call, printed: printed.trim() };
}

/** A running project. */
export interface Running {
  readonly url: string;
  /** Runs a command of the README in the project's folder, but with the URL of this server. */
  command(text: string): Promise<string>;
  stop(): Promise<void>;
}

/** Runs the commands that set up a project, except `npm install`, and starts it on a free port. */
export async function startExample(folder: string, { setup }: Readme): Promise<Running> {
  const PORT = String(await freePort());
  const url = `http://127.0.0.1:${PORT}`;
  const env = environment({ ...QUIET, PORT, HOST: '127.0.0.1' });
  const command = (text: string) =>
    mustRun('sh', ['-euc', text.replaceAll('http://127.0.0.1:3000', url)], { cwd: folder, env });

  const [install, ...others] = setup;
  const start = others.pop();
  if (install !== 'npm install' || start !== 'npm start')
    throw new Error(`the README must begin with npm install and end with npm start, not ${setup}`);
  for (const line of others) await command(line);
  const server = spawn('npm', ['start'], { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
  const running = { url, command, stop: () => stop(server) };
  try {
    await responding(server, url);
  } catch (error) {
    await running.stop();
    throw error;
  }
  return running;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}

const hasEnded = ({ exitCode, signalCode }: ChildProcess) => exitCode !== null || signalCode !== null;

/** Waits until a server responds. */
async function responding(server: ChildProcess, url: string): Promise<void> {
  let log = '';
  for (const stream of [server.stdout, server.stderr]) {
    stream?.on('data', (chunk) => {
      log += chunk;
    });
  }
  while (!hasEnded(server)) {
    const responds = await fetch(url).then(
      (response) => response.body?.cancel().then(() => true) ?? true,
      () => false,
    );
    if (responds) return;
    await setTimeout(20);
  }
  throw new Error(`npm start ended with ${server.exitCode ?? server.signalCode}:\n${log}`);
}

/** Stops `npm start` and the server that it started, and waits until both have ended. */
async function stop(server: ChildProcess): Promise<void> {
  if (hasEnded(server)) return;
  // Both hold the pipes of standard output, so `close` comes after the last of them.
  const closed = once(server, 'close');
  process.kill(-(server.pid as number), 'SIGTERM');
  await closed;
}
