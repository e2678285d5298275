/** Who signs, and with what: from the options, or from their twins in the environment. */

import { CommandError } from 'ajwt-cli-kit/command-error';
import { isKeyText } from 'ajwt-cli-kit/key-text';
import { isUsername } from '../core/claims.ts';
import { MAX_KEY_TEXT } from '../keys/format.ts';
import { KeyError } from '../keys/key-error.ts';
import type { PrivateKey } from '../keys/private-key.ts';
import type { SshAgentSigner } from '../signers/ssh-agent/ssh-agent-signer.ts';
import { importPrivateKey, PASSPHRASE_OPTION } from './passphrase.ts';

/** Options of every command that signs. */
export const IDENTITY_OPTIONS = {
  user: { type: 'string', value: 'NAME', help: 'username that the public key is registered under (env: AJWT_USER)' },
  key: {
    type: 'string',
    value: 'FILE',
    choices: 'file',
    help: 'private key: a PEM, OpenSSH or JWK file, or ssh-agent[:FINGERPRINT] (env: AJWT_KEY)',
  },
  ...PASSPHRASE_OPTION,
} as const;

/** @throws CommandError where there is none, or it cannot be one */
export function readUsername(given: string | undefined): string {
  const username = given ?? process.env.AJWT_USER;
  const from = given === undefined ? 'AJWT_USER' : '--user';
  if (username === undefined) throw new CommandError('no username; give --user NAME, or set AJWT_USER');
  if (username === '') throw new CommandError(`${from} is empty; give --user NAME, or set AJWT_USER`);
  if (!isUsername(username)) {
    throw new CommandError(
      `${from}: must be 1 to 600 bytes, without control characters, leading spaces or trailing spaces`,
    );
  }
  return username;
}

/**
 * @throws CommandError where there is no key, or it is where it does not belong
 * @throws KeyError where it cannot be used
 */
export async function readSigningKey(
  given: string | undefined,
  passphraseFd: string | undefined,
): Promise<PrivateKey | SshAgentSigner> {
  const value = given ?? process.env.AJWT_KEY?.trim();
  if (value === undefined || (given === undefined && value === '')) {
    throw new CommandError('no private key; give --key FILE, or set AJWT_KEY');
  }
  if (isAgentKey(value)) return openAgentKey(value);
  if (given === undefined) return openKey('AJWT_KEY', value, isKeyText(value), passphraseFd);
  if (isKeyText(given)) {
    throw new CommandError(
      '--key: other users can see a key on the command line; put the key in a file or in AJWT_KEY',
    );
  }
  return openKey(given, given, false, passphraseFd);
}

/** Whether a key is named that stays in an ssh-agent: `ssh-agent` or `ssh-agent:FINGERPRINT`. */
export function isAgentKey(value: string): boolean {
  return /^ssh-agent(?::|$)/.test(value);
}

/**
 * @param value - as {@link isAgentKey}
 * @throws CommandError where the agent does not have the key
 */
export async function openAgentKey(value: string): Promise<SshAgentSigner> {
  const fingerprint = value.slice('ssh-agent:'.length);
  if (fingerprint === '' && value.includes(':')) {
    throw new CommandError(
      'ssh-agent: the fingerprint is missing; write ssh-agent:FINGERPRINT (see `ssh-add -l`), or ssh-agent alone',
    );
  }
  const { SshAgentError, sshAgentSigner } = await import('../signers/ssh-agent/ssh-agent-signer.ts');
  return sshAgentSigner(fingerprint === '' ? {} : { fingerprint }).catch((error) => {
    throw error instanceof SshAgentError ? new CommandError(error.message) : error;
  });
}

/** @param name - what the key is called in messages: AJWT_KEY is not repeated, as it may be a key cut wrongly */
async function openKey(
  name: string,
  value: string,
  isText: boolean,
  passphraseFd: string | undefined,
): Promise<PrivateKey> {
  try {
    if (isText) return await importPrivateKey(value, name, passphraseFd);
    const { readKeyFile } = await import('../keys/key-file.ts');
    return await importPrivateKey(await readKeyFile(value), name, passphraseFd);
  } catch (error) {
    if (!(error instanceof KeyError)) throw error;
    const isAboutFile = error.message.startsWith(`${value} `);
    const what = isAboutFile && name !== value ? `${name} names a file that` : name;
    throw new KeyError(
      error.code,
      isAboutFile ? what + error.message.slice(value.length) : `${name}: ${error.message}`,
    );
  }
}

/**
 * Reads a key's text from a file, or from standard input where the path is `-`.
 *
 * @throws CommandError where the path is a key
 * @throws KeyError `unreadable` or `too_large`
 */
export async function readKeySource(path: string): Promise<string> {
  if (isKeyText(path)) throw new CommandError('give a file name, or - for standard input, not the key itself');
  if (path === '-') {
    const { readStandardInput } = await import('ajwt-cli-kit/standard-input');
    return readStandardInput(MAX_KEY_TEXT + 1);
  }
  const { readKeyFile } = await import('../keys/key-file.ts');
  return readKeyFile(path);
}
