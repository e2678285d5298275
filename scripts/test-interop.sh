#!/bin/sh
# The tests against the Python package and PyJWT: `npm run test:interop`. Their versions are pinned, in environments of their own.
# As root on Debian it installs Python where it is missing; elsewhere it says what to install.
set -eu
cd "$(dirname "$0")/.."

environments="$PWD/.cache/interop"

has_python() { python3 -c 'import ensurepip, venv' 2>/dev/null; }

if ! has_python && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
  echo "installing python3 python3-venv"
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends python3 python3-venv
fi
if ! has_python; then
  echo "the tests need Python 3 with venv (on Debian: python3 python3-venv)" >&2
  exit 1
fi
if ! python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
  echo "asymmetric_jwt_auth 1.3.0 needs Python 3.11 or newer, and this is $(python3 --version)" >&2
  exit 1
fi

# Makes the environment of one version of the package, unless it is there with the same pinned versions.
prepare() {
  environment="$environments/$1"
  pinned="test/interop/python/requirements-$1.txt"
  if cmp -s "$pinned" "$environment/installed.txt" && "$environment/bin/python" -c '' 2>/dev/null; then return; fi
  echo "installing asymmetric_jwt_auth $1 from PyPI"
  rm -rf "$environment"
  python3 -m venv "$environment"
  "$environment/bin/python" -m pip install --quiet --disable-pip-version-check --only-binary :all: --requirement "$pinned"
  cp "$pinned" "$environment/installed.txt"
}
prepare 1.3.0
prepare 0.3.1

AJWT_INTEROP_ENVIRONMENTS="$environments" exec npx vitest run --config vitest.interop.config.ts "$@"
