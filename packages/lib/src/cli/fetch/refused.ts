/** Options of curl that `ajwt fetch` refuses, with the reason. */

export const REFUSED_OPTIONS: Readonly<Record<string, string>> = {
  '--cert': 'the client certificate is given with --tls-cert, because --key is the key that signs',
  '-E': 'the client certificate is given with --tls-cert, because --key is the key that signs',
  '-u': 'there is no password: the token identifies the caller; give --user NAME',
  '-C': 'a response is not continued, because it may have changed; request the whole of it',
  '--continue-at': 'a response is not continued, because it may have changed; request the whole of it',
  '-Z': 'each request needs its own token; run one command for each',
  '--parallel': 'each request needs its own token; run one command for each',
  '-:': 'each request needs its own token; run one command for each',
  '--next': 'each request needs its own token; run one command for each',
  '--location-trusted': 'a token is never sent to another origin; request its URL if you trust it',
};
