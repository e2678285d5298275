/** The cases about rotating keys, and about the audit trail. */
import type { VerificationKey } from '../core/contracts.ts';
import type { Directory } from '../key-stores/directory/directory.ts';
import { type ContractCase, same } from './contract.ts';
import { type DirectoryFixture, directoryCase, newKey, refused, statesOf } from './directory-fixture.ts';

export function rotationCases(fixture: DirectoryFixture): ContractCase[] {
  const contractCase = (name: string, body: Parameters<typeof directoryCase>[2]) => directoryCase(fixture, name, body);

  return [
    contractCase(
      'lets a staged key replace another key after its first use',
      async ({ directory, other, setClock }) => {
        const [old, next] = [await newKey(), await newKey()];
        await directory.addKey('guido', old, { createUser: true });
        await directory.addKey('guido', next, { staged: true });
        const [one, two] = [old.fingerprint, next.fingerprint];
        same(await statesOf(other, 'guido'), { [one]: 'active', [two]: 'staged' }, 'before rotation');
        await refused(directory.retireKey(one), 'not_replaced', 'retireKey before the new key was used');
        other.recordUse(next, 1500.5);
        await other.close();
        setClock(2000);
        same((await directory.retireKey(one))[0]?.retired, 2000, 'retired');
        same(await statesOf(other, 'guido'), { [one]: 'retired', [two]: 'active' }, 'after rotation');
        await refused(directory.retireKey(two), 'not_replaced', 'retireKey of the last key');
        same((await directory.retireKey(two, { force: true }))[0]?.state, 'retired', 'key retired by force');
        same((await directory.addKey('guido', old)).key.state, 'active', 'added again');
      },
    ),

    contractCase('records when each key was first used, last used and last refused', async ({ directory, other }) => {
      const [key, idle] = [await newKey(), await newKey()];
      for (const one of [key, idle]) await directory.addKey('guido', one, { createUser: true });
      directory.recordUse(key, 1200.9);
      other.recordUse(key, 1100.2);
      other.recordRefusal(idle.kid, 1300);
      other.recordRefusal('f'.repeat(64), 1300);
      other.recordRefusal("x'\u0000", 1300);
      await directory.close();
      await other.close();
      const times = async () =>
        (await directory.listKeys()).items.map(({ firstUsed, lastUsed, lastRefused }) => [
          firstUsed,
          lastUsed,
          lastRefused,
        ]);
      same((await times())[1], [null, null, 1300], 'a key that was refused');
      const [first, last] = ((await times())[0] ?? []) as number[];
      same([[1100, 1200].includes(first as number), last], [true, 1200], 'a key that two processes used');
      directory.recordUse(key, 1250);
      await directory.close();
      same((await times())[0], [first, 1250, null], 'used again');
      await directory.removeUser('guido');
      await directory.addKey('guido', key, { createUser: true });
      same(await times(), [[null, null, null]], 'times after the user was removed');
    }),

    contractCase('counts the keys that expire soon', async ({ directory, setClock }) => {
      setClock(1000);
      const keys = await Promise.all(Array.from({ length: 5 }, newKey));
      for (const [index, key] of keys.entries()) {
        await directory.addKey('guido', key, { createUser: true, expires: 2000 + index });
      }
      await directory.addKey('guido', await newKey());
      await directory.revokeKey((keys[1] as VerificationKey).kid);
      await directory.retireKey((keys[2] as VerificationKey).kid, { force: true });
      const counts = async () => [await directory.countExpiringKeys(2000), await directory.countExpiringKeys(2003)];
      same(await counts(), [1, 2], 'keys that expire soon');
      setClock(2000);
      same(await counts(), [0, 1], 'after the first has expired');
    }),

    contractCase(
      'writes every change and its actor to the audit trail, with the newest last',
      async ({ directory, setClock }) => {
        const [key, next] = [await newKey(), await newKey()];
        const cli: Directory = directory.withActor('cli:root');
        await directory.addKey('guido', key, { createUser: true, comment: 'laptop' });
        setClock(1001);
        await cli.setDisabled('guido', true);
        await cli.setDisabled('guido', true);
        await cli.setDisabled('guido', false);
        await cli.changeKey(key.kid, { expires: 9000 });
        await cli.addKey('guido', next, { staged: true });
        directory.recordUse(next, 1001);
        await directory.close();
        await cli.retireKey(key.kid);
        await cli.revokeKey(key.kid);
        await cli.removeUser('guido');
        await cli.addUser('ada');
        await refused(cli.addUser('ada'), 'user_exists', 'addUser');
        const { items } = await directory.listAudit();
        same(
          items.map(({ at, actor, action, subject }) => [at, actor, action, subject]),
          [
            [1000, 'application', 'user.add', 'guido'],
            [1000, 'application', 'key.add', 'guido'],
            ...[
              'user.disable',
              'user.enable',
              'key.change',
              'key.add',
              'key.retire',
              'key.promote',
              'key.revoke',
              'user.remove',
            ].map((action) => [1001, 'cli:root', action, 'guido']),
            [1001, 'cli:root', 'user.add', 'ada'],
          ],
          'trail',
        );
        const { fingerprint, comment } = items[1]?.details ?? {};
        same([fingerprint, comment], [key.fingerprint, 'laptop'], 'details');
        same((await directory.listAudit({ subject: 'ada' })).items.length, 1, 'entries of one user');
        const newest = (await directory.listAudit({ newest: true, limit: 2 })).items.map(({ action }) => action);
        same(newest, ['user.remove', 'user.add'], 'the two newest entries');
        const page = await directory.listAudit({ limit: 4 });
        const rest = await directory.listAudit({ after: page.next, limit: 1000 });
        same([page.items.length, rest.items.length, rest.next], [4, 7, undefined], 'pages');
      },
    ),

    contractCase(
      'adds audit entries of all processes at the end, so that a reader misses none',
      async ({ directory, other }) => {
        const names = Array.from({ length: 12 }, (_, index) => `user${index}`);
        const seen: string[] = [];
        const adding = Promise.all(names.map((name, index) => (index % 2 === 0 ? directory : other).addUser(name)));
        let isOver = false;
        const end = adding.then(() => {
          isOver = true;
        });
        // Reads pages while both processes write entries. In the end, no entry may be missing.
        for (let after: string | undefined; ; ) {
          const last = isOver;
          const { items } = await directory.listAudit({ after });
          seen.push(...items.map(({ subject }) => subject));
          after = items.at(-1)?.id ?? after;
          if (last) break;
          // A database in this process never yields to the event loop, but the changes need it.
          await new Promise((resolve) => setTimeout(resolve));
        }
        await end;
        same([...seen].sort(), [...names].sort(), 'subjects');
      },
    ),
  ];
}
