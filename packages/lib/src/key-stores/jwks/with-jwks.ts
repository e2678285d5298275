/** Adds the keys of JWK sets to the keys of another store. */
import { checkArgument, checkKeyStore, hasMethod } from '../../core/arguments.ts';
import type { KeyHint, KeyRecord, KeyStore, UserRecord, VerificationKey } from '../../core/contracts.ts';
import { hintedStore } from '../../core/hinted.ts';
import { andThen } from '../../core/maybe-promise.ts';
import type { JwksClient } from '../../jwks/jwks-client.ts';

/**
 * Adds the keys of the JWK sets (RFC 7517 §5) whose URLs a store returns as `jwksUrls`. The store's own keys come first. If a set contains
 * one of them too, the state in the store decides, so a revoked key stays revoked. No set is fetched if the user is disabled or the token
 * names one of the store's own keys.
 *
 * The result depends on the hint and cannot be cached: write `withJwks(cachedKeyStore(store), client)`, not the reverse.
 *
 * @param store - a `sqlDirectory`, or another store whose records have `jwksUrls`
 * @param client - fetches and caches the sets
 * @returns a store whose `find` rejects with the errors of the inner store, or with UnavailableError if no key matches and a set cannot be
 *   fetched
 *
 * @example
 * ```ts
 * import { jwksClient, withJwks } from 'asymmetric-jwt-auth/jwks';
 * import { nodeSqliteDialect, sqlDirectory } from 'asymmetric-jwt-auth/sql';
 * import { Kysely } from 'kysely';
 *
 * const db = new Kysely<unknown>({ dialect: nodeSqliteDialect(':memory:') });
 * const directory = sqlDirectory(db);
 * await directory.migrate();
 * await directory.addJwks('acme', 'https://acme.example/jwks.json', { createUser: true });
 * const keys = withJwks(directory, jwksClient()); // pass it to createAuthenticator({ keys, … })
 * await db.destroy();
 * ```
 */
export function withJwks<User>(store: KeyStore<User>, client: JwksClient): KeyStore<User> {
  checkKeyStore('store', store);
  checkArgument(hasMethod(client, 'jwksKeys'), 'client', 'a client made by jwksClient()', client);
  /** Keys from JWK sets that the inner store does not have, so it cannot record their use. */
  const foreign = new WeakSet<VerificationKey>();

  function add(record: UserRecord<User> | undefined | null, hint: KeyHint) {
    if (record === undefined || record === null) return undefined;
    const urls = record.jwksUrls ?? [];
    if (record.disabled || urls.length === 0 || isOwn(record.keys, hint.kid)) return record;
    return andThen(client.jwksKeys(urls, hint), (others) => merge(record, others));
  }

  function merge(record: UserRecord<User>, others: readonly KeyRecord[]): UserRecord<User> {
    const keys = new Map(record.keys.map((own) => [own.key.kid, own]));
    for (const other of others) {
      const own = keys.get(other.key.kid);
      if (own === undefined) foreign.add(other.key);
      // For a key of the store, the set only adds its kid.
      keys.set(other.key.kid, own === undefined ? other : { ...own, issuerKid: own.issuerKid ?? other.issuerKid });
    }
    return { ...record, keys: [...keys.values()] };
  }

  return hintedStore({
    find: (username, hint) => andThen(store.find(username, hint), (record) => add(record, hint)),
    ...(store.readiness === undefined ? {} : { readiness: store.readiness.bind(store) }),
    ...(store.recordUse === undefined
      ? {}
      : {
          recordUse(key: VerificationKey, at: number) {
            if (!foreign.has(key)) store.recordUse?.(key, at);
          },
        }),
  });
}

/** Reports whether a kid names one of the keys. */
function isOwn(keys: readonly KeyRecord[], kid: string | undefined): boolean {
  return kid !== undefined && keys.some(({ key, issuerKid: name }) => kid === name || kid.toLowerCase() === key.kid);
}
