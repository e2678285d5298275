/** Runs all benchmarks, or one: `npm run bench [PART]`. Run it on an idle machine, because other work makes every ratio worse. */
import { execFile } from 'node:child_process';
import { cpus } from 'node:os';
import { promisify } from 'node:util';
import { authenticateNames } from './authenticate.ts';
import { benchCreate } from './create.ts';
import { benchDirectory } from './directory.ts';
import { benchFetch } from './fetch.ts';
import { benchForwardAuth } from './forward-auth.ts';
import { benchHttp } from './http.ts';
import { KINDS, type Kind, SILENT_KINDS } from './kinds.ts';
import { benchLoneRequest } from './lone-request.ts';
import { benchNonces } from './nonces.ts';
import { benchSharedNonces } from './nonces-shared.ts';
import { benchOverload } from './overload.ts';
import { median, type Row } from './pairs.ts';
import { benchPauses, PAUSES } from './pauses.ts';
import { httpTable, saveResults, writeReport } from './report.ts';
import { benchSilence } from './silence.ts';
import { benchSilenceOfStores } from './silence-stores.ts';
import { benchSize } from './size.ts';
import { benchStart } from './start.ts';

/** The last word `save` also saves the results of `http`, and writes them into docs/BENCHMARKS.md. */
const saves = process.argv.at(-1) === 'save';
if (saves) process.argv.pop();
const only = process.argv[2];
const PARTS = [
  'authenticate',
  'create',
  'forward-auth',
  'http',
  'report',
  'overload',
  'silence',
  'nonces',
  'directory',
  'pauses',
  'start',
  'size',
];
if (only !== undefined && !PARTS.includes(only))
  stop(`there is no benchmark ${only}; choose one of ${PARTS.join(', ')}`);
const wanted = (part: string) => only === undefined || only === part;
/** Another engine changes only how signatures are verified. */
const ofNode = ({ ed25519 }: Kind) => ed25519 === undefined;
/** `npm run bench authenticate RSA-2048` measures one type of key. */
const ofKind = ({ title }: Kind) => process.argv[3] === undefined || process.argv[3] === title;
if (
  only !== 'directory' &&
  only !== 'overload' &&
  only !== 'nonces' &&
  process.argv[3] !== undefined &&
  ![...KINDS, ...SILENT_KINDS].some(ofKind)
) {
  stop(
    `there is no key type ${process.argv[3]}; choose one of ${[...new Set([...KINDS, ...SILENT_KINDS].map(({ title }) => title))].join(', ')}`,
  );
}

console.log(
  `Node ${process.version}, OpenSSL ${process.versions.openssl}, ${cpus()[0]?.model}, ${cpus().length} cores`,
);
console.log('Times are medians. A ratio is the median of the ratios in turns of 200 calls.');

