/** For got: hooks that sign each attempt and each hop, and end a redirect to another origin. */
import { sameOrigin } from './redirect.ts';
import { attemptSigner, type SigningOptions } from './signing.ts';

/** What is needed of got's normalised options. */
interface GotOptions {
  readonly method: string;
  readonly url: string | URL | undefined;
  readonly headers: Record<string, string | string[] | undefined>;
}

/** What is needed of a response that redirects. */
interface GotRedirect {
  readonly requestUrl: URL;
}

/** What is needed of an error of got. */
interface GotError extends Error {
  readonly options?: { readonly headers?: Record<string, unknown> };
}

/** Options of got. */
export interface SignedGot {
  readonly hooks: {
    readonly beforeRequest: ((options: GotOptions) => Promise<void>)[];
    readonly beforeRedirect: ((options: GotOptions, response: GotRedirect) => void)[];
    readonly beforeError: (<Failed extends GotError>(error: Failed) => Failed)[];
  };
}

/**
 * Makes options for got: `got.extend(signedGot({ username, key }))`. Clocks are not corrected: a refusal is handed on as it is.
 *
 * @param options - {@link SigningOptions}, without `clock`
 * @throws TypeError for an option that is unknown or out of its range
 */
export function signedGot(options: Omit<SigningOptions, 'clock'>): SignedGot {
  if ('clock' in options) throw new TypeError('option clock: unknown; got keeps to this clock');
  const sign = attemptSigner({ ...options, clock: false });
  return {
    hooks: {
      beforeRequest: [
        async (request) => {
          const { authorization } = await sign(new URL(String(request.url)), request.method);
          request.headers.authorization = authorization;
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
          // Whoever prints it does not print a token that may not have been used.
          delete error.options?.headers?.authorization;
          return error;
        },
      ],
    },
  };
}
