/** A command as data: its options in a table, its help, and what it does. */

/** What can stand in a place, where that is known beforehand: one of these words, a file, or a file behind an @. */
export type Choices = 'file' | '@file' | readonly string[];

/** One option of a command. */
export interface Option {
  readonly type: 'string' | 'boolean';
  readonly short?: string;
  /** May be given several times. */
  readonly multiple?: true;
  /** What stands for its value in the help; also for options without a value, where words follow it. */
  readonly value?: string;
  /** Environment variable that is read where the option is not given; several values are separated by commas. */
  readonly env?: string;
  /** What its value can be; shells complete it. */
  readonly choices?: Choices;
  readonly help: string;
}

export type Options = Readonly<Record<string, Option>>;

/** What was given, by the names of the options. */
export type Values<T extends Options> = {
  readonly [Name in keyof T]: T[Name] extends { type: 'boolean' }
    ? boolean
    : T[Name] extends { multiple: true }
      ? readonly string[]
      : string | undefined;
};

/** What a command is made of. */
export interface CommandDefinition<T extends Options> {
  /** With the program's name: `ajwt keygen`. */
  readonly name: string;
  /** What comes after the name, without the options. */
  readonly usage: string;
  /** What it does and what comes out, in paragraphs. */
  readonly about: readonly string[];
  readonly options: T;
  /** What its words can be; shells complete them. */
  readonly choices?: Choices;
  readonly examples: readonly string[];
  /** Where there are more than 0 and 1. */
  readonly exitCodes?: readonly (readonly [string, string])[];
  /**
   * @param words - what is no option
   * @param named - how an option was given: `--listen`, or the name of its environment variable
   * @returns the exit code
   */
  run(values: Values<T>, words: readonly string[], named: (option: keyof T & string) => string): Promise<number>;
}

/** A command that can be run with what was typed after its name. */
export interface Command {
  readonly options: Options;
  readonly choices: Choices | undefined;
  help(): string;
  run(args: readonly string[]): Promise<number>;
}
