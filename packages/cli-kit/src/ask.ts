/** Asks the person at the terminal, also where standard input and output lead elsewhere. */
import { closeSync, openSync, writeSync } from 'node:fs';
import { ReadStream } from 'node:tty';
import { CommandError } from './command-error.ts';

/** Longest answer, in characters; what is typed beyond it is left out. */
const MAX_ANSWER = 1024;

const ENTER = ['\r', '\n'];
const ERASE = ['\u007f', '\b'];
/** Ctrl-U: begin anew. */
const KILL = '\u0015';
/** Ctrl-C, and Ctrl-D: give up. */
const INTERRUPT = '\u0003';
const END = '\u0004';

/**
 * Asks for something that nobody else is to see: what is typed is not shown. The terminal is left as it was found, also where the
 * program is ended meanwhile: Node sees to that.
 *
 * @returns the answer, empty where the person gives up; `undefined` where there is no terminal
 * @throws CommandError where the person interrupts, unless that ends the program
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
  // As if the terminal had sent it: whoever waits for this program sees what ended it.
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

/** @returns `undefined` where the person interrupts */
function readAnswer(input: ReadStream): Promise<string | undefined> {
  let typed: string[] = [];
  return new Promise((resolve) => {
    // A terminal that goes away gives up.
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
