/** Refuses arguments that are not keys at all, and says what to call instead. */
import { checkArgument, hasMethod, kindOf } from '../core/arguments.ts';
import { KeyError } from './key-error.ts';

/** Matches a string of at most 255 characters that begins like a path or ends with the extension of a key file. */
const PATH =
  /^(?=.{1,255}$)(?:~|\.{1,2}|[A-Za-z]:)?[\\/][^\s]*$|^[^\s{}"]{1,255}\.(?:pub|pem|key|json|jwk|txt|crt|cer|der|ppk|p12|pfx)$/i;
const BASE64_KEY = /^[A-Za-z0-9+/]{60,}={0,2}$/;

/**
 * Refuses arguments of {@link PublicKey.from} and {@link PrivateKey.from} that are not keys. Its error messages never contain the argument.
 *
 * @param kind - `public` or `private`
 * @throws TypeError for an object of a wrong type; the message says what to call instead
 * @throws KeyError `malformed` if the argument is the path of a file
 */
export function checkKeyInput(input: unknown, kind: 'public' | 'private'): void {
  const owner = kind === 'public' ? 'PublicKey' : 'PrivateKey';
  const a = `the text of a ${kind} key, a JWK or a KeyObject`;
  if (typeof input === 'string') {
    if (!PATH.test(input) || BASE64_KEY.test(input)) return;
    // A TypeError would mean a mistake in the program, but a stranger may have sent this string.
    throw new KeyError('malformed', `this is a path, not a key; read the file with ${owner}.fromFile(path)`);
  }
  checkArgument(typeof input === 'object' && input !== null, 'input', a, input);
  const hint = HINTS.find(([is]) => is(input))?.[1];
  if (hint !== undefined) throw new TypeError(`input: must be ${a}, not ${kindOf(input)}${hint[kind]}`);
}

const both = (hint: string) => ({ public: hint, private: hint });

/**
 * Objects that programs pass by mistake instead of a key. Parsed JSON matches none of these, so a stranger's JWK never causes a TypeError.
 */
const HINTS: readonly (readonly [(input: object) => boolean, Readonly<Record<'public' | 'private', string>>])[] = [
  [(input) => hasMethod(input, 'then'), both('')],
  [
    (input) => ArrayBuffer.isView(input) || input instanceof ArrayBuffer,
    both("; decode it to a string, as readFile(path, 'utf8') does"),
  ],
  [(input) => input instanceof URL, both('; read a file with fromFile(path)')],
  [(input) => input instanceof CryptoKey, both('; convert it with KeyObject.from(key)')],
  [(input) => hasMethod(input, 'sign'), { public: '; use its publicKey', private: '; use it directly' }],
  [(input) => hasMethod(input, 'toOpenSsh'), { public: '; use it directly', private: '; a public key cannot sign' }],
];

/**
 * Refuses an empty path, and a key that was passed as a path.
 *
 * @throws TypeError for such a path; the message does not contain it
 */
export function checkKeyPath(path: unknown, kind: 'PublicKey' | 'PrivateKey'): asserts path is string {
  checkArgument(typeof path === 'string' && path !== '', 'path', 'a non-empty string', path);
  if (/^\s*(?:-----BEGIN|\{|(?:ssh|ecdsa)-\S+ AAAA)/.test(path) || path.includes('\n') || BASE64_KEY.test(path)) {
    throw new TypeError(
      `path: must be the path of a file, not the key itself; import its text with ${kind}.from(text)`,
    );
  }
}
