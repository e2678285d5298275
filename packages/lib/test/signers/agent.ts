/** Runs OpenSSH's ssh-agent with test keys, on a separate socket. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { vi } from 'vitest';

/** A running agent. */
export interface Agent {
  readonly socket: string;
  /** Returns the path of a private key; with `.pub` appended, it is the path of the public key. */
  path(name: string): string;
  makeKey(name: string, args: readonly string[]): void;
  publicLine(name: string): string;
  /** @param args - options of ssh-add, such as `-c`: the agent runs the script of {@link startAgent} before each signature */
  add(name: string, ...args: readonly string[]): void;
  /** Removes a key, but not its certificate. */
  remove(name: string): void;
  certify(ca: string, user: string): void;
  lock(): void;
  unlock(): void;
  stop(): Promise<void>;
}

const PASSPHRASE = 'locked';

/**
 * Starts an agent, and waits until its socket exists.
 *
 * @param parent - folder for its files
 * @param confirm - shell script in place of the person who confirms a signature; exit code 0 allows it
 */
export async function startAgent(parent: string, confirm = 'exit 1'): Promise<Agent> {
  const folder = mkdtempSync(join(parent, 'a'));
  const path = (name: string) => join(folder, name);
  const socket = path('socket');
  writeFileSync(path('confirm'), `#!/bin/sh\n${confirm}\n`, { mode: 0o755 });
  writeFileSync(path('passphrase'), `#!/bin/sh\necho ${PASSPHRASE}\n`, { mode: 0o755 });
  const env = (askpass: string) => ({
    ...process.env,
    SSH_AUTH_SOCK: socket,
    SSH_ASKPASS: path(askpass),
    SSH_ASKPASS_REQUIRE: 'force',
    DISPLAY: ':0',
  });
  const child: ChildProcess = spawn('ssh-agent', ['-D', '-a', socket], { env: env('confirm'), stdio: 'ignore' });
  await vi.waitUntil(() => existsSync(socket), { timeout: 10_000 });

  const run = (program: string, args: readonly string[], askpass = 'confirm') => {
    const { status, stderr } = spawnSync(program, args, {
      env: env(askpass),
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    if (status !== 0) throw new Error(`${program} ${args.join(' ')}: ${stderr}`);
  };
  return {
    socket,
    path,
    makeKey: (name, args) => run('ssh-keygen', ['-q', ...args, '-N', '', '-C', name, '-f', path(name)]),
    publicLine: (name) => readFileSync(path(`${name}.pub`), 'utf8'),
    add: (name, ...args) => run('ssh-add', ['-q', ...args, path(name)]),
    remove: (name) => {
      // ssh-add also removes a certificate that is next to the public key, so it gets a copy of the public key elsewhere.
      copyFileSync(path(`${name}.pub`), path(`bare-${name}.pub`));
      run('ssh-add', ['-q', '-d', path(`bare-${name}.pub`)]);
    },
    certify: (ca, user) => run('ssh-keygen', ['-q', '-s', path(ca), '-I', 'id', '-n', user, path(`${user}.pub`)]),
    lock: () => run('ssh-add', ['-x'], 'passphrase'),
    unlock: () => run('ssh-add', ['-X'], 'passphrase'),
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill('SIGKILL');
      await once(child, 'exit');
    },
  };
}
