#!/bin/sh
# Everything that is checked, with every tool that the tests use: `npm run test:all`.
# As root on Debian it installs what is missing; elsewhere it says what to install.
set -eu
cd "$(dirname "$0")/.."

missing=""
# Servers lie outside the path of users.
for folder in /usr/sbin /usr/lib/postgresql/*/bin; do PATH="$PATH:$folder"; done
need() { command -v "$1" >/dev/null 2>&1 || missing="$missing $2"; }
need ssh-keygen openssh-client
need openssl openssl
need curl curl
need nginx nginx-light
need caddy caddy
need haproxy haproxy
need redis-server redis-server
need initdb postgresql
need pgbouncer pgbouncer
need mariadbd mariadb-server
need script bsdutils
need zsh zsh
need fish fish
need softhsm2-util softhsm2
need pkcs11-tool opensc
python3 -c 'import ensurepip, venv' 2>/dev/null || missing="$missing python3 python3-venv"

if [ -n "$missing" ]; then
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    echo "installing$missing"
    apt-get update -qq
    # shellcheck disable=SC2086 # a list of words
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing
  else
    echo "the tests need$missing; install them, or run \`npm test\`, which leaves out what needs them" >&2
    exit 1
  fi
fi

npx node scripts/install-nodes.ts
# Proxies that Debian does not have, or has in another version.
scripts/python-environment.sh .cache/proxies packages/server/test/e2e/proxies/requirements.txt

# Newer Debians have the old ciphers of OpenSSL in a package of their own.
if ! openssl list -providers -provider legacy >/dev/null 2>&1; then
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends openssl-provider-legacy
  else
    echo "the tests need the legacy provider of OpenSSL; install openssl-provider-legacy" >&2
    exit 1
  fi
fi

echo "== lint, format, types, and what is unused" && npm run check
echo "== tests" && AJWT_TEST_ALL=1 npx vitest run "$@"
