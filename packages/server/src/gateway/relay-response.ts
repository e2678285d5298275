/** Relays the application's response to the client. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { pipeline } from 'node:stream';

/** Headers in a response that apply to one connection only (RFC 9110 §7.6.1). */
const HOP_BY_HOP = ['connection', 'keep-alive', 'proxy-authenticate', 'proxy-connection', 'te', 'trailer', 'upgrade'];

/** A valid reason phrase (RFC 9112 §4). */
const REASON_PHRASE = /^[\t\x20-\x7e\x80-\xff]*$/;

/**
 * Writes the head of the response and streams its body. If either connection breaks, the other one is closed too.
 *
 * @param relayed - called with the number of bytes of each part of the body
 * @returns what is wrong with the response, if it cannot be relayed
 */
export function relayResponse(
  answer: IncomingMessage,
  response: ServerResponse,
  relayed: (bytes: number) => void,
): string | undefined {
  const { statusCode = 0, statusMessage = '' } = answer;
  try {
    if (statusCode < 200) throw new RangeError(`invalid status ${statusCode}`);
    response.writeHead(statusCode, REASON_PHRASE.test(statusMessage) ? statusMessage : '', endToEnd(answer));
  } catch (error) {
    // Node accepts some heads when it reads them, but refuses to write them.
    answer.destroy();
    return (error as Error).message;
  }
  pipeline(answer, response, () => {});
  answer.on('data', (part: Buffer) => relayed(part.length));
  return undefined;
}

function endToEnd({ headers }: IncomingMessage): IncomingMessage['headers'] {
  const kept = { ...headers };
  const named = (headers.connection ?? '').split(',').map((name) => name.trim().toLowerCase());
  for (const name of [...HOP_BY_HOP, ...named]) delete kept[name];
  // Chunked coding applies to one connection only; Node adds it where needed.
  if (kept['transfer-encoding']?.toLowerCase() === 'chunked') delete kept['transfer-encoding'];
  return kept;
}
