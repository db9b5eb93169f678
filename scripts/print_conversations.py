"""Play the scripted conversations on the real model and print what a man would read: ``make conversations``.

``scripts/print_conversations.py [NAME...]`` plays only those named. Ends with the number of faults that the tests would
find, so that a person sees both: whether it went where it should, and whether it reads well.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
import textwrap
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(PROJECT))

from tests.conversations import runner  # noqa: E402 - the script may be started from anywhere
from tests.path_fixtures import House, Rasa  # noqa: E402
from tests.safety_fixtures import man  # noqa: E402

_WIDTH = 100


def main() -> int:
    """Print the conversations.

    Returns:
        How many faults the tests would find, at most 1.
    """
    wanted = sys.argv[1:]
    paths = [path for path in runner.scripts() if not wanted or path.stem in wanted]
    with tempfile.TemporaryDirectory(prefix="ballast-conversations-") as folder:
        rasa = Rasa(House.build(Path(folder) / "house"))
        try:
            rasa.wait_until_ready()
            found = sum(asyncio.run(_print(rasa, path)) for path in paths)
        finally:
            rasa.stop()
    print(f"{len(paths)} conversations, {found} faults")
    return min(found, 1)


async def _print(rasa: Rasa, path: Path) -> int:
    script = runner.read(path)
    async with man(rasa, f"printed {path.stem}") as he:
        exchanges = await runner.play(he, script["turns"])
    faults = runner.faults(exchanges)
    lines = [f"\n## {path.stem}: {script['who']}\n"]
    for one in exchanges:
        lines += _lines(one)
    print("\n".join([*lines, *(f"!! {fault}" for fault in faults)]), flush=True)
    return len(faults)


def _lines(one: Any) -> list[str]:
    said = one.wanted.get("he") or f"[{one.wanted['press']}]"
    later = [f"({one.wanted['hours_later']} hours later)"] if "hours_later" in one.wanted else []
    bubbles = [textwrap.fill(text, _WIDTH, initial_indent="  ", subsequent_indent="  ") for text in one.texts]
    buttons = [f"  [{'] ['.join(one.payloads)}]"] if one.payloads else []
    names = ", ".join(name or "-" for name in one.said)
    return [*later, f"> {said}", *bubbles, *buttons, f"  ({names}; {one.theme} {one.stage})", ""]


if __name__ == "__main__":
    sys.exit(main())
