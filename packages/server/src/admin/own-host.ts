/** Protects the admin listener from pages that a browser on this machine or network has open. */
import type { IncomingMessage } from 'node:http';
import { headerValues } from 'asymmetric-jwt-auth/node';

const HOST = /^(?:\[[\da-f:.]+\]|[a-z\d.-]+)(?::\d{1,5})?$/i;
const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/;

/**
 * Returns whether the `Host` of a request is a loopback name or the host of `--admin-url`. With any other name, the request may come from a
 * page whose name was made to resolve to this listener (DNS rebinding). The browser then treats the page and the listener as one site.
 */
export function isOwnHost({ rawHeaders }: Pick<IncomingMessage, 'rawHeaders'>, adminUrl: URL | undefined): boolean {
  const [host = '', another] = headerValues(rawHeaders, 'host');
  if (another !== undefined || !HOST.test(host)) return false;
  if (adminUrl !== undefined && sameHost(host, adminUrl)) return true;
  return LOOPBACK.test(host.replace(/:\d+$/, '').toLowerCase());
}

/** Compares as URLs do, so that a default port may be omitted. */
function sameHost(host: string, { protocol, host: own }: URL): boolean {
  const text = `${protocol}//${host}`;
  return URL.canParse(text) && new URL(text).host === own;
}

/** Headers of every response of the admin listener. */
export const SECURITY_HEADERS: Readonly<Record<string, string>> = {
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
};
