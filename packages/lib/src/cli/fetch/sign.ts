/** Signs each hop of a request. */

import { CommandError } from 'ajwt-cli-kit/command-error';
import type { Io } from 'ajwt-cli-kit/io';
import { encodeBytes, sha256 } from '#engine';
import { attemptSigner, type SigningOptions } from '../../client/signing.ts';
import { createAuthorization } from '../../client/token.ts';
import type { SignHop } from './exchange.ts';

/**
 * Returns the function that signs.
 *
 * @param insecure - `-k`: without a trusted certificate, anyone between this machine and the server could use the token for another request.
 *   Unless the server is on this machine, the token is bound to the whole request, including the body.
 */
export function hopSigner(caller: SigningOptions, insecure: boolean, io: Pick<Io, 'note'>): SignHop {
  // The command reports a wrong clock to the user instead of correcting it.
  const attempt = attemptSigner({ ...caller, clock: false });
  let warned = false;
  return async ({ url, method, body }, { isLocal }) => {
    if (!insecure || isLocal || url.protocol !== 'https:') return (await attempt(url, method)).authorization;
    const content = body?.content ?? new Uint8Array();
    if (!(content instanceof Uint8Array)) {
      throw new CommandError('-k: needs a body in memory, to bind the token to it; send a file of at most 16 MiB');
    }
    if (!warned)
      io.note(`warning: -k: the certificate of ${url.host} is not checked; the token is bound to this request`);
    warned = true;
    const { username, key, audience: aud = url.origin } = caller;
    const bind = { aud, htm: method, target: url.pathname + url.search, digest: encodeBytes(sha256(content)) };
    return createAuthorization({ username, key, bind });
  };
}
