/** The tables of the SQL directory, as Kysely sees them. Times are seconds since the epoch. */
import type { Generated } from 'kysely';

export interface DirectoryTables {
  ajwt_user: UserTable;
  ajwt_key: KeyTable;
  ajwt_revoked_key: RevokedKeyTable;
  ajwt_revision: { id: number; revision: number };
}

interface UserTable {
  id: Generated<number>;
  username: string;
  disabled: number;
  created: number;
}

interface KeyTable {
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
  expires: number | null;
  revoked: number | null;
}

/** Revoked keys of users who were removed: they do not come back with somebody else. */
interface RevokedKeyTable {
  fingerprint: string;
  revoked: number;
}
