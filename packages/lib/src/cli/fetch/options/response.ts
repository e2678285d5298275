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
  'remote-name': {
    type: 'boolean',
    short: 'O',
    help: 'write to a file in this folder with the name in the URL; never overwrites a file',
  },
  'remote-header-name': {
    type: 'boolean',
    short: 'J',
    help: 'with -O, use the name in the Content-Disposition header, if there is one',
  },
  'dump-header': {
    type: 'string',
    short: 'D',
    value: 'FILE',
    choices: 'file',
    help: 'write the status lines and headers of the responses to FILE, or - for standard output',
  },
  'write-out': {
    type: 'string',
    short: 'w',
    value: 'FORMAT|@FILE',
    choices: '@file',
    help: 'print FORMAT after the response; it may contain variables such as %{http_code}',
  },
  compressed: { type: 'boolean', help: 'ask for a compressed response, and decompress it' },
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
