/** Runs real proxies that send bodies to the forward-auth endpoint, configured as described in docs/PROXIES.md. */
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { type Ajwtd, ajwtd, scratch, serve } from 'ajwt-testkit/ajwtd';
import { hasProgram } from 'ajwt-testkit/command';
import { exchange, request } from 'ajwt-testkit/connection';
import { createAuthorization, PrivateKey } from 'asymmetric-jwt-auth/client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Seen, startApplication } from './proxies/application.ts';
import { PROXIES, type ProxyProgram } from './proxies/programs.ts';
import { startProxy } from './proxies/start.ts';

interface Settings {
  /** The line of the recipe that the settings follow. */
  readonly after: string;
  readonly add: readonly string[];
  /** The proxy's status for a body above its limit. */
  readonly tooLong: number;
}

/** The settings of docs/PROXIES.md. */
const SETTINGS: Readonly<Record<string, Settings>> = {
  Envoy: {
    after: 'transport_api_version: V3',
    add: ['with_request_body: { max_request_bytes: 1048576, allow_partial_message: false, pack_as_bytes: true }'],
    tooLong: 413,
  },
  Traefik: { after: 'maxResponseBodySize: 4096', add: ['forwardBody: true', 'maxBodySize: 1048576'], tooLong: 401 },
};
const page = readFileSync('docs/PROXIES.md', 'utf8');

/** Adds the settings to the recipe of a proxy. */
function withBodies(proxy: ProxyProgram): ProxyProgram {
  const { after, add } = SETTINGS[proxy.name] as Settings;
  return {
    ...proxy,
    files: (recipe, port) =>
      Object.fromEntries(
        Object.entries(proxy.files(recipe, port)).map(([file, text]) => [
          file,
          text.replace(new RegExp(`^( *)${after}$`, 'm'), (line, indent) =>
            [line, ...add.map((one) => indent + one)].join('\n'),
          ),
        ]),
      ),
  };
}

const file = scratch();
const found = PROXIES.filter(({ name }) => name in SETTINGS);
const mayRun = ({ program }: ProxyProgram) => program !== undefined && hasProgram('python3', '--version');
const proxies = found.filter((proxy) => mayRun(proxy) || process.env.AJWT_TEST_ALL !== undefined);
const ports = new Map<string, { full: number; none: number }>();
const servers: Ajwtd[] = [];
let key: PrivateKey;

beforeAll(async () => {
  if (proxies.length === 0) return;
  key = await PrivateKey.generate('ed25519');
  writeFileSync(file('key.pub'), key.publicKey.toPem());
  const database = file('ajwt.db');
  await ajwtd(['key', 'add', 'guido', file('key.pub'), '--database', `sqlite:${database}`]);
  const full = await serve({ database, args: ['--forward-auth-body', 'full'] });
  const none = await serve({ database });
  servers.push(full, none);
  const application = await startApplication();
  for (const proxy of proxies) {
    const start = (what: string, server: Ajwtd) =>
      startProxy(withBodies(proxy), file(`${proxy.name}-${what}`), { ajwtd: server.port, application });
    ports.set(proxy.name, { full: await start('full', full), none: await start('none', none) });
  }
});
afterAll(async () => {
  await Promise.all(servers.map((server) => server.stop()));
});

test.each(Object.entries(SETTINGS))('docs/PROXIES.md has the settings for %s', (_, { add }) => {
  for (const line of add) expect(page).toContain(`\`${line}\``);
});

describe.skipIf(proxies.length === 0).each(proxies.map(({ name }) => name))('a body through %s', (name) => {
  async function post(to: 'full' | 'none', signed: string, sent: string) {
    const bind = { digest: createHash('sha256').update(signed).digest('base64url') };
    const authorization = `Authorization: ${await createAuthorization({ username: 'guido', key, bind })}`;
    const port = ports.get(name)?.[to] as number;
    return exchange(port, request('/items', [authorization, `Content-Length: ${sent.length}`], 'POST', sent));
  }

  test('is accepted if it is the signed one, and reaches the application', async () => {
    const answer = await post('full', 'hello', 'hello');
    expect(answer.status, answer.text).toBe(200);
    expect(JSON.parse(answer.text) as Seen).toMatchObject({ method: 'POST', length: 5 });
    expect((await post('full', '', '')).status).toBe(200);
  });

  test('is refused if it is another one', async () => {
    for (const sent of ['HELLO', 'hello!', '']) {
      const answer = await post('full', 'hello', sent);
      expect(answer.status).toBe(401);
      expect(answer.header('www-authenticate')).toContain('error="binding_mismatch"');
    }
  });

  test('longer than 1 MiB is refused by the proxy', async () => {
    const long = 'x'.repeat((1 << 20) + 1);
    expect((await post('full', long, long)).status).toBe(SETTINGS[name]?.tooLong);
  });

  test('without --forward-auth-body full, is refused', async () => {
    expect((await post('none', 'hello', 'hello')).status).toBe(401);
    expect((await post('none', '', '')).status).toBe(401);
  });
});
