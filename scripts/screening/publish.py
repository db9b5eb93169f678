"""Write the trained network as the file that `bot.crisis.classifier` reads, with its thresholds and nearest phrases."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence

import numpy as np
import seams
import torch
from networks import NAMES, Linear, Network
from numpy.typing import NDArray
from phrases import PROJECT, Phrase, to_choose, to_mend
from torch import Tensor

sys.path.insert(0, str(PROJECT))

from bot.crisis.classifier import FILE

FALSE_ALARMS = 0.05  # share of the validation list's harmless lines, written to mislead, that may be called high
FALSE_CONCERNS = 0.07  # share of them that may be called a concern or more
_AXES = 48  # of the nearest phrases' vectors
_LONGEST = 90  # characters of a phrase that staff are shown


def publish(network: Network, phrases: Sequence[Phrase], chances: Callable[[Network, Sequence[str]], Tensor]) -> None:
    """Choose the thresholds and write the file with its digest."""
    telling = [phrase for phrase in phrases if phrase.level > 0]
    vectors = _means(network, [phrase.text for phrase in telling])
    projection = np.linalg.svd(vectors - vectors.mean(0), full_matrices=False)[2][:_AXES].T
    points = vectors @ projection
    points /= np.linalg.norm(points, axis=1, keepdims=True)
    arrays = {
        **changes(network),
        "layers": np.array(len(network.layers)),
        "head.weight": network.head.weight.detach().numpy().astype(np.float32),
        "head.bias": network.head.bias.detach().numpy().astype(np.float32),
        "thresholds": np.array(_thresholds(network, chances), dtype=np.float32),
        "words": np.array(to_mend(phrases)),
        "projection": projection.astype(np.float16),
        "phrases": np.array([phrase.text[:_LONGEST] for phrase in telling]),
        "phrase_levels": np.array([phrase.level for phrase in telling], dtype=np.int8),
        "phrase_vectors": np.round(points * 127).astype(np.int8),
    }
    FILE.parent.mkdir(exist_ok=True)
    np.savez_compressed(FILE, **arrays)
    seams.add()
    print(f"{FILE.name}: {FILE.stat().st_size / 1e6:.1f} MB, thresholds {arrays['thresholds']}")


def changes(network: Network) -> dict[str, NDArray[np.float16]]:
    """Return what differs from the checkpoint, under its own names."""
    found = {}
    for number, layer in enumerate(network.layers):
        for part, name in NAMES.items():
            module, place = layer.get_submodule(part), f"change:encoder.layer.{number}.{name}"
            found[f"{place}.bias"] = module.bias
            if isinstance(module, Linear):
                found[f"{place}.weight.down"] = module.down
                found[f"{place}.weight.up"] = module.up * module.scale
            else:
                found[f"{place}.weight"] = module.weight
    return {name: tensor.detach().numpy().astype(np.float16) for name, tensor in found.items()}


def _thresholds(network: Network, chances: Callable[[Network, Sequence[str]], Tensor]) -> tuple[float, float, float]:
    """Return the bounds for concern, high and imminent, from the validation list alone."""
    lines, _ = to_choose()
    read = chances(network, [line.text for line in lines]).numpy()
    levels = np.array([line.level for line in lines])
    danger, trouble = read[:, 2:].sum(1), 1 - read[:, 0]
    high = float(np.quantile(danger[levels == 0], 1 - FALSE_ALARMS))
    concern = float(np.quantile(trouble[levels == 0], 1 - FALSE_CONCERNS))
    # Half of what is called imminent may be high, no more: the emergency number comes first there.
    bounds = np.linspace(0.2, 0.9, 71)
    called = [read[levels >= 2, 3] >= bound for bound in bounds]
    right = [(levels[levels >= 2][found] == 3).mean() if found.any() else 1.0 for found in called]
    imminent = float(next((bound for bound, share in zip(bounds, right, strict=True) if share >= 0.7), bounds[-1]))
    return concern, high, imminent


def _means(network: Network, texts: Sequence[str]) -> NDArray[np.float32]:
    """Return the vectors before the four outputs."""
    network.eval()
    with torch.no_grad():
        parts = [network.mean(network.batch(texts[start : start + 96])) for start in range(0, len(texts), 96)]
    return torch.vstack(parts).numpy()
