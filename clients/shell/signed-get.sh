#!/bin/sh
# One signed GET request: signed-get.sh USERNAME KEYFILE URL. Needs openssl 3 and curl 7.76, or newer.
set -eu
[ $# = 3 ] || { echo "usage: signed-get.sh USERNAME KEYFILE URL" >&2; exit 1; }
username=$1 key=$2 url=$3

base64url() { openssl base64 -A | tr '+/' '-_' | tr -d '='; }

case "$(openssl pkey -in "$key" -noout -text_pub)" in
  ED25519*) alg=EdDSA digest= ;;
  *Modulus*) alg=RS512 digest='-digest sha512' ;;
  *prime256v1*) alg=ES256 digest='-digest sha256' ;;
  '') exit 1 ;; # openssl has printed the reason
  *) echo "signed-get.sh: $key: the key must be RSA, Ed25519 or P-256" >&2; exit 1 ;;
esac
# A username has no control characters, so only quotes and backslashes must be escaped for JSON.
name=$(printf '%s' "$username" | sed 's/[\\"]/\\&/g')
header=$(printf '{"alg":"%s","typ":"JWT"}' $alg | base64url)
claims=$(printf '{"username":"%s","time":%d,"nonce":"%s"}' "$name" "$(date +%s)" "$(openssl rand 18 | base64url)" | base64url)

# pkeyutl signs only files, and a pipe would hide a failure of openssl.
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
printf '%s.%s' "$header" "$claims" > "$work/input"
# shellcheck disable=SC2086 # two words, or none
openssl pkeyutl -sign -inkey "$key" -rawin $digest -in "$work/input" -out "$work/signature"
if [ $alg = ES256 ]; then
  # openssl writes DER, but JWS needs r and s as 32 bytes each (RFC 7518 section 3.4). openssl converts hex to bytes only inside DER.
  rs=$(openssl asn1parse -inform DER -in "$work/signature" | sed -n 's/.*INTEGER *://p' | xargs printf '%64s%64s' | tr ' ' 0)
  openssl asn1parse -genstr "FORMAT:HEX,OCTETSTRING:$rs" -noout -out "$work/der"
  tail -c 64 "$work/der" > "$work/signature"
fi

# Other users could read the token on curl's command line, so curl reads it from standard input.
printf 'Authorization: JWT %s.%s.%s\n' "$header" "$claims" "$(base64url < "$work/signature")" |
  curl --silent --show-error --fail-with-body --max-time 30 --header @- "$url"
