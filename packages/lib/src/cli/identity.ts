/** Reads the username and the key that sign, from options, the environment or the configuration file. */
import type { Values } from 'ajwt-cli-kit/command';
import { CommandError } from 'ajwt-cli-kit/command-error';
import type { Io } from 'ajwt-cli-kit/io';
import { isKeyText } from 'ajwt-cli-kit/key-text';
import { MAX_KEY_TEXT } from '../keys/format.ts';
import { KeyError } from '../keys/key-error.ts';
import type { PrivateKey } from '../keys/private-key.ts';
import type { SshAgentSigner } from '../signers/ssh-agent/ssh-agent-signer.ts';
import { DEFAULT_PATH, findSettings } from './config/settings.ts';
import { importPrivateKey, PASSPHRASE_OPTION } from './passphrase.ts';
import { checkUsername } from './username.ts';

/** Options of every command that signs. */
export const IDENTITY_OPTIONS = {
  user: { type: 'string', value: 'NAME', help: 'username that the public key is registered under (env: AJWT_USER)' },
  key: {
    type: 'string',
    value: 'FILE',
    choices: 'file',
    help: 'private key: a PEM, OpenSSH or JWK file, - for standard input, or ssh-agent[:FINGERPRINT] (env: AJWT_KEY)',
  },
  ...PASSPHRASE_OPTION,
} as const;

/** The identity that signs, and what its tokens are bound to. */
export interface Identity {
  readonly username: string;
  readonly key: PrivateKey | SshAgentSigner;
  /** Audience that every token is bound to; `undefined` if none is required. */
  readonly audience: string | undefined;
  /** Whether the configuration file also binds tokens to the method and the request-target. */
  readonly bind: boolean;
}

/** Values of the options that choose the username, the key and the audience. */
export type IdentityValues = Values<typeof IDENTITY_OPTIONS> & { readonly audience: string | undefined };

/** Reads the identity that signs. Options take precedence over the environment, and the environment over the configuration file.
 *
 * @param origin - origin of the request; `undefined` if the token is for any request. Keys from the configuration file do not sign such
 *   tokens
 * @throws CommandError if something is missing or not valid
 * @throws KeyError if the key cannot be used
 */
export async function readIdentity(values: IdentityValues, origin: string | undefined, io: Io): Promise<Identity> {
  const { user, key: given, 'passphrase-fd': passphraseFd, audience } = values;
  if (audience === '') throw new CommandError('--audience: must not be empty');
  const listed = origin === undefined ? undefined : await findSettings(origin, io);
  const listedAudience = listed === undefined ? undefined : (listed.audience ?? origin);
  const listedKey = given === undefined && io.env.AJWT_KEY === undefined ? listed?.key : undefined;
  // The service at this origin could use such a token to call the other audience.
  if (listedKey !== undefined && audience !== undefined && audience !== listedAudience) {
    throw new CommandError(
      `--audience: the configured key signs only for ${listedAudience}; set the audience in the configuration file, or give --key`,
    );
  }
  const username = readUsername(user, listed?.user, origin, io);
  const key = await (listedKey === undefined
    ? readSigningKey(given, passphraseFd, origin, io)
    : openFile(listedKey, passphraseFd, io));
  return { username, key, audience: audience ?? listedAudience, bind: listed?.bind ?? false };
}

function readUsername(
  given: string | undefined,
  listed: string | undefined,
  origin: string | undefined,
  { env }: Pick<Io, 'env'>,
): string {
  const username = given ?? env.AJWT_USER ?? listed;
  const from = given === undefined ? 'AJWT_USER' : '--user';
  if (username === undefined) throw missing('username', '--user NAME', 'AJWT_USER', origin);
  if (username === '') throw new CommandError(`${from} is empty; give --user NAME, or set AJWT_USER`);
  checkUsername(username, from);
  return username;
}

function missing(what: string, option: string, variable: string, origin: string | undefined): CommandError {
  return new CommandError(
    origin === undefined
      ? `no ${what}; give ${option}, or set ${variable}`
      : `no ${what} for ${origin}; give ${option}, set ${variable}, or add the origin to ${DEFAULT_PATH}`,
  );
}

async function readSigningKey(
  given: string | undefined,
  passphraseFd: string | undefined,
  origin: string | undefined,
  io: Io,
): Promise<PrivateKey | SshAgentSigner> {
  const value = given ?? io.env.AJWT_KEY?.trim();
  if (value === undefined || (given === undefined && value === '')) {
    throw missing('private key', '--key FILE', 'AJWT_KEY', origin);
  }
  if (given === '-') return openStandardInput(passphraseFd, io);
  if (given === undefined && !isAgentKey(value)) return openKey('AJWT_KEY', value, isKeyText(value), passphraseFd, io);
  if (isKeyText(value)) {
    throw new CommandError(
      '--key: other users can see a key on the command line; put the key in a file or in AJWT_KEY',
    );
  }
  return openFile(value, passphraseFd, io);
}

/** Opens a key in a file or an ssh-agent. */
async function openFile(value: string, passphraseFd: string | undefined, io: Io): Promise<PrivateKey | SshAgentSigner> {
  return isAgentKey(value) ? openAgentKey(value, io) : openKey(value, value, false, passphraseFd, io);
}

async function openStandardInput(passphraseFd: string | undefined, io: Io): Promise<PrivateKey> {
  if (io.stdin.isTTY) io.note('Paste a private key, then press Ctrl-D.');
  const text = await readKeySource('-', io);
  io.endStdin('--key -');
  return openKey('--key -', text, true, passphraseFd, io);
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

/**
 * Opens a key.
 *
 * @param name - the name of the key in messages. Messages never contain the value of AJWT_KEY, which may be a truncated key
 */
async function openKey(
  name: string,
  value: string,
  isText: boolean,
  passphraseFd: string | undefined,
  io: Io,
): Promise<PrivateKey> {
  let text = value;
  if (!isText) {
    const { readKeyFile } = await import('../keys/key-file.ts');
    // The message starts with the path.
    text = await readKeyFile(value).catch((error) => {
      throw reworded(error, (message) =>
        name === value ? message : `${name} names a file that${message.slice(value.length)}`,
      );
    });
  }
  try {
    return await importPrivateKey(text, name, passphraseFd, io);
  } catch (error) {
    throw reworded(error, (message) => `${name}: ${message}`);
  }
}

/** Returns the error with another message if it is a `KeyError`, otherwise the error itself. */
function reworded(error: unknown, reword: (message: string) => string): unknown {
  return error instanceof KeyError ? new KeyError(error.code, reword(error.message)) : error;
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
