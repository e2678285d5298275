/** Signing with OpenSSH's ssh-agent, and with malicious agents. */
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hasProgram } from 'ajwt-testkit/command';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { createAuthorization } from '../../src/client.ts';
import { createAuthenticator, memoryKeyStore, memoryNonceStore, PrivateKey, PublicKey } from '../../src/index.ts';
import { concatBytes, SshReader, sshMpint, sshString } from '../../src/keys/ssh-wire.ts';
import { SshAgentError, sshAgentSigner } from '../../src/signers/ssh-agent/ssh-agent-signer.ts';
import { signerContract } from '../../src/testing.ts';
import { type Agent, startAgent } from './agent.ts';

const there = process.env.AJWT_TEST_ALL !== undefined || hasProgram('ssh-agent', '-?');
const folder = mkdtempSync(join(tmpdir(), 'ajwt-agent-'));
afterAll(() => rmSync(folder, { recursive: true }));

const KINDS = [
  ['ed25519', ['-t', 'ed25519'], 'EdDSA'],
  ['rsa', ['-t', 'rsa', '-b', '2048'], 'RS512'],
  ['ecdsa-256', ['-t', 'ecdsa', '-b', '256'], 'ES256'],
  ['ecdsa-384', ['-t', 'ecdsa', '-b', '384'], 'ES384'],
  ['ecdsa-521', ['-t', 'ecdsa', '-b', '521'], 'ES512'],
] as const;

/** Returns the error of a promise that must reject. */
const errorOf = (promise: Promise<unknown>): Promise<SshAgentError> =>
  promise.then(
    () => expect.unreachable(),
    (error) => {
      expect(error).toBeInstanceOf(SshAgentError);
      return error;
    },
  );

