/** What `ajwtd doctor` examines. */
import type { Config } from '../../config.ts';

/** Where a value with a password comes from. */
interface SecretSource {
  /** `--database`, `AJWTD_DATABASE` or `FILE:LINE:COLUMN`. */
  readonly place: string;
  readonly kind: 'flag' | 'variable' | 'file';
}

/** An installation, as its settings describe it. */
export interface Installation {
  readonly config: Config;
  /** Path of the configuration file. */
  readonly configFile: string | undefined;
  /** Files that contain one secret each. */
  readonly secretFiles: readonly string[];
  /** Sources of the settings that contain a password. */
  readonly passwords: readonly SecretSource[];
  /** URL by which callers reach the server. */
  readonly url: URL | undefined;
}
