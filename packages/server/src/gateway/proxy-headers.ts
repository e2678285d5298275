/** Headers that applications trust because usually only a proxy sends them. Names are canonical (config.ts). */
import { canonicalName } from '../config.ts';

/**
 * Never forwarded. CGI programs read `Proxy` as the variable HTTP_PROXY and send their own requests there (httpoxy). The others replace
 * the method or the target, so the application would execute something that was not signed; a trusted proxy that doesn't set them
 * may forward them from any client.
 */
const NEVER = /^(?:proxy|x-original-(?:method|path|ur[il])|x-rewrite-(?:path|ur[il])|x-http-destinationurl)$/;

/** Forwarded from trusted proxies only: statements about the client, the connection or the layout of the site. */
const OF_PROXIES: readonly RegExp[] = [
  // These say who sent the request, how, and for which host.
  /^(?:forwarded|x-forwarded(?:-.*)?|x-original-.*|x-rewrite-.*|x-envoy-.*)$/,
  /^(?:x-real-ip|client-ip|true-client-ip|x-(?:client|cluster-client|originating|remote)-(?:ip|addr)|x-azure-clientip)$/,
  /^(?:cf-connecting-ip(?:v6)?|fastly-client-ip|x-appengine-user-ip)$/,
  /^(?:front-end-https|x-(?:url-)?scheme|x-host|x-http-host-override|x-script-name)$/,
  // These contain the client certificate that the proxy verified (RFC 9440, and older names).
  /^(?:client-cert(?:-chain)?|(?:x-)?ssl-(?:client-)?.*|x-(?:client-cert|arr-clientcert)(?:-.*)?)$/,
  // These say which local files the application can make the proxy send.
  /^(?:x-accel-mapping|x-sendfile-type)$/,
];

/**
 * Returns whether a header must not reach the application. `X-HTTP-Method-Override` may reach it, because clients set that header
 * themselves.
 *
 * @param name - name as received, in lower case
 * @param isTrusted - whether the sender is a trusted proxy. Even then, only the exact spelling of a name is forwarded
 */
export function isProxyStatement(name: string, isTrusted: boolean): boolean {
  const canonical = canonicalName(name);
  if (NEVER.test(canonical)) return true;
  return !(isTrusted && canonical === name) && OF_PROXIES.some((pattern) => pattern.test(canonical));
}
