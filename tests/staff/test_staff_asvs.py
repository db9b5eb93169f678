"""docs/asvs.md names files that exist, each requirement once, and counts itself right."""

import re
from collections import Counter

import pytest

from bot.config import PROJECT

PAGE = (PROJECT / "docs" / "asvs.md").read_text(encoding="utf-8")
STATES = {"yes", "partly", "operator", "no", "none"}
# Requirements of levels 1 and 2 by chapter, counted in OWASP's own list of 5.0.0.
BY_CHAPTER = {1: 27, 2: 11, 3: 19, 4: 10, 5: 9, 6: 35, 7: 18, 8: 7, 11: 14, 12: 9, 13: 13, 14: 9, 15: 13, 16: 16}


def rows():
    found = []
    for line in PAGE.splitlines():
        if re.match(r"\| \d+\.", line):
            number, level, asked, state, how = (cell.strip() for cell in line.strip("|").split(" | ", 4))
            found.append((tuple(int(part) for part in number.split(".")), level, asked, state, how.rstrip(" |")))
    return found


def test_each_requirement_stands_once_in_order():
    numbers = [number for number, *_ in rows()]
    assert numbers == sorted(set(numbers))
    assert {level for _, level, *_ in rows()} == {"1", "2"}


def test_no_chapter_lacks_one():
    assert Counter(number[0] for number, *_ in rows()) == Counter(BY_CHAPTER)


def test_states_are_known_and_counted():
    counted = Counter(state for *_, state, _ in rows())
    assert set(counted) == STATES
    told = ", ".join(f"{counted[state]} {state}" for state in ("yes", "partly", "operator", "no", "none"))
    assert f"Counted: {told}; {len(rows())} in all." in PAGE


@pytest.mark.parametrize("row", rows(), ids=lambda row: ".".join(map(str, row[0])))
def test_what_is_done_names_its_evidence_and_every_file_exists(row):
    number, _, asked, state, how = row
    named = re.findall(r"`([\w./-]+/[\w./-]+|[\w.-]+\.(?:toml|lock|md))`", how)
    files = [PROJECT / name for name in named if not name.endswith("/") and not name.startswith("/")]
    assert all(path.is_file() for path in files), named
    assert asked
    assert how
    if state == "yes":
        assert files, number


def test_trace_is_not_answered(clinic):
    visitor = clinic.browsers_of("lead")()
    for _, rule in clinic.routes():
        assert visitor.client.open(clinic.address_of(rule), method="TRACE").status_code == 405, rule
