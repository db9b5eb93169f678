"""Notices reach real servers on loopback, hold nothing about a man, and find another way when one fails."""

from __future__ import annotations

import re
import time
from collections import Counter
from contextlib import ExitStack
from datetime import timedelta
from itertools import pairwise

import pytest

from bot.config import Settings
from bot.escalation import claim_flag
from bot.escalation.escalator import CLINIC, FAILED, PENDING, SENT, STOPPED, advance
from bot.escalation.flags import RED
from bot.escalation.notify import Channels, NotDeliveredError, Notice
from bot.escalation.notify.delivery import FIRST_WAIT_MS, MOST_ATTEMPTS, Delivery
from bot.escalation.rota import FIRST, SECOND, add_shift, set_ways
from bot.escalation.steady import read_clock, write_clock
from bot.storage.alarm_models import Notification
from bot.storage.models import Flag, StaffAccount
from tests.escalation.alarms import START, HandTicker
from tests.fakes.staff_servers import SECRET, chat_server, hook_server, mail_server

ONLY = "sqlite"  # what lies in the database is tried on both in test_escalator
CANARY = "invented canary reason about a bridge"
LINK = "https://staff.clinic.example/alerts/"
CHAT = 4711
NOTICE = Notice("n" * 32, "f" * 32, "red", START, START + timedelta(minutes=15), 1, LINK + "f" * 32)


@pytest.fixture
def servers():
    with ExitStack() as stack:
        yield {
            "mail": stack.enter_context(mail_server()),
            "hook": stack.enter_context(hook_server()),
            "chat": stack.enter_context(chat_server()),
        }


@pytest.fixture
def settings(servers, tmp_path):
    def make(**more):
        environment = {
            "BALLAST_HOME": str(tmp_path),
            "STAFF_URL": "https://staff.clinic.example/",
            "TELEGRAM_BASE_URL": servers["chat"].base_url,
            "ALERT_SMTP": servers["mail"][1],
            "ALERT_MAIL_FROM": "ballast@clinic.example",
            "ALERT_CHAT_TOKEN": servers["chat"].token,
        }
        return Settings.from_environment({**environment, **more})

    return make


@pytest.fixture
def clinic_wide(settings, servers):
    """All three of the clinic's own channels."""
    return settings(
        ALERT_MAIL_TO="alarms@clinic.example",
        ALERT_WEBHOOK_URL=servers["hook"][1],
        ALERT_WEBHOOK_SECRET=SECRET,
        ALERT_CHAT_ID=str(CHAT),
    )


@pytest.fixture
def ticker():
    return HandTicker()


@pytest.fixture
def clock(ticker):
    return ticker.wall


class House:
    """The worker's two parts, turned by hand; sending goes over real sockets."""

    def __init__(self, database, settings, ticker):
        self.database, self.settings, self.ticker = database, settings, ticker
        self.delivery = Delivery(database, settings, ticker)

    def turn(self, **passes):
        self.ticker.pass_time(**passes or {"seconds": 2})
        with self.database.write() as session:
            moment = read_clock(session, self.ticker)
            advance(session, moment, self.settings.alerts.channels)
            write_clock(session, moment)
        self.delivery.start_due()
        deadline = time.monotonic() + 60
        while not self.delivery.is_idle:
            self.delivery.settle()
            assert time.monotonic() < deadline
            time.sleep(0.01)

    def rows(self):
        with self.database.read() as session:
            query = session.query(Notification).order_by(Notification.step, Notification.place, Notification.addressee)
            return [(row.addressee, row.channel, row.step, row.state, row.attempts) for row in query]


@pytest.fixture
def house(database, ticker):
    opened = []

    def make(settings):
        opened.append(House(database, settings, ticker))
        opened[-1].turn()
        return opened[-1]

    yield make
    for one in opened:
        one.delivery.close()


@pytest.fixture
def on_call(database, ticker):
    """Put somebody on call who is reached in these ways."""

    def run(name, tier, ways):
        with database.write() as session:
            session.add(StaffAccount(id=name, name=name, role="reviewer", password_hash="x", created_at=ticker.now))
            session.flush()
            words = {"actor": "lea", "at": ticker.now}
            set_ways(session, name, ways, **words)
            ends_at = ticker.now + timedelta(days=20)
            add_shift(session, staff_id=name, tier=tier, starts_at=ticker.now, ends_at=ends_at, **words)

    return run


