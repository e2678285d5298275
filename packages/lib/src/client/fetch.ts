/** A `fetch` that signs: each request, and each hop of a redirect, carries a token of its own. */
import type { Bind, BindMember } from '../core/binding.ts';
import type { Signer } from '../core/contracts.ts';
import { checkOptions, type OptionKinds } from '../core/options.ts';
import { checkCaller, createAuthorization } from './token.ts';

/** What a signing fetch is told. */
export interface SignedFetchOptions {
  readonly username: string;
  /** A `PrivateKey`, or any other signer. */
  readonly key: Signer;
  /** What each token is bound to: the service, the method, the request-target. Default: nothing, as the Python package does. */
  readonly bind?: readonly Exclude<BindMember, 'digest'>[];
  /** Who the service says it is, for `bind: ['aud']`; default the origin of the URL. */
  readonly audience?: string;
  /** Also sends the audience as the registered claim `aud`, so that a server that ignores `bind` refuses the token. */
  readonly hard?: boolean;
  /** The fetch underneath; default the global one. */
  readonly fetch?: typeof fetch;
  /** Seconds since the epoch; default the wall clock. */
  readonly now?: () => number;
}

const OPTIONS: OptionKinds<SignedFetchOptions> = {
  username: 'any',
  key: 'any',
  bind: 'array',
  audience: 'text',
  hard: 'boolean',
  fetch: 'function',
  now: 'function',
};

/**
 * - `cross_origin_redirect`: the server sends the caller to another origin, where a signed request does not go
 * - `body_not_repeatable`: a redirect wants the body again, but it was a stream
 * - `too_many_redirects`: more than 20
 * - `bad_redirect`: its location cannot be followed
 */
export type SignedFetchErrorCode =
  | 'cross_origin_redirect'
  | 'body_not_repeatable'
  | 'too_many_redirects'
  | 'bad_redirect';

/** A redirect that cannot be followed with a signature. */
export class SignedFetchError extends Error {
  override readonly name = 'SignedFetchError';
  readonly code: SignedFetchErrorCode;

  constructor(code: SignedFetchErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}

/** Hops that fetch itself would follow (Fetch Standard, HTTP-redirect fetch). */
const MAX_REDIRECTS = 20;
const REDIRECTS = [301, 302, 303, 307, 308];
/** Headers that describe a body, and go with it (Fetch Standard, request-body-header name). */
const BODY_HEADERS = ['content-encoding', 'content-language', 'content-location', 'content-type', 'content-length'];

/**
 * Makes a `fetch` that signs.
 *
 * Redirects within the origin are followed and signed anew; one to another origin rejects with {@link SignedFetchError}. With
 * `redirect: 'manual'` or `'error'` nothing is followed.
 *
 * @param options - {@link SignedFetchOptions}
 * @returns a function that is called as `fetch` is
 * @throws TypeError for an option that is unknown
 */
export function createSignedFetch(options: SignedFetchOptions): typeof fetch {
  checkOptions(options, OPTIONS);
  const { username, key, bind = [], audience, hard, now } = options;
  checkCaller(username, key);
  for (const member of bind) {
    if (!['aud', 'htm', 'target'].includes(member))
      throw new TypeError(`option bind: ${String(member)} is not one of aud, htm, target`);
  }
  if (hard === true && !bind.includes('aud')) throw new TypeError("option hard: needs bind: ['aud']");

  function authorization(url: URL, method: string): Promise<string> {
    const all: Bind = { v: 1, aud: audience ?? url.origin, htm: method, target: url.pathname + url.search };
    const chosen = Object.fromEntries(bind.map((member) => [member, all[member]]));
    return createAuthorization({
      username,
      key,
      ...(bind.length === 0 ? {} : { bind: chosen }),
      ...(hard === undefined ? {} : { hard }),
      ...(now === undefined ? {} : { now }),
    });
  }

  return async function signedFetch(input, init) {
    const send = options.fetch ?? fetch;
    const given = input instanceof Request ? input : undefined;
    const mode = init?.redirect ?? given?.redirect ?? 'follow';
    let hop = firstHop(input, init);

    for (let hops = 0; ; hops++) {
      hop.headers.set('authorization', await authorization(hop.url, hop.method));
      const { method, headers, body } = hop;
      const redirect = mode === 'follow' ? 'manual' : mode;
      const response =
        hops === 0
          ? await send(given ?? hop.url, { ...init, headers, redirect })
          : await send(hop.url, {
              signal: given?.signal ?? null,
              ...init,
              method,
              headers,
              body: body ?? null,
              redirect,
            });
      const location = response.headers.get('location');
      if (mode !== 'follow' || !REDIRECTS.includes(response.status) || location === null) return response;

      await response.body?.cancel();
      if (hops === MAX_REDIRECTS)
        throw new SignedFetchError('too_many_redirects', `more than ${MAX_REDIRECTS} redirects`);
      hop = nextHop(hop, response.status, location);
    }
  };
}

interface Hop {
  readonly url: URL;
  readonly method: string;
  readonly headers: Headers;
  /** As the caller gave it: a text or bytes can be sent again, a stream cannot. */
  readonly body: BodyInit | null | undefined;
}

function firstHop(input: Parameters<typeof fetch>[0], init: RequestInit | undefined): Hop {
  const given = input instanceof Request ? input : undefined;
  // Request resolves the URL, refuses credentials in it, and normalises the method, as fetch itself will.
  const { url, method } = new Request(given?.url ?? input, { method: init?.method ?? given?.method ?? 'GET' });
  return {
    url: new URL(url),
    method,
    headers: new Headers(init?.headers ?? given?.headers),
    body: init?.body ?? given?.body,
  };
}

/** Where a redirect leads (Fetch Standard, HTTP-redirect fetch). */
function nextHop({ url, method, headers, body }: Hop, status: number, location: string): Hop {
  if (!URL.canParse(location, url))
    throw new SignedFetchError('bad_redirect', 'the server redirects to what is no URL');
  const next = new URL(location, url);
  if (next.origin !== url.origin) {
    throw new SignedFetchError(
      'cross_origin_redirect',
      `${url.origin} redirects to ${next.origin}; signed requests stay on their origin: call it by its own URL if you trust it`,
    );
  }
  const becomesGet =
    (status === 303 && method !== 'GET' && method !== 'HEAD') ||
    ((status === 301 || status === 302) && method === 'POST');
  if (becomesGet) {
    const rest = [...headers].filter(([name]) => !BODY_HEADERS.includes(name));
    return { url: next, method: 'GET', headers: new Headers(rest), body: null };
  }
  if (!isRepeatable(body)) {
    throw new SignedFetchError(
      'body_not_repeatable',
      `${url.origin} redirects a request whose body was a stream; call its new URL`,
    );
  }
  return { url: next, method, headers, body };
}

function isRepeatable(body: unknown): boolean {
  if (body === null || body === undefined || typeof body === 'string') return true;
  return (
    [ArrayBuffer, Blob, FormData, URLSearchParams].some((type) => body instanceof type) || ArrayBuffer.isView(body)
  );
}
