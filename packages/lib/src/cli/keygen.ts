/** `ajwt keygen`: generates a key pair. */
import { CommandError } from 'ajwt-cli-kit/command-error';
import { defineCommand } from 'ajwt-cli-kit/define-command';
import type { Io } from 'ajwt-cli-kit/io';
import { refuseMoreWords } from 'ajwt-cli-kit/parse';
import { type Curve, RSA_BITS } from '../core/algorithms.ts';
import { type GenerateOptions, PrivateKey } from '../keys/private-key.ts';
import { refuseExisting, writeKeyFiles } from './key-files.ts';

const TYPES = ['ed25519', 'rsa', 'ec'] as const;
const CURVES: readonly Curve[] = ['P-256', 'P-384', 'P-521'];

export const keygen = defineCommand({
  name: 'ajwt keygen',
  usage: '[--type ed25519|rsa|ec] [--out FILE]',
  about: [
    'Generates a key pair. With --out FILE, writes the private key to FILE (PKCS#8 PEM, readable only by you) and the public key to FILE.pub (one OpenSSH line). Existing files are never overwritten.',
    'Without --out, prints the private key and then the public key, both as PEM.',
  ],
  options: {
    type: { type: 'string', value: 'T', choices: TYPES, help: 'key type: ed25519 (default), rsa or ec' },
    bits: {
      type: 'string',
      value: 'N',
      help: `length of an RSA key in bits, ${RSA_BITS.min} to ${RSA_BITS.max} (default: 3072)`,
    },
    curve: { type: 'string', value: 'C', choices: CURVES, help: 'curve of an EC key: P-256 (default), P-384 or P-521' },
    out: {
      type: 'string',
      value: 'FILE',
      choices: 'file',
      help: 'write the private key to FILE and the public key to FILE.pub',
    },
    'passphrase-env': { type: 'string', value: 'VAR', help: 'encrypt the private key with the passphrase in $VAR' },
    comment: { type: 'string', value: 'TEXT', help: 'comment at the end of FILE.pub, such as guido@laptop' },
  },
  examples: [
    'ajwt keygen --out guido --comment guido@laptop',
    'ajwt keygen --type rsa --bits 4096 --out guido',
    'AJWT_PASSPHRASE=… ajwt keygen --out guido --passphrase-env AJWT_PASSPHRASE',
  ],
  async run({ type: typeOption, bits, curve, out, 'passphrase-env': variable, comment }, { words, io }) {
    refuseMoreWords('ajwt keygen', words, 0);
    const type = oneOf('type', typeOption ?? 'ed25519', TYPES);
    const options = readKeyOptions(type, bits, curve);
    const passphrase = variable === undefined ? undefined : readPassphrase(variable, io);
    if (comment !== undefined) checkComment(comment, out);
    if (out !== undefined) await refuseExisting(out);

    const key = await PrivateKey.generate(type, options);
    const pem = key.toPem(passphrase);
    if (out === undefined) io.print(pem + key.publicKey.toPem());
    else await writeKeyFiles(out, pem, `${key.publicKey.toOpenSsh(comment?.trim())}\n`);
    io.note(summary(key, out, passphrase !== undefined, io));
    return 0;
  },
});

function oneOf<T extends string>(option: string, given: string, names: readonly T[]): T {
  const name = names.find((one) => one === given);
  if (name === undefined) throw new CommandError(`--${option} ${given}: must be one of ${names.join(', ')}`);
  return name;
}

function readKeyOptions(
  type: (typeof TYPES)[number],
  bits: string | undefined,
  curve: string | undefined,
): GenerateOptions {
  if (bits !== undefined && type !== 'rsa') throw new CommandError('--bits is for RSA keys; add --type rsa');
  if (curve !== undefined && type !== 'ec') throw new CommandError('--curve is for EC keys; add --type ec');
  if (bits !== undefined) return { bits: readBits(bits) };
  return curve === undefined ? {} : { curve: oneOf('curve', curve, CURVES) };
}

function readBits(given: string): number {
  const bits = /^\d{1,5}$/.test(given) ? Number(given) : 0;
  if (bits < RSA_BITS.min || bits > RSA_BITS.max) {
    throw new CommandError(`--bits ${given}: must be a whole number from ${RSA_BITS.min} to ${RSA_BITS.max}`);
  }
  return bits;
}

/** Reads a passphrase from an environment variable. @throws CommandError if it is not set, or empty */
function readPassphrase(name: string, { env }: Io): string {
  const passphrase = env[name];
  if (passphrase === undefined || passphrase === '') {
    // The message does not repeat the name: it may be the passphrase, given by mistake.
    throw new CommandError(
      '--passphrase-env: must be the name of an environment variable that contains the passphrase',
    );
  }
  return passphrase;
}

function checkComment(comment: string, out: string | undefined): void {
  if (out === undefined) throw new CommandError('--comment is written to FILE.pub; add --out FILE');
  if (/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u.test(comment) || comment.trim() === '') {
    throw new CommandError('--comment: must be one line, not empty, without control or format characters');
  }
}

/** Describes the new key, and what to do next. */
function summary({ publicKey }: PrivateKey, out: string | undefined, encrypted: boolean, io: Io): string {
  const bold = (text: string) => io.paint('bold', text, io.stderr);
  const secret = encrypted ? 'encrypted, readable only by you' : 'not encrypted, readable only by you';
  const files =
    out === undefined ? [] : [`${bold('private key')}  ${out} (${secret})`, `${bold('public key')}   ${out}.pub`];
  return [
    ...files,
    `${bold('fingerprint')}  ${publicKey.fingerprint}`,
    `${bold('kid')}          ${publicKey.kid}`,
    `Register ${out === undefined ? 'the public key' : `${out}.pub`} with the server under your username. Keep the private key secret.`,
  ].join('\n');
}
