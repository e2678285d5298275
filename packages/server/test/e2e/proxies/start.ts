/** Starts real proxies, configured as described in docs/PROXIES.md. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { exchange, request } from 'ajwt-testkit/connection';
import { freePort, untilReady } from 'ajwt-testkit/servers/process';
import { afterAll } from 'vitest';
import type { ProxyProgram } from './programs.ts';

/** The ports that docs/PROXIES.md uses for ajwtd and the application. */
export interface Ports {
  readonly ajwtd: number;
  readonly application: number;
}

const running = new Map<ChildProcess, NodeJS.Signals>();
function signalAll(): void {
  for (const [child, signal] of running) child.kill(signal);
}
process.once('exit', signalAll);
afterAll(async () => {
  const ended = [...running.keys()].map((child) => once(child, 'exit'));
  signalAll();
  await Promise.all(ended);
});

/** Starts a proxy in a new folder and waits until it responds; it stops when the test file ends. @returns its port */
export async function startProxy(proxy: ProxyProgram, folder: string, { ajwtd, application }: Ports): Promise<number> {
  const { name, program, words, signal } = proxy;
  if (program === undefined) throw new Error(`${name} is not installed; scripts/test-all.sh installs it`);
  // HAProxy has a second port.
  const [port, inside] = await Promise.all([freePort(), freePort()]);
  const ports = { 8080: port, 8081: application, 8786: inside, 8787: ajwtd };
  mkdirSync(folder);
  const files = proxy.files((block) => recipe(block, ports), port);
  for (const [path, text] of Object.entries(files)) writeFileSync(join(folder, path), text);

  const env = { ...process.env, HOME: folder, XDG_DATA_HOME: folder, XDG_CONFIG_HOME: folder };
  const child = spawn(program, words, { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'] });
  running.set(child, signal);
  child.once('exit', () => running.delete(child));
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => {
      output = (output + chunk).slice(-10_000);
    });
  }
  async function mustAsk(): Promise<void> {
    // Traefik responds with 404 until it has read its second file.
    const { status } = await exchange(port, request('/'));
    if (status !== 401) throw new Error(`status ${status}`);
  }
  await untilReady({ child, output: () => output }, mustAsk, 60);
  return port;
}

/** Returns a code block of docs/PROXIES.md with its ports replaced. */
function recipe(block: string, ports: Readonly<Record<string, number>>): string {
  const page = readFileSync('docs/PROXIES.md', 'utf8');
  const fence = new RegExp(`^\`\`\`\\w+ ${block.replaceAll('.', '\\.')}\n([\\s\\S]*?)^\`\`\`$`, 'm');
  const text = fence.exec(page)?.[1];
  if (text === undefined) throw new Error(`docs/PROXIES.md has no block ${block}`);
  return text.replaceAll(/(127\.0\.0\.1:|port_value: )(\d+)/g, (_, before, port) => {
    if (ports[port] === undefined) throw new Error(`${block} has another port: ${port}`);
    return `${before}${ports[port]}`;
  });
}
