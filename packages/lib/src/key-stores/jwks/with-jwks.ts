/** A key store whose users are trusted by JWK sets as well. */
import { checkArgument, checkKeyStore, hasMethod } from '../../core/arguments.ts';
import type { KeyHint, KeyRecord, KeyStore, UserRecord, VerificationKey } from '../../core/contracts.ts';
import { hintedStore } from '../../core/hinted.ts';
import { andThen } from '../../core/maybe-promise.ts';
import type { JwksClient } from '../../jwks/jwks-client.ts';

/**
 * Adds the keys of the JWK sets (RFC 7517 §5) that a store names in `jwksUrls`. The store's own keys come first, and what it says of a
 * key counts, also where a set has that key too: one that was revoked stays so. Where the token names one of its own keys, or the user
 * is disabled, nothing is fetched.
 *
 * What it finds depends on the hint: `cachedKeyStore()` belongs inside, around the store, and never outside.
 *
 * @param store - a `sqlDirectory`, or another store whose records have `jwksUrls`
 * @param client - fetches the sets, and keeps them
 * @returns a store whose `find` ends with what the one inside throws, or with UnavailableError where a set cannot be had
 */
export function withJwks<User>(store: KeyStore<User>, client: JwksClient): KeyStore<User> {
  checkKeyStore('store', store);
  checkArgument(hasMethod(client, 'jwksKeys'), 'client', 'what jwksClient() returns', client);
  /** Keys that the store does not know: that they were used is nothing to it. */
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
      // How others call it is the one thing that they may add.
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

/** Whether a kid is the name of one of these keys. */
function isOwn(keys: readonly KeyRecord[], kid: string | undefined): boolean {
  return kid !== undefined && keys.some(({ key, issuerKid: name }) => kid === name || kid.toLowerCase() === key.kid);
}
