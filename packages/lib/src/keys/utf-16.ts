/** Text files that Windows tools, such as `>` of PowerShell 5, write as UTF-16. */

/** For messages: "this key was …", "FILE was …". */
export const SAVE_AS_UTF_8 = 'saved as UTF-16; save it as UTF-8';

/**
 * A byte order mark, as it is after decoding as UTF-8 or Latin-1, then ASCII in two bytes each; without a mark, four such characters.
 * UTF-16 that was decoded as such has neither.
 */
// biome-ignore lint/suspicious/noControlCharactersInRegex: NUL is every second byte of it
const MISREAD = /^(?:(?:\ufffd\ufffd|ÿþ|þÿ)(?:[^\0]\0|\0[^\0])|(?:[\x01-\x7f]\0){4}|(?:\0[\x01-\x7f]){4})/;

/** Reports whether a string is UTF-16 that was decoded as UTF-8 or Latin-1. */
export function isUtf16(text: string): boolean {
  return MISREAD.test(text);
}
