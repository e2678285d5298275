/** Adds, lists and removes the JWK sets of users. */
import { JwksError } from '../../jwks/jwks-error.ts';
import { readPrivateHosts } from '../../jwks/private-hosts.ts';
import { canonicalUrl, trustedUrl } from '../../jwks/url.ts';
import type { Changer } from './change.ts';
import { checkUsername } from './checks.ts';
import { type Directory, DirectoryError, type DirectoryErrorCode } from './directory.ts';
import { pageOf, readLimit, readNumber } from './pages.ts';
import { type Connection, rowOfUser } from './rows.ts';
import { insertUser } from './users.ts';

type Jwks = Pick<Directory, 'addJwks' | 'listJwks' | 'removeJwks'>;

/** @param now - returns seconds since the epoch */
export function jwksOf(db: Connection, now: () => number, { change, changeUrgently }: Changer): Jwks {
  return {
    async addJwks(username, text, { createUser = false, privateHosts } = {}) {
      const hosts = readPrivateHosts(privateHosts);
      checkUsername(username);
      const url = checked(() => trustedUrl(text, hosts));
      return change(async (transaction, note) => {
        const at = now();
        const userAdded = createUser && (await insertUser(transaction, { username, disabled: 0, created: at }));
        if (userAdded) note('user.add', username);
        const { id } = await rowOfUser(transaction, username);
        const present = await jwksIn(transaction)
          .where('s.user_id', '=', id)
          .where('s.url', '=', url)
          .executeTakeFirst();
        if (present !== undefined) return { jwks: jwksRowOf(present), added: false, userAdded };
        await transaction.insertInto('ajwt_key_set').values({ user_id: id, url, created: at }).execute();
        note('jwks.add', username, { url });
        return { jwks: { username, url, created: at }, added: true, userAdded };
      });
    },

    async listJwks(query = {}) {
      const limit = readLimit(query);
      let sets = jwksIn(db).where('s.id', '>', readNumber(query.after));
      if (query.username !== undefined) {
        sets = sets.where('s.user_id', '=', (await rowOfUser(db, query.username)).id);
      }
      const rows = await sets.limit(limit + 1).execute();
      return pageOf(rows, limit, jwksRowOf, ({ id }) => String(id));
    },

    async removeJwks(username, text) {
      const url = checked(() => canonicalUrl(text));
      const { audited } = await changeUrgently(async (transaction, note) => {
        const { id } = await rowOfUser(transaction, username);
        const named = jwksIn(transaction).where('s.user_id', '=', id).where('s.url', '=', url);
        const row = await named.executeTakeFirst();
        if (row === undefined) {
          throw new DirectoryError('unknown_jwks', `${JSON.stringify(username)} has no JWK set with this URL`);
        }
        await transaction.deleteFrom('ajwt_key_set').where('id', '=', row.id).execute();
        note('jwks.remove', username, { url });
        return {};
      });
      return { audited };
    },
  };
}

/** Selects JWK sets with their users. */
function jwksIn(connection: Connection) {
  return connection
    .selectFrom('ajwt_key_set as s')
    .innerJoin('ajwt_user as u', 'u.id', 's.user_id')
    .select(['s.id', 's.url', 's.created', 'u.username'])
    .orderBy('s.id');
}

function jwksRowOf({ username, url, created }: { username: string; url: string; created: number }) {
  return { username, url, created };
}

/**
 * Checks a URL.
 *
 * @throws DirectoryError instead of a JwksError
 */
function checked<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof JwksError)) throw error;
    throw new DirectoryError(error.code as DirectoryErrorCode, error.message);
  }
}
