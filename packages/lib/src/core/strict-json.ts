/** JSON (RFC 8259) with one reading only: duplicate member names and lone surrogates are refused. */

const STRING_OR_BRACE = /"(?:[^"\\]|\\.)*"(\s*:)?|[{}]/g;

/**
 * Parses the text of a JSON object.
 *
 * @param text - `undefined` where the bytes were no text
 * @returns the object, or `undefined` if the text is not JSON, not an object, has a member name twice in one object (also
 *   when it is written differently, `"a"` and `"\u0061"`), or a string that is not well-formed Unicode, or a name of one character that is written with an escape
 */
export function parseStrictJsonObject(text: string | undefined): Record<string, unknown> | undefined {
  if (text === undefined) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
    // What a serialiser writes has each name once; without escapes it has no lone surrogate either, as UTF-8 has none.
    const isAsWritten = !text.includes('\\') && JSON.stringify(value) === text;
    return isAsWritten || isUnambiguous(text) ? (value as Record<string, unknown>) : undefined;
  } catch {
    // No JSON; or nested so deeply that it cannot be written again.
    return undefined;
  }
}

/** Scans a text that `JSON.parse` has taken: names are unique in each object, and all strings are well-formed. */
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
