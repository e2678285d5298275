/** Refuses arguments that are not keys at all, and says what to call instead. */
import { checkArgument, hasMethod, kindOf } from '../core/arguments.ts';
import { KeyError } from './key-error.ts';

/** A path: it has an extension, or begins like a path, and is too short for a key in base64. */
const PATH =
  /^(?=.{1,255}$)(?:~|\.{1,2}|[A-Za-z]:)?[\\/][^\s]*$|^[^\s{}"]{1,255}\.(?:pub|pem|key|json|jwk|txt|crt|cer|der|ppk|p12|pfx)$/i;
const BASE64_KEY = /^[A-Za-z0-9+/]{60,}={0,2}$/;

/**
 * Refuses arguments of {@link PublicKey.from} and {@link PrivateKey.from} that are not keys. No message contains the argument.
 *
 * @param kind - `public` or `private`
 * @throws TypeError that says what to call instead
 * @throws KeyError `malformed` for the path of a file
 */
export function checkKeyInput(input: unknown, kind: 'public' | 'private'): void {
  const owner = kind === 'public' ? 'PublicKey' : 'PrivateKey';
  const a = `the text of a ${kind} key, a JWK or a KeyObject`;
  if (typeof input === 'string') {
    if (!PATH.test(input) || BASE64_KEY.test(input)) return;
    // The string may come from a stranger, so this is not a TypeError, which means a mistake in the program.
    throw new KeyError('malformed', `this is a path, not a key; read the file with ${owner}.fromFile(path)`);
  }
  checkArgument(typeof input === 'object' && input !== null, 'input', a, input);
  const hint = HINTS.find(([is]) => is(input))?.[1];
  if (hint !== undefined) throw new TypeError(`input: must be ${a}, not ${kindOf(input)}${hint[kind]}`);
}

const both = (hint: string) => ({ public: hint, private: hint });

/** Objects that programs pass instead of a key. No parsed JSON is one of these, so a stranger's JWK never causes a TypeError. */
const HINTS: readonly (readonly [(input: object) => boolean, Readonly<Record<'public' | 'private', string>>])[] = [
  [(input) => hasMethod(input, 'then'), both('')],
  [
    (input) => ArrayBuffer.isView(input) || input instanceof ArrayBuffer,
    both("; decode it to a string, as readFile(path, 'utf8') does"),
  ],
  [(input) => input instanceof URL, both('; read a file with fromFile(path)')],
  [(input) => input instanceof CryptoKey, both('; convert it with KeyObject.from(key)')],
  [(input) => hasMethod(input, 'sign'), { public: '; use its publicKey', private: '; it can be used as it is' }],
  [
    (input) => hasMethod(input, 'toOpenSsh'),
    { public: '; it can be used as it is', private: '; a public key cannot sign' },
  ],
];

/**
 * Refuses a path that is empty or a key.
 *
 * @throws TypeError whose message does not contain the argument
 */
export function checkKeyPath(path: unknown, kind: 'PublicKey' | 'PrivateKey'): asserts path is string {
  checkArgument(typeof path === 'string' && path !== '', 'path', 'a non-empty string', path);
  if (/^\s*(?:-----BEGIN|\{|(?:ssh|ecdsa)-\S+ AAAA)/.test(path) || path.includes('\n') || BASE64_KEY.test(path)) {
    throw new TypeError(
      `path: must be the path of a file, not the key itself; import its text with ${kind}.from(text)`,
    );
  }
}
