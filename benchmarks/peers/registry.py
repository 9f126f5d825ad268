"""All peers: what our models are measured beside, by the names of their results.

The adapters import the packages that they need when they are made, not before.
"""

from __future__ import annotations

from functools import partial

from benchmarks.peers.bare_session import BareSession
from benchmarks.peers.distilbert import DistilBert
from benchmarks.peers.fasttext_peer import FastText
from benchmarks.peers.keras_predict import KerasPredict
from benchmarks.peers.lexicons import TextBlobPolarity, Vader
from benchmarks.peers.naive_conversion import NaiveConversion
from benchmarks.peers.nb_svm import NbSvm
from benchmarks.peers.peer import FILE, ONE, Peer, SpeedPeer, TextPeer

__all__ = ["BARE", "PEERS"]

BARE = "bare-session"
"""Name of the session that does what our runtime does, and nothing around it."""

PEERS: dict[str, Peer] = {
    BARE: SpeedPeer(
        "bare ONNX Runtime session, ids ready-made",
        "the shipped file in onnxruntime.InferenceSession, in the best batches that a search found",
        BareSession,
        parts=(FILE, ONE),
    ),
    "keras": SpeedPeer(
        "Keras `predict`, ids ready-made",
        "the shipped model's model.keras, in batches of 32 in the order of the reviews, each "
        "padded to its longest",
        KerasPredict,
        parts=(FILE, ONE),
    ),
    "naive-tf2onnx": SpeedPeer(
        "the same model converted naively by tf2onnx, ids ready-made",
        "the shipped model's model.keras, masked layers and all, through tf2onnx as it is: each "
        "direction of the LSTM becomes a Loop; float32, ONNX Runtime, ids ready-made",
        NaiveConversion,
        parts=(ONE,),
    ),
    "nb-svm": TextPeer(
        "NB-SVM, all n-grams",
        "linear classifier of word uni- to trigrams with naive Bayes ratios, scikit-learn "
        "(Wang and Manning 2012; Mesnil et al. 2015)",
        partial(NbSvm, 1),
        reviews=2000,
    ),
    "nb-svm-min-df-3": TextPeer(
        "NB-SVM, min_df 3",
        "the same with the n-grams alone that three training reviews or more hold",
        partial(NbSvm, 3),
    ),
    "fasttext": TextPeer(
        "fastText",
        "fastText's supervised classifier on words and pairs of words, else with its defaults "
        "(Joulin et al. 2017)",
        partial(FastText, quantized=False, tutorial=False),
        reviews=10_000,
    ),
    "fasttext-tutorial": TextPeer(
        "fastText, tutorial's settings",
        "the same with the learning rate and the epochs of its tutorial",
        partial(FastText, quantized=False, tutorial=True),
    ),
    "fasttext-quantized": TextPeer(
        "fastText, quantized",
        "that with its defaults, compressed to an .ftz file and trained on with what is left "
        "(Joulin et al. 2016)",
        partial(FastText, quantized=True, tutorial=False),
    ),
    "vader": TextPeer(
        "VADER", "lexicon and rules (Hutto and Gilbert 2014)", Vader, learns=False, reviews=2000
    ),
    "textblob": TextPeer(
        "TextBlob",
        "lexicon of the Pattern library (De Smedt 2012)",
        TextBlobPolarity,
        learns=False,
        reviews=2000,
    ),
    "distilbert-int8": SpeedPeer(
        "DistilBERT's shape, int8, ids ready-made",
        "6 layers of 768 with 12 heads, 30,522 word pieces, 512 places (Sanh et al. 2019), weights "
        "drawn at random; onnxruntime.quantization.quantize_dynamic, ONNX Runtime",
        DistilBert,
        reviews=100,
        same_model=False,
    ),
}
