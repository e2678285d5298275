/** The options of `ajwt fetch`: curl's options, and its own for the identity and the token. */
import { IDENTITY_OPTIONS } from '../identity.ts';
import { CONNECTION_OPTIONS } from './options/connection.ts';
import { REQUEST_OPTIONS } from './options/request.ts';
import { RESPONSE_OPTIONS } from './options/response.ts';

export const FETCH_OPTIONS = {
  ...IDENTITY_OPTIONS,
  ...REQUEST_OPTIONS,
  ...RESPONSE_OPTIONS,
  ...CONNECTION_OPTIONS,
  bind: {
    type: 'boolean',
    env: 'AJWT_BIND',
    help: 'restrict the token to the origin, method, path and query of the request',
  },
  audience: { type: 'string', value: 'A', help: 'restrict the token to service A instead of the origin of the URL' },
} as const;
