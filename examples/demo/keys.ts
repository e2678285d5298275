/** Makes typical key pairs, with OpenSSH and OpenSSL if they are installed, otherwise with this library. */
import { spawnSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PrivateKey } from 'asymmetric-jwt-auth/client';

/** A key pair in two files. */
export interface KeyFiles {
  readonly username: string;
  readonly privateFile: string;
  readonly publicFile: string;
  /** The command that made it. */
  readonly madeBy: string;
}

/** Makes an Ed25519 pair for guido and an RSA pair for ada. */
export async function makeKeyFiles(folder: string): Promise<readonly [KeyFiles, KeyFiles]> {
  return [await ed25519Files(folder), await rsaFiles(folder)];
}

async function ed25519Files(folder: string): Promise<KeyFiles> {
  const privateFile = join(folder, 'guido');
  const files = { username: 'guido', privateFile, publicFile: `${privateFile}.pub` };
  if (succeeds('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', 'guido@laptop', '-f', privateFile])) {
    return { ...files, madeBy: 'ssh-keygen -t ed25519' };
  }
  const key = await PrivateKey.generate('ed25519');
  await writeFile(privateFile, key.toPem(), { mode: 0o600 });
  await writeFile(files.publicFile, `${key.publicKey.toOpenSsh('guido@laptop')}\n`);
  return { ...files, madeBy: "PrivateKey.generate('ed25519')" };
}

async function rsaFiles(folder: string): Promise<KeyFiles> {
  const privateFile = join(folder, 'ada.pem');
  const publicFile = join(folder, 'ada.pub.pem');
  const files = { username: 'ada', privateFile, publicFile };
  const generate = ['genpkey', '-quiet', '-algorithm', 'RSA', '-pkeyopt', 'rsa_keygen_bits:3072', '-out', privateFile];
  const made =
    succeeds('openssl', generate) ||
    succeeds(
      'openssl',
      generate.filter((word) => word !== '-quiet'),
    );
  if (made && succeeds('openssl', ['pkey', '-in', privateFile, '-pubout', '-out', publicFile])) {
    return { ...files, madeBy: 'openssl genpkey -algorithm RSA' };
  }
  const key = await PrivateKey.generate('rsa');
  await writeFile(privateFile, key.toPem(), { mode: 0o600 });
  await writeFile(publicFile, key.publicKey.toPem());
  return { ...files, madeBy: "PrivateKey.generate('rsa')" };
}

function succeeds(command: string, words: readonly string[]): boolean {
  return spawnSync(command, words, { stdio: 'ignore' }).status === 0;
}
