"""Check-backs and the safety plan with the trained model: one man at a door whose clock the test moves."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path

import pytest
import pytest_asyncio
import yaml

from bot.clock import utc_now
from bot.config import PROJECT
from bot.consent import STORAGE, record_answer
from bot.console.talk import DOOR, Talk
from bot.content import region_words, say
from bot.records import safety_plan
from bot.records.phq9 import ITEMS
from bot.records.safety_plan import PARTS
from bot.storage.models import Flag, FollowUp, InboxMessage, Record, TrackerEvent
from bot.turns import DialogueClient
from tests.path_fixtures import Ledger, Rasa, shared_rasa

pytestmark = pytest.mark.asyncio
__all__ = ["shared_rasa"]
CRISIS = "I want to kill myself"
SAFE = "No, I'm safe right now"
ANSWERS = ["Yes", "Not sure", SAFE, "Rather not say"]
WORDS = {
    "signs": "when i stop answering the phone and drink on a tuesday",
    "alone": "out on the bike till my legs hurt",
    "places": "the allotment, or my sister's kitchen",
    "people": "Dave first, then my brother",
    "professionals": "the nurse at the practice",
    "safer": "my brother keeps the cabinet key",
}


@cache
def responses() -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    words = region_words("us-miami")
    for path in sorted((PROJECT / "data" / "nlu").glob("*.yml")):
        for name, variations in (yaml.safe_load(path.read_text(encoding="utf-8")).get("responses") or {}).items():
            found[name] = [re.sub(r"{(\w+)}", lambda hit: words.get(hit[1], hit[0]), row["text"]) for row in variations]
    return found


class Clock:
    """The real time, and as much later as the test says."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def __call__(self) -> datetime:
        return utc_now() + self.ahead


class Man:
    """A man at the terminal's door, on a real Rasa."""

    def __init__(self, rasa: Rasa, database, chat: str) -> None:
        self.clock, self.database, self.chat = Clock(), database, chat
        self._rasa = rasa
        self._enter()
        self.heard: list = []

    async def come_back(self) -> None:
        """Put new parts on the old database, as after a restart of the bot."""
        await self.dialogue.close()
        self._enter()

    def _enter(self) -> None:
        self.dialogue = DialogueClient(self._rasa.url, self._rasa.token, 30)
        self.talk = Talk(self.database, self._rasa.house.settings(), self.dialogue, self.chat, self.clock)

    async def says(self, text: str) -> list[str]:
        return self._note((await self.talk.say(text)).replies)

    async def presses(self, label: str) -> list[str]:
        return self._note((await self.talk.press(label)).replies)

    async def waits(self, **span: float) -> list[str]:
        self.clock.ahead += timedelta(**span)
        return self._note(await self.talk.pending())

    def _note(self, bubbles) -> list[str]:
        self.heard = bubbles
        return [name_of(bubble.text) for bubble in bubbles]

    def labels(self) -> list[str]:
        return [label for bubble in self.heard for label, _ in bubble.buttons]

    def text(self) -> str:
        return "\n".join(bubble.text for bubble in self.heard)

    @property
    def id(self) -> str:
        found = Ledger(self.database).person_id(self.chat, DOOR)
        assert found is not None
        return found

    def follow_ups(self) -> dict[str, str]:
        with self.database.read() as session:
            rows = session.query(FollowUp).filter_by(person_id=self.id).order_by(FollowUp.due_at)
            return {row.kind: row.state for row in rows}

    def reasons(self) -> list[str]:
        with self.database.read() as session:
            flags = session.query(Flag).filter_by(person_id=self.id)
            entries = [entry for flag in flags for entry in flag.reasons.reveal()]
        return [reason for entry in entries for reason in entry["reasons"]]

    def plan(self) -> dict[str, str]:
        with self.database.read() as session:
            return safety_plan.plan_of(session, self.id)

    def refuses_storage(self) -> None:
        with self.database.write() as session:
            record_answer(session, person_id=self.id, kind=STORAGE, given=False, at=self.clock())


def name_of(text: str) -> str:
    """Return the name of the response that a bubble is, or the bubble itself where it is made of his words."""
    return next((name for name, variations in responses().items() if text in variations), text)


