#!/bin/sh
# Runs every check and every test, with every program that the tests use: `npm run test:all`.
# If root runs it on Debian, it installs missing programs. Otherwise it lists what to install.
set -eu
cd "$(dirname "$0")/.."

missing=""
reasons=""
# Debian installs servers in folders that are not on a user's PATH.
for folder in /usr/sbin /usr/lib/postgresql/*/bin; do PATH="$PATH:$folder"; done
add() {
  missing="$missing $1"
  reasons="$reasons
  $1: $2"
}
# Arguments: a program, its Debian package, and what the tests do with it.
need() { command -v "$1" >/dev/null 2>&1 || add "$2" "$3"; }
need ssh-keygen openssh-client "makes keys as users do, and runs an ssh-agent"
need openssl openssl "makes keys and certificates as users do"
need curl curl "runs the commands in the documentation"
need nginx nginx-light "passes requests on to ajwtd"
need caddy caddy "passes requests on to ajwtd"
need haproxy haproxy "passes requests on to ajwtd"
need redis-server redis-server "stores used nonces"
need initdb postgresql "stores users, keys and used nonces"
need pgbouncer pgbouncer "pools connections between ajwtd and PostgreSQL"
need mariadbd mariadb-server "stores users, keys and used nonces"
need prometheus prometheus "reads the metrics of ajwtd, and checks its alerts"
need chromium chromium "signs requests in a browser"
need script bsdutils "gives commands a terminal"
need zsh zsh "completes commands"
need fish fish "completes commands"
need softhsm2-util softhsm2 "holds keys that sign over PKCS #11"
need pkcs11-tool opensc "signs over PKCS #11"
python3 -c 'import ensurepip, venv' 2>/dev/null || add "python3 python3-venv" "runs proxies from PyPI"
# Newer Debian releases have the old ciphers of OpenSSL in a separate package. This cannot be checked before OpenSSL is installed.
has_old_ciphers() { openssl list -providers -provider legacy >/dev/null 2>&1; }
if command -v openssl >/dev/null 2>&1; then has_old_ciphers || add openssl-provider-legacy "encrypts keys with old ciphers"; fi

install() {
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    echo "About to install Debian packages that the tests need:$reasons"
    apt-get update -qq
    # shellcheck disable=SC2086 # a list of words
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing
  else
    echo "The tests need these Debian packages:$reasons" >&2
    echo "Install them, or run \`npx vitest run\`, which skips the tests that need them." >&2
    exit 1
  fi
}
if [ -n "$missing" ]; then install; fi
if ! has_old_ciphers; then
  missing="" reasons=""
  add openssl-provider-legacy "encrypts keys with old ciphers"
  install
fi

npx node scripts/install-test-tools.ts
# Installs proxies that Debian lacks, or that it has only in another version.
scripts/python-environment.sh .cache/proxies packages/server/test/e2e/proxies/requirements.txt

echo "== lint, format, types, and unused code" && npm run check
echo "== tests" && AJWT_TEST_ALL=1 npx vitest run "$@"
