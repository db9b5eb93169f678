"""Make the screening's classifier: ``python scripts/screening/make.py CHECKPOINT``, in an environment with torch.

MiniLM learns the levels of our phrases, typed anew at each pass with the slips of a thumb; then the thresholds are
chosen on the validation list, and everything is written to ``bot/crisis/model``. Some ten minutes on two cores, or four
with ``--onward``: one gentle pass more over all phrases, from the file that is there, when some were added. Runs differ
by several points, so look at the validation lines before one is kept. ``tests/heldout`` is never opened.
"""

from __future__ import annotations

import argparse
import random
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from networks import Network
from phrases import Phrase, to_choose, to_learn, to_mend
from publish import FILE, publish
from retype import typed
from torch.nn import functional

PASSES, BATCH, RATE = 3, 48, 8e-4
ONWARD_PASSES, ONWARD_RATE = 1, 3e-4
LAYERS, RANK = 6, 32
_SMOOTHING, _IMMINENT_WEIGHT = 0.05, 1.3
_RETYPED = 0.5  # share of the phrases that are typed with slips in a pass


def learn(network: Network, phrases: Sequence[Phrase], passes: int, rate: float) -> None:
    """Fit the network to the levels of the phrases."""
    chance = random.Random(0)
    harmless = [phrase.text for phrase in phrases if phrase.level == 0 and len(phrase.text) < 60]
    free = [part for part in network.parameters() if part.requires_grad]
    steps = passes * (len(phrases) // BATCH + 1)
    optimiser = torch.optim.AdamW(free, lr=rate, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimiser, lambda step: min(1.0, (step + 1) / (0.06 * steps)) * max(0.0, 1 - step / steps)
    )
    weight = torch.tensor([1.0, 1.0, 1.0, _IMMINENT_WEIGHT])
    for number in range(passes):
        network.train()
        start, total, batches = time.perf_counter(), 0.0, _batches(phrases, harmless, chance)
        for batch in batches:
            outputs = network(network.batch([phrase.text for phrase in batch]))
            wanted = torch.tensor([phrase.level for phrase in batch])
            loss = functional.cross_entropy(outputs, wanted, weight=weight, label_smoothing=_SMOOTHING)
            optimiser.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(free, 1.0)
            optimiser.step()
            schedule.step()
            total += loss.item()
        print(f"pass {number + 1}: loss {total / len(batches):.3f}, {time.perf_counter() - start:.0f} s", flush=True)
        show(network)


def _batches(phrases: Sequence[Phrase], harmless: Sequence[str], chance: random.Random) -> list[list[Phrase]]:
    """Return shuffled batches of messages of like length."""
    shuffled = [
        Phrase(phrase.level, typed(phrase.text, harmless, chance, _RETYPED))
        for phrase in chance.sample(list(phrases), len(phrases))
    ]
    batches = []
    for start in range(0, len(shuffled), BATCH * 20):
        alike = sorted(shuffled[start : start + BATCH * 20], key=lambda phrase: len(phrase.text))
        batches += [alike[at : at + BATCH] for at in range(0, len(alike), BATCH)]
    chance.shuffle(batches)
    return batches


def chances(network: Network, texts: Sequence[str]) -> torch.Tensor:
    """Return what each text is taken for, none to imminent; each row sums to 1."""
    network.eval()
    with torch.no_grad():
        parts = [network(network.batch(texts[start : start + 96])) for start in range(0, len(texts), 96)]
    return functional.softmax(torch.vstack(parts), -1)


def show(network: Network) -> None:
    """Print how the validation list stands, at the threshold that flags three in a hundred of its harmless lines."""
    lines, ordinary = to_choose()
    danger = chances(network, [line.text for line in lines])[:, 2:].sum(1)
    levels = torch.tensor([line.level for line in lines])
    threshold = danger[levels == 0].quantile(0.97)
    found = {name: (danger[levels == at] >= threshold).float().mean().item() for name, at in (("high", 2), ("imm", 3))}
    alarms = chances(network, [line.text for line in ordinary])[:, 2:].sum(1) >= threshold
    print(f"  at {threshold:.2f}: {found}, ordinary {alarms.float().mean():.3f}", flush=True)


def main() -> None:
    """Learn and publish."""
    arguments = argparse.ArgumentParser(description="Make the screening's classifier.")
    arguments.add_argument("checkpoint", type=Path, help="folder of all-MiniLM-L6-v2")
    arguments.add_argument("--onward", action="store_true", help="one pass more, from the file that is there")
    given = arguments.parse_args()
    torch.manual_seed(0)
    phrases = to_learn()
    network = Network(given.checkpoint, layers=LAYERS, rank=RANK, likely=to_mend(phrases))
    if given.onward:
        network.take(np.load(FILE))
        learn(network, phrases, ONWARD_PASSES, ONWARD_RATE)
    else:
        learn(network, phrases, PASSES, RATE)
    publish(network, phrases, chances)


if __name__ == "__main__":
    main()