@pytest_asyncio.fixture
async def man(shared_rasa: Rasa, request: pytest.FixtureRequest):
    database = shared_rasa.house.open()
    one = Man(shared_rasa, database, request.node.name)
    one.talk.consent()
    yield one
    await one.dialogue.close()
    with database.write() as session:  # the door is shared: the next man's clock must not make this one's due
        session.query(FollowUp).filter_by(person_id=one.id).delete()
    database.close()


# Check-backs.


async def test_a_man_who_says_he_is_safe_is_asked_after_a_day_and_a_week_and_not_before(man):
    await man.says(CRISIS)
    await man.presses(SAFE)
    assert await man.waits(hours=1) == []
    assert await man.waits(hours=23) == ["utter_check_back_day"]
    assert man.labels() == [*ANSWERS, "Don't check back"]
    await man.presses(SAFE)
    assert man.follow_ups()["day"] == "answered"
    assert await man.waits(days=6) == ["utter_check_back_week"]
    assert man.labels() == ANSWERS
    await man.presses(SAFE)
    assert man.follow_ups() == {"silence": "cancelled", "day": "answered", "week": "answered"}
    assert not any("check-back" in reason for reason in man.reasons())


async def test_a_typed_no_answers_a_check_back_too(man):
    await man.says(CRISIS)
    await man.presses(SAFE)
    await man.waits(hours=24)
    await man.says("no")
    assert man.follow_ups()["day"] == "answered"


@pytest.mark.parametrize("answer", ["Yes", "Not sure"])
async def test_a_yes_or_unsure_to_a_check_back_reaches_staff_and_begins_anew(man, answer):
    await man.says(CRISIS)
    await man.presses(SAFE)
    await man.waits(hours=24)
    before = len(man.reasons())
    assert await man.presses(answer)
    assert len(man.reasons()) > before
    assert man.follow_ups() == {"silence": "pending", "day": "pending", "week": "pending"}


async def test_a_man_who_goes_quiet_after_the_crisis_reply_is_asked_again_after_half_an_hour(man):
    await man.says(CRISIS)
    assert await man.waits(minutes=29) == []
    assert await man.waits(minutes=2) == ["utter_check_back_silence"]
    assert man.labels() == ANSWERS
    await man.says("what")
    assert await man.waits(minutes=31) == ["utter_check_back_silence"]
    assert await man.waits(minutes=31) == []


async def test_thanks_is_no_answer_and_the_watch_goes_on(man):
    await man.says(CRISIS)
    await man.says("thanks mate")
    assert await man.waits(minutes=31) == ["utter_check_back_silence"]


async def test_a_check_back_that_nobody_answers_is_told_to_staff(man):
    await man.says(CRISIS)
    await man.presses(SAFE)
    await man.waits(hours=24)
    await man.waits(hours=24)
    assert man.reasons()[-1] == "did not answer the check-back a day after the crisis"
    assert man.follow_ups()["day"] == "unanswered"


@pytest.mark.parametrize("how", ["button", "words"])
async def test_he_may_decline_and_hears_what_stays(man, how):
    await man.says(CRISIS)
    await man.presses(SAFE)
    await man.waits(hours=24)
    said = await (man.presses("Don't check back") if how == "button" else man.says("please don't check back on me"))
    assert said == ["utter_decline_check_back"]
    assert region_words("us-miami")["crisis"] in man.text()
    assert man.follow_ups() == {"silence": "cancelled", "day": "declined", "week": "declined"}
    assert await man.waits(days=8) == []
    assert not any("check-back" in reason for reason in man.reasons())


async def test_declining_in_the_crisis_itself_leaves_the_direct_question_open(man):
    await man.says(CRISIS)
    said = await man.says("no need to check back on me tomorrow")
    assert said == ["utter_decline_check_back", "utter_safety_ask_again"]
    assert man.follow_ups() == {"silence": "pending", "day": "declined", "week": "declined"}


