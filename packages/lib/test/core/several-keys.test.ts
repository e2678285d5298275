import { expect, test } from 'vitest';
import { createToken } from '../../src/client.ts';
import { createAuthenticator, memoryKeyStore, memoryNonceStore, PrivateKey } from '../../src/index.ts';

/** Makes a token without a kid, so that all keys of the user are tried in turn. */
async function anonymously(key: PrivateKey): Promise<string> {
  return createToken({
    username: 'guido',
    key: { alg: key.alg, kid: 'unknown here', sign: (bytes) => key.sign(bytes) },
  });
}

test('the authenticator tries all RSA keys of a user, even after one whose modulus is smaller than the signature', async () => {
  const pairs = await Promise.all(Array.from({ length: 4 }, () => PrivateKey.generate('rsa', { bits: 2048 })));
  const keys = memoryKeyStore();
  // The key with the smallest modulus is tried first, so many signatures of the other keys are larger than its modulus.
  pairs.sort((one, other) => Buffer.compare(one.publicKey.modulus as Buffer, other.publicKey.modulus as Buffer));
  for (const { publicKey } of pairs) keys.addKey('guido', publicKey);
  const auth = createAuthenticator({ keys, nonces: memoryNonceStore() });
  let above = 0;
  // If the moduli are close together, the test needs more tokens.
  for (let count = 0; count < 100 || above === 0; count++) {
    const signer = pairs[count % 4] as PrivateKey;
    const token = await anonymously(signer);
    const signature = Buffer.from(token.split('.')[2] as string, 'base64url');
    if (Buffer.compare(signature, pairs[0]?.publicKey.modulus as Buffer) > 0) above++;
    const result = await auth.authenticate({ authorization: `JWT ${token}` });
    expect(result).toMatchObject({ ok: true, key: { kid: signer.kid } });
  }
});