describe.skipIf(!there)('sshAgentSigner with OpenSSH’s ssh-agent (skipped without ssh-agent)', () => {
  const agents: Agent[] = [];
  const start = async () => {
    const agent = await startAgent(folder);
    agents.push(agent);
    return agent;
  };
  afterEach(() => Promise.all(agents.splice(0).map((agent) => agent.stop())));

  describe.each(KINDS)('with %s', (_kind, args, alg) => {
    let agent: Agent;
    beforeAll(async () => {
      agent = await startAgent(folder);
      agent.makeKey('key', args);
      agent.add('key');
    });
    afterAll(() => agent.stop());

    const cases = signerContract({
      make: async () => {
        const signer = await sshAgentSigner({ socket: agent.socket });
        return { signer, publicKey: signer.publicKey };
      },
    });
    for (const { name, run } of cases) test(name, run);

    test('a server accepts its token', async () => {
      const key = await sshAgentSigner({ socket: agent.socket });
      expect(key.alg).toBe(alg);
      const keys = memoryKeyStore();
      keys.addKey('guido', PublicKey.from(agent.publicLine('key')));
      const auth = createAuthenticator({ keys, nonces: memoryNonceStore() });
      const authorization = await createAuthorization({ username: 'guido', key });
      expect(await auth.authenticate({ authorization })).toMatchObject({ ok: true, username: 'guido' });
    });
  });

  test('finds the key by fingerprint, thumbprint or kid; without one, lists the keys if there are several', async () => {
    const agent = await start();
    for (const name of ['one', 'two']) {
      agent.makeKey(name, ['-t', 'ed25519']);
      agent.add(name);
    }
    const { socket } = agent;
    const two = PublicKey.from(agent.publicLine('two'));
    for (const fingerprint of [two.fingerprint, two.thumbprint, two.kid]) {
      expect((await sshAgentSigner({ socket, fingerprint })).kid).toBe(two.kid);
    }
    const several = await errorOf(sshAgentSigner({ socket }));
    expect(several.code).toBe('several_keys');
    for (const name of ['one', 'two']) {
      expect(several.message).toContain(`${PublicKey.from(agent.publicLine(name)).fingerprint} (${name})`);
    }
    const unknown = await errorOf(sshAgentSigner({ socket, fingerprint: 'SHA256:abc' }));
    expect([unknown.code, unknown.message]).toEqual(['unknown_key', expect.stringContaining(two.fingerprint)]);
  });

  test('ignores the certificate of a key, and signs with the key', async () => {
    const agent = await start();
    for (const name of ['ca', 'user']) agent.makeKey(name, ['-t', 'ed25519']);
    agent.certify('ca', 'user');
    agent.add('user');
    expect((await sshAgentSigner({ socket: agent.socket })).publicKey.fingerprint).toBe(
      PublicKey.from(agent.publicLine('user')).fingerprint,
    );
    agent.remove('user');
    const error = await errorOf(sshAgentSigner({ socket: agent.socket }));
    expect([error.code, error.message]).toEqual(['no_usable_key', expect.stringContaining('certificate')]);
  });

  test('refuses an RSA key that is too short, with the reason', async () => {
    const agent = await start();
    agent.makeKey('short', ['-t', 'rsa', '-b', '1024']);
    agent.add('short');
    const error = await errorOf(sshAgentSigner({ socket: agent.socket }));
    expect([error.code, error.message]).toEqual(['no_usable_key', expect.stringContaining('too short')]);
  });

  test('reports an agent without keys', async () => {
    const { socket } = await start();
    expect(await errorOf(sshAgentSigner({ socket }))).toMatchObject({ code: 'no_usable_key' });
    expect(await errorOf(sshAgentSigner({ socket, fingerprint: 'SHA256:abc' }))).toMatchObject({ code: 'unknown_key' });
  });

  test('finds no keys in a locked agent, and cannot sign until the agent is unlocked', async () => {
    const agent = await start();
    agent.makeKey('key', ['-t', 'ed25519']);
    agent.add('key');
    const signer = await sshAgentSigner({ socket: agent.socket });
    agent.lock();
    const error = await errorOf(sshAgentSigner({ socket: agent.socket }));
    expect([error.code, error.message]).toEqual(['no_usable_key', expect.stringContaining('ssh-add -X')]);
    expect(await errorOf(Promise.resolve(signer.sign(Buffer.from('text'))))).toMatchObject({ code: 'refused' });
    agent.unlock();
    expect(await signer.sign(Buffer.from('text'))).toHaveLength(64);
  });

  test.each([
    ['signs if the person allows it', true],
    ['is refused if the person does not allow it', false],
  ])('%s (key added with -c)', async (_answer, says) => {
    const agent = await startAgent(folder, says ? 'exit 0' : 'exit 1');
    agents.push(agent);
    agent.makeKey('key', ['-t', 'ed25519']);
    agent.add('key', '-c');
    const signer = await sshAgentSigner({ socket: agent.socket });
    const signing = Promise.resolve(signer.sign(Buffer.from('text')));
    if (says) expect(await signing).toHaveLength(64);
    else expect(await errorOf(signing)).toMatchObject({ code: 'refused' });
  });

  test('reports an agent that stops during a request, or has stopped before it', async () => {
    // The script kills the agent while the agent waits for the confirmation.
    const agent = await startAgent(folder, 'kill -KILL $PPID');
    agents.push(agent);
    agent.makeKey('key', ['-t', 'ed25519']);
    agent.add('key', '-c');
    const signer = await sshAgentSigner({ socket: agent.socket });
    const signing = errorOf(Promise.resolve(signer.sign(Buffer.from('text'))));
    expect(await signing).toMatchObject({ code: 'unreachable' });
    expect(await errorOf(Promise.resolve(signer.sign(Buffer.from('text'))))).toMatchObject({ code: 'unreachable' });
    expect(await errorOf(sshAgentSigner({ socket: agent.socket }))).toMatchObject({ code: 'unreachable' });
  });

  test('makes 500 concurrent signatures, each of a different text', async () => {
    const agent = await start();
    agent.makeKey('key', ['-t', 'ed25519']);
    agent.add('key');
    const signer = await sshAgentSigner({ socket: agent.socket });
    // The signer verifies each signature itself.
    const signatures = await Promise.all(
      Array.from({ length: 500 }, async (_none, index) => signer.sign(Buffer.from(`text ${index}`))),
    );
    expect(new Set(signatures.map((signature) => Buffer.from(signature).toString('hex'))).size).toBe(500);
  });
});

