/** Escapes text from a sender, so that it is safe to print in a log line, a terminal or a page. */

// Control, format (including bidi controls), line separator, paragraph separator, surrogate, private use, unassigned, and the backslash.
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Co}\p{Cn}\\]/gu;

/** Most strings match, and need no escaping. */
const PLAIN = /^[ -[\]-~]*$/;

/**
 * Escapes text from a sender, so that it is safe to print.
 *
 * @param text - any string, even if it is not well-formed Unicode
 * @param limit - the text is cut after this number of UTF-16 code units, before escaping
 * @returns the text, with `\u{…}` in place of every control, format, bidi and separator character and every backslash
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
