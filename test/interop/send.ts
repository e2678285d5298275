/** Sends a token, over a connection of its own. */

/** What a server answered. */
export interface Answer {
  readonly status: number;
  readonly body: unknown;
}

/** @returns status, and the body's JSON */
export async function send(url: string, authorization: string): Promise<Answer> {
  const response = await fetch(url, { headers: { authorization, connection: 'close' } });
  return { status: response.status, body: await response.json() };
}
