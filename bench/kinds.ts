/** The types of keys that the benchmarks compare. */
import { PrivateKey } from 'asymmetric-jwt-auth';

export interface Kind {
  readonly title: string;
  readonly make: () => Promise<PrivateKey>;
  readonly hash: string | null;
  readonly alg: 'RS512' | 'ES256' | 'EdDSA';
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
  goals: { authenticate: 1.06, create: 1.15 },
};
const p256: Kind = { title: 'P-256', make: () => PrivateKey.generate('ec'), hash: 'sha256', alg: 'ES256' };

/** Types of keys for measuring speed. */
export const KINDS: readonly Kind[] = [{ ...rsa(2048), goals: { authenticate: 1.15, create: 1.03 } }, p256, ed25519];
/** Types of keys for measuring the duration of refusals. */
export const SILENT_KINDS: readonly Kind[] = [rsa(2048), rsa(3072), rsa(4096), ed25519];
