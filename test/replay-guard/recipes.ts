/** The three recipes of docs/REPLAY_GUARD.md, each with what sends it messages. */
import { createHash, generateKeyPairSync, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { type IncomingMessage, request } from 'node:http';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { calculateJwkThumbprint, exportJWK, SignJWT } from 'jose';
import { Webhook } from 'standardwebhooks';

/** Sends a message to a server. Messages are signed once, and can be sent repeatedly. @param url - without a path */
export type Message = (url: string) => Promise<Response>;

/** How a message differs from a usual one. Times are in seconds since the epoch. */
export interface Variation {
  readonly issuedAt?: number;
  readonly id?: string;
}

/** A recipe: the file with its server, the status of an accepted and of a replayed message, and a function that signs messages. */
export interface Recipe {
  readonly file: string;
  readonly accepted: number;
  readonly replayed: number;
  sign(variation?: Variation): Promise<Message>;
}

const ISSUER = 'https://auth.example.com';
const AUDIENCE = 'https://api.example.com';
/** The address of the API, as its servers see it: without TLS. */
const API = 'http://api.example.com';
export const WEBHOOK_SECRET = `whsec_${Buffer.from('a secret of 24 bytes or more').toString('base64')}`;

const now = () => Math.floor(Date.now() / 1000);

/** Sends a webhook. @param written - the timestamp as written in the header */
export function webhook({ issuedAt = now(), id = randomUUID() }: Variation = {}, written = `${issuedAt}`): Message {
  const body = JSON.stringify({ type: 'order.paid' });
  const headers = {
    'webhook-id': id,
    'webhook-timestamp': written,
    'webhook-signature': new Webhook(WEBHOOK_SECRET).sign(id, new Date(issuedAt * 1000), body),
  };
  return (url) => fetch(`${url}/webhooks`, { method: 'POST', headers, body });
}

/** Sends a GET request with another `Host`, which `fetch` does not allow. @returns the response, without its headers */
async function getAs(host: string, url: string, headers: Readonly<Record<string, string>>): Promise<Response> {
  const sent = request(url, { headers: { ...headers, host } }).end();
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  return new Response(await buffer(response), { status: response.statusCode ?? 0 });
}

/** Signs messages for the recipes. */
export class Senders {
  readonly #server = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  readonly #client = generateKeyPairSync('ec', { namedCurve: 'P-256' });

  /** Writes the files with public keys that the servers of the recipes read. */
  async writeKeys(folder: string): Promise<void> {
    const [server, client] = [await exportJWK(this.#server.publicKey), await this.#clientJwk()];
    await writeFile(join(folder, 'auth-server.jwk.json'), JSON.stringify({ ...server, alg: 'ES256' }));
    await writeFile(
      join(folder, 'acme.jwks.json'),
      JSON.stringify({ keys: [{ ...client, alg: 'ES256', use: 'sig' }] }),
    );
  }

  /** Signs a DPoP proof, and the access token that is bound to its key (RFC 9449). */
  async proof({ issuedAt = now(), id = randomUUID() }: Variation = {}): Promise<Message> {
    const jwk = await this.#clientJwk();
    const token = await new SignJWT({ cnf: { jkt: await calculateJwkThumbprint(jwk) } })
      .setProtectedHeader({ alg: 'ES256', typ: 'at+jwt' })
      .setIssuer(ISSUER)
      .setAudience(AUDIENCE)
      .setSubject('guido')
      .setIssuedAt()
      .setExpirationTime('1h')
      .sign(this.#server.privateKey);
    const ath = createHash('sha256').update(token).digest('base64url');
    const proof = await new SignJWT({ htm: 'GET', htu: `${API}/me`, ath })
      .setProtectedHeader({ alg: 'ES256', typ: 'dpop+jwt', jwk })
      .setIssuedAt(issuedAt)
      .setJti(id)
      .sign(this.#client.privateKey);
    // Both processes of the API have the same public address.
    return (url) => getAs(new URL(API).host, `${url}/me`, { Authorization: `DPoP ${token}`, DPoP: proof });
  }

  /** Signs a client assertion (RFC 7523). @param expiresAt - of an assertion without `iat` */
  async assertion({ issuedAt = now(), id = randomUUID() }: Variation = {}, expiresAt?: number): Promise<Message> {
    const jwt = new SignJWT({ jti: id, iss: 'acme', sub: 'acme', aud: ISSUER, exp: expiresAt ?? issuedAt + 60 });
    if (expiresAt === undefined) jwt.setIssuedAt(issuedAt);
    const body = new URLSearchParams({
      grant_type: 'client_credentials',
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
      client_assertion: await jwt.setProtectedHeader({ alg: 'ES256' }).sign(this.#client.privateKey),
    });
    return (url) => fetch(`${url}/token`, { method: 'POST', body });
  }

  readonly recipes: Readonly<Record<'webhooks' | 'dpop' | 'assertions', Recipe>> = {
    webhooks: { file: 'webhooks.ts', accepted: 204, replayed: 409, sign: async (variation) => webhook(variation) },
    dpop: { file: 'dpop.ts', accepted: 200, replayed: 401, sign: (variation) => this.proof(variation) },
    assertions: {
      file: 'auth-server.ts',
      accepted: 200,
      replayed: 401,
      sign: (variation) => this.assertion(variation),
    },
  };

  #clientJwk() {
    return exportJWK(this.#client.publicKey);
  }
}
