/** Makes a sender's text safe to print: in a log line, a terminal, a page or a CSV cell's neighbour. */

// Control (Cc), format with the bidi controls (Cf), line and paragraph separators, surrogates, private use, unassigned.
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Co}\p{Cn}\\]/gu;

/** What most texts consist of: nothing to escape. */
const PLAIN = /^[ -[\]-~]*$/;

/**
 * Escapes a sender's text.
 *
 * @param text - any string, also one that is not well-formed
 * @param limit - longest result, in UTF-16 code units before escaping
 * @returns the text with every control, format, bidi and separator character, and the backslash, written as `\u{…}`
 */
export function printable(text: string, limit = 600): string {
  const cut = text.length > limit ? `${text.slice(0, limit)}…` : text;
  return PLAIN.test(cut)
    ? cut
    : cut.replace(UNPRINTABLE, (character) => `\\u{${(character.codePointAt(0) as number).toString(16)}}`);
}
