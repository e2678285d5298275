/** The clients in other languages (clients/), which scripts/test-interop.sh builds. */
import { join, resolve } from 'node:path';
import { type Finished, run } from 'ajwt-testkit/run';
import { environments } from './python.ts';

/** The command for each client; its arguments are the username, the key file and the URL. */
const COMMANDS = {
  Python: (built: string) => [join(built, '1.3.0/bin/python'), '-B', resolve('clients/python/signed_get.py')],
  Go: (built: string) => [join(built, 'clients/go/signed_get')],
  Rust: (built: string) => [join(built, 'clients/rust/debug/signed_get')],
  Java: (built: string) => ['java', '-cp', join(built, 'clients/java'), 'SignedGet'],
  shell: () => [resolve('clients/shell/signed-get.sh')],
} as const satisfies Readonly<Record<string, (built: string) => readonly string[]>>;

/** Languages of the clients. */
export type Language = keyof typeof COMMANDS;
export const LANGUAGES = Object.keys(COMMANDS) as readonly Language[];

/** Runs a client and waits until it exits. */
export function runClient(language: Language, ...words: readonly string[]): Promise<Finished> {
  const [command = '', ...first] = COMMANDS[language](environments());
  // Java reads its arguments in the encoding of the locale.
  return run(command, [...first, ...words], { env: { ...process.env, LC_ALL: 'C.UTF-8' } });
}
