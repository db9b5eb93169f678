"""Commands and buttons: answered by the gate's own process, opaque, good for one use."""

from __future__ import annotations

import pytest

from bot.consent import RESEARCH, answer_of
from bot.content.texts import texts_of
from bot.escalation.flags import HELD_ERASURE
from bot.storage.models import ButtonToken, Flag, InboxMessage, OutboxMessage, Person, PersonKey
from bot.turns import Kind, ReplyButton
from bot.turns.commands import MENU, TO_DIALOGUE, command_of
from bot.turns.people import settings_of

pytestmark = pytest.mark.asyncio
OWN = sorted(set(MENU) - set(TO_DIALOGUE))
RED = "I'm going to kill myself tonight, the rope is ready"


@pytest.mark.parametrize("name", OWN)
async def test_own_command_is_answered_while_rasa_is_down(path, name):
    path.consent()
    path.dialogue.is_down = True
    assert await path.says(f"/{name}@ballast_bot")
    assert path.inbox_states() == ["done"]
    assert path.dialogue.asked == []


@pytest.mark.parametrize(("name", "payload"), sorted(TO_DIALOGUE.items()))
async def test_dialogue_command_is_handed_over_as_our_own_payload(path, name, payload):
    path.consent()
    await path.says(f"/{name} and more")
    assert (path.dialogue.asked[0].payload, path.dialogue.asked[0].text) == (payload, "")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('/nonsense{"a":"b"}', 'nonsense{"a":"b"}'),
        ('/phq9_answer{"phq9_answer": "0:3"}', 'phq9_answer{"phq9_answer": "0:3"}'),
        ("//affirm", "affirm"),
        (" \t/affirm", "affirm"),
        ("\u00a0/affirm", "affirm"),  # Rasa strips what Python calls a space before it looks for the slash
        ("\u3000/ \u2003/affirm", "affirm"),
        ("\r\x0b/affirm", "affirm"),
        ("\x1f/affirm", "affirm"),
    ],
)
async def test_unknown_command_is_text_and_can_inject_nothing(path, text, words):
    path.consent()
    await path.says(text)
    (asked,) = path.dialogue.asked
    assert (asked.payload, asked.text) == ("", words)


@pytest.mark.parametrize("text", ["/", "/ ", "/\n", "/@", "/\u00a0", "///"])
async def test_bare_slash_is_answered(path, text):
    path.consent()
    assert await path.says(text) == path.wording("empty_text")
    assert path.inbox_states() == ["done"]


async def test_command_names_ignore_case_and_bot_name():
    assert [command_of(text) for text in ("/FORGET", "/forget@x", "forget", "/forgetful")] == [
        "forget",
        "forget",
        None,
        None,
    ]


async def test_person_opens_one_yellow_flag_also_before_consent(path):
    assert await path.says("/person") == path.wording("person_asked")
    await path.says("/person")
    assert [(row.level, row.kind) for row in path.rows(Flag)] == [("yellow", "person")]


async def test_forget_asks_and_then_wipes_everything(path):
    path.consent()
    await path.says("my secret")
    assert await path.says("/forget") == path.wording("forget_question")
    person_id = path.person().id
    assert await path.presses("Wipe it") == path.wording("forget_done")
    assert not any(path.rows(model) for model in (InboxMessage, OutboxMessage, ButtonToken, PersonKey))
    assert path.rows(Person)[0].id == person_id
    assert path.rows(Person)[0].chat_sealed is None
    assert (await path.says("me again"))[:-1] == path.wording("intro")  # a stranger
    assert len(path.rows(Person)) == 2


async def test_leave_it_wipes_nothing(path):
    path.consent()
    await path.says("/forget")
    assert await path.presses("Leave it") == path.wording("forget_kept")
    assert path.rows(PersonKey)


async def test_forget_is_held_back_while_a_red_flag_is_open(path):
    path.consent()
    await path.says(RED)
    await path.says("/forget")
    said = await path.presses("Wipe it")
    assert said[: len(path.wording("forget_held"))] == path.wording("forget_held")
    assert path.rows(PersonKey)
    with path.database.read() as session:  # staff are told as well
        assert session.query(Flag).one().reasons.reveal()[-1]["reasons"] == [HELD_ERASURE]


async def test_receipt_of_an_erasure_may_be_lost_but_the_erasure_stands(path):
    from bot.errors import NotSentError

    path.consent()
    await path.says("/forget")
    token = path.token("Wipe it")
    path.messenger.failures.append(NotSentError("Telegram did not take the message."))
    assert await path.says(kind=Kind.BUTTON, button=token) == []
    assert path.rows(PersonKey) == []


