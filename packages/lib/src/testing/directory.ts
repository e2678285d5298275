/** The contract of directories of users and public keys. It adds to the contract of key stores. */
import { checkMembers } from '../core/options.ts';
import { PrivateKey } from '../keys/private-key.ts';
import { PublicKey } from '../keys/public-key.ts';
import { type ContractCase, same } from './contract.ts';
import { type DirectoryFixture, directoryCase, HINT, newKey, refused, statesOf } from './directory-fixture.ts';
import { jwksCases } from './directory-jwks.ts';
import { rotationCases } from './directory-rotation.ts';

/** Usernames that some collations treat as equal. */
const TWINS = ['guido', 'Guido', 'GUIDO', 'gu\u0131do', 'é', 'e\u0301', 'É', 'ß', 'ss', '\u{1f600}', '\u{1f601}'];
const STRANGERS = ['guido ', ' guido', 'guidO', 'e', 'S', '\ufeffguido', 'guido\u0000', '\ud800', ''];
const NO_USERNAMES = ['', ' guido', 'guido ', 'guido\n', 'a\u0000b', 'u'.repeat(601), '\ud800'];

/**
 * Returns the cases of the contract of directories.
 *
 * @param fixture - creates the directory under test
 * @returns cases whose `run` rejects with ContractError if a rule is violated, or with an error of the directory
 * @throws TypeError for a member of the fixture that is unknown, missing or of the wrong type
 *
 * @example
 * ```ts
 * import { nodeSqliteDialect, sqlDirectory } from 'asymmetric-jwt-auth/sql';
 * import { directoryContract } from 'asymmetric-jwt-auth/testing';
 * import { Kysely } from 'kysely';
 *
 * let db: Kysely<unknown>;
 * async function make(now: () => number) {
 *   db = new Kysely({ dialect: nodeSqliteDialect(':memory:') });
 *   await sqlDirectory(db).migrate();
 *   return sqlDirectory(db, { now });
 * }
 * const cases = directoryContract({ make, again: (directory) => directory, dispose: () => db.destroy() });
 * await cases[0]?.run(); // or, with a test runner: for (const { name, run } of cases) test(name, run);
 * ```
 */
