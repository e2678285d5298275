/** The option for hosts of JWK sets that may have private addresses: `ajwtd serve` and `ajwtd jwks add` share it. */
import { CommandError } from 'ajwt-cli-kit';
import { jwksClient } from 'asymmetric-jwt-auth/jwks';

export const PRIVATE_HOSTS_OPTION = {
  'jwks-allow-private': {
    type: 'string',
    value: 'HOST',
    multiple: true,
    env: 'AJWTD_JWKS_ALLOW_PRIVATE',
    reloads: true,
    help: 'host from which JWK sets may be fetched even if its address is not public; may be repeated',
  },
} as const;

/** Checks host names. @throws CommandError that names the option */
export function readPrivateHosts(privateHosts: readonly string[], option: string): readonly string[] {
  try {
    jwksClient({ privateHosts });
  } catch {
    throw new CommandError(`${option}: must be a host name or IP address, without a port`);
  }
  return privateHosts;
}
