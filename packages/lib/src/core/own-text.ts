/** Copies a string. A slice of a payload keeps the whole payload in memory; a copy does not. */
export function ownText(text: string): string {
  return JSON.parse(JSON.stringify(text)) as string;
}
