#!/bin/sh
# Rewrites serve.txt and test.txt from pyproject.toml. torch stays out: torch.txt pins it alone.
set -eu
cd "$(dirname "$0")/../.."
python3 -m venv .venv-lock
.venv-lock/bin/python -m pip install --quiet pip-tools
common="--quiet --generate-hashes --no-header --strip-extras --allow-unsafe
  --no-emit-index-url --no-emit-trusted-host --no-emit-find-links"
# shellcheck disable=SC2086
.venv-lock/bin/pip-compile $common -o scripts/lock/serve.txt pyproject.toml
# shellcheck disable=SC2086
.venv-lock/bin/pip-compile $common --unsafe-package torch --extra train --extra test \
  -c scripts/lock/serve.txt -o scripts/lock/test.txt pyproject.toml
python3 - <<'PY'
import pathlib, re
path = pathlib.Path("scripts/lock/test.txt")
text = re.sub(r"\n# The following packages[^\n]*", "", path.read_text())
path.write_text(re.sub(r"\ntorch==[^\n]*\n(?:[ \t]+[^\n]*\n)*", "\n", text))
PY
rm -rf .venv-lock
