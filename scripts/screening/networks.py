"""The classifier in torch: MiniLM with low-rank changes of every matrix, the mean of its rows, and four outputs.

Its numbers go through ``bot/vectors/transformer.py`` at run time; ``make.py`` checks that both agree.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from phrases import LEVELS, PROJECT
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn import functional

sys.path.insert(0, str(PROJECT))

from bot.crisis.classifier import prepared, with_apostrophes
from bot.crisis.slips import Mender
from bot.vectors.wordpiece import WordPiece

_HEADS, _DROPOUT, _EPSILON = 12, 0.1, 1e-12
_MOST_TOKENS = 128
Batch = tuple[Tensor, Tensor]
NAMES = {
    "query": "attention.self.query",
    "key": "attention.self.key",
    "value": "attention.self.value",
    "mixed": "attention.output.dense",
    "mixed_norm": "attention.output.LayerNorm",
    "inner": "intermediate.dense",
    "outer": "output.dense",
    "outer_norm": "output.LayerNorm",
}
"""The parts of a layer here, and what the checkpoint calls them."""


class Linear(nn.Linear):
    """A layer of the checkpoint, frozen but for its bias and a sum of low rank (Hu et al. 2021, LoRA)."""

    scale = 2.0  # how fast the sum learns beside the rest

    def __init__(self, tensors: dict[str, Tensor], name: str, rank: int) -> None:
        weight = tensors[name + ".weight"]
        super().__init__(weight.shape[1], weight.shape[0])
        self.weight = nn.Parameter(weight.clone(), requires_grad=False)
        self.bias = nn.Parameter(tensors[name + ".bias"].clone())
        self.down = nn.Parameter(torch.randn(rank, weight.shape[1]) / math.sqrt(weight.shape[1]))
        self.up = nn.Parameter(torch.zeros(weight.shape[0], rank))

    def forward(self, values: Tensor) -> Tensor:
        low = functional.linear(functional.linear(values, self.down), self.up)
        return super().forward(values) + self.scale * low


class Layer(nn.Module):
    """One transformer layer."""

    def __init__(self, tensors: dict[str, Tensor], number: int, rank: int) -> None:
        super().__init__()
        for part, name in NAMES.items():
            place = f"encoder.layer.{number}.{name}"
            module = _norm(tensors, place) if part.endswith("norm") else Linear(tensors, place, rank)
            self.add_module(part, module)

    def forward(self, hidden: Tensor, mask: Tensor) -> Tensor:
        count, length, width = hidden.shape

        def split(values: Tensor) -> Tensor:
            return values.view(count, length, _HEADS, width // _HEADS).transpose(1, 2)

        parts = split(self.query(hidden)), split(self.key(hidden)), split(self.value(hidden))
        seen = functional.scaled_dot_product_attention(*parts, attn_mask=mask)
        seen = self.mixed(seen.transpose(1, 2).reshape(count, length, width))
        hidden = self.mixed_norm(hidden + functional.dropout(seen, _DROPOUT, self.training))
        after = self.outer(functional.gelu(self.inner(hidden)))
        return self.outer_norm(hidden + functional.dropout(after, _DROPOUT, self.training))


class Network(nn.Module):
    """all-MiniLM-L6-v2 and what it learns.

    Args:
        folder: Where the checkpoint lies.
        layers: How many of its layers to use, from the first.
        rank: Of the low-rank sums.
        likely: The words that slips are mended to, the commonest first.
        outputs: How many numbers the last layer gives.
    """

    def __init__(
        self, folder: Path, *, layers: int, rank: int, likely: Sequence[str], outputs: int = len(LEVELS)
    ) -> None:
        super().__init__()
        words = (folder / "vocab.txt").read_text(encoding="utf-8").split("\n")
        self.tokenizer = WordPiece({word: at for at, word in enumerate(words) if word}, _MOST_TOKENS)
        self.mend = Mender(likely, self.tokenizer.is_word)
        self.tensors = load_file(folder / "model.safetensors")
        self.norm = _norm(self.tensors, "embeddings.LayerNorm").requires_grad_(requires_grad=False)
        self.layers = nn.ModuleList(Layer(self.tensors, at, rank) for at in range(layers))
        self.head = nn.Linear(self.norm.weight.shape[0], outputs)

    def take(self, arrays: Mapping[str, NDArray[np.float32]]) -> None:
        """Go on from a file that was published before."""

        def read(name: str) -> nn.Parameter:
            return nn.Parameter(torch.tensor(arrays[name].astype(np.float32)))

        self.head.weight, self.head.bias = read("head.weight"), read("head.bias")
        for number, layer in enumerate(self.layers):
            for part, name in NAMES.items():
                module, place = layer.get_submodule(part), f"change:encoder.layer.{number}.{name}"
                module.bias = read(f"{place}.bias")
                if isinstance(module, Linear):
                    module.down, module.up = read(f"{place}.weight.down"), read(f"{place}.weight.up")
                    module.up.data /= module.scale
                else:
                    module.weight = read(f"{place}.weight")

    def forward(self, batch: Batch) -> Tensor:
        return self.head(functional.dropout(self.mean(batch), _DROPOUT, self.training))

    def mean(self, batch: Batch) -> Tensor:
        """Return the mean of the last layer's rows for each message."""
        share = batch[1][:, :, None].float()
        return (self.rows(batch) * share).sum(1) / share.sum(1)

    def rows(self, batch: Batch) -> Tensor:
        """Return the last layer's rows for each message."""
        tokens, present = batch
        places = self.tensors["embeddings.position_embeddings.weight"][: tokens.shape[1]]
        sort = self.tensors["embeddings.token_type_embeddings.weight"][0]
        words = functional.embedding(tokens, self.tensors["embeddings.word_embeddings.weight"])
        hidden = functional.dropout(self.norm(words + places + sort), _DROPOUT, self.training)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            for layer in self.layers:
                hidden = layer(hidden, present[:, None, None, :])
        return hidden.float()

    def batch(self, texts: Sequence[str]) -> Batch:
        """Return token numbers, and where there is one, of messages padded to the longest."""
        rows = [self.tokenizer.tokens(with_apostrophes(self.mend(prepared(text)))) for text in texts]
        longest = max(map(len, rows))
        tokens = torch.tensor([row + [0] * (longest - len(row)) for row in rows])
        present = torch.tensor([[True] * len(row) + [False] * (longest - len(row)) for row in rows])
        return tokens, present


def _norm(tensors: dict[str, Tensor], name: str) -> nn.LayerNorm:
    norm = nn.LayerNorm(len(tensors[name + ".weight"]), eps=_EPSILON)
    norm.weight = nn.Parameter(tensors[name + ".weight"].clone())
    norm.bias = nn.Parameter(tensors[name + ".bias"].clone())
    return norm
