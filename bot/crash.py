"""Named places at which a test may have a process die, as if it had been killed there (docs/decisions/0009).

``BALLAST_CRASH_AT=<name>:<n>`` kills this process with SIGKILL when it passes the place for the n-th time. Without it
``crash_point`` is a function that does nothing.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Mapping

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


class Death:
    """Waits at one place.

    Args:
        order: ``<name>:<n>``.

    Raises:
        SettingError: It names no place, or no time.
    """

    def __init__(self, order: str) -> None:
        self._name, _, times = order.partition(":")
        if self._name not in POINTS or not times.isdecimal() or int(times) < 1:
            raise SettingError(f"BALLAST_CRASH_AT is {order!r}. It takes one of {', '.join(POINTS)}, and :<number>.")
        self._left = int(times)

    def look(self, name: str) -> None:
        """Kill this process if it is its place and time."""
        self._left -= name == self._name
        if not self._left:
            os.kill(os.getpid(), signal.SIGKILL)


_death: Death | None = None


def arm(environ: Mapping[str, str]) -> None:
    """Take the order that the environment gives, or none.

    Raises:
        SettingError: It cannot be understood.
    """
    global _death
    order = environ.get("BALLAST_CRASH_AT")
    _death = Death(order) if order else None


def crash_point(name: str) -> None:
    """Go on, unless a test has ordered otherwise."""
    if _death is not None:
        _death.look(name)


arm(os.environ)
