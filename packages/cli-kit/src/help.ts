/** Formats the help of commands. */
import type { CommandDefinition, Option, Options } from './command.ts';
import { HELP } from './parse.ts';
import { fileVariable } from './sources.ts';

const WIDTH = 80;

/** Formats the help of one command. */
export function commandHelp<T extends Options>(definition: CommandDefinition<T>): string {
  const { name, usage, about, options, examples, exitCodes } = definition;
  const rows = Object.entries({ ...options, help: HELP }).map(
    ([long, option]) => [optionNames(long, option), optionHelp(option)] as const,
  );
  return [
    `Usage: ${name} ${usage}`.trimEnd(),
    ...about.map((paragraph) => wrap(paragraph, WIDTH).join('\n')),
    `Options:\n${table(rows)}`,
    ...(exitCodes === undefined ? [] : [`Exit codes:\n${table(exitCodes)}`]),
    `Examples:\n${examples.map((example) => `  ${example}`).join('\n')}`,
  ]
    .join('\n\n')
    .concat('\n');
}

function optionNames(long: string, { short, value }: Option): string {
  return `${short === undefined ? '   ' : `-${short},`} --${long}${value === undefined ? '' : ` ${value}`}`;
}

function optionHelp({ help, env, secret }: Option): string {
  if (env === undefined) return help;
  return `${help} (env: ${secret ? `${env} or ${fileVariable(env)}` : env})`;
}

/** Formats two columns, and wraps the second. */
export function table(rows: readonly (readonly [string, string])[]): string {
  const indent = 2 + Math.max(...rows.map(([first]) => first.length)) + 2;
  return rows
    .flatMap(([first, second]) =>
      wrap(second, WIDTH - indent).map((line, index) => `  ${index === 0 ? first : ''}`.padEnd(indent) + line),
    )
    .join('\n');
}

function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line];
}
