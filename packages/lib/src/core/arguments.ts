/** Checks arguments. A wrong argument throws when it is passed, not on the first request. */

/** Describes a value for an error message. Leaves out the content of strings, because it may be secret. */
export function kindOf(value: unknown): string {
  if (typeof value === 'string' || typeof value === 'function') return `a ${typeof value}`;
  if (typeof value === 'number') return `the number ${value}`;
  if (typeof value !== 'object' || value === null) return String(value);
  if (Array.isArray(value)) return 'an array';
  if ('then' in value) return 'a promise; await it first';
  const name: unknown = value.constructor?.name;
  return name === undefined || name === 'Object' ? 'an object' : `an instance of ${name}`;
}

/**
 * Throws unless an argument is valid.
 *
 * @param valid - whether the argument is valid
 * @param name - the beginning of the message
 * @param a - what the argument must be: `a function`
 * @throws TypeError that says what the argument must be and what it is
 */
export function checkArgument(valid: boolean, name: string, a: string, value: unknown): asserts valid {
  if (!valid) throw new TypeError(`${name}: must be ${a}, not ${kindOf(value)}`);
}

/** Returns whether a value is an object with this method. Returns false for arrays: they have a method `find`, but are not key stores. */
export function hasMethod(value: unknown, method: string): boolean {
  const object = Array.isArray(value) ? undefined : (value as Readonly<Record<string, unknown>> | undefined | null);
  return typeof object === 'object' && typeof object?.[method] === 'function';
}

/** Throws a TypeError unless the value is a key store. */
export function checkKeyStore(name: string, store: unknown): void {
  checkArgument(hasMethod(store, 'find'), name, 'a key store, such as memoryKeyStore() or sqlDirectory(db)', store);
}

/** Throws a TypeError unless the value is a nonce store. */
export function checkNonceStore(name: string, store: unknown): void {
  const is = hasMethod(store, 'claim') && typeof (store as { tolerance?: unknown }).tolerance === 'number';
  checkArgument(is, name, 'a nonce store, such as memoryNonceStore()', store);
}

/** Throws a TypeError unless the value is a non-empty string. */
export function checkString(name: string, value: unknown): asserts value is string {
  checkArgument(typeof value === 'string' && value !== '', name, 'a non-empty string', value);
}

/** In seconds since the epoch, this time is in the year 5138; in milliseconds, it is in 1973. A larger number must be in milliseconds. */
const MAX_SECONDS = 1e11;

/** Returns whether a time is in milliseconds, like `Date.now()`, instead of seconds. */
export function isInMilliseconds(value: unknown): boolean {
  return Number.isFinite(value) && Math.abs(value as number) >= MAX_SECONDS;
}

/** Throws a TypeError unless the value is a number of seconds since the epoch. */
export function checkSeconds(name: string, value: unknown): void {
  checkArgument(
    Number.isFinite(value) && !isInMilliseconds(value),
    name,
    'seconds since the epoch, not milliseconds',
    value,
  );
}

/** Throws a TypeError unless the value is a `PublicKey`. For example, it refuses text, private keys and promises. */
export function checkVerificationKey(name: string, key: unknown): void {
  const is = typeof key === 'object' && key !== null && 'fingerprint' in key && 'handle' in key;
  checkArgument(is, name, "a PublicKey: PublicKey.from(text), or a private key's publicKey", key);
}
