import { createAuthenticator, memoryNonceStore } from 'asymmetric-jwt-auth';
import { sqlKeyStore } from 'asymmetric-jwt-auth/sql';
import type { Kyselify } from 'drizzle-orm/kysely';
import { drizzle } from 'drizzle-orm/node-postgres';
import { integer, pgTable, text, timestamp } from 'drizzle-orm/pg-core';
import { Kysely, PostgresDialect } from 'kysely';
import pg from 'pg';

export const users = pgTable('users', {
  id: integer().primaryKey().generatedAlwaysAsIdentity(),
  email: text().notNull().unique(),
  company: text().notNull(),
  disabledAt: timestamp('disabled_at', { withTimezone: true }),
});
export const publicKeys = pgTable('public_keys', {
  id: integer().primaryKey().generatedAlwaysAsIdentity(),
  userId: integer('user_id')
    .notNull()
    .references(() => users.id, { onDelete: 'cascade' }),
  key: text().notNull(),
  revokedAt: timestamp('revoked_at', { withTimezone: true }),
  expiresAt: timestamp('expires_at', { withTimezone: true }),
});

export const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL });
export const db = drizzle({ client: pool });

// Kysely uses the same pool. Its types come from Drizzle's tables, with the column names of the database.
type Tables = { users: Kyselify<typeof users>; public_keys: Kyselify<typeof publicKeys> };
const keys = sqlKeyStore(new Kysely<Tables>({ dialect: new PostgresDialect({ pool }) }), {
  users: { table: 'users', id: 'id', username: 'email', disabled: 'disabled_at' },
  keys: {
    table: 'public_keys',
    id: 'id',
    userId: 'user_id',
    publicKey: 'key',
    revoked: 'revoked_at',
    expires: 'expires_at',
  },
  onBadKey: ({ username, id, error }) => console.warn(`key ${id} of ${username}: ${error.message}`),
});

export const auth = createAuthenticator({ keys, nonces: memoryNonceStore() });
