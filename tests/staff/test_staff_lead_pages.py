"""What leads set: rota, levels, hours, directory; and the weekly sample."""

from datetime import timedelta
from itertools import count

import pytest

from bot.consent import ADULT, STORAGE, record_answer
from bot.directory.entries import own_entries, use_changes
from bot.escalation import places
from bot.escalation.hours import hours_of
from bot.escalation.levels import rule_of
from bot.escalation.rota import coming_shifts, on_call, ways_of
from bot.storage.alarm_models import DirectoryChange, SampledMessage
from bot.storage.columns import new_id
from bot.storage.models import Flag, InboxMessage, StaffAccount

pytestmark = pytest.mark.parametrize("clinic", ["sqlite", "postgres"], indirect=True)


@pytest.fixture(autouse=True)
def _quick(quick_passwords):
    """Signing in has tests of its own."""


@pytest.fixture
def lea(clinic):
    return clinic.signed_in("lea", "lead")


@pytest.fixture(autouse=True)
def as_delivered():
    yield
    places._read_at.clear()
    use_changes(())


def id_of(clinic, name):
    with clinic.database.read() as session:
        return session.query(StaffAccount).filter_by(name=name).one().id


# Rota


def put_on_call(lea, staff_id, tier="1", begin="2026-11-22T08:00", end="2026-11-23T08:00"):
    return lea.post("/rota/add", form_on="/rota", staff=staff_id, tier=tier, starts_at=begin, ends_at=end)


def test_a_lead_puts_somebody_on_call_and_takes_him_out(clinic, lea):
    omar = clinic.account("omar")
    assert "Nobody is first on call now" in lea.get("/rota").text
    assert put_on_call(lea, omar).status_code == 303
    page = lea.get("/rota").text
    assert "Sun 22 Nov 2026, 08:00" in page
    assert "Gave no address" in page
    assert "Nobody is first on call from" in page
    with clinic.database.read() as session:
        (shift,) = coming_shifts(session, at=clinic.clock.now, limit=9)
    assert clinic.actions(shift.id)[-1][1] == "rota.add"
    assert lea.post(f"/rota/{shift.id}/remove", form_on="/rota").status_code == 303
    assert "Nobody is on call" in lea.get("/rota").text
    assert lea.post(f"/rota/{shift.id}/remove", form_on="/rota").status_code == 404


def test_shifts_are_typed_in_the_clinics_own_time(clinic, lea):
    lea.post("/levels/hours", form_on="/levels", zone="America/New_York")
    omar = clinic.account("omar")
    put_on_call(lea, omar)
    with clinic.database.read() as session:
        (shift,) = coming_shifts(session, at=clinic.clock.now, limit=9)
    assert shift.starts_at.hour == 13
    assert "08:00" in lea.get("/rota").text


@pytest.mark.parametrize(
    "wrong",
    [
        {"end": "2026-11-22T07:00"},
        {"begin": "2026-11-20T07:00", "end": "2026-11-21T07:00"},
        {"end": "2027-01-22T08:00"},
        {"begin": "soon"},
        {"begin": ""},
        {"begin": "0001-01-01T00:00"},
        {"end": "9999-12-31T23:59"},
        {"end": "2026-11-23T08:00+02:00"},
        {"tier": "4"},
        {"tier": "²"},
    ],
)
def test_a_shift_that_makes_no_sense_is_explained(clinic, lea, wrong):
    answer = put_on_call(lea, clinic.account("omar"), **wrong)
    assert answer.status_code == 422
    assert 'role="alert"' in answer.text
    with clinic.database.read() as session:
        assert coming_shifts(session, at=clinic.clock.now, limit=9) == []


def test_everybody_sets_his_own_ways_in_their_order(clinic):
    rosa = clinic.signed_in("rosa")
    fields = {"channel": ["chat", "mail", "mail"], "address": ["4711", " rosa@clinic.example ", ""]}
    assert rosa.post("/rota/ways", form_on="/rota", **fields).status_code == 303
    with clinic.database.read() as session:
        assert ways_of(session, id_of(clinic, "rosa")) == [("chat", "4711"), ("mail", "rosa@clinic.example")]
        assert on_call(session, (1,), at=clinic.clock.now) == []
    assert 'value="rosa@clinic.example"' in rosa.get("/rota").text


@pytest.mark.parametrize(
    ("channel", "address"),
    [("mail", "rosa"), ("mail", "a@b"), ("mail", "a b@c.de"), ("mail", "a@b.de\nBcc: x@y.de"), ("chat", "@rosa"),
     ("chat", "1" * 21), ("hook", "https://elsewhere.example"), ("mail", f"{'a' * 250}@b.de")],
)  # fmt: skip
def test_an_address_that_can_be_none_is_refused_and_kept_in_the_form(clinic, channel, address):
    rosa = clinic.signed_in("rosa")
    answer = rosa.post("/rota/ways", form_on="/rota", channel=channel, address=address)
    assert answer.status_code == 422
    assert 'role="alert"' in answer.text
    with clinic.database.read() as session:
        assert ways_of(session, id_of(clinic, "rosa")) == []


