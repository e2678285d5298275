/** Copies a string. A slice of a payload would keep the whole payload in memory. */
export function ownText(text: string): string {
  return JSON.parse(JSON.stringify(text)) as string;
}
