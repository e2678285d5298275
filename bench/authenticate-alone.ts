/** Runs one contender of `npm run bench authenticate` in a separate process: `authenticate-alone.ts KIND NAME` prints its rows as JSON. */
import { type AuthenticateName, benchAuthenticate } from './authenticate.ts';
import { KINDS, type Kind } from './kinds.ts';

const [title, name] = process.argv.slice(2);
const kind = KINDS.find((one) => one.title === title) as Kind;
console.log(JSON.stringify(await benchAuthenticate(kind, name as AuthenticateName)));
