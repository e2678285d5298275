/** Reads the values that databases and drivers return. An unexpected value never gives access. */

/** The limit between seconds, up to the year 5138, and milliseconds, since 1973. */
const MILLISECONDS = 1e11;

/** A date as text, such as `2027-12-31 23:59:59.123+00`; with `T` or `Z` too. Without a zone it is in UTC. */
const DATE_TEXT = /^(\d{4}-\d{2}-\d{2})[ T](\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?)(Z|[+-]\d{2}(?::?\d{2})?)?$/;

/**
 * Whether a column such as `revoked`, `deleted_at` or `disabled` is set. Anything but null, false and zero is, so an unexpected value
 * refuses access.
 */
export function isMarked(value: unknown): boolean {
  return !(value === null || value === undefined || isZero(value));
}

/** Whether a column such as `is_active` is true: it must be `true` or a number other than zero. */
export function isHeld(value: unknown): boolean {
  if (value === true) return true;
  if (typeof value === 'number' || typeof value === 'bigint' || value instanceof Uint8Array) return !isZero(value);
  return false;
}

/** Whether a value is false, zero, or a BIT(1) of MySQL and MariaDB that is not set. */
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
  if (!Number.isFinite(seconds)) throw new TypeError('a time is a date, or seconds or milliseconds since the epoch');
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
 * Reads the column of a key. Bytes are UTF-8, and an object is a JWK from a JSON column.
 *
 * @returns `undefined` if there is no key
 */
export function keyTextOf(value: unknown): string | undefined {
  if (value === null || value === undefined || value === '') return undefined;
  if (typeof value === 'string') return value;
  if (value instanceof Uint8Array) return new TextDecoder().decode(value);
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}
