/** Examines all rows of a site, and finds those that would stop working. */
import { readKey, whyOdd } from './checks.ts';
import { whyNotFetched } from './jwks-url.ts';
import type { Finding, Problem } from './problems.ts';
import { KEY_SETS, KEYS, type Site, type SiteRow } from './site.ts';

/** The result of an examination. */
export interface Examination {
  readonly findings: readonly Finding[];
  /** Numbers of examined rows. Only users with a key or a JWK set are counted. */
  readonly users: number;
  readonly keys: number;
  readonly keySets: number;
}

/** Maximum number of keys of one type that the server tries for a token without a `kid`. */
const TRIES = 4;

interface User {
  readonly row: SiteRow;
  /** Number of keys, by type and size. */
  readonly kinds: Map<string, number>;
}

/** Examines a site. @param usersTable - name of the table of users, for the findings */
export async function examine(site: Site, usersTable: string): Promise<Examination> {
  const findings: Finding[] = [];
  const users = new Map<string, User>();
  const owners = new Map<string, SiteRow>();
  let [keys, keySets] = [0, 0];

  function find(problem: Problem, { username }: SiteRow, table: string, id: unknown, detail: string): void {
    findings.push({ problem, username, table, id: String(id), detail });
  }

  function userOf(row: SiteRow): User {
    const id = String(row.user_id);
    const user = users.get(id) ?? { row, kinds: new Map() };
    users.set(id, user);
    return user;
  }

  function examineKey(row: SiteRow): void {
    const { kinds } = userOf(row);
    const key = readKey(row.value);
    if ('problem' in key) {
      find(key.problem, row, KEYS, row.id, key.detail);
      return;
    }
    const kind = `${key.type} ${key.curve ?? key.bits}`;
    kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
    const owner = owners.get(key.kid);
    if (owner === undefined) owners.set(key.kid, row);
    else if (String(owner.user_id) !== String(row.user_id)) {
      find('duplicate_key', row, KEYS, row.id, `${owner.username} has the same key (row ${owner.id})`);
    }
  }

  function examineUser({ row, kinds }: User): void {
    const odd = whyOdd(row.username);
    if (odd !== undefined) find('username', row, usersTable, row.user_id, odd);
    if (!row.active) find('inactive_user', row, usersTable, row.user_id, 'requests of this user would be refused');
    for (const [kind, count] of kinds) {
      if (count > TRIES) find('many_keys', row, usersTable, row.user_id, `the user has ${count} keys of type ${kind}`);
    }
  }

  for await (const row of site.keys()) {
    keys += 1;
    examineKey(row);
  }
  for await (const row of site.keySets()) {
    keySets += 1;
    userOf(row);
    const why = whyNotFetched(row.value);
    if (why !== undefined) find('jwks_url', row, KEY_SETS, row.id, why);
  }
  for (const user of users.values()) examineUser(user);
  return { findings, users: users.size, keys, keySets };
}
