/** Lets a test set the wall clocks of real processes: `clock.c` steps them by the number of seconds in a file. */
import { spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

/** Returns the reason why clocks cannot be stepped on this machine, or `undefined` if they can. */
export function lacksClocks(): string | undefined {
  if (process.platform !== 'linux') return 'needs Linux';
  return spawnSync('gcc', ['--version']).status === 0 ? undefined : 'needs gcc and libc6-dev';
}

/** A clock for all processes that are started with its `env`. */
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

  /** Environment variables of the processes. */
  get env(): Readonly<Record<string, string>> {
    return { LD_PRELOAD: this.#library, CHAOS_CLOCK: this.#file };
  }

  /** Current error of the clock, in seconds. */
  get offset(): number {
    return this.#offset;
  }

  /** Sets the error of the clock. @param seconds - a whole number */
  step(seconds: number): void {
    this.#offset = seconds;
    // Write all eight bytes at once and in place, because the processes have mapped them into memory.
    const file = openSync(this.#file, 'r+');
    writeSync(file, new BigInt64Array([BigInt(seconds)]), 0, 8, 0);
    closeSync(file);
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true });
  }
}
