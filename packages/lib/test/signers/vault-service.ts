/** A fake of the transit engine of Vault: a server that accepts only documented parameters, and signs with a real key. */
import { constants, sign } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect } from 'vitest';
import type { PrivateKey } from '../../src/index.ts';

/** A received request. */
export interface Seen {
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Readonly<Record<string, unknown>>;
}

/** A server, and the requests that it has received. */
export interface Vault {
  readonly address: string;
  readonly seen: Seen[];
  stop(): Promise<void>;
}

/** Starts a server with the given handler. */
export async function startVault(answer: (seen: Seen, response: ServerResponse) => void): Promise<Vault> {
  const seen: Seen[] = [];
  const server = createServer(async (request, response) => {
    const one = { url: request.url as string, headers: request.headers, body: JSON.parse(await textOf(request)) };
    expect(request.method).toBe('POST');
    seen.push(one);
    answer(one, response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    address: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    seen,
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

async function textOf(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of request.setEncoding('utf8')) text += chunk;
  return text;
}

/** Returns the response of the engine to `POST /v1/transit/sign/NAME`. */
export function transitSign(key: PrivateKey, { body }: Seen): string {
  const { input, marshaling_algorithm: marshaling, hash_algorithm: hash, ...rsa } = body;
  expect(marshaling).toBe('jws');
  const text = Buffer.from(input as string, 'base64');
  expect(text.toString('base64')).toBe(input);
  const pem = key.toPem();
  const name = typeof hash === 'string' ? hash.replace('sha2-', 'sha') : null;
  const { type } = key.publicKey;
  expect(hash === undefined).toBe(type === 'ed25519');
  if (type !== 'rsa') expect(rsa).toEqual({});
  const padding =
    rsa.signature_algorithm === 'pss'
      ? { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST }
      : {};
  if (type === 'rsa') {
    const pss = { signature_algorithm: 'pss', salt_length: 'hash' };
    expect(rsa).toEqual('padding' in padding ? pss : { signature_algorithm: 'pkcs1v15' });
  }
  const signature = sign(name, text, { key: pem, dsaEncoding: 'ieee-p1363', ...padding });
  return JSON.stringify({ data: { signature: `vault:v1:${signature.toString('base64url')}`, key_version: 1 } });
}
