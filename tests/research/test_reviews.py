"""Reviews: who is drawn, what is counted, what an export heeds and says, and how long a correction is kept."""

from __future__ import annotations

import json
import re
from datetime import timedelta

import pytest
import yaml

from bot.config import Settings
from bot.escalation import verify_audit
from bot.research import ExportError, ProtocolError, command, lessons, reviewed, reviews
from bot.research.command import main
from bot.research.corrections import CorrectionError
from bot.research.reviewed import Reviewed, reviewed_under
from bot.research.reviews import ReviewError
from bot.storage.expiry import Retention, expire
from bot.storage.models import AuditEntry, InboxMessage, OutboxMessage, StaffAccount
from bot.storage.retention import erase_person, let_go
from bot.storage.review_models import Correction, ReviewTurn

ANN = "a" * 32
SAID = ("my wife karen is tired", "the captain was here again", "it was hard and the captain said so")


@pytest.fixture
def at(clock):
    return clock()


@pytest.fixture
def ann(house):
    with house.database.write() as session:
        row = StaffAccount(id=ANN, name="ann", role="researcher", password_hash="x", created_at=house.start)
        session.add(row)


@pytest.fixture
def man(house):
    man = house.man()
    for minute, text in enumerate(SAID):
        house.says(man, text, after=timedelta(minutes=minute))
    house.hears(man, "how is the captain doing", after=timedelta(minutes=9))
    return man


@pytest.fixture
def sample(house, ann, man, at):
    with house.database.write() as session:
        return reviews.open_sample(session, "IRB-12", 100, staff_id=ANN, at=at)


@pytest.fixture
def shown(house, sample, at):
    """Return the turn of the sample that shows these words, or None."""

    def find(words):
        for number in (1, 2, 3):
            with house.database.read() as session:
                found = reviews.shown(session, sample, number, at=at)
            if found and words in "".join(part.shown for part in found.turn.parts):
                return found
        return None

    return find


@pytest.fixture
def miss(house, sample, shown, at):
    def mark(words, *, within, kind="PERSON"):
        found = shown(within)
        with house.database.write() as session:
            parts = found.turn.parts
            reviews.correct_missed(session, sample, found.number, words, kind, parts=parts, staff_id=ANN, at=at)

    return mark


@pytest.fixture
def give_back(house, sample, shown, at):
    def give(surrogate, *, within):
        found = shown(within)
        chosen = [part for part in found.turn.taken_out if part.surrogate == surrogate]
        with house.database.write() as session:
            reviews.note(session, reviews.REVEAL, sample, found.number, staff_id=ANN, at=at)
            reviews.correct_wrong(session, sample, found.number, chosen, staff_id=ANN, at=at)

    return give


@pytest.fixture
def review_all(house, sample, at):
    def review(numbers=(1, 2, 3)):
        for number in numbers:
            with house.database.read() as session:
                found = reviews.found_in(session, sample, number, at=at)
            with house.database.write() as session:
                reviews.finish_turn(session, sample, number, found, staff_id=ANN, at=at)

    return review


def figures(house, at):
    with house.database.read() as session:
        return reviewed_under(session, "IRB-12", at=at)


def test_a_sample_draws_turns_with_words_of_men_whom_the_protocol_reaches(house, ann, man, at):
    house.says(man, "/me")
    house.says(man, "...")
    house.says(man, None, button="Karen", kind="button")
    house.says(man, None, caption="a picture of the captain", kind="photo")
    house.says(house.man(consents=False), "not mine to read")
    with house.database.write() as session:
        sample = reviews.open_sample(session, "IRB-12", 100, staff_id=ANN, at=at)
        drawn = [session.query(InboxMessage).filter_by(id=row.message_id).one() for row in session.query(ReviewTurn)]
        bodies = [row.body.reveal() for row in drawn]
        assert reviews.progress_of(session, sample) == (0, 4)
    assert {body["text"] or body["caption"] for body in bodies} == {*SAID, "a picture of the captain"}


