/** The kinds of key that are compared. */
import { PrivateKey } from 'asymmetric-jwt-auth';

export interface Kind {
  readonly title: string;
  readonly make: () => Promise<PrivateKey>;
  readonly hash: string | null;
  readonly alg: 'RS512' | 'ES256' | 'EdDSA';
}

const rsa = (bits: number): Kind => ({
  title: `RSA-${bits}`,
  make: () => PrivateKey.generate('rsa', { bits }),
  hash: 'sha512',
  alg: 'RS512',
});
const ed25519: Kind = { title: 'Ed25519', make: () => PrivateKey.generate('ed25519'), hash: null, alg: 'EdDSA' };
const p256: Kind = { title: 'P-256', make: () => PrivateKey.generate('ec'), hash: 'sha256', alg: 'ES256' };

/** For speed. */
export const KINDS: readonly Kind[] = [rsa(2048), p256, ed25519];
/** For what the duration of a refusal tells. */
export const SILENT_KINDS: readonly Kind[] = [rsa(2048), rsa(3072), rsa(4096), ed25519];
