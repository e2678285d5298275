/** How a database URL asks for encryption. */
import type { ServerKind } from './parameters.ts';

/**
 * How a connection is encrypted: not at all; without a look at the certificate; to a server whose certificate the given authority has
 * signed; or only to the host that the certificate names.
 */
export type Encryption = 'none' | 'unverified' | 'authority' | 'verified';

/** What each database's tools call these; case, and `_` for `-`, make no difference. */
const MODES: Readonly<Record<ServerKind, Readonly<Record<string, Encryption>>>> = {
  postgres: { disable: 'none', require: 'unverified', 'verify-ca': 'authority', 'verify-full': 'verified' },
  mysql: {
    ...{ disable: 'none', require: 'unverified', 'verify-ca': 'authority', 'verify-full': 'verified' },
    ...{ disabled: 'none', required: 'unverified', 'verify-identity': 'verified' },
    // As the Node driver writes it.
    ...{ '{"rejectunauthorized":true}': 'verified', '{"rejectunauthorized":false}': 'unverified' },
  },
};

/** In these, anyone on the network can switch encryption off. */
const OPPORTUNISTIC = ['allow', 'prefer', 'preferred'];

/** What parameters say: `mode` and `ca` as they were named in the URL, for messages. */
export interface EncryptionParameters {
  readonly kind: ServerKind;
  readonly mode: string | undefined;
  readonly ca: string | undefined;
  readonly isSocket: boolean;
}

/**
 * @returns the encryption, and the authority's file if one is needed
 * @throws Error that says what to write
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
  // As PostgreSQL's own library does: the file would not be given if it were not to be used.
  const encryption = asked === 'unverified' && ca !== undefined ? 'authority' : asked;
  // Nobody is between the two ends of a socket, and servers do not encrypt there.
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