async def test_a_crisis_after_a_check_back_is_no_silence(man):
    await man.says(CRISIS)
    await man.presses(SAFE)
    await man.waits(hours=24)
    await man.says(CRISIS)  # from here on no waiting: the dialogue's own clock is the real one
    assert "unanswered" not in man.follow_ups().values()
    assert list(man.follow_ups().values()).count("pending") == 3


async def test_a_man_who_keeps_no_log_is_asked_and_can_answer_after_a_restart(man):
    man.refuses_storage()
    await man.says(CRISIS)
    await man.presses(SAFE)
    await man.come_back()
    assert await man.waits(hours=24) == ["utter_check_back_day"]
    await man.presses(SAFE)
    assert man.follow_ups()["day"] == "answered"
    with man.database.read() as session:
        assert session.query(TrackerEvent).filter_by(person_id=man.id).count() == 0


async def test_item_nine_of_the_questionnaire_owes_check_backs_and_a_high_score_alone_does_not(man):
    await man.says("/phq9")
    for _ in ITEMS[:-1]:
        await man.presses("Nearly every day")
    await man.presses("Not at all")
    assert man.follow_ups() == {}
    await man.says("/phq9")
    for _ in ITEMS[:-1]:
        await man.presses("Not at all")
    await man.presses("Several days")
    assert set(man.follow_ups().values()) == {"pending"}
    assert len(man.follow_ups()) == 3


# The plan.


async def fill(man, words=WORDS) -> list[str]:
    said: list[str] = []
    for part in PARTS:
        said = await man.says(words[part])
    return said


async def test_the_plan_is_walked_through_in_his_words_and_shown(man):
    assert await man.says("/plan") == ["utter_safety_plan_intro", "utter_safety_plan_signs"]
    assert await man.says(WORDS["signs"]) == ["utter_safety_plan_noted", "utter_safety_plan_alone"]
    for part in PARTS[1:-1]:
        await man.says(WORDS[part])
    await man.says(WORDS["safer"])
    assert man.plan() == WORDS
    assert len(man.heard) <= 3
    assert all(words in man.text() for words in WORDS.values())
    assert region_words("us-miami")["crisis"] in man.text()
    assert await man.says("just been to the shop, it was packed")
    assert man.plan() == WORDS  # the plan is closed: what he writes is talk again


async def test_each_part_can_be_skipped_by_button_and_by_word_and_the_gaps_filled_later(man):
    await man.says("/plan")
    await man.says(WORDS["signs"])
    assert await man.presses("Skip this one") == ["utter_safety_plan_places"]
    assert await man.says("skip") == ["utter_safety_plan_people"]
    for part in PARTS[3:]:
        await man.says(WORDS[part])
    assert set(man.plan()) == set(PARTS) - {"alone", "places"}
    assert await man.presses("Fill the gaps") == ["utter_safety_plan_alone"]
    await man.says(WORDS["alone"])
    await man.says(WORDS["places"])
    assert man.plan() == WORDS


async def test_he_stops_and_goes_on_tomorrow(man):
    await man.says("/plan")
    await man.says(WORDS["signs"])
    assert await man.says("stop") == ["utter_safety_plan_stopped"]
    assert await man.says("off to bed, night")
    assert man.plan() == {"signs": WORDS["signs"]}
    await man.come_back()
    await man.waits(hours=20)
    await man.says("/plan")
    assert WORDS["signs"] in man.text()
    assert await man.presses("Fill the gaps") == ["utter_safety_plan_alone"]


async def test_a_part_is_changed_by_button_or_by_its_number(man):
    await man.says("/plan")
    await fill(man)
    await man.presses("Change a part")
    assert await man.presses("4 Who I can ask") == ["utter_safety_plan_people"]
    await man.says("my uncle Ray")
    assert man.plan() == WORDS | {"people": "my uncle Ray"}
    assert "my uncle Ray" in man.text()
    assert await man.says("change part 3 of my plan") == ["utter_safety_plan_places"]
    await man.says("the boxing gym")
    assert man.plan()["places"] == "the boxing gym"
    with man.database.read() as session:
        newest, *_, oldest = safety_plan.versions_of(session, man.id)
    assert (newest["parts"]["places"], list(oldest["parts"])) == ("the boxing gym", ["signs"])


