/** The contract of signers. */
import { asciiBytes, randomText } from '#engine';
import { algorithm } from '../core/algorithms.ts';
import { checkSignature } from '../core/check-signature.ts';
import type { MaybePromise, Signer, VerificationKey } from '../core/contracts.ts';
import { checkMembers } from '../core/options.ts';
import { type ContractCase, same } from './contract.ts';

/** Creates the signer under test. */
export interface SignerFixture {
  /** Creates a signer, and returns it with its public key. */
  make(): MaybePromise<{ readonly signer: Signer; readonly publicKey: VerificationKey }>;
  /** Length of the longest input to sign, in bytes; default 8000, about as long as a token can be. Some services have a lower limit. */
  readonly longest?: number;
}

/**
 * Returns the cases of the contract of signers.
 *
 * @param fixture - creates the signer under test
 * @returns cases whose `run` rejects with ContractError if a rule is violated, or with an error of the signer
 * @throws TypeError for a member of the fixture that is unknown, missing or of the wrong type
 *
 * @example
 * ```ts
 * import { PrivateKey } from 'asymmetric-jwt-auth';
 * import { signerContract } from 'asymmetric-jwt-auth/testing';
 *
 * async function make() {
 *   const signer = await PrivateKey.generate(); // your own signer here
 *   return { signer, publicKey: signer.publicKey };
 * }
 * for (const { run } of signerContract({ make })) await run(); // or, with a test runner: test(name, run)
 * ```
 */
export function signerContract(fixture: SignerFixture): ContractCase[] {
  checkMembers('fixture', fixture, { make: 'function', longest: 'any' }, ['make']);
  const verifies = async (signer: Signer, publicKey: VerificationKey, text: string) => {
    const signature = await signer.sign(asciiBytes(text));
    same(signature.length, publicKey.signatureLength, 'length of the signature');
    same(
      checkSignature(algorithm(signer.alg), publicKey, text, signature),
      true,
      `the signature of ${text.length} characters verifies`,
    );
  };

  return [
    {
      name: 'has the kid of its public key, and an algorithm that the key accepts',
      async run() {
        const { signer, publicKey } = await fixture.make();
        same(signer.kid, publicKey.kid, 'kid');
        same(publicKey.algorithms.includes(signer.alg), true, 'the key accepts the signer’s alg');
      },
    },
    {
      name: 'signs input of any length, and the public key verifies the signature',
      async run() {
        const { signer, publicKey } = await fixture.make();
        for (const length of [0, 1, 63, 64, 300, fixture.longest ?? 8000]) {
          await verifies(signer, publicKey, 'a'.repeat(length));
        }
      },
    },
    {
      name: 'signs many inputs at once without mixing them up',
      async run() {
        const { signer, publicKey } = await fixture.make();
        await Promise.all(Array.from({ length: 50 }, () => verifies(signer, publicKey, randomText(48))));
      },
    },
    {
      name: 'does not change the bytes that it signs',
      async run() {
        const { signer } = await fixture.make();
        const bytes = asciiBytes('header.payload');
        await signer.sign(bytes);
        same([...bytes], [...asciiBytes('header.payload')], 'bytes');
      },
    },
  ];
}
