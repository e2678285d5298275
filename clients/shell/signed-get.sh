#!/bin/sh
# One signed GET request: signed-get.sh USERNAME KEYFILE URL. Needs openssl 3 and curl 7.76, or newer.
set -eu
[ $# = 3 ] || { echo "usage: signed-get.sh USERNAME KEYFILE URL" >&2; exit 1; }
username=$1 key=$2 url=$3

base64url() { openssl base64 -A | tr '+/' '-_' | tr -d '='; }

case "$(openssl pkey -in "$key" -noout -text_pub)" in
  ED25519*) alg=EdDSA digest= ;;
  *Modulus*) alg=RS512 digest='-digest sha512' ;;
  '') exit 1 ;; # openssl has said why
  *) echo "signed-get.sh: $key: the key is neither RSA nor Ed25519" >&2; exit 1 ;;
esac
kid=$(openssl pkey -in "$key" -pubout | openssl dgst -sha256 -r | cut -d ' ' -f 1)
# A username has no control characters: quotes and backslashes are all that JSON wants escaped.
name=$(printf '%s' "$username" | sed 's/[\\"]/\\&/g')
header=$(printf '{"alg":"%s","typ":"JWT","kid":"%s"}' $alg "$kid" | base64url)
claims=$(printf '{"username":"%s","time":%d,"nonce":"%s"}' "$name" "$(date +%s)" "$(openssl rand 18 | base64url)" | base64url)

# pkeyutl signs files only, and a pipe would hide that it failed.
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
printf '%s.%s' "$header" "$claims" > "$work/input"
# shellcheck disable=SC2086 # two words, or none
openssl pkeyutl -sign -inkey "$key" -rawin $digest -in "$work/input" -out "$work/signature"

# On curl's command line, other users could read the token.
printf 'Authorization: JWT %s.%s.%s\n' "$header" "$claims" "$(base64url < "$work/signature")" |
  curl --silent --show-error --fail-with-body --max-time 30 --header @- "$url"
