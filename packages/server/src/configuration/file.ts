/** Reads the configuration file. */
import { CommandError, type Members } from 'ajwt-cli-kit';
import { readTextFile } from 'ajwt-cli-kit/text-file';
import type { SettingTable } from './setting.ts';
import { validate } from './validate.ts';
import { parseYaml } from './yaml.ts';

/** Maximum size of the file, in bytes. */
const MAX_BYTES = 65_536;

/** Maximum number of mistakes that are reported. */
const MAX_PROBLEMS = 20;

/** Thrown for a file with mistakes. The message contains the first one. */
export class ConfigFileError extends CommandError {
  /** All mistakes, each as `FILE:LINE:COLUMN: message`. */
  readonly problems: readonly string[];

  constructor(path: string, problems: readonly string[]) {
    const more = problems.length - 1;
    const count = more === 1 ? '1 more mistake' : `${more} more mistakes`;
    super(`${problems[0]}${more === 0 ? '' : ` (and ${count}; run \`ajwtd config check ${path}\`)`}`);
    this.problems = problems.slice(0, MAX_PROBLEMS);
  }
}

/**
 * Reads the members of a configuration file. Anyone who can write to the file decides who gets access, so only root and the user of this
 * process may have write access.
 *
 * @param settings - the members that the file can have
 * @throws ConfigFileError if the file cannot be read, or is not valid. No message repeats a value, which may be a secret
 */
export async function readMembers(path: string, settings: SettingTable): Promise<Members> {
  const text = await readTextFile(path, MAX_BYTES).catch((error) => {
    throw error instanceof CommandError
      ? new CommandError(`cannot use the configuration file: ${error.message}`)
      : error;
  });
  const { entries, problems, locate } = parseYaml(text);
  const at = (offset: number) => `${path}:${locate(offset)}`;
  const all = new Map<number, string>();
  for (const { offset, message } of [...problems, ...validate(entries, settings)]) {
    // The first reason is enough for a value.
    if (!all.has(offset)) all.set(offset, `${at(offset)}: ${message}`);
  }
  if (all.size > 0) {
    const inOrder = [...all].sort(([one], [other]) => one - other);
    throw new ConfigFileError(
      path,
      inOrder.map(([, line]) => line),
    );
  }
  return new Map(
    entries
      .filter(({ name }) => Object.hasOwn(settings, name))
      .map(({ name, offset, offsets, text: value }) => {
        const place = typeof value === 'string' ? (offsets[0] ?? offset) : offset;
        return [name, { value, at: at(place) }];
      }),
  );
}
