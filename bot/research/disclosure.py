"""Say what was withheld of the structured fields, and the risk that is left, in words, as data and as safe counts."""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from bot.research.anonymity import ANY, Anonymised, K
from bot.research.counting import shown, shown_parts
from bot.research.fields import FIELDS
from bot.research.rare import Rungs, widened
from bot.research.reviewed import Reviewed

STEPS = {
    "age_band": ("bands of ten years", "bands of twenty years", "withheld"),
    "region": ("region", "country", "continent", "withheld"),
    "employment": ("as chosen", "in work or not", "withheld"),
    "family": ("as chosen", "with a partner or not", "withheld"),
    "month": ("month", "quarter", "year", "withheld"),
}


def write_disclosure(
    folder: Path, safe: Anonymised, *, release: str, review: Reviewed, rungs: Sequence[Rungs] = ()
) -> None:
    """Write ``DISCLOSURE.md``, ``disclosure.json`` and ``counts.csv``."""
    wider, out = (shown(count) for count in widened(rungs))
    details = {"told_by_group": wider, "told_by_sort_alone": out}
    facts = {**_facts(safe, release), "details": details, "review": _review_facts(review)}
    (folder / "disclosure.json").write_text(json.dumps(facts, indent=2) + "\n", encoding="utf-8")
    words = _words(safe, release) + (_words_left(wider, out) + _review_words(review) if release != "open" else "")
    (folder / "DISCLOSURE.md").write_text(words, encoding="utf-8")
    with (folder / "counts.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("field", "value", "men"))
        writer.writerows(_counts(safe))


def _facts(safe: Anonymised, release: str) -> dict[str, object]:
    taken = dict(zip(FIELDS, safe.steps, strict=True))
    return {
        "release": release,
        "k": K[release],
        "fields": {name: STEPS[name][step] for name, step in taken.items()},
        "men": safe.before.men,
        "men_withheld": safe.withheld,
        "before": {"unicity": round(safe.before.unicity, 2)},  # no more: the classes themselves are not released
        "after": {**asdict(safe.after), "unicity": safe.after.unicity, "highest_risk": safe.after.highest},
    }


def _words(safe: Anonymised, release: str) -> str:
    fields = "\n".join(f"- {name}: {STEPS[name][step]}" for name, step in zip(FIELDS, safe.steps, strict=True))
    return f"""# What was done to the structured fields

This is {"an open" if release == "open" else "a controlled"} release: a man's combination of fields is shared by
{K[release]} men of this export at least, or all his fields are withheld.

Each field is given as
{fields}

The fields of {safe.withheld} of {safe.before.men} men are withheld (`*`). If that were fewer than {K[release]} men,
more were withheld with them, so that being withheld marks nobody.

## The risk that is left

| | before | released |
|---|---|---|
| men alone with their combination | {100 * safe.before.unicity:.0f} % | {100 * safe.after.unicity:.0f} % |
| smallest class | {_small(safe.before.smallest)} | {safe.after.smallest} |
| largest class | {shown(safe.before.largest)} | {safe.after.largest} |
| chance to pick the right man of his class, at worst | | {_chance(safe)} |

Classes were counted over the men of this export. Somebody who also holds another export can compare the two; keep them
apart. Nothing here measures what the words, or the sequence of days and codes, give away.
"""


def _review_facts(review: Reviewed) -> dict[str, object]:
    low, high = review.recall.interval
    recall = None if review.recall.value is None else round(review.recall.value, 4)
    return {**asdict(review), "recall": recall, "recall_low": round(low, 4), "recall_high": round(high, 4)}


def _words_left(wider: str, out: str) -> str:
    return f"""
## The words

No combination of a job, a kind of place and an event that the lists know stands in a man's own words unless
{K["controlled"]} men of this export share it. For that {wider} details are told by their group and {out} by their sort
alone. What the lists do not know, and what Ballast answered, is not judged.
"""


def _review_words(review: Reviewed) -> str:
    if not review.turns:
        return "\nNobody has read what the present recognisers leave in the words.\n"
    return f"""
{review.turns} turns of the men of this protocol, drawn by lot, were read by a person against what the present
recognisers leave in them. Of {review.replaced} replacements {review.wrong} were wrong, and {review.missed} identifiers
were missed. What was found is corrected here: a missed word in all of that man's turns, a wrong replacement where it
stood.

Before these corrections the recognisers found {review.recall} of the identifiers that people see (95 % Wilson
interval). Men and turns that are alike make the interval too narrow, and a reader misses some as well.
"""


def _small(size: int) -> str:
    return shown(size) if size else "none"


def _chance(safe: Anonymised) -> str:
    return f"1 in {safe.after.smallest}" if safe.after.smallest else "no fields are released"


def _counts(safe: Anonymised) -> list[tuple[str, str, str]]:
    """Return each field's values with how many have them, so that printing them gives nobody away."""
    rows = []
    for place, name in enumerate(FIELDS):
        parts = Counter(row[place] for row in safe.rows)
        for value, count in sorted(shown_parts(parts).items(), key=lambda pair: (pair[0] == ANY, pair[0])):
            rows.append((name, value, count))
    return rows
