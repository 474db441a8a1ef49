#!/usr/bin/env bash
# Builds the source distribution and from it the wheel, installs the wheel, and uses it from
# an empty folder, where nothing of the checkout can stand in for what the wheel lacks.
# The dependencies are those of the environment whose python is given.
set -euo pipefail
cd "$(dirname "$0")/.."
python=${1:-.venv/bin/python}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

"$python" -m build --outdir "$scratch/dist" . >"$scratch/build.log" ||
  { cat "$scratch/build.log"; exit 1; }
"$python" -m venv "$scratch/venv"
# Before the .pth file: behind it, pip would take the editable install for this one.
"$scratch/venv/bin/pip" install --quiet --no-deps "$scratch"/dist/*.whl
packages='import sysconfig; print(sysconfig.get_path("purelib"))'
"$python" -c "$packages" >"$("$scratch/venv/bin/python" -c "$packages")/dependencies.pth"

mkdir "$scratch/empty"
cd "$scratch/empty"
PATH="$scratch/venv/bin:$PATH"
unset PYTHONPATH
set -x
python -c "import dcgan_tf; assert dcgan_tf.__file__.startswith('$scratch/venv'), dcgan_tf"
dcgan-tf --version
dcgan-tf sample --digits=2026
test -s sample.png
dcgan-tf playground
test -s playground.html
if [ -n "${TFDS_DATA_DIR:-}" ]; then
  dcgan-tf train --flagfile=acgan_keras_gan --dry_run
  test ! -e checkpoints
fi
dcgan-tf train --mode=acgan --dataset=digits --epochs=1 --run_dir=run
dcgan-tf evaluate --run=run
test -s run/evaluation.json
