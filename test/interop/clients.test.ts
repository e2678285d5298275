/** The clients in other languages send requests to a real `ajwtd`. */
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { scratch } from 'ajwt-testkit/ajwt';
import { PrivateKey } from 'asymmetric-jwt-auth/client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makeKey } from './ajwt.ts';
import { type Ajwtd, startAjwtd } from './ajwtd.ts';
import { LANGUAGES, type Language, runClient } from './clients.ts';
import { type Recorder, startRecorder } from './recorder.ts';
import { send } from './send.ts';

const KINDS = [
  { kind: 'RSA', alg: 'RS512' },
  { kind: 'Ed25519', alg: 'EdDSA' },
  { kind: 'P-256', alg: 'ES256' },
] as const;
/** The shell client accepts only key types that openssl can sign with. */
const kindsOf = (language: Language) => KINDS.filter(({ kind }) => kind !== 'P-256' || language === 'shell');
/** A username with letters of other scripts, and with characters that JSON and shells must escape. */
const STRANGE_NAME = `Жук "the\\bug" 中文 %s $(id) 🪲 d'Or`;

const folder = scratch();
let ajwtd: Ajwtd;
let recorder: Recorder;
let whoami: string;

beforeAll(async () => {
  const keys: Record<string, string> = {};
  for (const { kind } of KINDS) {
    keys[kind] = `${await makeKey(kind, folder(kind))}.pub`;
    await makeKey(kind, folder(`other-${kind}`));
  }
  keys[STRANGE_NAME] = `${await makeKey('Ed25519', folder('strange'))}.pub`;
  await makeKey('P-384', folder('P-384'));
  writeFileSync(folder('garbage'), '-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n');
  writeFileSync(folder('encrypted'), (await PrivateKey.generate()).toPem('a passphrase'));
  ajwtd = await startAjwtd(folder('ajwt.db'), keys);
  recorder = await startRecorder(ajwtd.url);
  whoami = `${recorder.url}/.ajwt/whoami`;
});
afterAll(async () => {
  recorder?.stop();
  await ajwtd?.stop();
});

const decode = (segment: string | undefined) => JSON.parse(Buffer.from(segment ?? '', 'base64url').toString());

describe.each(LANGUAGES)('the client in %s', (language) => {
  describe.each(kindsOf(language))('with a key of type $kind', ({ kind, alg }) => {
    test('sends a new token each time, which ajwtd accepts only once', async () => {
      const from = recorder.heard.length;
      for (let call = 0; call < 2; call++) {
        const { code, stdout, stderr } = await runClient(language, kind, folder(kind), whoami);
        expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
        expect(JSON.parse(stdout)).toMatchObject({ username: kind });
      }
      const tokens = recorder.heard.slice(from);
      expect(new Set(tokens).size).toBe(2);
      for (const token of tokens) {
        expect(await send(whoami, token)).toMatchObject({ status: 401, body: { error: 'replayed' } });
      }
    });

    test('sends a token with the required members and no others', async () => {
      await runClient(language, kind, folder(kind), whoami);
      const [, header, claims, signature] =
        /^JWT ([\w-]+)\.([\w-]+)\.([\w-]+)$/.exec(recorder.heard.at(-1) ?? '') ?? [];
      expect(decode(header)).toEqual({ alg, typ: 'JWT' });
      const { username, time, nonce, ...others } = decode(claims);
      expect({ username, others }).toEqual({ username: kind, others: {} });
      expect(Number.isInteger(time) && Math.abs(Date.now() / 1000 - time) < 20).toBe(true);
      // In base64url, 128 bits take 22 characters.
      expect(nonce).toMatch(/^[\w-]{22,}$/);
      expect(signature).toBeDefined();
    });

    test('with the wrong key, prints the refusal and fails', async () => {
      const { code, stdout, stderr } = await runClient(language, kind, folder(`other-${kind}`), whoami);
      expect(code).toBeGreaterThan(0);
      expect(stderr).toMatch(/^[^\n]*401[^\n]*\n$/);
      expect(JSON.parse(stdout)).toMatchObject({ status: 401, error: 'invalid_token' });
    });
  });

  test('accepts a username with any script and with quotes', async () => {
    const { code, stdout, stderr } = await runClient(language, STRANGE_NAME, folder('strange'), whoami);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(JSON.parse(stdout)).toMatchObject({ username: STRANGE_NAME });
  });

  test.each(['not-there', 'garbage', 'encrypted', 'P-384', 'RSA.pub'])(
    'refuses the key file %s, prints one line, and sends no request',
    async (name) => {
      const before = recorder.heard.length;
      const { code, stdout, stderr } = await runClient(language, 'RSA', folder(name), whoami);
      expect(code).toBeGreaterThan(0);
      expect(stdout).toBe('');
      expect(stderr).not.toMatch(/Traceback|panicked|goroutine|\tat /);
      expect(stderr).toContain(name);
      // openssl also prints its own errors.
      if (language !== 'shell') expect(stderr).toMatch(/^[^\n]+\n$/);
      expect(recorder.heard.length).toBe(before);
    },
  );

  test('fails if it cannot connect, or if arguments are missing', async () => {
    const gone = createServer().listen(0, '127.0.0.1');
    await once(gone, 'listening');
    const { port } = gone.address() as AddressInfo;
    await new Promise((closed) => gone.close(closed));
    for (const words of [['RSA', folder('RSA'), `http://127.0.0.1:${port}/`], ['RSA']]) {
      const { code, stdout, stderr } = await runClient(language, ...words);
      expect(code).toBeGreaterThan(0);
      expect(stdout).toBe('');
      expect(stderr).toMatch(/^[^\n]+\n$/);
    }
  });

  test('does not follow redirects, because the token is for one server', async () => {
    const server = createServer((_, response) => response.writeHead(302, { location: whoami }).end());
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const before = recorder.heard.length;
    await runClient(language, 'RSA', folder('RSA'), `http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
    expect(recorder.heard.length).toBe(before);
    server.close();
    server.closeAllConnections();
  });
});
