/** The commands of `ajwtd`. */
import { type CommandEntry, completion } from 'ajwt-cli-kit';

type UserCommand = keyof typeof import('./user.ts');
type KeyCommand = keyof typeof import('./key.ts');
type ConfigCommand = keyof typeof import('./config.ts');
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
const config = (summary: string, name: ConfigCommand): CommandEntry => ({
  summary,
  load: async () => (await import('./config.ts'))[name],
});

const decisions: CommandEntry = {
  summary: 'show decisions of a running server as they happen',
  load: async () => (await import('./decisions.ts')).decisions,
};

export const COMMANDS: ReadonlyMap<string, CommandEntry> = new Map([
  [
    'serve',
    {
      summary: 'run the server, for forward-auth or as a reverse proxy',
      load: async () => (await import('./serve.ts')).serve,
    },
  ],
  ['user add', user('add a user', 'userAdd')],
  ['user list', user('list users', 'userList')],
  ['user show', user('show a user and its keys', 'userShow')],
  ['user disable', user('refuse all requests from a user', 'userDisable')],
  ['user enable', user('accept requests from a disabled user again', 'userEnable')],
  ['user remove', user('remove a user and its keys', 'userRemove')],
  ['key add', key('register a public key for a user', 'keyAdd')],
  ['key list', key('list the keys of one user or of all users', 'keyList')],
  ['key set', key('change the comment or expiry date of a key', 'keySet')],
  ['key retire', key('retire a key that has been replaced', 'keyRetire')],
  ['key revoke', key('revoke a key permanently', 'keyRevoke')],
  ['jwks add', jwks('trust the keys that a URL publishes for a user', 'jwksAdd')],
  ['jwks list', jwks('list the JWK sets of one user or of all users', 'jwksList')],
  ['jwks remove', jwks('stop trusting a JWK set for a user', 'jwksRemove')],
  ['config check', config('check a configuration file', 'configCheck')],
  ['config print', config('print the configuration, and where each value comes from', 'configPrint')],
  [
    'doctor',
    {
      summary: 'examine the installation, or the database of a Django site',
      load: async () => (await import('./doctor.ts')).doctor,
    },
  ],
  ['decisions', decisions],
  ['audit', { summary: 'show who changed what', load: async () => (await import('./audit.ts')).audit }],
  [
    'migrate',
    { summary: 'create the database tables, or update them', load: async () => (await import('./migrate.ts')).migrate },
  ],
  ['completion', completion('ajwtd')],
]);
