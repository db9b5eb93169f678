"""Writing to him from the flag's page: who may, what he is sent, how his answers come back, and how it ends."""

import re
from html import unescape

import pytest

from bot.staff.guard import STOP_ASKING
from bot.storage.clinic_models import Conversation
from bot.storage.models import OutboxMessage, Person

pytestmark = pytest.mark.usefixtures("quick_passwords")  # the real ones have tests of their own

TEXT = "Can I ring you in ten minutes?"


def sent(clinic):
    with clinic.database.read() as session:
        rows = session.query(OutboxMessage).filter_by(lane="staff").order_by(OutboxMessage.seq)
        return [row.body.reveal()["text"] for row in rows]


def live_address(page):
    return unescape(re.search(r'id="talk-live"[^>]*hx-get="([^"]+)"', page).group(1))


@pytest.fixture
def held(clinic):
    """Rosa, who holds the flag of a man; his id and the flag's."""
    visitor, person_id = clinic.signed_in("rosa"), clinic.man()
    flag_id = clinic.flag(person_id)
    visitor.step(flag_id, "claim")
    return visitor, person_id, flag_id


def test_he_is_sent_a_line_about_it_and_then_the_words_with_a_name(clinic, held):
    visitor, _, flag_id = held
    assert visitor.step(flag_id, "talk/write", text=TEXT).status_code == 303
    first, second = sent(clinic)
    assert "person" in first
    assert second == f"Rosa writes:\n{TEXT}"
    page = visitor.get(f"/flags/{flag_id}").text
    assert TEXT in page
    assert "not sent yet" in page
    assert "wrote to him" in page


def test_the_clinic_may_sign_without_names(clinic, held):
    visitor, _, flag_id = held
    settings = clinic.settings
    object.__setattr__(settings, "staff_signature", "The clinic")
    visitor.step(flag_id, "talk/write", text=TEXT)
    assert sent(clinic)[1].startswith("The clinic writes:\n")


def test_his_answer_comes_to_the_open_page_and_is_written_down_once(clinic, held):
    visitor, person_id, flag_id = held
    visitor.step(flag_id, "talk/write", text=TEXT)
    address = live_address(visitor.get(f"/flags/{flag_id}").text)
    assert visitor.get(address).status_code == 204
    clinic.he_writes(person_id, "yes please", minutes=1)
    assert "He answered: 1 new message" in visitor.get("/flags").text
    answer = visitor.get(address)
    assert "yes please" in answer.text
    assert visitor.get(live_address(answer.text)).status_code == 204
    assert "Staff write with him" in visitor.get("/flags").text
    assert [action for _, action in clinic.actions(flag_id)].count("flag.talk") == 1


def test_colleagues_do_not_read_along_without_showing(clinic, held):
    visitor, person_id, flag_id = held
    visitor.step(flag_id, "talk/write", text=TEXT)
    clinic.he_writes(person_id, "yes please", minutes=1)
    omar = clinic.signed_in("omar")
    page = omar.get(f"/flags/{flag_id}").text
    assert "yes please" not in page
    assert "1 message waiting" in page
    assert "yes please" not in omar.get(live_address(page)).text
    assert "yes please" in omar.step(flag_id, "words").text


def test_nobody_writes_without_holding_the_flag(clinic, held):
    visitor, _, flag_id = held
    omar = clinic.signed_in("omar")
    answer = omar.step(flag_id, "talk/write", text=TEXT)
    assert answer.status_code == 409
    assert TEXT in answer.text  # what he typed is not lost
    assert sent(clinic) == []
    assert visitor.step(flag_id, "talk/write", text=TEXT).status_code == 303


def test_each_message_keeps_the_flag_ten_minutes_more(clinic, held):
    visitor, _, flag_id = held
    clinic.clock.forward(minutes=9)
    visitor.step(flag_id, "talk/write", text=TEXT)
    assert "For 10 min more" in visitor.get(f"/flags/{flag_id}").text


@pytest.mark.parametrize(("text", "status"), [("", 422), (" \n", 422), ("x" * 2001, 422), ("x" * 2000, 303)])
def test_message_must_fit(clinic, held, text, status):
    visitor, _, flag_id = held
    assert visitor.step(flag_id, "talk/write", text=text).status_code == status


def test_whoever_blocked_the_bot_is_told_so_on_the_page(clinic, held):
    visitor, person_id, flag_id = held
    with clinic.database.write() as session:
        session.get(Person, person_id).unreachable_at = clinic.clock.now
    answer = visitor.step(flag_id, "talk/write", text=TEXT)
    assert answer.status_code == 409
    assert "has blocked the bot" in answer.text
    assert sent(clinic) == []
    assert "He has blocked the bot" in visitor.get("/flags").text


def test_what_could_not_be_delivered_says_so(clinic, held):
    visitor, _, flag_id = held
    visitor.step(flag_id, "talk/write", text=TEXT)
    clinic.execute("UPDATE outbox SET state = 'undeliverable'")
    assert visitor.get(f"/flags/{flag_id}").text.count("could not be delivered") == 2


def test_handing_back_tells_him_and_ends_it(clinic, held):
    visitor, _, flag_id = held
    visitor.step(flag_id, "talk/write", text=TEXT)
    assert visitor.step(flag_id, "talk/leave").status_code == 303
    assert "signed off" in sent(clinic)[-1]
    assert "with the program again" in visitor.get(f"/flags/{flag_id}").text
    assert visitor.step(flag_id, "talk/leave").status_code == 303
    assert len(sent(clinic)) == 3


def test_closing_the_flag_hands_him_back(clinic, held):
    visitor, _, flag_id = held
    visitor.step(flag_id, "talk/write", text=TEXT)
    visitor.step(flag_id, "resolve", outcome="reached_him", note="Spoke with him.")
    assert "signed off" in sent(clinic)[-1]
    with clinic.database.read() as session:
        assert session.query(Conversation).one().closed_at == clinic.clock.now


def test_open_page_is_told_that_the_flag_fired_again(clinic, held):
    visitor, person_id, flag_id = held
    address = live_address(visitor.get(f"/flags/{flag_id}").text)
    clinic.flag(person_id, reasons=["says goodbye"])
    assert "This flag has changed" in visitor.get(address).text


def test_open_page_keeps_no_session_awake(clinic, held):
    visitor, _, flag_id = held
    address = live_address(visitor.get(f"/flags/{flag_id}").text)
    for _ in range(2):
        clinic.clock.forward(minutes=8)
        answer = visitor.get(address)
    assert answer.status_code == STOP_ASKING


def test_what_staff_write_is_sealed(clinic, held):
    visitor, _, flag_id = held
    visitor.step(flag_id, "talk/write", text=TEXT)
    clinic.database.close()
    stored = b"".join(path.read_bytes() for path in clinic.settings.home.glob("ballast.db*"))
    assert TEXT.encode() not in stored
