/** Wall clocks in a test's hand, of real processes: `clock.c` adds what a file says. */
import { spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

/** Why clocks cannot be stepped here. */
export function lacksClocks(): string | undefined {
  if (process.platform !== 'linux') return 'needs Linux';
  return spawnSync('gcc', ['--version']).status === 0 ? undefined : 'needs gcc and libc6-dev';
}

/** The clock of all processes that are started with its environment. */
export class Clock {
  readonly #folder = mkdtempSync(join(tmpdir(), 'ajwt-clock-'));
  readonly #file = join(this.#folder, 'seconds');
  readonly #library = join(this.#folder, 'clock.so');
  #offset = 0;

  constructor() {
    const words = [
      '-shared',
      '-fPIC',
      '-O2',
      '-Wall',
      '-Werror',
      '-o',
      this.#library,
      resolve('test/chaos/clock.c'),
      '-ldl',
    ];
    const { status, stderr } = spawnSync('gcc', words, { encoding: 'utf8' });
    if (status !== 0) throw new Error(`gcc: ${stderr}`);
    writeFileSync(this.#file, new BigInt64Array(1));
  }

  /** For the processes whose clock it is. */
  get env(): Readonly<Record<string, string>> {
    return { LD_PRELOAD: this.#library, CHAOS_CLOCK: this.#file };
  }

  /** By how many seconds it is off. */
  get offset(): number {
    return this.#offset;
  }

  /** @param seconds - whole ones, by which it is off from now on */
  step(seconds: number): void {
    this.#offset = seconds;
    // Eight bytes at once, in place: the processes have them in their memory.
    const file = openSync(this.#file, 'r+');
    writeSync(file, new BigInt64Array([BigInt(seconds)]), 0, 8, 0);
    closeSync(file);
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true });
  }
}
