/** Headers that applications believe because, as a rule, only a proxy sends them. Names are canonical (config.ts). */
import { canonicalName } from '../config.ts';

/**
 * Passed on for nobody. A program that sees `Proxy` as the variable HTTP_PROXY sends its own requests there (httpoxy). The others
 * replace the method or the target, and the application would do something else than what was signed; a trusted proxy that does
 * not know them passes on a stranger's.
 */
const NEVER = /^(?:proxy|x-original-(?:method|path|ur[il])|x-rewrite-(?:path|ur[il])|x-http-destinationurl)$/;

/** Passed on for a trusted proxy only: statements about the client, the connection or the site's own layout. */
const OF_PROXIES: readonly RegExp[] = [
  // By whom, how and for which host the request was sent.
  /^(?:forwarded|x-forwarded(?:-.*)?|x-original-.*|x-rewrite-.*|x-envoy-.*)$/,
  /^(?:x-real-ip|client-ip|true-client-ip|x-(?:client|cluster-client|originating|remote)-(?:ip|addr)|x-azure-clientip)$/,
  /^(?:cf-connecting-ip(?:v6)?|fastly-client-ip|x-appengine-user-ip)$/,
  /^(?:front-end-https|x-(?:url-)?scheme|x-host|x-http-host-override|x-script-name)$/,
  // The certificate that the client has proven at the proxy (RFC 9440, and older names).
  /^(?:client-cert(?:-chain)?|(?:x-)?ssl-(?:client-)?.*|x-(?:client-cert|arr-clientcert)(?:-.*)?)$/,
  // Which local file the proxy may be told to send.
  /^(?:x-accel-mapping|x-sendfile-type)$/,
];

/**
 * Whether a header is kept from the application. `X-HTTP-Method-Override` is not: it is the client's own request to the application.
 *
 * @param name - as received, in lower case
 * @param isTrusted - whether the sender is a trusted proxy. Its word counts in the exact spelling alone
 */
export function isProxyStatement(name: string, isTrusted: boolean): boolean {
  const canonical = canonicalName(name);
  if (NEVER.test(canonical)) return true;
  return !(isTrusted && canonical === name) && OF_PROXIES.some((pattern) => pattern.test(canonical));
}