@pytest.fixture
def red(person, raise_flag):
    person_id = person()
    return person_id, raise_flag(person_id, RED, reasons=[CANARY])


def body_of(letter):
    return letter.get_payload(decode=True).decode()


def test_a_red_goes_out_on_every_channel_of_the_clinic_and_says_level_time_and_link_only(
    house, clinic_wide, servers, red
):
    person_id, flag_id = red
    house(clinic_wide).turn()
    (letter,), (call,), (said,) = servers["mail"][0].letters, servers["hook"][0].calls, servers["chat"].sent
    assert call.is_signed
    assert call.body["level"] == "red"
    assert said.chat_id == CHAT
    for text in (body_of(letter), said.text, call.body["link"]):
        assert LINK + flag_id in text
    for text in (letter.as_string(), said.text, call.raw.decode()):
        for secret in (CANARY, person_id, person_id[:8], "screening", "suicide"):
            assert secret not in text
    assert letter["Subject"] == "Ballast: RED flag"
    assert re.fullmatch(r"<[0-9a-f]{32}@ballast>", letter["Message-ID"])
    assert "Opens after signing in" in body_of(letter)


def test_the_next_call_says_that_nobody_has_it_yet(house, clinic_wide, servers, red):
    house(clinic_wide).turn(minutes=16)
    last = servers["chat"].sent[-1].text
    assert "This is call 2: nobody has it yet." in last


def test_the_first_way_that_fails_is_followed_at_once_by_the_next_and_is_tried_again(
    house, settings, servers, red, on_call
):
    on_call("rosa", FIRST, [("chat", str(CHAT)), ("mail", "rosa@clinic.example")])
    servers["chat"].fail_next("sendMessage", 403)
    running = house(settings())
    running.turn()
    assert running.rows() == [("rosa", "chat", 0, PENDING, 1), ("rosa", "mail", 0, SENT, 1)]
    assert [letter["To"] for letter in servers["mail"][0].letters] == ["rosa@clinic.example"]
    running.turn(milliseconds=FIRST_WAIT_MS)
    assert running.rows()[0] == ("rosa", "chat", 0, SENT, 2)


def test_where_no_way_of_the_first_works_the_next_in_the_line_is_called_now(house, settings, servers, red, on_call):
    on_call("rosa", FIRST, [("chat", str(CHAT))])
    on_call("tom", SECOND, [("mail", "tom@clinic.example")])
    servers["chat"].fail_next("sendMessage", 500, times=9)
    running = house(settings())
    running.turn()
    assert running.rows() == [("rosa", "chat", 0, PENDING, 1), ("tom", "mail", 1, SENT, 1)]


def test_where_nothing_works_nobody_is_called_in_a_storm(house, settings, servers, red, on_call):
    on_call("rosa", FIRST, [("mail", "rosa@clinic.example")])
    servers["mail"][0].refuses = "451 not now"
    running = house(settings())
    for _ in range(30):
        running.turn(seconds=4)
    assert 4 <= len(running.rows()) <= 6
    servers["mail"][0].refuses = ""
    running.turn(minutes=6)
    assert {state for _, _, _, state, _ in running.rows()} == {SENT}


def test_a_failed_way_is_tried_with_growing_delay_and_not_for_ever(house, clinic_wide, servers, red):
    servers["hook"][0].always = 503
    running = house(clinic_wide)
    tried, last = [], 0
    for second in range(0, 1300, 25):
        running.turn(seconds=25)
        (attempts,) = [row[4] for row in running.rows() if row[1:3] == ("hook", 0)]
        if attempts > last:
            tried.append(second)
            last = attempts
    gaps = [after - before for before, after in pairwise(tried)]
    assert gaps == sorted(gaps)
    assert last == MOST_ATTEMPTS
    assert (CLINIC, "hook", 0, FAILED, MOST_ATTEMPTS) in running.rows()


