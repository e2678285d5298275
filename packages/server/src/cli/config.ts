/** `ajwtd config …`: checks and prints the configuration. */
import { defineCommand, type Settings } from 'ajwt-cli-kit';
import { addMembers, emptyValues, flagsOf } from 'ajwt-cli-kit/sources';
import { readConfig } from '../config.ts';
import { ConfigFileError } from '../configuration/file.ts';
import { wrongValues } from '../configuration/problems.ts';
import { membersOf } from '../configuration/setting.ts';
import { type ShownValue, shownValue } from '../configuration/shown.ts';
import { SERVE_OPTIONS } from '../serve-options.ts';
import { JSON_OPTION, printJson, printTable } from './listing.ts';
import { readWords } from './with-directory.ts';

export const configCheck = defineCommand({
  name: 'ajwtd config check',
  usage: 'FILE',
  about: [
    'Checks a configuration file, and prints every mistake with its line and column. Reads no other file, and no environment variable.',
  ],
  choices: 'file',
  options: {},
  exitCodes: [
    ['0', 'the file is valid'],
    ['1', 'the file has mistakes, or cannot be read'],
  ],
  examples: ['ajwtd config check /etc/ajwtd.yaml'],
  async run(_values, { words, io }) {
    const [path] = readWords(words, ['FILE']);
    const problems = await problemsIn(path);
    for (const problem of problems) io.complain(problem);
    if (problems.length > 0) return 1;
    io.print(`${path} is valid`);
    return 0;
  },
});

async function problemsIn(path: string): Promise<readonly string[]> {
  const empty = flagsOf(SERVE_OPTIONS, { ...emptyValues(SERVE_OPTIONS), config: path });
  try {
    return wrongValues(await addMembers(SERVE_OPTIONS, empty));
  } catch (error) {
    if (error instanceof ConfigFileError) return error.problems;
    throw error;
  }
}

export const configPrint = defineCommand({
  name: 'ajwtd config print',
  usage: '[OPTIONS OF serve] [--json]',
  about: [
    'Prints the configuration that `ajwtd serve` would start with, given the same options and environment: each value, and where it comes from. Passwords are replaced with ***.',
  ],
  options: { ...SERVE_OPTIONS, ...JSON_OPTION },
  examples: ['ajwtd config print --config /etc/ajwtd.yaml', 'ajwtd config print --tolerance 5 --json'],
  async run(values, { words, sources, named, io }) {
    readWords(words, []);
    readConfig(values, named);
    const rows = rowsOf({ values, sources });
    if (values.json) printJson(io, rows);
    else
      printTable(
        io,
        ['MEMBER', 'VALUE', 'SOURCE'],
        rows.map((row) => [row.member, textOf(row.value), row.place ?? row.source]),
      );
    return 0;
  },
});

function rowsOf({ values, sources }: Pick<Settings<typeof SERVE_OPTIONS>, 'values' | 'sources'>) {
  return membersOf(SERVE_OPTIONS).map(([member, setting]) => {
    const source = sources.get(member);
    return {
      member,
      value: shownValue(setting, values[member as keyof typeof values]),
      source: source?.kind ?? 'default',
      place: source?.place ?? null,
    };
  });
}

function textOf(value: ShownValue): string {
  if (value === null) return '–';
  return typeof value === 'object' ? value.join(', ') || 'none' : String(value);
}
