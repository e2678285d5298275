/** The application's response, passed on to the client. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { pipeline } from 'node:stream';

/** Headers of one connection (RFC 9110 §7.6.1) that an application sends. */
const HOP_BY_HOP = ['connection', 'keep-alive', 'proxy-authenticate', 'proxy-connection', 'te', 'trailer', 'upgrade'];

/** RFC 9112 §4. */
const REASON_PHRASE = /^[\t\x20-\x7e\x80-\xff]*$/;

/**
 * Writes the response, and streams its body. If the body breaks off, so does the client's connection, and the other way round.
 *
 * @returns what is wrong with a response that cannot be passed on
 */
export function relayResponse(answer: IncomingMessage, response: ServerResponse): string | undefined {
  const { statusCode = 0, statusMessage = '' } = answer;
  try {
    if (statusCode < 200) throw new RangeError(`invalid status ${statusCode}`);
    response.writeHead(statusCode, REASON_PHRASE.test(statusMessage) ? statusMessage : '', endToEnd(answer));
  } catch (error) {
    // Node reads some heads that it does not write.
    answer.destroy();
    return (error as Error).message;
  }
  pipeline(answer, response, () => {});
  return undefined;
}

function endToEnd({ headers }: IncomingMessage): IncomingMessage['headers'] {
  const kept = { ...headers };
  const named = (headers.connection ?? '').split(',').map((name) => name.trim().toLowerCase());
  for (const name of [...HOP_BY_HOP, ...named]) delete kept[name];
  // Chunks are this connection's own: Node makes them where they are needed.
  if (kept['transfer-encoding']?.toLowerCase() === 'chunked') delete kept['transfer-encoding'];
  return kept;
}
