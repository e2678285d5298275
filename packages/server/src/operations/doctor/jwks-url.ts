/** Whether the URL of a key set would be fetched, as far as its text tells: where its host's name leads is looked at when it is fetched. */
import { isIP } from 'node:net';
import { isPublicAddress } from 'asymmetric-jwt-auth/jwks';

const PRIVATE_NAME = /(?:^|\.)(?:localhost|local|internal|home\.arpa)$|^[^.]+$/;

/** @returns why it would not be fetched, or `undefined` */
export function whyNotFetched(text: string): string | undefined {
  if (!URL.canParse(text)) return 'it is no URL';
  const { protocol, hostname, username, password } = new URL(text);
  if (protocol !== 'https:') return 'it is not https';
  if (username !== '' || password !== '') return 'it has a name or a password in it';
  const host = hostname.replace(/^\[(.*)\]$/, '$1').replace(/\.$/, '');
  const isPrivate = isIP(host) === 0 ? PRIVATE_NAME.test(host) : !isPublicAddress(host);
  return isPrivate ? 'its host is at a private address' : undefined;
}
