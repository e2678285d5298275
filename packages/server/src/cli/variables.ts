/** The environment variables of `ajwtd`: one for each option of `serve`, and another for each secret; other commands use them too. */
import { fileVariable } from 'ajwt-cli-kit/sources';
import type { Setting } from '../configuration/setting.ts';
import { SERVE_OPTIONS } from '../serve-options.ts';

export const VARIABLES = {
  prefix: 'AJWTD_',
  known: Object.values<Setting>(SERVE_OPTIONS).flatMap(({ env, secret }) =>
    secret ? [env, fileVariable(env)] : [env],
  ),
  // Kubernetes sets these in every container if a service is called ajwtd. No option may use such a name.
  others: /^AJWTD_(?:SERVICE_|PORT$|PORT_)/,
  unknown: 'refuse',
} as const;
