/** What every signer promises. */
import { asciiBytes, randomText, verify } from '#engine';
import { algorithm } from '../core/algorithms.ts';
import type { MaybePromise, Signer, VerificationKey } from '../core/contracts.ts';
import { checkMembers } from '../core/options.ts';
import { type ContractCase, same } from './contract.ts';

/** A signer, and the public key that the server knows of it. */
export interface SignerFixture {
  make(): MaybePromise<{ readonly signer: Signer; readonly publicKey: VerificationKey }>;
  /** Longest text that it signs, in bytes; default 8000, where a token ends. Some services sign less with some keys. */
  readonly longest?: number;
}

/**
 * The cases of the contract.
 *
 * @param fixture - how to make the signer under test
 * @returns cases whose `run` rejects with ContractError where a promise is broken, or with what the signer throws
 */
export function signerContract(fixture: SignerFixture): ContractCase[] {
  checkMembers('fixture', fixture, { make: 'function', longest: 'any' }, ['make']);
  const verifies = async (signer: Signer, publicKey: VerificationKey, text: string) => {
    const signature = await signer.sign(asciiBytes(text));
    same(signature.length, publicKey.signatureLength, 'length of the signature');
    same(
      verify(algorithm(signer.alg), publicKey.handle, text, signature),
      true,
      `the signature of ${text.length} characters verifies`,
    );
  };

  return [
    {
      name: 'names its public key, and an algorithm of it',
      async run() {
        const { signer, publicKey } = await fixture.make();
        same(signer.kid, publicKey.kid, 'kid');
        same(publicKey.algorithms.includes(signer.alg), true, 'the key accepts the signer’s alg');
      },
    },
    {
      name: 'makes JWS signatures of any text',
      async run() {
        const { signer, publicKey } = await fixture.make();
        for (const length of [0, 1, 63, 64, 300, fixture.longest ?? 8000]) {
          await verifies(signer, publicKey, 'a'.repeat(length));
        }
      },
    },
    {
      name: 'signs many texts at once, each for itself',
      async run() {
        const { signer, publicKey } = await fixture.make();
        await Promise.all(Array.from({ length: 50 }, () => verifies(signer, publicKey, randomText(48))));
      },
    },
    {
      name: 'leaves the bytes that it signs as they are',
      async run() {
        const { signer } = await fixture.make();
        const bytes = asciiBytes('header.payload');
        await signer.sign(bytes);
        same([...bytes], [...asciiBytes('header.payload')], 'bytes');
      },
    },
  ];
}
