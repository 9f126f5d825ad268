#!/usr/bin/env bash
# `hard_sigmoid` is two functions: 0.2 x + 0.5 cut to [0, 1] in Keras 2, x / 6 + 0.5 in Keras 3. A
# recurrent layer with `recurrent_activation="hard_sigmoid"`, the default before TensorFlow 2, built
# by the same code in both and given the same weights through set_weights, predicts other
# probabilities in Keras 3 than in Keras 2, without a word. Times 1.2, the gates' weights and biases
# give Keras 3's function what makes it that of Keras 2.
#
# Needs Python 3.11; downloads 400 MB. Exit code 0: it is so.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cat >"$folder/look.py" <<'END'
import keras
import numpy as np
import tf_keras


def made(package):
    layers = package.layers
    return package.Sequential(
        [
            layers.InputLayer((12,)),
            layers.Embedding(30, 6),
            layers.GRU(5, recurrent_activation="hard_sigmoid"),
            layers.Dense(1, activation="sigmoid"),
        ]
    )


rng = np.random.default_rng(0)
old, new = made(tf_keras), made(keras)
weights = [rng.normal(0, 0.8, array.shape) for array in old.get_weights()]
ids = rng.integers(1, 30, (20, 12))
old.set_weights(weights)
new.set_weights(weights)
expected = old.predict(ids, verbose=0)
found = np.abs(new.predict(ids, verbose=0) - expected).max()
print("Keras", keras.__version__, "against Keras", tf_keras.__version__, f"off by {found:.3f}")
# A GRU's gates but the last, which has tanh.
for array in weights[1:4]:
    array[..., :10] *= 1.2
new.set_weights(weights)
scaled = np.abs(new.predict(ids, verbose=0) - expected).max()
print(f"with the gates' weights times 1.2: off by {scaled:.1e}")
assert found > 1e-3 and scaled < 1e-5, "it has changed"
END
python3.11 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-cache-dir \
  tensorflow-cpu==2.21.0 tf_keras==2.21.0 keras==3.15.1
TF_CPP_MIN_LOG_LEVEL=3 "$folder/venv/bin/python" "$folder/look.py" 2>"$folder/log" ||
  { cat "$folder/log" >&2; exit 1; }
