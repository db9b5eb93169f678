"""``ballast directory``: what needs checking by hand."""

from __future__ import annotations

import sys

from bot.clock import utc_now
from bot.directory.entries import entries


def main() -> int:
    """List entries that were not checked in the last 90 days or have no source; 1 when there are any."""
    today = utc_now().date()
    due = [entry for entry in entries() if entry.is_stale(today) or not entry.source]
    for entry in due:
        when = entry.checked_on.isoformat() if entry.checked_on else "never"
        sys.stdout.write(f"{entry.id}: checked {when}, source {entry.source or 'missing'}\n")
    return 1 if due else 0
