"""``ballast directory check``: what a person has to look up by hand."""

from __future__ import annotations

import sys

from bot.clock import utc_now
from bot.directory.entries import STALE_AFTER, entries

USAGE = "ballast directory [check]\n"


def main(arguments: list[str]) -> int:
    """List entries that were not checked in the last 90 days or that lack something; 1 when there are any."""
    if arguments not in ([], ["check"]):
        sys.stderr.write(USAGE)
        return 2
    today = utc_now().date()
    due = 0
    for entry in entries():
        missing = entry.missing()
        if not entry.is_stale(today) and not missing:
            continue
        due += 1
        when = entry.checked_on.isoformat() if entry.checked_on else "never"
        age = f", more than {STALE_AFTER.days} days ago" if entry.checked_on and entry.is_stale(today) else ""
        lacks = f"; missing: {', '.join(missing)}" if missing else ""
        sys.stdout.write(f"{entry.id}: checked {when}{age}{lacks}\n")
    sys.stdout.write(f"{due} of {len(entries())} entries need a look.\n")
    return 1 if due else 0
