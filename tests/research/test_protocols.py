from __future__ import annotations

from datetime import timedelta

import pytest

from bot.consent import RESEARCH, VERSIONS
from bot.escalation import verify_audit
from bot.research import ExportError, ProtocolError, register_protocol
from bot.research.protocols import close_protocol
from bot.storage.models import AuditEntry, ResearchExport, ResearchProtocol

DAY = timedelta(days=1)
NOW = 40  # days after the start at which the fixture's clock stands


def exports(house):
    with house.database.read() as session:
        return session.query(ResearchExport).count()


def change(house, **values):
    with house.database.write() as session:
        for name, value in values.items():
            setattr(session.get(ResearchProtocol, "IRB-12"), name, value)


@pytest.mark.parametrize(("days", "allowed"), [(NOW + 1, True), (NOW, False), (NOW - 1, False)])
def test_no_export_begins_from_the_moment_a_protocol_expires(house, run, days, allowed):
    house.says(house.man(), "i feel flat")
    house.allows("IRB-14", days=days)
    if allowed:
        assert len(run(protocol="IRB-14")[1]) == 1
    else:
        with pytest.raises(ProtocolError, match="IRB-14 expired on 2026-04"):
            run(protocol="IRB-14")
        assert exports(house) == 0


def test_no_export_begins_under_a_closed_protocol(house, run):
    house.says(house.man(), "i feel flat")
    assert len(run("before")[1]) == 1
    with house.database.write() as session:
        close_protocol(session, "IRB-12", by="r.lang", at=house.start + DAY)
    with pytest.raises(ProtocolError, match="IRB-12 is closed"):
        run("after")
    with house.database.write() as session, pytest.raises(ProtocolError, match="closed already"):
        close_protocol(session, "IRB-12", by="r.lang", at=house.start + DAY)


def test_an_unregistered_protocol_allows_nothing(house, run, tmp_path):
    house.says(house.man(), "i feel flat")
    with pytest.raises(ProtocolError, match="No protocol is called IRB-99"):
        run(protocol="IRB-99")
    assert not (tmp_path / "out").exists()


def test_another_purpose_than_the_protocols_is_refused(house, run):
    house.says(house.man(), "i feel flat")
    with pytest.raises(ExportError, match="allows another purpose: theme paper"):
        run(purpose="advertising")
    assert exports(house) == 0


def test_a_protocol_for_an_earlier_wording_allows_nothing(house, run):
    house.says(house.man(), "i feel flat")
    change(house, wording="2019-01")
    with pytest.raises(ProtocolError, match="another wording of consent"):
        run()


def test_a_new_wording_ends_protocols_and_consents_until_both_are_renewed(house, run, monkeypatch):
    man = house.man()
    house.says(man, "i feel flat")
    monkeypatch.setitem(VERSIONS, RESEARCH, "2027-05")
    with pytest.raises(ProtocolError, match="another wording"):
        run("old")
    house.allows("IRB-15")
    assert run("unasked", protocol="IRB-15")[1] == []
    house.answers(man, given=True)
    assert len(run("asked", protocol="IRB-15")[1]) == 1


@pytest.mark.parametrize(("consent_days", "present"), [(NOW + 1, True), (NOW, False), (1, False)])
def test_a_consent_counts_for_the_protocols_days_only(house, run, consent_days, present):
    house.says(house.man(), "i feel flat")
    house.allows("IRB-14", consent_days=consent_days)
    assert bool(run(protocol="IRB-14")[1]) is present


def test_a_consent_that_ran_out_counts_again_when_it_is_given_again(house, run):
    man = house.man()
    house.says(man, "i feel flat")
    house.allows("IRB-14", consent_days=30)
    assert run("before", protocol="IRB-14")[1] == []
    house.answers(man, given=True, after=35 * DAY)
    assert len(run("after", protocol="IRB-14")[1]) == 1


def test_nothing_appears_when_the_protocol_is_closed_while_the_export_runs(house, run, monkeypatch, tmp_path):
    from bot.research import export

    house.says(house.man(), "i feel flat")

    def close_after(session, person_id, counts, read=export.dialogue_of):
        yield from read(session, person_id, counts)
        session.rollback()
        change(house, closed_at=house.start)

    monkeypatch.setattr(export, "dialogue_of", close_after)
    with pytest.raises(ProtocolError, match="closed"):
        run()
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    "wrong",
    [{"purpose": " "}, {"purpose": "x" * 65}, {"by": ""}, {"name": ""}, {"name": "IRB-12"}, {"days": 0}, {"valid": 0}],
    ids=lambda wrong: next(iter(wrong)),
)
def test_a_protocol_is_registered_once_whole_and_ahead_of_its_end(house, wrong):
    days, name = wrong.get("days", 10), wrong.get("name", "IRB-20")
    values = {"purpose": "p", "by": "r.lang", "consent_days": wrong.get("valid", 30), "at": house.start}
    values |= {key: value for key, value in wrong.items() if key in values}
    with pytest.raises(ProtocolError), house.database.write() as session:
        register_protocol(session, name, expires_at=house.start + days * DAY, **values)
    with house.database.read() as session:
        assert session.query(ResearchProtocol).count() == 1


def test_registering_and_closing_are_in_the_audit(house):
    with house.database.write() as session:
        close_protocol(session, "IRB-12", by="a.lead", at=house.start)
    with house.database.read() as session:
        rows = session.query(AuditEntry).order_by(AuditEntry.seq).all()
        assert verify_audit(session) == 2
    assert [(row.actor, row.action, row.subject) for row in rows] == [
        ("r.lang", "research.protocol.register", "IRB-12"),
        ("a.lead", "research.protocol.close", "IRB-12"),
    ]
