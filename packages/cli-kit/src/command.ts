/** A command as data: its options in a table, its help, and what it does. */
import type { Io } from './io.ts';

/** Possible values that shells complete: one of these words, a file, or a file after an @. */
export type Choices = 'file' | '@file' | readonly string[];

/** One option of a command. */
export interface Option {
  readonly type: 'string' | 'boolean';
  readonly short?: string;
  /** Whether it may be repeated. */
  readonly multiple?: true;
  /** Placeholder for its value in the help. */
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

/** Everything that a run of a command gets, except its option values. */
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
  /** With the name of the program: `ajwt keygen`. */
  readonly name: string;
  /** What follows the name in the first line of the help. */
  readonly usage: string;
  /** What the command does and prints, in paragraphs. */
  readonly about: readonly string[];
  readonly options: T;
  /** Options of similar programs that are refused, as typed, and the reason. */
  readonly refused?: Readonly<Record<string, string>>;
  /** Possible values of its arguments. */
  readonly choices?: Choices;
  readonly examples: readonly string[];
  /** Exit codes, if there are more than 0 and 1. */
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

/** A command of a program. It is loaded when it runs, so that no command waits for the modules of another. */
export interface CommandEntry {
  readonly summary: string;
  load(): Promise<Command>;
}
