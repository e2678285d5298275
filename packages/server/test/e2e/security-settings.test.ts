/** `ajwtd serve` logs the security settings in effect when it starts, so that a forgotten option is visible. */
import { type LogLine, scratch, serve } from 'ajwt-testkit/ajwtd';
import { databaseWith } from 'ajwt-testkit/directory';
import { beforeAll, expect, test } from 'vitest';

const database = scratch()('settings.db');
beforeAll(() => databaseWith(database, ['alice']));

/** Starts a server, and returns the lines with security settings that it logs before it listens. */
async function settings(args: readonly string[], env: Record<string, string> = {}): Promise<readonly LogLine[]> {
  const server = await serve({ database, args, env });
  await server.stop();
  const listening = server.log.findIndex(({ msg }) => msg.startsWith('listening on '));
  return server.log.slice(0, listening).filter(({ msg }) => msg === 'security settings');
}

test('the values of options and environment variables are logged', async () => {
  const args = ['--audience', 'https://api.example.com', '--tolerance', '7', '--trusted-proxy', '10.0.0.0/8'];
  expect(await settings(args, { AJWTD_REQUIRE: 'aud,htm' })).toEqual([
    expect.objectContaining({
      level: 'info',
      require: ['aud', 'htm'],
      audience: ['https://api.example.com'],
      tolerance: 7,
      trustedProxies: ['10.0.0.0/8'],
      nonces: 'database',
      ed25519: 'sodium-native',
    }),
  ]);
});

test('the defaults are logged too', async () => {
  expect(await settings(['--nonces', 'memory'])).toEqual([
    expect.objectContaining({ require: [], audience: [], tolerance: 20, trustedProxies: [], nonces: 'memory' }),
  ]);
});
