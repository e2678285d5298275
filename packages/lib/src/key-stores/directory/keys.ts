/** Adds, lists and changes the keys of users. */
import { checkSeconds, checkVerificationKey } from '../../core/arguments.ts';
import { KeyConflictError } from '../../core/contracts.ts';
import { checkOptions, type OptionKinds } from '../../core/options.ts';
import type { Changer, Note } from './change.ts';
import { checkComment, checkExpiry, checkUsername, nameOfKey, registeredAlgorithm, unknownKey } from './checks.ts';
import { type Directory, DirectoryError, type DirectoryKey, type DirectoryKeyOptions } from './directory.ts';
import { pageOf, readLimit, readNumber } from './pages.ts';
import { type Connection, type KeyRow, keysIn, rowOfUser, stateOf } from './rows.ts';
import { insertUser } from './users.ts';

type Keys = Pick<Directory, 'addKey' | 'countExpiringKeys' | 'listKeys' | 'changeKey' | 'retireKey' | 'revokeKey'>;

/** Number of keys that `countExpiringKeys` reads in one query. */
const PIECE = 1000;

const KEY_OPTIONS: OptionKinds<DirectoryKeyOptions> = {
  comment: 'any',
  expires: 'any',
  createUser: 'boolean',
  staged: 'boolean',
  allowShared: 'boolean',
};

/** @param now - returns seconds since the epoch */
export function keysOf(
  db: Connection,
  keyOf: (row: KeyRow) => DirectoryKey,
  now: () => number,
  { change, changeUrgently }: Changer,
): Keys {
  return {
    async addKey(username, key, options = {}) {
      checkUsername(username);
      checkVerificationKey('key', key);
      checkOptions(options, KEY_OPTIONS);
      const { comment = key.comment, expires, createUser = false, staged = false, allowShared = false } = options;
      checkComment(comment);
      checkExpiry(expires, now());
      const { fingerprint, kid, thumbprint } = key;
      return change(async (transaction, note) => {
        const row = { username, disabled: 0, created: now() };
        const userAdded = createUser && (await insertUser(transaction, row));
        if (userAdded) note('user.add', username);
        const { id } = await rowOfUser(transaction, username);
        const named = keysIn(transaction).where('k.fingerprint', '=', fingerprint);
        const rows = await named.execute();
        await refuseRevoked(transaction, fingerprint, rows);
        const present = rows.find((one) => one.user_id === id);
        if (present !== undefined) {
          const changes = changesOf(options, comment, present);
          return { key: keyOf(await setKey(transaction, present, changes, 'key.add', note)), added: false, userAdded };
        }
        if (rows.length > 0 && !allowShared) {
          throw new KeyConflictError(
            `the key ${fingerprint} belongs to another user, ${JSON.stringify(rows[0]?.username)}; make a new one`,
          );
        }
        const given = { comment: comment ?? null, expires: expires ?? null, staged: Number(staged) };
        await transaction
          .insertInto('ajwt_key')
          .values({
            ...{ fingerprint, owner: rows.length > 0 ? null : fingerprint, kid, thumbprint, user_id: id },
            ...{ public_key: key.toPem(), alg: registeredAlgorithm(key), created: now(), retired: null, revoked: null },
            ...given,
          })
          .execute();
        note('key.add', username, { fingerprint, ...given, staged, shared: rows.length > 0 });
        const added = await named.where('k.user_id', '=', id).executeTakeFirstOrThrow();
        return { key: keyOf(added), added: true, userAdded };
      });
    },

    async listKeys(query = {}) {
      const limit = readLimit(query);
      let keys = keysIn(db).where('k.id', '>', readNumber(query.after));
      if (query.username !== undefined) {
        keys = keys.where('k.user_id', '=', (await rowOfUser(db, query.username)).id);
      }
      const rows = await keys.limit(limit + 1).execute();
      return pageOf(rows, limit, keyOf, ({ id }) => String(id));
    },

    async changeKey(id, { comment, expires }) {
      checkComment(comment);
      checkExpiry(expires ?? undefined, now());
      return change(async (transaction, note) => {
        const changes = {
          ...(comment === undefined ? {} : { comment }),
          ...(expires === undefined ? {} : { expires }),
        };
        const keys: DirectoryKey[] = [];
        for (const row of await keysNamed(transaction, id)) {
          if (row.revoked !== null) throw revokedError(row.fingerprint);
          keys.push(keyOf(await setKey(transaction, row, changes, 'key.change', note)));
        }
        return keys;
      });
    },

    async countExpiringKeys(before) {
      checkSeconds('before', before);
      const from = now();
      let count = 0;
      let last: number | undefined = 0;
      while (last !== undefined) {
        const piece = await countExpiring(db, last, from, before);
        count += piece.count;
        last = piece.last;
        // SQLite responds synchronously, so requests are served between two batches.
        await new Promise((resolve) => setTimeout(resolve));
      }
      return count;
    },

    async retireKey(id, { force = false } = {}) {
      return change(async (transaction, note) => {
        const keys: DirectoryKey[] = [];
        for (const row of await keysNamed(transaction, id)) {
          if (row.revoked !== null) throw revokedError(row.fingerprint);
          const others = await keysIn(transaction).where('k.user_id', '=', row.user_id).execute();
          const used = others.filter((other) => other.id !== row.id && isUsable(other) && other.first_used !== null);
          if (used.length === 0 && !force) throw notReplaced(row);
          const changes = { retired: row.retired ?? now(), staged: 0 };
          keys.push(keyOf(await setKey(transaction, row, changes, 'key.retire', note)));
          for (const other of used) await setKey(transaction, other, { staged: 0 }, 'key.promote', note);
        }
        return keys;
      });
    },

    async revokeKey(id) {
      return changeUrgently(async (transaction, note) => {
        const rows = await keysNamed(transaction, id);
        const keys: DirectoryKey[] = [];
        for (const row of rows) {
          keys.push(keyOf(await setKey(transaction, row, { revoked: row.revoked ?? now() }, 'key.revoke', note)));
        }
        return { keys, revoked: rows.some(({ revoked }) => revoked === null) };
      });
    },
  };

  function isUsable(row: KeyRow): boolean {
    const state = stateOf(row, now());
    return state === 'active' || state === 'staged';
  }
}

