/** Finds the value of each option: on the command line, otherwise in its environment variable, otherwise in the configuration file. */
import type { Members, Option, Options, Settings, Source, Values } from './command.ts';
import { CommandError } from './command-error.ts';
import type { IoStreams } from './io.ts';

/** Option values while they are collected. */
export type RawValues = Record<string, string | boolean | readonly string[] | undefined>;

/** The value for an empty list. A source with higher precedence needs it to override a list, because a variable cannot be empty. */
const NONE = 'none';

/** Returns the values of options that are given nowhere. */
export function emptyValues(options: Options): RawValues {
  return Object.fromEntries(
    Object.entries(options).map(([name, { type, multiple }]) => [
      name,
      type === 'boolean' ? false : multiple ? [] : undefined,
    ]),
  );
}

/** Returns the values on the command line, and which options they belong to. */
export function flagsOf<T extends Options>(options: T, values: RawValues): Settings<T> {
  const sources = new Map<string, Source>();
  const read = { ...values };
  for (const [name, option] of Object.entries(options)) {
    const value = values[name];
    const isGiven = Array.isArray(value) ? value.length > 0 : value !== undefined && value !== false;
    if (!isGiven) continue;
    sources.set(name, { kind: 'flag', place: `--${name}`, name: `--${name}` });
    if (Array.isArray(value)) read[name] = readList(option, value, `--${name}`);
  }
  return settingsOf(read, sources);
}

/**
 * Adds the values of environment variables, for options that have no value yet.
 *
 * @throws CommandError for an empty variable, or for a variable that is given together with its `_FILE`
 */
export function addVariables<T extends Options>(options: T, settings: Settings<T>, env: IoStreams['env']): Settings<T> {
  const values: RawValues = { ...settings.values };
  const sources = new Map(settings.sources);
  for (const [name, option] of Object.entries(options)) {
    const { env: variable, secret } = option;
    if (variable === undefined) continue;
    const value = readVariable(env, variable);
    if (secret && readVariable(env, fileVariable(variable)) !== undefined && value !== undefined) {
      throw new CommandError(`${variable} and ${fileVariable(variable)} are both set; unset one of them`);
    }
    if (value === undefined || sources.has(name)) continue;
    const parts = option.multiple ? value.split(',').map((part) => part.trim()) : [value];
    values[name] = readParts(option, parts, variable);
    sources.set(name, { kind: 'variable', place: variable, name: variable });
  }
  return settingsOf(values, sources);
}

/**
 * Adds the secrets in files that `_FILE` variables name, for options that have no value yet.
 *
 * @throws CommandError if such a file cannot be read
 */
export async function addSecretFiles<T extends Options>(
  options: T,
  settings: Settings<T>,
  env: IoStreams['env'],
): Promise<Settings<T>> {
  const values: RawValues = { ...settings.values };
  const sources = new Map(settings.sources);
  for (const [name, option] of Object.entries(options)) {
    if (option.env === undefined || !option.secret || sources.has(name)) continue;
    const variable = fileVariable(option.env);
    const path = env[variable];
    if (path === undefined) continue;
    const { readSecretFile } = await import('./text-file.ts');
    values[name] = await readSecretFile(path).catch((error) => {
      throw error instanceof CommandError ? new CommandError(`${variable}: ${error.message}`) : error;
    });
    sources.set(name, { kind: 'variable', place: variable, name: variable });
  }
  return settingsOf(values, sources);
}

/**
 * Adds the values in the configuration file, for options that have no value yet.
 *
 * @throws CommandError if the file cannot be used
 */
export async function addMembers<T extends Options>(options: T, settings: Settings<T>): Promise<Settings<T>> {
  const values: RawValues = { ...settings.values };
  const sources = new Map(settings.sources);
  for (const [name, { value, at }] of await membersOf(options, settings)) {
    const option = Object.hasOwn(options, name) ? options[name] : undefined;
    if (option === undefined || sources.has(name)) continue;
    const source: Source = { kind: 'file', place: at, name: `${at}: ${name}` };
    values[name] = readParts(option, typeof value === 'string' ? [value] : value, source.name);
    sources.set(name, source);
  }
  return settingsOf(values, sources);
}

async function membersOf<T extends Options>(options: T, { values }: Settings<T>): Promise<Members> {
  for (const [name, { members }] of Object.entries(options)) {
    const path = (values as RawValues)[name];
    if (members !== undefined && typeof path === 'string') return members(path);
  }
  return new Map();
}

function settingsOf<T extends Options>(values: RawValues, sources: ReadonlyMap<string, Source>): Settings<T> {
  return { values: values as Values<T>, sources, named: (option) => sources.get(option)?.name ?? `--${option}` };
}

/** Returns the name of the variable for a file that contains a secret. */
export function fileVariable(variable: string): string {
  return `${variable}_FILE`;
}

function readVariable(env: IoStreams['env'], variable: string): string | undefined {
  if (env[variable] === '') throw new CommandError(`${variable} is empty; unset it, or give it a value`);
  return env[variable];
}

/** Converts a value to the type of an option. @param parts - one value, unless the option can be repeated */
function readParts(option: Option, parts: readonly string[], name: string): RawValues[string] {
  if (option.multiple) return readList(option, parts, name);
  return option.type === 'boolean' ? readFlag(name, parts[0] as string) : parts[0];
}

/** Reads `none` as an empty list. Options without a variable are not settings, so `none` is an ordinary value for them. */
function readList({ env }: Option, list: readonly string[], name: string): readonly string[] {
  if (env === undefined || !list.includes(NONE)) return list;
  if (list.length > 1)
    throw new CommandError(`${name}: none means an empty list, so it cannot be combined with values`);
  return [];
}

const FLAGS: Readonly<Record<string, boolean>> = { 1: true, true: true, 0: false, false: false };

/** Reads a variable that turns something on or off. @throws CommandError if its value is neither `1` or `true` nor `0` or `false` */
export function readFlag(variable: string, value: string): boolean {
  const flag = Object.hasOwn(FLAGS, value) ? FLAGS[value] : undefined;
  if (flag === undefined) throw new CommandError(`${variable}: must be 1 or 0, true or false`);
  return flag;
}
