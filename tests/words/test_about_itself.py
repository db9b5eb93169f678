"""What Ballast says about itself is what it does and what the docs say."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from actions.guide_book import guides
from bot.config import PROJECT, Settings
from bot.turns.commands import MENU
from bot.turns.gate import SPLIT_WITHIN

from . import lint
from .test_words import bubbles, examples, responses

# Each question about itself, and what every one of its answers must hold.
MUST_HOLD = {
    "are_you_a_robot": (r"program|machine",),
    "who_reads_this": (r"telegram", r"clinic staff", r"researchers", r"/forget", r"encrypted", r"run me|runs me"),
    "what_do_you_know": (r"/export|/forget", r"scores", r"flag|ten minutes"),
    "why_do_you_ask": (r"skip|leave any",),
    "costs": (r"free",),
    "are_you_a_doctor": (r"not for me|can't diagnose|not a doctor",),
    "medication": (r"don't stop or change them on your own", r"pharmacist", r"\{doctor\}"),
    "which_study": (r"twelve men", r"germany", r"article"),
    "delete_my_data": (r"flag", r"gone|wipe|for good"),
}
# Names of medicines; no text gives advice on one. Men name them, so the phrases are left out.
MEDICINES = re.compile(r"sertraline|citalopram|fluoxetine|prozac|zoloft|lexapro|mirtazapine|venlafaxine|lithium|ssri")


def doc(name: str) -> str:
    return (PROJECT / name).read_text(encoding="utf-8").lower()


@pytest.mark.parametrize("intent", MUST_HOLD)
def test_every_answer_about_itself_holds_what_is_true(intent):
    for text in responses()[f"utter_{intent}"]:
        for wanted in MUST_HOLD[intent]:
            assert re.search(wanted, text.lower()), (wanted, text)


def test_a_toaster_is_the_same_question_as_a_robot():
    assert {"are you a toaster", "are you a robot"} <= set(examples()["are_you_a_robot"])


def test_the_docs_say_the_same():
    assert "telegram itself can read bot chats" in doc("README.md")
    assert "makes no diagnosis" in doc("README.md")
    assert "ten minutes" in doc("README.md")
    assert timedelta(minutes=10) == SPLIT_WITHIN
    days = Settings.__dataclass_fields__["retention_log_days"].default
    assert f"{days} days of messages" in doc("docs/dpia.md")


def test_every_command_that_is_named_to_him_exists():
    said = [text for _, text in bubbles()] + [words for guide in guides().values() for words in guide.words.values()]
    named = {name for text in said for name in re.findall(r"(?<![\w/])/([a-z0-9]+)\b", text)}
    assert {"me", "export", "forget", "whoreads", "notes", "helped", "tools"} <= named
    assert named - set(MENU) == set()


def test_no_text_speaks_about_a_medicine_by_name():
    said = [text for _, text in bubbles()]
    said += [pick.label for guide in guides().values() for step in guide.steps.values() for pick in step.picks]
    assert [text for text in said if MEDICINES.search(text.lower())] == []


def test_tablets_always_lead_to_a_person_who_may_advise():
    for step in guides()["tablets"].steps.values():
        for text in responses()[step.say]:
            plain = lint.plain(text)
            assert re.search(r"doctor|pharmacist|whoever gave them|what is it for", plain), text
            assert not re.search(r"\b(you should|try) (stop|take|halve|double)", plain), text
