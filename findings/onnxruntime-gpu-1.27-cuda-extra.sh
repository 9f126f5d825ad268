#!/usr/bin/env bash
# onnxruntime-gpu 1.27.0, the first release for CUDA 13, cannot be installed with its documented
# extra `cuda`: it asks for nvidia-cuda-nvrtc-cu13~=13.0 and more of that kind, names under which
# only placeholders (0.0.x) are published. The packages for CUDA 13 have no suffix, as 1.28.0 has it.
#
# Needs Linux on x86-64 and Python 3.11; downloads metadata only. Exit code 0: it is so.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3.11 -m venv "$folder/venv"
python="$folder/venv/bin/python"
"$python" -m pip install --quiet --disable-pip-version-check pip==26.3
export PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1

resolve() {
  "$python" -m pip install --quiet --dry-run --ignore-installed --report "$folder/report.json" "$@"
}

for version in 1.26.0 1.27.0 1.28.0; do
  resolve --no-deps "onnxruntime-gpu==$version"
  echo "onnxruntime-gpu $version asks for, extra cuda:"
  "$python" -c "
import json, sys
(package,) = json.load(open(sys.argv[1]))['install']
for need in package['metadata']['requires_dist']:
    if 'cuda' in need.partition(';')[2]:
        print('  ' + need)
" "$folder/report.json"
  if resolve "onnxruntime-gpu[cuda]==$version" 2>"$folder/said"; then
    code=0
  else
    code=1
    grep 'nvidia' "$folder/said" | sed 's/^/  /'
  fi
  echo "  exit code of pip install 'onnxruntime-gpu[cuda]==$version': $code"
  [[ $version == 1.27.0 ]] && expected=1 || expected=0
  [[ $code == "$expected" ]] || { echo "this has changed" >&2; exit 1; }
done
