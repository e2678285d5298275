/** Runs `verdicts.ts` with each crypto engine: those of several runtimes, and libsodium. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { OTHER_NODES } from 'ajwt-testkit/nodes';
import { RUNTIMES } from 'ajwt-testkit/runtimes';
import type { Verdicts } from './verdicts.ts';

/** A way to run `verdicts.ts`. */
export interface Engine {
  readonly name: string;
  readonly command: readonly string[];
  readonly verifier: 'node:crypto' | 'sodium-native';
  /** Whether the runtime is not installed. */
  readonly isMissing: boolean;
}

export const ENGINES: readonly Engine[] = [
  { name: `Node ${process.versions.node}`, command: [process.execPath], verifier: 'node:crypto', isMissing: false },
  { name: 'sodium-native', command: [process.execPath], verifier: 'sodium-native', isMissing: false },
  ...OTHER_NODES.map(({ version, program, isMissing }): Engine => {
    return { name: `Node ${version}`, command: [program], verifier: 'node:crypto', isMissing };
  }),
  ...RUNTIMES.map(({ name, version, command, isMissing }): Engine => {
    return { name: `${name} ${version}`, command, verifier: 'node:crypto', isMissing };
  }),
];

/** Runs `verdicts.ts` in a separate process. */
export async function runEngine({ command, verifier }: Engine, seed: number, count: number): Promise<Verdicts> {
  const [program = '', ...words] = command;
  const file = join(import.meta.dirname, 'verdicts.ts');
  const args = [...words, '--conditions=source', file, String(seed), String(count), verifier];
  return JSON.parse((await promisify(execFile)(program, args)).stdout);
}
