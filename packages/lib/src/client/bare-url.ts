/** URLs of requests, as they are signed and sent. */

/**
 * Removes a fragment and an empty query. URL parsers leave the `?` of an empty query out of `search`, but keep it in `href`, and HTTP
 * clients send the one or the other.
 *
 * @param url - is not changed
 * @returns a URL whose path and query are sent by every client as `pathname` and `search` have them
 */
export function bareUrl(url: URL): URL {
  const bare = new URL(url);
  bare.hash = '';
  if (bare.search === '') bare.search = '';
  return bare;
}

/**
 * Parses the URL of a request.
 *
 * @throws TypeError for a relative URL, and one without https:// or http://; it may have secrets, so it is not repeated
 */
export function absoluteUrl(input: string | URL): URL {
  const url = URL.canParse(input) ? new URL(input) : undefined;
  const is = url?.protocol === 'https:' || url?.protocol === 'http:';
  if (url === undefined || !is) throw new TypeError('the URL must be absolute, such as https://api.example.com/me');
  return url;
}
