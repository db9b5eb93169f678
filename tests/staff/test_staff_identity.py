"""Who a man is: a reason, the second factor, ten minutes, and a colleague who looks it over."""

import pytest

from bot.consent import STORAGE, record_answer
from bot.storage.clinic_models import IdentityLook
from bot.storage.models import AuditEntry, Flag
from bot.storage.retention import erase_person

pytestmark = pytest.mark.usefixtures("quick_passwords")  # the real ones have tests of their own

REASON = "He says tonight and does not answer; the police need to find him."
NAME = "Invented Canaryman"


@pytest.fixture
def flagged(clinic):
    return clinic.signed_in("rosa", "lead"), clinic.flag(clinic.man(chat="chat-4711"))


def opened(visitor, flag_id, reason=REASON):
    path = f"/flags/{flag_id}/identity"
    return visitor.post(f"{path}/open", form_on=path, reason=reason)


def kept(visitor, flag_id, **fields):
    path = f"/flags/{flag_id}/identity"
    return visitor.post(f"{path}/keep", form_on=path, **fields)


def test_it_opens_with_a_reason_for_ten_minutes_and_for_this_reader_alone(clinic, flagged):
    visitor, flag_id = flagged
    path = f"/flags/{flag_id}/identity"
    assert "chat-4711" not in visitor.get(path).text
    assert opened(visitor, flag_id).location == path
    assert "chat-4711" in visitor.get(path).text
    omar = clinic.signed_in("omar")
    assert "chat-4711" not in omar.get(path).text
    clinic.clock.forward(minutes=9)
    assert "chat-4711" in visitor.get(path).text
    clinic.clock.forward(minutes=1)
    visitor.give_code(path="/account/confirm")
    page = visitor.get(path)
    assert page.status_code == 200
    assert "chat-4711" not in page.text
    steps = [action for _, action in clinic.actions(flag_id)]
    assert steps.count("flag.identity") == 1
    assert steps.count("flag.identity_seen") == 2


@pytest.mark.parametrize("reason", ["", "  \n", "x" * 501])
def test_without_a_fitting_reason_it_stays_closed(clinic, flagged, reason):
    visitor, flag_id = flagged
    assert opened(visitor, flag_id, reason).status_code == 422
    assert "chat-4711" not in visitor.get(f"/flags/{flag_id}/identity").text


def test_it_wants_the_second_factor_anew_and_leads_back(clinic, flagged):
    visitor, flag_id = flagged
    clinic.clock.forward(minutes=10)
    answer = visitor.get(f"/flags/{flag_id}/identity")
    assert answer.status_code == 303
    assert answer.location == f"/account/confirm?next=/flags/{flag_id}/identity"
    assert visitor.give_code(path=answer.location, next=f"/flags/{flag_id}/identity").location == (
        f"/flags/{flag_id}/identity"
    )


def test_what_he_told_is_kept_sealed_and_only_while_it_is_open(clinic, flagged):
    visitor, flag_id = flagged
    assert kept(visitor, flag_id, name=NAME).status_code == 409
    opened(visitor, flag_id)
    assert kept(visitor, flag_id, name=NAME, phone="305 555 0142").status_code == 303
    assert kept(visitor, flag_id, name="x" * 501).status_code == 422
    page = visitor.get(f"/flags/{flag_id}/identity").text
    assert NAME in page
    assert NAME not in visitor.get(f"/flags/{flag_id}").text
    clinic.database.close()
    stored = b"".join(path.read_bytes() for path in clinic.settings.home.glob("ballast.db*"))
    assert NAME.encode() not in stored
    assert REASON.encode() not in stored


def look_of(clinic):
    with clinic.database.read() as session:
        row = session.query(IdentityLook).one()
        return row.id, row.in_order, row.words.reveal()["review"]


def test_somebody_else_reviews_it_and_it_leaves_the_list(clinic, flagged):
    visitor, flag_id = flagged
    opened(visitor, flag_id)
    page = visitor.get("/reviews").text
    assert REASON in page
    assert "Somebody else reviews it" in page
    look_id, _, _ = look_of(clinic)
    assert visitor.post(f"/reviews/identity/{look_id}", form_on="/reviews", in_order="yes").status_code == 409
    ada = clinic.signed_in("ada", "lead")
    path = f"/reviews/identity/{look_id}"
    assert ada.post(path, form_on="/reviews", in_order="no", words="Ask me next time.").status_code == 303
    assert look_of(clinic)[1:] == (False, "Ask me next time.")
    assert ada.post(path, form_on="/reviews", in_order="yes").status_code == 409
    assert "not in order" in visitor.get("/reviews").text
    assert ("flag.identity_reviewed") in [action for _, action in clinic.actions(flag_id)]


def test_what_waits_longer_than_a_day_is_marked(clinic, flagged):
    visitor, flag_id = flagged
    opened(visitor, flag_id)
    assert "more than a day ago" not in visitor.get("/reviews").text
    clinic.clock.forward(hours=24, minutes=1)
    later = clinic.browsers_of("lead", name="later")()
    assert "more than a day ago" in later.get("/reviews").text


def test_unknown_looks_and_odd_answers_are_refused(clinic, flagged):
    visitor, _ = flagged
    assert visitor.post(f"/reviews/identity/{'0' * 32}", form_on="/reviews", in_order="yes").status_code == 404
    assert visitor.post(f"/reviews/identity/{'0' * 32}", form_on="/reviews", in_order="?").status_code == 400
    assert visitor.post(f"/reviews/candidate/{'0' * 32}", form_on="/reviews", accepted="yes").status_code == 404


def test_a_lead_takes_or_drops_candidates_and_only_those_taken_go_out(clinic, flagged):
    visitor, _ = flagged
    person_id = clinic.man()
    with clinic.database.write() as session:
        record_answer(session, person_id=person_id, kind=STORAGE, given=True, at=clinic.clock.now)
    flag_id = clinic.flag(person_id)
    for number, verdict in enumerate(("missed", "missed")):
        message = clinic.he_writes(person_id, f"quiet words number {number}")
        visitor.step(flag_id, "mark", message=message, verdict=verdict)
    page = visitor.get("/reviews").text
    first, second = [part[:32] for part in page.split("/reviews/candidate/")[1:]]
    visitor.post(f"/reviews/candidate/{first}", form_on="/reviews", accepted="yes")
    visitor.post(f"/reviews/candidate/{second}", form_on="/reviews", accepted="no")
    lines = visitor.get("/reviews/candidates.jsonl").text.splitlines()
    assert len(lines) == 1
    assert "quiet words number 0" in lines[0]
    assert "quiet words" not in visitor.get("/reviews").text
    with clinic.database.read() as session:
        assert session.query(AuditEntry).filter_by(action="candidate.export").count() == 1


def test_erased_man_leaves_that_somebody_looked_and_no_reason(clinic, flagged):
    visitor, flag_id = flagged
    opened(visitor, flag_id)
    with clinic.database.write() as session:
        erase_person(session, session.get(Flag, flag_id).person_id)
    assert kept(visitor, flag_id, name=NAME).status_code == 409  # his key is gone while it was still open
    page = visitor.get("/reviews").text
    assert "rosa" in page
    assert REASON not in page
    ada = clinic.signed_in("ada", "lead")
    with clinic.database.read() as session:
        look_id = session.query(IdentityLook).one().id
    assert ada.post(f"/reviews/identity/{look_id}", form_on="/reviews", in_order="yes").status_code == 303
