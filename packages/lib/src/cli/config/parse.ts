/** Parses the configuration file. Each origin has a section, and each line of a section contains a word and its value. */
import { dirname, resolve } from 'node:path';
import { CommandError } from 'ajwt-cli-kit/command-error';
import { isKeyText } from 'ajwt-cli-kit/key-text';
import { nearest } from 'ajwt-cli-kit/nearest';
import { asTyped } from 'ajwt-cli-kit/parse';
import { checkUsername } from '../username.ts';

/** Settings for requests to one origin. */
export interface OriginSettings {
  readonly user?: string;
  /** Path of a private key, or `ssh-agent[:FINGERPRINT]`. The key signs only for this origin. */
  readonly key?: string;
  /** Audience of tokens. Default: the origin. */
  readonly audience?: string;
  /** Whether tokens are also bound to the method and the request-target. */
  readonly bind?: boolean;
}

type Section = { -readonly [Word in keyof OriginSettings]: OriginSettings[Word] };

/** Reads the value of each word in a section. @param folder - folder of the configuration file */
const WORDS: {
  readonly [Word in keyof OriginSettings]-?: (value: string, folder: string) => NonNullable<OriginSettings[Word]>;
} = { user: readUser, key: readKey, audience: (value) => value, bind: readBind };

const ORIGIN = 'origin';

/** Matches a word and its value, but not `user = guido`: the equals sign would become part of the username. */
const LINE = /^(\S+)[ \t]+([^=\s].*)$/;

/**
 * Parses the file.
 *
 * @param path - path of the file; paths of keys are relative to its folder
 * @returns settings by origin
 * @throws CommandError with the path and number of the first invalid line. The message never contains a value, because the value may be a
 *   misplaced key.
 */
export function parseConfig(text: string, path: string): ReadonlyMap<string, OriginSettings> {
  const sections = new Map<string, Section>();
  let section: Section | undefined;
  const folder = dirname(resolve(path));

  function readLine(line: string): void {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: editors hide control characters
    if (/[\x00-\x08\x0a-\x1f\x7f]/.test(line)) throw new CommandError('must not contain control characters');
    const word = line.split(/\s/, 1)[0] as string;
    if (word !== ORIGIN && !Object.hasOwn(WORDS, word)) throw unknownWord(word);
    const value = LINE.exec(line)?.[2];
    if (value === undefined) throw new CommandError(`${word} needs a value after a space: ${EXAMPLES[word]}`);
    if (word === ORIGIN) {
      const origin = readOrigin(value);
      if (sections.has(origin)) throw new CommandError(`${origin} already has a section`);
      section = {};
      sections.set(origin, section);
      return;
    }
    if (section === undefined) throw new CommandError(`${word} must come after an origin line`);
    const name = word as keyof typeof WORDS;
    if (section[name] !== undefined) throw new CommandError(`${word} is already set for this origin`);
    Object.assign(section, { [name]: WORDS[name](value, folder) });
  }

  for (const [index, line] of text
    .split('\n')
    .map((raw) => raw.trim())
    .entries()) {
    if (line === '' || line.startsWith('#')) continue;
    try {
      readLine(line);
    } catch (error) {
      throw error instanceof CommandError ? new CommandError(`${path}, line ${index + 1}: ${error.message}`) : error;
    }
  }
  return sections;
}

const EXAMPLES: Readonly<Record<string, string>> = {
  origin: 'origin https://api.example.com',
  user: 'user guido',
  key: 'key ~/.ssh/id_ed25519',
  audience: 'audience orders',
  bind: 'bind yes',
};

function unknownWord(word: string): CommandError {
  const known = Object.keys(EXAMPLES);
  const near = nearest(word.toLowerCase(), known);
  const hint = near === undefined ? `known words: ${known.join(', ')}` : `did you mean ${near}?`;
  return new CommandError(`unknown word${asTyped(word)}; ${hint}`);
}

/** Reads an origin. @returns the origin as URLs contain it: lower case, Punycode, no default port */
function readOrigin(value: string): string {
  if (value.includes('*'))
    throw new CommandError('origin: wildcards are not supported; write a section for each origin');
  const url = /^https?:\/\/[^\s\\]+$/i.test(value) && URL.canParse(value) ? new URL(value) : undefined;
  // Refuses a path, a query and a password, because they would be ignored.
  if (url !== undefined && url.href === `${url.origin}/`) return url.origin;
  throw new CommandError('origin: must be https://HOST or https://HOST:PORT, or the same with http://, and no path');
}

function readUser(value: string): string {
  checkUsername(value, 'user');
  return value;
}

function readKey(value: string, folder: string): string {
  if (isKeyText(value)) throw new CommandError('key: must be a file or ssh-agent[:FINGERPRINT], not the key itself');
  return /^(?:~\/|ssh-agent(?::|$))/.test(value) ? value : resolve(folder, value);
}

function readBind(value: string): boolean {
  if (value !== 'yes' && value !== 'no') throw new CommandError('bind: must be yes or no');
  return value === 'yes';
}
