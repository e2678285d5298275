/** Starts TLS, with the authorities and the client certificate from the options. */
import { readFile } from 'node:fs/promises';
import { isIP, type Socket } from 'node:net';
import { type ConnectionOptions, connect, createSecureContext, type TLSSocket } from 'node:tls';
import { CommandError } from 'ajwt-cli-kit/command-error';
import { readErrorReason } from '../../../keys/read-error.ts';
import { BAD_AUTHORITIES, BAD_CLIENT_CERTIFICATE } from '../exit-codes.ts';

/** Options of TLS. */
export interface TlsSettings {
  /** `-k`: accept any certificate. */
  readonly insecure: boolean;
  /** Files in PEM. */
  readonly authorities?: string | undefined;
  readonly certificate?: string | undefined;
  readonly key?: string | undefined;
}

/** Starts TLS on a connection. @throws CommandError if a file cannot be used */
export async function startTls(socket: Socket, host: string, settings: TlsSettings): Promise<TLSSocket> {
  return connect({
    ...(await contextOf(settings)),
    socket,
    host,
    servername: isIP(host) === 0 ? host : '',
    ALPNProtocols: ['http/1.1'],
    rejectUnauthorized: !settings.insecure,
  });
}

async function contextOf({ authorities, certificate, key }: TlsSettings): Promise<ConnectionOptions> {
  const context: ConnectionOptions = {};
  if (authorities !== undefined) {
    context.ca = await readPem('--cacert', authorities, BAD_AUTHORITIES);
    // Node ignores a file without a certificate, and would then trust no authority.
    if (!context.ca.includes('-----BEGIN CERTIFICATE-----')) {
      throw new CommandError(`--cacert: ${authorities} contains no certificate in PEM`, BAD_AUTHORITIES);
    }
  }
  if (certificate !== undefined) {
    context.cert = await readPem('--tls-cert', certificate, BAD_CLIENT_CERTIFICATE);
    context.key = key === undefined ? context.cert : await readPem('--tls-key', key, BAD_CLIENT_CERTIFICATE);
    try {
      createSecureContext({ cert: context.cert, key: context.key });
    } catch {
      const files = key === undefined ? certificate : `${certificate} and ${key}`;
      throw new CommandError(
        `--tls-cert: ${files}: not a certificate and its unencrypted private key, both in PEM`,
        BAD_CLIENT_CERTIFICATE,
      );
    }
  }
  return context;
}

async function readPem(option: string, path: string, exitCode: number): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    throw new CommandError(`${option}: cannot read ${path}: ${readErrorReason(error)}`, exitCode);
  }
}
