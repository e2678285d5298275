/** The commands. Each is loaded when it is called, so that none waits for what another needs. */
import { type CommandEntry, completion } from 'ajwt-cli-kit';

type UserCommand = keyof typeof import('./user.ts');
type KeyCommand = keyof typeof import('./key.ts');
type JwksCommand = keyof typeof import('./jwks.ts');

const user = (summary: string, name: UserCommand): CommandEntry => ({
  summary,
  load: async () => (await import('./user.ts'))[name],
});
const key = (summary: string, name: KeyCommand): CommandEntry => ({
  summary,
  load: async () => (await import('./key.ts'))[name],
});
const jwks = (summary: string, name: JwksCommand): CommandEntry => ({
  summary,
  load: async () => (await import('./jwks.ts'))[name],
});

export const COMMANDS: ReadonlyMap<string, CommandEntry> = new Map([
  ['serve', { summary: 'let signed requests in', load: async () => (await import('./serve.ts')).serve }],
  ['user add', user('add a user', 'userAdd')],
  ['user list', user('list the users', 'userList')],
  ['user show', user('show a user and its keys', 'userShow')],
  ['user disable', user('refuse all requests of a user', 'userDisable')],
  ['user enable', user('let a disabled user in again', 'userEnable')],
  ['user remove', user('remove a user and its keys', 'userRemove')],
  ['key add', key('register a public key for a user', 'keyAdd')],
  ['key list', key('list the keys, of one user or of all', 'keyList')],
  ['key set', key('change the comment of a key, or when it expires', 'keySet')],
  ['key retire', key('end a key that another one has replaced', 'keyRetire')],
  ['key revoke', key('revoke a key, for good', 'keyRevoke')],
  ['jwks add', jwks('trust a user by keys that are published elsewhere', 'jwksAdd')],
  ['jwks list', jwks('list the key sets, of one user or of all', 'jwksList')],
  ['jwks remove', jwks('no longer trust a user by a key set', 'jwksRemove')],
  [
    'doctor',
    { summary: 'what of a Django site would stop working', load: async () => (await import('./doctor.ts')).doctor },
  ],
  ['audit', { summary: 'show who changed what', load: async () => (await import('./audit.ts')).audit }],
  ['migrate', { summary: 'bring the database up to date', load: async () => (await import('./migrate.ts')).migrate }],
  ['completion', completion('ajwtd', () => COMMANDS)],
]);
