/** For got: hooks that sign each attempt and each hop, learn from refusals for time, and end a redirect to another origin. */
import { hideSentHeaders } from './hide-sent.ts';
import { pause } from './pause.ts';
import { sameOrigin } from './redirect.ts';
import { attemptSigner, type SigningOptions } from './signing.ts';

/** What is needed of got's normalised options. */
interface GotOptions {
  readonly method: string;
  readonly url: string | URL | undefined;
  readonly headers: Record<string, string | string[] | undefined>;
  readonly body?: unknown;
}

/** What is needed of a response. */
interface GotResponse {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly request: { readonly options: object };
  /** Node's `ClientRequest`. */
  readonly req?: unknown;
}

/** Options that may have the header of a token. */
interface WithHeaders {
  readonly headers?: Record<string, unknown>;
}

/** What is needed of a response that redirects. */
interface GotRedirect {
  readonly requestUrl: URL;
}

/** What is needed of an error of got. */
interface GotError extends Error {
  readonly options?: WithHeaders;
}

/** Options of got. */
export interface SignedGot {
  readonly hooks: {
    readonly beforeRequest: ((options: GotOptions) => Promise<void>)[];
    readonly beforeRedirect: ((options: GotOptions, response: GotRedirect) => void)[];
    readonly afterResponse: (<Answer extends GotResponse>(
      response: Answer,
      again: (changes: Record<string, never>) => never,
    ) => Promise<Answer>)[];
    readonly beforeError: (<Failed extends GotError>(error: Failed) => Failed)[];
  };
}

/**
 * Makes options for got: `got.extend(signedGot({ username, key }))`. A request that is refused for its time is signed anew once, unless
 * its body is a stream or it is called through `got.stream`; got then leaves out other hooks `afterResponse` for the second answer.
 *
 * @param options - {@link SigningOptions}
 * @returns hooks, which got adds to others
 * @throws TypeError for an option that is unknown or out of its range
 */
export function signedGot(options: SigningOptions): SignedGot {
  const sign = attemptSigner(options);
  /** Who judges the answer to a request, by its options. */
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
          const header = (name: string) => textOf(response.headers[name]);
          const verdict = attempts.get(sent)?.judge({ status: response.statusCode, header });
          // The answer leads to the request, and a program that prints the one prints the other.
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
          // Every hop before this one was on the origin of the first.
          sameOrigin(requestUrl, String(next.url));
        },
      ],
      beforeError: [
        (error) => {
          // A program that prints it must not print a token that may be unspent.
          forgetToken(error.options);
          return error;
        },
      ],
    },
  };
}

/** Each attempt is signed again. */
function forgetToken(options: WithHeaders | undefined): void {
  delete options?.headers?.authorization;
}

function textOf(value: string | string[] | undefined): string | undefined {
  return typeof value === 'string' ? value : value?.join(', ');
}

function isRepeatable(body: unknown): boolean {
  return body === undefined || typeof body === 'string' || ArrayBuffer.isView(body);
}
