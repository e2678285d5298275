/** The main job on real input: `npm run demo`; with `-- --once` it ends by itself. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { styleText } from 'node:util';
import { createAuthorization, createSignedFetch, PrivateKey } from 'asymmetric-jwt-auth/client';
import { makeKeyFiles } from './keys.ts';
import { startServer } from './start-server.ts';

const bold = (text: string) => styleText('bold', text);
const dim = (text: string) => styleText('dim', text);
const once = process.argv.includes('--once');

const folder = await mkdtemp(join(tmpdir(), 'ajwt-demo-'));
const [guido, ada] = await makeKeyFiles(folder);
const server = await startServer([guido, ada]);
const guidosKey = await PrivateKey.fromFile(guido.privateFile);
const adasKey = await PrivateKey.fromFile(ada.privateFile);
const { url } = server;

console.log(`${bold('Key pairs')}: the caller keeps the private half, the server gets the public one`);
for (const [{ username, madeBy }, { publicKey }] of [
  [guido, guidosKey],
  [ada, adasKey],
] as const) {
  console.log(`  ${username.padEnd(6)} ${madeBy.padEnd(32)} ${publicKey.fingerprint}`);
}
console.log(`\n${bold('Server')} ${url}\n`);

const seconds = Date.now() / 1000;
const good = await createAuthorization({ username: 'guido', key: guidosKey });
const another = await createAuthorization({ username: 'guido', key: guidosKey });
const stranger = await PrivateKey.generate();

const scenes = [
  { title: 'A signed request', authorization: good, expected: 200 },
  { title: 'The very same token again', authorization: good, expected: 401 },
  { title: 'A tampered claim: the time, moved by a second', authorization: tampered(another), expected: 401 },
  {
    title: "A stranger's key, under the name guido",
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
  console.log('   > GET /api/me');
  console.log(`   > Authorization: ${authorization.slice(0, 40)}…${authorization.slice(-8)}`);
  console.log(dim(`   >   ${claimsOf(authorization)}`));
  const response = await fetch(`${url}/api/me`, { headers: { authorization } });
  console.log(`   < ${styleText(response.ok ? 'green' : 'red', `${response.status} ${response.statusText}`)}`);
  const challenge = response.headers.get('www-authenticate');
  if (challenge !== null) console.log(`   < WWW-Authenticate: ${challenge}`);
  console.log(`   < ${await response.text()}`);
  console.log(dim(`   the server's log: ${await server.nextLine()}\n`));
  if (response.status !== expected) unexpected++;
}

console.log(bold(`${scenes.length + 1}. The everyday way: createSignedFetch signs each request anew`));
const api = createSignedFetch({ username: 'ada', key: adasKey });
for (let count = 0; count < 3; count++) {
  const response = await api(`${url}/api/me`);
  console.log(`   < ${response.status} ${await response.text()}`);
  if (response.status !== 200) unexpected++;
}

if (once) await end();
else {
  console.log(`\n${bold('The server is still running')}; Ctrl-C ends it. What to try next:`);
  console.log(`  curl -i ${url}/api/me     ${dim('no credential: 401 and the challenge')}`);
  console.log(`  less examples/demo/server.ts               ${dim('the whole server')}`);
  console.log(`  less spec/LIFECYCLE.md                     ${dim('the checks, and their order')}`);
  console.log(`  npm run bench                              ${dim('how fast it is here')}`);
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, end);
}

async function end(): Promise<void> {
  server.stop();
  await rm(folder, { recursive: true });
  if (unexpected > 0) console.error(`${unexpected} answers were not as expected`);
  process.exitCode = unexpected > 0 ? 1 : 0;
}

/** The claims, as anybody on the way can read them: nothing in a token is secret. */
function claimsOf(authorization: string): string {
  return Buffer.from(authorization.split('.')[1] ?? '', 'base64url').toString();
}

/** What an attacker does who hopes that nobody checks the signature. */
function tampered(authorization: string): string {
  const [header, , signature] = authorization.split('.');
  const claims = JSON.parse(claimsOf(authorization));
  const changed = JSON.stringify({ ...claims, time: claims.time + 1 });
  return `${header}.${Buffer.from(changed).toString('base64url')}.${signature}`;
}
