/** What databases and drivers write in their columns, read so that a doubt never lets anybody in. */

/** Numbers of seconds lie below it until the year 5138, numbers of milliseconds above it since 1973. */
const MILLISECONDS = 1e11;

/** A text of a date: `2027-12-31 23:59:59.123+00`, with `T`, `Z`, or without a zone, which is UTC then. */
const DATE_TEXT = /^(\d{4}-\d{2}-\d{2})[ T](\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?)(Z|[+-]\d{2}(?::?\d{2})?)?$/;

/**
 * Whether a mark is there, such as `revoked`, `deleted_at` or `disabled`: anything but null, false and zero is one, so that what
 * nobody thought of refuses.
 */
export function isMarked(value: unknown): boolean {
  return !(value === null || value === undefined || isZero(value));
}

/** Whether a condition holds, such as `is_active`: only true, and a number that is not zero, say so. */
export function isHeld(value: unknown): boolean {
  if (value === true) return true;
  if (typeof value === 'number' || typeof value === 'bigint' || value instanceof Uint8Array) return !isZero(value);
  return false;
}

/** False, zero, and the bit of MySQL and MariaDB that is not set. */
function isZero(value: unknown): boolean {
  if (value instanceof Uint8Array) return value.every((byte) => byte === 0);
  return value === false || value === 0 || value === 0n;
}

/**
 * Reads a moment: a `Date`, a number of seconds or milliseconds since the epoch, or a text of either.
 *
 * @returns seconds since the epoch
 * @throws TypeError for what is none
 */
export function secondsOf(value: unknown): number {
  const seconds = value instanceof Date ? value.getTime() / 1000 : secondsOfPlain(value);
  if (!Number.isFinite(seconds)) throw new TypeError('a moment is a date, or seconds or milliseconds since the epoch');
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

/** A row's id, so that equal texts are equal ids. */
export function idOf(value: unknown): string {
  if (value instanceof Uint8Array)
    return `0x${Array.from(value, (byte) => byte.toString(16).padStart(2, '0')).join('')}`;
  return String(value);
}

/** A key's column as text: bytes are UTF-8, and an object is the JWK that a column of JSON has become. @returns `undefined` for none */
export function keyTextOf(value: unknown): string | undefined {
  if (value === null || value === undefined || value === '') return undefined;
  if (typeof value === 'string') return value;
  if (value instanceof Uint8Array) return new TextDecoder().decode(value);
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}
