/** Contract suites: a store or signer of your own is tested with what ours are tested with. */
export type { ContractCase } from './contract.ts';
export { ContractError } from './contract.ts';
export { directoryContract } from './directory.ts';
export type { DirectoryFixture } from './directory-fixture.ts';
export { type KeyStoreFixture, type KeyStoreUser, keyStoreContract } from './key-store.ts';
export { nonceStoreContract } from './nonce-store.ts';
export type { Able, NonceRace, NonceStoreFixture, NonceStoreSetup, RaceOutcomes } from './nonce-store-fixture.ts';
export { type SignerFixture, signerContract } from './signer.ts';