def test_a_reviewer_cannot_change_the_rota(clinic):
    rosa = clinic.signed_in("rosa")
    assert "Put somebody on call" not in rosa.get("/rota").text
    assert put_on_call(rosa, id_of(clinic, "rosa")).status_code == 403


# Levels and hours


def test_a_changed_clock_is_shown_and_counts(clinic, lea):
    assert lea.post("/levels/orange", form_on="/levels", minutes="90", notifies="on").status_code == 303
    with clinic.database.read() as session:
        assert (rule_of(session, "orange").acknowledge_minutes, rule_of(session, "orange").notifies) == (90, True)
    assert 'value="90"' in lea.get("/levels").text
    flag_id = clinic.flag(level="orange")
    with clinic.database.read() as session:
        assert session.get(Flag, flag_id).due_at == clinic.clock.now + timedelta(minutes=90)


@pytest.mark.parametrize(
    ("level", "minutes"), [("red", "61"), ("red", "1"), ("orange", "²"), ("yellow", "99999"), ("red", "")]
)
def test_a_clock_out_of_range_is_explained(clinic, lea, level, minutes):
    answer = lea.post(f"/levels/{level}", form_on="/levels", minutes=minutes, notifies="on")
    assert answer.status_code == 422
    assert "takes 2 to" in answer.text


def test_hours_and_sentences_are_kept_and_shown(clinic, lea):
    fields = {
        "zone": "Europe/Berlin",
        "from_0": "09:00",
        "until_0": "17:30",
        "closed": "Nobody reads this before Monday.",
    }
    assert lea.post("/levels/hours", form_on="/levels", **fields).status_code == 303
    page = lea.get("/levels").text
    assert "A man in a crisis is told: “Nobody reads this before Monday.”" in page
    assert 'value="17:30"' in page
    with clinic.database.read() as session:
        assert list(hours_of(session).days) == [0]


@pytest.mark.parametrize(
    "wrong",
    [{"zone": "Nowhere"}, {"from_1": "09:00"}, {"from_1": "x", "until_1": "10:00"},
     {"from_1": "17:00", "until_1": "09:00"}, {"closed": "word " * 30}],
)  # fmt: skip
def test_hours_that_make_no_sense_are_explained_and_kept_in_the_form(clinic, lea, wrong):
    answer = lea.post("/levels/hours", form_on="/levels", **{"zone": "Europe/Berlin", "open": "We read now.", **wrong})
    assert answer.status_code == 422
    assert 'value="We read now."' in answer.text
    with clinic.database.read() as session:
        assert hours_of(session).zone == "UTC"


# Directory

ENTRY = {"name": "An Invented Group", "what": "men who meet", "phone": "555-0100", "source": "https://group.example",
         "checked_on": "2026-11-20", "kinds": ["men"], "regions": ["us-miami"]}  # fmt: skip


def test_a_lead_adds_changes_withdraws_and_undoes(clinic, lea):
    assert lea.post("/directory/new", form_on="/directory/new", id="invented-group", **ENTRY).status_code == 303
    path = "/directory/entry/invented-group"
    assert 'value="555-0100"' in lea.get(path).text
    assert lea.post(path, form_on=path, **{**ENTRY, "phone": "555-0101"}).status_code == 303
    assert 'value="555-0101"' in lea.get(path).text
    assert lea.post(f"{path}/withdraw", form_on=path).status_code == 303
    assert lea.get(path).status_code == 404  # it was only here
    assert clinic.actions("invented-group") == [
        (id_of(clinic, "lea"), action) for action in ("directory.change", "directory.change", "directory.withdraw")
    ]


def test_an_entry_of_the_file_is_withdrawn_and_comes_back(clinic, lea):
    path = "/directory/entry/us-988"
    lea.post(f"{path}/withdraw", form_on=path)
    assert "withdrawn" in lea.get("/directory").text
    lea.post(f"{path}/undo", form_on=path)
    assert "withdrawn" not in lea.get("/directory").text
    with clinic.database.read() as session:
        assert session.query(DirectoryChange).count() == 0


def test_what_the_form_does_not_know_stays(clinic, lea):
    """A field of the file that this form lacks must not vanish when a lead saves the rest."""
    path = "/directory/entry/us-988"
    before = next(entry for entry in own_entries() if entry.id == "us-988")
    known = {**ENTRY, "name": before.name, "checked_on": "2026-11-22"}
    lea.post(path, form_on=path, **known)
    with clinic.database.read() as session:
        (change,) = places.changes_of(session)
    assert set(change.entry.__dict__) == set(before.__dict__)
    assert change.entry.checked_on.isoformat() == "2026-11-22"