def test_a_sample_has_the_size_that_was_asked_for_and_needs_a_protocol_and_men(house, ann, at):
    for size in (0, -1, 1001):
        with pytest.raises(ReviewError, match="1 to 1000"), house.database.write() as session:
            reviews.open_sample(session, "IRB-12", size, staff_id=ANN, at=at)
    with pytest.raises(ReviewError, match="said anything"), house.database.write() as session:
        reviews.open_sample(session, "IRB-12", 5, staff_id=ANN, at=at)
    with pytest.raises(ProtocolError), house.database.write() as session:
        reviews.open_sample(session, "none", 5, staff_id=ANN, at=at)


def test_a_turn_is_shown_in_parts_after_those_before_it(shown):
    found = shown("it was hard")
    assert [next(part.shown for part in turn.parts) for turn in found.before] == [
        "my wife ",
        "the captain was here again",
    ]
    assert [(part.text, part.surrogate) for part in found.before[0].taken_out] == [("karen", "[PARTNER]")]


def test_a_missed_word_is_taken_out_of_all_his_turns_in_an_export_and_of_nobody_elses(house, man, miss, run):
    house.says(house.man(), "the captain is another man's")
    miss("CAPTAIN", within="was here")
    texts = {line["text"] for line in run()[1]}
    assert texts == {
        "my wife [PARTNER] is tired",
        "the [PERSON 1] was here again",
        "it was hard and the [PERSON 1] said so",
        "how is the [PERSON 1] doing",
        "the captain is another man's",
    }


def test_a_word_given_back_stays_in_an_export_in_its_turn_alone(house, man, give_back, run):
    house.says(man, "karen again", after=timedelta(hours=1))
    give_back("[PARTNER]", within="is tired")
    texts = [line["text"] for line in run()[1]]
    assert "my wife karen is tired" in texts
    assert "[PARTNER] again" in texts


def test_giving_back_what_was_marked_here_undoes_the_mark_and_marking_undoes_the_return(house, miss, give_back):
    miss("captain", within="was here")
    give_back("[PERSON 1]", within="was here")
    with house.database.read() as session:
        assert session.query(Correction).count() == 0
    give_back("[PARTNER]", within="is tired")
    miss("karen", within="karen is tired", kind="PARTNER")
    with house.database.read() as session:
        assert [(row.finding, row.words.reveal()) for row in session.query(Correction)] == [("missed", "karen")]


def test_what_everybody_may_know_cannot_be_marked(house, sample, shown, man, at):
    with house.database.write() as session:
        row = session.query(InboxMessage).filter_by(person_id=man).order_by(InboxMessage.seq).first()
        row.body = {"text": "i rang Miami Psychology Group", "caption": None, "button": None, "command": None}
    found = shown("Miami Psychology")
    given = {"parts": found.turn.parts, "staff_id": ANN, "at": at}
    with pytest.raises(CorrectionError, match="everybody may know"), house.database.write() as session:
        reviews.correct_missed(session, sample, found.number, "miami", "TOWN", **given)


def test_nothing_comes_back_before_somebody_looked(house, sample, shown, at):
    found = shown("is tired")
    with pytest.raises(CorrectionError, match="Look"), house.database.write() as session:
        reviews.correct_wrong(session, sample, found.number, found.turn.taken_out, staff_id=ANN, at=at)


def test_figures_compare_the_recognisers_alone_with_what_people_see(house, miss, give_back, review_all, at):
    assert figures(house, at) == Reviewed()
    miss("captain", within="was here")
    give_back("[PARTNER]", within="is tired")
    review_all()
    found = figures(house, at)
    assert found == Reviewed(turns=3, replaced=1, missed=2, wrong=1)
    assert (found.recall.hits, found.recall.count) == (0, 2)


def test_a_correction_has_its_turn_reviewed_anew(house, sample, miss, review_all, at):
    review_all()
    assert figures(house, at).turns == 3
    miss("captain", within="was here")
    assert figures(house, at).turns == 2
    with house.database.read() as session:
        assert reviews.next_number(session, sample, at=at) is not None


