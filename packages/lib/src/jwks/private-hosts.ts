/** Reads lists of hosts that may have private addresses. */

/** Returns the host of a URL, without the brackets of an IPv6 address. */
export function hostOf(url: URL): string {
  return url.hostname.replace(/^\[|\]$/g, '');
}

/**
 * Reads a list of hosts that are written as in URLs.
 *
 * @throws TypeError if an entry is not a host, or has a port
 */
export function readPrivateHosts(hosts: readonly unknown[] = []): ReadonlySet<string> {
  return new Set(hosts.map(readHost));
}

function readHost(text: unknown): string {
  const isPlain = typeof text === 'string' && /^[^/?#@\\\s\p{Cc}]+$/u.test(text);
  const url = isPlain && URL.canParse(`https://${text}/`) ? new URL(`https://${text}/`) : undefined;
  if (url === undefined || url.host !== url.hostname) {
    throw new TypeError('option privateHosts: must be host names or addresses, without a port');
  }
  return hostOf(url);
}
