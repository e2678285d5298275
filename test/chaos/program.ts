/** Runs Node programs that can be killed and restarted with the same arguments, on the same port. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { commandEnvironment } from 'ajwt-testkit/program';
import { freePort } from 'ajwt-testkit/servers/process';
import type { ServerSettings } from './server.ts';
import type { StoreAddress, StoreOptions } from './stores.ts';
import type { Users } from './users.ts';

// Each server adds an exit listener to this process.
process.setMaxListeners(0);
const running = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

export class Program {
  readonly port: number;
  readonly #words: readonly string[];
  readonly #ready: string;
  readonly #env: Readonly<Record<string, string>>;
  #child: ChildProcess | undefined;
  #output = '';

  private constructor(port: number, words: readonly string[], ready: string, env: Readonly<Record<string, string>>) {
    this.port = port;
    this.#words = words;
    this.#ready = ready;
    this.#env = env;
  }

  /** Starts the service of `server.ts`. */
  static async service(
    store: StoreAddress,
    options: StoreOptions,
    users: Users,
    env: Readonly<Record<string, string>> = {},
  ): Promise<Program> {
    const port = await freePort();
    const settings: ServerSettings = { port, store, keys: users.publicKeys, ...options };
    const program = new Program(port, ['test/chaos/server.ts', JSON.stringify(settings)], 'listening on', env);
    await program.start();
    return program;
  }

  /** Starts `ajwtd serve` on a free port. */
  static async ajwtd(words: readonly string[], ready = 'listening on'): Promise<Program> {
    const port = await freePort();
    const listen = ['--listen', `127.0.0.1:${port}`, '--admin-listen', 'off', ...words];
    const program = new Program(port, ['packages/server/src/cli/ajwtd.ts', 'serve', ...listen], ready, {});
    await program.start();
    return program;
  }

  get pid(): number {
    return this.#child?.pid as number;
  }

  /** The last output of the program. */
  get output(): string {
    return this.#output;
  }

  /** The ids of its child processes. */
  get children(): number[] {
    const line = readFileSync(`/proc/${this.pid}/task/${this.pid}/children`, 'utf8').trim();
    return line === '' ? [] : line.split(' ').map(Number);
  }

  /** Starts the program, and waits until it is ready. */
  async start(): Promise<void> {
    const child = spawn(process.execPath, ['--conditions=source', ...this.#words], {
      env: commandEnvironment(this.#env),
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#child = child;
    this.#output = '';
    running.add(child);
    child.on('exit', () => running.delete(child));
    await new Promise<void>((done, failed) => {
      for (const stream of [child.stdout, child.stderr]) {
        stream.on('data', (chunk) => {
          this.#output = (this.#output + chunk).slice(-10_000);
          if (this.#output.includes(this.#ready)) done();
        });
      }
      child.on('exit', () => failed(new Error(`${this.#words[0]} has exited: ${this.#output}`)));
    });
  }

  signal(name: NodeJS.Signals): void {
    this.#child?.kill(name);
  }

  /** Kills the program, and waits until it has exited. */
  async kill(): Promise<void> {
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const end = once(child, 'exit');
    child.kill('SIGKILL');
    await end;
  }
}
