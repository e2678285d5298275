/** `ajwt` with a key in an ssh-agent. */
import { createServer } from 'node:http';
import { ajwt, lacks, scratch } from 'ajwt-testkit/ajwt';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { nodeAuth } from '../../src/adapters/node.ts';
import { createAuthenticator, memoryKeyStore, memoryNonceStore, PublicKey } from '../../src/index.ts';
import { type Agent, startAgent } from '../signers/agent.ts';

const file = scratch();

describe.skipIf(lacks('ssh-agent', '-?'))('--key ssh-agent (needs ssh-agent)', () => {
  let agent: Agent;
  let env: Record<string, string>;
  let one: PublicKey;
  beforeAll(async () => {
    agent = await startAgent(file('.'));
    agent.makeKey('one', ['-t', 'ed25519']);
    agent.add('one');
    one = PublicKey.from(agent.publicLine('one'));
    env = { SSH_AUTH_SOCK: agent.socket };
  });
  afterAll(() => agent.stop());

  const auth = () => {
    const keys = memoryKeyStore();
    keys.addKey('guido', one);
    return createAuthenticator({ keys, nonces: memoryNonceStore() });
  };

  test.each(['ssh-agent', 'a fingerprint', 'AJWT_KEY'])('ajwt token, by %s', async (way) => {
    const key = way === 'a fingerprint' ? `ssh-agent:${one.fingerprint}` : 'ssh-agent';
    const { code, stdout, stderr } =
      way === 'AJWT_KEY'
        ? await ajwt(['token', '--user', 'guido'], { env: { ...env, AJWT_KEY: key } })
        : await ajwt(['token', '--user', 'guido', '--key', key], { env });
    expect([code, stderr]).toEqual([0, '']);
    expect(await auth().authenticate({ authorization: stdout.trim() })).toMatchObject({ ok: true, username: 'guido' });
  });

  test('ajwt fetch', async () => {
    const { authenticate, reject } = nodeAuth(auth());
    const server = createServer(async (request, response) => {
      const result = await authenticate(request);
      if (!result.ok) return reject(response, result);
      response.end(`hello ${result.username}`);
    });
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    const { port } = server.address() as { port: number };
    const outcome = await ajwt(['fetch', '--user', 'guido', '--key', 'ssh-agent', `http://127.0.0.1:${port}/`], {
      env,
    });
    server.close();
    expect(outcome).toMatchObject({ code: 0, stdout: 'hello guido', stderr: '' });
  });

  test('ajwt pubkey', async () => {
    const outcome = await ajwt(['pubkey', `ssh-agent:${one.kid}`, '--jwk'], { env });
    expect(outcome.code).toBe(0);
    expect(JSON.parse(outcome.stdout)).toEqual(one.toJwk());
  });

  test('refuses several keys with a message that lists them, and says how to choose one', async () => {
    agent.makeKey('two', ['-t', 'ed25519']);
    agent.add('two');
    const { code, stdout, stderr } = await ajwt(['token', '--user', 'guido', '--key', 'ssh-agent'], { env });
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(/^ajwt: [^\n]*choose one, such as ssh-agent:SHA256:…[^\n]*\n$/);
    expect(stderr).toContain(`${one.fingerprint} (one)`);
  });
});
