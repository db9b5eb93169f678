"""Pages and plots: whole, repeatable, and without a box where a sign is missing."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pypdfium2
import pytest

from bot.papers import Bar, Paper, bars, line

AT = datetime(2026, 11, 22, 9, 0, tzinfo=timezone.utc)
PNG, SVG = b"\x89PNG\r\n", b"<?xml"


def paper():
    made = Paper("For the doctor", made_at=AT, notice="Invented, for a test")
    made.heading("How it has been")
    made.paragraph("I sleep badly, Müller said “see a doctor” 🙂.")
    made.points(["tired", "short with the kids"])
    made.table(["day", "mood"], [["Monday", "4"], ["Tuesday", "5"]], widths=[2, 1])
    return made


def words(pdf):
    document = pypdfium2.PdfDocument(pdf)
    return [page.get_textpage().get_text_range() for page in document]


def test_a_paper_holds_what_was_written_on_it():
    (page,) = words(paper().pdf())
    for part in ("For the doctor", "Müller said “see a doctor”", "tired", "Tuesday", "Invented, for a test", "1/1"):
        assert part in page
    assert "🙂" not in page


def test_the_same_paper_is_the_same_file():
    assert paper().pdf() == paper().pdf()


def test_a_paper_is_a_picture_as_well():
    (picture,) = paper().png()
    assert picture.startswith(PNG)


def test_a_long_paper_has_numbered_pages():
    long = Paper("Long", made_at=AT)
    for number in range(200):
        long.paragraph(f"line {number}")
    pages = words(long.pdf())
    assert len(pages) > 3
    assert f"{len(pages)}/{len(pages)}" in pages[-1]


def test_a_picture_stands_in_a_paper():
    made = paper()
    made.picture(line([(AT, 3.0)], title="mood", low=0, high=10).png(), alt="mood, 3 of 10")
    assert len(made.pdf()) > len(paper().pdf()) + 1000


@pytest.mark.parametrize("count", [1, 2, 60])
def test_a_line_is_drawn_from_one_point_on_and_is_repeatable(count):
    points = [(AT + timedelta(days=day), day % 10) for day in range(count)]
    chart, again = (line(points, title="mood, 0 to 10", low=0, high=10) for _ in range(2))
    assert chart.png().startswith(PNG)
    assert chart.svg().startswith(SVG)
    assert chart.png() == again.png()


def test_bars_show_their_order_and_an_svg_has_no_script():
    drawn = bars([Bar("hiding it", 12, 9, 16), Bar("work stigma", 3)], title="turns").svg()
    assert drawn.startswith(SVG)
    assert b"<script" not in drawn
    assert b"<text" not in drawn
