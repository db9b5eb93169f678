"""The review in the staff app: replacements marked, words asked for and audited, corrections, and how far it is."""

import html
import re
from datetime import timedelta

import pytest

from bot.consent import RESEARCH, record_answer
from bot.research import register_protocol
from bot.storage.models import AuditEntry
from bot.storage.review_models import Correction

SAID = ("my wife karen left me", "the captain is my mate", "saw the captain and Rosa, it was hard")


@pytest.fixture
def man(clinic):
    """Somebody who agreed and said three things."""
    at = clinic.clock.now
    with clinic.database.write() as session:
        expires_at = at + timedelta(days=90)
        register_protocol(session, "IRB-12", purpose="theme paper", expires_at=expires_at, by="ada", at=at)
    person_id = clinic.man()
    with clinic.database.write() as session:
        record_answer(session, person_id=person_id, kind=RESEARCH, given=True, at=at)
    for minute, text in enumerate(SAID):
        clinic.he_writes(person_id, text, minutes=minute)
    return person_id


@pytest.fixture
def ann(clinic):
    return clinic.signed_in("ann", "researcher")


@pytest.fixture
def opened(man, ann):
    """Where the sample is that Ann opened."""
    answer = ann.post("/release-review", form_on="/release-review", protocol="IRB-12", size="10")
    assert answer.status_code == 303
    return answer.location


def turn_with(ann, opened, words):
    """Return the path of the turn that shows these words as the one to be reviewed."""
    for number in (1, 2, 3):
        page = ann.get(f"{opened}/{number}").text
        if words in to_review(page):
            return f"{opened}/{number}"
    raise AssertionError(words)


def to_review(page):
    """Return the text of the turn to be reviewed as a reader sees it."""
    marked = re.search(r"data-words>(.*?)</p>", page, re.DOTALL).group(1)
    seen = re.sub(r'<span class="unseen">[^<]*</span>', "", marked)
    return html.unescape(re.sub(r"<[^>]+>", "", seen))


def step(visitor, path, name, **fields):
    return visitor.post(f"{path}/{name}", form_on=path, **fields)


def subjects(clinic, action):
    with clinic.database.read() as session:
        return [row.subject for row in session.query(AuditEntry).filter_by(action=action)]


def test_a_replacement_is_marked_by_word_and_box_and_its_words_are_not_there(ann, opened):
    page = ann.get(turn_with(ann, opened, "my wife")).text
    assert to_review(page) == "my wife [PARTNER] left me"
    assert '<mark class="gone"><span class="unseen">removed: </span>[PARTNER]</mark>' in page
    assert "karen" not in page.lower()


def test_turns_are_reviewed_one_after_another_and_counted(clinic, ann, opened):
    assert "<strong>0</strong> of 3 reviewed" in ann.get(opened).text
    for number in (1, 2, 3):
        assert ann.get(f"{opened}/next").location == f"{opened}/{number}"
        assert ann.post(f"{opened}/{number}", form_on=f"{opened}/{number}").location == f"{opened}/next"
    assert ann.get(f"{opened}/next").location == opened
    page = ann.get(opened).text
    assert "All turns that can be shown were reviewed" in page
    assert re.search(r"<dt>Turns reviewed</dt><dd>3</dd>", page)
    assert re.search(r"IRB-12</th><td>3</td>", ann.get("/release-review").text)
    review_id = opened.rsplit("/", 1)[1]
    assert subjects(clinic, "review.done") == [f"{review_id}:{number}" for number in (1, 2, 3)]


def test_a_missed_word_goes_from_all_his_turns_and_is_marked_as_by_hand(clinic, ann, opened):
    path = turn_with(ann, opened, "captain is")
    assert step(ann, path, "missed", words="Captain", kind="PERSON").location == path
    page = ann.get(path).text
    assert "removed by hand: </span>[PERSON 1]" in page
    assert "captain" not in page.lower()
    other = ann.get(turn_with(ann, opened, "saw the [PERSON 1] and")).text
    assert "captain" not in other.lower()
    ann.post(path, form_on=path)
    assert re.search(r"<dt>Identifiers missed</dt><dd>1</dd>", ann.get(opened).text)
    with clinic.database.read() as session:
        row = session.query(Correction).one()
        assert (row.finding, row.kind, row.words.reveal()) == ("missed", "PERSON", "Captain")
        assert subjects(clinic, "review.missed") == [row.id]


def test_the_words_are_shown_when_asked_for_in_one_turn_and_that_is_written_down(clinic, ann, opened):
    path = turn_with(ann, opened, "my wife")
    page = ann.post(f"{path}/words", form_on=path).text
    assert "[PARTNER] stands for <strong>karen</strong>" in page
    review_id, number = path.rsplit("/", 2)[1:]
    assert subjects(clinic, "review.reveal") == [f"{review_id}:{number}"]
    assert subjects(clinic, "review.look")[-1] == f"{review_id}:{number}"
    assert "karen" not in ann.get(path).text.lower()


