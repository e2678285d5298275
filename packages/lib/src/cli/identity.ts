/** Reads the username and the key that sign, from options or the environment. */
import { CommandError } from 'ajwt-cli-kit/command-error';
import type { Io } from 'ajwt-cli-kit/io';
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

/** Reads the username. @throws CommandError if it is missing or not valid */
export function readUsername(given: string | undefined, { env }: Pick<Io, 'env'>): string {
  const username = given ?? env.AJWT_USER;
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
 * Reads the private key.
 *
 * @throws CommandError if there is none, or if the key itself is on the command line
 * @throws KeyError if it cannot be used
 */
export async function readSigningKey(
  given: string | undefined,
  passphraseFd: string | undefined,
  io: Io,
): Promise<PrivateKey | SshAgentSigner> {
  const value = given ?? io.env.AJWT_KEY?.trim();
  if (value === undefined || (given === undefined && value === '')) {
    throw new CommandError('no private key; give --key FILE, or set AJWT_KEY');
  }
  if (isAgentKey(value)) return openAgentKey(value, io);
  if (given === undefined) return openKey('AJWT_KEY', value, isKeyText(value), passphraseFd, io);
  if (isKeyText(given)) {
    throw new CommandError(
      '--key: other users can see a key on the command line; put the key in a file or in AJWT_KEY',
    );
  }
  return openKey(given, given, false, passphraseFd, io);
}

/** Returns whether a value names a key in an ssh-agent: `ssh-agent` or `ssh-agent:FINGERPRINT`. */
export function isAgentKey(value: string): boolean {
  return /^ssh-agent(?::|$)/.test(value);
}

/**
 * Finds a key in the ssh-agent.
 *
 * @param value - `ssh-agent` or `ssh-agent:FINGERPRINT`
 * @throws CommandError if the agent does not have the key
 */
export async function openAgentKey(value: string, { env }: Pick<Io, 'env'>): Promise<SshAgentSigner> {
  const fingerprint = value.slice('ssh-agent:'.length);
  if (fingerprint === '' && value.includes(':')) {
    throw new CommandError(
      'ssh-agent: the fingerprint is missing; write ssh-agent:FINGERPRINT (see `ssh-add -l`), or ssh-agent alone',
    );
  }
  const { SshAgentError, sshAgentSigner } = await import('../signers/ssh-agent/ssh-agent-signer.ts');
  const { SSH_AUTH_SOCK: socket = '' } = env;
  const options = { ...(socket === '' ? {} : { socket }), ...(fingerprint === '' ? {} : { fingerprint }) };
  return sshAgentSigner(options).catch((error) => {
    throw error instanceof SshAgentError ? new CommandError(error.message) : error;
  });
}

/** Opens a key. @param name - its name in messages: the value of AJWT_KEY may be a truncated key, and is never repeated */
async function openKey(
  name: string,
  value: string,
  isText: boolean,
  passphraseFd: string | undefined,
  io: Io,
): Promise<PrivateKey> {
  try {
    if (isText) return await importPrivateKey(value, name, passphraseFd, io);
    const { readKeyFile } = await import('../keys/key-file.ts');
    return await importPrivateKey(await readKeyFile(value), name, passphraseFd, io);
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
 * Reads the text of a key from a file, or from standard input if the path is `-`.
 *
 * @throws CommandError if the path is itself a key
 * @throws KeyError `unreadable` or `too_large`
 */
export async function readKeySource(path: string, io: Io): Promise<string> {
  if (isKeyText(path)) throw new CommandError('give a file name, or - for standard input, not the key itself');
  if (path === '-') {
    const { readStandardInput } = await import('ajwt-cli-kit/standard-input');
    return readStandardInput(io, MAX_KEY_TEXT + 1);
  }
  const { readKeyFile } = await import('../keys/key-file.ts');
  return readKeyFile(path);
}
