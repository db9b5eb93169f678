"""Every pair of text and ground in the style sheet reaches WCAG 2.2 AA, in light and in dark."""

import re
from pathlib import Path

import pytest

import bot.staff

CSS = (Path(bot.staff.__file__).parent / "static" / "staff.css").read_text(encoding="utf-8")
TEXT, EDGE = 4.5, 3.0  # WCAG 2.2: 1.4.3 for text, 1.4.11 for edges of controls and the focus ring
PAIRS = [
    *((ink, ground, TEXT) for ink in ("ink", "muted", "link") for ground in ("ground", "panel", "his", "ours")),
    *((level, f"{level}-ground", TEXT) for level in ("red", "orange", "yellow")),
    ("red", "panel", TEXT),
    ("red", "his", TEXT),
    ("on-main", "main", TEXT),
    ("on-main", "main-over", TEXT),
    ("edge", "panel", EDGE),
    ("focus", "panel", EDGE),
    ("focus", "ground", EDGE),
]


def palettes():
    light, dark = re.findall(r":root \{(.*?)\}", CSS, re.S)
    return {
        name: dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", body)) for name, body in (("light", light), ("dark", dark))
    }


def luminance(colour):
    channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("mode", ["light", "dark"])
@pytest.mark.parametrize(("ink", "ground", "least"), PAIRS)
def test_pair_can_be_read(mode, ink, ground, least):
    palette = palettes()[mode]
    low, high = sorted((luminance(palette[ink]), luminance(palette[ground])))
    assert (high + 0.05) / (low + 0.05) >= least


def test_colours_stand_only_in_the_palettes():
    rest = re.sub(r":root \{.*?\}", "", CSS, flags=re.S)
    assert re.findall(r"#[0-9a-fA-F]{3,8}\b", rest) == []