async def test_clearing_is_asked_once_and_takes_all_of_it(man):
    await man.says("/plan")
    await fill(man)
    await man.presses("Clear it")
    await man.presses("Keep it")
    assert man.plan() == WORDS
    await man.says("clear my plan")
    assert await man.presses("Clear my plan") == ["utter_safety_plan_cleared"]
    with man.database.read() as session:
        assert session.query(Record).filter_by(person_id=man.id).count() == 0


async def test_the_lines_of_his_region_are_put_in_by_a_tap_and_examples_shown(man):
    await man.says("change part 5 of my plan")
    assert await man.presses("What do others write") == ["utter_safety_plan_examples_professionals"]
    await man.says("change part 5 of my plan")
    await man.presses("Put the lines in")
    assert man.plan() == {"professionals": region_words("us-miami")["crisis"]}


async def test_without_storage_it_is_shown_once_and_not_kept(man):
    man.refuses_storage()
    assert await man.says("/plan") == ["utter_safety_plan_unlogged", "utter_safety_plan_signs"]
    said = await fill(man)
    assert said[-1] == "utter_safety_plan_not_kept"
    assert all(words in man.text() for words in WORDS.values())
    assert man.plan() == {}
    assert await man.says("/plan") == ["utter_safety_plan_unlogged", "utter_safety_plan_signs"]
    assert await man.says("stop") == ["utter_safety_plan_empty"]


async def test_crisis_words_in_a_part_get_the_gates_answer_and_flag_and_are_kept(man):
    await man.says("/plan")
    said = await man.says("when I want to kill myself and nobody is home")
    assert man.heard[0].text == say("safety_high", "us-miami")[0]
    assert "utter_safety_ask" in said
    assert man.plan() == {"signs": "when I want to kill myself and nobody is home"}
    assert man.reasons()
    await man.presses(SAFE)
    assert await man.says("/plan") == ["utter_safety_plan_go_on", "utter_safety_plan_alone"]


async def test_in_crisis_the_short_of_it_comes_first_and_the_question_stays_open(man):
    await man.says("/plan")
    await fill(man)
    await man.says(CRISIS)
    said = await man.says("/plan")
    assert (said[0], said[-1]) == ("utter_safety_plan_short", "utter_safety_ask_again")
    for part, words in WORDS.items():
        assert (words in man.text()) is (part in ("alone", "people", "safer"))
    assert man.labels() == ["Show all of it", *ANSWERS]
    assert (await man.presses("Show all of it"))[-1] == "utter_safety_ask_again"
    assert all(words in man.text() for words in WORDS.values())
    assert man.follow_ups()["silence"] == "pending"
    await man.presses(SAFE)
    assert man.follow_ups()["silence"] == "cancelled"


async def test_without_a_plan_a_man_in_crisis_is_not_sent_through_six_questions(man):
    await man.says(CRISIS)
    assert await man.says("/plan") == ["utter_safety_plan_none_in_crisis", "utter_safety_ask_again"]
    assert region_words("us-miami")["crisis"] in man.text()


async def test_a_question_of_his_is_answered_and_the_part_asked_again(man):
    await man.says("/plan")
    said = await man.says("who can read this?")
    assert (said[0], said[-1]) == ("utter_who_reads_this", "utter_safety_plan_signs")
    await man.says(WORDS["signs"])
    assert man.plan() == {"signs": WORDS["signs"]}


async def test_another_button_sets_the_plan_aside_and_nothing_is_written_into_it(man):
    await man.says("/plan")
    await man.says("/checkin")
    await man.says("just been to the shop, it was packed")
    assert man.plan() == {}
    assert await man.says("/plan") == ["utter_safety_plan_go_on", "utter_safety_plan_signs"]


async def test_no_dialogue_of_the_plan_lies_open_in_the_database(man, shared_rasa):
    await man.says("/plan")
    await man.says("the quagga comes to me at night")
    files = [path for path in Path(shared_rasa.house.home).iterdir() if path.is_file()]
    assert files
    assert all(b"quagga" not in path.read_bytes() for path in files)
    with man.database.read() as session:
        assert session.query(InboxMessage).filter_by(person_id=man.id).count() == 2
