/** Normalizes the URLs of requests before they are signed and sent. */

/**
 * Removes a fragment and an empty query. URL parsers leave the `?` of an empty query out of `search` but keep it in `href`; some HTTP
 * clients send it, and others don't.
 *
 * @param url - the URL, which is not modified
 * @returns a URL that every client sends as `pathname` and `search`
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
 * @throws TypeError for a relative URL, or a URL that is neither https:// nor http://. The message does not contain the URL, which may hold
 *   secrets.
 */
export function absoluteUrl(input: string | URL): URL {
  const url = URL.canParse(input) ? new URL(input) : undefined;
  const is = url?.protocol === 'https:' || url?.protocol === 'http:';
  if (url === undefined || !is) throw new TypeError('the URL must be absolute, such as https://api.example.com/me');
  return url;
}
