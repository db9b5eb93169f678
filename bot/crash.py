"""Named places at which a test may have a process die, as if it had been killed there (docs/decisions/0009).

``BALLAST_CRASH_AT=<name>:<n>`` kills this process with SIGKILL when it passes the place for the n-th time. Without it
``crash_point`` is a function that does nothing.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Mapping

from bot.errors import SettingError

POINTS = (
    "received",  # an update is committed, and not yet acknowledged
    "follow-ups-due",  # check-backs have become messages
    "routing",  # a message is about to be routed
    "routed",  # what the gate's process answers itself is committed
    "asking",  # the dialogue is about to be asked
    "answered",  # the dialogue has committed its answer
    "turn-open",  # inside Rasa: all is written and nothing committed
    "turn-committed",  # inside Rasa: committed, and not yet told to the gate
    "taken",  # an outgoing message is marked as being sent
    "handed-over",  # the messenger has it, and nobody has written that down
    "settled",  # what became of it is committed
    "erased",  # a man is erased, and has no receipt yet
)


def crash_point_from(environ: Mapping[str, str]) -> Callable[[str], None]:
    """Return what is called at each place.

    Raises:
        SettingError: The setting names no place, or no time.
    """
    order = environ.get("BALLAST_CRASH_AT")
    if not order:
        return _pass
    name, _, times = order.partition(":")
    if name not in POINTS or not times.isdecimal() or int(times) < 1:
        raise SettingError(f"BALLAST_CRASH_AT is {order!r}. It takes one of {', '.join(POINTS)}, a colon and a number.")
    left = int(times)

    def die_at_the_last(passed: str) -> None:
        nonlocal left
        left -= passed == name
        if not left:
            os.kill(os.getpid(), signal.SIGKILL)

    return die_at_the_last


def _pass(_name: str) -> None:
    """Go on."""


crash_point = crash_point_from(os.environ)
