/** Hosts that may have addresses which are not public. */

/** The host of a URL, as it is compared: an IPv6 address without its brackets. */
export function hostOf(url: URL): string {
  return url.hostname.replace(/^\[|\]$/g, '');
}

/**
 * Reads a list of hosts, as they stand in URLs.
 *
 * @throws TypeError for what is none, and for one with a port
 */
export function readPrivateHosts(hosts: readonly unknown[] = []): ReadonlySet<string> {
  return new Set(hosts.map(readHost));
}

function readHost(text: unknown): string {
  const isPlain = typeof text === 'string' && /^[^/?#@\\\s\p{Cc}]+$/u.test(text);
  const url = isPlain && URL.canParse(`https://${text}/`) ? new URL(`https://${text}/`) : undefined;
  if (url === undefined || url.host !== url.hostname) {
    throw new TypeError('option privateHosts: must be names of hosts, without a port');
  }
  return hostOf(url);
}
