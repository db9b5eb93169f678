"""Handing over, a second look, a red that two people call a false alarm, notes, and candidates for the test set."""

import re

import pytest

from bot.consent import STORAGE, record_answer
from bot.records import keep_score
from bot.records.safety_plan import keep_part
from bot.storage.clinic_models import CaseNote, TestCandidate
from bot.storage.models import Flag

pytestmark = pytest.mark.usefixtures("quick_passwords")  # the real ones have tests of their own

NOTE = "Rang his brother, no answer yet."


def state_of(clinic, flag_id):
    with clinic.database.read() as session:
        flag = session.get(Flag, flag_id)
        return flag.state, flag.resolution.reveal() if flag.resolution is not None else None


def look_id(page):
    return re.search(r'name="look" value="([0-9a-f]+)"', page).group(1)


@pytest.fixture
def two(clinic):
    return clinic.signed_in("rosa"), clinic.signed_in("omar")


def test_red_is_a_false_alarm_only_when_a_second_person_agrees(clinic, two):
    rosa, omar = two
    flag_id = clinic.flag_with_words()
    rosa.step(flag_id, "claim")
    assert rosa.step(flag_id, "resolve", outcome="false_alarm", note="He quotes a film.").status_code == 303
    assert state_of(clinic, flag_id) == ("claimed", None)
    page = rosa.get(f"/flags/{flag_id}").text
    assert "somebody else answers" in page
    assert 'name="look"' not in page
    assert "Waits for a second person" in omar.get("/flags").text
    look = look_id(omar.get(f"/flags/{flag_id}").text)
    assert rosa.step(flag_id, "answer", look=look, agreed="yes").status_code == 409
    assert state_of(clinic, flag_id)[0] == "claimed"
    assert omar.step(flag_id, "answer", look=look, agreed="yes").status_code == 303
    state, resolution = state_of(clinic, flag_id)
    assert (state, resolution["outcome"], resolution["note"]) == ("false_alarm", "false_alarm", "He quotes a film.")
    assert resolution["by"] != resolution["asked_by"]


def test_red_stays_open_when_the_second_person_does_not_agree(clinic, two):
    rosa, omar = two
    flag_id = clinic.flag()
    rosa.step(flag_id, "claim")
    rosa.step(flag_id, "resolve", outcome="false_alarm", note="A film.")
    look = look_id(omar.get(f"/flags/{flag_id}").text)
    assert omar.step(flag_id, "answer", look=look, agreed="no", answer="He says tonight.").status_code == 303
    page = rosa.get(f"/flags/{flag_id}").text
    assert "did not agree" in page
    assert "He says tonight." in page
    assert state_of(clinic, flag_id) == ("claimed", None)
    assert omar.step(flag_id, "answer", look=look, agreed="yes").status_code == 409


def test_agreement_counts_for_what_the_second_person_saw(clinic, two):
    rosa, omar = two
    person_id = clinic.man()
    flag_id = clinic.flag(person_id)
    rosa.step(flag_id, "claim")
    rosa.step(flag_id, "resolve", outcome="false_alarm", note="A film.")
    page = omar.get(f"/flags/{flag_id}").text
    seen = re.search(r'name="version" value="(\d+)"', page).group(1)
    clinic.flag(person_id, reasons=["says goodbye"])
    answer = omar.step(flag_id, "answer", look=look_id(page), agreed="yes", version=seen)
    assert answer.status_code == 409
    assert state_of(clinic, flag_id)[0] == "claimed"


def test_second_look_is_asked_shown_and_answered(clinic, two):
    rosa, omar = two
    flag_id = clinic.flag(level="orange")
    rosa.step(flag_id, "claim")
    assert rosa.step(flag_id, "second", question="Would you ring him tonight?").status_code == 303
    assert "Second look asked for" in omar.get("/flags").text
    page = omar.get(f"/flags/{flag_id}").text
    assert "Would you ring him tonight?" in page
    omar.step(flag_id, "answer", look=look_id(page), agreed="yes", answer="Yes, before nine.")
    assert "Yes, before nine." in rosa.get(f"/flags/{flag_id}").text
    assert "Second look" not in rosa.get("/flags").text


def test_handing_over_puts_it_back_for_a_named_colleague(clinic, two):
    rosa, omar = two
    ada, flag_id = clinic.signed_in("ada"), clinic.flag()
    rosa.step(flag_id, "claim")
    page = rosa.get(f"/flags/{flag_id}").text
    omars = re.search(r'value="([0-9a-f]{32})">omar<', page).group(1)
    assert rosa.step(flag_id, "hand-over", to=omars, note=NOTE).status_code == 303
    assert state_of(clinic, flag_id)[0] == "open"
    assert "Handed to you by rosa" in omar.get("/flags").text
    assert "Handed to omar by rosa" in ada.get("/flags").text
    assert NOTE in omar.get(f"/flags/{flag_id}").text
    assert ada.post("/flags/next", form_on="/flags").location == "/flags?next=none"
    assert omar.post("/flags/next", form_on="/flags").location == f"/flags/{flag_id}"


def test_what_was_handed_over_and_not_taken_goes_to_whoever_is_next(clinic, two):
    rosa, _ = two
    ada, flag_id = clinic.signed_in("ada"), clinic.flag()
    rosa.step(flag_id, "claim")
    omars = re.search(r'value="([0-9a-f]{32})">omar<', rosa.get(f"/flags/{flag_id}").text).group(1)
    rosa.step(flag_id, "hand-over", to=omars, note=NOTE)
    clinic.clock.forward(minutes=10)
    assert ada.post("/flags/next", form_on="/flags").location == f"/flags/{flag_id}"


