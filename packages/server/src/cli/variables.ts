/** The environment variables of `ajwtd`: one for each option of `serve`; other commands use them too. */
import { SERVE_OPTIONS } from '../serve-options.ts';

export const VARIABLES = {
  prefix: 'AJWTD_',
  known: Object.values(SERVE_OPTIONS).map(({ env }) => env),
  // Kubernetes sets these in every container if a service is called ajwtd. No option may use such a name.
  others: /^AJWTD_(?:SERVICE_|PORT$|PORT_)/,
  unknown: 'refuse',
} as const;
