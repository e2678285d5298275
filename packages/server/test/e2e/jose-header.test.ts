/**
 * Sends JOSE headers to a running `ajwtd`, one for each outcome. The library's tests send all (own-jose-headers*.test.ts,
 * algorithms.test.ts).
 */
import { createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { scratch } from 'ajwt-testkit/ajwtd';
import { oneOfEach } from 'ajwt-testkit/cases';
import { request } from 'ajwt-testkit/connection';
import { inDirectory, payload, publicKeyOf, token } from 'ajwt-testkit/directory';
import { expectAccepted, expectRefused, type Watched, watch } from 'ajwt-testkit/refusal';
import { macToken, parts, SCHEMES, type SchemeName, signToken } from 'ajwt-testkit/sign';
import { readVectors } from 'ajwt-testkit/vectors';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  macSecrets,
  VECTOR_OUTCOMES,
  vectorHeader,
  vectorTokens,
} from '../../../lib/test/vectors/jose-header-cases.ts';
import { joseHeaderMembers } from '../../../lib/test/vectors/jose-header-members.ts';

interface Vector {
  readonly id: string;
  readonly header: string;
  readonly signature: string;
}
const { cases } = readVectors<{ cases: Vector[] }>('own/jose_headers.json');

const ed25519 = () => generateKeyPairSync('ed25519').privateKey;
const rsa = () => generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
const ec = (namedCurve: string) => generateKeyPairSync('ec', { namedCurve }).privateKey;
const [good, attacker, attackerRsa, aliceRsa] = [ed25519(), ed25519(), rsa(), rsa()];
const { kid } = publicKeyOf(good);
const stranger = publicKeyOf(attacker).kid;
const goodPayload = () => payload('alice');
const tokens = vectorTokens({ good, attacker, attackerRsa, goodPayload });

/** One user for each type of key, and the algorithms that the key accepts. */
const KINDS: Readonly<Record<string, { key: KeyObject; signs: SchemeName; accepts: readonly SchemeName[] }>> = {
  rsa: { key: rsa(), signs: 'RS512', accepts: ['RS512', 'RS384', 'RS256'] },
  ed25519: { key: ed25519(), signs: 'EdDSA', accepts: ['EdDSA', 'Ed25519'] },
  p256: { key: ec('P-256'), signs: 'ES256', accepts: ['ES256'] },
  p384: { key: ec('P-384'), signs: 'ES384', accepts: ['ES384'] },
  p521: { key: ec('P-521'), signs: 'ES512', accepts: ['ES512'] },
};
/**
 * Signature lengths in bytes. If two algorithms have the same signature length, a token that names the wrong one is refused for another
 * reason.
 */
const LENGTHS: Readonly<Record<SchemeName, number>> = {
  ...{ RS512: 256, RS384: 256, RS256: 256, PS512: 256, PS384: 256, PS256: 256 },
  ...{ ES256: 64, EdDSA: 64, Ed25519: 64, ES384: 96, ES512: 132 },
};

let connections = 0;
const trap = createServer((_request, response) => response.end('{"keys":[]}')).on('connection', () => {
  connections += 1;
});
const path = scratch();
let watched: Watched;
beforeAll(async () => {
  await new Promise<void>((done) => trap.listen(0, '127.0.0.1', done));
  const database = path('jose.db');
  await inDirectory(database, async (directory) => {
    for (const key of [good, aliceRsa]) await directory.addKey('alice', publicKeyOf(key), { createUser: true });
    for (const [name, { key }] of Object.entries(KINDS)) {
      await directory.addKey(name, publicKeyOf(key), { createUser: true });
    }
  });
  watched = await watch(database, 3);
});
afterAll(async () => {
  trap.close();
  await watched.close();
  expect(connections).toBe(0);
});

