/** Finds keys that need attention. */
import { KeyError, PublicKey } from 'asymmetric-jwt-auth';
import { type Expression, type ExpressionBuilder, type SqlBool, sql } from 'kysely';
import type { AnyDatabase } from './database.ts';
import { type Finding, findingsOf, MOST_NAMES, someOf } from './finding.ts';

const { ok, hint, warning, problem } = findingsOf('keys');

const DAY = 86_400;
/** A key is reported this many days before it expires. */
const SOON = 14;
/** Days within which a key that was registered as a replacement should be used. */
const STAGED = 30;
/** Days for which a request with an old key counts as recent. */
const RECENT = 7;
/** Maximum number of stored keys that are parsed. */
const MOST_PARSED = 20_000;
const PAGE = 1000;

// biome-ignore lint/suspicious/noExplicitAny: the types of the tables belong to the library
type Rows = ExpressionBuilder<any, any>;

/** @param now - seconds since the epoch */
export async function checkKeys(db: AnyDatabase, now = Date.now() / 1000): Promise<readonly Finding[]> {
  const keys = () =>
    db
      .selectFrom('ajwt_key as k')
      .innerJoin('ajwt_user as u', 'u.id', 'k.user_id')
      .leftJoin('ajwt_key_use as use', 'use.fingerprint', 'k.fingerprint');
  /** Whether a key can be used at a time. @param key - the alias of its table */
  const isUsable = (rows: Rows, key: string, at: number): Expression<SqlBool> =>
    rows.and([
      rows(`${key}.revoked`, 'is', null),
      rows(`${key}.retired`, 'is', null),
      rows.or([rows(`${key}.expires`, 'is', null), rows(`${key}.expires`, '>', at)]),
    ]);
  /** Whether the user has another key that can be used at a time. */
  const hasOther = (rows: Rows, at: number) =>
    rows.exists(
      db
        .selectFrom('ajwt_key as o')
        .select(sql`1`.as('one'))
        .whereRef('o.user_id', '=', 'k.user_id')
        .whereRef('o.id', '<>', 'k.id')
        .where((others: Rows) => isUsable(others, 'o', at)),
    );

  const soon = now + SOON * DAY;
  const expiring = await firstOf(
    keys()
      .where((rows: Rows) =>
        rows.and([isUsable(rows, 'k', now), rows('k.expires', '<=', soon), rows('u.disabled', '=', 0)]),
      )
      .where((rows: Rows) => rows.not(hasOther(rows, soon))),
  );
  const staged = await firstOf(
    keys()
      .where('k.staged', '=', 1)
      .where('use.first_used', 'is', null)
      .where('k.created', '<', now - STAGED * DAY)
      .where((rows: Rows) => isUsable(rows, 'k', now)),
  );
  const old = await firstOf(
    keys()
      .where('use.last_refused', '>', now - RECENT * DAY)
      .where((rows: Rows) => rows.not(isUsable(rows, 'k', now))),
  );
  const shared = await firstOf(keys().where('k.owner', 'is', null));
  const idle = await usersWithoutKey(db, (rows) => isUsable(rows, 'k', now));

  const findings = [
    ...aboutKeys(expiring, (names) =>
      warning(
        `keys expire within ${SOON} days, and their users have no other: ${names}`,
        'register new keys with `ajwtd key add USER FILE --staged`, or extend them with `ajwtd key set`',
      ),
    ),
    ...aboutKeys(old, (names) =>
      warning(
        `requests in the last ${RECENT} days named keys that are revoked, retired or expired: ${names}`,
        'ask these callers to sign with their new key; after a leak, find out who sends the requests',
      ),
    ),
    ...aboutKeys(shared, (names) =>
      warning(
        `several users share a key, and can sign as one another: ${names}`,
        'ask all of them except one to create a new key',
      ),
    ),
    ...aboutKeys(staged, (names) =>
      hint(
        `keys were registered as replacements more than ${STAGED} days ago, but never used: ${names}`,
        'ask their users to sign with them, or revoke them with `ajwtd key revoke`',
      ),
    ),
    ...idle,
    ...(await unreadableKeys(db)),
  ];
  return findings.length > 0 ? findings : [ok('no key needs attention')];
}

