/** `npm run demo` shows accepted and refused requests to a real server. With `-- --once`, it exits by itself. */
import { rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { styleText } from 'node:util';
import { createAuthorization, createSignedFetch, PrivateKey } from 'asymmetric-jwt-auth/client';
import { makeKeyFiles } from './keys.ts';
import { ajwtd, startAjwtd, startApi } from './processes.ts';

const bold = (text: string) => styleText('bold', text);
const dim = (text: string) => styleText('dim', text);
const once = process.argv.includes('--once');

const folder = await mkdtemp(join(tmpdir(), 'ajwt-demo-'));
// The folder contains private keys, so it is always deleted when the demo ends.
process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
let isDone = false;
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.once(signal, () => (isDone ? end() : process.exit(1)));
}
const [guido, ada] = await makeKeyFiles(folder);
const guidosKey = await PrivateKey.fromFile(guido.privateFile);
const adasKey = await PrivateKey.fromFile(ada.privateFile);

console.log(bold('Callers make key pairs and keep their private keys'));
for (const { username, madeBy } of [guido, ada]) console.log(`  ${username.padEnd(6)} $ ${madeBy}`);

console.log(bold('\nThe operator registers the public keys'));
for (const { username, publicFile } of [guido, ada]) {
  console.log(`  $ ajwtd key add ${username} ${publicFile.slice(folder.length + 1)}`);
  console.log(`    ${dim(await ajwtd(['key', 'add', username, publicFile], folder))}`);
}

const api = await startApi(folder);
const server = await startAjwtd(
  ['--listen', '127.0.0.1:0', '--admin-listen', 'off', '--upstream', api.url, '--log-level', 'debug'],
  folder,
);
const { url } = server;
console.log(bold('\najwtd runs in front of an API that does not check tokens'));
console.log(`  $ ajwtd serve --upstream ${api.url}`);
console.log(`    ${dim(`listening on ${url}, users, keys and used tokens in ${join(folder, 'ajwt.db')}`)}\n`);

const seconds = Date.now() / 1000;
const good = await createAuthorization({ username: 'guido', key: guidosKey });
const another = await createAuthorization({ username: 'guido', key: guidosKey });
const stranger = await PrivateKey.generate();

const scenes = [
  { title: 'A signed request', authorization: good, expected: 200 },
  { title: 'The same token again', authorization: good, expected: 401 },
  { title: 'A changed claim: the time is a second later', authorization: tampered(another), expected: 401 },
  {
    title: "A stranger's key, with the username guido",
    authorization: await createAuthorization({ username: 'guido', key: stranger }),
    expected: 401,
  },
  {
    title: 'A stale time: signed 37 s ago',
    authorization: await createAuthorization({ username: 'guido', key: guidosKey, now: () => seconds - 37 }),
    expected: 401,
  },
];

let unexpected = 0;
for (const [index, { title, authorization, expected }] of scenes.entries()) {
  console.log(bold(`${index + 1}. ${title}`));
  console.log('   > GET /me');
  console.log(`   > Authorization: ${authorization.slice(0, 40)}…${authorization.slice(-8)}`);
  console.log(dim(`   >   ${claimsOf(authorization)}`));
  const response = await fetch(`${url}/me`, { headers: { authorization } });
  console.log(`   < ${styleText(response.ok ? 'green' : 'red', `${response.status} ${response.statusText}`)}`);
  const challenge = response.headers.get('www-authenticate');
  if (challenge !== null) console.log(`   < WWW-Authenticate: ${challenge}`);
  console.log(`   < ${await response.text()}`);
  const { reason = 'accepted', username } = JSON.parse(await server.nextLine());
  console.log(dim(`   the server's log: ${reason} ${username}\n`));
  if (response.status !== expected) unexpected++;
}

console.log(bold(`${scenes.length + 1}. In practice: createSignedFetch signs each request`));
const signedFetch = createSignedFetch({ username: 'ada', key: adasKey });
for (let count = 0; count < 3; count++) {
  const response = await signedFetch(`${url}/me`);
  console.log(`   < ${response.status} ${await response.text()}`);
  if (response.status !== 200) unexpected++;
}

isDone = true;
if (once) await end();
else {
  console.log(`\n${bold('The server is still running')}; Ctrl-C stops it. Try next:`);
  for (const [command, what] of [
    [`curl -i ${url}/me`, 'no credential: 401 and the challenge'],
    [`npm run -s ajwt fetch -- --user guido --key ${guido.privateFile} ${url}/me`, 'signed by a command'],
    [`npm run -s ajwtd key list -- --database sqlite:${join(folder, 'ajwt.db')}`, 'who may call'],
    ['less spec/LIFECYCLE.md', 'the checks and their order'],
    ['npm run bench', 'how fast it is here'],
  ] as const) {
    console.log(`  ${command}\n    ${dim(what)}`);
  }
}

async function end(): Promise<void> {
  await Promise.all([server.stop(), api.stop()]);
  if (unexpected > 0) console.error(`${unexpected} responses were not as expected`);
  process.exitCode = unexpected > 0 ? 1 : 0;
}

/** Returns the claims, which anyone on the network path can read: nothing in a token is secret. */
function claimsOf(authorization: string): string {
  return Buffer.from(authorization.split('.')[1] ?? '', 'base64url').toString();
}

/** Changes a claim and keeps the signature, like an attacker who hopes that signatures are not checked. */
function tampered(authorization: string): string {
  const [header, , signature] = authorization.split('.');
  const claims = JSON.parse(claimsOf(authorization));
  const changed = JSON.stringify({ ...claims, time: claims.time + 1 });
  return `${header}.${Buffer.from(changed).toString('base64url')}.${signature}`;
}
