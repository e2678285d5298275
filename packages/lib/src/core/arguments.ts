/** Checks of arguments. A wrong argument is refused when something is made with it, and not by the first request. */

/** Says what a value is, for an error message. Strings may be secrets, so their content is left out. */
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
 * Refuses an argument.
 *
 * @param valid - whether the value is what it must be
 * @param name - of the argument, as the message begins
 * @param a - what it must be
 * @throws TypeError that names the argument, what it must be, and what it is
 */
export function checkArgument(valid: boolean, name: string, a: string, value: unknown): asserts valid {
  if (!valid) throw new TypeError(`${name}: must be ${a}, not ${kindOf(value)}`);
}

/** Whether a value is an object that has this method. Arrays have a `find` too. */
export function hasMethod(value: unknown, method: string): boolean {
  const object = Array.isArray(value) ? undefined : (value as Readonly<Record<string, unknown>> | undefined | null);
  return typeof object === 'object' && typeof object?.[method] === 'function';
}

/** @throws TypeError */
export function checkKeyStore(name: string, store: unknown): void {
  checkArgument(hasMethod(store, 'find'), name, 'a key store, such as memoryKeyStore() or sqlDirectory(db)', store);
}

/** @throws TypeError */
export function checkString(name: string, value: unknown): asserts value is string {
  checkArgument(typeof value === 'string' && value !== '', name, 'a non-empty string', value);
}

/** Seconds since the epoch in the year 5138, and milliseconds in 1973: anything beyond is in the wrong unit. */
const MAX_SECONDS = 1e11;

/** Whether a number of seconds since the epoch is in fact one of milliseconds, as `Date.now()` returns. */
export function isInMilliseconds(value: unknown): boolean {
  return Number.isFinite(value) && Math.abs(value as number) >= MAX_SECONDS;
}

/** @throws TypeError for a point in time that is not a number of seconds since the epoch */
export function checkSeconds(name: string, value: unknown): void {
  checkArgument(
    Number.isFinite(value) && !isInMilliseconds(value),
    name,
    'seconds since the epoch, not milliseconds',
    value,
  );
}

/** @throws TypeError for text, a private key, a promise, or anything else that is not a `PublicKey` */
export function checkVerificationKey(name: string, key: unknown): void {
  const is = typeof key === 'object' && key !== null && 'fingerprint' in key && 'handle' in key;
  checkArgument(is, name, "a PublicKey: PublicKey.from(text), or a private key's publicKey", key);
}
