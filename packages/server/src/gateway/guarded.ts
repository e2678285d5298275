/** Catches every error of a request handler, so that no request ends the process. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Logger } from 'pino';
import { sendProblem } from './responses.ts';
import { endUnreadBody } from './unfinished-body.ts';
import { oncePerMinute } from './warnings.ts';

/** Handles a request, synchronously or not. */
type Handler = (request: IncomingMessage, response: ServerResponse) => Promise<void> | void;

/**
 * Wraps a handler. If it throws or rejects, the client gets a 503, or a closed connection if the response has begun. The cause is
 * logged, at most once a minute for each message.
 *
 * @param headers - headers of every response
 */
export function guarded(
  handle: Handler,
  log: Logger,
  headers: Readonly<Record<string, string>> = {},
): (request: IncomingMessage, response: ServerResponse) => void {
  const mayLog = oncePerMinute();

  function fail(request: IncomingMessage, response: ServerResponse, error: unknown): void {
    const { message: cause, stack } = error instanceof Error ? error : new Error(String(error));
    if (mayLog(cause)) log.error({ cause, stack }, 'internal error while handling a request');
    if (response.headersSent) {
      response.destroy();
      return;
    }
    for (const name of response.getHeaderNames()) response.removeHeader(name);
    endUnreadBody(request, response);
    const detail = 'The server failed to handle this request. Try again with a new token.';
    sendProblem(response, 503, 'Service Unavailable', detail, { ...headers, 'retry-after': '1' });
  }

  return async (request, response) => {
    // A client that disconnects is not a failure.
    response.on('error', () => {});
    for (const name in headers) response.setHeader(name, headers[name] as string);
    try {
      await handle(request, response);
    } catch (error) {
      fail(request, response, error);
    }
  };
}
