/** The tables of the SQL directory, as Kysely sees them. Times are seconds since the epoch. */
import type { Generated } from 'kysely';

export interface DirectoryTables {
  ajwt_user: UserTable;
  ajwt_key: KeyTable;
  ajwt_key_set: JwksTable;
  ajwt_revoked_key: RevokedKeyTable;
  ajwt_key_use: KeyUseTable;
  ajwt_audit: AuditTable;
  ajwt_migration: { name: string; timestamp: string };
  ajwt_revision: { id: number; revision: number };
}

/** @public named in the declarations of what queries return */
export interface UserTable {
  id: Generated<number>;
  username: string;
  disabled: number;
  created: number;
}

/** @public named in the declarations of what queries return */
export interface KeyTable {
  id: Generated<number>;
  user_id: number;
  /** `SHA256:…`, as `ssh-keygen -l` prints it. */
  fingerprint: string;
  /** The fingerprint once more, and unique; nothing for a key that several users were allowed to share. */
  owner: string | null;
  kid: string;
  /** RFC 7638. */
  thumbprint: string;
  /** SPKI PEM. */
  public_key: string;
  /** The one algorithm that the key is registered for, if any. */
  alg: string | null;
  comment: string | null;
  created: number;
  /** Whether the key is meant to replace one that is still in use. */
  staged: number;
  expires: number | null;
  /** When another key had replaced it. */
  retired: number | null;
  revoked: number | null;
}

/** @public named in the declarations of what queries return */
export interface JwksTable {
  id: Generated<number>;
  user_id: number;
  /** Where a JWK set is that the user is trusted by; as a parsed URL is written, ASCII. */
  url: string;
  created: number;
}

/** Revoked keys of users who were removed: they do not come back with somebody else. */
interface RevokedKeyTable {
  fingerprint: string;
  revoked: number;
}

/** Apart from the keys, so that what requests write is no change of the directory. */
/** @public named in the declarations of what queries return */
export interface KeyUseTable {
  fingerprint: string;
  first_used: number | null;
  last_used: number | null;
  last_refused: number | null;
}

/** Who changed what: a row is only ever added, in the transaction of the change. */
interface AuditTable {
  id: Generated<number>;
  at: number;
  actor: string;
  action: string;
  /** The user whose account or key it was. */
  subject: string;
  /** A JSON object. */
  details: string;
}