def test_what_was_reviewed_before_the_recognisers_changed_counts_no_more(house, review_all, at, monkeypatch):
    review_all()
    monkeypatch.setattr(reviewed, "detector_sha256", lambda: "0" * 64)
    assert figures(house, at) == Reviewed()


def test_the_same_turn_in_two_samples_counts_once(house, sample, review_all, at):
    review_all()
    with house.database.write() as session:
        again = reviews.open_sample(session, "IRB-12", 100, staff_id=ANN, at=at)
    with house.database.write() as session:
        counts = {"replaced": 1, "missed": 0, "wrong": 0}
        reviews.finish_turn(session, again, 1, counts, staff_id=ANN, at=at + timedelta(days=1))
    assert figures(house, at).turns == 3


def test_who_takes_his_consent_back_is_neither_shown_nor_counted(house, sample, man, shown, review_all, at):
    review_all()
    house.answers(man, given=False, after=timedelta(days=1))
    assert shown("") is None
    assert figures(house, at) == Reviewed()
    with house.database.read() as session:
        assert reviews.next_number(session, sample, at=at) is None
        with pytest.raises(ReviewError):
            reviews.found_in(session, sample, 1, at=at)


def test_an_export_that_asks_for_reviews_is_refused_until_there_are_enough(house, review_all, run, tmp_path):
    review_all((1, 2))
    with pytest.raises(ExportError, match=r"2 turns were reviewed .* and 3 are asked for"):
        run(reviewed=3)
    assert not (tmp_path / "out").exists()
    review_all((3,))
    report, _ = run(reviewed=3)
    assert report.counts.dialogues == 1


def test_the_disclosure_report_tells_what_the_review_found(house, miss, review_all, run, tmp_path):
    run("before")
    assert "Nobody has read" in (tmp_path / "before" / "DISCLOSURE.md").read_text()
    miss("captain", within="was here")
    review_all()
    run()
    words = (tmp_path / "out" / "DISCLOSURE.md").read_text()
    assert "3 turns of the men of this protocol, drawn by lot" in words
    assert "Of 1 replacements 0 were wrong, and 2 identifiers" in words
    assert "33.3 % (6.1 to 79.2)" in words
    told = json.loads((tmp_path / "out" / "disclosure.json").read_text())["review"]
    assert (told["turns"], told["replaced"], told["missed"], told["wrong"]) == (3, 1, 2, 0)
    assert (told["recall"], told["recall_low"], told["recall_high"]) == (0.3333, 0.0615, 0.7923)
    provenance = json.loads((tmp_path / "out" / "provenance.json").read_text())
    assert (provenance["reviewed_turns"], provenance["corrections"]) == (3, 1)
    assert "3 turns, drawn by lot, were read by people" in (tmp_path / "out" / "README.md").read_text()


def test_a_man_whose_correction_cannot_be_opened_is_withheld_whole(house, man, miss, run, execute, shown):
    miss("captain", within="was here")
    execute("UPDATE corrections SET words_sealed = zeroblob(200)")
    report, lines = run()
    assert lines == []
    assert report.counts.withheld == 4
    assert shown("") is None


def test_corrections_are_sealed_and_every_step_stands_in_the_audit(house, sample, miss, give_back, review_all, execute):
    miss("captain", within="was here")
    give_back("[PARTNER]", within="is tired")
    review_all((1,))
    assert not any(b"captain" in bytes(blob) for (blob,) in execute("SELECT words_sealed FROM corrections"))
    assert not any(b"missed" in bytes(blob or b"") for (blob,) in execute("SELECT found_sealed FROM review_turns"))
    with house.database.read() as session:
        rows = session.query(AuditEntry).filter_by(actor=ANN).order_by(AuditEntry.seq).all()
        assert [row.action for row in rows] == [
            *("review.open", "review.missed", "review.reveal", "review.wrong", "review.done")
        ]
        assert verify_audit(session) == session.query(AuditEntry).count()


