/** Adds, lists, changes and removes users. */
import { sql } from 'kysely';
import { checkArgument } from '../../core/arguments.ts';
import { isUnrepresentable } from '../../kysely/unrepresentable.ts';
import type { Changer } from './change.ts';
import { checkUsername } from './checks.ts';
import type { DirectoryDialect } from './dialect.ts';
import { type Directory, DirectoryError } from './directory.ts';
import { pageOf, readLimit, readText, rowsFor } from './pages.ts';
import { type Connection, rowOfUser, userOf } from './rows.ts';

type Users = Pick<Directory, 'addUser' | 'listUsers' | 'getUser' | 'setDisabled' | 'removeUser'>;

/** @param now - returns seconds since the epoch */
export function usersOf(
  db: Connection,
  dialect: DirectoryDialect,
  now: () => number,
  { change, changeUrgently }: Changer,
): Users {
  return {
    async addUser(username) {
      checkUsername(username);
      return change(async (transaction, note) => {
        const row = { username, disabled: 0, created: now() };
        if (!(await insertUser(transaction, row))) {
          throw new DirectoryError('user_exists', `the user ${JSON.stringify(username)} already exists`);
        }
        note('user.add', username);
        return userOf(row);
      });
    },

    async listUsers(query = {}) {
      const limit = readLimit(query);
      let users = db.selectFrom('ajwt_user').selectAll().orderBy('username');
      if (query.after !== undefined) users = users.where('username', '>', readText('after', query.after));
      if (query.search !== undefined) {
        users = users.where(dialect.contains(sql.ref('username'), readText('search', query.search)));
      }
      const rows = await rowsFor(db, [query.after, query.search], users.limit(limit + 1));
      return pageOf(rows, limit, userOf, ({ username }) => username);
    },

    getUser: async (username) => userOf(await rowOfUser(db, username)),

    async setDisabled(username, disabled) {
      checkArgument(typeof disabled === 'boolean', 'disabled', 'true or false', disabled);
      const { audited } = await (disabled ? changeUrgently : changeAtLeisure)(async (transaction, note) => {
        const { id, disabled: before } = await rowOfUser(transaction, username);
        const after = Number(disabled);
        if (before === after) return {};
        await transaction.updateTable('ajwt_user').set({ disabled: after }).where('id', '=', id).execute();
        note(disabled ? 'user.disable' : 'user.enable', username);
        return {};
      });
      return { audited };
    },

    removeUser: (username) =>
      change(async (transaction, note) => {
        const { id } = await rowOfUser(transaction, username);
        const keys = await transaction
          .selectFrom('ajwt_key as k')
          .leftJoin('ajwt_revoked_key as r', 'r.fingerprint', 'k.fingerprint')
          .select(['k.fingerprint', 'k.revoked', 'r.revoked as known'])
          .where('k.user_id', '=', id)
          .execute();
        const revoked = keys.flatMap(({ fingerprint, revoked, known }) =>
          revoked === null || known !== null ? [] : [{ fingerprint, revoked }],
        );
        if (revoked.length > 0) await transaction.insertInto('ajwt_revoked_key').values(revoked).execute();
        const sets = await transaction.selectFrom('ajwt_key_set').select('url').where('user_id', '=', id).execute();
        const jwks = sets.map(({ url }) => url);
        await transaction.deleteFrom('ajwt_user').where('id', '=', id).execute();
        const fingerprints = keys.map(({ fingerprint }) => fingerprint);
        await forgetUses(transaction, fingerprints);
        note('user.remove', username, { keys: fingerprints, ...(jwks.length === 0 ? {} : { jwks }) });
      }),
  };

  async function changeAtLeisure(work: Parameters<typeof changeUrgently>[0]) {
    await change(work);
    return { audited: true };
  }
}

/** Deletes the recorded uses of keys that no user has anymore. */
async function forgetUses(transaction: Connection, fingerprints: readonly string[]): Promise<void> {
  if (fingerprints.length === 0) return;
  const kept = await transaction
    .selectFrom('ajwt_key')
    .select('fingerprint')
    .where('fingerprint', 'in', fingerprints)
    .execute();
  const still = new Set(kept.map(({ fingerprint }) => fingerprint));
  const gone = fingerprints.filter((fingerprint) => !still.has(fingerprint));
  if (gone.length > 0) await transaction.deleteFrom('ajwt_key_use').where('fingerprint', 'in', gone).execute();
}

/**
 * Adds a user, unless the user already exists.
 *
 * @returns whether the user was added
 * @throws DirectoryError `bad_username` if the database cannot represent the username
 */
export async function insertUser(
  connection: Connection,
  row: { username: string; disabled: number; created: number },
): Promise<boolean> {
  const named = connection.selectFrom('ajwt_user').select('username').where('username', '=', row.username);
  const present = await named.executeTakeFirst().catch(async (error: unknown) => {
    if (!(await isUnrepresentable(connection, row.username, error))) throw error;
    throw new DirectoryError(
      'bad_username',
      `the character set of this database cannot represent the username ${JSON.stringify(row.username)}; use a UTF-8 database`,
    );
  });
  if (present !== undefined) return false;
  await connection.insertInto('ajwt_user').values(row).execute();
  return true;
}
