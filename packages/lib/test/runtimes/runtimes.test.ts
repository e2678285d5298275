/** The library on every supported runtime. */
import { createServer, type Server } from 'node:http';
import { join } from 'node:path';
import { bundleFor } from 'ajwt-testkit/bundle';
import { listen } from 'ajwt-testkit/listen';
import { OTHER_NODES } from 'ajwt-testkit/nodes';
import { mustRun } from 'ajwt-testkit/run';
import { RUNTIMES } from 'ajwt-testkit/runtimes';
import { startWorker, WORKERD, type Worker } from 'ajwt-testkit/workerd';
import { createAuthenticator, memoryKeyStore, memoryNonceStore, PrivateKey } from 'asymmetric-jwt-auth';
import { createAuthorization } from 'asymmetric-jwt-auth/client';
import { nodeAuth } from 'asymmetric-jwt-auth/node';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type CheckResult, LOCAL_KEY } from './suite.ts';

const key = PrivateKey.from(LOCAL_KEY);
let server: Server;
let api: string;
beforeAll(async () => {
  const keys = memoryKeyStore();
  keys.addKey('guido', key.publicKey);
  server = createServer();
  api = await listen(server);
  const auth = nodeAuth(createAuthenticator({ keys, nonces: memoryNonceStore(), audience: api }));
  server.on('request', async (request, response) => {
    const result = await auth.authenticate(request);
    if (result.ok) response.end(result.username);
    else auth.reject(response, result);
  });
});
afterAll(() => server.close().closeAllConnections());

const failuresOf = (results: readonly CheckResult[]) => results.filter(({ error }) => error !== undefined);

const COMMANDS = [
  { name: `Node ${process.versions.node}`, command: [process.execPath], isMissing: false },
  ...OTHER_NODES.map(({ version, program, isMissing }) => ({ name: `Node ${version}`, command: [program], isMissing })),
  ...RUNTIMES.map(({ name, version, command, isMissing }) => ({ name: `${name} ${version}`, command, isMissing })),
];

for (const { name, command, isMissing } of COMMANDS) {
  test.skipIf(isMissing)(`every check holds on ${name}`, async () => {
    const [program = '', ...words] = command;
    const main = join(import.meta.dirname, 'main.ts');
    const lines = (await mustRun(program, [...words, '--conditions=source', main, api])).trim().split('\n');
    const results: CheckResult[] = lines.map((line) => JSON.parse(line));
    expect(results).toHaveLength(19);
    expect(failuresOf(results)).toEqual([]);
  });
}

describe.skipIf(WORKERD.isMissing)(`workerd ${WORKERD.version}`, () => {
  let worker: Worker;
  beforeAll(async () => {
    const { code, imports } = await bundleFor('workerd', `export { default } from './runtimes/worker.ts';`);
    expect(imports.length).toBeGreaterThan(0);
    worker = await startWorker(code);
  });
  afterAll(() => worker?.close());

  test('every check holds', async () => {
    const results: CheckResult[] = await (await fetch(`${worker.url}/suite?api=${api}`)).json();
    expect(results).toHaveLength(19);
    expect(failuresOf(results)).toEqual([]);
  });

  test.each(['/plain', '/cached'])(
    'a request that is aborted in the middle does not hang later ones (%s)',
    async (path) => {
      const held: (() => void)[] = [];
      const gate = createServer((_, response) => held.push(() => response.end()));
      const gateUrl = await listen(gate);
      const call = async (signal?: AbortSignal) => {
        const authorization = await createAuthorization({ username: 'guido', key });
        const response = await fetch(`${worker.url}${path}`, { headers: { authorization }, signal: signal ?? null });
        return `${response.status} ${await response.text()}`;
      };
      try {
        await fetch(`${worker.url}/gate?url=${gateUrl}`);
        const aborting = new AbortController();
        const aborted = call(aborting.signal).catch((error: Error) => error.name);
        await expect.poll(() => held.length).toBe(1);
        const together = call();
        aborting.abort();
        expect(await aborted).toBe('AbortError');
        await fetch(`${worker.url}/gate`);
        expect(await call(AbortSignal.timeout(10_000))).toBe('200 guido');
        for (const release of held) release();
        gate.on('request', (_, response) => response.end());
        expect(await together).toBe('200 guido');
      } finally {
        gate.close().closeAllConnections();
      }
    },
  );
});
