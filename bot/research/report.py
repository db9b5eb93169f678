"""The figures as a report: sections with a table each, and plots beside; as HTML, as PDF and for the staff app."""

from __future__ import annotations

import base64
import html
import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bot.codebook import codes, themes
from bot.errors import BallastError
from bot.research.coded import CodeAgreement, agreement_of
from bot.research.counting import HIDDEN, shown
from bot.research.intervals import Share
from bot.research.looking import Look, look
from bot.research.rounds import latest_checked, units_of_round

if TYPE_CHECKING:
    from bot.papers import Bar

PAIRS_SHOWN = 20
NOTICE = "A model's readings, over men who agreed to research. Nothing here shows that Ballast helps."
NO_EFFICACY = (
    "This is no measure of efficacy. There was no comparison, men who fill it in twice are not all men, low scores "
    "rise and high ones fall by themselves, and whoever feels worse may stop writing."
)
_HIDDEN_WORDS = "Counts are rounded to 5. A share is hidden where fewer than 10 men are in it or outside it."
_STYLE = (
    "body{font:16px/1.5 sans-serif;max-width:52em;margin:2em auto;padding:0 1em;color:#181c21;background:#fff}"
    "table{border-collapse:collapse;margin:1em 0}"
    "th,td{text-align:left;padding:.3em 1em .3em 0;border-bottom:1px solid #ccc}"
    "img{max-width:100%;height:auto}.quiet{color:#555}"
)


class ReportError(BallastError):
    """A report cannot be written: the folder is there, or cannot be made."""


@dataclass(frozen=True)
class Section:
    """One part of the report.

    Attributes:
        title: Its heading.
        notes: Paragraphs above the table.
        headings: Of the table's columns.
        rows: The table; empty where nothing can be told.
        bars: The same numbers as a plot, in per cent; empty where there is none.
    """

    title: str
    notes: tuple[str, ...]
    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    bars: tuple[Bar, ...] = ()

    @property
    def bar_values(self) -> dict[str, float]:
        """The bars' lengths by their row."""
        return {bar.label: bar.value for bar in self.bars}


def sections_of(session: Any, protocol: str, *, at: datetime) -> list[Section]:
    """Return the parts of the report over the men whom a protocol reaches, with the latest round's agreement.

    Raises:
        ProtocolError: The protocol does not allow anything now.
    """
    found, round_id = look(session, protocol, at=at), latest_checked(session)
    return sections(found, agreement_of(units_of_round(session, round_id, at=at)) if round_id else ())


def sections(found: Look, agreement: Sequence[CodeAgreement] = ()) -> list[Section]:
    """Return the parts of the report; agreement is that of one round, or nothing."""
    parts = [_whom(found), _prevalence(found), _pairs(found), _months(found), _flows(found), _stays(found)]
    return [*parts, _phq9(found), _agreement(agreement)]


def write_report(folder: Path, parts: Sequence[Section], *, title: str, made_at: datetime) -> None:
    """Write ``report.html`` and ``report.pdf`` into a new folder, private to who asked; whole or not at all.

    Raises:
        ReportError: The folder is there already or cannot be made.
    """
    aside = folder.with_name(f".{folder.name}.part")
    try:
        if folder.exists():
            raise ReportError(f"{folder} is there already. Name a folder that is not.")
        aside.mkdir(mode=0o700)
    except OSError as error:
        raise ReportError(f"{folder} cannot be made ({error.strerror}).") from error
    try:
        pictures = drawn(parts)
        _write(aside / "report.html", as_html(parts, pictures, title=title, made_at=made_at).encode())
        _write(aside / "report.pdf", as_pdf(parts, pictures, title=title, made_at=made_at))
        aside.rename(folder)
    except BaseException:
        shutil.rmtree(aside, ignore_errors=True)
        raise


def drawn(parts: Sequence[Section]) -> dict[str, bytes]:
    """Return the plots as PNG, by their section's title; only here the drawing library is loaded."""
    from bot.papers import bars

    return {part.title: bars(part.bars, title=f"{part.title}, %").png() for part in parts if part.bars}


def as_pdf(parts: Sequence[Section], pictures: dict[str, bytes], *, title: str, made_at: datetime) -> bytes:
    """Return the report as PDF."""
    from bot.papers import Paper

    paper = Paper(title, made_at=made_at, notice=NOTICE)
    for part in parts:
        paper.heading(part.title)
        for note in part.notes:
            paper.paragraph(note)
        if part.title in pictures:
            paper.picture(pictures[part.title], f"{part.title}: the table below holds the same numbers.")
        if part.rows:
            paper.table(part.headings, part.rows, widths=_widths(part))
    return paper.pdf()


def as_html(parts: Sequence[Section], pictures: dict[str, bytes], *, title: str, made_at: datetime) -> str:
    """Return the report as one page that loads nothing."""
    head = f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{html.escape(title)}</title>'
    body = [
        f"{head}<style>{_STYLE}</style><h1>{html.escape(title)}</h1><p class='quiet'>{made_at:%Y-%m-%d}. {NOTICE}</p>"
    ]
    for part in parts:
        body.append(f"<h2>{html.escape(part.title)}</h2>")
        body += [f"<p>{html.escape(note)}</p>" for note in part.notes]
        if part.title in pictures:
            picture = base64.b64encode(pictures[part.title]).decode()
            alt = f"{html.escape(part.title)}: the table below holds the same numbers."
            body.append(f'<img src="data:image/png;base64,{picture}" alt="{alt}">')
        if part.rows:
            body.append(_table(part))
    return "\n".join([*body, "</html>\n"])


