import { createAuthenticator, memoryNonceStore } from 'asymmetric-jwt-auth';
import { sqlKeyStore } from 'asymmetric-jwt-auth/sql';
import { Kysely, PostgresDialect } from 'kysely';
import pg from 'pg';

// Prisma's DateTime is a timestamp without time zone, in UTC. The driver would read it as local time.
pg.types.setTypeParser(pg.types.builtins.TIMESTAMP, (text) => new Date(`${text}Z`));

/** The columns of the models in schema.prisma; the generator `prisma-kysely` can write these types. */
interface Tables {
  User: { id: string; email: string; name: string | null; deletedAt: Date | null };
  PublicKey: { id: string; userId: string; key: string; status: 'ACTIVE' | 'REVOKED'; expiresAt: Date | null };
}

export const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL });
const keys = sqlKeyStore(new Kysely<Tables>({ dialect: new PostgresDialect({ pool }) }), {
  users: { table: 'User', id: 'id', username: 'email', disabled: 'deletedAt', select: ['id', 'email', 'name'] },
  keys: {
    table: 'PublicKey',
    id: 'id',
    userId: 'userId',
    publicKey: 'key',
    active: ['status', 'ACTIVE'],
    expires: 'expiresAt',
  },
  onBadKey: ({ username, id, error }) => console.warn(`key ${id} of ${username}: ${error.message}`),
});

export const auth = createAuthenticator({ keys, nonces: memoryNonceStore() });
