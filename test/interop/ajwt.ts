/** The real command `ajwt`. */
import { ajwtProcess } from 'ajwt-testkit/ajwt';

/** Runs `ajwt`, which must succeed, and returns its output without the final newline. */
export async function ajwt(...words: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await ajwtProcess(words);
  if (code !== 0) throw new Error(`ajwt ${words.join(' ')} exited with ${code}: ${stderr}`);
  return stdout.trimEnd();
}

/** Options of `ajwt keygen` by type of key. */
const KINDS = {
  RSA: ['--type', 'rsa', '--bits', '2048'],
  Ed25519: ['--type', 'ed25519'],
  'P-256': ['--type', 'ec', '--curve', 'P-256'],
  'P-384': ['--type', 'ec', '--curve', 'P-384'],
  'P-521': ['--type', 'ec', '--curve', 'P-521'],
} as const;

/** Types of keys. */
export type KeyKind = keyof typeof KINDS;

/** Makes a key pair: the private key in `file` (PKCS#8 PEM), the public key in `file.pub` (OpenSSH line). */
export async function makeKey(kind: KeyKind, file: string): Promise<string> {
  await ajwt('keygen', ...KINDS[kind], '--comment', 'guido@laptop', '--out', file);
  return file;
}