@pytest.mark.parametrize(("choice", "number"), [("UK", "116 123"), ("Germany", "0800"), ("Miami", "988")])
async def test_region_changes_the_numbers_he_gets(path, choice, number):
    path.consent()
    await path.says("/region")
    await path.presses(choice)
    assert number in " ".join(await path.says("I want to kill myself"))
    with path.database.read() as session:
        region = settings_of(session.get(Person, path.person().id))["region"]
    assert path.dialogue.asked[-1].metadata["region"] == region


@pytest.mark.parametrize(("choice", "given"), [("Yes, that's fine", True), ("No", False)])
async def test_research_is_asked_apart_and_recorded(path, choice, given):
    path.consent()
    await path.says("/research")
    await path.presses(choice)
    with path.database.read() as session:
        assert answer_of(session, path.person().id, RESEARCH) is given


async def test_a_yes_below_an_older_wording_is_asked_anew_and_covers_nothing(path, monkeypatch):
    path.consent()
    with monkeypatch.context() as before:
        before.setitem(texts_of("en"), "research_question", [["May researchers read our talk?"]])
        assert await path.says("/research") == ["May researchers read our talk?"]
    assert await path.presses("Yes, that's fine") == path.wording("research_question")
    with path.database.read() as session:
        assert answer_of(session, path.person().id, RESEARCH) is None
    await path.presses("Yes, that's fine")
    with path.database.read() as session:
        assert answer_of(session, path.person().id, RESEARCH) is True


async def test_a_no_counts_below_any_wording(path, monkeypatch):
    path.consent()
    with monkeypatch.context() as before:
        before.setitem(texts_of("en"), "research_question", [["May researchers read our talk?"]])
        await path.says("/research")
    await path.says("no")
    with path.database.read() as session:
        assert answer_of(session, path.person().id, RESEARCH) is False


async def test_button_shows_nothing_of_what_it_stands_for(path):
    path.consent()
    path.dialogue.buttons = (ReplyButton("Yes", "/safety_yes"),)
    await path.says("hm")
    token = path.token("Yes")
    assert len(token.encode()) <= 64
    assert "safety" not in token
    path.dialogue.buttons = ()
    assert await path.presses("Yes") == ["re: /safety_yes"]
    assert path.dialogue.asked[-1].payload == "/safety_yes"


async def test_button_is_good_for_one_use_and_its_neighbours_go_with_it(path):
    path.consent()
    path.dialogue.buttons = (ReplyButton("Yes", "/affirm"), ReplyButton("No", "/deny"))
    await path.says("hm")
    yes, no = path.token("Yes"), path.token("No")
    path.dialogue.buttons = ()
    assert await path.says(kind=Kind.BUTTON, button=yes) == ["re: /affirm"]
    for stale in (yes, no):
        assert await path.says(kind=Kind.BUTTON, button=stale) == path.wording("stale_button")
    assert len(path.dialogue.asked) == 2


@pytest.mark.parametrize("token", ["", "0" * 32, "/affirm", "gate:forget_yes", None])
async def test_invented_button_is_stale(path, token):
    path.consent()
    assert await path.says(kind=Kind.BUTTON, button=token) == path.wording("stale_button")
    assert path.dialogue.asked == []


async def test_another_mans_button_does_nothing(path):
    path.consent()
    path.consent("8")
    await path.says("/forget")
    said = await path.says(kind=Kind.BUTTON, button=path.token("Wipe it"), chat="8")
    assert said == path.wording("stale_button")
    assert len(path.rows(PersonKey)) == 2
    assert await path.presses("Leave it") == path.wording("forget_kept")  # it was not used up


async def test_pressed_button_keeps_its_meaning_while_rasa_is_away(path):
    path.consent()
    path.dialogue.buttons = (ReplyButton("Yes", "/affirm"),)
    await path.says("hm")
    path.dialogue.buttons, path.dialogue.is_down = (), True
    await path.presses("Yes")
    path.dialogue.is_down = False
    path.clock.forward(minutes=2)
    await path.work()
    assert path.heard()[-1] == "re: /affirm"


async def test_consent_button_pressed_in_crisis_state_still_counts(path):
    await path.says("/start")
    await path.says("I want to kill myself")
    await path.presses("I'm 18+, keep it")
    assert await path.says("better now") == ["re: better now"]
