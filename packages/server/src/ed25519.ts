/** Chooses the function that verifies Ed25519 signatures. */
import { type Ed25519Verify, SodiumError, sodiumEd25519 } from 'asymmetric-jwt-auth/sodium';
import type { Logger } from 'pino';

/** What verifies Ed25519 signatures. */
export interface Ed25519 {
  readonly name: 'sodium-native' | 'node:crypto';
  /** In place of `node:crypto`. */
  readonly verify: Ed25519Verify | undefined;
}

/**
 * Takes `sodium-native` if it is installed and works, otherwise `node:crypto`.
 *
 * @param load - loads `sodium-native`
 */
export function chooseEd25519(log: Logger, load: typeof sodiumEd25519 = sodiumEd25519): Ed25519 {
  try {
    return { name: 'sodium-native', verify: load() };
  } catch (error) {
    if (!(error instanceof SodiumError)) throw error;
    if (error.code !== 'missing_peer') log.warn(`${error.message}; node:crypto verifies Ed25519 until then`);
    return { name: 'node:crypto', verify: undefined };
  }
}
