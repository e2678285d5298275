/**
 * Tests your own stores, signers and adapters with the suites that test the built-in ones: {@link keyStoreContract},
 * {@link nonceStoreContract}, {@link directoryContract}, {@link signerContract}, {@link adapterContract} and {@link bodyContract}. Each returns named cases, which you pass to any test runner.
 */
export { type AdapterFixture, type AdapterServer, type AdapterUser, adapterContract } from './testing/adapter.ts';
export { type BodyCaseOptions, type BodyFixture, bodyContract } from './testing/body.ts';
export type { ContractCase } from './testing/contract.ts';
export { ContractError } from './testing/contract.ts';
export { directoryContract } from './testing/directory.ts';
export type { DirectoryFixture } from './testing/directory-fixture.ts';
export { type KeyStoreFixture, type KeyStoreUser, keyStoreContract } from './testing/key-store.ts';
export { nonceStoreContract } from './testing/nonce-store.ts';
export type {
  CapabilityOrReason,
  NonceRace,
  NonceStoreFixture,
  NonceStoreSetup,
  RaceOutcomes,
} from './testing/nonce-store-fixture.ts';
export { type SignerFixture, signerContract } from './testing/signer.ts';