/** The first rows of a query, and the number of all. */
interface Found {
  readonly rows: readonly { readonly username: string; readonly fingerprint: string }[];
  readonly count: number;
}

// biome-ignore lint/suspicious/noExplicitAny: any selection of keys
async function firstOf(query: any): Promise<Found> {
  const { count } = await query.select(sql`count(*)`.as('count')).executeTakeFirstOrThrow();
  if (Number(count) === 0) return { rows: [], count: 0 };
  const rows = await query.select(['u.username', 'k.fingerprint']).orderBy('k.id').limit(MOST_NAMES).execute();
  return { rows, count: Number(count) };
}

function aboutKeys({ rows, count }: Found, make: (names: string) => Finding): readonly Finding[] {
  if (count === 0) return [];
  const names = rows.map(({ username, fingerprint }) => `"${username}" ${fingerprint}`);
  return [make(someOf(names, count))];
}

/** Finds enabled users who cannot sign any request. */
async function usersWithoutKey(
  db: AnyDatabase,
  isUsable: (rows: Rows) => Expression<SqlBool>,
): Promise<readonly Finding[]> {
  const users = db
    .selectFrom('ajwt_user as u')
    .where('u.disabled', '=', 0)
    .where((rows: Rows) => {
      const keys = db.selectFrom('ajwt_key as k').select(sql`1`.as('one')).whereRef('k.user_id', '=', 'u.id');
      return rows.not(rows.exists(keys.where(isUsable)));
    })
    .where((rows: Rows) => {
      const sets = db.selectFrom('ajwt_key_set as s').select(sql`1`.as('one')).whereRef('s.user_id', '=', 'u.id');
      return rows.not(rows.exists(sets));
    });
  const { count } = await users.select(sql`count(*)`.as('count')).executeTakeFirstOrThrow();
  if (Number(count) === 0) return [];
  const rows = await users.select('u.username').orderBy('u.id').limit(MOST_NAMES).execute();
  const names = someOf(
    rows.map(({ username }) => `"${username}"`),
    Number(count),
  );
  const todo = 'register a key with `ajwtd key add USER FILE`, or disable them with `ajwtd user disable`';
  return [hint(`users have no usable key, so all their requests are refused: ${names}`, todo)];
}

/** Finds keys that this server does not accept, although they are registered: someone has changed the tables by hand. */
async function unreadableKeys(db: AnyDatabase): Promise<readonly Finding[]> {
  const unreadable: string[] = [];
  let parsed = 0;
  for (let last = 0; parsed < MOST_PARSED; ) {
    const page = await db
      .selectFrom('ajwt_key')
      .select(['id', 'fingerprint', 'public_key'])
      .where('id', '>', last)
      .orderBy('id')
      .limit(PAGE)
      .execute();
    for (const { fingerprint, public_key: text } of page) {
      const why = whyUnreadable(String(text), String(fingerprint));
      if (why !== undefined) unreadable.push(`${fingerprint} (${why})`);
    }
    parsed += page.length;
    if (page.length < PAGE) break;
    last = Number(page.at(-1)?.id);
  }
  const checked = parsed < MOST_PARSED ? [] : [hint(`only the oldest ${MOST_PARSED} keys were parsed`)];
  if (unreadable.length === 0) return checked;
  const todo = 'remove these rows, and register the keys again with `ajwtd key add`';
  return [problem(`stored keys cannot be used: ${someOf(unreadable)}`, todo), ...checked];
}

function whyUnreadable(text: string, fingerprint: string): string | undefined {
  try {
    return PublicKey.from(text).fingerprint === fingerprint ? undefined : 'its fingerprint is wrong';
  } catch (error) {
    // PublicKey.from() treats a file path as a programming error.
    if (!(error instanceof KeyError || error instanceof TypeError)) throw error;
    return error instanceof KeyError ? error.code : 'malformed';
  }
}
