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
  /** Environment variable to read if the option is missing. Commas separate several values. */
  readonly env?: string;
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

/** What a command is called with, in addition to its option values. */
export interface Invocation<Name extends string = string> {
  /** Arguments that are not options. */
  readonly words: readonly string[];
  /** Options with a value, in the order given. */
  readonly given: readonly (readonly [name: string, value: string])[];
  /** Returns how an option was given: `--listen`, or the name of its environment variable. */
  readonly named: (option: Name) => string;
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
  run(values: Values<T>, invocation: Invocation<keyof T & string>): Promise<number>;
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
