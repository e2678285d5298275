/** A `fetch` that signs: each request, each hop of a redirect, and each further attempt carries a token of its own. */
import { isPromise } from '../core/maybe-promise.ts';
import { checkOptions, type OptionKinds } from '../core/options.ts';
import { absoluteUrl, bareUrl } from './bare-url.ts';
import { pause } from './pause.ts';
import { BODY_HEADERS, followRedirect, isRedirect } from './redirect.ts';
import { attemptSigner, SIGNING_OPTIONS, type SigningOptions } from './signing.ts';
import { type SpareBody, spareBody } from './spare-body.ts';

/** What a signing fetch is told. */
export interface SignedFetchOptions extends SigningOptions {
  /** The fetch underneath; default the global one. */
  readonly fetch?: typeof fetch;
}

const OPTIONS: OptionKinds<SignedFetchOptions> = { ...SIGNING_OPTIONS, fetch: 'function' };

/**
 * Makes a `fetch` that signs.
 *
 * Redirects within the origin are followed and signed anew; one to another origin rejects with `SignedFetchError`. With
 * `redirect: 'manual'` or `'error'` nothing is followed. A request that is refused for its time is signed anew once, if its body can be
 * sent again: after a correction of the clock, or as it was where it may have been delay. A body can be, unless it is a stream; that of a
 * `Request` can if it is no longer than 256 KiB and came to its end before the answer.
 *
 * @param options - {@link SignedFetchOptions}
 * @returns a function that is called as `fetch` is
 * @throws TypeError for an option that is unknown
 */
export function createSignedFetch(options: SignedFetchOptions): typeof fetch {
  checkOptions(options, OPTIONS);
  const { fetch: underneath, ...signing } = options;
  const sign = attemptSigner(signing);

  return async function signedFetch(given, init) {
    const input = bareInput(given);
    const spare = input instanceof Request && (init?.body ?? null) === null ? spareBody(input) : undefined;
    try {
      return await exchange(input, init, spare);
    } finally {
      spare?.end();
    }
  };

  async function exchange(input: BareInput, init: RequestInit | undefined, spare?: SpareBody): Promise<Response> {
    const send = underneath ?? fetch;
    const given = input instanceof Request ? input : undefined;
    const signal = init?.signal ?? given?.signal ?? null;
    const mode = init?.redirect ?? given?.redirect ?? 'follow';
    const redirect = mode === 'follow' ? 'manual' : mode;
    let hop = firstHop(input, init);
    let hops = 0;
    let triedAgain = false;

    for (;;) {
      const { url, method, headers, body } = hop;
      const signed = sign(url, method);
      const attempt = isPromise(signed) ? await signed : signed;
      headers.set('authorization', attempt.authorization);
      const response =
        hops === 0 && !triedAgain
          ? await send(given ?? url, { ...init, headers, redirect })
          : await send(hops === 0 ? (given ?? url) : url, { signal, ...init, method, headers, body, redirect });

      const bodyAgain = isRepeatable(body) ? body : spare?.whole();
      const verdict = attempt.judge({ status: response.status, header: (name) => response.headers.get(name) });
      if (verdict instanceof Error) {
        await response.body?.cancel();
        throw verdict;
      }
      if (verdict !== undefined && !triedAgain && bodyAgain !== undefined) {
        await response.body?.cancel();
        await pause(verdict.wait, signal);
        triedAgain = true;
        hop = { ...hop, body: bodyAgain };
        continue;
      }

      const location = response.headers.get('location');
      if (mode !== 'follow' || !isRedirect(response.status) || location === null) return response;
      await response.body?.cancel();
      const next = followRedirect(hop, response.status, location, hops++, bodyAgain !== undefined);
      hop = {
        url: next.url,
        method: next.method,
        headers: next.dropsBody ? withoutBodyHeaders(headers) : headers,
        body: next.dropsBody ? null : (bodyAgain ?? null),
      };
    }
  }
}

/** What fetch is called with, without a fragment and without an empty query. */
type BareInput = URL | Request;

/** Some versions of fetch send the `?` of an empty query, and others don't; without it, every version sends what is signed. */
function bareInput(input: Parameters<typeof fetch>[0]): BareInput {
  if (!(input instanceof Request)) return bareUrl(absoluteUrl(input));
  const url = bareUrl(new URL(input.url));
  return url.href === input.url ? input : new Request(url, input);
}

/** Methods whose case fetch mends (Fetch Standard, normalize a method). */
const NORMALISED = /^(?:delete|get|head|options|post|put)$/i;

interface Hop {
  readonly url: URL;
  readonly method: string;
  readonly headers: Headers;
  /** As the caller gave it, or as it was read beside its being sent. */
  readonly body: BodyInit | null;
}

function firstHop(input: BareInput, init: RequestInit | undefined): Hop {
  const given = input instanceof Request ? input : undefined;
  const url = input instanceof Request ? new URL(input.url) : input;
  // As fetch itself will: what else is wrong, it says.
  if (url.username !== '' || url.password !== '') throw new TypeError('the URL must not include credentials');
  const method = init?.method ?? given?.method ?? 'GET';
  return {
    url,
    method: NORMALISED.test(method) ? method.toUpperCase() : method,
    headers: new Headers(init?.headers ?? given?.headers),
    body: init?.body ?? given?.body ?? null,
  };
}

function withoutBodyHeaders(headers: Headers): Headers {
  return new Headers([...headers].filter(([name]) => !BODY_HEADERS.includes(name)));
}

/** A text or bytes can be sent again, a stream cannot. */
function isRepeatable(body: BodyInit | null): boolean {
  if (body === null || typeof body === 'string') return true;
  return (
    [ArrayBuffer, Blob, FormData, URLSearchParams].some((type) => body instanceof type) || ArrayBuffer.isView(body)
  );
}
