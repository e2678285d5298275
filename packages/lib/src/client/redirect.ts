/** Where a redirect leads (Fetch Standard, HTTP-redirect fetch), and that it stays on its origin. */
import { bareUrl } from './bare-url.ts';
import { SignedFetchError } from './error.ts';

/** Hops that fetch itself would follow. */
const MAX_REDIRECTS = 20;
const REDIRECTS = [301, 302, 303, 307, 308];

/** Headers that describe a body, and go with it (Fetch Standard, request-body-header name). */
export const BODY_HEADERS: readonly string[] = [
  'content-encoding',
  'content-language',
  'content-location',
  'content-type',
  'content-length',
];

/** Where a request goes. */
export interface Place {
  readonly url: URL;
  readonly method: string;
}

/** Where it goes next, and whether its body goes along. */
export interface NextPlace extends Place {
  readonly dropsBody: boolean;
}

export function isRedirect(status: number): boolean {
  return REDIRECTS.includes(status);
}

/**
 * @param hops - redirects that were followed before this one
 * @param isRepeatable - whether the body can be sent again
 * @throws SignedFetchError where a signed request does not follow
 */
export function followRedirect(
  { url, method }: Place,
  status: number,
  location: string,
  hops: number,
  isRepeatable: boolean,
): NextPlace {
  if (hops >= MAX_REDIRECTS) throw new SignedFetchError('too_many_redirects', `more than ${MAX_REDIRECTS} redirects`);
  const next = sameOrigin(url, location);
  const becomesGet =
    (status === 303 && method !== 'GET' && method !== 'HEAD') ||
    ((status === 301 || status === 302) && method === 'POST');
  if (becomesGet) return { url: next, method: 'GET', dropsBody: true };
  if (!isRepeatable) {
    throw new SignedFetchError(
      'body_not_repeatable',
      `${url.origin} redirects a request whose body was a stream; call its new URL`,
    );
  }
  return { url: next, method, dropsBody: false };
}

/** @throws SignedFetchError for another origin, or what is no URL */
export function sameOrigin(url: URL, location: string | URL): URL {
  if (!URL.canParse(location, url))
    throw new SignedFetchError('bad_redirect', 'the server redirects to what is no URL');
  const next = new URL(location, url);
  if (next.origin === url.origin) return bareUrl(next);
  throw new SignedFetchError(
    'cross_origin_redirect',
    `${url.origin} redirects to ${next.origin}; signed requests stay on their origin: call it by its own URL if you trust it`,
  );
}
