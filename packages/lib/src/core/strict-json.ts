/** Parses JSON (RFC 8259) that has only one reading: duplicate member names and lone surrogates are refused. */

const STRING_OR_BRACE = /"(?:[^"\\]|\\.)*"(\s*:)?|[{}]/g;

/**
 * Longest text that is written again to be compared. `JSON.stringify` takes time that grows with the square of the depth: 10 ms for
 * 16 kB of brackets. A longer text is scanned, which takes time that grows with its length.
 */
const MAX_REWRITTEN = 512;

/**
 * Parses the text of a JSON object.
 *
 * @param text - `undefined` if the bytes were not text
 * @returns the object, or `undefined` if the text is not JSON, not an object, has a member name twice in one object (also
 *   when it is written differently, `"a"` and `"\u0061"`), has a string that is not well-formed Unicode, or has a name of one
 *   character that is written with an escape
 */
export function parseStrictJsonObject(text = ''): Record<string, unknown> | undefined {
  try {
    const value = JSON.parse(text);
    if (!/^\s*{/.test(text)) return undefined;
    // `JSON.stringify` writes each name once. Without escapes there is no lone surrogate either, because UTF-8 has none.
    const isAsWritten = text.length <= MAX_REWRITTEN && !text.includes('\\') && JSON.stringify(value) === text;
    return isAsWritten || isUnambiguous(text) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Scans a text that `JSON.parse` has accepted. Returns whether names are unique in each object, and all strings are well-formed. */
function isUnambiguous(text: string): boolean {
  const objects: Set<string>[] = [];
  for (const [token, isName] of text.matchAll(STRING_OR_BRACE)) {
    if (token === '{') objects.push(new Set());
    else if (token === '}') objects.pop();
    else {
      const quoted = isName === undefined ? token : token.slice(0, -isName.length);
      const string = quoted.includes('\\') ? (JSON.parse(quoted) as string) : quoted.slice(1, -1);
      if (!string.isWellFormed()) return false;
      if (isName === undefined) continue;
      const names = objects.at(-1) as Set<string>;
      if (names.has(string)) return false;
      names.add(string);
      // V8 13 takes a name of one character that is written with an escape for a backslash, after some objects.
      if (string.length === 1 && token[1] === '\\') return false;
    }
  }
  return true;
}
