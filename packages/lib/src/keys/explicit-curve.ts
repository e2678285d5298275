/**
 * Detects EC keys with explicit curve parameters instead of a named curve (RFC 3279 §2.3.5). CVE-2020-0601 was an attack with such keys.
 */
import { toHex } from '#engine';

export const EXPLICIT_CURVE =
  'this EC key has explicit curve parameters; convert it with `openssl pkey -ec_param_enc named_curve`';

/** The DER of the object identifier prime-field, in hex. */
const PRIME_FIELD = '06072a8648ce3d0101';

/** @param der - the DER of an EC key */
export function hasExplicitCurve(der: Uint8Array): boolean {
  return toHex(der).includes(PRIME_FIELD);
}
