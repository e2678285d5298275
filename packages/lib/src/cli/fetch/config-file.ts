/** Reads the options of `-K`, in the format of curl's configuration files. */
import type { Options } from 'ajwt-cli-kit/command';
import { CommandError } from 'ajwt-cli-kit/command-error';
import type { Io } from 'ajwt-cli-kit/io';
import { readFileBody } from './body.ts';

/** Options that are refused because curl gives them another meaning. */
const REFUSED: Readonly<Record<string, string>> = {
  user: 'curl uses it for a name and password; give --user NAME on the command line',
  u: 'curl uses it for a name and password; give --user NAME on the command line',
  key: 'curl uses it for the key of a client certificate; give --key on the command line, or tls-key here',
  cert: 'give tls-cert',
  E: 'give tls-cert',
  'proxy-user': 'write the name and password in the URL of the proxy',
  U: 'write the name and password in the URL of the proxy',
  config: 'an options file cannot name another one',
  K: 'an options file cannot name another one',
};

/** Maximum length of the file in bytes. */
const MAX_LENGTH = 2 ** 20;

/** Replaces each `-K FILE` with the options in the file. @throws CommandError if a file cannot be read, or a line is not valid */
export async function withConfigFiles(args: readonly string[], options: Options, io: Io): Promise<readonly string[]> {
  const all: string[] = [];
  for (let i = 0; i < args.length; i++) {
    const arg = args[i] as string;
    const [, inline] = /^(?:-K|--config=)(.+)$/s.exec(arg) ?? [];
    if (arg === '--') return [...all, ...args.slice(i)];
    if (inline === undefined && arg !== '-K' && arg !== '--config') {
      all.push(arg);
      // The value of another option may look like -K.
      if (takesNext(arg, options) && i + 1 < args.length) all.push(args[++i] as string);
      continue;
    }
    const path = inline ?? args[++i];
    if (path === undefined) throw new CommandError(`${arg} needs a value: ${arg} FILE`);
    all.push(...readLines(await readText(path, io), path, options));
  }
  return all;
}

/** Returns whether the next argument is the value of an option. */
function takesNext(arg: string, options: Options): boolean {
  if (arg.startsWith('--')) return options[arg.slice(2)]?.type === 'string';
  if (!/^-./.test(arg)) return false;
  const shorts = [...arg.slice(1)].map((short) => Object.values(options).find((option) => option.short === short));
  const first = shorts.findIndex((option) => option?.type !== 'boolean');
  return first === shorts.length - 1 && shorts[first]?.type === 'string';
}

async function readText(path: string, io: Io): Promise<string> {
  const { content } = await readFileBody('-K', path, io);
  if (content instanceof Uint8Array) return Buffer.from(content).toString();
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of content) {
    chunks.push(chunk);
    length += chunk.length;
    if (length > MAX_LENGTH) throw new CommandError(`-K: ${path} is too long`);
  }
  if (path === '-') io.endStdin('-K');
  return Buffer.concat(chunks).toString();
}

/** `option`, `option value`, `option = "value"` or `option: value`; dashes before the option are optional. */
const LINE = /^(-{0,2})([^\s=:]+)(?:[\s=:]+(?:"((?:[^"\\]|\\.)*)"|([^\s"]\S*)))?\s*(?:#.*)?$/;
const ESCAPES: Readonly<Record<string, string>> = { t: '\t', n: '\n', r: '\r', v: '\v' };

function readLines(text: string, path: string, options: Options): string[] {
  return text
    .replace(/^\uFEFF/, '')
    .split('\n')
    .flatMap((raw, index) => {
      const line = raw.trim();
      if (line === '' || line.startsWith('#')) return [];
      const where = `-K: ${path === '-' ? 'standard input' : path}, line ${index + 1}`;
      const [, , name = '', quoted, bare] = LINE.exec(line) ?? [];
      if (name === '')
        throw new CommandError(`${where}: must be an option and a value; put a value with spaces in quotes`);
      if (Object.hasOwn(REFUSED, name)) throw new CommandError(`${where}: ${name} is refused: ${REFUSED[name]}`);
      const long = name.length > 1 ? name : longName(name, options);
      // The parser reports unknown and refused options.
      if (long === undefined) return [`-${name}`];
      const value = quoted?.replace(/\\(.)/g, (_, one: string) => ESCAPES[one] ?? one) ?? bare;
      return [value === undefined ? `--${long}` : `--${long}=${value}`];
    });
}

function longName(short: string, options: Options): string | undefined {
  return Object.entries(options).find(([, option]) => option.short === short)?.[0];
}
