/**
 * Signs requests made with got: `got.extend(signedGot({ username, key }))`. Its hooks sign each attempt and each redirect, learn the
 * server's clock from refusals, and refuse redirects to another origin.
 */
import { hideSentHeaders } from './hide-sent.ts';
import { pause } from './pause.ts';
import { sameOrigin } from './redirect.ts';
import { isRepeatable } from './repeatable.ts';
import { responseHead } from './response-head.ts';
import { attemptSigner, type SigningOptions } from './signing.ts';

/** The part of got's normalized options that is used. */
interface GotOptions {
  readonly method: string;
  readonly url: string | URL | undefined;
  readonly headers: Record<string, string | string[] | undefined>;
  readonly body?: unknown;
}

/** The part of got's response that is used. */
interface GotResponse {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly request: { readonly options: object };
  /** Node's `ClientRequest`. */
  readonly req?: unknown;
}

/** Options whose headers can contain a token. */
interface WithHeaders {
  readonly headers?: Record<string, unknown>;
}

/** The part of a redirecting response that is used. */
interface GotRedirect {
  readonly requestUrl: URL;
}

/** The part of a got error that is used. */
interface GotError extends Error {
  readonly options?: WithHeaders;
}

/** Options for got. */
export interface SignedGot {
  readonly hooks: {
    readonly beforeRequest: ((options: GotOptions) => Promise<void>)[];
    readonly beforeRedirect: ((options: GotOptions, response: GotRedirect) => void)[];
    readonly afterResponse: (<Received extends GotResponse>(
      response: Received,
      again: (changes: Record<string, never>) => never,
    ) => Promise<Received>)[];
    readonly beforeError: (<Failed extends GotError>(error: Failed) => Failed)[];
  };
}

/**
 * Makes options for `got.extend`.
 *
 * If the server refuses a token because of its time, the request is signed and sent once more, unless its body is a stream or it was made
 * with `got.stream`. For the second response, got skips other `afterResponse` hooks.
 *
 * @param options - {@link SigningOptions}
 * @returns hooks, which got adds to yours
 * @throws TypeError for an unknown or invalid option
 * @example
 * ```ts
 * import { createServer } from 'node:http';
 * import type { AddressInfo } from 'node:net';
 * import { PrivateKey } from 'asymmetric-jwt-auth/client';
 * import { signedGot } from 'asymmetric-jwt-auth/got';
 * import got from 'got';
 *
 * const server = createServer((request, response) => response.end(request.headers.authorization));
 * await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
 *
 * const api = got.extend(signedGot({ username: 'guido', key: await PrivateKey.generate() }));
 * const text = await api(`http://127.0.0.1:${(server.address() as AddressInfo).port}/me`).text();
 * console.log(text); // JWT eyJ…
 * server.close();
 * ```
 */
export function signedGot(options: SigningOptions): SignedGot {
  const sign = attemptSigner(options);
  /** Maps the options of a request to the attempt that it was signed for. */
  const attempts = new WeakMap<object, Awaited<ReturnType<typeof sign>>>();
  return {
    hooks: {
      beforeRequest: [
        async (request) => {
          const attempt = await sign(new URL(String(request.url)), request.method);
          attempts.set(request, attempt);
          request.headers.authorization = attempt.authorization;
        },
      ],
      afterResponse: [
        async (response, again) => {
          const { options: sent } = response.request;
          const verdict = attempts.get(sent)?.judge(responseHead(response.statusCode, response.headers));
          // The response refers to the request: a program that prints the response prints the request too.
          forgetToken(sent);
          forgetToken((response.request as { _requestOptions?: WithHeaders })._requestOptions);
          hideSentHeaders(response.req);
          if (verdict instanceof Error) throw verdict;
          if (verdict === undefined || !isRepeatable((sent as GotOptions).body)) return response;
          await pause(verdict.wait);
          return again({});
        },
      ],
      beforeRedirect: [
        (next, { requestUrl }) => {
          // All requests so far went to one origin.
          sameOrigin(requestUrl, String(next.url));
        },
      ],
      beforeError: [
        (error) => {
          // A program that prints the error must not print the token, which may still be unused.
          forgetToken(error.options);
          return error;
        },
      ],
    },
  };
}

/** Removes a token that was sent. Each attempt has a new one. */
function forgetToken(options: WithHeaders | undefined): void {
  delete options?.headers?.authorization;
}
