/** TLS options of a connection to a database server. */
import { readFileSync } from 'node:fs';
import type { ServerConfig } from './config.ts';

/**
 * Reads the certificates and the key.
 *
 * @returns options for `tls.connect`; `undefined` for a connection that is not encrypted
 * @throws Error if a file cannot be read
 */
export function tlsOptions({ encryption, ca, client }: ServerConfig) {
  if (encryption === 'none') return undefined;
  return {
    rejectUnauthorized: encryption === 'verified' || encryption === 'authority',
    // The CA must have signed the certificate, but the name in the certificate does not matter.
    ...(encryption === 'authority' ? { checkServerIdentity: () => undefined } : {}),
    ...(ca === undefined ? {} : { ca: readFileSync(ca, 'utf8') }),
    ...(client === undefined ? {} : { cert: readFileSync(client.cert, 'utf8'), key: readFileSync(client.key, 'utf8') }),
  };
}
