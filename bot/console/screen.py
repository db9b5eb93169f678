"""What the terminal shows: bubbles in colour, buttons as numbered choices, a typing sign."""

from __future__ import annotations

import asyncio

from rich.console import Console, Group
from rich.padding import Padding
from rich.panel import Panel
from rich.text import Text

from bot.console.talk import Bubble, Talk

_WIDTH = 72


async def converse(talk: Talk, console: Console | None = None) -> int:
    """Talk until he ends it with Ctrl-D or Ctrl-C."""
    console = console or Console()
    console.print(
        Text(
            "Ballast, in your terminal. Type as you would on your phone. A number picks a choice. Ctrl-D ends.",
            "dim",
        )
    )
    choices = _show(console, await talk.pending())
    while True:
        try:
            said = await asyncio.get_running_loop().run_in_executor(None, console.input, "[bold cyan]you >[/] ")
        except (EOFError, KeyboardInterrupt):
            console.print()
            return 0
        if not said.strip():
            continue
        with console.status("[dim]typing ...[/]", spinner="dots"):
            heard = await _send(talk, said, choices)
        choices = _show(console, heard) or choices
    return 0


async def _send(talk: Talk, said: str, choices: list[str]) -> list[Bubble]:
    number = said.strip()
    if number in choices:  # a choice that is a number itself, such as a mood, means what it says
        return (await talk.press(number)).replies
    if number.isdecimal() and 1 <= int(number) <= len(choices):
        return (await talk.press(choices[int(number) - 1])).replies
    return (await talk.say(said)).replies


def _show(console: Console, bubbles: list[Bubble]) -> list[str]:
    """Print bubbles and return the labels of the choices, in the order of their numbers."""
    choices: list[str] = []
    for bubble in bubbles:
        first = len(choices) + 1
        choices += [label for label, _ in bubble.buttons]
        console.print(render(bubble, first))
    return choices


def render(bubble: Bubble, first_number: int = 1) -> Padding:
    """Return one bubble as a panel with its numbered choices below."""
    parts: list[Panel | Text] = [Panel(Text(bubble.text), border_style="green", width=_WIDTH)]
    labels = [label for label, _ in bubble.buttons]
    if labels and all(label.isdecimal() for label in labels):
        parts.append(Text("  " + "  ".join(labels), "yellow"))
    else:
        parts += [Text(f"  {first_number + place}  {label}", "yellow") for place, label in enumerate(labels)]
    return Padding(Group(*parts), (0, 0, 0, 2))
