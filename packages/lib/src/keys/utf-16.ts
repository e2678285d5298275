/** Recognizes text that Windows tools, such as `>` in PowerShell 5, have written as UTF-16. */

/** The end of messages that begin with "this key was" or "FILE was". */
export const SAVE_AS_UTF_8 = 'saved as UTF-16; save it as UTF-8';

/**
 * Matches UTF-16 that was decoded as UTF-8 or Latin-1: a byte order mark and one ASCII character next to a NUL or, without a mark, four
 * such characters. Correctly decoded UTF-16 never matches.
 */
// biome-ignore lint/suspicious/noControlCharactersInRegex: UTF-16 has a NUL next to every ASCII character
const MISREAD = /^(?:(?:\ufffd\ufffd|ÿþ|þÿ)(?:[^\0]\0|\0[^\0])|(?:[\x01-\x7f]\0){4}|(?:\0[\x01-\x7f]){4})/;

/** Reports whether a string is UTF-16 that was decoded as UTF-8 or Latin-1. */
export function isUtf16(text: string): boolean {
  return MISREAD.test(text);
}
