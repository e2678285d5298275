/** Sends a token over a new connection. */

/** The response of a server. */
export interface Answer {
  readonly status: number;
  readonly body: unknown;
}

/** @returns the status, and the parsed JSON of the body */
export async function send(url: string, authorization: string): Promise<Answer> {
  const response = await fetch(url, { headers: { authorization, connection: 'close' } });
  return { status: response.status, body: await response.json() };
}