export function directoryContract(fixture: DirectoryFixture): ContractCase[] {
  checkMembers('fixture', fixture, { make: 'function', again: 'function', dispose: 'function' }, ['make', 'again']);
  const contractCase = (name: string, body: Parameters<typeof directoryCase>[2]) => directoryCase(fixture, name, body);

  return [
    contractCase('adds a user once, and disables, enables and removes it', async ({ directory, other }) => {
      same(await directory.addUser('guido'), { username: 'guido', disabled: false, created: 1000 }, 'added');
      await refused(other.addUser('guido'), 'user_exists', 'addUser');
      same(await directory.setDisabled('guido', true), { audited: true }, 'setDisabled');
      same((await other.find('guido', HINT))?.disabled, true, 'disabled, according to find()');
      same((await other.getUser('guido')).disabled, true, 'disabled');
      await other.setDisabled('guido', false);
      same((await directory.find('guido', HINT))?.disabled, false, 'enabled, according to find()');
      await directory.addKey('guido', await newKey());
      await directory.removeUser('guido');
      same((await other.find('guido', HINT)) === undefined, true, 'no user after removal');
      same((await other.listKeys()).items, [], 'keys after removal');
    }),

    contractCase('refuses to read or change an unknown user', async ({ directory }) => {
      const key = await newKey();
      for (const work of [
        () => directory.getUser('nobody'),
        () => directory.setDisabled('nobody', true),
        () => directory.removeUser('nobody'),
        () => directory.listKeys({ username: 'nobody' }),
        () => directory.addKey('nobody', key),
      ]) {
        await refused(work(), 'unknown_user', String(work));
      }
      same((await directory.listAudit()).items, [], 'audit trail after the refused changes');
    }),

    contractCase('refuses usernames that no token can have', async ({ directory }) => {
      const key = await newKey();
      for (const username of NO_USERNAMES) {
        await refused(directory.addUser(username), 'bad_username', JSON.stringify(username));
        await refused(directory.addKey(username, key, { createUser: true }), 'bad_username', JSON.stringify(username));
      }
      same((await directory.listUsers()).items, [], 'users');
    }),

    contractCase('compares usernames exactly, and sorts them by code point', async ({ directory }) => {
      for (const username of TWINS) await directory.addUser(username);
      for (const username of TWINS) {
        same((await directory.getUser(username)).username, username, 'getUser');
        same((await directory.find(username, HINT))?.username, username, 'find');
        await refused(directory.addUser(username), 'user_exists', username);
      }
      const sorted = [...TWINS].map((name) => [...name]).sort(byCodePoints);
      const listed = (await directory.listUsers()).items.map(({ username }) => username);
      same(
        listed,
        sorted.map((letters) => letters.join('')),
        'order',
      );
      for (const stranger of STRANGERS) {
        same(
          (await directory.find(stranger, HINT)) === undefined,
          true,
          `find(${JSON.stringify(stranger)}) finds no user`,
        );
        await refused(directory.getUser(stranger), 'unknown_user', JSON.stringify(stranger));
      }
    }),

    contractCase('lists users in pages, and finds users by a part of their name', async ({ directory }) => {
      const names = ['ann', 'Anna', 'bob', 'hannah', 'joe', '100%', 'under_score', 'Жук'].sort();
      for (const name of names) await directory.addUser(name);
      const seen: string[] = [];
      for (let after: string | undefined; ; ) {
        const page = await directory.listUsers({ after, limit: 3 });
        seen.push(...page.items.map(({ username }) => username));
        after = page.next;
        if (after === undefined) break;
        same(page.items.length, 3, 'items of each page except the last');
      }
      same(seen, names, 'all pages');
      const found = async (search: string) =>
        (await directory.listUsers({ search })).items.map(({ username }) => username);
      same(await found('ANN'), ['Anna', 'ann', 'hannah'], 'ANN');
      same(await found('%'), ['100%'], '%');
      same(await found('_'), ['under_score'], '_');
      same(await found('Жу'), ['Жук'], 'Жу');
      same(await found('nobody'), [], 'nobody');
      for (const query of [{ limit: 0 }, { limit: 1001 }, { limit: 1.5 }, { search: 'a\u0000' }, { after: '\ud800' }]) {
        await refused(directory.listUsers(query), 'bad_query', JSON.stringify(query));
      }
      await refused(directory.listKeys({ after: 'x' }), 'bad_query', 'listKeys');
    }),

    contractCase('stores comments, and times with fractions of a second', async ({ directory, setClock }) => {
      setClock(1000.25);
      const comment = '\u{1f600}'.repeat(250);
      const key = PublicKey.from((await newKey()).toOpenSsh('laptop'));
      const { added, userAdded, key: first } = await directory.addKey('guido', key, { createUser: true });
      same([added, userAdded, first.comment, first.created], [true, true, 'laptop', 1000.25], 'a new key');
      const again = await directory.addKey('guido', key, { comment, expires: 5000.5 });
      same([again.added, again.key.comment, again.key.expires], [false, comment, 5000.5], 'added again');
      const [changed] = await directory.changeKey(key.thumbprint, { comment: '', expires: null });
      same([changed?.comment, changed?.expires], ['', null], 'changed');
      const { items } = await directory.listKeys({ username: 'guido' });
      same(
        items.map(({ fingerprint, kid, thumbprint, state }) => [fingerprint, kid, thumbprint, state]),
        [[key.fingerprint, key.kid, key.thumbprint, 'active']],
        'listed',
      );
      const { publicKey } = await PrivateKey.generate('rsa', { bits: 2048 });
      await directory.addKey('guido', PublicKey.from(publicKey.toPem(), { alg: 'PS256' }));
      const found = (await directory.find('guido', HINT))?.keys.map(({ key: one }) => one.algorithms);
      same(JSON.stringify(found).includes('["PS256"]'), true, 'a key registered for one algorithm');
    }),

    contractCase('refuses invalid comments and expiry times', async ({ directory }) => {
      const key = await newKey();
      await directory.addKey('guido', key, { createUser: true });
      for (const comment of ['a\u001b[31m', 'a\nb', '\u202e', 'x'.repeat(501), '\ud800']) {
        await refused(directory.changeKey(key.kid, { comment }), 'bad_comment', JSON.stringify(comment));
      }
      for (const expires of [1000, 0, Number.NaN, Number.POSITIVE_INFINITY]) {
        await refused(directory.changeKey(key.kid, { expires }), 'bad_expiry', String(expires));
        await refused(directory.addKey('guido', key, { expires }), 'bad_expiry', String(expires));
      }
    }),

    contractCase(
      'expires a key at its expiry time, and returns this time with the user',
      async ({ directory, setClock }) => {
        const key = await newKey();
        await directory.addKey('guido', key, { createUser: true, expires: 2000 });
        same((await directory.find('guido', HINT))?.validUntil, 2000, 'until');
        setClock(2000);
        same(await statesOf(directory, 'guido'), { [key.fingerprint]: 'expired' }, 'state');
      },
    ),

    contractCase('never accepts a revoked key again', async ({ directory, other }) => {
      for (const name of ['fingerprint', 'kid', 'thumbprint'] as const) {
        const key = await newKey();
        await directory.addKey('guido', key, { createUser: true });
        same((await directory.revokeKey(key[name])).revoked, true, `revoked by ${name}`);
        same((await statesOf(other, 'guido'))[key.fingerprint], 'revoked', 'state');
        same((await other.revokeKey(key[name])).revoked, false, 'revoked again');
        for (const username of ['guido', 'ada']) {
          const options = { createUser: true, allowShared: true };
          await refused(other.addKey(username, key, options), 'key_revoked', username);
        }
        await refused(other.changeKey(key.kid, { expires: null }), 'key_revoked', 'changeKey');
        await refused(other.retireKey(key.kid, { force: true }), 'key_revoked', 'retireKey');
        await directory.removeUser('guido');
        await refused(
          other.addKey('ada', key, { createUser: true }),
          'key_revoked',
          'addKey() after the user was removed',
        );
      }
      for (const id of ['SHA256:nothing', '', 'x\u0000', 'f'.repeat(64)]) {
        await refused(directory.revokeKey(id), 'unknown_key', JSON.stringify(id));
      }
    }),

    contractCase('lets only one user have a key, unless sharing is allowed', async ({ directory, other }) => {
      const key = await newKey();
      await directory.addKey('guido', key, { createUser: true });
      await refused(other.addKey('ada', key, { createUser: true }), 'key_conflict', 'addKey');
      same((await other.listUsers()).items.length, 1, 'users after the refused change');
      await other.addKey('ada', key, { createUser: true, allowShared: true });
      await refused(other.addKey('eve', key, { createUser: true }), 'key_conflict', 'a third');
      for (const name of ['guido', 'ada']) same(await statesOf(directory, name), { [key.fingerprint]: 'active' }, name);
      await directory.removeUser('guido');
      same(await statesOf(directory, 'ada'), { [key.fingerprint]: 'active' }, 'keys of ada after guido was removed');
      await directory.addKey('guido', key, { createUser: true, allowShared: true });
      same((await directory.revokeKey(key.kid)).keys.length, 2, 'revoked keys');
      for (const name of ['guido', 'ada']) {
        same(
          await statesOf(other, name),
          { [key.fingerprint]: 'revoked' },
          `keys of ${name} after the key was revoked`,
        );
      }
    }),

    contractCase('lets exactly one of several concurrent callers add a key or a user', async ({ directory, other }) => {
      for (let round = 0; round < 3; round++) {
        const key = await newKey();
        const outcomes = await Promise.allSettled(
          ['a', 'b', 'c', 'd'].map((letter, index) =>
            (index % 2 === 0 ? directory : other).addKey(`${letter}${round}`, key, { createUser: true }),
          ),
        );
        same(outcomes.filter(({ status }) => status === 'fulfilled').length, 1, 'users who have the key');
        same((await directory.listUsers()).items.length, round + 1, 'users');
      }
      const added = await Promise.allSettled([directory, other, directory, other].map((one) => one.addUser('same')));
      same(added.filter(({ status }) => status === 'fulfilled').length, 1, 'callers that added the user');
    }),

    ...rotationCases(fixture),
    ...jwksCases(fixture),
  ];
}

function byCodePoints(one: readonly string[], other: readonly string[]): number {
  for (const [index, letter] of one.entries()) {
    const difference = (letter.codePointAt(0) as number) - (other[index]?.codePointAt(0) ?? -1);
    if (difference !== 0) return difference;
  }
  return one.length - other.length;
}
