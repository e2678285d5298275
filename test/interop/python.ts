/** The Python package, in the environments that scripts/test-interop.sh makes. */
import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { mustRun } from 'ajwt-testkit/run';
import { type RunningServer, startServer } from './server.ts';

/** Installed versions of the package: the oldest supported one and the newest. */
export type PackageVersion = '0.3.1' | '1.3.0';

const SCRIPTS = resolve('test/interop/python');

/** Returns the output folder of scripts/test-interop.sh. */
export function environments(): string {
  const folder = process.env.AJWT_INTEROP_ENVIRONMENTS;
  if (folder === undefined) throw new Error('run these tests with `npm run test:interop`');
  return folder;
}

const interpreter = (version: PackageVersion) => join(environments(), version, 'bin/python');

// Without -B, Python writes compiled files next to the sources.
const NO_COMPILED_FILES = '-B';

/** Returns the command that runs a script of test/interop/python. */
export function pythonCommand(
  version: PackageVersion,
  script: string,
  ...words: readonly string[]
): [command: string, ...words: string[]] {
  return [interpreter(version), NO_COMPILED_FILES, join(SCRIPTS, script), ...words];
}

/** Runs a script of test/interop/python and returns its output. */
export function python(version: PackageVersion, script: string, ...words: readonly string[]): Promise<string> {
  const [command, ...others] = pythonCommand(version, script, ...words);
  return mustRun(command, others);
}

/** The response to a Python client. */
export interface Answer {
  readonly status: number;
  /** The header `X-Auth-User`. */
  readonly user: string | null;
  /** The header `WWW-Authenticate`. */
  readonly challenge: string | null;
  readonly body: string;
}

/** Sends one token with a Python client to several URLs in turn. */
export async function sendFromPython(
  version: PackageVersion,
  client: string,
  username: string,
  keyFile: string,
  ...urls: readonly string[]
): Promise<readonly Answer[]> {
  return JSON.parse(await python(version, client, username, keyFile, ...urls));
}

/** A running Django site. */
export interface DjangoServer extends Pick<RunningServer, 'stop'> {
  readonly url: string;
  /** Fingerprints by username; null if the package did not accept the key. */
  readonly fingerprints: Readonly<Record<string, string | null>>;
}

/**
 * Starts a Django site behind the middleware of the newest package.
 *
 * @param database - path of the database, which is created @param keys - public keys as strings, by username
 */
export async function startDjango(database: string, keys: Readonly<Record<string, string>>): Promise<DjangoServer> {
  const users = `${database}.users.json`;
  writeFileSync(users, JSON.stringify(keys));
  const words = [NO_COMPILED_FILES, join(SCRIPTS, 'django_server.py'), users, database];
  const { said, stop } = await startServer(interpreter('1.3.0'), words, /^(\{"url".*\})\n/m);
  return { ...JSON.parse(said), stop };
}
