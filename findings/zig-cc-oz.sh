#!/usr/bin/env bash
# `zig cc` takes -Oz for -Os: ziglang 0.17.1 writes the same bytes for both, and no function is marked
# to be as small as can be. Clang's own option, handed on by -Xclang -Oz, is heeded and gives less
# code. Clang's manual has -Oz "like -Os (and thus -O2), but reduces code size further".
#
# Needs Python 3.11; downloads 100 MB. Exit code 0: it is so.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3.11 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-cache-dir ziglang==0.17.1
cat >"$folder/sums.c" <<'END_OF_C'
static int sum(const int *p, int n) {
    int s = 0;
    for (int i = 0; i < n; i++) {
        s += p[i] * 3;
        if (s > 1000) s -= 77;
    }
    return s;
}
int one(const int *p, int n) { return sum(p, n) + 1; }
int two(const int *p, int n) { return sum(p, n + 1) * 2; }
int twelve(const int *p) {
    int s = 0;
    for (int i = 0; i < 12; i++) s += p[i] ^ i;
    return s;
}
END_OF_C
export HOME="$folder" ZIG_GLOBAL_CACHE_DIR="$folder/cache" ZIG_LOCAL_CACHE_DIR="$folder/cache"
compile() { # NAME OPTION...
  "$folder/venv/bin/python" -m ziglang cc -target wasm32-freestanding -g0 "${@:2}" -c "$folder/sums.c" \
    -o "$folder/$1.o"
  echo "${*:2}: $(stat -c %s "$folder/$1.o") bytes"
}
"$folder/venv/bin/python" -m ziglang version
compile s -Os
compile z -Oz
compile clang -Os -Xclang -Oz
cmp "$folder/s.o" "$folder/z.o" || { echo "it has changed: -Oz is heeded" >&2; exit 1; }
[ "$(stat -c %s "$folder/clang.o")" -lt "$(stat -c %s "$folder/z.o")" ] ||
  { echo "it has changed: -Xclang -Oz gives no less" >&2; exit 1; }
