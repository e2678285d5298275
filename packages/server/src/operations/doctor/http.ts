/** Sends one HTTP request whose target and headers arrive exactly as given. `fetch` would change some of them. */
import { type IncomingMessage, request as overHttp } from 'node:http';
import { request as overHttps } from 'node:https';

/** A response, or why there is none. */
export type Answer =
  | {
      readonly ok: true;
      readonly status: number;
      readonly headers: IncomingMessage['headers'];
      /** The first 64 kB. */
      readonly body: string;
    }
  | { readonly ok: false; readonly why: string };

/** What to send. */
export interface Sent {
  /** Default: GET. */
  readonly method?: string;
  /** Default: path and query of the URL. */
  readonly target?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Milliseconds for a whole exchange. */
const TIMEOUT = 10_000;
const MOST_BYTES = 65_536;

/** Sends a request on its own connection. Never rejects, and follows no redirect. */
export function send(url: URL, { method = 'GET', target, headers = {} }: Sent): Promise<Answer> {
  return new Promise((resolve) => {
    const fail = ({ code, message }: NodeJS.ErrnoException) => resolve({ ok: false, why: message || code || 'failed' });
    const start = url.protocol === 'https:' ? overHttps : overHttp;
    const signal = AbortSignal.timeout(TIMEOUT);
    const path = target ?? `${url.pathname}${url.search}`;
    const request = start(url, { method, path, headers, signal, agent: false }, (response) => {
      const { statusCode: status = 0 } = response;
      let body = '';
      const done = () => {
        resolve({ ok: true, status, headers: response.headers, body });
        request.destroy();
      };
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        body += chunk;
        if (body.length > MOST_BYTES) done();
      });
      response.on('end', done);
      response.on('error', fail);
    });
    request.on('error', (error) => fail(signal.aborted ? new Error(`no response within ${TIMEOUT / 1000} s`) : error));
    request.end();
  });
}