def _table(part: Section) -> str:
    heads = "".join(f'<th scope="col">{html.escape(text)}</th>' for text in part.headings)
    rows = "".join(f"<tr>{_row(row)}</tr>" for row in part.rows)
    return f"<table><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>"


def _row(row: Sequence[str]) -> str:
    first, *rest = (html.escape(cell) for cell in row)
    return f'<th scope="row">{first}</th>' + "".join(f"<td>{cell}</td>" for cell in rest)


def _widths(part: Section) -> tuple[int, ...]:
    """Return the columns' proportions: room for a code's name in front, unless there are months."""
    if part.headings[0] == "month":
        return ()
    return (2, *(1 for _ in part.headings[1:])) if len(part.headings) < 5 else (3, 1, 1, 1, 2, 2)


def _write(path: Path, content: bytes) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)


def _whom(found: Look) -> Section:
    rows = (("men whose messages were read", shown(found.men)), ("messages read", shown(found.turns)))
    return Section("Whom it is about", (_HIDDEN_WORDS,), ("", "count"), rows)


def _prevalence(found: Look) -> Section:
    rows = tuple((code.id, code.theme, _told(found.prevalence[code.id])) for code in codes())
    shares = [(code.id, found.prevalence[code.id]) for code in codes()]
    plotted = tuple(_bar(name, share) for name, share in shares if share is not None and share.value is not None)
    note = "Men in whom the model found the code once or more, with the 95 % Wilson interval."
    return Section("Codes", (note,), ("code", "theme", "share of men"), rows, plotted)


def _pairs(found: Look) -> Section:
    rows = tuple((f"{one} and {other}", _told(share)) for one, other, share in found.pairs[:PAIRS_SHOWN])
    note = f"Codes found in the same men, the {PAIRS_SHOWN} commonest pairs. Hidden pairs are left out."
    if not rows:
        note = "No pair of codes is common enough to be shown."
    return Section("Codes together", (note,), ("codes", "share of men"), rows)


def _months(found: Look) -> Section:
    rows = []
    for month, told in found.months.items():
        men, shares = told or (0, dict.fromkeys(themes()))
        rows.append((month, str(men) if told else HIDDEN, *(_percent(shares[theme]) for theme in themes())))
    note = (
        "Of the men who wrote in a month, in how many a theme was found that month. The men differ from month to month."
    )
    return Section("Over time", (note,), ("month", "men", *themes()), tuple(rows))


def _flows(found: Look) -> Section:
    rows = []
    for flow, told in found.flows.items():
        rows.append((flow, HIDDEN, "-") if told is None else (flow, str(told[0]), _told(told[1])))
    note = "Men who began a flow, and how many of them finished it once or more; the others dropped out of it."
    return Section("Flows and drop-out", (note,), ("flow", "men who began", "finished"), tuple(rows))


def _stays(found: Look) -> Section:
    note = "Men by the time from their first message to their last."
    return Section("Staying", (note,), ("from first to last", "men"), tuple(found.stays.items()))


def _phq9(found: Look) -> Section:
    change = found.change
    if change is None:
        note = "Fewer than ten men have finished the nine questions twice: nothing can be told."
        return Section("PHQ-9, first and last", (note, NO_EFFICACY), (), ())
    mean, low, high = change.change
    rows = [
        ("men with two or more", str(change.men)),
        ("mean of the first, 0 to 27", f"{change.first:.1f}"),
        ("mean of the last", f"{change.last:.1f}"),
        ("mean change (95 % bootstrap interval)", f"{mean:+.1f} ({low:+.1f} to {high:+.1f})"),
    ]
    rows += [(f"men: {name}", count) for name, count in change.parts.items()]
    return Section("PHQ-9, first and last", (NO_EFFICACY,), ("", "value"), tuple(rows))


def _agreement(rows: Sequence[CodeAgreement]) -> Section:
    title = "Do people agree with one another and with the model"
    told = [row for row in rows if row.given and row.turns]
    if not told:
        note = "No round of coding has been finished by two people yet, so nobody has checked the codes."
        return Section(title, (note,), (), ())
    heads = ("code", "turns", "kappa", "alpha", "model: precision", "model: recall")
    return Section(title, ("The latest round that two people finished.",), heads, tuple(_compared(row) for row in told))


def _compared(row: CodeAgreement) -> tuple[str, ...]:
    figures = (_number(row.kappa.value), _number(row.alpha.value), str(row.precision or "-"), str(row.recall or "-"))
    return (row.code, str(row.turns), *figures)


def _bar(name: str, share: Share) -> Bar:
    from bot.papers import Bar

    low, high = share.interval
    return Bar(name, 100 * (share.value or 0.0), 100 * low, 100 * high)


def _told(share: Share | None) -> str:
    return "hidden" if share is None else str(share)


def _percent(share: Share | None) -> str:
    return "hidden" if share is None or share.value is None else f"{100 * share.value:.0f} %"


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"
