"""Teacher and student in torch: MPNet with its upper layers free, and MiniLM with low-rank changes.

The student's numbers go through ``bot/vectors/transformer.py`` at run time; ``make.py`` checks that both agree.
"""

from __future__ import annotations

import math
import sys
from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path

import torch
from phrases import LEVELS, PROJECT
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn import functional

sys.path.insert(0, str(PROJECT))

from bot.vectors.wordpiece import WordPiece

_DROPOUT = 0.1
_MOST_TOKENS = 100
Batch = tuple[Tensor, Tensor]


class Linear(nn.Linear):
    """A layer of a checkpoint, frozen but for a sum of low rank (Hu et al. 2021), or free with rank 0."""

    def __init__(self, tensors: dict[str, Tensor], name: str, rank: int, *, free: bool) -> None:
        weight = tensors[name + ".weight"]
        super().__init__(weight.shape[1], weight.shape[0])
        self.weight = nn.Parameter(weight.clone(), requires_grad=free and not rank)
        self.bias = nn.Parameter(tensors[name + ".bias"].clone(), requires_grad=free)
        self.rank = rank
        if rank:
            self.down = nn.Parameter(torch.randn(rank, weight.shape[1]) / math.sqrt(weight.shape[1]))
            self.up = nn.Parameter(torch.zeros(weight.shape[0], rank))

    def forward(self, values: Tensor) -> Tensor:
        product = super().forward(values)
        if not self.rank:
            return product
        return product + functional.linear(functional.linear(values, self.down), self.up)


def _norm(tensors: dict[str, Tensor], name: str, epsilon: float, *, free: bool) -> nn.LayerNorm:
    norm = nn.LayerNorm(len(tensors[name + ".weight"]), eps=epsilon)
    norm.weight = nn.Parameter(tensors[name + ".weight"].clone(), requires_grad=free)
    norm.bias = nn.Parameter(tensors[name + ".bias"].clone(), requires_grad=free)
    return norm


