/** Measures what a stranger can learn from the duration of a refusal: compares unknown user, unknown key and bad signature. */
import {
  createAuthenticator,
  memoryKeyStore,
  memoryNonceStore,
  type PrivateKey,
  type Reason,
} from 'asymmetric-jwt-auth';
import { createAuthorization } from 'asymmetric-jwt-auth/client';
import type { Kind } from './kinds.ts';
import { type Contender, compare, type Row } from './pairs.ts';

const TOKENS = 1000;
const ROUNDS = 5;

export async function benchSilence({ make, ed25519 }: Kind): Promise<Row[]> {
  const [known, strange] = [await make(), await make()];
  const keys = memoryKeyStore();
  keys.addKey('guido', known.publicKey);
  const auth = createAuthenticator({ keys, nonces: memoryNonceStore(), ed25519: ed25519?.() });

  /** Makes a token that names `key` but is signed by another key of the same type. */
  const forger = (key: PrivateKey) => ({
    alg: key.alg,
    kid: key.kid,
    sign: (bytes: Uint8Array) => strange.sign(bytes),
  });
  const cases: readonly { reason: Reason; username: string; key: ReturnType<typeof forger> }[] = [
    { reason: 'bad_signature', username: 'guido', key: forger(known) },
    { reason: 'unknown_key', username: 'guido', key: forger(strange) },
    { reason: 'unknown_user', username: 'nobody', key: forger(known) },
  ];
  const contenders = await Promise.all(
    cases.map(async ({ reason, username, key }): Promise<Contender> => {
      const samples = await Promise.all(Array.from({ length: TOKENS }, () => createAuthorization({ username, key })));
      const flat = samples.map((sample) => Buffer.from(sample).toString('latin1'));
      return {
        name: reason,
        async run(from, to) {
          let refused = 0;
          for (let index = from; index < to; index++) {
            const result = await auth.authenticate({ authorization: flat[index] });
            if (!result.ok && result.reason === reason) refused++;
          }
          return refused;
        },
      };
    }),
  );
  const [badSignature, ...others] = contenders;
  return compare(badSignature as Contender, others, { items: TOKENS, rounds: ROUNDS });
}
