/** `ajwt explain`: decodes a token, and shows which check it would fail. */
import { CommandError } from 'ajwt-cli-kit/command-error';
import { defineCommand } from 'ajwt-cli-kit/define-command';
import type { Io } from 'ajwt-cli-kit/io';
import { DEFAULT_TOLERANCE, MAX_TOLERANCE } from '../core/options.ts';
import { checkToken } from './explain/checks.ts';
import { decodeLoosely, findToken } from './explain/decode.ts';
import { reportAsJson, reportForPeople } from './explain/report.ts';

/** Maximum input in bytes. No server reads a token this long, even with the header name. */
const MAX_INPUT = 65_536;

export const explain = defineCommand({
  name: 'ajwt explain',
  usage: '[TOKEN | -] [--pubkey FILE]',
  about: [
    'Decodes a token and runs the checks that a server would run. Each check ends in pass, FAIL, or unknown if only the server can tell. Give the token as an argument or on standard input, with or without `Authorization: JWT` before it.',
    'The signature is never printed. The exit code is 0 if no check fails, and 1 otherwise.',
  ],
  options: {
    pubkey: {
      type: 'string',
      value: 'FILE',
      choices: 'file',
      help: 'public key to check the signature with, in any format',
    },
    tolerance: {
      type: 'string',
      value: 'S',
      help: `largest accepted clock difference in seconds (default: ${DEFAULT_TOLERANCE})`,
    },
    json: { type: 'boolean', help: 'print one JSON object' },
  },
  examples: [
    'ajwt token --user guido --key guido | ajwt explain --pubkey guido.pub',
    "ajwt explain 'Authorization: JWT eyJ…'",
  ],
  async run({ pubkey, tolerance: toleranceOption, json }, { words, io }) {
    const tolerance = readTolerance(toleranceOption);
    const key = pubkey === undefined ? undefined : await readPublicKey(pubkey, io);
    const pasted = await readPasted(words, io);
    const now = Date.now() / 1000;
    const checks = checkToken(findToken(pasted), { key, now, tolerance });
    const ok = checks.every(({ result }) => result !== 'FAIL');
    const decoded = decodeLoosely(pasted);
    io.print(json ? reportAsJson(decoded, checks, ok) : reportForPeople(decoded, checks, now, io));
    return ok ? 0 : 1;
  },
});

function readTolerance(given: string | undefined): number {
  if (given === undefined) return DEFAULT_TOLERANCE;
  const seconds = /^\d+(?:\.\d+)?$/.test(given) ? Number(given) : 0;
  if (seconds >= 1 && seconds <= MAX_TOLERANCE) return seconds;
  throw new CommandError(`--tolerance: must be a number of seconds from 1 to ${MAX_TOLERANCE}`);
}

async function readPublicKey(path: string, io: Io) {
  if (path === '-') throw new CommandError('--pubkey: must be a file; standard input is reserved for the token');
  const [{ readKeySource }, { readAnyKey }] = await Promise.all([import('./identity.ts'), import('./pubkey.ts')]);
  return readAnyKey(await readKeySource(path, io), path, undefined, io);
}

/** Returns the pasted text: `Authorization: JWT eyJ…` may be one argument or three. */
async function readPasted(words: readonly string[], io: Io): Promise<string> {
  if (words.length > 0 && words.join() !== '-') return words.join(' ');
  if (io.stdin.isTTY) io.note('Paste a token, then press Ctrl-D.');
  const { readStandardInput } = await import('ajwt-cli-kit/standard-input');
  return readStandardInput(io, MAX_INPUT);
}
