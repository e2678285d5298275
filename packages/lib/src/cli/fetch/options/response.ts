/** Options of `ajwt fetch` for the response. */

export const RESPONSE_OPTIONS = {
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
  'show-error': { type: 'boolean', short: 'S', help: 'with -s, still print error messages' },
  fail: { type: 'boolean', short: 'f', help: 'if the status is 400 or higher, print no body and exit with code 22' },
  'fail-with-body': { type: 'boolean', help: 'if the status is 400 or higher, print the body and exit with code 22' },
} as const;
