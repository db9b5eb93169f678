"""A case as a table (CSV) and as a sheet to print (PDF)."""

from __future__ import annotations

import csv
import io
from datetime import datetime

from bot.records.phq9 import ANSWERS, ITEMS
from bot.staff.case_facts import CaseFacts
from bot.staff.fhir_case import ITEM_CODES, TOTAL
from bot.staff.identity import LABELS
from bot.staff.phrases import moment

COLUMNS = ("what", "at", "until", "code", "text", "value")
NOTICE = "Ballast, a self-help program. Flags order a queue; they are no diagnosis and no measure of risk."
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def csv_of(facts: CaseFacts) -> bytes:
    """Return one row a fact, UTF-8 with a byte order mark, so that spreadsheets read it rightly."""
    rows = [
        ("patient", "", "", "", label, facts.identity[name]) for name, label in LABELS.items() if name in facts.identity
    ]
    rows += [
        ("flag", _iso(flag.opened_at), _iso(flag.closed_at), flag.level, flag.words, flag.outcome)
        for flag in facts.flags
    ]
    for answered in facts.phq9:
        at = _iso(answered.at)
        items = zip(ITEM_CODES, ITEMS, answered.answers, strict=True)
        rows += [("phq9 item", at, "", code, text, str(value)) for code, text, value in items]
        rows.append(("phq9 total", at, "", TOTAL, "PHQ-9 total score", str(answered.total)))
    rows += [("contact", _iso(one.at), "", one.kind, one.words, one.text) for one in facts.contacts]
    file = io.StringIO()
    writer = csv.writer(file)
    writer.writerow(COLUMNS)
    writer.writerows([_harmless(cell) for cell in row] for row in rows)
    return file.getvalue().encode("utf-8-sig")


def sheet_of(facts: CaseFacts) -> bytes:
    """Return the sheet as PDF."""
    from bot.papers import Paper  # loads the fonts; only who prints pays for it

    who = facts.identity.get("name") or f"Man {facts.person_id[:8]}"
    paper = Paper(f"Case sheet: {who}", made_at=facts.made_at, notice=NOTICE)
    paper.paragraph(f"Made on {moment(facts.made_at)}, with his consent. His messages are not in it.", quiet=True)
    if facts.identity:
        paper.points([f"{LABELS[name]}: {value}" for name, value in facts.identity.items()])
    paper.heading("Flags")
    flags = [
        (moment(one.opened_at), one.words, moment(one.closed_at) if one.closed_at else "open", one.outcome)
        for one in facts.flags
    ]
    paper.table(("Opened", "What", "Closed", "Outcome"), flags, (3, 4, 3, 3))
    paper.heading("PHQ-9")
    for answered in facts.phq9[-1:]:
        paper.paragraph(f"{answered.total} of 27 on {moment(answered.at)}")
        paper.table(
            ("Over the last two weeks", "Answer"),
            [(text, f"{value} {ANSWERS[value]}") for text, value in zip(ITEMS, answered.answers, strict=True)],
            (4, 2),
        )
    paper.points([f"{moment(one.at)}: {one.total} of 27" for one in reversed(facts.phq9[:-1])])
    if not facts.phq9:
        paper.paragraph("Never answered.")
    paper.heading("Contacts")
    contacts = [(moment(one.at), one.words, one.text) for one in facts.contacts]
    if contacts:
        paper.table(("When", "What", "Note"), contacts, (3, 3, 5))
    else:
        paper.paragraph("None written down.")
    return paper.pdf()


def _iso(at: datetime | None) -> str:
    return at.isoformat() if at else ""


def _harmless(cell: str) -> str:
    """Return a cell that no spreadsheet takes for a formula (OWASP, CSV injection)."""
    return f"'{cell}" if cell.startswith(_FORMULA) else cell
