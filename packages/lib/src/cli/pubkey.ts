/** `ajwt pubkey`: the public half of a key, and its names. */

import { CommandError } from 'ajwt-cli-kit/command-error';
import { defineCommand } from 'ajwt-cli-kit/define-command';
import { refuseMoreWords } from 'ajwt-cli-kit/parse';
import { print } from 'ajwt-cli-kit/terminal';
import { KeyError, type KeyErrorCode } from '../keys/key-error.ts';
import { PublicKey } from '../keys/public-key.ts';
import { isAgentKey, openAgentKey, readKeySource } from './identity.ts';
import { importPrivateKey, PASSPHRASE_OPTION } from './passphrase.ts';

/** What can be printed, by option. */
const FORMATS: Readonly<Record<'openssh' | 'jwk' | 'fingerprint', (key: PublicKey) => string>> = {
  openssh: (key) => key.toOpenSsh(),
  jwk: (key) => JSON.stringify(key.toJwk()),
  fingerprint: namesOf,
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
  async run(values, words) {
    const [path] = words;
    if (path === undefined) throw new CommandError('no key; give a file name, ssh-agent, or - for standard input');
    refuseMoreWords('ajwt pubkey', words, 1);
    const chosen = Object.entries(FORMATS).filter(([name]) => values[name as keyof typeof FORMATS]);
    if (chosen.length > 1)
      throw new CommandError(`give only one of ${chosen.map(([name]) => `--${name}`).join(' and ')}`);
    const key = isAgentKey(path)
      ? (await openAgentKey(path)).publicKey
      : await readAnyKey(await readKeySource(path), path, values['passphrase-fd']);
    print(chosen[0] === undefined ? key.toPem() : chosen[0][1](key));
    return 0;
  },
});

/** The three names, one a line. */
export function namesOf({ kid, thumbprint, fingerprint }: PublicKey): string {
  return `kid          ${kid}\nthumbprint   ${thumbprint}\nfingerprint  ${fingerprint}`;
}

/** These say that a text is a private key; others may come from taking a broken public one for it. */
const SURELY_PRIVATE: readonly KeyErrorCode[] = ['passphrase_required', 'wrong_passphrase'];

/**
 * Reads a key of which nobody has said whether it is private or public.
 *
 * @param path - where it was
 * @param passphraseFd - what was given as `--passphrase-fd`
 * @throws KeyError
 */
export async function readAnyKey(text: string, path: string, passphraseFd: string | undefined): Promise<PublicKey> {
  let whyNotPrivate: KeyError;
  try {
    return (await importPrivateKey(text, path === '-' ? 'the key' : path, passphraseFd)).publicKey;
  } catch (error) {
    if (!(error instanceof KeyError) || SURELY_PRIVATE.includes(error.code)) throw error;
    whyNotPrivate = error;
  }
  try {
    return PublicKey.from(text);
  } catch (error) {
    throw error instanceof KeyError && error.code === 'private_key' ? whyNotPrivate : error;
  }
}
