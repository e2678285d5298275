#!/bin/sh
# Runs the tests against the Python package and PyJWT, and the tests of the clients in other languages: `npm run test:interop`.
# Python packages have pinned versions, in separate environments. If root runs it on Debian, it installs missing languages. Otherwise
# it lists what to install.
set -eu
cd "$(dirname "$0")/.."

environments="$PWD/.cache/interop"

has_python() { python3 -c 'import ensurepip, venv' 2>/dev/null; }
# A Java runtime is not enough: the compiler is needed too.
has_java() { javac -version >/dev/null 2>&1; }

missing=""
has_python || missing="$missing python3 python3-venv"
command -v go >/dev/null 2>&1 || missing="$missing golang-go"
command -v cargo >/dev/null 2>&1 || missing="$missing cargo rustc"
# Rust links with cc, and one crate contains C code.
command -v cc >/dev/null 2>&1 || missing="$missing gcc libc6-dev"
has_java || missing="$missing default-jdk-headless"
command -v curl >/dev/null 2>&1 || missing="$missing curl"
command -v openssl >/dev/null 2>&1 || missing="$missing openssl"
if [ -n "$missing" ]; then
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    echo "installing$missing"
    apt-get update -qq
    # shellcheck disable=SC2086 # a list of words
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing
  else
    echo "the tests need Python 3 with venv, Go, Rust, a C compiler, a JDK, OpenSSL, and curl (on Debian:$missing)" >&2
    exit 1
  fi
fi
if ! python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
  echo "asymmetric_jwt_auth 1.3.0 needs Python 3.11 or newer, but this is $(python3 --version)" >&2
  exit 1
fi
if ! go version | awk '{ split(substr($3, 3), v, "."); exit !(v[1] > 1 || v[2] >= 24) }'; then
  echo "the client in Go needs Go 1.24 or newer, but this is $(go version)" >&2
  exit 1
fi
if ! rustc --version | awk '{ split($2, v, "."); exit !(v[1] > 1 || v[2] >= 85) }'; then
  echo "the client in Rust needs Rust 1.85 or newer, but this is $(rustc --version)" >&2
  exit 1
fi

for version in 1.3.0 0.3.1; do
  scripts/python-environment.sh "$environments/$version" "test/interop/python/requirements-$version.txt"
done

# Builds the clients from their sources. Go and Cargo build only what has changed.
clients="$environments/clients"
mkdir -p "$clients"
echo "building the clients"
(cd clients/go && go build -o "$clients/go/" .)
(cd clients/rust && CARGO_TARGET_DIR="$clients/rust" cargo build --quiet --locked)
javac -d "$clients/java" clients/java/SignedGet.java

AJWT_INTEROP_ENVIRONMENTS="$environments" exec npx vitest run --config vitest.interop.config.ts "$@"
