/** Defines the types of the directory's tables for Kysely. Times are seconds since the epoch. */
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

/** @public The declared types of query results name it. */
export interface UserTable {
  id: Generated<number>;
  username: string;
  disabled: number;
  created: number;
}

/** @public The declared types of query results name it. */
export interface KeyTable {
  id: Generated<number>;
  user_id: number;
  /** The fingerprint `SHA256:…`, as `ssh-keygen -l` prints it. */
  fingerprint: string;
  /** Repeats the fingerprint in a unique column; null for a key that several users share. */
  owner: string | null;
  kid: string;
  /** RFC 7638. */
  thumbprint: string;
  /** SPKI PEM. */
  public_key: string;
  /** The single algorithm that the key is registered for, if any. */
  alg: string | null;
  comment: string | null;
  created: number;
  /** 1 if the key will replace a key that is still in use. */
  staged: number;
  expires: number | null;
  /** When the key was retired, because another key replaces it. */
  retired: number | null;
  revoked: number | null;
}

/** @public The declared types of query results name it. */
export interface JwksTable {
  id: Generated<number>;
  user_id: number;
  /** The URL of a JWK set in ASCII, as the URL parser writes it. */
  url: string;
  created: number;
}

/** Revoked keys of removed users. They cannot be added again. */
interface RevokedKeyTable {
  fingerprint: string;
  revoked: number;
}

/** The times when keys were used. They have their own table, so that writing them does not change the revision of the directory. */
/** @public The declared types of query results name it. */
export interface KeyUseTable {
  fingerprint: string;
  first_used: number | null;
  last_used: number | null;
  last_refused: number | null;
}

/** The audit trail. Each change adds rows in its own transaction; rows are never changed. */
interface AuditTable {
  id: Generated<number>;
  at: number;
  actor: string;
  action: string;
  /** The user who was changed. */
  subject: string;
  /** A JSON object. */
  details: string;
}
