/** Follows redirects (Fetch Standard, HTTP-redirect fetch) that stay on their origin. */
import { bareUrl } from './bare-url.ts';
import { SignedFetchError } from './error.ts';
import { isRepeatable } from './repeatable.ts';
import type { ResponseHead } from './response-head.ts';

/** fetch has the same limit. */
const MAX_REDIRECTS = 20;
const REDIRECTS = [301, 302, 303, 307, 308];

/** Headers that describe a body and are dropped with it (Fetch Standard, request-body-header name). */
export const BODY_HEADERS: readonly string[] = [
  'content-encoding',
  'content-language',
  'content-location',
  'content-type',
  'content-length',
];

/** The parts of a request that a redirect can change. */
export interface Hop {
  readonly url: URL;
  readonly method: string;
  readonly body: unknown;
  /** Whether a redirect has turned the request into a GET. From then on, it is sent without its {@link BODY_HEADERS}. */
  readonly dropsBody?: boolean;
}

/** Returns the location of a redirect, or `null` if the response is not a redirect. */
export function locationOf({ status, headers }: ResponseHead): string | null {
  return REDIRECTS.includes(status) ? headers.get('location') : null;
}

/**
 * Follows one redirect.
 *
 * @param redirects - the number of redirects that were followed before
 * @throws SignedFetchError for a redirect that a signed request does not follow
 */
export function followRedirect(hop: Hop, status: number, location: string, redirects: number): Hop {
  const { url, method } = hop;
  if (redirects >= MAX_REDIRECTS)
    throw new SignedFetchError('too_many_redirects', `more than ${MAX_REDIRECTS} redirects`);
  const next = sameOrigin(url, location);
  const becomesGet =
    (status === 303 && method !== 'GET' && method !== 'HEAD') ||
    ((status === 301 || status === 302) && method === 'POST');
  if (becomesGet) return { url: next, method: 'GET', body: undefined, dropsBody: true };
  if (!isRepeatable(hop.body)) {
    throw new SignedFetchError(
      'body_not_repeatable',
      `${url.origin} redirects a request whose body was a stream; call the new URL`,
    );
  }
  return { ...hop, url: next };
}

/**
 * Resolves a location.
 *
 * @throws SignedFetchError for a location on another origin, or one that is not a valid URL
 */
export function sameOrigin(url: URL, location: string | URL): URL {
  if (!URL.canParse(location, url))
    throw new SignedFetchError('bad_redirect', 'the server redirects to an invalid URL');
  const next = new URL(location, url);
  if (next.origin === url.origin) return bareUrl(next);
  throw new SignedFetchError(
    'cross_origin_redirect',
    `${url.origin} redirects to ${next.origin}; signed requests stay on their origin; call the new URL if you trust it`,
  );
}
