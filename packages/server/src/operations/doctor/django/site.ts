/** Reads the keys and JWK sets of a Django site, in pages. */
import { CommandError } from 'ajwt-cli-kit';
import { type Kysely, sql } from 'kysely';

/** The table of the site's users, and its columns. */
export interface UsersTable {
  readonly table: string;
  readonly id: string;
  readonly username: string;
}

export const KEYS = 'asymmetric_jwt_auth_publickey';
export const KEY_SETS = 'asymmetric_jwt_auth_jwksendpointtrust';

/** A key or the URL of a JWK set, with its user. */
export interface SiteRow {
  readonly id: unknown;
  readonly user_id: unknown;
  readonly username: string;
  readonly active: boolean;
  /** The key as a string, or the URL. */
  readonly value: string;
}

const PAGE = 1000;

/** A site whose tables can be read. */
export interface Site {
  keys(): AsyncIterable<SiteRow>;
  keySets(): AsyncIterable<SiteRow>;
}

// biome-ignore lint/suspicious/noExplicitAny: the site's own tables
type AnyDatabase = Kysely<any>;

/** Checks that the tables exist. @throws CommandError if a table or column is missing */
export async function readSite(db: AnyDatabase, users: UsersTable): Promise<Site> {
  const columns = new Map<string, Set<string>>();
  for (const table of await db.introspection.getTables()) {
    columns.set(table.name, new Set(table.columns.map(({ name }) => name)));
  }
  const need = (table: string, column: string) => {
    if (columns.get(table)?.has(column)) return;
    throw new CommandError(
      `the database has no table ${table} with a column ${column}; pass the database of a Django site that uses asymmetric_jwt_auth`,
    );
  };
  for (const column of ['id', 'user_id', 'key']) need(KEYS, column);
  for (const column of [users.id, users.username]) need(users.table, column);
  const hasActive = columns.get(users.table)?.has('is_active') === true;

  async function* pagesOf(table: string, value: string): AsyncGenerator<SiteRow> {
    let last: unknown;
    for (;;) {
      let page = db
        .selectFrom(`${table} as r`)
        .innerJoin(`${users.table} as u`, `u.${users.id}`, 'r.user_id')
        .select(['r.id as id', 'r.user_id as user_id', `r.${value} as value`, `u.${users.username} as username`])
        .select(hasActive ? 'u.is_active as active' : sql.lit(1).as('active'))
        .orderBy('r.id')
        .limit(PAGE);
      if (last !== undefined) page = page.where('r.id', '>', last);
      const rows = await page.execute();
      for (const row of rows) yield { ...row, active: row.active === true || row.active === 1 };
      if (rows.length < PAGE) return;
      last = rows.at(-1)?.id;
    }
  }

  return {
    keys: () => pagesOf(KEYS, 'key'),
    keySets: async function* () {
      // Versions of the Python package before 1.0 have no such table.
      if (columns.has(KEY_SETS)) yield* pagesOf(KEY_SETS, 'jwks_url');
    },
  };
}
