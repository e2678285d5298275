/** Creates the tables, fills them with Drizzle, and authenticates a request; run by test/own-users.test.ts. */
import { PrivateKey } from 'asymmetric-jwt-auth';
import { createAuthorization } from 'asymmetric-jwt-auth/client';
import { eq, sql } from 'drizzle-orm';
import { auth, db, pool, publicKeys, users } from './drizzle.ts';

// Like those that drizzle-kit creates.
await db.execute(sql`CREATE TABLE "users" (
  "id" integer PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
  "email" text NOT NULL CONSTRAINT "users_email_unique" UNIQUE,
  "company" text NOT NULL,
  "disabled_at" timestamp with time zone
)`);
await db.execute(sql`CREATE TABLE "public_keys" (
  "id" integer PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
  "user_id" integer NOT NULL REFERENCES "users"("id") ON DELETE cascade,
  "key" text NOT NULL,
  "revoked_at" timestamp with time zone,
  "expires_at" timestamp with time zone
)`);

const key = await PrivateKey.generate('ed25519');
const username = 'guido@example.com';
const [user] = await db.insert(users).values({ email: username, company: 'PSF' }).returning();
await db.insert(publicKeys).values({ userId: user?.id ?? 0, key: key.publicKey.toOpenSsh() });

async function whoSends(): Promise<string> {
  const result = await auth.authenticate({ authorization: await createAuthorization({ username, key }) });
  return result.ok ? `${result.user.email} of ${result.user.company}` : result.reason;
}

console.log(await whoSends());
await db.update(publicKeys).set({ expiresAt: new Date(Date.now() - 1000) });
console.log(await whoSends());
await db.update(publicKeys).set({ expiresAt: new Date(Date.now() + 60_000) });
console.log(await whoSends());
await db.update(publicKeys).set({ revokedAt: new Date() });
console.log(await whoSends());
await db.update(users).set({ disabledAt: new Date() }).where(eq(users.email, username));
console.log(await whoSends());
await pool.end();
