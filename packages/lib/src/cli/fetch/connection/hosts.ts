/** Hosts and ports of URLs. */

/** Returns the host without brackets. */
export function bareHost({ hostname }: URL): string {
  return hostname.replace(/^\[|\]$/g, '');
}

const PORTS: Readonly<Record<string, number>> = { 'http:': 80, 'https:': 443 };

/** Returns the port, or the scheme's default port. */
export function portOf({ port, protocol }: URL): number {
  return port === '' ? (PORTS[protocol] as number) : Number(port);
}
