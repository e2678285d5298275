/** Escapes text from a sender, so that it is safe to print in a log line, a terminal or a page. */

// Control (Cc), format with the bidi controls (Cf), line and paragraph separators, surrogates, private use, unassigned.
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Co}\p{Cn}\\]/gu;

/** Most strings match, and need no escaping. */
const PLAIN = /^[ -[\]-~]*$/;

/**
 * Escapes text from a sender, so that it is safe to print.
 *
 * @param text - any string, also one that is not well-formed Unicode
 * @param limit - the number of UTF-16 code units, before escaping, after which the text is cut
 * @returns the text, in which every control, format, bidi and separator character and every backslash is written as `\u{…}`
 *
 * @example
 * ```ts
 * import { printable } from 'asymmetric-jwt-auth';
 *
 * console.log(printable('guido\nroot logged in')); // guido\u{a}root logged in
 * ```
 */
export function printable(text: string, limit = 600): string {
  const cut = text.length > limit ? `${text.slice(0, limit)}…` : text;
  return PLAIN.test(cut)
    ? cut
    : cut.replace(UNPRINTABLE, (character) => `\\u{${(character.codePointAt(0) as number).toString(16)}}`);
}
