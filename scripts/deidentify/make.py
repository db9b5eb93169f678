"""Make the de-identification's tagger: ``python scripts/deidentify/make.py CHECKPOINT``, in an environment with torch.

MiniLM learns which words of our marked lines identify somebody; names, places and numbers in them are others at each
pass. A fifth of ``tests/research/identifiers.yml`` is held back to choose the threshold by.
``tests/heldout`` is never opened. Some five minutes on two cores; the environment is that of ``scripts/screening``.
"""

from __future__ import annotations

import argparse
import hashlib
import random
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

PROJECT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(PROJECT), str(PROJECT / "scripts" / "screening")]

from lines import Varied, earlier, marked, ordinary, unmarked
from networks import Network
from publish import changes

from bot.vectors.wordpiece import WORD_OR_SIGN

FILE = PROJECT / "bot" / "research" / "model" / "identifiers.npz"  # bot.research.learnt reads it
PASSES, BATCH, RATE = 4, 32, 1e-3
LAYERS, RANK = 6, 24
LOST = 0.035  # share of ordinary words in marked and clean lines that may be taken away
_START, _END, _LONGEST = 101, 102, 127
_IGNORED = -100


class Tagger(Network):
    """The encoder with three outputs a piece of a word."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, layers=LAYERS, rank=RANK, likely=[], outputs=3)

    def forward(self, batch: tuple[Tensor, Tensor]) -> Tensor:
        return self.head(functional.dropout(self.rows(batch), 0.1, self.training))

    def numbered(self, line: str) -> tuple[list[int], list[int]]:
        """Return a marked line's pieces with what each is: 0, 1 (direct) or 2 (indirect)."""
        text, spans = unmarked(line)
        pieces, kinds = [_START], [0]
        for match in WORD_OR_SIGN.finditer(text):
            kind = next((kind for first, last, kind in spans if match.start() < last and match.end() > first), 0)
            inner = self.tokenizer.tokens(match[0])[1:-1]
            pieces += inner
            kinds += [kind] * len(inner)
        return [*pieces[:_LONGEST], _END], [*kinds[:_LONGEST], 0]


def padded(rows: Sequence[tuple[list[int], list[int]]]) -> tuple[Tensor, Tensor, Tensor]:
    """Return pieces, where there is one, and kinds, of lines of like length."""
    longest = max(len(pieces) for pieces, _ in rows)
    pieces = torch.tensor([row + [0] * (longest - len(row)) for row, _ in rows])
    kinds = torch.tensor([kind + [_IGNORED] * (longest - len(kind)) for _, kind in rows])
    return pieces, kinds != _IGNORED, kinds


def learn(tagger: Tagger, planted: list[str], clean: list[str], seed: int = 0) -> None:
    """Fit the tagger to the lines."""
    varied, plain = Varied(seed), ordinary()
    free = [part for part in tagger.parameters() if part.requires_grad]
    optimiser = torch.optim.AdamW(free, lr=RATE, weight_decay=0.01)
    steps = PASSES * (len(list(varied.a_pass(planted, clean, plain))) // BATCH + 1)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimiser, lambda step: min(1.0, (step + 1) / (0.06 * steps)) * max(0.02, 1 - step / steps)
    )
    weight = torch.tensor([1.0, 2.0, 2.0])
    for number in range(PASSES):
        tagger.train()
        begun, total, count = time.perf_counter(), 0.0, 0
        for batch in _batches([tagger.numbered(line) for line in varied.a_pass(planted, clean, plain)], varied.chance):
            pieces, present, kinds = padded(batch)
            outputs = tagger((pieces, present)).reshape(-1, 3)
            loss = functional.cross_entropy(
                outputs, kinds.reshape(-1), weight=weight, ignore_index=_IGNORED, label_smoothing=0.02
            )
            optimiser.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(free, 1.0)
            optimiser.step()
            schedule.step()
            total, count = total + loss.item(), count + 1
        print(f"pass {number + 1}: loss {total / count:.3f}, {time.perf_counter() - begun:.0f} s", flush=True)


def _batches(rows: list[tuple[list[int], list[int]]], chance: random.Random) -> list[list[tuple[list[int], list[int]]]]:
    batches = []
    for start in range(0, len(rows), BATCH * 20):
        alike = sorted(rows[start : start + BATCH * 20], key=lambda row: len(row[0]))
        batches += [alike[at : at + BATCH] for at in range(0, len(alike), BATCH)]
    chance.shuffle(batches)
    return batches


def shares(tagger: Tagger, lines: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """Return for every piece of the lines how likely it identifies, and what it is."""
    tagger.eval()
    likely, kinds = [], []
    with torch.no_grad():
        for start in range(0, len(lines), 64):
            pieces, present, kind = padded([tagger.numbered(line) for line in lines[start : start + 64]])
            chances = functional.softmax(tagger((pieces, present)), -1)
            likely.append((1 - chances[..., 0])[present].numpy())
            kinds.append(kind[present].numpy())
    return np.concatenate(likely), np.concatenate(kinds)


def threshold(tagger: Tagger, lines: Sequence[str]) -> float:
    """Return the bound above which at most ``LOST`` of the ordinary pieces lie; print what it finds."""
    likely, kinds = shares(tagger, lines)
    bound = float(np.quantile(likely[kinds == 0], 1 - LOST))
    found = {
        name: round(float((likely[kinds == kind] >= bound).mean()), 3)
        for name, kind in (("direct", 1), ("indirect", 2))
    }
    print(f"at {bound:.3f}: {found} of the pieces held back", flush=True)
    return bound


def write(tagger: Tagger, bound: float) -> None:
    """Write the file that `bot.research.learnt` reads, with its digest."""
    arrays = {
        **changes(tagger),
        "layers": np.array(LAYERS),
        "head.weight": tagger.head.weight.detach().numpy().astype(np.float32),
        "head.bias": tagger.head.bias.detach().numpy().astype(np.float32),
        "bound": np.array(bound, dtype=np.float32),
    }
    FILE.parent.mkdir(exist_ok=True)
    np.savez_compressed(FILE, **arrays)
    digest = hashlib.sha256(FILE.read_bytes()).hexdigest()
    FILE.with_suffix(".sha256").write_text(f"{digest}  {FILE.name}\n", encoding="ascii")
    print(f"{FILE.name}: {FILE.stat().st_size / 1e6:.1f} MB")


def main() -> None:
    """Learn, choose the threshold on what was held back, and write."""
    arguments = argparse.ArgumentParser(description="Make the tagger of the de-identification.")
    arguments.add_argument("checkpoint", type=Path, help="folder of all-MiniLM-L6-v2")
    given = arguments.parse_args()
    torch.manual_seed(0)
    planted, clean = marked(PROJECT / "tests" / "research" / "identifiers.yml")
    more, more_clean = earlier()
    random.Random(1).shuffle(planted)
    part = len(planted) // 5
    tagger = Tagger(given.checkpoint)
    learn(tagger, planted[part:] + more, clean[::2] + more_clean)
    write(tagger, threshold(tagger, planted[:part] + clean[1::2]))


if __name__ == "__main__":
    main()
