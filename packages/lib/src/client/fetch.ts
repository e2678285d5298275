/** Makes a `fetch` that signs. Each request, each redirect and each further attempt has its own token. */
import { checkOptions, type OptionKinds } from '../core/options.ts';
import { absoluteUrl, bareUrl } from './bare-url.ts';
import { readContent } from './content.ts';
import { SignedFetchError } from './error.ts';
import { exchange } from './exchange.ts';
import { BODY_HEADERS, type Hop } from './redirect.ts';
import { attemptSigner, SIGNING_OPTIONS, type SigningOptions } from './signing.ts';
import { spareBody } from './spare-body.ts';

/** Options of {@link createSignedFetch}. */
export interface SignedFetchOptions extends SigningOptions {
  /** The `fetch` that sends the requests. Default: the global one. */
  readonly fetch?: typeof fetch;
}

const OPTIONS: OptionKinds<SignedFetchOptions> = { ...SIGNING_OPTIONS, fetch: 'function' };

/**
 * Makes a `fetch` that signs each request.
 *
 * It follows redirects within the origin, with a new token for each. A redirect to another origin rejects with `SignedFetchError`. With
 * `redirect: 'manual'` or `'error'` it follows none. Browsers hide where a redirect leads, so there it rejects every redirect. If a server refuses a token because of its time, the request is signed and sent once
 * more, with the clock corrected if it was wrong. That requires a body that can be sent again. A stream cannot be sent again; the body of a
 * `Request` can, if it has at most 256 KiB and ends before the response arrives.
 *
 * @param options - {@link SignedFetchOptions}
 * @returns a function with the parameters of `fetch`
 * @throws TypeError for an unknown or invalid option
 * @example
 * ```ts
 * import { createServer } from 'node:http';
 * import type { AddressInfo } from 'node:net';
 * import { createAuthenticator, memoryKeyStore, memoryNonceStore } from 'asymmetric-jwt-auth';
 * import { createSignedFetch, PrivateKey } from 'asymmetric-jwt-auth/client';
 * import { nodeAuth } from 'asymmetric-jwt-auth/node';
 *
 * const key = await PrivateKey.generate();
 * const keys = memoryKeyStore();
 * keys.addKey('guido', key.publicKey);
 * const auth = nodeAuth(createAuthenticator({ keys, nonces: memoryNonceStore() }));
 * const server = createServer(async (request, response) => {
 *   const result = await auth.authenticate(request);
 *   if (result.ok) response.end(result.username);
 *   else auth.reject(response, result);
 * });
 * await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
 *
 * const api = createSignedFetch({ username: 'guido', key });
 * const response = await api(`http://127.0.0.1:${(server.address() as AddressInfo).port}/me`);
 * console.log(response.status, await response.text()); // 200 guido
 * server.close();
 * ```
 */
export function createSignedFetch(options: SignedFetchOptions): typeof fetch {
  checkOptions(options, OPTIONS);
  const { fetch: fetchOption, ...signing } = options;
  const sign = attemptSigner(signing, 'digest');
  const { bind } = signing;
  const bindsBody = bind === true || bind?.includes('digest');

  return async function signedFetch(input, init) {
    const { url, request } = readInput(input);
    const mode = init?.redirect ?? request?.redirect ?? 'follow';
    const signal = init?.signal ?? request?.signal ?? null;
    const body = init?.body ?? request?.body;
    const content = bindsBody ? await readContent(body, request, signal) : undefined;
    const first: Hop = {
      url,
      method: normalize(init?.method ?? request?.method ?? 'GET'),
      body: content?.bytes ?? body,
    };
    const spare = request && first.body === request.body ? spareBody(request) : undefined;

    async function send(hop: Hop, authorization: string): Promise<Response> {
      const headers = new Headers(init?.headers ?? request?.headers);
      headers.set('authorization', authorization);
      if (content?.type && !headers.has('content-type')) headers.set('content-type', content.type);
      if (hop.dropsBody) for (const name of BODY_HEADERS) headers.delete(name);
      const signed = { headers, redirect: mode === 'follow' ? 'manual' : mode } as const;
      const to = request === undefined || hop.url !== url ? hop.url : request;
      const next = { signal, ...init, method: hop.method, body: (hop.body ?? null) as BodyInit };
      const response = await (fetchOption ?? fetch)(to, { ...(hop === first && !content ? init : next), ...signed });
      // A browser hides the location (Fetch Standard, opaque-redirect filtered response), so no token can be signed for it.
      if (mode === 'follow' && response.type === 'opaqueredirect') {
        throw new SignedFetchError('hidden_redirect', 'the server redirects; call the new URL');
      }
      return response;
    }

    try {
      return await exchange(sign, first, {
        send,
        discard: ({ body }) => body?.cancel(),
        spareBody: () => spare?.whole(),
        follows: mode === 'follow',
        signal,
      });
    } finally {
      spare?.end();
    }
  };
}

/**
 * Reads the input of fetch. Removes an empty query from the URL, because some versions of fetch send its `?` and others don't. Without it,
 * every version sends the URL that is signed.
 */
function readInput(input: Parameters<typeof fetch>[0]): { readonly url: URL; readonly request: Request | undefined } {
  const given = input instanceof Request ? input : undefined;
  const url = bareUrl(absoluteUrl(given?.url ?? (input as string | URL)));
  // fetch itself also refuses credentials. It reports all other errors.
  if (url.username !== '' || url.password !== '') throw new TypeError('the URL must not include credentials');
  return { url, request: given && url.href !== given.url ? new Request(url, given) : given };
}

/** Methods that fetch converts to upper case (Fetch Standard, normalize a method). */
const NORMALIZED = /^(?:delete|get|head|options|post|put)$/i;

function normalize(method: string): string {
  return NORMALIZED.test(method) ? method.toUpperCase() : method;
}