def test_a_server_that_asks_for_patience_gets_it(house, settings, servers, red, on_call):
    on_call("rosa", FIRST, [("chat", str(CHAT))])
    servers["chat"].fail_next("sendMessage", 429, retry_after=30)
    running = house(settings())
    running.turn(seconds=20)
    assert running.rows()[0][3:] == (PENDING, 1)
    running.turn(seconds=11)
    assert running.rows()[0][3:] == (SENT, 2)


def test_one_slow_channel_holds_up_no_other(clinic_wide, servers, red, database, ticker):
    servers["hook"][0].answers.append(5.0)
    running = House(database, clinic_wide, ticker)
    with database.write() as session:
        moment = read_clock(session, ticker)
        advance(session, moment, clinic_wide.alerts.channels)
        write_clock(session, moment)
    running.delivery.start_due()
    deadline = time.monotonic() + 60
    while not (servers["chat"].sent and servers["mail"][0].letters):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    held = servers["hook"][0].calls == []
    running.delivery.close()
    assert held
    assert len(servers["hook"][0].calls) == 1


def test_who_took_it_is_not_called_again(house, clinic_wide, servers, red, database, ticker, on_call):
    on_call("rosa", FIRST, [("mail", "rosa@clinic.example")])
    servers["hook"][0].always = 500
    running = house(clinic_wide)
    with database.write() as session:
        version = session.get(Flag, red[1]).version
        claim_flag(session, red[1], version=version, staff_id="rosa", at=ticker.now)
    running.turn(minutes=5)
    states = Counter((channel, state) for _, channel, _, state, _ in running.rows())
    assert states["hook", STOPPED] == 1
    assert servers["hook"][0].calls == []


def test_a_way_that_somebody_removed_is_not_used(house, settings, servers, red, on_call, database, ticker):
    on_call("rosa", FIRST, [("chat", str(CHAT))])
    servers["chat"].fail_next("sendMessage", 500)
    running = house(settings())
    with database.write() as session:
        set_ways(session, "rosa", [("mail", "rosa@clinic.example")], actor="rosa", at=ticker.now)
    running.turn(seconds=6)
    assert servers["chat"].sent == []


@pytest.mark.parametrize(
    ("answer", "kind"), [(302, "status_302"), (404, "status_404"), (500, "status_500"), (410, "status_410")]
)
def test_a_webhook_that_does_not_take_it_is_told_by_its_status_and_no_redirect_is_followed(
    clinic_wide, servers, answer, kind
):
    servers["hook"][0].always = answer
    with pytest.raises(NotDeliveredError) as refused:
        Channels(clinic_wide).send("hook", None, NOTICE)
    assert refused.value.kind == kind
    assert servers["hook"][0].calls == []


@pytest.mark.parametrize("channel", ["mail", "chat", "hook", "pigeon"])
def test_a_channel_that_is_not_set_up_says_so(channel):
    with pytest.raises(NotDeliveredError) as refused:
        Channels(Settings.from_environment({})).send(channel, None, NOTICE)
    assert refused.value.kind in ("not_set_up", "unknown_channel")


@pytest.mark.parametrize("channel", ["mail", "chat", "hook"])
def test_a_server_that_is_gone_is_no_connection_and_its_address_is_in_no_error(servers, settings, channel):
    gone = {"ALERT_SMTP": "smtp://127.0.0.1:1", "TELEGRAM_BASE_URL": "http://127.0.0.1:1/bot", "ALERT_CHAT_ID": "1"}
    gone |= {
        "ALERT_WEBHOOK_URL": "http://127.0.0.1:1/x",
        "ALERT_WEBHOOK_SECRET": SECRET,
        "ALERT_MAIL_TO": "a@b.example",
    }
    with pytest.raises(NotDeliveredError) as refused:
        Channels(settings(**gone)).send(channel, None, NOTICE)
    assert refused.value.kind == "no_connection"
    assert servers["chat"].token not in str(refused.value)
    assert refused.value.__cause__ is None


def test_mail_to_another_machine_is_not_sent_without_tls(servers, settings, monkeypatch):
    """A server that offers no STARTTLS gets nothing, once this machine is treated as a foreign one."""
    monkeypatch.setattr("bot.alerts._LOOPBACK", ())
    with pytest.raises(NotDeliveredError):
        Channels(settings(ALERT_MAIL_TO="a@b.example")).send("mail", None, NOTICE)
    assert servers["mail"][0].letters == []
