/** Reads `--data-urlencode`. */

/**
 * Percent-encodes a value.
 *
 * @param given - `TEXT`, `=TEXT`, `NAME=TEXT`, `@FILE` or `NAME@FILE`, as in curl; NAME is not encoded
 * @param read - reads a file
 */
export async function readEncoded(given: string, read: (path: string) => Promise<Uint8Array>): Promise<Uint8Array> {
  const equals = given.indexOf('=');
  const mark = equals === -1 ? given.indexOf('@') : equals;
  const name = mark === -1 ? '' : given.slice(0, mark);
  const rest = given.slice(mark + 1);
  const content = given[mark] === '@' ? await read(rest) : Buffer.from(rest);
  return Buffer.from(`${name === '' ? '' : `${name}=`}${encode(content)}`);
}

function encode(bytes: Uint8Array): string {
  const text = Buffer.from(bytes).toString('latin1');
  return text.replace(/[^\w.~-]/g, (one) =>
    one === ' ' ? '+' : `%${one.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`,
  );
}
