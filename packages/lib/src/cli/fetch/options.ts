/** The options of `ajwt fetch`: those of curl, except the ones for the identity and the token. */
import { IDENTITY_OPTIONS } from '../identity.ts';

export const FETCH_OPTIONS = {
  ...IDENTITY_OPTIONS,
  request: {
    type: 'string',
    short: 'X',
    value: 'METHOD',
    help: 'request method (default: GET, or POST with -d or -F)',
  },
  header: {
    type: 'string',
    short: 'H',
    value: "'NAME: VALUE'",
    multiple: true,
    help: 'request header to add; may be repeated',
  },
  data: {
    type: 'string',
    short: 'd',
    value: 'DATA|@FILE|@-',
    multiple: true,
    choices: '@file',
    help: 'request body: a string, a file or standard input, sent unchanged (like --data-binary of curl); implies POST and Content-Type: application/x-www-form-urlencoded; several are joined with &',
  },
  form: {
    type: 'string',
    short: 'F',
    value: 'NAME=TEXT|NAME=@FILE',
    multiple: true,
    choices: '@file',
    help: "form field or file (multipart/form-data); files are streamed; add ';type=TYPE' or ';filename=NAME' to set the type or file name of the part; implies POST; may be repeated",
  },
  include: { type: 'boolean', short: 'i', help: 'print the status line and headers before the body' },
  output: {
    type: 'string',
    short: 'o',
    value: 'FILE',
    choices: 'file',
    help: 'write to FILE instead of standard output',
  },
  verbose: {
    type: 'boolean',
    short: 'v',
    help: 'print request and response headers to standard error, without the token',
  },
  silent: {
    type: 'boolean',
    short: 's',
    help: 'print no progress, and nothing on standard error if the request fails',
  },
  fail: { type: 'boolean', short: 'f', help: 'if the status is 400 or higher, print no body and exit with code 22' },
  'fail-with-body': { type: 'boolean', help: 'if the status is 400 or higher, print the body and exit with code 22' },
  bind: { type: 'boolean', help: 'restrict the token to the origin, method, path and query of the request' },
  audience: { type: 'string', value: 'A', help: 'restrict the token to service A instead of the origin of the URL' },
} as const;