@pytest.mark.parametrize(
    "wrong",
    [{"source": ""}, {"checked_on": ""}, {"checked_on": "2026-11-23"}, {"phone": "", "text": "", "web": ""},
     {"kinds": []}, {"web": "http://group.example"}, {"what": "{crisis}"}, {"languages": "english"},
     {"name": "x" * 201}],
)  # fmt: skip
def test_an_entry_that_cannot_be_told_to_men_is_explained_and_kept_in_the_form(clinic, lea, wrong):
    answer = lea.post(
        "/directory/new", form_on="/directory/new", id="invented-group", **{**ENTRY, "hours": "Tue 7", **wrong}
    )
    assert answer.status_code == 422
    assert 'value="Tue 7"' in answer.text
    with clinic.database.read() as session:
        assert session.query(DirectoryChange).count() == 0


@pytest.mark.parametrize("entry_id", ["us-988", "Bad Id", "", "x", "../x"])
def test_a_short_name_that_is_taken_or_odd_is_refused(clinic, lea, entry_id):
    assert lea.post("/directory/new", form_on="/directory/new", id=entry_id, **ENTRY).status_code == 422


# Sample


@pytest.fixture
def quiet_week(clinic):
    """Men who agreed, each with a message of last week that raised no flag."""
    numbers = count(900)

    def run(*texts):
        men = []
        for text in texts:
            person_id = clinic.man()
            with clinic.database.write() as session:
                for kind in (ADULT, STORAGE):
                    record_answer(session, person_id=person_id, kind=kind, given=True, at=clinic.clock.now)
                row = InboxMessage(id=new_id(), door="terminal", update_id=next(numbers), person_id=person_id)
                row.kind, row.state, row.received_at = "text", "done", clinic.clock.now - timedelta(days=7)
                session.add(row)
                row.body, row.screening = {"text": text}, {"level": "none", "kind": "self", "reasons": []}
            men.append(person_id)
        return men

    return run


def test_messages_are_rated_one_after_the_other_without_who_wrote_them(clinic, lea, quiet_week):
    men = quiet_week("first invented line", "second invented line")
    first = lea.post("/sample/next", form_on="/sample")
    assert first.status_code == 200
    assert all(person_id[:8] not in first.text for person_id in men)
    shown = "first" if "first invented line" in first.text else "second"
    assert ("first invented line" in first.text) != ("second invented line" in first.text)
    second = rate(clinic, lea, "fine")
    assert f"{'second' if shown == 'first' else 'first'} invented line" in second.text
    assert rate(clinic, lea, "unsure").location == "/sample"  # nothing is left
    page = lea.get("/sample").text
    assert "<strong>0</strong> of 1 rated" in page
    assert "0.0 %" in page


def rate(clinic, lea, rating):
    with clinic.database.read() as session:
        rows = session.query(SampledMessage).filter_by(rating=None).order_by(SampledMessage.id).all()
    return lea.post(f"/sample/{rows[0].id}/rate", form_on="/sample", rating=rating)


def test_a_missed_one_leads_to_its_new_flag(clinic, lea, quiet_week):
    (person_id,) = quiet_week("an invented line that was missed")
    lea.post("/sample/next", form_on="/sample")
    answer = rate(clinic, lea, "missed")
    with clinic.database.read() as session:
        flag = session.query(Flag).one()
    assert answer.location == f"/flags/{flag.id}"
    assert (flag.person_id, flag.kind, flag.level) == (person_id, "staff", "orange")
    assert "Raised by a colleague" in lea.get("/flags").text


def test_each_message_that_is_opened_is_written_down_and_a_link_opens_none(clinic, lea, quiet_week):
    quiet_week("an invented line")
    assert lea.get("/sample/next").location == "/sample"
    lea.post("/sample/next", form_on="/sample")
    with clinic.database.read() as session:
        (row,) = session.query(SampledMessage)
    assert clinic.actions(row.id) == [(id_of(clinic, "lea"), "sample.view")]


# Plots


@pytest.mark.parametrize("path", ["/report/in-time.svg?days=7", "/report/medians.svg", "/sample/missed.svg"])
def test_plots_are_pictures_without_scripts_also_of_nothing(clinic, lea, path, quiet_week):
    for _ in range(2):
        answer = lea.get(path)
        assert answer.mimetype == "image/svg+xml"
        assert answer.text.rstrip().endswith("</svg>")
        assert "<script" not in answer.text
        quiet_week("a line") if path.startswith("/sample") else None
        lea.post("/sample/next", form_on="/sample")
        flag_id = clinic.flag()
        lea.step(flag_id, "claim")
