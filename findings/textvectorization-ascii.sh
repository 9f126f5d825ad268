#!/usr/bin/env bash
# Keras's TextVectorization, the text layer of Keras 3, lower-cases ASCII letters alone and splits at
# ASCII white space alone, with standardize="lower_and_strip_punctuation" (the default) and "lower":
# tf.strings.lower is called without encoding="utf-8", though the layer has encoding="utf-8". So
# "ÄRGER" and "ärger" are two words, a word behind a no-break space is glued to the one before, and
# a program that feeds such a model with str.lower().split() gives other ids.
#
# Needs Linux on x86-64, Python 3.11 and 2 GB in the temporary folder; downloads 400 MB. No GPU.
# Exit code 0: it is so.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3.11 -m venv "$folder/venv"
python="$folder/venv/bin/python"
"$python" -m pip install --quiet --disable-pip-version-check --no-cache-dir \
  tensorflow-cpu==2.21.0 keras==3.15.1

cat >"$folder/look.py" <<'END'
import keras
import tensorflow as tf

print("Keras", keras.__version__, "TensorFlow", tf.__version__)
text = "ÄRGER ärger: Très\u00a0BON film"
for standardize in ("lower_and_strip_punctuation", "lower"):
    layer = keras.layers.TextVectorization(standardize=standardize)
    layer.adapt([text])
    words = sorted(str(word) for word in layer.get_vocabulary()[2:])
    print(standardize, words)
    assert words == sorted(
        word if standardize == "lower" else word.replace(":", "")
        for word in ("Ärger", "ärger:", "très\u00a0bon", "film")
    ), "it has changed"
print("str.lower().split()", sorted(text.lower().split()))
END
TF_CPP_MIN_LOG_LEVEL=3 HOME="$folder" "$python" "$folder/look.py" 2>"$folder/log" || {
  tail -n 5 "$folder/log" >&2
  exit 1
}
