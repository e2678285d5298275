/** Reads the encryption settings of a database URL. */
import type { ServerKind } from './parameters.ts';

/**
 * How a connection is encrypted.
 *
 * - `none`: without encryption
 * - `unverified`: encrypted, but the certificate is not checked
 * - `authority`: encrypted; the given CA must have signed the certificate
 * - `verified`: encrypted; a trusted CA must have signed the certificate, and the certificate must name the host
 */
export type Encryption = 'none' | 'unverified' | 'authority' | 'verified';

/** The names that the tools of each database use, in lower case and with `-` instead of `_`. */
const MODES: Readonly<Record<ServerKind, Readonly<Record<string, Encryption>>>> = {
  postgres: { disable: 'none', require: 'unverified', 'verify-ca': 'authority', 'verify-full': 'verified' },
  mysql: {
    ...{ disable: 'none', require: 'unverified', 'verify-ca': 'authority', 'verify-full': 'verified' },
    ...{ disabled: 'none', required: 'unverified', 'verify-identity': 'verified' },
    // The syntax of the Node driver.
    ...{ '{"rejectunauthorized":true}': 'verified', '{"rejectunauthorized":false}': 'unverified' },
  },
};

/** Modes in which anyone on the network can switch encryption off. */
const OPPORTUNISTIC = ['allow', 'prefer', 'preferred'];

/** The parameters of a database URL that determine encryption. */
export interface EncryptionParameters {
  readonly kind: ServerKind;
  readonly mode: string | undefined;
  readonly ca: string | undefined;
  readonly isSocket: boolean;
}

/**
 * Determines how a connection is encrypted.
 *
 * @returns the encryption, and the CA file if the URL names one
 * @throws Error that says what to write instead
 */
export function readEncryption({ kind, mode = 'disable', ca, isSocket }: EncryptionParameters): {
  readonly encryption: Encryption;
  readonly ca: string | undefined;
} {
  const [modeName, caName] = kind === 'postgres' ? ['sslmode', 'sslrootcert'] : ['ssl', 'sslca'];
  const wanted = mode.toLowerCase().replace(/_/g, '-').replace(/\s/g, '');
  const modes = MODES[kind];
  if (OPPORTUNISTIC.includes(wanted)) {
    throw new Error(
      `${modeName}=${wanted} lets anyone on the network switch encryption off; write ${modeName}=verify-full, ${modeName}=require or, for no encryption, ${modeName}=disable`,
    );
  }
  const asked = Object.hasOwn(modes, wanted) ? modes[wanted] : undefined;
  if (asked === undefined) {
    throw new Error(`${modeName} must be one of disable, require, verify-ca, verify-full`);
  }
  // Like libpq, check the certificate if the URL names a CA.
  const encryption = asked === 'unverified' && ca !== undefined ? 'authority' : asked;
  // Servers do not encrypt Unix sockets.
  if (isSocket) return { encryption: 'none', ca: undefined };
  if (encryption === 'none' && ca !== undefined) {
    throw new Error(`${caName} needs ${modeName}=verify-full, or nothing is encrypted`);
  }
  const isSystem = ca === 'system';
  if (encryption === 'authority' && (ca === undefined || isSystem)) {
    throw new Error(
      `${modeName}=${wanted} needs ${caName}=FILE: public authorities sign certificates for anyone; write ${modeName}=verify-full to use them`,
    );
  }
  return { encryption, ca: isSystem ? undefined : ca };
}
