"""Pictures and files that an answer carries: drawn when they are sent, sealed till then, and told where they fail."""

from __future__ import annotations

import pytest
from pypdfium2 import PdfDocument

from bot.records import doctor_note
from bot.storage.models import OutboxMessage
from bot.turns import Reply, outbox, papers

POINTS = [["2026-11-01T09:00:00+00:00", 3], ["2026-11-08T09:00:00+00:00", 5], ["2026-11-15T09:00:00+00:00", 6]]
TREND = {"make": "mood_trend", "content": {"points": POINTS, "title": "Mood, 0 to 10"}, "alt": "From 3 to 6."}
TITLES = {name: name.title() for name in (*doctor_note.LINES, "title", "notice", "scores")}
PNG = b"\x89PNG\r\n"


def note(lines, make="doctor_note_pdf", scores=""):
    return {"make": make, "content": doctor_note.facts_of(lines, TITLES, scores), "alt": "A page."}


def queue(path, reply):
    person_id = path.consent()
    with path.database.write() as session:
        outbox.queue(session, person_id, [reply, Reply("after it")], at=path.clock())


@pytest.mark.asyncio
async def test_a_picture_is_drawn_when_it_is_sent_and_never_stored(path):
    queue(path, Reply("Your line.", paper=TREND))
    assert not any(PNG in bytes(row.body_sealed) for row in path.rows(OutboxMessage))
    await path.sender.drain()
    assert path.messenger.files["From 3 to 6."].startswith(PNG)
    assert path.heard() == ["Your line.", "after it"]


@pytest.mark.asyncio
async def test_a_pdf_goes_out_as_a_file(path):
    queue(path, Reply("The same to print.", paper=note({"words": "flat since May"})))
    await path.sender.drain()
    assert path.messenger.files["note-for-the-doctor.pdf"].startswith(b"%PDF")


@pytest.mark.asyncio
@pytest.mark.parametrize("broken", [{**TREND, "make": "nothing"}, {**TREND, "content": {}}])
async def test_what_cannot_be_drawn_is_told_in_words_and_holds_nothing_back(path, broken):
    queue(path, Reply("Your line.", paper=broken))
    await path.sender.drain()
    assert path.heard() == ["Your line.\n\nFrom 3 to 6.", "after it"]
    assert path.outbox_states() == ["sent", "sent"]


def test_the_same_points_give_the_same_picture():
    assert papers.draw(TREND, at=None).content == papers.draw(TREND, at=None).content


def test_the_note_holds_his_words_and_scores_and_leaves_out_what_he_skipped(path):
    paper = note({"words": "flat since May", "request": "a talk about tablets"}, scores="2026-11-01: 14/27")
    page = PdfDocument(papers.draw(paper, at=path.clock()).content)[0].get_textpage().get_text_range()
    assert all(part in page for part in ("flat since May", "a talk about tablets", "14/27", "2026-11-22"))
    assert "Drink" not in page


def test_the_longest_note_stays_on_one_page(path):
    longest = dict.fromkeys(doctor_note.LINES, "worn out and wide awake " * 40)
    paper = note(longest, scores="   ".join(["2026-11-01: 14/27"] * doctor_note.MOST_SCORES))
    assert len(PdfDocument(papers.draw(paper, at=path.clock()).content)) == 1


def test_the_same_note_is_a_picture_too(path):
    drawn = papers.draw(note({"words": "flat"}, "doctor_note"), at=path.clock())
    assert drawn.is_picture
    assert drawn.content.startswith(PNG)
