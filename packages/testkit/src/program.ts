/** Starts the commands `ajwt` and `ajwtd` as child processes, from their bundles or their sources. */
import { type ChildProcess, spawn } from 'node:child_process';
import { devNull } from 'node:os';
import { commandFile } from './command-file.ts';
import { environment } from './run.ts';

/** The Node that runs the commands: the one that runs the tests, or another version (vitest.config.ts). */
const NODE = process.env.AJWT_TEST_NODE ?? process.execPath;

/** The commands, each as the program and the arguments that start it. */
export const COMMANDS = {
  ajwt: [NODE, '--conditions=source', commandFile('ajwt')],
  ajwtd: [NODE, '--conditions=source', commandFile('ajwtd')],
} as const;

/** How a command is run. */
export interface RunOptions {
  /** Environment variables to set, or with `undefined` to unset. */
  readonly env?: Record<string, string | undefined>;
  readonly input?: string | Uint8Array;
  readonly cwd?: string;
  /** Runs the command as another user. Only root can do this. */
  readonly uid?: number;
  /** Runs the command without the terminal of the tests, where it would ask for a passphrase. */
  readonly detached?: boolean;
}

/** What a command printed, and its exit code. */
export interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** Standard output, byte for byte. */
  readonly bytes: Buffer;
}

/** The developer's environment variables that would change what a command does. */
const OWN_VARIABLES = /^(?:SSH_AUTH_SOCK$|AJWTD?_|(?:https?|all|no)_proxy$)/i;

/** Returns an environment without the developer's ssh-agent, proxies, `AJWT_…` variables and configuration file. */
export function commandEnvironment(extra: Readonly<Record<string, string | undefined>> = {}): NodeJS.ProcessEnv {
  const kept = Object.entries(environment()).filter(([name]) => !OWN_VARIABLES.test(name));
  return { ...Object.fromEntries(kept), AJWT_CONFIG: devNull, ...extra };
}

/** Starts a command. Its standard input stays open. */
export function startCommand(
  name: keyof typeof COMMANDS,
  args: readonly string[],
  { env, cwd, uid, detached = false }: RunOptions = {},
): ChildProcess {
  const [node, ...words] = COMMANDS[name];
  const user = uid === undefined ? {} : { uid };
  return spawn(node, [...words, ...args], { env: commandEnvironment(env), cwd, stdio: 'pipe', detached, ...user });
}

/** Collects what a process prints, and waits until it ends. */
export function finish(child: ChildProcess): Promise<Outcome> {
  const out: Buffer[] = [];
  const err: Buffer[] = [];
  child.stdout?.on('data', (chunk) => out.push(chunk));
  child.stderr?.on('data', (chunk) => err.push(chunk));
  return new Promise((done, reject) => {
    child.on('error', reject);
    child.on('close', (code) => {
      const bytes = Buffer.concat(out);
      done({ code, stdout: bytes.toString(), stderr: Buffer.concat(err).toString(), bytes });
    });
  });
}

/** Runs a command to its end. */
export function runCommand(
  name: keyof typeof COMMANDS,
  args: readonly string[],
  options: RunOptions = {},
): Promise<Outcome> {
  const child = startCommand(name, args, options);
  // The command may end before it has read all of its input.
  child.stdin?.on('error', () => {});
  child.stdin?.end(options.input ?? '');
  return finish(child);
}