if (wanted('authenticate')) {
  for (const kind of KINDS.filter(ofKind)) {
    const title = `authenticate(), fresh tokens of 1000 users: ${kind.title}`;
    print(title, 'ratio', await eachAlone(kind), kind.goals?.authenticate);
  }
}
if (wanted('create')) {
  for (const kind of KINDS.filter(ofKind).filter(ofNode)) {
    print(`making a token: ${kind.title}`, 'ratio', await benchCreate(kind), kind.goals?.create);
  }
  for (const kind of KINDS.filter(ofKind).filter(ofNode)) {
    print(`overhead of a signed fetch: ${kind.title}`, 'to signing', await benchFetch(kind));
  }
}
if (wanted('forward-auth')) {
  for (const kind of ([KINDS[0], KINDS[2]] as Kind[]).filter(ofKind)) {
    print(`ajwtd forward-auth on one core: ${kind.title}`, 'of the bound', await benchForwardAuth(kind));
  }
}
if (wanted('http')) {
  for (const kind of KINDS.filter(ofKind)) {
    if (ofNode(kind)) print(`a request that comes alone: ${kind.title}`, 'ratio', await benchLoneRequest(kind));
    const results = await benchHttp(kind, (what) => console.error(what));
    console.log(`\n### over HTTP on one core: ${kind.title}\n\n${httpTable(results)}`);
    if (saves) saveResults((saved) => ({ ...saved, http: { ...saved.http, [kind.title]: results } }));
  }
}
if (only === 'report') writeReport();
if (wanted('overload')) {
  const rows = await benchOverload((what) => console.error(what), ...process.argv.slice(3));
  console.log('\n### an honest client at a low rate, while one address floods ajwtd\n');
  console.log('| nonces in | flood | honest p50, ms | p99, ms | failed |\n|---|---|---:|---:|---:|');
  for (const { store, flood, p50, p99, sent, failed } of rows) {
    console.log(`| ${store} | ${flood} | ${p50.toFixed(1)} | ${p99.toFixed(1)} | ${failed} of ${sent} |`);
  }
}
if (wanted('silence')) {
  for (const kind of SILENT_KINDS.filter(ofKind)) {
    print(`the duration of a refusal: ${kind.title}`, 'to bad_signature', await benchSilence(kind));
  }
  for (const kind of SILENT_KINDS.filter(ofKind).filter(ofNode)) {
    console.log(
      `\n### the duration of a refusal, for the first and the second request with a username: ${kind.title}\n`,
    );
    console.log(
      '| store | request | bad_signature, µs | unknown_key | unknown_user | unknown_key and unknown_user divided by bad_signature |',
    );
    console.log('|---|---|---:|---:|---:|---:|');
    for (const { store, request, micros } of await benchSilenceOfStores(kind)) {
      const { bad_signature: bad, unknown_key: key, unknown_user: user } = micros;
      const ratios = [key, user].map((time) => (time / bad).toFixed(2)).join(', ');
      console.log(`| ${[store, request, ...[bad, key, user].map((time) => time.toFixed(0)), ratios].join(' | ')} |`);
    }
  }
}
/** `npm run bench nonces Redis SQLite` measures these shared stores, and not the one in memory. */
const stores = only === 'nonces' ? process.argv.slice(3) : [];
if (wanted('nonces') && stores.length === 0) {
  console.log('\n### nonces in the memory of one process, CPU times, in steady state\n');
  console.log(
    '| what | held | claims a second | µs a claim | bytes a nonce | bytes a nonce, whole process | longest 100 claims, ms | while filling |',
  );
  console.log('|---|---:|---:|---:|---:|---:|---:|---:|');
  for (const { name, live, micros, bytes, pause } of await benchNonces()) {
    const claims = `${Math.round(1e6 / micros)} | ${micros.toFixed(2)}`;
    const weight = `${bytes.own.toFixed(1)} | ${bytes.process.toFixed(1)}`;
    console.log(
      `| ${name} | ${live} | ${claims} | ${weight} | ${pause.steady.toFixed(1)} | ${pause.filling.toFixed(1)} |`,
    );
  }
}
if (wanted('nonces')) {
  const rows = await benchSharedNonces((what) => console.error(`nonces: ${what}`), stores);
  console.log('\n### nonces that processes share: claims, compared with the bare call of a minimal store\n');
  console.log('| store; bare call | callers at a time | claims/s | bare/s | time ratio | bytes a nonce | bare |');
  console.log('|---|---:|---:|---:|---:|---:|---:|');
  for (const { name, callers, micros, ratio, bytes } of rows) {
    const each = [1e6 / micros.store, 1e6 / micros.bare].map(Math.round);
    const weight = [bytes.store, bytes.bare].map(Math.round);
    console.log(`| ${[name, callers, ...each, ratio.toFixed(2), ...weight].join(' | ')} |`);
  }
}
if (wanted('directory')) {
  const sizes = process.argv.slice(3).map(Number);
  const rows = await benchDirectory((what) => console.error(what), ...(sizes.length > 0 ? [sizes] : []));
  console.log('\n### a lookup of a user with two keys, without a cache of users\n');
  console.log(
    '| database | users | median, µs | 99 %, µs | lookup and parsing of the key: median | 99 % | process, MB |',
  );
  console.log('|---|---:|---:|---:|---:|---:|---:|');
  for (const { name, users, lookups } of rows) {
    const { p50, p99, keyP50, keyP99 } = lookups;
    const times = [p50, p99, keyP50, keyP99].map((micros) => micros.toFixed(0));
    console.log(`| ${[name, users, ...times, lookups.rss.toFixed(0)].join(' | ')} |`);
  }
}
if (wanted('pauses')) {
  console.log('\n### pauses of the memory nonce store, ms for 10 claims\n');
  console.log('| held | users | what | median | 99.9 % | longest | above 5 ms |\n|---:|---:|---|---:|---:|---:|---:|');
  for (const [live, users] of PAUSES) {
    for (const { name, median, permille, longest, over } of benchPauses(live, users)) {
      const times = [median.toFixed(4), permille.toFixed(3), longest.toFixed(1)].join(' | ');
      console.log(`| ${live} | ${users} | ${name} | ${times} | ${over} |`);
    }
  }
}
if (wanted('start')) {
  console.log(
    '\n### the command ajwt, from start to exit\n\n| what | ms | beyond Node | fastest |\n|---|---:|---:|---:|',
  );
  for (const { name, wall, beyond, fastest } of await benchStart()) {
    console.log(`| ${[name, ...[wall, beyond, fastest].map((time) => time.toFixed(0))].join(' | ')} |`);
  }
}
if (wanted('size')) {
  console.log('\n### size, minified and gzipped\n\n| what | kB | budget |\n|---|---:|---:|');
  for (const { name, kilobytes, budget } of await benchSize()) {
    console.log(`| ${name} | ${kilobytes.toFixed(1)} | ${budget ?? '–'} |`);
  }
}

function stop(why: string): never {
  console.error(why);
  process.exit(1);
}

/** Compares each contender with the bare call in a separate process. */
async function eachAlone(kind: Kind): Promise<Row[]> {
  const measures: Row[] = [];
  const rows: Row[] = [];
  for (const name of authenticateNames(kind)) {
    console.error(`${kind.title}: ${name}`);
    const words = ['--conditions=source', 'bench/authenticate-alone.ts', kind.title, name];
    const { stdout } = await promisify(execFile)(process.execPath, words);
    const [measure, row] = JSON.parse(stdout) as [Row, Row];
    measures.push(measure);
    rows.push(row);
  }
  const [first] = measures as [Row, ...Row[]];
  return [{ ...first, micros: median(measures.map(({ micros }) => micros)) }, ...rows];
}

/** Prints a table. @param goal - maximum ratio of the second row; the first row is the measure */
function print(title: string, ratio: string, rows: readonly Row[], goal?: number): void {
  console.log(`\n### ${title}\n\n| what | µs | ${ratio} | goal |\n|---|---:|---:|---:|`);
  for (const [index, { name, micros, ratio: value }] of rows.entries()) {
    const most = index === 1 && goal !== undefined ? `≤ ${goal}` : '–';
    console.log(`| ${name} | ${micros.toFixed(1)} | ${value.toFixed(3)} | ${most} |`);
  }
}
