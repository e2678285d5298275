/** The cases about users' JWK sets. */
import type { ContractCase } from './contract.ts';
import { same } from './contract.ts';
import { type DirectoryFixture, directoryCase, HINT, newKey, refused } from './directory-fixture.ts';

const URL_OF_SET = 'https://acme.example/.well-known/jwks.json';
/** URLs that are refused, with the code of the error. */
const BAD_URLS: readonly (readonly [string, 'bad_url' | 'forbidden_address'])[] = [
  ['', 'bad_url'],
  ['acme.example', 'bad_url'],
  ['http://acme.example/jwks.json', 'bad_url'],
  ['file:///etc/passwd', 'bad_url'],
  ['https://u:p@acme.example/jwks.json', 'bad_url'],
  ['https://u@acme.example/jwks.json', 'bad_url'],
  ['https://@acme.example/jwks.json', 'bad_url'],
  ['https://acme.example\\@127.0.0.1/jwks.json', 'bad_url'],
  ['https://acme.example/jwks.json\n', 'bad_url'],
  [' https://acme.example/jwks.json', 'bad_url'],
  [`https://acme.example/${'x'.repeat(2048)}`, 'bad_url'],
  // This URL is too long after percent-encoding.
  [`https://acme.example/${'é'.repeat(600)}`, 'bad_url'],
  ['https://127.0.0.1/jwks.json', 'forbidden_address'],
  ['https://2130706433/jwks.json', 'forbidden_address'],
  ['https://0x7f.1/jwks.json', 'forbidden_address'],
  ['https://10.0.0.1:8443/', 'forbidden_address'],
  ['https://169.254.169.254/', 'forbidden_address'],
  ['https://[::1]/', 'forbidden_address'],
  ['https://[::ffff:192.168.0.1]/', 'forbidden_address'],
  ['https://[fd00::1]/', 'forbidden_address'],
];

