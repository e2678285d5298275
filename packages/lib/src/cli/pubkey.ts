/** `ajwt pubkey`: prints the public half of a key, or its identifiers. */
import { CommandError } from 'ajwt-cli-kit/command-error';
import { defineCommand } from 'ajwt-cli-kit/define-command';
import type { Io } from 'ajwt-cli-kit/io';
import { refuseMoreWords } from 'ajwt-cli-kit/parse';
import { KeyError, type KeyErrorCode } from '../keys/key-error.ts';
import { PublicKey } from '../keys/public-key.ts';
import { isAgentKey, openAgentKey, readKeySource } from './identity.ts';
import { importPrivateKey, PASSPHRASE_OPTION } from './passphrase.ts';

/** Output formats, by option. */
const FORMATS: Readonly<Record<'openssh' | 'jwk' | 'fingerprint', (key: PublicKey) => string>> = {
  openssh: (key) => key.toOpenSsh(),
  jwk: (key) => JSON.stringify(key.toJwk()),
  fingerprint: identifiersOf,
};

export const pubkey = defineCommand({
  name: 'ajwt pubkey',
  usage: 'FILE|-|ssh-agent [--openssh | --jwk | --fingerprint]',
  about: [
    'Reads a private or public key (PEM, OpenSSH or JWK) from a file, standard input or an ssh-agent, and prints the public key. The default output format is SPKI PEM.',
    'A key has three identifiers: the kid in its tokens, the JWK thumbprint (RFC 7638), and the fingerprint that `ssh-keygen -l` prints.',
  ],
  options: {
    openssh: { type: 'boolean', help: 'print one OpenSSH line, as in authorized_keys' },
    jwk: { type: 'boolean', help: 'print a JSON Web Key' },
    fingerprint: { type: 'boolean', help: 'print the three identifiers: kid, thumbprint and fingerprint' },
    ...PASSPHRASE_OPTION,
  },
  choices: 'file',
  examples: [
    'ajwt pubkey guido > guido.pem',
    'ajwt pubkey --fingerprint ~/.ssh/id_ed25519.pub',
    'ajwt pubkey --jwk - < guido',
  ],
  async run(values, { words, io }) {
    const [path] = words;
    if (path === undefined) throw new CommandError('no key; give a file name, ssh-agent, or - for standard input');
    refuseMoreWords('ajwt pubkey', words, 1);
    const chosen = Object.entries(FORMATS).filter(([name]) => values[name as keyof typeof FORMATS]);
    if (chosen.length > 1)
      throw new CommandError(`give only one of ${chosen.map(([name]) => `--${name}`).join(' and ')}`);
    const key = isAgentKey(path)
      ? (await openAgentKey(path, io)).publicKey
      : await readAnyKey(await readKeySource(path, io), path, values['passphrase-fd'], io);
    io.print(chosen[0] === undefined ? key.toPem() : chosen[0][1](key));
    return 0;
  },
});

/** Formats the three identifiers, one per line. */
function identifiersOf({ kid, thumbprint, fingerprint }: PublicKey): string {
  return `kid          ${kid}\nthumbprint   ${thumbprint}\nfingerprint  ${fingerprint}`;
}

/** Error codes that only a private key can cause. Other errors may mean that a damaged public key was read as a private key. */
const SURELY_PRIVATE: readonly KeyErrorCode[] = ['passphrase_required', 'wrong_passphrase'];

/**
 * Reads a key that may be private or public.
 *
 * @param path - path of the file, for the prompt
 * @param passphraseFd - value of `--passphrase-fd`
 * @throws KeyError
 */
export async function readAnyKey(
  text: string,
  path: string,
  passphraseFd: string | undefined,
  io: Io,
): Promise<PublicKey> {
  let privateKeyError: KeyError;
  try {
    return (await importPrivateKey(text, path === '-' ? 'the key' : path, passphraseFd, io)).publicKey;
  } catch (error) {
    if (!(error instanceof KeyError) || SURELY_PRIVATE.includes(error.code)) throw error;
    privateKeyError = error;
  }
  try {
    return PublicKey.from(text);
  } catch (error) {
    throw error instanceof KeyError && error.code === 'private_key' ? privateKeyError : error;
  }
}
