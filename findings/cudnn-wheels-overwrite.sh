#!/usr/bin/env bash
# TensorFlow 2.21 and onnxruntime-gpu since 1.27 ask for two packages of cuDNN, nvidia-cudnn-cu12 and
# nvidia-cudnn-cu13. pip installs both into one environment without a word, but they bring the same
# ten libraries with other contents: the one installed last is there, and the other framework loads
# a build for another CUDA.
#
# Needs Linux on x86-64, Python 3.11 and 4 GB in the temporary folder; downloads 1.3 GB. No GPU.
# Exit code 0: it is so. Lists the shared files.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3.11 -m venv "$folder/venv"
python="$folder/venv/bin/python"
"$python" -m pip install --quiet --disable-pip-version-check pip==26.3
export PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1

cat >"$folder/look.py" <<'END'
"""resolved REPORT: which cuDNNs pip would install. installed: hold files against their records."""
import base64, csv, hashlib, json, pathlib, sys, sysconfig

if sys.argv[1] == "resolved":
    report = json.load(open(sys.argv[2]))
    found = {p["metadata"]["name"]: p["metadata"]["version"] for p in report["install"]}
    cudnn = {name: version for name, version in found.items() if "cudnn" in name}
    print("pip resolves both:", cudnn)
    sys.exit(sorted(cudnn) != ["nvidia-cudnn-cu12", "nvidia-cudnn-cu13"])

site = pathlib.Path(sysconfig.get_path("purelib"))
records = {}
for info in sorted(site.glob("nvidia_cudnn_cu*.dist-info")):
    rows = csv.reader((info / "RECORD").read_text().splitlines())
    records[info.name.split("-")[0][-4:]] = {r[0]: (r[1], int(r[2])) for r in rows if r[2]}
first, last = records["cu12"], records["cu13"]
shared = sorted(n for n in first.keys() & last.keys() if ".so" in n and first[n] != last[n])
print(f"{len(shared)} libraries are in both, with other contents:")
wrong = 0
for name in shared:
    with open(site / name, "rb") as file:
        digest = hashlib.file_digest(file, "sha256").digest()
    there = "sha256=" + base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
    owner = [cuda for cuda, record in records.items() if record[name][0] == there]
    wrong += owner != ["cu13"]
    print(f"  {name}: {first[name][1]:,} bytes in cu12, {last[name][1]:,} in cu13; there: {owner}")
sys.exit(not shared or wrong > 0)
END

"$python" -m pip install --quiet --dry-run --ignore-installed --report "$folder/report.json" \
  'tensorflow[and-cuda]==2.21.0' 'onnxruntime-gpu[cuda,cudnn]==1.31.1'
"$python" "$folder/look.py" resolved "$folder/report.json"

# One after the other, so that it is known which is last.
for package in nvidia-cudnn-cu12==9.28.0.42 nvidia-cudnn-cu13==9.28.1.4; do
  echo "\$ pip install --no-deps $package"
  "$python" -m pip install --no-deps "$package" 2>&1 | tee "$folder/said"
  if grep -qiE 'warning|error|overwrit|conflict' "$folder/said"; then
    echo "pip says something now" >&2
    exit 1
  fi
done
"$python" "$folder/look.py" installed