def test_what_was_removed_wrongly_comes_back_in_that_turn(clinic, ann, opened):
    path = turn_with(ann, opened, "my wife")
    ann.post(f"{path}/words", form_on=path)
    assert step(ann, path, "wrong", part="1 [PARTNER]").location == path
    page = ann.get(path).text
    assert '<mark class="back"><span class="unseen">given back: </span>karen</mark>' in page
    ann.post(path, form_on=path)
    assert re.search(r"<dt>of them wrong</dt><dd>1</dd>", ann.get(opened).text)


def test_nothing_comes_back_unseen_or_from_a_turn_that_has_changed(clinic, ann, opened):
    path = turn_with(ann, opened, "my wife")
    answer = step(ann, path, "wrong", part="1 [PARTNER]")
    assert answer.status_code == 422
    assert "Look at the words" in answer.text
    bea = clinic.signed_in("bea", "researcher")
    bea.post(f"{path}/words", form_on=path)
    assert step(ann, path, "wrong", part="1 [PARTNER]").status_code == 422  # that Bea looked is not Ann's look
    for part in ("1 [PERSON 1]", "2 [PARTNER]", "", "x"):
        assert step(bea, path, "wrong", part=part).status_code == 422
    with clinic.database.read() as session:
        assert session.query(Correction).count() == 0


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"words": "karen", "kind": "PERSON"}, "not in the turn"),
        ({"words": "aptain", "kind": "PERSON"}, "not in the turn"),
        ({"words": "PARTNER", "kind": "PERSON"}, "not in the turn"),
        ({"words": "", "kind": "PERSON"}, "Mark 2"),
        ({"words": "x" * 300, "kind": "PERSON"}, "Mark 2"),
        ({"words": "left", "kind": "NONSENSE"}, "Choose what"),
    ],
)
def test_odd_corrections_are_refused_and_said(clinic, ann, opened, fields, why):
    path = turn_with(ann, opened, "my wife")
    answer = step(ann, path, "missed", **fields)
    assert answer.status_code == 422
    assert why in re.search(r'role="alert">([^<]*)<', answer.text).group(1)
    with clinic.database.read() as session:
        assert session.query(Correction).count() == 0


def test_looking_at_the_words_wants_the_factor_anew_after_ten_minutes(clinic, ann, opened):
    path = turn_with(ann, opened, "my wife")
    clinic.clock.forward(minutes=11)
    answer = ann.post(f"{path}/words", form_on=path)
    assert answer.location == "/account/confirm?next=/release-review"
    assert subjects(clinic, "review.reveal") == []


def test_it_works_by_keys_without_a_script_and_a_reload_leads_back(ann, opened):
    path = turn_with(ann, opened, "my wife")
    page = ann.post(f"{path}/words", form_on=path).text + ann.get(path).text
    for key in ("g", "m", "w", "b"):
        assert f'accesskey="{key}" data-key="{key}" aria-keyshortcuts="{key}"' in page
    for name in ("missed", "words", "wrong"):
        assert ann.get(f"{path}/{name}").location == path


def test_a_man_who_takes_his_consent_back_is_shown_no_more(clinic, ann, opened, man):
    with clinic.database.write() as session:
        record_answer(session, person_id=man, kind=RESEARCH, given=False, at=clinic.clock.now)
    data = {"csrf_token": ann.token("/release-review"), "words": "left", "kind": "PERSON"}
    assert ann.get(f"{opened}/1").status_code == 404
    for name in ("", "/missed", "/words", "/wrong"):
        assert ann.client.post(f"{opened}/1{name}", data=data).status_code == 404
    assert ann.get(f"{opened}/next").location == opened


@pytest.mark.parametrize(
    "fields",
    [{"size": "x"}, {"size": "0"}, {"size": "99999"}, {"size": "²"}, {"protocol": "none"}, {"protocol": "a\x00b"}],
)
def test_odd_samples_are_refused_and_said(ann, man, fields):
    answer = ann.post("/release-review", form_on="/release-review", **{"protocol": "IRB-12", "size": "10"} | fields)
    assert answer.status_code == 422
    assert 'role="alert"' in answer.text


def test_without_a_protocol_it_says_how_to_get_one(ann):
    assert "ballast research protocol add" in ann.get("/release-review").text


@pytest.mark.parametrize("path", ["0", "4", "9999", "10000", "-1", "x"])
def test_a_turn_that_is_none_is_not_found(ann, opened, path):
    assert ann.get(f"{opened}/{path}").status_code == 404