export function jwksCases(fixture: DirectoryFixture): ContractCase[] {
  const contractCase = (name: string, body: Parameters<typeof directoryCase>[2]) => directoryCase(fixture, name, body);

  return [
    contractCase(
      'adds each JWK set of a user once, and returns it with the keys of the user',
      async ({ directory, other }) => {
        const first = await directory.addJwks('acme', URL_OF_SET, { createUser: true });
        const jwks = { username: 'acme', url: URL_OF_SET, created: 1000 };
        same(first, { jwks, added: true, userAdded: true }, 'added');
        const again = await other.addJwks('acme', URL_OF_SET, { createUser: true });
        same(again, { jwks, added: false, userAdded: false }, 'added again');
        const keys = await Promise.all([newKey(), newKey(), newKey()]);
        for (const key of keys) await directory.addKey('acme', key);
        await directory.addJwks('acme', 'https://second.example/jwks.json');
        const found = await other.find('acme', HINT);
        same(found?.jwksUrls, [URL_OF_SET, 'https://second.example/jwks.json'], 'JWK sets that a request finds');
        same(found?.keys.map(({ key }) => key.kid).sort(), keys.map(({ kid }) => kid).sort(), 'keys');
        await directory.addUser('globex');
        same((await directory.find('globex', HINT))?.jwksUrls, [], 'JWK sets of another user');
      },
    ),

    contractCase(
      'treats equivalent URLs as one JWK set, and other URLs as different JWK sets',
      async ({ directory }) => {
        const { jwks } = await directory.addJwks('acme', 'HTTPS://ACME.example:443/a#b', { createUser: true });
        same(jwks.url, 'https://acme.example/a', 'url');
        same((await directory.addJwks('acme', 'https://acme.example/a')).added, false, 'added again');
        for (const url of ['https://acme.example/A', 'https://acme.example/a?', 'https://acme.example/a/']) {
          same((await directory.addJwks('acme', url)).added, true, url);
        }
        await directory.removeJwks('acme', 'https://Acme.example/a#c');
        same((await directory.listJwks()).items.length, 3, 'remaining JWK sets');
        const longest = `https://acme.example/${'x'.repeat(2048 - 'https://acme.example/'.length)}`;
        same((await directory.addJwks('acme', longest)).jwks.url, longest, 'the longest');
      },
    ),

    contractCase(
      'removes a JWK set of one user, and keeps the same JWK set of another user',
      async ({ directory, other }) => {
        for (const username of ['acme', 'globex']) await directory.addJwks(username, URL_OF_SET, { createUser: true });
        same(await other.removeJwks('acme', URL_OF_SET), { audited: true }, 'removed');
        same((await directory.find('acme', HINT))?.jwksUrls, [], 'JWK sets');
        same((await directory.find('globex', HINT))?.jwksUrls, [URL_OF_SET], 'JWK sets of another user');
        await refused(directory.removeJwks('acme', URL_OF_SET), 'unknown_jwks', 'removed again');
        await refused(directory.removeJwks('acme', 'http://x'), 'bad_url', 'no URL');
        await directory.removeUser('globex');
        same((await directory.listJwks()).items, [], 'JWK sets of removed users');
      },
    ),

    contractCase('refuses invalid URLs, and private addresses that are not allowed', async ({ directory }) => {
      for (const [url, code] of BAD_URLS) {
        await refused(directory.addJwks('acme', url, { createUser: true }), code, url);
      }
      same((await directory.listUsers()).items, [], 'users after the refused changes');
      const privateHosts = ['127.0.0.1', '[::1]'];
      for (const url of ['https://127.0.0.1:8443/a', 'https://2130706433/b', 'https://[0::1]/c']) {
        same((await directory.addJwks('acme', url, { createUser: true, privateHosts })).added, true, url);
      }
      await refused(directory.addJwks('acme', 'https://127.0.0.2/', { privateHosts }), 'forbidden_address', 'other');
    }),

    contractCase('refuses to add, list and remove JWK sets of an unknown user', async ({ directory }) => {
      await refused(directory.addJwks('nobody', URL_OF_SET), 'unknown_user', 'addJwks');
      await refused(directory.addJwks('', URL_OF_SET, { createUser: true }), 'bad_username', 'addJwks');
      await refused(directory.listJwks({ username: 'nobody' }), 'unknown_user', 'listJwks');
      await refused(directory.removeJwks('nobody', URL_OF_SET), 'unknown_user', 'removeJwks');
      await refused(directory.listJwks({ limit: 0 }), 'bad_query', 'listJwks');
    }),

    contractCase('lists JWK sets by page, and writes changes to the audit trail', async ({ directory }) => {
      const admin = directory.withActor('admin:ada');
      for (const number of [1, 2, 3]) {
        await admin.addJwks('acme', `https://acme.example/${number}`, { createUser: true });
      }
      await admin.addJwks('globex', URL_OF_SET, { createUser: true });
      const page = await directory.listJwks({ username: 'acme', limit: 2 });
      const rest = await directory.listJwks({ username: 'acme', after: page.next, limit: 2 });
      same(
        [...page.items, ...rest.items].map(({ url }) => url),
        [1, 2, 3].map((number) => `https://acme.example/${number}`),
        'both pages',
      );
      same(rest.next === undefined, true, 'the second page is the last');
      await admin.removeJwks('acme', 'https://acme.example/1');
      await admin.removeUser('acme');
      const { items } = await directory.listAudit({ subject: 'acme' });
      same(
        items.map(({ actor, action, details }) => [actor, action, details]),
        [
          ['admin:ada', 'user.add', {}],
          ...[1, 2, 3].map((number) => ['admin:ada', 'jwks.add', { url: `https://acme.example/${number}` }]),
          ['admin:ada', 'jwks.remove', { url: 'https://acme.example/1' }],
          ['admin:ada', 'user.remove', { keys: [], jwks: ['https://acme.example/2', 'https://acme.example/3'] }],
        ],
        'audit trail',
      );
    }),

    contractCase('adds a JWK set once if several callers add it at the same time', async ({ directory, other }) => {
      const added = await Promise.all(
        [directory, other, directory, other].map((one) => one.addJwks('acme', URL_OF_SET, { createUser: true })),
      );
      same(added.filter((one) => one.added).length, 1, 'callers that added the JWK set');
      same(added.filter((one) => one.userAdded).length, 1, 'callers that added the user');
      same((await directory.listJwks()).items.length, 1, 'JWK sets');
    }),
  ];
}
