/** What Node is told about the certificate of a database server. */
import { readFileSync } from 'node:fs';
import type { ServerConfig } from './config.ts';

/** @returns options of `tls.connect`, or `undefined` for a connection that is not encrypted @throws where the file cannot be read */
export function tlsOptions({ encryption, ca }: ServerConfig) {
  if (encryption === 'none') return undefined;
  return {
    rejectUnauthorized: encryption === 'verified',
    ...(ca === undefined ? {} : { ca: readFileSync(ca, 'utf8') }),
  };
}
