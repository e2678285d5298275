/** Prints lists, in columns or as JSON. */
import { type Io, printable } from 'ajwt-cli-kit';
import type { DirectoryJwks, DirectoryKey, DirectoryUser } from 'asymmetric-jwt-auth/sql';

/** The option of every command that lists something. */
export const JSON_OPTION = { json: { type: 'boolean', help: 'print JSON' } } as const;

/** Formats a time as a day in UTC. @param seconds - since the epoch */
export function day(seconds: number | null): string {
  return seconds === null ? '' : new Date(seconds * 1000).toISOString().slice(0, 10);
}

/** Formats a time as a minute in UTC. @param seconds - since the epoch */
function minute(seconds: number | null): string {
  return seconds === null ? '' : `${new Date(seconds * 1000).toISOString().slice(0, 16)}Z`;
}

/** Formats a time for JSON. @param seconds - since the epoch */
function instant(seconds: number | null): string | null {
  return seconds === null ? null : new Date(seconds * 1000).toISOString();
}

/** Returns the JSON form of a user. */
export function userAsJson({ username, disabled, created }: DirectoryUser) {
  return { username, disabled, created: instant(created) };
}

/** Returns the JSON form of a key. */
export function keyAsJson({ username, fingerprint, kid, thumbprint, state, key, ...rest }: DirectoryKey) {
  const { comment, created, expires, retired, revoked, firstUsed, lastUsed, lastRefused } = rest;
  return {
    username,
    fingerprint,
    kid,
    thumbprint,
    type: key.type,
    bits: key.bits,
    curve: key.curve,
    state,
    comment,
    created: instant(created),
    expires: instant(expires),
    retired: instant(retired),
    revoked: instant(revoked),
    firstUsed: instant(firstUsed),
    lastUsed: instant(lastUsed),
    lastRefused: instant(lastRefused),
  };
}

/** Returns the JSON form of a JWK set. */
export function keySetAsJson({ username, url, created }: DirectoryJwks) {
  return { username, url, created: instant(created) };
}

/** Formats JSON without characters that control a terminal. @param indent - spaces; default: one line */
export function jsonText(value: unknown, indent?: number): string {
  return JSON.stringify(value, null, indent).replace(/[\u007f-\uffff]/g, (unit) => {
    return `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
}

/** Prints JSON without characters that control a terminal. */
export function printJson(io: Io, value: unknown): void {
  io.print(jsonText(value, 2));
}

/** Prints rows in columns, with a heading. */
export function printTable(io: Io, names: readonly string[], rows: readonly (readonly string[])[]): void {
  const cells = rows.map((row) => row.map((cell) => printable(cell)));
  const widths = names.map((name, column) => Math.max(name.length, ...cells.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd();
  io.print([io.paint('bold', line(names)), ...cells.map(line)].join('\n'));
}

/** Prints keys in columns. */
export function printKeys(io: Io, keys: readonly DirectoryKey[]): void {
  printTable(
    io,
    ['USER', 'FINGERPRINT', 'TYPE', 'STATE', 'CREATED', 'EXPIRES', 'LAST USED', 'REFUSED', 'COMMENT'],
    keys.map(({ username, fingerprint, key, state, comment, ...at }) => {
      const type = key.type === 'rsa' ? `rsa-${key.bits}` : (key.curve ?? key.type);
      const times = [day(at.created), day(at.expires), minute(at.lastUsed), minute(at.lastRefused)];
      return [username, fingerprint, type, state, ...times, comment ?? ''];
    }),
  );
}

/** Prints JWK sets in columns. */
export function printKeySets(io: Io, keySets: readonly DirectoryJwks[]): void {
  printTable(
    io,
    ['USER', 'JWK SET', 'CREATED'],
    keySets.map(({ username, url, created }) => [username, url, day(created)]),
  );
}
