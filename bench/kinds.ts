/** The types of keys that the benchmarks compare. */
import { PrivateKey } from 'asymmetric-jwt-auth';
import { type Ed25519Verify, sodiumEd25519 } from 'asymmetric-jwt-auth/sodium';

export interface Kind {
  readonly title: string;
  readonly make: () => Promise<PrivateKey>;
  readonly hash: string | null;
  readonly alg: 'RS512' | 'ES256' | 'EdDSA';
  /** Returns the function that verifies in place of `node:crypto`. The bare operation still uses `node:crypto`. */
  readonly ed25519?: () => Ed25519Verify;
  /** Maximum ratios to bare verification and bare signing, for authenticating a request and for making a token. */
  readonly goals?: { readonly authenticate: number; readonly create: number };
}

const rsa = (bits: number): Kind => ({
  title: `RSA-${bits}`,
  make: () => PrivateKey.generate('rsa', { bits }),
  hash: 'sha512',
  alg: 'RS512',
});
const ed25519: Kind = {
  title: 'Ed25519',
  make: () => PrivateKey.generate('ed25519'),
  hash: null,
  alg: 'EdDSA',
  goals: { authenticate: 1.04, create: 1.15 },
};
const sodium: Kind = {
  ...ed25519,
  title: 'Ed25519, sodium-native',
  ed25519: sodiumEd25519,
  goals: { authenticate: 0.6, create: 1.15 },
};
const p256: Kind = { title: 'P-256', make: () => PrivateKey.generate('ec'), hash: 'sha256', alg: 'ES256' };

/** Types of keys for measuring speed. */
export const KINDS: readonly Kind[] = [
  { ...rsa(2048), goals: { authenticate: 1.15, create: 1.03 } },
  p256,
  ed25519,
  sodium,
];
/** Types of keys for measuring the duration of refusals. */
export const SILENT_KINDS: readonly Kind[] = [rsa(2048), rsa(3072), rsa(4096), ed25519, sodium];
