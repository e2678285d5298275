/** Decides who signs the requests of `ajwt fetch`, and what each token is bound to. */
import type { Io } from 'ajwt-cli-kit/io';
import type { PublicKey } from '../../keys/public-key.ts';
import { type IdentityValues, readIdentity } from '../identity.ts';
import type { SignHop } from './exchange.ts';
import { hopSigner } from './sign.ts';

/** The caller of one command. */
export interface Caller {
  /** Signs one hop. Throws an error if the hop's origin differs from the command's origin. */
  readonly sign: SignHop;
  readonly username: string;
  readonly publicKey: PublicKey;
  /** Whether tokens are bound to the method and the request-target. */
  readonly isBound: boolean;
}

/**
 * Reads the identity of the caller of a URL.
 *
 * @param values - values of the options, with `bind` from the option or `AJWT_BIND`
 * @throws CommandError if there is no username or key for this origin, or an option is not valid
 * @throws KeyError if the key cannot be used
 */
export async function readCaller(
  values: IdentityValues & { readonly bind: boolean; readonly insecure: boolean },
  { origin }: URL,
  io: Io,
): Promise<Caller> {
  const { username, key, audience, bind } = await readIdentity(values, origin, io);
  const isBound = values.bind || bind;
  const signing = {
    username,
    key,
    bind: isBound ? (['aud', 'htm', 'target'] as const) : audience === undefined ? [] : (['aud'] as const),
    ...(audience === undefined ? {} : { audience }),
  };
  const sign = hopSigner(signing, values.insecure, io);
  return {
    async sign(place, connection) {
      // Redirects to other origins are refused earlier; this second check protects the key if that one fails.
      if (place.url.origin !== origin) throw new Error(`a key for ${origin} must not sign for ${place.url.origin}`);
      return sign(place, connection);
    },
    username,
    publicKey: key.publicKey,
    isBound,
  };
}