@pytest.mark.parametrize("to", ["0" * 32, "x"])
def test_handing_over_to_nobody_known_changes_nothing(clinic, to):
    visitor, flag_id = clinic.signed_in(), clinic.flag()
    visitor.step(flag_id, "claim")
    assert visitor.step(flag_id, "hand-over", to=to, note=NOTE).status_code == 400
    assert state_of(clinic, flag_id)[0] == "claimed"


def test_only_the_holder_hands_over(clinic, two):
    rosa, omar = two
    flag_id = clinic.flag()
    rosa.step(flag_id, "claim")
    answer = omar.step(flag_id, "hand-over", note=NOTE, version="2")
    assert answer.status_code == 409
    assert state_of(clinic, flag_id)[0] == "claimed"


def test_notes_are_kept_sealed_and_shown_with_who_and_what(clinic):
    visitor, flag_id = clinic.signed_in(), clinic.flag()
    assert visitor.step(flag_id, "note", kind="call_missed", text=NOTE).status_code == 303
    page = visitor.get(f"/flags/{flag_id}").text
    for words in ("rosa", "Called him, no answer", NOTE, "wrote a note"):
        assert words in page
    assert visitor.step(flag_id, "note", kind="call_missed", text=" ").status_code == 422
    assert visitor.step(flag_id, "note", kind="invented", text=NOTE).status_code == 400
    with clinic.database.read() as session:
        assert session.query(CaseNote).count() == 1
    clinic.database.close()
    stored = b"".join(path.read_bytes() for path in clinic.settings.home.glob("ballast.db*"))
    assert NOTE.encode() not in stored


def candidates(clinic):
    with clinic.database.read() as session:
        return [(row.verdict, row.body.reveal()["text"]) for row in session.query(TestCandidate)]


def keeps(clinic, person_id, given=True):
    with clinic.database.write() as session:
        record_answer(session, person_id=person_id, kind=STORAGE, given=given, at=clinic.clock.now)


def test_missed_message_becomes_a_candidate_without_what_identifies(clinic):
    visitor, person_id = clinic.signed_in(), clinic.man()
    keeps(clinic, person_id)
    message = clinic.he_writes(person_id, "my wife Laura left, call me on 305-555-0142")
    flag_id = clinic.flag(person_id)
    page = visitor.step(flag_id, "mark", message=message, verdict="missed").text
    assert "Marked: missed" in page
    ((verdict, text),) = candidates(clinic)
    assert verdict == "missed"
    assert "Laura" not in text
    assert "0142" not in text
    visitor.step(flag_id, "mark", message=message, verdict="false_alarm")
    assert [verdict for verdict, _ in candidates(clinic)] == ["false_alarm"]


def test_no_copy_is_made_of_a_man_who_keeps_nothing_or_of_anothers_message(clinic):
    visitor, person_id, other = clinic.signed_in(), clinic.man(), clinic.man()
    message, flag_id = clinic.he_writes(person_id), clinic.flag(person_id)
    assert visitor.step(flag_id, "mark", message=message, verdict="missed").status_code == 422
    keeps(clinic, person_id)
    anothers = clinic.he_writes(other)
    assert visitor.step(flag_id, "mark", message=anothers, verdict="missed").status_code == 422
    assert visitor.step(flag_id, "mark", message=message, verdict="invented").status_code == 422
    assert candidates(clinic) == []


def test_closing_as_a_false_alarm_marks_the_message_that_raised_it(clinic):
    visitor, person_id = clinic.signed_in(), clinic.man()
    keeps(clinic, person_id)
    flag_id = clinic.flag(person_id, level="orange", message_id=clinic.he_writes(person_id, "that exam killed me"))
    visitor.step(flag_id, "claim")
    visitor.step(flag_id, "resolve", outcome="false_alarm", note="An exam.")
    assert candidates(clinic) == [("false_alarm", "that exam killed me")]


def test_scores_are_told_in_numbers_and_as_a_picture_and_the_plan_opens_with_his_words(clinic):
    visitor, person_id = clinic.signed_in(), clinic.man()
    flag_id, at = clinic.flag(person_id), clinic.clock.now
    with clinic.database.write() as session:
        for days, total in ((9, 9), (2, 14)):
            body = {"answers": [0] * 9, "total": total}
            when = at.replace(day=at.day - days)
            keep_score(session, person_id=person_id, kind="phq9", body=body, message_id=None, at=when)
        keep_part(session, person_id=person_id, part="alone", words="walk the dog", message_id=None, at=at)
    page = visitor.get(f"/flags/{flag_id}").text
    assert "14 of 27, 5 more than on 13 Nov" in page
    assert "walk the dog" not in page
    picture = visitor.get(f"/flags/{flag_id}/trend/phq9.svg")
    assert picture.mimetype == "image/svg+xml"
    assert b"<script" not in picture.data
    assert visitor.get(f"/flags/{flag_id}/trend/mood.svg").status_code == 404
    assert "walk the dog" in visitor.step(flag_id, "words").text
    assert [action for _, action in clinic.actions(flag_id)].count("flag.trend") == 1


def test_page_says_whether_he_was_answered_and_wrote_again(clinic):
    visitor, person_id = clinic.signed_in(), clinic.man()
    message = clinic.he_writes(person_id)
    flag_id = clinic.flag(person_id, message_id=message)
    page = visitor.get(f"/flags/{flag_id}").text
    assert "has not answered him yet" in page
    assert "He has not written since" in page
    clinic.he_writes(person_id, "still here", minutes=3)
    assert "He wrote again at" in visitor.get(f"/flags/{flag_id}").text
    other = clinic.flag(person_id, level="yellow", kind="person")
    assert f"/flags/{other}" in visitor.get(f"/flags/{flag_id}").text