describe('sshAgentSigner without an agent', () => {
  const before = process.env.SSH_AUTH_SOCK;
  afterEach(() => {
    if (before === undefined) delete process.env.SSH_AUTH_SOCK;
    else process.env.SSH_AUTH_SOCK = before;
  });

  test.each([undefined, ''])('reports SSH_AUTH_SOCK=%j', async (value) => {
    if (value === undefined) delete process.env.SSH_AUTH_SOCK;
    else process.env.SSH_AUTH_SOCK = value;
    expect(await errorOf(sshAgentSigner())).toMatchObject({ code: 'no_agent' });
  });

  test('reports a path that does not exist, and one that is not a socket', async () => {
    process.env.SSH_AUTH_SOCK = join(folder, 'nowhere');
    expect(await errorOf(sshAgentSigner())).toMatchObject({
      code: 'unreachable',
      message: expect.stringContaining('ENOENT'),
    });
    writeFileSync(join(folder, 'file'), '');
    expect(await errorOf(sshAgentSigner({ socket: join(folder, 'file') }))).toMatchObject({ code: 'unreachable' });
  });

  test('refuses an unknown option', async () => {
    await expect(sshAgentSigner({ sock: 'x' } as never)).rejects.toThrow(TypeError);
  });
});

describe('a malicious agent', () => {
  const servers: Server[] = [];
  afterEach(() => {
    for (const server of servers.splice(0)) server.close();
  });
  let count = 0;

  /** Starts an agent that responds with the results of the function, and returns its socket. */
  async function lie(answer: (question: Uint8Array) => Uint8Array): Promise<string> {
    const socket = join(folder, `liar-${count++}`);
    const server = createServer((connection) => {
      connection.on('error', () => {});
      connection.on('data', (question) => connection.write(answer(question.subarray(4))));
    });
    servers.push(server);
    server.listen(socket);
    await once(server, 'listening');
    return socket;
  }
  const message = (type: number, ...parts: readonly Uint8Array[]) =>
    sshString(concatBytes(Uint8Array.of(type), ...parts));
  const uint32 = (value: number) => Uint8Array.of(value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255);
  const blobOf = (key: PrivateKey) =>
    new Uint8Array(Buffer.from(key.publicKey.toOpenSsh().split(' ')[1] ?? '', 'base64'));
  const listOf = (key: PrivateKey) => message(12, uint32(1), sshString(blobOf(key)), sshString('a\u001b[2Jcomment'));

  test.each<readonly [string, Uint8Array]>([
    ['a length of 4 GiB', uint32(0xffff_ffff)],
    ['a length of zero', uint32(0)],
    ['a length one byte above the limit', uint32(262_145)],
    ['a message of another type', message(6)],
    ['bytes after the message', concatBytes(message(12, uint32(0)), Uint8Array.of(0))],
    ['a count larger than the list', message(12, uint32(0xffff_ffff))],
    ['bytes after the list', message(12, uint32(0), Uint8Array.of(0))],
    ['a key longer than the message', message(12, uint32(1), uint32(0xffff_ffff))],
  ])('is refused if it responds with %s', async (_what, answer) => {
    const socket = await lie(() => answer);
    expect(await errorOf(sshAgentSigner({ socket }))).toMatchObject({ code: 'bad_answer' });
  });

  test('must list its keys within 10 s', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    try {
      const asked = Promise.withResolvers<void>();
      const socket = await lie(() => {
        asked.resolve();
        return new Uint8Array(0);
      });
      let error: SshAgentError | undefined;
      const failing = errorOf(sshAgentSigner({ socket })).then((one) => {
        error = one;
      });
      await asked.promise;
      await vi.advanceTimersByTimeAsync(9999);
      expect(error).toBe(undefined);
      vi.advanceTimersByTime(1);
      await failing;
      expect([error?.code, error?.message]).toEqual(['timed_out', 'the ssh-agent did not respond within 10 s']);
    } finally {
      vi.useRealTimers();
    }
  });

  test('can refuse to list its keys, and the error says so', async () => {
    const socket = await lie(() => message(5));
    expect(await errorOf(sshAgentSigner({ socket }))).toMatchObject({ code: 'refused' });
  });

  test.each([
    ['sk-ssh-ed25519@openssh.com', /FIDO key/],
    ['ssh-ed25519-cert-v01@openssh.com', /certificate/],
    ['ssh-dss', /cannot sign tokens/],
  ])('cannot offer a key of type %s: the error gives the reason', async (type, reason) => {
    const blob = concatBytes(sshString(type), sshString(new Uint8Array(32)));
    const socket = await lie(() => message(12, uint32(1), sshString(blob), sshString('token\u001b[2J')));
    const error = await errorOf(sshAgentSigner({ socket }));
    expect([error.code, error.message]).toEqual(['no_usable_key', expect.stringMatching(reason)]);
    expect(error.message).not.toContain('\u001b');
  });

  /** Signs with an agent that lists the key, and responds to the request for a signature with the result of the function. */
  async function signing(key: PrivateKey, answer: (text: Uint8Array, flags: number) => Uint8Array) {
    const socket = await lie((question) => {
      if (question[0] === 11) return listOf(key);
      const reader = new SshReader(question.subarray(1));
      reader.string();
      const text = reader.string();
      return answer(text, reader.uint32());
    });
    const signer = await sshAgentSigner({ socket });
    return Promise.resolve(signer.sign(Buffer.from('header.payload')));
  }
  const response = (name: string, signature: Uint8Array) =>
    message(14, sshString(concatBytes(sshString(name), sshString(signature))));

  test('cannot sign with SHA-1 or SHA-256 in place of SHA-512', async () => {
    const key = await PrivateKey.generate('rsa', { bits: 2048 });
    const seen: number[] = [];
    for (const [name, reason] of [
      ['ssh-rsa', /SHA-1/],
      ['rsa-sha2-256', /does not sign with rsa-sha2-512/],
    ] as const) {
      const error = await errorOf(
        signing(key, (text, flags) => {
          seen.push(flags);
          return response(name, key.sign(text));
        }),
      );
      expect([error.code, error.message]).toEqual(['bad_answer', expect.stringMatching(reason)]);
    }
    expect(seen).toEqual([4, 4]);
  });

  test('gets the bytes that sign was called with, even if the caller changes them afterwards', async () => {
    const key = await PrivateKey.generate();
    const socket = await lie((question) => {
      if (question[0] === 11) return listOf(key);
      const reader = new SshReader(question.subarray(1));
      reader.string();
      return response('ssh-ed25519', key.sign(reader.string()));
    });
    const bytes = Buffer.from('header.payload');
    const signer = await sshAgentSigner({ socket });
    const signing = signer.sign(bytes);
    bytes.fill(0);
    expect(await signing).toEqual(new Uint8Array(key.sign(Buffer.from('header.payload'))));
  });

  test('cannot return the signature of another text, or one of a wrong length', async () => {
    const key = await PrivateKey.generate();
    for (const answer of [
      response('ssh-ed25519', key.sign(Buffer.from('another text'))),
      response('ssh-ed25519', new Uint8Array(63)),
      response('ssh-ed25519', new Uint8Array(65)),
      message(14, sshString(concatBytes(sshString('ssh-ed25519'), uint32(0xffff_ffff)))),
      message(14),
    ]) {
      expect(await errorOf(signing(key, () => answer))).toMatchObject({ code: 'bad_answer' });
    }
  });

  test('can leave out leading zeros of r and s, but cannot send negative numbers or longer ones', async () => {
    const key = await PrivateKey.generate('ec');
    const halves = (raw: Uint8Array) => [raw.subarray(0, 32), raw.subarray(32)] as const;
    const name = 'ecdsa-sha2-nistp256';
    for (const blob of [
      concatBytes(sshString(new Uint8Array(32).fill(0xff)), sshString(Uint8Array.of(1))),
      concatBytes(sshMpint(new Uint8Array(33).fill(1)), sshMpint(Uint8Array.of(1))),
      concatBytes(sshMpint(Uint8Array.of(1))),
    ]) {
      expect(await errorOf(signing(key, () => response(name, blob)))).toMatchObject({ code: 'bad_answer' });
    }
    const withoutZeros = (number: Uint8Array) => sshMpint(number.subarray(number.findIndex((byte) => byte !== 0)));
    const signature = await signing(key, (text) => {
      // Signs until one of the numbers is shorter than its coordinate.
      for (;;) {
        const [r, s] = halves(key.sign(text));
        if (r[0] === 0 || s[0] === 0) return response(name, concatBytes(withoutZeros(r), withoutZeros(s)));
      }
    });
    expect(signature).toHaveLength(64);
  });
});
