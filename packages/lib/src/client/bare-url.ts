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
