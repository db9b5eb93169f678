"""Taking a flag and closing it, also when two want it at once."""

import pytest

from bot.escalation import verify_audit
from bot.escalation.flags import OUTCOMES
from bot.storage.models import AuditEntry, Flag

NOTE = "Rang him. His brother is with him now."


def flag_of(clinic, flag_id):
    with clinic.database.read() as session:
        flag = session.get(Flag, flag_id)
        resolution = flag.resolution
        return flag.state, resolution.reveal() if resolution is not None else None


def test_reviewer_takes_and_closes_a_flag_and_the_history_tells_it(clinic):
    visitor, flag_id = clinic.signed_in(), clinic.flag_with_words()
    assert visitor.step(flag_id, "claim").status_code == 303
    assert "You have it" in visitor.get(f"/flags/{flag_id}").text
    assert visitor.step(flag_id, "resolve", outcome="reached_him", note=NOTE).status_code == 303
    page = visitor.get(f"/flags/{flag_id}").text
    for words in (
        NOTE,
        "Spoke or wrote with him",
        "took it",
        "closed it",
        "opened this page",
        "How it was closed",
    ):
        assert words in page
    state, resolution = flag_of(clinic, flag_id)
    assert state == "resolved"
    assert (resolution["outcome"], resolution["note"]) == ("reached_him", NOTE)
    with clinic.database.read() as session:
        assert verify_audit(session) == session.query(AuditEntry).count()


def test_of_two_who_take_it_at_once_the_second_is_told(clinic):
    rosa, omar, flag_id = clinic.signed_in("rosa"), clinic.signed_in("omar"), clinic.flag()
    omars_form = {"csrf_token": omar.token(f"/flags/{flag_id}"), "version": "1"}
    assert rosa.step(flag_id, "claim").status_code == 303
    answer = omar.client.post(f"/flags/{flag_id}/claim", data=omars_form)
    assert answer.status_code == 409
    assert "Nothing was saved" in answer.text
    assert "rosa has it" in answer.text
    assert [action for _, action in clinic.actions(flag_id)].count("flag.claim") == 1


def test_flag_that_fired_again_is_not_closed_unseen(clinic):
    visitor, person_id = clinic.signed_in(), clinic.man()
    flag_id = clinic.flag(person_id)
    visitor.step(flag_id, "claim")
    form = {
        "csrf_token": visitor.token(f"/flags/{flag_id}"),
        "version": "2",
        "outcome": "reached_him",
        "note": NOTE,
    }
    clinic.flag(person_id, reasons=["says goodbye"])
    answer = visitor.client.post(f"/flags/{flag_id}/resolve", data=form)
    assert answer.status_code == 409
    assert "says goodbye" in answer.text
    assert NOTE in answer.text  # what he typed is not lost
    assert flag_of(clinic, flag_id) == ("claimed", None)


def test_note_is_given_back_when_a_colleague_took_the_flag_over(clinic):
    rosa, omar, flag_id = clinic.signed_in("rosa"), clinic.signed_in("omar"), clinic.flag()
    rosa.step(flag_id, "claim")
    clinic.clock.forward(minutes=11)
    assert omar.step(flag_id, "claim").status_code == 303
    answer = rosa.step(flag_id, "resolve", version="2", outcome="reached_him", note=NOTE)
    assert answer.status_code == 409
    assert "Your note, not saved" in answer.text
    assert NOTE in answer.text
    assert flag_of(clinic, flag_id)[1] is None


def test_colleague_can_take_it_only_when_the_ten_minutes_are_over(clinic):
    rosa, omar, flag_id = clinic.signed_in("rosa"), clinic.signed_in("omar"), clinic.flag()
    rosa.step(flag_id, "claim")
    clinic.clock.forward(minutes=9)
    assert omar.step(flag_id, "claim", version="2").status_code == 409
    clinic.clock.forward(minutes=2)
    assert "Take this flag" in omar.get(f"/flags/{flag_id}").text
    assert "Your ten minutes are over" in rosa.get(f"/flags/{flag_id}").text
    assert omar.step(flag_id, "claim").status_code == 303


def test_holder_can_keep_it_longer(clinic):
    visitor, flag_id = clinic.signed_in(), clinic.flag()
    visitor.step(flag_id, "claim")
    clinic.clock.forward(minutes=8)
    assert visitor.step(flag_id, "claim").status_code == 303
    assert "For 10 min more" in visitor.get(f"/flags/{flag_id}").text


def test_flag_that_nobody_took_cannot_be_closed(clinic):
    visitor, flag_id = clinic.signed_in(), clinic.flag()
    assert visitor.step(flag_id, "resolve", version="1", outcome="reached_him", note=NOTE).status_code == 409
    assert flag_of(clinic, flag_id) == ("open", None)


@pytest.mark.parametrize(
    ("outcome", "note", "complaint"),
    [
        ("", NOTE, "Choose what came of it"),
        ("invented", NOTE, "Choose what came of it"),
        ("reached_him", "  \n", "Write a short note"),
        ("reached_him", "n" * 4001, "too long"),
    ],
)
def test_incomplete_closing_is_explained_and_keeps_what_was_typed(clinic, outcome, note, complaint):
    visitor, flag_id = clinic.signed_in(), clinic.flag()
    visitor.step(flag_id, "claim")
    answer = visitor.step(flag_id, "resolve", outcome=outcome, note=note)
    assert answer.status_code == 422
    assert complaint in answer.text
    assert note.strip() in answer.text
    assert flag_of(clinic, flag_id) == ("claimed", None)


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_every_outcome_closes_an_orange_flag(clinic, outcome):
    visitor, flag_id = clinic.signed_in(), clinic.flag(level="orange")
    visitor.step(flag_id, "claim")
    assert visitor.step(flag_id, "resolve", outcome=outcome, note=NOTE).status_code == 303
    assert flag_of(clinic, flag_id)[1]["outcome"] == outcome


def test_note_is_sealed(clinic):
    visitor, flag_id = clinic.signed_in(), clinic.flag_with_words()
    visitor.step(flag_id, "claim")
    visitor.step(flag_id, "resolve", outcome="reached_him", note=NOTE)
    clinic.database.close()
    home = clinic.settings.home
    stored = b"".join(path.read_bytes() for path in home.glob("ballast.db*"))
    assert flag_id.encode() in stored
    assert NOTE.encode() not in stored
    assert clinic.his_words.encode() not in stored


def test_history_counts_what_was_done_several_times_in_a_row(clinic):
    visitor, flag_id = clinic.signed_in(), clinic.flag()
    for _ in range(3):
        page = visitor.get(f"/flags/{flag_id}").text
    assert "opened this page, 3 times" in page
    assert len(clinic.actions(flag_id)) == 4
