/**
 * The tables of a Django site, for tests without Python. `npm run test:interop` checks that Django and the package still create the same
 * tables (test/interop/django-tables.test.ts).
 */
import { DatabaseSync } from 'node:sqlite';

/** The tables that the migrations of `django.contrib.auth` and of `asymmetric_jwt_auth` 1.3.0 create in SQLite. */
export const DJANGO_TABLES: readonly string[] = [
  'CREATE TABLE "asymmetric_jwt_auth_jwksendpointtrust" ("id" integer NOT NULL PRIMARY KEY AUTOINCREMENT, "jwks_url" varchar(200) NOT NULL, "user_id" integer NOT NULL UNIQUE REFERENCES "auth_user" ("id") DEFERRABLE INITIALLY DEFERRED, "last_used_on" datetime NULL)',
  'CREATE TABLE "asymmetric_jwt_auth_publickey" ("id" integer NOT NULL PRIMARY KEY AUTOINCREMENT, "key" text NOT NULL, "user_id" integer NOT NULL REFERENCES "auth_user" ("id") DEFERRABLE INITIALLY DEFERRED, "comment" varchar(100) NOT NULL, "last_used_on" datetime NULL)',
  'CREATE TABLE "auth_user" ("id" integer NOT NULL PRIMARY KEY AUTOINCREMENT, "password" varchar(128) NOT NULL, "last_login" datetime NULL, "is_superuser" bool NOT NULL, "username" varchar(150) NOT NULL UNIQUE, "last_name" varchar(150) NOT NULL, "email" varchar(254) NOT NULL, "is_staff" bool NOT NULL, "is_active" bool NOT NULL, "date_joined" datetime NOT NULL, "first_name" varchar(150) NOT NULL)',
];

/** A user with keys and the URL of a JWK set, for the tables of a site. */
export interface DjangoRows {
  readonly username: string;
  readonly active?: boolean;
  readonly keys?: readonly string[];
  readonly jwksUrl?: string;
}

/** Creates the database of a site with these users. @param path - path of a new file */
export function makeDjangoDatabase(path: string, users: readonly DjangoRows[]): void {
  const database = new DatabaseSync(path);
  database.exec('BEGIN');
  for (const sql of DJANGO_TABLES) database.exec(sql);
  const addUser = database.prepare(
    `INSERT INTO auth_user (password, is_superuser, username, last_name, email, is_staff, is_active, date_joined, first_name)
     VALUES ('pbkdf2_sha256$1$salt$hash', 0, ?, '', ?, 1, ?, '2026-01-01 00:00:00', '')`,
  );
  const addKey = database.prepare(
    'INSERT INTO asymmetric_jwt_auth_publickey ("key", user_id, comment) VALUES (?, ?, ?)',
  );
  const addTrust = database.prepare(
    'INSERT INTO asymmetric_jwt_auth_jwksendpointtrust (jwks_url, user_id) VALUES (?, ?)',
  );
  for (const { username, active = true, keys = [], jwksUrl } of users) {
    const id = addUser.run(username, `${username.trim()}@example.com`, Number(active)).lastInsertRowid;
    for (const key of keys) addKey.run(key, id, '');
    if (jwksUrl !== undefined) addTrust.run(jwksUrl, id);
  }
  database.exec('COMMIT');
  database.close();
}
