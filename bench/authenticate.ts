/** Compares the complete `authenticate()` with bare verification, and with the verification of other libraries. */
import { verify } from 'node:crypto';
import { createAuthenticator, memoryNonceStore, type PrivateKey, type PublicKey } from 'asymmetric-jwt-auth';
import { createAuthorization } from 'asymmetric-jwt-auth/client';
import type { Kind } from './kinds.ts';
import { type Contender, compare, type Row } from './pairs.ts';

const USERS = 1000;
const KEYS = 8;
const TOKENS = 4000;
const ROUNDS = 5;
/** Warm-up rounds. With fewer, the ratio is still falling. */
const WARM_UP = 15;

/** A token as received from the network, and the arguments for a bare verification of it. */
interface Sample {
  readonly bytes: Buffer;
  readonly authorization: string;
  readonly token: string;
  readonly input: Buffer;
  readonly signature: Buffer;
  readonly key: PublicKey;
}

/** The contenders that are compared with the bare call. This library comes first. */
const AUTHENTICATE = [
  'authenticate(), complete',
  'fast-jwt, verify only',
  'jose, jwtVerify only',
  'jsonwebtoken, verify only',
] as const;
export type AuthenticateName = (typeof AUTHENTICATE)[number];

/** Returns the contenders for a type of key: jsonwebtoken does not support Ed25519, and the others only `node:crypto`. */
export const authenticateNames = ({ alg, ed25519 }: Kind) =>
  AUTHENTICATE.slice(0, ed25519 ? 1 : alg === 'EdDSA' ? 3 : 4);

/** Compares one contender with the bare call. It loads only the library of that contender, so that others do not disturb it. */
export async function benchAuthenticate({ make, hash, alg, ed25519 }: Kind, name: AuthenticateName): Promise<Row[]> {
  const signers = await Promise.all(Array.from({ length: KEYS }, make));
  const signerOf = (index: number) => signers[index % KEYS] as PrivateKey;
  // Several users share a key. A real store refuses that, but verification costs the same.
  const records = Array.from({ length: USERS }, (_, index) => ({
    username: `user${index}`,
    user: index,
    disabled: false,
    keys: [{ key: signerOf(index).publicKey, state: 'active' as const }],
  }));
  const byName = new Map(records.map((record) => [record.username, record]));

  // All rounds use one authenticator, as in a server that has run for a while.
  const auth = createAuthenticator({
    keys: { find: (username) => byName.get(username) },
    nonces: memoryNonceStore(),
    ed25519: ed25519?.(),
  });

  let samples: Sample[] = [];
  const prepare = async () => {
    samples = [];
    for (let index = 0; index < TOKENS; index++) {
      const user = index % USERS;
      const authorization = await createAuthorization({ username: `user${user}`, key: signerOf(user) });
      samples.push(sampleOf(Buffer.from(authorization), signerOf(user).publicKey));
    }
  };

  /** Makes flat strings and plain buffers from the received bytes. */
  const ready = (from: number, to: number) => {
    for (let index = from; index < to; index++) {
      const { bytes, key } = samples[index] as Sample;
      samples[index] = sampleOf(bytes, key);
    }
  };
  const each = (work: (sample: Sample) => boolean) => (from: number, to: number) => {
    let succeeded = 0;
    for (let index = from; index < to; index++) if (work(samples[index] as Sample)) succeeded++;
    return succeeded;
  };
  /** Awaits the promise that the call returns. Another promise around it would take more time. */
  const eachAsync =
    <Result>(work: (sample: Sample) => Promise<Result>, isGood: (result: Result) => boolean) =>
    async (from: number, to: number) => {
      let succeeded = 0;
      for (let index = from; index < to; index++) if (isGood(await work(samples[index] as Sample))) succeeded++;
      return succeeded;
    };

  const bare: Contender = {
    name: 'bare crypto.verify',
    run: each(({ key, input, signature }) =>
      alg === 'ES256'
        ? verify(hash, input, { key: key.handle, dsaEncoding: 'ieee-p1363' }, signature)
        : verify(hash, input, key.handle, signature),
    ),
  };
  const makers: Readonly<Record<AuthenticateName, () => Contender['run'] | Promise<Contender['run']>>> = {
    'authenticate(), complete': () =>
      eachAsync(
        ({ authorization }) => auth.authenticate({ authorization, method: 'GET', target: '/' }),
        (result) => result.ok,
      ),
    async 'fast-jwt, verify only'() {
      const { createVerifier } = await import('fast-jwt');
      const verifiers = new Map(
        signers.map(({ publicKey }) => [
          publicKey,
          createVerifier({ key: publicKey.toPem(), algorithms: [alg], cache: false }),
        ]),
      );
      return each(({ token, key }) => verifiers.get(key)?.(token).nonce !== undefined);
    },
    async 'jose, jwtVerify only'() {
      const { jwtVerify } = await import('jose');
      return eachAsync(
        ({ token, key }) => jwtVerify(token, key.handle, { algorithms: [alg] }),
        ({ payload }) => payload.nonce !== undefined,
      );
    },
    async 'jsonwebtoken, verify only'() {
      const { default: jsonwebtoken } = await import('jsonwebtoken');
      const algorithms = [alg as 'RS512' | 'ES256'];
      return each(({ token, key }) => jsonwebtoken.verify(token, key.handle, { algorithms }) !== undefined);
    },
  };
  const run = await makers[name]();
  return compare({ ...bare, ready }, [{ name, run, ready }], {
    items: TOKENS,
    rounds: ROUNDS,
    warmUp: WARM_UP,
    prepare,
  });
}

function sampleOf(bytes: Buffer, key: PublicKey): Sample {
  const authorization = bytes.toString('latin1');
  const token = bytes.toString('latin1', 'JWT '.length);
  const dot = token.lastIndexOf('.');
  return {
    bytes,
    authorization,
    token,
    input: Buffer.from(token.slice(0, dot)),
    signature: Buffer.from(token.slice(dot + 1), 'base64url'),
    key,
  };
}
