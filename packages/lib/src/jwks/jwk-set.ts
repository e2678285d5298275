/** Reads JWK sets (RFC 7517 §5) that others publish. It skips unusable keys; the other keys stay usable. */
import type { JsonWebKey } from '#engine';
import type { KeyRecord } from '../core/contracts.ts';
import { parseStrictJsonObject } from '../core/strict-json.ts';
import { hasPrivateMember, publicMembers } from '../keys/jwk.ts';
import { KeyError } from '../keys/key-error.ts';
import { PublicKey } from '../keys/public-key.ts';
import { JwksError } from './jwks-error.ts';

/** Maximum number of keys in a set. It limits the time and memory that a set can take. */
const MAX_KEYS = 100;

/** A key in a set, with the kid from the set. */
export interface SetKey extends KeyRecord {
  readonly key: PublicKey;
}

/**
 * Reads a JWK set.
 *
 * @param report - called for each key that is skipped
 * @returns the usable keys; an empty array for an empty set, which is valid
 * @throws JwksError `not_a_set`, or `no_usable_key` if all keys are skipped
 */
export function readJwkSet(text: string | undefined, url: string, report: (problem: JwksError) => void): SetKey[] {
  const entries = parseStrictJsonObject(text)?.keys;
  if (!Array.isArray(entries)) throw new JwksError('not_a_set', url);
  if (entries.length > MAX_KEYS) report(new JwksError('too_many_keys', url, { index: MAX_KEYS }));
  const considered = entries.slice(0, MAX_KEYS);

  const leaked = new Set(considered.map(leakedThumbprint));
  const kids = new Set<string>();
  const keys: SetKey[] = [];
  considered.forEach((entry, index) => {
    try {
      const key = readEntry(entry);
      const { kid } = entry as { readonly kid?: unknown };
      if (leaked.has(key.thumbprint)) throw new JwksError('leaked_key', url, { index });
      if (typeof kid !== 'string') keys.push({ key, state: 'active' });
      else if (kids.has(kid)) throw new JwksError('duplicate_kid', url, { index });
      else {
        kids.add(kid);
        keys.push({ key, state: 'active', issuerKid: kid });
      }
    } catch (error) {
      report(problemOf(error, url, index));
    }
  });
  if (keys.length === 0 && entries.length > 0) throw new JwksError('no_usable_key', url);
  return keys;
}

function readEntry(entry: unknown): PublicKey {
  if (typeof entry !== 'object' || entry === null) throw new KeyError('malformed', 'it is not a JSON object');
  return PublicKey.from(entry as JsonWebKey);
}

function problemOf(error: unknown, url: string, index: number): JwksError {
  if (error instanceof JwksError) return error;
  if (!(error instanceof KeyError)) throw error;
  return new JwksError(error.code === 'private_key' ? 'leaked_key' : 'bad_key', url, { index, detail: error.message });
}

/** Returns the thumbprint of an entry that contains a private key. The set may also contain that key without its private part. */
function leakedThumbprint(entry: unknown): string | undefined {
  if (typeof entry !== 'object' || entry === null || !hasPrivateMember(entry as JsonWebKey)) return undefined;
  try {
    return PublicKey.from(publicMembers(entry as JsonWebKey)).thumbprint;
  } catch {
    return undefined;
  }
}
