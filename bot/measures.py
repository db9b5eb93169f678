"""What every process counts and times for Prometheus: how many, how long, of which of a few fixed kinds.

A label is one of a handful of words that stand in this repository; never an id, never what somebody wrote. A value that
is not known here is counted as ``other``.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector

REGISTRY = CollectorRegistry()
OTHER = "other"
_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0)


class Count:
    """A counter, with at most one label of known values.

    Args:
        name: Metric name; Prometheus adds ``_total``.
        says: What it counts.
        label: The label's name; empty for none.
        values: The label's values; each is there from the start, so that a rate can be taken of it.
    """

    def __init__(self, name: str, says: str, label: str = "", values: Iterable[str] = ()) -> None:
        self._values = frozenset((*values, OTHER)) if label else frozenset[str]()
        self._counter = Counter(name, says, [label] if label else [], registry=REGISTRY)
        for value in sorted(self._values):
            self._counter.labels(value)

    def add(self, value: str = "", count: int = 1) -> None:
        """Count ``count`` more, of this value of the label."""
        if self._values:
            self._counter.labels(value if value in self._values else OTHER).inc(count)
        else:
            self._counter.inc(count)


class Duration:
    """A histogram of seconds."""

    def __init__(self, name: str, says: str) -> None:
        self._histogram = Histogram(name, says, buckets=_SECONDS, registry=REGISTRY)

    def note(self, seconds: float) -> None:
        """Add one duration."""
        self._histogram.observe(max(0.0, seconds))

    @contextmanager
    def timed(self) -> Iterator[None]:
        """Time what happens inside, also when it fails."""
        started = time.perf_counter()
        try:
            yield
        finally:
            self.note(time.perf_counter() - started)


class Present:
    """A value that goes up and down; not a number until it is set."""

    def __init__(self, name: str, says: str) -> None:
        self._gauge = Gauge(name, says, registry=REGISTRY)
        self.put(float("nan"))

    def put(self, value: float) -> None:
        """Set it."""
        self._gauge.set(value)


ProcessCollector(registry=REGISTRY)  # memory, processor time, open files of this process

received = Count(
    "ballast_received", "Updates committed, by kind.", "kind", ("text", "edit", "button", "media", "follow_up")
)
repeated = Count("ballast_repeated", "Updates that had been committed before and had no second effect.")
refused = Count("ballast_not_stored", "Updates that could not be committed and were not acknowledged.")
screened = Count("ballast_screened", "Texts screened, by level.", "level", ("none", "concern", "high", "imminent"))
slowed = Count("ballast_slowed", "Messages put off because one man wrote very many in a minute.")
screen_seconds = Duration("ballast_screen_seconds", "What screening one text took.")
receive_seconds = Duration("ballast_receive_seconds", "Screening and commit of one update.")
turn_seconds = Duration("ballast_turn_seconds", "One turn of the dialogue, asked over loopback.")
turns = Count("ballast_turns", "Turns asked of Rasa, by outcome.", "outcome", ("committed", "away", "failed"))
stand_ins = Count("ballast_stand_ins", "Texts that stood in for the dialogue.")
sends = Count(
    "ballast_sends",
    "Messages handed to the messenger, by outcome.",
    "outcome",
    ("sent", "slow_down", "unreachable", "not_sent", "uncertain"),
)
send_seconds = Duration("ballast_send_seconds", "What handing one message to the messenger took.")
crisis_seconds = Duration(
    "ballast_crisis_delivery_seconds", "From the commit of a safety reply until it was handed over."
)
webhook_answers = Count(
    "ballast_webhook_answers",
    "Webhook requests, by status.",
    "status",
    ("200", "400", "403", "404", "405", "408", "413", "503"),
)
webhook_seconds = Duration("ballast_webhook_seconds", "From a whole request until its answer.")
rasa_ready = Present("ballast_rasa_ready", "1 while Rasa's channel can be trusted with a turn, else 0.")
pending_updates = Present(
    "ballast_telegram_pending_updates", "Updates that wait at Telegram, as it says once a minute."
)
rules_alone = Present(
    "ballast_screening_rules_alone", "1 while the trained part of the screening cannot be used, else 0."
)
rasa_turns = Count("ballast_rasa_turns", "Turns that Rasa took, by outcome.", "outcome", ("committed", "failed"))
rasa_turn_seconds = Duration("ballast_rasa_turn_seconds", "One turn inside Rasa, commit included.")
staff_pages = Count(
    "ballast_staff_pages", "Answers of the staff app, by class.", "status", ("2xx", "3xx", "4xx", "5xx")
)
staff_page_seconds = Duration("ballast_staff_page_seconds", "One page of the staff app.")
