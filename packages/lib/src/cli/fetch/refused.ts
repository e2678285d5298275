/** Options of curl that `ajwt fetch` refuses, with the reason. */

const CLIENT_CERTIFICATE = 'the client certificate is given with --tls-cert, because --key is the key that signs';
const RESUMING = 'downloads cannot be resumed, because the file may have changed; download all of it';
const SEVERAL = 'each request needs its own token; run one command for each request';

export const REFUSED_OPTIONS: Readonly<Record<string, string>> = {
  '--cert': CLIENT_CERTIFICATE,
  '-E': CLIENT_CERTIFICATE,
  '-u': 'there is no password: the token identifies the caller; give --user NAME',
  '-C': RESUMING,
  '--continue-at': RESUMING,
  '-Z': SEVERAL,
  '--parallel': SEVERAL,
  '-:': SEVERAL,
  '--next': SEVERAL,
  '--location-trusted': 'a token is never sent to another origin; request its URL if you trust it',
};
