/** Private keys that may be encrypted, and where their passphrases come from. */
import { askHidden } from 'ajwt-cli-kit/ask';
import { readLine } from 'ajwt-cli-kit/read-line';
import { note, oneLine } from 'ajwt-cli-kit/terminal';
import { KeyError, type KeyErrorCode } from '../keys/key-error.ts';
import { PrivateKey } from '../keys/private-key.ts';

/** The option of every command that opens a private key. */
export const PASSPHRASE_OPTION = {
  'passphrase-fd': {
    type: 'string',
    value: 'N',
    help: 'read the passphrase of the key, one line, from file descriptor N; or set AJWT_PASSPHRASE',
  },
} as const;

/** How often a person may try, as with ssh. */
const MAX_TRIES = 3;

/**
 * Imports a private key. Where it is encrypted, the passphrase comes from the file descriptor, else from `AJWT_PASSPHRASE`, else
 * from the person at the terminal, who may try three times.
 *
 * @param what - the key, for the question
 * @param fd - what was given as `--passphrase-fd`
 * @throws KeyError
 * @throws CommandError where the file descriptor has no passphrase
 */
export async function importPrivateKey(text: string, what: string, fd: string | undefined): Promise<PrivateKey> {
  const variable = fd === undefined ? process.env.AJWT_PASSPHRASE : undefined;
  if (variable !== undefined) {
    return openWith(text, variable, { wrong_passphrase: '; it came from AJWT_PASSPHRASE' });
  }
  try {
    return PrivateKey.from(text);
  } catch (error) {
    if (codeOf(error) !== 'passphrase_required') throw error;
  }
  if (fd === undefined) return openByAsking(text, what);
  const option = '--passphrase-fd';
  return openWith(text, await readLine(option, fd), { wrong_passphrase: `; it came from ${option} ${fd}` });
}

async function openByAsking(text: string, what: string): Promise<PrivateKey> {
  for (let tries = 1; ; tries++) {
    const passphrase = await askHidden(`Passphrase for ${oneLine(what)}: `);
    // Nobody is there, or gives up.
    if (passphrase === undefined || passphrase === '') {
      return openWith(text, undefined, { passphrase_required: ' in AJWT_PASSPHRASE, or with --passphrase-fd' });
    }
    try {
      return openWith(text, passphrase, {});
    } catch (error) {
      if (codeOf(error) !== 'wrong_passphrase' || tries === MAX_TRIES) throw error;
      note('Wrong passphrase; try again.');
    }
  }
}

function codeOf(error: unknown): KeyErrorCode | undefined {
  return error instanceof KeyError ? error.code : undefined;
}

/** @param hints - what is said behind the message, by code */
function openWith(
  text: string,
  passphrase: string | undefined,
  hints: Partial<Record<KeyErrorCode, string>>,
): PrivateKey {
  try {
    return PrivateKey.from(text, passphrase === undefined ? {} : { passphrase });
  } catch (error) {
    if (!(error instanceof KeyError)) throw error;
    throw new KeyError(error.code, error.message + (hints[error.code] ?? ''));
  }
}
