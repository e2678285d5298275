/** Parses JSON (RFC 8259) and refuses ambiguous text: duplicate member names and lone surrogates. */

const STRING_OR_BRACE = /"(?:[^"\\]|\\.)*"(\s*:)?|[{}]/g;

/**
 * Longest text that is compared with the output of `JSON.stringify`, in UTF-16 code units. `JSON.stringify` takes time that grows with the
 * square of the depth: 10 ms for 16 kB of brackets. A longer text is scanned, in time that grows with its length.
 */
const MAX_REWRITTEN = 512;

/**
 * Parses the text of a JSON object.
 *
 * @param text - the text, or `undefined` if the bytes are not UTF-8
 * @returns the object, or `undefined` if the text is not JSON or not an object. Also `undefined` if an object has two members with the same
 *   name (`"a"` and `"\u0061"` are the same), if a string is not well-formed Unicode, or if a member name is a single escaped character
 */
export function parseStrictJsonObject(text = ''): Record<string, unknown> | undefined {
  try {
    const value = JSON.parse(text);
    if (!/^\s*{/.test(text)) return undefined;
    // `JSON.stringify` writes each name once, so an equal text has no duplicates. Without escapes, it has no lone surrogates either,
    // because UTF-8 cannot encode them.
    const isAsWritten = text.length <= MAX_REWRITTEN && !text.includes('\\') && JSON.stringify(value) === text;
    return isAsWritten || isUnambiguous(text) ? value : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Scans a string that `JSON.parse` has accepted. Returns whether the names in each object are unique and all strings are well-formed Unicode.
 */
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
      // If a name is a single escaped character, V8 13 can read it as a backslash, depending on the objects before it.
      if (string.length === 1 && token[1] === '\\') return false;
    }
  }
  return true;
}
