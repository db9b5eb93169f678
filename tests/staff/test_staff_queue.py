"""The queue: what must be seen first, and nothing that he wrote."""

import re


def kinds_in(page):
    return re.findall(r"<h2><a id=[^>]+>([^<]+)</a></h2>", page)


def test_gravest_comes_first_and_then_what_is_due_first(clinic):
    visitor = clinic.signed_in()
    clinic.flag(level="yellow", kind="person")
    clinic.flag(level="orange", kind="phq9")
    clinic.clock.forward(minutes=10)
    clinic.flag(level="red", kind="violence")
    clinic.clock.forward(minutes=-5)
    clinic.flag(level="red", kind="screening")
    assert kinds_in(visitor.get("/flags").text) == [
        "Wrote about suicide or self-harm",
        "Wrote about hurting somebody",
        "Answers to the PHQ-9 questionnaire",
        "Asked for a person",
    ]


def test_row_tells_level_person_age_clock_and_holder(clinic):
    visitor, person_id = clinic.signed_in(), clinic.man()
    clinic.flag(person_id)
    clinic.clock.forward(minutes=5)
    page = visitor.get("/flags").text
    for words in ("Red", person_id[:8], "open 5 min", "10 min left", "Nobody yet"):
        assert words in page
    assert person_id[:9] not in page
    clinic.clock.forward(minutes=13)
    assert "overdue by 3 min" in visitor.get("/flags").text


def test_row_tells_who_holds_it_and_when_that_is_over(clinic):
    rosa, omar, flag_id = clinic.signed_in("rosa"), clinic.signed_in("omar"), clinic.flag()
    rosa.step(flag_id, "claim")
    clinic.clock.forward(minutes=4)
    assert "rosa, 6 min more" in omar.get("/flags").text
    assert "<strong>You</strong>, 6 min more" in rosa.get("/flags").text
    clinic.clock.forward(minutes=7)
    assert "Nobody now, rosa had it" in omar.get("/flags").text


def test_queue_without_flags_says_so(clinic):
    assert "No open flags" in clinic.signed_in().get("/flags").text


def test_queue_opens_nothing_that_is_sealed(clinic, monkeypatch):
    visitor = clinic.signed_in()
    clinic.flag_with_words()
    monkeypatch.setattr("bot.storage.sealed.open_sealed", None)
    page = visitor.get("/flags")
    assert page.status_code == 200
    assert clinic.his_words not in page.text
    assert "says he wants to die" not in page.text


def test_looking_at_the_queue_leaves_no_trace_on_a_flag(clinic):
    visitor, flag_id = clinic.signed_in(), clinic.flag()
    visitor.get("/flags")
    assert clinic.actions(flag_id) == [("ballast", "flag.open")]


def test_closed_flags_leave_the_queue(clinic):
    visitor, flag_id = clinic.signed_in(), clinic.flag()
    visitor.step(flag_id, "claim")
    visitor.step(flag_id, "resolve", outcome="reached_him", note="Spoke with him.")
    assert "No open flags" in visitor.get("/flags").text


def test_staff_are_told_when_the_screening_has_lost_its_trained_part(clinic, monkeypatch):
    visitor = clinic.signed_in()
    assert "weaker than usual" not in visitor.get("/flags").text
    monkeypatch.setattr("bot.staff.queue.inspect_classifier", lambda: "screening.npz cannot be read.")
    page = visitor.get("/flags").text
    assert "weaker than usual" in page
    assert "screening.npz cannot be read." in page
