/** What Node is told about the certificates of a database server and of this client. */
import { readFileSync } from 'node:fs';
import type { ServerConfig } from './config.ts';

/** @returns options of `tls.connect`, or `undefined` for a connection that is not encrypted @throws where a file cannot be read */
export function tlsOptions({ encryption, ca, client }: ServerConfig) {
  if (encryption === 'none') return undefined;
  return {
    rejectUnauthorized: encryption === 'verified' || encryption === 'authority',
    // Signed by the given authority, whatever the host is called.
    ...(encryption === 'authority' ? { checkServerIdentity: () => undefined } : {}),
    ...(ca === undefined ? {} : { ca: readFileSync(ca, 'utf8') }),
    ...(client === undefined ? {} : { cert: readFileSync(client.cert, 'utf8'), key: readFileSync(client.key, 'utf8') }),
  };
}
