/** Reads the values that databases and drivers return. An unexpected value never grants access. */

/** Smaller numbers are seconds, up to the year 5138. Others are milliseconds, from the year 1973 on. */
const MILLISECONDS = 1e11;

/** Matches a time in text form, such as `2027-12-31 23:59:59.123+00` or `2027-12-31T23:59:59Z`. A time without a time zone is in UTC. */
const DATE_TEXT = /^(\d{4}-\d{2}-\d{2})[ T](\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?)(Z|[+-]\d{2}(?::?\d{2})?)?$/;

/**
 * Reports whether a column such as `revoked`, `deleted_at` or `disabled` is set. Every value except null, false and zero counts as set, so
 * an unexpected value denies access.
 */
export function isMarked(value: unknown): boolean {
  return !(value === null || value === undefined || isZero(value));
}

/** Reports whether a column such as `is_active` is true: it must be `true` or a number other than zero. */
export function isHeld(value: unknown): boolean {
  if (value === true) return true;
  if (typeof value === 'number' || typeof value === 'bigint' || value instanceof Uint8Array) return !isZero(value);
  return false;
}

/** Reports whether a value is false, zero, or a BIT(1) of MySQL or MariaDB that is not set. */
function isZero(value: unknown): boolean {
  if (value instanceof Uint8Array) return value.every((byte) => byte === 0);
  return value === false || value === 0 || value === 0n;
}

/**
 * Reads a time: a `Date`, seconds or milliseconds since the epoch, or any of these as text.
 *
 * @returns seconds since the epoch
 * @throws TypeError for anything else
 */
export function secondsOf(value: unknown): number {
  const seconds = value instanceof Date ? value.getTime() / 1000 : secondsOfPlain(value);
  if (!Number.isFinite(seconds))
    throw new TypeError('a time must be a date, or seconds or milliseconds since the epoch');
  return seconds;
}

function secondsOfPlain(value: unknown): number {
  if (typeof value === 'bigint' || typeof value === 'number') return scaled(Number(value));
  if (typeof value !== 'string') return Number.NaN;
  if (/^\d{1,17}(?:\.\d{1,9})?$/.test(value)) return scaled(Number(value));
  const [, day, time, zone = 'Z'] = DATE_TEXT.exec(value) ?? [];
  if (day === undefined) return Number.NaN;
  return Date.parse(`${day}T${time}${zone.length === 3 ? `${zone}:00` : zone}`) / 1000;
}

function scaled(number: number): number {
  return Math.abs(number) < MILLISECONDS ? number : number / 1000;
}

/** Converts a row's id to a string, so that ids can be compared. */
export function idOf(value: unknown): string {
  if (value instanceof Uint8Array)
    return `0x${Array.from(value, (byte) => byte.toString(16).padStart(2, '0')).join('')}`;
  return String(value);
}

/**
 * Reads the column that contains a key. Bytes are decoded as UTF-8; an object is a JWK from a JSON column.
 *
 * @returns the text of the key, or `undefined` if there is no key
 */
export function keyTextOf(value: unknown): string | undefined {
  if (value === null || value === undefined || value === '') return undefined;
  if (typeof value === 'string') return value;
  if (value instanceof Uint8Array) return new TextDecoder().decode(value);
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}
