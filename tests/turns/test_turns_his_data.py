"""/me, /export and /settings: what is kept about him, in his hands."""

from __future__ import annotations

import json

import pytest

from bot.consent import RESEARCH, record_answer
from bot.records import keep_score
from bot.records.safety_plan import keep_part
from bot.storage.models import FollowUp, OutboxMessage
from bot.turns import Kind

pytestmark = pytest.mark.asyncio
SECRET = "the <boss> is on my back"
CRISIS = "I want to kill myself"


@pytest.fixture
def lived(path):
    """A man who left something of everything."""
    person_id = path.consent()
    with path.database.write() as session:
        his = {"person_id": person_id, "message_id": None, "at": path.clock()}
        keep_score(session, kind="mood", body={"mood": 3}, **his)
        keep_part(session, part="alone", words="walk the dog", **his)
        record_answer(session, person_id=person_id, kind=RESEARCH, given=True, at=path.clock())
    return person_id


def lines_of(text):
    return dict(line.split(": ", 1) for line in text.splitlines()[1:])


async def test_me_counts_what_is_kept(path, lived):
    await path.says("remind me tomorrow")
    await path.says(SECRET)
    await path.says(CRISIS)
    told, more = (await path.says("/me"))[:2]
    named = {
        path.wording(f"me_{name}")[0]: name
        for name in (
            "since",
            "messages",
            "answers",
            "scores",
            "notes",
            "plan",
            "check_ins",
            "flags",
            "days",
            "keeps",
            "research",
            "about",
            "region",
        )
    }
    found = {named[line]: value for line, value in lines_of(told).items()}
    assert found.pop("answers").isdigit()
    assert found == {
        "since": "2026-11-22",
        "messages": "4",
        "scores": "1",
        "notes": "0",
        "plan": "1",
        "check_ins": "1",
        "flags": "1",
        "days": "365",
        "keeps": "yes",
        "research": "yes",
        "about": "0",
        "region": "Miami",
    }
    assert [more] == path.wording("me_more")


async def test_me_says_no_to_what_he_refused(path):
    path.consent(keeps=False)
    found = lines_of((await path.says("/me"))[0])
    assert found[path.wording("me_keeps")[0]] == found[path.wording("me_research")[0]] == "no"


async def test_export_is_asked_and_then_sent_as_two_files_with_all_of_his(path, lived):
    await path.says(SECRET)
    await path.says("remind me tomorrow")
    await path.says(CRISIS)
    await path.says(kind=Kind.MEDIA, content="voice")
    assert (await path.says("/export"))[0] == path.wording("export_question")[0]
    assert path.messenger.files == {}
    said = await path.presses("Send them")
    assert said[:2] == [*path.wording("export_data"), *path.wording("export_page")]
    data = json.loads(path.messenger.files["ballast.json"])
    his = [row["text"] for row in data["messages"] if row["from"] == "you"]
    assert his[:3] == [SECRET, "remind me tomorrow", CRISIS]
    assert [(row["kind"], row["state"]) for row in data["reminders"]] == [("reminder", "pending")]
    assert {row["kind"] for row in data["check_backs"]} == {"silence", "day", "week"}
    assert f"re: {SECRET}" in [row["text"] for row in data["messages"] if row["from"] == "Ballast"]
    assert [row["content"] for row in data["records"]] == [{"mood": 3}, {"parts": {"alone": "walk the dog"}}]
    assert [(row["kind"], row["state"]) for row in data["flags"]] == [("screening", "open")]
    assert [row["question"] for row in data["consents"]] == ["adult", "storage", "research"]
    assert data["readings"][0]["reading"]["intent"] == "played"
    assert {row["kind"] for row in data["check_backs"]} >= {"day", "week"}
    assert data["settings"]["region"] == "us-miami"
    page = path.messenger.files["ballast.html"].decode()
    assert "the &lt;boss&gt; is on my back" in page
    assert SECRET not in page
    assert "walk the dog" in page


async def test_what_the_files_hold_is_not_put_into_the_outbox(path, lived):
    await path.says(SECRET)
    await path.says("/export")
    await path.presses("Send them")
    with path.database.read() as session:
        bodies = [row.body.reveal() for row in session.query(OutboxMessage).order_by(OutboxMessage.seq)]
    assert [body.get("file") for body in bodies][-2:] == ["ballast.json", "ballast.html"]
    assert not any(SECRET in body["text"] for body in bodies[-2:])


async def test_export_that_is_left_be_sends_nothing(path, lived):
    await path.says("/export")
    assert await path.presses("Leave it be") == path.wording("left_alone")
    assert path.messenger.files == {}


async def test_another_mans_words_are_in_nobody_elses_export(path, lived):
    path.consent("8")
    await path.says("something of another man", chat="8")
    await path.says("/export")
    await path.presses("Send them")
    assert b"another man" not in path.messenger.files["ballast.json"] + path.messenger.files["ballast.html"]


async def test_export_goes_again_after_a_failed_send_and_once_only(path, lived):
    from bot.errors import NotSentError

    await path.says("/export")
    path.messenger.failures.append(NotSentError("Telegram did not take the message."))
    await path.presses("Send them")
    path.clock.forward(minutes=1)
    await path.work()
    assert path.heard()[-2:] == [*path.wording("export_data"), *path.wording("export_page")]


async def test_damaged_message_is_named_as_such_and_the_rest_still_goes_out(path, lived):
    await path.says(SECRET)
    await path.says("still fine")
    with path.database.write() as session:
        damage = "UPDATE inbox SET body_sealed = zeroblob(length(body_sealed)) WHERE seq = 1"
        session.connection().exec_driver_sql(damage)
    await path.says("/export")
    await path.presses("Send them")
    texts = [row["text"] for row in json.loads(path.messenger.files["ballast.json"])["messages"]]
    assert "(stored damaged, cannot be opened)" in texts
    assert "still fine" in texts


async def test_files_wait_in_the_outbox_for_nobody_who_was_erased(path, lived):
    await path.says("/export")
    path.receive(kind=Kind.BUTTON, button=path.token("Send them"))
    path.receive("/forget")
    await path.work()
    path.messenger.files.clear()
    await path.presses("Wipe it")
    await path.work()
    assert path.messenger.files == {}


async def test_settings_lead_to_region_and_researchers(path, lived):
    (now,) = await path.says("/settings")
    assert "Miami" in now
    assert await path.presses("Where I am") == path.wording("region_question")
    await path.says("/settings")
    assert await path.presses("Researchers") == path.wording("research_question")
    with pytest.raises(StopIteration):
        path.token("Your check-backs")  # none are owed to him


@pytest.mark.parametrize(
    ("choice", "said", "state"),
    [
        ("Drop it", "check_backs_dropped", "declined"),
        ("Keep it", "left_alone", "pending"),
    ],
)
async def test_check_backs_after_a_crisis_are_dropped_only_after_being_asked(path, lived, choice, said, state):
    await path.says(CRISIS)
    await path.says("/settings")
    assert (await path.presses("Your check-backs"))[0] == path.wording("check_backs_question")[0]
    assert {row.state for row in path.rows(FollowUp)} == {"pending"}
    assert (await path.presses(choice))[0] == path.wording(said)[0]
    assert {row.state for row in path.rows(FollowUp) if row.kind in ("day", "week")} == {state}
