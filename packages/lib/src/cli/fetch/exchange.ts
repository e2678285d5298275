/** Sends a request, and follows redirects within its origin, with a new token for each hop. */
import type { IncomingMessage } from 'node:http';
import { exchange as followRedirects } from '../../client/exchange.ts';
import { BODY_HEADERS } from '../../client/redirect.ts';
import { responseHead } from '../../client/response-head.ts';
import type { RequestBody } from './body.ts';
import { type Connection, openConnection } from './connection/connect.ts';
import type { ConnectionSettings, Observers } from './connection/settings.ts';
import { transferError } from './exit-codes.ts';
import { startHop } from './measurements.ts';
import type { Progress } from './progress.ts';
import { type OutgoingRequest, send } from './transport.ts';

/** Signs one hop. @returns the value of the Authorization header */
export type SignHop = (
  place: { readonly url: URL; readonly method: string; readonly body: RequestBody | undefined },
  connection: Connection,
) => Promise<string>;

/** How to send a request. */
export interface Sending {
  readonly sign: SignHop;
  readonly settings: ConnectionSettings;
  readonly observers: Observers;
  readonly progress: Progress | undefined;
  /** Receives the response of each hop. */
  readonly onHead: (response: IncomingMessage) => void;
}

/** The last response, and its URL. */
export interface Exchanged {
  readonly url: URL;
  readonly response: IncomingMessage;
  /** Closes the connection, and stops sending a body that is no longer needed. */
  close(): void;
}

/** A hop is signed in `send`, when its connection is ready. */
const SIGNED_LATER = { authorization: '', judge: () => undefined };

/** Sends a request. @throws CommandError with the exit code of curl */
export async function exchange(
  request: OutgoingRequest,
  { sign, settings, observers, progress, onHead }: Sending,
): Promise<Exchanged> {
  const { measured } = observers;
  let url = request.url;
  let connection: Connection | undefined;
  const close = () => connection?.socket.destroy();
  try {
    const { response } = await followRedirects(
      () => SIGNED_LATER,
      { ...request, body: request.body?.content },
      {
        async send(hop) {
          if (connection !== undefined) {
            measured.redirects += 1;
            startHop(measured);
          }
          url = hop.url;
          const body = hop.dropsBody ? undefined : request.body;
          const headers = new Map(request.headers);
          if (hop.dropsBody) for (const name of BODY_HEADERS) headers.delete(name);
          connection = await openConnection(url, settings, observers);
          // The token is signed now, so that a slow connection does not shorten its validity.
          headers.set('authorization', await sign({ ...hop, body }, connection));
          const response = await send({ ...hop, headers, body }, connection, observers, progress);
          onHead(response);
          return { response, ...responseHead(response.statusCode ?? 0, response.headers) };
        },
        discard: close,
        follows: true,
      },
    );
    return { url, response, close };
  } catch (error) {
    close();
    throw transferError(error, url.host);
  }
}
