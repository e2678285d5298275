/** Opens private keys, and reads the passphrases of encrypted ones. */
import { type Io, oneLine } from 'ajwt-cli-kit/io';
import { readLine } from 'ajwt-cli-kit/read-line';
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

/** Number of attempts at the terminal, as with ssh. */
const MAX_TRIES = 3;

/**
 * Imports a private key. If the key is encrypted, reads the passphrase from the file descriptor, else from `AJWT_PASSPHRASE`, else from the
 * terminal, where the person has three attempts.
 *
 * @param name - name of the key, for the prompt
 * @param fd - value of `--passphrase-fd`
 * @throws KeyError if the key is not valid, or the passphrase is missing or wrong
 * @throws CommandError if the file descriptor has no passphrase
 */
export async function importPrivateKey(
  text: string,
  name: string,
  fd: string | undefined,
  io: Io,
): Promise<PrivateKey> {
  const variable = fd === undefined ? io.env.AJWT_PASSPHRASE : undefined;
  if (variable !== undefined) {
    return openWith(text, variable, { wrong_passphrase: '; it came from AJWT_PASSPHRASE' });
  }
  try {
    return PrivateKey.from(text);
  } catch (error) {
    if (codeOf(error) !== 'passphrase_required') throw error;
  }
  if (fd === undefined) return openByAsking(text, name, io);
  const option = '--passphrase-fd';
  return openWith(text, await readLine(option, fd), { wrong_passphrase: `; it came from ${option} ${fd}` });
}

async function openByAsking(text: string, name: string, io: Io): Promise<PrivateKey> {
  for (let tries = 1; ; tries++) {
    const passphrase = await io.ask(`Passphrase for ${oneLine(name)}: `);
    // There is no terminal, or the person gave up.
    if (passphrase === undefined || passphrase === '') {
      return openWith(text, undefined, { passphrase_required: ' in AJWT_PASSPHRASE, or with --passphrase-fd' });
    }
    try {
      return openWith(text, passphrase, {});
    } catch (error) {
      if (codeOf(error) !== 'wrong_passphrase' || tries === MAX_TRIES) throw error;
      io.note('Wrong passphrase; try again.');
    }
  }
}

function codeOf(error: unknown): KeyErrorCode | undefined {
  return error instanceof KeyError ? error.code : undefined;
}

/** Opens a key. @param hints - what to add to the message of an error, by code */
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