async function expectOutcome(sent: string, outcome: string | undefined, why?: string): Promise<void> {
  if (outcome === 'accepted') return expectAccepted(watched, sent, why);
  await expectRefused(watched, request('/.ajwt/auth', [`Authorization: JWT ${sent}`]), outcome ?? '');
}

describe('a JOSE header of the vectors has the expected outcome', () => {
  // Tests all headers that contain a URL, because ajwtd must not fetch any of these URLs.
  const pointing = cases.filter(({ header }) => header.includes('TRAP'));
  const tried = [...new Set([...oneOfEach(cases, ({ id }) => JSON.stringify(VECTOR_OUTCOMES[id])), ...pointing])];
  test.each(tried)('$id: $header', async ({ id, header, signature }) => {
    const bytes = vectorHeader(header, (trap.address() as AddressInfo).port, kid);
    const outcome = VECTOR_OUTCOMES[id];
    const made = Object.entries(tokens[signature]?.(bytes) ?? {});
    expect(made.length).toBeGreaterThan(0);
    for (const [name, sent] of made) await expectOutcome(sent, typeof outcome === 'string' ? outcome : outcome?.[name]);
    await expectAccepted(watched, token('alice', good), 'the next good request');
    expect(connections, 'requests to the trap').toBe(0);
  });
});

test.each(Object.entries(joseHeaderMembers(kid, stranger)))(
  'a JOSE header with %s has the expected outcome',
  async (_what, headers) => {
    for (const [header, outcome] of oneOfEach(headers, ([, expected]) => expected)) {
      await expectOutcome(signToken(header, goodPayload(), good), outcome);
      await expectAccepted(watched, token('alice', good), 'the next good request');
    }
  },
);

test('a token with HS256 and a public key as the secret is refused', async () => {
  const header = JSON.stringify({ alg: 'HS256', typ: 'JWT', kid });
  const [secret = ''] = Object.values(macSecrets(good));
  await expectOutcome(macToken(header, goodPayload(), 'sha256', secret), 'malformed alg');
  await expectAccepted(watched, token('alice', good), 'the next good request');
});

test('a key in the header is not used, and a URL in the header is not fetched', async () => {
  const url = `http://127.0.0.1:${(trap.address() as AddressInfo).port}/`;
  const jwk = createPublicKey(attacker).export({ format: 'jwk' });
  for (const members of [{ jwk }, { jku: url }, { x5u: url }, { x5c: ['MIIB'] }, { jwk, jku: url, kid: url }]) {
    const header = JSON.stringify({ alg: 'EdDSA', ...members });
    await expectOutcome(signToken(header, goodPayload(), attacker), 'bad_signature');
    await expectAccepted(watched, signToken(header, goodPayload(), good));
  }
  expect(connections, 'requests to the trap').toBe(0);
});

describe.each(Object.entries(KINDS))('a key of type %s', (name, { key, signs, accepts }) => {
  const outcomeOf = (alg: SchemeName) =>
    LENGTHS[alg] === LENGTHS[signs] ? 'unknown_key' : 'malformed signature_length';
  const others = (Object.keys(SCHEMES) as SchemeName[]).filter((alg) => !accepts.includes(alg));

  test.each(accepts)('is accepted with alg %s', async (alg) => {
    await expectAccepted(watched, signToken(JSON.stringify({ alg }), payload(name), key, alg));
  });

  test.each(oneOfEach(others, outcomeOf))('is refused with alg %s', async (alg) => {
    const header = JSON.stringify({ alg });
    const outcome = outcomeOf(alg);
    // An RSA key can also make PSS signatures.
    const scheme = signs === 'RS512' && alg.startsWith('PS') ? alg : signs;
    await expectOutcome(signToken(header, payload(name), key, scheme), outcome);
    const [, claims, signature] = parts(signToken(JSON.stringify({ alg: signs }), payload(name), key, signs));
    const swapped = `${Buffer.from(header).toString('base64url')}.${claims}.${signature}`;
    await expectOutcome(swapped, outcome);
  });
});
