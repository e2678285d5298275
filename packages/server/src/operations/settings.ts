/** The settings of a server: read from all sources, and sent to its workers. */
import type { Settings } from 'ajwt-cli-kit';
import { PublicKey } from 'asymmetric-jwt-auth';
import type { JwksEndpoint } from 'asymmetric-jwt-auth/jwks';
import { type Config, readConfig, type ServeValues } from '../config.ts';
import { publish, readPublishedKeys } from '../published-keys.ts';
import type { SERVE_OPTIONS } from '../serve-options.ts';

/** Settings that have been checked. */
export interface ServerSettings {
  readonly config: Config;
  /** Endpoint of `/.well-known/jwks.json`; without it, the application gets this path. */
  readonly published: JwksEndpoint | undefined;
  readonly values: ServeValues;
  readonly keys: readonly PublicKey[];
}

/** Settings as JSON can represent them. */
export interface SentSettings {
  readonly values: ServeValues;
  readonly keys: readonly JsonWebKey[];
}

/**
 * Checks settings, and reads the public keys to publish.
 *
 * @throws CommandError that names the wrong option as it was given
 */
export async function checkSettings({
  values,
  named,
}: Pick<Settings<typeof SERVE_OPTIONS>, 'values' | 'named'>): Promise<ServerSettings> {
  const config = readConfig(values, named);
  const keys = await readPublishedKeys(config.serveJwks, named('serve-jwks'));
  return { config, values, keys, published: publish(keys) };
}

/** Prepares settings for another process, which needs none of the files that they came from. */
export function toSend({ values, keys }: ServerSettings): SentSettings {
  return { values, keys: keys.map((key) => key.toJwk()) };
}

/** Reads the settings that another process has checked and sent. */
export function fromSent({ values, keys: jwks }: SentSettings): ServerSettings {
  const keys = jwks.map((jwk) => PublicKey.from(jwk));
  return { config: readConfig(values, (option) => option), values, keys, published: publish(keys) };
}
