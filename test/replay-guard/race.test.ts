/** Races the recipes of docs/REPLAY_GUARD.md against those in the documentation of other libraries, on real servers. */
import { readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { mustRun } from 'ajwt-testkit/run';
import { lacksRedis, type RedisServer, startRedis } from 'ajwt-testkit/servers/redis';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type RaceResult, race } from './race.ts';
import { Senders, webhook } from './recipes.ts';
import { ON_REDIS, Servers, writeSnippets } from './servers.ts';

// Inside the repository, so that imports of the packages find their sources.
const SCRATCH = resolve('test/.replay-guard');
const senders = new Senders();
const { webhooks, dpop, assertions } = senders.recipes;
const servers = new Servers();
let onSqlite: string;
let onRedis: string;
let redis: RedisServer;

beforeAll(async () => {
  await mkdir(SCRATCH, { recursive: true });
  [onSqlite, onRedis] = [await mkdtemp(join(SCRATCH, 'sqlite-')), await mkdtemp(join(SCRATCH, 'redis-'))];
  for (const folder of [onSqlite, onRedis]) {
    await writeSnippets(folder);
    await senders.writeKeys(folder);
  }
  await writeFile(join(onRedis, 'use-once.ts'), ON_REDIS);
});
afterAll(async () => {
  await servers.stop();
  for (const folder of [onSqlite, onRedis]) await rm(folder, { recursive: true, force: true });
});

const now = () => Math.floor(Date.now() / 1000);

/** Prints a result, for the table on the page. */
function print(name: string, result: RaceResult): void {
  if (process.env.AJWT_PRINT !== undefined) console.log(name, result);
}

const NO_DOUBLES = { repeated: 0, doubleAccepts: 0, never: 0, others: [] };
/** Starts two processes, one after the other, so that the first one has created the tables. */
const twice = async (start: () => Promise<string>) => [await start(), await start()];

describe.each([webhooks, dpop, assertions])('the recipe $file of the page', (recipe) => {
  let urls: string[];
  beforeAll(async () => {
    urls = await twice(() => servers.ours(onSqlite, recipe.file));
  });

  test('accepts a message once, at one of the processes', async () => {
    const send = await recipe.sign();
    const statuses = [];
    for (const url of [...urls, ...urls]) statuses.push((await send(url)).status);
    expect(statuses).toEqual([recipe.accepted, recipe.replayed, recipe.replayed, recipe.replayed]);
  });

  test('accepts each message once in a race between two processes that share SQLite', async () => {
    const result = await race(recipe, urls, 5);
    print(`${recipe.file} on SQLite`, result);
    expect(result).toMatchObject(NO_DOUBLES);
  });
});

// oidc-provider also refuses an id with another time, but only in the same process.
test.each([webhooks, dpop])('the recipe $file accepts an id with another time, as in a retry', async (recipe) => {
  const url = await servers.ours(onSqlite, recipe.file);
  const id = crypto.randomUUID();
  for (const issuedAt of [now() + 1, now() + 2]) {
    expect((await (await recipe.sign({ id, issuedAt }))(url)).status).toBe(recipe.accepted);
  }
});

describe('the recipe for webhooks', () => {
  let url: string;
  beforeAll(async () => {
    url = await servers.ours(onSqlite, webhooks.file);
  });

  test.each(['.5', 'x', ' x', 'e3'])('refuses a replay whose timestamp ends with %j', async (end) => {
    const [id, issuedAt] = [crypto.randomUUID(), now()];
    expect((await webhook({ id, issuedAt })(url)).status).toBe(204);
    expect((await webhook({ id, issuedAt }, `${issuedAt}${end}`)(url)).status).toBe(409);
  });

  test('refuses an invalid signature before it uses the id', async () => {
    const [id, issuedAt] = [crypto.randomUUID(), now()];
    expect((await webhook({ id, issuedAt }, `${issuedAt + 1}`)(url)).status).toBe(400);
    expect((await webhook({ id, issuedAt })(url)).status).toBe(204);
  });
});

describe('the recipe for client assertions', () => {
  let url: string;
  beforeAll(async () => {
    url = await servers.ours(onSqlite, assertions.file);
  });

  test('accepts an assertion without iat once', async () => {
    const send = await senders.assertion({}, now() + 300);
    expect([(await send(url)).status, (await send(url)).status]).toEqual([200, 401]);
  });

  test('refuses an assertion without iat that is valid for too long', async () => {
    expect((await (await senders.assertion({}, now() + 310))(url)).status).toBe(401);
  });
});

describe.skipIf(lacksRedis())('on Redis (needs redis-server)', () => {
  beforeAll(async () => {
    redis = await startRedis('--maxmemory-policy', 'noeviction');
  });
  afterAll(() => redis?.stop());

  const env = () => ({ REDIS_PORT: `${redis.port}` });

  test.each([webhooks, dpop, assertions])('the recipe $file of the page accepts each message once', async (recipe) => {
    const result = await race(recipe, await twice(() => servers.ours(onRedis, recipe.file, env())));
    print(`${recipe.file} on Redis`, result);
    expect(result).toMatchObject(NO_DOUBLES);
  });

  // The page shows these results. The recipes look for an id before they write it; how often both happen at once is a matter of timing.
  test.each([
    { name: 'webhooks, verify() alone', recipe: webhooks, extra: {} },
    { name: 'webhooks, ids saved in Redis', recipe: webhooks, extra: { IDS: 'saved' } },
    { name: 'express-oauth2-jwt-bearer', recipe: dpop, extra: {} },
    { name: 'oidc-provider', recipe: assertions, extra: {} },
  ])('the recipe of the documentation accepts messages repeatedly: $name', async ({ name, recipe, extra }) => {
    const urls = await twice(() => servers.theirs(onRedis, recipe.file, { ...env(), ...extra }));
    const result = await race(recipe, urls);
    print(name, result);
    expect(result).toMatchObject({ never: 0, others: [] });
    expect(result.doubleAccepts).toBeGreaterThan(0);
  });

  test.each([webhooks, dpop, assertions])('the recipe $file responds with 503 while Redis is down', async (recipe) => {
    const url = await servers.ours(onRedis, recipe.file, env());
    await redis.kill();
    expect((await (await recipe.sign())(url)).status).toBe(503);
    await redis.start();
  });
});

test('the recipes of the documentation compile', () =>
  mustRun(resolve('node_modules/.bin/tsc'), ['-p', 'test/replay-guard/theirs']));

test('every server snippet of the page is tested', () => {
  const files = [...readFileSync('docs/REPLAY_GUARD.md', 'utf8').matchAll(/^```ts ([\w.-]+)$/gm)].map(
    ([, name]) => name,
  );
  expect(files.sort()).toEqual(['use-once.ts', ...[webhooks, dpop, assertions].map(({ file }) => file)].sort());
});
