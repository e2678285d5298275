/** Asks the person at the terminal, even if standard input and output are redirected. */
import { closeSync, openSync, writeSync } from 'node:fs';
import { ReadStream } from 'node:tty';
import { CommandError } from './command-error.ts';

/** Maximum length of an answer, in characters. Further characters are ignored. */
const MAX_ANSWER = 1024;

const ENTER = ['\r', '\n'];
const ERASE = ['\u007f', '\b'];
/** Ctrl-U: erase everything. */
const KILL = '\u0015';
/** Ctrl-C. */
const INTERRUPT = '\u0003';
/** Ctrl-D: give up. */
const END = '\u0004';

/**
 * Asks a question without showing what is typed. Restores the terminal's settings afterwards. If a signal ends the process meanwhile, Node
 * restores them.
 *
 * @returns the answer; an empty string if the person gives up; `undefined` if there is no terminal
 * @throws CommandError after Ctrl-C, unless the signal ends the process first
 */
export async function askHidden(question: string): Promise<string | undefined> {
  const terminal = openTerminal();
  if (terminal === undefined) return undefined;
  const { input, output } = terminal;
  let answer: string | undefined;
  try {
    input.setRawMode(true);
    writeSync(output, question);
    answer = await readAnswer(input);
  } finally {
    input.setRawMode(false);
    input.destroy();
    writeSync(output, '\n');
    closeSync(output);
  }
  if (answer !== undefined) return answer;
  // In raw mode, the terminal sends no signal. The process signals itself, so that its parent sees what ended it.
  process.kill(process.pid, 'SIGINT');
  throw new CommandError('interrupted', 130);
}

function openTerminal(): { input: ReadStream; output: number } | undefined {
  try {
    return { input: new ReadStream(openSync('/dev/tty', 'r+')), output: openSync('/dev/tty', 'w') };
  } catch {
    return undefined;
  }
}

/** Reads an answer. @returns `undefined` after Ctrl-C */
function readAnswer(input: ReadStream): Promise<string | undefined> {
  let typed: string[] = [];
  return new Promise((resolve) => {
    // If the terminal is closed, the answer is empty.
    for (const event of ['error', 'end']) input.on(event, () => resolve(''));
    input.setEncoding('utf8').on('data', (text: string) => {
      for (const character of text) {
        if (ENTER.includes(character)) return resolve(typed.join(''));
        if (character === INTERRUPT) return resolve(undefined);
        if (character === END) return resolve('');
        if (character === KILL) typed = [];
        else if (ERASE.includes(character)) typed.pop();
        else if (character >= ' ' && typed.length < MAX_ANSWER) typed.push(character);
      }
    });
  });
}