def test_erasing_a_man_erases_what_was_reviewed_and_corrected(house, man, miss, review_all):
    miss("captain", within="was here")
    review_all()
    with house.database.write() as session:
        erase_person(session, man)
    with house.database.read() as session:
        assert session.query(Correction).count() == session.query(ReviewTurn).count() == 0


def test_a_correction_stays_while_there_is_a_message_to_hide_a_name_in(house, man, miss, review_all, at):
    miss("captain", within="was here")
    review_all()
    house.says(man, "the captain rang again", after=timedelta(days=60))
    with house.database.write() as session:
        counts = expire(session, Retention(30, 3650, 730), now=at + timedelta(days=31))
    assert (counts["review_turns"], counts["corrections"]) == (3, 0)
    with house.database.write() as session:
        assert session.query(OutboxMessage).count() == 0
        counts = expire(session, Retention(30, 3650, 730), now=at + timedelta(days=99))
    assert counts["corrections"] == 1


def test_who_wants_no_log_has_no_corrections_kept(house, man, miss, at):
    miss("captain", within="was here")
    with house.database.write() as session:
        let_go(session, [man], before=at + timedelta(seconds=1))
    with house.database.read() as session:
        assert session.query(Correction).count() == 0


@pytest.fixture
def ballast_research(database, at, monkeypatch):
    monkeypatch.setattr(command, "utc_now", lambda: at)
    monkeypatch.setattr(lessons, "utc_now", lambda: at)
    return lambda *arguments: main([*arguments], Settings.from_environment({}), lambda: database)


def test_the_command_refuses_an_export_that_was_reviewed_too_little(house, man, ballast_research, tmp_path, capsys):
    reasons = ["--purpose", "theme paper", "--protocol", "IRB-12", "--as", "r.lang", "--format", "jsonl"]
    assert ballast_research("export", "--out", str(tmp_path / "a"), *reasons, "--reviewed") == 1
    assert "0 turns were reviewed since the recognisers last changed, and 100 are asked for" in capsys.readouterr().err
    assert ballast_research("export", "--out", str(tmp_path / "a"), *reasons, "--reviewed", "0") == 0


def test_corrections_leave_as_lines_with_invented_identifiers(
    house, man, miss, give_back, ballast_research, tmp_path, capsys
):
    miss("captain", within="it was hard")
    give_back("[PARTNER]", within="is tired")
    out = tmp_path / "lines.yml"
    assert ballast_research("corrections", "--out", str(out), "--as", "r.lang") == 0
    assert "1 missed, 1 removed wrongly" in capsys.readouterr().out
    found = yaml.safe_load(out.read_text(encoding="utf-8"))
    (planted,) = found["planted"].splitlines()
    assert re.fullmatch(r"it was hard and the \{d:[a-z]+\} said so", planted)
    assert found["clean"].splitlines() == ["my wife karen is tired"]  # a reviewer found that it tells nobody
    assert "captain" not in out.read_text(encoding="utf-8")
    assert out.stat().st_mode & 0o777 == 0o600
    with house.database.read() as session:
        ids = {row.id for row in session.query(Correction)}
        assert {row.subject for row in session.query(AuditEntry).filter_by(action="review.take")} == ids


def test_no_file_is_overwritten_by_corrections(house, man, miss, ballast_research, tmp_path, capsys):
    (tmp_path / "lines.yml").write_text("mine")
    assert ballast_research("corrections", "--out", str(tmp_path / "lines.yml"), "--as", "r.lang") == 1
    assert "cannot be written" in capsys.readouterr().err
    assert (tmp_path / "lines.yml").read_text() == "mine"


def test_nothing_leaves_of_a_man_who_took_his_consent_back(house, man, miss, ballast_research, tmp_path):
    miss("captain", within="was here")
    house.answers(man, given=False, after=timedelta(days=1))
    assert ballast_research("corrections", "--out", str(tmp_path / "lines.yml"), "--as", "r.lang") == 0
    assert "was here" not in (tmp_path / "lines.yml").read_text()
