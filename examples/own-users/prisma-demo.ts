/** Creates tables like Prisma's, fills them, and authenticates a request; run by test/own-users.test.ts. */
import { PrivateKey } from 'asymmetric-jwt-auth';
import { createAuthorization } from 'asymmetric-jwt-auth/client';
import { auth, pool } from './prisma.ts';

// Like those that `prisma migrate` creates.
await pool.query(`
CREATE TYPE "KeyStatus" AS ENUM ('ACTIVE', 'REVOKED');
CREATE TABLE "User" (
    "id" TEXT NOT NULL,
    "email" TEXT NOT NULL,
    "name" TEXT,
    "createdAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "deletedAt" TIMESTAMP(3),
    CONSTRAINT "User_pkey" PRIMARY KEY ("id")
);
CREATE TABLE "PublicKey" (
    "id" TEXT NOT NULL,
    "userId" TEXT NOT NULL,
    "key" TEXT NOT NULL,
    "status" "KeyStatus" NOT NULL DEFAULT 'ACTIVE',
    "expiresAt" TIMESTAMP(3),
    CONSTRAINT "PublicKey_pkey" PRIMARY KEY ("id")
);
CREATE UNIQUE INDEX "User_email_key" ON "User"("email");
ALTER TABLE "PublicKey" ADD CONSTRAINT "PublicKey_userId_fkey" FOREIGN KEY ("userId") REFERENCES "User"("id")
    ON DELETE CASCADE ON UPDATE CASCADE;
`);

const key = await PrivateKey.generate('ed25519');
const username = 'guido@example.com';
await pool.query(`INSERT INTO "User" ("id", "email", "name") VALUES ('cm0', $1, 'Guido')`, [username]);
await pool.query(`INSERT INTO "PublicKey" ("id", "userId", "key") VALUES ('ck0', 'cm0', $1)`, [key.publicKey.toPem()]);

async function whoSends(): Promise<string> {
  const result = await auth.authenticate({ authorization: await createAuthorization({ username, key }) });
  return result.ok ? `${result.user.email}, ${result.user.name}` : result.reason;
}

console.log(await whoSends());
/** Formats a time in UTC, like Prisma. */
const expireAt = (moment: number) =>
  pool.query(`UPDATE "PublicKey" SET "expiresAt" = $1`, [new Date(moment).toISOString().slice(0, 23)]);
await expireAt(Date.now() - 60_000);
console.log(await whoSends());
await expireAt(Date.now() + 60_000);
console.log(await whoSends());
await pool.query(`UPDATE "PublicKey" SET "status" = 'REVOKED'`);
console.log(await whoSends());
await pool.query(`UPDATE "User" SET "deletedAt" = CURRENT_TIMESTAMP`);
console.log(await whoSends());
await pool.end();
