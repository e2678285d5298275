/** The options of `ajwt fetch`: curl's, but for those that say who signs, and for what. */
import { IDENTITY_OPTIONS } from '../identity.ts';

export const FETCH_OPTIONS = {
  ...IDENTITY_OPTIONS,
  request: {
    type: 'string',
    short: 'X',
    value: 'METHOD',
    help: 'method: GET unless another is given, or POST with -d or -F',
  },
  header: {
    type: 'string',
    short: 'H',
    value: "'NAME: VALUE'",
    multiple: true,
    help: 'one more header; may be repeated',
  },
  data: {
    type: 'string',
    short: 'd',
    value: 'DATA|@FILE|@-',
    multiple: true,
    choices: '@file',
    help: 'body: a text, a file, or standard input, byte for byte (as --data-binary of curl); implies POST and Content-Type: application/x-www-form-urlencoded; several are joined with &',
  },
  form: {
    type: 'string',
    short: 'F',
    value: 'NAME=TEXT|NAME=@FILE',
    multiple: true,
    choices: '@file',
    help: "one field of a form (multipart/form-data), or one file of it, read while it is sent; ';type=TYPE' and ';filename=NAME' may follow; implies POST; may be repeated",
  },
  include: { type: 'boolean', short: 'i', help: 'print the status line and the headers before the body' },
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
    help: 'show the headers of request and answer on standard error, without the token',
  },
  silent: {
    type: 'boolean',
    short: 's',
    help: 'show no progress, and say nothing on standard error when the request fails',
  },
  fail: { type: 'boolean', short: 'f', help: 'for a status of 400 or more: no body, exit code 22' },
  'fail-with-body': { type: 'boolean', help: 'for a status of 400 or more: the body, exit code 22' },
  bind: { type: 'boolean', help: 'bind the token to the origin of the URL, the method, and the path with its query' },
  audience: { type: 'string', value: 'A', help: 'bind the token to the service A, instead of the origin of the URL' },
} as const;
