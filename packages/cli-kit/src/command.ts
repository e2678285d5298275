/** Describes commands as data: their options, their help, and the function to run. */
import type { Io } from './io.ts';

/** The values that shells can complete: one of these words, a file, or a file after an @. */
export type Choices = 'file' | '@file' | readonly string[];

/** One option of a command. */
export interface Option {
  readonly type: 'string' | 'boolean';
  readonly short?: string;
  /** Whether the option can be repeated. */
  readonly multiple?: true;
  /** The placeholder for the value in the help. */
  readonly value?: string;
  /** Environment variable to read if the option is missing. Commas separate several values; `none` is an empty list. */
  readonly env?: string;
  /** Whether the value is a secret. The name of its environment variable plus `_FILE` is then the variable for a file that contains it. */
  readonly secret?: true;
  /** Reads the configuration file that this option names. The file has values for other options of the command. */
  readonly members?: (path: string) => Promise<Members>;
  /** Possible values. */
  readonly choices?: Choices;
  readonly help: string;
}

export type Options = Readonly<Record<string, Option>>;

/** Option values by option name. */
export type Values<T extends Options> = {
  readonly [Name in keyof T]: T[Name] extends { type: 'boolean' }
    ? boolean
    : T[Name] extends { multiple: true }
      ? readonly string[]
      : string | undefined;
};

/** A value in a configuration file. */
export interface Member {
  readonly value: string | readonly string[];
  /** Where it is: `FILE:LINE:COLUMN`. */
  readonly at: string;
}

/** The values in a configuration file, by option name. */
export type Members = ReadonlyMap<string, Member>;

/** Where the value of an option comes from. */
export interface Source {
  readonly kind: 'flag' | 'variable' | 'file';
  /** `--listen`, `AJWTD_LISTEN` or `FILE:LINE:COLUMN`. */
  readonly place: string;
  /** The same, but always with the name of the option, for messages: `FILE:LINE:COLUMN: listen`. */
  readonly name: string;
}

/** Option values, and where they come from. */
export interface Settings<T extends Options> {
  readonly values: Values<T>;
  /** The sources of all options that are given somewhere, by option name. */
  readonly sources: ReadonlyMap<string, Source>;
  /** Returns the name of an option's source: `--listen` also if the option is not given. */
  readonly named: (option: keyof T & string) => string;
}

/** What a command is called with, in addition to its option values. */
export interface Invocation<T extends Options> extends Settings<T> {
  /** Arguments that are not options. */
  readonly words: readonly string[];
  /** Options with a value, in the order given. */
  readonly given: readonly (readonly [name: string, value: string])[];
  /** Reads the configuration file again. Options and variables keep the values that they had. */
  readonly readAgain: () => Promise<Settings<T>>;
  readonly io: Io;
}

/** The definition of a command. */
export interface CommandDefinition<T extends Options> {
  /** The full name, including the program: `ajwt keygen`. */
  readonly name: string;
  /** The text after the name in the first line of the help. */
  readonly usage: string;
  /** What the command does and prints, in paragraphs. */
  readonly about: readonly string[];
  readonly options: T;
  /** Reasons why options of a similar program are not supported, by option as typed. */
  readonly refused?: Readonly<Record<string, string>>;
  /** Possible values of its arguments. */
  readonly choices?: Choices;
  readonly examples: readonly string[];
  /** Exit codes, if the command has others besides 0 and 1. */
  readonly exitCodes?: readonly (readonly [string, string])[];
  /** Runs the command. @returns the exit code */
  run(values: Values<T>, invocation: Invocation<T>): Promise<number>;
}

/** A command that can run with the arguments after its name. */
export interface Command {
  readonly options: Options;
  readonly choices: Choices | undefined;
  help(): string;
  /** Runs the command. @returns the exit code */
  run(args: readonly string[], io: Io): Promise<number>;
}

/** A command of a program. A command is loaded when it runs, so that it does not wait for the modules of other commands. */
export interface CommandEntry {
  readonly summary: string;
  load(): Promise<Command>;
}
