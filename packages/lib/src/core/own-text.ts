/** Copies a string. One that was cut out of a payload would keep the whole payload in memory for as long as it is kept. */
export function ownText(text: string): string {
  return JSON.parse(JSON.stringify(text)) as string;
}
