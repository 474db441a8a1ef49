#!/usr/bin/env bash
# Runs the smoke tests with the lowest versions that setup.cfg allows, in an environment of
# its own in a temporary folder: bash tests/lowest.sh
# PYTHON names the interpreter (3.11 or 3.12, for which TensorFlow 2.19 has wheels); KEEP a
# folder in which the environment stays.
set -euo pipefail
cd "$(dirname "$0")/.."

environment=${KEEP:-$(mktemp -d)}
[ -n "${KEEP:-}" ] || trap 'rm -rf "$environment"' EXIT
"${PYTHON:-python3}" -m venv "$environment"
lowest=$("$environment/bin/python" - <<'END'
import configparser

setup = configparser.ConfigParser()
setup.read("setup.cfg")
for line in setup["options"]["install_requires"].split():
    print(line.replace(">=", "=="))
END
)
# shellcheck disable=SC2086
"$environment/bin/pip" install --quiet $lowest pytest pytest-xdist
# Old versions warn of others: no error here.
PYTHONPATH=$PWD "$environment/bin/python" -m pytest -m smoke -n 0 -W default --ignore=tests/test_notebook.py "$@"
