/** The option `ed25519` of an authenticator: which signatures the function sees, and what happens if it fails. */
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { goodPayload, NOW, publicKeyOf } from 'ajwt-testkit/frozen-server';
import { signToken } from 'ajwt-testkit/sign';
import { describe, expect, test } from 'vitest';
import { type Ed25519Verify, sodiumEd25519 } from '../../src/engine/sodium.ts';
import { type AuthenticationEvent, createAuthenticator, memoryKeyStore, memoryNonceStore } from '../../src/index.ts';

const alice = generateKeyPairSync('ed25519');
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const sodium = sodiumEd25519();

const tokenOf = (signer: KeyObject, username = 'alice', alg: 'EdDSA' | 'RS512' = 'EdDSA') =>
  signToken(JSON.stringify({ alg }), goodPayload(username), signer, alg);

/** Authenticates a token with a server that has the keys of alice. */
async function decide(ed25519: Ed25519Verify, token: string) {
  const events: AuthenticationEvent[] = [];
  const calls: Parameters<Ed25519Verify>[] = [];
  const keys = memoryKeyStore();
  keys.addKey('alice', publicKeyOf(alice.publicKey));
  keys.addKey('alice', publicKeyOf(rsa.publicKey));
  const auth = createAuthenticator({
    keys,
    nonces: memoryNonceStore({ now: () => NOW - 60 }),
    now: () => NOW,
    onResult: (event) => events.push(event),
    ed25519(...call) {
      calls.push(call);
      return ed25519(...call);
    },
  });
  const result = await auth.authenticate({ authorization: `JWT ${token}` });
  return { reason: result.ok ? 'accepted' : result.reason, status: result.ok ? 200 : result.status, events, calls };
}

describe('the option ed25519', () => {
  test('accepts and refuses like node:crypto, with sodiumEd25519()', async () => {
    expect(await decide(sodium, tokenOf(alice.privateKey))).toMatchObject({ reason: 'accepted' });
    const stranger = generateKeyPairSync('ed25519').privateKey;
    expect(await decide(sodium, tokenOf(stranger))).toMatchObject({ reason: 'bad_signature' });
  });

  test('is called once for a user that does not exist, with a valid key, so that the time does not reveal this', async () => {
    const { reason, calls } = await decide(sodium, tokenOf(alice.privateKey, 'nobody'));
    expect({ reason, calls: calls.length }).toEqual({ reason: 'unknown_user', calls: 1 });
    const [[key, message, signature] = []] = calls;
    expect(key).not.toEqual(publicKeyOf(alice.publicKey).ed25519);
    expect([key?.length, signature?.length]).toEqual([32, 64]);
    // A key that libsodium refuses at once would take less time: the base point is the public key for the scalar 1.
    expect(Buffer.from(key as Uint8Array).toString('hex')).toBe(`58${'66'.repeat(31)}`);
    expect(message?.length).toBeGreaterThan(64);
  });

  test('is not called for RSA', async () => {
    const { reason, calls } = await decide(sodium, tokenOf(rsa.privateKey, 'alice', 'RS512'));
    expect({ reason, calls }).toEqual({ reason: 'accepted', calls: [] });
  });

  test.each(['alice', 'nobody'])(
    'refuses %s as unavailable if the function throws, and reports the error',
    async (username) => {
      const cause = new Error('the accelerator is on fire');
      const fails = () => {
        throw cause;
      };
      const { reason, status, events } = await decide(fails, tokenOf(alice.privateKey, username));
      expect({ reason, status }).toEqual({ reason: 'unavailable', status: 503 });
      expect(events).toMatchObject([{ reason: 'unavailable', cause }]);
    },
  );

  test.each([1, 'true', Promise.resolve(true)])('accepts nothing if the function returns %o', async (value) => {
    const { reason } = await decide(() => value as unknown as boolean, tokenOf(alice.privateKey));
    expect(reason).toBe('bad_signature');
  });
});
