#!/bin/sh
# Makes a Python environment with pinned packages from PyPI, unless it exists: `python-environment.sh FOLDER REQUIREMENTS`.
set -eu
environment="$1"
pinned="$2"

if cmp -s "$pinned" "$environment/installed.txt" && "$environment/bin/python" -c '' 2>/dev/null; then exit; fi
echo "installing $pinned from PyPI"
rm -rf "$environment"
python3 -m venv "$environment"
"$environment/bin/python" -m pip install --quiet --disable-pip-version-check --only-binary :all: --requirement "$pinned"
cp "$pinned" "$environment/installed.txt"
