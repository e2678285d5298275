/** Checks the URL of a JWK set without DNS: the address of its host is checked when it is fetched. */
import { isIP } from 'node:net';
import { isPublicAddress } from 'asymmetric-jwt-auth/jwks';

const PRIVATE_NAME = /(?:^|\.)(?:localhost|local|internal|home\.arpa)$|^[^.]+$/;

/** Returns why a JWK set would not be fetched, or `undefined` if it would. */
export function whyNotFetched(text: string): string | undefined {
  if (!URL.canParse(text)) return 'not a valid URL';
  const { protocol, hostname, username, password } = new URL(text);
  if (protocol !== 'https:') return 'the URL is not https';
  if (username !== '' || password !== '') return 'the URL contains a username or password';
  const host = hostname.replace(/^\[(.*)\]$/, '$1').replace(/\.$/, '');
  const isPrivate = isIP(host) === 0 ? PRIVATE_NAME.test(host) : !isPublicAddress(host);
  return isPrivate ? 'the host has a private address' : undefined;
}