/** @throws DirectoryError `unknown_key` */
async function keysNamed(transaction: Connection, id: string): Promise<KeyRow[]> {
  const { column, value } = nameOfKey(id);
  const rows = await keysIn(transaction).where(`k.${column}`, '=', value).execute();
  if (rows.length === 0) throw unknownKey();
  return rows;
}

/**
 * Counts the keys of one batch that expire in a period.
 *
 * @param after - the id before the batch
 * @returns the count, and the last id of the batch; `undefined` if there are no more keys
 */
async function countExpiring(
  db: Connection,
  after: number,
  from: number,
  to: number,
): Promise<{ count: number; last: number | undefined }> {
  const piece = db
    .selectFrom('ajwt_key')
    .select(['id', 'expires', 'retired', 'revoked'])
    .where('id', '>', after)
    .orderBy('id')
    .limit(PIECE)
    .as('k');
  const { last, count } = await db
    .selectFrom(piece)
    .select(({ eb, fn }) => {
      const expires = eb.and([
        eb('k.expires', '>', from),
        eb('k.expires', '<=', to),
        eb('k.retired', 'is', null),
        eb('k.revoked', 'is', null),
      ]);
      return [fn.max('k.id').as('last'), fn.sum(eb.case().when(expires).then(1).else(0).end()).as('count')];
    })
    .executeTakeFirstOrThrow();
  // PostgreSQL and MySQL return sums as strings.
  return { count: Number(count ?? 0), last: last === null ? undefined : Number(last) };
}

type Changes = Partial<Pick<KeyRow, 'comment' | 'expires' | 'staged' | 'retired' | 'revoked'>>;

/** Returns the changes to make if the user already has the key. A retired key becomes active again. */
function changesOf(options: DirectoryKeyOptions, comment: string | undefined, { retired }: KeyRow): Changes {
  return {
    ...(comment === undefined ? {} : { comment }),
    ...(options.expires === undefined ? {} : { expires: options.expires }),
    ...(options.staged === undefined ? {} : { staged: Number(options.staged) }),
    ...(retired === null ? {} : { retired: null }),
  };
}

/** Writes the values that differ from the stored ones, if any. */
async function setKey(
  transaction: Connection,
  row: KeyRow,
  wanted: Changes,
  action: Parameters<Note>[0],
  note: Note,
): Promise<KeyRow> {
  const changes = Object.fromEntries(
    Object.entries(wanted).filter(([name, value]) => row[name as keyof Changes] !== value),
  );
  if (Object.keys(changes).length === 0) return row;
  await transaction.updateTable('ajwt_key').set(changes).where('id', '=', row.id).execute();
  note(action, row.username, { fingerprint: row.fingerprint, ...changes });
  return { ...row, ...changes };
}

/**
 * Refuses a revoked key, even if its user has been removed.
 *
 * @throws DirectoryError `key_revoked`
 */
async function refuseRevoked(connection: Connection, fingerprint: string, rows: readonly KeyRow[]): Promise<void> {
  const found = connection.selectFrom('ajwt_revoked_key').select('revoked').where('fingerprint', '=', fingerprint);
  if (rows.some(({ revoked }) => revoked !== null) || (await found.executeTakeFirst()) !== undefined) {
    throw revokedError(fingerprint);
  }
}

function revokedError(fingerprint: string): DirectoryError {
  return new DirectoryError('key_revoked', `the key ${fingerprint} was revoked; make a new one`);
}

function notReplaced({ username, fingerprint }: KeyRow): DirectoryError {
  return new DirectoryError(
    'not_replaced',
    `no other key of ${JSON.stringify(username)} has been used yet; sign with another key before you retire ${fingerprint}`,
  );
}