class Layer(nn.Module):
    """One layer; ``names`` are the checkpoint's for query, key, value, output, and the norm behind them."""

    heads = 12

    def __init__(
        self, tensors: dict[str, Tensor], number: int, names: Sequence[str], rank: int, epsilon: float, *, free: bool
    ) -> None:
        super().__init__()
        prefix = f"encoder.layer.{number}."

        def linear(name: str) -> Linear:
            return Linear(tensors, prefix + name, rank, free=free)

        self.query, self.key, self.value, self.mixed = (linear(name) for name in names[:4])
        self.inner, self.outer = linear("intermediate.dense"), linear("output.dense")
        self.mixed_norm = _norm(tensors, prefix + names[4], epsilon, free=free)
        self.outer_norm = _norm(tensors, prefix + "output.LayerNorm", epsilon, free=free)

    def forward(self, hidden: Tensor, mask: Tensor) -> Tensor:
        count, length, width = hidden.shape

        def split(values: Tensor) -> Tensor:
            return values.view(count, length, self.heads, width // self.heads).transpose(1, 2)

        parts = split(self.query(hidden)), split(self.key(hidden)), split(self.value(hidden))
        seen = functional.scaled_dot_product_attention(*parts, attn_mask=mask)
        seen = self.mixed(seen.transpose(1, 2).reshape(count, length, width))
        hidden = self.mixed_norm(hidden + functional.dropout(seen, _DROPOUT, self.training))
        after = self.outer(functional.gelu(self.inner(hidden)))
        return self.outer_norm(hidden + functional.dropout(after, _DROPOUT, self.training))


class Network(nn.Module, ABC):
    """Word pieces, layers, their mean, and four outputs."""

    def __init__(self, folder: Path, tokenizer: WordPiece, padding: int) -> None:
        super().__init__()
        self.tensors = load_file(folder / "model.safetensors")
        self.tokenizer, self.padding = tokenizer, padding
        self.words = self.tensors["embeddings.word_embeddings.weight"]
        self.head = nn.Linear(self.words.shape[1], len(LEVELS))
        self.layers: nn.ModuleList = nn.ModuleList()

    @abstractmethod
    def embedded(self, tokens: Tensor) -> Tensor:
        """Return a row for each token before the first layer."""

    def mask(self, present: Tensor) -> Tensor:
        return torch.where(present[:, None, None, :], 0.0, -1e4)

    def forward(self, batch: Batch) -> Tensor:
        tokens, present = batch
        hidden = functional.dropout(self.embedded(tokens), _DROPOUT, self.training)
        mask = self.mask(present)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            for layer in self.layers:
                hidden = layer(hidden, mask.to(torch.bfloat16))
        share = present[:, :, None].float()
        mean = (hidden.float() * share).sum(1) / share.sum(1)
        return self.head(functional.dropout(mean, _DROPOUT, self.training))

    def batch(self, texts: Sequence[str]) -> Batch:
        rows = [self.tokenizer.tokens(text)[:_MOST_TOKENS] for text in texts]
        longest = max(map(len, rows))
        tokens = torch.tensor([row + [self.padding] * (longest - len(row)) for row in rows])
        present = torch.tensor([[True] * len(row) + [False] * (longest - len(row)) for row in rows])
        return tokens, present


class Student(Network):
    """all-MiniLM-L6-v2 with low-rank changes of every matrix."""

    names = (
        *(f"attention.self.{part}" for part in ("query", "key", "value")),
        "attention.output.dense",
        "attention.output.LayerNorm",
    )

    def __init__(self, folder: Path, *, layers: int, rank: int) -> None:
        vocabulary = _vocabulary(folder)
        super().__init__(folder, WordPiece(vocabulary, 10_000), padding=0)
        self.layers.extend(Layer(self.tensors, at, self.names, rank, 1e-12, free=True) for at in range(layers))
        self.norm = _norm(self.tensors, "embeddings.LayerNorm", 1e-12, free=False)

    def embedded(self, tokens: Tensor) -> Tensor:
        places = self.tensors["embeddings.position_embeddings.weight"][: tokens.shape[1]]
        sort = self.tensors["embeddings.token_type_embeddings.weight"][0]
        return self.norm(functional.embedding(tokens, self.words) + places + sort)


class Teacher(Network):
    """all-mpnet-base-v2 (Song et al. 2020), far too slow to ship, with its first layers frozen."""

    frozen = 4
    names = (*(f"attention.attn.{part}" for part in "qkvo"), "attention.LayerNorm")
    buckets, furthest = 32, 128

    def __init__(self, folder: Path) -> None:
        vocabulary = _vocabulary(folder)
        marks = {"[CLS]": vocabulary["<s>"], "[SEP]": vocabulary["</s>"]}
        super().__init__(folder, WordPiece({**vocabulary, **marks}, 10_000), padding=vocabulary["<pad>"])
        self.layers.extend(Layer(self.tensors, at, self.names, 0, 1e-5, free=at >= self.frozen) for at in range(12))
        self.norm = _norm(self.tensors, "embeddings.LayerNorm", 1e-5, free=False)
        self.distances = self.tensors["encoder.relative_attention_bias.weight"]

    def embedded(self, tokens: Tensor) -> Tensor:
        places = self.tensors["embeddings.position_embeddings.weight"][2 : tokens.shape[1] + 2]
        return self.norm(functional.embedding(tokens, self.words) + places)

    def mask(self, present: Tensor) -> Tensor:
        at = torch.arange(present.shape[1])
        bias = functional.embedding(self._bucket(at[:, None] - at[None]), self.distances).permute(2, 0, 1)[None]
        return bias + super().mask(present)

    def _bucket(self, before: Tensor) -> Tensor:
        """Return the bucket of a relative distance, as MPNet has it: half a side, the far ones on a log scale."""
        half, away = self.buckets // 2, before.abs()
        near = half // 2
        far = near + (torch.log(away.clamp(min=1) / near) / math.log(self.furthest / near) * (half - near)).long()
        return (before < 0).long() * half + torch.where(away < near, away, far.clamp(max=half - 1))


def _vocabulary(folder: Path) -> dict[str, int]:
    words = (folder / "vocab.txt").read_text(encoding="utf-8").split("\n")
    return {word: number for number, word in enumerate(words) if word}
